"""A scripted peer at byte level on a pty or a TCP port, and a bus whose owner runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import time
import tty
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hw.board import Board
from hw.bus import Bus
from hw.limits import LockLimits, Supply
from hw.line import Line, SerialLine, TcpLine
from hw.profile import load_profile

Step = bytes | float | asyncio.Event
Script = Callable[[bytes], Sequence[Step]]


def crc(frame: bytes) -> bytes:
    """CRC-16 of Modbus, bit by bit, low byte first: written apart from the code under test."""
    value = 0xFFFF
    for byte in frame:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def sealed(frame: bytes | str) -> bytes:
    raw = bytes.fromhex(frame) if isinstance(frame, str) else frame
    return raw + crc(raw)


def silent(frame: bytes) -> Sequence[Step]:
    return ()


@dataclass
class Relay:
    """Answers like Waveshare boards with these unit ids; the tests bend `coils`, `inputs` and `linkage`."""

    units: tuple[int, ...] = (1,)
    version: int = 0x012C
    linkage: list[int] = field(default_factory=lambda: [0] * 8)
    coils: dict[int, int] = field(default_factory=dict)
    inputs: dict[int, int] = field(default_factory=dict)

    def __call__(self, frame: bytes) -> Sequence[Step]:
        unit, function = frame[0], frame[1]
        if unit not in self.units:
            return ()
        address, value = int.from_bytes(frame[2:4], "big"), int.from_bytes(frame[4:6], "big")
        if function == 1:
            return (sealed(bytes([unit, 1, 1, self.coils.get(unit, 0)])),)
        if function == 2:
            return (sealed(bytes([unit, 2, 1, self.inputs.get(unit, 0xFF)])),)
        if function == 3:
            words = [self.version] if address == 0x8000 else self.linkage[:value]
            body = b"".join(word.to_bytes(2, "big") for word in words)
            return (sealed(bytes([unit, 3, len(body)]) + body),)
        if address == 0x00FF:
            self.coils[unit] = 0
        elif 0x0200 <= address < 0x0208:
            self.coils[unit] = self.coils.get(unit, 0) | 1 << (address - 0x0200)
        return (frame,)


class Peer:
    """The far end of a line: records every request with its time and plays the script's answer.

    An answer is a sequence of bytes to send and of seconds or events to wait for; each unit id answers in order, as
    boards do.
    Requests of this product are 8 bytes on RTU.
    """

    def __init__(self, script: Script = silent) -> None:
        self.script = script
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self.send: Callable[[bytes], None] = void
        self.framed = "rtu"
        self._received = b""
        self._news = asyncio.Event()
        self._counts: dict[int, asyncio.Event] = {}
        self._answers: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def feed(self, chunk: bytes) -> None:
        self._received += chunk
        size = 8 if self.framed == "rtu" else 12
        while len(self._received) >= size:
            frame, self._received = self._received[:size], self._received[size:]
            self.requests.append(frame)
            self.times.append(time.monotonic())
            self._news.set()
            self.heard(len(self.requests)).set()
            self._play(frame[0 if self.framed == "rtu" else 6], self.script(frame))

    def heard(self, count: int) -> asyncio.Event:
        """Set once so many requests have come: a step that makes an answer later than the next request."""
        return self._counts.setdefault(count, asyncio.Event())

    def _play(self, unit_id: int, answer: Sequence[Step]) -> None:
        previous = self._answers.get(unit_id)
        is_idle = previous is None or previous.done()
        if is_idle and all(isinstance(step, bytes) for step in answer):
            self.send(b"".join(step for step in answer if isinstance(step, bytes)))
        else:
            task = asyncio.ensure_future(self._play_slowly(answer, None if is_idle else previous))
            self._answers[unit_id] = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _play_slowly(self, answer: Sequence[Step], previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        for step in answer:
            if isinstance(step, bytes):
                self.send(step)
            elif isinstance(step, asyncio.Event):
                await step.wait()
            else:
                await asyncio.sleep(step)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition holds; looked at after every request."""
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def sent(self, function: int) -> list[bytes]:
        """All requests with this function."""
        return [frame for frame in self.requests if frame[1 if self.framed == "rtu" else 7] == function]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def plugged(peer: Peer, link: Path) -> AsyncIterator[str]:
    """The peer on a pty whose other end is reachable at `link`; leaving the block pulls the plug."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(link)  # noqa: PTH108  (a name, not a file, in memory)
    os.symlink(os.ttyname(slave), link)  # noqa: PTH211  (as above)
    os.close(slave)
    loop = asyncio.get_running_loop()

    def readable() -> None:
        try:
            peer.feed(os.read(master, 1024))
        except OSError:  # nobody has the other end open just now
            loop.remove_reader(master)
            loop.call_later(0.01, arm)

    def arm() -> None:
        if not pulled:
            loop.add_reader(master, readable)

    pulled: list[bool] = []
    arm()
    peer.send = lambda chunk: None if pulled else void(os.write(master, chunk))
    try:
        yield str(link)
    finally:
        pulled.append(True)
        loop.remove_reader(master)
        os.unlink(link)  # noqa: PTH108  (as above)
        os.close(master)


def void(_: object) -> None:
    return None


@asynccontextmanager
async def listening(peer: Peer, port: int = 0) -> AsyncIterator[int]:
    """The peer on a TCP port of loopback."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        peer.send = writer.write
        while chunk := await reader.read(1024):
            peer.feed(chunk)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for writer in writers), return_exceptions=True)


