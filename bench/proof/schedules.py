"""A cabinet and its centre on one virtual clock, with a line between them that does whatever a seed says.

The real journal, sync and inbox on one side, the real app, store and pushes of the hub on the other, `line` between
them. Both ends are killed; pushes go beside the pull; the cabinet comes back on a restored copy, an old card, or a new
computer with nothing. When it is over, the line is good again, both sides come to rest, and everything is counted. One
seed always gives one tale.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from random import Random
from typing import Any, Literal

import httpx
from sqlalchemy import select

from bench.proof import counted
from bench.proof.line import CABINET, KEY, START, BadLine, Hub, Pushed, Tale
from hub import cabinets, push, tables, wishes
from hub.chance import utc_text
from hub.push import Target
from locker import events as ev
from locker import keeping, recovery, views, wire
from locker.centre import Address
from locker.inbox import Inbox
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from locker.sync import Sync
from simulator.twin.loop import JumpingLoop

PROCEDURE = "1.004873"
SECRET = "whsec_" + "c2VjcmV0IG9mIHRoZSBjZW50cmU="
STORY_S = 500.0
GAP_S = 12.0
"""Between two acts, on average."""
REST_S = 4_000.0
LOOK_S = 30.0
PARTINGS = 2
ACTS = {"record": 50, "wish": 30, "cabinet": 8, "hub": 6, "copy": 6, "part": 4}
Return = Literal["same", "restored", "old card", "nothing"]


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
        self.up, self.down = BadLine("up", self.tale, self.rng), BadLine("down", self.tale, self.rng)
        self.runs = 0
        self.journal: Journal[Cabinet]
        self.marks = counted.Marks()
        self.card = "1"
        self._running: list[asyncio.Task[None]] = []
        self._pushing: list[asyncio.Task[None]] = []
        self._up_since = 0.0

    @property
    def path(self) -> Path:
        return self.directory / "journal.sqlite3"

    def moment(self) -> ev.Moment:
        """Virtual time as the cabinet's clocks show it."""
        now_s = asyncio.get_running_loop().time()
        utc_ms = int(START.timestamp() * 1000) + int(now_s * 1000)
        return ev.Moment(utc_ms=utc_ms, uptime_ms=int((now_s - self._up_since) * 1000), run_id=f"r-{self.runs}")

    # --- ends that live and die

    async def start_cabinet(self) -> None:
        """Whatever journal lies there is opened, and the cabinet speaks with its centre."""
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
        """It dies; what was under way towards it finds nobody."""
        self.down.far = None
        await _end(self._running)
        self.journal.close_inline(checkpoint=self.rng.random() < 0.5)

    async def start_hub(self) -> None:
        """The centre answers, and pushes."""
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
        """Some facts, each with a mark of its own."""
        facts = []
        for _ in range(self.rng.choice((1, 1, 2, 5, 40))):
            mark = len(self.marks.recorded) + 1
            self.marks.recorded[mark] = self.card
            facts.append(ev.DoorClosed(compartment=mark % 24 + 1, hand_over=f"m{mark}"))
        await self.journal.record(lambda *_: ev.Decision(events=tuple(facts)))
        self.tale.note(f"the cabinet records {len(facts)} facts, to {self.journal.cabinet.seq}")

    async def wish(self) -> None:
        """A result more, or one of those announced is taken back."""
        number = self.tale.wishes = self.tale.wishes + 1
        body: wire.AnnounceResult | wire.CancelResult
        if number > 2 and self.rng.random() < 0.4:
            result = f"res-{self.rng.randrange(1, number)}"
            self.expected.discard(result)
            body = wire.CancelResult(result_id=result, reason="a test")
        else:
            result = f"res-{number}"
            self.expected.add(result)
            body = _announced(result, number)
        stamp = wishes.Stamp(wish_id=f"w-{number}", now=utc_text(self.hub.now()))
        await self.store.call(wishes.issue, CABINET, body, stamp)
        self.tale.note(f"the centre wishes {number}: {type(body).__name__} {result}")
        self.hub.bell.ring(CABINET)

    async def restart_cabinet(self, how: Return) -> None:
        """The power goes, and comes back to this journal or to another one."""
        self.tale.met[how] += 1
        self.tale.note(f"the cabinet dies at fact {self.journal.cabinet.seq}, to come back: {how}")
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
            self.marks.gone |= set(self.marks.recorded) - await self._marks_there()
            await self.up.end()  # what an old computer sent is not under way any more when a new one is put in
            self.card = str(int(self.card) + 1)
        await self.start_cabinet()
        self.tale.note(f"the cabinet is back at fact {self.journal.cabinet.seq}")

    def _take_card_out(self) -> None:
        for file in self.directory.glob("journal.sqlite3*"):
            file.unlink()

    async def back_up(self) -> None:
        """A copy of the journal, for a later return."""
        copy = self.directory / "copy.sqlite3"
        copy.unlink(missing_ok=True)
        await self.journal.copy_to(copy)
        self.tale.note(f"a copy is made at fact {self.journal.cabinet.seq}")

    async def is_told(self) -> bool:
        """Whether the centre has all of the cabinet's line: a recount that is lost half-way needs its clerks."""
        row = await self.store.call(cabinets.lock, CABINET)
        here = self.journal.cabinet
        is_whole = here.recount is None or here.recount.is_replayed
        return bool(is_whole and row.acked_through == here.seq and row.epoch == here.epoch)

    async def restart_hub(self) -> None:
        """The centre dies and comes back on its database."""
        self.tale.note("the centre dies")
        await self.stop_hub()
        await asyncio.sleep(self.rng.uniform(0, 30))
        await self.start_hub()
        self.tale.note("the centre is back")

    async def play(self) -> Tale:
        """One schedule, to its judgement."""
        await self.start_hub()
        await self.start_cabinet()
        loop = asyncio.get_running_loop()
        parted = 0
        while loop.time() < STORY_S:
            await asyncio.sleep(self.rng.expovariate(1 / GAP_S))
            act = self.rng.choices(tuple(ACTS), tuple(ACTS.values()))[0]
            self.tale.met[act] += 1
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
        self.tale.note("the line is good from now on")
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
            await asyncio.sleep(LOOK_S)
            row = await self.store.call(cabinets.lock, CABINET)
            own = await self.journal.envelopes(self.journal.cabinet.seq - 1, 1)
            if own[0].hash == row.head_hash and self.journal.cabinet.wish_seq == row.wish_head:
                self.tale.note(f"both sides are at rest at fact {row.acked_through}, {row.head_hash}")
                return
        self.tale.wrong.append("the two sides did not come to rest")

    # --- counting

    async def judge(self) -> None:
        """Nothing lost, doubled or out of order, on either side."""
        there = await self._line_there()
        here = [one.hash for one in await self._line_here()]
        self.tale.wrong += counted.judge(here=here, there=there, marks=self.marks, wishes=self.tale.wishes)
        if set(self.journal.cabinet.results) != self.expected:
            found = sorted(self.journal.cabinet.results)
            self.tale.wrong.append(f"results are {found}, not {sorted(self.expected)}")
        self.tale.facts = len(there)

    async def _marks_there(self) -> set[int]:
        """Marks of all facts the centre has committed, on whichever line."""
        kept: list[str] = await self.store.call(
            lambda connection: [*connection.scalars(select(tables.fact.c.envelope))]
        )
        return counted.marks_in(kept)

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


def _announced(result: str, number: int) -> wire.AnnounceResult:
    return wire.AnnounceResult.model_validate(
        {
            "result_id": result,
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


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(found, BaseException) and not isinstance(found, asyncio.CancelledError):
            raise found


def play(seed: int, directory: Path, hub: Hub) -> Tale:
    """One schedule on a fresh cabinet. Every second seed's cabinet comes back on other copies of its journal."""
    place = directory / str(seed)
    place.mkdir(parents=True)
    loop = JumpingLoop()
    try:
        both = Both(place, hub, seed=seed, parts=seed % 2 == 1)
        loop.run_until_complete(hub.begin_again(both.rng))
        return loop.run_until_complete(both.play())
    finally:
        loop.close()
        shutil.rmtree(place)
