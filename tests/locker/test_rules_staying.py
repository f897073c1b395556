"""How long a result waits inside, at its person's wish."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span
from locker.refusals import StayRefused, UnknownHandOver, WrongStage
from locker.rules import clearing, doors, staying
from tests.locker.story import PLACES, Story, reminded

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
COUNTER = (Span(time(7, 30), time(17)),)
OFFICE = OfficeHours(zone=ZONE, weekly=(COUNTER,) * 5 + ((),) * 2)
TERMS = staying.Terms(places=PLACES, office=OFFICE, keeps_free=1)
FRIDAY = "2026-09-25"  # the story begins on Monday, 2026-09-21


def waiting(story: Story, deadline: str = FRIDAY) -> Story:
    story.announced("r1", deadline=deadline).load_granted("h1")
    story.given(
        ev.DoorOpened(compartment=1, grant="load-h1", hand_over="h1"),
        ev.DoorClosed(compartment=1, hand_over="h1"),
        ev.Loaded(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle"),
        ev.RoundClosed(actor="lan"),
    )
    return story


def extend(story: Story, terms: staying.Terms = TERMS) -> str:
    (fact,) = story.then(staying.extend(story.cabinet, "h1", terms, story.moment))
    assert isinstance(fact, ev.StayExtended)
    return fact.deadline


def refused(story: Story, terms: staying.Terms = TERMS) -> str:
    with pytest.raises(StayRefused) as refusal:
        staying.extend(story.cabinet, "h1", terms, story.moment)
    offered = staying.offered(story.cabinet, story.one(), terms, story.moment)
    assert (offered.until, offered.refused) == ("", refusal.value.reason)
    return refusal.value.reason


def test_it_is_kept_a_week_longer_twice_and_no_more(story: Story) -> None:
    waiting(story)
    assert staying.offered(story.cabinet, story.one(), TERMS, story.moment).until == "2026-10-02"
    assert extend(story) == "2026-10-02"
    assert story.cabinet.results["r1"].deadline == "2026-10-02"
    assert extend(story) == "2026-10-09"
    assert refused(story) == "times"


@pytest.mark.parametrize(
    ("deadline", "days", "until"),
    [("2026-09-01", 7, "2026-09-28"), (FRIDAY, 1, "2026-09-28"), ("2026-09-30", 3, "2026-10-05")],
)
def test_the_days_count_from_the_later_of_deadline_and_today_on_to_a_working_day(
    story: Story, deadline: str, days: int, until: str
) -> None:
    assert extend(waiting(story, deadline), replace(TERMS, days=days)) == until


def test_room_means_its_size_or_larger_free_beside_what_is_expected(story: Story) -> None:
    waiting(story)
    assert refused(story, replace(TERMS, keeps_free=4)) == "room"
    story.announced("r2", "binh").announced("r3", "binh").announced("r4", "chi")
    assert refused(story, replace(TERMS, keeps_free=2)) == "room"
    assert extend(story, replace(TERMS, keeps_free=1)) == "2026-10-02"


def test_without_a_clock_no_date_is_promised(story: Story) -> None:
    story.clock = "unset"
    assert refused(waiting(story)) == "clock"


def test_what_has_no_deadline_is_not_kept_beyond_one(story: Story) -> None:
    assert refused(waiting(story, deadline="")) == "clock"


@pytest.mark.parametrize(
    "fact",
    [
        ev.ResultCancelled(wish=2, result="r1"),
        ev.Disputed(hand_over="h1", compartment=1, kind="empty"),
        ev.DoorOpenedUnasked(compartment=1),
        ev.GrantIssued(grant="g", compartment=1, purpose="reclaim", hand_over="h1", actor="lan"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_is_not_in_order_stays_as_it_is(story: Story, fact: ev.Event) -> None:
    waiting(story).given(fact)
    with pytest.raises(WrongStage):
        staying.extend(story.cabinet, "h1", TERMS, story.moment)
    with pytest.raises(WrongStage):
        staying.leave_at_counter(story.cabinet, "h1")
    assert staying.offered(story.cabinet, story.one(), TERMS, story.moment) == staying.Offered(refused="stage")


def test_left_for_the_counter_it_is_routine_told_when_it_is_out_and_its_code_is_good_until_then(story: Story) -> None:
    waiting(story).coded()
    assert not clearing.is_routine(story.cabinet, story.one(), today="2026-09-21")
    assert [type(fact) for fact in story.then(staying.leave_at_counter(story.cabinet, "h1"))] == [ev.CounterAsked]
    assert story.then(staying.leave_at_counter(story.cabinet, "h1")) == []
    assert clearing.is_routine(story.cabinet, story.one(), today="2026-09-21")
    assert refused(story) == "times"
    assert story.submit("c1").refusal is None
    out = doors.reclaimed(story.cabinet, story.one(), actor="lan")
    assert [one.template for one in out.events if isinstance(one, ev.NoticeQueued)] == ["AT_COUNTER"]


def test_a_hand_over_of_another_visit_or_dossier_is_unknown(story: Story) -> None:
    waiting(story)
    with pytest.raises(WrongStage):
        staying.of_visit(story.cabinet, "h1", "v1")
    with pytest.raises(UnknownHandOver):
        staying.of_dossiers(story.cabinet, "h1", ("d-r2",))
    assert staying.of_dossiers(story.cabinet, "h1", ("d-r1",)) == "h1"
    story.coded()
    assert story.submit("c1").refusal is None
    story.then(story.submit("c1"))
    assert staying.of_visit(story.cabinet, "h1", "v1") == "h1"
    with pytest.raises(WrongStage):
        staying.of_visit(story.cabinet, "h1", "v2")
    with pytest.raises(UnknownHandOver):
        staying.of_visit(story.cabinet, "h9", "v1")


def test_who_was_given_more_time_is_reminded_once_more_before_the_new_day(story: Story) -> None:
    waiting(story).coded()
    story.given(ev.NoticeDelivered(notice="n-c1"))
    extend(story)
    said = [notice for _day in range(14) for notice in (reminded(story, OFFICE), story.later(24 * 3600))[0]]
    assert said == ["h1-remind-1", "h1-remind-2", "h1-remind-4"]
