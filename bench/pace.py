"""Where an exchange goes: to the write, away on the line, back to the caller; and processor time. Ours beside pymodbus.

The moments are those at which bytes pass between a master and its port; the part away is kernel, socat and slave.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from pymodbus.client import AsyncModbusSerialClient

from bench.table import Row
from hw import frames
from hw.bus import Bus
from hw.line import Lost, Received, SerialLine, Transport

BAUD = 115200
COUNT = 400
BAR = 1.3


@dataclass(frozen=True)
class Unhurried(SerialLine):
    """No silence before a request: for measuring, never for a wire."""

    @property
    def silence_s(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Pace:
    """Seconds of each exchange from the call to the write, on to the reply's last byte, and on to the caller; `work` is
    this process's processor time of each, which a busy machine changes least.
    """

    before: list[float] = field(default_factory=list)
    away: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)


@dataclass
class Moments:
    """When bytes last went out and last came in."""

    out: float = 0.0
    back: float = 0.0

    def sees(self, is_sent: bool, chunk: bytes) -> bytes:
        """A tap for bytes on their way."""
        if is_sent:
            self.out = time.perf_counter()
        elif chunk:
            self.back = time.perf_counter()
        return chunk

    async def of(self, exchange: Callable[[], Awaitable[object]]) -> Pace:
        """COUNT exchanges, taken apart."""
        pace = Pace()
        for _ in range(COUNT):
            worked, started = time.process_time(), time.perf_counter()
            await exchange()
            ended = time.perf_counter()
            pace.work.append(time.process_time() - worked)
            pace.before.append(self.out - started)
            pace.away.append(self.back - self.out)
            pace.after.append(ended - self.back)
        return pace


@dataclass(frozen=True)
class Tapped(Unhurried):
    """The same line with a tap on its bytes."""

    moments: Moments = field(default_factory=Moments)

    async def connect(self, received: Received, lost: Lost) -> Transport:
        def hear(chunk: bytes) -> None:
            self.moments.sees(False, chunk)
            received(chunk)

        return Tap(await super().connect(hear, lost), self.moments)


@dataclass(frozen=True)
class Tap:
    """A transport whose writes are noted."""

    transport: Transport
    moments: Moments

    def write(self, data: bytes) -> None:
        """Note and send."""
        self.moments.sees(True, data)
        self.transport.write(data)

    def close(self) -> None:
        """Close what is under it."""
        self.transport.close()


@contextlib.asynccontextmanager
async def running(bus: Bus) -> AsyncIterator[None]:
    """The bus with its owner, its line open."""
    owner = asyncio.ensure_future(bus.run())
    await bus.wait_online()
    try:
        yield
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


async def pace_of_ours(port: str) -> Pace:
    """Reads by this bus, without silence."""
    line = Tapped(port, BAUD, answer_within_s=2)
    bus, read = Bus("bench", line), frames.read_inputs(1, 8)
    async with running(bus):
        await bus.exchange(read)
        return await line.moments.of(lambda: bus.exchange(read))


async def pace_of_pymodbus(port: str) -> Pace:
    """Reads by the async client of pymodbus."""
    moments = Moments()
    client = AsyncModbusSerialClient(port, baudrate=BAUD, retries=0, trace_packet=moments.sees)
    await client.connect()
    pace = await moments.of(lambda: client.read_discrete_inputs(0, count=8, device_id=1))
    client.close()
    return pace


def where_it_goes(paces: dict[str, list[Pace]]) -> list[Row]:
    """The parts of a read, each the best median of its rounds; the part away is kernel, socat and slave."""
    rows = []
    parts = {
        "before": "call to write",
        "away": "write to last byte",
        "after": "last byte to caller",
        "work": "processor time",
    }
    for part, what in parts.items():
        medians = {
            name: min(statistics.median(getattr(pace, part)) for pace in of_one) for name, of_one in paces.items()
        }
        peer = medians["pymodbus async"] * 1e6
        rows += [
            Row(
                f"of a read, {what}, {name}",
                took * 1e6,
                "us",
                limit=peer,
                against="(pymodbus async)",
                bar=BAR if part == "work" and name == "this bus, silence 0" else None,
            )
            for name, took in medians.items()
        ]
    return rows
