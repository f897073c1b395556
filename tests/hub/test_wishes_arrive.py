"""Wishes come down on two ways at once, pushed and pulled, in any order of things on a clock that jumps: none is lost.

The centre is the real app, the cabinet's side the real sync with inbox and journal; requests and answers between them
take random times, and some fail.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hub import cabinets, push
from hub.app import create_app
from hub.bell import Bell
from hub.chance import Chance
from hub.push import Target
from hub.store import Store
from locker import events as ev
from locker import recovery, views, wire
from locker.centre import Address
from locker.inbox import Inbox
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.refusals import OutOfOrder, Starting
from locker.replay import cabinet_fold
from locker.sync import Sync
from simulator.twin.loop import JumpingLoop

CABINET = "hoa-mai-01"
KEY = "key-of-the-first-cabinet"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROCEDURE = "1.004873"
BEGUN = datetime(2026, 10, 8, tzinfo=UTC)
WISHES = 6
Serve = Callable[[httpx.Request], Awaitable[httpx.Response]]


@dataclass
class Net(httpx.AsyncBaseTransport):
    """Carries requests to whoever serves them, taking its time; while `is_bad`, some fail before or behind the door."""

    serve: Serve
    draw: random.Random
    is_bad: bool = False
    slowest_s: float = field(default=0.05, kw_only=True)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        await self._cross(request)
        answer = await self.serve(request)
        body = await answer.aread()
        await self._cross(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=body)

    async def _cross(self, request: httpx.Request) -> None:
        await asyncio.sleep(self.draw.uniform(0, self.slowest_s))
        if self.is_bad and self.draw.random() < 0.4:
            raise httpx.ConnectError("the line was cut", request=request)


def _journal(folder: Path) -> Awaitable[Journal[Cabinet]]:
    time = asyncio.get_running_loop().time
    return Journal.open(
        folder / "journal.sqlite3",
        cabinet_id=CABINET,
        fold=cabinet_fold(),
        clock=lambda: ev.Moment(
            utc_ms=1_790_000_000_000 + int(time() * 1000), uptime_ms=int(time() * 1000), run_id="r"
        ),
        release="test",
        views=views.VIEWS,
        executor=Inline(),
        synchronous="NORMAL",
    )


async def _announce(staff: httpx.AsyncClient, number: int) -> None:
    asked = {
        "cabinet": CABINET,
        "result_id": f"res-{number}",
        "dossier_code": f"H29.190.5-261008-{number:04}",
        "procedure_code": PROCEDURE,
        "items": ["Giấy khai sinh (bản chính)"],
        "recipient": {"name": "Nguyễn Thị Hoa", "phone": "0901234567"},
        "consent": True,
        "fee": "none",
        "deadline": "2026-11-08",
    }
    (await staff.post("/v1/results", json=asked)).raise_for_status()


async def _tell(seed: int, folder: Path, store: Store) -> None:
    loop, draw = asyncio.get_running_loop(), random.Random(seed)
    bell = Bell()
    chance = Chance(
        now=lambda: BEGUN + timedelta(seconds=loop.time()),
        draw=lambda: f"{draw.getrandbits(128):032x}",
        spread=lambda longest: draw.uniform(0, longest),
    )
    app = create_app(store=store, bell=bell, chance=chance)
    centre = httpx.ASGITransport(app)
    up = Net(centre.handle_async_request, draw, is_bad=draw.random() < 0.5)
    journal = await _journal(folder)
    await recovery.begin(journal, release="test")
    async with (
        httpx.AsyncClient(transport=up) as line,
        httpx.AsyncClient(transport=centre, base_url="http://127.0.0.1") as staff,
    ):
        sync = Sync(
            journal=journal,
            inbox=Inbox(journal=journal, device_key=b"k" * 32, procedures=[PROCEDURE]),
            address=Address(url="http://centre", cabinet=CABINET, key=KEY),
            client=line,
            utc_ms=lambda: 1_790_000_000_000,
            chance=draw.random,
        )

        async def take(request: httpx.Request) -> httpx.Response:
            try:
                await sync.take(wire.WishesOut.model_validate_json(request.content).wishes)
            except Starting:
                return httpx.Response(503)
            except OutOfOrder as gap:
                problem = {"type": wire.problem_type("gap"), "title": "gap", "status": 409, "expected": gap.expected}
                return httpx.Response(409, json=problem)
            return httpx.Response(200, json={"received_through": journal.cabinet.wish_seq})

        down = Net(take, draw, is_bad=up.is_bad)
        async with httpx.AsyncClient(transport=down) as pusher:
            target = Target(cabinet=CABINET, url="http://cabinet", secret=SECRET)
            work = [asyncio.ensure_future(sync.run())]
            if draw.random() < 0.7:
                work.append(
                    asyncio.ensure_future(push.run(target, store=store, bell=bell, client=pusher, chance=chance))
                )
            try:
                for number in range(1, WISHES + 1):
                    await asyncio.sleep(draw.choice((0, 0.01, 0.05, 0.3, 2, 27)))
                    await _announce(staff, number)
                bad_until = loop.time()
                was_bad, up.is_bad, down.is_bad = up.is_bad, False, False
                while {one["stage"] for one in (await staff.get("/v1/results")).json()} != {"queued"}:
                    for one in work:
                        assert not one.done(), f"a worker ended: {one.exception()!r}"
                    await asyncio.sleep(0.05)
                # Without a fault a wish crosses the wire a few times; after faults first a pause ends, 300 s at most.
                assert loop.time() - bad_until < (301 if was_bad else 1)
            finally:
                for one in work:
                    one.cancel()
                await asyncio.gather(*work, return_exceptions=True)
                journal.close_inline(checkpoint=False)
                bell.close()


def _play(seed: int, folder: Path) -> None:
    folder.mkdir()
    store = Store("sqlite://")
    with contextlib.closing(store), asyncio.Runner(loop_factory=JumpingLoop) as runner:

        async def story() -> None:
            await store.call(cabinets.register, cabinets.Cabinet(id=CABINET, key=KEY))
            await _tell(seed, folder, store)

        runner.run(story())


@pytest.mark.parametrize("seed", range(2))
def test_every_wish_arrives_at_once_whatever_the_order_of_things(seed: int, tmp_path: Path) -> None:
    for number in range(seed * 6, seed * 6 + 6):
        _play(number, tmp_path / str(number))
