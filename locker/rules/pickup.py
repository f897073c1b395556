"""How a citizen collects with a code.

A code opens its bundle's doors, one after another, and is spent when they are handed over (I5). Wrong, used,
unknown and suspended codes get one answer. A failure is charged durably before it is answered. When the throttle is
dry the keypad also asks for the last four digits of the phone, so the owner of a right code is never refused for
what somebody else did (I14). A right code whose grant is live returns that grant and charges nothing. Where a procedure
wants it, a right code is asked for the last four digits of the ID paper: five wrong answers in the life of a bundle.

One door of several may be left for another day. Where the unit wants it, a door above 120 cm is shown before it opens:
who cannot reach it says so, it stays shut, the code stays good, and a clerk moves it lower. Re-opening is free for 60 s
after closing and ends with "received all" or the visit. A door that was not seen open costs nothing: the person is
asked, three trains a visit, 60 s apart. Who leaves without an answer leaves the hand-over uncertain and the code good.
Who could not take theirs because the cabinet failed is owed them (`locker.rules.in_vain`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from locker import events as ev
from locker.model import TRAINS_A_VISIT, Bundle, Cabinet, Code, HandOver, Place, Right, Visit
from locker.refusals import (
    BoardOffline,
    CodeRefused,
    CompartmentBusy,
    DoorDidNotOpen,
    PaperCheckNeeded,
    PaperRefused,
    SecondCheckNeeded,
    TooManyAttempts,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import doors, in_vain
from locker.rules.standing import require_open
from otp import throttle

REOPEN_MS = 60_000
REACH_CM = 120
PAPER_CHECK = "second_check"
PAPER_TRIES = 5
SUSPECT_RETRY_MS = 5_000
AWAY = "no door of this code can be opened now; the code stays good"
EVERYTHING = Right()

Said = Literal["received_all", "door_stayed_shut", "empty", "not_mine", "incomplete"]
Answer = Said | Literal["door_is_shut"]


class Proof(msgspec.Struct, frozen=True):
    """What checking twelve typed digits gave, before any decision.

    `code` is the id of the live code whose verifier held, else empty. `second_matches` is None when no second answer
    was typed, `paper_matches` when no digits of the ID paper were. `answered_uptime_ms` is when this selector's last
    second answer was looked at in this run.
    """

    selector: str
    code: str
    second_matches: bool | None = None
    paper_matches: bool | None = None
    answered_uptime_ms: int | None = None


class Submit(msgspec.Struct, frozen=True):
    """Twelve digits that were checked. `asks_reach`: a high door is shown first and opened by `open_next`."""

    proof: Proof
    visit: str
    grant: str
    asks_reach: bool = False


class First(msgspec.Struct, frozen=True):
    """How the first door of a visit is opened; `asks_reach` as in `Submit`."""

    visit: str
    grant: str
    asks_reach: bool = False


def gate(cabinet: Cabinet, proof: Proof, *, uptime_ms: int) -> throttle.Gate:
    """What the throttle makes of this attempt."""
    tries = _tries(cabinet, proof)
    return throttle.gate(cabinet.bucket, tries, uptime_ms=uptime_ms, second_matches=proof.second_matches)


def _tries(cabinet: Cabinet, proof: Proof) -> throttle.Tries:
    tries = cabinet.tries.get(proof.selector, throttle.Tries())
    if proof.answered_uptime_ms is None:
        return tries
    return throttle.answered(tries, proof.answered_uptime_ms)


def submit(
    cabinet: Cabinet,
    request: Submit,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> ev.Decision:
    """Accept a right code and grant its first door, or charge a wrong one.

    Raises OutOfUse, SecondCheckNeeded, TooManyAttempts, CodeRefused (after the charge is committed), PaperCheckNeeded
    and PaperRefused (the code is right, its procedure asks for the ID paper), BoardOffline (no door of this bundle can
    be opened now; nothing is charged), CompartmentBusy (a clerk is at its last door; nothing is charged),
    DoorDidNotOpen (trains used up; nothing is charged).
    """
    require_open(cabinet)
    proof = request.proof
    passed = gate(cabinet, proof, uptime_ms=moment.uptime_ms)
    if passed is throttle.Gate.ASK:
        raise SecondCheckNeeded("the last four digits of the phone are needed as well")
    if passed is throttle.Gate.WAIT:
        wait_ms = throttle.wait_ms(_tries(cabinet, proof), moment.uptime_ms)
        raise TooManyAttempts(retry_after_s=-(-wait_ms // 1000))
    if passed is throttle.Gate.REFUSE:
        raise CodeRefused("not accepted")
    bundle = _bundle_of_code(cabinet, proof)
    waiting = [] if bundle is None else _collectable(cabinet, bundle, cabinet.right_of(proof.code))
    if bundle is None or not waiting:
        failed = ev.AttemptFailed(selector=proof.selector, second_check=passed is throttle.Gate.EVALUATE_CHECKED)
        return ev.Decision(events=(failed,), refusal=CodeRefused("not accepted"))
    if _needs_paper(cabinet, waiting) and not (proof.paper_matches and bundle.paper_failures < PAPER_TRIES):
        return _paper_refused(bundle, proof)
    accepted = _accept(cabinet, proof, bundle, request.visit)
    first = First(visit=request.visit, grant=request.grant, asks_reach=request.asks_reach)
    return begin(cabinet, accepted, waiting, first, places=places, servable=servable, moment=moment)


def begin(
    cabinet: Cabinet,
    accepted: ev.Decision,
    waiting: list[HandOver],
    first: First,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> ev.Decision:
    """What begins or repeats a visit, with the grant for its first door; none while one of its doors moves.

    Raises CompartmentBusy, DoorDidNotOpen; BoardOffline after it is on record who came in vain, and nothing else is.
    """
    if any(is_at_door(cabinet, one) for one in waiting):
        return accepted
    left = _not_left(cabinet, waiting, first.visit)
    met = _met(cabinet, left, places, servable)
    if met.refusal is not None:
        return met
    one = _choose(cabinet, left, places=places, servable=servable, moment=moment)
    if first.asks_reach and is_shown_first(one, places[one.compartment]):
        return doors.merged(accepted, met)
    return doors.merged(accepted, met, _granted(one, first.grant, first.visit))


def _met(
    cabinet: Cabinet, waiting: list[HandOver], places: Mapping[int, Place], servable: Collection[int]
) -> ev.Decision:
    """Who came in vain to the doors that cannot be opened now, with a refusal when that is every one of them."""
    away = [one for one in waiting if not _is_reachable(cabinet, one, places, servable)]
    refusal = BoardOffline(AWAY) if len(away) == len(waiting) else None
    return ev.Decision(events=in_vain.came(away, "away"), refusal=refusal)


def _is_reachable(cabinet: Cabinet, one: HandOver, places: Mapping[int, Place], servable: Collection[int]) -> bool:
    """Whether its door can be opened now, as far as boards and records tell."""
    return (
        one.compartment in servable
        and one.compartment in places
        and places[one.compartment].board not in cabinet.boards_out
        and not cabinet.compartment(one.compartment).is_unproved
    )


def _not_left(cabinet: Cabinet, waiting: list[HandOver], visit: str) -> list[HandOver]:
    """What this visit still opens by itself: all but what was left for later, unless that is all there is."""
    present = cabinet.visit
    later = present.later if present is not None and present.visit == visit else ()
    return [one for one in waiting if one.hand_over not in later] or waiting


def is_shown_first(one: HandOver, place: Place) -> bool:
    """Whether the person must see where this door is before it opens: it is high, and was not tried yet."""
    return place.height_cm > REACH_CM and one.trains == 0


def _needs_paper(cabinet: Cabinet, waiting: list[HandOver]) -> bool:
    """Whether the procedure of anything that waits asks for the ID paper as well."""
    return any(
        PAPER_CHECK in cabinet.results[key].flags for one in waiting for key in one.results if key in cabinet.results
    )


def _paper_refused(bundle: Bundle, proof: Proof) -> ev.Decision:
    left = PAPER_TRIES - bundle.paper_failures
    if left <= 0:
        raise PaperRefused(tries_left=0)
    if proof.paper_matches is None:
        raise PaperCheckNeeded("the last four digits of the applicant's ID paper are needed as well")
    failed = ev.PaperCheckFailed(bundle=bundle.bundle)
    return ev.Decision(events=(failed,), refusal=PaperRefused(tries_left=left - 1))


def _bundle_of_code(cabinet: Cabinet, proof: Proof) -> Bundle | None:
    code = cabinet.codes.get(proof.code)
    bundle = None if code is None else cabinet.bundles.get(code.bundle)
    return bundle if bundle is not None and bundle.selector == proof.selector else None


def is_begun_by(cabinet: Cabinet, visit: Visit, code: Code) -> bool:
    """Whether a code of this bundle and this right began the visit."""
    return visit.bundle == code.bundle and visit.right == cabinet.right_of(code.code)


def _accept(cabinet: Cabinet, proof: Proof, bundle: Bundle, visit: str) -> ev.Decision:
    present = cabinet.visit
    if present is not None and present.visit == visit and is_begun_by(cabinet, present, cabinet.codes[proof.code]):
        return ev.Decision()
    return ev.Decision(events=(ev.CodeAccepted(code=proof.code, bundle=bundle.bundle, visit=visit),))


def _collectable(cabinet: Cabinet, bundle: Bundle, right: Right = EVERYTHING) -> list[HandOver]:
    """Hand-overs this right still opens; suspended (disputed) and cancelled ones do not count."""
    return [
        one
        for one in cabinet.hand_overs_of(bundle.recipient)
        if one.stage == "loaded" and not one.is_cancelled and not one.disputed and right.covers(one)
    ]


def is_at_door(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether a citizen is at the door of this hand-over: it is opening, or stands open and was not left."""
    grant = cabinet.grant_on(one.compartment)
    if grant is not None and grant.purpose == "collect" and grant.hand_over == one.hand_over:
        return True
    return one.open_for == "collect" and cabinet.compartment(one.compartment).is_open


