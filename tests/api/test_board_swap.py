"""A board is replaced behind eight loaded doors while the other boards hand over: over the control socket, on real
frames.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest

from api import board_swap, commission_board, control
from api.commission import Abandoned
from api.running import Running
from api.sessions import Member
from locker import events as ev
from locker.config import Config
from locker.rules import commissioning as rules
from simulator.doors import Position
from simulator.state import BoardFaultIn
from tests.api.replacing import (
    PASSWORD,
    SECRET,
    at_work,
    configured,
    furnished,
    hold,
    require_replaced,
    somebody_collects,
)
from tests.locker.steel import Desk


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
    return configured(tmp_path)


@pytest.fixture
async def desk(tmp_path: Path, config: Config) -> AsyncIterator[Desk]:
    async with at_work(tmp_path, config) as one:
        yield one


@pytest.fixture
async def cabinet(desk: Desk, config: Config) -> AsyncIterator[Running]:
    one = furnished(desk, config)
    commands = board_swap.BoardSwaps(running=one).commands()
    serving = asyncio.create_task(control.serve(config.storage.control, commands))
    yield one
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_a_board_is_replaced_behind_eight_loaded_doors_while_citizens_collect_at_the_others(
    desk: Desk, cabinet: Running, config: Config
) -> None:
    await desk.until_served(1)
    behind = tuple(entry.number for entry in config.compartments_of("A2"))
    await hold(desk, 1, *behind)
    person = Technician(desk)

    person.meanwhile = lambda: somebody_collects(desk)
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
    await require_replaced(desk, behind)
    assert [one.kind for one in desk.journal.cabinet.incidents.values()] == []
    told = json.dumps(person.told, ensure_ascii=False)
    assert "p-" not in told
    assert "d-" not in told


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
