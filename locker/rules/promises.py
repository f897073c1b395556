"""What becomes of a promise to answer papers that were left.

Each intake names the working day by which the office answers. When the counter closes on that day and nobody has
answered, the promise is broken: that is on record once a day, its person gets an apology with the next working day, and
an incident tells the leader. Papers whose person took them back, or of which nobody knows that they are inside, carry
no promise; they are a clerk's matter already. While the clock is not believed nothing is late.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from locker import events as ev
from locker.model import Cabinet, Intake
from locker.office_hours import DAY, OfficeHours
from locker.rules import intake
from locker.rules.doors import merged


def due(cabinet: Cabinet, moment: ev.Moment, *, office: OfficeHours) -> ev.Decision:
    """The promises that are broken by now."""
    if moment.clock == "unset" or (cabinet.recount is not None and not cabinet.recount.is_replayed):
        return ev.Decision()
    here = office.local(datetime.fromtimestamp(moment.utc_ms / 1000, UTC))
    late = [one for one in cabinet.intakes.values() if _is_owed(cabinet, one) and _ends(one.answer_by, office) <= here]
    return merged(*(_broken(one, office.next_working_day(here.date()).isoformat()) for one in late))


def _is_owed(cabinet: Cabinet, paper: Intake) -> bool:
    if not paper.answer_by:
        return False
    held = cabinet.hand_overs.get(paper.hand_over)
    return paper.is_collected or (held is not None and held.stage == "deposited")


def _ends(day: str, office: OfficeHours) -> datetime:
    """When the counter closes on that day; its midnight if the unit keeps it closed after all."""
    promised = date.fromisoformat(day)
    spans = office.spans(promised)
    if not spans:
        return datetime.combine(promised + DAY, time(), office.zone)
    return datetime.combine(promised, spans[-1].closes, office.zone)


def _broken(paper: Intake, again: str) -> ev.Decision:
    fact = ev.PromiseBroken(hand_over=paper.hand_over, promised=paper.answer_by, again=again)
    return merged(ev.Decision(events=(fact,)), intake.told(paper, "APOLOGY_LATE", mark=again))
