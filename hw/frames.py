"""Modbus requests of this product, the gate every frame must pass, and the search for the reply in received bytes.

PDUs and CRC come from pymodbus. Two things are our own. `write_coil` there knows only FF00 and 0000, which a
Waveshare board reads as a pulse of 1.8 hours, so the timed pulse has its own PDU. And its RTU framer gives up on a
stray byte before a reply and accepts any reply of the right function, so the search here starts at every offset and
compares unit id, function, size, and for writes address and value.

Command set: Waveshare "Modbus RTU Relay (D)" wiki, protocol V2/V3: FC05 at 0x0200 + coil, value in units of 100 ms,
switches on and off by the board's own timer; FC05 0x00FF/0000 switches all off.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU, ReadCoilsRequest, ReadHoldingRegistersRequest
from pymodbus.pdu.bit_message import ReadDiscreteInputsRequest, WriteSingleCoilRequest, WriteSingleCoilResponse

from hw.errors import ForbiddenAddress

READ_COILS, READ_INPUTS, READ_REGISTERS, WRITE_COIL = 0x01, 0x02, 0x03, 0x05
EXCEPTION = 0x80
ALL_COILS = 0x00FF
PULSE_BASE = 0x0200
PULSE_UNIT_MS = 100
LONGEST_PULSE_UNITS = 30
MOST_COILS = 32
BROADCAST = 0
SHORTEST_FRAME, WRITE_FRAME, MBAP = 5, 8, 7


class RawCoilRequest(WriteSingleCoilRequest):
    """FC05 whose value goes out as it is, not as FF00 or 0000."""

    def __init__(self, unit_id: int, address: int, value: int) -> None:
        super().__init__(dev_id=unit_id, address=address, bits=[bool(value)])
        self.value = value

    def encode(self) -> bytes:
        return struct.pack(">HH", self.address, self.value)


class RawCoilReply(WriteSingleCoilResponse):
    """FC05's echo with its 16-bit value kept, so that it can be compared."""

    value: int

    def decode(self, data: bytes) -> None:
        self.address, self.value = struct.unpack(">HH", data[:4])
        self.bits = [bool(self.value)]


_decoder = DecodePDU(is_server=False)
_decoder.register(RawCoilReply)
_rtu = FramerRTU(_decoder)
_tcp = FramerSocket(_decoder)


@dataclass(frozen=True, slots=True)
class Request:
    """One frame's content: unit id and PDU bytes, and how long the PDU of a good reply is."""

    unit_id: int
    payload: bytes
    reply_size: int

    @property
    def function(self) -> int:
        return self.payload[0]

    @property
    def is_write(self) -> bool:
        return self.function == WRITE_COIL


def pulse(unit_id: int, coil: int, *, units: int) -> Request:
    """Coil on, and off again by the board's timer after `units` of 100 ms. Raises ForbiddenAddress."""
    if not 0 <= coil < MOST_COILS or not 1 <= units <= LONGEST_PULSE_UNITS:
        raise ForbiddenAddress(
            f"coil {coil} for {units} x 100 ms is no pulse this driver sends; correct the wiring file"
        )
    return _request(RawCoilRequest(unit_id, PULSE_BASE + coil, units), reply_size=5)


def all_off(unit_id: int) -> Request:
    """All coils of one board off; with unit id 0, of every board on the line, unanswered."""
    return _request(RawCoilRequest(unit_id, ALL_COILS, 0), reply_size=5)


def read_coils(unit_id: int, count: int) -> Request:
    """FC01, coils 0 to count - 1."""
    return _request(ReadCoilsRequest(dev_id=unit_id, address=0, count=count), reply_size=2 + (count + 7) // 8)


def read_inputs(unit_id: int, count: int) -> Request:
    """FC02, discrete inputs 0 to count - 1."""
    pdu = ReadDiscreteInputsRequest(dev_id=unit_id, address=0, count=count)
    return _request(pdu, reply_size=2 + (count + 7) // 8)


def read_registers(unit_id: int, address: int, count: int) -> Request:
    """FC03, `count` holding registers from `address`."""
    pdu = ReadHoldingRegistersRequest(dev_id=unit_id, address=address, count=count)
    return _request(pdu, reply_size=2 + 2 * count)


def _request(pdu: ModbusPDU, reply_size: int) -> Request:
    request = Request(pdu.dev_id, bytes([pdu.function_code]) + pdu.encode(), reply_size)
    refuse_forbidden(request.unit_id, request.payload)
    return request


def refuse_forbidden(unit_id: int, payload: bytes) -> None:
    """Raise ForbiddenAddress unless the frame is a read, a bounded timed pulse of one coil, or all coils off.

    A list of what is allowed, not of what is forbidden: a plain "on", toggles (5500), the inverse pulse (0x0400),
    "all on" (0x00FF), "all toggle" (0x01FF), register writes and every unknown function are unreachable. Unit id 0
    is for all-off.
    """
    function, rest = payload[0], payload[1:]
    if function == WRITE_COIL and len(rest) == 4:  # noqa: PLR2004  (address and value)
        address, value = struct.unpack(">HH", rest)
        if address == ALL_COILS and value == 0:
            return
        is_pulse = PULSE_BASE <= address < PULSE_BASE + MOST_COILS and 1 <= value <= LONGEST_PULSE_UNITS
        if is_pulse and unit_id != BROADCAST:
            return
    elif function in (READ_COILS, READ_INPUTS, READ_REGISTERS) and unit_id != BROADCAST:
        return
    raise ForbiddenAddress(
        f"frame {payload.hex(' ')} for unit id {unit_id} is never sent; it could energise locks at will"
    )


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
        return payload == request.payload
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


def decode(payload: bytes) -> ModbusPDU:
    """The reply as pymodbus decodes it; an exception comes back as ExceptionResponse. Raises ValueError."""
    pdu = _decoder.decode(payload)
    if pdu is None:
        raise ValueError(f"reply {payload.hex(' ')} cannot be decoded")
    return pdu
