"""Papers left for the office: what is offered, what a door's movement books, and what follows each button."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from locker import events as ev
from locker.refusals import BagInUse, CompartmentBusy, IntakeFull, NoFreeCompartment, UnknownHandOver, WrongStage
from locker.rules import clearing, doors, due, intake, pickup
from tests.locker.story import Story

ROOMY = intake.Policy(share_percent=100)
TIMING = due.Timing()


def offer(story: Story, number: int = 1, *, policy: intake.Policy = ROOMY, **fields: Any) -> ev.Decision:
    request = intake.Offer(
        **{
            "hand_over": f"i{number}",
            "grant": f"gi{number}",
            "visit": "w1",
            "kind": "new",
            "size": "S",
            "person": f"p-i{number}",
            "promised": "2026-10-09",
            **fields,
        }
    )
    return intake.offer(
        story.cabinet, request, places=story.places, servable=story.servable, moment=story.moment, policy=policy
    )


def larger(story: Story, hand_over: str = "i1", number: int = 2, *, policy: intake.Policy = ROOMY) -> ev.Decision:
    request = intake.Offer(hand_over=f"i{number}", grant=f"gi{number}", visit="w1", kind="new", size="S")
    return intake.does_not_fit(
        story.cabinet,
        hand_over,
        request,
        places=story.places,
        servable=story.servable,
        moment=story.moment,
        policy=policy,
    )


def offered(story: Story, number: int = 1, **fields: Any) -> int:
    """The compartment offered; nothing has opened yet."""
    facts = story.then(offer(story, number, **fields))
    return int(facts[0].compartment)


def dropped(story: Story, number: int = 1, **fields: Any) -> int:
    """Opened, and closed again; nothing was said."""
    where = offered(story, number, **fields)
    story.opens(where)
    story.closes(where)
    return where


def said(story: Story, word: intake.Said, hand_over: str = "i1") -> list[Any]:
    return story.then(intake.answer(story.cabinet, hand_over, visit="w1", said=word))


def time_passes(story: Story, seconds: float) -> list[Any]:
    """What is due then is recorded, and what follows from that."""
    story.later(seconds)
    facts: list[Any] = []
    while found := due.facts(story.cabinet, story.moment, TIMING).events:
        facts += story.then(ev.Decision(events=found))
    return facts


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def test_the_smallest_free_compartment_in_comfortable_reach_is_offered_with_a_bag(story: Story) -> None:
    facts = story.then(offer(story))
    assert kinds(facts) == ["IntakeOffered", "GrantIssued"]
    assert (facts[0].compartment, facts[0].bag, facts[1].purpose) == (2, "HS-000001", "intake")
    assert (story.one("i1").direction, story.one("i1").recipient) == ("intake", "")
    assert story.cabinet.visit is not None
    assert (story.cabinet.visit.visit, story.cabinet.visit.recipient) == ("w1", "")


def test_bags_are_numbered_on_and_a_scanned_one_keeps_its_number(story: Story) -> None:
    offered(story, 1)
    story.given(ev.VisitEnded(visit="w1", cause="left"))
    offered(story, 2, visit="w2", bag="TUI-77")
    assert story.cabinet.intakes["i2"].bag == "TUI-77"
    offered(story, 3, visit="w3")
    assert story.cabinet.intakes["i3"].bag == "HS-000002"


def test_a_bag_on_record_is_not_taken_twice(story: Story) -> None:
    offered(story, 1, bag="TUI-77")
    with pytest.raises(BagInUse):
        offer(story, 2, visit="w2", bag="TUI-77")


def test_a_double_tap_changes_nothing(story: Story) -> None:
    where = offered(story)
    assert offer(story, 2).events == ()
    story.opens(where)
    assert offer(story, 3).events == ()
    story.closes(where)
    story.later(2).opens(where, window={})
    assert offer(story, 4).events == (), "it sprang open again, and they stand before it"


def test_left_it_books_the_deposit_and_tells_the_person(story: Story) -> None:
    where = dropped(story)
    facts = said(story, "left")
    assert facts[0] == ev.Deposited(hand_over="i1", compartment=where, evidence="door_cycle", is_confirmed=True)
    assert (facts[1].template, facts[1].person, facts[1].intake) == ("DROPPED", "p-i1", "i1")
    paper = story.cabinet.intakes["i1"]
    assert (paper.is_confirmed, paper.is_sent_timed, paper.sent_seq < paper.deposited_seq) == (True, True, True)


@pytest.mark.parametrize("left", [{"person": ""}, {"kind": "badge", "has_phone": False}])
def test_nobody_is_told_who_left_no_phone(story: Story, left: dict[str, Any]) -> None:
    dropped(story, **left)
    assert kinds(said(story, "left")) == ["Deposited"]


def test_the_time_of_sending_is_the_doors_closing_and_unconfirmed_without_a_clock(story: Story) -> None:
    dropped(story)
    closed_at = story.utc_ms
    said(story.later(30), "left")
    assert story.cabinet.intakes["i1"].sent_utc_ms == closed_at


def test_silence_books_an_unconfirmed_deposit_when_the_visit_ends(story: Story) -> None:
    where = dropped(story)
    assert time_passes(story, 89) == []
    facts = time_passes(story, 2)
    assert kinds(facts) == ["VisitEnded", "Deposited", "NoticeQueued"]
    assert facts[1] == ev.Deposited(hand_over="i1", compartment=where, evidence="door_cycle", is_confirmed=False)
    assert story.cabinet.intakes["i1"].ended_uptime_ms == story.uptime_ms


def test_took_it_back_is_possibly_full_until_a_clerk_has_looked(story: Story) -> None:
    where = dropped(story)
    story.later(30)
    assert said(story, "took_back") == [ev.Withdrawn(hand_over="i1", compartment=where, cause="took_back")]
    assert story.cabinet.intakes["i1"].ended_uptime_ms == story.uptime_ms
    assert not story.one("i1").is_asked
    time_passes(story, 10**4)
    assert not story.cabinet.compartment(where).is_free
    assert story.one("i1").stage == "withdrawn"
    facts = story.then(clearing.looked(story.cabinet, where, story.clerk, found="empty"))
    assert kinds(facts) == ["LookedInside", "IntakeGivenUp"]
    assert story.cabinet.compartment(where).is_free
    assert story.cabinet.intakes == {}


def test_papers_found_after_took_it_back_are_a_deposit(story: Story) -> None:
    where = dropped(story)
    said(story, "took_back")
    facts = story.then(clearing.looked(story.cabinet, where, story.clerk, found="as_recorded"))
    assert facts[1] == ev.Deposited(hand_over="i1", compartment=where, evidence="clerk", is_confirmed=False)


@pytest.mark.parametrize("word", ["left", "took_back"])
def test_whatever_button_follows_an_opened_compartment_is_not_free(story: Story, word: intake.Said) -> None:
    where = dropped(story)
    said(story, word)
    time_passes(story, 10**5)
    assert not story.cabinet.compartment(where).is_free
    assert story.cabinet.compartment(where).hand_over == "i1"


def test_a_door_that_never_opened_gives_its_compartment_back(story: Story) -> None:
    where = offered(story)
    story.given(ev.GrantLapsed(grant="gi1", cause="BoardOffline"))
    facts = time_passes(story, 100)
    assert kinds(facts) == ["VisitEnded", "IntakeGivenUp"]
    assert story.cabinet.compartment(where).is_free


def test_the_same_visit_is_offered_the_same_compartment_again(story: Story) -> None:
    where = dropped(story)
    said(story, "took_back")
    sent_seq = story.cabinet.intakes["i1"].sent_seq
    facts = story.then(offer(story, 2, kind="supplement"))
    assert (facts[0].hand_over, facts[0].compartment, facts[0].bag) == ("i1", where, "HS-000001")
    paper = story.cabinet.intakes["i1"]
    assert (paper.kind, paper.person, paper.sent_seq) == ("supplement", "p-i2", sent_seq)
    assert sent_seq
    story.opens(where)
    story.closes(where)
    assert kinds(said(story, "left")) == ["Deposited", "NoticeQueued"]


def test_another_visit_is_offered_another_compartment(story: Story) -> None:
    where = dropped(story)
    said(story, "took_back")
    story.given(ev.VisitEnded(visit="w1", cause="left"))
    assert offered(story, 2, visit="w2") != where


def test_does_not_fit_gives_the_next_size_and_the_first_is_possibly_full(story: Story) -> None:
    where = dropped(story, is_phone_on_record=True)
    facts = story.then(larger(story))
    assert kinds(facts) == ["Withdrawn", "IntakeOffered", "GrantIssued"]
    assert (facts[0].cause, story.places[facts[1].compartment].size) == ("does_not_fit", "M")
    assert (facts[1].bag, facts[1].person, facts[1].is_phone_on_record) == ("HS-000001", "p-i1", True)
    assert not story.cabinet.compartment(where).is_free


def test_does_not_fit_before_the_door_opened_leaves_the_first_free(story: Story) -> None:
    where = offered(story)
    with pytest.raises(CompartmentBusy):
        larger(story)
    story.given(ev.GrantLapsed(grant="gi1", cause="BoardOffline"))
    assert kinds(story.then(larger(story))) == ["IntakeGivenUp", "IntakeOffered", "GrantIssued"]
    assert story.cabinet.compartment(where).is_free


def test_does_not_fit_is_booked_also_where_nothing_larger_is_free(story: Story) -> None:
    story.servable = frozenset({1, 2})
    dropped(story)
    assert kinds(story.then(larger(story))) == ["Withdrawn"]
    assert isinstance(story.refusal, NoFreeCompartment)


def test_there_is_nothing_larger_than_the_largest(story: Story) -> None:
    dropped(story, size="L")
    assert kinds(story.then(larger(story))) == ["Withdrawn"]
    assert isinstance(story.refusal, NoFreeCompartment)


def test_intakes_take_their_share_of_the_cabinet_and_no_more(story: Story) -> None:
    half = intake.Policy(share_percent=50)
    for number in (1, 2):
        dropped(story, number, visit=f"w{number}")
        story.then(intake.answer(story.cabinet, f"i{number}", visit=f"w{number}", said="left"))
    with pytest.raises(IntakeFull) as refused:
        offer(story, 3, visit="w3", policy=half)
    assert refused.value.reason == "cabinet"


def test_two_unconfirmed_a_visit_are_enough(story: Story) -> None:
    dropped(story)
    story.then(larger(story))
    story.opens(3)
    story.closes(3)
    assert kinds(story.then(larger(story, "i2", 3))) == ["Withdrawn"]
    assert isinstance(story.refusal, IntakeFull)
    assert story.refusal.reason == "visit"


def test_four_unconfirmed_an_hour_are_enough_also_over_a_restart(story: Story) -> None:
    story.places = {number: replace(story.places[1], number=number, row=number) for number in range(1, 9)}
    story.servable = frozenset(story.places)
    for number in range(1, 5):
        dropped(story, number, visit=f"w{number}")
        time_passes(story, 100)
    for _ in range(2):
        with pytest.raises(IntakeFull) as refused:
            offer(story, 5, visit="w5")
        assert refused.value.reason == "hour"
        story.restarted()
    story.later(3601)
    assert offer(story, 5, visit="w5").events


def test_two_open_for_one_phone_are_enough(story: Story) -> None:
    for number in (1, 2):
        dropped(story, number, visit=f"w{number}")
        story.then(intake.answer(story.cabinet, f"i{number}", visit=f"w{number}", said="left"))
    known = ("p-i1", "p-i2")
    with pytest.raises(IntakeFull) as refused:
        offer(story, 3, visit="w3", same_phone=known)
    assert refused.value.reason == "phone"
    assert offer(story, 3, visit="w3", same_phone=known[:1]).events


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        ({}, "unverified"),
        ({"is_phone_checked": True}, "phone"),
        ({"is_phone_checked": True, "is_phone_on_record": True}, ""),
        ({"has_phone": False, "person": ""}, ""),
    ],
    ids=["typed", "checked", "on record", "none"],
)
def test_only_a_typed_number_counts_for_a_limit(story: Story, left: dict[str, Any], reason: str) -> None:
    policy = replace(ROOMY, unchecked=2)
    for number in (1, 2):
        dropped(story, number, visit=f"w{number}", **left)
        story.then(intake.answer(story.cabinet, f"i{number}", visit=f"w{number}", said="left"))
    known = () if reason == "unverified" else ("p-i1", "p-i2")
    if not reason:
        assert offer(story, 3, visit="w3", policy=policy, same_phone=known, can_check=True).events
        return
    with pytest.raises(IntakeFull) as refused:
        offer(story, 3, visit="w3", policy=policy, same_phone=known, can_check=True)
    assert refused.value.reason == reason


def test_a_door_not_seen_open_is_asked_about_and_may_have_been_used(story: Story) -> None:
    where = offered(story)
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    facts = said(story, "left")
    assert kinds(facts) == ["DoorAnswered", "SensorSuspected", "Deposited", "NoticeQueued"]
    assert (facts[2].evidence, facts[2].compartment) == ("none", where)
    assert story.cabinet.compartment(where).is_suspect
    paper = story.cabinet.intakes["i1"]
    assert (paper.sent_utc_ms, paper.sent_seq) == (story.utc_ms, paper.deposited_seq), "nobody saw it close"
    assert (story.one("i1").trains, story.one("i1").uncertain) == (0, "")


def test_what_was_taken_back_from_a_door_nobody_saw_open_is_possibly_full(story: Story) -> None:
    where = offered(story)
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    assert said(story, "took_back") == [
        ev.DoorAnswered(compartment=where, hand_over="i1", did_open=True),
        ev.SensorSuspected(compartment=where, cause="unchanged_after_train"),
        ev.Withdrawn(hand_over="i1", compartment=where, cause="took_back"),
    ]


def test_what_a_clerk_finds_before_the_person_has_answered_is_asked_of_nobody_any_more(story: Story) -> None:
    where = offered(story)
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    facts = story.then(clearing.looked(story.cabinet, where, story.clerk, found="as_recorded"))
    assert kinds(facts) == ["LookedInside", "Deposited", "NoticeQueued"]
    assert not story.one("i1").is_asked
    with pytest.raises(WrongStage):
        said(story, "left")


def test_a_door_that_stayed_shut_costs_nothing_and_is_tried_again(story: Story) -> None:
    where = offered(story)
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    assert kinds(said(story, "door_stayed_shut")) == ["DoorAnswered"]
    assert offered(story, 2) == where
    story.then(doors.did_not_open(story.cabinet, "gi2", pulses=3))
    assert offered(story, 3) == where
    story.then(doors.did_not_open(story.cabinet, "gi3", pulses=3))
    assert offered(story, 4) != where


def test_who_leaves_without_saying_whether_the_door_opened_leaves_it_uncertain(story: Story) -> None:
    where = offered(story)
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    assert kinds(time_passes(story, 100)) == ["VisitEnded"]
    assert story.one("i1").uncertain == "not_seen_open"
    assert not story.cabinet.compartment(where).is_free
    story.then(clearing.looked(story.cabinet, where, story.clerk, found="empty"))
    assert story.cabinet.compartment(where).is_free


def test_a_door_whose_train_ends_after_its_visit_is_looked_at_and_not_given_back_unused(story: Story) -> None:
    where = offered(story.ready())
    assert "CodeAccepted" in kinds(story.then(story.submit()))
    story.then(doors.did_not_open(story.cabinet, "gi1", pulses=3))
    assert story.one("i1").uncertain == "not_seen_open"
    assert not story.one("i1").is_asked
    assert "IntakeGivenUp" not in kinds(time_passes(story, 3700))
    assert not story.cabinet.compartment(where).is_free


def test_an_intake_for_which_another_door_opened_is_looked_at_and_not_given_back_unused(story: Story) -> None:
    where = offered(story)
    assert kinds(story.opens(where + 1, window={"gi1": 1})) == ["WrongDoorOpened"]
    assert "IntakeGivenUp" not in kinds(time_passes(story, 3700))
    assert story.one("i1").uncertain == "wrong_door"


def test_a_sensor_that_shows_open_is_contradicted_by_a_word(story: Story) -> None:
    where = offered(story)
    story.opens(where)
    assert kinds(said(story, "door_is_shut")) == ["SensorSuspected", "DroppedOff"]
    assert kinds(said(story, "left")) == ["Deposited", "NoticeQueued"]
    assert story.cabinet.intakes["i1"].evidence == "none"


def test_a_door_left_open_is_uncertain_and_its_closing_books_nothing(story: Story) -> None:
    where = offered(story)
    story.opens(where)
    facts = time_passes(story, 601)
    assert kinds(facts) == ["LeftOpen"]
    assert story.closes(where) == [ev.DoorClosed(compartment=where, hand_over="i1")]
    assert time_passes(story, 100) == []
    assert (story.one("i1").stage, story.one("i1").uncertain) == ("opened", "left_open")
    story.then(clearing.looked(story.cabinet, where, story.clerk, found="as_recorded"))
    assert story.one("i1").stage == "deposited"


def test_a_restart_before_the_door_was_seen_leaves_it_uncertain(story: Story) -> None:
    where = offered(story)
    story.restarted()
    story.then(doors.settle(story.cabinet, where, is_open=False, board="A1", moment=story.moment))
    assert time_passes(story, 1000) == []
    assert story.one("i1").uncertain == "restarted"
    assert not story.cabinet.compartment(where).is_free


def test_what_a_clerk_found_inside_after_a_restart_is_certain_and_a_later_opening_is_an_alarm(story: Story) -> None:
    where = offered(story)
    story.restarted()
    story.then(clearing.looked(story.cabinet, where, story.clerk, found="as_recorded"))
    assert (story.one("i1").stage, story.one("i1").uncertain) == ("deposited", "")
    assert kinds(story.opens(where, found=True, window={})) == ["DoorOpenedUnasked"]


def test_a_restart_with_the_door_open_books_the_deposit_at_its_closing(story: Story) -> None:
    where = offered(story)
    story.opens(where)
    story.restarted()
    story.then(doors.settle(story.cabinet, where, is_open=True, board="A1", moment=story.moment))
    assert kinds(story.closes(where)) == ["DoorClosed", "DroppedOff"]
    assert kinds(time_passes(story, 0)) == ["Deposited", "NoticeQueued"]


def test_a_door_found_open_under_a_dead_grant_counts_as_opened_by_it(story: Story) -> None:
    where = offered(story)
    story.restarted()
    found = story.then(doors.settle(story.cabinet, where, is_open=True, board="A1", moment=story.moment))
    assert kinds(found) == ["DoorOpened"]
    assert kinds(story.closes(where)) == ["DoorClosed", "DroppedOff"]


def test_a_restart_after_the_closing_books_what_nobody_said(story: Story) -> None:
    dropped(story)
    story.restarted()
    assert kinds(time_passes(story, 0)) == ["Deposited", "NoticeQueued"]


def test_a_door_that_springs_open_again_is_the_same_intake(story: Story) -> None:
    where = dropped(story)
    story.later(2)
    assert kinds(story.opens(where, window={})) == ["DoorOpened"]
    assert kinds(story.closes(where)) == ["DoorClosed", "DroppedOff"]


def test_only_the_visit_itself_answers(story: Story) -> None:
    dropped(story)
    with pytest.raises(WrongStage):
        intake.answer(story.cabinet, "i1", visit="w9", said="left")
    with pytest.raises(UnknownHandOver):
        intake.answer(story.cabinet, "i9", visit="w1", said="left")
    with pytest.raises(UnknownHandOver):
        pickup.answer(story.cabinet, "i1", visit="w1", said="received_all")


def test_a_deposit_is_said_once(story: Story) -> None:
    dropped(story)
    said(story, "left")
    words: tuple[intake.Said, ...] = ("left", "took_back", "door_stayed_shut", "door_is_shut")
    for word in words:
        with pytest.raises(WrongStage):
            intake.answer(story.cabinet, "i1", visit="w1", said=word)


def test_papers_can_be_left_in_the_visit_that_collects(story: Story) -> None:
    story.collected()
    where = dropped(story, visit="v1")
    story.then(intake.answer(story.cabinet, "i1", visit="v1", said="left"))
    assert story.cabinet.visit is not None
    assert story.cabinet.visit.recipient == "an"
    assert where != 1
