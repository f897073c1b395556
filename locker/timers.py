"""The timers worker: asks the rules what time has made due, records it, and sleeps until the next instant."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import due


async def run(journal: Journal[Cabinet], *, timing: due.Timing, uptime_ms: Callable[[], int]) -> None:
    """Until cancelled; a crash in between loses nothing, because the question is asked again."""
    while True:
        await journal.record(lambda cabinet, _known, moment: due.facts(cabinet, moment, timing))
        cabinet = journal.cabinet
        at = due.next_uptime_ms(cabinet, timing)
        try:
            async with asyncio.timeout(None if at is None else max(0.0, (at - uptime_ms()) / 1000)):
                await journal.changed(cabinet.seq)
        except TimeoutError:
            continue
