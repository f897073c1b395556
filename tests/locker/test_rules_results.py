"""Results as the centre speaks of them."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import ContradictsEarlier, DoorStandsOpen, OutOfOrder
from locker.rules import due, results
from locker.rules.results import Amend, Announce, Cancel, Known, Unreadable
from tests.locker.story import Story

NOTHING = Known()


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def put(story: Story, number: int | None = None) -> ev.PutWish:
    seq = story.cabinet.wish_seq + 1 if number is None else number
    return ev.PutWish(wish_seq=seq, wish_id=f"w{seq}", digest=b"d")


def announce(story: Story, result: str = "r1", known: Known = NOTHING) -> list[Any]:
    wish = Announce(wish=put(story), queued=story.queued(result))
    return story.then(results.take(story.cabinet, known, wish))


def amend(story: Story, result: str = "r1", **fields: Any) -> list[Any]:
    wish = put(story)
    amended = ev.ResultAmended(wish=wish.wish_seq, result=result, **fields)
    return story.then(results.take(story.cabinet, NOTHING, Amend(wish=wish, amended=amended)))


def cancel(story: Story, result: str = "r1", known: Known = NOTHING) -> list[Any]:
    return story.then(results.take(story.cabinet, known, Cancel(wish=put(story), result=result)))


# --- order


def test_each_wish_has_one_answering_fact_and_is_kept(story: Story) -> None:
    decision = results.take(story.cabinet, NOTHING, Announce(wish=put(story), queued=story.queued("r1")))
    assert kinds(list(decision.events)) == ["ResultQueued"]
    assert decision.rows[-1] == put(story)


def test_a_repeated_wish_changes_nothing(story: Story) -> None:
    announce(story)
    wish = Announce(wish=put(story, 1), queued=story.queued("r1", wish=1))
    assert results.take(story.cabinet, Known(is_repeat=True), wish) == ev.Decision()


def test_a_repeat_with_other_content_contradicts(story: Story) -> None:
    announce(story)
    with pytest.raises(ContradictsEarlier):
        results.take(story.cabinet, Known(is_repeat=True, matches=False), Cancel(wish=put(story, 1), result="r1"))


def test_a_wish_that_is_not_next_waits_for_the_one_before(story: Story) -> None:
    with pytest.raises(OutOfOrder) as refused:
        results.take(story.cabinet, NOTHING, Cancel(wish=put(story, 3), result="r1"))
    assert refused.value.expected == 1


def test_a_wish_nobody_can_read_is_answered_so_that_the_next_one_can_follow(story: Story) -> None:
    story.then(results.take(story.cabinet, NOTHING, Unreadable(wish=put(story), reason="unknown-kind")))
    assert story.cabinet.wish_seq == 1
    assert kinds(announce(story)) == ["ResultQueued"]


# --- announce


@pytest.mark.parametrize("known", [Known(), Known(past="collected")])
def test_a_result_that_is_here_or_was_collected_is_not_announced_again(story: Story, known: Known) -> None:
    if not known.past:
        announce(story)
    assert announce(story, known=known)[0].reason == "contradicts-earlier"


def test_a_result_that_was_taken_out_may_come_again(story: Story) -> None:
    assert kinds(announce(story, known=Known(past="reclaimed"))) == ["ResultQueued"]


# --- amend


@pytest.mark.parametrize("fields", [{"person": "p-2"}, {"recipient": "an-2"}, {"recipient": "an-2", "person": "p-2"}])
def test_a_change_of_who_may_know_the_code_revokes_all_codes_in_the_same_commit(
    story: Story, fields: dict[str, str]
) -> None:
    assert kinds(amend(story.ready(), **fields)) == ["CodesRevoked", "ResultAmended"]
    assert not story.cabinet.codes
    assert not any(one.code for one in story.cabinet.notices.values())


def test_another_language_revokes_nothing(story: Story) -> None:
    assert kinds(amend(story.ready(), language="en")) == ["ResultAmended"]
    assert (story.cabinet.wish_seq, story.cabinet.results["r1"].language) == (2, "en")
    assert story.cabinet.codes


def test_a_new_phone_of_a_recipient_counts_for_all_his_results(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    amend(story, person="p-2")
    assert {one.person for one in story.cabinet.results.values()} == {"p-2"}
    story.coded(code="c2")
    queued = story.facts[-1]
    assert isinstance(queued, ev.NoticeQueued)
    assert (queued.template, queued.person, queued.results) == ("NEWCODE_REVOKED", "p-2", ("r1", "r2"))


def test_a_hand_over_follows_its_result_to_another_recipients_bundle(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").ready()
    story.coded("binh", "c2", "222")
    amend(story, recipient="binh", person="p-binh")
    assert story.cabinet.bundle_of("an") is None
    assert story.one().recipient == "binh"
    assert story.submit("c1").refusal is not None
    assert kinds(list(story.submit("c2", selector="222", visit="v2").events)) == ["CodeAccepted", "GrantIssued"]


def test_somebody_new_who_gets_a_loaded_hand_over_gets_a_bundle_for_it(story: Story) -> None:
    amend(story.ready(), recipient="binh", person="p-binh")
    assert story.cabinet.bundle_of("binh") is not None


def test_results_of_one_compartment_that_come_to_belong_to_two_go_to_neither(story: Story) -> None:
    story.loaded("h1", ("r1", "r2"), 1).coded()
    amend(story, "r2", recipient="binh", person="p-binh")
    assert story.incidents() == ["recipients_differ"]
    assert story.one().is_cancelled
    assert story.one().recipient == "an"
    assert story.submit("c1").refusal is not None
    assert story.cabinet.bundle_of("binh") is None


@pytest.mark.parametrize("is_known", [True, False])
def test_a_change_to_what_has_left_or_never_came_is_refused(story: Story, is_known: bool) -> None:
    if is_known:
        story.collected()
    assert amend(story, language="en")[0].reason == "unknown-result"


def test_a_change_of_a_visitors_bundle_stops_his_further_doors(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded().then(story.submit())
    story.opens()
    amend(story, "r2", person="p-2")
    assert not story.cabinet.codes
    assert "Collected" in kinds(story.closes()), "what is already open is handed over"


# --- cancel


def test_what_is_only_expected_is_cancelled_without_a_trace(story: Story) -> None:
    announce(story)
    assert kinds(cancel(story)) == ["ResultCancelled"]
    assert not story.cabinet.results


def test_what_is_inside_is_cancelled_with_its_codes_and_waits_for_a_clerk(story: Story) -> None:
    assert kinds(cancel(story.ready())) == ["CodesRevoked", "ResultCancelled"]
    assert (story.one().is_cancelled, story.one().stage) == (True, "loaded")


def test_the_others_of_a_bundle_get_a_new_code_after_a_cancel(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    cancel(story)
    story.coded(code="c2")
    assert isinstance(story.facts[-1], ev.NoticeQueued)
    assert story.facts[-1].results == ("r2",)


def test_a_cancel_of_what_is_unknown_is_refused(story: Story) -> None:
    assert cancel(story)[0].reason == "unknown-result"


def test_a_cancel_that_meets_a_taken_result_is_a_conflict(story: Story) -> None:
    assert cancel(story.collected())[0].found == "collected"
    assert cancel(story, "r9", Known(past="reclaimed"))[0].found == "reclaimed"


@pytest.mark.parametrize("is_open", [False, True])
def test_a_change_that_meets_an_open_or_opening_door_waits(story: Story, is_open: bool) -> None:
    story.ready().then(story.submit())
    if is_open:
        story.opens()
    for act in (cancel, amend):
        with pytest.raises(DoorStandsOpen):
            act(story)


def test_a_door_that_was_left_open_holds_up_no_change(story: Story) -> None:
    story.at_the_door().then(due.facts(story.later(600).cabinet, story.moment, due.Timing()))
    assert kinds(cancel(story)) == ["CodesRevoked", "ResultCancelled"]
