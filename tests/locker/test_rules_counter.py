"""What becomes of results that lie at the counter."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import UnknownResult, WrongStage
from locker.rules import clearing, counter, doors, retention
from locker.rules.retention import CAP_MS, DAY_MS, Kept, Policy, Stock
from tests.locker.story import Story

TODAY = "2027-01-01"


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def taken_out(story: Story, **announced: Any) -> Story:
    """Loaded, announced to its person, and taken out again by a clerk."""
    story.announced(**announced).loaded().coded()
    story.then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY))
    story.opens()
    story.closes()
    return story


def test_what_is_overdue_and_taken_out_is_at_the_counter_and_its_person_knows(story: Story) -> None:
    taken_out(story)
    assert [one.result for one in story.cabinet.counter.values()] == ["r1"]
    assert [one.template for one in story.cabinet.notices.values()] == ["EXPIRED"]
    assert story.cabinet.results == {}
    assert kinds(story.then(counter.hand_out(story.cabinet, "r1", story.clerk))) == ["HandedAtCounter"]
    assert story.cabinet.counter == {}
    with pytest.raises(UnknownResult):
        counter.hand_out(story.cabinet, "r1", story.clerk)


def test_what_the_centre_withdrew_is_not_kept_for_its_person(story: Story) -> None:
    story.ready().given(ev.ResultCancelled(wish=9, result="r1"))
    story.then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY))
    story.opens()
    story.closes()
    assert story.cabinet.counter == {}


def test_what_is_announced_again_is_expected_and_not_at_the_counter_any_more(story: Story) -> None:
    taken_out(story).announced()
    assert story.cabinet.counter == {}


def test_the_centre_may_choose_the_post_for_what_is_inside_and_the_clerk_sends_it(story: Story) -> None:
    story.ready().given(ev.ResultAmended(wish=2, result="r1", by_post=True))
    story.then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today="2026-11-22"))
    story.opens()
    assert kinds(story.closes()) == ["DoorClosed", "Reclaimed", "CodesRevoked"]
    assert story.cabinet.counter["r1"].by_post
    kept = ev.PutPersonal(ref="d-r1", kind="dossier", body={"code": "x", "tracking": "EA123456789VN"})
    decided = counter.post(story.cabinet, "r1", story.clerk, kept=kept)
    assert decided.rows == (kept,)
    posted, told = story.then(decided)
    assert kinds([posted]) == ["Posted"]
    assert (told.template, told.person, told.results) == ("POSTED", "p-an", ("r1",))
    assert "EA123456789VN" not in ev.encode(posted) + ev.encode(told)
    assert story.cabinet.counter == {}


def test_what_was_never_put_in_leaves_from_the_counter_as_well(story: Story) -> None:
    story.announced(by_post=True, flags=("no_mobile_phone",))
    assert kinds(story.then(counter.post(story.cabinet, "r1", story.clerk, kept=None))) == ["Posted"]
    assert story.cabinet.results == {}


@pytest.mark.parametrize("act", [counter.hand_out, lambda *args: counter.post(*args, kept=None)])
def test_what_is_behind_a_door_or_not_finished_is_not_at_the_counter(story: Story, act: Any) -> None:
    story.ready().announced("r2", state=4)
    for result in ("r1", "r2"):
        with pytest.raises(WrongStage):
            act(story.cabinet, result, story.clerk)


def test_names_are_kept_while_it_lies_at_the_counter_but_not_for_ever(story: Story) -> None:
    taken_out(story)
    story.given(ev.NoticeDelivered(notice="h1-expired"))
    kept = Kept(ref="p-an", result="r1", hand_over="h1", since_utc_ms=story.utc_ms, since_seq=story.cabinet.seq)

    def erased(days: float) -> list[Any]:
        story.utc_ms = kept.since_utc_ms + int(days * DAY_MS)
        decided = retention.erase(
            story.cabinet, Stock(kept=(kept,)), moment=story.moment, policy=Policy(needs_ack=False)
        )
        return list(decided.events)

    assert erased(CAP_MS / DAY_MS - 1) == []
    (over,) = erased(CAP_MS / DAY_MS)
    assert (over.refs, over.cause) == (("p-an",), "over")
    story.given(over)
    assert story.cabinet.counter == {}


def test_what_nobody_can_reach_is_expected_again_and_not_at_the_counter(story: Story) -> None:
    story.ready().given(ev.ReachAsked(hand_over="h1", compartment=1, visit="v9"))
    story.then(clearing.reclaim(story.cabinet, "h1", story.clerk, grant="gr", today=TODAY))
    story.opens()
    assert "LoadUndone" in kinds(story.then(doors.closed(story.cabinet, 1)))
    assert story.cabinet.counter == {}
