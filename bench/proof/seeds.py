"""Many short stories of the twin, one seed after another, and the drill of a restore in the middle of a day.

Seeds that were played are kept in a file, a line each, if one is given: the next run of the same code goes on behind
them, and all of them are summed up.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import chain
from multiprocessing import get_context
from pathlib import Path

from bench.proof import machine, shrinking
from bench.proof.table import Proved, revision_of
from bench.table import progress
from simulator.twin.figures import Outcome
from simulator.twin.loop import JumpingLoop
from simulator.twin.mishaps import A_DAY
from simulator.twin.people import HOUR_S
from simulator.twin.world import MIXES, World, play

STEPS = 1_000
DAYS, PER_DAY = 2, 26.0
SHOWN, SHRUNK = 10, 3
CODE = ("api", "hw", "locker", "otp", "simulator")
RULE = re.compile(r" I\d+: ")
FAULTS = ("none", *A_DAY)


@dataclass
class Told:
    """What one story came to. A step is a committed fact or something that happened to the cabinet."""

    seed: int
    steps: int
    violations: list[str]
    happened: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    """How often a kind of fact was recorded while a kind of fault was under way; both with a space between."""


def mix_of(seed: int) -> str:
    """How many faults the story of a seed has."""
    return ("harsh", "harsh", "usual")[seed % 3]


def story(seed: int) -> Told:
    """Some days with many faults."""
    machine.quiet()
    mix = mix_of(seed)
    with tempfile.TemporaryDirectory(prefix="seeds-", dir=machine.memory()) as folder:
        outcome = play(days=DAYS, seed=seed, folder=Path(folder), mix=mix, per_day=PER_DAY)
    steps = sum(outcome.facts.values()) + sum(outcome.happened.values())
    again = f"python -m simulator.twin --days {DAYS} --per-day {PER_DAY:.0f} --fault-mix {mix} --seed {seed}"
    return Told(
        seed,
        steps,
        [f"{one}   again: {again}" for one in outcome.violations],
        Counter(outcome.happened),
        Counter({f"{fact} {fault}": count for (fact, fault), count in outcome.met.items()}),
    )


def drill(seed: int) -> Told:
    """A day on which the card dies some hours after a backup; what is on record in the evening is what lies inside."""
    machine.quiet()
    with (
        tempfile.TemporaryDirectory(prefix="drill-", dir=machine.memory()) as folder,
        asyncio.Runner(loop_factory=JumpingLoop) as runner,
    ):
        return runner.run(_drill(seed, Path(folder)))


async def _drill(seed: int, folder: Path) -> Told:
    chance = random.Random(seed)
    world = World(rng=chance, mix=MIXES["none"], per_day=12.0, cabinets=1, folder=folder)

    async def card_dies() -> None:
        await asyncio.sleep(HOUR_S * (8.0 + 3.0 * chance.random()))
        await world.restore(after_s=HOUR_S * (0.5 + 4.0 * chance.random()))

    world.spawn(card_dies())
    await world.live(1)
    cabinet = world.state()
    assert cabinet is not None
    world.judge.is_recounting = False
    world.judge.look(cabinet)
    await world.sum_up()
    told = Told(seed, sum(world.judge.facts.values()), list(world.judge.violations), Counter(world.happened))
    if world.happened["restore"] != 1 or cabinet.recount is None or not cabinet.recount.is_replayed:
        told.violations.append("the drill did not come to its end")
    await world.power_off()
    return told


def _told(act: Callable[[int], Told], *, wanted: int, seed: int, workers: int, within_s: float) -> Iterator[Told]:
    """One story after another, until there are enough or the time is over."""
    began, upcoming, waiting = time.perf_counter(), seed, set[Future[Told]]()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while True:
            while upcoming < seed + wanted and len(waiting) < workers + 1 and time.perf_counter() - began < within_s:
                waiting.add(pool.submit(act, upcoming))
                upcoming += 1
            if not waiting:
                return
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            yield from (one.result() for one in done)


def prove(
    *, wanted: int, seed: int, workers: int, within_s: float, bar: int, played: Path | None, coverage: Path | None
) -> Proved:
    """At least `bar` of `wanted` stories of a thousand steps without a violation; as many as the time allows.

    `played` holds what earlier runs of the same code played, and is added to; `coverage` is a page to be written.
    """
    began = time.perf_counter()
    code = revision_of(CODE)
    if played is not None:
        played.parent.mkdir(parents=True, exist_ok=True)
    known = played_before(played, code, range(seed, seed + wanted))
    count = steps = short = 0
    missed: list[tuple[int, str]] = []
    happened, met = Counter[str](), Counter[str]()
    upcoming = seed + len(known)
    new = _told(story, wanted=seed + wanted - upcoming, seed=upcoming, workers=workers, within_s=within_s)
    for one in chain(known, keep(new, upcoming, played, code)):
        count += 1
        steps += one.steps
        short += one.steps < STEPS
        happened += one.happened
        met += one.met
        missed += [(one.seed, violation) for violation in one.violations]
        progress(f"twin: {count:,} of {wanted:,} seeds, {steps:,} steps, {len(missed)} violations")
    progress("")
    if coverage is not None:
        coverage.write_text(page_of(met, seeds=count), encoding="utf-8")
    facts = {pair.split()[0] for pair in met}
    return Proved(
        what=f"twin seeds of {DAYS} days: {len(facts)} kinds of facts, {len(happened)} kinds of faults and events,"
        f" {len(met)} of {len(facts) * len(FAULTS)} pairs of fact and fault",
        bar=f"{bar:,} seeds of {STEPS:,} steps on average, 0 violations",
        measured=f"{count:,} seeds, {steps // max(count, 1):,} steps each ({short} shorter), {len(missed)} violations",
        seeds=f"{seed}..{seed + count - 1}",
        holds=count >= bar and steps >= STEPS * count and not missed,
        took_s=time.perf_counter() - began,
        told=(*(f"seed {one}: {what}" for one, what in missed[:SHOWN]), *_shortened(missed)),
    )


def keep(new: Iterable[Told], upcoming: int, played: Path | None, code: str) -> Iterator[Told]:
    """What is played now, kept in the order of its seeds from `upcoming` on."""
    early: dict[int, Told] = {}
    for one in new:
        yield one
        early[one.seed] = one
        while upcoming in early:
            if played is not None:
                with played.open("a", encoding="utf-8") as file:
                    file.write(json.dumps({"code": code, **vars(early[upcoming])}) + "\n")
            del early[upcoming]
            upcoming += 1


def played_before(played: Path | None, code: str, seeds: range) -> list[Told]:
    """The stories of the first of these seeds that are kept in the file, without a gap."""
    if played is None or not played.exists():
        return []
    kept: dict[int, Told] = {}
    for line in played.read_text(encoding="utf-8").splitlines():
        fields = json.loads(line)
        if fields.pop("code") == code:
            happened, met = Counter[str](fields.pop("happened")), Counter[str](fields.pop("met"))
            kept[fields["seed"]] = Told(**fields, happened=happened, met=met)
    found: list[Told] = []
    for one in seeds:
        if one not in kept:
            break
        found.append(kept[one])
    return found


def _shortened(missed: list[tuple[int, str]]) -> Iterator[str]:
    """The first seeds that went wrong, as short stories in words."""
    for one, what in list(dict(reversed(missed)).items())[-1 : -SHRUNK - 1 : -1]:
        named = RULE.search(what)

        def is_wrong(outcome: Outcome, rule: str = named[0] if named else "") -> bool:
            return any(rule in violation for violation in outcome.violations)

        short = shrinking.shrink(one, mix=mix_of(one), per_day=PER_DAY, days=DAYS, is_wrong=is_wrong)
        if short is not None:
            yield f"seed {one}, made short: " + "; ".join(short.in_words())


def page_of(met: Counter[str], *, seeds: int) -> str:
    """The page with how often each kind of fact met each kind of fault."""
    facts = sorted({pair.split()[0] for pair in met})
    lines = [
        "# What met what",
        "",
        "Written by `python -m bench.proof --only twin --keep`: kinds of fact that were recorded in",
        f"{seeds:,} stories of the [twin](twin.md), and how often while a kind of fault was under way.",
        "",
        "| fact | " + " | ".join(kind.replace("_", " ") for kind in FAULTS) + " |",
        "|---" + "|--:" * len(FAULTS) + "|",
    ]
    lines += [
        "| " + " | ".join((fact, *(str(met[f"{fact} {kind}"] or "") for kind in FAULTS))) + " |" for fact in facts
    ]
    return "\n".join((*lines, ""))


def prove_restores(*, wanted: int, seed: int, workers: int) -> Proved:
    """So many restores in the middle of a day, the balance right in the evening."""
    began = time.perf_counter()
    sound = count = 0
    missed: list[str] = []
    for one in _told(drill, wanted=wanted, seed=seed, workers=workers, within_s=float("inf")):
        count += 1
        sound += not one.violations
        missed += [f"drill {one.seed}: {violation}" for violation in one.violations]
        progress(f"restore drill: {count} of {wanted}, {count - sound} not right")
    progress("")
    return Proved(
        what="restore drill: a card dies hours after a backup; record, centre and steel agree in the evening",
        bar=f"{wanted} of {wanted}",
        measured=f"{sound} of {count}",
        seeds=f"{seed}..{seed + wanted - 1}",
        holds=sound == wanted,
        took_s=time.perf_counter() - began,
        told=tuple(missed[:SHOWN]),
    )
