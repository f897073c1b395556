"""What the doors worker does when boards, coils or the disk fail: it goes on, and tells no lie afterwards."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from locker import events as ev
from locker.config import Wiring
from locker.refusals import BoardOffline
from locker.rules import pickup
from simulator.doors import Position
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn
from simulator.twin.loop import JumpingLoop
from tests.locker.steel import Desk, running

LOOP = JumpingLoop


def kinds(desk: Desk) -> list[str]:
    return [one.kind for one in desk.journal.cabinet.incidents.values()]


async def facts_of(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [one.body for one in await desk.journal.envelopes(0, 500) if one.type == kind]


async def test_no_door_is_granted_from_the_moment_its_line_is_lost(desk: Desk) -> None:
    """Not only from the next round of reads: a grant between the two would lapse and ask nothing."""
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.line.unplug()
    await asyncio.sleep(0)
    assert desk.doors.boards[desk.places[number].board].is_online
    assert not desk.doors.servable
    with pytest.raises(BoardOffline, match="the code stays good"):
        await desk.grant_collect("h-r1")


async def test_a_board_that_goes_away_during_the_train_costs_nothing(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.stage.break_door(number, DoorFaultIn(kind="jammed"))
    await desk.grant_collect("h-r1")
    async with asyncio.timeout(10):
        while not desk.stage.cabinet.doors[number].is_energised:
            await desk.stage.wait_for_change(1)
    desk.stage.break_board(desk.places[number].board, BoardFaultIn(kind="dead"))
    cabinet = await desk.until(lambda cabinet: not cabinet.grants)
    assert cabinet.codes
    assert cabinet.hand_overs["h-r1"].stage == "loaded"
    (lapsed,) = await facts_of(desk, "GrantLapsed")
    assert lapsed["cause"] == "BoardUnproved"
    assert lapsed["pulses"] == 1


async def test_a_lock_is_not_pulsed_again_for_a_visitor_who_has_left(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.stage.break_door(number, DoorFaultIn(kind="stuck_closed"))
    await desk.grant_collect("h-r1")
    async with asyncio.timeout(5):
        while desk.stage.cabinet.doors[number].position is Position.CLOSED:
            await desk.stage.wait_for_change(1)
    await desk.journal.record(lambda cabinet, *_: pickup.leave(cabinet, visit="v1"))
    cabinet = await desk.until(lambda cabinet: not cabinet.grants)
    assert [one["pulses"] for one in await facts_of(desk, "DoorDidNotOpen")] == [1]
    assert cabinet.hand_overs["h-r1"].uncertain
    assert cabinet.codes


async def test_a_goodbye_of_somebody_else_ends_nobodys_train(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1, "k1"))
    await desk.load(await desk.announce(2, "k2"))
    desk.stage.break_door(number, DoorFaultIn(kind="jammed"))
    await desk.grant_collect("h-r1", "v1")
    await desk.grant_collect("h-r2", "v2")
    await desk.journal.record(lambda cabinet, *_: pickup.leave(cabinet, visit="v2"))
    await desk.until(lambda cabinet: cabinet.grant_on(number) is None)
    assert [one["pulses"] for one in await facts_of(desk, "DoorDidNotOpen")] == [3]


async def test_a_door_whose_visitor_left_before_the_first_pulse_stays_shut(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    await desk.grant_collect("h-r1", then=(ev.VisitEnded(visit="v1", cause="left"),))
    cabinet = await desk.until(lambda cabinet: not cabinet.grants)
    assert [one["cause"] for one in await facts_of(desk, "GrantLapsed")] == ["left"]
    assert not await facts_of(desk, "CameInVain")
    assert not cabinet.hand_overs["h-r1"].uncertain
    assert desk.stage.cabinet.doors[number].position is Position.CLOSED


async def test_a_grant_on_a_board_that_is_away_lapses_at_once_and_costs_nothing(
    desk: Desk,
) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    board = desk.places[number].board
    desk.stage.break_board(board, BoardFaultIn(kind="dead"))
    async with asyncio.timeout(10):
        while desk.doors.boards[board].is_online:
            await desk.doors.changed()
    await desk.journal.record(
        lambda *_: ev.Decision(
            events=(ev.GrantIssued(grant="g", compartment=number, purpose="collect", hand_over="h-r1", actor="x"),)
        )
    )
    cabinet = await desk.until(lambda cabinet: not cabinet.grants)
    assert cabinet.hand_overs["h-r1"].stage == "loaded"
    assert [one.get("pulses", 0) for one in await facts_of(desk, "GrantLapsed")] == [0]


async def test_a_coil_that_stays_on_is_told_once_and_the_other_boards_serve(
    desk: Desk,
) -> None:
    await desk.until_served(1)
    board = desk.places[1].board
    desk.stage.break_board(board, BoardFaultIn(kind="stuck_coil", coil=7))
    await desk.until(lambda cabinet: board in cabinet.boards_out)
    async with asyncio.timeout(10):
        while desk.doors.boards[board].is_online:
            await desk.doors.changed()
    number = await desk.load(await desk.announce(1))
    assert desk.places[number].board != board
    assert await facts_of(desk, "CoilStrayed") == [{"board": board, "coil": 7, "cleared": False}]
    desk.stage.break_board(board, BoardFaultIn(kind="none"))
    async with asyncio.timeout(15):
        while not desk.doors.boards[board].is_online:
            await desk.doors.changed()
    assert 1 not in desk.doors.servable


async def test_a_board_in_linkage_mode_is_named_and_never_pulsed(
    tmp_path: Path,
    steel: tuple[Stage, Wiring],
) -> None:
    stage, wiring = steel
    board = wiring.board[0].name
    stage.break_board(board, BoardFaultIn(kind="linkage", coil=3))
    async with running(tmp_path, stage, wiring) as desk:
        async with asyncio.timeout(10):
            while "switch relays by themselves" not in desk.doors.boards[board].cause:
                await desk.doors.changed()
        other = next(entry.number for entry in wiring.compartment if entry.board != board)
        await desk.until_served(other)
        number = await desk.load(await desk.announce(1))
        assert desk.places[number].board != board


async def test_what_happened_on_a_full_disk_is_booked_in_order_when_there_is_room(
    tmp_path: Path,
    steel: tuple[Stage, Wiring],
    disk: Any,
) -> None:
    stage, wiring = steel
    async with running(tmp_path, stage, wiring, vfs=disk.vfs) as desk:
        await desk.until_served(1)
        number = await desk.load(await desk.announce(1))
        await desk.grant_collect("h-r1")
        await desk.until(lambda cabinet: bool(cabinet.grants))
        disk.is_full = True
        async with asyncio.timeout(10):
            while desk.doors.readings[number] != "open":
                await desk.doors.changed()
        await desk.shut(number, take=True)
        async with asyncio.timeout(10):
            while desk.doors.readings[number] != "closed":
                await desk.doors.changed()
            while not desk.journal.is_read_only:  # noqa: ASYNC110  (virtual time costs nothing)
                await asyncio.sleep(0.1)
        disk.is_full = False
        cabinet = await desk.until(lambda cabinet: cabinet.hand_overs["h-r1"].stage == "collected")
        assert not kinds(desk)
        assert not cabinet.grants
