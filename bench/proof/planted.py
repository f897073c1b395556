"""Planted bugs: each a small change to the source, which a named check must find within ten seconds.

The change is in what a process imports (`bench.proof.changed`), not on the disk. A change that no longer fits the
source is an error, and so is a check that finds something in the source as it is.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench.proof import changed, images, laws, machine, stories
from bench.proof.table import ROOT, Proved
from bench.table import progress
from simulator.twin import depositors, people
from simulator.twin.people import HOUR_S
from simulator.twin.world import World

CAUGHT_WITHIN_S = 10.0
GIVEN_UP_AFTER_S = 600.0
IMAGES = 300


class DoesNotFit(Exception):
    """The source is not any more what the change was written for."""


@dataclass(frozen=True)
class Planted:
    """One bug: `changes` are (file, before, after); `check` must report a violation of one of `rules`."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    check: str
    rules: tuple[str, ...]


PUBLISH = "            self._take_over(head, recorded, is_checkpoint=is_due)\n"
APPEND = "                recorded, head = self._append(connection, decision.events, moment)\n"
DUE = "                is_due = head.seq - self._checkpoint_seq >= self._checkpoint_every\n"

NEXT = "    if number != cabinet.wish_seq + 1:\n"
KEEP = "        await self._keep(through)\n\n    async def _keep"
UNPROVED = "        and not cabinet.compartment(one.compartment).is_unproved\n"
POSSIBLY_FULL = '    return quarantine(changed, event.compartment, "possibly_full")\n'
REVOKED = "    return merged(ev.Decision(events=(fact,)), revoked(cabinet, bundle.bundle, cause))\n"
SEEN = """pulses=pulses, found=found
        )
        return ev.Decision(events=(seen,))
"""
BOOKED = """pulses=pulses, found=found
        )
        if one is not None and grant.purpose == "collect" and one.stage == "loaded":
            booked = collected(cabinet, one, evidence="door_cycle")
            return merged(ev.Decision(events=(seen,)), booked)
        return ev.Decision(events=(seen,))
"""
WRONG_BOOKED = """        place, key = victim.compartment, victim.hand_over
        seen = ev.DoorOpened(compartment=place, grant=victim.grant, hand_over=key, pulses=1)
        shut = ev.DoorClosed(compartment=place, hand_over=key)
        held = cabinet.hand_overs.get(key)
        if held is None or wrong is None:
            return ev.Decision(events=(seen, shut))
        stage = "opened" if victim.purpose == "intake" else held.stage
        held = __import__("msgspec").structs.replace(held, open_for=victim.purpose, stage=stage)
        booked = book(cabinet, held, evidence="door_cycle", actor=victim.actor)
        return merged(ev.Decision(events=(seen, shut)), booked)
"""

