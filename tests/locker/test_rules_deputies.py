"""Who stands in for the leader, and until when."""

from __future__ import annotations

from datetime import date

import pytest

from locker import events as ev
from locker.refusals import NotAllowed, UnknownDeputy, WrongStage
from locker.rules import deputies, exceptional
from locker.rules.loading import Actor
from tests.locker.story import Story

LEADER = Actor(user="minh", role="leader", is_present=False)
DEPUTY = Actor(user="hoa", role="clerk", is_present=False)
TODAY = date(2026, 11, 22)


def named(story: Story, until: date = TODAY, actor: Actor = LEADER, role: str = "clerk") -> list[ev.Event]:
    return story.then(deputies.name(story.cabinet, "hoa", role, actor, until=until, today=TODAY))


@pytest.mark.parametrize(("day", "role"), [("2026-11-22", "leader"), ("2026-11-23", "clerk")])
def test_a_deputy_agrees_through_the_last_day_and_no_longer(story: Story, day: str, role: str) -> None:
    named(story)
    assert deputies.role_of(story.cabinet, "hoa", "clerk", today=day) == role
    assert deputies.role_of(story.cabinet, "tu", "technician", today=day) == "technician"


def test_a_deputy_agrees_to_what_others_ask_for_and_never_to_their_own(story: Story) -> None:
    story.ready().given(
        ev.ApprovalAsked(approval="a1", number=101, compartment=1, hand_over="h1", purpose="inspect", actor="lan")
    )
    today = TODAY.isoformat()
    with pytest.raises(NotAllowed):
        exceptional.give(story.cabinet, "a1", DEPUTY, today=today, moment=story.moment)
    named(story)
    story.then(exceptional.give(story.cabinet, "a1", DEPUTY, today=today, moment=story.moment))
    assert story.cabinet.approvals["a1"].given_by == "hoa"
    story.given(
        ev.ApprovalAsked(approval="a2", number=102, compartment=1, hand_over="h1", purpose="inspect", actor="hoa")
    )
    with pytest.raises(NotAllowed):
        exceptional.give(story.cabinet, "a2", DEPUTY, today=today, moment=story.moment)


def test_a_deputy_countersigns_for_a_clerk_but_not_for_themselves(story: Story) -> None:
    named(story.ready())
    today = TODAY.isoformat()
    for glass, user in (("x1", "lan"), ("x2", "hoa")):
        story.given(
            ev.GlassBroken(
                glass=glass,
                compartment=1,
                hand_over="h1",
                purpose="inspect",
                actor=user,
                role="clerk",
                due_utc_ms=1,
            )
        )
    by_lan, by_hoa = story.cabinet.incidents
    story.then(exceptional.countersign(story.cabinet, by_lan, DEPUTY, today=today))
    with pytest.raises(NotAllowed):
        exceptional.countersign(story.cabinet, by_hoa, DEPUTY, today=today)


def test_only_a_leader_names_and_only_a_clerk_and_not_for_ever(story: Story) -> None:
    for actor, role in ((DEPUTY, "clerk"), (LEADER, "technician"), (LEADER, "leader")):
        with pytest.raises(NotAllowed):
            named(story, actor=actor, role=role)
    for until in (date(2026, 11, 21), date(2027, 1, 22)):
        with pytest.raises(WrongStage):
            named(story, until)
    named(story, date(2027, 1, 21))
    with pytest.raises(NotAllowed):
        deputies.end(story.cabinet, "hoa", DEPUTY)


def test_a_second_naming_changes_the_day_and_a_repeat_nothing(story: Story) -> None:
    assert len(named(story)) == 1
    assert named(story) == []
    assert len(named(story, date(2026, 12, 1))) == 1
    story.then(deputies.end(story.cabinet, "hoa", LEADER))
    with pytest.raises(UnknownDeputy):
        deputies.end(story.cabinet, "hoa", LEADER)
