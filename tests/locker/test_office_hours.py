"""The office's calendar: hours, public holidays, make-up days, special sessions, exceptions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from locker.config import AlertsSection, CalendarSection, office_hours_of
from locker.config_file import load
from locker.office_hours import Closure, NoPublicDays, OfficeHours, Session, Span, VietnamesePublicDays

WIRING = Path(__file__).parents[2] / "simulator" / "cabinet-24.toml"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MORNING = Span(time(7, 30), time(11, 30))
AFTERNOON = Span(time(13), time(17))
WEEK = ((MORNING, AFTERNOON),) * 5 + ((), ())
PUBLIC = VietnamesePublicDays()
OFFICE = OfficeHours(zone=ZONE, weekly=WEEK, public=PUBLIC)
SATURDAYS = OfficeHours(zone=ZONE, weekly=WEEK, sessions=(Session(5, frozenset({1, 3}), (MORNING,)),), public=PUBLIC)
DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


@pytest.mark.parametrize("day", range(4, 11))
def test_tet_2027_is_closed(day: int) -> None:
    assert not OFFICE.is_working_day(date(2027, 2, day))


@pytest.mark.parametrize("year", [2026, 2027, 2028])
def test_culture_day_is_closed_from_2026(year: int) -> None:
    assert PUBLIC.is_holiday(date(year, 11, 24))
    assert not PUBLIC.is_holiday(date(2025, 11, 24))


def test_a_monday_swapped_with_a_saturday_is_closed_and_the_saturday_has_mondays_hours() -> None:
    assert not OFFICE.is_working_day(date(2026, 8, 31))
    assert OFFICE.spans(date(2026, 8, 22)) == (MORNING, AFTERNOON)


def test_the_make_up_day_is_known_whatever_was_asked_first() -> None:
    assert VietnamesePublicDays().is_made_up(date(2026, 8, 22))


@pytest.mark.parametrize(
    ("when", "is_open"),
    [
        ("2026-12-30T07:29:59", False),
        ("2026-12-30T07:30", True),
        ("2026-12-30T11:30", False),
        ("2026-12-30T13:00", True),
        ("2026-12-30T16:59:59", True),
        ("2026-12-30T17:00", False),
        ("2027-01-01T10:00", False),
        ("2027-01-02T10:00", False),
    ],
)
def test_the_counter_is_open_in_its_hours(when: str, is_open: bool) -> None:
    assert OFFICE.is_open(at(when)) is is_open


def test_an_instant_is_read_in_the_offices_zone() -> None:
    assert OFFICE.is_open(datetime(2026, 12, 30, 1, 0, tzinfo=UTC))
    assert not OFFICE.is_open(datetime(2026, 12, 30, 10, 0, tzinfo=UTC))


def test_special_saturdays_are_the_first_and_the_third() -> None:
    open_on = [day for day in range(1, 32) if SATURDAYS.spans(date(2026, 10, day)) == (MORNING,)]
    assert open_on == [3, 17]


def test_a_special_session_is_not_held_on_a_public_holiday() -> None:
    assert not SATURDAYS.is_working_day(date(2027, 2, 6))


def test_the_units_own_exception_wins_over_everything() -> None:
    own = OfficeHours(
        zone=ZONE, weekly=WEEK, exceptions={date(2027, 2, 8): (MORNING,), date(2027, 2, 11): ()}, public=PUBLIC
    )
    assert own.is_open(at("2027-02-08T08:00"))
    assert not own.is_working_day(date(2027, 2, 11))


def test_an_office_may_keep_no_public_holidays() -> None:
    assert OfficeHours(zone=ZONE, weekly=WEEK, public=NoPublicDays()).is_working_day(date(2027, 1, 1))


def test_before_tet_the_next_working_day_is_after_it() -> None:
    assert OFFICE.next_working_day(date(2027, 2, 3)) == date(2027, 2, 11)
    assert OFFICE.working_days_between(date(2027, 2, 3), date(2027, 2, 12)) == 2
    assert OFFICE.closure_after(date(2027, 2, 3)) == Closure(date(2027, 2, 4), date(2027, 2, 11))
    assert OFFICE.closure_after(date(2027, 2, 9)) == Closure(date(2027, 2, 4), date(2027, 2, 11))


def test_a_weekend_is_no_long_closure_and_neither_are_three_days() -> None:
    assert OFFICE.closure_after(date(2026, 12, 25)) is None
    assert OFFICE.closure_after(date(2026, 12, 31)) is None


def test_the_next_opening_is_now_while_open_and_the_next_morning_after_hours() -> None:
    assert OFFICE.next_opening(at("2026-12-30T09:00")) == at("2026-12-30T09:00")
    assert OFFICE.next_opening(at("2026-12-30T12:00")) == at("2026-12-30T13:00")
    assert OFFICE.next_opening(at("2026-12-31T17:00")) == at("2027-01-04T07:30")


def test_the_configuration_gives_the_same_calendar(tmp_path: Path) -> None:
    text = """
        [storage]
        directory = "state"
        [calendar]
        friday = ["07:30-11:30"]
        [[calendar.session]]
        weekday = "saturday"
        weeks = [1, 3]
        hours = ["07:30-11:30"]
        [[calendar.day]]
        date = 2027-02-11
        [notices]
        accept_codes_in_clear = true
    """
    path = tmp_path / "cabinet.toml"
    path.write_text(text + WIRING.read_text())
    office = office_hours_of(load(path))
    assert office.spans(date(2026, 10, 3)) == (MORNING,)
    assert office.spans(date(2026, 10, 2)) == (MORNING,)
    assert office.next_working_day(date(2027, 2, 3)) == date(2027, 2, 12)


def test_staff_on_call_are_named_by_role_and_number_and_their_phones_stay_in_the_configuration() -> None:
    section = AlertsSection(duty=("+84901234567", "+84901234568"), leader=("+84901234569",))
    assert section.phones == {
        "staff:duty:1": "+84901234567",
        "staff:duty:2": "+84901234568",
        "staff:leader:1": "+84901234569",
    }
    with pytest.raises(ValidationError):
        AlertsSection(duty=("0901234567",))


@pytest.mark.parametrize(
    "calendar",
    [
        {"tuesday": ["17:00-13:00"]},
        {"tuesday": ["7:30-11:30"]},
        {"monday": []},
        {"session": [{"weekday": "saturday", "weeks": [6], "hours": ["07:30-11:30"]}]},
        {"day": [{"date": "2027-02-11", "hours": ["13:00-13:00"]}]},
    ],
)
def test_hours_that_cannot_be_are_refused(calendar: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CalendarSection.model_validate(calendar)


@given(DAYS)
def test_the_next_working_day_is_the_first_one_after(day: date) -> None:
    found = SATURDAYS.next_working_day(day)
    assert found > day
    assert SATURDAYS.is_working_day(found)
    assert SATURDAYS.working_days_between(day, found) == 1


@given(DAYS, st.integers(0, 60), st.integers(0, 60))
def test_working_days_add_up(day: date, first: int, second: int) -> None:
    middle, end = day + timedelta(first), day + timedelta(first + second)
    parts = SATURDAYS.working_days_between(day, middle) + SATURDAYS.working_days_between(middle, end)
    assert parts == SATURDAYS.working_days_between(day, end)


@given(DAYS, st.integers(1, 20))
def test_counting_working_days_forth_is_counting_between(day: date, count: int) -> None:
    assert SATURDAYS.working_days_between(day, SATURDAYS.after_working_days(day, count)) == count


@given(DAYS, st.times())
def test_the_next_opening_is_open_and_nothing_before_it_is(day: date, clock: time) -> None:
    here = datetime.combine(day, clock, ZONE)
    opening = SATURDAYS.next_opening(here)
    assert SATURDAYS.is_open(opening)
    assert opening >= here
    assert opening == here or not SATURDAYS.is_open(opening - timedelta(seconds=1))


@given(DAYS)
def test_every_day_of_a_long_closure_is_closed_and_names_the_same_closure(day: date) -> None:
    closure = OFFICE.closure_after(day)
    if closure is None:
        return
    for number in range(closure.days):
        inside = closure.first + timedelta(number)
        assert not OFFICE.is_working_day(inside)
        assert OFFICE.closure_after(inside) == closure
    assert OFFICE.is_working_day(closure.reopens)
    assert OFFICE.is_working_day(closure.first - timedelta(1))
