"""The timers worker: asks the rules what time has made due, records it, and sleeps until the next instant.

It also looks every half minute how far the wall clock is believed, and puts a change on record: what waits for a
trusted clock (sign-in by TOTP, dates on receipts, erasing what is over) learns of it from the state. As often, and
after every change, it asks what the office's calendar makes due and whether the centre knows how much room there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial

from locker import events as ev
from locker import patience
from locker.clock import Clock
from locker.journal import Journal
from locker.model import Cabinet, Place
from locker.rules import calendar, due, room

LOOK_AT_CLOCK_S = 30.0


async def run(
    journal: Journal[Cabinet],
    *,
    timing: due.Timing,
    office: calendar.Calendar,
    clock: Clock,
    servable: Callable[[], Collection[int]],
    places: Mapping[int, Place] | None = None,
    look_at_clock_s: float = LOOK_AT_CLOCK_S,
    pause_s: float = patience.PAUSE_S,
) -> None:
    """Until cancelled; a crash in between loses nothing, because the question is asked again.

    `servable` tells whose board serves now. Without `places` nobody is told of room.
    """
    follow = partial(_follow, journal, clock, look_at_clock_s, pause_s)
    async with asyncio.TaskGroup() as group:
        group.create_task(_record_due(journal, timing, clock, pause_s), name="what time makes due")
        group.create_task(
            follow(partial(_calendar, office=office, servable=servable), "the calendar"), name="the calendar"
        )
        if places is not None:
            group.create_task(follow(partial(room.due, places=places), "free compartments"), name="room")
        group.create_task(_follow_clock(journal, clock, look_at_clock_s, pause_s), name="trust in the clock")


async def _record_due(journal: Journal[Cabinet], timing: due.Timing, clock: Clock, pause_s: float) -> None:
    while True:
        cabinet = journal.cabinet
        at = due.next_uptime_ms(cabinet, timing)
        if at is not None and at <= clock.uptime_ms():
            await patience.land(
                journal, lambda now, _, moment: due.facts(now, moment, timing), what="what is due", pause_s=pause_s
            )
            continue
        try:
            async with asyncio.timeout(None if at is None else (at - clock.uptime_ms()) / 1000):
                await journal.changed(cabinet.seq)
        except TimeoutError:
            continue


def _calendar(
    cabinet: Cabinet, moment: ev.Moment, *, office: calendar.Calendar, servable: Callable[[], Collection[int]]
) -> ev.Decision:
    return calendar.due(cabinet, moment, office, servable=servable())


async def _follow(
    journal: Journal[Cabinet],
    clock: Clock,
    look_every_s: float,
    pause_s: float,
    due_now: Callable[[Cabinet, ev.Moment], ev.Decision],
    what: str,
) -> None:
    """Record what a rule says is due, asked after every change and every so often."""
    while True:
        cabinet = journal.cabinet
        if due_now(cabinet, clock.moment()).events:
            await patience.land(journal, lambda now, _, moment: due_now(now, moment), what=what, pause_s=pause_s)
            continue
        try:
            async with asyncio.timeout(look_every_s):
                await journal.changed(cabinet.seq)
        except TimeoutError:
            continue


async def _follow_clock(journal: Journal[Cabinet], clock: Clock, look_every_s: float, pause_s: float) -> None:
    while True:
        trust = clock.trust()
        if trust != journal.cabinet.clock:
            event = ev.ClockTrusted(clock=trust)
            await patience.land(
                journal,
                lambda *_, event=event: ev.Decision(events=(event,)),
                what="trust in the clock",
                pause_s=pause_s,
            )
        await asyncio.sleep(look_every_s)
