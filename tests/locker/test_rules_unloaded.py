"""What becomes of a result that nobody put in by its deadline."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span, VietnamesePublicDays
from locker.rules import unloaded
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = ((Span(time(7, 30), time(11, 30)), Span(time(13), time(17))),) * 5 + ((), ())
OFFICE = OfficeHours(zone=ZONE, weekly=WEEK, public=VietnamesePublicDays())
FRIDAY = "2026-12-18"


def at(story: Story, day: str, clock: str) -> Story:
    utc_ms = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def missed(story: Story) -> list[Any]:
    return story.then(unloaded.due(story.cabinet, story.moment, office=OFFICE))


@pytest.fixture
def expected(story: Story) -> Story:
    """Announced on a Monday, to be collected until Friday."""
    return at(story, "2026-12-14", "09:00").announced(deadline=FRIDAY)


def test_when_the_counter_closes_on_the_deadline_it_is_on_record_and_the_person_is_told_once(expected: Story) -> None:
    assert missed(at(expected, FRIDAY, "16:59")) == []
    assert missed(at(expected, FRIDAY, "17:00")) == [
        ev.ResultNotLoaded(result="r1", deadline=FRIDAY),
        ev.NoticeQueued(
            notice=f"r1-counter-{FRIDAY}", template="COUNTER_INSTEAD", person="p-an", bundle="", results=("r1",)
        ),
    ]
    assert missed(expected) == []
    assert missed(at(expected.restarted(), "2026-12-21", "09:00")) == []


def test_a_deadline_on_a_closed_day_ends_on_the_working_day_before(story: Story) -> None:
    at(story, "2026-12-14", "09:00").announced(deadline="2026-12-20")
    assert missed(at(story, FRIDAY, "16:59")) == []
    assert missed(at(story, FRIDAY, "17:00")) != []


def test_what_was_announced_too_late_has_the_rest_of_its_first_working_day(story: Story) -> None:
    at(story, "2026-12-19", "20:00").announced(deadline=FRIDAY)
    assert missed(at(story, "2026-12-21", "16:59")) == []
    assert missed(at(story, "2026-12-21", "17:00")) != []


def test_what_is_in_the_cabinet_is_not_missed(expected: Story) -> None:
    expected.loaded()
    assert missed(at(expected, FRIDAY, "17:00")) == []


@pytest.mark.parametrize("reason", [{"state": 5}, {"by_post": True}, {"flags": ("no_mobile_phone",)}])
def test_who_cannot_be_told_or_would_be_misled_is_not_written_to(story: Story, reason: dict[str, Any]) -> None:
    at(story, "2026-12-14", "09:00").announced(deadline=FRIDAY, **reason)
    assert missed(at(story, FRIDAY, "17:00")) == [ev.ResultNotLoaded(result="r1", deadline=FRIDAY)]


def test_a_later_deadline_begins_anew(expected: Story) -> None:
    missed(at(expected, FRIDAY, "17:00"))
    expected.given(ev.ResultAmended(wish=2, result="r1", deadline="2026-12-23"))
    assert missed(expected) == []
    assert [type(one).__name__ for one in missed(at(expected, "2026-12-23", "17:00"))] == [
        "ResultNotLoaded",
        "NoticeQueued",
    ]


def test_a_change_of_something_else_does_not(expected: Story) -> None:
    missed(at(expected, FRIDAY, "17:00"))
    expected.given(ev.ResultAmended(wish=2, result="r1", deadline=FRIDAY, fee="paid"))
    assert missed(expected) == []


def test_nothing_is_missed_while_the_clock_is_not_believed(expected: Story) -> None:
    expected.clock = "unset"
    assert missed(at(expected, "2026-12-30", "17:00")) == []


def test_nothing_is_missed_while_lost_facts_are_fetched(expected: Story) -> None:
    expected.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=2))
    assert missed(at(expected, FRIDAY, "17:00")) == []


def test_it_may_still_be_loaded(expected: Story) -> None:
    missed(at(expected, FRIDAY, "17:00"))
    assert expected.loaded().one().stage == "loaded"
