"""How what is inside is carried from one compartment to another, and is never lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from docs import acts
from locker import events as ev
from locker.refusals import (
    CompartmentBusy,
    NoReachableCompartment,
    PresenceNeeded,
    SecondPersonNeeded,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import clearing, doors, due, loading, moving, pickup
from locker.rules.loading import Actor
from tests.locker.story import Story

AWAY = Actor(user="lan", role="clerk", is_present=False)
TODAY = "2026-11-22"


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def start(story: Story, hand_over: str = "h1", *, actor: Actor | None = None, second: str = "hoa") -> ev.Decision:
    return moving.start(
        story.cabinet,
        hand_over,
        actor or story.clerk,
        grant="gm1",
        today=TODAY,
        places=story.places,
        servable=story.servable,
        second=second,
    )


def door(story: Story, which: moving.Door, grant: str = "gm2") -> ev.Decision:
    return moving.open_door(story.cabinet, "h1", story.clerk, door=which, grant=grant)


def says(story: Story, which: moving.Door) -> list[Any]:
    return story.then(moving.confirm(story.cabinet, "h1", story.clerk, door=which))


def looks(story: Story, number: int, found: ev.Found) -> list[str]:
    return kinds(story.then(clearing.looked(story.cabinet, number, story.clerk, found=found)))


def cycle(story: Story, number: int) -> list[Any]:
    return [*story.opens(number), *story.closes(number)]


def taken(story: Story) -> Story:
    """Out of compartment 1 and in the clerk's hands."""
    story.ready()
    story.then(start(story))
    cycle(story, 1)
    return story


def arrived(story: Story) -> Story:
    taken(story).then(door(story, "target"))
    cycle(story, 2)
    return story


def stalled(story: Story) -> Story:
    story.then(due.facts(story.later(601).cabinet, story.moment, due.Timing()))
    return story


def test_it_is_on_record_behind_the_second_door_when_that_has_closed_and_certain_when_the_clerk_says_so(
    story: Story,
) -> None:
    story.ready()
    assert kinds(story.then(start(story))) == ["MoveStarted", "GrantIssued"]
    assert (story.one().compartment, story.one().uncertain) == (1, "")
    assert kinds(cycle(story, 1)) == ["DoorOpened", "DoorClosed"]
    assert (story.one().compartment, story.one().uncertain) == (1, "moving")
    story.then(door(story, "target"))
    assert kinds(cycle(story, 2)) == ["DoorOpened", "DoorClosed", "Moved"]
    assert (story.one().compartment, story.one().uncertain) == (2, "moving")
    assert [story.cabinet.compartment(number).hand_over for number in (1, 2)] == ["", "h1"]
    assert kinds(says(story, "target")) == ["Settled"]
    assert (story.one().compartment, story.one().uncertain, story.one().stage) == (2, "", "loaded")
    assert story.cabinet.compartment(1).is_free
    assert story.cabinet.moves == {}
    assert story.incidents() == []
    story.then(story.submit())
    assert story.cabinet.grants["g1"].compartment == 2


def test_the_owner_hears_once_that_it_is_within_reach_and_the_incident_is_over(story: Story) -> None:
    story.ready().given(ev.ReachAsked(hand_over="h1", compartment=1, visit="v9"))
    assert story.incidents() == ["out_of_reach"]
    story.then(start(story, second=""))
    cycle(story, 1)
    story.then(door(story, "target"))
    cycle(story, 2)
    assert story.incidents() == []
    assert not story.one().is_out_of_reach
    settled, told = says(story, "target")
    assert settled == ev.Settled(hand_over="h1", compartment=2, outcome="inside", evidence="clerk", actor="lan")
    assert (told.template, told.person, told.results) == ("LOWERED", "p-an", ("r1",))
    assert told.notice == "h1-lowered-2", "a later move is told anew"
    assert story.cabinet.codes.keys() == {"c1"}


def test_nobody_is_told_of_a_move_nobody_asked_for(story: Story) -> None:
    assert kinds(says(arrived(story), "target")) == ["Settled"]


