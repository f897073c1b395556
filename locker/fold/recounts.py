"""A restored copy is completed: facts of an earlier epoch are folded into what they still tell of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import open_incident, put, quarantine, touch_hand_over
from locker.fold.custody import end_visit, forget_hand_over, free_results, grants_died, results_of, unsettle
from locker.model import Cabinet, Compartment, HandOver, Incident, Recount, StaffMember


def recount_started(cabinet: Cabinet, event: ev.RecountStarted, recorded: ev.Recorded) -> Cabinet:
    changed = end_visit(grants_died(cabinet, "restarted"), recorded)
    before = cabinet.recount
    is_again = before is not None and not before.is_replayed and before.forked_at == event.forked_at
    changed = replace(
        changed,
        recount=Recount(
            forked_at=event.forked_at,
            cause=event.cause,
            merged_seq=before.merged_seq if before is not None and is_again else 0,
            grants=before.grants if before is not None and is_again else {},
            visit=before.visit if before is not None and is_again else None,
        ),
        compartments={number: replace(one, is_unproved=True) for number, one in changed.compartments.items()},
        bundles={key: replace(one, announced=(), was_revoked=True) for key, one in changed.bundles.items()},
        codes={},
        notices={key: one for key, one in changed.notices.items() if not one.code},
    )
    return open_incident(changed, "recount", recorded)


_OF_THEIR_TIME = (
    ev.RecountStarted,
    ev.FactMerged,
    ev.RecountFinished,
    ev.ClockTrusted,
    ev.BoardProved,
    ev.NoticeQueued,
    ev.PhoneCheckAsked,
    ev.ApprovalAsked,
    ev.ApprovalGiven,
    ev.JournalSealed,
    ev.SelfCheckStarted,
    ev.SelfChecked,
    ev.RoomChanged,
    ev.Parked,
    ev.ClockSet,
    ev.CaseOpened,
    ev.CaseClosed,
    ev.MainsLost,
    ev.MainsReturned,
    ev.ReserveReached,
    ev.StopOrdered,
    ev.LockSupplyCut,
    ev.LockSupplyRestored,
)


def fact_merged(
    cabinet: Cabinet,
    event: ev.FactMerged,
    recorded: ev.Recorded,
    *,
    folds: Mapping[type[ev.EventBody], Callable[[Cabinet, Any, ev.Recorded], Cabinet]],
) -> Cabinet:
    """Fold a fact of an earlier epoch into what it still tells of: records, counters, quarantine, incidents.

    What stands before us now wins: doors as they are read, grants, visit, round and clock of this run, a clerk's look.
    Its codes are void, its notices are not sent again, and a board it proved is proved anew.
    """
    recount = cabinet.recount
    number = event.line_seq or event.cab_seq
    if recount is None or number <= recount.merged_seq:
        return cabinet
    recount = replace(recount, merged_seq=number)
    cabinet = replace(cabinet, recount=recount)
    try:
        fact = ev.decode(event.fact)
    except msgspec.DecodeError:
        return open_incident(cabinet, "unreadable_fact", recorded)
    if isinstance(fact, _OF_THEIR_TIME) or _is_known_better(cabinet, recount, fact):
        return cabinet
    if isinstance(fact, ev.CodeMinted):
        return replace(cabinet, resting=put(cabinet.resting, fact.selector, recorded.moment.utc_ms))
    old = {key: one for key, one in cabinet.incidents.items() if key <= recount.forked_at}
    past = replace(cabinet, grants=recount.grants, visit=recount.visit, incidents=old, recount=None)
    inner = ev.Recorded(
        seq=event.cab_seq, epoch=event.epoch, moment=replace(recorded.moment, utc_ms=event.utc_ms), event=fact
    )
    if isinstance(fact, ev.RunStarted):
        then = end_visit(grants_died(past, "restarted"), inner)
    else:
        then = folds[type(fact)](past, fact, inner)
    return replace(
        then,
        grants=cabinet.grants,
        visit=cabinet.visit,
        round=cabinet.round,
        stock_check=cabinet.stock_check,
        wish_seq=max(cabinet.wish_seq, then.wish_seq),
        staff=_staff_after(cabinet, then),
        compartments=_compartments_after(cabinet, recount, then),
        hand_overs=_hand_overs_after(cabinet, then, fact),
        incidents=_incidents_after(cabinet, past, then, fact, recorded),
        recount=replace(recount, grants=then.grants, visit=then.visit),
    )


def _is_known_better(cabinet: Cabinet, recount: Recount, fact: ev.EventBody) -> bool:
    """Whether a clerk has looked at the hand-over this fact speaks of since the copy was restored."""
    one = cabinet.hand_overs.get(getattr(fact, "hand_over", ""))
    return (
        one is not None
        and one.compartment in recount.looked
        and cabinet.compartment(one.compartment).hand_over == one.hand_over
    )


def _staff_after(cabinet: Cabinet, then: Cabinet) -> dict[str, StaffMember]:
    return {
        key: replace(one, failures=max(one.failures, cabinet.staff[key].failures)) if key in cabinet.staff else one
        for key, one in then.staff.items()
    }


def _compartments_after(cabinet: Cabinet, recount: Recount, then: Cabinet) -> dict[int, Compartment]:
    compartments = dict(cabinet.compartments)
    for number, after in then.compartments.items():
        before = cabinet.compartment(number)
        if after == before:
            continue
        if number in recount.looked:
            if before.hand_over not in then.hand_overs:
                compartments[number] = replace(before, hand_over="")
            continue
        compartments[number] = replace(
            after,
            is_open=before.is_open and not after.is_suspect,
            is_left_open=before.is_left_open and not after.is_suspect,
            is_alarmed=before.is_alarmed and not after.is_suspect,
            opened_uptime_ms=before.opened_uptime_ms,
            closed_uptime_ms=before.closed_uptime_ms,
            is_unproved=True,
        )
    return compartments


def _hand_overs_after(cabinet: Cabinet, then: Cabinet, fact: ev.EventBody) -> dict[str, HandOver]:
    hand_overs = dict(then.hand_overs)
    for key, after in then.hand_overs.items():
        before = cabinet.hand_overs.get(key)
        is_answered = isinstance(fact, ev.DoorAnswered) and fact.hand_over == key
        if after == before and not is_answered:
            continue
        changed = replace(
            after,
            open_for="" if before is None else before.open_for,
            closed_uptime_ms=0,
            train_ended_uptime_ms=0,
            trains=0,
            is_asked=False,
        )
        if isinstance(fact, ev.DoorOpened):
            changed = replace(changed, uncertain=after.uncertain or "recount", dead_purpose=after.open_for)
        elif after.is_asked:
            changed = replace(changed, uncertain=after.uncertain or "recount")
        elif (is_answered or isinstance(fact, ev.DoorClosed)) and after.uncertain == "recount":
            changed = replace(changed, uncertain="")
        hand_overs[key] = changed
    return hand_overs


_ENDS = ev.Collected | ev.Reclaimed


def _incidents_after(
    cabinet: Cabinet, past: Cabinet, then: Cabinet, fact: ev.EventBody, recorded: ev.Recorded
) -> dict[int, Incident]:
    incidents = dict(cabinet.incidents)
    for key in past.incidents:
        if key not in then.incidents:
            incidents.pop(key)
    for key, one in then.incidents.items():
        if key not in past.incidents:
            incidents[recorded.seq] = replace(one, incident=recorded.seq)
    for key, one in cabinet.incidents.items():
        if one.kind == "recount_conflict" and one.hand_over not in then.hand_overs:
            incidents.pop(key)
        if one.kind == "missing" and isinstance(fact, _ENDS) and one.hand_over == fact.hand_over:
            incidents.pop(key)
    if isinstance(fact, ev.LoadStarted) and cabinet.recount and fact.compartment in cabinet.recount.looked:
        incidents[recorded.seq] = Incident(
            incident=recorded.seq,
            kind="recount_conflict",
            compartment=fact.compartment,
            hand_over=fact.hand_over,
            opened_utc_ms=recorded.moment.utc_ms,
        )
    return incidents


def _without_what_lies_elsewhere(
    cabinet: Cabinet, one: HandOver, own: tuple[str, ...], recorded: ev.Recorded
) -> Cabinet:
    """A merged hand-over names results that were loaded elsewhere since: a clerk looks what is in it."""
    if one.stage == "loading" and not own:
        return quarantine(forget_hand_over(cabinet, one.hand_over, recorded), one.compartment, "recount_conflict")
    kept = own if one.stage == "loading" else one.results
    return touch_hand_over(cabinet, one.hand_over, results=kept, uncertain="recount_conflict")


def recount_finished(cabinet: Cabinet, _event: ev.RecountFinished, recorded: ev.Recorded) -> Cabinet:
    """Every fact the centre had is merged: doors with something on record serve again, the others wait for a look."""
    recount = cabinet.recount
    if recount is None:
        return cabinet
    changed = cabinet
    for grant in recount.grants.values():
        changed = unsettle(changed, grant.hand_over, grant.purpose, "recount")
    for one in tuple(changed.hand_overs.values()):
        is_over = one.stage == "collected" and not one.disputed
        if is_over or changed.compartment(one.compartment).hand_over != one.hand_over:
            changed = free_results(changed, one.hand_over) if not is_over else changed
            changed = forget_hand_over(changed, one.hand_over, recorded)
        elif len(own := results_of(changed, one.hand_over)) < len(one.results):
            changed = _without_what_lies_elsewhere(changed, one, tuple(own), recorded)
    compartments = {
        number: replace(one, is_unproved=False) if one.hand_over in changed.hand_overs else one
        for number, one in changed.compartments.items()
    }
    done = replace(recount, is_replayed=True, grants={}, visit=None)
    return replace(changed, compartments=compartments, recount=done)
