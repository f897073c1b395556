"""Loading, taking out, looking inside."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold import counter, moving, stock
from locker.fold.change import drop, open_incident, put, quarantine, touch, touch_hand_over
from locker.fold.custody import ensure_bundle, forget_hand_over, free_results, results_of
from locker.model import Cabinet, HandOver, Round


def load_started(cabinet: Cabinet, event: ev.LoadStarted, recorded: ev.Recorded) -> Cabinet:
    one = HandOver(
        hand_over=event.hand_over,
        results=event.results,
        recipient=event.recipient,
        compartment=event.compartment,
        loaded_by=event.actor,
    )
    results = dict(cabinet.results)
    for result in event.results:
        if result in results and results[result].hand_over not in cabinet.hand_overs:
            results[result] = replace(results[result], hand_over=event.hand_over)
    changed = replace(cabinet, hand_overs=put(cabinet.hand_overs, event.hand_over, one), results=results)
    changed = replace(changed, round=Round(actor=event.actor, touched_uptime_ms=recorded.moment.uptime_ms))
    return touch(changed, event.compartment, hand_over=event.hand_over)


def loaded(cabinet: Cabinet, event: ev.Loaded, recorded: ev.Recorded) -> Cabinet:
    changed = touch_hand_over(
        cabinet,
        event.hand_over,
        stage="loaded",
        open_for="",
        uncertain="",
        dead_purpose="",
        disputed="",
        loaded_utc_ms=recorded.moment.utc_ms if recorded.moment.clock != "unset" else 0,
        is_asked=False,
        is_reopened=False,
        trains=0,
    )
    one = changed.hand_overs.get(event.hand_over)
    if one is None:
        return changed
    changed = replace(changed, round=Round(actor=one.loaded_by, touched_uptime_ms=recorded.moment.uptime_ms))
    return ensure_bundle(changed, one.recipient, recorded)


def load_undone(cabinet: Cabinet, event: ev.LoadUndone, recorded: ev.Recorded) -> Cabinet:
    """A door that would not open for its load is not offered to the next envelope before somebody looks inside."""
    one = cabinet.hand_overs.get(event.hand_over)
    changed = forget_hand_over(free_results(cabinet, event.hand_over), event.hand_over, recorded)
    if one is None:
        return changed
    bundle = changed.bundle_of(one.recipient)
    if bundle is not None and not set(bundle.announced).isdisjoint(event.results):
        announced = tuple(result for result in bundle.announced if result not in event.results)
        changed = replace(changed, bundles=put(changed.bundles, bundle.bundle, replace(bundle, announced=announced)))
    if not one.trains or one.last_purpose != "load":
        return changed
    changed = quarantine(changed, event.compartment, "door_did_not_open")
    return open_incident(changed, "door_did_not_open", recorded, event.compartment)


def round_closed(cabinet: Cabinet, _event: ev.RoundClosed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, round=None)


def reclaimed(cabinet: Cabinet, event: ev.Reclaimed, recorded: ev.Recorded) -> Cabinet:
    keys = results_of(cabinet, event.hand_over)
    taken = [cabinet.results[key] for key in keys]
    changed = counter.arrived(forget_hand_over(cabinet, event.hand_over, recorded), taken, recorded)
    return replace(changed, results=drop(changed.results, *keys))


def looked_inside(cabinet: Cabinet, event: ev.LookedInside, recorded: ev.Recorded) -> Cabinet:
    quarantine = "" if event.found != "something_else" else "foreign_content"
    changed = touch(
        moving.looked(stock.looked(cabinet, event), event),
        event.compartment,
        quarantine=quarantine,
        is_unproved=False,
        is_left_open=False,
        is_content_suspect=False,
    )
    if changed.recount is not None and event.compartment not in changed.recount.looked:
        looked = (*changed.recount.looked, event.compartment)
        changed = replace(changed, recount=replace(changed.recount, looked=looked))
    hand_over = changed.compartment(event.compartment).hand_over
    if not quarantine:
        return touch_hand_over(changed, hand_over, trains=0)
    return open_incident(changed, "foreign_content", recorded, event.compartment, hand_over)


def settled(cabinet: Cabinet, event: ev.Settled, recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    if event.outcome == "gone":
        changed = touch_hand_over(cabinet, event.hand_over, stage="collected")
        changed = forget_hand_over(changed, event.hand_over, recorded)
        return open_incident(changed, "missing", recorded, one.compartment, event.hand_over)
    stage = "loaded" if one.stage == "collected" else one.stage
    changed = touch_hand_over(
        moving.end(cabinet, event.hand_over, recorded),
        event.hand_over,
        stage=stage,
        uncertain="",
        dead_purpose="",
        disputed="",
        is_asked=False,
        trains=0,
        is_announced=one.is_announced and one.stage != "collected",
    )
    return ensure_bundle(changed, one.recipient, recorded) if stage == "loaded" else changed


def incident_closed(cabinet: Cabinet, event: ev.IncidentClosed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, incidents=drop(cabinet.incidents, event.incident))


def incident_taken(cabinet: Cabinet, event: ev.IncidentTaken, _recorded: ev.Recorded) -> Cabinet:
    """Taking it does not move the day by which a broken glass is countersigned."""
    present = cabinet.incidents.get(event.incident)
    if present is None:
        return cabinet
    due_utc_ms = present.due_utc_ms if present.glass else event.due_utc_ms
    taken = replace(present, owner=event.actor, due_utc_ms=due_utc_ms)
    return replace(cabinet, incidents=put(cabinet.incidents, event.incident, taken))
