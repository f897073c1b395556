"""What a span of days came to."""

from __future__ import annotations

from datetime import UTC, date, datetime

import apsw
import pytest

from locker import events as ev
from locker import reports, views

HOUR = 3_600_000
MONDAY = int(datetime(2026, 11, 16, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def tables() -> apsw.Connection:
    connection = apsw.Connection(":memory:")
    views.create(connection)
    return connection


def at(tables: apsw.Connection, hours: float, *facts: ev.Event) -> None:
    moment = ev.Moment(utc_ms=MONDAY + int(hours * HOUR), uptime_ms=0, run_id="r")
    views.apply(tables, [ev.Recorded(1, 1, moment, fact) for fact in facts])


def load(tables: apsw.Connection, hours: float, key: str) -> None:
    started = ev.LoadStarted(hand_over=key, results=(), recipient="k", compartment=1, actor="lan")
    at(tables, hours, started, ev.Loaded(hand_over=key, compartment=1, results=(), evidence="door_cycle"))


def collect(tables: apsw.Connection, hours: float, key: str) -> None:
    at(tables, hours, ev.Collected(hand_over=key, compartment=1, results=(), evidence="door_cycle"))


def report(tables: apsw.Connection, by: reports.By, days: int = 8) -> tuple[reports.Period, ...]:
    rows = reports.read(tables, MONDAY, MONDAY + days * 24 * HOUR)
    return reports.periods(
        rows,
        date(2026, 11, 16),
        date(2026, 11, 15 + days),
        by=by,
        local=lambda utc_ms: datetime.fromtimestamp(utc_ms / 1000, UTC),
        is_office_open=lambda local: 8 <= local.hour < 17,
    )


def test_a_hand_over_counts_where_it_was_loaded_and_where_it_ended(tables: apsw.Connection) -> None:
    for number in range(10):
        load(tables, 9, f"h{number}")
    for number in range(9):
        collect(tables, 10 + number, f"h{number}")
    collect(tables, 45, "h9")
    monday, tuesday, *rest = report(tables, "day")
    assert (monday.period, monday.loaded, monday.collected, monday.out_of_hours) == ("2026-11-16", 10, 9, 2)
    assert (monday.out_of_hours_share, monday.dwell_median_hours, monday.dwell_p90_hours) == (0.222, 5.0, 9.0)
    assert (tuesday.loaded, tuesday.collected, tuesday.out_of_hours_share, tuesday.dwell_p90_hours) == (0, 1, 1.0, 36.0)
    assert all((one.loaded, one.dwell_median_hours, one.out_of_hours_share) == (0, None, None) for one in rest)


def test_weeks_and_months_hold_their_days(tables: apsw.Connection) -> None:
    load(tables, 9, "h1")
    load(tables, 7 * 24, "h2")
    assert [(one.period, one.loaded) for one in report(tables, "week")] == [("2026-W47", 1), ("2026-W48", 1)]
    assert [(one.period, one.loaded) for one in report(tables, "month")] == [("2026-11", 2)]
    assert reports.name(date(2027, 1, 1), "week") == "2026-W53"


def test_failures_and_forced_openings_are_counted_by_kind_and_stock_checks_are_not(tables: apsw.Connection) -> None:
    def granted(grant: str, **more: str) -> ev.GrantIssued:
        return ev.GrantIssued(grant=grant, compartment=1, purpose="inspect", hand_over="h1", actor="lan", **more)

    load(tables, 9, "h1")
    at(
        tables,
        10,
        granted("g1"),
        granted("g2", second="hoa"),
        granted("g3", second="minh", permit="a1"),
        granted("g4", permit="k1"),
        granted("g5", second="hoa", permit="stock-k2"),
        ev.DoorDidNotOpen(grant="g1", compartment=1, hand_over="h1", pulses=3),
        ev.DoorOpenedUnasked(compartment=2),
        ev.LeftOpen(compartment=2, hand_over=""),
        ev.Disputed(hand_over="h1", compartment=1, kind="empty"),
        ev.NoticeFailed(notice="n1", gateway="g", cause="c", is_final=False),
        ev.NoticeFailed(notice="n1", gateway="g", cause="c", is_final=True),
        ev.Settled(hand_over="h1", compartment=1, outcome="gone", evidence="clerk"),
    )
    monday = report(tables, "day")[0]
    assert (monday.exceptional, monday.glass, monday.missing, monday.collected) == (2, 1, 1, 0)
    assert monday.failures == {
        "doors_not_opened": 1,
        "opened_unasked": 1,
        "left_open": 1,
        "wrong_doors": 0,
        "disputes": 1,
        "notices_failed": 1,
    }
