"""A cabinet's steel as the simulator's model, the real journal and doors worker before it, on a clock that jumps.

The tests that use it have `LOOP = JumpingLoop`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from api.boards import assemble_boards
from hw import watch
from hw.board import Board
from locker import events as ev
from locker import recovery
from locker.clock import Clock
from locker.config import Wiring
from locker.config_file import load_wiring
from locker.doors import Doors
from locker.journal import Inline, Journal
from locker.model import Cabinet, Place
from locker.replay import cabinet_fold
from locker.rules import loading, pickup
from locker.rules.doors import merged
from simulator.memory import MemoryLine
from simulator.phone import Phone
from simulator.stage import Stage

WIRING = Path(__file__).parents[2] / "simulator" / "cabinet-24.toml"
CLERK = loading.Actor(user="lan", role="clerk", is_present=True)


@dataclass
class Desk:
    """One cabinet: journal, worker and steel, and the line between them."""

    journal: Journal[Cabinet]
    doors: Doors
    stage: Stage
    line: MemoryLine
    clock: Clock
    places: dict[int, Place]
    boards: Mapping[str, Board]

    async def until(self, holds: Callable[[Cabinet], bool], within_s: float = 20) -> Cabinet:
        """The state as soon as it holds."""
        cabinet = self.journal.cabinet
        async with asyncio.timeout(within_s):
            while not holds(cabinet):
                cabinet = await self.journal.changed(cabinet.seq)
        return cabinet

    async def until_served(self, number: int) -> None:
        """Wait until the door of this compartment has been read and its board serves."""
        async with asyncio.timeout(10):
            while number not in self.doors.servable or self.doors.readings[number] == "unknown":
                await self.doors.changed()

    async def shut(self, number: int, *, put: str = "", take: bool = False) -> None:
        """A hand at an open door: pull it wide, put or take, wait for the bolt to be ready, push it shut."""
        self.stage.touch(number, lambda door, at: door.pull(at))
        if put:
            self.stage.touch(number, lambda door, at: door.put(put, at))
        if take:
            self.stage.touch(number, lambda door, at: door.take(at))
        async with asyncio.timeout(5):
            while self.stage.cabinet.doors[number].is_energised:
                await self.stage.wait_for_change(1)
        self.stage.touch(number, lambda door, at: door.push(at))

    async def announce(self, number: int, recipient: str = "k1") -> str:
        queued = ev.ResultQueued(
            wish=number,
            result=f"r{number}",
            recipient=recipient,
            person=f"p-{number}",
            dossier=f"d-{number}",
            items=(ev.Item(item="i"),),
            size="S",
            reach="any",
            language="vi",
            deadline="2030-12-31",
            state=9,
            consent=True,
            fee="none",
        )
        await self.journal.record(lambda *_: ev.Decision(events=(queued,)))
        return queued.result

    async def grant_load(self, result: str) -> int:
        request = loading.Load(results=(result,), actor=CLERK, hand_over=f"h-{result}", grant=f"g-{result}")
        await self.journal.record(
            lambda cabinet, *_: loading.load(cabinet, request, places=self.places, servable=self.doors.servable)
        )
        return self.journal.cabinet.hand_overs[request.hand_over].compartment

    async def load(self, result: str) -> int:
        number = await self.grant_load(result)
        await self.until(lambda cabinet: cabinet.compartment(number).is_open)
        await self.shut(number, put="envelope")
        await self.until(lambda cabinet: cabinet.hand_overs[f"h-{result}"].stage == "loaded")
        return number

    async def grant_collect(self, hand_over: str, visit: str = "v1", *, then: tuple[ev.Event, ...] = ()) -> None:
        """Accept the code of the hand-over's bundle, as a right proof would; in one commit with what comes `then`."""
        cabinet = self.journal.cabinet
        bundle = cabinet.bundle_of(cabinet.hand_overs[hand_over].recipient)
        assert bundle is not None
        if not cabinet.codes_of(bundle.bundle):
            minted = ev.CodeMinted(
                code=f"c-{bundle.bundle}",
                bundle=bundle.bundle,
                recipient=bundle.recipient,
                selector=f"{100 + len(cabinet.codes)}",
                holder="owner",
                cause="ready",
            )
            await self.journal.record(lambda *_: ev.Decision(events=(minted,)))
        code = self.journal.cabinet.codes_of(bundle.bundle)[0].code
        selector = self.journal.cabinet.bundles[bundle.bundle].selector
        request = pickup.Submit(
            proof=pickup.Proof(selector=selector, code=code), visit=visit, grant=f"g-{os.urandom(4).hex()}"
        )
        await self.journal.record(
            lambda cabinet, _known, moment: merged(
                pickup.submit(cabinet, request, places=self.places, servable=self.doors.servable, moment=moment),
                ev.Decision(events=then),
            )
        )


@contextlib.asynccontextmanager
async def running(
    tmp_path: Path, stage: Stage, wiring: Wiring, *, is_on_trial: bool = False, **settings: Any
) -> AsyncIterator[Desk]:
    """The controller's part, for one run; leaving it cuts it off without a goodbye to the journal."""
    time = asyncio.get_running_loop().time
    clock = Clock(
        run_id=f"r-{os.urandom(4).hex()}",
        wall_ms=lambda: 1_790_000_000_000 + int(time() * 1000),
        steady_ms=lambda: int(time() * 1000),
        trust=lambda: "synced",
        started_ms=int(time() * 1000),
    )
    journal: Journal[Cabinet] = await Journal.open(
        tmp_path / "journal.sqlite3",
        cabinet_id="t",
        fold=cabinet_fold(),
        clock=clock.moment,
        release="test",
        executor=Inline(),
        **settings,
    )
    await recovery.begin(journal, release="test")
    bus = wiring.bus[0].name
    line = MemoryLine(lambda frame, _at: stage.exchange(bus, frame))
    assembly = assemble_boards(wiring, lines={bus: line}, clock=time)
    doors = Doors(
        journal=journal,
        wiring=wiring,
        buses=assembly.buses,
        boards=assembly.boards,
        uptime_ms=clock.uptime_ms,
        watching=partial(watch.watch, clock=time),
        pause_s=0.05,
        is_on_trial=is_on_trial,
    )
    worker = asyncio.create_task(doors.run())
    try:
        yield Desk(journal, doors, stage, line, clock, dict(wiring.places), assembly.boards)
    finally:
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker
        journal.close_inline(checkpoint=False)


@pytest.fixture
async def steel() -> AsyncIterator[tuple[Stage, Wiring]]:
    wiring = load_wiring(WIRING)
    stage = Stage(name="t", wiring=wiring, phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving():
        yield stage, wiring


@pytest.fixture
async def desk(tmp_path: Path, steel: tuple[Stage, Wiring]) -> AsyncIterator[Desk]:
    stage, wiring = steel
    async with running(tmp_path, stage, wiring) as one:
        yield one
