"""Days on which the office keeps hours of its own."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, put
from locker.model import Cabinet


def day_set(cabinet: Cabinet, event: ev.OfficeDaySet, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, office_days=put(cabinet.office_days, event.day, event.hours))


def day_freed(cabinet: Cabinet, event: ev.OfficeDayFreed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, office_days=drop(cabinet.office_days, event.day))
