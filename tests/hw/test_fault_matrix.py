"""Fault x moment x operation: never an unauthorised pulse, never a false "opened", and the right thing on record.

The real journal, rules, doors worker, watch, board and bus on virtual time; the boards, locks and doors are the
simulator's models.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
import structlog

from hw.bus import NOT_THIS_BOARD
from locker import events as ev
from locker.refusals import BoardOffline
from simulator.boards import Board
from simulator.bus_office import Office, office_in
from simulator.doors import Door, LockFault, SensorFault
from simulator.line_faults import LineFault, LineFaultKind
from tests.hw.virtual import in_virtual_time

Moment = Literal["before", "pulse", "open"]
Operation = Literal["load", "collect"]
Act = Callable[[Office, int], None]


@dataclass(frozen=True)
class Fault:
    """How it is done and mended; `tells`: facts of which one must be on record, by the moment; none: all went well."""

    name: str
    do: Act
    mend: Act
    tells: dict[Moment, tuple[type[ev.EventBody], ...]]
    lies: bool = False


def on_line(kind: LineFaultKind, *, times: int | None, function: int | None = None, code: int = 4) -> Act:
    def do(office: Office, _: int) -> None:
        office.steel.faults.waiting.append(LineFault(kind=kind, times=times, function=function, code=code))

    return do


def mend_line(office: Office, _: int) -> None:
    office.steel.faults.waiting.clear()


def on_door(act: Callable[[Door, float], object]) -> Act:
    return lambda office, number: office.steel.touch(number, act)


def on_board(act: Callable[[Board, float], object]) -> Act:
    return lambda office, number: office.steel.tamper(office.steel.wiring.by_number[number].board, act)


def nothing(_office: Office, _: int) -> None:
    return None


def broken_lock(kind: LockFault) -> Act:
    def do(door: Door, _at: float) -> None:
        door.lock_fault = kind

    return on_door(do)


def broken_switch(kind: SensorFault) -> Act:
    def do(door: Door, _at: float) -> None:
        door.sensor_fault = kind

    return on_door(do)


def mended(door: Door, _at: float) -> None:
    door.lock_fault = door.sensor_fault = None


def swap(office: Office, number: int) -> None:
    office.steel.swap(number, 1 if number != 1 else 2)


def stray(office: Office, number: int) -> None:
    coil = office.steel.wiring.by_number[1 if number != 1 else 2].coil
    office.steel.tamper("A1", lambda board, at: board.energise(coil, at))


def replug(office: Office, _: int) -> None:
    office.steel.plug_in()


LAPSED = (ev.GrantLapsed, ev.DoorDidNotOpen)
UNASKED = (ev.DoorOpenedUnasked, ev.SensorSuspected)


def every_moment(*tells: type[ev.EventBody]) -> dict[Moment, tuple[type[ev.EventBody], ...]]:
    return {"before": tells, "pulse": tells, "open": tells}


ONCE = [
    Fault(f"{kind} once", on_line(kind, times=1, function=function), mend_line, every_moment())
    for kind in LineFaultKind
    for function in (5, 1, 2)
    if kind is not LineFaultKind.EXCEPTION
]
ALWAYS = [
    Fault(
        f"{kind} until mended",
        on_line(kind, times=None),
        mend_line,
        {"before": LAPSED, "pulse": LAPSED, "open": ()}
        if kind not in (LineFaultKind.STRAY, LineFaultKind.STRAY_AFTER, LineFaultKind.ECHO)
        else every_moment(),
    )
    for kind in LineFaultKind
    if kind is not LineFaultKind.EXCEPTION
]
REFUSALS = [
    Fault(
        f"exception {code:02d} to the pulse",
        on_line(LineFaultKind.EXCEPTION, times=1, function=5, code=code),
        mend_line,
        {"before": (ev.GrantLapsed,), "pulse": (ev.GrantLapsed,), "open": ()}
        if code in NOT_THIS_BOARD
        else every_moment(),
    )
    for code in (1, 2, 3, 4, 6)
]
PHYSICAL = [
    Fault(
        "unplugged", lambda office, _: office.steel.unplug(), replug, {"before": LAPSED, "pulse": LAPSED, "open": ()}
    ),
    Fault(
        "board without power",
        on_board(lambda board, at: board.set_power(has_power=False, at=at)),
        on_board(lambda board, at: board.mend(at)),
        {"before": LAPSED, "pulse": LAPSED, "open": ()},
    ),
    Fault(
        "coil stuck on",
        lambda office, number: office.steel.tamper(
            office.steel.wiring.by_number[number].board,
            lambda board, at: board.set_stuck(office.steel.wiring.by_number[number].coil, is_stuck=True, at=at),
        ),
        on_board(lambda board, at: board.mend(at)),
        every_moment(ev.CoilStrayed),
    ),
    Fault("another coil goes on", stray, nothing, every_moment(ev.CoilStrayed)),
    Fault(
        "lock jammed",
        broken_lock(LockFault.JAMMED),
        on_door(mended),
        {"before": (ev.DoorDidNotOpen,), "pulse": (ev.DoorDidNotOpen,), "open": ()},
    ),
    Fault("lock weak", broken_lock(LockFault.WEAK), on_door(mended), every_moment()),
    Fault("lock worn", broken_lock(LockFault.WORN), on_door(mended), every_moment()),
    Fault(
        "switch stuck closed",
        broken_switch(SensorFault.STUCK_CLOSED),
        on_door(mended),
        {"before": (ev.DoorDidNotOpen,), "pulse": (ev.DoorDidNotOpen,), "open": ()},
        lies=True,
    ),
    Fault(
        "switch stuck open",
        broken_switch(SensorFault.STUCK_OPEN),
        on_door(mended),
        {"before": UNASKED, "pulse": (), "open": ()},
        lies=True,
    ),
    Fault(
        "switch wire broken",
        broken_switch(SensorFault.BROKEN_WIRE),
        on_door(mended),
        {"before": UNASKED, "pulse": (), "open": ()},
        lies=True,
    ),
    Fault("switch bounces", broken_switch(SensorFault.BOUNCING), on_door(mended), every_moment()),
    Fault(
        "lock wires swapped", swap, swap, {"before": (ev.WrongDoorOpened,), "pulse": (ev.WrongDoorOpened,), "open": ()}
    ),
]
FAULTS: dict[Operation, list[Fault]] = {
    "load": [*ALWAYS, *PHYSICAL],
    "collect": [*ONCE, *ALWAYS, *REFUSALS, *PHYSICAL],
}
MOMENTS: tuple[Moment, ...] = ("before", "pulse", "open")
OPERATIONS: tuple[Operation, ...] = ("load", "collect")


async def play(office: Office, fault: Fault, moment: Moment, operation: Operation) -> tuple[str, bool]:
    """One operation with the fault at its moment; mended 25 s later, and 40 s after that all is looked at.

    Gives the result, and whether the citizen was refused: then they come again when all is mended.
    """
    assert await office.is_served()
    result = await office.announce()
    if operation == "collect":
        number = await office.grant_load(result)
        assert await office.attend(number, put="envelope")
        assert await office.until(lambda: office.journal.cabinet.hand_overs[f"h-{result}"].stage == "loaded", 10)
    else:
        number = 0
    office.facts.clear()
    target = number or 2  # the first load goes where the rules say; a fault before it is at that door
    done: list[bool] = []

    def break_at_pulse(_pulse: object) -> None:
        if not done:
            done.append(True)
            fault.do(office, number or target)

    if moment == "before":
        if operation == "load":
            target = await office.grant_load(result)
        fault.do(office, number or target)
        if operation == "collect" and not await is_granted(office, result):
            await asyncio.sleep(25)
            fault.mend(office, number)
            await asyncio.sleep(30)
            await office.grant_collect(result)
            await office.attend(number, put="")
            await asyncio.sleep(10)
            return result, True
    else:
        if moment == "pulse":
            office.at_pulse = break_at_pulse
        if operation == "load":
            target = await office.grant_load(result)
        else:
            await office.grant_collect(result)
    number = number or target
    if moment == "open":
        await office.until(lambda: office.told(ev.DoorOpened), 10)
        fault.do(office, number)
    await office.attend(number, put="envelope" if operation == "load" else "")
    await asyncio.sleep(10)
    fault.mend(office, number)
    await asyncio.sleep(30)
    return result, False


async def is_granted(office: Office, result: str) -> bool:
    """A citizen types their code; False if its board is known to be away."""
    try:
        await office.grant_collect(result)
    except BoardOffline:
        return False
    return True


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("moment", MOMENTS)
def test_whatever_happens_on_the_wire_or_in_the_steel(tmp_path: Path, moment: Moment, operation: Operation) -> None:
    """Every fault at this moment of this operation; single spoilt frames and refusals in front of a citizen only."""
    wrong = []
    with structlog.testing.capture_logs():
        for place, fault in enumerate(FAULTS[operation]):
            folder = tmp_path / str(place)
            folder.mkdir()
            wrong += [f"{fault.name}: {find}" for find in outcome(folder, fault, moment, operation)]
    assert wrong == []


def outcome(folder: Path, fault: Fault, moment: Moment, operation: Operation) -> list[str]:
    found: list[str] = []

    async def story() -> None:
        async with office_in(folder) as office:
            office.opens_falsely = fault.lies
            result, was_refused = await play(office, fault, moment, operation)
            found.extend(office.finds)
            tells = () if was_refused else fault.tells[moment]
            found.extend(told(office, fault, tells, operation, result))

    in_virtual_time(story)
    return found


def told(
    office: Office, fault: Fault, tells: tuple[type[ev.EventBody], ...], operation: Operation, result: str
) -> list[str]:
    """What is missing on record."""
    ended = office.told(ev.Collected if operation == "collect" else ev.Loaded)
    names = [type(fact).__name__ for fact in office.facts]
    found = []
    if tells and not office.told(*tells) and not (fault.lies and ended):
        found.append(f"none of {[kind.__name__ for kind in tells]} in {names}")
    if not tells and not ended and not fault.lies:
        found.append(f"not over: {names}")
    if operation == "collect" and not ended and not office.journal.cabinet.codes:
        found.append(f"the code is gone and nothing was handed over: {names}")
    if ev.WrongDoorOpened in tells:
        found += without_consequences(office)
    return found + unmarked(office, f"h-{result}", names)


def without_consequences(office: Office) -> list[str]:
    """I15: both doors quarantined, the board out of service, nothing booked."""
    cabinet = office.journal.cabinet
    wrong = next(fact for fact in office.facts if isinstance(fact, ev.WrongDoorOpened))
    both = {cabinet.compartment(number).quarantine for number in (wrong.granted, wrong.opened)}
    is_booked = office.told(ev.Collected, ev.Loaded)
    return [] if both == {"wrong_door"} and cabinet.boards_out and not is_booked else ["a wrong door is not dealt with"]


def unmarked(office: Office, key: str, names: list[str]) -> list[str]:
    """Where record and steel differ, somebody must look: uncertain, asked, open, suspect or in quarantine."""
    cabinet = office.journal.cabinet
    one = cabinet.hand_overs.get(key)
    on_record = {one.compartment} if one is not None and one.stage == "loaded" else set()
    inside = {number for number, door in office.steel.model.doors.items() if door.content}
    for number in on_record ^ inside:
        there = cabinet.compartment(number)
        is_open_question = one is not None and one.compartment == number and (one.uncertain or one.is_asked)
        if not (is_open_question or there.is_open or there.is_suspect or there.quarantine):
            return [f"record says {on_record}, the envelope is in {inside}, and nobody is to look: {names}"]
    return []
