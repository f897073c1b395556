"""What the office's calendar makes due, as far as the wall clock is believed.

While the cabinet is being moved nobody is reminded to come to it. Asked again after every change and every half minute;
each answer leaves a fact, so that a restart repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from locker import events as ev
from locker.model import Cabinet
from locker.office_hours import OfficeHours
from locker.rules import alerts, promises, reminders, unloaded
from locker.rules.alerts import OnCall
from locker.rules.doors import merged
from locker.rules.quiet_hours import Daytime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Of one office: its hours, those in which people may be written to, and who is on call outside of them."""

    office: OfficeHours
    day: Daytime
    on_call: OnCall = field(default_factory=OnCall)


def due(cabinet: Cabinet, moment: ev.Moment, calendar: Calendar) -> ev.Decision:
    """Everything that is due now."""
    office = calendar.office.amended(cabinet.office_days)
    if cabinet.standing.stage == "moving":
        return alerts.due(cabinet, moment, office=office, on_call=calendar.on_call)
    return merged(
        reminders.due(cabinet, moment, office=office, day=calendar.day),
        unloaded.due(cabinet, moment, office=office),
        promises.due(cabinet, moment, office=office),
        alerts.due(cabinet, moment, office=office, on_call=calendar.on_call),
    )
