"""Modbus requests of this product, the gate every frame must pass, and the search for the reply in received bytes.

CRC and framers come from pymodbus. Two things are our own. `write_coil` there knows only FF00 and 0000, which a
Waveshare board reads as a pulse of 1.8 hours, so writes go out with their 16 bits as they are. And its RTU framer
gives up on a stray byte before a reply and accepts any reply of the right function, so the search here starts at
every offset and compares unit id, function, size, and for writes address and value.

What a pulse is depends on the board (`PulseKind`):

- `waveshare-flash`: Waveshare wiki, protocol V2/V3: FC05 at 0x0200 + coil, value in units of 100 ms, switches on and
  off by the board's own timer; FC05 0x00FF/0000 switches all off.
- `eletechsup-delay`: Eletechsup R4xxx: FC06 at register coil + 1, 0x06NN is on for NN seconds by the board's own
  timer; 0x0200 switches it off, register 0 with 0x0800 all of them on the boards that know it.
- `host-timed`: any board of coils alone: FC05 FF00, and 0000 when the host says so; FC15 with zeros for all off.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU

from hw.errors import ForbiddenAddress

PulseKind = Literal["waveshare-flash", "eletechsup-delay", "host-timed", "kerong-unlock"]

READ_COILS, READ_INPUTS, READ_REGISTERS = 0x01, 0x02, 0x03
WRITE_COIL, WRITE_REGISTER, WRITE_COILS = 0x05, 0x06, 0x0F
EXCEPTION = 0x80
ON, OFF = 0xFF00, 0x0000
ALL_COILS = 0x00FF
PULSE_BASE = 0x0200
PULSE_UNIT_MS = 100
LONGEST_PULSE_UNITS = 30
DELAY, DELAY_UNIT_MS, LONGEST_DELAY_UNITS = 0x0600, 1000, 3
REGISTER_OFF, REGISTERS_OFF = 0x0200, 0x0800
MOST_COILS = 32
BROADCAST = 0
SHORTEST_FRAME, WRITE_FRAME, MBAP = 5, 8, 7

_decoder = DecodePDU(is_server=False)
_rtu = FramerRTU(_decoder)
_tcp = FramerSocket(_decoder)


@dataclass(frozen=True, slots=True)
class Request:
    """One frame's content: unit id and PDU bytes, and how long the PDU of a good reply is; 0: nobody answers."""

    unit_id: int
    payload: bytes
    reply_size: int

    @property
    def function(self) -> int:
        return self.payload[0]

    @property
    def is_write(self) -> bool:
        return self.function in (WRITE_COIL, WRITE_REGISTER, WRITE_COILS)

    @property
    def shape(self) -> tuple[int, int]:
        """What its reply is known by: function and size. Two requests of one shape have replies that look alike."""
        return self.function, self.reply_size

    @property
    def is_unanswered(self) -> bool:
        return self.reply_size == 0


def pulse(unit_id: int, coil: int, *, units: int) -> Request:
    """Waveshare: coil on, and off again by the board's timer after `units` of 100 ms. Raises ForbiddenAddress."""
    if not 0 <= coil < MOST_COILS or not 1 <= units <= LONGEST_PULSE_UNITS:
        raise ForbiddenAddress(
            f"coil {coil} for {units} x 100 ms is no pulse this driver sends; correct the wiring file"
        )
    return _write("waveshare-flash", unit_id, WRITE_COIL, PULSE_BASE + coil, units)


def all_off(unit_id: int) -> Request:
    """Waveshare: all coils of one board off; with unit id 0, of every board on the line, unanswered."""
    return _write("waveshare-flash", unit_id, WRITE_COIL, ALL_COILS, OFF)


def delayed(unit_id: int, coil: int, *, seconds: int) -> Request:
    """Eletechsup: coil on for whole seconds by the board's timer. Raises ForbiddenAddress."""
    if not 0 <= coil < MOST_COILS or not 1 <= seconds <= LONGEST_DELAY_UNITS:
        raise ForbiddenAddress(f"coil {coil} for {seconds} s is no pulse this driver sends; correct the wiring file")
    return _write("eletechsup-delay", unit_id, WRITE_REGISTER, coil + 1, DELAY | seconds)


