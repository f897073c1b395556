"""`dossier-locker find-boards` at places on the network, and the wiring file it writes."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from api import command_line, wiring_file
from locker.config import Wiring
from locker.config_file import load_wiring
from simulator.phone import Phone
from simulator.stage import Stage

LOCK = {"model": "solenoid", "pulse_ms": 500}


def stage() -> Stage:
    """Two Waveshare ETH Relay (B), one in Modbus TCP, one in RTU over TCP, as gateways do."""
    wiring = Wiring.model_validate(
        {
            "lock": [LOCK],
            "bus": [
                {"name": "A", "host": "127.0.0.1", "tcp_port": 502, "framing": "tcp"},
                {"name": "B", "host": "127.0.0.1", "tcp_port": 503, "framing": "rtu"},
            ],
            "board": [
                {"name": f"{bus}1", "bus": bus, "unit_id": 1, "profile": "waveshare-poe-eth-relay-b"} for bus in "AB"
            ],
            "compartment": [
                {
                    "number": number,
                    "board": f"{bus}1",
                    "coil": 0,
                    "input": 0,
                    "lock": "solenoid",
                    "row": 1,
                    "column": number,
                    "height_cm": 100,
                }
                for number, bus in enumerate("AB", start=1)
            ],
        }
    )
    return Stage(name="network", wiring=wiring, phone=Phone(None), clock=time.monotonic)


async def test_boards_at_named_places_are_found_and_the_file_written_for_them_is_a_wiring(tmp_path: Path) -> None:
    file = tmp_path / "wiring.toml"
    served = stage()
    async with served.served({"A": "tcp://127.0.0.1:0", "B": "rtu+tcp://127.0.0.1:0"}):
        ports = [int(served.plugs[bus].address.rpartition(":")[2]) for bus in "AB"]
        where = ",".join(f"127.0.0.1:{port}" for port in ports)
        arguments = ["find-boards", where, str(file), "--ids", "1"]
        outcome = await asyncio.to_thread(CliRunner().invoke, command_line.main, arguments)
    assert outcome.exit_code == 0, outcome.output
    assert f"127.0.0.1 {ports[0]} tcp: unit id 1, version 3.00: waveshare-poe-eth-relay-b" in outcome.output
    wiring = load_wiring(file)
    assert [(bus.name, bus.host, bus.tcp_port, bus.framing) for bus in wiring.bus] == [
        ("A", "127.0.0.1", ports[0], "tcp"),
        ("B", "127.0.0.1", ports[1], "rtu"),
    ]
    assert [(board.name, board.bus) for board in wiring.board] == [("A1", "A"), ("B1", "B")]
    assert [entry.number for entry in wiring.compartment] == list(range(1, 17))


def test_places_are_hosts_with_or_without_a_port() -> None:
    assert wiring_file.places_of("10.0.0.5, relays.lan:4196") == (("10.0.0.5", 502), ("relays.lan", 4196))
    with pytest.raises(ValueError, match="write HOST or HOST:PORT"):
        wiring_file.places_of("10.0.0.5,,")


def test_what_is_no_place_is_told_in_a_sentence(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(command_line.main, ["find-boards", "host:x", str(tmp_path / "wiring.toml")])
    assert outcome.exit_code == 1
    assert "'host:x' is no place on the network" in outcome.output
