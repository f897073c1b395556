"""What a content sensor settles without a person, what it never does, and the whole way from the wire to the fact."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from locker import events as ev
from locker import wiring_check
from locker.config import Wiring
from locker.config_file import load_wiring
from locker.rules import clearing, contents, doors, due, intake
from simulator.phone import Phone
from simulator.stage import Stage
from simulator.twin.loop import JumpingLoop
from tests.locker.steel import WIRING, running
from tests.locker.story import Story

TIMING = due.Timing()
LOOP = JumpingLoop


def sees(story: Story, number: int = 1, *, is_empty: bool) -> list[Any]:
    """The sensor has shown this steadily."""
    return story.then(contents.seen(story.cabinet, number, is_empty=is_empty))


def what_is_due(story: Story) -> list[Any]:
    facts: list[Any] = []
    while found := due.facts(story.cabinet, story.moment, TIMING).events:
        facts += story.then(ev.Decision(events=found))
    return facts


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def left_papers(story: Story) -> int:
    request = intake.Offer(hand_over="i1", grant="gi1", visit="w1", kind="new", size="S")
    policy = intake.Policy(share_percent=100)
    facts = story.then(
        intake.offer(
            story.cabinet, request, places=story.places, servable=story.servable, moment=story.moment, policy=policy
        )
    )
    number = int(facts[0].compartment)
    story.opens(number)
    story.closes(number)
    return number


@pytest.mark.parametrize(
    ("is_empty", "booked"), [(True, ["Collected", "NoticeQueued", "CodesRevoked"]), (False, ["Settled"])]
)
def test_a_pickup_cut_short_is_settled_by_what_lies_inside(story: Story, booked: list[str], *, is_empty: bool) -> None:
    story.ready().then(story.submit())
    story.restarted()
    assert what_is_due(story) == []
    sees(story, is_empty=is_empty)
    facts = what_is_due(story)
    assert set(booked) <= set(kinds(facts))
    assert facts[0].evidence == "content_sensor"
    assert ("h1" in story.cabinet.hand_overs) is not is_empty


@pytest.mark.parametrize(("is_empty", "booked"), [(True, "LoadUndone"), (False, "Loaded")])
def test_a_load_cut_short_is_settled_by_what_lies_inside(story: Story, booked: str, *, is_empty: bool) -> None:
    story.announced().load_granted()
    story.restarted()
    sees(story, is_empty=is_empty)
    facts = what_is_due(story)
    assert kinds(facts) == [booked]
    assert facts[0].evidence == "content_sensor"


def test_what_only_a_clerk_can_have_taken_is_left_to_clerks(story: Story) -> None:
    story.ready()
    story.then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="g9", today="2027-01-01"))
    story.restarted()
    sees(story, is_empty=True)
    assert what_is_due(story) == []


@pytest.mark.parametrize("word", ["took_back", None])
def test_papers_that_are_not_there_free_their_compartment_when_the_visit_is_over(story: Story, word: Any) -> None:
    number = left_papers(story)
    if word:
        story.then(intake.answer(story.cabinet, "i1", visit="w1", said=word))
    sees(story, number, is_empty=True)
    assert what_is_due(story) == []
    story.given(ev.VisitEnded(visit="w1", cause="idle"))
    facts = what_is_due(story)
    assert [(type(fact).__name__, fact.evidence) for fact in facts] == [("IntakeGivenUp", "content_sensor")]
    assert story.cabinet.compartment(number).is_free
    assert story.cabinet.compartment(number).quarantine == ""
    assert story.cabinet.intakes == {}


def test_a_content_sensor_lifts_no_quarantine_but_that_of_a_change_of_mind(story: Story) -> None:
    number = left_papers(story)
    story.later(60).then(doors.opened(story.cabinet, number, board="A1", window={}, found=False, moment=story.moment))
    story.then(doors.closed(story.cabinet, number))
    assert story.one("i1").uncertain == "opened_unasked"
    story.then(intake.answer(story.cabinet, "i1", visit="w1", said="took_back"))
    assert story.one("i1").uncertain == ""
    sees(story, number, is_empty=True)
    story.given(ev.VisitEnded(visit="w1", cause="idle"))
    assert kinds(what_is_due(story)) == ["IntakeGivenUp"]
    assert story.cabinet.compartment(number).quarantine == "opened_unasked"


def test_a_change_of_mind_that_left_something_inside_waits_for_a_look(story: Story) -> None:
    number = left_papers(story)
    story.then(intake.answer(story.cabinet, "i1", visit="w1", said="took_back"))
    sees(story, number, is_empty=False)
    story.given(ev.VisitEnded(visit="w1", cause="idle"))
    assert what_is_due(story) == []
    assert story.cabinet.compartment(number).quarantine == "possibly_full"


def test_a_sensor_that_changes_behind_a_closed_door_settles_nothing_until_somebody_has_looked(story: Story) -> None:
    story.ready()
    sees(story, is_empty=False)
    assert kinds(sees(story, is_empty=True)) == ["ContentSensorSuspected"]
    assert story.incidents() == ["content_sensor_suspect"]
    assert story.submit().events, "it refuses nobody"
    story.then(story.submit())
    story.restarted()
    assert sees(story, is_empty=True) == []
    assert what_is_due(story) == []
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="as_recorded"))
    assert not story.cabinet.compartment(1).is_content_suspect


def test_a_clerk_who_saw_something_else_makes_the_sensor_suspect(story: Story) -> None:
    story.ready()
    sees(story, is_empty=True)
    facts = story.then(clearing.looked(story.cabinet, 1, story.clerk, found="as_recorded"))
    assert kinds(facts)[-1] == "ContentSensorSuspected"


def test_what_it_showed_before_an_opening_counts_no_more(story: Story) -> None:
    story.ready()
    sees(story, is_empty=False)
    story.then(story.submit())
    assert story.cabinet.compartment(1).content == ""
    story.opens()
    assert sees(story, is_empty=True) == []
    story.then(doors.closed(story.cabinet, 1))
    assert kinds(sees(story, is_empty=True)) == ["ContentSeen"]


def test_what_it_showed_before_a_door_opened_unasked_counts_no_more(story: Story) -> None:
    story.ready()
    sees(story, is_empty=False)
    story.opens(window={})
    story.closes()
    assert story.cabinet.compartment(1).content == ""


def seeing(wiring: Wiring, **fields: Any) -> Wiring:
    """The input of door 8 is the content sensor of compartment 1."""
    first, *others = (entry for entry in wiring.compartment if entry.number != 8)
    seen = first.model_copy(update={"content_input": 7, **fields})
    return wiring.model_copy(update={"compartment": (seen, *others)})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"content_input": 1}, "compartments 1 and 2 share input 1 of board A1"),
        ({"content_input": 0}, "door and content of compartment 1 share input 0 of board A1"),
        ({"content_input": 8}, "compartment 1: board A1 has 8 inputs; correct content_input"),
        ({"content_board": "X"}, "compartment 1: content_board X is not configured"),
    ],
)
def test_a_content_input_that_cannot_be_is_named(fields: dict[str, Any], problem: str) -> None:
    assert problem in list(wiring_check.problems(seeing(load_wiring(WIRING), **fields)))


async def test_from_the_light_barrier_to_the_fact_and_no_load_is_left_uncertain_by_a_cut(tmp_path: Path) -> None:
    wiring = seeing(load_wiring(WIRING))
    stage = Stage(name="t", wiring=wiring, phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving():
        async with running(tmp_path, stage, wiring) as desk:
            await desk.until(lambda cabinet: cabinet.compartment(1).content == "empty")
            result = await desk.announce(1)
            started = ev.LoadStarted(hand_over="h", results=(result,), recipient="k1", compartment=1, actor="lan")
            stage.touch(1, lambda door, at: door.force(at))
            stage.touch(1, lambda door, at: door.put("envelope", at))
            stage.touch(1, lambda door, at: door.push(at))
            grant = ev.GrantIssued(grant="g", compartment=1, purpose="load", hand_over="h", actor="lan")
            await desk.journal.record(lambda *_: ev.Decision(events=(started, grant)))
        async with running(tmp_path, stage, wiring) as desk:
            cabinet = await desk.until(lambda cabinet: cabinet.compartment(1).content == "something")
            assert cabinet.hand_overs["h"].uncertain == "restarted"
            await desk.journal.record(lambda now, _, moment: due.facts(now, moment, TIMING))
            assert desk.journal.cabinet.hand_overs["h"].stage == "loaded"
