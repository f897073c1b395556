"""By when papers that were left are answered, and what follows when they are not."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Session, Span, VietnamesePublicDays
from locker.rules import alerts, intake_round, promises
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOURS = Span(time(7, 30), time(17))
OFFICE = OfficeHours(
    zone=ZONE,
    weekly=((HOURS,),) * 5 + ((), ()),
    sessions=(Session(5, frozenset({1}), (Span(time(7, 30), time(11, 30)),)),),
    exceptions={date(2026, 12, 31): ()},
    public=VietnamesePublicDays(),
)
ON_CALL = alerts.OnCall(duty=("duty",), leader=("leader",))


def at(story: Story, when: str) -> Story:
    utc_ms = int(datetime.fromisoformat(when).replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def left(story: Story, promised: str, number: int = 1) -> Story:
    """A bag is inside, and its person was promised an answer by that day."""
    name = f"i{number}"
    story.given(
        ev.IntakeOffered(
            hand_over=name,
            compartment=number,
            visit="w",
            kind="new",
            bag=f"HS-{number}",
            person=f"p-{name}",
            promised=promised,
        ),
        ev.DroppedOff(hand_over=name, compartment=number, evidence="door_cycle"),
        ev.Deposited(hand_over=name, compartment=number, evidence="door_cycle", is_confirmed=True),
    )
    return story


def due(story: Story) -> list[Any]:
    return story.then(promises.due(story.cabinet, story.moment, office=OFFICE))


@pytest.mark.parametrize(
    ("left_at", "promised", "closes", "again"),
    [
        ("2026-12-14T21:00", "2026-12-15", "2026-12-15T17:00", "2026-12-16"),
        ("2026-12-11T21:00", "2026-12-14", "2026-12-14T17:00", "2026-12-15"),
        # Tết 2027 is closed from 4 to 10 February.
        ("2027-02-03T21:00", "2027-02-11", "2027-02-11T17:00", "2027-02-12"),
        # A Saturday worked in exchange for Monday 31 August, with Monday's hours.
        ("2026-08-21T21:00", "2026-08-22", "2026-08-22T17:00", "2026-08-24"),
        # The office's own session on the first Saturday of the month ends at noon.
        ("2026-12-04T21:00", "2026-12-05", "2026-12-05T11:30", "2026-12-07"),
        # 24 November is Culture Day, a holiday since 2026.
        ("2026-11-23T21:00", "2026-11-25", "2026-11-25T17:00", "2026-11-26"),
    ],
)
def test_a_promise_is_kept_to_the_minute_the_counter_closes(
    story: Story, left_at: str, promised: str, closes: str, again: str
) -> None:
    assert OFFICE.next_working_day(date.fromisoformat(left_at[:10])).isoformat() == promised
    left(at(story, left_at), promised)
    story.later((datetime.fromisoformat(closes).replace(tzinfo=ZONE).timestamp() * 1000 - story.utc_ms) / 1000 - 1)
    assert due(story) == []
    story.later(1)
    broken, told = due(story)
    assert (broken.promised, broken.again) == (promised, again)
    assert (told.template, told.person, told.intake) == ("APOLOGY_LATE", "p-i1", "i1")
    assert due(story) == []


def test_a_day_that_the_unit_closes_after_all_ends_at_midnight(story: Story) -> None:
    left(at(story, "2026-12-30T20:00"), "2026-12-31")
    assert due(at(story, "2026-12-31T23:59")) == []
    assert due(at(story, "2027-01-01T00:00"))[0].again == "2027-01-02"


def test_each_day_without_an_answer_is_apologised_for_and_one_incident_stands(story: Story) -> None:
    left(at(story, "2026-12-14T21:00"), "2026-12-15")
    due(at(story, "2026-12-15T17:00"))
    assert due(at(story, "2026-12-16T16:59")) == []
    broken, told = due(at(story, "2026-12-16T17:00"))
    assert (broken.again, told.notice) == ("2026-12-17", "i1-apology_late-2026-12-17")
    assert [one.kind for one in story.cabinet.incidents.values()] == ["promise_broken"]


def test_an_answered_intake_and_one_taken_back_owe_nothing(story: Story) -> None:
    left(left(at(story, "2026-12-14T21:00"), "2026-12-15"), "2026-12-15", number=2)
    collected = ev.IntakeCollected(hand_over="i1", compartment=1, bag="HS-1", count=3, actor="lan")
    story.given(collected, ev.Withdrawn(hand_over="i2", compartment=2, cause="took_back"))
    story.then(intake_round.answer(story.cabinet, "i1", story.clerk, intake_round.Answer(outcome="returned")))
    assert due(at(story, "2026-12-20T09:00")) == []


def test_a_bag_that_was_taken_out_but_not_answered_is_late_all_the_same(story: Story) -> None:
    left(at(story, "2026-12-14T21:00"), "2026-12-15")
    story.given(ev.IntakeCollected(hand_over="i1", compartment=1, bag="HS-1", count=3, actor="lan"))
    assert [type(fact).__name__ for fact in due(at(story, "2026-12-15T17:00"))] == ["PromiseBroken", "NoticeQueued"]


def test_papers_for_which_no_day_was_promised_are_never_late(story: Story) -> None:
    left(at(story, "2026-12-14T21:00"), "")
    assert due(at(story, "2026-12-20T09:00")) == []


def test_nothing_is_late_while_the_clock_is_not_believed(story: Story) -> None:
    left(at(story, "2026-12-14T21:00"), "2026-12-15")
    story.clock = "unset"
    assert due(at(story, "2026-12-20T09:00")) == []


def test_the_leader_hears_of_all_broken_promises_in_one_message(story: Story) -> None:
    left(left(at(story, "2026-12-14T21:00"), "2026-12-15"), "2026-12-15", number=2)
    due(at(story, "2026-12-15T17:00"))
    told = story.then(alerts.due(story.cabinet, story.moment, office=OFFICE, on_call=ON_CALL))
    notices = [(one.template, one.person, one.count) for one in told if isinstance(one, ev.NoticeQueued)]
    assert notices == [("STAFF_LATE", "duty", 2), ("STAFF_LATE", "leader", 2)]
    assert not alerts.due(story.cabinet, story.moment, office=OFFICE, on_call=ON_CALL).events
