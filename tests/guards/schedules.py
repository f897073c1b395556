"""A cabinet and its centre on one virtual clock, with a line between them that does whatever a seed says.

The real journal, sync and inbox on one side, the real app, store and pushes of the hub on the other. The line drops,
delays, duplicates and reorders, and cuts after the commit before the answer; both ends are killed; pushes go beside the
pull; the cabinet comes back on a restored copy, an old card, or a new computer with nothing. When it is over, the line
is good again, both sides come to rest, and everything is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Literal

import httpx
from sqlalchemy import Connection, select

from hub import cabinets, push, tables, wishes
from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet as Registered
from hub.chance import Chance, utc_text
from hub.push import Target
from hub.store import Store
from locker import events as ev
from locker import keeping, recovery, views, wire
from locker.centre import Address
from locker.inbox import Inbox
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.refusals import ContradictsEarlier, DoorStandsOpen, OutOfOrder, Starting
from locker.replay import cabinet_fold
from locker.sync import Sync
from simulator.twin.loop import JumpingLoop

CABINET = "hoa-mai-01"
KEY = "key-of-the-cabinet"
PROCEDURE = "1.004873"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBjZW50cmU="
START = datetime(2026, 10, 8, 7, 0, tzinfo=UTC)
STORY_S = 900.0
REST_S = 4_000.0
PARTINGS = 2
Return = Literal["same", "restored", "old card", "nothing"]
Fate = Literal["good", "drop", "cut", "twice", "late copy"]


@dataclass
class Tale:
    """What happened in one schedule, for whoever must understand a failure."""

    seed: int
    faults: Counter[str] = field(default_factory=Counter)
    returns: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    facts: int = 0
    wishes: int = 0


class BadLine(httpx.AsyncBaseTransport):
    """One direction of the line: to `far`, whatever that is now. `is_good` ends the faults."""

    def __init__(self, tale: Tale, rng: Random) -> None:
        self.far: httpx.AsyncBaseTransport | None = None
        self.is_good = False
        self._tale = tale
        self._rng = rng
        self._copies: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_good:
            return await self._give(request)
        fate: Fate = self._rng.choices(("good", "drop", "cut", "twice", "late copy"), (60, 15, 10, 8, 7))[0]
        self._tale.faults[fate] += 1
        await asyncio.sleep(self._rng.choice((0.0, 0.05, 0.4, 5.0)))
        if fate == "drop":
            raise httpx.ConnectError("dropped", request=request)
        if fate == "late copy":
            self._copies.add(copy := asyncio.create_task(self._later(request)))
            copy.add_done_callback(self._copies.discard)
            if self._rng.random() < 0.5:
                raise httpx.ReadTimeout("on its way", request=request)
        answer = await self._give(request)
        if fate == "twice":
            answer = await self._give(request)
        if fate == "cut":
            raise httpx.ReadError("cut before the answer", request=request)
        await asyncio.sleep(self._rng.choice((0.0, 0.05, 0.4, 5.0)))
        return answer

    async def _later(self, request: httpx.Request) -> None:
        """The same request once more, when others have gone by."""
        await asyncio.sleep(self._rng.uniform(1, 120))
        with contextlib.suppress(httpx.HTTPError):
            await self._give(request)

    async def _give(self, request: httpx.Request) -> httpx.Response:
        if self.far is None:
            raise httpx.ConnectError("nobody is there", request=request)
        far = self.far
        again = httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
        answer = await far.handle_async_request(again)
        if self.far is not far:
            raise httpx.ReadError("who should answer was killed", request=request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread(), request=request)

    async def end(self) -> None:
        for copy in list(self._copies):
            copy.cancel()
        await asyncio.gather(*self._copies, return_exceptions=True)


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
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def _draw(self) -> str:
        self.draws += 1
        return f"{self.draws:032x}"

    async def begin_again(self, rng: Random) -> None:
        """An empty database that knows one cabinet."""
        self.rng, self.draws = rng, 0
        await self.store.call(_empty)

    def close(self) -> None:
        self.store.close()


def _empty(connection: Connection) -> None:
    for table in reversed(tables.metadata.sorted_tables):
        if table is not tables.setting:
            connection.execute(table.delete())
    cabinets.register(connection, Registered(id=CABINET, key=KEY))


class Both:
    """Both ends of the line, and who kills them."""

    def __init__(self, directory: Path, hub: Hub, *, seed: int, parts: bool) -> None:
        self.rng = Random(seed)
        self.tale = Tale(seed)
        self.directory = directory
        self.hub = hub
        self.store = hub.store
        self.parts = parts
        self.expected: set[str] = set()
        """Results the cabinet should know when all wishes are carried out."""
        self.up, self.down = BadLine(self.tale, self.rng), BadLine(self.tale, self.rng)
        self.marks = 0
        self.runs = 0
        self.journal: Journal[Cabinet]
        self.recorded: dict[int, str] = {}
        """Each mark and the card it was recorded on."""
        self.card = "1"
        self.gone: set[int] = set()
        """Marks that nobody but a card that was taken out had on record."""
        self._running: list[asyncio.Task[None]] = []
        self._pushing: list[asyncio.Task[None]] = []
        self._up_since = 0.0

    @property
    def path(self) -> Path:
        return self.directory / "journal.sqlite3"

    def moment(self) -> ev.Moment:
        now_s = asyncio.get_running_loop().time()
        utc_ms = int(START.timestamp() * 1000) + int(now_s * 1000)
        return ev.Moment(utc_ms=utc_ms, uptime_ms=int((now_s - self._up_since) * 1000), run_id=f"r-{self.runs}")

    # --- ends that live and die

    async def start_cabinet(self) -> None:
        self.runs += 1
        self._up_since = asyncio.get_running_loop().time()
        self.journal = Journal.open_inline(
            self.path,
            cabinet_id=CABINET,
            fold=cabinet_fold(),
            clock=self.moment,
            release="t",
            views=views.VIEWS,
            executor=Inline(),
            reserve_mib=0,
        )
        await recovery.begin(self.journal, release="t")
        sync = Sync(
            journal=self.journal,
            inbox=Inbox(journal=self.journal, device_key=b"k" * 32, procedures=[PROCEDURE]),
            address=Address(url="http://centre", cabinet=CABINET, key=KEY),
            client=httpx.AsyncClient(transport=self.up),
            utc_ms=lambda: self.moment().utc_ms,
            chance=self.rng.random,
        )
        self.down.far = Pushed(sync, self.journal)
        self._running = [asyncio.create_task(sync.run())]

    async def stop_cabinet(self) -> None:
        self.down.far = None
        await _end(self._running)
        self.journal.close_inline(checkpoint=self.rng.random() < 0.5)

    async def start_hub(self) -> None:
        self.up.far = httpx.ASGITransport(self.hub.app)
        target = Target(cabinet=CABINET, url="http://cabinet", secret=SECRET)
        client = httpx.AsyncClient(transport=self.down)
        run = push.run(target, store=self.store, bell=self.hub.bell, client=client, chance=self.hub.chance)
        self._pushing = [asyncio.create_task(run)]

    async def stop_hub(self) -> None:
        """Whoever waits for an answer of it gets none."""
        self.up.far = None
        await _end(self._pushing)

    # --- what happens

    async def record(self) -> None:
        facts = []
        for _ in range(self.rng.choice((1, 1, 2, 5, 40))):
            self.marks += 1
            self.recorded[self.marks] = self.card
            facts.append(ev.DoorClosed(compartment=self.marks % 24 + 1, hand_over=f"m{self.marks}"))
        await self.journal.record(lambda *_: ev.Decision(events=tuple(facts)))

    async def wish(self) -> None:
        number = self.tale.wishes = self.tale.wishes + 1
        body: wire.AnnounceResult | wire.CancelResult
        if number > 2 and self.rng.random() < 0.4:
            result = f"res-{self.rng.randrange(1, number)}"
            self.expected.discard(result)
            body = wire.CancelResult(result_id=result, reason="a test")
        else:
            self.expected.add(f"res-{number}")
            body = wire.AnnounceResult.model_validate(
                {
                    "result_id": f"res-{number}",
                    "dossier_code": f"H29.190.5-261008-{number:04}",
                    "procedure_code": PROCEDURE,
                    "items": [{"item_id": "i1", "label": "Giấy khai sinh"}],
                    "recipient": {"key": "k1", "name": "Hoa", "phone": "+84912345678", "language": "vi"},
                    "state": 9,
                    "consent": True,
                    "fee": "none",
                    "deadline": "2030-12-31",
                }
            )
        stamp = wishes.Stamp(wish_id=f"w-{number}", now=utc_text(self.hub.now()))
        await self.store.call(wishes.issue, CABINET, body, stamp)
        self.hub.bell.ring(CABINET)

    async def restart_cabinet(self, how: Return) -> None:
        self.tale.returns.append(how)
        await self.stop_cabinet()
        await asyncio.sleep(self.rng.uniform(0, 60))
        copy = self.directory / "copy.sqlite3"
        if how == "restored" and copy.exists():
            keeping.restore(copy, self.directory, utc_ms=self.moment().utc_ms)
        elif how == "old card" and copy.exists():
            self._take_card_out()
            shutil.copy(copy, self.path)
        elif how == "nothing":
            self._take_card_out()
        if how != "same":
            self.gone |= set(self.recorded) - await self._marks_there()
            await self.up.end()  # what an old computer sent is not under way any more when a new one is put in
            self.card = str(int(self.card) + 1)
        await self.start_cabinet()

    def _take_card_out(self) -> None:
        for file in self.directory.glob("journal.sqlite3*"):
            file.unlink()

    async def back_up(self) -> None:
        copy = self.directory / "copy.sqlite3"
        copy.unlink(missing_ok=True)
        await self.journal.copy_to(copy)

    async def is_told(self) -> bool:
        """Whether the centre has all of the cabinet's line: a recount that is lost half-way needs its clerks."""
        row = await self.store.call(cabinets.lock, CABINET)
        here = self.journal.cabinet
        is_whole = here.recount is None or here.recount.is_replayed
        return bool(is_whole and row.acked_through == here.seq and row.epoch == here.epoch)

    async def restart_hub(self) -> None:
        await self.stop_hub()
        await asyncio.sleep(self.rng.uniform(0, 30))
        await self.start_hub()

    async def play(self) -> Tale:
        """One schedule, to its judgement."""
        await self.start_hub()
        await self.start_cabinet()
        loop = asyncio.get_running_loop()
        parted = 0
        while loop.time() < STORY_S:
            await asyncio.sleep(self.rng.expovariate(1 / 25))
            act = self.rng.choices(("record", "wish", "cabinet", "hub", "copy", "part"), (50, 30, 8, 6, 6, 4))[0]
            self.tale.faults[act] += 1
            if act == "record":
                await self.record()
            elif act == "wish":
                await self.wish()
            elif act == "cabinet":
                await self.restart_cabinet("same")
            elif act == "hub":
                await self.restart_hub()
            elif act == "copy":
                await self.back_up()
            elif self.parts and parted < PARTINGS and (parted == 0 or await self.is_told()):
                parted += 1
                await self.restart_cabinet(self.rng.choice(("restored", "old card", "nothing")))
        self.up.is_good = self.down.is_good = True
        await self._rest()
        await self.judge()
        await self.stop_cabinet()
        await self.stop_hub()
        await self.up.end()
        await self.down.end()
        return self.tale

    async def _rest(self) -> None:
        """Until both sides hold the same; every fact told, every wish answered."""
        began = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() - began < REST_S:
            await asyncio.sleep(30)
            row = await self.store.call(cabinets.lock, CABINET)
            own = await self.journal.envelopes(self.journal.cabinet.seq - 1, 1)
            if own[0].hash == row.head_hash and self.journal.cabinet.wish_seq == row.wish_head:
                return
        self.tale.wrong.append("the two sides did not come to rest")

    # --- counting

    async def judge(self) -> None:
        """Nothing lost, doubled or out of order, on either side."""
        there = await self._line_there()
        here = [one.hash for one in await self._line_here()]
        wrong = self.tale.wrong
        if here != [one["hash"] for one in there]:
            wrong.append("the centre's line is not the cabinet's")
        if [one["cab_seq"] for one in there] != list(range(1, len(there) + 1)):
            wrong.append("the line has a gap")
        told = _told(there)
        self._judge_marks([int(body["hand_over"][1:]) for kind, body in told if kind == "DoorClosed"])
        answers = [body["wish"] for _kind, body in told if "wish" in body]
        if Counter(answers) != Counter(range(1, self.tale.wishes + 1)):
            wrong.append(f"wishes answered {sorted(answers)} of {self.tale.wishes}")
        elif answers != sorted(answers):
            wrong.append(f"wishes out of order {answers}")
        if set(self.journal.cabinet.results) != self.expected:
            wrong.append(f"results are {sorted(self.journal.cabinet.results)}, not {sorted(self.expected)}")
        self.tale.facts = len(there)

    def _judge_marks(self, marks: list[int]) -> None:
        if (doubled := [mark for mark, times in Counter(marks).items() if times > 1]) != []:
            self.tale.wrong.append(f"facts doubled {doubled}")
        lost = set(self.recorded) - set(marks) - self.gone
        if lost:
            self.tale.wrong.append(f"facts lost {sorted(lost)}")
        for card in set(self.recorded.values()):
            own = [mark for mark in marks if self.recorded.get(mark) == card]
            if own != sorted(own):
                self.tale.wrong.append(f"facts of one card out of order {own}")

    async def _marks_there(self) -> set[int]:
        """Marks of all facts the centre has committed, on whichever line."""
        kept: list[str] = await self.store.call(
            lambda connection: [*connection.scalars(select(tables.fact.c.envelope))]
        )
        bodies = [body for text in kept for _kind, body in _told([json.loads(text)])]
        return {int(body["hand_over"][1:]) for body in bodies if "hand_over" in body}

    async def _line_here(self) -> list[wire.Envelope]:
        found: list[wire.Envelope] = []
        while page := await self.journal.envelopes(len(found), 500):
            found += page
        return found

    async def _line_there(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        async with httpx.AsyncClient(transport=self.up, headers={"authorization": f"Bearer {KEY}"}) as client:
            while True:
                answer = await client.get(f"http://centre/v1/cabinets/{CABINET}/events", params={"after": len(found)})
                page = answer.raise_for_status().json()["events"]
                if not page:
                    return found
                found += page


def _told(line: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Kind and body of every fact that counts. A merged one counts as what it brought, once in its recount."""
    found: list[tuple[str, dict[str, Any]]] = []
    forked_at, merged = -1, 0
    for fact in line:
        kind, body = fact["type"], fact["body"]
        if kind == "RecountStarted":
            merged = merged if body["forked_at"] == forked_at else 0
            forked_at = body["forked_at"]
        elif kind == "RecountFinished":
            forked_at, merged = -1, 0
        elif kind == "FactMerged" and (number := body.get("line_seq") or body["cab_seq"]) > merged:
            merged = number
            inner = json.loads(body["fact"])
            while inner["type"] == "FactMerged":
                inner = json.loads(inner["fact"])
            found.append((inner.pop("type"), inner))
        elif kind != "FactMerged":
            found.append((kind, body))
    return found


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, BaseException) and not isinstance(found, asyncio.CancelledError):
            raise found


def play(seed: int, directory: Path, hub: Hub, *, parts: bool) -> Tale:
    """One schedule on a fresh cabinet. `parts`: the cabinet comes back once on another copy of its journal."""
    place = directory / str(seed)
    place.mkdir(parents=True)
    loop = JumpingLoop()
    try:
        both = Both(place, hub, seed=seed, parts=parts)
        loop.run_until_complete(hub.begin_again(both.rng))
        return loop.run_until_complete(both.play())
    finally:
        loop.close()
        shutil.rmtree(place)
