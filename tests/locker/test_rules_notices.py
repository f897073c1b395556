"""When codes are made and messages go out."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.model import SELECTOR_REST_MS
from locker.refusals import WrongStage
from locker.rules import notices, pickup
from tests.locker.story import Story


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def bundle(story: Story, recipient: str = "an") -> str:
    found = story.cabinet.bundle_of(recipient)
    assert found is not None
    return found.bundle


def mint(story: Story, code: str = "c1", selector: str = "111") -> list[Any]:
    return story.then(notices.mint(story.cabinet, bundle(story), story.fresh(code, selector)))


def ask(story: Story, code: str = "c2") -> list[Any]:
    return story.then(notices.mint_again(story.cabinet, bundle(story), story.fresh(code)))


# --- codes


def test_nothing_goes_out_while_the_round_is_open(story: Story) -> None:
    assert notices.due_bundles(story.loaded().cabinet) == ()
    assert mint(story) == []


def test_a_code_and_its_message_are_one_commit_with_the_codes_keeping_place(story: Story) -> None:
    story.loaded().given(ev.RoundClosed(actor="lan"))
    decision = notices.mint(story.cabinet, bundle(story), story.fresh())
    minted, queued = story.then(decision)
    assert (minted.cause, queued.template, queued.person, queued.is_call) == ("ready", "READY", "p-an", False)
    assert decision.rows == (ev.PutCode("c1", minted.bundle, b"s", b"v", b"sealed"),)
    assert mint(story, "c9") == [], "and only one"


def test_three_results_are_one_message_and_one_code(story: Story) -> None:
    for number in (1, 2, 3):
        story.loaded(f"h{number}", (f"r{number}",), number)
    story.given(ev.RoundClosed(actor="lan"))
    assert mint(story)[1].template == "READY_BUNDLE"


def test_a_later_item_makes_a_new_code_and_both_open(story: Story) -> None:
    story.ready().loaded("h2", ("r2",), 2).given(ev.RoundClosed(actor="lan"))
    minted, queued = mint(story, "c2")
    assert (minted.cause, minted.selector, queued.results) == ("later_item", "111", ("r1", "r2"))
    assert list(story.cabinet.codes) == ["c1", "c2"]


@pytest.mark.parametrize("why", ["cancelled", "disputed", "uncertain", "not loaded"])
def test_nothing_is_announced_that_is(story: Story, why: str) -> None:
    if why == "not loaded":
        story.announced().load_granted().restarted()
        story.loaded("h2", ("r2",), 2)
    else:
        story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2)
    if why == "cancelled":
        story.given(ev.ResultCancelled(wish=9, result="r1"))
    elif why == "disputed":
        story.given(ev.Disputed(hand_over="h1", compartment=1, kind="empty"))
    elif why == "uncertain":
        story.opens(1, window={})
    story.given(ev.RoundClosed(actor="lan"))
    assert mint(story)[1].results == ("r2",)


def test_what_was_uncertain_is_announced_when_it_is_settled(story: Story) -> None:
    story.loaded().opens(window={})
    story.given(ev.RoundClosed(actor="lan"))
    assert notices.due_bundles(story.cabinet) == ()
    story.given(ev.Settled(hand_over="h1", compartment=1, outcome="inside", evidence="clerk"))
    assert kinds(mint(story)) == ["CodeMinted", "NoticeQueued"]


def test_no_code_is_made_while_a_recount_runs(story: Story) -> None:
    story.ready().given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    assert notices.due_bundles(story.cabinet) == ()
    with pytest.raises(WrongStage):
        ask(story)
    story.given(ev.RecountFinished(merged_through=1))
    assert mint(story, "c2")[1].template == "NEWCODE_REVOKED"


def test_a_person_who_asks_gets_a_new_code_and_the_oldest_of_three_ends(story: Story) -> None:
    assert kinds(ask(story.ready())) == ["CodeMinted", "NoticeQueued"]
    decision = notices.mint_again(story.cabinet, bundle(story), story.fresh("c3"))
    assert kinds(list(decision.events)) == ["CodesRevoked", "CodeMinted", "NoticeQueued"]
    assert ev.EraseCode(code="c1") in decision.rows


def test_who_asks_again_within_the_day_is_called(story: Story) -> None:
    story.ready()
    calls = []
    for number in (2, 3):
        story.given(ev.NewCodeAsked(bundles=(bundle(story),)))
        calls.append(ask(story, f"c{number}")[-1].is_call)
    story.later(24 * 3600).given(ev.NewCodeAsked(bundles=(bundle(story),)))
    assert [*calls, ask(story, "c4")[-1].is_call] == [False, True, False]


def test_the_first_code_after_a_revocation_says_so_and_the_next_one_does_not(story: Story) -> None:
    story.ready().given(ev.CodesRevoked(bundle=bundle(story), codes=("c1",), cause="amended"))
    assert mint(story, "c2")[-1].template == "NEWCODE_REVOKED"
    story.loaded("h2", ("r2",), 2).given(ev.RoundClosed(actor="lan"))
    assert mint(story, "c3")[-1].template == "READY_BUNDLE"


def test_a_replaced_code_takes_its_waiting_message_along_and_leaves_the_announcement(story: Story) -> None:
    ask(story.ready())
    ask(story, "c3")
    assert {one.code for one in story.cabinet.notices.values()} == {"c2", "c3"}
    assert notices.due_bundles(story.cabinet) == ()


def test_what_was_announced_before_a_code_was_replaced_is_not_announced_anew(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    story.given(ev.Disputed(hand_over="h2", compartment=2, kind="empty"))
    for code in ("c2", "c3"):
        ask(story, code)
    story.given(ev.Settled(hand_over="h2", compartment=2, outcome="inside", evidence="clerk"))
    assert notices.due_bundles(story.cabinet) == ()


def test_a_person_who_asks_during_a_round_hears_only_of_what_was_announced(story: Story) -> None:
    story.ready().loaded("h2", ("r2",), 2)
    assert ask(story)[1].results == ("r1",)
    story.given(ev.RoundClosed(actor="lan"))
    assert mint(story, "c3")[-2].cause == "later_item"


def test_nobody_asks_for_a_code_before_the_first_one(story: Story) -> None:
    with pytest.raises(WrongStage):
        ask(story.loaded())


def test_nobody_gets_a_code_for_what_is_suspended(story: Story) -> None:
    story.ready().given(ev.Disputed(hand_over="h1", compartment=1, kind="empty"))
    with pytest.raises(WrongStage):
        ask(story)


# --- selectors


def test_a_selector_that_was_taken_meanwhile_is_drawn_again(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").coded("binh", "c2", "111")
    story.loaded().given(ev.RoundClosed(actor="lan"))
    with pytest.raises(WrongStage):
        mint(story)


def test_a_selector_rests_a_day_from_the_end_of_its_bundle(story: Story) -> None:
    story.at_the_door()
    story.later(7 * 86_400)
    story.closes()
    ended = story.utc_ms
    assert "111" in notices.taken_selectors(story.cabinet, ended + SELECTOR_REST_MS - 1)
    assert "111" not in notices.taken_selectors(story.cabinet, ended + SELECTOR_REST_MS)


def test_a_selector_whose_rest_is_over_is_forgotten_with_the_next_bundle_that_ends(story: Story) -> None:
    story.collected().given(ev.ReceiptConfirmed(hand_over="h1"))
    story.later(86_400).loaded("h2", ("r2",), 2).coded("an", "c2", "222")
    story.then(story.submit("c2", selector="222", grant="g2"))
    story.opens(2)
    story.closes(2)
    assert list(story.cabinet.resting) == ["222"]


# --- messages


def queued(story: Story) -> str:
    return next(iter(story.ready().cabinet.notices))


def test_the_intent_is_on_record_before_a_gateway_hears_of_it_and_only_once(story: Story) -> None:
    notice = queued(story)
    assert story.then(notices.attempt(story.cabinet, notice, gateway="a")) == [ev.NoticeAttempted(notice, "a", 1)]
    with pytest.raises(WrongStage):
        notices.attempt(story.cabinet, notice, gateway="a")
    with pytest.raises(WrongStage):
        notices.attempt(story.cabinet, "n-unknown", gateway="a")


def test_a_final_good_outcome_erases_the_sealed_secret(story: Story) -> None:
    notice = queued(story)
    decision = notices.sent(story.cabinet, notice, gateway="a", provider_id="x", is_final=True)
    assert kinds(list(decision.events)) == ["NoticeSent", "NoticeDelivered"]
    assert decision.rows == (ev.EraseSealed(code="c1"),)


def test_a_failure_that_is_not_final_waits_and_goes_again_with_the_same_code(story: Story) -> None:
    notice = queued(story)
    story.then(notices.attempt(story.cabinet, notice, gateway="a"))
    story.later(5).then(notices.failed(story.cabinet, notice, gateway="a", cause="busy", is_final=False))
    waiting = story.cabinet.notices[notice]
    assert (waiting.stage, waiting.code, story.incidents()) == ("queued", "c1", [])
    assert waiting.touched_uptime_ms == story.uptime_ms


def test_a_final_failure_calls_a_clerk_and_erases_the_secret(story: Story) -> None:
    notice = queued(story)
    decision = notices.failed(story.cabinet, notice, gateway="a", cause="no phone", is_final=True)
    assert decision.rows == (ev.EraseSealed(code="c1"),)
    story.then(decision)
    assert story.incidents() == ["notice_failed"]
    assert not story.cabinet.notices


def fails(story: Story, notice: str) -> None:
    story.then(notices.failed(story.cabinet, notice, gateway="a", cause="no phone", is_final=True))


def test_a_clerk_reads_whose_message_failed_before_the_person_comes(story: Story) -> None:
    fails(story, queued(story))
    (incident,) = story.cabinet.incidents.values()
    assert (incident.kind, incident.hand_over, incident.compartment) == ("notice_failed", "h1", 0)


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_failed_message_about_papers_names_them_while_they_are_inside(story: Story, is_inside: bool) -> None:
    story.given(
        ev.IntakeOffered("i1", 2, "w1", "new", "HS-1", person="p-i1"),
        ev.Deposited(hand_over="i1", compartment=2, evidence="door_cycle", is_confirmed=True),
        ev.NoticeQueued("n-i1", "DROPPED", "p-i1", "", intake="i1"),
    )
    if not is_inside:
        story.given(ev.IntakeCollected(hand_over="i1", compartment=2, bag="HS-1", count=1, actor="lan"))
    fails(story, "n-i1")
    assert [one.hand_over for one in story.cabinet.incidents.values()] == ["i1" if is_inside else ""]


def test_a_failed_message_about_nothing_inside_is_an_incident_of_no_hand_over(story: Story) -> None:
    story.given(ev.NoticeQueued("n-1", "EXPIRED", "p-an", "", results=("r9",)))
    fails(story, "n-1")
    assert [(one.kind, one.hand_over) for one in story.cabinet.incidents.values()] == [("notice_failed", "")]


def test_a_code_for_a_phone_that_does_not_arrive_is_no_matter_of_a_clerk(story: Story) -> None:
    story.given(ev.NoticeQueued("p-1-otp", "OTP", "p-1", ""))
    fails(story, "p-1-otp")
    assert (story.incidents(), story.cabinet.notices) == ([], {})


def test_a_message_whose_matter_is_over_is_dropped_and_the_last_one_takes_the_secret_along(story: Story) -> None:
    story.announced(phones=2).ready()
    first, second = story.cabinet.notices
    told = notices.dropped(story.cabinet, first, cause="over")
    assert told == ev.Decision(events=(ev.NoticeDropped(notice=first, cause="over"),))
    story.then(told)
    decision = notices.dropped(story.cabinet, second, cause="over")
    assert decision.rows == (ev.EraseSealed(code="c1"),)
    story.then(decision)
    assert (story.cabinet.notices, story.incidents()) == ({}, [])
    assert notices.dropped(story.cabinet, second, cause="over") == ev.Decision()


def test_a_later_message_that_arrives_ends_it_and_one_that_fails_leaves_one(story: Story) -> None:
    first = queued(story)
    fails(story, first)
    for code in ("c2", "c3"):
        story.then(notices.mint_again(story.cabinet, bundle(story), story.fresh(code)))
    fails(story, "n-c2")
    assert story.incidents() == ["notice_failed"]
    story.then(notices.delivered(story.cabinet, "n-c3", is_reported=True))
    assert story.incidents() == []


def test_it_ends_when_the_result_has_left(story: Story) -> None:
    fails(story, queued(story))
    story.then(story.submit())
    story.opens()
    story.closes()
    story.given(ev.VisitEnded(visit="v1", cause="idle"))
    assert "notice_failed" not in story.incidents()


def test_what_is_said_of_a_message_that_is_over_changes_nothing(story: Story) -> None:
    notice = queued(story)
    story.given(ev.CodesRevoked(bundle=bundle(story), codes=("c1",), cause="amended"))
    for decision in (
        notices.sent(story.cabinet, notice, gateway="a", provider_id="x", is_final=True),
        notices.delivered(story.cabinet, notice, is_reported=True),
        notices.failed(story.cabinet, notice, gateway="a", cause="x", is_final=True),
    ):
        assert decision == ev.Decision()
    story.given(ev.NoticeFailed(notice=notice, gateway="a", cause="x", is_final=True))
    assert story.incidents() == []


def test_a_message_waits_anew_after_a_restart_but_is_not_lost(story: Story) -> None:
    notice = queued(story)
    story.then(notices.attempt(story.cabinet, notice, gateway="a"))
    story.restarted()
    assert (story.cabinet.notices[notice].stage, story.cabinet.notices[notice].touched_uptime_ms) == ("attempted", 0)


def test_whose_data_were_erased_hears_nothing_more(story: Story) -> None:
    story.collected().given(ev.PersonalErased(refs=("p-an",)))
    assert not story.cabinet.notices


def test_the_message_of_a_hand_over_has_the_same_id_whenever_it_is_decided(story: Story) -> None:
    story.unseen()
    first = pickup.answer(story.cabinet, "h1", visit="v1", said="received_all")
    again = pickup.answer(story.cabinet, "h1", visit="v1", said="received_all")
    assert first == again
