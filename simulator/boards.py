"""A relay board as a pure model, byte-exact at the level of one Modbus RTU frame.

Modelled after the Waveshare Modbus RTU Relay (D), <https://www.waveshare.com/wiki/Modbus_RTU_Relay_(D)>, and its kin,
which speak the same commands. `plain-coils-8` is a board of the Modbus Application Protocol V1.1b3 alone: coils
and inputs, no timer, no registers. Boards of other makes are in `simulator/other_boards.py`. Times are monotonic
seconds given by the caller; a coil's timer ends at its own time, whether or not anybody asks.

Where the vendor is silent the model takes the dangerous reading, so that a careless master is caught here: 0xFF00 sent
to a pulse address is a time of 6528 s, a second pulse restarts the timer, a pulse of 0 does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

BROADCAST = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

ON, OFF, TOGGLE = 0xFF00, 0x0000, 0x5500
PULSE_PAGE, INVERSE_PULSE_PAGE = 0x0200, 0x0400
ALL_COILS, ALL_COILS_TOGGLE = 0x00FF, 0x01FF
PULSE_UNIT_S = 0.1

LINKAGE_REGISTERS, UART_REGISTER, UNIT_ID_REGISTER, VERSION_REGISTER = 0x1000, 0x2000, 0x4000, 0x8000
NORMAL, LINKED, TOGGLED_BY_INPUT, EDGE_TRIGGERED = 0, 1, 2, 3


Make = Literal["waveshare", "plain", "eletechsup", "eletechsup-single", "kerong"]


@dataclass(frozen=True, kw_only=True)
class BoardType:
    """What a kind of board has: coils and inputs by count, its own pulse timer, the vendor's registers."""

    make: Make = "waveshare"

    coils: int
    inputs: int
    has_timer: bool
    has_registers: bool
    version: int = 0
    """Firmware version times 100, as register 0x8000 gives it."""


def _waveshare(coils: int, inputs: int) -> BoardType:
    return BoardType(coils=coils, inputs=inputs, has_timer=True, has_registers=True, version=0x012C)


def _other(make: Make, coils: int, inputs: int = 0) -> BoardType:
    return BoardType(make=make, coils=coils, inputs=inputs, has_timer=False, has_registers=False)


BOARD_TYPES = {
    "waveshare-relay-d": _waveshare(8, 8),
    "waveshare-io-8ch": _waveshare(8, 8),
    "waveshare-poe-eth-relay-b": _waveshare(8, 8),
    "waveshare-relay-8ch": _waveshare(8, 0),
    "waveshare-relay-16ch": _waveshare(16, 0),
    "waveshare-relay-32ch": _waveshare(32, 0),
    "eletechsup-r4d8a08": _other("eletechsup", 8),
    "eletechsup-r4d5e32": _other("eletechsup", 32),
    "eletechsup-r421a08": _other("eletechsup-single", 8),
    "eletechsup-n438b08": _other("eletechsup-single", 8),
    "kerong-kr-cu16": _other("kerong", 16, 32),
    "plain-coils-8": _other("plain", 8, 8),
}


@dataclass(frozen=True)
class CoilMoved:
    """A relay's contact closed (`is_on`) or opened at `at`."""

    coil: int
    is_on: bool
    at: float


