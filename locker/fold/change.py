"""The small changes of which every fold is made: put, drop, touch, and open an incident."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from locker import events as ev
from locker.model import Cabinet, Incident

K = TypeVar("K")
V = TypeVar("V")


def put(table: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    changed = dict(table)
    changed[key] = value
    return changed


def drop(table: Mapping[K, V], *keys: K) -> dict[K, V]:
    changed = dict(table)
    for key in keys:
        changed.pop(key, None)
    return changed


def touch(cabinet: Cabinet, number: int, **fields: Any) -> Cabinet:
    changed = replace(cabinet.compartment(number), **fields)
    return replace(cabinet, compartments=put(cabinet.compartments, number, changed))


def touch_hand_over(cabinet: Cabinet, hand_over: str, **fields: Any) -> Cabinet:
    present = cabinet.hand_overs.get(hand_over)
    if present is None:
        return cabinet
    return replace(cabinet, hand_overs=put(cabinet.hand_overs, hand_over, replace(present, **fields)))


def open_incident(
    cabinet: Cabinet, kind: str, recorded: ev.Recorded, compartment: int = 0, hand_over: str = ""
) -> Cabinet:
    incident = Incident(
        incident=recorded.seq,
        kind=kind,
        compartment=compartment,
        hand_over=hand_over,
        opened_utc_ms=recorded.moment.utc_ms,
    )
    return replace(cabinet, incidents=put(cabinet.incidents, recorded.seq, incident))


def without_failed_notice(cabinet: Cabinet, hand_over: str) -> Cabinet:
    """Its person was reached after all, or has been here: that a message failed is no matter any more."""
    over = [key for key, one in cabinet.incidents.items() if one.kind == "notice_failed" and one.hand_over == hand_over]
    return replace(cabinet, incidents=drop(cabinet.incidents, *over)) if over else cabinet


def unchanged(cabinet: Cabinet, _event: ev.EventBody, _recorded: ev.Recorded) -> Cabinet:
    return cabinet


def touch_visit(cabinet: Cabinet, visit: str, recorded: ev.Recorded) -> Cabinet:
    if cabinet.visit is None or not visit or cabinet.visit.visit != visit:
        return cabinet
    return replace(cabinet, visit=replace(cabinet.visit, touched_uptime_ms=recorded.moment.uptime_ms))


def quarantine(cabinet: Cabinet, number: int, cause: str) -> Cabinet:
    return touch(cabinet, number, quarantine=cabinet.compartment(number).quarantine or cause)


def touch_notice(cabinet: Cabinet, notice: str, **fields: Any) -> Cabinet:
    present = cabinet.notices.get(notice)
    if present is None:
        return cabinet
    return replace(cabinet, notices=put(cabinet.notices, notice, replace(present, **fields)))
