"""What a span of days came to, by day, week or month, out of the view tables.

A hand-over counts in the period it was loaded, and again in the one it ended. Dwell is from loading to collecting. A
result is overdue in the period of its last day if it was inside longer. A leg counts in the period it ended. Forced
openings are those a second person or a leader had to agree to (`exceptional`) and those by broken glass (`glass`);
openings of a stock check are neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal, get_args

import apsw
import msgspec

from locker import events as ev
from locker.views import Failure

By = Literal["day", "week", "month"]
HOUR_MS = 3_600_000
FAILURES: tuple[str, ...] = get_args(Failure)
FACES: tuple[str, ...] = get_args(ev.Face)
REASONS: tuple[str, ...] = tuple(reason for reason in get_args(ev.RatedFor) if reason)
LEGS = {
    "announced_to_loaded": "SELECT h.loaded_utc_ms, h.loaded_utc_ms - min(r.announced_utc_ms) FROM view_hand_over h "
    "JOIN view_result r USING (hand_over) WHERE h.loaded_utc_ms >= ? AND h.loaded_utc_ms < ? GROUP BY h.hand_over",
    "loaded_to_told": "SELECT told_utc_ms, told_utc_ms - loaded_utc_ms FROM view_hand_over "
    "WHERE told_utc_ms >= ? AND told_utc_ms < ?",
    "told_to_collected": "SELECT ended_utc_ms, ended_utc_ms - told_utc_ms FROM view_hand_over "
    "WHERE ended_utc_ms >= ? AND ended_utc_ms < ? AND ended = 'collected' AND told_utc_ms IS NOT NULL",
    "left_to_fetched": "SELECT ended_utc_ms, ended_utc_ms - left_utc_ms FROM view_intake "
    "WHERE ended_utc_ms >= ? AND ended_utc_ms < ? AND ended = 'fetched'",
    "fetched_to_answered": "SELECT answered_utc_ms, answered_utc_ms - ended_utc_ms FROM view_intake "
    "WHERE answered_utc_ms >= ? AND answered_utc_ms < ? AND ended = 'fetched'",
}


class Rows(msgspec.Struct, frozen=True):
    """What happened in a span, by wall milliseconds: loads, ends with what they were, and failures by kind.

    `legs` are ends, names and lengths; `stayed` the last days (YYYY-MM-DD) of what was loaded, and when it left.
    """

    loaded: tuple[int, ...]
    ended: tuple[tuple[int, str, int], ...]
    failed: tuple[tuple[int, str], ...]
    forced: tuple[tuple[int, str], ...]
    legs: tuple[tuple[int, str, int], ...] = ()
    rated: tuple[tuple[int, str, str], ...] = ()
    stayed: tuple[tuple[str, int | None], ...] = ()


class Period(msgspec.Struct, frozen=True):
    """One line of a report. Hours are medians, None where there is nothing; `out_of_hours` counts collections."""

    period: str
    loaded: int
    collected: int
    out_of_hours: int
    dwell_median_hours: float | None
    dwell_p90_hours: float | None
    reclaimed: int
    missing: int
    exceptional: int
    glass: int
    failures: dict[str, int]
    overdue: int
    ratings: dict[str, int]
    reasons: dict[str, int]
    leg_hours: dict[str, float | None]

    @property
    def out_of_hours_share(self) -> float | None:
        """Part of the collections outside office hours, 0 to 1."""
        return round(self.out_of_hours / self.collected, 3) if self.collected else None


def read(connection: apsw.Connection, start_utc_ms: int, end_utc_ms: int, days: tuple[date, date]) -> Rows:
    """The rows from `start_utc_ms` up to before `end_utc_ms`, which are the first and the last of `days`."""
    span = (start_utc_ms, end_utc_ms)
    loaded: Any = connection.execute(
        "SELECT loaded_utc_ms FROM view_hand_over WHERE loaded_utc_ms >= ? AND loaded_utc_ms < ?", span
    )
    ended: Any = connection.execute(
        "SELECT ended_utc_ms, ended, ended_utc_ms - loaded_utc_ms FROM view_hand_over "
        "WHERE ended_utc_ms >= ? AND ended_utc_ms < ? AND loaded_utc_ms IS NOT NULL",
        span,
    )
    failed: Any = connection.execute(
        "SELECT at_utc_ms, kind FROM view_failure WHERE at_utc_ms >= ? AND at_utc_ms < ?", span
    )
    forced: Any = connection.execute(
        "SELECT at_utc_ms, way FROM view_exceptional WHERE at_utc_ms >= ? AND at_utc_ms < ? AND way <> 'stock'", span
    )
    rated: Any = connection.execute(
        "SELECT at_utc_ms, face, reason FROM view_rating WHERE at_utc_ms >= ? AND at_utc_ms < ?", span
    )
    legs: Any = ((at, leg, ms) for leg, query in LEGS.items() for at, ms in connection.execute(query, span))
    return Rows(
        loaded=tuple(at for (at,) in loaded),
        ended=tuple(ended),
        failed=tuple(failed),
        forced=tuple(forced),
        legs=tuple(legs),
        rated=tuple(rated),
        stayed=_stayed(connection, days),
    )


def _stayed(connection: apsw.Connection, days: tuple[date, date]) -> tuple[tuple[str, int | None], ...]:
    rows: Any = connection.execute(
        "SELECT min(r.deadline), h.ended_utc_ms FROM view_result r JOIN view_hand_over h USING (hand_over) "
        "WHERE r.deadline >= ? AND r.deadline <= ? AND h.loaded_utc_ms IS NOT NULL GROUP BY h.hand_over",
        tuple(day.isoformat() for day in days),
    )
    return tuple(rows)


def periods(
    rows: Rows,
    first: date,
    last: date,
    *,
    by: By,
    today: date,
    local: Callable[[int], datetime],
    is_office_open: Callable[[datetime], bool],
) -> tuple[Period, ...]:
    """One line for each period from `first` to `last`, also where nothing happened.

    `local` turns wall milliseconds into the office's time.
    """

    def named(utc_ms: int) -> str:
        return name(local(utc_ms).date(), by)

    loaded = Counter(named(at) for at in rows.loaded)
    ends = Counter((named(at), what) for at, what, _dwell in rows.ended)
    night = Counter(
        named(at) for at, what, _dwell in rows.ended if what == "collected" and not is_office_open(local(at))
    )
    dwells: dict[str, list[int]] = {}
    for at, what, dwell_ms in rows.ended:
        if what == "collected":
            dwells.setdefault(named(at), []).append(max(0, dwell_ms))
    failed = Counter((named(at), kind) for at, kind in rows.failed)
    legs: dict[tuple[str, str], list[int]] = {}
    for at, leg, span_ms in rows.legs:
        legs.setdefault((named(at), leg), []).append(max(0, span_ms))
    faces = Counter((named(at), face) for at, face, _reason in rows.rated)
    reasons = Counter((named(at), reason) for at, _face, reason in rows.rated)
    overdue = Counter(
        name(date.fromisoformat(last_day), by)
        for last_day, left_ms in rows.stayed
        if last_day < (today if left_ms is None else local(left_ms).date()).isoformat()
    )
    forced = Counter((named(at), way == "glass") for at, way in rows.forced)
    return tuple(
        Period(
            period=key,
            loaded=loaded[key],
            collected=ends[key, "collected"],
            out_of_hours=night[key],
            dwell_median_hours=_hours(dwells.get(key, []), median),
            dwell_p90_hours=_hours(dwells.get(key, []), ninetieth),
            reclaimed=ends[key, "reclaimed"],
            missing=ends[key, "gone"],
            exceptional=forced[key, False],
            glass=forced[key, True],
            failures={kind: failed[key, kind] for kind in FAILURES},
            overdue=overdue[key],
            ratings={face: faces[key, face] for face in FACES},
            reasons={reason: reasons[key, reason] for reason in REASONS},
            leg_hours={leg: _hours(legs.get((key, leg), []), median) for leg in LEGS},
        )
        for key in _names(first, last, by)
    )


def name(day: date, by: By) -> str:
    """The period a day belongs to: 2026-11-22, 2026-W47 (ISO 8601) or 2026-11."""
    if by == "day":
        return day.isoformat()
    if by == "month":
        return f"{day:%Y-%m}"
    year, week, _weekday = day.isocalendar()
    return f"{year}-W{week:02}"


def _names(first: date, last: date, by: By) -> Iterator[str]:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    yield from dict.fromkeys(name(day, by) for day in days)


def ninetieth(values: list[int]) -> float:
    """The 90th percentile by nearest rank."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * 9 // 10) - 1]


def _hours(values: list[int], of: Callable[[list[int]], float]) -> float | None:
    return round(of(values) / HOUR_MS, 1) if values else None