BUGS = (
    Planted(
        "synchronous NORMAL",
        (("locker/ledger.py", 'self._settings.get("synchronous", "FULL")', '"NORMAL"'),),
        "power: a day",
        ("I1", "I3", "I12"),
    ),
    Planted(
        "pulse before commit",
        (("locker/ledger.py", APPEND, APPEND + "                self._on_commit(head.state)\n"),),
        "power: a day",
        ("I1", "I3"),
    ),
    Planted(
        "ack before commit",
        (("locker/ledger.py", PUBLISH, ""), ("locker/ledger.py", DUE, DUE + "    " + PUBLISH)),
        "power: a day",
        ("I1", "I12"),
    ),
    Planted(
        "counter reset at boot",
        (("locker/fold/runs.py", "bucket=throttle.restart(cabinet.bucket)", "bucket=throttle.Bucket()"),),
        "power: a vandal",
        ("I10",),
    ),
    Planted(
        'door freed on "cancel"',
        (("locker/fold/intake.py", POSSIBLY_FULL, "    return _let_go(changed, event.hand_over)\n"),),
        "twin: people leave papers",
        ("I6",),
    ),
    Planted(
        "booking at open",
        (("locker/rules/doors.py", SEEN, BOOKED),),
        "twin: a quiet day",
        ("I7",),
    ),
    Planted(
        "re-pulse on restart",
        (
            ("locker/fold/custody.py", "    return replace(changed, grants={})\n", "    return changed\n"),
            ("locker/doors.py", " and grant.run_id == cabinet.run_id:\n", ":\n"),
        ),
        "power: a day",
        ("I4", "I3"),
    ),
    Planted(
        "dropped fact",
        (
            ("locker/sync.py", KEEP, KEEP.replace("through)", "min(through + 1, self._journal.cabinet.seq))", 1)),
            ("locker/sync.py", "self.acked_through = problem.expected - 1", "self.acked_through = batch[-1].cab_seq"),
        ),
        "twin: a quiet day",
        ("I12",),
    ),
    Planted(
        "code valid after use",
        (
            ("locker/rules/doors.py", REVOKED, "    return ev.Decision(events=(fact,))\n"),
            ("locker/fold/custody.py", "        codes=drop(cabinet.codes, *codes),\n", ""),
        ),
        "power: a day",
        ("I5",),
    ),
    Planted(
        "code valid after restore",
        (("locker/fold/recounts.py", "        codes={},\n", ""),),
        "power: housekeeping",
        ("I5",),
    ),
    Planted(
        "wish executed twice",
        (
            ("locker/rules/results.py", "    if number <= cabinet.wish_seq:\n", "    if number < cabinet.wish_seq:\n"),
            ("locker/rules/results.py", NEXT, NEXT.replace("!=", ">")),
        ),
        "laws: wishes",
        ("I12",),
    ),
    Planted(
        "wish executed out of order",
        (("locker/rules/results.py", NEXT, NEXT.replace("!=", ">").replace("+ 1", "+ 2")),),
        "laws: wishes",
        ("I12",),
    ),
    Planted(
        "suspect sensor refusing",
        (("locker/rules/pickup.py", UNPROVED, UNPROVED + UNPROVED.replace("is_unproved", "is_suspect")),),
        "laws: an owner at a broken switch",
        ("I8",),
    ),
    Planted(
        "wrong door booked",
        (("locker/rules/doors.py", "        return ev.Decision(events=(wrong,))\n", WRONG_BOOKED),),
        "twin: swapped wires",
        ("I7", "I15", "I2"),
    ),
    Planted(
        "sealed code not erased",
        (("locker/rules/notices.py", "    return (ev.EraseSealed(code=present.code),)\n", "    return ()\n"),),
        "power: a day",
        ("I11",),
    ),
    Planted(
        "a restore that is not synced",
        (("locker/database.py", "    sync(target.parent)\n", ""),),
        "power: housekeeping",
        ("I5", "I1"),
    ),
)


# --- checks


def _swap(world: World) -> None:
    for board in world.config.board:
        numbers = [entry.number for entry in world.config.compartments_of(board.name)]
        for one, other in zip(numbers[::2], numbers[1::2], strict=False):
            world.steel.swap(one, other)


def _day(seed: int, mix: str, per_day: float, begin: Callable[[World], None] | None = None) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="planted-", dir=machine.memory()) as folder:
        return stories.twin_days(seed, Path(folder) / "day", mix=mix, per_day=per_day, begin=begin).violations


def _vandal(world: World) -> None:
    world.spawn(people.vandalise(world, 8))


def _papers_taken_back(seed: int) -> list[str]:
    """Days on which people only leave papers, until one presses that they took them back."""
    found: list[str] = []

    async def many(world: World) -> None:
        for number in range(20):
            await asyncio.sleep(HOUR_S)
            await depositors.come(world, f"0961{number:06d}")

    for tried in range(seed, seed + 10):
        worlds: list[World] = []

        def begin(world: World, worlds: list[World] = worlds) -> None:
            worlds.append(world)
            world.spawn(many(world))

        found += _day(tried, "none", 0.0, begin)
        if found or worlds[-1].judge.facts["Withdrawn"]:
            return found
    return [f"nobody took papers back from seed {seed} on: the story is no longer told"]


