"""What the screen of the cabinet shows: no names, no phones, no dossiers."""

from __future__ import annotations

from typing import Any

from api import intake_snapshot, stays, wall
from api.running import Running
from locker.events import Moment
from locker.model import Cabinet, HandOver, Visit
from locker.rules import pickup, practice, ratings
from locker.rules.pickup import REOPEN_MS

REMINDERS_S = (20, 40)


def build(running: Running) -> dict[str, Any]:
    """The kiosk's whole snapshot of now; times in seconds."""
    cabinet, moment, config = running.journal.cabinet, running.clock(), running.config
    shown = running.sessions.shown()
    return {
        "version": cabinet.seq,
        "state": running.state,
        **office(running),
        "centre_online": running.centre.is_online,
        "notices_online": running.notices.is_online,
        "accepts_slips": config.kiosk.accepts_slips,
        "clock": cabinet.clock,
        "time": running.local(moment.utc_ms).isoformat(timespec="seconds"),
        "presence_number": None if shown is None else {"number": shown.number, "seconds_left": shown.seconds_left},
        "doors": [
            {
                "number": entry.number,
                "row": entry.row,
                "column": entry.column,
                "size": entry.size,
                "is_open": cabinet.compartment(entry.number).is_open,
            }
            for entry in config.compartment
        ],
        "rateable": ratings.rateable(cabinet, moment),
        "intake": intake_snapshot.offer(running, moment),
        "printer": running.printing.state,
        **wall.build(running, moment),
        "scan": _scan(running),
        "visit": None if cabinet.visit is None else _visit(running, cabinet, cabinet.visit, moment),
    }


def _scan(running: Running) -> dict[str, Any] | None:
    """What the cabinet's own scanner has just read."""
    scan = running.scans.latest
    return None if scan is None else {"number": scan.number, "text": scan.text}


def office(running: Running) -> dict[str, Any]:
    """Who the cabinet belongs to, as its pages say it."""
    section = running.config.cabinet
    return {
        "is_training": section.training,
        "office": {"vi": section.office_vi, "en": section.office_en},
        "address": running.address,
        "hotline": section.hotline,
    }


def counts_down(snapshot: dict[str, Any]) -> bool:
    """Whether seconds run on this snapshot."""
    return snapshot["visit"] is not None or snapshot["presence_number"] is not None


def _visit(running: Running, cabinet: Cabinet, visit: Visit, moment: Moment) -> dict[str, Any]:
    doors, waiting = [], 0
    still = pickup.still_waiting(cabinet, visit.visit)
    for one in cabinet.hand_overs_of(visit.recipient):
        stage = _stage(cabinet, one, visit) if visit.right.covers(one) else ""
        if stage:
            doors.append(_door(running, cabinet, one, stage, moment))
        waiting += not stage and one in still
    if visit.practice:
        doors.append(_practice_door(running, cabinet, visit, moment))
    idle_ms = running.timing.visit_idle_ms - (moment.uptime_ms - visit.touched_uptime_ms)
    return {
        "visit": visit.visit,
        "idle_seconds_left": _seconds(idle_ms),
        "doors": sorted(doors, key=lambda door: door["compartment"]),
        "waiting": waiting,
        "intakes": intake_snapshot.of_visit(running, cabinet, visit.visit),
        "next": _next(running, cabinet, visit, moment) if waiting else None,
        "later": len(visit.later),
        "left": [
            {"compartment": one.compartment, **stays.stay(running, cabinet, one).model_dump()}
            for one in cabinet.hand_overs_of(visit.recipient)
            if one.hand_over in visit.later
        ],
        "is_moved": any(cabinet.hand_overs[key].is_out_of_reach for key in visit.later if key in cabinet.hand_overs),
    }


def _next(running: Running, cabinet: Cabinet, visit: Visit, moment: Moment) -> dict[str, Any] | None:
    """Where the next door of the visit is; `is_high` when its person must see that before it opens."""
    servable = running.doors.servable
    one = pickup.next_door(cabinet, visit.visit, places=running.places, servable=servable, moment=moment)
    if one is None:
        return None
    place = running.places[one.compartment]
    return {
        "hand_over": one.hand_over,
        "compartment": one.compartment,
        "row": place.row,
        "column": place.column,
        "is_high": running.config.kiosk.asks_reach and pickup.is_shown_first(one, place),
    }


def _stage(cabinet: Cabinet, one: HandOver, visit: Visit) -> str:
    """Where this hand-over stands in the visit; empty while its turn has not come."""
    place = cabinet.compartment(one.compartment)
    grant = cabinet.grant_on(one.compartment)
    is_of_visit = grant is not None and grant.visit == visit.visit
    if place.is_left_open:
        return "left_open"
    if is_of_visit and grant is not None and not grant.is_opened:
        return "opening"
    if is_of_visit or (place.is_open and one.open_for == "collect"):
        return "open"
    if one.disputed:
        return "disputed" if one.stage == "collected" or one.trains else ""
    if one.is_asked and one.last_purpose == "collect":
        return "unseen"
    return "closed" if one.stage == "collected" else ""


def _door(running: Running, cabinet: Cabinet, one: HandOver, stage: str, moment: Moment) -> dict[str, Any]:
    place = running.places[one.compartment]
    present = cabinet.compartment(one.compartment)
    open_s = (moment.uptime_ms - present.opened_uptime_ms) // 1000 if present.is_open else 0
    reopen_ms = one.closed_uptime_ms + REOPEN_MS - moment.uptime_ms if stage == "closed" else 0
    return {
        "hand_over": one.hand_over,
        "compartment": one.compartment,
        "row": place.row,
        "column": place.column,
        "stage": stage,
        "items": sum(len(cabinet.results[key].items) for key in one.results if key in cabinet.results),
        "open_seconds": open_s,
        "reminder": 0 if stage != "open" else sum(open_s >= since for since in REMINDERS_S),
        "reopen_seconds_left": _seconds(reopen_ms),
        "trains": one.trains,
    }


def _practice_door(running: Running, cabinet: Cabinet, visit: Visit, moment: Moment) -> dict[str, Any]:
    """The empty door that somebody tries, as if an envelope lay behind it."""
    present, grant = cabinet.compartment(visit.practice), cabinet.grant_on(visit.practice)
    stage = "closed" if present.closed_uptime_ms >= visit.begun_uptime_ms else "unseen"
    if present.is_open:
        stage = "open"
    elif grant is not None:
        stage = "opening"
    pretended = HandOver(
        hand_over=practice.HAND_OVER, results=(), recipient="", compartment=visit.practice, stage="collected"
    )
    return {**_door(running, cabinet, pretended, stage, moment), "items": 1, "reopen_seconds_left": 0}


def _seconds(span_ms: int) -> int:
    """Whole seconds that are left, rounded up; 0 when the span is over."""
    return max(0, -(-span_ms // 1000))
