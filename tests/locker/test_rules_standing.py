"""A cabinet is moved and retired: what is refused, what is asked for first, and who hears of it."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import DoorStandsOpen, OutOfUse, StillInUse, WrongStage
from locker.rules import intake, loading, pickup, results, slips, standing
from tests.locker.story import CLERK, Story


def told(facts: list[Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.template, one.person, one.results) for one in facts if isinstance(one, ev.NoticeQueued)]


def moving(story: Story) -> list[Any]:
    return story.then(standing.start_relocation(story.cabinet, "minh"))


def checked(story: Story, *, unseen: tuple[int, ...] = ()) -> None:
    story.given(
        ev.StockCheckStarted(check="s1", compartments=(1, 2, 3, 4), actor="lan", second="minh"),
        ev.StockCheckFinished(check="s1", looked=4 - len(unseen), unseen=unseen, actor="lan", differing=()),
    )


def test_while_it_is_moved_nothing_is_loaded_left_or_collected_and_holders_are_told(story: Story) -> None:
    story.ready().announced("r2")
    assert told(moving(story)) == [("APOLOGY_FAULT", "p-an", ("r1",))]
    with pytest.raises(OutOfUse, match="moved"):
        story.submit()
    wanted = loading.Load(results=("r2",), actor=CLERK, hand_over="h2", grant="g2")
    with pytest.raises(OutOfUse):
        loading.load(story.cabinet, wanted, places=story.places, servable=story.servable)
    with pytest.raises(OutOfUse):
        intake.offer(
            story.cabinet,
            intake.Offer(kind="new", visit="v2", hand_over="h3", grant="g3", size="S"),
            places=story.places,
            servable=story.servable,
            moment=story.moment,
            policy=intake.Policy(),
        )
    slip, first = slips.Proof(results=("r1",), has_paper=True, paper_matches=True), pickup.First(visit="v3", grant="g4")
    with pytest.raises(OutOfUse):
        slips.submit(story.cabinet, slip, first, places=story.places, servable=story.servable, moment=story.moment)
    assert story.cabinet.bucket.level_milli == Story().cabinet.bucket.level_milli


def test_it_serves_again_only_after_every_door_was_looked_into(story: Story) -> None:
    story.ready()
    moving(story)
    for unseen in ((), None, (3,)):
        if unseen:
            checked(story, unseen=unseen)
        with pytest.raises(WrongStage, match="stock"):
            standing.finish_relocation(story.cabinet, "minh", address="25 Hoa Mai")
    checked(story)
    facts = story.then(standing.finish_relocation(story.cabinet, "minh", address="25 Hoa Mai"))
    assert told(facts) == [("MOVED", "p-an", ("r1",))]
    assert standing.address_of(story.cabinet.standing, "12 Hoa Mai") == "25 Hoa Mai"
    story.then(story.submit())
    assert story.cabinet.grant_on(1) is not None


def test_a_stock_check_before_the_move_is_not_enough(story: Story) -> None:
    checked(story.ready())
    moving(story)
    with pytest.raises(WrongStage, match="stock"):
        standing.finish_relocation(story.cabinet, "minh", address="25 Hoa Mai")


def test_nobody_is_sent_away_from_an_open_door_or_out_of_a_round(story: Story) -> None:
    story.loaded()
    with pytest.raises(WrongStage, match="round"):
        moving(story)
    story.coded()
    story.then(story.submit())
    with pytest.raises(DoorStandsOpen):
        moving(story)
    story.opens()
    with pytest.raises(DoorStandsOpen):
        moving(story)
    story.closes()
    story.given(ev.VisitEnded(visit="v1", cause="idle"))
    assert moving(story) == [ev.RelocationStarted(actor="minh")]
    with pytest.raises(OutOfUse):
        moving(story)


def test_it_is_retired_only_when_nothing_is_inside_or_unsent(story: Story) -> None:
    story.ready()
    with pytest.raises(StillInUse) as refused:
        standing.retire(story.cabinet, "minh", unsent=3)
    assert refused.value.reasons == ("inside", "notices", "unsent")


@pytest.mark.parametrize("is_open", [False, True])
def test_it_is_not_retired_while_a_door_is_open_or_opening(story: Story, is_open: bool) -> None:
    story.given(ev.GrantIssued(grant="gi", compartment=2, purpose="inspect", hand_over="", actor="lan"))
    if is_open:
        story.opens(2)
    with pytest.raises(StillInUse) as refused:
        standing.retire(story.cabinet, "minh", unsent=0)
    assert refused.value.reasons == ("doors",)


def test_a_retired_cabinet_expects_and_takes_nothing_any_more(story: Story) -> None:
    story.then(standing.retire(story.cabinet, "minh", unsent=0))
    with pytest.raises(WrongStage):
        standing.retire(story.cabinet, "minh", unsent=0)
    with pytest.raises(OutOfUse, match="retired"):
        moving(story)
    announced = results.Announce(wish=ev.PutWish(wish_seq=1, wish_id="w1", digest=b"x"), queued=story.queued("r1"))
    (fact,) = story.then(results.take(story.cabinet, results.Known(), announced))
    assert fact == ev.WishRefused(wish=1, wish_id="w1", reason="out-of-use")
