"""How the cabinet looks at itself before the counter opens.

Once a day, at 06:45 of the office's time or as soon as it runs after that, it looks whether every board serves, no door
stands open or is doubted, the clock is synchronised, its battery clock agrees, the disk has room, and whether a message
gets out: a canary goes to a number of the unit's own, and ten minutes are enough for it to arrive. What was found is a
fact, for the clerk's first page and for the centre. What is bad is one incident; at night it is counted in the
morning's message, which then goes to the leader too. A run looks at nothing in its first minute, while boards are still
asked. While the clock is not believed there is no morning, and the page says that nothing was checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from locker import events as ev
from locker.model import Cabinet, SelfCheck
from locker.rules.doors import merged

CANARY_MS = 10 * 60_000
SETTLED_MS = 60_000


@dataclass(frozen=True, slots=True)
class Plan:
    """When, by whose local time, and to whom the canary goes: a ref, empty for nobody."""

    zone: ZoneInfo
    starts: time = time(6, 45)
    canary: str = ""


def due(cabinet: Cabinet, moment: ev.Moment, plan: Plan, *, seen: Mapping[ev.CheckLine, bool]) -> ev.Decision:
    """What the look comes to by now. `seen`: what was looked at outside, and whether it was good."""
    today = today_of(moment, plan)
    if today is None or moment.uptime_ms < SETTLED_MS or cabinet.standing.stage == "retired":
        return ev.Decision()
    check = cabinet.self_check
    if check is None or check.day != today.isoformat():
        begun = _begin(today, plan)
        return begun if plan.canary else merged(begun, _end(cabinet, moment, today, seen, {}))
    if check.ended_utc_ms or _is_waited_for(check, moment):
        return ev.Decision()
    return _end(cabinet, moment, today, seen, {"sms": check.outcome == "delivered"} if check.canary else {})


def today_of(moment: ev.Moment, plan: Plan) -> date | None:
    """The day whose look is due or done; None before its time and while the clock is not believed."""
    if moment.clock == "unset":
        return None
    here = datetime.fromtimestamp(moment.utc_ms / 1000, UTC).astimezone(plan.zone)
    return here.date() if here.time() >= plan.starts else None


def _is_waited_for(check: SelfCheck, moment: ev.Moment) -> bool:
    return bool(check.canary) and not check.outcome and 0 <= moment.utc_ms - check.started_utc_ms < CANARY_MS


def _begin(today: date, plan: Plan) -> ev.Decision:
    if not plan.canary:
        return ev.Decision(events=(ev.SelfCheckStarted(day=today.isoformat()),))
    notice = f"canary-{today.isoformat()}"
    queued = ev.NoticeQueued(notice=notice, template="STAFF_CANARY", person=plan.canary, bundle="")
    return ev.Decision(events=(ev.SelfCheckStarted(day=today.isoformat(), canary=notice), queued))


def _end(
    cabinet: Cabinet,
    moment: ev.Moment,
    today: date,
    seen: Mapping[ev.CheckLine, bool],
    sms: Mapping[ev.CheckLine, bool],
) -> ev.Decision:
    own: dict[ev.CheckLine, bool] = {"doors": _has_good_doors(cabinet), "clock": moment.clock == "synced"}
    lines = {**own, **seen, **sms}
    good = tuple(sorted(line for line, is_good in lines.items() if is_good))
    bad = tuple(sorted(line for line, is_good in lines.items() if not is_good))
    return ev.Decision(events=(ev.SelfChecked(day=today.isoformat(), good=good, bad=bad),))


def _has_good_doors(cabinet: Cabinet) -> bool:
    return not any(
        (one.is_open or one.is_suspect or one.is_alarmed) and not one.out_of_service
        for one in cabinet.compartments.values()
    )
