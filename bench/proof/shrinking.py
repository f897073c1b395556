"""A failing story of the twin made short: fewer days, fewer kinds of fault, and what is left in words."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from bench.proof import machine
from simulator.twin.figures import Outcome
from simulator.twin.mishaps import A_DAY
from simulator.twin.people import DAY_S
from simulator.twin.world import play


@dataclass(frozen=True, slots=True)
class Short:
    """The smallest story in which it still goes wrong: so many days, only these kinds of fault."""

    days: int
    kinds: tuple[str, ...]
    outcome: Outcome

    def in_words(self) -> tuple[str, ...]:
        """What broke when, and what had gone wrong at the cabinet until then, a line each."""
        needed = ", ".join(kind.replace("_", " ") for kind in self.kinds) or "no fault at all"
        happened = [f"{_clock(at)} {kind.replace('_', ' ')}" for at, kind in self.outcome.diary]
        return (f"it takes {self.days} days and {needed}", *happened, *self.outcome.violations)


def shrink(seed: int, *, mix: str, per_day: float, days: int, is_wrong: Callable[[Outcome], bool]) -> Short | None:
    """The story of a seed with as little as keeps `is_wrong` true; None if it is not even true of the whole one."""

    def told(some_days: int, kinds: Collection[str]) -> Outcome:
        with tempfile.TemporaryDirectory(prefix="shrink-", dir=machine.memory()) as folder:
            return play(days=some_days, seed=seed, folder=Path(folder), mix=mix, per_day=per_day, only=kinds)

    outcome = told(days, A_DAY)
    if not is_wrong(outcome):
        return None
    for fewer in range(1, days):
        if is_wrong(shorter := told(fewer, A_DAY)):
            days, outcome = fewer, shorter
            break
    kinds = [kind for kind in A_DAY if kind in {what for _, what in outcome.diary}]
    for kind in tuple(kinds):
        rest = [one for one in kinds if one != kind]
        if is_wrong(smaller := told(days, rest)):
            kinds, outcome = rest, smaller
    return Short(days, tuple(kinds), outcome)


def _clock(at: float) -> str:
    minutes = int(at % DAY_S) // 60
    return f"day {int(at // DAY_S)} {minutes // 60:02d}:{minutes % 60:02d}"
