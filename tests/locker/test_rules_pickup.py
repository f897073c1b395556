"""How a citizen collects with a code."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.refusals import (
    BoardOffline,
    CodeRefused,
    CompartmentBusy,
    DoorDidNotOpen,
    SecondCheckNeeded,
    TooManyAttempts,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import doors, due, notices, pickup
from otp import throttle
from tests.locker.story import Story


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def says(story: Story, said: pickup.Answer, hand_over: str = "h1", visit: str = "v1") -> list[Any]:
    return story.then(pickup.answer(story.cabinet, hand_over, visit=visit, said=said))


def again(story: Story, grant: str = "g9", hand_over: str = "h1") -> list[Any]:
    return story.then(pickup.reopen(story.cabinet, hand_over, visit="v1", grant=grant, moment=story.moment))


def next_door(story: Story, grant: str = "g2") -> list[Any]:
    return story.then(
        pickup.open_next(
            story.cabinet,
            visit="v1",
            grant=grant,
            places=story.places,
            servable=story.servable,
            moment=story.moment,
        )
    )


def bundle_of_three(story: Story) -> Story:
    for number in (1, 2, 3):
        story.loaded(f"h{number}", (f"r{number}",), number)
    return story.coded()


# --- the code


def test_a_right_code_is_accepted_and_its_door_granted_in_one_commit(story: Story) -> None:
    assert kinds(story.ready().then(story.submit())) == ["CodeAccepted", "GrantIssued"]


def test_a_wrong_code_is_charged_before_it_is_refused(story: Story) -> None:
    decision = story.ready().submit("")
    assert decision.events == (ev.AttemptFailed(selector="111"),)
    assert isinstance(decision.refusal, CodeRefused)


@pytest.mark.parametrize("selector", ["111", "999"])
def test_a_wrong_code_is_answered_alike_whether_or_not_a_bundle_has_the_selector(story: Story, selector: str) -> None:
    decision = story.ready().submit("", selector=selector)
    assert (kinds(list(decision.events)), str(decision.refusal)) == (["AttemptFailed"], "not accepted")


def test_a_code_under_another_selector_than_its_bundles_is_a_wrong_code(story: Story) -> None:
    assert isinstance(story.ready().submit("c1", selector="222").refusal, CodeRefused)


def test_a_right_code_whose_grant_is_live_returns_that_grant_and_charges_nothing(story: Story) -> None:
    story.ready().then(story.submit())
    assert story.submit().events == ()
    assert kinds(list(story.submit(visit="v2").events)) == ["CodeAccepted"]


def test_a_right_code_whose_door_stands_open_gets_no_second_grant(story: Story) -> None:
    assert kinds(list(story.at_the_door().submit(visit="v2").events)) == ["CodeAccepted"]


def test_a_code_is_spent_when_its_last_item_is_handed_over(story: Story) -> None:
    assert isinstance(story.collected().submit(visit="v2").refusal, CodeRefused)


def test_a_code_is_good_after_its_door_did_not_open(story: Story) -> None:
    story.unseen()
    says(story, "door_stayed_shut")
    assert kinds(story.then(story.submit(grant="g5"))) == ["GrantIssued"]


@pytest.mark.parametrize("said", ["empty", "not_mine", "incomplete"])
def test_a_suspended_code_is_answered_like_a_wrong_one(story: Story, said: pickup.Answer) -> None:
    story.unseen()
    says(story, said)
    assert story.cabinet.codes
    assert isinstance(story.submit(visit="v2").refusal, CodeRefused)


def test_a_cancelled_hand_over_is_opened_by_no_code_while_the_others_of_its_bundle_are(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2)
    story.given(ev.ResultCancelled(wish=9, result="r1"))
    story.coded()
    granted = story.then(story.submit())[-1]
    assert granted.compartment == 2


def test_both_of_the_two_latest_codes_open(story: Story) -> None:
    story.ready().then(story_mints(story, "c2"))
    for code in ("c1", "c2"):
        assert story.submit(code).refusal is None


def test_the_third_latest_code_is_over(story: Story) -> None:
    story.ready().then(story_mints(story, "c2"))
    story.then(story_mints(story, "c3"))
    assert isinstance(story.submit("c1").refusal, CodeRefused)


def story_mints(story: Story, code: str) -> ev.Decision:
    bundle = story.cabinet.bundle_of("an")
    assert bundle is not None
    return notices.mint_again(story.cabinet, bundle.bundle, story.fresh(code))


# --- the throttle


def test_after_five_failures_the_owner_is_asked_the_second_question_and_gets_in(story: Story) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    with pytest.raises(SecondCheckNeeded):
        story.submit()
    assert story.submit(second_matches=True).refusal is None


def test_an_empty_bucket_asks_the_owner_of_an_unlocked_code_and_lets_him_in(story: Story) -> None:
    story.ready()
    for number in range(throttle.CAPACITY):
        story.then(story.submit("", selector=f"{900 + number}"))
    with pytest.raises(SecondCheckNeeded):
        story.submit()
    assert kinds(list(story.submit(second_matches=True).events)) == ["CodeAccepted", "GrantIssued"]


def test_unmatched_second_digits_evaluate_nothing_and_charge_nothing(story: Story) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    with pytest.raises(CodeRefused):
        story.submit(second_matches=False)


def test_second_answers_are_looked_at_every_twenty_seconds(story: Story) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    looked = story.uptime_ms
    with pytest.raises(TooManyAttempts) as refused:
        story.later(5).submit(second_matches=True, answered_uptime_ms=looked)
    assert refused.value.retry_after_s == 15
    story.uptime_ms -= 1
    with pytest.raises(TooManyAttempts) as refused:
        story.submit(second_matches=True, answered_uptime_ms=looked)
    assert refused.value.retry_after_s == 16, "whole seconds, never too few"
    story.uptime_ms += 1
    assert story.later(15).submit(second_matches=True, answered_uptime_ms=looked).refusal is None


def test_three_wrong_codes_with_a_right_second_answer_end_it_for_life(story: Story) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    for _ in range(3):
        story.later(21).then(story.submit("", second_matches=True))
    with pytest.raises(CodeRefused):
        story.later(21).submit(second_matches=True)


@pytest.mark.parametrize("what", ["restart", "new code"])
def test_failures_stay_counted_over(story: Story, what: str) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    level = story.cabinet.bucket.level_milli
    if what == "restart":
        story.restarted()
    else:
        story.then(story_mints(story, "c2"))
    assert story.cabinet.tries["111"].failures == 5
    assert story.cabinet.bucket.level_milli == level
    with pytest.raises(SecondCheckNeeded):
        story.submit()


def test_a_new_bundle_that_gets_a_rested_selector_starts_with_its_own_five_tries(story: Story) -> None:
    story.then(story.submit("", selector="111"))
    story.ready()
    assert "111" not in story.cabinet.tries


# --- several doors


def test_the_doors_of_a_bundle_open_one_after_another_with_one_code(story: Story) -> None:
    bundle_of_three(story).then(story.submit())
    story.opens(1)
    story.closes(1)
    assert story.cabinet.codes, "two more are waiting"
    for number, grant in ((2, "g2"), (3, "g3")):
        next_door(story, grant)
        story.opens(number)
        story.closes(number)
    assert not story.cabinet.codes
    assert not story.cabinet.bundles


def test_the_next_door_waits_until_the_first_has_closed(story: Story) -> None:
    bundle_of_three(story).then(story.submit())
    story.opens(1)
    with pytest.raises(CompartmentBusy):
        next_door(story)


def test_no_further_door_opens_in_a_visit_whose_codes_were_revoked_meanwhile(story: Story) -> None:
    bundle_of_three(story).then(story.submit())
    story.opens(1)
    story.closes(1)
    bundle = story.cabinet.bundle_of("an")
    assert bundle is not None
    story.then(doors.revoked(story.cabinet, bundle.bundle, "amended"))
    with pytest.raises(WrongStage):
        next_door(story)


def test_nothing_else_waits_after_the_last_door(story: Story) -> None:
    story.collected()
    with pytest.raises(WrongStage):
        next_door(story)
    assert pickup.still_waiting(story.cabinet, "v1") == []


def test_a_dead_board_leaves_the_other_doors_of_the_bundle(story: Story) -> None:
    bundle_of_three(story)
    story.servable = frozenset({3})
    assert story.then(story.submit())[-1].compartment == 3


def test_when_no_board_serves_nothing_is_charged(story: Story) -> None:
    story.ready()
    story.servable = frozenset()
    story.then(story.submit())
    assert isinstance(story.refusal, BoardOffline)
    assert (story.cabinet.tries, story.cabinet.visit) == ({}, None)


@pytest.mark.parametrize("why", ["out of service", "unproved", "not in the wiring"])
def test_a_door_is_not_pulsed_when_it_is(story: Story, why: str) -> None:
    story.ready()
    if why == "out of service":
        story.given(ev.BoardOutOfService(board="A1", cause="replaced"))
    elif why == "unproved":
        story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1), ev.RecountFinished(merged_through=9))
        story.coded(code="c2", selector="222")
        story.given(ev.RecountStarted(epoch=3, cause="restored", forked_at=1))
        story.given(ev.CodeMinted("c3", *_bundle(story), "333", "owner", "ready"))
    else:
        story.places = {}
    tried = story.submit(*(("c3",) if why == "unproved" else ()), selector="333" if why == "unproved" else "111")
    assert isinstance(tried.refusal, BoardOffline)
    assert [type(fact) for fact in tried.events] == [ev.CameInVain]


def _bundle(story: Story) -> tuple[str, str]:
    bundle = story.cabinet.bundle_of("an")
    assert bundle is not None
    return bundle.bundle, bundle.recipient


def test_a_door_a_clerk_is_at_is_busy_and_the_code_stays_good(story: Story) -> None:
    story.ready()
    story.given(ev.GrantIssued(grant="gi", compartment=1, purpose="inspect", hand_over="h1", actor="lan"))
    with pytest.raises(CompartmentBusy):
        story.submit()
    assert not story.cabinet.tries


def test_a_quarantined_compartment_opens_for_its_owner(story: Story) -> None:
    story.ready()
    story.opens(1, window={})
    story.closes(1)
    assert story.cabinet.compartment(1).quarantine == "opened_unasked"
    assert kinds(story.then(story.submit())) == ["CodeAccepted", "GrantIssued"]


# --- not seen open


def test_another_train_waits_sixty_seconds(story: Story) -> None:
    story.ready().then(story.submit())
    story.then(doors.did_not_open(story.cabinet, "g1", pulses=3))
    says(story, "door_stayed_shut")
    for seconds, again_s in ((0, 60), (0.999, 60), (58.001, 1)):
        with pytest.raises(DoorDidNotOpen) as refused:
            story.later(seconds).submit(grant="g2")
        assert refused.value.retry_after_s == again_s, "whole seconds, never too few"
    assert story.later(1).submit(grant="g2").refusal is None


def test_how_long_to_wait_is_told_of_the_door_that_may_be_tried_again(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    for number in (1, 1, 1, 2):
        story.servable = frozenset({number})
        story.later(61).then(story.submit(grant=f"g{story.cabinet.seq}"))
        (grant,) = story.cabinet.grants
        story.then(doors.did_not_open(story.cabinet, grant, pulses=3))
        says(story, "door_stayed_shut", hand_over=f"h{number}")
    story.servable = frozenset({1, 2})
    with pytest.raises(DoorDidNotOpen) as refused:
        story.later(20).submit(grant="g9")
    assert refused.value.retry_after_s == 40
    story.servable = frozenset({1})
    with pytest.raises(DoorDidNotOpen) as refused:
        story.submit(grant="g9")
    assert refused.value.retry_after_s is None, "not in this visit"


def test_of_several_doors_one_that_is_shut_goes_first(story: Story) -> None:
    story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()
    story.opens(1, window={})
    assert story.then(story.submit())[-1].compartment == 2


def test_a_suspect_door_is_pulsed_again_after_five_seconds(story: Story) -> None:
    story.ready().given(ev.SensorSuspected(compartment=1, cause="open_before_pulse"))
    story.then(story.submit())
    story.then(doors.did_not_open(story.cabinet, "g1", pulses=1))
    says(story, "door_stayed_shut")
    assert story.later(5).submit(grant="g2").refusal is None


def test_three_trains_in_vain_are_an_incident_and_a_quarantine_whatever_is_answered(story: Story) -> None:
    story.unseen(trains=3)
    assert story.incidents() == ["door_did_not_open"]
    assert story.cabinet.compartment(1).quarantine == "door_did_not_open"
    with pytest.raises(DoorDidNotOpen):
        story.submit(grant="g4")


def test_a_new_visit_may_try_again_after_three_trains(story: Story) -> None:
    story.unseen(trains=3).then(pickup.leave(story.cabinet, visit="v1"))
    assert story.submit(visit="v2", grant="g4").refusal is None


def test_received_although_unseen_is_booked_without_evidence_and_makes_the_sensor_suspect(story: Story) -> None:
    facts = kinds(says(story.unseen(), "received_all"))
    assert facts == [
        "DoorAnswered",
        "SensorSuspected",
        "Collected",
        "CodesRevoked",
        "NoticeQueued",
        "ReceiptConfirmed",
    ]
    assert story.facts[-6:-4] == [
        ev.DoorAnswered(compartment=1, hand_over="h1", did_open=True),
        ev.SensorSuspected(compartment=1, cause="unchanged_after_train"),
    ]
    assert "collected_without_evidence" in story.incidents()
    assert not story.cabinet.compartment(1).is_free, "nobody saw it empty"


def test_who_leaves_without_an_answer_leaves_it_uncertain_and_the_code_good(story: Story) -> None:
    story.unseen().then(pickup.leave(story.cabinet, visit="v1"))
    assert (story.one().uncertain, story.one().is_asked) == ("not_seen_open", False)
    assert story.submit(visit="v2").refusal is None


def test_who_said_that_it_stayed_shut_leaves_it_certain(story: Story) -> None:
    assert says(story.unseen(), "door_stayed_shut") == [
        ev.DoorAnswered(compartment=1, hand_over="h1", did_open=False),
        ev.CameInVain(hand_over="h1", compartment=1, results=("r1",), cause="stayed_shut"),
    ]
    story.then(pickup.leave(story.cabinet, visit="v1"))
    assert story.one().uncertain == ""


@pytest.mark.parametrize("said", ["received_all", "empty", "door_stayed_shut"])
def test_a_question_is_answered_once(story: Story, said: pickup.Answer) -> None:
    says(story.unseen(), "door_stayed_shut")
    with pytest.raises(WrongStage):
        says(story, said)


def test_a_right_code_with_a_broken_sensor_ends_in_the_citizens_hand(story: Story) -> None:
    story.ready().given(ev.SensorSuspected(compartment=1, cause="open_before_pulse"))
    story.then(story.submit())
    assert story.opens() == story.closes() == [], "a suspect door never counts as open"
    story.then(doors.did_not_open(story.cabinet, "g1", pulses=1))
    facts = kinds(says(story, "received_all"))
    assert "Collected" in facts
    assert "SensorSuspected" not in facts, "that is on record already"


def test_a_sensor_stuck_open_after_the_door_was_shut_may_be_contradicted(story: Story) -> None:
    facts = says(story.at_the_door(), "door_is_shut")
    assert kinds(facts) == ["SensorSuspected", "Collected", "CodesRevoked", "NoticeQueued"]
    assert facts[1].evidence == "none"
    assert story.cabinet.grant_on(1) is None


def test_a_door_that_does_not_stand_open_cannot_be_contradicted(story: Story) -> None:
    with pytest.raises(WrongStage):
        says(story.collected(), "door_is_shut")


# --- after the door has closed


def test_the_question_waits_for_the_closed_door(story: Story) -> None:
    with pytest.raises(WrongStage):
        says(story.at_the_door(), "received_all")
    story.closes()
    again(story)
    story.opens()
    with pytest.raises(WrongStage):
        says(story, "received_all")


def test_of_a_door_that_opened_and_closed_nobody_says_that_it_stayed_shut(story: Story) -> None:
    with pytest.raises(WrongStage):
        says(story.collected(), "door_stayed_shut")


def test_received_all_frees_the_compartment(story: Story) -> None:
    says(story.collected(), "received_all")
    assert story.cabinet.compartment(1).is_free
    assert not story.cabinet.results


@pytest.mark.parametrize("said", ["empty", "not_mine", "incomplete"])
def test_a_dispute_quarantines_and_outlives_visit_and_bundle(story: Story, said: pickup.Answer) -> None:
    says(story.collected(), said)
    story.then(pickup.leave(story.cabinet, visit="v1"))
    assert story.one().disputed == said
    assert story.cabinet.compartment(1).quarantine == "disputed"
    assert story.incidents() == ["disputed_" + said]


def test_what_was_reported_is_not_taken_back_by_a_later_answer(story: Story) -> None:
    says(story.collected(), "empty")
    with pytest.raises(WrongStage):
        says(story, "received_all")


def test_re_opening_is_free_for_sixty_seconds_and_books_nothing_twice(story: Story) -> None:
    again(story.collected().later(60))
    story.opens()
    assert kinds(story.closes()) == ["DoorClosed"]


def test_re_opening_ends_after_sixty_seconds(story: Story) -> None:
    with pytest.raises(WrongStage):
        again(story.collected().later(61))


@pytest.mark.parametrize("end", ["received all", "left", "next visit", "restart"])
def test_re_opening_ends_with(story: Story, end: str) -> None:
    story.loaded("h2", ("r2",), 2, "binh").loaded().coded("binh", "c2", "222").coded()
    story.then(story.submit())
    story.opens()
    story.closes()
    if end == "received all":
        says(story, "received_all")
    elif end == "left":
        story.then(pickup.leave(story.cabinet, visit="v1"))
    elif end == "next visit":
        story.then(story.submit("c2", selector="222", visit="v2", grant="g2"))
    else:
        story.restarted()
    with pytest.raises((WrongStage, UnknownHandOver)):
        again(story)
    assert "h1" not in story.cabinet.hand_overs


def test_a_re_opened_door_that_did_not_open_is_asked_about_and_stays_handed_over(story: Story) -> None:
    again(story.collected())
    story.then(doors.did_not_open(story.cabinet, "g9", pulses=3))
    assert says(story, "door_stayed_shut") == [ev.DoorAnswered(compartment=1, hand_over="h1", did_open=False)]
    assert story.one().stage == "collected"


def test_nobody_answers_for_a_hand_over_of_another_visit(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").loaded().coded()
    story.then(story.submit())
    with pytest.raises(UnknownHandOver):
        says(story, "received_all", hand_over="h2")
    with pytest.raises(WrongStage):
        says(story, "received_all", visit="v7")


def test_the_next_visitor_may_type_while_the_first_ones_door_stands_open(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh").loaded().coded("binh", "c2", "222").coded()
    story.then(story.submit())
    story.opens()
    assert kinds(story.then(story.submit("c2", selector="222", visit="v2", grant="g2"))) == [
        "CodeAccepted",
        "GrantIssued",
    ]
    assert kinds(story.closes())[:2] == ["DoorClosed", "Collected"]
    assert story.cabinet.compartment(1).is_free
    assert story.cabinet.visit is not None
    assert story.cabinet.visit.visit == "v2"


def test_more_time_is_for_who_is_still_there(story: Story) -> None:
    with pytest.raises(WrongStage):
        pickup.stay(story.cabinet, visit="v1")
    story.collected().later(60)
    with pytest.raises(WrongStage):
        pickup.stay(story.cabinet, visit="v7")
    assert story.then(pickup.stay(story.cabinet, visit="v1")) == [ev.MoreTimeAsked(visit="v1")]
    assert due.facts(story.later(89).cabinet, story.moment, due.Timing()).events == ()
    assert kinds(list(due.facts(story.later(1).cabinet, story.moment, due.Timing()).events)) == ["VisitEnded"]


def test_leaving_twice_or_a_strange_visit_changes_nothing(story: Story) -> None:
    assert pickup.leave(story.collected().cabinet, visit="v7").events == ()


def test_a_visit_does_not_idle_out_while_its_door_stands_open_or_opens(story: Story) -> None:
    story.ready().then(story.submit())
    ended = ev.VisitEnded(visit="v1", cause="idle")
    assert ended not in due.facts(story.later(95).cabinet, story.moment, due.Timing()).events
    story.opens()
    assert ended not in due.facts(story.later(95).cabinet, story.moment, due.Timing()).events
    story.closes()
    assert due.facts(story.later(91).cabinet, story.moment, due.Timing()).events == (ended,)
