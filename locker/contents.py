"""The contents worker: puts on record what content sensors show steadily behind closed doors.

A reading counts once it has stood for two seconds: papers settle, and two boards are not read at one instant.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Protocol

from locker import patience
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import contents

STEADY_MS = 2000


class Sensors(Protocol):
    """What is asked of the doors worker; `empty` as in `locker.doors`."""

    @property
    def empty(self) -> Mapping[int, bool]: ...
    async def changed(self) -> None: ...


async def run(
    journal: Journal[Cabinet],
    sensors: Sensors,
    *,
    uptime_ms: Callable[[], int],
    steady_ms: int = STEADY_MS,
    pause_s: float = patience.PAUSE_S,
) -> None:
    """Until cancelled; a crash in between loses nothing, because the sensors are read again."""
    since: dict[int, tuple[bool, int]] = {}
    while True:
        cabinet, now = journal.cabinet, uptime_ms()
        news = {
            number: is_empty
            for number, is_empty in sensors.empty.items()
            if contents.seen(cabinet, number, is_empty=is_empty).events
        }
        since = {
            number: since[number] if number in since and since[number][0] == is_empty else (is_empty, now)
            for number, is_empty in news.items()
        }
        ripe = [(number, is_empty) for number, (is_empty, at) in since.items() if now - at >= steady_ms]
        for number, is_empty in ripe:
            await patience.land(
                journal,
                lambda cabinet, *_, number=number, is_empty=is_empty: contents.seen(cabinet, number, is_empty=is_empty),
                what="what lies inside",
                pause_s=pause_s,
            )
        if not ripe:
            first = min((at for _, at in since.values()), default=None)
            within_s = None if first is None else max(0.001, (first + steady_ms - now) / 1000)
            await _either_changed(journal, sensors, cabinet.seq, within_s)


async def _either_changed(journal: Journal[Cabinet], sensors: Sensors, seq: int, within_s: float | None) -> None:
    tasks = (asyncio.ensure_future(journal.changed(seq)), asyncio.ensure_future(sensors.changed()))
    try:
        await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
