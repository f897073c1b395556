"""What a person thought of a visit."""

from __future__ import annotations

import msgspec
import pytest

from locker import events as ev
from locker.refusals import WrongStage
from locker.rules import ratings
from tests.locker.story import Story


def rate(story: Story, visit: str = "v1") -> ev.Rated:
    (fact,) = story.then(ratings.rate(story.cabinet, visit, face="poor", reason="wait", moment=story.moment))
    assert isinstance(fact, ev.Rated)
    return fact


def refused(story: Story, visit: str = "v1") -> bool:
    with pytest.raises(WrongStage):
        ratings.rate(story.cabinet, visit, face="good", reason="", moment=story.moment)
    return True


def visiting(story: Story) -> Story:
    story.ready()
    story.then(story.submit("c1"))
    return story


def test_a_visit_is_rated_once_while_it_lasts(story: Story) -> None:
    visiting(story)
    visit = story.cabinet.visit
    assert visit is not None
    assert ratings.rateable(story.cabinet, story.moment) == visit.visit
    assert not rate(story, visit.visit).is_intake
    assert refused(story, visit.visit)
    story.given(ev.VisitEnded(visit=visit.visit, cause="left"))
    assert refused(story, visit.visit)
    assert ratings.rateable(story.cabinet, story.moment) is None


def test_it_is_rated_for_three_minutes_after_it_ended(story: Story) -> None:
    visiting(story)
    visit = story.cabinet.visit
    assert visit is not None
    story.given(ev.VisitEnded(visit=visit.visit, cause="left"))
    story.later(180)
    assert ratings.rateable(story.cabinet, story.moment) == visit.visit
    rate(story, visit.visit)
    assert refused(story, visit.visit)


def test_later_than_that_or_for_another_visit_nothing_is_rated(story: Story) -> None:
    visiting(story)
    visit = story.cabinet.visit
    assert visit is not None
    story.given(ev.VisitEnded(visit=visit.visit, cause="idle"))
    assert refused(story, "another")
    story.later(181)
    assert refused(story, visit.visit)


def test_papers_left_are_rated_as_an_intake(story: Story) -> None:
    story.given(ev.IntakeOffered(hand_over="i1", compartment=2, visit="v9", kind="new", bag="HS-000001"))
    assert rate(story, "v9").is_intake


def test_the_fact_names_neither_visit_nor_anybody() -> None:
    assert {field.name for field in msgspec.structs.fields(ev.Rated)} == {"face", "reason", "is_intake"}
