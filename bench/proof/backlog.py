"""Three days' facts over a bad line, on a virtual clock: what a 4G modem in a steel cabinet may have to bear.

The line: 300 ms there and back, 64 kbit/s each way, every twentieth packet sent once more, every twentieth exchange
cut before or after the centre's commit, and a TLS connection to be made anew after each cut.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

import httpx

from bench.proof import machine
from bench.proof.line import CABINET, KEY, Hub
from bench.proof.table import Proved
from hub import cabinets
from locker import events as ev
from locker import recovery, views
from locker.centre import Address
from locker.inbox import Inbox
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from locker.sync import Sync
from simulator.twin.loop import JumpingLoop

FACTS = 2000
ROUND_TRIP_S = 0.3
LOST = 0.05
BYTES_A_SECOND = 64_000 / 8
PACKET_BYTES = 1_400
HEADERS_BYTES = 400
HANDSHAKE_BYTES = 4_000
"""A chain of two certificates and the rest of TLS 1.3."""
WITHIN_S = 30.0


class SlowLine(httpx.AsyncBaseTransport):
    """Carries one request after the other upwards, answers beside them; keeps connections as a client's pool does."""

    def __init__(self, app: Any, rng: Random) -> None:
        self._far = httpx.ASGITransport(app)
        self._rng = rng
        self._upwards = asyncio.Lock()
        self._idle = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        content = await request.aread()
        if self._idle:
            self._idle -= 1
        else:
            await asyncio.sleep(2 * ROUND_TRIP_S)
            await self._carry(HANDSHAKE_BYTES)
        async with self._upwards:
            await self._carry(len(content) + HEADERS_BYTES)
        await asyncio.sleep(ROUND_TRIP_S / 2)
        if self._rng.random() < LOST / 2:
            raise httpx.ReadError("cut before it arrived", request=request)
        answer = await self._far.handle_async_request(request)
        found = await answer.aread()
        await self._carry(len(found) + HEADERS_BYTES)
        await asyncio.sleep(ROUND_TRIP_S / 2)
        if self._rng.random() < LOST / 2:
            raise httpx.ReadError("cut before the answer", request=request)
        self._idle += 1
        return httpx.Response(answer.status_code, headers=answer.headers, content=found, request=request)

    async def _carry(self, size: int) -> None:
        """So many bytes, and those of lost packets once more when they are missed."""
        lost = sum(self._rng.random() < LOST for _ in range(math.ceil(size / PACKET_BYTES)))
        again_s = lost * PACKET_BYTES / BYTES_A_SECOND + (ROUND_TRIP_S if lost else 0.0)
        await asyncio.sleep(size / BYTES_A_SECOND + again_s)


async def drain(path: Path, hub: Hub, *, facts: int, seed: int) -> float:
    """Virtual seconds until the centre has a backlog of so many facts."""
    rng = Random(seed)
    await hub.begin_again(rng)
    loop = asyncio.get_running_loop()
    journal = await _backlog(path, facts, rng)
    sync = Sync(
        journal=journal,
        inbox=Inbox(journal=journal, device_key=b"k" * 32, procedures=[]),
        address=Address(url="http://centre", cabinet=CABINET, key=KEY),
        client=httpx.AsyncClient(transport=SlowLine(hub.app, rng)),
        utc_ms=lambda: 0,
        chance=rng.random,
    )
    began = loop.time()
    running = asyncio.create_task(sync.run())
    while (await hub.store.call(cabinets.lock, CABINET)).acked_through < journal.cabinet.seq:  # noqa: ASYNC110  virtual time
        await asyncio.sleep(0.1)
    took = loop.time() - began
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    journal.close_inline()
    return took


async def _backlog(path: Path, count: int, rng: Random) -> Journal[Cabinet]:
    """Facts of doors that were opened and closed in three days, with ids that no compression foresees."""

    def moment() -> ev.Moment:
        return ev.Moment(utc_ms=1_790_000_000_000 + rng.randrange(3 * 86_400_000), uptime_ms=1, run_id="r-4f2a")

    settings: Any = {"cabinet_id": CABINET, "fold": cabinet_fold(), "release": "t", "views": views.VIEWS}
    journal: Journal[Cabinet] = Journal.open_inline(path, clock=moment, executor=Inline(), reserve_mib=0, **settings)
    await recovery.begin(journal, release="t")
    for number in range(count // 4):
        hand_over, compartment = rng.randbytes(12).hex(), number % 24 + 1
        grant = rng.randbytes(12).hex()
        facts = (
            ev.GrantIssued(
                grant=grant, compartment=compartment, purpose="collect", hand_over=hand_over, actor="citizen"
            ),
            ev.DoorOpened(compartment=compartment, grant=grant, hand_over=hand_over),
            ev.DoorClosed(compartment=compartment, hand_over=hand_over),
            ev.GrantLapsed(grant=grant, cause="expired"),
        )
        await journal.record(lambda *_, facts=facts: ev.Decision(events=facts))
    return journal


def run(path: Path, *, seed: int, facts: int = FACTS) -> float:
    """One backlog, by its own centre: `drain`."""
    loop, hub = JumpingLoop(), Hub()
    try:
        return loop.run_until_complete(drain(path, hub, facts=facts, seed=seed))
    finally:
        loop.close()
        hub.close()


def prove(*, wanted: int, seed: int) -> Proved:
    """The median of so many within the bar; one unlucky in its cuts may take twice as long."""
    began = time.perf_counter()
    machine.quiet()
    with tempfile.TemporaryDirectory(prefix="backlog-", dir=machine.memory()) as folder:
        took = [run(Path(folder) / f"{one}.sqlite3", seed=one) for one in range(seed, seed + wanted)]
    middle, longest = statistics.median(took), max(took)
    return Proved(
        what=f"a backlog of {FACTS:,} facts at 300 ms, 64 kbit/s, every 20th packet lost and every 20th exchange cut",
        bar=f"median at most {WITHIN_S:.0f} s, none above {2 * WITHIN_S:.0f} s",
        measured=f"median {middle:.1f} s, shortest {min(took):.1f} s, longest {longest:.1f} s of {wanted}",
        seeds=f"{seed}..{seed + wanted - 1}",
        holds=middle <= WITHIN_S and longest <= 2 * WITHIN_S,
        took_s=time.perf_counter() - began,
    )
