"""Days on which the counter keeps other hours than its calendar says: a closure by notice, a make-up day, a half day.

A leader sets them, from today to four hundred days ahead, and what is set wins over weekday, public holiday and file.
Days that are over stay as they were, because promises were counted by them; at most two hundred are kept, and the
oldest that are over make room for new ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from locker import events as ev
from locker.model import Cabinet
from locker.office_hours import spans_of
from locker.refusals import NotAllowed, WrongStage
from locker.rules.loading import Actor

LEADER = "leader"
FURTHEST = timedelta(days=400)
MOST_DAYS = 200


def put(cabinet: Cabinet, day: date, hours: Sequence[str], actor: Actor, *, today: date) -> ev.Decision:
    """Set the hours of one day; none: closed.

    Raises NotAllowed (no leader), WrongStage (a day that is over or too far, hours that end before they begin or
    overlap, too many days).
    """
    _check(day, actor, today=today)
    spans = sorted(spans_of(hours))
    if any(span.opens >= span.closes for span in spans) or any(a.closes > b.opens for a, b in pairwise(spans)):
        raise WrongStage("write each opening before its closing, one after the other")
    kept = tuple(f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in spans)
    key = day.isoformat()
    if cabinet.office_days.get(key) == kept:
        return ev.Decision()
    over = sorted(one for one in cabinet.office_days if one < today.isoformat())
    surplus = len(cabinet.office_days) + (key not in cabinet.office_days) - MOST_DAYS
    if surplus > len(over):
        raise WrongStage("too many days are set; free some that may go by the calendar")
    freed = tuple(ev.OfficeDayFreed(day=one, actor=actor.user) for one in over[: max(0, surplus)])
    return ev.Decision(events=(*freed, ev.OfficeDaySet(day=key, hours=kept, actor=actor.user)))


def free(cabinet: Cabinet, day: date, actor: Actor, *, today: date) -> ev.Decision:
    """Let a day go by the calendar again; twice is once. Raises NotAllowed, WrongStage (it is over)."""
    _check(day, actor, today=today)
    if day.isoformat() not in cabinet.office_days:
        return ev.Decision()
    return ev.Decision(events=(ev.OfficeDayFreed(day=day.isoformat(), actor=actor.user),))


def _check(day: date, actor: Actor, *, today: date) -> None:
    if actor.role != LEADER:
        raise NotAllowed("a leader sets the office's days")
    if not today <= day <= today + FURTHEST:
        raise WrongStage("name a day from today on, at most four hundred days ahead")
