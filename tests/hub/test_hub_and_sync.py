"""Both sides of the wire: a real journal and its sync against a real centre, with the ways in which copies part."""

import asyncio
import contextlib
import itertools
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from locker import events as ev
from locker import recovery, views
from locker.centre import Address
from locker.inbox import Inbox
from locker.journal import Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from locker.sync import Sync

PROCEDURE = "1.004873"
Running = Callable[..., AbstractAsyncContextManager[Journal[Cabinet]]]


def ticking() -> Callable[[], ev.Moment]:
    ticks = itertools.count()

    def now() -> ev.Moment:
        tick = next(ticks)
        return ev.Moment(utc_ms=1_790_000_000_000 + tick, uptime_ms=tick, run_id="r-1")

    return now


@pytest.fixture
def running(centre: Any) -> Running:
    """Runs a cabinet on a journal file for a while."""

    @asynccontextmanager
    async def run(path: Path) -> AsyncIterator[Journal[Cabinet]]:
        journal = await Journal.open(
            path,
            cabinet_id="hoa-mai-01",
            fold=cabinet_fold(),
            clock=ticking(),
            release="0.1.0",
            views=views.VIEWS,
        )
        await recovery.begin(journal, release="0.1.0")
        sync = Sync(
            journal=journal,
            inbox=Inbox(journal=journal, device_key=b"k" * 32, procedures=[PROCEDURE]),
            address=Address(url=centre.url, cabinet="hoa-mai-01", key="key-of-the-first-cabinet", poll_s=5),
            client=centre.cabinet,
            utc_ms=lambda: 1_790_000_000_000,
            chance=lambda: 0.0,
        )
        task = asyncio.create_task(sync.run())
        try:
            yield journal
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await journal.close()

    return run


async def until_acked(centre: Any, journal: Journal[Cabinet]) -> dict[str, Any]:
    """Waits until the centre has every fact of the journal on its present line."""
    async with asyncio.timeout(30):
        while True:
            there: dict[str, Any] = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events")).json()
            own = await journal.envelopes(journal.cabinet.seq - 1, 1)
            if there["head_hash"] == own[0].hash:
                return there


async def record(journal: Journal[Cabinet], *facts: ev.Event) -> None:
    await journal.record(lambda *_: ev.Decision(events=facts))


async def test_a_wish_comes_down_and_its_fact_goes_up(centre: Any, running: Running, tmp_path: Path) -> None:
    await centre.announce(result_id="res-1")
    async with running(tmp_path / "journal.sqlite3") as journal:
        async with asyncio.timeout(30):
            while (await centre.result("res-1"))["stage"] != "queued":
                await journal.changed(0)
        there = await until_acked(centre, journal)
        assert [one["type"] for one in there["events"]] == ["RunStarted", "ResultQueued"]
        await centre.announce(result_id="res-2")
        await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "taken at the counter"})
        async with asyncio.timeout(30):
            while (await centre.result("res-1"))["stage"] != "cancelled":
                await journal.changed(0)
        assert (await centre.result("res-2"))["stage"] == "queued"


async def test_a_card_put_back_without_a_restore_loses_no_fact_of_either_line(
    centre: Any, running: Running, tmp_path: Path
) -> None:
    card, clone = tmp_path / "journal.sqlite3", tmp_path / "clone.sqlite3"
    async with running(card) as journal:
        await until_acked(centre, journal)
    shutil.copy(card, clone)
    async with running(card) as journal:
        await record(journal, ev.DoorClosed(compartment=3), ev.DoorClosed(compartment=4))
        await until_acked(centre, journal)
    async with running(clone) as journal:
        await record(journal, ev.DoorClosed(compartment=9))
        there = await until_acked(centre, journal)
        assert there["epoch"] == journal.cabinet.epoch == 2
        line = [one["type"] for one in there["events"]]
        merged = [one["body"]["fact"] for one in there["events"] if one["type"] == "FactMerged"]
    assert line[:2] == ["RunStarted", "RunStarted"]
    assert sum('"compartment":3' in fact or '"compartment":4' in fact for fact in merged) == 2
    left = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events", params={"epoch": 1})).json()["events"]
    assert [one["type"] for one in left] == ["RunStarted", "RunStarted", "DoorClosed", "DoorClosed"]


async def test_facts_that_two_computers_recorded_under_one_number_are_both_brought_back(
    centre: Any, running: Running, tmp_path: Path
) -> None:
    first, second, third = (tmp_path / f"{name}.sqlite3" for name in ("first", "second", "third"))
    async with running(first) as journal:
        await record(journal, ev.DoorClosed(compartment=1), ev.DoorClosed(compartment=2))
        await until_acked(centre, journal)
    async with running(second) as journal:
        await record(journal, ev.DoorClosed(compartment=3), ev.DoorClosed(compartment=4))
        await until_acked(centre, journal)
    async with running(third) as journal:
        there = await until_acked(centre, journal)
    merged = [one["body"] for one in there["events"] if one["type"] == "FactMerged"]
    closed = [body for body in merged if "DoorClosed" in body["fact"]]
    assert len({(body["epoch"], body["cab_seq"]) for body in closed}) < len(closed) == 4


async def test_a_cabinet_that_was_offline_for_long_drains_in_batches(
    centre: Any, running: Running, tmp_path: Path
) -> None:
    path = tmp_path / "journal.sqlite3"
    async with running(path) as journal:
        await record(journal, *(ev.DoorClosed(compartment=one % 24 + 1) for one in range(600)))
        there = await until_acked(centre, journal)
    assert there["acked_through"] == 601
