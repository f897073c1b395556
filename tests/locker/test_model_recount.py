"""A copy that lacks facts: what it may do before, while and after they are merged."""

from __future__ import annotations

from typing import Any

import pytest

from locker import events as ev
from locker.model import Recount
from locker.refusals import BoardOffline, NoFreeCompartment
from locker.rules import clearing, doors, due, loading, notices, pickup, recounts
from otp import throttle
from tests.locker.story import Story


def kinds(facts: list[Any]) -> list[str]:
    return [type(fact).__name__ for fact in facts]


def restored(story: Story, lost: int) -> list[ev.Event]:
    """The journal loses its last `lost` facts; the centre has them all. Returns them."""
    facts = list(story.facts)
    kept, gone = facts[: len(facts) - lost], facts[len(facts) - lost :]
    story.__init__()  # type: ignore[misc]  # the story begins anew with what the backup has
    story.given(*kept[1:])
    story.runs, story.uptime_ms = 9, 0
    story.then(recounts.start(story.cabinet, epoch=2, cause="restored", forked_at=len(kept)))
    story.given(ev.RunStarted(release="t"))
    return gone


def merge(story: Story, lost: list[ev.Event], start: int = 1_000) -> Story:
    for number, fact in enumerate(lost, start):
        story.given(ev.FactMerged(epoch=1, cab_seq=number, utc_ms=story.utc_ms, fact=ev.encode(fact)))
    return story


def finish(story: Story) -> Story:
    story.given(ev.RecountFinished(merged_through=99))
    return story


# --- the start


def test_a_recount_voids_every_code_with_its_keeping_place_and_message(story: Story) -> None:
    decision = recounts.start(story.ready().cabinet, epoch=2, cause="centre_ahead", forked_at=3)
    assert decision.rows == (ev.EraseCode(code="c1"),)
    story.then(decision)
    assert (story.cabinet.codes, story.cabinet.notices, story.incidents()) == ({}, {}, ["recount"])
    assert story.submit().refusal is not None


def test_a_grant_that_lived_when_the_recount_began_is_unsettled(story: Story) -> None:
    story.ready().then(story.submit())
    story.then(recounts.start(story.cabinet, epoch=2, cause="restored", forked_at=3))
    story.given(ev.RunStarted(release="t"))
    assert (story.cabinet.grants, story.cabinet.visit, story.one().uncertain) == ({}, None, "restarted")


def test_before_the_facts_are_there_no_compartment_serves(story: Story) -> None:
    restored(story.ready(), 0)
    story.announced("r2")
    request = loading.Load(results=("r2",), actor=story.clerk, hand_over="h2", grant="g2")
    with pytest.raises(NoFreeCompartment):
        loading.load(story.cabinet, request, places=story.places, servable=story.servable)
    story.given(ev.CodeMinted("c9", "b9", "an", "999", "owner", "ready"))
    assert story.cabinet.bundle_of("an") is not None
    assert notices.due_bundles(story.cabinet) == ()


def test_a_compartment_serves_once_a_clerk_has_looked(story: Story) -> None:
    restored(story.ready(), 0)
    story.then(clearing.looked(story.cabinet, 2, story.clerk, found="empty"))
    story.announced("r2")
    request = loading.Load(results=("r2",), actor=story.clerk, hand_over="h2", grant="g2")
    decision = loading.load(story.cabinet, request, places=story.places, servable=story.servable)
    assert decision.events[0].compartment == 2  # type: ignore[union-attr]  # a LoadStarted


def test_the_closing_of_a_door_the_copy_calls_open_books_nothing(story: Story) -> None:
    restored(story.at_the_door(), 0)
    assert kinds(story.closes()) == ["DoorClosed"]
    assert story.one().stage == "loaded"


# --- what is merged


def test_a_merged_grant_permits_nothing(story: Story) -> None:
    lost = restored(_granted(story), 1)
    assert isinstance(lost[0], ev.GrantIssued)
    merge(story, lost)
    assert story.cabinet.grants == {}
    assert due.facts(story.later(3_600).cabinet, story.moment, due.Timing()).events == ()
    finish(story)
    assert (story.one().uncertain, story.one().dead_purpose) == ("recount", "collect")


