"""Approvals asked and given, glass broken and countersigned."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put
from locker.model import Approval, Cabinet


def approval_asked(cabinet: Cabinet, event: ev.ApprovalAsked, recorded: ev.Recorded) -> Cabinet:
    """The latest one of a clerk counts; older ones of the same clerk are over."""
    asked = Approval(
        approval=event.approval,
        number=event.number,
        compartment=event.compartment,
        hand_over=event.hand_over,
        purpose=event.purpose,
        actor=event.actor,
        asked_uptime_ms=recorded.moment.uptime_ms,
        results=event.results,
    )
    others = {key: one for key, one in cabinet.approvals.items() if one.actor != event.actor}
    return replace(cabinet, approvals=put(others, event.approval, asked))


def approval_given(cabinet: Cabinet, event: ev.ApprovalGiven, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.approvals.get(event.approval)
    if present is None:
        return cabinet
    return replace(cabinet, approvals=put(cabinet.approvals, event.approval, replace(present, given_by=event.actor)))


def glass_broken(cabinet: Cabinet, event: ev.GlassBroken, recorded: ev.Recorded) -> Cabinet:
    changed = open_incident(cabinet, "break_glass", recorded, event.compartment, event.hand_over)
    opened = replace(
        changed.incidents[recorded.seq],
        glass=event.glass,
        raised_by=event.actor,
        role=event.role,
        due_utc_ms=event.due_utc_ms,
    )
    return replace(changed, incidents=put(changed.incidents, recorded.seq, opened))


def glass_countersigned(cabinet: Cabinet, event: ev.GlassCountersigned, _recorded: ev.Recorded) -> Cabinet:
    left = {key: one for key, one in cabinet.incidents.items() if one.glass != event.glass}
    return replace(cabinet, incidents=left)


def deputy_named(cabinet: Cabinet, event: ev.DeputyNamed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, deputies=put(cabinet.deputies, event.deputy, event.until))


def deputy_ended(cabinet: Cabinet, event: ev.DeputyEnded, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, deputies=drop(cabinet.deputies, event.deputy))