def _power(
    seed: int, mix: str, per_day: float, begin: Callable[[World], None] | None = None, most: int = IMAGES
) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="planted-", dir=machine.memory()) as place:
        folder = Path(place)
        story = stories.twin_days(seed, folder / "day", mix=mix, per_day=per_day, begin=begin)
        images.judge_story(story, folder / "image", seed=seed, most=most)
    return story.violations


def _house(seed: int) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="planted-", dir=machine.memory()) as place:
        folder = Path(place)
        story = stories.housekeeping(seed, folder / "house")
        images.judge_story(story, folder / "image", seed=seed, most=3 * IMAGES)
    return story.violations


CHECKS: Mapping[str, Callable[[], list[str]]] = {
    "power: a day": partial(_power, 2, "usual", 8.0),
    "power: a vandal": partial(_power, 5, "none", 1.0, _vandal),
    "power: housekeeping": partial(_house, 1),
    "twin: a quiet day": partial(_day, 1, "none", 8.0),
    "twin: people leave papers": partial(_papers_taken_back, 2),
    "twin: swapped wires": partial(_day, 3, "none", 8.0, _swap),
    "laws: wishes": lambda: list(laws.wishes(1)),
    "laws: an owner at a broken switch": lambda: list(laws.owner_at_a_broken_switch(1)),
}


def prove(*, workers: int) -> Proved:
    """Every bug caught by its check, none of the checks silent or noisy on the source as it is."""
    began = time.perf_counter()
    told: list[str] = []
    slowest = ("", 0.0)
    with changed.processes(workers) as pool:

        def asked(check: str, texts: Mapping[str, str]) -> Future[tuple[Any, float]]:
            return pool.submit(changed.call, texts, __spec__.name, "findings", check)

        bugs = [(bug, asked(bug.check, planted(bug))) for bug in BUGS]
        sound = [(check, asked(check, {})) for check in CHECKS]
        for done, (bug, answer) in enumerate(bugs, start=1):
            found, took_s = answer.result(GIVEN_UP_AFTER_S)
            progress(f"planted bugs: {done} of {len(BUGS)}")
            slowest = max(slowest, (bug.name, took_s), key=lambda one: one[1])
            if not any(rule in one for one in found for rule in bug.rules):
                told.append(f"{bug.name} was not caught by {bug.check}, which found {found[:2]}")
            elif took_s > CAUGHT_WITHIN_S:
                told.append(f"{bug.name} was caught after {took_s:.1f} s only")
        for check, answer in sound:
            told += [f"{check} finds in the source as it is: {one}" for one in answer.result(GIVEN_UP_AFTER_S)[0][:3]]
    progress("")
    caught = len(BUGS) - sum("was not caught" in one for one in told)
    return Proved(
        what="planted bugs caught, each by its named check",
        bar=f"all of {len(BUGS)}, each in under {CAUGHT_WITHIN_S:.0f} s of processor time",
        measured=f"{caught}, slowest {slowest[1]:.1f} s ({slowest[0]})",
        seeds="fixed",
        holds=not told,
        took_s=time.perf_counter() - began,
        told=tuple(told),
    )


def planted(bug: Planted) -> dict[str, str]:
    """The texts of the files that the bug changes. Raises DoesNotFit."""
    texts: dict[str, str] = {}
    for name, before, after in bug.changes:
        text = texts.get(name) or (ROOT / name).read_text(encoding="utf-8")
        if (count := text.count(before)) != 1:
            raise DoesNotFit(f"{bug.name}: {name} holds {count} times what is to be changed: {before!r}")
        texts[name] = text.replace(before, after)
    return texts


def findings(check: str) -> list[str]:
    """What a check finds in the source as this process has it; an error of the product is a find."""
    machine.quiet()
    try:
        return CHECKS[check]()
    except Exception as error:  # noqa: BLE001  a bug may show in any way
        return [f"the check died: {type(error).__name__}: {error}"]
