"""A board is replaced behind eight loaded doors while the other boards hand over: over the control socket, on real
frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from api import board_swap, commission_board, control
from api.commission import Abandoned
from api.entry import KioskEntry
from api.running import Running, furnish
from api.sessions import Member
from locker import events as ev
from locker.clock import system_clock
from locker.config import Config, StaffEntry
from locker.config_file import load, load_wiring
from locker.proofs import Proofs
from locker.rules import commissioning as rules
from otp import staff
from simulator.doors import Position
from simulator.phone import Phone
from simulator.stage import Stage
from simulator.state import BoardFaultIn
from tests.locker.steel import WIRING, Desk, running

PASSWORD = "mat-khau-rat-dai"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DEVICE_KEY = bytes.fromhex("11" * 32)
HASHER = staff.password_hasher(memory_kib=8, passes=1)


class Nobody:
    """No centre and no notices here."""

    is_online = False
    last_contact = None


class Technician:
    """Exchanges board A2 when told to, says which door opened and shuts it; a citizen collects meanwhile."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.told: list[str] = []
        self.meanwhile: Any = None
        self.codes = 0

    async def ask(self, text: str, *, hidden: bool = False) -> str:
        if text.startswith("Your user"):
            return "tho"
        if text.startswith("Password"):
            return PASSWORD if hidden else ""
        if text.startswith("Six digits"):
            self.codes += 1
            return pyotp.TOTP(SECRET).at(int(time.time()) + 30 * (self.codes - 1))
        if text.startswith("Board"):
            self.desk.stage.break_board("A2", BoardFaultIn(kind="dead"))
            await self._until_online(is_online=False)
            await self.meanwhile()
            self.desk.stage.break_board("A2", BoardFaultIn(kind="none"))
            await self._until_online(is_online=True)
        if text.startswith("Mend"):
            return "end"
        return await self._shut(text) if text.startswith("Door") else ""

    async def _until_online(self, *, is_online: bool) -> None:
        async with asyncio.timeout(15):
            while self.desk.doors.boards["A2"].is_online is not is_online:
                await self.desk.doors.changed()

    async def _shut(self, text: str) -> str:
        doors = self.desk.stage.cabinet.doors
        while any(door.is_energised for door in doors.values()):
            await self.desk.stage.wait_for_change(1)
        opened = [number for number, door in doors.items() if door.position is not Position.CLOSED]
        for number in opened:
            self.desk.stage.touch(number, lambda door, at: door.push(at))
        return "" if opened == [int(text.split()[1])] else str(opened[0] if opened else 0)

    def tell(self, text: str) -> None:
        self.told.append(text)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text += '\n[storage]\ndirectory = "."\n[notices]\naccept_codes_in_clear = true\n'
    (tmp_path / "cabinet.toml").write_text(text, encoding="utf-8")
    people = tuple(
        StaffEntry(
            user=user,
            name=name,
            role=role,  # type: ignore[arg-type]  # one of the roles
            password_hash=staff.hash_password(PASSWORD, hasher=HASHER),
            totp_secret=SECRET,
        )
        for user, name, role in (("tho", "Thợ", "technician"), ("lan", "Lan", "clerk"))
    )
    return load(tmp_path / "cabinet.toml").model_copy(update={"staff": people})


