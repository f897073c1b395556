"""The whole cabinet as a pure model: boards and doors joined by the wires of the wiring file, stepped by given times.

Everything between two requests happens at its own moment and in order: a timer ends, a door springs, its switch moves,
a linked input drives a relay. `advance` may therefore be called as rarely as one likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from locker.config import Wiring
from simulator.boards import BOARD_TYPES, Board
from simulator.doors import Door, SensorFault
from simulator.other_boards import board_of

BOUNCING = SensorFault.BOUNCING
LONGEST_CHAIN = 64
"""A wire loop (a linked input driving its own door's lock) settles or is cut after this many rounds."""


@dataclass
class Counters:
    """What the lines have carried to one board."""

    requests: int = 0
    replies: int = 0


@dataclass
class Cabinet:
    """Boards by name, doors by compartment number. All times are monotonic seconds and never run backwards."""

    wiring: Wiring
    boards: dict[str, Board] = field(init=False)
    doors: dict[int, Door] = field(init=False)
    counters: dict[str, Counters] = field(init=False)
    lock_wires: dict[tuple[str, int], int] = field(init=False)
    """(board, coil) to the door whose lock hangs on it; a swapped pair is a fault of these wires alone."""
    at: float = 0.0
    changes: int = 0
    """Goes up with everything a viewer could see: relays, doors, contacts, hands, faults."""

    def __post_init__(self) -> None:
        self.boards = {entry.name: board_of(entry.unit_id, BOARD_TYPES[entry.profile]) for entry in self.wiring.board}
        self.counters = {name: Counters() for name in self.boards}
        self.doors = {entry.number: Door(entry.number, is_inverted=entry.inverted) for entry in self.wiring.compartment}
        self.lock_wires = {(entry.board, entry.coil): entry.number for entry in self.wiring.compartment}
        self._settle()

    def advance(self, at: float) -> None:
        """Lets everything due by `at` happen, each at its own time. A time before the last one counts as the last."""
        at = max(at, self.at)
        while (moment := self.next_change()) is not None and moment <= at:
            self._step(moment)
        self.at = at

    def next_change(self) -> float | None:
        """The next moment at which something moves by itself."""
        timers = [board.next_change() for board in self.boards.values() if board.timers]
        doors = [
            door.next_change(self.at)
            for door in self.doors.values()
            if door.bolt_free_at is not None or door.springs_at is not None or door.sensor_fault is BOUNCING
        ]
        return min((moment for moment in (*timers, *doors) if moment is not None and moment > self.at), default=None)

    def receive(self, bus: str, frame: bytes, at: float) -> bytes | None:
        """One RTU request to every board on `bus`; the reply as the line shows it, None for silence.

        Two boards with one unit id talk at once: their levels overlay and the CRC is lost.
        """
        self.advance(at)
        replies = []
        for entry in self.wiring.board:
            if entry.bus == bus:
                board = self.boards[entry.name]
                if not board.is_addressed(frame):
                    continue
                self.counters[entry.name].requests += 1
                reply = board.receive(frame, self.at)
                if reply is not None:
                    self.counters[entry.name].replies += 1
                    replies.append(reply)
        if self._follow_coils():
            self._settle()
        return _overlaid(replies) if replies else None

    def touch(self, number: int, act: Callable[[Door, float], object], at: float) -> object:
        """A hand (or a fault) at door `number` at `at`; wires follow at once. KeyError for an unknown door."""
        self.advance(at)
        result = act(self.doors[number], self.at)
        self.changes += 1
        self._step(self.at)
        return result

    def tamper(self, board: str, act: Callable[[Board, float], object], at: float) -> None:
        """Something done to a board itself at `at`; wires follow at once. KeyError for an unknown board."""
        self.advance(at)
        act(self.boards[board], self.at)
        self.changes += 1
        self._step(self.at)

    def swap_lock_wires(self, one: int, other: int, at: float) -> None:
        """Exchanges the lock wires of two doors; done again it mends them. KeyError for an unknown door."""
        self.advance(at)
        coils = {door: wire for wire, door in self.lock_wires.items()}
        first, second = coils[one], coils[other]
        self.lock_wires[first], self.lock_wires[second] = other, one
        for wire in (first, second):
            self._drive(self.lock_wires[wire], is_on=self.boards[wire[0]].coils[wire[1]], at=self.at)
        self.changes += 1
        self._settle()

    def swapped_with(self) -> Mapping[int, int]:
        """Door to the door whose lock wires it has."""
        return {
            entry.number: driven
            for entry in self.wiring.compartment
            if (driven := self.lock_wires[entry.board, entry.coil]) != entry.number
        }

    def _step(self, at: float) -> None:
        self.at = at
        for board in self.boards.values():
            board.advance(at)
        self._follow_coils()
        for door in self.doors.values():
            before = door.position
            door.advance(at)
            self.changes += door.position is not before
        self._settle()

    def _settle(self) -> None:
        for _ in range(LONGEST_CHAIN):
            moved = self._follow_coils()
            for entry in self.wiring.compartment:
                if entry.input is not None:
                    level = self.doors[entry.number].reads(self.at)
                    self.boards[entry.eye].set_input(entry.input, level, self.at)
                if entry.content_input is not None:
                    is_empty = not self.doors[entry.number].content
                    level = is_empty != entry.content_inverted
                    self.boards[entry.content_eye].set_input(entry.content_input, level, self.at)
            if not moved and not self._follow_coils():
                return

    def _follow_coils(self) -> bool:
        moved = False
        for name, board in self.boards.items():
            for move in board.take_moves():
                moved = True
                self.changes += 1
                driven = self.lock_wires.get((name, move.coil))
                if driven is not None:
                    self._drive(driven, is_on=move.is_on, at=move.at)
        return moved

    def _drive(self, number: int, *, is_on: bool, at: float) -> None:
        door = self.doors[number]
        if is_on:
            door.energise(at)
        else:
            door.release(at)


def _overlaid(replies: list[bytes]) -> bytes:
    shortest = min(len(reply) for reply in replies)
    line = bytearray(max(replies, key=len))
    for reply in replies:
        for index in range(shortest):
            line[index] &= reply[index]
    return bytes(line)
