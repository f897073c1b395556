"""The stock is checked door by door, compartments are taken out of use, and the day's sum holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from locker import events as ev
from locker import views
from locker.refusals import DoorStandsOpen, NoFreeCompartment, PresenceNeeded, SecondPersonNeeded, WrongStage
from locker.rules import clearing, doors, loading, stock
from tests.locker.story import Story

TODAY = "2026-11-22"
MIGRATION = Path(__file__).parents[2] / "locker" / "migrations" / "001-journal.sql"


def start(story: Story, second: str = "hoa") -> list[Any]:
    return story.then(stock.start(story.cabinet, story.clerk, check="k1", places=story.places, second=second))


def open_next(story: Story, grant: str = "gi") -> list[Any]:
    return story.then(stock.open_next(story.cabinet, story.clerk, grant=grant, today=TODAY, servable=story.servable))


def look(story: Story, number: int, found: ev.Found) -> None:
    story.opens(number)
    story.closes(number)
    story.then(clearing.looked(story.cabinet, number, story.clerk, found=found))


def test_a_check_walks_every_door_row_by_row_one_at_a_time(story: Story) -> None:
    story.ready()
    start(story)
    for number in (1, 2, 3, 4):
        (granted,) = open_next(story)
        assert (granted.compartment, granted.purpose) == (number, "inspect")
        with pytest.raises(DoorStandsOpen):
            open_next(story)
        look(story, number, "as_recorded" if number == 1 else "empty")
    with pytest.raises(WrongStage):
        open_next(story)
    story.then(stock.finish(story.cabinet, story.clerk))
    checked = story.cabinet.checked_stock
    assert checked is not None
    assert (checked.looked, checked.differing, checked.unseen, checked.actor) == (4, (), (), "lan")
    assert story.one().stage == "loaded"


def test_what_differs_from_the_record_is_kept_with_the_check(story: Story) -> None:
    story.ready()
    start(story)
    open_next(story)
    look(story, 1, "empty")
    open_next(story)
    look(story, 2, "something_else")
    assert story.cabinet.stock_check is not None
    assert story.cabinet.stock_check.differing == (1, 2)
    story.restarted()
    story.then(stock.finish(story.cabinet, story.clerk))
    assert story.cabinet.checked_stock is not None
    assert (story.cabinet.checked_stock.differing, story.cabinet.checked_stock.unseen) == ((1, 2), (3, 4))
    assert sorted(story.incidents()) == ["foreign_content", "missing"]


def test_without_a_second_person_each_loaded_door_asks_anew(story: Story) -> None:
    story.ready()
    start(story, second="")
    with pytest.raises(SecondPersonNeeded):
        open_next(story)
    again = stock.open_next(story.cabinet, story.clerk, grant="gi", today=TODAY, servable=story.servable, second="hoa")
    (granted,) = story.then(again)
    assert (granted.second, granted.permit) == ("hoa", "")


def test_who_agreed_at_the_start_does_not_agree_with_oneself(story: Story) -> None:
    story.ready()
    start(story, second="hoa")
    story.clerk = replace(story.clerk, user="hoa")
    with pytest.raises(SecondPersonNeeded):
        open_next(story)


def test_a_door_that_cannot_open_is_passed_over_and_named(story: Story) -> None:
    start(story)
    story.servable = frozenset({3, 4})
    (granted,) = open_next(story)
    assert granted.compartment == 3
    look(story, 3, "empty")
    story.servable = frozenset()
    with pytest.raises(WrongStage):
        open_next(story)
    (finished,) = story.then(stock.finish(story.cabinet, story.clerk))
    assert finished.unseen == (1, 2, 4)


def test_one_check_at_a_time_by_somebody_present(story: Story) -> None:
    away = replace(story.clerk, is_present=False)
    with pytest.raises(PresenceNeeded):
        stock.start(story.cabinet, away, check="k1", places=story.places)
    with pytest.raises(WrongStage):
        stock.finish(story.cabinet, story.clerk)
    start(story)
    with pytest.raises(WrongStage):
        start(story)


def test_a_compartment_out_of_use_takes_nothing_new_and_still_gives(story: Story) -> None:
    story.ready()
    for number in (1, 2, 3, 4):
        story.then(stock.close_compartment(story.cabinet, number, story.clerk, cause="lock"))
    with pytest.raises(WrongStage):
        stock.close_compartment(story.cabinet, 1, story.clerk, cause="lock")
    story.announced("r2")
    request = loading.Load(results=("r2",), actor=story.clerk, hand_over="h2", grant="g2")
    with pytest.raises(NoFreeCompartment):
        loading.load(story.cabinet, request, places=story.places, servable=story.servable)
    assert story.submit().refusal is None
    story.then(stock.reopen_compartment(story.cabinet, 2, story.clerk))
    (started, _granted) = loading.load(story.cabinet, request, places=story.places, servable=story.servable).events
    assert started.compartment == 2  # type: ignore[union-attr]  # a LoadStarted
    with pytest.raises(WrongStage):
        stock.reopen_compartment(story.cabinet, 2, story.clerk)


# --- the day's sum

ACTS: dict[str, Callable[[Story, str], ev.Decision]] = {
    "collect": lambda story, key: doors.collected(story.cabinet, story.one(key), evidence="door_cycle"),
    "reclaim": lambda story, key: doors.reclaimed(story.cabinet, story.one(key), actor="lan"),
    "undo": lambda story, key: doors.undone(story.cabinet, story.one(key), evidence="clerk"),
    "empty": lambda story, key: clearing.looked(story.cabinet, story.one(key).compartment, story.clerk, found="empty"),
    "as_recorded": lambda story, key: clearing.looked(
        story.cabinet, story.one(key).compartment, story.clerk, found="as_recorded"
    ),
}
PLAN = st.lists(
    st.tuples(st.sampled_from(["load", "dispute", "night", "clock back", *ACTS]), st.integers(0, 3)), max_size=30
)


def step(story: Story, act: str, pick: int, count: int) -> None:
    inside = [one for one in story.cabinet.hand_overs.values() if one.stage == "loaded"]
    if act == "night":
        story.later(86_400)
    elif act == "clock back":
        story.utc_ms -= 3 * 86_400_000
    elif act == "load":
        free = [number for number in story.places if not story.cabinet.compartment(number).hand_over]
        if free:
            story.loaded(f"h{count}", (f"r{count}",), free[pick % len(free)], recipient=f"k{pick}")
    elif inside and act == "dispute":
        one = inside[pick % len(inside)]
        bundle = story.cabinet.bundle_of(one.recipient)
        assert bundle is not None
        story.given(ev.CodeAccepted(code="c", bundle=bundle.bundle, visit=f"v{count}"))
        story.then(doors.collected(story.cabinet, one, evidence="none"))
        story.given(ev.Disputed(hand_over=one.hand_over, compartment=one.compartment, kind="empty"))
    elif story.cabinet.hand_overs and act in ("empty", "as_recorded"):
        known = list(story.cabinet.hand_overs)
        story.then(ACTS[act](story, known[pick % len(known)]))
    elif inside:
        story.then(ACTS[act](story, inside[pick % len(inside)].hand_over))


@given(plan=PLAN)
def test_yesterday_plus_what_came_less_what_left_is_what_is_inside(plan: list[tuple[str, int]]) -> None:
    story = Story()
    tables = apsw.Connection(":memory:")
    tables.execute(MIGRATION.read_text())
    views.create(tables)
    day = story.utc_ms
    for count, (act, pick) in enumerate(plan):
        before, moment = len(story.facts), story.moment
        step(story, act, pick, count)
        day = max(day, story.utc_ms) if act == "night" else day
        fresh = [ev.Recorded(before + n, 1, moment, fact) for n, fact in enumerate(story.facts[before:], 1)]
        views.apply(tables, fresh)
        inside = sum(one.stage == "loaded" for one in story.cabinet.hand_overs.values())
        found = views.balance(tables, day)
        assert found.inside == inside
    tables.close()
