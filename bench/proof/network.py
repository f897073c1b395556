"""Many schedules of a bad line between a cabinet and its centre, in blocks, in several processes.

A block that was played at this revision is not played again: a long run may be ended and begun once more.
"""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from bench.proof import machine, schedules
from bench.proof.line import FATES, Hub, Tale
from bench.proof.table import ROOT, Proved, revision
from bench.table import progress

EACH = 50
DONE = ROOT / ".run" / "proof"
EVERYTHING = {*FATES, "hub", "same", "restored", "old card", "nothing"}
LONGEST_STORY = 400


@dataclass
class Block:
    """What so many schedules came to."""

    first: int
    count: int
    facts: int = 0
    wishes: int = 0
    met: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, tale: Tale) -> None:
        """One schedule more; a wrong one is told whole."""
        self.facts += tale.facts
        self.wishes += tale.wishes
        self.met += tale.met
        if tale.wrong:
            self.wrong.append(story(tale))


def story(tale: Tale) -> str:
    """A schedule in words: what is wrong, how to play it again, what happened."""
    again = f"python -m bench.proof --only network --schedules 1 --seed {tale.seed}"
    skipped = len(tale.lines) - LONGEST_STORY
    began = [f"({skipped} earlier lines left out)"] if skipped > 0 else []
    lines = [f"seed {tale.seed}: {'; '.join(tale.wrong)}", f"again: {again}", *began, *tale.lines[-LONGEST_STORY:]]
    return "\n    ".join(lines)


def block(first: int, count: int) -> Block:
    """Schedules of the seeds from `first` on, one after the other, in memory."""
    machine.quiet()
    done, hub = Block(first, count), Hub()
    gc.freeze()  # the app and its tables live as long as the process
    try:
        with tempfile.TemporaryDirectory(prefix="network-", dir=machine.memory()) as folder:
            for seed in range(first, first + count):
                done.add(schedules.play(seed, Path(folder), hub))
    finally:
        hub.close()
    return done


def prove(*, wanted: int, seed: int, workers: int) -> Proved:
    """0 lost, doubled or misordered facts and wishes in so many schedules."""
    began = time.perf_counter()
    sum_of = Block(seed, 0)
    for one in _played(wanted=wanted, seed=seed, workers=workers):
        sum_of.count += one.count
        sum_of.facts += one.facts
        sum_of.wishes += one.wishes
        sum_of.met += one.met
        sum_of.wrong += one.wrong
        progress(f"network: {sum_of.count:,} of {wanted:,} schedules, {len(sum_of.wrong)} wrong")
    progress("")
    faults = sum(sum_of.met[name] for name in EVERYTHING - {"good"})
    return Proved(
        what=f"schedules of a bad line with both ends killed, {faults:,} faults of {len(EVERYTHING) - 1} kinds",
        bar=f"{wanted:,} schedules, 0 facts or wishes lost, doubled or out of order",
        measured=f"{sum_of.count:,} schedules, {sum_of.facts:,} facts, {sum_of.wishes:,} wishes, "
        f"{len(sum_of.wrong)} wrong",
        seeds=f"{seed}..{seed + wanted - 1}",
        holds=sum_of.count == wanted and not sum_of.wrong and (wanted < EACH or set(sum_of.met) >= EVERYTHING),
        took_s=time.perf_counter() - began,
        told=tuple(sum_of.wrong),
    )


def _played(*, wanted: int, seed: int, workers: int) -> Iterator[Block]:
    """Every block, those of an earlier run at this revision first."""
    kept = Kept(DONE / f"network-{revision()}.jsonl")
    blocks = [(first, min(EACH, seed + wanted - first)) for first in range(seed, seed + wanted, EACH)]
    left = [one for one in blocks if one not in kept.blocks]
    yield from (kept.blocks[one] for one in blocks if one in kept.blocks)
    waiting = set[Future[Block]]()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        while left or waiting:
            while left and len(waiting) < workers + 1:
                waiting.add(pool.submit(block, *left.pop(0)))
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for one in done:
                kept.keep(one.result())
                yield one.result()


class Kept:
    """Blocks on disk, one a line. A revision with changed files is not the same one twice, so it keeps nothing."""

    def __init__(self, path: Path) -> None:
        self.blocks: dict[tuple[int, int], Block] = {}
        self._path = None if "+" in path.name else path
        if self._path is not None and self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                found = Block(**json.loads(line))
                found.met = Counter(found.met)
                self.blocks[found.first, found.count] = found

    def keep(self, block: Block) -> None:
        """For a later run; a wrong one is played again."""
        if self._path is None or block.wrong:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(vars(block)) + "\n")
