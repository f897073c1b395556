"""When staff are woken, and what waits for the morning.

Outside office hours five things are told at once by SMS: a door that did not open for somebody who stands there (three
trains), a door left open, a door opened unasked with something inside, a wrong door, a case or service door opened
with nobody of the staff there; and at any hour a glass that was broken, or papers that were not answered by the
promised day. The duty phones hear of all, the leader's of the last five. One message per kind in 15 minutes, ten a
night; broken promises go together; what had to wait longer than an hour, and everything else that happened outside
office hours and is still open, is counted in one message at seven, which goes to the leader too when the morning's
look at the cabinet was bad. In office hours the clerk's screen is enough. The text names compartment, time and
incident, and nobody. At the same hour the leader reads how many people were not satisfied with their visit since the
last such message: a number alone, and the next morning at the earliest, for a message at once would tell whose face it
was.
What was told is on record, so that a restart repeats nothing. While the clock is not believed it counts as night, and
there is no morning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from locker import events as ev
from locker.model import Cabinet, Incident
from locker.office_hours import OfficeHours

KIND_EVERY_MS = 15 * 60_000
A_NIGHT = 10
URGENT_FOR_MS = 60 * 60_000
NOON = timedelta(hours=12)
AT_ONCE: Mapping[str, ev.Template] = {
    "door_did_not_open": "STAFF_STUCK",
    "left_open": "STAFF_DOOR",
    "opened_unasked": "STAFF_TAMPER",
    "wrong_door": "STAFF_WRONG",
    "break_glass": "STAFF_GLASS",
    "case_opened": "STAFF_CASE",
    "service_door_opened": "STAFF_CASE",
    "promise_broken": "STAFF_LATE",
}
AT_ANY_HOUR = frozenset({"break_glass", "promise_broken"})
TOGETHER = frozenset({"promise_broken"})
LEADER_TOO: frozenset[ev.Template] = frozenset(
    {"STAFF_TAMPER", "STAFF_WRONG", "STAFF_GLASS", "STAFF_CASE", "STAFF_LATE"}
)


@dataclass(frozen=True, slots=True)
class OnCall:
    """Refs of those who are told, by role, and the local time at which the night is summed up."""

    duty: tuple[str, ...] = ()
    leader: tuple[str, ...] = ()
    digest_at: time = time(7)


def due(cabinet: Cabinet, moment: ev.Moment, *, office: OfficeHours, on_call: OnCall) -> ev.Decision:
    """The next thing staff must be told now: one alert, or the sum of the night. Ask again once it is on record."""
    here = office.local(_instant(moment.utc_ms))
    if on_call.leader and _is_low_due(cabinet, moment, here, on_call, office):
        return _low(cabinet.alerts.low, here.date(), on_call)
    if not on_call.duty:
        return ev.Decision()
    untold = [one for one in cabinet.incidents.values() if one.incident not in cabinet.alerts.told]
    is_night = moment.clock == "unset" or not office.is_open(here)
    night = (here - NOON).date()
    for one in untold:
        may_be_told = is_night or one.kind in AT_ANY_HOUR
        if may_be_told and _is_urgent(one, moment, office) and _may_go(cabinet, one.kind, moment, night):
            return _alert(one, untold, night, on_call)
    if moment.clock == "unset" or here.time() < on_call.digest_at or cabinet.alerts.digest == here.date().isoformat():
        return ev.Decision()
    morning = datetime.combine(here.date(), on_call.digest_at, office.zone)
    rest = [one for one in untold if _instant(one.opened_utc_ms) < morning and _was_night(one, office)]
    return _digest(rest, here.date(), on_call) if rest else ev.Decision()


def _is_low_due(cabinet: Cabinet, moment: ev.Moment, here: datetime, on_call: OnCall, office: OfficeHours) -> bool:
    """Whether a low rating of before this day's message waits to be told, and its hour has come."""
    if not cabinet.alerts.low or moment.clock == "unset" or here.time() < on_call.digest_at:
        return False
    return office.local(_instant(cabinet.alerts.low_utc_ms)).date() < here.date()


def _low(count: int, today: date, on_call: OnCall) -> ev.Decision:
    fact = ev.StaffAlerted(kind="low_ratings", incidents=(), day=today.isoformat())
    told = (
        ev.NoticeQueued(
            notice=f"leader_low-{today}-{person}", template="LEADER_LOW", person=person, bundle="", count=count
        )
        for person in on_call.leader
    )
    return ev.Decision(events=(fact, *told))


def _instant(utc_ms: int) -> datetime:
    return datetime.fromtimestamp(utc_ms / 1000, UTC)


def _was_night(one: Incident, office: OfficeHours) -> bool:
    return not office.is_open(_instant(one.opened_utc_ms))


def _is_urgent(one: Incident, moment: ev.Moment, office: OfficeHours) -> bool:
    if one.kind not in AT_ONCE or (one.kind == "opened_unasked" and not one.hand_over):
        return False
    if moment.clock == "unset":
        return True
    is_fresh = moment.utc_ms - one.opened_utc_ms < URGENT_FOR_MS
    return is_fresh and (one.kind in AT_ANY_HOUR or _was_night(one, office))


def _may_go(cabinet: Cabinet, kind: str, moment: ev.Moment, night: date) -> bool:
    alerts = cabinet.alerts
    is_too_soon = 0 <= moment.utc_ms - alerts.last_utc_ms.get(kind, -KIND_EVERY_MS) < KIND_EVERY_MS
    return not is_too_soon and (alerts.night != night.isoformat() or alerts.sent < A_NIGHT)


def _alert(one: Incident, untold: list[Incident], night: date, on_call: OnCall) -> ev.Decision:
    template = AT_ONCE[one.kind]
    people = (*on_call.duty, *(on_call.leader if template in LEADER_TOO else ()))
    alike = tuple(sorted(each.incident for each in untold if each.kind == one.kind))
    told = alike if one.kind in TOGETHER else (one.incident,)
    fact = ev.StaffAlerted(kind=one.kind, incidents=told, day=night.isoformat())
    return ev.Decision(events=(fact, *_notices(template, told[-1], people, count=len(told))))


def _digest(rest: list[Incident], today: date, on_call: OnCall) -> ev.Decision:
    numbers = tuple(sorted(one.incident for one in rest))
    fact = ev.StaffAlerted(kind="digest", incidents=numbers, day=today.isoformat())
    is_for_leader = any(one.kind == "self_check" for one in rest)
    people = (*on_call.duty, *(on_call.leader if is_for_leader else ()))
    return ev.Decision(events=(fact, *_notices("STAFF_DIGEST", numbers[-1], people, count=len(numbers))))


def _notices(
    template: ev.Template, incident: int, people: tuple[str, ...], *, count: int
) -> tuple[ev.NoticeQueued, ...]:
    return tuple(
        ev.NoticeQueued(
            notice=f"{template.lower()}-{incident}-{person}",
            template=template,
            person=person,
            bundle="",
            incident=incident,
            count=count,
        )
        for person in people
    )
