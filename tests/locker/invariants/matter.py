"""What the machine is made of: compartments with their truth, trains of pulses, messages in telephones."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from locker.model import HandOver, Place
from locker.office_hours import OfficeHours, Span
from locker.rules import due, loading

DOORS = 6
BOARD_OF = {number: "A1" if number <= DOORS // 2 else "A2" for number in range(1, DOORS + 1)}
PLACES = {
    number: Place(number=number, board=BOARD_OF[number], size="S", row=number, column=1, height_cm=90)
    for number in BOARD_OF
}
CLERK = loading.Actor(user="lan", role="clerk", is_present=True)
PEOPLE = ("an", "binh", "chi")
DAY = "2026-11-22"
TIMING = due.Timing()
COUNTER = OfficeHours(zone=ZoneInfo("Asia/Ho_Chi_Minh"), weekly=((Span(time(7, 30), time(17)),),) * 7)
PULSES_A_TRAIN = 3

PICK = st.integers(0, 99)
PLANS = st.lists(st.one_of(st.just(0), st.integers(0, 20)), max_size=7)

Sensor = Literal["good", "stuck_open", "stuck_closed"]
Latch = Literal["springs", "sticks", "holds"]


@dataclass
class Door:
    """The truth of one compartment.

    `forgiven` are documents that a citizen's own closing left inside, `to_reclaim` those a clerk has come to take out.
    """

    inside: set[str] = field(default_factory=set)
    is_open: bool = False
    is_released: bool = False
    sensor: Sensor = "good"
    forgiven: set[str] = field(default_factory=set)
    to_reclaim: set[str] = field(default_factory=set)


@dataclass
class Train:
    """What the doors worker does for one grant."""

    grant: str
    compartment: int
    pulses: int = 0
    most: int = PULSES_A_TRAIN
    has_opened: bool = False


@dataclass
class Message:
    """A code in somebody's telephone."""

    code: str
    selector: str
    recipient: str


def bag_of(hand_over: str) -> str:
    """The bag that somebody leaves in an intake of this id."""
    return f"bag of {hand_over}"


def on_record(one: HandOver | None) -> set[str]:
    """What may lie in its compartment, going by the record."""
    if one is None or (one.stage == "collected" and not one.disputed):
        return set()
    return {bag_of(one.hand_over)} if one.direction == "intake" else set(one.results)


def pick_from(table: dict[Any, Any], pick: int) -> Any:
    """One of the table's values, or None from an empty one."""
    return table[sorted(table)[pick % len(table)]] if table else None
