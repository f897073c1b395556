"""The whole service as its own process with panel, printer and scanner at its wires."""

import asyncio
import json
import os
import socket
import sys
import tty
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.control import ask
from simulator.printer import ReceiptPrinter

ROOT = Path(__file__).parents[2]
CONFIG = """
[cabinet]
id = "hoa-mai-01"
[storage]
directory = "journal"
reserve_mib = 0
[secrets]
device_key_file = "device-key"
[notices]
accept_codes_in_clear = true
[kiosk]
port = 0
[clerk]
port = 0
[panel]
case_pin = 17
mains_lost_pin = 6
button_pin = 5
buzzer_pin = 24
lock_supply_pin = 25
[printer]
device = "{printer}"
[scanner]
port = "{scanner}"
[[lock]]
model = "solenoid-12v"
[[bus]]
name = "A"
host = "127.0.0.1"
tcp_port = {bus_port}
[[board]]
name = "A1"
bus = "A"
unit_id = 1
[[compartment]]
number = 1
board = "A1"
coil = 0
input = 0
lock = "solenoid-12v"
row = 1
column = 1
height_cm = 100
"""
# Stands for the installed module RPi.GPIO: the simulator's header, its wires in a file that the test writes.
MODULE = """
import json, pathlib, sys
from simulator.gpio import Header
FOLDER = pathlib.Path(__file__).parent
class Wired(Header):
    def input(self, channel):
        self.wires = {int(pin): level for pin, level in json.loads((FOLDER / "wires.json").read_text()).items()}
        return super().input(channel)
    def output(self, channel, value):
        super().output(channel, value)
        (FOLDER / "levels.json").write_text(json.dumps(self.levels))
sys.modules[__name__] = Wired()
"""


class Wires:
    """The header's wires, the scanner and the printer of one running service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "RPi"
        self.folder.mkdir()
        (self.folder / "__init__.py").touch()
        (self.folder / "GPIO.py").write_text(MODULE)
        self.set(**{"17": False, "6": False, "5": False})
        self.printer = ReceiptPrinter()
        self.scanner, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.scanner_port = os.ttyname(self._theirs)

    def set(self, **pins: bool) -> None:
        fresh = self.folder / "wires.new"
        fresh.write_text(json.dumps(pins))
        fresh.replace(self.folder / "wires.json")

    def close(self) -> None:
        self.printer.unplug()
        os.close(self.scanner)
        os.close(self._theirs)


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, Any], Wires]]:
    key = tmp_path / "device-key"
    key.write_text("07" * 32)
    key.chmod(0o600)
    wires = Wires(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        bus_port = nobody.getsockname()[1]
    config = tmp_path / "cabinet.toml"
    config.write_text(CONFIG.format(bus_port=bus_port, printer=wires.printer.device, scanner=wires.scanner_port))
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api", "run", "--config", str(config), "--ready-line",
        cwd=ROOT, env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert program.stdout is not None
    async with asyncio.timeout(60):
        ready = json.loads(await program.stdout.readline())
    yield program, ready, wires
    if program.returncode is None:
        program.kill()
        await program.wait()
    wires.close()


async def test_what_happens_at_the_wires_reaches_screen_and_record_and_the_button_stops_it_in_order(
    story: tuple[asyncio.subprocess.Process, dict[str, Any], Wires], tmp_path: Path
) -> None:
    program, ready, wires = story

    async def incidents() -> list[str]:
        found: list[str] = (await ask(tmp_path / "journal" / "control.sock", "status"))["incidents"]
        return found

    async with asyncio.timeout(60), httpx.AsyncClient(base_url=ready["kiosk"], timeout=10) as screen:
        assert (await screen.get("/enter")).status_code == 303
        async with screen.stream("GET", "/api/kiosk/stream") as stream:
            shown = (json.loads(line[6:]) async for line in stream.aiter_lines() if line.startswith("data: "))
            await _first(shown, lambda one: one["printer"] == "ready")
            scanned = asyncio.create_task(_first(shown, lambda one: one["scan"] is not None))
            while not scanned.done():  # what comes before the port is opened is lost
                os.write(wires.scanner, b"TUI-000451\r")
                await asyncio.wait([scanned], timeout=0.5)
            assert scanned.result()["scan"]["text"] == "TUI-000451"
            wires.set(**{"17": True, "6": True, "5": False})
            while not {"case_opened", "mains_lost"} <= set(await incidents()):
                await anext(shown)
        assert json.loads((wires.folder / "levels.json").read_text())["25"] is True
        wires.set(**{"17": True, "6": True, "5": True})
        assert await program.wait() == 0
    assert (tmp_path / "journal" / "poweroff").read_text() == "poweroff\n"
    assert not any(json.loads((wires.folder / "levels.json").read_text()).values())


async def _first(shown: AsyncIterator[dict[str, Any]], is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first snapshot that is the one."""
    async for one in shown:
        if is_it(one):
            return one
    raise AssertionError("the stream ended before")
