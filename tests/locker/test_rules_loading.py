"""How a present clerk puts results into compartments, and opens and undoes own loads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from locker import events as ev
from locker.refusals import (
    CompartmentBusy,
    DoorStandsOpen,
    NoFreeCompartment,
    NoReachableCompartment,
    NotAllowed,
    NotLoadable,
    NotServed,
    PresenceNeeded,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules import clearing, doors, due, loading
from locker.rules.loading import Actor
from tests.locker.story import Story

AWAY = Actor(user="lan", role="clerk", is_present=False)
OTHER = Actor(user="hoa", role="clerk", is_present=True)


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def load(story: Story, *results: str, actor: Actor | None = None, size: ev.Size | None = None) -> ev.Decision:
    request = loading.Load(
        results=results or ("r1",), actor=actor or story.clerk, hand_over="h1", grant="g1", size=size
    )
    return loading.load(story.cabinet, request, places=story.places, servable=story.servable)


def reopened(story: Story, actor: Actor | None = None) -> list[Any]:
    return story.then(loading.reopen(story.cabinet, "h1", actor or story.clerk, grant="g2"))


# --- choosing


def test_who_needs_a_low_door_gets_one_beside_the_keypad_while_one_is_free(story: Story) -> None:
    story.announced(reach="low")
    request = loading.Load(results=("r1",), actor=story.clerk, hand_over="h1", grant="g1")
    places = {**story.places, 3: msgspec.structs.replace(story.places[3], near_keypad=True)}
    for servable, number in ((story.servable, 3), (story.servable - {3}, 2)):
        chosen = loading.load(story.cabinet, request, places=places, servable=servable)
        assert chosen.events[0].compartment == number  # type: ignore[union-attr]  # a LoadStarted


def test_a_load_reserves_a_compartment_and_grants_its_opening_in_one_commit(story: Story) -> None:
    started, granted = story.announced().then(load(story))
    assert (started.compartment, granted.purpose, granted.hand_over) == (2, "load", "h1")


def test_the_smallest_compartment_that_fits_at_a_comfortable_height_is_taken(story: Story) -> None:
    story.announced("r1").announced("r2", "an", size="M")
    assert load(story, "r1").events[0].compartment == 2  # type: ignore[union-attr]  # a LoadStarted
    assert load(story, "r1", "r2").events[0].compartment == 3  # type: ignore[union-attr]  # a LoadStarted
    assert load(story, "r1", size="L").events[0].compartment == 4  # type: ignore[union-attr]  # a LoadStarted


def test_who_cannot_reach_high_gets_a_low_compartment_or_none(story: Story) -> None:
    story.announced(reach="low")
    assert load(story).events[0].compartment == 2  # type: ignore[union-attr]  # a LoadStarted
    story.servable = frozenset({1, 4})
    with pytest.raises(NoReachableCompartment):
        load(story)


def taken(story: Story) -> None:
    story.loaded("h2", ("r2",), 2, "binh")


def quarantined(story: Story) -> None:
    story.opens(2, window={})
    story.closes(2)


def standing_open(story: Story) -> None:
    story.opens(2, window={})


def suspect(story: Story) -> None:
    story.given(ev.SensorSuspected(compartment=2, cause="open_before_pulse"))


def held_by_a_grant(story: Story) -> None:
    story.given(ev.GrantIssued(grant="gi", compartment=2, purpose="inspect", hand_over="", actor="hoa"))


def on_a_board_out_of_service(story: Story) -> None:
    story.given(ev.BoardOutOfService(board="A1", cause="replaced"))


def unproved(story: Story) -> None:
    story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))


@pytest.mark.parametrize(
    "what", [taken, quarantined, standing_open, suspect, held_by_a_grant, on_a_board_out_of_service, unproved]
)
def test_a_compartment_is_not_chosen_when_it_is(story: Story, what: Callable[[Story], None]) -> None:
    story.servable = frozenset({2})
    story.announced()
    assert load(story).events
    what(story)
    with pytest.raises(NoFreeCompartment):
        load(story)


def test_a_full_cabinet_says_so(story: Story) -> None:
    story.announced(size="L")
    story.servable = frozenset({1, 2, 3})
    with pytest.raises(NoFreeCompartment):
        load(story)


# --- what may not be loaded


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": 8}, "not_finished"),
        ({"procedure_allowed": False}, "procedure"),
        ({"consent": False}, "consent"),
        ({"fee": "unpaid"}, "unpaid"),
        ({"by_post": True}, "by_post"),
    ],
)
def test_a_result_is_not_loadable_with_its_reason(story: Story, fields: dict[str, Any], reason: str) -> None:
    story.announced(**fields)
    with pytest.raises(NotLoadable) as refused:
        load(story)
    assert refused.value.reason == reason


def test_only_a_present_clerk_loads(story: Story) -> None:
    with pytest.raises(PresenceNeeded):
        load(story.announced(), actor=AWAY)


def test_what_nobody_announced_is_not_loaded(story: Story) -> None:
    with pytest.raises(UnknownResult):
        load(story)


def test_nothing_is_loaded_twice(story: Story) -> None:
    story.loaded()
    with pytest.raises(WrongStage):
        load(story)


def test_two_recipients_do_not_share_a_compartment(story: Story) -> None:
    story.announced("r1").announced("r2", "binh")
    with pytest.raises(WrongStage):
        load(story, "r1", "r2")


def test_no_result_at_all_is_no_load(story: Story) -> None:
    request = loading.Load(results=(), actor=story.clerk, hand_over="h1", grant="g1")
    with pytest.raises(WrongStage):
        loading.load(story.cabinet, request, places=story.places, servable=story.servable)


def test_one_envelope_scanned_twice_is_one_envelope(story: Story) -> None:
    assert load(story.announced(), "r1", "r1").events[0].results == ("r1",)  # type: ignore[union-attr]  # LoadStarted


@pytest.mark.parametrize("is_open", [False, True])
def test_the_next_envelope_waits_for_the_door_before(story: Story, is_open: bool) -> None:
    story.announced("r1").announced("r2").load_granted("h9", ("r2",), 4)
    if is_open:
        story.opens(4)
    with pytest.raises(DoorStandsOpen):
        load(story)


# --- own loads


def test_an_own_load_is_opened_again_while_the_round_is_open(story: Story) -> None:
    assert reopened(story.loaded())[0].purpose == "load"
    story.opens()
    assert kinds(story.closes()) == ["DoorClosed"]
    assert story.one().stage == "loaded"


def test_a_load_is_undone_after_its_door_was_opened_again(story: Story) -> None:
    reopened(story.loaded())
    story.opens()
    story.closes()
    assert kinds(story.then(loading.undo(story.cabinet, "h1", story.clerk))) == ["LoadUndone"]
    assert story.cabinet.results["r1"].hand_over == ""
    assert story.cabinet.compartment(1).is_free


def test_a_loaded_hand_over_is_not_undone_unseen(story: Story) -> None:
    with pytest.raises(WrongStage):
        loading.undo(story.loaded().cabinet, "h1", story.clerk)


def test_a_load_whose_door_never_opened_is_undone_at_once(story: Story) -> None:
    story.announced().load_granted().then(doors.lapse(story.cabinet, "load-h1", cause="BusOffline"))
    assert kinds(story.then(loading.undo(story.cabinet, "h1", story.clerk))) == ["LoadUndone"]


def test_a_door_that_did_not_open_for_its_load_waits_for_a_look_before_the_next_one(story: Story) -> None:
    story.announced().load_granted()
    story.then(doors.did_not_open(story.cabinet, "load-h1", pulses=3))
    story.then(loading.undo(story.cabinet, "h1", story.clerk))
    assert story.cabinet.compartment(1).quarantine == "door_did_not_open"
    assert story.incidents() == ["door_did_not_open"]
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    assert story.cabinet.compartment(1).is_free
    assert story.incidents() == []


def test_undoing_the_last_load_of_a_bundle_ends_its_codes_with_their_keeping_place(story: Story) -> None:
    story.ready().announced("r2").load_granted("h2", ("r2",), 2)
    story.opens(2)
    story.closes(2)
    reopened(story)
    story.opens()
    story.closes()
    story.then(loading.undo(story.cabinet, "h1", story.clerk))
    assert story.cabinet.codes, "the later item is still inside"
    story.given(ev.GrantIssued(grant="g3", compartment=2, purpose="load", hand_over="h2", actor="lan"))
    story.opens(2)
    story.closes(2)
    decision = loading.undo(story.cabinet, "h2", story.clerk)
    assert ev.EraseCode(code="c1") in decision.rows
    story.then(decision)
    assert (story.cabinet.codes, story.cabinet.bundles, story.cabinet.notices) == ({}, {}, {})


def test_what_the_centre_withdrew_while_it_was_loaded_is_gone_after_the_undo(story: Story) -> None:
    story.announced().load_granted().then(doors.lapse(story.cabinet, "load-h1", cause="BusOffline"))
    story.given(ev.ResultCancelled(wish=2, result="r1"))
    story.then(loading.undo(story.cabinet, "h1", story.clerk))
    assert not story.cabinet.results


@pytest.mark.parametrize("act", [reopened, lambda story, actor=None: loading.undo(story.cabinet, "h1", actor)])
def test_an_own_load_is_neither_opened_nor_undone(story: Story, act: Callable[..., Any]) -> None:
    """By another, from afar, unknown, after the round, with its door open, collected meanwhile, or in a recount."""
    with pytest.raises(UnknownHandOver):
        act(story, OTHER)
    story.ready()
    for actor, refusal in ((AWAY, PresenceNeeded), (OTHER, NotAllowed), (story.clerk, WrongStage)):
        with pytest.raises(refusal):
            act(story, actor)
    story.announced("r2").load_granted("h2", ("r2",), 2)
    story.opens(2)
    story.closes(2)
    story.then(story.submit())
    with pytest.raises((CompartmentBusy, WrongStage)):
        act(story, story.clerk)
    story.opens(1)
    story.closes(1)
    with pytest.raises(WrongStage):
        act(story, story.clerk)


def test_in_a_recount_a_load_is_not_touched_before_a_look(story: Story) -> None:
    story.announced().load_granted().given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
    with pytest.raises(NotServed):
        reopened(story)
    with pytest.raises(NotServed):
        loading.undo(story.cabinet, "h1", story.clerk)


# --- doors that were not seen


def asked(story: Story, purpose: ev.Purpose) -> Story:
    if purpose == "load":
        story.announced().load_granted()
    else:
        story.ready().given(
            ev.GrantIssued(grant="load-h1", compartment=1, purpose=purpose, hand_over="h1", actor="lan")
        )
    story.then(doors.did_not_open(story.cabinet, "load-h1", pulses=3))
    return story


def answered(story: Story, did_open: bool, actor: Actor | None = None) -> list[Any]:
    return kinds(story.then(loading.answer(story.cabinet, "h1", actor or story.clerk, did_open=did_open)))


def test_a_load_is_booked_on_the_clerks_word_and_the_sensor_is_suspect(story: Story) -> None:
    assert answered(asked(story, "load"), True) == ["DoorAnswered", "SensorSuspected", "Loaded"]
    assert story.one().stage == "loaded"


def test_a_reclaim_is_booked_on_the_clerks_word(story: Story) -> None:
    assert answered(asked(story, "reclaim"), True) == [
        "DoorAnswered",
        "SensorSuspected",
        "Reclaimed",
        "CodesRevoked",
        "NoticeQueued",
    ]


def test_an_unseen_inspection_books_nothing(story: Story) -> None:
    assert answered(asked(story, "inspect"), True) == ["DoorAnswered", "SensorSuspected"]
    assert story.one().stage == "loaded"


def test_an_unseen_re_opening_allows_the_undo(story: Story) -> None:
    reopened(story.loaded())
    story.then(doors.did_not_open(story.cabinet, "g2", pulses=3))
    assert answered(story, True) == ["DoorAnswered", "SensorSuspected"]
    assert kinds(story.then(loading.undo(story.cabinet, "h1", story.clerk))) == ["LoadUndone"]


def test_a_sensor_that_is_suspect_already_is_not_said_to_be_once_more(story: Story) -> None:
    asked(story, "load").given(ev.SensorSuspected(compartment=1, cause="open_before_pulse"))
    assert answered(story, True) == ["DoorAnswered", "Loaded"]


def test_a_door_that_stayed_shut_books_nothing_and_may_be_tried_again(story: Story) -> None:
    assert answered(asked(story, "load"), False) == ["DoorAnswered"]
    assert kinds(reopened(story)) == ["GrantIssued"]


def test_a_clerk_does_not_answer_for_a_citizen_nor_unasked_nor_from_afar(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        answered(story, True)
    story.unseen()
    with pytest.raises(WrongStage):
        answered(story, True)
    with pytest.raises(PresenceNeeded):
        answered(story, True, AWAY)


def test_the_end_of_a_visit_does_not_end_the_question_to_the_clerk(story: Story) -> None:
    asked(story, "load").given(ev.VisitEnded(visit="v", cause="idle"))
    story.restarted()
    assert story.one().is_asked


def test_a_load_whose_sensor_stays_open_is_booked_when_the_clerk_says_it_is_shut(story: Story) -> None:
    story.announced().load_granted()
    story.opens()
    facts = story.then(loading.shut(story.cabinet, "h1", story.clerk))
    assert kinds(facts) == ["SensorSuspected", "Loaded"]
    assert facts[1].evidence == "clerk"
    assert not loading.is_loading(story.cabinet), "a broken sensor does not hold up the next envelope"


def test_a_clerk_does_not_say_so_of_a_citizens_door_nor_of_a_shut_one(story: Story) -> None:
    with pytest.raises(UnknownHandOver):
        loading.shut(story.cabinet, "h1", story.clerk)
    story.at_the_door()
    with pytest.raises(WrongStage):
        loading.shut(story.cabinet, "h1", story.clerk)
    story.closes()
    with pytest.raises(WrongStage):
        loading.shut(story.cabinet, "h1", story.clerk)


# --- the round


def test_the_round_closes_by_the_loaders_word_once(story: Story) -> None:
    story.loaded().then(loading.close_round(story.cabinet, "lan"))
    assert story.cabinet.round is None
    assert loading.close_round(story.cabinet, "lan").events == ()


@pytest.mark.parametrize("is_open", [False, True])
def test_the_round_does_not_close_over_a_loading_door(story: Story, is_open: bool) -> None:
    story.announced().load_granted()
    if is_open:
        story.opens()
    with pytest.raises(DoorStandsOpen):
        loading.close_round(story.cabinet, "lan")


def test_the_round_closes_ten_minutes_after_the_last_close_also_over_a_restart(story: Story) -> None:
    story.loaded().restarted()
    assert due.next_uptime_ms(story.cabinet, due.Timing()) == 600_000
    assert due.facts(story.later(600).cabinet, story.moment, due.Timing()).events == (ev.RoundClosed(actor="timer"),)


def test_a_load_that_is_uncertain_does_not_hold_the_round_open(story: Story) -> None:
    story.announced().load_granted().restarted()
    story.then(loading.close_round(story.cabinet, "lan"))
    assert (story.cabinet.round, story.one().uncertain) == (None, "restarted")
    assert kinds(reopened(story)) == ["GrantIssued"], "it was never loaded, so nobody was told of it"
