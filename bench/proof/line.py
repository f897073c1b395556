"""The line between a cabinet and its centre, which does whatever a seed says, and who stands at its ends.

It drops, delays, doubles, lets a copy come late, and cuts after the commit before the answer. What goes over it is
noted in the tale, byte for byte, so that two runs of one seed can be compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Literal

import httpx
from sqlalchemy import Connection

from hub import cabinets, tables
from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet as Registered
from hub.chance import Chance
from hub.store import Store
from locker import wire
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import ContradictsEarlier, DoorStandsOpen, OutOfOrder, Starting
from locker.sync import Sync

CABINET = "hoa-mai-01"
KEY = "key-of-the-cabinet"
START = datetime(2026, 10, 8, 7, 0, tzinfo=UTC)
DELAYS_S = (0.0, 0.05, 0.4, 5.0)
LATEST_COPY_S = 120.0
Fate = Literal["good", "drop", "cut", "twice", "late copy"]
FATES: tuple[Fate, ...] = ("good", "drop", "cut", "twice", "late copy")
WEIGHTS = (60, 15, 10, 8, 7)


@dataclass
class Tale:
    """What happened in one schedule, for whoever must understand a failure."""

    seed: int
    met: Counter[str] = field(default_factory=Counter)
    """What the line and the killers did, and how the cabinet came back."""
    wrong: list[str] = field(default_factory=list)
    facts: int = 0
    wishes: int = 0
    lines: list[str] = field(default_factory=list)
    """The story: virtual seconds and what happened then."""
    _bytes: Any = field(default_factory=hashlib.sha256, repr=False)

    def note(self, text: str, *content: bytes) -> None:
        """One more thing that happened, now; what else belongs to it counts for the digest alone."""
        line = f"{asyncio.get_running_loop().time():9.3f} s  {text}"
        self.lines.append(line)
        for part in (line.encode(), *content):
            self._bytes.update(part)

    @property
    def digest(self) -> str:
        """Of everything that happened: equal for two runs of one seed."""
        return str(self._bytes.hexdigest())


class BadLine(httpx.AsyncBaseTransport):
    """One direction of the line: to `far`, whatever that is now. `is_good` ends the faults."""

    def __init__(self, name: str, tale: Tale, rng: Random) -> None:
        self.far: httpx.AsyncBaseTransport | None = None
        self.is_good = False
        self._name = name
        self._tale = tale
        self._rng = rng
        self._copies: dict[asyncio.Task[None], None] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_good:
            return await self._give(request, "good")
        fate = self._rng.choices(FATES, WEIGHTS)[0]
        self._tale.met[fate] += 1
        await asyncio.sleep(self._rng.choice(DELAYS_S))
        if fate == "drop":
            self._note(request, "drop")
            raise httpx.ConnectError("dropped", request=request)
        if fate == "late copy":
            copy = asyncio.create_task(self._later(request))
            self._copies[copy] = None
            copy.add_done_callback(self._copies.pop)
            if self._rng.random() < 0.5:
                self._note(request, "still on its way")
                raise httpx.ReadTimeout("on its way", request=request)
        answer = await self._give(request, fate)
        if fate == "twice":
            answer = await self._give(request, "once more")
        if fate == "cut":
            raise httpx.ReadError("cut before the answer", request=request)
        await asyncio.sleep(self._rng.choice(DELAYS_S))
        return answer

    async def _later(self, request: httpx.Request) -> None:
        """The same request once more, when others have gone by."""
        await asyncio.sleep(self._rng.uniform(1, LATEST_COPY_S))
        with contextlib.suppress(httpx.HTTPError):
            await self._give(request, "a late copy")

    async def _give(self, request: httpx.Request, how: str) -> httpx.Response:
        if self.far is None:
            self._note(request, f"{how}: nobody is there")
            raise httpx.ConnectError("nobody is there", request=request)
        far = self.far
        again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await far.handle_async_request(again)
        if self.far is not far:
            self._note(request, f"{how}: who should answer was killed")
            raise httpx.ReadError("who should answer was killed", request=request)
        content = await answer.aread()
        self._note(request, f"{how}: {answer.status_code}", request.content, content)
        return httpx.Response(answer.status_code, headers=answer.headers, content=content, request=request)

    def _note(self, request: httpx.Request, text: str, *content: bytes) -> None:
        self._tale.note(f"{self._name}: {request.method} {request.url.raw_path.decode()}  {text}", *content)

    async def end(self) -> None:
        """What is still under way never arrives."""
        copies = list(self._copies)
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


class Pushed(httpx.AsyncBaseTransport):
    """Where pushes arrive: the inbox of the cabinet that runs now, answered as its route answers."""

    def __init__(self, sync: Sync, journal: Journal[Cabinet]) -> None:
        self._sync = sync
        self._journal = journal

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        batch = wire.WishesOut.model_validate_json(request.content)
        try:
            await self._sync.take(batch.wishes)
        except OutOfOrder as gap:
            return _problem(409, "gap", expected=gap.expected)
        except (ContradictsEarlier, DoorStandsOpen):
            return _problem(409, "wrong-stage")
        except Starting:
            return _problem(503, "starting")
        return httpx.Response(200, json={"received_through": self._journal.cabinet.wish_seq})


def _problem(status: int, name: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"type": wire.problem_type(name), "title": name, "status": status, **more})


class Hub:
    """The centre's app and store in memory, made once for many schedules; clock and chance are those of the present."""

    def __init__(self) -> None:
        self.store = Store("sqlite://")
        self.bell = Bell()
        self.rng = Random(0)
        self.draws = 0
        self.chance = Chance(now=self.now, draw=self._draw, spread=lambda longest: self.rng.uniform(0, longest))
        self.app = create_app(store=self.store, bell=self.bell, chance=self.chance)

    def now(self) -> datetime:
        """The virtual time of the schedule that is played."""
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def _draw(self) -> str:
        self.draws += 1
        return f"{self.draws:032x}"

    async def begin_again(self, rng: Random) -> None:
        """An empty database that knows one cabinet."""
        self.rng, self.draws = rng, 0
        await self.store.call(_empty)

    def close(self) -> None:
        """Let the database go."""
        self.store.close()


def _empty(connection: Connection) -> None:
    for table in reversed(tables.metadata.sorted_tables):
        if table is not tables.setting:
            connection.execute(table.delete())
    cabinets.register(connection, Registered(id=CABINET, key=KEY))