def _choose(
    cabinet: Cabinet,
    waiting: list[HandOver],
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> HandOver:
    """The hand-over whose door is next. Raises BoardOffline, CompartmentBusy, DoorDidNotOpen."""
    reachable = [one for one in waiting if _is_reachable(cabinet, one, places, servable)]
    if not reachable:
        raise BoardOffline(AWAY)
    idle = [one for one in reachable if not _is_busy(cabinet, one)]
    if not idle:
        raise CompartmentBusy("a clerk is at its door; try again when it has closed")
    free = [one for one in idle if _may_try(cabinet, one, moment)]
    if not free:
        waits = [_rest_ms(cabinet, one, moment) for one in idle if one.trains < TRAINS_A_VISIT]
        again_s = -(-min(waits) // 1000) if waits else None
        raise DoorDidNotOpen("the door was tried and did not open; the code stays good", again_s)
    return min(free, key=lambda each: (each.trains, cabinet.compartment(each.compartment).is_open, each.compartment))


def _is_busy(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether a clerk's grant holds this door, or a clerk carries what is behind it to another one."""
    return cabinet.grant_on(one.compartment) is not None or cabinet.is_moving(one.hand_over)


def _may_try(cabinet: Cabinet, one: HandOver, moment: ev.Moment) -> bool:
    return one.trains < TRAINS_A_VISIT and _rest_ms(cabinet, one, moment) == 0


def _rest_ms(cabinet: Cabinet, one: HandOver, moment: ev.Moment) -> int:
    """For how long its lock still rests after the last train of pulses."""
    if one.trains == 0:
        return 0
    pause = SUSPECT_RETRY_MS if cabinet.compartment(one.compartment).is_suspect else doors.NEXT_TRAIN_MS
    return max(0, one.train_ended_uptime_ms + pause - moment.uptime_ms)


def _granted(one: HandOver, grant: str, visit: str) -> ev.Decision:
    issued = ev.GrantIssued(
        grant=grant,
        compartment=one.compartment,
        purpose="collect",
        hand_over=one.hand_over,
        actor="citizen",
        visit=visit,
    )
    return ev.Decision(events=(issued,))


def open_next(
    cabinet: Cabinet,
    *,
    visit: str,
    grant: str,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> ev.Decision:
    """Grant the next door of the visit's bundle.

    Raises WrongStage, CompartmentBusy, DoorDidNotOpen; BoardOffline after it is on record who came in vain.
    """
    bundle, right = _bundle_of_visit(cabinet, visit)
    if any(is_at_door(cabinet, one) for one in _collectable(cabinet, bundle, right)):
        raise CompartmentBusy("a door of this visit is still open or opening")
    waiting = still_waiting(cabinet, visit)
    if not waiting:
        raise WrongStage("nothing else is waiting for this visit")
    met = _met(cabinet, waiting, places, servable)
    if met.refusal is not None:
        return met
    one = _choose(cabinet, waiting, places=places, servable=servable, moment=moment)
    return doors.merged(met, _granted(one, grant, visit))


def still_waiting(cabinet: Cabinet, visit: str) -> list[HandOver]:
    """What this visit has neither taken nor left for later; nothing for a visit that has ended."""
    present = cabinet.visit
    bundle = None if present is None or present.visit != visit else cabinet.bundles.get(present.bundle)
    if present is None or bundle is None or not _stands(cabinet, bundle, present.right):
        return []
    return [one for one in _collectable(cabinet, bundle, present.right) if one.hand_over not in present.later]


def next_door(
    cabinet: Cabinet, visit: str, *, places: Mapping[int, Place], servable: Collection[int], moment: ev.Moment
) -> HandOver | None:
    """The hand-over whose door `open_next` would open now, to show its place; None when it would refuse."""
    try:
        return _choose(cabinet, still_waiting(cabinet, visit), places=places, servable=servable, moment=moment)
    except (BoardOffline, CompartmentBusy, DoorDidNotOpen):
        return None


def leave_inside(cabinet: Cabinet, hand_over: str, *, visit: str, is_out_of_reach: bool) -> ev.Decision:
    """Leave one hand-over of the visit for another day, or for a clerk to move it lower; its door stays shut.

    Raises WrongStage (taken, left already, its door open or opening), UnknownHandOver.
    """
    one = _of_visit(cabinet, hand_over, visit)
    if one not in still_waiting(cabinet, visit) or is_at_door(cabinet, one):
        raise WrongStage("this one is not waiting behind a shut door")
    kind = ev.ReachAsked if is_out_of_reach else ev.LeftForLater
    return ev.Decision(events=(kind(hand_over=hand_over, compartment=one.compartment, visit=visit),))


def _bundle_of_visit(cabinet: Cabinet, visit: str) -> tuple[Bundle, Right]:
    present = cabinet.visit
    bundle = None if present is None or present.visit != visit else cabinet.bundles.get(present.bundle)
    if present is None or bundle is None or not _stands(cabinet, bundle, present.right):
        raise WrongStage("this visit has ended; type the code again")
    return bundle, present.right


def _stands(cabinet: Cabinet, bundle: Bundle, right: Right) -> bool:
    """Whether what the visit was begun with still opens something: a delegate may be revoked meanwhile."""
    if right.delegate:
        return any(one.delegate == right.delegate for one in cabinet.codes_of(bundle.bundle))
    return bool(right.slip or cabinet.codes_of(bundle.bundle))


def reopen(cabinet: Cabinet, hand_over: str, *, visit: str, grant: str, moment: ev.Moment) -> ev.Decision:
    """Open a just closed door again, free for 60 s. Raises WrongStage, UnknownHandOver, CompartmentBusy."""
    one = _of_visit(cabinet, hand_over, visit)
    if one.stage != "collected" or moment.uptime_ms - one.closed_uptime_ms > REOPEN_MS:
        raise WrongStage("the time to open this door again has passed; ask a clerk")
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise CompartmentBusy("its door is open or opening")
    return _granted(one, grant, visit)


def _of_visit(cabinet: Cabinet, hand_over: str, visit: str) -> HandOver:
    present = cabinet.visit
    if present is None or present.visit != visit:
        raise WrongStage("this visit has ended; type the code again")
    one = cabinet.hand_overs.get(hand_over)
    is_theirs = one is not None and one.recipient == present.recipient and present.right.covers(one)
    if one is None or not is_theirs or one.direction != "pickup":
        raise UnknownHandOver("no such hand-over belongs to this visit")
    return one


def answer(cabinet: Cabinet, hand_over: str, *, visit: str, said: Answer) -> ev.Decision:
    """What the citizen says of a hand-over: after its door closed, or when its door was not seen open.

    `door_is_shut` contradicts a sensor that shows an open door. Raises WrongStage while the door stands open or when
    nothing was asked, UnknownHandOver.
    """
    one = _of_visit(cabinet, hand_over, visit)
    if said == "door_is_shut":
        if one.open_for != "collect":
            raise WrongStage("this door does not stand open")
        return doors.contradicted(cabinet, one, actor="citizen", evidence="none")
    if cabinet.compartment(one.compartment).is_open:
        raise WrongStage("close the door first")
    if one.is_asked and one.stage == "loaded" and one.last_purpose == "collect":
        return _answer_unseen(cabinet, one, said)
    if one.stage == "collected" and one.is_asked and said == "door_stayed_shut":
        answered = ev.DoorAnswered(compartment=one.compartment, hand_over=hand_over, did_open=False)
        return ev.Decision(events=(answered,))
    if one.disputed:
        raise WrongStage("this was reported; a clerk looks before anything else is said of it")
    if one.stage != "collected" or said == "door_stayed_shut":
        raise WrongStage("nothing was asked of this hand-over")
    if said == "received_all":
        return ev.Decision(events=(ev.ReceiptConfirmed(hand_over=hand_over),))
    return ev.Decision(events=(_dispute(one, said),))


def _answer_unseen(cabinet: Cabinet, one: HandOver, said: Said) -> ev.Decision:
    opened = said != "door_stayed_shut"
    answered = ev.DoorAnswered(compartment=one.compartment, hand_over=one.hand_over, did_open=opened)
    if said == "door_stayed_shut":
        return ev.Decision(events=(answered, *in_vain.came([one], "stayed_shut")))
    facts: list[ev.Event] = [answered]
    if not cabinet.compartment(one.compartment).is_suspect:
        facts.append(ev.SensorSuspected(compartment=one.compartment, cause="unchanged_after_train"))
    if said != "received_all":
        return ev.Decision(events=(*facts, _dispute(one, said)))
    booked = doors.collected(cabinet, one, evidence="none")
    confirmed = ev.ReceiptConfirmed(hand_over=one.hand_over)
    return doors.merged(ev.Decision(events=tuple(facts)), booked, ev.Decision(events=(confirmed,)))


def _dispute(one: HandOver, kind: ev.DisputeKind) -> ev.Disputed:
    return ev.Disputed(hand_over=one.hand_over, compartment=one.compartment, kind=kind)


def stay(cabinet: Cabinet, *, visit: str) -> ev.Decision:
    """The person wants more time; the visit ends later. Raises WrongStage when it has ended."""
    if cabinet.visit is None or cabinet.visit.visit != visit:
        raise WrongStage("this visit has ended; type the code again")
    return ev.Decision(events=(ev.MoreTimeAsked(visit=visit),))


def leave(cabinet: Cabinet, *, visit: str) -> ev.Decision:
    """The visitor leaves. An unknown or ended visit changes nothing."""
    if cabinet.visit is None or cabinet.visit.visit != visit:
        return ev.Decision()
    return ev.Decision(events=(ev.VisitEnded(visit=visit, cause="left"),))