def register_off(unit_id: int, coil: int) -> Request:
    """Eletechsup: one coil off. Raises ForbiddenAddress."""
    return _write("eletechsup-delay", unit_id, WRITE_REGISTER, coil + 1, REGISTER_OFF)


def registers_off(unit_id: int) -> Request:
    """Eletechsup: all coils of one board off."""
    return _write("eletechsup-delay", unit_id, WRITE_REGISTER, 0, REGISTERS_OFF)


def switch(unit_id: int, coil: int, *, on: bool) -> Request:
    """A plain coil on or off; a `Bus` sends "on" only together with its cut-off. Raises ForbiddenAddress."""
    return _write("host-timed", unit_id, WRITE_COIL, coil, ON if on else OFF)


def coils_off(unit_id: int, count: int) -> Request:
    """Plain coils 0 to count - 1 off, in one FC15."""
    zeros = bytes((count + 7) // 8)
    payload = struct.pack(">BHHB", WRITE_COILS, 0, count, len(zeros)) + zeros
    return _request(unit_id, payload, 5, "host-timed")


def read_coils(unit_id: int, count: int) -> Request:
    """FC01, coils 0 to count - 1."""
    return _request(unit_id, struct.pack(">BHH", READ_COILS, 0, count), 2 + (count + 7) // 8)


def read_inputs(unit_id: int, count: int) -> Request:
    """FC02, discrete inputs 0 to count - 1."""
    return _request(unit_id, struct.pack(">BHH", READ_INPUTS, 0, count), 2 + (count + 7) // 8)


def read_registers(unit_id: int, address: int, count: int) -> Request:
    """FC03, `count` holding registers from `address`."""
    return _request(unit_id, struct.pack(">BHH", READ_REGISTERS, address, count), 2 + 2 * count)


def bits_of(payload: bytes, count: int) -> tuple[bool, ...]:
    """The `count` bits of a reply to FC01 or FC02, the first one first."""
    word = int.from_bytes(payload[2:], "little")
    return tuple(bool(word >> number & 1) for number in range(count))


def words_of(payload: bytes) -> tuple[int, ...]:
    """The registers of a reply to FC03."""
    return struct.unpack(f">{(len(payload) - 2) // 2}H", payload[2:])


def _write(kind: PulseKind, unit_id: int, function: int, address: int, value: int) -> Request:
    if not 0 <= address <= 0xFFFF:  # noqa: PLR2004  (16 bits on the wire)
        raise ForbiddenAddress(f"address {address} is on no board; correct the wiring file")
    return _request(unit_id, struct.pack(">BHH", function, address, value), 0 if unit_id == BROADCAST else 5, kind)


def _request(unit_id: int, payload: bytes, reply_size: int, kind: PulseKind = "waveshare-flash") -> Request:
    refuse_forbidden(unit_id, payload, kind)
    return Request(unit_id, payload, reply_size)


def refuse_forbidden(unit_id: int, payload: bytes, kind: PulseKind = "waveshare-flash") -> None:
    """Raise ForbiddenAddress unless the frame is a read, a bounded pulse of one coil, or all coils off, as this kind
    of board takes it.

    A list of what is allowed, not of what is forbidden: toggles (5500), the inverse pulse (0x0400), "all on"
    (0x00FF), "all toggle" (0x01FF), every other register write and every unknown function are unreachable, and so is
    a plain "on" on a board that can time a pulse. Unit id 0 is for Waveshare's all-off.
    """
    function, rest = payload[0], payload[1:]
    if function in (READ_COILS, READ_INPUTS, READ_REGISTERS):
        is_allowed = unit_id != BROADCAST
    elif function in (WRITE_COIL, WRITE_REGISTER) and len(rest) == 4:  # noqa: PLR2004  (address and value)
        is_allowed = _is_allowed_write(unit_id, function, struct.unpack(">HH", rest), kind)
    else:
        zeros = rest[5:] if kind == "host-timed" and function == WRITE_COILS and unit_id != BROADCAST else b""
        is_allowed = bool(zeros) and not any(zeros)
    if not is_allowed:
        raise ForbiddenAddress(
            f"frame {payload.hex(' ')} for unit id {unit_id} is never sent; it could energise locks at will"
        )


def _is_allowed_write(unit_id: int, function: int, write: tuple[int, int], kind: PulseKind) -> bool:
    address, value = write
    if kind == "waveshare-flash" and function == WRITE_COIL:
        if address == ALL_COILS and value == OFF:
            return True
        is_pulse = PULSE_BASE <= address < PULSE_BASE + MOST_COILS and 1 <= value <= LONGEST_PULSE_UNITS
        return is_pulse and unit_id != BROADCAST
    if unit_id == BROADCAST:
        return False
    if kind == "eletechsup-delay" and function == WRITE_REGISTER:
        is_for_one = value == REGISTER_OFF or 1 <= value - DELAY <= LONGEST_DELAY_UNITS
        return (1 <= address <= MOST_COILS and is_for_one) or (address, value) == (0, REGISTERS_OFF)
    return kind == "host-timed" and function == WRITE_COIL and address < MOST_COILS and value in (ON, OFF)


def is_plain_on(payload: bytes) -> bool:
    """Whether this PDU switches a coil on without any timer of the board."""
    return payload[0] == WRITE_COIL and payload[3:] == ON.to_bytes(2, "big")


def off_for(on: Request) -> Request:
    """The "off" that ends a plain "on"."""
    return switch(on.unit_id, int.from_bytes(on.payload[1:3], "big"), on=False)


def rtu_frame(request: Request) -> bytes:
    """Unit id, PDU, CRC."""
    return _rtu.encode(request.payload, request.unit_id, 0)


def tcp_frame(request: Request, transaction: int) -> bytes:
    """MBAP header, PDU."""
    return _tcp.encode(request.payload, request.unit_id, transaction)


def answers(request: Request, payload: bytes) -> bool:
    """Whether this PDU answers the request: same function and size, a write's very bytes, or its exception."""
    if payload[0] == request.function | EXCEPTION:
        return len(payload) == 2  # noqa: PLR2004  (function and code)
    if request.is_write:
        return payload == request.payload[:5]
    return payload[0] == request.function and len(payload) == request.reply_size and payload[1] == len(payload) - 2


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search ended: the PDU that answers (None: not there yet), what came before it, other frames seen."""

    payload: bytes | None
    before: bytes
    mismatch: bool


def find_rtu_reply(received: bytes, request: Request) -> Found:
    """Search the reply at every offset: a stray byte, the echo of a read, or a late frame before it cost nothing."""
    mismatch = False
    at = 0
    while at + SHORTEST_FRAME <= len(received):
        size = _rtu_size(received, at, request)
        if size and at + size <= len(received) and _has_correct_crc(received[at : at + size]):
            payload = received[at + 1 : at + size - 2]
            if answers(request, payload):
                return Found(payload, received[:at], mismatch)
            mismatch = True
            at += size
        else:
            at += 1
    return Found(None, received, mismatch)


def _rtu_size(received: bytes, at: int, request: Request) -> int:
    if received[at] != request.unit_id:
        return 0
    function = received[at + 1]
    if function == request.function | EXCEPTION:
        return SHORTEST_FRAME
    if function != request.function:
        return 0
    return WRITE_FRAME if request.is_write else request.reply_size + 3


def is_whole_frame(received: bytes) -> bool:
    """Whether the bytes are exactly one frame with a correct CRC, whoever sent it."""
    return len(received) >= SHORTEST_FRAME and _has_correct_crc(received)


def _has_correct_crc(frame: bytes) -> bool:
    return FramerRTU.compute_CRC(frame[:-2]) == int.from_bytes(frame[-2:], "big")


def split_tcp(received: bytes) -> tuple[tuple[int, int, bytes] | None, bytes]:
    """The first whole message as (transaction, unit id, PDU), or None, and the bytes after it.

    Raises ValueError when the stream is not Modbus TCP or has lost its place.
    """
    if len(received) < MBAP:
        return None, received
    transaction, protocol, length, unit_id = struct.unpack(">HHHB", received[:MBAP])
    if protocol != 0 or not 3 <= length <= 254:  # noqa: PLR2004  (shortest PDU is an exception; 254 by the standard)
        raise ValueError("not Modbus TCP")
    end = MBAP - 1 + length
    if len(received) < end:
        return None, received
    return (transaction, unit_id, received[MBAP:end]), received[end:]
