"""The wire under a bus: a serial port or a TCP connection, opened on demand.

`Line` is the seam: whatever connects, takes bytes and hands bytes back can stand under a `Bus` (an in-memory line
too).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import serial
import serial.rs485
import structlog
from pymodbus.transport.serialtransport import SerialTransport

from hw.errors import BusOffline
from hw.profile import Framing

log = structlog.get_logger()

CONNECT_WITHIN_S = 2.0
FASTEST_WITH_35_CHARACTERS = 19200
FIXED_SILENCE_S = 0.00175
LATENCY_MS = 1
SYSFS = Path("/sys/class/tty")

Received = Callable[[bytes], None]
Lost = Callable[[Exception | None], None]


class Transport(Protocol):
    """An open line."""

    def write(self, data: bytes) -> None:
        """Send these bytes; never blocks."""

    def close(self) -> None:
        """Close; `lost` is not called any more or is ignored."""


class Line(Protocol):
    """How to reach the boards of one bus. Times in seconds."""

    @property
    def framing(self) -> Framing:
        """How frames are delimited."""

    @property
    def character_s(self) -> float:
        """Time of one character on the wire; 0 where there is none."""

    @property
    def silence_s(self) -> float:
        """Silence the line needs before a request."""

    @property
    def answer_within_s(self) -> float:
        """Time a board may think, beyond the wire time, before it counts as silent."""

    async def connect(self, received: Received, lost: Lost) -> Transport:
        """Open the line; raises BusOffline with the reason."""


@dataclass(frozen=True, slots=True)
class SerialLine:
    """An RS-485 line behind a serial port; 8 data bits, exclusive use (flock).

    `drives_direction` asks the kernel to switch a bare transceiver by RTS (TIOCSRS485); adapters switch by themselves.
    """

    port: str
    baud: int = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    answer_within_s: float = 0.060
    framing: Framing = "rtu"
    drives_direction: bool = False

    @property
    def character_s(self) -> float:
        return (1 + 8 + (self.parity != "N") + self.stop_bits) / self.baud

    @property
    def silence_s(self) -> float:
        """3.5 characters; fixed 1.75 ms above 19200 baud (Modbus over Serial Line V1.02, page 13)."""
        return FIXED_SILENCE_S if self.baud > FASTEST_WITH_35_CHARACTERS else 3.5 * self.character_s

    async def connect(self, received: Received, lost: Lost) -> Transport:
        wire = Wire(received, lost)
        try:
            transport = PromptTransport(
                asyncio.get_running_loop(), wire, self.port, self.baud, 8, self.parity, self.stop_bits, 0
            )
        except (serial.SerialException, OSError, ValueError) as error:
            raise BusOffline(_why_closed(self.port, error)) from error
        with contextlib.suppress(Exception):  # only drivers like FTDI's know the setting; 16 ms of latency is no error
            transport.sync_serial.set_low_latency_mode(True)
        if (latency := latency_timer_ms(self.port)) is not None and latency > LATENCY_MS:
            log.warning("adapter holds bytes back; set its latency_timer to 1", port=self.port, latency_ms=latency)
        if self.drives_direction:
            _drive_direction(transport.sync_serial, self.port)
        transport.setup()
        return transport


@dataclass(frozen=True, slots=True)
class TcpLine:
    """Modbus TCP, or RTU frames over TCP behind a serial server."""

    host: str
    port: int = 502
    framing: Framing = "tcp"
    answer_within_s: float = 0.250

    @property
    def character_s(self) -> float:
        return 0.0

    @property
    def silence_s(self) -> float:
        return 0.0

    async def connect(self, received: Received, lost: Lost) -> Transport:
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                transport, _ = await asyncio.get_running_loop().create_connection(
                    lambda: Wire(received, lost), self.host, self.port
                )
        except OSError as error:  # includes TimeoutError and name resolution
            reason = error.strerror or "no answer"
            message = (
                f"{self.host}:{self.port} cannot be reached ({reason}); check network, address and the board's power"
            )
            raise BusOffline(message) from error
        return transport


def latency_timer_ms(port: str, sysfs: Path = SYSFS) -> int | None:
    """For how long an FTDI adapter collects bytes before it hands them over; None for other ports."""
    try:
        return int((sysfs / os.path.basename(os.path.realpath(port)) / "device/latency_timer").read_text())  # noqa: PTH119  (a device, not a file)
    except (OSError, ValueError):
        return None


def _drive_direction(port: serial.Serial, name: str) -> None:
    """Raises BusOffline when the driver cannot."""
    try:
        port.rs485_mode = serial.rs485.RS485Settings()
    except (OSError, ValueError) as error:
        port.close()
        message = f"{name} cannot switch direction by RTS ({error}); use an adapter that does, or drop rs485_direction"
        raise BusOffline(message) from error


class PromptTransport(SerialTransport):
    """Writes at once what the port takes, not at the next turn of the event loop: a request fits into its buffer."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.intern_write_buffer:
            try:
                data = data[os.write(self.sync_serial.fileno(), data) :]
            except (BlockingIOError, InterruptedError):
                pass  # the buffer is full: when there is room
            except OSError as error:
                self.close(exc=error)
                return
        if data:
            super().write(data)


class Wire(asyncio.Protocol):
    """Hands what asyncio receives to the bus."""

    def __init__(self, received: Received, lost: Lost) -> None:
        self._received = received
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)


def _why_closed(port: str, error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in (11, 16):  # EAGAIN from flock, EBUSY
        return f"{port} is in use by another program; stop that program, one master owns a line"
    if number == 13:  # noqa: PLR2004  (EACCES)
        return f"{port} may not be opened; add the service's user to the group that owns it (dialout)"
    if not os.path.exists(port):  # noqa: PTH110  (a serial port may be a URL)
        return f"{port} does not exist; plug the adapter in, or correct `port` in the wiring file"
    return f"{port} cannot be opened ({type(error).__name__}); check baud, parity and the adapter"
