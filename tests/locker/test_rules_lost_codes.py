"""How a person gets a new code who has lost it."""

from __future__ import annotations

from locker import events as ev
from locker.rules import lost_codes, notices
from tests.locker.story import Story

DAY_S = 24 * 3600


def ask(story: Story, person: str = "p-an") -> tuple[str, ...]:
    """The bundles for which a code is made."""
    (asked,) = story.then(lost_codes.ask(story.cabinet, {person}, story.moment))
    assert isinstance(asked, ev.NewCodeAsked)
    return asked.bundles


def mints(story: Story, code: str) -> list[str]:
    (bundle,) = notices.wanted_bundles(story.cabinet)
    facts = story.then(notices.mint_again(story.cabinet, bundle.bundle, story.fresh(code)))
    return [type(fact).__name__ for fact in facts]


def test_who_asks_gets_a_new_code_once(story: Story) -> None:
    assert len(ask(story.ready())) == 1
    assert mints(story, "c2") == ["CodeMinted", "NoticeQueued"]
    assert notices.wanted_bundles(story.cabinet) == ()
    assert story.submit("c2").refusal is None


def test_a_number_for_which_nothing_waits_is_one_fact_as_well(story: Story) -> None:
    assert ask(story.ready(), "p-nobody") == ()
    assert notices.wanted_bundles(story.cabinet) == ()


def test_what_no_notice_has_named_yet_is_not_told(story: Story) -> None:
    assert ask(story.loaded()) == ()


def test_a_number_is_sent_three_codes_a_day_and_a_restart_shortens_no_day(story: Story) -> None:
    story.ready()
    assert [len(ask(story)) for _ in range(4)] == [1, 1, 1, 0]
    story.later(DAY_S - 60).restarted().later(DAY_S - 1)
    assert ask(story) == ()
    assert len(ask(story.later(2))) == 1


def test_what_others_ask_takes_nothing_from_the_owner(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").coded("binh", "c9", "222")
    story.loaded().coded()
    for _ in range(50):
        ask(story, "p-nobody")
        ask(story, "p-binh")
    assert len(ask(story)) == 1


def test_a_number_that_two_people_share_gets_the_codes_of_both(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").coded("binh", "c9", "222")
    story.loaded().coded()
    (asked,) = lost_codes.ask(story.cabinet, {"p-an", "p-binh"}, story.moment).events
    assert len(asked.bundles) == 2  # type: ignore[union-attr]  # NewCodeAsked is all it gives


def test_a_code_that_was_wanted_is_not_made_once_everything_is_taken(story: Story) -> None:
    ask(story.at_the_door())
    story.closes()
    assert notices.wanted_bundles(story.cabinet) == ()
