"""Clock and random source, handed in so that tests choose them."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex

from hub.wishes import Stamp


@dataclass(frozen=True, kw_only=True)
class Chance:
    """`now()` is aware UTC, `draw()` 32 random hex digits, `spread(s)` seconds between 0 and `s`."""

    now: Callable[[], datetime]
    draw: Callable[[], str]
    spread: Callable[[float], float]

    def now_text(self) -> str:
        """UTC with milliseconds and `Z`."""
        return utc_text(self.now())

    def stamp(self) -> Stamp:
        """Id and time for a new wish."""
        return Stamp(wish_id=f"w-{self.draw()}", now=self.now_text())


def utc_text(moment: datetime) -> str:
    """`2026-10-08T14:05:09.120Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def real() -> Chance:
    """The machine's own clock and random source."""
    return Chance(
        now=lambda: datetime.now(UTC),
        draw=lambda: token_hex(16),
        spread=lambda longest: random.uniform(0.0, longest),  # noqa: S311  jitter is no secret
    )
