"""The last four digits of the ID paper, for procedures that want them."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.refusals import CodeRefused, NotLoadable, PaperCheckNeeded, PaperRefused
from locker.rules import notices, pickup, results
from tests.locker.story import Story


def checked(story: Story) -> Story:
    story.announced("r1", flags=(pickup.PAPER_CHECK,))
    return story.ready()


def fail(story: Story, code: str = "c1") -> int:
    """A wrong answer; the tries that are left."""
    decision = story.submit(code, paper_matches=False)
    assert [type(fact) for fact in decision.events] == [ev.PaperCheckFailed]
    story.then(decision)
    assert isinstance(decision.refusal, PaperRefused)
    return decision.refusal.tries_left


def test_a_right_code_is_asked_for_the_paper_and_opens_with_it(story: Story) -> None:
    with pytest.raises(PaperCheckNeeded):
        checked(story).submit()
    assert len(story.submit(paper_matches=True).events) == 2


def test_a_wrong_code_is_not_asked_for_the_paper(story: Story) -> None:
    assert isinstance(checked(story).submit("", paper_matches=True).refusal, CodeRefused)


def test_nobody_else_is_asked_for_the_paper(story: Story) -> None:
    assert len(story.ready().submit(paper_matches=False).events) == 2


def test_five_wrong_answers_are_borne_for_life_and_neither_restart_nor_new_code_gives_more(story: Story) -> None:
    checked(story)
    assert [fail(story) for _ in range(3)] == [4, 3, 2]
    story.restarted()
    (bundle,) = story.cabinet.bundles
    story.then(notices.mint_again(story.cabinet, bundle, story.fresh("c2")))
    assert [fail(story, "c2") for _ in range(2)] == [1, 0]
    with pytest.raises(PaperRefused):
        story.submit("c2", paper_matches=True)


def test_one_of_two_that_wants_the_paper_makes_the_bundle_ask(story: Story) -> None:
    story.announced("r1", flags=(pickup.PAPER_CHECK,))
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    with pytest.raises(PaperCheckNeeded):
        story.submit()


def test_what_cannot_be_checked_is_not_loaded(story: Story) -> None:
    story.announced("r1", flags=(pickup.PAPER_CHECK, results.NO_PAPER_KNOWN))
    with pytest.raises(NotLoadable, match="no_paper_known"):
        results.check_loadable(story.cabinet.results["r1"])