class RefusedByBoard(Exception):
    """Ends a request with the Modbus exception `code` (Application Protocol V1.1b3, section 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Modbus exception {code:02X}")
        self.code = code


def _crc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_CRC_TABLE = _crc_table()


def crc16(body: bytes) -> bytes:
    """The two CRC bytes that end an RTU frame, low byte first (Modbus over Serial Line V1.02, 6.2.2)."""
    crc = 0xFFFF
    for byte in body:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


def framed(body: bytes) -> bytes:
    """`body` (unit id and PDU) with its CRC."""
    return body + crc16(body)


def is_intact(frame: bytes) -> bool:
    """True when an RTU frame has at least unit id, function and a CRC that fits."""
    return len(frame) >= 4 and crc16(frame[:-2]) == frame[-2:]  # noqa: PLR2004 - id, function, two CRC bytes


def request_length(start: bytes) -> int | None:
    """Bytes of the whole RTU request that begins with `start`; None while that cannot be told yet.

    An unknown function has no known length: 0, the frame ends by silence.
    """
    if len(start) < 2:  # noqa: PLR2004 - the function is the second byte
        return None
    if 1 <= start[1] <= 6:  # noqa: PLR2004 - functions 01 to 06 share one shape
        return 8
    if start[1] in (0x0F, 0x10):
        return None if len(start) < 7 else 9 + start[6]  # noqa: PLR2004 - the byte count is the seventh byte
    return 0


def _word(request: bytes, at: int) -> int:
    return int.from_bytes(request[at : at + 2], "big")


def _packed(bits: Sequence[bool]) -> bytes:
    count = (len(bits) + 7) // 8
    return sum(1 << i for i, bit in enumerate(bits) if bit).to_bytes(count, "little")


@dataclass
class Board:
    """One board on a bus: `receive` takes a request frame and gives the reply frame, or None for silence."""

    unit_id: int
    type: BoardType
    has_power: bool = True
    stuck_on: set[int] = field(default_factory=set)
    """Coils whose output stage has failed: they stay on, and read on, whatever is written."""
    coils: list[bool] = field(init=False)
    inputs: list[bool] = field(init=False)
    linkage: list[int] = field(init=False)
    uart: int = 1
    timers: dict[int, tuple[float, bool]] = field(default_factory=dict)
    """Coil to (moment its timer ends, state it then takes)."""
    _moved: list[CoilMoved] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.coils = [False] * self.type.coils
        self.inputs = [False] * self.type.inputs
        self.linkage = [NORMAL] * self.type.inputs

    def receive(self, frame: bytes, at: float) -> bytes | None:
        """Executes one RTU request at `at`.

        A foreign unit id, a bad CRC or a dead board gives silence, unit id 0 is executed silently.
        """
        self.advance(at)
        if not self.has_power or not self.is_addressed(frame) or not is_intact(frame):
            return None
        wanted = request_length(frame)
        if wanted not in (0, len(frame)):
            return None
        unit_id, function = frame[0], frame[1]
        try:
            answer = self._answer(function, frame[:-2], at)
        except RefusedByBoard as refused:
            answer = bytes((function | 0x80, refused.code))
        return None if unit_id == BROADCAST else framed(bytes((unit_id,)) + answer)

    def advance(self, at: float) -> None:
        """Ends every coil timer that is due by `at`."""
        if not self.timers:
            return
        for coil, (ends, state) in sorted(self.timers.items(), key=lambda item: item[1][0]):
            if ends <= at:
                del self.timers[coil]
                self._switch(coil, is_on=state, at=ends)

    def next_change(self) -> float | None:
        """When the next coil timer ends."""
        return min((ends for ends, _ in self.timers.values()), default=None)

    def set_input(self, number: int, value: bool, at: float) -> None:
        """The level at discrete input `number`; in a linkage mode this drives the relay of the same number."""
        before, self.inputs[number] = self.inputs[number], value
        if not self.has_power or before == value or number >= self.type.coils:
            return
        mode = self.linkage[number] if self.type.has_registers else NORMAL
        if mode == LINKED:
            self._set(number, is_on=value, at=at)
        elif mode == EDGE_TRIGGERED or (mode == TOGGLED_BY_INPUT and value):
            self._set(number, is_on=not self.coils[number], at=at)

    def set_power(self, *, has_power: bool, at: float) -> None:
        """Without power every relay drops and nobody answers; settings survive, coils and timers do not."""
        self.has_power = has_power
        if not has_power:
            self.timers.clear()
            for coil in range(self.type.coils):
                self._move(coil, is_on=False, at=at)
        else:
            for coil in self.stuck_on:
                self._move(coil, is_on=True, at=at)

    def set_stuck(self, coil: int, *, is_stuck: bool, at: float) -> None:
        """A failed output stage holds `coil` on; mended, the coil drops."""
        (self.stuck_on.add if is_stuck else self.stuck_on.discard)(coil)
        self._move(coil, is_on=is_stuck and self.has_power, at=at)

    def energise(self, coil: int, at: float) -> None:
        """A coil that goes on by itself (a fault): off again at the next command."""
        self._set(coil, is_on=True, at=at)

    def strays(self) -> list[int]:
        """Coils that are on with no timer to end them, on a board whose coils its timers end."""
        if not self.type.has_timer:
            return []
        held = self.stuck_on | self.timers.keys()
        return [
            coil for coil, is_on in enumerate(self.coils) if is_on and coil not in held and not self._is_linked(coil)
        ]

    def drop(self, coil: int, at: float) -> None:
        """A coil that went on by itself goes off again."""
        self._set(coil, is_on=False, at=at)

    def link(self, number: int, mode: int, at: float) -> None:
        """Somebody left a linkage mode in the board's memory."""
        self._store(LINKAGE_REGISTERS + number, mode, at)

    def mend(self, at: float) -> None:
        """A good board in its place: every coil off, output stages good, every linkage register 0."""
        self.stuck_on.clear()
        self.linkage = [NORMAL] * self.type.inputs
        self.set_power(has_power=False, at=at)
        self.set_power(has_power=True, at=at)

    def is_addressed(self, frame: bytes) -> bool:
        """Whether a request is for this board, or for all."""
        return bool(frame) and frame[0] in (self.unit_id, BROADCAST)

    def take_moves(self) -> tuple[CoilMoved, ...]:
        """What the relay contacts did since the last call, in order."""
        if not self._moved:
            return ()
        moves, self._moved = tuple(self._moved), []
        return moves

    # -- functions of the protocol

    def _answer(self, function: int, request: bytes, at: float) -> bytes:
        reads = function in (0x01, 0x02, 0x03)
        if reads and request[0] == BROADCAST:
            raise RefusedByBoard(ILLEGAL_FUNCTION)
        answers: dict[int, Callable[[bytes, float], bytes]] = {
            0x01: lambda frame, _: self._read_bits(frame, self.coils),
            0x02: lambda frame, _: self._read_bits(frame, self.inputs),
            0x05: self._write_coil,
            0x0F: self._write_coils,
        }
        if self.type.has_registers:
            answers |= {0x03: self._read_registers, 0x06: self._write_register, 0x10: self._write_registers}
        if function not in answers:
            raise RefusedByBoard(ILLEGAL_FUNCTION)
        return answers[function](request, at)

    def _read_bits(self, request: bytes, bits: list[bool]) -> bytes:
        start, count = _word(request, 2), _word(request, 4)
        if not 1 <= count <= 2000:  # noqa: PLR2004 - Application Protocol V1.1b3, 6.1
            raise RefusedByBoard(ILLEGAL_VALUE)
        if start + count > len(bits):
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        packed = _packed(bits[start : start + count])
        return bytes((request[1], len(packed))) + packed

    def _write_coil(self, request: bytes, at: float) -> bytes:
        address, value = _word(request, 2), _word(request, 4)
        page, coil = address & 0xFF00, address & 0x00FF
        if self.type.has_timer and page in (PULSE_PAGE, INVERSE_PULSE_PAGE):
            self._pulse(coil, value, ends_on=page == INVERSE_PULSE_PAGE, at=at)
            return request[1:]
        if value not in ((ON, OFF, TOGGLE) if self.type.has_timer else (ON, OFF)):
            raise RefusedByBoard(ILLEGAL_VALUE)
        if self.type.has_timer and (address == ALL_COILS or (address == ALL_COILS_TOGGLE and value == TOGGLE)):
            targets = range(self.type.coils)
        elif address < self.type.coils:
            targets = range(address, address + 1)
        else:
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        for target in targets:
            self._command(target, is_on=not self.coils[target] if value == TOGGLE else value == ON, at=at)
        return request[1:]

    def _pulse(self, coil: int, units: int, *, ends_on: bool, at: float) -> None:
        if coil >= self.type.coils:
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        if units and not self._is_linked(coil):
            self._set(coil, is_on=not ends_on, at=at)
            self.timers[coil] = (at + units * PULSE_UNIT_S, ends_on)

    def _write_coils(self, request: bytes, at: float) -> bytes:
        start, count, size = _word(request, 2), _word(request, 4), request[6]
        if not 1 <= count <= 0x07B0 or size != (count + 7) // 8:  # noqa: PLR2004 - V1.1b3, 6.11
            raise RefusedByBoard(ILLEGAL_VALUE)
        if start + count > self.type.coils:
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        bits = int.from_bytes(request[7 : 7 + size], "little")
        for offset in range(count):
            self._command(start + offset, is_on=bool(bits >> offset & 1), at=at)
        return request[1:6]

    def _read_registers(self, request: bytes, _at: float) -> bytes:
        start, count = _word(request, 2), _word(request, 4)
        if not 1 <= count <= 125:  # noqa: PLR2004 - V1.1b3, 6.3
            raise RefusedByBoard(ILLEGAL_VALUE)
        words = b"".join(self._register(start + n).to_bytes(2, "big") for n in range(count))
        return bytes((request[1], len(words))) + words

    def _register(self, address: int) -> int:
        if LINKAGE_REGISTERS <= address < LINKAGE_REGISTERS + self.type.inputs:
            return self.linkage[address - LINKAGE_REGISTERS]
        known = {
            UART_REGISTER: self.uart,
            UNIT_ID_REGISTER: self.unit_id,
            VERSION_REGISTER: self.type.version,
        }
        if address not in known:
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        return known[address]

    def _write_register(self, request: bytes, at: float) -> bytes:
        address, value = _word(request, 2), _word(request, 4)
        self._check_register(address, value)
        self._store(address, value, at)
        return request[1:]

    def _write_registers(self, request: bytes, at: float) -> bytes:
        start, count, size = _word(request, 2), _word(request, 4), request[6]
        if not 1 <= count <= 123 or size != 2 * count:  # noqa: PLR2004 - V1.1b3, 6.12
            raise RefusedByBoard(ILLEGAL_VALUE)
        values = [_word(request, 7 + 2 * n) for n in range(count)]
        for offset, value in enumerate(values):
            self._check_register(start + offset, value)
        for offset, value in enumerate(values):
            self._store(start + offset, value, at)
        return request[1:6]

    def _check_register(self, address: int, value: int) -> None:
        if LINKAGE_REGISTERS <= address < LINKAGE_REGISTERS + self.type.inputs:
            fits = value <= EDGE_TRIGGERED
        elif address == UART_REGISTER:
            fits = value >> 8 <= 2 and value & 0xFF <= 7  # noqa: PLR2004 - three parities, eight speeds
        elif address == UNIT_ID_REGISTER:
            fits = 1 <= value <= 255  # noqa: PLR2004 - the vendor's range
        else:
            raise RefusedByBoard(ILLEGAL_ADDRESS)
        if not fits:
            raise RefusedByBoard(ILLEGAL_VALUE)

    def _store(self, address: int, value: int, at: float) -> None:
        if address == UNIT_ID_REGISTER:
            self.unit_id = value
        elif address == UART_REGISTER:
            self.uart = value
        else:
            number = address - LINKAGE_REGISTERS
            self.linkage[number] = value
            if value == LINKED and number < self.type.coils:
                self._set(number, is_on=self.inputs[number], at=at)

    # -- relays

    def _command(self, coil: int, *, is_on: bool, at: float) -> None:
        if not self._is_linked(coil):
            self._set(coil, is_on=is_on, at=at)

    def _is_linked(self, coil: int) -> bool:
        return coil < len(self.linkage) and self.linkage[coil] == LINKED

    def _set(self, coil: int, *, is_on: bool, at: float) -> None:
        """A command or an input ends a running timer."""
        self.timers.pop(coil, None)
        self._switch(coil, is_on=is_on, at=at)

    def _switch(self, coil: int, *, is_on: bool, at: float) -> None:
        self._move(coil, is_on=is_on or coil in self.stuck_on, at=at)

    def _move(self, coil: int, *, is_on: bool, at: float) -> None:
        if self.coils[coil] != is_on:
            self.coils[coil] = is_on
            self._moved.append(CoilMoved(coil, is_on, at))
