"""Collecting with the appointment slip and the end of the ID paper."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import PaperCheckNeeded, PaperRefused, SlipRefused, UnknownHandOver, WrongStage
from locker.rules import pickup, slips
from tests.locker.story import Story

FIRST = pickup.First(visit="v1", grant="g1")


def scan(story: Story, *results: str, paper: bool | None = True, has_paper: bool = True) -> list[Any]:
    proof = slips.Proof(results=results or ("r1",), has_paper=has_paper, paper_matches=paper)
    return story.then(
        slips.submit(story.cabinet, proof, FIRST, places=story.places, servable=story.servable, moment=story.moment)
    )


def names(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_slip_and_paper_open_the_door_and_the_closing_books_it(story: Story) -> None:
    assert names(scan(story.ready())) == ["SlipAccepted", "GrantIssued"]
    story.opens()
    assert "Collected" in names(story.closes())
    with pytest.raises(SlipRefused):
        scan(story)


def test_a_slip_opens_without_any_message(story: Story) -> None:
    story.loaded().given(ev.RoundClosed(actor="lan"))
    assert names(scan(story)) == ["SlipAccepted", "GrantIssued"]


def test_the_same_slip_twice_gives_one_grant(story: Story) -> None:
    scan(story.ready())
    assert scan(story) == []


def test_a_slip_is_live_once_its_dossier_is_loaded(story: Story) -> None:
    story.announced()
    with pytest.raises(SlipRefused):
        scan(story)
    with pytest.raises(SlipRefused):
        scan(story.load_granted())
    with pytest.raises(SlipRefused):
        scan(story, "nobody", has_paper=False)


def test_who_has_no_paper_on_record_is_told_the_same(story: Story) -> None:
    with pytest.raises(SlipRefused):
        scan(story.ready(), has_paper=False)


def test_a_slip_alone_opens_nothing(story: Story) -> None:
    with pytest.raises(PaperCheckNeeded):
        scan(story.ready(), paper=None)


def test_five_wrong_papers_for_life_and_the_owner_still_collects(story: Story) -> None:
    story.ready()
    left = []
    for _ in range(5):
        assert names(scan(story, paper=False)) == ["SlipCheckFailed"]
        left.append(story.refusal.tries_left)  # type: ignore[union-attr]  # PaperRefused
        story.restarted().servable = frozenset(story.places)
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(PaperRefused):
        scan(story)
    assert story.submit().refusal is None


def test_a_slip_opens_nothing_else_of_its_person(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    scan(story)
    assert story.cabinet.grant_on(1) is not None
    story.opens()
    story.closes()
    assert pickup.still_waiting(story.cabinet, "v1") == []
    with pytest.raises(WrongStage):
        pickup.open_next(
            story.cabinet, visit="v1", grant="g2", places=story.places, servable=story.servable, moment=story.moment
        )
    with pytest.raises(UnknownHandOver):
        pickup.answer(story.cabinet, "h2", visit="v1", said="empty")


def test_the_code_widens_the_visit_of_a_slip(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    scan(story)
    story.opens()
    story.closes()
    assert names(story.then(story.submit(visit="v2", grant="g2"))) == ["CodeAccepted", "GrantIssued"]
    assert story.cabinet.grant_on(2) is not None


@pytest.mark.parametrize("kind", [ev.ResultCancelled(wish=9, result="r1"), ev.Disputed("h1", 1, "empty")])
def test_what_the_code_does_not_open_the_slip_does_not_either(story: Story, kind: ev.Event) -> None:
    story.ready().given(kind)
    with pytest.raises(SlipRefused):
        scan(story)
