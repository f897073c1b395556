"""What the office's calendar makes due, all of it asked at once."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span, VietnamesePublicDays
from locker.rules import calendar, notices
from locker.rules.alerts import OnCall
from locker.rules.calendar import Calendar
from locker.rules.quiet_hours import Daytime
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = ((Span(time(7, 30), time(17)),),) * 5 + ((), ())
CALENDAR = Calendar(
    office=OfficeHours(zone=ZONE, weekly=WEEK, public=VietnamesePublicDays()),
    day=Daytime(zone=ZONE, ends=time(19)),
    on_call=OnCall(duty=("duty",)),
)
MONDAY, TUESDAY, WEDNESDAY = "2026-12-07", "2026-12-08", "2026-12-09"


def at(story: Story, day: str, clock: str) -> Story:
    utc_ms = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def told(story: Story) -> list[str]:
    return [one.template for one in due(story) if isinstance(one, ev.NoticeQueued)]


def due(story: Story) -> tuple[ev.Event, ...]:
    return calendar.due(story.cabinet, story.moment, CALENDAR, servable=story.servable).events


@pytest.fixture
def wednesday(story: Story) -> Story:
    """On Monday r1 was put in, r2 is expected and papers were left for Wednesday; then a door stood open at 16:59."""
    at(story, MONDAY, "09:00").announced(deadline="2026-12-20").loaded().coded()
    for key in tuple(story.cabinet.notices):
        story.then(notices.delivered(story.cabinet, key, is_reported=True))
    story.announced("r2", "binh", deadline=WEDNESDAY)
    story.given(
        ev.IntakeOffered("i1", 2, "w1", "new", "HS-1", person="p-i1", promised=WEDNESDAY),
        ev.Deposited(hand_over="i1", compartment=2, evidence="door_cycle", is_confirmed=True),
        ev.VisitEnded(visit="w1", cause="left"),
    )
    return at(story, WEDNESDAY, "16:59")


def stands_open(story: Story) -> Story:
    story.given(ev.LeftOpen(compartment=3, hand_over=""))
    return story


def test_whom_the_end_of_a_working_day_makes_us_write_to(wednesday: Story) -> None:
    assert told(wednesday) == ["REMIND"]
    assert told(stands_open(at(wednesday, WEDNESDAY, "17:00"))) == [
        "REMIND",
        "COUNTER_INSTEAD",
        "APOLOGY_LATE",
        "STAFF_DOOR",
    ]


def test_a_day_with_hours_of_its_own_counts_for_all_of_it(wednesday: Story) -> None:
    wednesday.given(
        ev.OfficeDaySet(day=TUESDAY, hours=(), actor="minh"),
        ev.OfficeDaySet(day=WEDNESDAY, hours=("07:30-18:00",), actor="minh"),
    )
    assert told(stands_open(at(wednesday, WEDNESDAY, "17:59"))) == []
    assert told(stands_open(at(wednesday, WEDNESDAY, "18:00"))) == ["COUNTER_INSTEAD", "APOLOGY_LATE", "STAFF_DOOR"]


def test_what_is_owed_is_kept_on_to_a_day_of_the_offices_own_and_not_while_the_cabinet_is_moved(story: Story) -> None:
    at(story, MONDAY, "09:00").announced(deadline=MONDAY).loaded().coded()
    story.given(
        ev.CameInVain(hand_over="h1", compartment=1, results=("r1",), cause="away"),
        ev.OfficeDaySet(day="2026-12-14", hours=(), actor="minh"),
    )
    (kept,) = [one for one in due(story) if isinstance(one, ev.StayMadeGood)]
    assert kept.deadline == "2026-12-15", "a week later the office is shut for a day"
    story.given(ev.RelocationStarted(actor="minh"))
    assert not [one for one in due(story) if isinstance(one, ev.StayMadeGood)]


def test_nobody_is_reminded_outside_the_hours_in_which_people_are_written_to(wednesday: Story) -> None:
    assert "REMIND" not in told(at(wednesday, WEDNESDAY, "19:00"))


def test_while_the_cabinet_is_being_moved_only_staff_are_told(wednesday: Story) -> None:
    wednesday.given(
        ev.OfficeDaySet(day=WEDNESDAY, hours=("07:30-18:00",), actor="minh"), ev.RelocationStarted(actor="minh")
    )
    assert told(stands_open(at(wednesday, WEDNESDAY, "17:59"))) == []
    assert told(stands_open(at(wednesday, WEDNESDAY, "18:00"))) == ["STAFF_DOOR"]
