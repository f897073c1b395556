"""Whom of the staff is told of what, at night and in the morning."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span, VietnamesePublicDays
from locker.rules import alerts
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WEEK = ((Span(time(7, 30), time(17)),),) * 5 + ((), ())
OFFICE = OfficeHours(zone=ZONE, weekly=WEEK, public=VietnamesePublicDays())
ON_CALL = alerts.OnCall(duty=("duty",), leader=("leader",))
MONDAY, TUESDAY = "2026-12-14", "2026-12-15"


def at(story: Story, day: str, clock: str) -> Story:
    utc_ms = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def told(story: Story, on_call: alerts.OnCall = ON_CALL) -> list[Any]:
    """Everything staff are told now, asked as the worker asks: until nothing is due."""
    found: list[Any] = []
    while facts := story.then(alerts.due(story.cabinet, story.moment, office=OFFICE, on_call=on_call)):
        found += [(one.template, one.person) for one in facts if isinstance(one, ev.NoticeQueued)]
    return found


def left_open(number: int = 1) -> ev.LeftOpen:
    return ev.LeftOpen(compartment=number, hand_over="")


STUCK = ev.DoorDidNotOpen(grant="g", compartment=1, hand_over="h1", pulses=3)


def test_a_citizen_before_a_door_that_stays_shut_is_told_after_three_trains(story: Story) -> None:
    at(story, MONDAY, "09:00").ready()
    at(story, MONDAY, "21:00").given(STUCK, STUCK)
    assert told(story) == []
    story.given(STUCK)
    assert told(story) == [("STAFF_STUCK", "duty")]


def test_a_door_left_open_is_told_to_those_on_duty(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open())
    assert told(story) == [("STAFF_DOOR", "duty")]


def test_what_is_grave_is_told_to_the_leader_too(story: Story) -> None:
    at(story, MONDAY, "09:00").ready()
    at(story, MONDAY, "21:00").given(ev.DoorOpenedUnasked(compartment=1))
    assert told(story) == [("STAFF_TAMPER", "duty"), ("STAFF_TAMPER", "leader")]
    story.given(ev.WrongDoorOpened(grant="g", granted=3, opened=4, board="A2"))
    assert told(story) == [("STAFF_WRONG", "duty"), ("STAFF_WRONG", "leader")]


def test_an_empty_compartment_that_opens_wakes_nobody(story: Story) -> None:
    at(story, MONDAY, "21:00").given(ev.DoorOpenedUnasked(compartment=2))
    assert told(story) == []


@pytest.mark.parametrize(
    "fact",
    [
        ev.BoardOutOfService(board="A1", cause="t"),
        ev.CoilStrayed(board="A1", coil=1, cleared=True),
        ev.SensorSuspected(compartment=1, cause="contradicted"),
        ev.ReachAsked(hand_over="h1", compartment=1, visit="v1"),
        ev.Disputed(hand_over="h1", compartment=1, kind="empty"),
        ev.SelfChecked(day=MONDAY, bad=("disk",)),
        ev.LookedInside(compartment=2, found="something_else", actor="lan"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_nothing_else_wakes_anybody_but_it_is_in_the_mornings_message(story: Story, fact: ev.Event) -> None:
    at(story, MONDAY, "09:00").ready()
    at(story, MONDAY, "22:00").given(fact)
    assert story.incidents()
    assert told(story) == []
    assert told(at(story, TUESDAY, "06:59")) == []
    assert ("STAFF_DIGEST", "duty") in told(at(story, TUESDAY, "07:00"))


@pytest.mark.parametrize("clock", ["07:30", "16:59"])
def test_in_office_hours_the_screen_is_enough(story: Story, clock: str) -> None:
    at(story, MONDAY, clock).given(left_open())
    assert told(story) == []
    assert told(at(story, MONDAY, "17:30")) == []


@pytest.mark.parametrize("clock", ["09:00", "21:00"])
def test_a_broken_glass_is_told_to_the_leader_at_any_hour(story: Story, clock: str) -> None:
    broken = ev.GlassBroken(
        glass="k1", compartment=1, hand_over="h1", purpose="reclaim", actor="lan", role="clerk", due_utc_ms=1
    )
    at(story, MONDAY, clock).given(broken)
    assert told(story) == [("STAFF_GLASS", "duty"), ("STAFF_GLASS", "leader")]
    assert told(story.later(3_600)) == []


def test_a_holiday_counts_as_night(story: Story) -> None:
    at(story, "2027-02-08", "10:00").given(left_open())
    assert told(story) == [("STAFF_DOOR", "duty")]


def test_a_kind_is_told_once_in_fifteen_minutes(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open(1), left_open(2))
    assert len(told(story)) == 1
    assert told(story.later(14 * 60 + 59)) == []
    assert len(told(story.later(1))) == 1
    assert told(story.later(3600)) == []


def test_another_kind_does_not_wait(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open(), ev.WrongDoorOpened(grant="g", granted=3, opened=4, board="A2"))
    assert [template for template, _person in told(story)] == ["STAFF_DOOR", "STAFF_WRONG", "STAFF_WRONG"]


def test_ten_are_told_a_night_and_the_next_night_begins_anew(story: Story) -> None:
    at(story, MONDAY, "18:00")
    count = 0
    for _ in range(14):
        story.given(left_open())
        count += len(told(story.later(900)))
    assert count == alerts.A_NIGHT
    told(at(story, TUESDAY, "08:00"))
    at(story, TUESDAY, "18:00").given(left_open())
    assert told(story) == [("STAFF_DOOR", "duty")]


def test_what_waited_longer_than_an_hour_waits_for_the_morning(story: Story) -> None:
    at(story, MONDAY, "21:00").given(*(left_open(number) for number in range(1, 8)))
    woken = sum(len(told(story.later(60))) for _ in range(300))
    assert woken == 4
    assert told(at(story, TUESDAY, "06:59")) == []
    assert told(at(story, TUESDAY, "07:00")) == [("STAFF_DIGEST", "duty")]
    digest = next(one for one in story.cabinet.notices.values() if one.template == "STAFF_DIGEST")
    assert digest.count == 3
    assert told(at(story, TUESDAY, "07:01")) == []


def test_the_morning_sums_up_what_else_happened_at_night_and_is_still_open(story: Story) -> None:
    at(story, MONDAY, "15:00").given(ev.BoardOutOfService(board="A1", cause="t"))
    at(story, MONDAY, "23:00").given(
        ev.CoilStrayed(board="A2", coil=1, cleared=True), ev.BoardOutOfService(board="A2", cause="t")
    )
    closed = max(story.cabinet.incidents)
    story.given(ev.IncidentClosed(incident=closed, actor="lan"))
    assert told(at(story, TUESDAY, "07:00")) == [("STAFF_DIGEST", "duty")]
    digest = next(iter(story.cabinet.notices.values()))
    assert (digest.count, digest.incident) == (1, closed - 1)


def test_a_quiet_night_has_no_morning_message(story: Story) -> None:
    assert told(at(story, TUESDAY, "07:00")) == []


def test_a_restart_repeats_nothing(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open())
    assert len(told(story)) == 1
    assert told(story.restarted().later(1800)) == []


def test_an_old_incident_that_comes_back_with_a_restored_copy_wakes_nobody(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open())
    assert told(at(story, TUESDAY, "03:00")) == []


def test_with_a_clock_nobody_believes_it_is_night_and_never_morning(story: Story) -> None:
    story.clock = "unset"
    at(story, MONDAY, "10:00").given(left_open(), ev.BoardOutOfService(board="A1", cause="t"))
    assert told(story) == [("STAFF_DOOR", "duty")]


def test_without_a_duty_phone_nothing_is_told_and_nothing_recorded(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open())
    assert told(story, alerts.OnCall()) == []
    assert story.cabinet.alerts.told == ()


def test_what_was_told_is_forgotten_with_its_incident(story: Story) -> None:
    at(story, MONDAY, "21:00").given(left_open())
    told(story)
    (first,) = story.cabinet.incidents
    assert story.cabinet.alerts.told == (first,)
    story.given(ev.IncidentClosed(incident=first, actor="lan"), left_open(2))
    told(story.later(900))
    assert first not in story.cabinet.alerts.told


LOW = ev.Rated(face="poor", reason="wait")


@pytest.mark.parametrize(
    ("rated", "day", "clock", "count"),
    [
        ((LOW, LOW, ev.Rated(face="good"), ev.Rated(face="fair")), TUESDAY, "07:00", 2),
        ((LOW,), MONDAY, "23:59", 0),
        ((LOW,), TUESDAY, "06:59", 0),
        ((ev.Rated(face="fair"),), TUESDAY, "07:00", 0),
    ],
)
def test_the_leader_reads_how_many_were_not_satisfied_the_next_morning(
    story: Story, rated: tuple[ev.Event, ...], day: str, clock: str, count: int
) -> None:
    at(story, MONDAY, "10:00").given(*rated)
    assert told(story) == []
    facts = story_facts(at(story, day, clock))
    assert [(one.template, one.person, one.count) for one in facts] == ([("LEADER_LOW", "leader", count)] * bool(count))
    assert told(story) == []


def story_facts(story: Story) -> list[ev.NoticeQueued]:
    due = story.then(alerts.due(story.cabinet, story.moment, office=OFFICE, on_call=alerts.OnCall(leader=("leader",))))
    return [one for one in due if isinstance(one, ev.NoticeQueued)]


def test_a_low_rating_is_told_to_nobody_where_no_leader_is_named(story: Story) -> None:
    at(story, MONDAY, "10:00").given(LOW)
    assert told(at(story, TUESDAY, "07:00"), alerts.OnCall(duty=("duty",))) == []
