"""`subject-report` and `erase` as the command line asks the running service for them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from api import control
from api.command_line import main
from api.run import _commands
from locker import events as ev

CONFIG = """
[cabinet]
id = "hoa-mai-01"
[storage]
directory = "{directory}"
[notices]
accept_codes_in_clear = true
[[lock]]
model = "solenoid-12v"
[[bus]]
name = "A"
port = "/dev/ttyUSB0"
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
height_cm = 95
"""


async def call(*words: str) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, main, list(words))


async def test_a_person_is_told_all_and_erased_once_nothing_needs_it(cab: Any, tmp_path: Path) -> None:
    config_file = tmp_path / "cabinet.toml"
    config_file.write_text(CONFIG.format(directory=tmp_path))
    config = cab.running.config
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    serving = asyncio.create_task(control.serve(config.storage.control, _commands(config, cab.running)))
    try:
        await asyncio.sleep(0)
        asked = ("--config", str(config_file), "0901234678")
        told = await call("subject-report", *asked)
        assert told.exit_code == 0, told.output
        assert {one["held_because"] for one in json.loads(told.stdout)["kept"]} == {"in_use"}
        assert "in_use" in (await call("erase", "--yes", *asked)).stdout
        taken = ev.Collected(hand_over="h-1", compartment=1, results=("r-1",), evidence="door_cycle")
        await cab.journal.record(lambda *_: ev.Decision(events=(taken,)))
        gone = await call("erase", "--yes", *asked)
        assert gone.stdout.startswith("2 records erased"), gone.output
        assert json.loads((await call("subject-report", *asked)).stdout)["kept"] == []
    finally:
        serving.cancel()
        await asyncio.wait([serving])
