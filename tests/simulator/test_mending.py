"""What is broken is listed, one thing is mended without the others, or all at once."""

import time
from pathlib import Path

import pytest

from simulator.boards import framed
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn, MendIn

BROKEN = [
    ("door", "1", "stuck_open"),
    ("door", "1", "worn"),
    ("door", "2", "swapped"),
    ("door", "3", "swapped"),
    ("board", "A1", "stuck_coil"),
    ("board", "A1", "linkage"),
    ("board", "A2", "dead"),
    ("line", "A", "late"),
    ("line", "A", "echo"),
]


@pytest.fixture
async def broken(stage: Stage, pty: Path) -> Stage:
    """The small cabinet with everything of BROKEN."""
    assert pty.is_symlink()
    stage.break_door(1, DoorFaultIn(kind="stuck_open"))
    stage.break_door(1, DoorFaultIn(kind="worn"))
    stage.break_door(2, DoorFaultIn(kind="swapped", other=3))
    stage.break_board("A1", BoardFaultIn(kind="stuck_coil", coil=5))
    stage.break_board("A1", BoardFaultIn(kind="linkage", coil=6))
    stage.break_board("A2", BoardFaultIn(kind="dead"))
    await stage.break_line("A", LineFaultIn(kind="late", times=3))
    await stage.break_line("A", LineFaultIn(kind="echo", times=None))
    return stage


def listed(stage: Stage) -> list[tuple[str, str, str]]:
    return [(fault.place, fault.name, fault.kind) for fault in stage.state().faults]


async def test_what_is_broken_is_listed_with_its_relay_its_other_door_and_the_requests_that_it_still_meets(
    broken: Stage,
) -> None:
    assert listed(broken) == BROKEN
    faults = broken.state().faults
    assert [(fault.coil, fault.other, fault.left) for fault in faults[2:]] == [
        (None, 3, None),
        (None, 2, None),
        (5, None, None),
        (6, None, None),
        (None, None, None),
        (None, None, 3),
        (None, None, None),
    ]


@pytest.mark.parametrize("one", BROKEN)
async def test_one_fault_is_mended_and_the_others_stay(broken: Stage, one: tuple[str, str, str]) -> None:
    await broken.mend(MendIn.model_validate(dict(zip(("place", "name", "kind"), one, strict=True))))
    gone = {one} if one[2] != "swapped" else {BROKEN[2], BROKEN[3]}
    assert listed(broken) == [fault for fault in BROKEN if fault not in gone]


async def test_all_is_mended_at_once_and_an_open_door_stays_open(broken: Stage) -> None:
    broken.touch(2, lambda door, at: door.force(at))
    await broken.break_line("A", LineFaultIn(kind="unplug"))
    await broken.mend_all()
    assert listed(broken) == []
    state = broken.state()
    assert state.doors[1].position == "open"
    assert all(board.has_power and not any(board.coils) for board in state.boards)
    assert state.lines[0].is_plugged


async def test_a_relay_that_went_on_by_itself_is_listed_until_it_falls_and_a_pulse_is_not(stage: Stage) -> None:
    stage.break_board("A1", BoardFaultIn(kind="stray_coil", coil=0))
    assert listed(stage) == [("board", "A1", "stray_coil")]
    await stage.mend(MendIn(place="board", name="A1", kind="stray_coil"))
    assert listed(stage) == []
    pulse = bytes.fromhex("01 05 02 01 00 05")
    stage.cabinet.boards["A1"].receive(framed(pulse), time.monotonic())
    assert stage.state().boards[0].coils[1]
    assert listed(stage) == []


@pytest.mark.parametrize("place", ["door", "board", "line"])
async def test_what_this_cabinet_has_not_cannot_be_mended(stage: Stage, place: str) -> None:
    with pytest.raises(KeyError, match="Z9"):
        await stage.mend(MendIn.model_validate({"place": place, "name": "Z9", "kind": "late"}))
