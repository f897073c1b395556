"""A GSM modem that speaks real AT (3GPP TS 27.005, 27.007) on a pty: gammu and the cabinet's own driver accept it.

`python -m simulator.modem --link PATH` serves one until Ctrl-C and prints each PDU it takes as a line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import tty
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import click

from simulator.plugs import CannotServe

Fault = Literal["silent", "cut", "refuse"]
CENTRE = "07914889020000F0"
DATE = "62112200000000"
IDENTITY = {"CGMI": "Dossier", "CGMM": "SIM", "CGMR": "1.0", "CGSN": "490154203237518", "CIMI": "452010000000001"}
SILENT_COMMANDS = (
    "ATE",
    "AT+CMEE",
    "AT+CMGF",
    "AT+CNMI",
    "AT+CMGD",
    "AT+CSCS",
    "AT+CPMS=",
    "ATZ",
    "AT+CREG=",
    "AT+CSMS=",
    "AT+CFUN=",
)


@dataclass
class Modem:
    """The modem as a pure model: bytes in, bytes out. `taken` holds the PDUs of AT+CMGS in order."""

    taken: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    faults: deque[tuple[Fault, str]] = field(default_factory=deque)
    """For the coming PDUs: `silent` (taken, no answer), `cut` (taken, the line ends), `refuse` (with that answer)."""
    pin: str | None = None
    registration: int = 1
    sim: str = "READY"
    centre: str = "+84980200030"
    reports: bool = True
    status: int = 0x00
    """TP-ST of the reports that follow."""
    _echo: bool = True
    _buffer: str = ""
    _awaits: bool = False
    _number: int = 0

    def feed(self, received: bytes) -> tuple[bytes, bool]:
        """What the modem says to these bytes, and whether its line is cut now."""
        said = b""
        for octet in received.decode("latin-1"):
            if octet == "\x1b":
                self._buffer, self._awaits = "", False
            elif self._awaits and octet == "\x1a":
                answer, is_cut = self._take()
                said += answer
                if is_cut:
                    return said, True
            elif not self._awaits and octet == "\r":
                command, self._buffer = self._buffer.strip(), ""
                if command:
                    said += self._answer(command)
            elif octet != "\n":
                self._buffer += octet
        return said, False

    def report(self, octets: str) -> bytes:
        """The status report of a PDU that was taken, as the modem hands it out unasked."""
        length, number = int(octets[6:8], 16), self._number
        address = octets[6 : 10 + 2 * -(-length // 2)]
        body = f"06{number:02X}{address}{DATE}{DATE}{self.status:02X}"
        return f"\r\n+CDS: {len(body) // 2}\r\n{CENTRE}{body}\r\n".encode()

    def _take(self) -> tuple[bytes, bool]:
        octets, self._buffer, self._awaits = self._buffer.strip(), "", False
        fault, extra = self.faults.popleft() if self.faults else ("", "")
        if fault == "refuse":
            return f"\r\n{extra}\r\n".encode(), False
        self.taken.append(octets)
        self._number = (self._number + 1) % 256
        if fault == "cut":
            return b"", True
        if fault == "silent":
            return b"", False
        answer = f"\r\n+CMGS: {self._number}\r\n\r\nOK\r\n".encode()
        wants = int(octets[2 + 2 * int(octets[:2], 16) :][:2], 16) & 0x20
        return answer + (self.report(octets) if self.reports and wants and octets.startswith("00") else b""), False

    def _answer(self, command: str) -> bytes:
        self.commands.append(command)
        echo = f"{command}\r".encode() if self._echo else b""
        upper = command.upper()
        if upper.startswith("ATE"):
            self._echo = not upper.startswith("ATE0")
        if upper.startswith("AT+CMGS="):
            self._awaits = True
            return echo + b"\r\n> "
        return echo + self._said(upper)

    def _said(self, command: str) -> bytes:
        if command.removeprefix("AT+") in IDENTITY:
            return _with_ok(IDENTITY[command.removeprefix("AT+")])
        if command.startswith('AT+CPIN="'):
            if command == f'AT+CPIN="{self.pin}"':
                self.sim = "READY"
                return b"\r\nOK\r\n"
            return b"\r\n+CME ERROR: 16\r\n"
        answers = {
            "AT+CPIN?": f"+CPIN: {self.sim}",
            "AT+CREG?": f"+CREG: 0,{self.registration}",
            "AT+CSCA?": f'+CSCA: "{self.centre}",145',
            "AT+CSQ": "+CSQ: 21,99",
            "AT+CSCS?": '+CSCS: "GSM"',
            "AT+CSCS=?": '+CSCS: ("GSM","UCS2")',
            "AT+CMGF?": "+CMGF: 0",
            "AT+CMGF=?": "+CMGF: (0,1)",
            "AT+CPMS?": '+CPMS: "SM",0,20,"SM",0,20,"SM",0,20',
            "AT+CPMS=?": '+CPMS: ("SM"),("SM"),("SM")',
        }
        if command in answers:
            return _with_ok(answers[command])
        return b"\r\nOK\r\n" if command == "AT" or command.startswith(SILENT_COMMANDS) else b"\r\nERROR\r\n"


def _with_ok(line: str) -> bytes:
    return f"\r\n{line}\r\n\r\nOK\r\n".encode()


class Socket:
    """Owns a pty with the modem behind it, served by the running loop. `path` is what a program opens."""

    def __init__(self, modem: Modem, *, on_taken: Callable[[str], None] | None = None) -> None:
        self._modem = modem
        self._on_taken = on_taken
        self._own, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        asyncio.get_running_loop().add_reader(self._own, self._read)

    def unplug(self) -> None:
        """Take the modem away; harmless when it is gone."""
        if self._own >= 0:
            asyncio.get_running_loop().remove_reader(self._own)
            os.close(self._own)
            os.close(self._theirs)
            self._own = self._theirs = -1

    def say(self, octets: bytes) -> None:
        """Let the modem say something unasked."""
        os.write(self._own, octets)

    def _read(self) -> None:
        before = len(self._modem.taken)
        said, is_cut = self._modem.feed(os.read(self._own, 4096))
        for octets in self._modem.taken[before:]:
            if self._on_taken is not None:
                self._on_taken(octets)
        self.say(said)
        if is_cut:
            self.unplug()


@contextlib.contextmanager
def plugged(modem: Modem, *, link: Path | None = None, on_taken: Callable[[str], None] | None = None) -> Iterator[str]:
    """Serve the modem on a new pty in the running loop; gives the path a program opens. Raises CannotServe."""
    socket = Socket(modem, on_taken=on_taken)
    try:
        if link is not None:
            try:
                link.symlink_to(socket.path)
            except OSError as error:
                raise CannotServe(
                    f"{link} cannot be made ({error.strerror}); remove it or name another path"
                ) from error
        yield str(link or socket.path)
    finally:
        socket.unplug()
        if link is not None and link.is_symlink():
            link.unlink()


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--link", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where programs find the modem."
)
def main(link: Path) -> None:
    """Simulate a GSM modem on a pty; Ctrl-C ends it."""

    async def serve() -> None:
        ended = asyncio.Event()
        for ending in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(ending, ended.set)
        with plugged(Modem(), link=link, on_taken=lambda octets: click.echo(json.dumps({"pdu": octets}))):
            click.echo(json.dumps({"ready": True, "port": str(link)}))
            await ended.wait()

    try:
        asyncio.run(serve())
    except CannotServe as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
