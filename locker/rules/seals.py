"""When the journal is sealed.

Once a year, in the first hours after the year's end by the office's calendar, or as soon as a clock is believed again.
A seal says how far the journal had come, by number and hash, and what followed from all of it, and is signed by the
cabinet: from then on nobody without its device key can put another past in its place, even one whose chain holds. A
year in which nothing was on record yet has none. Nothing is removed: whether facts before a seal may go is the archive
law's matter.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from locker import events as ev
from locker.model import Cabinet


def due_year(cabinet: Cabinet, moment: ev.Moment, *, zone: ZoneInfo, first_utc_ms: int | None) -> int | None:
    """The year that ended unsealed. `first_utc_ms`: the first fact of a believed clock; None before there is one."""
    if moment.clock == "unset" or first_utc_ms is None:
        return None
    year = _year(moment.utc_ms, zone) - 1
    return year if year > cabinet.sealed_year and _year(first_utc_ms, zone) <= year else None


def _year(utc_ms: int, zone: ZoneInfo) -> int:
    return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(zone).year
