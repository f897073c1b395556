"""What a trial finds at a door of simulated steel: while the cabinet serves, and while it is commissioned."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api import trials
from api.entry import KioskEntry
from api.running import Running, furnish
from locker import views
from locker.bench import Bench
from locker.config import Config
from locker.config_file import load, load_wiring
from locker.proofs import Proofs
from locker.refusals import DoorStandsOpen
from locker.rules.loading import Actor
from simulator.doors import Position
from simulator.phone import Phone
from simulator.stage import Stage
from simulator.state import DoorFaultIn
from simulator.twin.loop import JumpingLoop
from tests.locker.steel import WIRING, Desk, running

LOOP = JumpingLoop
DEVICE_KEY = bytes.fromhex("11" * 32)
WHO = Actor(user="tho", role="technician", is_present=True)


class Nobody:
    """No centre and no notices here."""

    is_online = False
    last_contact = None


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text += '\n[storage]\ndirectory = "."\n[notices]\naccept_codes_in_clear = true\n'
    (tmp_path / "cabinet.toml").write_text(text, encoding="utf-8")
    return load(tmp_path / "cabinet.toml")


@pytest.fixture(params=[False, True], ids=["serving", "commissioned"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path, config: Config) -> AsyncIterator[Desk]:
    stage = Stage(name="t", wiring=load_wiring(WIRING), phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving(), running(tmp_path, stage, config, is_on_trial=request.param, views=views.VIEWS) as one:
        yield one


@pytest.fixture
def is_served(request: pytest.FixtureRequest) -> bool:
    return "serving" in request.node.name


@pytest.fixture
async def cabinet(desk: Desk, config: Config, is_served: bool) -> Running:
    nobody: Any = Nobody()

    def new_id() -> str:
        return os.urandom(12).hex()

    one = furnish(
        config=config,
        journal=desk.journal,
        doors=desk.doors,
        proofs=Proofs(journal=desk.journal, device_key=DEVICE_KEY, uptime_ms=desk.clock.uptime_ms),
        centre=nobody,
        notices=nobody,
        device_key=DEVICE_KEY,
        entry=KioskEntry(device_key=DEVICE_KEY, key_file=None, draw=bytes),
        clock=desk.clock.moment,
        draw=os.urandom,
        bench=None if is_served else Bench(journal=desk.journal, wiring=config, boards=desk.boards, new_id=new_id),
    )
    async with asyncio.timeout(10):
        while desk.doors.readings[5] == "unknown":
            await desk.doors.changed()
    await trials.take_out(one, ["A1"], WHO)
    return one


async def shut_what_opened(desk: Desk) -> int:
    """Wait until no lock has current, shut the door that sprang open; its number, 0 for none."""
    doors = desk.stage.cabinet.doors
    while any(door.is_energised or door.springs_at is not None for door in doors.values()):
        await desk.stage.wait_for_change(1)
    opened = [number for number, door in doors.items() if door.position is not Position.CLOSED]
    for number in opened:
        desk.stage.touch(number, lambda door, at: door.push(at))
    return opened[0] if opened else 0


@pytest.mark.parametrize(
    ("fault", "kind", "other"),
    [
        (None, "good", 0),
        (DoorFaultIn(kind="swapped", other=6), "locks_swapped", 6),
        (DoorFaultIn(kind="jammed"), "does_not_open", 0),
        (DoorFaultIn(kind="stuck_closed"), "sensor_silent", 0),
    ],
    ids=lambda one: getattr(one, "kind", one),
)
async def test_a_fault_of_lock_or_switch_is_named(
    desk: Desk, cabinet: Running, is_served: bool, fault: DoorFaultIn | None, kind: str, other: int
) -> None:
    if fault is not None:
        desk.stage.break_door(5, fault)
    assert await trials.attempt(cabinet, 5, WHO) is None
    found = await trials.seen(cabinet, 5, await shut_what_opened(desk), WHO)
    assert (found.kind, found.other) == (kind, other)
    now = desk.journal.cabinet
    is_alarm = kind == "locks_swapped" and is_served
    assert now.boards_out == {"A1": "wrong_door" if is_alarm else "replaced" if is_served else "commissioning"}
    assert {one.kind for one in now.incidents.values()} == {"board_out_of_service", *(["wrong_door"] * is_alarm)}
    assert [bool(now.compartment(number).quarantine) for number in (4, 5, 6)] == [False, is_alarm, is_alarm]
    assert now.tried.get("A1", ()) == ((5,) if kind == "good" else ())


async def test_a_door_that_reads_open_once_it_is_shut_is_asked_about_once_and_then_named(
    desk: Desk, cabinet: Running
) -> None:
    assert await trials.attempt(cabinet, 5, WHO) is None
    desk.stage.break_door(5, DoorFaultIn(kind="stuck_open"))
    assert await shut_what_opened(desk) == 5
    with pytest.raises(DoorStandsOpen, match="door 5 still reads open; shut it firmly"):
        await trials.seen(cabinet, 5, 5, WHO)
    assert (await trials.seen(cabinet, 5, 5, WHO)).kind == "sensor_stays"
    assert "A1" in desk.journal.cabinet.boards_out


async def test_a_door_whose_board_goes_away_is_not_tried_and_nobody_is_asked(desk: Desk, cabinet: Running) -> None:
    desk.stage.cabinet.boards["A1"].set_power(has_power=False, at=asyncio.get_running_loop().time())
    found = await trials.attempt(cabinet, 5, WHO)
    assert found is not None
    assert found.kind == "not_tried"
    assert cabinet.trials.awaited == {}
    assert all(door.pulses == 0 for door in desk.stage.cabinet.doors.values())
