"""Grants, doors, sensors and boards."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from locker import events as ev
from locker.fold import contents, moving
from locker.fold.change import drop, open_incident, put, quarantine, touch, touch_hand_over, touch_visit
from locker.fold.custody import end_visit, unsettle
from locker.model import TRAINS_A_VISIT, Cabinet, Grant, HandOver


def grant_issued(cabinet: Cabinet, event: ev.GrantIssued, recorded: ev.Recorded) -> Cabinet:
    grant = Grant(
        grant=event.grant,
        compartment=event.compartment,
        purpose=event.purpose,
        hand_over=event.hand_over,
        actor=event.actor,
        visit=event.visit,
        run_id=recorded.moment.run_id,
        issued_uptime_ms=recorded.moment.uptime_ms,
    )
    approvals = drop(cabinet.approvals, event.permit)
    changed = replace(cabinet, grants=put(cabinet.grants, event.grant, grant), approvals=approvals)
    changed = contents.forgotten(changed, event.compartment)
    changed = moving.granted(touch_visit(changed, event.visit, recorded), event, recorded)
    return touch_hand_over(
        changed,
        event.hand_over,
        is_asked=False,
        last_purpose=event.purpose,
        left_purpose=_left(cabinet.hand_overs.get(event.hand_over)) if event.purpose == "inspect" else "",
        last_actor=event.actor,
    )


def _left(one: HandOver | None) -> ev.Purpose | Literal[""]:
    """What the grant that left it uncertain was for."""
    return one.left_purpose or one.last_purpose if one is not None and one.uncertain else ""


def grant_lapsed(cabinet: Cabinet, event: ev.GrantLapsed, _recorded: ev.Recorded) -> Cabinet:
    """Without a pulse nothing happened; after one the door may have opened unseen."""
    grant = cabinet.grants.get(event.grant)
    changed = replace(cabinet, grants=drop(cabinet.grants, event.grant))
    if grant is None or not (event.pulses or event.cause == "unattended"):
        return changed
    return unsettle(changed, grant.hand_over, grant.purpose, "lapsed")


def door_opened(cabinet: Cabinet, event: ev.DoorOpened, recorded: ev.Recorded) -> Cabinet:
    changed = touch(
        contents.forgotten(cabinet, event.compartment),
        event.compartment,
        is_open=True,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=recorded.moment.uptime_ms,
    )
    grant = cabinet.grants.get(event.grant)
    one = cabinet.hand_overs.get(event.hand_over)
    purpose: ev.Purpose | Literal[""] = ""
    if grant is not None:
        purpose = grant.purpose
        changed = replace(changed, grants=put(changed.grants, event.grant, replace(grant, is_opened=True)))
        changed = touch_visit(changed, grant.visit, recorded)
    elif one is not None:
        purpose = one.dead_purpose or (one.last_purpose if one.is_asked else one.opened_for)
    is_reopened = one is not None and (one.is_reopened or (one.stage == "loaded" and purpose == "load"))
    if one is not None and purpose == "intake" and one.stage in ("offered", "dropped", "withdrawn"):
        changed = touch_hand_over(changed, event.hand_over, stage="opened")
    if purpose == "move":
        changed = moving.opened(changed, event.hand_over)
    return touch_hand_over(
        changed,
        event.hand_over,
        open_for=purpose,
        opened_for=purpose,
        dead_purpose="",
        is_asked=False,
        trains=0,
        is_reopened=is_reopened,
    )


def door_closed(cabinet: Cabinet, event: ev.DoorClosed, recorded: ev.Recorded) -> Cabinet:
    present = cabinet.compartment(event.compartment)
    now_ms = recorded.moment.uptime_ms
    changed = touch(
        cabinet,
        event.compartment,
        is_open=False,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=0,
        closed_uptime_ms=0 if present.is_alarmed or present.is_left_open or not present.is_open else now_ms,
    )
    grant = cabinet.grant_on(event.compartment)
    if grant is not None:
        changed = touch_visit(changed, grant.visit, recorded)
        if grant.is_opened:
            changed = replace(changed, grants=drop(changed.grants, grant.grant))
    one = cabinet.hand_overs.get(event.hand_over)
    if one is not None and one.open_for == "collect_intake":
        changed = touch_hand_over(changed, event.hand_over, is_emptied=True)
    changed = moving.closed(changed, event.hand_over, recorded)
    changed = touch_hand_over(changed, event.hand_over, open_for="", dead_purpose="")
    return touch_hand_over(changed, event.hand_over, closed_uptime_ms=now_ms) if present.is_open else changed


def door_did_not_open(cabinet: Cabinet, event: ev.DoorDidNotOpen, recorded: ev.Recorded) -> Cabinet:
    """Its person is asked; one whose visit is over already cannot be, so that a clerk has to look."""
    grant = cabinet.grants.get(event.grant)
    changed = replace(cabinet, grants=drop(cabinet.grants, event.grant))
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return changed
    has_left = grant is not None and grant.visit and (cabinet.visit is None or cabinet.visit.visit != grant.visit)
    changed = touch_hand_over(
        changed,
        event.hand_over,
        is_asked=not has_left,
        uncertain=one.uncertain or ("not_seen_open" if has_left else ""),
        trains=0 if has_left else one.trains + 1,
        train_ended_uptime_ms=recorded.moment.uptime_ms,
    )
    if one.trains + 1 != TRAINS_A_VISIT:
        return changed
    changed = quarantine(changed, event.compartment, "door_did_not_open")
    return open_incident(changed, "door_did_not_open", recorded, event.compartment, event.hand_over)


def door_answered(cabinet: Cabinet, event: ev.DoorAnswered, _recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    is_reopened = one is not None and (
        one.is_reopened or (event.did_open and one.stage == "loaded" and one.last_purpose == "load")
    )
    changed = touch_hand_over(cabinet, event.hand_over, is_asked=False, is_reopened=is_reopened)
    if one is None or not event.did_open or one.last_purpose != "move":
        return changed
    return moving.opened(changed, event.hand_over)


def door_opened_unasked(cabinet: Cabinet, event: ev.DoorOpenedUnasked, recorded: ev.Recorded) -> Cabinet:
    changed, hand_over = _alarm(cabinet, event.compartment, "opened_unasked", recorded)
    return open_incident(changed, "opened_unasked", recorded, event.compartment, hand_over)


def _alarm(cabinet: Cabinet, number: int, cause: str, recorded: ev.Recorded) -> tuple[Cabinet, str]:
    """A door opened that nobody had a right to open now; returns the hand-over on record behind it."""
    changed = touch(
        contents.forgotten(cabinet, number),
        number,
        is_open=True,
        is_alarmed=True,
        opened_uptime_ms=recorded.moment.uptime_ms,
    )
    hand_over = changed.compartment(number).hand_over
    changed = touch_hand_over(changed, hand_over, uncertain=cause, open_for="", dead_purpose="")
    return quarantine(changed, number, cause), hand_over


def wrong_door_opened(cabinet: Cabinet, event: ev.WrongDoorOpened, recorded: ev.Recorded) -> Cabinet:
    changed, hand_over = _alarm(cabinet, event.opened, "wrong_door", recorded)
    changed = quarantine(changed, event.granted, "wrong_door")
    ended = [key for key, grant in cabinet.grants.items() if grant.compartment in (event.granted, event.opened)]
    changed = replace(changed, grants=drop(changed.grants, *ended))
    changed = _out(changed, event.board, "wrong_door")
    grant = cabinet.grants.get(event.grant)
    if grant is not None and grant.is_opened:
        changed = touch_hand_over(changed, grant.hand_over, uncertain="wrong_door", open_for="")
    elif grant is not None:  # its own door may have opened as well, unseen
        changed = unsettle(changed, grant.hand_over, grant.purpose, "wrong_door")
    return open_incident(changed, "wrong_door", recorded, event.opened, hand_over)


def left_open(cabinet: Cabinet, event: ev.LeftOpen, recorded: ev.Recorded) -> Cabinet:
    """From now on its closing books nothing: nobody knows who closed it, and over what."""
    changed = touch(cabinet, event.compartment, is_left_open=True)
    changed = quarantine(changed, event.compartment, "left_open")
    one = cabinet.hand_overs.get(event.hand_over)
    if one is not None:
        uncertain = one.uncertain if one.stage == "collected" else one.uncertain or "left_open"
        changed = touch_hand_over(changed, event.hand_over, uncertain=uncertain, open_for="", dead_purpose="")
    grant = changed.grant_on(event.compartment)
    if grant is not None:
        changed = replace(changed, grants=drop(changed.grants, grant.grant))
        if changed.visit is not None and changed.visit.visit == grant.visit:
            changed = end_visit(changed, recorded)
    return open_incident(changed, "left_open", recorded, event.compartment, event.hand_over)


def sensor_suspected(cabinet: Cabinet, event: ev.SensorSuspected, recorded: ev.Recorded) -> Cabinet:
    changed = touch(
        cabinet,
        event.compartment,
        is_suspect=True,
        is_open=False,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=0,
        closed_uptime_ms=0,
    )
    opened = [key for key, one in cabinet.grants.items() if one.compartment == event.compartment and one.is_opened]
    changed = replace(changed, grants=drop(changed.grants, *opened))
    one = cabinet.hand_overs.get(changed.compartment(event.compartment).hand_over)
    if one is not None and one.open_for:
        changed = unsettle(changed, one.hand_over, one.open_for, "sensor_suspect")
        changed = touch_hand_over(changed, one.hand_over, open_for="", dead_purpose="")
    return open_incident(changed, "sensor_suspect", recorded, event.compartment)


def sensor_trusted(cabinet: Cabinet, event: ev.SensorTrusted, _recorded: ev.Recorded) -> Cabinet:
    return touch(cabinet, event.compartment, is_suspect=False)


def board_out(cabinet: Cabinet, event: ev.BoardOutOfService, recorded: ev.Recorded) -> Cabinet:
    return open_incident(_out(cabinet, event.board, event.cause), "board_out_of_service", recorded)


def _out(cabinet: Cabinet, board: str, cause: str) -> Cabinet:
    """What was proved of it is proved no more."""
    return replace(cabinet, boards_out=put(cabinet.boards_out, board, cause), tried=drop(cabinet.tried, board))


def door_tried(cabinet: Cabinet, event: ev.DoorTried, _recorded: ev.Recorded) -> Cabinet:
    good = set(cabinet.tried.get(event.board, ())) - {event.compartment}
    if event.finding == "good":
        good.add(event.compartment)
    return replace(cabinet, tried=put(cabinet.tried, event.board, tuple(sorted(good))))


def board_proved(cabinet: Cabinet, event: ev.BoardProved, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, boards_out=drop(cabinet.boards_out, event.board), tried=drop(cabinet.tried, event.board))


def coil_strayed(cabinet: Cabinet, event: ev.CoilStrayed, recorded: ev.Recorded) -> Cabinet:
    changed = _out(cabinet, event.board, "stray_coil")
    if not event.cleared:
        changed = replace(changed, panel=replace(changed.panel, stuck=event.board))
    return open_incident(changed, "stray_coil", recorded)
