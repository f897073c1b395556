"""What the office's calendar makes due, as far as the wall clock is believed.

While the cabinet is being moved nobody is reminded to come to it, and nothing that is owed is made good. Asked again
after every change and every half minute; each answer leaves a fact, so that a restart repeats nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from locker import events as ev
from locker.model import Cabinet
from locker.office_hours import OfficeHours
from locker.rules import alerts, in_vain, promises, reminders, unloaded
from locker.rules.alerts import OnCall
from locker.rules.doors import merged
from locker.rules.quiet_hours import Daytime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Of one office: its hours, those in which people may be written to, who is on call outside of them, and how many
    days those have who came in vain.
    """

    office: OfficeHours
    day: Daytime
    on_call: OnCall = field(default_factory=OnCall)
    days_after_fault: int = 7


def due(cabinet: Cabinet, moment: ev.Moment, calendar: Calendar, *, servable: Collection[int]) -> ev.Decision:
    """Everything that is due now; `servable` are the compartments whose board serves."""
    office = calendar.office.amended(cabinet.office_days)
    if cabinet.standing.stage == "moving":
        return alerts.due(cabinet, moment, office=office, on_call=calendar.on_call)
    return merged(
        in_vain.due(cabinet, moment, office=office, days=calendar.days_after_fault, servable=servable),
        reminders.due(cabinet, moment, office=office, day=calendar.day),
        unloaded.due(cabinet, moment, office=office),
        promises.due(cabinet, moment, office=office),
        alerts.due(cabinet, moment, office=office, on_call=calendar.on_call),
    )
