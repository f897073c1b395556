"""What the facts of another line tell about what stands before us now."""

import pytest

from locker import events as ev
from locker.rules import intake
from tests.locker.story import Story

ENDS = (
    ev.Collected(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle"),
    ev.Reclaimed(hand_over="h1", compartment=1, results=("r1",), actor="minh"),
)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
def test_what_a_clerk_found_gone_is_not_missing_once_it_is_known_who_took_it(story: Story, end: ev.Event) -> None:
    story.ready()
    story.given(
        ev.RecountStarted(epoch=2, cause="restored", forked_at=story.cabinet.seq),
        ev.LookedInside(compartment=1, found="empty", actor="lan"),
        ev.Settled(hand_over="h1", compartment=1, outcome="gone", evidence="clerk", actor="lan"),
    )
    assert story.incidents() == ["recount", "missing"]
    story.given(ev.FactMerged(epoch=1, cab_seq=99, utc_ms=1, fact=ev.encode(end)))
    assert story.incidents() == ["recount"]


def test_an_intake_of_the_lost_hours_is_not_given_up_while_its_opening_may_be_in_the_next_batch(story: Story) -> None:
    offered = ev.IntakeOffered(
        hand_over="i1", compartment=1, kind="new", bag="HS-1", person="p-i1", promised="2026-10-06", visit="v1"
    )
    granted = ev.GrantIssued(grant="g1", compartment=1, purpose="intake", hand_over="i1", actor="citizen", visit="v1")
    lost: tuple[ev.Event, ...] = (
        offered,
        granted,
        ev.DoorOpened(compartment=1, hand_over="i1", grant="g1"),
        ev.DoorClosed(compartment=1, hand_over="i1"),
        ev.DroppedOff(hand_over="i1", compartment=1, evidence="door_cycle"),
        ev.Deposited(hand_over="i1", compartment=1, evidence="door_cycle", is_confirmed=True),
    )
    story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=story.cabinet.seq))
    for number, fact in enumerate(lost):
        story.given(ev.FactMerged(epoch=1, cab_seq=99 + number, utc_ms=1, fact=ev.encode(fact)))
        assert intake.due(story.cabinet).events == ()
    story.given(ev.RecountFinished(merged_through=104))
    assert story.cabinet.hand_overs["i1"].stage == "deposited"
    assert intake.due(story.cabinet).events == ()


@pytest.mark.parametrize(("answer", "uncertain"), [((), "recount"), ((False,), ""), ((True,), "")])
def test_a_lost_door_that_was_not_seen_open_is_looked_at_unless_its_person_said_what_it_did(
    story: Story, answer: tuple[bool, ...], uncertain: str
) -> None:
    lost: tuple[ev.Event, ...] = (
        ev.IntakeOffered(
            hand_over="i1", compartment=1, kind="new", bag="HS-1", person="p-i1", promised="2026-10-06", visit="v1"
        ),
        ev.GrantIssued(grant="g1", compartment=1, purpose="intake", hand_over="i1", actor="citizen", visit="v1"),
        ev.DoorDidNotOpen(grant="g1", compartment=1, hand_over="i1", pulses=3),
        *(ev.DoorAnswered(compartment=1, hand_over="i1", did_open=said) for said in answer),
        ev.VisitEnded(visit="v1", cause="left"),
    )
    story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=story.cabinet.seq))
    for number, fact in enumerate(lost):
        story.given(ev.FactMerged(epoch=1, cab_seq=99 + number, utc_ms=1, fact=ev.encode(fact)))
    story.given(ev.RecountFinished(merged_through=104))
    assert story.cabinet.hand_overs["i1"].uncertain == uncertain
    assert bool(intake.due(story.cabinet).events) == (not uncertain)
