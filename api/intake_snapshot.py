"""What the screens show of papers that people left: the visitor's own at the kiosk, all of them at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from api.running import Running
from locker.events import Moment
from locker.model import Cabinet, HandOver, Intake
from locker.rules import intake, intake_round
from otp import phones

LAST = (10**6, 0)


def promised(running: Running, moment: Moment) -> str:
    """The working day by which what is left now is answered, YYYY-MM-DD; empty while no clock is believed."""
    if moment.clock == "unset":
        return ""
    day = date.fromisoformat(running.today(moment))
    for _ in range(running.config.intake.answered_within_working_days):
        day = running.office.next_working_day(day)
    return day.isoformat()


def sent_at(running: Running, paper: Intake) -> str:
    """Local time of the door's closing; empty when no clock was believed then."""
    if not paper.is_sent_timed:
        return ""
    return running.local(paper.sent_utc_ms).isoformat(timespec="seconds")


def offer(running: Running, moment: Moment) -> dict[str, Any]:
    """Whether papers are taken in now, what people must know first, and by which day they are answered.

    `checked_from` is the day on which the office opens again, before and during a closure of more than three days.
    """
    section, power = running.config.intake, running.journal.cabinet.panel
    closure = None
    if moment.clock != "unset":
        closure = running.office.closure_after(running.local(moment.utc_ms).date())
    return {
        "is_offered": section.is_offered
        and running.state == "ready"
        and not (power.is_on_reserve or power.is_stopping),
        "promised": promised(running, moment),
        "checked_from": "" if closure is None else closure.reopens.isoformat(),
        "thickness_cm": list(section.thickness_cm),
        "bring": {"vi": list(section.bring_vi), "en": list(section.bring_en)},
        "sentence": {"vi": section.sentence_vi, "en": section.sentence_en},
    }


def of_visit(running: Running, cabinet: Cabinet, visit: str) -> list[dict[str, Any]]:
    """The intakes of one visit as its kiosk shows them."""
    return [
        _for_kiosk(running, cabinet, paper, cabinet.hand_overs[paper.hand_over])
        for paper in cabinet.intakes_of(visit)
        if paper.hand_over in cabinet.hand_overs
    ]


def _for_kiosk(running: Running, cabinet: Cabinet, paper: Intake, one: HandOver) -> dict[str, Any]:
    place = running.places[one.compartment]
    return {
        "hand_over": one.hand_over,
        "compartment": one.compartment,
        "row": place.row,
        "column": place.column,
        "size": place.size,
        "bag": paper.bag,
        "kind": paper.kind,
        "stage": _stage(cabinet, one),
        "promised": paper.promised,
        "is_confirmed": paper.is_confirmed,
        "sent_at": sent_at(running, paper),
        "position": paper.sent_seq,
    }


def _stage(cabinet: Cabinet, one: HandOver) -> str:
    """One of offered (shut, may be tried again), opening, open, left_open, unseen, uncertain, dropped, withdrawn,
    deposited.
    """
    if cabinet.compartment(one.compartment).is_left_open:
        return "left_open"
    if intake.is_at_door(cabinet, one):
        return "open" if cabinet.compartment(one.compartment).is_open else "opening"
    if one.is_asked:
        return "unseen"
    return "uncertain" if one.uncertain or one.stage == "opened" else one.stage


def for_desk(
    running: Running, cabinet: Cabinet, people: Mapping[str, Mapping[str, str]], today: str
) -> list[dict[str, Any]]:
    """Every intake nobody has answered, in walking order, then by time; names only as far as `people` has them."""
    shown = [
        _for_desk(running, cabinet, paper, people, today)
        for paper in cabinet.intakes.values()
        if paper.is_collected or paper.hand_over in cabinet.hand_overs
    ]
    walk = {number: (place.row, place.column) for number, place in running.places.items()}
    return sorted(shown, key=lambda one: (walk.get(one["compartment"], LAST), one["sent_at"] or ""))


def _can_report(cabinet: Cabinet, one: HandOver) -> bool:
    is_shut = not cabinet.compartment(one.compartment).is_open and cabinet.grant_on(one.compartment) is None
    return is_shut and one.stage == "deposited" and intake_round.was_opened(cabinet, one)


def _for_desk(
    running: Running, cabinet: Cabinet, paper: Intake, people: Mapping[str, Mapping[str, str]], today: str
) -> dict[str, Any]:
    one = cabinet.hand_overs.get(paper.hand_over)
    phone = people.get(paper.person, {}).get("phone", "")
    return {
        "hand_over": paper.hand_over,
        "compartment": None if one is None else one.compartment,
        "bag": paper.bag,
        "kind": paper.kind,
        "stage": "collected" if one is None else one.stage,
        "uncertain": "" if one is None else one.uncertain,
        "is_emptied": one is not None and one.is_emptied,
        "seems_empty": one is not None and cabinet.compartment(one.compartment).inside == "empty",
        "is_at_door": one is not None and intake.is_at_door(cabinet, one),
        "can_report": one is not None and _can_report(cabinet, one),
        "is_missed": paper.is_missed,
        "is_confirmed": paper.is_confirmed,
        "evidence": paper.evidence,
        "sent_at": sent_at(running, paper) or None,
        "position": paper.sent_seq,
        "promised": paper.promised,
        "is_late": bool(paper.promised) and paper.promised < today,
        "is_phone_checked": paper.is_phone_checked,
        "count": paper.count,
        "dossier": people.get(paper.dossier, {}).get("code", ""),
        "name": people.get(paper.person, {}).get("name", ""),
        "phone": phones.mask(phone) if phone else None,
    }
