"""What is told of the stock: the day's balance, the last stock check, and one that is under way."""

from __future__ import annotations

from typing import Any

from api.running import Running
from locker import views
from locker.model import Cabinet, HandOver
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
