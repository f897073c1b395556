"""Where a line of simulated boards meets real masters: RTU on a pty, RTU over TCP, Modbus TCP."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import tty
from functools import partial
from pathlib import Path
from typing import Protocol

from simulator.boards import framed
from simulator.line import Assembler, Line

LARGEST_READ = 4096
MBAP_LENGTH = 7


class CannotServe(Exception):
    """The line cannot be offered where it was asked for; the message says why and what to do."""


class Plug(Protocol):
    """Where a line meets its masters."""

    line: Line

    @property
    def address(self) -> str: ...

    @property
    def is_plugged(self) -> bool: ...

    async def plug_in(self) -> None:
        """Offers the line. Raises CannotServe."""

    def unplug(self) -> None:
        """Takes the line away as a pulled cable does; masters lose their port. Calling it twice is fine."""


class PtyPlug:
    """RTU on a pty whose end for the master is found at the stable path `link`."""

    def __init__(self, line: Line, link: Path) -> None:
        self.line = line
        self.link = link
        self._ends: tuple[int, int] | None = None
        self._assembler = Assembler(self._request, time.monotonic, self.line.language)

    @property
    def address(self) -> str:
        return str(self.link)

    @property
    def is_plugged(self) -> bool:
        return self._ends is not None

    async def plug_in(self) -> None:
        if self._ends is not None:
            return
        if self.link.exists() and not self.link.is_symlink():
            raise CannotServe(f"{self.link} is a file, not a line; move it away or name another path.")
        near, far = os.openpty()
        tty.setraw(far)
        os.set_blocking(near, False)
        fresh = self.link.with_name(self.link.name + ".new")
        try:
            self.link.parent.mkdir(parents=True, exist_ok=True)
            fresh.unlink(missing_ok=True)
            fresh.symlink_to(os.ttyname(far))
            fresh.replace(self.link)
        except OSError as error:
            os.close(near)
            os.close(far)
            raise CannotServe(f"{self.link} cannot be made: {error.strerror}; name a path you may write.") from error
        self._ends = (near, far)
        asyncio.get_running_loop().add_reader(near, self._readable)

    def unplug(self) -> None:
        if self._ends is None:
            return
        near, far = self._ends
        self._ends = None
        self._assembler.drop()
        asyncio.get_running_loop().remove_reader(near)
        with contextlib.suppress(OSError):
            if str(self.link.readlink()) == os.ttyname(far):
                self.link.unlink()
        os.close(near)
        os.close(far)

    def _readable(self) -> None:
        assert self._ends is not None
        try:
            chunk = os.read(self._ends[0], LARGEST_READ)
        except BlockingIOError:
            return
        self._assembler.feed(chunk)

    def _request(self, frame: bytes, began_at: float) -> None:
        self.line.request(frame, began_at=began_at, send=self._send)

    def _send(self, reply: bytes) -> None:
        """A master that never reads loses bytes, as at a full UART."""
        if self._ends is not None:
            with contextlib.suppress(BlockingIOError):
                os.write(self._ends[0], reply)


class TcpPlug:
    """Modbus TCP (`framing` "tcp") or RTU over TCP ("rtu") on a loopback port; port 0 lets the system choose."""

    def __init__(self, line: Line, *, framing: str, host: str = "127.0.0.1", port: int = 0) -> None:
        self.line = line
        self.framing = framing
        self.host = host
        self.port = port
        self._server: asyncio.Server | None = None
        self._masters: set[asyncio.Transport] = set()

    @property
    def address(self) -> str:
        return f"{'tcp' if self.framing == 'tcp' else 'rtu+tcp'}://{self.host}:{self.port}"

    @property
    def is_plugged(self) -> bool:
        return self._server is not None

    async def plug_in(self) -> None:
        if self._server is not None:
            return
        build = _MbapMaster if self.framing == "tcp" else _RtuMaster
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: build(self.line, self._masters), self.host, self.port
            )
        except OSError as error:
            raise CannotServe(
                f"Port {self.port} for line {self.line.name} is taken or forbidden ({error.strerror}); choose another."
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for master in tuple(self._masters):
            master.abort()


class _Master(asyncio.Protocol):
    """One TCP connection."""

    def __init__(self, line: Line, masters: set[asyncio.Transport]) -> None:
        self.line = line
        self._masters = masters
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._masters.add(transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        if self._transport is not None:
            self._masters.discard(self._transport)
            self._transport = None

    def send(self, reply: bytes) -> None:
        if self._transport is not None:
            self._transport.write(reply)


class _RtuMaster(_Master):
    def __init__(self, line: Line, masters: set[asyncio.Transport]) -> None:
        super().__init__(line, masters)
        self._assembler = Assembler(self._request, time.monotonic, self.line.language)

    def data_received(self, data: bytes) -> None:
        self._assembler.feed(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._assembler.drop()
        super().connection_lost(exc)

    def _request(self, frame: bytes, began_at: float) -> None:
        self.line.request(frame, began_at=began_at, send=self.send)


class _MbapMaster(_Master):
    """Modbus TCP: transaction id, protocol 0, length, then unit id and PDU (Messaging on TCP/IP V1.0b, 3.1.3)."""

    def __init__(self, line: Line, masters: set[asyncio.Transport]) -> None:
        super().__init__(line, masters)
        self._bytes = bytearray()

    def data_received(self, data: bytes) -> None:
        self._bytes += data
        while len(self._bytes) >= MBAP_LENGTH:
            header = bytes(self._bytes[:6])
            length = int.from_bytes(header[4:6], "big")
            if header[2:4] != b"\0\0" or not 2 <= length <= 254:  # noqa: PLR2004 - unit id and a PDU of 1 to 253
                self.line.traffic.bad_frames += 1
                assert self._transport is not None
                self._transport.abort()
                return
            if len(self._bytes) < 6 + length:
                return
            body = bytes(self._bytes[6 : 6 + length])
            del self._bytes[: 6 + length]
            wire = partial(_mbap, header[:2])
            self.line.request(framed(body), began_at=time.monotonic(), send=self.send, wire=wire)


def _mbap(transaction: bytes, frame: bytes) -> bytes:
    body = frame[:-2]
    return transaction + b"\0\0" + len(body).to_bytes(2, "big") + body


def plug_for(line: Line, where: str) -> Plug:
    """The plug named by `where`: a path (pty), `tcp://HOST:PORT` or `rtu+tcp://HOST:PORT`. Raises CannotServe."""
    scheme, separator, rest = where.partition("://")
    if not separator:
        return PtyPlug(line, Path(where))
    host, _, port = rest.rpartition(":")
    if scheme not in ("tcp", "rtu+tcp") or not host or not port.isdigit():
        raise CannotServe(
            f"{where} names no line; give a path, tcp://127.0.0.1:PORT or rtu+tcp://127.0.0.1:PORT (0: any port)."
        )
    return TcpPlug(line, framing="tcp" if scheme == "tcp" else "rtu", host=host, port=int(port))
