"""When a person is reminded of a result that waits."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span, VietnamesePublicDays
from locker.rules import notices, reminders
from locker.rules.quiet_hours import Daytime
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = ((Span(time(7, 30), time(17)),),) * 5 + ((), ())
OFFICE = OfficeHours(zone=ZONE, weekly=WEEK, public=VietnamesePublicDays())
DAY = Daytime(zone=ZONE)
MONDAY = "2026-12-07"
DEADLINE = "2026-12-20"


def at(story: Story, day: str, clock: str = "09:00") -> Story:
    """The story goes on at this local time."""
    utc_ms = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def due(story: Story, clock: ev.Clock = "synced") -> list[Any]:
    moment = ev.Moment(utc_ms=story.utc_ms, uptime_ms=story.uptime_ms, run_id="r", clock=clock)
    return story.then(reminders.due(story.cabinet, moment, office=OFFICE, day=DAY))


def reminded(story: Story, clock: ev.Clock = "synced") -> list[Any]:
    return [(fact.template, fact.step, fact.results) for fact in due(story, clock)]


def told(story: Story) -> Story:
    """Every message on its way has arrived."""
    for key in tuple(story.cabinet.notices):
        story.then(notices.delivered(story.cabinet, key, is_reported=True))
    return story


@pytest.fixture
def waiting(story: Story) -> Story:
    """Put in on a Monday, told, to be collected until the Sunday after next."""
    return told(at(story, MONDAY).announced(deadline=DEADLINE).loaded().coded())


def steps(story: Story) -> dict[str, int]:
    found = {}
    for number in range(8, 31):
        day = date(2026, 12, number).isoformat()
        for _template, step, _results in reminded(at(story, day)):
            found[day] = step
        told(story)
    return found


def test_a_person_is_reminded_three_times_once_each(waiting: Story) -> None:
    assert steps(waiting) == {"2026-12-09": 1, "2026-12-14": 2, "2026-12-18": 3}


def test_a_reminder_goes_to_the_person_of_the_bundle_under_an_id_of_its_step(waiting: Story) -> None:
    bundle = waiting.cabinet.bundle_of("an")
    assert bundle is not None
    assert due(at(waiting, "2026-12-09")) == [
        ev.NoticeQueued("h1-remind-1", "REMIND", "p-an", bundle.bundle, results=("r1",), step=1)
    ]


def test_what_was_put_in_before_the_office_opens_counts_from_that_day(story: Story) -> None:
    told(at(story, MONDAY, "06:00").announced(deadline=DEADLINE).loaded().coded())
    assert reminded(at(story, "2026-12-08")) == []
    assert reminded(at(story, "2026-12-09")) == [("REMIND", 1, ("r1",))]


def test_a_result_without_a_deadline_gives_no_reminders(story: Story) -> None:
    story.announced("r1", deadline=DEADLINE).announced("r2", deadline="")
    told(at(story, MONDAY).loaded("h1", ("r1", "r2")).coded())
    assert steps(story) == {}


def test_asking_again_the_same_day_gives_nothing(waiting: Story) -> None:
    at(waiting, "2026-12-09")
    assert reminded(waiting) == [("REMIND", 1, ("r1",))]
    assert reminded(told(waiting)) == []
    assert reminded(waiting.restarted()) == []


def test_days_are_counted_by_the_offices_calendar(story: Story) -> None:
    told(at(story, "2027-02-03").announced(deadline="2027-03-31").loaded().coded())
    assert reminded(at(story, "2027-02-11")) == []
    assert reminded(at(story, "2027-02-12")) == [("REMIND", 1, ("r1",))]


def test_a_step_that_was_missed_is_not_made_up_for(waiting: Story) -> None:
    assert reminded(at(waiting, "2026-12-18")) == [("REMIND", 3, ("r1",))]


def test_after_the_deadline_nobody_is_reminded(waiting: Story) -> None:
    assert reminded(at(waiting, "2026-12-21")) == []


def test_who_was_told_on_the_last_day_is_not_reminded_of_it(story: Story) -> None:
    told(at(story, "2026-12-18", "08:00").announced(deadline=DEADLINE).loaded().coded())
    assert reminded(at(story, "2026-12-18", "10:00")) == []


@pytest.mark.parametrize("clock", ["07:29", "20:00"])
def test_nobody_is_reminded_by_night(waiting: Story, clock: str) -> None:
    assert reminded(at(waiting, "2026-12-09", clock)) == []


def test_nobody_is_reminded_while_the_clock_is_not_believed(waiting: Story) -> None:
    assert reminded(at(waiting, "2026-12-09"), clock="unset") == []


def test_a_day_of_loading_that_nobody_knows_gives_no_reminders(story: Story) -> None:
    story.announced(deadline=DEADLINE).load_granted()
    loaded = ev.Loaded(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle")
    story.clock = "unset"
    story.given(ev.DoorOpened(compartment=1, grant="load-h1", hand_over="h1"), loaded)
    story.clock = "synced"
    told(story.coded())
    assert steps(at(story, MONDAY)) == {}


def test_after_it_was_collected_nobody_is_reminded(waiting: Story) -> None:
    waiting.then(waiting.submit())
    waiting.opens()
    waiting.closes()
    assert reminded(at(told(waiting), "2026-12-09")) == []


def test_a_cancelled_or_disputed_result_is_not_spoken_of(waiting: Story) -> None:
    waiting.given(ev.Disputed(hand_over="h1", compartment=1, kind="empty"))
    assert reminded(at(waiting, "2026-12-09")) == []


def test_a_cancelled_result_is_not_spoken_of(waiting: Story) -> None:
    waiting.given(ev.ResultCancelled(wish=2, result="r1"))
    assert reminded(at(waiting, "2026-12-09")) == []


def test_a_reminder_does_not_overtake_the_first_message(story: Story) -> None:
    at(story, MONDAY).announced(deadline=DEADLINE).loaded().coded()
    assert reminded(at(story, "2026-12-09")) == []
    assert reminded(told(story)) == [("REMIND", 1, ("r1",))]


def test_one_person_hears_once_of_everything_that_is_due(story: Story) -> None:
    at(story, MONDAY).announced("r1", deadline=DEADLINE).announced("r2", deadline=DEADLINE)
    told(story.loaded().loaded("h2", ("r2",), 2).coded())
    assert reminded(at(story, "2026-12-09")) == [("REMIND", 1, ("r1", "r2"))]
    assert reminded(told(story)) == []


def test_while_lost_facts_are_fetched_nobody_is_reminded(waiting: Story) -> None:
    waiting.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=3))
    assert reminded(at(waiting, "2026-12-09")) == []
