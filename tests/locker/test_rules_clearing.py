"""How a present clerk takes things out, looks inside, and settles what is uncertain."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import (
    CompartmentBusy,
    NotServed,
    PresenceNeeded,
    SecondPersonNeeded,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules import clearing, commissioning, doors, due, pickup
from locker.rules.loading import Actor
from tests.locker.story import Story

AWAY = Actor(user="lan", role="clerk", is_present=False)
TODAY = "2026-11-22"


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def reclaim(story: Story, *, today: str = TODAY, second: str = "", actor: Actor | None = None) -> ev.Decision:
    return clearing.reclaim(story.cabinet, "h1", actor or story.clerk, grant="gr", today=today, second=second)


def inspect(story: Story, number: int = 1, *, today: str = TODAY, second: str = "") -> ev.Decision:
    return clearing.inspect(story.cabinet, number, story.clerk, grant="gi", today=today, second=second)


def looks(story: Story, found: ev.Found, number: int = 1) -> list[Any]:
    return kinds(story.then(clearing.looked(story.cabinet, number, story.clerk, found=found)))


def unsettled_by(story: Story, how: str, purpose: ev.Purpose = "collect") -> Story:
    """A loaded hand-over whose last grant was for `purpose` and left it uncertain."""
    story.ready()
    if purpose == "collect":
        story.then(story.submit())
    else:
        story.given(ev.GrantIssued(grant="g1", compartment=1, purpose=purpose, hand_over="h1", actor="hoa"))
    if how == "restarted":
        story.restarted()
    elif how == "lapsed":
        story.then(doors.lapse(story.cabinet, "g1", cause="BusOffline", pulses=1))
        story.then(pickup.leave(story.cabinet, visit="v1"))
    elif how == "left_open":
        story.opens()
        story.then(due.facts(story.later(600).cabinet, story.moment, due.Timing()))
        story.closes()
    elif how == "opened_unasked":
        story.then(doors.lapse(story.cabinet, "g1", cause="too_late"))
        story.opens(window={})
        story.closes()
    assert story.one().uncertain == how
    return story


def test_a_look_that_ends_a_load_whose_door_stayed_shut_leaves_no_quarantine_and_no_incident(story: Story) -> None:
    story.announced().load_granted()
    story.later(9).then(doors.did_not_open(story.cabinet, "load-h1", pulses=3))
    assert "LoadUndone" in looks(story, "empty")
    assert story.cabinet.compartment(1).is_free
    assert story.incidents() == []


# --- whose opening is routine


def test_what_is_not_due_back_needs_a_second_person(story: Story) -> None:
    story.ready()
    for act in (reclaim, inspect):
        for second in ("", "lan"):
            with pytest.raises(SecondPersonNeeded):
                act(story, second=second)
        assert kinds(list(act(story, second="hoa").events)) == ["GrantIssued"]


def test_what_is_overdue_is_routine(story: Story) -> None:
    story.ready()
    assert reclaim(story, today="2027-01-01").events
    with pytest.raises(SecondPersonNeeded):
        reclaim(story, today="2026-12-31")


def test_what_has_no_deadline_is_never_overdue(story: Story) -> None:
    story.announced(deadline="").loaded()
    with pytest.raises(SecondPersonNeeded):
        reclaim(story)


@pytest.mark.parametrize("how", ["restarted", "lapsed", "left_open", "opened_unasked"])
def test_what_is_uncertain_is_routine(story: Story, how: str) -> None:
    assert inspect(unsettled_by(story, how)).events


def test_what_was_cancelled_is_routine(story: Story) -> None:
    story.ready().given(ev.ResultCancelled(wish=9, result="r1"))
    assert reclaim(story).events


# --- what may not be opened


def test_nobody_reclaims_from_afar_or_what_is_unknown(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        reclaim(story)
    with pytest.raises(PresenceNeeded):
        reclaim(story.ready(), actor=AWAY)


def test_a_door_that_is_open_or_opening_is_busy(story: Story) -> None:
    story.ready().then(story.submit())
    for act in (reclaim, inspect):
        with pytest.raises(CompartmentBusy):
            act(story, second="hoa")
    story.opens()
    for act in (reclaim, inspect):
        with pytest.raises(CompartmentBusy):
            act(story, second="hoa")


def test_a_door_that_was_left_open_may_be_inspected(story: Story) -> None:
    story.at_the_door().then(due.facts(story.later(600).cabinet, story.moment, due.Timing()))
    assert inspect(story).events


def test_what_was_collected_or_is_only_being_loaded_is_not_reclaimed(story: Story) -> None:
    story.announced().load_granted().restarted()
    with pytest.raises(WrongStage):
        reclaim(story)
    story.given(ev.LoadUndone(hand_over="h1", compartment=1, results=("r1",), evidence="clerk"))
    story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="not_mine"))
    with pytest.raises(WrongStage):
        reclaim(story)


def test_in_a_recount_a_look_comes_first(story: Story) -> None:
    story.ready().given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    with pytest.raises(NotServed):
        reclaim(story)
    assert inspect(story).events


# --- the look


def test_the_look_waits_for_the_closed_door_and_a_present_clerk(story: Story) -> None:
    story.ready().then(inspect(story, second="hoa"))
    with pytest.raises(WrongStage):
        looks(story, "empty")
    story.opens()
    with pytest.raises(WrongStage):
        looks(story, "empty")
    with pytest.raises(PresenceNeeded):
        clearing.looked(story.cabinet, 1, AWAY, found="empty")


@pytest.mark.parametrize("how", ["restarted", "lapsed", "left_open", "opened_unasked"])
def test_what_is_found_as_recorded_is_certain_again_and_its_code_good(story: Story, how: str) -> None:
    facts = looks(unsettled_by(story, how), "as_recorded")
    assert facts[0] == "LookedInside"
    settled = ev.Settled(hand_over="h1", compartment=1, outcome="inside", evidence="clerk", actor="lan")
    assert [fact for fact in story.facts if isinstance(fact, ev.Settled)] == [settled]
    assert (story.one().uncertain, story.cabinet.compartment(1).quarantine, story.incidents()) == ("", "", [])
    assert story.submit(visit="v8", grant="g8").refusal is None
    assert story.one().is_announced
    assert kinds(story.later(60).opens(found=True, window={})) == ["DoorOpenedUnasked"], "the dead grant is settled"


def test_what_a_clerk_has_looked_at_is_asked_of_nobody_any_more(story: Story) -> None:
    looks(story.unseen(), "as_recorded")
    assert (story.one().is_asked, story.one().trains) == (False, 0)


def opened_to_look(story: Story, *, times: int = 1) -> Story:
    """A clerk has opened the door to look inside, and shut it."""
    for _ in range(times):
        story.then(inspect(story, second="hoa"))
        story.opens()
        story.closes()
    return story


@pytest.mark.parametrize("times", [0, 1, 2])
@pytest.mark.parametrize("how", ["restarted", "lapsed", "left_open"])
@pytest.mark.parametrize(("purpose", "end"), [("collect", "Collected"), ("reclaim", "Reclaimed")])
def test_an_empty_one_went_the_way_it_was_granted_for(
    story: Story, how: str, purpose: ev.Purpose, end: str, times: int
) -> None:
    assert end in looks(opened_to_look(unsettled_by(story, how, purpose), times=times), "empty")
    assert story.incidents() == []
    assert (story.cabinet.codes, story.cabinet.hand_overs) == ({}, {})
    assert story.cabinet.compartment(1).is_free


@pytest.mark.parametrize("purpose", ["inspect", "load"])
def test_an_empty_one_that_nobody_was_to_take_from_is_missing(story: Story, purpose: ev.Purpose) -> None:
    assert looks(unsettled_by(story, "restarted", purpose), "empty")[-2:] == ["Settled", "CodesRevoked"]
    assert story.incidents() == ["missing"]


def test_an_empty_one_is_missing_whose_visit_was_settled_before_a_look_that_a_power_cut_ended(story: Story) -> None:
    looks(opened_to_look(unsettled_by(story, "restarted")), "as_recorded")
    story.then(inspect(story, second="hoa"))
    assert "Collected" not in looks(opened_to_look(story.restarted()), "empty")
    assert story.incidents() == ["missing"]


def test_an_empty_one_that_was_opened_unasked_is_missing(story: Story) -> None:
    looks(unsettled_by(story, "opened_unasked"), "empty")
    assert story.incidents() == ["missing"]


def test_an_empty_one_that_was_certain_is_missing_and_not_handed_over(story: Story) -> None:
    assert "Collected" not in looks(story.ready(), "empty")
    (incident,) = story.cabinet.incidents.values()
    assert (incident.kind, incident.compartment, incident.hand_over) == ("missing", 1, "h1")
    assert not story.cabinet.codes


def test_an_empty_one_after_a_dispute_is_missing(story: Story) -> None:
    story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="empty"))
    assert looks(story, "empty")[-1] == "Settled"
    assert story.incidents() == ["missing"]
    assert story.cabinet.compartment(1).is_free


def test_a_disputed_one_found_inside_is_loaded_again_and_gets_a_new_code(story: Story) -> None:
    story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="not_mine"))
    assert not story.cabinet.bundles, "its bundle had ended"
    looks(story, "as_recorded")
    assert (story.one().stage, story.one().disputed, story.one().is_announced) == ("loaded", "", False)
    story.coded(code="c2", selector="222")
    assert story.one().is_announced
    assert story.submit("c2", selector="222", visit="v2", grant="g2").refusal is None
    assert story.submit("c1", visit="v2", grant="g2").refusal is not None


def test_looking_at_what_a_visitor_has_just_collected_settles_nothing(story: Story) -> None:
    assert looks(story.collected(), "as_recorded") == ["LookedInside"]
    assert story.one().stage == "collected"


def test_something_else_keeps_the_quarantine_and_calls_somebody(story: Story) -> None:
    looks(unsettled_by(story, "opened_unasked"), "something_else")
    assert story.cabinet.compartment(1).quarantine == "foreign_content"
    assert story.incidents() == ["opened_unasked", "foreign_content"]
    assert story.one().uncertain == "opened_unasked"


def test_an_unfinished_load_is_booked_or_undone_by_what_is_found(story: Story) -> None:
    story.announced().load_granted().restarted()
    assert looks(story, "as_recorded") == ["LookedInside", "Loaded"]
    story.announced("r2").load_granted("h2", ("r2",), 2).restarted()
    assert looks(story, "empty", 2) == ["LookedInside", "LoadUndone"]


def test_a_look_into_an_empty_quarantined_compartment_frees_it(story: Story) -> None:
    story.opens(2, window={})
    story.closes(2)
    assert looks(story, "empty", 2) == ["LookedInside", "IncidentClosed"]
    assert story.cabinet.compartment(2).is_free


def test_a_look_makes_the_sensor_trusted_again(story: Story) -> None:
    story.given(ev.SensorSuspected(compartment=2, cause="open_before_pulse"))
    assert looks(story, "empty", 2) == ["LookedInside", "SensorTrusted", "IncidentClosed"]
    assert story.cabinet.compartment(2).is_free


# --- incidents, boards


def test_an_incident_is_closed_once(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=3, cleared=True))
    incident = next(iter(story.cabinet.incidents))
    assert kinds(story.then(clearing.close_incident(story.cabinet, incident, AWAY))) == ["IncidentClosed"]
    with pytest.raises(UnknownResult):
        clearing.close_incident(story.cabinet, incident, AWAY)


def test_an_incident_of_a_compartment_that_waits_for_a_look_is_closed_by_looking(story: Story) -> None:
    story.opens(2, window={})
    with pytest.raises(WrongStage):
        clearing.close_incident(story.cabinet, next(iter(story.cabinet.incidents)), story.clerk)


def test_a_board_serves_again_when_a_technician_found_each_of_its_doors_good(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=3, cleared=False))
    for number in (1, 2):
        with pytest.raises(WrongStage, match="were not found good"):
            commissioning.prove(story.cabinet, "A1", (1, 2), user="tho")
        story.then(commissioning.tried(commissioning.Finding(number, "good"), board="A1", user="tho"))
    story.then(commissioning.prove(story.cabinet, "A1", (1, 2), user="tho"))
    assert not story.cabinet.boards_out
    with pytest.raises(WrongStage, match="in service"):
        commissioning.prove(story.cabinet, "A1", (1, 2), user="tho")
