"""Boards of other makes than Waveshare's, as pure models at the level of one frame.

Eletechsup R4xxx, from its vendor's command table: FC06 and FC10 at registers 1 to N, the command in the high byte; FC03
reads 1 for on. An unknown command is met with silence. Of the R421A08 and the N438B08 no command for all relays is on
record, so they do not know it here. Kerong KR-CU16 speaks five-byte frames of its own; the order of
its bits is that of the open drivers. Where the source is silent the model takes the dangerous reading: toggle and
interlock work, a second pulse restarts the timer.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.boards import Board, BoardType

KERONG_START, KERONG_END = 0x02, 0x03
KERONG_STATUS, KERONG_UNLOCK, KERONG_STATE = 0x30, 0x31, 0x35
KERONG_REQUEST = 5
KERONG_LOCKS = 16
KERONG_PULSE_S = 0.5
"""How long the real board holds a lock is written down nowhere."""


def board_of(unit_id: int, kind: BoardType) -> Board:
    """A new board of this type."""
    makes = {"eletechsup": Eletechsup, "eletechsup-single": EletechsupSingle, "kerong": Kerong}
    return makes.get(kind.make, Board)(unit_id, kind)


@dataclass
class Eletechsup(Board):
    """Registers 1 to N are relays, register 0 all of them."""

    def receive(self, frame: bytes, at: float) -> bytes | None:
        try:
            return super().receive(frame, at)
        except _Unknown:
            return None

    def _answer(self, function: int, request: bytes, at: float) -> bytes:
        start, value = (int.from_bytes(request[n : n + 2], "big") for n in (2, 4))
        if function == 0x03 and start >= 1 and value >= 1 and start + value <= self.type.coils + 1:  # noqa: PLR2004 - FC03
            words = b"".join(bytes((0, is_on)) for is_on in self.coils[start - 1 : start - 1 + value])
            return bytes((0x03, len(words))) + words
        if function == 0x06:  # noqa: PLR2004 - FC06
            self._do(start, value, at)
            return request[1:]
        if function == 0x10 and request[6] == 2 * value == len(request) - 7:  # noqa: PLR2004 - FC10
            for offset in range(value):
                self._do(start + offset, int.from_bytes(request[7 + 2 * offset : 9 + 2 * offset], "big"), at)
            return request[1:6]
        raise _Unknown

    def _do(self, register: int, command: int, at: float) -> None:
        verb, seconds = command >> 8, command & 0xFF
        if register == 0 and verb in (0x07, 0x08):
            for coil in range(self.type.coils):
                self._set(coil, is_on=verb == 0x07, at=at)  # noqa: PLR2004 - 07 is all on
            return
        coil = register - 1
        if not 0 <= coil < self.type.coils or not 0x01 <= verb <= 0x06 or (verb == 0x06 and not seconds):  # noqa: PLR2004
            raise _Unknown
        if verb == 0x04:  # noqa: PLR2004 - interlock: the others go off
            for other in range(self.type.coils):
                self._set(other, is_on=other == coil, at=at)
        else:
            self._set(coil, is_on=verb != 0x02 and not (verb == 0x03 and self.coils[coil]), at=at)  # noqa: PLR2004
        if verb in (0x05, 0x06):
            self.timers[coil] = (at + (seconds if verb == 0x06 else 1), False)  # noqa: PLR2004


@dataclass
class EletechsupSingle(Eletechsup):
    """Commands are for one relay each."""

    def _do(self, register: int, command: int, at: float) -> None:
        if register == 0:
            raise _Unknown
        super()._do(register, command, at)


class _Unknown(Exception):
    """A command this board does not know: it says nothing."""


@dataclass
class Kerong(Board):
    """Sixteen locks. Input n (0 to 15) is lock n's feedback, input 16 + n its light barrier."""

    def receive(self, frame: bytes, at: float) -> bytes | None:
        self.advance(at)
        if not self.has_power or not is_kerong_request(frame) or frame[1] >= KERONG_LOCKS:
            return None
        if frame[2] == KERONG_UNLOCK:
            self._set(frame[1], is_on=True, at=at)
            self.timers[frame[1]] = (at + KERONG_PULSE_S, False)
        if frame[2] != KERONG_STATUS:
            return None
        bits = sum(1 << number for number, bit in enumerate(self.inputs) if bit).to_bytes(4, "little")
        return kerong_frame(bytes((KERONG_START, frame[1], KERONG_STATE)) + bits + bytes((KERONG_END,)))

    def is_addressed(self, frame: bytes) -> bool:
        return is_kerong_request(frame)


def kerong_frame(body: bytes) -> bytes:
    """`body` with the low byte of its sum."""
    return body + bytes((sum(body) & 0xFF,))


def is_kerong_request(frame: bytes) -> bool:
    """Five bytes with start, end and a sum that fits."""
    is_shaped = len(frame) == KERONG_REQUEST and frame[0] == KERONG_START and frame[3] == KERONG_END
    return is_shaped and kerong_frame(frame[:-1]) == frame
