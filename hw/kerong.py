"""Kerong KR-CU16: sixteen locks on a line of its own protocol, pulsed by the board. Frames and their search; pure.

Five bytes `02 ADDR CMD 03 SUM`, SUM is the low byte of the sum of the first four; 19200 8N1. ADDR is the lock's number
minus 1; CMD 30 asks for the state of all locks, 31 lets one go and is answered by nothing. The state comes in nine
bytes: `02 ADDR 35`, sixteen lock bits (1 is locked), sixteen bits of the boxes' light barriers (1 is interrupted),
`03 SUM`; lock 1 is the lowest bit of the first byte of its two. Source: three open drivers that agree on requests and
length (jin0949/KR-CU16_locker among them); the order of the two bytes is theirs, not the vendor's, so a new board is
proved door by door. More boards on one line share ADDR in a way nobody has written down, so one is all that is served.
"""

from __future__ import annotations

from hw.errors import ForbiddenAddress
from hw.frames import Found, Request

START, END = 0x02, 0x03
STATUS, UNLOCK, STATUS_REPLY = 0x30, 0x31, 0x35
LOCKS = 16
ONLY_UNIT_ID = 1
REPLY_FRAME = 9


def status(unit_id: int) -> Request:
    """Ask for all locks and light barriers."""
    return _request(unit_id, bytes((STATUS, 0)), reply_size=5)


def unlock(unit_id: int, lock: int) -> Request:
    """Let one lock go, for as long as the board says; nobody answers. Raises ForbiddenAddress."""
    return _request(unit_id, bytes((UNLOCK, lock & 0xFF)), reply_size=0)


def _request(unit_id: int, payload: bytes, reply_size: int) -> Request:
    refuse_forbidden(unit_id, payload)
    return Request(unit_id, payload, reply_size)


def refuse_forbidden(unit_id: int, payload: bytes) -> None:
    """Raise ForbiddenAddress unless this asks for the state or lets one existing lock go."""
    is_known = payload == bytes((STATUS, 0)) or (payload[0] == UNLOCK and len(payload) == 2 and payload[1] < LOCKS)  # noqa: PLR2004  (command and lock)
    if unit_id != ONLY_UNIT_ID or not is_known:
        raise ForbiddenAddress(
            f"command {payload.hex(' ')} for unit id {unit_id} is never sent to a KR-CU16; correct the wiring file"
        )


def frame(request: Request) -> bytes:
    """The five bytes of a request."""
    command, lock = request.payload
    body = bytes((START, lock, command, END))
    return body + _sum(body)


def find_reply(received: bytes, request: Request) -> Found:
    """Search the state at every offset: stray bytes and our own echo before it cost nothing."""
    address = request.payload[1]
    for at in range(len(received) - REPLY_FRAME + 1):
        reply = received[at : at + REPLY_FRAME]
        if reply[:3] == bytes((START, address, STATUS_REPLY)) and reply[7] == END and _sum(reply[:-1]) == reply[-1:]:
            return Found(reply[2:7], received[:at], mismatch=False)
    return Found(None, received, mismatch=False)


def bits_of(payload: bytes) -> tuple[bool, ...]:
    """Sixteen locks (true: locked), then sixteen light barriers (true: interrupted)."""
    word = int.from_bytes(payload[1:], "little")
    return tuple(bool(word >> number & 1) for number in range(2 * LOCKS))


def _sum(body: bytes) -> bytes:
    return bytes((sum(body) & 0xFF,))
