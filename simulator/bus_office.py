"""Journal, doors worker and boards on virtual time, with one person at the doors, and what must hold whatever the wire
does: for the fault matrix and the fuzz of the bus.

Judged by the steel's truth: no pulse without a live grant for that very lock (I3), no opening on record that did not
happen, nothing booked on a door cycle that did not happen (I7).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import apsw

from api.boards import assemble_boards
from hw import watch
from locker import events as ev
from locker import recovery, views
from locker.clock import Clock
from locker.config import Wiring
from locker.doors import Doors
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.replay import Views, cabinet_fold
from locker.rules import loading, pickup
from simulator.doors import CannotReach, Position
from simulator.twin.steel import Pulse, Steel

CLERK = loading.Actor(user="lan", role="clerk", is_present=True)
ROUND_S = 0.4
"""Between two rounds of reading; the real watch is faster, this is cheaper."""
PULLS_FOR_S = 14.0
LEAVES_OPEN_S = 2.0


def small_wiring() -> Wiring:
    """Two Relay (D), three compartments on the first, one on the second."""
    places = [(1, "A1", 0), (2, "A1", 1), (3, "A1", 2), (4, "A2", 0)]
    plain = {"lock": "solenoid", "row": 1, "height_cm": 100}
    return Wiring.model_validate(
        {
            "lock": [{"model": "solenoid"}],
            "bus": [{"name": "A", "port": "/nowhere"}],
            "board": [{"name": f"A{unit}", "bus": "A", "unit_id": unit} for unit in (1, 2)],
            "compartment": [
                {"number": number, "board": board, "coil": coil, "input": coil, "column": number, **plain}
                for number, board, coil in places
            ],
        }
    )


@dataclass
class Office:
    """`finds`: what must never be and was. `opens_falsely`: a door switch lies, so an opening proves nothing."""

    steel: Steel
    facts: list[ev.Event] = field(default_factory=list)
    finds: list[str] = field(default_factory=list)
    at_pulse: Callable[[Pulse], None] = lambda _: None
    opens_falsely: bool = False
    granted_at: dict[int, float] = field(default_factory=dict)
    journal: Journal[Cabinet] = field(init=False)
    doors: Doors = field(init=False)
    _results: int = 0

    # --- the judge

    def heard(self, pulse: Pulse) -> None:
        """The boards are about to energise a coil."""
        grant = self.journal.cabinet.grant_on(pulse.number)
        if grant is None or grant.is_opened or grant.run_id != self.journal.cabinet.run_id or not pulse.is_timed:
            self.finds.append(f"a pulse at {pulse.number} without a live grant: {grant}")
        self.at_pulse(pulse)

    def committed(self, recorded: Sequence[ev.Recorded]) -> None:
        """Facts that are being committed, held against the steel."""
        for one in recorded:
            self.facts.append(one.event)
            match one.event:
                case ev.GrantIssued(compartment=number):
                    self.granted_at[number] = asyncio.get_running_loop().time()
                case ev.DoorOpened(compartment=number, grant=grant, found=False) if grant:
                    self._check_opened(number)
                case ev.Loaded(compartment=number, evidence="door_cycle"):
                    self._check_cycle(number)
                case ev.Collected(compartment=number, evidence="door_cycle"):
                    self._check_cycle(number)

    def _check_opened(self, number: int) -> None:
        if self.steel.opened_at.get(number, -1.0) < self.granted_at[number] and not self.opens_falsely:
            self.finds.append(f"door {number} is on record as opened and was not")

    def _check_cycle(self, number: int) -> None:
        self._check_opened(number)
        if self.steel.model.doors[number].position is not Position.CLOSED and not self.opens_falsely:
            self.finds.append(f"door {number} was booked while it stood open")

    def told(self, *kinds: type[ev.EventBody]) -> bool:
        """Whether a fact of one of these kinds is on record."""
        return any(isinstance(fact, kinds) for fact in self.facts)

    # --- the people

    async def until(self, holds: Callable[[], bool], within_s: float) -> bool:
        """Whether it came to hold within so many seconds."""
        ends = asyncio.get_running_loop().time() + within_s
        while not holds() and asyncio.get_running_loop().time() < ends:  # noqa: ASYNC110 - virtual time costs little
            await asyncio.sleep(0.1)
        return holds()

    async def is_served(self) -> bool:
        """Wait for the boards."""
        return await self.until(lambda: len(self.doors.servable) == len(self.doors.readings), 30)

    async def announce(self) -> str:
        """A result for somebody new."""
        self._results += 1
        number = self._results
        queued = ev.ResultQueued(
            wish=number,
            result=f"r{number}",
            recipient=f"k{number}",
            person=f"p{number}",
            dossier=f"d{number}",
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
        """A clerk asks for a compartment; its number."""
        places = dict(self.steel.wiring.places)
        request = loading.Load(results=(result,), actor=CLERK, hand_over=f"h-{result}", grant=f"g-{result}")
        await self.journal.record(
            lambda cabinet, *_: loading.load(cabinet, request, places=places, servable=self.doors.servable)
        )
        return self.journal.cabinet.hand_overs[request.hand_over].compartment

    async def grant_collect(self, result: str, visit: str = "v1") -> None:
        """The owner's code is accepted."""
        cabinet = self.journal.cabinet
        bundle = cabinet.bundle_of(cabinet.hand_overs[f"h-{result}"].recipient)
        assert bundle is not None
        code = f"c-{result}"
        if not cabinet.codes_of(bundle.bundle):
            minted = ev.CodeMinted(
                code=code,
                bundle=bundle.bundle,
                recipient=bundle.recipient,
                selector=f"{100 + self._results}",
                holder="owner",
                cause="ready",
            )
            await self.journal.record(lambda *_: ev.Decision(events=(minted,)))
        proof = pickup.Proof(selector=f"{100 + self._results}", code=code)
        request = pickup.Submit(proof=proof, visit=visit, grant=f"g-{result}-{len(self.facts)}")
        places = dict(self.steel.wiring.places)
        await self.journal.record(
            lambda cabinet, _known, moment: pickup.submit(
                cabinet, request, places=places, servable=self.doors.servable, moment=moment
            )
        )

    async def attend(self, number: int, *, put: str = "") -> bool:
        """Pull until the door is open, put in or take out, push it shut; whether it ever opened."""
        ends = asyncio.get_running_loop().time() + PULLS_FOR_S
        while self.steel.model.doors[number].position is Position.CLOSED:
            if asyncio.get_running_loop().time() > ends:
                return False
            await asyncio.sleep(1)
            self.steel.touch(number, lambda door, at: door.pull(at))
        self.steel.touch(number, lambda door, at: door.pull(at))
        self.steel.touch(number, lambda door, at: door.put(put, at) if put else door.take(at))
        await asyncio.sleep(LEAVES_OPEN_S)
        for _ in range(3):
            with contextlib.suppress(CannotReach):
                self.steel.touch(number, lambda door, at: door.push(at))
            await asyncio.sleep(0.6)
        return True


