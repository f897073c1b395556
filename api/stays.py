"""What is told of how long a result may stay inside, at the kiosk."""

from __future__ import annotations

from pydantic import BaseModel

from api.running import Running
from locker.model import Cabinet, HandOver
from locker.rules import staying


class Stay(BaseModel):
    """What may be done with one that waits inside; `until` as YYYY-MM-DD, empty while it is owed to who came in vain,
    and `longer` empty where it stays refused.
    """

    hand_over: str
    until: str
    longer: str
    refused: str
    can_go_to_counter: bool
    is_counter_wanted: bool


def terms(running: Running) -> staying.Terms:
    """How long results may stay, by the configuration."""
    section = running.config.staying
    return staying.Terms(
        places=running.places,
        office=running.office,
        times=section.times,
        days=section.days,
        keeps_free=section.keeps_free,
    )


def stay(running: Running, cabinet: Cabinet, one: HandOver) -> Stay:
    """What may be done with one that waits inside."""
    found = staying.offered(cabinet, one, terms(running), running.clock())
    deadlines = [cabinet.results[key].deadline for key in one.results if key in cabinet.results]
    return Stay(
        hand_over=one.hand_over,
        until="" if one.is_owed else min(deadlines, default=""),
        longer=found.until,
        refused=found.refused,
        can_go_to_counter=found.can_go_to_counter,
        is_counter_wanted=one.is_counter_wanted,
    )
