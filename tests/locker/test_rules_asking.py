"""What anybody at the kiosk may ask about a dossier."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.refusals import StatusUnknown, TooManyAttempts
from locker.rules import asking
from tests.locker.story import Story

RIGHT = asking.Asked(dossiers=("d-r1",), matching=("d-r1",))
WRONG = asking.Asked(dossiers=("d-r1",))
UNKNOWN = asking.Asked()


def ask(story: Story, asked: asking.Asked) -> bool:
    """Whether the question was answered."""
    (fact,) = story.then(asking.ask(story.cabinet, asked, story.moment))
    assert isinstance(fact, ev.StatusAsked)
    assert isinstance(story.refusal, StatusUnknown) != fact.is_matched
    return fact.is_matched


def test_an_unknown_dossier_and_wrong_digits_are_one_fact_and_one_answer(story: Story) -> None:
    answers = []
    for asked in (WRONG, UNKNOWN):
        assert not ask(story, asked)
        answers.append((type(story.refusal), str(story.refusal)))
    assert answers[0] == answers[1]
    assert ask(story, RIGHT)


def test_after_ten_wrong_questions_a_dossier_is_told_to_nobody_and_a_restart_changes_nothing(story: Story) -> None:
    for _ in range(asking.WRONG_FOR_LIFE):
        assert not ask(story, WRONG)
    story.restarted()
    assert not ask(story, RIGHT)
    assert ask(story, asking.Asked(dossiers=("d-r2",), matching=("d-r2",)))


def test_when_too_many_were_wrong_everybody_waits_whatever_they_typed(story: Story) -> None:
    for _ in range(20):
        ask(story, UNKNOWN)
    for asked in (RIGHT, WRONG, UNKNOWN):
        with pytest.raises(TooManyAttempts) as refused:
            asking.ask(story.cabinet, asked, story.moment)
        assert refused.value.retry_after_s == 20 * 60
    story.later(20 * 60 - 1)
    with pytest.raises(TooManyAttempts):
        asking.ask(story.cabinet, RIGHT, story.moment)
    assert ask(story.later(1), RIGHT)
    story.restarted()
    with pytest.raises(TooManyAttempts):
        asking.ask(story.cabinet, RIGHT, story.moment)


def test_wrong_questions_take_nothing_from_who_collects(story: Story) -> None:
    story.ready()
    for _ in range(20):
        ask(story, UNKNOWN)
    assert story.submit("c1").refusal is None


def test_what_is_erased_is_forgotten(story: Story) -> None:
    ask(story, WRONG)
    assert story.cabinet.wrong_asks == {"d-r1": 1}
    story.given(ev.PersonalErased(refs=("d-r1", "p-an")))
    assert story.cabinet.wrong_asks == {}
