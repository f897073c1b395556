"""The last exchanges of a bus, kept in memory to be looked at, and a sentence for each."""

from __future__ import annotations

import struct
from collections import deque
from typing import NamedTuple

from hw import frames
from hw.frames import Request

KEPT = 400
READS = {frames.READ_COILS: "coils", frames.READ_INPUTS: "inputs", frames.READ_REGISTERS: "registers"}


class Exchanged(NamedTuple):
    """One request and its answer: PDUs, without unit id and CRC. `at` monotonic seconds; `answer` None for silence."""

    number: int
    at: float
    request: Request
    answer: bytes | None
    took_s: float


class Tape:
    """The latest exchanges, numbered from 1."""

    def __init__(self) -> None:
        self._count = 0
        self._kept: deque[Exchanged] = deque(maxlen=KEPT)

    def note(self, at: float, request: Request, answer: bytes | None, took_s: float) -> None:
        """Keep one exchange."""
        self._count += 1
        self._kept.append(Exchanged(self._count, at, request, answer, took_s))

    def latest(self) -> tuple[Exchanged, ...]:
        """What is kept, oldest first."""
        return tuple(self._kept)


def told(one: Exchanged) -> str:
    """What was asked and answered, for a technician."""
    if one.request.is_unanswered:
        answer = "no answer is expected"
    elif one.answer is None:
        answer = "NO ANSWER"
    elif one.answer[0] & frames.EXCEPTION:
        answer = f"REFUSED, exception {one.answer[1]:02d}"
    elif one.request.function in (frames.READ_COILS, frames.READ_INPUTS):
        count = struct.unpack(">H", one.request.payload[3:5])[0]
        bits = frames.bits_of(one.answer, count)
        answer = " ".join("".join(str(int(bit)) for bit in bits[at : at + 8]) for at in range(0, count, 8))
    elif one.request.function == frames.READ_REGISTERS:
        answer = " ".join(f"{word:04x}" for word in frames.words_of(one.answer))
    else:
        answer = "done" if one.answer == one.request.payload else one.answer.hex(" ")
    return f"unit {one.request.unit_id:3} {_asked(one.request)}: {answer} ({one.took_s * 1000:.1f} ms)"


def _asked(request: Request) -> str:
    payload = request.payload
    if len(payload) < 5:  # noqa: PLR2004  (function, address, count or value)
        return payload.hex(" ")
    address, value = struct.unpack(">HH", payload[1:5])
    if request.function in READS:
        return f"read {READS[request.function]} {address} to {address + value - 1}"
    match request.function:
        case frames.WRITE_COIL if address == frames.ALL_COILS and value == frames.OFF:
            return "all coils off"
        case frames.WRITE_COIL if frames.PULSE_BASE <= address < frames.PULSE_BASE + frames.MOST_COILS:
            return f"PULSE coil {address - frames.PULSE_BASE} for {value * frames.PULSE_UNIT_MS} ms"
    return f"write {payload.hex(' ')}"
