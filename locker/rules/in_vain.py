"""What is owed to a person who came in vain.

Whoever had the right to take papers, and could not because the cabinet failed, is owed them: their door stayed shut,
its board was away, they had to ask for a call, or their visit ended unsettled and a clerk found everything still
inside. What is owed is not overdue, whatever its deadline says, so nobody takes it back for that; and nobody is
reminded to come. Once the visit is over, its door can be opened again, and nothing about it waits for a clerk, it is
kept for some days from then at least, on to a working day: a fair chance. That takes none of its person's own
extensions. The centre hears of both as facts, and a deadline it amends afterwards counts. While the clock is not
believed no day is named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from locker import events as ev
from locker.model import Cabinet, HandOver
from locker.office_hours import OfficeHours

UNSETTLED = ("not_seen_open", "lapsed", "restarted", "wrong_door")


def came(waiting: Iterable[HandOver], cause: ev.InVain) -> tuple[ev.CameInVain, ...]:
    """That the person of these came in vain, of each that is not owed already."""
    return tuple(
        ev.CameInVain(hand_over=one.hand_over, compartment=one.compartment, results=one.results, cause=cause)
        for one in waiting
        if one.direction == "pickup" and one.stage == "loaded" and not (one.is_owed or one.is_cancelled)
    )


def found_inside(one: HandOver) -> tuple[ev.CameInVain, ...]:
    """The same of a person whose visit left it uncertain, now that a clerk has found everything still inside."""
    is_of_a_visit = (one.left_purpose or one.last_purpose) == "collect" and one.uncertain in UNSETTLED
    return came([one] if is_of_a_visit else [], "found_inside")


def is_overdue(cabinet: Cabinet, one: HandOver, *, today: str) -> bool:
    """Whether its last day is over and nothing is owed. `today` as YYYY-MM-DD."""
    deadlines = [cabinet.results[key].deadline for key in one.results if key in cabinet.results]
    return not one.is_owed and any(deadline and deadline < today for deadline in deadlines)


def due(
    cabinet: Cabinet, moment: ev.Moment, *, office: OfficeHours, days: int, servable: Collection[int]
) -> ev.Decision:
    """What can be had again now is kept until `days` from today, or its own last day if that is later."""
    if moment.clock == "unset":
        return ev.Decision()
    today = office.local(datetime.fromtimestamp(moment.utc_ms / 1000, UTC)).date()
    until = office.next_working_day(today + timedelta(days=days - 1)).isoformat()
    return ev.Decision(
        events=tuple(
            ev.StayMadeGood(
                hand_over=one.hand_over,
                compartment=one.compartment,
                results=one.results,
                deadline=max(
                    [until, *(cabinet.results[key].deadline for key in one.results if key in cabinet.results)]
                ),
            )
            for one in cabinet.hand_overs.values()
            if one.is_owed and one.compartment in servable and _can_be_had(cabinet, one)
        )
    )


def _can_be_had(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether its person, who has left, could come again and take it."""
    place, visit = cabinet.compartment(one.compartment), cabinet.visit
    waits_for_a_clerk = (
        one.uncertain or one.disputed or place.quarantine or place.is_unproved or one.hand_over in cabinet.moves
    )
    is_there = visit is not None and visit.recipient == one.recipient
    return one.stage == "loaded" and not (waits_for_a_clerk or is_there or one.is_cancelled)
