"""Commissioning a simulated cabinet of 24 doors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner

from api import command_line, commission
from hw.panel import Output, Panel
from locker import acceptance, keeping, receipts
from locker.config import Config, StaffEntry
from locker.config_file import load, load_wiring
from otp import staff
from simulator.doors import Position
from simulator.phone import Phone
from simulator.stage import Stage
from tests.locker.steel import WIRING

PASSWORD = "mat-khau-rat-dai"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SECONDS_A_PROMPT = 15


class Technician:
    """A person at the terminal and at the doors of the stage: says which door opened, shuts it, mends what is named."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.prompts: list[str] = []
        self.told: list[str] = []

    async def ask(self, text: str, *, hidden: bool = False) -> str:
        self.prompts.append(text)
        if text.startswith("Your user"):
            return "tho"
        if text.startswith("Password"):
            assert hidden
            return PASSWORD
        if text.startswith("Six digits"):
            return pyotp.TOTP(SECRET).now()
        if text.startswith("Mend"):
            self.stage.cabinet.swap_lock_wires(5, 6, time.monotonic())
            self.stage.cabinet.doors[9].is_inverted = False
            self.stage.touch(9, lambda door, at: door.advance(at))
        return await self._shut(text) if text.startswith("Door") else ""

    async def _shut(self, text: str) -> str:
        doors = self.stage.cabinet.doors
        while any(door.is_energised for door in doors.values()):
            await self.stage.wait_for_change(1)
        opened = [number for number, door in doors.items() if door.position is not Position.CLOSED]
        for number in opened:
            self.stage.touch(number, lambda door, at: door.push(at))
        expected = text.removeprefix("Door ").split()[0]
        return "" if opened == [int(expected)] else str(opened[0] if opened else 0)

    def tell(self, text: str) -> None:
        self.told.append(text)


class Pins:
    """RPi.GPIO as far as one output needs it; keeps the levels."""

    BCM = OUT = IN = PUD_UP = PUD_DOWN = 1

    def __init__(self) -> None:
        self.levels: list[bool] = []

    def setmode(self, mode: int) -> None:
        assert mode == self.BCM

    def setwarnings(self, on: bool) -> None:
        assert not on

    def setup(self, channel: int, direction: int, **how: Any) -> None:
        assert (channel, direction) == (5, self.OUT)
        self.levels.append(bool(how["initial"]))

    def input(self, channel: int) -> int:
        return channel

    def output(self, channel: int, value: bool) -> None:
        assert channel == 5
        self.levels.append(bool(value))

    def cleanup(self, channel: list[int]) -> None:
        assert channel == [5]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    wiring = load_wiring(WIRING)
    one = Stage(name="t", wiring=wiring, phone=Phone(None), clock=time.monotonic)
    async with one.served({"A": str(tmp_path / "line-a")}):
        yield one


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The wiring of the 24 doors with pulses as short as may be, and one technician."""
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text = text.replace('port = ".run/line-A"', f'port = "{tmp_path / "line-a"}"')
    (tmp_path / "key").write_text("11" * 32)
    (tmp_path / "key").chmod(0o600)
    text += '\n[storage]\ndirectory = "state"\nreserve_mib = 0\n[secrets]\ndevice_key_file = "key"\n'
    text += "[notices]\naccept_codes_in_clear = true\n[limits]\ndoors_per_minute = 60\n"
    file = tmp_path / "cabinet.toml"
    file.write_text(text, encoding="utf-8")
    technician = StaffEntry(
        user="tho",
        name="Thợ",
        role="technician",
        password_hash=staff.hash_password(PASSWORD, hasher=staff.password_hasher(memory_kib=8, passes=1)),
        totp_secret=SECRET,
    )
    return load(file).model_copy(update={"staff": (technician,)})


async def test_exchanged_wires_and_an_inverted_sensor_of_24_doors_are_found_named_and_mended_in_ten_minutes(
    stage: Stage, config: Config, tmp_path: Path
) -> None:
    stage.cabinet.swap_lock_wires(5, 6, time.monotonic())
    stage.cabinet.doors[9].is_inverted = True
    stage.touch(9, lambda door, at: door.advance(at))
    person, pins = Technician(stage), Pins()
    panel = Panel({}, {"lock_supply": Output(pin=5, is_active_high=True)}, load=lambda: pins)
    began = time.monotonic()
    sheet_file = await commission.commission(config, person, folder=tmp_path, panel=panel)
    machine_s = time.monotonic() - began

    named = [line for line in person.told if line.startswith("!")]
    assert len(named) == 2
    assert "doors 5 and 6: their lock wires are exchanged" in named[0]
    assert "relay 5 of board A1" in named[0]
    assert "door 9: its switch reads the wrong way round" in named[1]
    assert len(person.prompts) * SECONDS_A_PROMPT + machine_s < 600

    signed = sheet_file.read_text("utf-8").splitlines()[-1]
    public = receipts.public_text(receipts.signer(bytes.fromhex("11" * 32)))
    sheet = acceptance.check(signed, public)
    assert sheet.is_accepted
    assert [door.number for door in sheet.doors] == list(range(1, 25))
    with pytest.raises(receipts.ReceiptRefusedError):
        acceptance.check(signed.replace("DLA1.", "DLA1.e"), public)
    assert keeping.verify(config.storage.journal).is_sound
    assert pins.levels == [False, True, False], "the contactor feeds the locks during the session, and no longer"
    pulses = sum(door.pulses for door in stage.cabinet.doors.values())
    assert pulses == 24 + 3, "one pulse a trial, and a trial of each door, of the bad ones twice"


async def test_boards_on_a_line_are_found_and_the_file_written_for_them_is_a_wiring(
    stage: Stage, tmp_path: Path
) -> None:
    port, file = stage.plugs["A"].address, tmp_path / "wiring.toml"
    outcome = await asyncio.to_thread(
        CliRunner().invoke, command_line.main, ["find-boards", port, str(file), "--ids", "4"]
    )
    assert outcome.exit_code == 0, outcome.output
    assert "9600 N: unit id 2, version 3.00: " in outcome.output
    assert "waveshare-relay-d" in outcome.output
    wiring = load_wiring(file)
    assert [(board.name, board.unit_id) for board in wiring.board] == [("A1", 1), ("A2", 2), ("A3", 3)]
    assert len(wiring.compartment) == 24
