"""The worker that looks at the cabinet each morning, and what it reads of the host for that."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from locker import events as ev
from locker import patience
from locker.clock import Clock
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import self_check as rules

LOOK_S = 30.0
ENOUGH_BYTES = 256 * 1024 * 1024
DRIFT_S = 120
# Seconds since 1970 as the battery clock has them (Linux, Documentation/ABI/testing/rtc-cdev, sysfs).
BATTERY_CLOCK = Path("/sys/class/rtc/rtc0/since_epoch")
Look = Callable[[], Mapping[ev.CheckLine, bool]]


async def run(
    journal: Journal[Cabinet],
    *,
    plan: rules.Plan,
    look: Look,
    clock: Clock,
    look_every_s: float = LOOK_S,
    pause_s: float = patience.PAUSE_S,
) -> None:
    """Until cancelled; a crash in between loses nothing, because the question is asked again."""
    while True:
        cabinet = journal.cabinet
        seen = look()
        if rules.due(cabinet, clock.moment(), plan, seen=seen).events:
            decide = partial(_decide, plan=plan, seen=seen)
            await patience.land(journal, decide, what="the self-check", pause_s=pause_s)
            continue
        try:
            async with asyncio.timeout(look_every_s):
                await journal.changed(cabinet.seq)
        except TimeoutError:
            continue


def _decide(
    cabinet: Cabinet, _known: None, moment: ev.Moment, *, plan: rules.Plan, seen: Mapping[ev.CheckLine, bool]
) -> ev.Decision:
    return rules.due(cabinet, moment, plan, seen=seen)


def has_room(directory: Path) -> bool:
    """Whether the disk under a directory has room for days to come."""
    try:
        return shutil.disk_usage(directory).free >= ENOUGH_BYTES
    except OSError:
        return False


def is_battery_clock_good(wall_ms: int, *, clock: Path = BATTERY_CLOCK) -> bool:
    """Whether the host has a battery clock and it agrees with wall time (milliseconds) within two minutes."""
    try:
        kept_s = int(clock.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    return abs(wall_ms // 1000 - kept_s) <= DRIFT_S
