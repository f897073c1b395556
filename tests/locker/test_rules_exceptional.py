"""Openings that are not on today's list: a leader's approval, a broken glass, and who sees to an incident."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from locker import events as ev
from locker.office_hours import OfficeHours, Span
from locker.refusals import (
    NotAllowed,
    PresenceNeeded,
    SecondPersonNeeded,
    UnknownApproval,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules import clearing, doors, exceptional
from locker.rules.loading import Actor
from tests.locker.story import Story

TODAY = "2026-11-22"
LEADER = Actor(user="minh", role="leader", is_present=False)
TECHNICIAN = Actor(user="tu", role="technician", is_present=True)
IDS = exceptional.Ids(glass="k1", grant="gk")


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def ask(story: Story, actor: Actor | None = None, approval: str = "a1") -> list[Any]:
    actor = actor or story.clerk
    return story.then(exceptional.ask(story.cabinet, 1, "reclaim", actor, approval=approval, today=TODAY))


def give(story: Story, actor: Actor = LEADER) -> list[Any]:
    return story.then(exceptional.give(story.cabinet, "a1", actor, today=TODAY, moment=story.moment))


def use(story: Story, number: int = 1, purpose: ev.Purpose = "reclaim") -> list[Any]:
    leader = exceptional.approver(story.cabinet, "a1", number, purpose, story.clerk, moment=story.moment)
    return story.then(
        clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY, second=leader, permit="a1")
    )


def smash(story: Story, actor: Actor | None = None, today: str = TODAY) -> ev.Decision:
    return exceptional.break_glass(
        story.cabinet,
        1,
        "reclaim",
        actor or story.clerk,
        ids=IDS,
        reason="nobody answers the phone",
        today=today,
        due_utc_ms=5,
    )


# --- approvals


def test_an_approval_opens_the_door_it_names_once_and_both_people_are_on_record(story: Story) -> None:
    story.ready()
    (asked,) = ask(story)
    assert 100 <= asked.number < 1000
    with pytest.raises(SecondPersonNeeded):
        use(story)
    assert kinds(give(story)) == ["ApprovalGiven"]
    assert give(story) == []
    (granted,) = use(story)
    assert (granted.actor, granted.second, granted.permit) == ("lan", "minh", "a1")
    with pytest.raises(UnknownApproval):
        use(story)


def test_an_approval_is_over_after_ten_minutes_and_with_the_run(story: Story) -> None:
    ask(story.ready())
    give(story)
    story.later(600)
    with pytest.raises(UnknownApproval):
        use(story)
    ask(story)
    give(story)
    story.restarted()
    with pytest.raises(UnknownApproval):
        use(story)


def test_an_approval_is_good_for_its_door_purpose_and_asker_only(story: Story) -> None:
    ask(story.ready())
    give(story)
    for number, purpose in ((2, "reclaim"), (1, "inspect")):
        with pytest.raises(UnknownApproval):
            use(story, number, purpose)  # type: ignore[arg-type]  # purposes of the table
    other = replace(story.clerk, user="hoa")
    with pytest.raises(UnknownApproval):
        exceptional.approver(story.cabinet, "a1", 1, "reclaim", other, moment=story.moment)


def test_the_latest_request_of_a_clerk_replaces_the_earlier_one(story: Story) -> None:
    ask(story.ready())
    ask(story, approval="a2")
    with pytest.raises(UnknownApproval):
        give(story)
    assert list(story.cabinet.approvals) == ["a2"]


def test_only_another_person_who_leads_gives_an_approval(story: Story) -> None:
    ask(story.ready(), replace(LEADER, is_present=True))
    for actor in (story.clerk, LEADER, TECHNICIAN):
        with pytest.raises(NotAllowed):
            give(story, actor)
    assert kinds(give(story, replace(LEADER, user="hai"))) == ["ApprovalGiven"]


def test_nobody_asks_for_what_is_routine_empty_or_from_afar(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        ask(story)
    story.ready()
    with pytest.raises(PresenceNeeded):
        ask(story, replace(story.clerk, is_present=False))
    with pytest.raises(WrongStage):
        exceptional.ask(story.cabinet, 1, "reclaim", story.clerk, approval="a1", today="2030-01-01")


def test_an_approval_of_another_copy_permits_nothing_here(story: Story) -> None:
    story.ready().given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    asked = ev.ApprovalAsked(approval="a9", number=123, compartment=1, hand_over="h1", purpose="reclaim", actor="lan")
    story.given(ev.FactMerged(epoch=1, cab_seq=900, utc_ms=5, fact=ev.encode(asked)))
    assert story.cabinet.approvals == {}


# --- the glass


def test_a_broken_glass_opens_at_once_and_waits_to_be_countersigned(story: Story) -> None:
    decision = smash(story.ready())
    assert "phone" not in "".join(ev.encode(fact) for fact in decision.events)
    (row,) = decision.rows
    assert row == ev.PutPersonal(
        ref="reason-k1", kind="reason", body={"reason": "nobody answers the phone", "glass": "k1"}
    )
    broken, granted = story.then(decision)
    assert isinstance(broken, ev.GlassBroken)
    assert (granted.permit, granted.second, granted.hand_over) == ("k1", "", "h1")
    (incident,) = story.cabinet.incidents.values()
    assert (incident.kind, incident.compartment, incident.due_utc_ms) == ("break_glass", 1, 5)
    assert not clearing.is_routine(story.cabinet, story.one(), today=TODAY)


def test_only_a_countersignature_of_another_person_closes_it(story: Story) -> None:
    story.then(smash(story.ready()))
    (number,) = story.cabinet.incidents
    story.opens()
    story.closes()
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    with pytest.raises(WrongStage):
        clearing.close_incident(story.cabinet, number, LEADER)
    for actor in (story.clerk, replace(story.clerk, user="hoa"), replace(LEADER, user="lan")):
        with pytest.raises(NotAllowed):
            exceptional.countersign(story.cabinet, number, actor, today=TODAY)
    assert story.incidents() == ["break_glass"]
    assert kinds(story.then(exceptional.countersign(story.cabinet, number, LEADER, today=TODAY))) == [
        "GlassCountersigned"
    ]
    assert story.incidents() == []
    with pytest.raises(UnknownApproval):
        exceptional.countersign(story.cabinet, number, LEADER, today=TODAY)


def test_a_leaders_glass_is_countersigned_by_any_clerk(story: Story) -> None:
    story.then(smash(story.ready(), replace(LEADER, is_present=True)))
    (number,) = story.cabinet.incidents
    with pytest.raises(NotAllowed):
        exceptional.countersign(story.cabinet, number, LEADER, today=TODAY)
    story.then(exceptional.countersign(story.cabinet, number, story.clerk, today=TODAY))
    assert story.incidents() == []


def test_no_glass_is_broken_by_a_technician_from_afar_or_for_what_is_routine(story: Story) -> None:
    story.ready()
    with pytest.raises(NotAllowed):
        smash(story, TECHNICIAN)
    with pytest.raises(PresenceNeeded):
        smash(story, LEADER)
    with pytest.raises(WrongStage):
        smash(story, today="2030-01-01")


def test_a_glass_broken_to_look_books_nothing(story: Story) -> None:
    story.ready()
    decision = exceptional.break_glass(
        story.cabinet, 1, "inspect", story.clerk, ids=IDS, reason="smoke", today=TODAY, due_utc_ms=5
    )
    story.then(decision)
    story.opens()
    story.then(doors.closed(story.cabinet, 1))
    assert story.one().stage == "loaded"


@pytest.mark.parametrize(
    ("now", "ends"),
    [
        ("2026-11-23T21:00", "2026-11-24T17:00"),
        ("2026-11-27T08:00", "2026-11-30T16:00"),
        ("2026-11-28T23:59", "2026-11-30T16:00"),
    ],
)
def test_the_next_working_day_skips_what_the_office_skips(now: str, ends: str) -> None:
    zone = ZoneInfo("Asia/Ho_Chi_Minh")
    spans = [(Span(time(8), time(hour)),) for hour in (16, 17, 17, 17, 17)]
    office = OfficeHours(zone=zone, weekly=(*spans, (), ()))
    found = exceptional.working_day_ends(office, datetime.fromisoformat(now).replace(tzinfo=zone))
    assert found == datetime.fromisoformat(ends).replace(tzinfo=zone)
    closed = exceptional.day_ends(office, date(2026, 11, 29))
    assert closed.date() == date(2026, 11, 29)


# --- who sees to an incident


def test_an_incident_has_who_sees_to_it_and_until_when(story: Story) -> None:
    story.ready().opens(window={})
    (number,) = story.cabinet.incidents
    due = story.utc_ms + 1
    story.then(clearing.take_incident(story.cabinet, number, LEADER, due_utc_ms=due, moment=story.moment))
    assert (story.cabinet.incidents[number].owner, story.cabinet.incidents[number].due_utc_ms) == ("minh", due)
    with pytest.raises(WrongStage):
        clearing.take_incident(story.cabinet, number, LEADER, due_utc_ms=story.utc_ms, moment=story.moment)
    with pytest.raises(UnknownResult):
        clearing.take_incident(story.cabinet, 999, LEADER, due_utc_ms=due, moment=story.moment)


def test_taking_a_broken_glass_does_not_move_its_day(story: Story) -> None:
    story.then(smash(story.ready()))
    (number,) = story.cabinet.incidents
    due = story.utc_ms + 1
    story.then(clearing.take_incident(story.cabinet, number, LEADER, due_utc_ms=due, moment=story.moment))
    assert (story.cabinet.incidents[number].owner, story.cabinet.incidents[number].due_utc_ms) == ("minh", 5)