@asynccontextmanager
async def owned(bus: Bus) -> AsyncIterator[Bus]:
    """A bus whose owner runs and whose line is open."""
    task = asyncio.ensure_future(bus.run())
    try:
        async with asyncio.timeout(20):
            await bus.wait_online()
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class Bench:
    """Everything a test of the wire needs; closed by the fixture."""

    stack: AsyncExitStack
    directory: Path

    def peer(self, script: Script = silent) -> Peer:
        peer = Peer(script)
        self.stack.push_async_callback(peer.stop)
        return peer

    async def serial(
        self, script: Script = silent, *, baud: int = 9600, answer_within_s: float = 0.06
    ) -> tuple[Bus, Peer]:
        """A peer that takes its time but is not late needs a generous `answer_within_s`."""
        peer = self.peer(script)
        port = await self.stack.enter_async_context(plugged(peer, self.directory / "tty"))
        return await self.owned(SerialLine(port, baud, answer_within_s=answer_within_s)), peer

    async def tcp(self, script: Script = silent, *, framing: str = "tcp") -> tuple[Bus, Peer]:
        peer = self.peer(over_tcp(script) if framing == "tcp" else script)
        peer.framed = framing
        port = await self.stack.enter_async_context(listening(peer))
        line = TcpLine("127.0.0.1", port, framing="tcp" if framing == "tcp" else "rtu", answer_within_s=0.08)
        return await self.owned(line), peer

    async def owned(self, line: Line) -> Bus:
        return await self.stack.enter_async_context(owned(Bus("A", line, reconnect_every_s=0.05)))

    def relay(self, *units: int, version: int = 0x012C) -> Relay:
        """A well-behaved board at each of these unit ids (default 1)."""
        return Relay(units or (1,), version)

    def sealed(self, frame: bytes | str) -> bytes:
        """The frame with its CRC, computed apart from the code under test."""
        return sealed(frame)

    def replug(self, peer: Peer) -> AbstractAsyncContextManager[str]:
        """The peer behind the same port name again."""
        return plugged(peer, self.directory / "tty")

    def board(self, bus: Bus, unit_id: int = 1, **limits: int) -> Board:
        locks = dict.fromkeys(range(8), LockLimits(**{"min_gap_ms": 0, **limits}))
        supply = Supply(clock=time.monotonic)
        return Board(f"A{unit_id}", bus, unit_id, load_profile("waveshare-relay-d"), locks=locks, supply=supply)

    async def spawn(self, work: Awaitable[object]) -> asyncio.Future[object]:
        """Run beside the test until its end."""
        task = asyncio.ensure_future(work)

        async def stop() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self.stack.push_async_callback(stop)
        return task


def over_tcp(script: Script) -> Script:
    """The same script behind an MBAP header instead of a CRC."""

    def answer(message: bytes) -> Sequence[Step]:
        steps: list[Step] = []
        for step in script(sealed(message[6:])):
            if isinstance(step, bytes):
                body = step[:-2]
                steps.append(message[:4] + len(body).to_bytes(2, "big") + body)
            else:
                steps.append(step)
        return steps

    return answer


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        yield Bench(stack, tmp_path)
    leaked = asyncio.all_tasks() - {asyncio.current_task()}
    assert not leaked, f"tasks outlived the test: {leaked}"


@pytest.fixture
def relay() -> Callable[..., Relay]:
    """Make well-behaved boards with the given unit ids."""
    return lambda *units: Relay(units or (1,))