@contextlib.asynccontextmanager
async def office_in(folder: Path) -> AsyncIterator[Office]:
    """A running office; its journal is a new file in `folder`."""
    loop = asyncio.get_running_loop()
    office = Office(Steel(small_wiring(), lambda _: None))
    office.steel.heard = office.heard

    def steady_ms() -> int:
        return int(loop.time() * 1000)

    clock = Clock(
        run_id="r-1",
        wall_ms=lambda: 1_790_000_000_000 + steady_ms(),
        steady_ms=steady_ms,
        trust=lambda: "synced",
        started_ms=0,
    )

    def overhear(connection: apsw.Connection, recorded: Sequence[ev.Recorded]) -> None:
        views.apply(connection, recorded)
        office.committed(recorded)

    office.journal = await Journal.open(
        folder / "journal.sqlite3",
        cabinet_id="t",
        fold=cabinet_fold(),
        clock=clock.moment,
        release="bus",
        views=Views(version=views.VERSION, create=views.create, apply=overhear),
        executor=Inline(),
        synchronous="NORMAL",
    )
    await recovery.begin(office.journal, release="bus")
    wiring = office.steel.wiring
    assembly = assemble_boards(wiring, lines={"A": office.steel}, clock=loop.time)

    async def pause(seconds: float) -> None:
        await asyncio.sleep(max(seconds, ROUND_S))

    office.doors = Doors(
        journal=office.journal,
        wiring=wiring,
        buses=assembly.buses,
        boards=assembly.boards,
        uptime_ms=clock.uptime_ms,
        watching=partial(watch.watch, clock=loop.time, pause=pause),
    )
    worker = asyncio.create_task(office.doors.run())
    try:
        yield office
        if worker.done():
            office.finds.append(f"the doors worker ended: {worker.exception()!r}")
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        office.journal.close_inline(checkpoint=False)
