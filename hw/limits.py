"""Limits at the lowest layer: what one lock bears, and what one supply and one cabinet allow.

Counted in memory on the monotonic clock: a restart takes longer than a lock's gap, and no grant survives it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hw.errors import PulseTooLong, PulseTooSoon

MINUTE_S = 60.0


@dataclass(frozen=True, slots=True)
class LockLimits:
    """From the lock's data sheet. Times in milliseconds."""

    max_pulse_ms: int = 1000
    min_gap_ms: int = 2000
    max_pulses_per_minute: int = 6


@dataclass(slots=True)
class LockUse:
    """Pulses one lock has had in the last minute, as the monotonic seconds of their ends."""

    limits: LockLimits
    ends: deque[float] = field(default_factory=deque)

    def refuse_too_long(self, pulse_ms: int) -> None:
        """Raise PulseTooLong unless the lock bears it."""
        if pulse_ms > self.limits.max_pulse_ms:
            longest = self.limits.max_pulse_ms
            raise PulseTooLong(
                f"a pulse of {pulse_ms} ms is longer than the lock bears ({longest} ms); correct pulse_ms"
            )

    def refuse_too_soon(self, now: float) -> None:
        """Raise PulseTooSoon while the lock is cooling or has had its pulses of this minute."""
        wait = self.ends[-1] + self.limits.min_gap_ms / 1000 - now if self.ends else 0.0
        if self.is_used_up(now):
            wait = max(wait, self.ends[0] + MINUTE_S - now)
        if wait > 0:
            raise PulseTooSoon(f"the lock must cool down; try again in {wait:.1f} s", retry_after_s=wait)

    def is_used_up(self, now: float) -> bool:
        """Whether the lock has had its pulses of this minute."""
        while self.ends and self.ends[0] <= now - MINUTE_S:
            self.ends.popleft()
        return len(self.ends) >= self.limits.max_pulses_per_minute

    def book(self, end: float) -> None:
        """A pulse that ends at `end` is on its way."""
        self.ends.append(end)


class Supply:
    """The lock supply of one cabinet: one pulse at a time, at most `doors_per_minute` different doors."""

    def __init__(self, *, clock: Callable[[], float], doors_per_minute: int = 12) -> None:
        self._clock = clock
        self._doors_per_minute = doors_per_minute
        self._turn = asyncio.Lock()
        self._free_at = 0.0
        self._opened: dict[object, float] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until no other lock draws current; hold the supply until the block is left."""
        async with self._turn:
            if (wait := self._free_at - self._clock()) > 0:
                await asyncio.sleep(wait)
            yield

    def refuse_too_many(self, door: object) -> None:
        """Raise PulseTooSoon if one more door in this minute would pass the cabinet's limit."""
        now = self._clock()
        self._opened = {other: at for other, at in self._opened.items() if at > now - MINUTE_S}
        if door not in self._opened and len(self._opened) >= self._doors_per_minute:
            wait = min(self._opened.values()) + MINUTE_S - now
            raise PulseTooSoon(f"{self._doors_per_minute} doors in a minute are the limit; wait {wait:.0f} s", wait)

    def book(self, door: object, end: float) -> None:
        """A pulse for this door is on its way; the supply is busy until `end`."""
        self._opened[door] = self._clock()
        self._free_at = max(self._free_at, end)
