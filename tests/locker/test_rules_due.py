"""What time alone makes due."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.rules import due, pickup
from tests.locker.story import Story

TIMING = due.Timing()


def facts(story: Story) -> tuple[ev.Event, ...]:
    return due.facts(story.cabinet, story.moment, TIMING).events


def test_nothing_is_due_in_an_empty_cabinet(story: Story) -> None:
    assert due.next_uptime_ms(story.cabinet, TIMING) is None
    assert facts(story.later(10**6)) == ()


def test_what_is_named_as_next_is_due_then_and_not_before(story: Story) -> None:
    story.at_the_door()
    at = due.next_uptime_ms(story.cabinet, TIMING)
    assert at is not None
    story.uptime_ms = at - 1
    assert facts(story) == ()
    story.uptime_ms = at
    assert facts(story) == (ev.LeftOpen(compartment=1, hand_over="h1"),)


def test_asking_again_after_it_was_recorded_gives_nothing(story: Story) -> None:
    story.at_the_door().later(600)
    story.given(*facts(story))
    assert facts(story) == ()


def test_a_grant_nobody_ended_lapses_and_its_door_may_have_been_used(story: Story) -> None:
    story.ready().then(story.submit())
    assert facts(story.later(64.9)) == ()
    lapsed = facts(story.later(0.1))
    assert lapsed == (ev.GrantLapsed(grant="g1", cause="unattended"),)
    story.given(*lapsed)
    assert story.one().uncertain == "lapsed"


def test_a_visit_is_idle_after_its_last_act(story: Story) -> None:
    story.collected()
    assert facts(story.later(89.9)) == ()
    assert facts(story.later(0.1)) == (ev.VisitEnded(visit="v1", cause="idle"),)


def test_an_act_of_the_visitor_keeps_the_visit(story: Story) -> None:
    story.collected().later(59)
    story.then(pickup.reopen(story.cabinet, "h1", visit="v1", grant="g2", moment=story.moment))
    story.opens()
    story.closes()
    assert facts(story.later(89)) == ()


def test_a_visit_whose_door_stood_open_over_a_restart_is_over(story: Story) -> None:
    assert due.next_uptime_ms(story.at_the_door().restarted().cabinet, TIMING) == 600_000


@pytest.mark.parametrize("is_open", [False, True])
def test_the_round_does_not_close_by_time_over_a_loading_door(story: Story, is_open: bool) -> None:
    story.announced().load_granted()
    if is_open:
        story.opens()
    assert ev.RoundClosed(actor="timer") not in facts(story.later(10**4))
