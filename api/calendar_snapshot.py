"""The coming days that differ from the week's pattern, for whoever sits at the desk."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from api.running import Running
from locker.model import Cabinet
from locker.office_hours import MONDAY, Span

SHOWN_DAYS = 120


def build(running: Running, cabinet: Cabinet, today: str) -> dict[str, Any]:
    """What a working day usually is, the days of four months that differ, and every day that a leader set."""
    office, first = running.calendar.amended(cabinet.office_days), date.fromisoformat(today)
    coming = (first + timedelta(days=number) for number in range(SHOWN_DAYS))
    days = {day for day in coming if office.cause(day)}
    days |= {date.fromisoformat(day) for day in cabinet.office_days if day >= today}
    return {
        "usual": [_text(span) for span in office.weekly[MONDAY]],
        "days": [
            {
                "day": day.isoformat(),
                "hours": [_text(span) for span in office.spans(day)],
                "cause": office.cause(day),
                "is_set": day.isoformat() in cabinet.office_days,
            }
            for day in sorted(days)
        ],
    }


def _text(span: Span) -> str:
    return f"{span.opens:%H:%M}-{span.closes:%H:%M}"
