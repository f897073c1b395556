"""The doors worker with the real journal and real frames; the steel is the simulator's model on a clock that jumps."""

from __future__ import annotations

import asyncio
from pathlib import Path

from locker.config import Wiring
from locker.rules import pickup
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn
from simulator.twin.loop import JumpingLoop
from tests.locker.steel import Desk, running

LOOP = JumpingLoop


async def test_a_granted_door_opens_and_its_closing_books_the_load_and_the_pickup(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    await desk.grant_collect("h-r1")
    await desk.until(lambda cabinet: cabinet.compartment(number).is_open)
    await desk.shut(number, take=True)
    cabinet = await desk.until(lambda cabinet: not cabinet.compartment(number).is_open)
    assert cabinet.hand_overs["h-r1"].stage == "collected"
    assert not cabinet.codes
    assert not cabinet.incidents


async def test_a_switch_stuck_closed_ends_in_a_question_and_costs_no_code(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.stage.break_door(number, DoorFaultIn(kind="stuck_closed"))
    await desk.grant_collect("h-r1")
    cabinet = await desk.until(lambda cabinet: cabinet.hand_overs["h-r1"].is_asked)
    assert cabinet.codes
    assert not cabinet.grants
    await desk.journal.record(lambda cabinet, *_: pickup.answer(cabinet, "h-r1", visit="v1", said="received_all"))
    assert "h-r1" not in desk.journal.cabinet.hand_overs
    assert desk.journal.cabinet.compartment(number).is_suspect


async def test_a_switch_stuck_open_refuses_nobody_and_is_asked_about(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.stage.break_door(number, DoorFaultIn(kind="stuck_open"))
    await desk.until(lambda cabinet: cabinet.compartment(number).is_open)
    await desk.grant_collect("h-r1")
    cabinet = await desk.until(lambda cabinet: cabinet.hand_overs["h-r1"].is_asked)
    assert cabinet.compartment(number).is_suspect


async def test_swapped_lock_wires_book_nothing_and_put_the_board_out_of_service(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    other = number + 1 if desk.places[number + 1].board == desk.places[number].board else number - 1
    desk.stage.break_door(number, DoorFaultIn(kind="swapped", other=other))
    await desk.grant_collect("h-r1")
    cabinet = await desk.until(lambda cabinet: bool(cabinet.boards_out))
    assert cabinet.hand_overs["h-r1"].stage == "loaded"
    assert cabinet.compartment(number).quarantine == cabinet.compartment(other).quarantine == "wrong_door"
    assert number not in desk.doors.servable


async def test_a_dead_board_is_named_and_the_others_serve(desk: Desk) -> None:
    await desk.until_served(1)
    board = desk.places[1].board
    desk.stage.break_board(board, BoardFaultIn(kind="dead"))
    async with asyncio.timeout(10):
        while desk.doors.boards[board].is_online:
            await desk.doors.changed()
    assert desk.doors.boards[board].cause
    number = await desk.load(await desk.announce(1))
    assert desk.places[number].board != board


async def test_a_board_that_is_busy_once_is_asked_again_and_the_door_opens(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    desk.line.faults.waiting.append(LineFaultIn(kind="exception", function=5, code=6).as_fault())
    await desk.grant_collect("h-r1")
    await desk.until(lambda cabinet: cabinet.compartment(number).is_open)


async def test_after_a_restart_nothing_is_pulsed_and_an_opening_on_record_is_booked_by_the_closed_door(
    tmp_path: Path, steel: tuple[Stage, Wiring]
) -> None:
    stage, wiring = steel
    async with running(tmp_path, stage, wiring) as first:
        await first.until_served(1)
        number = await first.load(await first.announce(1))
        await first.grant_collect("h-r1")
        await first.until(lambda cabinet: cabinet.compartment(number).is_open)
    await first.shut(number, take=True)
    async with running(tmp_path, stage, wiring) as second:
        cabinet = await second.until(lambda cabinet: "h-r1" not in cabinet.hand_overs)
        assert not cabinet.grants
        assert not cabinet.incidents
