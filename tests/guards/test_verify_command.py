"""`verify` as it is typed: with a head noted elsewhere, a journal that was cut at its end is found too."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import apsw
import pytest

from api import control
from api.run import _commands
from tests.guards.test_subject_commands import CONFIG, call


@pytest.fixture
def config_file(tmp_path: Path) -> str:
    file = tmp_path / "cabinet.toml"
    file.write_text(CONFIG.format(directory=tmp_path))
    return str(file)


async def test_a_cut_end_is_found_by_the_head_that_an_earlier_look_had_printed(cab: Any, config_file: str) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    path = cab.journal.path
    await cab.journal.close()
    sound = await call("verify", "--config", config_file, "--file", str(path))
    assert sound.exit_code == 0, sound.output
    seq, head = sound.stdout.split()[0], sound.stdout.split()[-1]
    connection = apsw.Connection(str(path))
    connection.execute("DELETE FROM event WHERE seq = ?", (int(seq),))
    connection.close()
    asked = ("verify", "--config", config_file, "--file", str(path))
    assert (await call(*asked)).exit_code == 0, "a shorter chain is a whole chain"
    cut = await call(*asked, "--head", f"{seq}:{head}")
    assert cut.exit_code == 1
    assert f"fact {seq}: the journal ends at {int(seq) - 1}, but {seq} was known of it" in cut.output
    wrong = await call(*asked, "--head", f"{seq}:abc")
    assert "write a head as number:hash" in wrong.output


async def test_the_running_service_compares_as_well(cab: Any, config_file: str) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    config = cab.running.config
    serving = asyncio.create_task(control.serve(config.storage.control, _commands(config, cab.running)))
    try:
        await asyncio.sleep(0)
        told = json.loads((await call("verify", "--config", config_file)).stdout)
        assert told["is_sound"]
        known = f"{told['seq']}:{told['head_hash']}"
        assert (await call("verify", "--config", config_file, "--head", known)).exit_code == 0
        other = await call("verify", "--config", config_file, "--head", f"{told['seq'] + 9}:{told['head_hash']}")
        assert (other.exit_code, json.loads(other.stdout)["flaw_seq"]) == (1, told["seq"] + 1)
    finally:
        serving.cancel()
        await asyncio.wait([serving])
