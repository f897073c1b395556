"""What is left when everything else has failed: an office that calls back.

Somebody without a code, whose door stays shut, or who knows no way on, leaves a number and reads when the office calls:
within an hour of counter time. In a visit the number is the one on record. The ticket is on the clerks' list with that
deadline until a clerk closes it; its number is that of its fact. The screen shows it, and a message repeats it to a
number that is on record, to no other, so that nobody sends messages to strangers from here. A number that has an open
ticket gets that one again. At most twenty are open at once; then the hotline is the way. While the clock is not
believed no time is promised.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from locker import events as ev
from locker.model import Cabinet, HandOver, Incident, Visit
from locker.office_hours import OfficeHours
from locker.refusals import PhoneMalformed, TicketsFull, WrongStage
from locker.rules import in_vain, pickup

KIND = "ticket"
WITHIN = timedelta(hours=1)
MOST_OPEN = 20


class Wanted(msgspec.Struct, frozen=True):
    """A call is wanted: by the person of a visit, or at a typed number, whose row (`person`) goes with it.

    `same_phone` are the refs on record with that number. `due_utc_ms` is 0 while the clock is not believed.
    """

    due_utc_ms: int
    visit: str = ""
    person: str = ""
    same_phone: tuple[str, ...] = ()
    rows: tuple[ev.Row, ...] = ()


def call_back_by(office: OfficeHours, at: datetime) -> datetime:
    """When the office has called: an hour of counter time from now, or from its next opening."""
    by = office.next_opening(at) + WITHIN
    return by if office.is_open(by) else office.next_opening(by) + WITHIN


def take(cabinet: Cabinet, wanted: Wanted) -> ev.Decision:
    """Note that somebody is to be called, and what a visit leaves inside in vain; no second ticket for a number.

    Raises WrongStage (the visit has ended), PhoneMalformed (no number is on record for it), TicketsFull.
    """
    person, waiting = (wanted.person, []) if not wanted.visit else _of_visit(cabinet, wanted.visit)
    vain = in_vain.came(waiting, "call_asked")
    refs = (person, *wanted.same_phone)
    if open_for(cabinet, refs) is not None:
        return ev.Decision(events=vain)
    if sum(one.kind == KIND for one in cabinet.incidents.values()) >= MOST_OPEN:
        raise TicketsFull("too many people wait for a call; call the office")
    hand_over = waiting[0].hand_over if waiting else ""
    taken = ev.TicketTaken(person=person, due_utc_ms=wanted.due_utc_ms, hand_over=hand_over, visit=wanted.visit)
    facts: tuple[ev.Event, ...] = (taken,)
    number = cabinet.seq + 1
    if wanted.visit or _is_on_record(cabinet, wanted.same_phone):
        told = ev.NoticeQueued(
            notice=f"ticket-{cabinet.epoch}-{number}", template="TICKET", person=person, bundle="", incident=number
        )
        facts = (taken, told)
    return ev.Decision(events=(*facts, *vain), rows=wanted.rows)


def open_for(cabinet: Cabinet, people: tuple[str, ...]) -> Incident | None:
    """The open ticket of any of these people."""
    return next((one for one in cabinet.incidents.values() if one.kind == KIND and one.person in people), None)


def of_visit(cabinet: Cabinet, visit: str) -> tuple[str, ...]:
    """The person of a visit that still stands; none for one that has ended."""
    present = cabinet.visit
    return () if present is None or present.visit != visit else _people(cabinet, present)


def _of_visit(cabinet: Cabinet, visit: str) -> tuple[str, list[HandOver]]:
    present = cabinet.visit
    if present is None or present.visit != visit:
        raise WrongStage("this visit has ended; type the phone number")
    people = _people(cabinet, present)
    if not people:
        raise PhoneMalformed("no number is on record for this visit; type one")
    return people[0], pickup.still_waiting(cabinet, visit)


def _people(cabinet: Cabinet, visit: Visit) -> tuple[str, ...]:
    if visit.right.delegate:
        return (visit.right.delegate,)
    return tuple(
        dict.fromkeys(
            one.person
            for one in cabinet.results.values()
            if one.recipient == visit.recipient and one.hand_over and "no_mobile_phone" not in one.flags
        )
    )


def _is_on_record(cabinet: Cabinet, people: tuple[str, ...]) -> bool:
    owners = {one.person for one in cabinet.results.values()}
    return bool(owners.intersection(people)) or any(paper.person in people for paper in cabinet.intakes.values())
