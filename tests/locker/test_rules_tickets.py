"""The office calls back."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import PhoneMalformed, TicketsFull, WrongStage
from locker.rules import clearing, tickets
from tests.locker.story import Story


def take(story: Story, **wanted: Any) -> list[Any]:
    return story.then(tickets.take(story.cabinet, tickets.Wanted(due_utc_ms=5, **wanted)))


def templates(facts: list[Any]) -> list[str]:
    return [fact.template for fact in facts if isinstance(fact, ev.NoticeQueued)]


def test_a_ticket_is_on_the_list_with_its_deadline_until_a_clerk_closes_it(story: Story) -> None:
    (taken,) = take(story, person="t-1")
    ticket = tickets.open_for(story.cabinet, ("t-1",))
    assert ticket is not None
    assert (ticket.incident, ticket.kind, ticket.due_utc_ms) == (story.cabinet.seq, "ticket", 5)
    assert taken.hand_over == ""
    story.then(clearing.close_incident(story.cabinet, ticket.incident, story.clerk))
    assert story.cabinet.incidents == {}


def test_a_message_goes_only_to_a_number_on_record(story: Story) -> None:
    assert templates(take(story, person="t-1")) == []
    story.ready()
    facts = take(story, person="t-2", same_phone=("p-an",))
    assert templates(facts) == ["TICKET"]
    assert facts[1].incident == story.cabinet.seq - 1


def test_a_number_with_an_open_ticket_gets_that_one_again(story: Story) -> None:
    take(story, person="t-1")
    assert take(story, person="t-2", same_phone=("t-1",)) == []
    assert len(story.cabinet.incidents) == 1


def test_in_a_visit_the_number_on_record_is_called(story: Story) -> None:
    story.unseen()
    facts = take(story, visit="v2") if story.cabinet.visit is None else take(story, visit=story.cabinet.visit.visit)
    assert (facts[0].person, facts[0].hand_over, templates(facts)) == ("p-an", "h1", ["TICKET"])
    assert story.cabinet.visit is not None
    assert story.cabinet.visit.touched_uptime_ms == story.uptime_ms, "who asks for a call is still there"


def test_a_visit_without_a_number_or_over_is_told_so(story: Story) -> None:
    with pytest.raises(WrongStage):
        take(story, visit="v1")
    story.announced("r1", flags=("no_mobile_phone",)).loaded().coded()
    story.then(story.submit())
    with pytest.raises(PhoneMalformed):
        take(story, visit="v1")


def test_more_than_twenty_do_not_wait_for_a_call(story: Story) -> None:
    for number in range(20):
        take(story, person=f"t-{number}")
    with pytest.raises(TicketsFull):
        take(story, person="t-20")
    assert take(story, person="t-21", same_phone=("t-3",)) == []