def test_without_a_low_compartment_nothing_begins(story: Story) -> None:
    story.ready().given(ev.ReachAsked(hand_over="h1", compartment=1, visit="v9"))
    story.servable = frozenset({1, 4})
    with pytest.raises(NoReachableCompartment):
        start(story)


def test_what_is_not_on_todays_list_needs_a_second_person(story: Story) -> None:
    with pytest.raises(SecondPersonNeeded):
        start(story.ready(), second="")


def test_only_what_is_inside_for_certain_is_moved_and_only_by_who_is_there(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        start(story)
    story.ready()
    with pytest.raises(PresenceNeeded):
        start(story, actor=AWAY)
    story.loaded("h2", ("r2",), 3, "binh")
    story.then(start(story))
    with pytest.raises(WrongStage):
        start(story, "h2")
    with pytest.raises(CompartmentBusy):
        start(story)


@pytest.mark.parametrize(
    "fact",
    [
        ev.ResultCancelled(wish=9, result="r1"),
        ev.Disputed(hand_over="h1", compartment=1, kind="empty"),
        ev.DoorOpenedUnasked(compartment=1),
    ],
)
def test_what_waits_for_a_clerk_is_not_moved(story: Story, fact: ev.Event) -> None:
    story.ready().given(fact, ev.DoorClosed(compartment=1, hand_over="h1"))
    with pytest.raises(WrongStage):
        start(story)


def test_the_doors_open_in_their_order_and_never_both(story: Story) -> None:
    story.ready().then(start(story))
    for which in ("source", "target"):
        with pytest.raises(CompartmentBusy):
            door(story, which)
    story.opens(1)
    with pytest.raises(CompartmentBusy):
        door(story, "target")
    story.closes(1)
    with pytest.raises(WrongStage):
        says(story, "target")
    story.then(door(story, "target"))
    cycle(story, 2)
    with pytest.raises(WrongStage):
        door(story, "source")
    with pytest.raises(WrongStage):
        says(story, "source")
    story.then(door(story, "target", "gm3"))
    assert kinds(cycle(story, 2)) == ["DoorOpened", "DoorClosed"]


def test_a_door_that_never_opened_ends_the_move_without_a_trace(story: Story) -> None:
    story.ready().then(start(story))
    story.then(doors.did_not_open(story.cabinet, "gm1", pulses=3))
    assert kinds(says(story, "source")) == ["MoveGivenUp"]
    assert story.cabinet.compartment(2).is_free
    assert (story.one().uncertain, story.one().trains) == ("", 0)


def test_it_may_go_back_where_it_was(story: Story) -> None:
    taken(story).then(door(story, "source"))
    cycle(story, 1)
    assert kinds(says(story, "source")) == ["Settled"]
    assert (story.one().compartment, story.one().uncertain) == (1, "")
    assert story.cabinet.compartment(2).is_free


def test_a_second_door_that_stays_shut_waits_for_a_look_and_is_not_chosen_again(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.then(doors.did_not_open(story.cabinet, "gm2", pulses=3))
    story.then(door(story, "source", "gm3"))
    cycle(story, 1)
    story.then(door(story, "target", "gm4"))
    story.then(doors.did_not_open(story.cabinet, "gm4", pulses=3))
    says(story, "source")
    assert story.one().trains == 0, "its own door has opened"
    assert story.cabinet.compartment(2).quarantine == "door_did_not_open"
    started, _grant = start(story).events
    assert isinstance(started, ev.MoveStarted)
    assert started.target == 3


@pytest.mark.parametrize(("number", "where"), [(1, "put"), (2, "confirm")])
def test_a_door_the_sensor_did_not_see_goes_by_the_clerks_word(story: Story, number: int, where: str) -> None:
    story.ready().then(start(story))
    if number == 2:
        cycle(story, 1)
        story.then(door(story, "target", "gm1"))
    story.then(doors.did_not_open(story.cabinet, "gm1", pulses=3))
    said = story.then(loading.answer(story.cabinet, "h1", story.clerk, did_open=True))
    assert said[0].compartment == number
    assert story.cabinet.compartment(number).is_suspect
    assert moving.step(story.cabinet.moves["h1"]) == where
    assert story.one().uncertain == "moving"
    assert (story.one().trains, story.one().is_asked) == (0 if number == 2 else 1, False)


def test_a_move_stalls_ten_minutes_after_the_clerks_latest_word(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.then(doors.did_not_open(story.cabinet, "gm2", pulses=3))
    story.later(500).then(loading.answer(story.cabinet, "h1", story.clerk, did_open=True))
    assert due.facts(story.later(599.9).cabinet, story.moment, due.Timing()).events == ()
    assert kinds(story.then(due.facts(story.later(0.1).cabinet, story.moment, due.Timing()))) == ["MoveStalled"]


def test_a_sensor_that_shows_the_second_door_open_for_ever_is_overruled(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.opens(2)
    assert kinds(story.then(loading.shut(story.cabinet, "h1", story.clerk))) == ["SensorSuspected", "Moved"]
    says(story, "target")
    assert (story.one().compartment, story.one().uncertain) == (2, "")


def test_the_owner_waits_while_it_is_carried_and_is_served_when_nobody_ends_it(story: Story) -> None:
    taken(story)
    with pytest.raises(CompartmentBusy):
        story.submit()
    with pytest.raises(CompartmentBusy):
        clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY)
    for number in (1, 2):
        with pytest.raises(CompartmentBusy):
            clearing.inspect(story.cabinet, number, story.clerk, grant="gi", today=TODAY)
        with pytest.raises(WrongStage):
            looks(story, number, "empty")
    stalled(story).then(story.submit())
    assert story.cabinet.grants["g1"].compartment == 1


# --- a power cut at any instant


STEPS: list[Callable[[Story], Any]] = [
    lambda story: story.then(start(story)),
    lambda story: story.opens(1),
    lambda story: story.closes(1),
    lambda story: story.then(door(story, "target")),
    lambda story: story.opens(2),
    lambda story: story.closes(2),
]


@pytest.mark.parametrize("cut", range(1, len(STEPS) + 1))
def test_a_power_cut_at_any_instant_leaves_it_in_a_known_place_and_the_clerk_goes_on(story: Story, cut: int) -> None:
    story.ready()
    for one in STEPS[:cut]:
        one(story)
    story.restarted()
    assert story.cabinet.grants == {}
    assert story.one().compartment in (1, 2)
    assert not story.cabinet.compartment(1).is_free or cut == len(STEPS)
    assert not story.cabinet.compartment(2).is_free
    assert story.one().uncertain
    for number in (1, 2):
        story.then(doors.settle(story.cabinet, number, is_open=False, board="A1", moment=story.moment))
    for grant in ("gn1", "gn2"):
        move = story.cabinet.moves["h1"]
        if not move.is_moved:
            story.then(door(story, "target" if move.is_taken else "source", grant))
            cycle(story, 2 if move.is_taken else 1)
    says(story, "target")
    assert (story.one().compartment, story.one().uncertain) == (2, "")
    assert story.cabinet.compartment(1).is_free
    assert story.incidents() == []


def test_once_a_door_of_it_opened_unasked_the_other_one_books_nothing(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.opens(2)
    assert kinds(story.later(6).opens(1, window={})) == ["DoorOpenedUnasked"]
    assert kinds(story.closes(2)) == ["DoorClosed"]
    assert (story.one().compartment, story.one().uncertain) == (1, "opened_unasked")


def test_once_a_door_of_it_was_found_open_after_a_cut_the_other_one_is_not_taken_for_the_granted(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.restarted()
    for number in (1, 2):
        found = story.then(doors.settle(story.cabinet, number, is_open=True, board="A1", moment=story.moment))
        assert kinds(found) == ["DoorOpenedUnasked"]


def test_a_door_that_springs_open_when_the_move_has_ended_moves_nothing(story: Story) -> None:
    says(arrived(story), "target")
    story.later(2)
    assert kinds([*story.opens(2, window={}), *story.closes(2)]) == ["DoorOpened", "DoorClosed"]
    assert (story.one().compartment, story.one().uncertain, story.cabinet.moves) == (2, "", {})


def test_a_door_found_open_after_a_cut_is_the_one_that_was_granted(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.restarted()
    story.then(doors.settle(story.cabinet, 1, is_open=False, board="A1", moment=story.moment))
    story.then(doors.settle(story.cabinet, 2, is_open=True, board="A1", moment=story.moment))
    assert story.incidents() == []
    assert kinds(story.closes(2)) == ["DoorClosed", "Moved"]


# --- nobody ends it


def test_a_stalled_move_is_looked_for_in_both_compartments(story: Story) -> None:
    taken(story).then(door(story, "target"))
    story.then(doors.did_not_open(story.cabinet, "gm2", pulses=3))
    stalled(story)
    assert not story.one().is_asked, "a door that opens now is an alarm"
    assert story.incidents() == ["move_stalled"]
    assert [story.cabinet.compartment(number).quarantine for number in (1, 2)] == ["move_stalled"] * 2
    with pytest.raises(WrongStage):
        clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY)


@pytest.mark.parametrize(
    ("first", "second", "where", "incidents"),
    [
        ((1, "as_recorded"), (2, "empty"), 1, []),
        ((2, "as_recorded"), (1, "empty"), 2, []),
        ((1, "empty"), (2, "as_recorded"), 2, []),
        ((2, "empty"), (1, "as_recorded"), 1, []),
        ((1, "empty"), (2, "empty"), 0, ["missing"]),
        ((2, "empty"), (1, "empty"), 0, ["missing"]),
    ],
)
def test_two_looks_say_where_a_stalled_move_ended(
    story: Story,
    first: tuple[int, ev.Found],
    second: tuple[int, ev.Found],
    where: int,
    incidents: list[str],
) -> None:
    stalled(taken(story))
    looks(story, *first)
    looks(story, *second)
    assert story.cabinet.moves == {}
    if where:
        assert (story.one().compartment, story.one().uncertain) == (where, "")
        assert story.cabinet.compartment(where).quarantine == ""
        assert story.cabinet.compartment(3 - where).is_free
    else:
        assert "h1" not in story.cabinet.hand_overs
    assert story.incidents() == incidents


def test_a_move_that_never_began_is_forgotten_after_ten_minutes(story: Story) -> None:
    story.ready().then(start(story))
    story.then(doors.lapse(story.cabinet, "gm1", cause="too_late"))
    stalled(story)
    assert (story.cabinet.moves, story.one().uncertain, story.incidents()) == ({}, "", [])
    assert story.cabinet.compartment(2).is_free


def test_what_is_collected_from_a_stalled_move_frees_what_was_kept_for_it(story: Story) -> None:
    stalled(taken(story)).then(story.submit())
    cycle(story, 1)
    story.then(pickup.leave(story.cabinet, visit="v1"))
    assert story.cabinet.moves == {}
    assert story.cabinet.compartment(2).hand_over == ""
    assert story.cabinet.compartment(2).quarantine == "move_stalled"


def test_in_every_order_of_acts_it_stays_on_record_behind_one_of_its_two_doors() -> None:
    """Every order of what clerks, doors, time and power cuts do to a move, from `docs.acts`."""
    moves = next(scene for scene in acts.SCENES if scene.acts is acts.MOVE)
    met = set()
    for before, fact, after in acts.walk(moves):
        met.add(type(fact).__name__)
        if not before.hand_overs:
            continue
        if not after.hand_overs:
            assert isinstance(fact, ev.Settled)
            assert fact.outcome == "gone"
            assert "missing" in [one.kind for one in after.incidents.values()]
            continue
        (one,) = after.hand_overs.values()
        assert after.compartment(one.compartment).hand_over == one.hand_over
        held = {number for number in acts.PLACES if after.compartment(number).hand_over}
        move = after.moves.get(one.hand_over)
        assert held == {one.compartment} | ({move.target} if move is not None and move.target else set())
        assert move is None or not move.is_taken or one.uncertain, "nobody may think it certain while it is carried"
        assert move is not None or one.uncertain != "moving", "what is not carried any more is somewhere for certain"
    assert {"MoveStarted", "Moved", "MoveGivenUp", "MoveStalled", "Settled", "RunStarted"} <= met
