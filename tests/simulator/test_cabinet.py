"""Boards and doors joined by wires, stepped by given times."""

from pathlib import Path

import pytest

from locker.config import Wiring
from locker.config_file import ConfigError, load_wiring
from simulator.boards import framed
from simulator.cabinet import Cabinet
from simulator.doors import Door, LockFault, Position
from simulator.process import DEMONSTRATION


def ask(cabinet: Cabinet, request: str, at: float) -> bytes | None:
    return cabinet.receive("A", framed(bytes.fromhex(request)), at)


def positions(cabinet: Cabinet) -> list[str]:
    return [str(door.position) for door in cabinet.doors.values()]


def test_a_pulse_opens_its_door_and_the_input_tells_it(wiring: Wiring) -> None:
    cabinet = Cabinet(wiring)
    assert ask(cabinet, "01 05 02 01 00 05", 1.0) is not None
    cabinet.advance(3.0)
    assert positions(cabinet) == ["closed", "ajar", "closed"]
    assert ask(cabinet, "01 02 00 00 00 08", 3.0) == framed(bytes.fromhex("01 02 01 01"))
    assert ask(cabinet, "01 01 00 00 00 08", 3.0) == framed(bytes.fromhex("01 01 01 00"))


def test_however_rarely_it_is_stepped_everything_happens_at_its_own_time(wiring: Wiring) -> None:
    often, seldom = Cabinet(wiring), Cabinet(wiring)
    for cabinet in (often, seldom):
        cabinet.doors[1].lock_fault = LockFault.WORN
        ask(cabinet, "01 05 02 00 00 05", 0.0)
        ask(cabinet, "02 05 02 00 00 01", 0.0)
        cabinet.touch(1, Door.pull, 0.3)
    for step in range(1, 200):
        often.advance(0.3 + step / 100)
    seldom.advance(0.3 + 1.99)
    assert positions(often) == positions(seldom) == ["open", "closed", "ajar"]
    assert [door.moved_at for door in often.doors.values()] == [door.moved_at for door in seldom.doors.values()]


def test_swapped_lock_wires_open_the_other_door_until_swapped_back(wiring: Wiring) -> None:
    cabinet = Cabinet(wiring)
    cabinet.swap_lock_wires(1, 3, 0.0)
    assert cabinet.swapped_with() == {1: 3, 3: 1}
    ask(cabinet, "01 05 02 00 00 05", 0.0)
    cabinet.advance(2.0)
    assert positions(cabinet) == ["closed", "closed", "ajar"]
    cabinet.swap_lock_wires(1, 3, 2.0)
    assert cabinet.swapped_with() == {}


def test_a_board_in_linkage_mode_opens_its_own_door(wiring: Wiring) -> None:
    """Input 1 says closed, so the linked relay has current: nothing asked for it."""
    cabinet = Cabinet(wiring)
    ask(cabinet, "01 06 10 00 00 01", 0.0)
    cabinet.advance(2.0)
    assert cabinet.doors[1].position is Position.AJAR
    assert not cabinet.boards["A1"].coils[0]


def test_the_demonstration_cabinet_has_24_compartments_on_three_boards() -> None:
    cabinet = Cabinet(load_wiring(DEMONSTRATION))
    assert sorted(cabinet.doors) == list(range(1, 25))
    assert sorted(cabinet.boards) == ["A1", "A2", "A3"]
    sizes = [entry.size for entry in cabinet.wiring.compartment]
    assert sizes.count("L") == 2
    assert sum(entry.near_keypad for entry in cabinet.wiring.compartment) == 4


@pytest.mark.parametrize(("old", "new"), [("waveshare-relay-d", "abacus"), ("coil = 7", "coil = 8")])
def test_wiring_to_what_no_board_has_is_refused(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "cabinet.toml"
    path.write_text(DEMONSTRATION.read_text().replace(old, new))
    with pytest.raises(ConfigError, match=r"abacus is not known|has coils 0 to 7"):
        load_wiring(path)
