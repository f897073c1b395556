"""The furniture in virtual time: the simulator's boards and doors, one line in memory, and a watch that sleeps while
nothing stirs.

A real watch reads its boards twenty times a second. Here two rounds of reads follow whatever moved, a start and a reply
that was spoilt, which is all that two equal reads need, and one the end of a pulse window; a quiet night costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from hw.errors import BusOffline
from hw.line import Lost, Received, Transport
from locker.config import Wiring
from simulator.boards import Board
from simulator.cabinet import Cabinet
from simulator.doors import Door, Position
from simulator.line_faults import ArmedFaults, Parts, altered, deliveries, is_executed

ROUNDS = 2
WINDOW_S = 1.2
"""Later than the end of a pulse window: 500 ms of pulse, 300 ms of grace, the time of a round."""
PROBE_S = 5.0
QUIET_S = 1800.0
CHARACTER_S = 10 / 9600
SILENCE_S = 3.5 * CHARACTER_S

PULSE_PAGE, WRITE_COIL, WRITE_COILS, ON = 0x0200, 0x05, 0x0F, 0xFF00


@dataclass(frozen=True, slots=True)
class Pulse:
    """A frame on the wire that energises a coil; `number` is the compartment of the wiring, 0 for none."""

    number: int
    is_timed: bool


@dataclass
class Steel:
    """Boards, doors and the line to them. `heard` is told of every pulse at the moment the boards execute it."""

    wiring: Wiring
    heard: Callable[[Pulse], None]
    model: Cabinet = field(init=False)
    faults: ArmedFaults = field(default_factory=ArmedFaults)
    mangle: Callable[[bytes, Parts], Parts] = lambda _, parts: parts
    """What the wire makes of a reply's parts, (seconds later, bytes), besides the faults."""
    is_plugged: bool = True
    is_swapped: bool = False
    is_all_online: Callable[[], bool] = lambda: True
    opened_at: dict[int, float] = field(default_factory=dict)
    """When each door last left its shut position."""
    _connection: MemoryTransport | None = None
    _rounds: int = ROUNDS
    """Rounds of reads that are still to follow what moved."""
    _shown: tuple[tuple[bool, ...], ...] = ()
    _is_energised: bool = False
    _late_at: float = 0.0
    _timer: asyncio.TimerHandle | None = None
    _pausing: asyncio.Future[None] | None = None
    _wakes: asyncio.TimerHandle | None = None

    def __post_init__(self) -> None:
        self.model = Cabinet(self.wiring)
        self._stirred = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._at = {
            (board.unit_id, entry.coil): entry.number
            for board in self.wiring.board
            for entry in self.wiring.compartments_of(board.name)
        }
        self._positions = {number: door.position for number, door in self.model.doors.items()}

    # --- hands and faults

    def touch(self, number: int, act: Callable[[Door, float], object]) -> None:
        """A hand or a fault at a door. Raises CannotReach."""
        self.model.touch(number, act, self._loop.time())
        self._follow()

    def tamper(self, board: str, act: Callable[[Board, float], object]) -> None:
        """Something done to a board."""
        self.model.tamper(board, act, self._loop.time())
        self._follow()

    def swap(self, one: int, other: int) -> None:
        """Exchange the lock wires of two doors; again mends them."""
        self.model.swap_lock_wires(one, other, self._loop.time())
        self.is_swapped = bool(self.model.swapped_with())
        self._follow()

    def unplug(self) -> None:
        """Pull the cable."""
        self.is_plugged = False
        self.hang_up(ConnectionError("unplugged"))
        self._rouse()

    def plug_in(self) -> None:
        """Put the cable back."""
        self.is_plugged = True
        self._follow()

    def hang_up(self, cause: Exception) -> None:
        """The host is gone from the line, or the line from the host; bytes on their way reach nobody."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.lose(cause)

    async def until_shut(self, number: int, *, is_shut: bool, within_s: float) -> bool:
        """Whether the leaf came to stand as wanted within so many seconds."""
        door = self.model.doors[number]
        try:
            async with asyncio.timeout(within_s):
                while (door.position is Position.CLOSED) != is_shut:
                    await self._stirred.wait()
        except TimeoutError:
            return False
        return True

    # --- the watch's pauses

    async def pause(self, seconds: float) -> None:
        """Between two rounds of the watch: short while things move, else until something stirs."""
        if self._rounds:
            self._rounds -= 1
            await asyncio.sleep(max(seconds, 0.05))
            return
        self._pausing = self._loop.create_future()
        self._wake_at(self._loop.time() + (QUIET_S if self.is_all_online() else PROBE_S))
        if self._late_at > self._loop.time():
            self._wake_at(self._late_at)
        try:
            await self._pausing
        finally:
            self._pausing = None
            if self._wakes is not None:
                self._wakes.cancel()
                self._wakes = None

    def _wake_at(self, moment: float) -> None:
        """End the pause then, unless it ends before."""
        if self._wakes is None or moment < self._wakes.when():
            if self._wakes is not None:
                self._wakes.cancel()
            self._wakes = self._loop.call_at(moment, self._wake)

    def _wake(self) -> None:
        if self._pausing is not None and not self._pausing.done():
            self._pausing.set_result(None)

    def _follow(self) -> None:
        """Note what moved, wake whoever watches, and be back when something moves by itself."""
        now = self._loop.time()
        for number, door in self.model.doors.items():
            if door.position is not self._positions[number]:
                if self._positions[number] is Position.CLOSED:
                    self.opened_at[number] = now
                self._positions[number] = door.position
        stirred, self._stirred = self._stirred, asyncio.Event()
        stirred.set()
        self._rouse()
        if self._timer is not None:
            self._timer.cancel()
        upcoming = self.model.next_change()
        self._timer = None if upcoming is None else self._loop.call_at(upcoming, self._move)

    def _rouse(self) -> None:
        """Wake the watch, if there is anything new to read; now, or at the end of the window of a pulse."""
        boards = self.model.boards.values()
        shown = tuple((board.has_power, *board.inputs) for board in boards)
        is_energised = any(any(board.coils) for board in boards)
        if is_energised and not self._is_energised:
            self._late_at = self._loop.time() + WINDOW_S
            if self._pausing is not None:
                self._wake_at(self._late_at)
        self._is_energised = is_energised
        if shown != self._shown or not self.is_plugged:
            self._shown = shown
            # A round that is under way may have read that board already.
            self._rounds = ROUNDS if self._pausing is None else ROUNDS - 1
            self._wake()

    def _move(self) -> None:
        self._timer = None
        self.model.advance(self._loop.time())
        self._follow()

    # --- the line: `hw.line.Line`

    framing: Literal["rtu", "tcp"] = "rtu"
    character_s: float = CHARACTER_S
    silence_s: float = SILENCE_S
    answer_within_s: float = 0.06

    async def connect(self, received: Received, lost: Lost) -> Transport:
        if not self.is_plugged:
            raise BusOffline("line A does not exist; plug the adapter in")
        self._connection, self._rounds = MemoryTransport(self, received, lost), ROUNDS
        return self._connection

    def execute(self, connection: MemoryTransport, frame: bytes) -> None:
        """One request has crossed the wire; its reply is back after its own characters."""
        now = self._loop.time()
        if (pulse := self._pulse_of(frame)) is not None:
            self.heard(pulse)
        fault = self.faults.take(frame)
        if fault is not None:
            self._rounds = ROUNDS
        before = self.model.changes
        reply = altered(fault, frame, self.model.receive("A", frame, now) if is_executed(fault) else None)
        if self.model.changes != before:
            self._follow()
        for after, part in self.mangle(frame, deliveries(fault, frame, b"" if reply is None else reply)):
            self._loop.call_later(after + len(part) * CHARACTER_S, connection.deliver, part)

    def _pulse_of(self, frame: bytes) -> Pulse | None:
        unit, function = frame[0], frame[1]
        address, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == WRITE_COIL and address & 0xFF00 == PULSE_PAGE and value:
            return Pulse(self._at.get((unit, address & 0xFF), 0), is_timed=True)
        if function == WRITE_COIL and value:
            return Pulse(self._at.get((unit, address), 0), is_timed=False)
        if function == WRITE_COILS and any(frame[7:-2]):
            return Pulse(0, is_timed=False)
        return None


class MemoryTransport:
    """One connection of the host to the line."""

    def __init__(self, steel: Steel, received: Received, lost: Lost) -> None:
        self._steel = steel
        self._received = received
        self._lost = lost
        self._is_open = True

    def write(self, data: bytes) -> None:
        """The request arrives when its characters have crossed the wire."""
        if self._is_open:
            loop = asyncio.get_running_loop()
            loop.call_later(len(data) * CHARACTER_S + SILENCE_S, partial(self._arrive, data))

    def _arrive(self, data: bytes) -> None:
        if self._is_open:
            self._steel.execute(self, data)

    def deliver(self, data: bytes) -> None:
        if self._is_open:
            self._received(data)

    def lose(self, cause: Exception) -> None:
        if self._is_open:
            self._is_open = False
            self._lost(cause)

    def close(self) -> None:
        self._is_open = False
