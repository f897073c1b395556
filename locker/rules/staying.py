"""How long a result waits inside, at its person's wish.

Whoever has the right, by the code in an open visit or by dossier and phone at the kiosk, may keep it longer: some days
from its deadline or from today, whichever is later, on to a working day; so often and no more; and only while there is
room: as many compartments of its size or larger must be free as results wait to be loaded, and some more. Or it is left
at the counter: a clerk takes it out as routine, and only then its person is told and its code ends. What is disputed,
uncertain, withdrawn or at an open door stays as it is. The centre hears of both as facts; a deadline it amends counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import msgspec

from locker import events as ev
from locker.model import Cabinet, HandOver, Place
from locker.office_hours import OfficeHours
from locker.refusals import StayRefused, UnknownHandOver, WrongStage
from locker.rules.loading import SIZES
from locker.rules.pickup import is_at_door


@dataclass(frozen=True, slots=True)
class Terms:
    """Of one office: at most `times`, by `days` each, while `keeps_free` compartments stay free beside the expected."""

    places: Mapping[int, Place]
    office: OfficeHours
    times: int = 2
    days: int = 7
    keeps_free: int = 2


class Offered(msgspec.Struct, frozen=True):
    """What may be done with one that waits inside. `until` is the day it may be kept through, empty where `refused`."""

    until: str = ""
    refused: str = ""
    can_go_to_counter: bool = False


def offered(cabinet: Cabinet, one: HandOver, terms: Terms, moment: ev.Moment) -> Offered:
    """What the person may choose now."""
    if not _waits(cabinet, one):
        return Offered(refused="stage")
    is_free_to_go = not one.is_counter_wanted
    try:
        until = _longer(cabinet, one, terms, moment)
    except StayRefused as refusal:
        return Offered(refused=refusal.reason, can_go_to_counter=is_free_to_go)
    return Offered(until=until, can_go_to_counter=is_free_to_go)


def extend(cabinet: Cabinet, hand_over: str, terms: Terms, moment: ev.Moment) -> ev.Decision:
    """Keep it longer. Raises UnknownHandOver, WrongStage, StayRefused."""
    one = _waiting(cabinet, hand_over)
    until = _longer(cabinet, one, terms, moment)
    fact = ev.StayExtended(hand_over=hand_over, compartment=one.compartment, results=one.results, deadline=until)
    return ev.Decision(events=(fact,))


def leave_at_counter(cabinet: Cabinet, hand_over: str) -> ev.Decision:
    """Put it on the clerks' list; a second time changes nothing. Raises UnknownHandOver, WrongStage."""
    one = _waiting(cabinet, hand_over)
    if one.is_counter_wanted:
        return ev.Decision()
    return ev.Decision(events=(ev.CounterAsked(hand_over=hand_over, compartment=one.compartment, results=one.results),))


def of_visit(cabinet: Cabinet, hand_over: str, visit: str) -> str:
    """The hand-over, if it belongs to this open visit. Raises WrongStage, UnknownHandOver."""
    present = cabinet.visit
    if present is None or present.visit != visit:
        raise WrongStage("this visit has ended; type the code again")
    if hand_over not in {one.hand_over for one in cabinet.hand_overs_of(present.recipient)}:
        raise UnknownHandOver("no such hand-over belongs to this visit")
    return hand_over


def of_dossiers(cabinet: Cabinet, hand_over: str, dossiers: tuple[str, ...]) -> str:
    """The hand-over, if it holds a result of these dossiers. Raises UnknownHandOver."""
    one = cabinet.hand_overs.get(hand_over)
    held = () if one is None else [cabinet.results[key].dossier for key in one.results if key in cabinet.results]
    if set(held).isdisjoint(dossiers):
        raise UnknownHandOver("no such hand-over holds a result of this dossier")
    return hand_over


def _waiting(cabinet: Cabinet, hand_over: str) -> HandOver:
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if not _waits(cabinet, one):
        raise WrongStage("it does not wait behind a shut door")
    return one


def _waits(cabinet: Cabinet, one: HandOver) -> bool:
    is_settled = one.stage == "loaded" and not (one.is_cancelled or one.disputed or one.uncertain)
    is_alone = cabinet.grant_on(one.compartment) is None and not is_at_door(cabinet, one)
    return is_settled and is_alone and one.direction == "pickup"


def _longer(cabinet: Cabinet, one: HandOver, terms: Terms, moment: ev.Moment) -> str:
    """Through which day it would be kept. Raises StayRefused."""
    held = [cabinet.results[key] for key in one.results if key in cabinet.results]
    if moment.clock == "unset" or not all(result.deadline for result in held) or not held:
        raise StayRefused("clock")
    if one.is_counter_wanted or max(result.extended for result in held) >= terms.times:
        raise StayRefused("times")
    if not _has_room(cabinet, one, terms):
        raise StayRefused("room")
    today = terms.office.local(datetime.fromtimestamp(moment.utc_ms / 1000, UTC)).date()
    start = max(today, date.fromisoformat(min(result.deadline for result in held)))
    return terms.office.next_working_day(start + timedelta(days=terms.days - 1)).isoformat()


def _has_room(cabinet: Cabinet, one: HandOver, terms: Terms) -> bool:
    places = terms.places
    size = places[one.compartment].size if one.compartment in places else "S"
    free = sum(
        cabinet.compartment(place.number).is_free and SIZES.index(place.size) >= SIZES.index(size)
        for place in places.values()
        if place.board not in cabinet.boards_out
    )
    expected = {
        result.recipient for result in cabinet.results.values() if not result.hand_over and not result.is_cancelled
    }
    return free >= terms.keeps_free + len(expected)
