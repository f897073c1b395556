"""Many short stories of the twin, one seed after another, and the drill of a restore in the middle of a day."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from bench.proof import machine
from bench.proof.table import Proved
from bench.table import progress
from simulator.twin.loop import JumpingLoop
from simulator.twin.people import HOUR_S
from simulator.twin.world import MIXES, World, play

STEPS = 1_000
DAYS, PER_DAY = 3, 20.0
SHOWN = 10


@dataclass
class Told:
    """What one story came to. A step is a committed fact or something that happened to the cabinet."""

    seed: int
    steps: int
    violations: list[str]
    happened: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)


def story(seed: int) -> Told:
    """Some days with many faults."""
    machine.quiet()
    mix = ("harsh", "harsh", "usual")[seed % 3]
    with tempfile.TemporaryDirectory(prefix="seeds-", dir=machine.memory()) as folder:
        outcome = play(days=DAYS, seed=seed, folder=Path(folder), mix=mix, per_day=PER_DAY)
    steps = sum(outcome.facts.values()) + sum(outcome.happened.values())
    again = f"python -m simulator.twin --days {DAYS} --per-day {PER_DAY:.0f} --fault-mix {mix} --seed {seed}"
    return Told(
        seed,
        steps,
        [f"{one}   again: {again}" for one in outcome.violations],
        Counter(outcome.happened),
        Counter(outcome.facts),
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


def prove(*, wanted: int, seed: int, workers: int, within_s: float, bar: int) -> Proved:
    """At least `bar` of `wanted` stories of a thousand steps without a violation; as many as the time allows."""
    began = time.perf_counter()
    count = steps = short = 0
    missed: list[str] = []
    happened, facts = Counter[str](), Counter[str]()
    for one in _told(story, wanted=wanted, seed=seed, workers=workers, within_s=within_s):
        count += 1
        steps += one.steps
        short += one.steps < STEPS
        happened += one.happened
        facts += one.facts
        missed += [f"seed {one.seed}: {violation}" for violation in one.violations]
        progress(f"twin: {count:,} of {wanted:,} seeds, {steps:,} steps, {len(missed)} violations")
    progress("")
    return Proved(
        what=f"twin seeds of {DAYS} days: {len(facts)} kinds of facts, {len(happened)} kinds of faults and events",
        bar=f"{bar:,} seeds of {STEPS:,} steps on average, 0 violations",
        measured=f"{count:,} seeds, {steps // max(count, 1):,} steps each ({short} shorter), {len(missed)} violations",
        seeds=f"{seed}..{seed + count - 1}",
        holds=count >= bar and steps >= STEPS * count and not missed,
        took_s=time.perf_counter() - began,
        told=tuple(missed[:SHOWN]),
    )


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
