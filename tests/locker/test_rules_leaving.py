"""Leaving one of several inside for another day, and doors that are too high."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import UnknownHandOver, WrongStage
from locker.rules import clearing, loading, notices, pickup
from tests.locker.story import Story


def two(story: Story) -> Story:
    """Two results of one person: one high up in 1, one in 2."""
    return story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()


def submit(story: Story, grant: str = "g1", visit: str = "v1") -> list[str]:
    proof = pickup.Proof(selector="111", code="c1")
    request = pickup.Submit(proof=proof, visit=visit, grant=grant, asks_reach=True)
    decision = pickup.submit(story.cabinet, request, places=story.places, servable=story.servable, moment=story.moment)
    return [type(fact).__name__ for fact in story.then(decision)]


def open_next(story: Story, grant: str = "g2") -> int:
    (issued,) = story.then(
        pickup.open_next(
            story.cabinet, visit="v1", grant=grant, places=story.places, servable=story.servable, moment=story.moment
        )
    )
    return int(issued.compartment)


def leave(story: Story, hand_over: str = "h1", *, is_out_of_reach: bool = False) -> list[Any]:
    return story.then(pickup.leave_inside(story.cabinet, hand_over, visit="v1", is_out_of_reach=is_out_of_reach))


def test_a_high_door_is_shown_before_it_opens(story: Story) -> None:
    assert submit(story.ready()) == ["CodeAccepted"]
    shown = pickup.next_door(story.cabinet, "v1", places=story.places, servable=story.servable, moment=story.moment)
    assert shown is not None
    assert pickup.is_shown_first(shown, story.places[shown.compartment])
    assert open_next(story) == 1


def test_a_door_within_reach_opens_at_once(story: Story) -> None:
    story.loaded("h2", ("r2",), 2).coded()
    assert submit(story) == ["CodeAccepted", "GrantIssued"]


def test_where_reach_is_not_asked_a_high_door_opens_at_once(story: Story) -> None:
    assert len(story.ready().submit().events) == 2


def test_a_high_door_that_was_tried_is_not_shown_again(story: Story) -> None:
    story.unseen()
    story.then(pickup.answer(story.cabinet, "h1", visit="v1", said="door_stayed_shut"))
    assert submit(story, "g5") == ["GrantIssued"]


def test_one_of_two_is_left_for_later_and_its_code_stays_good(story: Story) -> None:
    submit(two(story))
    assert leave(story) == [ev.LeftForLater(hand_over="h1", compartment=1, visit="v1")]
    assert open_next(story) == 2
    story.opens(2)
    story.closes(2)
    with pytest.raises(WrongStage):
        open_next(story, "g3")
    story.then(pickup.leave(story.cabinet, visit="v1"))
    assert submit(story, "g4", "v2") == ["CodeAccepted"]


def test_what_was_left_opens_after_all_when_the_code_is_typed_again(story: Story) -> None:
    submit(story.ready())
    leave(story)
    assert story.submit().events


def test_what_is_taken_left_or_opening_is_not_left_again(story: Story) -> None:
    submit(two(story))
    leave(story)
    with pytest.raises(WrongStage):
        leave(story)
    open_next(story)
    with pytest.raises(WrongStage):
        leave(story, "h2")
    with pytest.raises(UnknownHandOver):
        leave(story, "h9")


def test_who_cannot_reach_a_door_leaves_it_shut_and_a_clerk_is_asked_to_move_it(story: Story) -> None:
    submit(story.ready())
    leave(story, is_out_of_reach=True)
    assert story.incidents() == ["out_of_reach"]
    assert story.cabinet.results["r1"].reach == "low"
    assert story.cabinet.codes
    assert clearing.is_routine(story.cabinet, story.one(), today="2026-10-01")


def moved(story: Story) -> list[str]:
    """A clerk takes it out; the facts of the closing."""
    clerk = story.clerk
    story.then(clearing.reclaim(story.cabinet, "h1", clerk, grant="g7", today="2026-10-01"))
    story.opens(1)
    return [type(fact).__name__ for fact in story.closes(1)]


def test_what_was_out_of_reach_goes_into_a_low_compartment_and_its_owner_hears_of_it(story: Story) -> None:
    submit(story.ready())
    leave(story, is_out_of_reach=True)
    story.then(pickup.leave(story.cabinet, visit="v1"))
    facts = moved(story)
    assert "LoadUndone" in facts
    assert "NoticeQueued" not in facts
    assert story.incidents() == []
    wanted = loading.Load(results=("r1",), actor=story.clerk, hand_over="h5", grant="g8", size=None)
    story.then(loading.load(story.cabinet, wanted, places=story.places, servable=story.servable))
    assert story.one("h5").compartment == 2
    story.opens(2)
    story.closes(2)
    story.coded(code="c5", selector="222")
    (notice,) = [one for one in story.cabinet.notices.values() if one.code == "c5"]
    assert notice.template == "READY"


def test_one_of_two_that_was_out_of_reach_is_announced_again(story: Story) -> None:
    submit(two(story))
    leave(story, is_out_of_reach=True)
    story.then(pickup.leave(story.cabinet, visit="v1"))
    moved(story)
    assert story.cabinet.codes
    story.loaded("h5", ("r1",), 3)
    story.given(ev.RoundClosed(actor="lan"))
    (bundle,) = notices.due_bundles(story.cabinet)
    assert notices.unannounced(story.cabinet, bundle) == ("r1",)
