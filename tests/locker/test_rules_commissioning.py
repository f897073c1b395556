"""How boards, locks and door sensors are proved, and what the trial of a door means."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import CompartmentBusy, NotAllowed, PresenceNeeded, WrongStage
from locker.rules import commissioning
from locker.rules.commissioning import Finding, Kind, Outcome, Trial
from tests.locker.story import Story


def trial_granted(story: Story, number: int = 1, **fields: Any) -> list[Any]:
    asked = {"board": "A1", "user": "tho", "role": "technician", "clerk": "", "grant_id": "gp", **fields}
    return story.then(commissioning.grant(story.cabinet, number, **asked))


@pytest.fixture
def replaced(story: Story) -> Story:
    """Something lies in compartment 1, nothing in 2; their board was replaced."""
    story.ready().then(commissioning.take_out(story.cabinet, ["A1"], cause="replaced"))
    return story


# --- one trial


@pytest.mark.parametrize(
    ("trial", "kind", "other"),
    [
        (Trial(5, True, frozenset({5}), 5), "good", 0),
        (Trial(5, True, frozenset(), 0), "does_not_open", 0),
        (Trial(5, True, frozenset({6}), 6), "locks_swapped", 6),
        (Trial(5, False, frozenset({5}), 5), "sensor_inverted", 0),
        (Trial(5, True, frozenset({6}), 5), "sensor_swapped", 6),
        (Trial(5, True, frozenset(), 5), "sensor_silent", 0),
        (Trial(5, False, frozenset(), 5), "sensor_silent", 0),
        (Trial(5, True, frozenset({5, 6}), 5), "sensors_joined", 6),
        (Trial(5, True, frozenset({5}), 0), "moves_alone", 0),
        (Trial(5, True, frozenset({5, 7, 6}), 0), "moves_alone", 6),
        (Trial(5, True, frozenset({5}), 5, returned=False), "sensor_stays", 0),
    ],
)
def test_what_a_trial_shows(trial: Trial, kind: Kind, other: int) -> None:
    assert commissioning.diagnose(trial) == Finding(5, kind, other)


def test_an_exchanged_pair_is_told_once_and_what_is_good_not_at_all() -> None:
    both = {
        6: Finding(6, "locks_swapped", 5),
        5: Finding(5, "locks_swapped", 6),
        7: Finding(7, "good"),
        1: Finding(1, "sensor_silent"),
    }
    assert commissioning.summary(both) == (both[1], both[5])


@pytest.mark.parametrize("other", [Finding(5, "locks_swapped", 7), Finding(5, "sensor_swapped", 6), Finding(5, "good")])
def test_what_is_no_pair_is_told_of_each_door(other: Finding) -> None:
    found = {6: Finding(6, "locks_swapped", 5), 5: other}
    bad = {one.number for one in found.values() if one.kind != "good"}
    assert [one.number for one in commissioning.summary(found)] == sorted(bad)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ([ev.DoorOpened(compartment=5, grant="gp", hand_over="")], Outcome(frozenset({5}), "opened")),
        ([ev.WrongDoorOpened("gp", granted=5, opened=6, board="A1")], Outcome(frozenset({6}), "wrong_door")),
        ([ev.DoorDidNotOpen("gp", compartment=5, hand_over="", pulses=1)], Outcome(frozenset(), "not_seen")),
        ([ev.GrantLapsed("gp", "board_offline")], Outcome(frozenset(), "board_offline")),
        ([], Outcome(frozenset(), "restarted")),
        (
            [
                ev.DoorOpened(compartment=1, grant="g1", hand_over="h1"),
                ev.BoardOutOfService("A2", "stray_coil"),
                ev.DoorDidNotOpen("gp", compartment=5, hand_over="", pulses=1),
            ],
            Outcome(frozenset(), "not_seen"),
        ),
        (
            [ev.GrantIssued("gp", 5, "prove", "", "tho"), ev.WrongDoorOpened("gp", granted=5, opened=6, board="A1")],
            Outcome(frozenset({6}), "wrong_door"),
        ),
    ],
    ids=["opened", "wrong door", "not seen", "lapsed", "nothing", "others between", "after its beginning"],
)
def test_the_outcome_of_a_trial_is_what_the_facts_of_its_own_grant_say(facts: list[ev.Event], outcome: Outcome) -> None:
    told = [(type(one).__name__, {name: getattr(one, name) for name in one.__struct_fields__}) for one in facts]
    assert commissioning.outcome_of("gp", told) == outcome


# --- who may, and when


def test_a_board_to_be_proved_leaves_service_once(story: Story) -> None:
    story.given(ev.BoardOutOfService(board="A1", cause="stray_coil"))
    assert story.then(commissioning.take_out(story.cabinet, ["A1", "A2"], cause="commissioning")) == [
        ev.BoardOutOfService(board="A2", cause="commissioning")
    ]
    assert story.cabinet.boards_out == {"A1": "stray_coil", "A2": "commissioning"}


def test_a_whole_cabinet_is_commissioned_empty(story: Story) -> None:
    commissioning.refuse_loaded(story.cabinet, (1, 2, 3))
    story.loaded("h2", ("r2",), 3).loaded()
    with pytest.raises(CompartmentBusy, match=r"in compartments 1, 3: "):
        commissioning.refuse_loaded(story.cabinet, (3, 2, 1))
    commissioning.refuse_loaded(story.cabinet, (2,))


def test_a_trial_is_a_grant_of_the_technicians(replaced: Story) -> None:
    assert trial_granted(replaced, 2) == [ev.GrantIssued("gp", 2, "prove", "", "tho")]


@pytest.mark.parametrize("role", ["clerk", "centre", ""])
def test_nobody_but_a_technician_or_a_leader_proves_boards(replaced: Story, role: str) -> None:
    with pytest.raises(NotAllowed):
        trial_granted(replaced, 2, role=role)
    assert trial_granted(replaced, 2, role="leader")


def test_a_door_of_a_board_in_service_is_not_tried(replaced: Story) -> None:
    with pytest.raises(WrongStage, match="A2"):
        trial_granted(replaced, 3, board="A2")


def test_a_door_that_is_open_or_opening_is_not_tried(replaced: Story) -> None:
    trial_granted(replaced, 2)
    with pytest.raises(CompartmentBusy):
        trial_granted(replaced, 2, grant_id="gq")
    replaced.given(ev.GrantLapsed("gp", "too_late"))
    replaced.opens(2, window={})
    with pytest.raises(CompartmentBusy):
        trial_granted(replaced, 2, clerk="lan")


def test_a_door_with_something_inside_is_tried_with_a_clerk_beside_who_is_on_record(replaced: Story) -> None:
    with pytest.raises(PresenceNeeded):
        trial_granted(replaced)
    assert trial_granted(replaced, clerk="lan") == [ev.GrantIssued("gp", 1, "prove", "h1", "tho", second="lan")]


@pytest.mark.parametrize("why", ["nothing", "on record", "quarantined", "facts not merged"])
def test_what_a_compartment_may_hold(story: Story, why: str) -> None:
    if why == "on record":
        story.loaded("h2", ("r2",), 2)
    elif why == "quarantined":
        story.opens(2, window={})
    elif why == "facts not merged":
        story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    assert commissioning.may_hold(story.cabinet, 2) == (why != "nothing")


# --- until it serves again


def found(story: Story, number: int, kind: Kind, other: int = 0) -> list[Any]:
    return story.then(commissioning.tried(Finding(number, kind, other), board="A1", user="tho"))


def test_what_a_trial_showed_is_on_record(replaced: Story) -> None:
    assert found(replaced, 1, "locks_swapped", 2) == [ev.DoorTried("A1", 1, "locks_swapped", "tho", other=2)]


def test_a_door_is_left_until_its_last_trial_since_the_board_went_out_was_good(replaced: Story) -> None:
    assert commissioning.left(replaced.cabinet, "A1", (2, 1)) == (1, 2)
    found(replaced, 1, "good")
    found(replaced, 2, "sensor_silent")
    assert commissioning.left(replaced.cabinet, "A1", (2, 1)) == (2,)
    found(replaced, 2, "good")
    assert commissioning.left(replaced.cabinet, "A1", (2, 1)) == ()
    assert commissioning.left(replaced.cabinet, "A2", (3,)) == (3,)
    found(replaced, 1, "does_not_open")
    assert commissioning.left(replaced.cabinet, "A1", (2, 1)) == (1,)
    replaced.given(ev.BoardOutOfService(board="A1", cause="stray_coil"))
    assert commissioning.left(replaced.cabinet, "A1", (2, 1)) == (1, 2)


def test_a_board_serves_again_when_each_of_its_doors_was_found_good(replaced: Story) -> None:
    for number in (1, 2):
        with pytest.raises(WrongStage, match=r"A1: doors .* were not found good"):
            commissioning.prove(replaced.cabinet, "A1", (1, 2), user="tho")
        found(replaced, number, "good")
    facts = replaced.then(commissioning.prove(replaced.cabinet, "A1", (1, 2), user="tho"))
    assert facts[0] == ev.BoardProved(board="A1", actor="tho")
    assert not replaced.cabinet.boards_out
    with pytest.raises(WrongStage, match="A1 is in service"):
        commissioning.prove(replaced.cabinet, "A1", (1, 2), user="tho")


def test_doors_that_are_left_are_named(replaced: Story) -> None:
    with pytest.raises(WrongStage, match="doors 1, 2 were"):
        commissioning.prove(replaced.cabinet, "A1", (2, 1), user="tho")


def test_with_the_last_board_the_incidents_about_boards_end_and_no_others(replaced: Story) -> None:
    replaced.opens(2, window={})
    replaced.then(commissioning.take_out(replaced.cabinet, ["A2"], cause="replaced"))
    opened = {one.kind: one.incident for one in replaced.cabinet.incidents.values()}
    assert set(opened) == {"board_out_of_service", "opened_unasked"}
    assert len(replaced.cabinet.incidents) == 3
    assert replaced.then(commissioning.prove(replaced.cabinet, "A2", (), user="tho")) == [
        ev.BoardProved(board="A2", actor="tho")
    ]
    facts = replaced.then(commissioning.prove(replaced.cabinet, "A1", (), user="tho"))
    assert [getattr(one, "actor", "") for one in facts] == ["tho"] * 3
    assert replaced.incidents() == ["opened_unasked"]
