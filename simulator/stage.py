"""The cabinet in real time: moves the model when something is due, serves its lines, tells viewers what changed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import TypeVar

from locker.config import Wiring
from simulator.boards import NORMAL, Board
from simulator.cabinet import Cabinet
from simulator.doors import Door, LockFault, SensorFault
from simulator.line import KERONG, MODBUS, CharacterTimes, Line
from simulator.phone import Phone
from simulator.plugs import CannotServe, Plug, plug_for
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn, MendIn, State, state_of

PHONE_EVERY_S = 0.25
T = TypeVar("T")


class Stage:
    """Owns the model's time. Everything here runs on one event loop."""

    def __init__(
        self,
        *,
        name: str,
        wiring: Wiring,
        phone: Phone,
        clock: Callable[[], float],
        real_time_baud: int | None = None,
        kiosk_url: str | None = None,
        is_training: bool = False,
    ) -> None:
        self.name = name
        self.is_training = is_training
        self.phone = phone
        self.kiosk_url = kiosk_url
        self.plugs: dict[str, Plug] = {}
        self.cabinet = Cabinet(wiring, at=clock())
        self.is_over = False
        self._clock = clock
        self._pace = CharacterTimes(real_time_baud) if real_time_baud else None
        self._changed = asyncio.Event()
        self._woken = asyncio.Event()

    @contextlib.asynccontextmanager
    async def served(self, addresses: Mapping[str, str]) -> AsyncIterator[None]:
        """Serves every bus at its address (see `plug_for`) while the block runs; nothing stays behind.

        Raises CannotServe.
        """
        buses = {bus.name for bus in self.cabinet.wiring.bus}
        if unknown := sorted(set(addresses) - buses):
            raise CannotServe(f"Line {unknown[0]} is no bus of this wiring; the buses are {', '.join(sorted(buses))}.")
        if missing := sorted(buses - set(addresses)):
            raise CannotServe(f"Bus {missing[0]} has no line; add --line {missing[0]}=PATH.")
        self.plugs = {name: plug_for(self._line(name), where) for name, where in sorted(addresses.items())}
        async with self.moving():
            try:
                for plug in self.plugs.values():
                    await plug.plug_in()
                yield
            finally:
                for plug in self.plugs.values():
                    plug.unplug()

    @contextlib.asynccontextmanager
    async def moving(self) -> AsyncIterator[None]:
        """Doors spring and coils fall when their time has come, and messages are read, while the block runs."""
        tasks = (asyncio.create_task(self._move()), asyncio.create_task(self._read_phone()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def state(self) -> State:
        """The whole stage now."""
        self.cabinet.advance(self._clock())
        return state_of(
            self.cabinet,
            name=self.name,
            is_training=self.is_training,
            kiosk_url=self.kiosk_url,
            plugs=tuple(self.plugs.values()),
            phone=self.phone.messages,
        )

    async def wait_for_change(self, timeout: float) -> None:  # noqa: ASYNC109 - a viewer's refresh, not a deadline
        """Returns at the next visible change, after `timeout` seconds, or when the stage is over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._changed.wait()

    def end(self) -> None:
        """Lets every viewer go."""
        self.is_over = True
        self._tell()

    def touch(self, number: int, act: Callable[[Door, float], T]) -> T:
        """A hand at a door. Raises KeyError (unknown door) and CannotReach."""
        result: list[T] = []
        self.cabinet.touch(number, lambda door, at: result.append(act(door, at)), self._clock())
        self._tell()
        return result[0]

    def break_door(self, number: int, fault: DoorFaultIn) -> None:
        """Breaks or mends a door, its lock, switch or wires. KeyError for an unknown door."""
        now = self._clock()
        if fault.kind == "swapped":
            if fault.other is None or fault.other not in self.cabinet.doors:
                raise KeyError(fault.other)
            self.cabinet.swap_lock_wires(number, fault.other, now)
        else:
            self.cabinet.touch(number, lambda door, _: _break(door, fault.kind), now)
            while fault.kind == "none" and (other := self.cabinet.swapped_with().get(number)) is not None:
                self.cabinet.swap_lock_wires(number, other, now)
        self._tell()

    def break_board(self, name: str, fault: BoardFaultIn) -> None:
        """Breaks or mends a board. KeyError for an unknown board, IndexError for a coil it has not."""

        def act(board: Board, at: float) -> None:
            if fault.coil >= board.type.coils:
                raise IndexError(fault.coil)
            if fault.kind == "dead":
                board.set_power(has_power=False, at=at)
            elif fault.kind == "stuck_coil":
                board.set_stuck(fault.coil, is_stuck=True, at=at)
            elif fault.kind == "stray_coil":
                board.energise(fault.coil, at)
            elif fault.kind == "linkage":
                board.link(fault.coil, fault.mode, at)
            else:
                board.mend(at)

        self.cabinet.tamper(name, act, self._clock())
        self._tell()

    async def break_line(self, name: str, fault: LineFaultIn) -> None:
        """Breaks or mends a line. Raises KeyError (unknown line) and CannotServe (its place is taken)."""
        plug = self.plugs[name]
        if fault.kind == "unplug":
            plug.unplug()
        elif fault.kind in ("none", "replug"):
            if fault.kind == "none":
                plug.line.faults.waiting.clear()
            await plug.plug_in()
        else:
            plug.line.faults.waiting.append(fault.as_fault())
        self._tell()

    async def mend(self, wanted: MendIn) -> None:
        """Takes one fault away and leaves the others; one that is gone already is fine.

        Raises KeyError (unknown place) and CannotServe (the line's place is taken).
        """
        if wanted.place == "line":
            plug = self.plugs[wanted.name]
            if wanted.kind == "unplug":
                await plug.plug_in()
            plug.line.faults.mend(wanted.kind)
        elif wanted.place == "board":
            self.cabinet.tamper(wanted.name, lambda board, at: _mend_board(board, wanted.kind, at), self._clock())
        else:
            self._mend_door(wanted.name, wanted.kind)
        self._tell()

    async def mend_all(self) -> None:
        """Every door, board and line as good as new; doors that stand open stay open. Raises CannotServe."""
        for number in self.cabinet.doors:
            self.break_door(number, DoorFaultIn(kind="none"))
        for name in self.cabinet.boards:
            self.break_board(name, BoardFaultIn(kind="none"))
        for name in self.plugs:
            await self.break_line(name, LineFaultIn(kind="none"))

    def _mend_door(self, name: str, kind: str) -> None:
        number = next((one for one in self.cabinet.doors if str(one) == name), None)
        if number is None:
            raise KeyError(name)
        other = self.cabinet.swapped_with().get(number)
        if kind == "swapped" and other is not None:
            self.cabinet.swap_lock_wires(number, other, self._clock())
        self.cabinet.touch(number, lambda door, _: _mend(door, kind), self._clock())

    def exchange(self, bus: str, frame: bytes) -> bytes | None:
        """What the boards on a bus answer to this frame now; None for nothing."""
        before = self.cabinet.changes
        reply = self.cabinet.receive(bus, frame, self._clock())
        self._woken.set()
        if self.cabinet.changes != before:
            self._tell()
        return reply

    def _line(self, bus: str) -> Line:
        entry = next(one for one in self.cabinet.wiring.bus if one.name == bus)
        return Line(bus, partial(self.exchange, bus), self._pace, KERONG if entry.speaks == "kerong" else MODBUS)

    def _tell(self) -> None:
        self._woken.set()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def _move(self) -> None:
        while True:
            before = self.cabinet.changes
            self.cabinet.advance(self._clock())
            if self.cabinet.changes != before:
                self._tell()
            self._woken.clear()
            upcoming = self.cabinet.next_change()
            wait = None if upcoming is None else max(0.0, upcoming - self._clock())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()

    async def _read_phone(self) -> None:
        while True:
            if self.phone.read():
                self._tell()
            await asyncio.sleep(PHONE_EVERY_S)


def _break(door: Door, kind: str) -> None:
    if kind == "none":
        door.sensor_fault = door.lock_fault = None
    elif kind in set(SensorFault):
        door.sensor_fault = SensorFault(kind)
    else:
        door.lock_fault = LockFault(kind)


def _mend(door: Door, kind: str) -> None:
    if door.sensor_fault == kind:
        door.sensor_fault = None
    if door.lock_fault == kind:
        door.lock_fault = None


def _mend_board(board: Board, kind: str, at: float) -> None:
    if kind == "dead":
        board.set_power(has_power=True, at=at)
    elif kind == "stuck_coil":
        for coil in tuple(board.stuck_on):
            board.set_stuck(coil, is_stuck=False, at=at)
    elif kind == "stray_coil":
        for coil in board.strays():
            board.drop(coil, at)
    elif kind == "linkage":
        for coil in range(len(board.linkage)):
            board.link(coil, NORMAL, at)
