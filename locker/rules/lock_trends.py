"""Which locks will fail: what their last openings say beside what was usual for them.

A lock that lets go only at a second pulse in three of its last ten openings, or that opens half as slow again as it
used to, wants grease or replacement before somebody stands in front of it at night. The sensor must have seen the
opening; a door that nobody saw open counts as a miss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import msgspec

LATELY = 10
MISSES = 3
SLOWER, SLOWER_MS = 1.5, 150


class Opening(msgspec.Struct, frozen=True):
    """One granted opening: pulses until it was seen, 0 if it was not; `took_ms` from the grant, 0 if not known."""

    pulses: int
    took_ms: int = 0


class Trend(msgspec.Struct, frozen=True):
    """Of the last `openings` (10 at most) `misses` did not open at the first pulse. Medians in ms, 0 if not known."""

    compartment: int
    openings: int
    misses: int
    usual_ms: int
    lately_ms: int

    @property
    def will_fail(self) -> str:
        """Why this lock will fail; empty if it is good."""
        if self.misses >= MISSES:
            return f"{self.misses} of {self.openings} openings needed more than one pulse"
        if self.usual_ms and self.lately_ms > self.usual_ms * SLOWER + SLOWER_MS:
            return f"opens after {self.lately_ms} ms, it used to take {self.usual_ms}"
        return ""


def trends(openings: Mapping[int, Sequence[Opening]]) -> tuple[Trend, ...]:
    """By compartment, oldest opening first."""
    return tuple(_trend(number, openings[number]) for number in sorted(openings))


def _trend(number: int, history: Sequence[Opening]) -> Trend:
    lately, before = history[-LATELY:], history[:-LATELY]
    misses = sum(one.pulses != 1 for one in lately)
    return Trend(number, len(lately), misses, _typical(before), _typical(lately))


def _typical(openings: Sequence[Opening]) -> int:
    times = [one.took_ms for one in openings if one.pulses == 1 and one.took_ms]
    return int(median(times)) if times else 0
