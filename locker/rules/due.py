"""What time alone makes due: doors left open, rounds and visits that end, grants too old to use, unsaid deposits.

Asked again after every change and at the instant named by `next_uptime_ms`, so a crash in between loses nothing.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet, Visit
from locker.rules import contents, intake, moving
from locker.rules.doors import GRANT_TRAIN_MS, LEFT_OPEN_MS, merged
from locker.rules.loading import is_loading
from locker.rules.pickup import is_at_door


class Timing(msgspec.Struct, frozen=True):
    """Spans in milliseconds, from the configuration."""

    round_ms: int = 600_000
    visit_idle_ms: int = 90_000


def facts(cabinet: Cabinet, moment: ev.Moment, timing: Timing) -> ev.Decision:
    """Every fact that time has made true by now."""
    timed = ev.Decision(events=tuple(fact for at, fact in _deadlines(cabinet, timing) if at <= moment.uptime_ms))
    return merged(timed, contents.due(cabinet))


def next_uptime_ms(cabinet: Cabinet, timing: Timing) -> int | None:
    """The earliest uptime at which something becomes due; None when nothing is pending."""
    if contents.due(cabinet).events:
        return 0
    return min((at for at, _fact in _deadlines(cabinet, timing)), default=None)


def _deadlines(cabinet: Cabinet, timing: Timing) -> list[tuple[int, ev.Event]]:
    pending: list[tuple[int, ev.Event]] = []
    for place in cabinet.compartments.values():
        if place.is_open and not place.is_left_open:
            left = ev.LeftOpen(compartment=place.number, hand_over=place.hand_over)
            pending.append((place.opened_uptime_ms + LEFT_OPEN_MS, left))
    for grant in cabinet.grants.values():
        if not grant.is_opened:
            lapsed = ev.GrantLapsed(grant=grant.grant, cause="unattended")
            # The doors worker ends a train itself, unless it hangs or its lock must rest.
            pending.append((grant.issued_uptime_ms + GRANT_TRAIN_MS + 5_000, lapsed))
    if cabinet.round is not None and not is_loading(cabinet):
        closed = ev.RoundClosed(actor="timer")
        pending.append((cabinet.round.touched_uptime_ms + timing.round_ms, closed))
    if cabinet.visit is not None and not _is_at_door(cabinet, cabinet.visit):
        ended = ev.VisitEnded(visit=cabinet.visit.visit, cause="idle")
        pending.append((cabinet.visit.touched_uptime_ms + timing.visit_idle_ms, ended))
    pending.extend(moving.deadlines(cabinet))
    pending.extend((0, fact) for fact in intake.due(cabinet).events)
    return pending


def _is_at_door(cabinet: Cabinet, visit: Visit) -> bool:
    if visit.practice and (cabinet.grant_on(visit.practice) or cabinet.compartment(visit.practice).is_open):
        return True
    leaving = [cabinet.hand_overs.get(one.hand_over) for one in cabinet.intakes_of(visit.visit)]
    return any(is_at_door(cabinet, one) for one in cabinet.hand_overs_of(visit.recipient)) or any(
        one is not None and intake.is_at_door(cabinet, one) for one in leaving
    )
