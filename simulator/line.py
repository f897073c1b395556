"""What happens on the wire between a whole request and its reply: framing, faults and, when asked, real time.

Asked for real character times, a line takes them: a request is complete when its characters would have crossed the wire
and 3.5 characters of silence have passed, its reply is readable when its last character would have arrived.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from simulator.boards import is_intact, request_length
from simulator.line_faults import ArmedFaults, altered, deliveries, is_executed
from simulator.other_boards import KERONG_REQUEST, is_kerong_request

BITS_PER_CHARACTER = 10
"""8N1."""
FAST_BAUD, FAST_SILENCE_S = 19200, 0.00175
"""Above this speed the silence is fixed (Modbus over Serial Line V1.02, 2.5.1.1)."""
GAP_S = 0.02
"""A request that stops half-way this long is no request. A pty has no characters in flight, so this is generous."""


@dataclass(frozen=True)
class CharacterTimes:
    """The pace of a wire at `baud`."""

    baud: int

    @property
    def character_s(self) -> float:
        return BITS_PER_CHARACTER / self.baud

    @property
    def silence_s(self) -> float:
        """3.5 characters, fixed above 19200 baud."""
        return FAST_SILENCE_S if self.baud > FAST_BAUD else 3.5 * self.character_s


@dataclass(frozen=True)
class Language:
    """How requests are told apart on a line: the length of the one that begins so (see `request_length`), and whether
    it is whole and good.
    """

    length: Callable[[bytes], int | None]
    is_good: Callable[[bytes], bool]


MODBUS = Language(request_length, is_intact)
KERONG = Language(lambda _: KERONG_REQUEST, is_kerong_request)


@dataclass
class Traffic:
    """What a line has carried since the start."""

    requests: int = 0
    replies: int = 0
    bad_frames: int = 0
    silences_broken: int = 0
    """Requests that began before 3.5 characters of silence had passed; counted with character times only."""


@dataclass
class Line:
    """What happens between the last byte of a request and the reply, whatever carries the bytes."""

    name: str
    exchange: Callable[[bytes], bytes | None]
    """Hands one RTU request to the boards; their reply or None."""
    pace: CharacterTimes | None = None
    language: Language = MODBUS
    faults: ArmedFaults = field(default_factory=ArmedFaults)
    traffic: Traffic = field(default_factory=Traffic)
    busy_until: float = float("-inf")

    def request(
        self,
        frame: bytes,
        *,
        began_at: float,
        send: Callable[[bytes], None],
        wire: Callable[[bytes], bytes] = bytes,
    ) -> None:
        """Takes one whole RTU request; `send` gets the reply's bytes when they are due, coded by `wire`."""
        due = 0.0
        if self.pace is not None:
            if began_at < self.busy_until + self.pace.silence_s:
                self.traffic.silences_broken += 1
            due = max(began_at, self.busy_until) + len(frame) * self.pace.character_s + self.pace.silence_s
            self.busy_until = due
        _at(due, partial(self._execute, frame, send, wire))

    def _execute(self, frame: bytes, send: Callable[[bytes], None], wire: Callable[[bytes], bytes]) -> None:
        if not self.language.is_good(frame):
            self.traffic.bad_frames += 1
            return
        self.traffic.requests += 1
        fault = self.faults.take(frame)
        reply = altered(fault, frame, self.exchange(frame) if is_executed(fault) else None)
        self.traffic.replies += reply is not None
        now = time.monotonic()
        for after, part in deliveries(fault, wire(frame), b"" if reply is None else wire(reply)):
            due = now + after
            if self.pace is not None:
                due += len(part) * self.pace.character_s
                self.busy_until = max(self.busy_until, due)
            _at(due if after or self.pace else 0.0, partial(send, part))


def _at(due: float, act: Callable[[], None]) -> None:
    """Calls `act` at monotonic `due`, at once when that has passed; exact to some 0.1 ms on a loop of `hw/loop.py`."""
    if due <= time.monotonic():
        act()
    else:
        asyncio.get_running_loop().call_at(due, act)


class Assembler:
    """Cuts a byte stream into RTU requests: by length where the function tells it, else by silence."""

    def __init__(
        self, deliver: Callable[[bytes, float], None], clock: Callable[[], float], language: Language = MODBUS
    ) -> None:
        self._deliver = deliver
        self._language = language
        self._clock = clock
        self._bytes = bytearray()
        self._began_at = 0.0
        self._silence: asyncio.TimerHandle | None = None

    def feed(self, chunk: bytes) -> None:
        """Takes the bytes of one read; delivers every request they complete as (frame, when it began)."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        if not self._bytes:
            self._began_at = self._clock()
        self._bytes += chunk
        while self._bytes:
            length = self._language.length(bytes(self._bytes))
            if not length or len(self._bytes) < length:
                self._silence = asyncio.get_running_loop().call_later(GAP_S, self.end)
                return
            frame = bytes(self._bytes[:length])
            if not self._language.is_good(frame):
                frame = bytes(self._bytes)
            del self._bytes[: len(frame)]
            self._deliver(frame, self._began_at)

    def end(self) -> None:
        """Silence: what has come is one frame, good or bad. A lone stray byte is dropped."""
        self._silence = None
        frame = bytes(self._bytes)
        self._bytes.clear()
        if len(frame) > 1:
            self._deliver(frame, self._began_at)

    def drop(self) -> None:
        """Forgets what has come."""
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None
        self._bytes.clear()
