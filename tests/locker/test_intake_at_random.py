"""Whatever citizens, doors, sensors, power and time do: a compartment that an intake opened is not free (I6)."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from locker import events as ev
from locker.refusals import Fault, Refusal
from locker.rules import clearing, doors, due, intake, intake_round
from tests.locker.story import Story

NEWEST = 0
WHERE = (NEWEST, NEWEST, NEWEST, NEWEST, NEWEST, 1, 2, 3)
TIMING = due.Timing()
POLICY = intake.Policy(share_percent=100, unconfirmed_a_visit=9, unconfirmed_an_hour=99)
ACTS = (
    *("offer", "open", "close", "unseen", "lapse", "left", "took_back", "door_stayed_shut", "door_is_shut", "larger"),
    *("leave", "wait", "long", "cut", "unasked", "collect", "report", "missing", "look_empty", "look_as_recorded"),
)


def step(story: Story, act: str, number: int, count: int) -> ev.Decision:  # noqa: PLR0911  one act, one line
    """One thing that somebody or something does at a compartment, or at the newest intake's, as far as it can."""
    cabinet = story.cabinet
    if number == NEWEST:
        number = next((one.compartment for one in reversed(cabinet.hand_overs.values())), 2)
    grant = cabinet.grant_on(number)
    visit = cabinet.visit.visit if cabinet.visit is not None else f"w{count}"
    key = cabinet.compartment(number).hand_over
    sure: dict[str, Any] = {
        "places": story.places,
        "servable": story.servable,
        "moment": story.moment,
        "policy": POLICY,
    }
    request = intake.Offer(hand_over=f"i{count}", grant=f"g{count}", visit=visit, kind="new", size="S", person="p")
    match act:
        case "offer":
            return intake.offer(cabinet, request, **sure)
        case "larger":
            return intake.does_not_fit(cabinet, key, request, **sure)
        case "open" | "unasked":
            window = {grant.grant: 1} if grant is not None and act == "open" else {}
            return doors.opened(cabinet, number, board="A1", window=window, found=False, moment=story.moment)
        case "close":
            return doors.closed(cabinet, number)
        case "unseen":
            return doors.did_not_open(cabinet, grant.grant, pulses=3) if grant is not None else ev.Decision()
        case "lapse":
            return doors.lapse(cabinet, grant.grant, cause="board") if grant is not None else ev.Decision()
        case "left" | "took_back" | "door_stayed_shut" | "door_is_shut":
            return intake.answer(cabinet, key, visit=visit, said=act)
        case "leave":
            return ev.Decision(events=(ev.VisitEnded(visit=visit, cause="left"),))
        case "collect":
            return intake_round.collect(cabinet, key, story.clerk, grant=f"c{count}")
        case "report" | "missing":
            said = intake_round.Report(bag="", count=2 if act == "report" else 0)
            return intake_round.report(cabinet, key, story.clerk, said)
        case "look_empty" | "look_as_recorded":
            return clearing.looked(
                cabinet, number, story.clerk, found="empty" if act == "look_empty" else "as_recorded"
            )
    story.later({"wait": 95, "long": 700}.get(act, 0))
    return ev.Decision()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.sampled_from(WHERE)), max_size=40))
def test_a_compartment_that_opened_for_an_intake_is_free_only_after_a_clerk(acts: list[tuple[str, int]]) -> None:
    story = Story()
    possibly_full: set[int] = set()
    for count, (act, number) in enumerate(acts):
        if act == "cut":
            story.restarted()
        decided = ev.Decision()
        with contextlib.suppress(Refusal, Fault):
            decided = step(story, act, number, count)
        facts = [*story.then(decided)]
        while found := due.facts(story.cabinet, story.moment, TIMING).events:
            facts += story.then(ev.Decision(events=found))
        for fact in facts:
            if isinstance(fact, ev.DoorOpened) and story.cabinet.compartment(fact.compartment).hand_over:
                possibly_full.add(fact.compartment)
            if isinstance(fact, ev.IntakeCollected | ev.LookedInside):
                possibly_full.discard(fact.compartment)
        assert [one for one in possibly_full if story.cabinet.compartment(one).is_free] == []
        held = [one.hand_over for one in story.cabinet.compartments.values() if one.hand_over]
        assert sorted(held) == sorted(story.cabinet.hand_overs)
        assert set(story.cabinet.hand_overs) <= set(story.cabinet.intakes)
