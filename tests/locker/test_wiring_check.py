"""Boards and compartments that cannot be: each is one sentence that says what to correct."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from locker import wiring_check
from locker.config import Wiring


def wiring(**changes: Any) -> Wiring:
    """One Relay (D) with one compartment; `changes` by table: bus, board, lock, compartment."""
    tree = {
        "bus": {"name": "A", "port": "/nowhere"},
        "board": {"name": "A1", "bus": "A", "unit_id": 1},
        "lock": {"model": "solenoid"},
        "compartment": {
            "number": 1,
            "board": "A1",
            "coil": 0,
            "input": 0,
            "lock": "solenoid",
            "row": 1,
            "column": 1,
            "height_cm": 100,
        },
    }
    return Wiring.model_validate({table: [entry | changes.get(table, {})] for table, entry in tree.items()})


def test_a_plain_cabinet_has_no_problem() -> None:
    assert list(wiring_check.problems(wiring())) == []


PLAIN = {"profile": "plain-coils-8"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"board": {"profile": "abacus"}}, "abacus is not known"),
        ({"board": PLAIN}, "set accept_host_timed_pulse = true and fit a supply contactor"),
        ({"board": {"profile": "kerong-kr-cu16"}}, "speaks kerong, its bus rtu"),
        ({"bus": {"framing": "kerong"}}, "speaks rtu or tcp, its bus kerong"),
        ({"compartment": {"coil": 8}}, "has coils 0 to 7"),
        ({"compartment": {"input": 8}}, "has inputs 0 to 7"),
        ({"board": {"profile": "waveshare-relay-16ch"}}, "no inputs; name another one as input_board"),
        ({"compartment": {"input_board": "B7"}}, "input_board B7 is not configured"),
        ({"board": {"profile": "eletechsup-r4d8a08"}}, "in steps of 1000 ms"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join(wiring_check.problems(wiring(**changes)))


def test_a_pulse_timed_by_the_host_can_be_accepted() -> None:
    assert list(wiring_check.problems(wiring(board=PLAIN | {"accept_host_timed_pulse": True}))) == []


@pytest.mark.parametrize(
    "bus",
    [
        {"framing": "tcp"},
        {"port": None, "host": "10.0.0.5", "rs485_direction": True},
        {"host": "10.0.0.5"},
    ],
)
def test_a_bus_that_cannot_be_is_refused(bus: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wiring(bus=bus)


def test_a_bus_speaks_what_goes_without_saying() -> None:
    assert wiring().bus[0].speaks == "rtu"
    assert wiring(bus={"port": None, "host": "10.0.0.5"}).bus[0].speaks == "tcp"
    assert wiring(bus={"rs485_direction": True}).bus[0].rs485_direction