@pytest.fixture
async def desk(tmp_path: Path, config: Config) -> AsyncIterator[Desk]:
    stage = Stage(name="t", wiring=load_wiring(WIRING), phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving(), running(tmp_path, stage, config) as one:
        yield one


@pytest.fixture
async def cabinet(desk: Desk, config: Config) -> AsyncIterator[Running]:
    nobody: Any = Nobody()
    clock = system_clock("r-swap")
    one = furnish(
        config=config,
        journal=desk.journal,
        doors=desk.doors,
        proofs=Proofs(journal=desk.journal, device_key=DEVICE_KEY, uptime_ms=clock.uptime_ms),
        centre=nobody,
        notices=nobody,
        device_key=DEVICE_KEY,
        entry=KioskEntry(device_key=DEVICE_KEY, key_file=None, draw=bytes),
        clock=clock.moment,
        draw=os.urandom,
        hasher=HASHER,
    )
    commands = board_swap.BoardSwaps(running=one).commands()
    serving = asyncio.create_task(control.serve(config.storage.control, commands))
    yield one
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def hold(desk: Desk, *numbers: int) -> None:
    """Something lies in these compartments, each for a person of its own."""
    for number in numbers:
        result = await desk.announce(number, recipient=f"k{number}")
        key = f"h-{result}"
        started = ev.LoadStarted(
            hand_over=key, results=(result,), recipient=f"k{number}", compartment=number, actor="lan"
        )
        loaded = ev.Loaded(hand_over=key, compartment=number, results=(result,), evidence="clerk")
        await desk.journal.record(lambda *_, facts=(started, loaded): ev.Decision(events=facts))
        desk.stage.cabinet.doors[number].content.append(result)
    await desk.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"),)))


async def test_a_board_is_replaced_behind_eight_loaded_doors_while_citizens_collect_at_the_others(
    desk: Desk, cabinet: Running, config: Config
) -> None:
    await desk.until_served(1)
    behind = tuple(entry.number for entry in config.compartments_of("A2"))
    await hold(desk, 1, *behind)
    person = Technician(desk)

    async def somebody_collects() -> None:
        await desk.grant_collect("h-r1")
        await desk.until(lambda now: now.compartment(1).is_open)
        await desk.shut(1, take=True)
        await desk.until(lambda now: now.hand_overs["h-r1"].stage == "collected")

    person.meanwhile = somebody_collects
    assert len(behind) == 8
    with pytest.raises(Abandoned, match="stays out of service"):
        await commission_board.commission_board(config, "A2", person)
    refused = [line for line in person.told if line.startswith("!")]
    assert len(refused) == 8, "without a clerk no loaded door opens"
    assert all("a clerk must sign in" in line for line in refused)
    assert all(desk.stage.cabinet.doors[number].pulses == 0 for number in behind)
    assert desk.journal.cabinet.boards_out == {"A2": "replaced"}

    token = cabinet.sessions.begin(Member(user="lan", name="Lan", role="clerk"))
    session = cabinet.sessions.find(token)
    assert session is not None
    cabinet.sessions.prove(session)
    await desk.journal.record(lambda *_: ev.Decision(events=(ev.VisitEnded(visit="v1", cause="idle"),)))

    async def nothing() -> None:
        """Nobody comes."""

    person.meanwhile = nothing
    await commission_board.commission_board(config, "A2", person)
    now = desk.journal.cabinet
    assert now.boards_out == {}
    assert set(behind) <= set(desk.doors.servable)
    assert [one.kind for one in now.incidents.values()] == []
    assert all(now.hand_overs[f"h-r{number}"].stage == "loaded" for number in behind)
    assert all(desk.stage.cabinet.doors[number].content == [f"r{number}"] for number in behind)
    told = json.dumps(person.told, ensure_ascii=False)
    assert "p-" not in told
    assert "d-" not in told
    grants = [one.body for one in await desk.journal.envelopes(0, 1000) if one.type == "GrantIssued"]
    assert {(one["purpose"], one["second"]) for one in grants if one["actor"] == "tho"} == {("prove", "lan")}


@pytest.mark.parametrize(
    ("facts", "moved", "cause"),
    [
        ([("DoorOpened", {"grant": "g", "compartment": 5})], {5}, "opened"),
        ([("DoorOpened", {"grant": "other", "compartment": 4})], set(), "restarted"),
        ([("WrongDoorOpened", {"grant": "g", "granted": 5, "opened": 6})], {6}, "wrong_door"),
        ([("DoorDidNotOpen", {"grant": "g", "compartment": 5})], set(), "not_seen"),
        ([("GrantLapsed", {"grant": "g", "cause": "too_late"})], set(), "too_late"),
    ],
)
def test_how_a_trial_ended(facts: list[tuple[str, dict[str, Any]]], moved: set[int], cause: str) -> None:
    assert rules.outcome_of("g", facts) == rules.Outcome(frozenset(moved), cause)
