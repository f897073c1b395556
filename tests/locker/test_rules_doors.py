"""What a door's movement means."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import WrongStage
from locker.rules import doors, due, loading, pickup
from tests.locker.story import Story


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def times_out(story: Story, seconds: float) -> list[Any]:
    return story.then(due.facts(story.later(seconds).cabinet, story.moment, due.Timing()))


# --- opening


def test_an_opening_within_its_own_pulse_window_is_its_grants(story: Story) -> None:
    story.ready().then(story.submit())
    assert story.opens(window={"g1": 2}) == [ev.DoorOpened(compartment=1, grant="g1", hand_over="h1", pulses=2)]


def test_an_opening_before_the_first_pulse_is_unasked(story: Story) -> None:
    story.ready().then(story.submit())
    assert kinds(story.opens(window={})) == ["DoorOpenedUnasked"]


def test_a_second_edge_to_open_is_nothing_new(story: Story) -> None:
    assert story.at_the_door().opens() == []


def test_an_opening_without_a_grant_quarantines_and_calls_somebody(story: Story) -> None:
    assert kinds(story.ready().opens(window={})) == ["DoorOpenedUnasked"]
    place = story.cabinet.compartment(1)
    assert (place.quarantine, story.one().uncertain, story.incidents()) == (
        "opened_unasked",
        "opened_unasked",
        ["opened_unasked"],
    )


def test_a_door_that_opened_unasked_is_left_open_ten_minutes_from_then(story: Story) -> None:
    story.later(3_600).opens(2, window={})
    assert times_out(story, 599.9) == []
    assert kinds(times_out(story, 0.1)) == ["LeftOpen"]


def test_an_empty_compartment_opened_unasked_takes_nothing_new_until_a_clerk_looked(story: Story) -> None:
    story.opens(2, window={})
    story.closes(2)
    assert not story.cabinet.compartment(2).is_free


def test_the_closing_of_a_door_that_opened_unasked_books_nothing(story: Story) -> None:
    story.ready().opens(window={})
    assert kinds(story.closes()) == ["DoorClosed"]
    assert story.one().stage == "loaded"


def test_the_owner_collects_what_was_opened_unasked_and_the_incident_stays(story: Story) -> None:
    story.ready().opens(window={})
    story.closes()
    story.then(story.submit())
    story.opens()
    assert "Collected" in kinds(story.closes())
    assert story.incidents() == ["opened_unasked"]


def test_a_door_pulled_late_while_its_person_is_asked_was_opened_by_that_train(story: Story) -> None:
    story.ready().then(story.submit())
    story.then(doors.did_not_open(story.cabinet, "g1", pulses=3))
    assert story.later(4).opens(window={}) == [ev.DoorOpened(compartment=1, grant="", hand_over="h1", pulses=0)]
    assert not story.one().is_asked
    assert "Collected" in kinds(story.closes())


def test_after_the_answer_a_late_opening_is_unasked(story: Story) -> None:
    story.unseen().then(pickup.answer(story.cabinet, "h1", visit="v1", said="door_stayed_shut"))
    assert kinds(story.opens(window={})) == ["DoorOpenedUnasked"]


@pytest.mark.parametrize(("seconds", "kind"), [(4.9, "DoorOpened"), (5, "DoorOpenedUnasked")])
def test_a_door_that_springs_open_within_five_seconds_did_not_latch(story: Story, seconds: float, kind: str) -> None:
    story.collected().later(seconds)
    assert kinds(story.opens(window={})) == [kind]


def test_a_bounce_books_nothing_twice(story: Story) -> None:
    story.collected().later(1).opens(window={})
    assert kinds(story.closes()) == ["DoorClosed"]
    assert story.one().stage == "collected"


def test_an_emptied_compartment_may_bounce_as_well(story: Story) -> None:
    story.collected().then(pickup.leave(story.cabinet, visit="v1"))
    assert kinds(story.later(1).opens(window={})) == ["DoorOpened"]


def test_a_bounce_is_of_the_opening_before_it_not_of_a_grant_that_opened_nothing(story: Story) -> None:
    story.ready().later(-9).then(story.submit())
    story.then(doors.lapse(story.cabinet, "g1", cause="BusOffline"))
    assert kinds(story.opens(window={})) == ["DoorOpened"]
    assert kinds(story.closes()) == ["DoorClosed"], "the clerk's door sprang open again; nobody collected"
    assert story.one().stage == "loaded"


def test_a_door_forced_open_twice_in_a_row_is_no_bounce(story: Story) -> None:
    story.ready().opens(window={})
    story.closes()
    assert kinds(story.later(1).opens(window={})) == ["DoorOpenedUnasked"]
    story.closes()
    assert story.one().stage == "loaded"


# --- the wrong door


def test_another_door_in_the_pulse_window_is_the_wrong_one_and_books_nothing(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").ready().then(story.submit())
    assert story.opens(2, window={"g1": 1}) == [ev.WrongDoorOpened(grant="g1", granted=1, opened=2, board="A1")]
    assert story.cabinet.compartment(1).quarantine == story.cabinet.compartment(2).quarantine == "wrong_door"
    assert (story.cabinet.boards_out, story.incidents(), story.cabinet.grants) == (
        {"A1": "wrong_door"},
        ["wrong_door"],
        {},
    )
    assert story.one("h2").uncertain == story.one("h1").uncertain == "wrong_door"
    (incident,) = story.cabinet.incidents.values()
    assert (incident.compartment, incident.hand_over) == (2, "h2"), "who may have been robbed is behind that door"
    assert kinds(story.closes(2)) == ["DoorClosed"]
    assert {one.stage for one in story.cabinet.hand_overs.values()} == {"loaded"}


def test_when_the_granted_door_opened_too_neither_is_booked(story: Story) -> None:
    story.at_the_door()
    story.opens(2, window={"g1": 1})
    assert kinds(story.closes(1)) == ["DoorClosed"]
    assert (story.one().stage, story.one().uncertain, story.one().open_for) == ("loaded", "wrong_door", "")
    assert story.cabinet.codes, "what was not handed over is not spent"


def test_a_granted_door_that_opens_after_the_wrong_one_is_not_booked_either(story: Story) -> None:
    story.ready().then(story.submit())
    story.opens(2, window={"g1": 1})
    assert kinds(story.opens(1, window={"g1": 1})) == ["DoorOpenedUnasked"]
    story.closes(1)
    assert story.one().stage == "loaded"


def test_a_door_whose_own_train_has_not_begun_is_the_wrong_one_in_anothers_window(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").ready().then(story.submit())
    story.given(ev.GrantIssued(grant="g2", compartment=2, purpose="inspect", hand_over="h2", actor="lan"))
    assert kinds(story.opens(2, window={"g1": 1})) == ["WrongDoorOpened"]
    assert not story.cabinet.grants, "no train goes on at either door"


def test_a_door_in_its_own_window_is_right_beside_another_window(story: Story) -> None:
    story.ready().then(story.submit())
    story.given(ev.GrantIssued(grant="g2", compartment=2, purpose="inspect", hand_over="", actor="lan"))
    assert kinds(story.opens(2, window={"g1": 1, "g2": 1})) == ["DoorOpened"]


def test_a_wrong_door_is_forgotten_by_no_window_that_is_over(story: Story) -> None:
    assert kinds(story.ready().opens(2, window={"gone": 1})) == ["DoorOpenedUnasked"]


# --- closing


def test_a_load_is_booked_at_the_closing_after_the_opening(story: Story) -> None:
    story.announced().load_granted()
    story.opens()
    assert story.one().stage == "loading"
    assert kinds(story.closes()) == ["DoorClosed", "Loaded"]


def test_a_pickup_is_booked_at_the_closing_and_tells_the_owner(story: Story) -> None:
    facts = story.at_the_door().closes()
    assert kinds(facts) == ["DoorClosed", "Collected", "CodesRevoked", "NoticeQueued"]
    assert facts[1].evidence == "door_cycle"
    told = facts[3]
    assert (told.notice, told.template, told.person, told.code) == ("h1-collected", "COLLECTED", "p-an", "")
    assert list(story.cabinet.notices) == ["h1-collected"], "the notice with the spent code does not go out"


def test_what_an_inspection_opened_books_nothing(story: Story) -> None:
    story.ready().given(ev.GrantIssued(grant="gi", compartment=1, purpose="inspect", hand_over="h1", actor="lan"))
    story.opens()
    assert kinds(story.closes()) == ["DoorClosed"]
    assert story.one().stage == "loaded"


def test_a_closed_door_that_was_closed_is_nothing_new(story: Story) -> None:
    assert story.ready().closes() == []


@pytest.mark.parametrize(
    ("is_announced", "is_cancelled", "told"),
    [(True, False, ["EXPIRED"]), (True, True, ["WITHDRAWN"]), (False, False, []), (False, True, [])],
)
def test_a_reclaim_tells_the_owner_only_what_he_had_heard_of(
    story: Story, is_announced: bool, is_cancelled: bool, told: list[str]
) -> None:
    story.loaded()
    if is_announced:
        story.coded()
    if is_cancelled:
        story.given(ev.ResultCancelled(wish=9, result="r1"))
    story.given(ev.GrantIssued(grant="gr", compartment=1, purpose="reclaim", hand_over="h1", actor="hoa"))
    story.opens()
    facts = story.closes()
    assert facts[1] == ev.Reclaimed(hand_over="h1", compartment=1, results=("r1",), actor="hoa")
    assert [one.template for one in facts if isinstance(one, ev.NoticeQueued)] == told
    assert not story.cabinet.results


# --- left open


def test_a_door_left_open_is_uncertain_and_lets_everybody_else_go_on(story: Story) -> None:
    story.at_the_door()
    assert kinds(times_out(story, 600)) == ["LeftOpen"]
    assert (story.one().uncertain, story.cabinet.compartment(1).quarantine) == ("left_open", "left_open")
    assert (story.cabinet.visit, story.cabinet.grants) == (None, {})
    assert times_out(story, 9_999) == [], "reminders stop"


def test_closing_a_door_that_was_left_open_books_nothing_and_the_code_stays_good(story: Story) -> None:
    times_out(story.at_the_door(), 600)
    assert kinds(story.closes()) == ["DoorClosed"]
    assert (story.one().stage, story.one().uncertain) == ("loaded", "left_open")
    assert story.submit(visit="v2", grant="g2").refusal is None


def test_a_door_left_open_that_bounces_after_closing_books_nothing(story: Story) -> None:
    times_out(story.at_the_door(), 600)
    story.closes()
    story.later(1).opens(window={})
    assert kinds(story.closes()) == ["DoorClosed"]


def test_a_load_left_open_does_not_hold_up_the_next_one(story: Story) -> None:

    story.announced().load_granted()
    story.opens()
    times_out(story, 600)
    assert not loading.is_loading(story.cabinet)
    story.closes()
    assert (story.one().stage, story.one().uncertain) == ("loading", "left_open")


def test_left_open_keeps_what_was_uncertain_before(story: Story) -> None:
    story.ready().opens(window={})
    times_out(story, 600)
    assert (story.one().uncertain, story.cabinet.compartment(1).quarantine) == ("opened_unasked", "opened_unasked")


def test_a_re_opened_door_left_open_stays_handed_over(story: Story) -> None:
    story.collected().then(pickup.reopen(story.cabinet, "h1", visit="v1", grant="g2", moment=story.moment))
    story.opens()
    times_out(story, 600)
    assert "h1" not in story.cabinet.hand_overs
    story.closes()
    assert story.cabinet.compartment(1).quarantine == "left_open"


# --- sensors


def test_a_sensor_that_reads_open_before_the_pulse_is_suspect_and_never_counts_as_open(story: Story) -> None:
    story.ready().opens(window={})
    story.then(story.submit())
    assert kinds(story.then(doors.suspect(story.cabinet, 1))) == ["SensorSuspected"]
    assert not story.cabinet.compartment(1).is_open
    assert story.cabinet.grant_on(1) is not None, "a broken sensor refuses nobody"
    assert doors.suspect(story.cabinet, 1).events == ()


def test_a_suspect_compartment_takes_nothing_new(story: Story) -> None:
    story.given(ev.SensorSuspected(compartment=2, cause="open_before_pulse"))
    assert not story.cabinet.compartment(2).is_free


def test_a_door_open_on_record_whose_sensor_turns_out_broken_is_unsettled(story: Story) -> None:
    story.at_the_door().given(ev.SensorSuspected(compartment=1, cause="contradicted"))
    assert (story.one().uncertain, story.one().open_for, story.cabinet.grants) == ("sensor_suspect", "", {})


def test_only_an_open_door_can_be_said_to_be_shut(story: Story) -> None:
    with pytest.raises(WrongStage):
        doors.contradicted(story.ready().cabinet, story.one(), actor="lan", evidence="clerk")
    story.given(ev.DoorOpenedUnasked(compartment=1))
    assert story.cabinet.compartment(1).is_open
    with pytest.raises(WrongStage):
        doors.contradicted(story.cabinet, story.one(), actor="lan", evidence="clerk")


# --- trains that end


def test_a_train_without_a_pulse_asks_nobody(story: Story) -> None:
    story.ready().then(story.submit())
    assert story.then(doors.did_not_open(story.cabinet, "g1", pulses=0)) == [
        ev.GrantLapsed(grant="g1", cause="not_pulsed"),
        ev.CameInVain(hand_over="h1", compartment=1, results=("r1",), cause="away"),
    ]
    assert (story.one().is_asked, story.one().uncertain, story.one().trains) == (False, "", 0)


def test_a_train_that_ends_after_the_opening_says_nothing(story: Story) -> None:
    story.at_the_door()
    assert doors.did_not_open(story.cabinet, "g1", pulses=3).events == ()
    assert doors.lapse(story.cabinet, "g1", cause="BusOffline").events == ()
    assert doors.did_not_open(story.cabinet, "g-unknown", pulses=3).events == ()


def test_a_grant_that_lapses_unpulsed_costs_nothing(story: Story) -> None:
    story.ready().then(story.submit())
    story.then(doors.lapse(story.cabinet, "g1", cause="BusOffline"))
    assert (story.one().uncertain, story.cabinet.grants) == ("", {})
    assert story.submit(grant="g2").refusal is None


def test_a_pulse_into_a_line_that_died_leaves_it_uncertain_until_the_door_is_seen(story: Story) -> None:
    story.ready().then(story.submit())
    story.then(doors.lapse(story.cabinet, "g1", cause="BusOffline", pulses=1))
    assert (story.one().uncertain, story.one().dead_purpose) == ("lapsed", "collect")
    assert story.opens(found=True) == [ev.DoorOpened(compartment=1, grant="", hand_over="h1", pulses=0, found=True)]
    assert "Collected" in kinds(story.closes())


# --- restarts


def test_a_restart_after_the_grant_kills_it_and_the_code_stays_good(story: Story) -> None:
    story.ready().then(story.submit())
    story.restarted()
    assert (story.cabinet.grants, story.one().uncertain, story.cabinet.visit) == ({}, "restarted", None)
    assert kinds(story.then(story.submit(visit="v2", grant="g2"))) == ["CodeAccepted", "GrantIssued"]


def test_a_door_found_open_after_a_restart_was_opened_by_the_dead_grant(story: Story) -> None:
    story.ready().then(story.submit())
    story.restarted()
    assert kinds(story.opens(found=True)) == ["DoorOpened"]
    assert kinds(story.closes()) == ["DoorClosed", "Collected", "CodesRevoked", "NoticeQueued"]


def test_an_owner_who_was_faster_than_the_first_reading_gets_that_opening(story: Story) -> None:
    story.ready().then(story.submit())
    story.restarted().then(story.submit(visit="v2", grant="g2"))
    assert story.opens(found=True, window={}) == [
        ev.DoorOpened(compartment=1, grant="g2", hand_over="h1", pulses=0, found=True)
    ]


def test_a_door_found_open_without_any_grant_is_unasked(story: Story) -> None:
    assert story.ready().restarted().opens(found=True, window={}) == [ev.DoorOpenedUnasked(compartment=1, found=True)]


def test_a_dead_grant_ends_at_the_first_closed_reading(story: Story) -> None:
    story.ready().then(story.submit())
    story.restarted()
    assert kinds(story.closes()) == ["DoorClosed"]
    assert (story.one().uncertain, story.one().dead_purpose) == ("restarted", "")
    assert story.closes() == [], "that is put on record once"
    assert kinds(story.later(60).opens(found=True, window={})) == ["DoorOpenedUnasked"], "hours later it is an alarm"


def test_an_opening_on_record_and_a_closed_door_after_the_restart_are_a_full_cycle(story: Story) -> None:
    story.at_the_door().restarted()
    assert kinds(story.closes()) == ["DoorClosed", "Collected", "CodesRevoked", "NoticeQueued"]
    assert story.cabinet.compartment(1).is_free


def test_a_door_still_open_after_the_restart_is_booked_when_it_closes(story: Story) -> None:
    story.at_the_door().restarted()
    assert story.opens(found=True) == []
    assert "Collected" in kinds(story.later(5).closes())


def test_a_door_still_open_after_the_restart_is_left_open_ten_minutes_later(story: Story) -> None:
    story.at_the_door().restarted()
    assert times_out(story, 599) == []
    assert kinds(times_out(story, 1)) == ["LeftOpen"]


def test_a_reclaim_cut_by_the_power_is_booked_to_the_clerk_who_began_it(story: Story) -> None:
    story.ready().given(ev.GrantIssued(grant="gr", compartment=1, purpose="reclaim", hand_over="h1", actor="hoa"))
    story.opens()
    story.restarted()
    assert next(one for one in story.closes() if isinstance(one, ev.Reclaimed)).actor == "hoa"


def test_a_load_cut_by_the_power_before_its_opening_is_uncertain_and_may_be_opened_again(story: Story) -> None:
    story.announced().load_granted().restarted()
    assert (story.one().stage, story.one().uncertain) == ("loading", "restarted")


def test_a_restart_after_the_booking_ends_the_visit_and_frees_the_compartment(story: Story) -> None:
    story.collected().restarted()
    assert not story.cabinet.hand_overs
    assert story.cabinet.compartment(1).is_free


def test_a_restart_while_the_citizen_is_asked_leaves_it_uncertain(story: Story) -> None:
    story.unseen().restarted()
    assert (story.one().uncertain, story.one().is_asked, story.one().trains) == ("not_seen_open", False, 0)
    assert story.submit(visit="v2", grant="g7").refusal is None


def test_a_suspect_door_is_not_settled_by_its_sensor(story: Story) -> None:
    story.ready().given(ev.SensorSuspected(compartment=1, cause="open_before_pulse"))
    story.then(story.submit())
    story.restarted()
    for is_open in (True, False):
        assert doors.settle(story.cabinet, 1, is_open=is_open, board="A1", moment=story.moment).events == ()


def test_settling_is_the_first_good_reading(story: Story) -> None:
    story.at_the_door().restarted()
    assert kinds(list(doors.settle(story.cabinet, 1, is_open=False, board="A1", moment=story.moment).events))[0] == (
        "DoorClosed"
    )
    assert doors.settle(story.cabinet, 2, is_open=True, board="A1", moment=story.moment).events == (
        ev.DoorOpenedUnasked(compartment=2, found=True),
    )