def _granted(story: Story) -> Story:
    story.ready().then(story.submit())
    return story


def test_a_collection_that_was_lost_is_collected_and_its_code_stays_over(story: Story) -> None:
    story.collected().given(ev.ReceiptConfirmed(hand_over="h1"))
    lost = restored(story, 8)
    assert story.one().stage == "loaded"
    finish(merge(story, lost))
    assert (story.cabinet.hand_overs, story.cabinet.results) == ({}, {})
    assert story.submit().refusal is not None


def test_a_load_that_was_lost_is_on_record_and_its_owner_gets_a_new_code(story: Story) -> None:
    lost = restored(story.ready(), 8)
    assert not story.cabinet.hand_overs
    finish(merge(story, lost))
    assert (story.one().stage, story.cabinet.compartment(1).is_unproved) == ("loaded", False)
    story.coded(code="c2", selector="222")
    assert story.submit("c2", selector="222").refusal is None
    assert story.submit("c1", selector="111", visit="v2").refusal is not None


def test_a_lost_collection_whose_visit_had_not_ended_is_over_when_all_is_merged(story: Story) -> None:
    lost = restored(story.collected(), 7)
    merge(story, lost)
    assert story.one().stage == "collected"
    finish(story)
    assert (story.cabinet.hand_overs, story.cabinet.results, story.incidents()) == ({}, {}, ["recount"])
    assert story.cabinet.recount is not None
    assert (story.cabinet.recount.grants, story.cabinet.recount.visit) == ({}, None)


def test_a_lost_visit_that_ended_is_over_at_once(story: Story) -> None:
    lost = restored(story.collected(), 7)
    merge(story, [*lost, ev.VisitEnded(visit="v1", cause="left")])
    assert (story.cabinet.hand_overs, story.cabinet.results) == ({}, {})


def test_what_is_merged_happened_when_and_under_the_number_it_happened(story: Story) -> None:
    lost = restored(story.loaded(), 5)
    then_ms = story.utc_ms
    story.later(7_200)
    for number, fact in enumerate(lost, 40):
        story.given(ev.FactMerged(epoch=1, cab_seq=number, utc_ms=then_ms, fact=ev.encode(fact)))
    assert isinstance(lost[-1], ev.Loaded)
    assert (story.one().loaded_utc_ms, list(story.cabinet.bundles)) == (then_ms, ["b1-44"])


def test_a_lost_restart_ends_the_lost_visit_at_its_time(story: Story) -> None:
    story.collected().restarted()
    lost = restored(story, 8)
    finish(merge(story, lost))
    assert (story.cabinet.hand_overs, story.cabinet.results) == ({}, {})


def test_a_load_of_which_only_a_part_lies_elsewhere_keeps_the_rest_and_waits_for_a_look(story: Story) -> None:
    lost = restored(story.announced("r1").announced("r2").load_granted("h1", ("r1", "r2"), 2), 2)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    story.loaded("h7", ("r1",), 1)
    finish(merge(story, lost))
    assert (story.one().results, story.one().uncertain) == (("r2",), "recount_conflict")


def test_a_result_two_records_name_is_expected_again_only_when_neither_holds_it(story: Story) -> None:
    lost = restored(story.announced().load_granted(compartment=2), 2)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    story.loaded("h7", ("r1",), 1)
    finish(merge(story, [*lost, ev.Loaded(hand_over="h1", compartment=2, results=("r1",), evidence="door_cycle")]))
    story.given(ev.LoadUndone(hand_over="h7", compartment=1, results=("r1",), evidence="clerk"))
    assert story.cabinet.results["r1"].hand_over == "h1"


def test_the_selector_of_a_lost_code_rests(story: Story) -> None:
    lost = restored(story.ready(), 8)
    finish(merge(story, lost))
    assert "111" in notices.taken_selectors(story.cabinet, story.utc_ms)


