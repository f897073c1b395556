"""What is told of the stock: the day's balance, the last stock check, and one that is under way."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from api.running import Running
from locker import views
from locker.events import Moment
from locker.model import Cabinet, HandOver, Incident
from locker.rules import stock


def balance(running: Running, cabinet: Cabinet, found: views.Balance) -> dict[str, Any]:
    """Yesterday plus what came less what left, beside what is on record now, and where record and evidence differ.

    `found` may be of an earlier fact than `cabinet`; then the sum is not compared, for another snapshot follows.
    """
    now = sum(_is_on_record(cabinet, one) for one in cabinet.hand_overs.values())
    checked = cabinet.checked_stock
    return {
        "before": found.before,
        "loaded": found.loaded,
        "deposited": found.deposited,
        "collected": found.collected,
        "reclaimed": found.reclaimed,
        "fetched": found.fetched,
        "withdrawn": found.withdrawn,
        "missing": found.missing,
        "now": now,
        "holds": found.seq != cabinet.seq or found.inside == now,
        "uncertain": [
            {"compartment": one.compartment, "hand_over": one.hand_over, "cause": one.disputed or one.uncertain}
            for one in sorted(cabinet.hand_overs.values(), key=lambda one: one.compartment)
            if one.uncertain or one.disputed
        ],
        "stock_check": None
        if checked is None
        else {
            "at": running.local(checked.utc_ms).isoformat(timespec="seconds"),
            "by": running.name_of(checked.actor),
            "looked": checked.looked,
            "differing": list(checked.differing),
            "unseen": list(checked.unseen),
        },
    }


def sheet(
    running: Running,
    cabinet: Cabinet,
    found: views.Balance,
    forced: Sequence[views.Forced],
    reasons: Mapping[str, Mapping[str, str]],
    moment: Moment,
) -> dict[str, Any]:
    """The balance with who sees to what is uncertain, what was forced open of late, and what waits for a signature."""
    told = balance(running, cabinet, found)
    return {
        **told,
        "uncertain": [{**one, **_seen_to(running, cabinet, one, moment)} for one in told["uncertain"]],
        "forced": [
            {
                "at": running.local(one.at_utc_ms).isoformat(timespec="seconds"),
                "way": one.way,
                "compartment": one.compartment,
                "by": running.name_of(one.actor),
                "second": running.name_of(one.second) if one.second else "",
            }
            for one in forced
        ],
        "glass": [
            {
                "at": running.local(one.opened_utc_ms).isoformat(timespec="seconds"),
                "compartment": one.compartment,
                "by": running.name_of(one.raised_by),
                "reason": reasons.get(reason_of(one), {}).get("reason", ""),
                **_due(running, one, moment),
            }
            for one in cabinet.incidents.values()
            if one.glass
        ],
    }


def reasons(cabinet: Cabinet) -> list[str]:
    """The refs of why glasses that wait for a signature were broken."""
    return [reason_of(one) for one in cabinet.incidents.values() if one.glass]


def reason_of(one: Incident) -> str:
    """The ref of why this glass was broken."""
    return f"reason-{one.glass}"


def _seen_to(running: Running, cabinet: Cabinet, uncertain: Mapping[str, Any], moment: Moment) -> dict[str, Any]:
    """Who sees to it, by the incidents of its compartment: the one that is owned first, then the one due first."""
    about = [
        one
        for one in cabinet.incidents.values()
        if uncertain["hand_over"] == one.hand_over or uncertain["compartment"] == one.compartment
    ]
    if not about:
        return {"owner": "", "due": None, "is_overdue": False}
    first = min(about, key=lambda one: (not one.owner, one.due_utc_ms or math.inf))
    return {"owner": running.name_of(first.owner) if first.owner else "", **_due(running, first, moment)}


def _due(running: Running, one: Incident, moment: Moment) -> dict[str, Any]:
    return {
        "due": running.local(one.due_utc_ms).date().isoformat() if one.due_utc_ms else None,
        "is_overdue": 0 < one.due_utc_ms < moment.utc_ms,
    }


def _is_on_record(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether it counts as inside: a result that was loaded, or papers whose door has closed."""
    if one.direction == "pickup":
        return one.stage == "loaded"
    paper = cabinet.intakes.get(one.hand_over)
    return paper is not None and paper.sent_seq > 0


def check_under_way(running: Running, cabinet: Cabinet) -> dict[str, Any] | None:
    """The stock check under way: how far it is and which door comes next (None: none that opens)."""
    check = cabinet.stock_check
    if check is None:
        return None
    return {
        "by": running.name_of(check.actor),
        "second": running.name_of(check.second),
        "looked": check.looked,
        "left": len(check.left),
        "next": stock.next_door(cabinet, servable=running.doors.servable),
        "differing": list(check.differing),
    }
