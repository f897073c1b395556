"""The clerk's round over what citizens left, and the office's answer."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from locker import events as ev
from locker.refusals import CompartmentBusy, OtherBag, PresenceNeeded, UnknownHandOver, UnknownIntake, WrongStage
from locker.rules import clearing, doors, intake_round
from locker.rules.intake_round import Answer, Report
from tests.locker.story import Story


def deposited(story: Story, number: int = 1, compartment: int = 2) -> Story:
    key = f"i{number}"
    story.given(
        ev.IntakeOffered(
            hand_over=key, compartment=compartment, visit=f"w{number}", kind="new", bag=f"B{number}", person=f"p-{key}"
        ),
        ev.GrantIssued(
            grant=f"g-{key}",
            compartment=compartment,
            purpose="intake",
            hand_over=key,
            actor="citizen",
            visit=f"w{number}",
        ),
    )
    story.opens(compartment)
    story.closes(compartment)
    story.given(
        ev.Deposited(hand_over=key, compartment=compartment, evidence="door_cycle", is_confirmed=True),
        ev.VisitEnded(visit=f"w{number}", cause="left"),
    )
    return story


def opened_and_closed(story: Story, compartment: int = 2, grant: str = "c1") -> None:
    story.then(intake_round.collect(story.cabinet, "i1", story.clerk, grant=grant))
    story.opens(compartment)
    story.closes(compartment)


def report(story: Story, bag: str = "B1", count: int = 3) -> list[Any]:
    return story.then(intake_round.report(story.cabinet, "i1", story.clerk, Report(bag=bag, count=count)))


def answered(story: Story, outcome: ev.IntakeOutcome, **fields: Any) -> list[Any]:
    return story.then(intake_round.answer(story.cabinet, "i1", story.clerk, Answer(outcome=outcome, **fields)))


def test_a_clerk_takes_an_intake_out_and_the_compartment_is_free(story: Story) -> None:
    opened_and_closed(deposited(story))
    assert report(story) == [ev.IntakeCollected(hand_over="i1", compartment=2, bag="B1", count=3, actor="lan")]
    assert story.cabinet.compartment(2).is_free
    assert (story.cabinet.hand_overs, story.cabinet.intakes["i1"].is_collected) == ({}, True)


def test_only_a_present_clerk_opens(story: Story) -> None:
    absent = replace(story.clerk, is_present=False)
    with pytest.raises(PresenceNeeded):
        intake_round.collect(deposited(story).cabinet, "i1", absent, grant="c1")


def test_one_door_at_a_time(story: Story) -> None:
    deposited(deposited(story), 2, 1)
    story.then(intake_round.collect(story.cabinet, "i1", story.clerk, grant="c1"))
    with pytest.raises(WrongStage):
        intake_round.collect(story.cabinet, "i2", story.clerk, grant="c2")
    with pytest.raises(CompartmentBusy):
        intake_round.collect(story.cabinet, "i1", story.clerk, grant="c3")


def test_nothing_is_reported_before_the_door_was_opened_and_closed(story: Story) -> None:
    deposited(story)
    with pytest.raises(WrongStage):
        report(story)
    story.then(intake_round.collect(story.cabinet, "i1", story.clerk, grant="c1"))
    story.opens(2)
    with pytest.raises(WrongStage):
        report(story)


def test_another_bag_is_refused(story: Story) -> None:
    opened_and_closed(deposited(story))
    with pytest.raises(OtherBag):
        report(story, bag="B2")
    assert report(story, bag="")


def test_a_missing_bag_is_looked_for_twice_before_anybody_is_told(story: Story) -> None:
    opened_and_closed(deposited(story))
    assert report(story, count=0) == [ev.IntakeMissed(hand_over="i1", compartment=2, actor="lan")]
    with pytest.raises(WrongStage):
        report(story, count=0)
    opened_and_closed(story, grant="c2")
    facts = report(story, count=0)
    assert (facts[0].count, facts[1].template) == (0, "INTAKE_EMPTY")
    assert "intake_empty" in story.incidents()


def test_a_bag_found_at_the_second_look_is_taken_as_ever(story: Story) -> None:
    opened_and_closed(deposited(story))
    report(story, count=0)
    opened_and_closed(story, grant="c2")
    report(story)
    assert (story.incidents(), story.cabinet.compartment(2).is_free) == ([], True)


def test_a_door_nobody_saw_open_is_reported_on_the_clerks_word(story: Story) -> None:
    story.then(intake_round.collect(deposited(story).cabinet, "i1", story.clerk, grant="c1"))
    story.then(doors.did_not_open(story.cabinet, "c1", pulses=3))
    assert report(story)


def test_a_restart_while_the_clerks_door_is_open_loses_nothing(story: Story) -> None:
    story.then(intake_round.collect(deposited(story).cabinet, "i1", story.clerk, grant="c1"))
    story.opens(2)
    story.restarted()
    story.closes(2)
    assert story.one("i1").stage == "deposited"
    assert report(story)


def test_an_empty_look_at_a_deposit_tells_its_person(story: Story) -> None:
    facts = story.then(clearing.looked(deposited(story).cabinet, 2, story.clerk, found="empty"))
    assert [type(fact).__name__ for fact in facts] == ["LookedInside", "IntakeCollected", "NoticeQueued"]
    assert facts[1] == ev.IntakeCollected(hand_over="i1", compartment=2, bag="", count=0, actor="lan")


def test_a_look_that_finds_it_as_recorded_says_nothing_again(story: Story) -> None:
    facts = story.then(clearing.looked(deposited(story).cabinet, 2, story.clerk, found="as_recorded"))
    assert [type(fact).__name__ for fact in facts] == ["LookedInside", "Settled"]
    assert facts[1] == ev.Settled(hand_over="i1", compartment=2, outcome="inside", evidence="clerk", actor="lan")
    assert (story.one("i1").stage, story.cabinet.bundles) == ("deposited", {})


def test_a_look_that_finds_something_else_says_nothing_of_a_deposit(story: Story) -> None:
    facts = story.then(clearing.looked(deposited(story).cabinet, 2, story.clerk, found="something_else"))
    assert [type(fact).__name__ for fact in facts] == ["LookedInside"]
    assert (story.one("i1").stage, story.incidents()) == ("deposited", ["foreign_content"])


@pytest.mark.parametrize(
    ("outcome", "told"), [("registered", ["ACCEPTED"]), ("supplement", ["SUPPLEMENT"]), ("returned", [])]
)
def test_each_answer_ends_the_intake_and_reaches_its_person(
    story: Story, outcome: ev.IntakeOutcome, told: list[str]
) -> None:
    opened_and_closed(deposited(story))
    report(story)
    facts = answered(story, outcome, dossier="d-i1", appointment="2026-10-30")
    assert [fact.template for fact in facts[1:]] == told
    assert story.cabinet.intakes == {}


def test_an_answer_comes_after_the_papers(story: Story) -> None:
    with pytest.raises(WrongStage):
        answered(deposited(story), "returned")
    opened_and_closed(story)
    report(story)
    with pytest.raises(WrongStage):
        answered(story, "nothing_found")
    with pytest.raises(WrongStage):
        answered(story, "registered")
    answered(story, "returned")
    with pytest.raises(UnknownIntake):
        answered(story, "returned")


def test_nothing_can_be_registered_that_was_not_found(story: Story) -> None:
    story.then(clearing.looked(deposited(story).cabinet, 2, story.clerk, found="empty"))
    with pytest.raises(WrongStage):
        answered(story, "registered", dossier="d-i1")
    assert answered(story, "nothing_found")


def test_a_pickup_is_no_intake(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        intake_round.collect(story.ready().cabinet, "h1", story.clerk, grant="c1")


def test_what_a_citizen_left_is_always_on_todays_list(story: Story) -> None:
    facts = story.then(clearing.inspect(deposited(story).cabinet, 2, story.clerk, grant="x", today="2026-10-08"))
    assert facts[0].purpose == "inspect"
