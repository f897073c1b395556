"""The line to a modem: one AT command at a time, its lines back, and the reports that come unasked.

A line is opened whole and, after anything unexpected, closed whole: what a late answer belongs to is never guessed.
"""

import asyncio
import contextlib
import os
import re
from collections.abc import Callable
from typing import Final

import serial

from otp import errors
from otp.modem_errors import meaning_of

PROMPT: Final = b"> "
CONTROL_Z: Final = b"\x1a"
ESCAPE: Final = b"\x1b"
LONGEST_ANSWER: Final = 16_384
REPORT: Final = "+CDS:"
_REFUSAL = re.compile(r"^\+(CM[ES]) ERROR: ?(\d+)$")
_UNASKED: Final = ("+CMTI:", "+CMT:", "+CREG:", "+CGREG:", "+CEREG:", "RING", "NO CARRIER", "^", "+CDSI:", "*")


class ModemSilent(Exception):
    """No answer in time, or the line broke: nothing is known about the last command."""


class ModemLine:
    """Owns one serial port, opened exclusively. Make it with `open`, in the loop it is used in."""

    def __init__(self, port: serial.Serial, *, on_report: Callable[[str], None]) -> None:
        self._port = port
        self._on_report = on_report
        self._loop = asyncio.get_running_loop()
        self._bytes = bytearray()
        self._answer: asyncio.Future[list[str]] | None = None
        self._lines: list[str] = []
        self._command = ""
        self._is_report_next = False
        self._is_prompt_awaited = False
        self._loop.add_reader(port.fileno(), self._read)

    @classmethod
    async def open(cls, path: str, *, baud: int, on_report: Callable[[str], None]) -> "ModemLine":
        """Open the port; `on_report` gets each status report as hexadecimal digits. Raises GatewayUnreachable."""
        try:
            port = await asyncio.to_thread(serial.Serial, path, baud, timeout=0, write_timeout=1, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise errors.GatewayUnreachable(
                f"the modem's port {path} cannot be opened; plug it in, correct the port, or stop what uses it"
            ) from error
        return cls(port, on_report=on_report)

    @property
    def is_open(self) -> bool:
        return bool(self._port.is_open)

    def close(self) -> None:
        """Let the port go; a command that waits gets ModemSilent."""
        if not self._port.is_open:
            return
        self._loop.remove_reader(self._port.fileno())
        self._port.close()
        self._refuse(ModemSilent("the modem's line was closed"))

    async def ask(self, command: str, *, within_s: float = 5.0, until_prompt: bool = False) -> list[str]:
        """Send one command and return its lines without echo and OK. Raises ModemSilent and what the number means."""
        return await self._exchange(command, command.encode("ascii") + b"\r", within_s, until_prompt=until_prompt)

    async def hand_over(self, octets: str, *, within_s: float) -> list[str]:
        """Send a PDU after the prompt. Raises as `ask`."""
        return await self._exchange(octets, octets.encode("ascii") + CONTROL_Z, within_s, until_prompt=False)

    def interrupt(self) -> None:
        """Leave a prompt that an earlier program or a power cut left open."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.write(ESCAPE)

    async def _exchange(self, command: str, octets: bytes, within_s: float, *, until_prompt: bool) -> list[str]:
        if not self.is_open:
            raise ModemSilent("the modem's line is closed")
        self._answer = self._loop.create_future()
        self._command, self._lines = command, []
        self._is_prompt_awaited = until_prompt
        try:
            self._port.write(octets)
            async with asyncio.timeout(within_s):
                return await self._answer
        except (serial.SerialException, OSError) as error:
            if isinstance(error, TimeoutError):
                raise ModemSilent("the modem did not answer in time") from error
            self.close()
            raise ModemSilent("the modem's line broke") from error
        finally:
            self._answer = None
            self._is_prompt_awaited = False

    def _read(self) -> None:
        try:
            chunk = os.read(self._port.fileno(), 4096)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return
        self._bytes += chunk
        if len(self._bytes) > LONGEST_ANSWER:
            self._bytes.clear()
        while (end := self._bytes.find(b"\n")) >= 0:
            line = bytes(self._bytes[:end]).decode("ascii", "replace").strip()
            del self._bytes[: end + 1]
            if line:
                self._take(line)
        if self._is_prompt_awaited and bytes(self._bytes).lstrip(b"\r").endswith(PROMPT):
            self._bytes.clear()
            self._settle(self._lines)

    def _take(self, line: str) -> None:
        if self._is_report_next:
            self._is_report_next = False
            self._on_report(line)
        elif line.startswith(REPORT):
            self._is_report_next = True
        elif self._answer is None or line == self._command or self._is_unasked(line):
            return
        elif line == "OK":
            self._settle(self._lines)
        elif line == "ERROR":
            self._refuse(meaning_of("ERROR", None))
        elif match := _REFUSAL.match(line):
            self._refuse(meaning_of(match[1], int(match[2])))
        else:
            self._lines.append(line)

    def _is_unasked(self, line: str) -> bool:
        asked = re.match(r"AT(\+\w+)", self._command)
        return line.startswith(_UNASKED) and not (asked and line.startswith(asked[1]))

    def _settle(self, lines: list[str]) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(lines)

    def _refuse(self, reason: Exception) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(reason)
