"""Questions about a dossier, more time for what waits, the counter instead, and what people thought of a visit."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import touch_hand_over
from locker.fold.custody import results_of
from locker.model import Cabinet
from otp import throttle


def status_asked(cabinet: Cabinet, event: ev.StatusAsked, recorded: ev.Recorded) -> Cabinet:
    if event.is_matched:
        return cabinet
    counts = dict(cabinet.wrong_asks)
    for ref in event.dossiers:
        counts[ref] = counts.get(ref, 0) + 1
    bucket = throttle.drain(cabinet.asked_bucket, recorded.moment.uptime_ms)
    return replace(cabinet, wrong_asks=counts, asked_bucket=bucket)


def stay_extended(cabinet: Cabinet, event: ev.StayExtended, _recorded: ev.Recorded) -> Cabinet:
    results = dict(cabinet.results)
    for key in results_of(cabinet, event.hand_over):
        results[key] = replace(results[key], deadline=event.deadline, extended=results[key].extended + 1)
    return replace(cabinet, results=results)


def came_in_vain(cabinet: Cabinet, event: ev.CameInVain, _recorded: ev.Recorded) -> Cabinet:
    return touch_hand_over(cabinet, event.hand_over, is_owed=True)


def stay_made_good(cabinet: Cabinet, event: ev.StayMadeGood, _recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    results = dict(cabinet.results)
    for key in results_of(cabinet, event.hand_over):
        results[key] = replace(results[key], deadline=event.deadline)
    changed = replace(cabinet, results=results)
    return touch_hand_over(changed, event.hand_over, is_owed=False, made_good=one.made_good + 1)


def counter_asked(cabinet: Cabinet, event: ev.CounterAsked, _recorded: ev.Recorded) -> Cabinet:
    return touch_hand_over(cabinet, event.hand_over, is_counter_wanted=True)


def rated(cabinet: Cabinet, event: ev.Rated, recorded: ev.Recorded) -> Cabinet:
    """Whichever visit is there, or ended last, has been rated."""
    changed = _low(cabinet, recorded) if event.face == "poor" else cabinet
    if changed.visit is None:
        return replace(changed, rateable=None)
    return replace(changed, visit=replace(changed.visit, is_rated=True))


def _low(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    before = cabinet.alerts
    first_utc_ms = before.low_utc_ms if before.low else recorded.moment.utc_ms
    return replace(cabinet, alerts=replace(before, low=before.low + 1, low_utc_ms=first_utc_ms))