def test_a_lost_message_is_not_sent_again(story: Story) -> None:
    lost = restored(story.ready(), 8)
    assert not finish(merge(story, lost)).cabinet.notices


def test_a_door_open_when_the_copy_was_lost_is_unsettled_and_not_open_here(story: Story) -> None:
    lost = restored(story.at_the_door(), 3)
    merge(story, lost)
    assert not story.cabinet.compartment(1).is_open
    assert (story.one().uncertain, story.one().dead_purpose, story.one().open_for) == ("recount", "collect", "")
    finish(story)
    assert (story.one().uncertain, story.one().open_for) == ("recount", "")


def test_a_door_that_stands_open_now_is_not_closed_by_an_old_closing(story: Story) -> None:
    story.collected()
    lost = restored(story, 5)
    story.opens(1, found=True, window={})
    merge(story, lost)
    assert story.cabinet.compartment(1).is_open


def test_a_lost_dispute_keeps_its_quarantine_and_its_record(story: Story) -> None:
    story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="empty"))
    lost = restored(story, 8)
    finish(merge(story, lost))
    assert story.one().disputed == "empty"
    assert story.cabinet.compartment(1).quarantine == "disputed"
    assert "disputed_empty" in story.incidents()


def test_a_lost_settlement_of_a_dispute_puts_the_hand_over_back(story: Story) -> None:
    story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="not_mine"))
    story.then(pickup.leave(story.cabinet, visit="v1"))
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="as_recorded"))
    lost = restored(story, 12)
    finish(merge(story, lost))
    assert (story.one().stage, story.one().disputed) == ("loaded", "")
    assert story.cabinet.bundle_of("an") is not None


def test_a_lost_restart_kills_the_grants_before_it(story: Story) -> None:
    _granted(story).restarted()
    lost = restored(story, 2)
    finish(merge(story, lost))
    assert (story.one().uncertain, story.one().dead_purpose) == ("restarted", "collect")


def test_lost_failures_are_counted_at_the_present_time(story: Story) -> None:
    story.ready()
    for _ in range(5):
        story.then(story.submit(""))
    lost = restored(story, 5)
    story.later(36_000).then(story.submit("", selector="900"))
    level = story.cabinet.bucket.level_milli
    merge(story, lost)
    assert story.cabinet.tries["111"].failures == 5
    assert throttle.refill(story.cabinet.bucket, story.uptime_ms).level_milli == level - 5_000


def test_a_fact_that_comes_twice_counts_once(story: Story) -> None:
    story.ready()
    for _ in range(3):
        story.then(story.submit(""))
    lost = restored(story, 3)
    merge(merge(story, lost), lost)
    assert story.cabinet.tries["111"].failures == 3


def test_a_recount_begun_again_at_the_same_fork_goes_on_where_it_was(story: Story) -> None:
    story.ready()
    for _ in range(3):
        story.then(story.submit(""))
    lost = restored(story, 3)
    fork = story.cabinet.recount.forked_at if story.cabinet.recount else 0
    merge(story, lost)
    story.then(recounts.start(story.cabinet, epoch=3, cause="centre_ahead", forked_at=fork))
    merge(story, lost)
    assert story.cabinet.tries["111"].failures == 3


@pytest.mark.parametrize("cut", range(9))
@pytest.mark.parametrize("between", ["nothing", "begun again", "restart", "somebody else's visit"])
def test_whatever_comes_between_the_facts_of_a_lost_visit_its_dispute_is_on_record(between: str, cut: int) -> None:
    def ended(between: str) -> tuple[Any, ...]:
        story = Story()
        story.collected().then(pickup.answer(story.cabinet, "h1", visit="v1", said="empty"))
        lost = restored(story, 8)
        assert story.cabinet.recount is not None
        merge(story, lost[:cut])
        if between == "begun again":
            fork = story.cabinet.recount.forked_at
            story.then(recounts.start(story.cabinet, epoch=3, cause="centre_ahead", forked_at=fork))
        elif between == "restart":
            story.restarted()
        elif between == "somebody else's visit":
            story.given(ev.PracticeBegan(visit="v9", compartment=2, actor="lan"), ev.VisitEnded("v9", cause="left"))
        now = finish(merge(story, lost)).cabinet
        return now.hand_overs, now.results, now.compartments, now.bundles, now.resting

    assert ended(between) == ended("nothing")
    assert ended(between)[0]["h1"].disputed == "empty"


