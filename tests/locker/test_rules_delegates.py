"""Somebody else collects for the owner."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import CodeRefused, UnknownDelegate, WrongStage
from locker.rules import delegates, doors, loading, notices, pickup, results
from tests.locker.story import Story


def name(story: Story, result: str = "r1", ref: str = "", *, has_phone: bool = True) -> list[Any]:
    number = story.cabinet.wish_seq + 1
    wish = ev.PutWish(wish_seq=number, wish_id=f"w{number}", digest=b"x")
    named = results.Name(
        wish=wish, result=result, delegate=ref or f"g-{result}-{number}", owner_has_phone=has_phone, rows=()
    )
    return story.then(results.take(story.cabinet, results.Known(), named))


def revoke(story: Story, result: str = "r1") -> list[Any]:
    number = story.cabinet.wish_seq + 1
    wish = ev.PutWish(wish_seq=number, wish_id=f"w{number}", digest=b"x")
    return story.then(results.take(story.cabinet, results.Known(), results.Revoke(wish=wish, result=result)))


def mint(story: Story, code: str = "d1") -> list[Any]:
    (result,) = notices.due_delegates(story.cabinet)
    return story.then(notices.mint_delegates(story.cabinet, result.result, story.fresh(code)))


def names(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def two(story: Story) -> Story:
    """Two results of one owner in two compartments, a delegate for the first with the code d1."""
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    name(story)
    mint(story)
    return story


def test_naming_tells_the_owner_and_makes_a_code_of_the_delegates_own(story: Story) -> None:
    named, told = name(story.ready())
    assert isinstance(named, ev.DelegateNamed)
    assert (told.template, told.person, told.code) == ("DELEGATED", "p-an", "")
    minted, queued = mint(story)
    assert (minted.holder, minted.delegate, queued.template, queued.person) == (
        "delegate",
        named.delegate,
        "DELEGATE",
        named.delegate,
    )
    assert notices.due_delegates(story.cabinet) == ()


def test_the_delegates_code_takes_none_of_the_owners_away(story: Story) -> None:
    bundle = story.ready().cabinet.bundle_of("an")
    assert bundle is not None
    story.then(notices.mint_again(story.cabinet, bundle.bundle, story.fresh("c2")))
    name(story)
    assert names(mint(story)) == ["CodeMinted", "NoticeQueued"]
    assert list(story.cabinet.codes) == ["c1", "c2", "d1"]


@pytest.mark.parametrize("is_revoked", [False, True])
def test_whether_the_owner_must_hear_of_a_revocation_is_no_matter_of_the_delegates_code(
    story: Story, is_revoked: bool
) -> None:
    story.ready()
    name(story)
    if is_revoked:
        story.given(ev.ResultAmended(wish=9, result="r1", person="p-an-2"))
        story.then(doors.revoked(story.cabinet, next(iter(story.cabinet.bundles)), "amended"))
    mint(story)
    story.loaded("h2", ("r2",), 2).coded(code="c2")
    queued = story.facts[-1]
    assert isinstance(queued, ev.NoticeQueued)
    assert queued.template == ("NEWCODE_REVOKED" if is_revoked else "READY_BUNDLE")


def test_the_code_comes_when_the_result_is_inside_and_the_owner_was_told(story: Story) -> None:
    story.announced()
    name(story)
    assert notices.due_delegates(story.cabinet) == ()
    story.loaded()
    story.given(ev.RoundClosed(actor="lan"))
    assert notices.due_delegates(story.cabinet) == ()
    story.coded()
    assert names(mint(story)) == ["CodeMinted", "NoticeQueued"]


@pytest.mark.parametrize("why", ["cancelled", "disputed", "uncertain", "in a round", "in a recount", "named nobody"])
def test_a_delegate_gets_no_code_for_what_is(story: Story, why: str) -> None:
    story.ready()
    if why != "named nobody":
        name(story)
    if why == "cancelled":
        story.given(ev.ResultCancelled(wish=9, result="r1"))
    elif why == "disputed":
        story.given(ev.Disputed(hand_over="h1", compartment=1, kind="empty"))
    elif why == "uncertain":
        story.opens(window={})
    elif why == "in a round":
        story.loaded("h2", ("r2",), 2)
    elif why == "in a recount":
        story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    assert notices.due_delegates(story.cabinet) == ()
    assert notices.mint_delegates(story.cabinet, "r1", story.fresh("d1")) == ev.Decision()
    assert notices.mint_delegates(story.cabinet, "r-unknown", story.fresh("d1")) == ev.Decision()


def test_both_hear_of_the_collection_and_the_delegates_code_is_over(story: Story) -> None:
    two(story)
    assert names(story.then(story.submit("d1"))) == ["CodeAccepted", "GrantIssued"]
    story.opens()
    facts = story.closes()
    told = [(fact.template, fact.person) for fact in facts if isinstance(fact, ev.NoticeQueued)]
    assert told == [("COLLECTED", "p-an"), ("COLLECTED", story.cabinet.results["r1"].delegate)]
    assert [code.code for code in story.cabinet.codes.values()] == ["c1"]
    assert isinstance(story.submit("d1", visit="v2").refusal, CodeRefused)
    assert story.submit("c1", visit="v3", grant="g3").refusal is None


def test_a_delegate_opens_nothing_else_of_the_owner(story: Story) -> None:
    two(story)
    story.then(story.submit("d1"))
    story.opens()
    story.closes()
    assert pickup.still_waiting(story.cabinet, "v1") == []
    with pytest.raises(WrongStage):
        pickup.open_next(
            story.cabinet, visit="v1", grant="g2", places=story.places, servable=story.servable, moment=story.moment
        )


def test_a_delegates_code_opens_their_door_and_never_the_owners_before_it(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    name(story, "r2")
    mint(story)
    assert story.then(story.submit("d1"))[-1].compartment == 2


def test_the_owner_still_collects_everything(story: Story) -> None:
    two(story)
    story.then(story.submit("c1"))
    story.opens()
    facts = story.closes()
    assert [fact.person for fact in facts if isinstance(fact, ev.NoticeQueued)] == ["p-an"]
    assert len(pickup.still_waiting(story.cabinet, "v1")) == 1


@pytest.mark.parametrize("by_clerk", [True, False])
def test_a_revoked_delegate_opens_nothing_and_the_owners_code_stays(story: Story, by_clerk: bool) -> None:
    two(story)
    facts = story.then(delegates.revoke(story.cabinet, "r1", actor="lan")) if by_clerk else revoke(story)
    assert names(facts) == ["CodesRevoked", "DelegateRevoked"]
    assert isinstance(story.submit("d1").refusal, CodeRefused)
    assert story.submit("c1").refusal is None
    assert notices.due_bundles(story.cabinet) == ()
    with pytest.raises(UnknownDelegate):
        delegates.revoke(story.cabinet, "r1", actor="lan")


def test_who_is_revoked_at_the_kiosk_opens_no_more_doors(story: Story) -> None:
    two(story)
    story.then(story.submit("d1"))
    story.given(ev.GrantLapsed(grant="g1", cause="board_away"))
    story.then(delegates.revoke(story.cabinet, "r1", actor="lan"))
    with pytest.raises(WrongStage):
        pickup.open_next(
            story.cabinet, visit="v1", grant="g2", places=story.places, servable=story.servable, moment=story.moment
        )


def test_another_delegate_ends_the_first_ones_code(story: Story) -> None:
    two(story)
    assert names(name(story)) == ["CodesRevoked", "DelegateNamed", "NoticeQueued"]
    assert isinstance(story.submit("d1").refusal, CodeRefused)
    mint(story, "d2")
    assert story.submit("d2").refusal is None


@pytest.mark.parametrize(
    ("result", "has_phone", "reason"),
    [("r1", False, "owner-not-reachable"), ("r1", True, "shares-compartment"), ("nobody", True, "unknown-result")],
)
def test_a_delegate_who_may_not_be_is_refused(story: Story, result: str, has_phone: bool, reason: str) -> None:
    story.loaded("h1", ("r1", "r2"), 1).coded()
    (refused,) = name(story, result, has_phone=has_phone)
    assert (type(refused), refused.reason) == (ev.WishRefused, reason)


def test_what_a_delegate_may_collect_is_loaded_by_itself(story: Story) -> None:
    story.announced("r1").announced("r2")
    name(story)
    request = loading.Load(results=("r1", "r2"), actor=story.clerk, hand_over="h1", grant="g1")
    with pytest.raises(WrongStage):
        loading.load(story.cabinet, request, places=story.places, servable=story.servable)
    revoke(story)
    assert loading.load(story.cabinet, request, places=story.places, servable=story.servable).events
