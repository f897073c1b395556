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
    span = (date(2026, 11, 16), date(2026, 11, 15 + days))
    rows = reports.read(tables, MONDAY, MONDAY + days * 24 * HOUR, span)
    return reports.periods(
        rows,
        date(2026, 11, 16),
        date(2026, 11, 15 + days),
        by=by,
        today=date(2026, 11, 22),
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


def announced(key: str, deadline: str) -> ev.ResultQueued:
    return ev.ResultQueued(
        wish=1,
        result=key,
        recipient="k",
        person="p",
        dossier="d",
        items=(),
        size="S",
        reach="any",
        language="vi",
        deadline=deadline,
        state=9,
        consent=True,
        fee="none",
    )


def test_each_leg_of_the_way_is_timed_where_it_ends(tables: apsw.Connection) -> None:
    started = ev.LoadStarted(hand_over="h1", results=("r1",), recipient="k", compartment=1, actor="lan")
    at(tables, 8, announced("r1", "2026-12-31"))
    at(tables, 9, started)
    at(tables, 10, ev.Loaded(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle"))
    at(tables, 11, ev.NoticeQueued(notice="n1", template="READY", person="p", bundle="b", results=("r1",)))
    at(tables, 12, ev.NoticeSent(notice="n1", gateway="g", provider_id="x"))
    at(tables, 13, ev.NoticeQueued(notice="n2", template="REMIND", person="p", bundle="b", results=("r1",)))
    at(tables, 14, ev.NoticeSent(notice="n2", gateway="g", provider_id="y"))
    collect(tables, 30, "h1")
    at(tables, 32, ev.IntakeOffered(hand_over="i1", compartment=2, visit="v", kind="new", bag="b"))
    at(tables, 33, ev.DroppedOff(hand_over="i1", compartment=2, evidence="door_cycle"))
    at(tables, 34, ev.Deposited(hand_over="i1", compartment=2, evidence="door_cycle", is_confirmed=True))
    at(tables, 40, ev.IntakeCollected(hand_over="i1", compartment=2, bag="b", count=3, actor="lan"))
    at(tables, 41.5, ev.IntakeAnswered(hand_over="i1", outcome="returned", actor="lan"))
    monday, tuesday, *_ = report(tables, "day")
    assert monday.leg_hours == {
        "announced_to_loaded": 2.0,
        "loaded_to_told": 2.0,
        "told_to_collected": None,
        "left_to_fetched": None,
        "fetched_to_answered": None,
    }
    assert list(tuesday.leg_hours.values()) == [None, None, 18.0, 7.0, 1.5]


def test_ratings_are_counted_by_face_and_reason(tables: apsw.Connection) -> None:
    at(tables, 9, ev.Rated(face="good"), ev.Rated(face="poor", reason="wait"), ev.Rated(face="poor"))
    monday = report(tables, "day")[0]
    assert monday.ratings == {"good": 1, "fair": 0, "poor": 2}
    assert {key: count for key, count in monday.reasons.items() if count} == {"wait": 1}


def test_what_was_inside_beyond_its_last_day_is_overdue_on_that_day(tables: apsw.Connection) -> None:
    for key, deadline in (("r1", "2026-11-16"), ("r2", "2026-11-16"), ("r3", "2026-11-21"), ("r4", "2026-11-22")):
        started = ev.LoadStarted(hand_over=f"h-{key}", results=(key,), recipient="k", compartment=1, actor="lan")
        at(tables, 1, announced(key, deadline), started)
        at(tables, 2, ev.Loaded(hand_over=f"h-{key}", compartment=1, results=(key,), evidence="door_cycle"))
    collect(tables, 20, "h-r1")
    collect(tables, 30, "h-r2")
    assert [one.overdue for one in report(tables, "day")] == [1, 0, 0, 0, 0, 1, 0, 0]
    at(tables, 100, ev.StayExtended(hand_over="h-r3", compartment=1, results=("r3",), deadline="2026-12-01"))
    assert sum(one.overdue for one in report(tables, "day")) == 1


def test_papers_that_people_leave_are_in_the_balance(tables: apsw.Connection) -> None:
    tables.execute("CREATE TABLE event (seq INTEGER)")
    for key in ("i1", "i2", "i3", "i4", "i5"):
        at(tables, 1, ev.IntakeOffered(hand_over=key, compartment=2, visit="v", kind="new", bag="b"))
    at(tables, 2, ev.DroppedOff(hand_over="i1", compartment=2, evidence="door_cycle"))
    for key in ("i2", "i3", "i4"):
        at(tables, 30, ev.DroppedOff(hand_over=key, compartment=2, evidence="door_cycle"))
        at(tables, 31, ev.Deposited(hand_over=key, compartment=2, evidence="door_cycle", is_confirmed=True))
    at(tables, 32, ev.IntakeCollected(hand_over="i1", compartment=2, bag="b", count=1, actor="lan"))
    at(tables, 32, ev.IntakeCollected(hand_over="i2", compartment=2, bag="b", count=0, actor="lan"))
    at(tables, 33, ev.Withdrawn(hand_over="i3", compartment=2, cause="took_back"))
    at(tables, 34, ev.IntakeGivenUp(hand_over="i3", compartment=2, evidence="clerk"))
    at(tables, 34, ev.IntakeGivenUp(hand_over="i5", compartment=2, evidence="door_cycle"))
    found = views.balance(tables, MONDAY + 24 * HOUR)
    assert (found.before, found.deposited, found.fetched, found.withdrawn, found.missing) == (1, 3, 1, 1, 1)
    assert found.inside == 1
