"""When a person is reminded of a result that waits.

Three times at most, once each: on the second and on the fifth working day after it was put in, and on the last working
day up to its deadline; whoever was given more time hears once more before the new one, and whoever came in vain nothing
before the door can be opened again. A step that passed while the cabinet was off is not made up for: only the latest
one counts. A reminder follows the first message and never overtakes it; nothing is said of what is disputed, cancelled,
uncertain or wanted at the counter, and nothing by night or while the clock is not believed. One person hears once a day
of everything that is due.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from locker import events as ev
from locker.model import Cabinet, HandOver
from locker.office_hours import OfficeHours
from locker.rules.phones import to_each
from locker.rules.quiet_hours import Daytime

STEPS_WORKING_DAYS = (2, 5)
LAST_STEP = len(STEPS_WORKING_DAYS) + 1


def due(cabinet: Cabinet, moment: ev.Moment, *, office: OfficeHours, day: Daytime) -> ev.Decision:
    """The reminders that are due now, one for each person."""
    here = day.local(moment)
    if moment.clock == "unset" or (cabinet.recount is not None and not cabinet.recount.is_replayed):
        return ev.Decision()
    if not day.holds(here.time()):
        return ev.Decision()
    today = here.date()
    waiting: dict[str, list[tuple[int, HandOver]]] = {}
    for one in cabinet.hand_overs.values():
        step = _step(cabinet, one, today, office) if _may_be_reminded(one) else 0
        if step > one.reminded and not _is_being_told(cabinet, one):
            waiting.setdefault(one.recipient, []).append((step, one))
    told = [each for found in waiting.values() for each in to_each(cabinet, _remind(cabinet, found))]
    return ev.Decision(events=tuple(told))


def _may_be_reminded(one: HandOver) -> bool:
    return (
        one.stage == "loaded"
        and one.is_announced
        and one.loaded_utc_ms != 0
        and not (one.is_cancelled or one.disputed or one.uncertain or one.is_counter_wanted or one.is_owed)
    )


def _step(cabinet: Cabinet, one: HandOver, today: date, office: OfficeHours) -> int:
    """Which reminder of this hand-over is due by today, 0 for none; each last day has a last one of its own."""
    held = [cabinet.results[key] for key in one.results if key in cabinet.results]
    if not held or not all(result.deadline for result in held):
        return 0
    loaded = datetime.fromtimestamp(one.loaded_utc_ms / 1000, UTC).astimezone(office.zone).date()
    deadline = date.fromisoformat(min(result.deadline for result in held))
    if today > deadline or loaded >= today:
        return 0
    if today >= office.last_working_day(deadline):
        return LAST_STEP + max(result.extended for result in held) + one.made_good
    passed = office.working_days_between(loaded, today)
    return sum(passed >= count for count in STEPS_WORKING_DAYS)


def _is_being_told(cabinet: Cabinet, one: HandOver) -> bool:
    """A message that names it is still on its way."""
    return any(not set(notice.results).isdisjoint(one.results) for notice in cabinet.notices.values())


def _remind(cabinet: Cabinet, found: list[tuple[int, HandOver]]) -> ev.NoticeQueued:
    results = tuple(key for _step, one in found for key in one.results if key in cabinet.results)
    step, first = max(found, key=lambda each: each[0])
    bundle = cabinet.bundle_of(first.recipient)
    return ev.NoticeQueued(
        notice=f"{first.hand_over}-remind-{step}",
        template="REMIND",
        person=cabinet.results[results[0]].person,
        bundle="" if bundle is None else bundle.bundle,
        results=results,
        step=step,
    )
