"""How far wall time is believed, and what the timers worker puts on record."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker import timers
from locker.clock import RELEASED_UTC_MS, system_clock, trust_in
from locker.model import Cabinet
from locker.office_hours import OfficeHours, Span
from locker.rules.calendar import Calendar
from locker.rules.due import Timing
from locker.rules.quiet_hours import Daytime

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = Calendar(
    office=OfficeHours(zone=ZONE, weekly=((Span(time(0), time(23, 59)),),) * 7),
    day=Daytime(zone=ZONE, starts=time(0), ends=time(0)),
)
Running = Callable[[Any], AbstractAsyncContextManager[None]]


@pytest.fixture
def running() -> Running:
    @asynccontextmanager
    async def run(hall: Any) -> AsyncIterator[None]:
        timing = Timing(round_ms=600_000, visit_idle_ms=90_000)
        worker = asyncio.create_task(
            timers.run(
                hall.journal,
                timing=timing,
                office=CALENDAR,
                clock=hall.clock,
                servable=lambda: range(1, 5),
                look_at_clock_s=0.02,
                pause_s=0.02,
            )
        )
        try:
            yield
            assert not worker.done()
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)

    return run


async def until(hall: Any, holds: Callable[[Cabinet], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds(hall.cabinet):
            await hall.journal.changed(hall.cabinet.seq)


def test_a_wall_clock_is_synced_when_the_host_says_so_and_unset_when_it_cannot_be_right(tmp_path: Path) -> None:
    stamp = tmp_path / "synchronized"
    assert trust_in(0, synchronised=stamp) == "unset"
    assert trust_in(RELEASED_UTC_MS, synchronised=stamp) == "holdover"
    stamp.touch()
    assert trust_in(RELEASED_UTC_MS, synchronised=stamp) == "synced"


def test_uptime_starts_with_the_run_and_never_goes_back() -> None:
    clock = system_clock("r-1")
    first, second = clock.moment(), clock.moment()
    assert 0 <= first.uptime_ms <= second.uptime_ms < 10_000
    assert first.run_id == "r-1"


async def test_a_clock_that_comes_to_be_believed_is_put_on_record_once(hall: Any, running: Running) -> None:
    hall.hand.trust = "unset"
    async with running(hall):
        await until(hall, lambda cabinet: cabinet.clock == "unset")
        hall.hand.trust = "synced"
        await until(hall, lambda cabinet: cabinet.clock == "synced")
        seq = hall.cabinet.seq
        await hall.record(ev.DoorClosed(compartment=1))
    assert hall.cabinet.seq == seq + 1


async def test_a_round_closes_at_its_instant_and_not_before(hall: Any, running: Running) -> None:
    await hall.load(await hall.announce(1), closes_round=False)
    async with running(hall):
        hall.hand.pass_by(599_999)
        await hall.record(ev.DoorClosed(compartment=9))
        assert hall.cabinet.round is not None
        hall.hand.pass_by(1)
        await hall.record(ev.DoorClosed(compartment=9))
        await until(hall, lambda cabinet: cabinet.round is None)


async def test_a_reminder_is_put_on_record_once_and_not_again_after_a_restart(hall: Any, running: Running) -> None:
    await hall.load(await hall.announce(1))
    bundle = next(iter(hall.cabinet.bundles.values()))
    await hall.record(
        ev.CodeMinted(code="c1", bundle=bundle.bundle, recipient="k1", selector="111", holder="owner", cause="ready"),
        ev.NoticeQueued(
            notice="n1", template="READY", person="p-r1-1", bundle=bundle.bundle, code="c1", results=("r1",)
        ),
        ev.NoticeDelivered(notice="n1"),
    )
    hall.hand.pass_by(3 * 24 * 3_600_000)
    async with running(hall):
        await until(hall, lambda cabinet: [one.template for one in cabinet.notices.values()] == ["REMIND"])
    await hall.record(ev.NoticeDelivered(notice=hall.notice.notice))
    await hall.restart()
    async with running(hall):
        seq = hall.cabinet.seq
        await hall.record(ev.DoorClosed(compartment=9))
        await hall.record(ev.DoorClosed(compartment=9))
    assert hall.cabinet.seq == seq + 2


async def test_an_instant_is_met_although_nothing_else_happens(hall: Any, running: Running) -> None:
    await hall.load(await hall.announce(1), closes_round=False)
    hall.hand.pass_by(599_950)
    started = asyncio.get_running_loop().time()
    hall.clock = system_clock_after(hall, started)
    async with running(hall):
        await until(hall, lambda cabinet: cabinet.round is None)


def system_clock_after(hall: Any, started: float) -> Any:
    """The hall's clock, from now on turned by the loop's time."""
    steady_ms, loop = hall.hand.steady_ms, asyncio.get_running_loop()

    def now_ms() -> int:
        hall.hand.steady_ms = steady_ms + int((loop.time() - started) * 1000)
        return int(hall.hand.steady_ms)

    return type(hall.clock)(
        run_id=hall.clock.run_id,
        wall_ms=hall.clock.wall_ms,
        steady_ms=now_ms,
        trust=hall.clock.trust,
        started_ms=hall.clock.started_ms,
    )


async def test_what_time_makes_due_on_a_full_disk_is_recorded_when_there_is_room(
    tight_hall: Any, disk: Any, running: Running
) -> None:
    await tight_hall.load(await tight_hall.announce(1), closes_round=False)
    tight_hall.hand.pass_by(600_000)
    disk.is_full = True
    async with running(tight_hall):
        async with asyncio.timeout(5):
            while not tight_hall.journal.is_read_only:
                await tight_hall.journal.read(lambda _: None)
        assert tight_hall.cabinet.round is not None
        disk.is_full = False
        await until(tight_hall, lambda cabinet: cabinet.round is None)


async def test_in_front_of_a_clock_nobody_believes_the_state_says_so_from_the_start(hall: Any) -> None:
    hall.hand.trust, hall.hand.wall_ms = "unset", 1_000
    await hall.restart()
    assert hall.cabinet.clock == "unset"
