"""What a span of days came to, by day, week or month, out of the view tables.

A hand-over counts in the period it was loaded, and again in the one it ended. Dwell is from loading to collecting.
Forced openings are those a second person or a leader had to agree to (`exceptional`) and those by broken glass
(`glass`); openings of a stock check are neither.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal, get_args

import apsw
import msgspec

from locker.views import Failure

By = Literal["day", "week", "month"]
HOUR_MS = 3_600_000
FAILURES: tuple[str, ...] = get_args(Failure)


class Rows(msgspec.Struct, frozen=True):
    """What happened in a span, by wall milliseconds: loads, ends with what they were, and failures by kind."""

    loaded: tuple[int, ...]
    ended: tuple[tuple[int, str, int], ...]
    failed: tuple[tuple[int, str], ...]
    forced: tuple[tuple[int, str], ...]


class Period(msgspec.Struct, frozen=True):
    """One line of a report. Hours are None where nothing was collected; `out_of_hours` counts collections."""

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

    @property
    def out_of_hours_share(self) -> float | None:
        """Part of the collections outside office hours, 0 to 1."""
        return round(self.out_of_hours / self.collected, 3) if self.collected else None


def read(connection: apsw.Connection, start_utc_ms: int, end_utc_ms: int) -> Rows:
    """The rows from `start_utc_ms` up to before `end_utc_ms`."""
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
    return Rows(loaded=tuple(at for (at,) in loaded), ended=tuple(ended), failed=tuple(failed), forced=tuple(forced))


def periods(
    rows: Rows,
    first: date,
    last: date,
    *,
    by: By,
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
