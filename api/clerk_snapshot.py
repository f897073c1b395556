"""What the clerk's page shows: the cabinet, the day's work, and what a person must look at.

Names and dossier codes are for clerks and leaders; phones are masked for everybody but where somebody
waits for a call; a technician sees neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apsw
import msgspec

from api import balancing, calendar_snapshot, counter_snapshot, intake_snapshot, morning, panel_snapshot
from api.kiosk_snapshot import office
from api.running import Running
from api.sessions import Session
from locker import views
from locker.config import StaffEntry
from locker.events import Moment
from locker.model import Cabinet, Compartment, Grant, HandOver, Incident, Move, Place, Result, StaffMember
from locker.refusals import NotLoadable
from locker.rules import deputies, exceptional, in_vain, moving, notices
from locker.rules.results import FINISHED_STATE, check_loadable
from otp import codes, phones

CENTRE_CURSOR = "centre"


class Read(msgspec.Struct, frozen=True):
    """What the snapshot takes from tables: personal bodies by ref, notices by result, the day's counts, what the
    centre has, and why glasses were broken.
    """

    people: dict[str, dict[str, str]]
    outcomes: dict[str, views.Outcome]
    today: views.Counts
    acked: int
    balance: views.Balance
    reasons: dict[str, dict[str, str]]


async def build(running: Running, session: Session) -> dict[str, Any]:
    """The whole snapshot of now for one signed-in member."""
    before = running.journal.cabinet
    span = running.day_utc_ms(running.clock())
    sees_names = session.member.role != "technician"
    read = await running.journal.read(lambda connection: _read(connection, before, span, sees_names=sees_names))
    staff = await running.roster.current()
    cabinet, moment = running.journal.cabinet, running.clock()
    today = running.today(moment)
    return {
        "version": before.seq,
        "state": running.state,
        **office(running),
        "time": running.local(moment.utc_ms).isoformat(timespec="seconds"),
        "me": _me(running, cabinet, session, today),
        "compartments": [_compartment(running, cabinet, place, today) for place in running.places.values()],
        "to_load": _to_load(running, cabinet, read),
        "counter": counter_snapshot.register(running, cabinet, read.people),
        "in_cabinet": [
            _inside(running, cabinet, one, read, session, today) for one in cabinet.hand_overs.values() if _is_here(one)
        ],
        "intakes": intake_snapshot.for_desk(running, cabinet, read.people, today),
        "round": _round(running, cabinet, moment),
        "moves": [_move(cabinet, one) for one in cabinet.moves.values()],
        "grants": [_grant(one, session) for one in cabinet.grants.values()],
        "asked": [
            {"hand_over": one.hand_over, "compartment": one.compartment}
            for one in cabinet.hand_overs.values()
            if is_asked_of(one, session.member.user)
        ],
        "incidents": [_incident(running, cabinet, one, read, session, moment) for one in cabinet.incidents.values()],
        "deputies": [
            {"user": user, "name": running.name_of(user), "until": until}
            for user, until in cabinet.deputies.items()
            if until >= today
        ],
        "office_days": calendar_snapshot.build(running, cabinet, today),
        "clerks": [{"user": one.user, "name": one.name} for one in staff.values() if one.role == "clerk"],
        "members": _members(cabinet, staff, session),
        "approvals": _approvals(running, cabinet, session, moment),
        "boards": [
            {
                "name": name,
                "is_online": board.is_online,
                "cause": board.cause,
                "fault": board.fault,
                "is_out": name in cabinet.boards_out,
            }
            for name, board in running.doors.boards.items()
        ],
        "centre": _centre(running, cabinet, read),
        "practice": _practice(running, session, moment),
        "clock": cabinet.clock,
        "panel": panel_snapshot.build(running),
        "standing": _standing(running, cabinet),
        "self_check": morning.for_desk(running, cabinet, moment),
        "stock_check": balancing.check_under_way(running, cabinet),
        "balance": balancing.balance(running, cabinet, read.balance),
        "today": _today(cabinet, read),
    }


def _me(running: Running, cabinet: Cabinet, session: Session, today: str) -> dict[str, Any]:
    return {
        "user": session.member.user,
        "name": session.member.name,
        "role": session.member.role,
        "agrees": _agrees(cabinet, session, today),
        "is_present": running.sessions.is_present(session),
    }


def _move(cabinet: Cabinet, one: Move) -> dict[str, Any]:
    return {
        "hand_over": one.hand_over,
        "source": one.source,
        "target": one.target,
        "is_low": one.is_low,
        "step": moving.step(one),
        "is_at_door": moving.is_at_door(cabinet, one),
    }


def _grant(one: Grant, session: Session) -> dict[str, Any]:
    """A permission to open; for what, only to whom it was given."""
    return {
        "compartment": one.compartment,
        "purpose": one.purpose,
        "is_opened": one.is_opened,
        "hand_over": one.hand_over if one.actor == session.member.user else "",
    }


def _centre(running: Running, cabinet: Cabinet, read: Read) -> dict[str, Any]:
    contact = running.centre.last_contact
    return {
        "is_online": running.centre.is_online,
        "unsent": max(0, cabinet.seq - read.acked),
        "last_contact": None if contact is None else running.local(contact).isoformat(timespec="seconds"),
    }


def _today(cabinet: Cabinet, read: Read) -> dict[str, int]:
    return {
        "loaded": read.today.loaded,
        "collected": read.today.collected,
        "reclaimed": read.today.reclaimed,
        "inside": sum(one.stage == "loaded" for one in cabinet.hand_overs.values()),
    }


def _members(cabinet: Cabinet, staff: Mapping[str, StaffEntry], session: Session) -> list[dict[str, Any]]:
    """Who works here, for a leader."""
    if session.member.role != deputies.LEADER:
        return []
    return [
        {
            "user": one.user,
            "name": one.name,
            "role": one.role,
            "is_locked": cabinet.staff.get(one.user, StaffMember()).is_locked,
            "is_me": one.user == session.member.user,
        }
        for one in staff.values()
    ]


def counts_down(snapshot: dict[str, Any]) -> bool:
    """Whether seconds run on this snapshot."""
    return snapshot["round"] is not None or bool(snapshot["approvals"]) or snapshot["practice"] is not None


def is_asked_of(one: HandOver, user: str) -> bool:
    """Whether this clerk must say if a door opened that was not seen open: an own load, or any other act of a clerk."""
    if not one.is_asked or one.last_purpose in ("collect", "intake") or one.stage == "collected":
        return False
    return one.stage != "loading" or one.loaded_by == user


def _read(connection: apsw.Connection, cabinet: Cabinet, span: tuple[int, int], *, sees_names: bool) -> Read:
    refs = {ref for result in cabinet.results.values() for ref in (result.person, result.dossier)}
    refs |= {ref for one in cabinet.counter.values() for ref in (one.person, one.dossier)}
    refs |= {incident.person for incident in cabinet.incidents.values() if incident.person}
    refs |= {result.delegate for result in cabinet.results.values() if result.delegate}
    refs |= {ref for paper in cabinet.intakes.values() for ref in (paper.person, paper.dossier)}
    return Read(
        people=views.people(connection, refs) if sees_names else {},
        outcomes=views.notice_outcomes(connection, list(cabinet.results)),
        today=views.counts(connection, *span),
        balance=views.balance(connection, span[0]),
        reasons=views.people(connection, balancing.reasons(cabinet)),
        acked=acked_through(connection),
    )


def acked_through(connection: apsw.Connection) -> int:
    """The last fact that the centre has."""
    return int(connection.execute("SELECT seq FROM cursor WHERE name = ?", (CENTRE_CURSOR,)).get or 0)


def _incident(
    running: Running, cabinet: Cabinet, one: Incident, read: Read, session: Session, moment: Moment
) -> dict[str, Any]:
    """An incident; why a glass was broken is for leaders, and for who broke it."""
    me, agrees = session.member, _agrees(cabinet, session, running.today(moment))
    about = cabinet.hand_overs.get(one.hand_over)
    results = [cabinet.results[key] for key in about.results if key in cabinet.results] if about is not None else []
    reason = read.reasons.get(balancing.reason_of(one), {}).get("reason", "")
    return {
        "incident": one.incident,
        "kind": one.kind,
        "compartment": one.compartment,
        "dossiers": [code for result in results if (code := _code(read.people, result))],
        "opened_at": running.local(one.opened_utc_ms).isoformat(timespec="seconds"),
        "owner": running.name_of(one.owner),
        "is_mine": one.owner == me.user,
        "due": running.local(one.due_utc_ms).date().isoformat() if one.due_utc_ms else None,
        "call_by": running.local(one.due_utc_ms).isoformat(timespec="seconds") if one.person and one.due_utc_ms else "",
        "call": _call(read, one),
        "is_overdue": 0 < one.due_utc_ms < moment.utc_ms,
        "raised_by": running.name_of(one.raised_by),
        "reason": reason if agrees or me.user == one.raised_by else "",
        "is_glass": bool(one.glass),
        "can_countersign": exceptional.may_countersign(one, user=me.user, role=deputies.LEADER if agrees else me.role),
    }


def _agrees(cabinet: Cabinet, session: Session, today: str) -> bool:
    """Whether this member agrees and countersigns as a leader does."""
    return deputies.role_of(cabinet, session.member.user, session.member.role, today=today) == deputies.LEADER


def _call(read: Read, one: Incident) -> dict[str, str] | None:
    """Who waits for a call, with the number in clear: it is to be dialled."""
    person = read.people.get(one.person)
    return None if person is None else {"name": person.get("name", ""), "phone": person.get("phone", "")}


def _practice(running: Running, session: Session, moment: Moment) -> dict[str, Any] | None:
    """The practice code this member made, to be read out or typed; nobody else sees it."""
    code = running.practice.live(moment.uptime_ms)
    if code is None or code.actor != session.member.user:
        return None
    left_s = -(-(code.until_ms - moment.uptime_ms) // 1000)
    return {"code": codes.group(code.digits), "compartment": code.compartment, "seconds_left": left_s}


def _approvals(running: Running, cabinet: Cabinet, session: Session, moment: Moment) -> list[dict[str, Any]]:
    """Requests that still stand, for leaders and for who asked."""
    return [
        {
            "approval": one.approval,
            "number": one.number,
            "compartment": one.compartment,
            "hand_over": one.hand_over,
            "purpose": one.purpose,
            "results": list(one.results),
            "asked_by": running.name_of(one.actor),
            "is_mine": one.actor == session.member.user,
            "given_by": running.name_of(one.given_by),
            "seconds_left": -(-exceptional.left_ms(one, moment) // 1000),
        }
        for one in cabinet.approvals.values()
        if exceptional.left_ms(one, moment) > 0
        and (_agrees(cabinet, session, running.today(moment)) or one.actor == session.member.user)
    ]


def _is_here(one: HandOver) -> bool:
    return one.direction == "pickup" and (one.stage != "collected" or bool(one.disputed))


def _compartment(running: Running, cabinet: Cabinet, place: Place, today: str) -> dict[str, Any]:
    present = cabinet.compartment(place.number)
    return {
        "number": place.number,
        "row": place.row,
        "column": place.column,
        "size": place.size,
        "height_cm": place.height_cm,
        "board": place.board,
        "state": _state(running, cabinet, place, present, today),
        "is_open": present.is_open,
        "is_suspect": present.is_suspect,
        "out_of_service": present.out_of_service,
        "quarantine": present.quarantine or ("unproved" if present.is_unproved else ""),
        "hand_over": present.hand_over or None,
    }


def _state(running: Running, cabinet: Cabinet, place: Place, present: Compartment, today: str) -> str:
    board = running.doors.boards.get(place.board)
    one = cabinet.hand_overs.get(present.hand_over)
    by_need = (
        ("offline", board is None or not board.is_online),
        ("out_of_service", place.board in cabinet.boards_out),
        ("disputed", one is not None and one.disputed),
        ("uncertain", one is not None and one.uncertain),
        ("quarantined", present.quarantine or present.is_unproved),
        ("loading", one is not None and one.stage == "loading"),
        ("cancelled", one is not None and one.is_cancelled),
        ("overdue", one is not None and in_vain.is_overdue(cabinet, one, today=today)),
        ("loaded", one is not None),
        ("closed", present.out_of_service),
    )
    return next((state for state, holds in by_need if holds), "free")


def _to_load(running: Running, cabinet: Cabinet, read: Read) -> list[dict[str, Any]]:
    """By promised date."""
    waiting = [result for result in cabinet.results.values() if not result.hand_over]
    room = counter_snapshot.Room(running, cabinet)
    return [_waiting(result, read, room) for result in sorted(waiting, key=lambda one: (one.deadline, one.result))]


def _waiting(result: Result, read: Read, room: counter_snapshot.Room) -> dict[str, Any]:
    person = read.people.get(result.person, {})
    phone = person.get("phone", "")
    reason = ""
    try:
        check_loadable(result)
    except NotLoadable as refusal:
        reason = refusal.reason
    flags = [*result.flags]
    if person and not phone and "no_mobile_phone" not in flags:
        flags.append("no_mobile_phone")
    if result.is_missed:
        flags.append("not_loaded_in_time")
    return {
        "result": result.result,
        "dossier": _code(read.people, result),
        "name": person.get("name", ""),
        "phone": phones.mask(phone) if phone else None,
        "items": len(result.items),
        "size": result.size,
        "reach": result.reach,
        "deadline": result.deadline,
        "is_loadable": not reason,
        "reason": reason,
        "is_at_counter": not result.is_cancelled and result.state == FINISHED_STATE,
        "no_room": "" if reason else room.lack(result),
        "flags": flags,
        "recipient": result.recipient,
    }


def _code(people: Mapping[str, Mapping[str, str]], result: Result) -> str:
    return people.get(result.dossier, {}).get("code", "")


def _inside(
    running: Running, cabinet: Cabinet, one: HandOver, read: Read, session: Session, today: str
) -> dict[str, Any]:
    results = [cabinet.results[key] for key in one.results if key in cabinet.results]
    name = read.people.get(results[0].person, {}).get("name", "") if results else ""
    return {
        "hand_over": one.hand_over,
        "compartment": one.compartment,
        "dossiers": [_code(read.people, result) for result in results],
        "name": name,
        "loaded_at": running.local(one.loaded_utc_ms).isoformat(timespec="seconds") if one.loaded_utc_ms else None,
        "deadline": min((result.deadline for result in results), default=""),
        "stage": one.stage,
        "uncertain": one.uncertain,
        "is_out_of_reach": one.is_out_of_reach,
        "is_moving": one.hand_over in cabinet.moves,
        "disputed": one.disputed,
        "is_cancelled": one.is_cancelled,
        "is_counter_wanted": one.is_counter_wanted,
        "is_overdue": in_vain.is_overdue(cabinet, one, today=today),
        "is_owed": one.is_owed,
        "is_made_good": one.made_good > 0,
        "is_by_post": any(result.by_post for result in results),
        "notice": next((read.outcomes[key] for key in one.results if key in read.outcomes), "none"),
        "delegates": [
            {"result": result.result, "name": read.people.get(result.delegate, {}).get("name", "")}
            for result in results
            if result.delegate
        ],
        "can_reopen": one.loaded_by == session.member.user and (cabinet.round is not None or one.stage == "loading"),
    }


def _standing(running: Running, cabinet: Cabinet) -> dict[str, Any]:
    """Whether the cabinet serves, and what is still to be done before it may again."""
    standing = cabinet.standing
    return {
        "stage": standing.stage,
        "since": running.local(standing.since_utc_ms).isoformat(timespec="seconds") if standing.since_utc_ms else None,
        "by": running.name_of(standing.actor),
        "is_checked": standing.is_checked,
    }


def _round(running: Running, cabinet: Cabinet, moment: Moment) -> dict[str, Any] | None:
    if cabinet.round is None:
        return None
    fresh = {result for bundle in cabinet.bundles.values() for result in notices.unannounced(cabinet, bundle)}
    left_ms = cabinet.round.touched_uptime_ms + running.timing.round_ms - moment.uptime_ms
    return {
        "loaded": sum(
            one.stage == "loaded" and not fresh.isdisjoint(one.results) for one in cabinet.hand_overs.values()
        ),
        "closes_in_seconds": max(0, -(-left_ms // 1000)),
    }
