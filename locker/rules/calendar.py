"""What the office's calendar makes due, as far as the wall clock is believed.

Asked again after every change and every half minute; each answer leaves a fact, so that a restart repeats nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from locker import events as ev
from locker.model import Cabinet
from locker.office_hours import OfficeHours
from locker.rules import reminders, unloaded
from locker.rules.doors import merged
from locker.rules.quiet_hours import Daytime


@dataclass(frozen=True, slots=True)
class Calendar:
    """Of one office: its hours, and the hours in which people may be written to."""

    office: OfficeHours
    day: Daytime


def due(cabinet: Cabinet, moment: ev.Moment, calendar: Calendar) -> ev.Decision:
    """Everything that is due now."""
    return merged(
        reminders.due(cabinet, moment, office=calendar.office, day=calendar.day),
        unloaded.due(cabinet, moment, office=calendar.office),
    )
