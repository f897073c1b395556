"""Results that two people handle: nobody loads, opens or takes them out alone; their owner is served as ever."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from locker import events as ev
from locker.refusals import SecondPersonNeeded, UnknownApproval, WrongStage
from locker.rules import clearing, exceptional, loading, moving
from locker.rules.loading import Actor
from tests.locker.story import Story

TODAY = "2027-06-01"
LEADER = Actor(user="minh", role="leader", is_present=False)


def load(story: Story, second: str = "", permit: str = "") -> ev.Decision:
    request = loading.Load(results=("r1",), actor=story.clerk, hand_over="h1", grant="g1", second=second, permit=permit)
    return loading.load(story.cabinet, request, places=story.places, servable=story.servable)


def announced(story: Story) -> Story:
    return story.announced(flags=("two_people",))


@pytest.mark.parametrize("second", ["", "lan"])
def test_nobody_loads_it_alone(story: Story, second: str) -> None:
    with pytest.raises(SecondPersonNeeded):
        load(announced(story), second)


def test_a_second_person_at_the_cabinet_agrees_to_the_loading_and_is_named(story: Story) -> None:
    _started, granted = announced(story).then(load(story, "hoa"))
    assert granted.second == "hoa"


def test_a_leader_elsewhere_agrees_to_the_loading_of_just_this_and_once(story: Story) -> None:
    announced(story).announced("r2", "binh", flags=("two_people",))
    story.then(exceptional.ask_load(story.cabinet, ("r1",), story.clerk, approval="a1"))
    for results, error in ((("r1",), SecondPersonNeeded), (("r2",), UnknownApproval)):
        with pytest.raises(error):
            exceptional.load_approver(story.cabinet, "a1", results, story.clerk, moment=story.moment)
    story.then(exceptional.give(story.cabinet, "a1", LEADER, today=TODAY, moment=story.moment))
    agreed = exceptional.load_approver(story.cabinet, "a1", ("r1",), story.clerk, moment=story.moment)
    story.then(load(story, agreed, "a1"))
    with pytest.raises(UnknownApproval):
        exceptional.live(story.cabinet, "a1", moment=story.moment)


def test_nobody_is_asked_to_agree_to_an_ordinary_loading(story: Story) -> None:
    with pytest.raises(WrongStage):
        exceptional.ask_load(story.announced().cabinet, ("r1",), story.clerk, approval="a1")


@pytest.mark.parametrize(
    "act",
    [
        lambda story: clearing.reclaim(story.cabinet, "h1", story.clerk, grant="g", today=TODAY),
        lambda story: clearing.inspect(story.cabinet, 1, story.clerk, grant="g", today=TODAY),
        lambda story: loading.reopen(story.cabinet, "h1", story.clerk, grant="g"),
        lambda story: moving.start(
            story.cabinet,
            "h1",
            story.clerk,
            grant="g",
            today=TODAY,
            places=story.places,
            servable=story.servable,
        ),
    ],
)
def test_what_is_overdue_is_not_opened_alone_either(story: Story, act: Callable[[Story], ev.Decision]) -> None:
    announced(story).loaded()
    with pytest.raises(SecondPersonNeeded):
        act(story)


def test_its_owner_opens_it_alone(story: Story) -> None:
    announced(story).loaded().coded().then(story.submit())
    assert story.cabinet.grants["g1"].purpose == "collect"
