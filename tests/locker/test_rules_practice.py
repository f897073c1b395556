"""An elder tries the cabinet once at an empty door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.refusals import BoardOffline, CompartmentBusy, NoFreeCompartment, NotAllowed, PresenceNeeded, WrongStage
from locker.rules import due, practice
from locker.rules.loading import Actor
from locker.rules.quiet_hours import Daytime
from tests.locker.story import Story

DAY = Daytime(zone=ZoneInfo("Asia/Ho_Chi_Minh"))


def at(story: Story, hour: int) -> Story:
    story.utc_ms = int(datetime(2026, 11, 23, hour - 7, tzinfo=UTC).timestamp() * 1000)
    return story


def choose(story: Story, actor: Actor | None = None) -> int:
    return practice.choose(
        story.cabinet,
        actor or story.clerk,
        places=story.places,
        servable=story.servable,
        day=DAY,
        moment=story.moment,
    )


def begin(story: Story, number: int = 2) -> list[Any]:
    decision = practice.begin(story.cabinet, number, visit="v1", grant="g1", actor="lan", servable=story.servable)
    return story.then(decision)


def test_an_empty_door_within_reach_opens_once_and_nothing_is_booked(story: Story) -> None:
    at(story, 9).loaded("h3", ("r3",), 3)
    assert choose(story) == 2
    before = story.cabinet.hand_overs
    assert begin(story) == [
        ev.PracticeBegan(visit="v1", compartment=2, actor="lan"),
        ev.GrantIssued(grant="g1", compartment=2, purpose="practice", hand_over="", actor="citizen", visit="v1"),
    ]
    assert [type(fact) for fact in story.opens(2)] == [ev.DoorOpened]
    with pytest.raises(WrongStage):
        practice.end(story.cabinet, visit="v1")
    assert [type(fact) for fact in story.closes(2)] == [ev.DoorClosed]
    story.then(practice.end(story.cabinet, visit="v1"))
    assert story.cabinet.visit is None
    assert story.cabinet.hand_overs == before
    assert story.cabinet.compartment(2).is_free
    assert story.incidents() == []


def test_practice_needs_somebody_there_and_daylight(story: Story) -> None:
    with pytest.raises(PresenceNeeded):
        choose(at(story, 9), Actor(user="lan", role="clerk", is_present=False))
    with pytest.raises(NotAllowed):
        choose(at(story, 22))
    story.clock = "unset"
    with pytest.raises(NotAllowed):
        choose(at(story, 9))


def test_a_full_cabinet_and_high_doors_are_nothing_to_practise_at(story: Story) -> None:
    at(story, 9).loaded("h2", ("r2",), 2).loaded("h3", ("r3",), 3)
    with pytest.raises(NoFreeCompartment):
        choose(story)


def test_a_door_that_was_filled_meanwhile_or_a_guest_at_the_kiosk_stops_it(story: Story) -> None:
    story.ready()
    with pytest.raises(CompartmentBusy):
        begin(story, 1)
    story.then(story.submit())
    with pytest.raises(CompartmentBusy):
        begin(story, 2)
    story.servable = frozenset()
    with pytest.raises(BoardOffline):
        begin(story, 2)


def test_a_practice_nobody_ends_ends_by_itself_once_the_door_is_shut(story: Story) -> None:
    begin(story)
    story.opens(2)
    story.later(120)
    assert due.facts(story.cabinet, story.moment, due.Timing()).events == ()
    story.closes(2)
    story.later(100)
    (ended,) = due.facts(story.cabinet, story.moment, due.Timing()).events
    assert isinstance(ended, ev.VisitEnded)


def test_a_power_cut_ends_a_practice(story: Story) -> None:
    begin(story)
    story.restarted()
    assert (story.cabinet.visit, story.cabinet.grants) == (None, {})
