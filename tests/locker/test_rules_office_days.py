"""Days on which the counter keeps other hours than its calendar says."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.model import Cabinet
from locker.office_hours import OfficeHours, VietnamesePublicDays, spans_of
from locker.refusals import NotAllowed, WrongStage
from locker.rules import office_days
from locker.rules.loading import Actor
from tests.locker.story import Story

LEADER = Actor(user="minh", role="leader", is_present=False)
TODAY = date(2026, 11, 22)
Days = dict[str, tuple[str, ...]]
WEEK = (spans_of(["07:30-11:30", "13:00-17:00"]),) * 5 + ((), ())
OFFICE = OfficeHours(zone=ZoneInfo("Asia/Ho_Chi_Minh"), weekly=WEEK, public=VietnamesePublicDays())


def put(story: Story, day: date, *hours: str, actor: Actor = LEADER) -> list[ev.Event]:
    return story.then(office_days.put(story.cabinet, day, hours, actor, today=TODAY))


def test_a_day_off_a_make_up_day_and_a_day_freed_again_move_the_next_working_day(story: Story) -> None:
    monday, saturday = date(2026, 11, 23), date(2026, 11, 28)

    def next_day(after: date) -> date:
        return OFFICE.amended(story.cabinet.office_days).next_working_day(after)

    assert next_day(TODAY) == monday
    put(story, monday)
    # The 24th is Culture Day.
    assert next_day(TODAY) == date(2026, 11, 25)
    put(story, saturday, "07:30-11:30")
    assert next_day(date(2026, 11, 27)) == saturday
    assert OFFICE.amended(story.cabinet.office_days).cause(saturday) == "own"
    story.then(office_days.free(story.cabinet, monday, LEADER, today=TODAY))
    assert next_day(TODAY) == monday
    assert OFFICE.cause(date(2026, 11, 24)) == "holiday"


def test_what_is_set_is_kept_in_order_and_setting_it_again_adds_no_fact(story: Story) -> None:
    (fact,) = put(story, TODAY, "13:00-17:00", "07:30-11:30")
    assert fact == ev.OfficeDaySet(day="2026-11-22", hours=("07:30-11:30", "13:00-17:00"), actor="minh")
    assert put(story, TODAY, "07:30-11:30", "13:00-17:00") == []
    assert story.then(office_days.free(story.cabinet, TODAY + timedelta(1), LEADER, today=TODAY)) == []


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (TODAY - timedelta(days=1), ()),
        (TODAY + timedelta(days=401), ()),
        (TODAY, ("11:30-07:30",)),
        (TODAY, ("07:30-07:30",)),
        (TODAY, ("07:30-12:00", "11:30-17:00")),
    ],
)
def test_days_that_are_over_or_far_and_hours_that_make_no_sense_are_refused(
    story: Story, day: date, hours: tuple[str, ...]
) -> None:
    with pytest.raises(WrongStage):
        put(story, day, *hours)


def test_nobody_but_a_leader_sets_or_frees_a_day(story: Story) -> None:
    clerk = Actor(user="lan", role="clerk", is_present=True)
    with pytest.raises(NotAllowed):
        put(story, TODAY, actor=clerk)
    with pytest.raises(NotAllowed):
        office_days.free(story.cabinet, TODAY, clerk, today=TODAY)


def test_the_oldest_days_that_are_over_make_room_and_days_ahead_never_do(story: Story) -> None:
    past: Days = {(TODAY - timedelta(days=number)).isoformat(): () for number in range(1, office_days.MOST_DAYS + 1)}
    decided = office_days.put(Cabinet(office_days=past), TODAY, (), LEADER, today=TODAY)
    assert [type(event) for event in decided.events] == [ev.OfficeDayFreed, ev.OfficeDaySet]
    assert decided.events[0] == ev.OfficeDayFreed(day=min(past), actor="minh")
    ahead: Days = {(TODAY + timedelta(days=number)).isoformat(): () for number in range(1, office_days.MOST_DAYS + 1)}
    with pytest.raises(WrongStage):
        office_days.put(Cabinet(office_days=ahead), TODAY, (), LEADER, today=TODAY)
