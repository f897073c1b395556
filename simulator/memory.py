"""A line in memory between a host's bus and simulated boards, on whatever clock the event loop has.

For tests and the fuzz: on the jumping loop a minute of polling takes a blink. It takes the characters' time, carries
every framing, and does to replies what `faults` say, or what `mangle` makes of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from hw.errors import BusOffline
from hw.line import Lost, Received, Transport
from simulator.boards import framed
from simulator.line_faults import ArmedFaults, Parts, altered, deliveries, is_executed

MBAP = 6


@dataclass
class MemoryLine:
    """A `hw.line.Line`. `exchange(request frame, monotonic seconds)` is the boards' side of it.

    `mangle(request, parts)` may turn the reply's parts, (seconds later, bytes), into any others. `sent` keeps what the
    host wrote and when.
    """

    exchange: Callable[[bytes, float], bytes | None]
    framing: Literal["rtu", "tcp", "kerong"] = "rtu"
    faults: ArmedFaults = field(default_factory=ArmedFaults)
    mangle: Callable[[bytes, Parts], Parts] | None = None
    is_plugged: bool = True
    character_s: float = 10 / 9600
    silence_s: float = 35 / 9600
    answer_within_s: float = 0.06
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    _connection: _Connection | None = None

    async def connect(self, received: Received, lost: Lost) -> Transport:
        if not self.is_plugged:
            raise BusOffline("the line in memory is unplugged; plug it in")
        self._connection = _Connection(self, received, lost)
        return self._connection

    def unplug(self) -> None:
        """The host loses its port; what is on its way reaches nobody."""
        self.is_plugged = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.lose()

    def plug_in(self) -> None:
        """The next connect finds the port again."""
        self.is_plugged = True

    def push(self, data: bytes) -> None:
        """Bytes nobody asked for, now."""
        if self._connection is not None:
            self._connection.deliver(data)

    def carry(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        """A request's bytes leave the host."""
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), data))
        crossed = 0.0 if self.framing == "tcp" else len(data) * self.character_s + self.silence_s
        loop.call_later(crossed, self._execute, data, deliver)

    def _execute(self, data: bytes, deliver: Callable[[bytes], None]) -> None:
        loop = asyncio.get_running_loop()
        request = framed(data[MBAP:]) if self.framing == "tcp" else data
        fault = self.faults.take(request)
        reply = altered(fault, request, self.exchange(request, loop.time()) if is_executed(fault) else None)
        wire = b"" if reply is None else self._wire(data, reply)
        parts: Parts = deliveries(fault, data, wire)
        if self.mangle is not None:
            parts = self.mangle(data, parts)
        for after, part in parts:
            pace = 0.0 if self.framing == "tcp" else len(part) * self.character_s
            loop.call_later(after + pace, deliver, part)

    def _wire(self, data: bytes, reply: bytes) -> bytes:
        if self.framing != "tcp":
            return reply
        body = reply[:-2]
        return data[:4] + len(body).to_bytes(2, "big") + body


class _Connection:
    """The host's open port."""

    def __init__(self, line: MemoryLine, received: Received, lost: Lost) -> None:
        self._line = line
        self._received = received
        self._lost = lost
        self._is_open = True

    def write(self, data: bytes) -> None:
        if self._is_open:
            self._line.carry(data, self.deliver)

    def deliver(self, data: bytes) -> None:
        if self._is_open and data:
            self._received(data)

    def lose(self) -> None:
        if self._is_open:
            self._is_open = False
            self._lost(ConnectionError("unplugged"))

    def close(self) -> None:
        self._is_open = False
