"""Papers that people leave for the office."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put, quarantine, touch, touch_hand_over
from locker.fold.custody import end_visit
from locker.model import ASKED_REST_MS, Cabinet, HandOver, Intake, PhoneCheck, Visit

GIVEN_BAG = "HS-"
SAID_AT_OFFER = (
    "visit",
    "kind",
    "bag",
    "person",
    "dossier",
    "promised",
    "is_phone_checked",
    "has_phone",
    "is_phone_on_record",
)


def offered(cabinet: Cabinet, event: ev.IntakeOffered, recorded: ev.Recorded) -> Cabinet:
    """A second offer of a hand-over changes its paperwork only: what may lie inside stays on record."""
    changed = cabinet
    if cabinet.visit is None or cabinet.visit.visit != event.visit:
        changed = end_visit(cabinet, recorded)
        visit = Visit(visit=event.visit, bundle="", recipient="", touched_uptime_ms=recorded.moment.uptime_ms)
        changed = replace(changed, visit=visit)
    if event.hand_over not in changed.hand_overs:
        one = HandOver(
            hand_over=event.hand_over,
            results=(),
            recipient="",
            compartment=event.compartment,
            stage="offered",
            direction="intake",
        )
        changed = replace(changed, hand_overs=put(changed.hand_overs, event.hand_over, one))
        changed = touch(changed, event.compartment, hand_over=event.hand_over)
    before = changed.intakes.get(event.hand_over)
    fields: dict[str, Any] = {name: getattr(event, name) for name in SAID_AT_OFFER}
    fields["ended_uptime_ms"] = recorded.moment.uptime_ms
    paper = Intake(hand_over=event.hand_over, **fields) if before is None else replace(before, **fields)
    return replace(
        changed, intakes=put(changed.intakes, event.hand_over, paper), bags=max(changed.bags, bag_number(event.bag))
    )


def phone_check_asked(cabinet: Cabinet, event: ev.PhoneCheckAsked, recorded: ev.Recorded) -> Cabinet:
    now_ms = recorded.moment.uptime_ms
    lately = {key: one for key, one in cabinet.phone_checks.items() if now_ms - one.asked_uptime_ms < ASKED_REST_MS}
    utc_ms = 0 if recorded.moment.clock == "unset" else recorded.moment.utc_ms
    check = PhoneCheck(person=event.person, asked_uptime_ms=now_ms, is_known=event.is_known, asked_utc_ms=utc_ms)
    return replace(cabinet, phone_checks=put(lately, event.person, check))


def promise_broken(cabinet: Cabinet, event: ev.PromiseBroken, recorded: ev.Recorded) -> Cabinet:
    """One incident an intake, however often its day moves on."""
    changed = touch_intake(cabinet, event.hand_over, promised_again=event.again)
    kind = "promise_broken"
    if any(one.kind == kind and one.hand_over == event.hand_over for one in cabinet.incidents.values()):
        return changed
    held = cabinet.hand_overs.get(event.hand_over)
    return open_incident(changed, kind, recorded, 0 if held is None else held.compartment, event.hand_over)


def bag_number(bag: str) -> int:
    """The number of a bag the cabinet gave, 0 of any other."""
    digits = bag.removeprefix(GIVEN_BAG)
    return int(digits) if bag.startswith(GIVEN_BAG) and digits.isascii() and digits.isdigit() else 0


def touch_intake(cabinet: Cabinet, hand_over: str, **fields: Any) -> Cabinet:
    present = cabinet.intakes.get(hand_over)
    if present is None:
        return cabinet
    return replace(cabinet, intakes=put(cabinet.intakes, hand_over, replace(present, **fields)))


def _let_go(cabinet: Cabinet, hand_over: str) -> Cabinet:
    """Its compartment holds it no more."""
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        return cabinet
    changed = replace(cabinet, hand_overs=drop(cabinet.hand_overs, hand_over))
    if changed.compartment(one.compartment).hand_over == hand_over:
        changed = touch(changed, one.compartment, hand_over="")
    return changed


def given_up(cabinet: Cabinet, event: ev.IntakeGivenUp, _recorded: ev.Recorded) -> Cabinet:
    changed = _let_go(cabinet, event.hand_over)
    if event.evidence == "content_sensor" and changed.compartment(event.compartment).quarantine == "possibly_full":
        changed = touch(changed, event.compartment, quarantine="")
    return replace(changed, intakes=drop(changed.intakes, event.hand_over))


def dropped_off(cabinet: Cabinet, event: ev.DroppedOff, recorded: ev.Recorded) -> Cabinet:
    changed = touch_hand_over(cabinet, event.hand_over, stage="dropped", uncertain="", open_for="", is_asked=False)
    return _sent(changed, event, recorded)


def _sent(cabinet: Cabinet, event: ev.DroppedOff | ev.Deposited, recorded: ev.Recorded) -> Cabinet:
    return touch_intake(
        cabinet,
        event.hand_over,
        evidence=event.evidence,
        sent_utc_ms=recorded.moment.utc_ms,
        sent_seq=recorded.seq,
        is_sent_timed=recorded.moment.clock != "unset",
        ended_uptime_ms=recorded.moment.uptime_ms,
    )


def deposited(cabinet: Cabinet, event: ev.Deposited, recorded: ev.Recorded) -> Cabinet:
    paper = cabinet.intakes.get(event.hand_over)
    changed = touch_hand_over(
        cabinet,
        event.hand_over,
        stage="deposited",
        uncertain="",
        dead_purpose="",
        is_asked=False,
        trains=0,
    )
    if paper is not None and not paper.sent_seq:
        changed = _sent(changed, event, recorded)
    return touch_intake(
        changed,
        event.hand_over,
        deposited_seq=recorded.seq,
        is_confirmed=event.is_confirmed,
        ended_uptime_ms=recorded.moment.uptime_ms,
    )


def withdrawn(cabinet: Cabinet, event: ev.Withdrawn, recorded: ev.Recorded) -> Cabinet:
    changed = touch_hand_over(cabinet, event.hand_over, stage="withdrawn", uncertain="")
    changed = touch_intake(changed, event.hand_over, ended_uptime_ms=recorded.moment.uptime_ms)
    return quarantine(changed, event.compartment, "possibly_full")


def missed(cabinet: Cabinet, event: ev.IntakeMissed, _recorded: ev.Recorded) -> Cabinet:
    changed = touch_hand_over(cabinet, event.hand_over, is_emptied=False)
    changed = touch_intake(changed, event.hand_over, is_missed=True)
    return quarantine(changed, event.compartment, "intake_empty")


def collected(cabinet: Cabinet, event: ev.IntakeCollected, recorded: ev.Recorded) -> Cabinet:
    """A clerk has looked inside, so nothing keeps the compartment from new use but what is wrong with its door."""
    changed = touch(_let_go(cabinet, event.hand_over), event.compartment, quarantine="", is_left_open=False)
    changed = touch_intake(changed, event.hand_over, is_collected=True, count=event.count)
    if event.count:
        return changed
    return open_incident(changed, "intake_empty", recorded, event.compartment, event.hand_over)


def answered(cabinet: Cabinet, event: ev.IntakeAnswered, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, intakes=drop(cabinet.intakes, event.hand_over))
