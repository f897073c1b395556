"""What becomes of a result that nobody put into the cabinet in time.

Its time is over when the counter closes on the last working day up to its deadline, and not before the end of the first
working day that was left after it was announced. Then that is on record once, and the person hears once that the result
is at the counter: if it is finished, does not go by post, and there is a number that takes messages. The clerk's list
marks it. It may still be loaded, and a later deadline from the centre begins anew.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

from locker import events as ev
from locker.model import Cabinet, Result
from locker.office_hours import OfficeHours
from locker.rules.phones import to_each
from locker.rules.results import FINISHED_STATE


def due(cabinet: Cabinet, moment: ev.Moment, *, office: OfficeHours) -> ev.Decision:
    """The results whose time to be loaded is over by now; none while the clock is not believed."""
    if moment.clock == "unset" or (cabinet.recount is not None and not cabinet.recount.is_replayed):
        return ev.Decision()
    here = datetime.fromtimestamp(moment.utc_ms / 1000, UTC).astimezone(office.zone)
    tomorrow = office.next_working_day(here.date()).isoformat()
    facts: list[ev.Event] = []
    for one in cabinet.results.values():
        if one.hand_over or one.is_missed or not one.deadline or one.deadline >= tomorrow:
            continue
        if _ends(one, office) <= here:
            facts.append(ev.ResultNotLoaded(result=one.result, deadline=one.deadline))
            facts.extend(_told(cabinet, one))
    return ev.Decision(events=tuple(facts))


def _ends(one: Result, office: OfficeHours) -> datetime:
    """When the time to load it is over, local time."""
    day = office.last_working_day(date.fromisoformat(one.deadline))
    if one.announced_utc_ms:
        announced = datetime.fromtimestamp(one.announced_utc_ms / 1000, UTC).astimezone(office.zone)
        day = max(day, office.next_opening(announced).date())
    return datetime.combine(day, office.spans(day)[-1].closes, office.zone)


def _told(cabinet: Cabinet, one: Result) -> tuple[ev.Event, ...]:
    if one.state != FINISHED_STATE or one.by_post or "no_mobile_phone" in one.flags:
        return ()
    queued = ev.NoticeQueued(
        notice=f"{one.result}-counter-{one.deadline}",
        template="COUNTER_INSTEAD",
        person=one.person,
        bundle="",
        results=(one.result,),
    )
    return to_each(cabinet, queued)
