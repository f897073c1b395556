"""The code scanner in USB-CDC serial mode: what it reads comes as a line with a terminator.

A scan ends at CR or LF, or after 100 ms of silence for scanners without one. What is longer than the cap, does not
decode or holds control signs is dropped whole; what comes meanwhile is dropped with it, up to the next end.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import serial

from hw.errors import ScannerOffline

LONGEST: Final = 1_200
SILENCE_S: Final = 0.1
ENDS: Final = (b"\r", b"\n")


@dataclass(frozen=True, slots=True)
class ScannerPort:
    """Where the scanner is; USB-CDC ignores the speed, a wired one does not."""

    port: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600


class Lines:
    """Cuts bytes into scans. `feed` and `silence` give those that are whole and clean, as text."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._is_too_long = False

    def feed(self, chunk: bytes) -> list[str]:
        """The scans that these bytes complete."""
        found = []
        for octet in chunk:
            if bytes([octet]) in ENDS:
                found += self.silence()
            elif len(self._bytes) < LONGEST:
                self._bytes.append(octet)
            else:
                self._is_too_long = True
        return found

    def silence(self) -> list[str]:
        """Nothing came for a while: what there is, is a scan."""
        octets, is_too_long = bytes(self._bytes), self._is_too_long
        self._bytes.clear()
        self._is_too_long = False
        if not octets or is_too_long:
            return []
        try:
            text = octets.decode().strip()
        except UnicodeDecodeError:
            return []
        return [text] if text and text.isprintable() else []


class Scanner:
    """Owns the scanner's port while `run` runs."""

    def __init__(self, place: ScannerPort, *, on_scan: Callable[[str], None]) -> None:
        self._place = place
        self._on_scan = on_scan

    async def run(self, *, on_open: Callable[[], None]) -> None:
        """Hand every scan to `on_scan` until the port goes. Raises ScannerOffline."""
        place = self._place
        try:
            port = await asyncio.to_thread(serial.Serial, place.port, place.baud, timeout=0, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise ScannerOffline(
                f"{place.port} cannot be opened; plug the scanner in and put it into serial (USB-CDC) mode"
            ) from error
        on_open()
        stream = _Stream(port, self._on_scan)
        loop = asyncio.get_running_loop()
        loop.add_reader(port.fileno(), stream.read)
        try:
            while not stream.is_gone:
                await stream.quiet()
        finally:
            loop.remove_reader(port.fileno())
            port.close()
        raise ScannerOffline(f"{place.port} is gone; plug the scanner in again")


class _Stream:
    """What an open port hands over, and the silence behind it."""

    def __init__(self, port: serial.Serial, on_scan: Callable[[str], None]) -> None:
        self._port = port
        self._on_scan = on_scan
        self._lines = Lines()
        self._came = asyncio.Event()
        self.is_gone = False

    def read(self) -> None:
        try:
            chunk = os.read(self._port.fileno(), 4096)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            # The port stays readable without end; nobody is to be woken by it any more.
            asyncio.get_running_loop().remove_reader(self._port.fileno())
            self.is_gone = True
        self._hand_over(self._lines.feed(chunk))
        self._came.set()

    async def quiet(self) -> None:
        """Wait for bytes, then until none came for a while: what there is then, is a scan."""
        await self._came.wait()
        while not self.is_gone:
            self._came.clear()
            try:
                async with asyncio.timeout(SILENCE_S):
                    await self._came.wait()
            except TimeoutError:
                break
        self._hand_over(self._lines.silence())

    def _hand_over(self, scans: list[str]) -> None:
        for text in scans:
            self._on_scan(text)
