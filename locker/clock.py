"""The clock of one run: wall time with how far it is believed, and monotonic time since the run started."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from locker import events as ev

# systemd-timesyncd touches this file at every successful synchronisation (systemd-timesyncd.service(8)).
SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
BATTERY_CLOCKS = Path("/sys/class/rtc")
RELEASED_UTC_MS = 1_790_000_000_000


@dataclass(frozen=True, slots=True)
class Clock:
    """Sources of time, injected. `wall_ms` and `steady_ms` in milliseconds; `trust` says how far wall time is
    believed.
    """

    run_id: str
    wall_ms: Callable[[], int]
    steady_ms: Callable[[], int]
    trust: Callable[[], ev.Clock]
    started_ms: int

    def uptime_ms(self) -> int:
        """Milliseconds since this run started; never goes back."""
        return self.steady_ms() - self.started_ms

    def moment(self) -> ev.Moment:
        """Now, as events keep it."""
        return ev.Moment(utc_ms=self.wall_ms(), uptime_ms=self.uptime_ms(), run_id=self.run_id, clock=self.trust())


def has_battery_clock(clocks: Path = BATTERY_CLOCKS) -> bool:
    """Whether the kernel knows a clock that runs on without mains (rtc.rst of the kernel)."""
    return any(clocks.glob("rtc*"))


def is_plausible(utc_ms: int) -> bool:
    """Whether a wall time can be right at all: it is not before this release existed, as on a board without a battery
    that has not reached a time server yet.
    """
    return utc_ms >= RELEASED_UTC_MS


def trust_in(wall_ms: int, *, synchronised: Path = SYNCHRONISED) -> ev.Clock:
    """How far wall time is believed: synced when the host says so, unset when it cannot be right, else holdover."""
    if synchronised.exists():
        return "synced"
    return "holdover" if is_plausible(wall_ms) else "unset"


def system_clock(run_id: str) -> Clock:
    """The host's clocks."""

    def steady_ms() -> int:
        return time.monotonic_ns() // 1_000_000

    def wall_ms() -> int:
        return time.time_ns() // 1_000_000

    return Clock(
        run_id=run_id,
        wall_ms=wall_ms,
        steady_ms=steady_ms,
        trust=lambda: trust_in(wall_ms()),
        started_ms=steady_ms(),
    )
