"""What the screens show of papers that people left: the visitor's own at the kiosk, all of them at the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.kiosk_intake import promised
from api.running import Running
from locker.events import Moment
from locker.model import Cabinet, HandOver, Intake
from locker.rules import intake
from otp import phones


def offer(running: Running, moment: Moment) -> dict[str, Any]:
    """Whether papers are taken in now, and by which day they are answered."""
    is_offered = running.config.intake.is_offered and running.state == "ready"
    return {"is_offered": is_offered, "promised": promised(running, moment)}


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
        _for_desk(running, cabinet.hand_overs.get(paper.hand_over), paper, people, today)
        for paper in cabinet.intakes.values()
        if paper.is_collected or paper.hand_over in cabinet.hand_overs
    ]
    return sorted(shown, key=lambda one: (one["compartment"] is None, one["compartment"] or 0, one["sent_at"] or ""))


def _for_desk(
    running: Running, one: HandOver | None, paper: Intake, people: Mapping[str, Mapping[str, str]], today: str
) -> dict[str, Any]:
    phone = people.get(paper.person, {}).get("phone", "")
    sent_at = running.local(paper.sent_utc_ms).isoformat(timespec="seconds") if paper.is_sent_timed else None
    return {
        "hand_over": paper.hand_over,
        "compartment": None if one is None else one.compartment,
        "bag": paper.bag,
        "kind": paper.kind,
        "stage": "collected" if one is None else one.stage,
        "uncertain": "" if one is None else one.uncertain,
        "is_emptied": one is not None and one.is_emptied,
        "is_missed": paper.is_missed,
        "is_confirmed": paper.is_confirmed,
        "evidence": paper.evidence,
        "sent_at": sent_at,
        "position": paper.sent_seq,
        "promised": paper.promised,
        "is_late": bool(paper.promised) and paper.promised < today,
        "count": paper.count,
        "dossier": people.get(paper.dossier, {}).get("code", ""),
        "name": people.get(paper.person, {}).get("name", ""),
        "phone": phones.mask(phone) if phone else None,
    }
