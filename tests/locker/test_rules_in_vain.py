"""What is owed to a person who came in vain: not overdue, and kept longer once it can be had again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span
from locker.refusals import BoardOffline, SecondPersonNeeded
from locker.rules import clearing, doors, in_vain, pickup, slips, staying, tickets
from tests.locker.story import PLACES, Story, reminded

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE = OfficeHours(zone=ZONE, weekly=((Span(time(7, 30), time(17)),),) * 5 + ((),) * 2)
DAY_S = 24 * 3600
MONDAY, TUESDAY, NEXT_MONDAY = "2026-09-21", "2026-09-22", "2026-09-28"
"""The story begins on that Monday; seven days from it, the next."""


def waiting(story: Story, deadline: str = MONDAY) -> Story:
    """One result inside until that day, its owner with a code."""
    return story.announced("r1", deadline=deadline).loaded().coded()


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def vain(facts: list[Any]) -> list[str]:
    return [fact.cause for fact in facts if isinstance(fact, ev.CameInVain)]


def made_good(story: Story, days: int = 7) -> list[Any]:
    """The last days that are due now, and folded."""
    due = in_vain.due(story.cabinet, story.moment, office=OFFICE, days=days, servable=story.servable)
    return [fact.deadline for fact in story.then(due)]


def stayed_shut(story: Story, grant: str = "g1") -> list[Any]:
    """The door was pulsed, did not open, and its person says so."""
    story.then(story.submit(grant=grant))
    story.later(9).then(doors.did_not_open(story.cabinet, grant, pulses=3))
    return story.then(pickup.answer(story.cabinet, "h1", visit="v1", said="door_stayed_shut"))


def leaves(story: Story) -> Story:
    story.then(pickup.leave(story.cabinet, visit="v1"))
    return story


# --- who came in vain


def board_away(story: Story) -> list[Any]:
    story.servable = frozenset({3})
    facts = story.then(story.submit())
    story.servable = frozenset(PLACES)
    assert isinstance(story.refusal, BoardOffline)
    return facts


def slip_with_the_board_away(story: Story) -> list[Any]:
    proof = slips.Proof(results=("r1",), has_paper=True, paper_matches=True)
    first = pickup.First(visit="v1", grant="g1")
    tried = slips.submit(story.cabinet, proof, first, places=PLACES, servable=(), moment=story.moment)
    assert isinstance(tried.refusal, BoardOffline)
    return story.then(tried)


def board_lost_before_the_pulse(story: Story) -> list[Any]:
    story.then(story.submit())
    return story.then(doors.lapse(story.cabinet, "g1", cause="BusOffline"))


def asks_for_a_call(story: Story) -> list[Any]:
    proof = pickup.Proof(selector="111", code="c1")
    shown = pickup.Submit(proof=proof, visit="v1", grant="g1", asks_reach=True)
    story.then(pickup.submit(story.cabinet, shown, places=PLACES, servable=story.servable, moment=story.moment))
    return story.then(tickets.take(story.cabinet, tickets.Wanted(due_utc_ms=1, visit="v1")))


def walks_away_without_a_word(story: Story) -> list[Any]:
    story.then(story.submit())
    story.later(9).then(doors.did_not_open(story.cabinet, "g1", pulses=3))
    leaves(story)
    return _looked(story)


def stands_there_as_the_power_goes(story: Story) -> list[Any]:
    story.then(story.submit())
    story.restarted()
    return _looked(story)


def another_door_opens(story: Story) -> list[Any]:
    story.then(story.submit())
    story.opens(2, window={"g1": 1})
    story.closes(2)
    return _looked(story)


def _looked(story: Story) -> list[Any]:
    story.then(clearing.inspect(story.cabinet, 1, story.clerk, grant="gi", today=MONDAY))
    story.opens()
    story.closes()
    return story.then(clearing.looked(story.cabinet, 1, story.clerk, found="as_recorded"))


@pytest.mark.parametrize(
    ("comes", "cause"),
    [
        (stayed_shut, "stayed_shut"),
        (board_away, "away"),
        (slip_with_the_board_away, "away"),
        (board_lost_before_the_pulse, "away"),
        (asks_for_a_call, "call_asked"),
        (walks_away_without_a_word, "found_inside"),
        (stands_there_as_the_power_goes, "found_inside"),
        (another_door_opens, "found_inside"),
    ],
)
def test_whom_the_cabinet_failed_is_owed_what_waits(
    story: Story, comes: Callable[[Story], list[Any]], cause: str
) -> None:
    assert vain(comes(waiting(story))) == [cause]
    assert story.one().is_owed
    assert not in_vain.is_overdue(story.cabinet, story.one(), today=TUESDAY)
    assert made_good(leaves(story)) == [NEXT_MONDAY]
    assert not in_vain.is_overdue(story.cabinet, story.one(), today=NEXT_MONDAY)
    assert in_vain.is_overdue(story.cabinet, story.one(), today="2026-09-29")
    assert made_good(story.later(30 * DAY_S)) == []


def test_who_walks_past_an_open_door_or_says_it_did_open_is_owed_nothing(story: Story) -> None:
    waiting(story).then(story.submit())
    story.opens()
    story.closes()
    story.then(pickup.answer(story.cabinet, "h1", visit="v1", said="received_all"))
    assert vain(story.facts) == []


def test_a_look_that_finds_it_after_a_clerks_own_opening_owes_nothing(story: Story) -> None:
    waiting(story).then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TUESDAY))
    story.restarted()
    assert vain(_looked(story)) == []


def test_only_the_door_that_is_away_is_owed_when_another_one_of_the_bundle_opens(story: Story) -> None:
    story.announced("r2", deadline=MONDAY)
    story.loaded("h2", ("r2",), 3)
    waiting(story)
    story.servable = frozenset({1, 2})
    facts = story.then(story.submit())
    assert [one.hand_over for one in facts if isinstance(one, ev.CameInVain)] == ["h2"]
    assert kinds(facts)[-1] == "GrantIssued"
    story.opens()
    story.closes()
    fault = pickup.open_next(
        story.cabinet, visit="v1", grant="g2", places=PLACES, servable=story.servable, moment=story.moment
    )
    assert (isinstance(fault.refusal, BoardOffline), fault.events) == (True, ())


# --- until when


@pytest.mark.parametrize(
    ("deadline", "days", "until"),
    [
        (MONDAY, 7, NEXT_MONDAY),
        (MONDAY, 1, TUESDAY),
        (MONDAY, 5, NEXT_MONDAY),
        ("2026-09-25", 7, NEXT_MONDAY),
        ("2026-12-31", 7, "2026-12-31"),
    ],
    ids=["a week", "a day", "on to a working day", "from today", "never less than it had"],
)
def test_it_is_kept_for_some_days_on_to_a_working_day(story: Story, deadline: str, days: int, until: str) -> None:
    stayed_shut(waiting(story, deadline))
    assert made_good(leaves(story), days) == [until]
    assert story.cabinet.results["r1"].deadline == until


def still_there(story: Story) -> None:
    story.then(story.submit(grant="g7"))


def quarantined(story: Story) -> None:
    for number in (2, 3):
        story.later(61)
        stayed_shut(story, f"g{number}")
    leaves(story)
    assert story.cabinet.compartment(1).quarantine


def of_a_board_that_is_away(story: Story) -> None:
    leaves(story).servable = frozenset({3, 4})


def unsettled(story: Story) -> None:
    story.then(story.submit(grant="g7"))
    story.later(9).then(doors.did_not_open(story.cabinet, "g7", pulses=3))
    leaves(story)


def opened_unasked(story: Story) -> None:
    leaves(story).opens(window={})
    story.closes()


def without_a_clock(story: Story) -> None:
    leaves(story).clock = "unset"


@pytest.mark.parametrize(
    "is_not_to_be_had",
    [still_there, unsettled, quarantined, of_a_board_that_is_away, opened_unasked, without_a_clock],
)
def test_nothing_is_made_good_and_nothing_is_overdue_before_it_can_be_had_again(
    story: Story, is_not_to_be_had: Callable[[Story], None]
) -> None:
    stayed_shut(waiting(story))
    is_not_to_be_had(story.later(61))
    assert made_good(story) == []
    assert not in_vain.is_overdue(story.cabinet, story.one(), today="2027-01-01")


def test_the_days_run_from_when_its_door_was_looked_at(story: Story) -> None:
    stayed_shut(waiting(story))
    quarantined(story)
    _looked(story.later(14 * DAY_S))
    assert made_good(story) == ["2026-10-12"]


def test_it_takes_none_of_its_persons_own_extensions(story: Story) -> None:
    stayed_shut(waiting(story))
    made_good(leaves(story))
    terms = staying.Terms(places=PLACES, office=OFFICE, times=1, keeps_free=0)
    assert staying.offered(story.cabinet, story.one(), terms, story.moment).until == "2026-10-05"


def test_a_deadline_that_the_centre_amends_afterwards_counts(story: Story) -> None:
    stayed_shut(waiting(story))
    made_good(leaves(story))
    story.given(ev.ResultAmended(wish=2, result="r1", deadline=MONDAY))
    assert made_good(story) == []
    assert in_vain.is_overdue(story.cabinet, story.one(), today=TUESDAY)


def test_a_clerk_who_takes_back_what_is_owed_needs_a_second_person_like_for_anything_in_time(story: Story) -> None:
    stayed_shut(waiting(story))
    assert leaves(story).one().is_owed
    with pytest.raises(SecondPersonNeeded):
        clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=NEXT_MONDAY)


def test_its_person_is_reminded_again_once_it_can_be_had_and_not_before(story: Story) -> None:
    waiting(story, TUESDAY)
    story.given(ev.NoticeDelivered(notice="n-c1"))
    assert reminded(story, OFFICE) == []
    assert (story.later(DAY_S), reminded(story, OFFICE))[1] == ["h1-remind-3"]
    stayed_shut(story)
    quarantined(story)
    assert reminded(story, OFFICE) == []
    _looked(story)
    assert made_good(story) == ["2026-09-29"]
    said = [notice for _day in range(8) for notice in (reminded(story, OFFICE), story.later(DAY_S))[0]]
    assert said == ["h1-remind-4"]