def test_a_recount_from_another_fork_takes_nothing_over_from_the_one_before(story: Story) -> None:
    lost = restored(story.at_the_door(), 3)
    merge(story, lost, start=50)
    story.then(recounts.start(story.cabinet, epoch=3, cause="restored", forked_at=2))
    assert story.cabinet.recount == Recount(forked_at=2, cause="restored")


def test_lost_wishes_are_not_taken_again(story: Story) -> None:
    story.announced("r1").announced("r2")
    lost = restored(story, 2)
    story.announced("r1").announced("r2").announced("r3")
    merge(story, lost)
    assert story.cabinet.wish_seq == 3


def test_an_announcement_merged_after_the_load_leaves_the_load(story: Story) -> None:
    lost = restored(story.announced(), 1)
    story.given(ev.LookedInside(compartment=1, found="empty", actor="lan"))
    story.loaded()
    merge(story, lost)
    assert story.cabinet.results["r1"].hand_over == "h1"


def test_the_present_clock_round_and_visit_stay(story: Story) -> None:
    story.given(ev.ClockTrusted(clock="unset"), ev.RoundClosed(actor="lan"), ev.VisitEnded(visit="v5", cause="left"))
    lost = restored(story, 3)
    story.given(ev.LookedInside(compartment=1, found="empty", actor="lan"))
    story.loaded()
    check = ev.StockCheckStarted(check="s1", compartments=(1, 2), actor="lan", second="minh")
    story.given(check, ev.PracticeBegan(visit="v9", compartment=2, actor="lan"))
    merge(story, [*lost, ev.StockCheckFinished(check="s0", looked=2, unseen=(), actor="lan", differing=())])
    assert story.cabinet.clock == "synced"
    assert story.cabinet.round is not None
    assert story.cabinet.visit is not None
    assert story.cabinet.visit.visit == "v9"
    assert story.cabinet.stock_check is not None


def test_a_board_that_went_out_of_service_is_out_until_it_is_proved_here(story: Story) -> None:
    story.given(ev.BoardOutOfService(board="A1", cause="replaced"), ev.BoardProved(board="A1", actor="lan"))
    lost = restored(story, 2)
    finish(merge(story, lost))
    assert story.cabinet.boards_out == {"A1": "replaced"}


def test_lost_sign_ins_are_not_repeatable_and_clear_no_failure_of_now(story: Story) -> None:
    story.given(ev.SignedIn(actor="lan", totp_step=100, recovery=4))
    lost = restored(story, 1)
    story.given(ev.SignInFailed(actor="lan"))
    merge(story, lost)
    member = story.cabinet.staff["lan"]
    assert (member.totp_step, member.recovery_used, member.failures) == (100, (4,), 1)


def test_a_fact_this_release_cannot_read_is_an_incident_and_no_crash(story: Story) -> None:
    restored(story, 0)
    for _ in range(2):
        story.given(ev.FactMerged(epoch=1, cab_seq=5, utc_ms=1, fact='{"type":"FromTomorrow"}'))
    assert story.incidents().count("unreadable_fact") == 1, "one that comes twice counts once"


def test_incidents_of_the_lost_epoch_are_open_under_numbers_of_this_one(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=1, cleared=True))
    lost = restored(story, 1)
    own = set(story.cabinet.incidents)
    merge(story, [*lost, *(ev.IncidentClosed(incident=key, actor="lan") for key in (max(own), max(own) + 50))])
    assert own <= set(story.cabinet.incidents), "a number of the lost epoch is none of this one"
    assert [one.kind for key, one in story.cabinet.incidents.items() if key not in own] == ["stray_coil"]
    assert all(key == one.incident for key, one in story.cabinet.incidents.items())


