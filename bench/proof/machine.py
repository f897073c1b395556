"""The power-loss machine: stories on a recorded disk, their crash images judged, in several processes."""

from __future__ import annotations

import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import structlog

from bench.proof import images, stories
from bench.proof.table import Proved
from bench.table import progress

KINDS = ("housekeeping", "days", "a day", "a day")
DAYS, PER_DAY = 9, 1.5
"""Long enough for names and phones to be erased."""
MIXES = ("harsh", "usual", "none")


@dataclass
class Tally:
    """What was judged so far."""

    images: int = 0
    distinct: int = 0
    requests: int = 0
    facts: int = 0
    violations: list[str] = field(default_factory=list)
    flows: Counter[str] = field(default_factory=Counter)
    """How many stories went through each."""

    def is_short_of(self, wanted: int) -> bool:
        """Images or a flow are still missing; twice as many images are enough for any flow."""
        return self.images < wanted or (self.images < 2 * wanted and not self.is_whole)

    @property
    def is_whole(self) -> bool:
        """Every flow was in a story."""
        return all(self.flows[flow] for flow in stories.FLOW_NAMES)

    def add(self, other: Tally) -> None:
        """One story more."""
        self.images += other.images
        self.distinct += other.distinct
        self.requests += other.requests
        self.facts += other.facts
        self.violations += other.violations
        self.flows += other.flows


def memory() -> str | None:
    """A file system in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def quiet() -> None:
    """Nothing is logged: the stories are full of faults."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def judged(number: int, seed: int) -> Tally:
    """One story and the images of it."""
    quiet()
    kind, mix = KINDS[number % len(KINDS)], MIXES[number % len(MIXES)]
    with tempfile.TemporaryDirectory(prefix="power-", dir=memory()) as place:
        folder = Path(place)
        if kind == "housekeeping":
            story = stories.housekeeping(seed, folder / "story")
        elif kind == "days":
            story = stories.twin_days(seed, folder / "story", mix=mix, per_day=PER_DAY, days=DAYS)
        else:
            story = stories.twin_days(seed, folder / "story", mix=mix, per_day=8.0)
        count = images.judge_story(story, folder / "image", seed=seed)
    asked = len(story.disk.asked)
    return Tally(count.images, count.distinct, asked, story.facts, story.violations, Counter(story.flows))


def prove(*, wanted: int, seed: int, workers: int) -> Proved:
    """At least `wanted` images, story after story."""
    began = time.perf_counter()
    sum_of = Tally()
    told = 0
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting: list[Future[Tally]] = []
        upcoming = _numbers(seed)
        while sum_of.is_short_of(wanted) and len(sum_of.violations) < images.SHOWN:
            while len(waiting) < workers + 1:
                waiting.append(pool.submit(judged, *next(upcoming)))
            one = waiting.pop(0).result()
            told += 1
            sum_of.add(one)
            progress(f"crash images: {sum_of.images:,} of {wanted:,}, {len(sum_of.violations)} violations")
        for rest in waiting:
            rest.cancel()
    progress("")
    through = ", ".join(f"{flow} {sum_of.flows[flow]}" for flow in stories.FLOW_NAMES)
    return Proved(
        what=f"crash images of {told} stories ({sum_of.facts:,} facts, {sum_of.requests:,} requests to the disk), of "
        f"them with {through}",
        bar=f"at least {wanted:,}, every flow in one at least, 0 violations",
        measured=f"{sum_of.images:,} ({sum_of.distinct:,} distinct), {len(sum_of.violations)} violations",
        seeds=f"{seed}..{seed + told - 1}",
        holds=sum_of.images >= wanted and not sum_of.violations and sum_of.is_whole,
        took_s=time.perf_counter() - began,
        told=tuple(sum_of.violations[: images.SHOWN]),
    )


def _numbers(seed: int) -> Iterator[tuple[int, int]]:
    number = 0
    while True:
        yield number, seed + number
        number += 1
