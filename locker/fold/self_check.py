"""What the cabinet found when it looked at itself; what is bad is one incident, until a later look is good."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident
from locker.model import Cabinet, SelfCheck


def started(cabinet: Cabinet, event: ev.SelfCheckStarted, recorded: ev.Recorded) -> Cabinet:
    begun = SelfCheck(day=event.day, started_utc_ms=recorded.moment.utc_ms, canary=event.canary)
    return replace(cabinet, self_check=begun)


def canary_ended(cabinet: Cabinet, notice: str, outcome: Literal["delivered", "failed"]) -> Cabinet:
    """What became of a notice, if it was the canary of the look under way."""
    check = cabinet.self_check
    if check is None or check.ended_utc_ms or check.canary != notice:
        return cabinet
    return replace(cabinet, self_check=replace(check, outcome=outcome))


def checked(cabinet: Cabinet, event: ev.SelfChecked, recorded: ev.Recorded) -> Cabinet:
    before = cabinet.self_check or SelfCheck(day=event.day, started_utc_ms=recorded.moment.utc_ms)
    ended = replace(before, day=event.day, good=event.good, bad=event.bad, ended_utc_ms=recorded.moment.utc_ms)
    earlier = [key for key, one in cabinet.incidents.items() if one.kind == "self_check"]
    changed = replace(cabinet, self_check=ended, incidents=drop(cabinet.incidents, *earlier))
    return open_incident(changed, "self_check", recorded) if event.bad else changed