def test_an_incident_of_before_the_fork_is_closed_by_its_lost_closing(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=1, cleared=True), ev.IncidentClosed(incident=2, actor="lan"))
    lost = restored(story, 1)
    assert "stray_coil" in story.incidents()
    merge(story, lost)
    assert "stray_coil" not in story.incidents()


# --- what a clerk saw in between


def test_what_a_clerk_saw_inside_is_not_taken_away_by_an_older_fact(story: Story) -> None:
    lost = restored(story.collected(), 7)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="as_recorded"))
    finish(merge(story, lost))
    assert (story.one().stage, story.cabinet.compartment(1).hand_over) == ("loaded", "h1")


def test_a_compartment_seen_empty_is_free_when_its_lost_visit_is_over(story: Story) -> None:
    lost = restored(story.collected(), 7)
    story.given(ev.RunStarted(release="t"))
    merge(story, lost)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    merge(story, [ev.VisitEnded(visit="v1", cause="left")], start=2_000)
    assert (story.cabinet.hand_overs, story.cabinet.compartment(1).hand_over) == ({}, "")


def test_a_lost_load_does_not_move_into_a_compartment_loaded_since(story: Story) -> None:
    lost = restored(story.ready(), 8)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    story.loaded("h2", ("r2",), 1, "binh")
    merge(story, lost)
    assert "recount_conflict" in story.incidents()
    finish(story)
    assert story.cabinet.compartment(1).hand_over == "h2"
    assert "h1" not in story.cabinet.hand_overs
    assert story.cabinet.results["r1"].hand_over == "", "it is to be found and loaded"
    assert "recount_conflict" in story.incidents(), "somebody must look for it"


def test_a_lost_load_that_was_collected_as_well_leaves_no_conflict(story: Story) -> None:
    story.collected().given(ev.ReceiptConfirmed(hand_over="h1"))
    lost = restored(story, len(story.facts) - 2)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    finish(merge(story, lost))
    assert "recount_conflict" not in story.incidents()
    assert story.cabinet.compartment(1).is_free


def test_a_result_loaded_here_stays_here_whatever_is_merged(story: Story) -> None:
    lost = restored(story.announced().load_granted(compartment=2), 2)
    story.then(clearing.looked(story.cabinet, 1, story.clerk, found="empty"))
    story.loaded("h7", ("r1",), 1)
    finish(merge(story, [*lost, ev.Loaded(hand_over="h1", compartment=2, results=("r1",), evidence="door_cycle")]))
    assert story.cabinet.results["r1"].hand_over == "h7"
    assert story.one("h1").uncertain == "recount_conflict"


def test_an_empty_compartment_waits_for_a_look_after_the_recount(story: Story) -> None:
    story.opens(3, window={})
    story.closes(3)
    restored(story.ready(), 0)
    finish(story)
    assert not story.cabinet.compartment(1).is_unproved
    assert story.cabinet.compartment(2).is_unproved
    assert story.cabinet.compartment(3).is_unproved
    story.then(clearing.looked(story.cabinet, 2, story.clerk, found="empty"))
    assert story.cabinet.compartment(2).is_free


def test_a_finished_recount_pulses_only_what_is_granted_anew(story: Story) -> None:
    lost = restored(_granted(story), 1)
    finish(merge(story, lost))
    bundle = story.cabinet.bundle_of("an")
    assert bundle is not None
    story.given(ev.CodeMinted("c2", bundle.bundle, "an", "222", "owner", "asked"))
    story.servable = frozenset()
    assert isinstance(story.submit("c2", selector="222").refusal, BoardOffline)
    story.servable = frozenset(story.places)
    story.then(story.submit("c2", selector="222", grant="g8"))
    assert list(story.cabinet.grants) == ["g8"]
    assert doors.lapse(story.cabinet, "g1", cause="too_late").events == ()
