"""What a worker does while the disk is full: it keeps what it has to say and tries again until there is room.

A worker that ended then would end the process, and every start would end the same way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from locker.events import Decision, Moment, Recorded
from locker.journal import Journal
from locker.refusals import RetryableStorageFault
from locker.replay import C

PAUSE_S = 5.0
T = TypeVar("T")
log = structlog.get_logger()


async def persist(act: Callable[[], Awaitable[T]], *, what: str, pause_s: float = PAUSE_S) -> T:
    """The outcome of `act`, repeated every `pause_s` seconds as long as the storage takes nothing for now.

    Raises whatever else `act` raises.
    """
    failures = 0
    while True:
        try:
            return await act()
        except RetryableStorageFault as fault:
            (log.debug if failures else log.warning)("not recorded yet", doing=what, reason=str(fault))
            failures += 1
        await asyncio.sleep(pause_s)


async def land(
    journal: Journal[C],
    decide: Callable[[C, None, Moment], Decision],
    *,
    what: str,
    must_land: bool = False,
    pause_s: float = PAUSE_S,
) -> tuple[Recorded, ...]:
    """`Journal.record`, however long the disk stays full. Raises what it raises but for that."""
    return await persist(lambda: journal.record(decide, must_land=must_land), what=what, pause_s=pause_s)
