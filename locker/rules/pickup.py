"""How a citizen collects with a code.

A code opens its bundle's doors, one after another, and is spent when they are handed over (I5). Wrong, used,
unknown and suspended codes get one answer. A failure is charged durably before it is answered. When the throttle is
dry the keypad also asks for the last four digits of the phone, so the owner of a right code is never refused for
what somebody else did (I14). A right code whose grant is live returns that grant and charges nothing. Re-opening is
free for 60 s after closing and ends with "received all" or the visit. A door that was not seen open costs nothing:
the person is asked, three trains a visit, 60 s apart. Who leaves without an answer leaves the hand-over uncertain and
the code good.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from locker import events as ev
from locker.model import TRAINS_A_VISIT, Bundle, Cabinet, HandOver, Place
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
from locker.rules import doors
from otp import throttle

REOPEN_MS = 60_000
SUSPECT_RETRY_MS = 5_000

Said = Literal["received_all", "door_stayed_shut", "empty", "not_mine", "incomplete"]
Answer = Said | Literal["door_is_shut"]


class Proof(msgspec.Struct, frozen=True):
    """What checking twelve typed digits gave, before any decision.

    `code` is the id of the live code whose verifier held, else empty. `second_matches` is None when no second
    answer was typed. `answered_uptime_ms` is when this selector's last second answer was looked at in this run.
    """

    selector: str
    code: str
    second_matches: bool | None = None
    answered_uptime_ms: int | None = None


class Submit(msgspec.Struct, frozen=True):
    proof: Proof
    visit: str
    grant: str


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

    Raises SecondCheckNeeded, TooManyAttempts, CodeRefused (after the charge is committed), BoardOffline (no door of
    this bundle can be opened now; nothing is charged), CompartmentBusy (a clerk is at its last door; nothing is
    charged), DoorDidNotOpen (trains used up; nothing is charged).
    """
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
    if bundle is None or not _collectable(cabinet, bundle):
        failed = ev.AttemptFailed(selector=proof.selector, second_check=passed is throttle.Gate.EVALUATE_CHECKED)
        return ev.Decision(events=(failed,), refusal=CodeRefused("not accepted"))
    accepted = _accept(cabinet, proof, bundle, request.visit)
    if _has_live_door(cabinet, bundle):
        return accepted
    issued = _grant_next(cabinet, bundle, request, places=places, servable=servable, moment=moment)
    return doors.merged(accepted, issued)


def _bundle_of_code(cabinet: Cabinet, proof: Proof) -> Bundle | None:
    code = cabinet.codes.get(proof.code)
    bundle = None if code is None else cabinet.bundles.get(code.bundle)
    return bundle if bundle is not None and bundle.selector == proof.selector else None


def _accept(cabinet: Cabinet, proof: Proof, bundle: Bundle, visit: str) -> ev.Decision:
    present = cabinet.visit
    if present is not None and present.visit == visit and present.bundle == bundle.bundle:
        return ev.Decision()
    return ev.Decision(events=(ev.CodeAccepted(code=proof.code, bundle=bundle.bundle, visit=visit),))


def _collectable(cabinet: Cabinet, bundle: Bundle) -> list[HandOver]:
    """Hand-overs a code of this bundle still opens; suspended (disputed) and cancelled ones do not count."""
    return [
        one
        for one in cabinet.hand_overs_of(bundle.recipient)
        if one.stage == "loaded" and not one.is_cancelled and not one.disputed
    ]


def _has_live_door(cabinet: Cabinet, bundle: Bundle) -> bool:
    """Whether a door of this bundle is opening under a grant that is not used up, or stands open for its person."""
    return any(is_at_door(cabinet, one) for one in _collectable(cabinet, bundle))


def is_at_door(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether a citizen is at the door of this hand-over: it is opening, or stands open and was not left."""
    grant = cabinet.grant_on(one.compartment)
    if grant is not None and grant.purpose == "collect" and grant.hand_over == one.hand_over:
        return True
    return one.open_for == "collect" and cabinet.compartment(one.compartment).is_open


def _grant_next(
    cabinet: Cabinet,
    bundle: Bundle,
    request: Submit,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> ev.Decision:
    waiting = _collectable(cabinet, bundle)
    reachable = [
        one
        for one in waiting
        if one.compartment in servable
        and one.compartment in places
        and places[one.compartment].board not in cabinet.boards_out
        and not cabinet.compartment(one.compartment).is_unproved
    ]
    if not reachable:
        raise BoardOffline("no door of this code can be opened now; the code stays good")
    idle = [one for one in reachable if not _is_busy(cabinet, one)]
    if not idle:
        raise CompartmentBusy("a clerk is at its door; try again when it has closed")
    free = [one for one in idle if _may_try(cabinet, one, moment)]
    if not free:
        raise DoorDidNotOpen("the door was tried and did not open; the code stays good")
    one = min(free, key=lambda each: (each.trains, cabinet.compartment(each.compartment).is_open, each.compartment))
    return _granted(one, request.grant, request.visit)


def _is_busy(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether a clerk's grant holds this door."""
    return cabinet.grant_on(one.compartment) is not None


def _may_try(cabinet: Cabinet, one: HandOver, moment: ev.Moment) -> bool:
    if one.trains >= TRAINS_A_VISIT:
        return False
    pause = SUSPECT_RETRY_MS if cabinet.compartment(one.compartment).is_suspect else doors.NEXT_TRAIN_MS
    return one.trains == 0 or moment.uptime_ms - one.train_ended_uptime_ms >= pause


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
    """Grant the next door of the visit's bundle. Raises WrongStage, CompartmentBusy, BoardOffline, DoorDidNotOpen."""
    bundle = _bundle_of_visit(cabinet, visit)
    if _has_live_door(cabinet, bundle):
        raise CompartmentBusy("a door of this visit is still open or opening")
    if not _collectable(cabinet, bundle):
        raise WrongStage("nothing else is waiting for this visit")
    request = Submit(proof=Proof(selector=bundle.selector, code=""), visit=visit, grant=grant)
    return _grant_next(cabinet, bundle, request, places=places, servable=servable, moment=moment)


def _bundle_of_visit(cabinet: Cabinet, visit: str) -> Bundle:
    present = cabinet.visit
    bundle = None if present is None or present.visit != visit else cabinet.bundles.get(present.bundle)
    if bundle is None or not cabinet.codes_of(bundle.bundle):
        raise WrongStage("this visit has ended; type the code again")
    return bundle


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
    if one is None or one.recipient != present.recipient or one.direction != "pickup":
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
        return ev.Decision(events=(answered,))
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


def leave(cabinet: Cabinet, *, visit: str) -> ev.Decision:
    """The visitor leaves. An unknown or ended visit changes nothing."""
    if cabinet.visit is None or cabinet.visit.visit != visit:
        return ev.Decision()
    return ev.Decision(events=(ev.VisitEnded(visit=visit, cause="left"),))
