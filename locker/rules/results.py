"""Results as the centre speaks of them: announce, amend, cancel.

The centre owns administrative facts, the cabinet physical ones. Wishes are executed strictly in order, each exactly
once, each with exactly one answering fact. An announce is answered `queued`, never "in cabinet". A change that meets
an open door waits for it to close. A cancel that meets a result already taken is a conflict for a clerk, never an
overwrite. A changed phone or recipient, or a cancel, revokes every live code of the bundle in the same commit. Results
of one compartment that come to belong to two recipients go to neither: a clerk takes them out. A retired cabinet
expects nothing any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from locker import events as ev
from locker.model import Cabinet, Result
from locker.refusals import ContradictsEarlier, DoorStandsOpen, NotLoadable, OutOfOrder
from locker.rules import delegates
from locker.rules.doors import merged, revoked

FINISHED_STATE = 9
NO_PAPER_KNOWN = "no_paper_known"
TWO_PEOPLE = "two_people"


class Known(msgspec.Struct, frozen=True):
    """What the journal knows of a wish and of its result's past.

    `digest` is the stored digest of the wish with this number, empty if none; `matches` whether the present content has
    it; `past` what became of the result: empty, collected or reclaimed.
    """

    is_repeat: bool = False
    matches: bool = True
    past: Literal["", "collected", "reclaimed"] = ""


class Announce(msgspec.Struct, frozen=True):
    """A wish to expect a result; personal data are in `rows`, the event names only their refs."""

    wish: ev.PutWish
    queued: ev.ResultQueued
    rows: tuple[ev.Row, ...] = ()


class Amend(msgspec.Struct, frozen=True):
    wish: ev.PutWish
    amended: ev.ResultAmended
    rows: tuple[ev.Row, ...] = ()


class Cancel(msgspec.Struct, frozen=True):
    wish: ev.PutWish
    result: str


class Name(msgspec.Struct, frozen=True):
    """A wish that somebody collects for the owner. `owner_has_phone`: the owner can be told."""

    wish: ev.PutWish
    result: str
    delegate: str
    owner_has_phone: bool
    rows: tuple[ev.Row, ...] = ()


class Revoke(msgspec.Struct, frozen=True):
    """A wish that nobody but the owner collects any more."""

    wish: ev.PutWish
    result: str


class Unreadable(msgspec.Struct, frozen=True):
    """A wish of a kind or shape this release does not know; it is answered, so that the next one can follow."""

    wish: ev.PutWish
    reason: str


Wish = Announce | Amend | Cancel | Name | Revoke | Unreadable


def take(cabinet: Cabinet, known: Known, wish: Wish) -> ev.Decision:
    """Execute one wish. A repeat with the same content changes nothing.

    Raises ContradictsEarlier, OutOfOrder with the number expected next, and DoorStandsOpen (try again once it closed).
    """
    number = wish.wish.wish_seq
    if number <= cabinet.wish_seq:
        if known.is_repeat and not known.matches:
            raise ContradictsEarlier(f"wish {number} came before with other content; send it under a new number")
        return ev.Decision()
    if number != cabinet.wish_seq + 1:
        raise OutOfOrder(cabinet.wish_seq + 1)
    decision = _execute(cabinet, known, wish)
    return ev.Decision(events=decision.events, rows=(*decision.rows, wish.wish))


def _execute(cabinet: Cabinet, known: Known, wish: Wish) -> ev.Decision:
    match wish:
        case Announce():
            return _announce(cabinet, known, wish)
        case Amend():
            return _amend(cabinet, wish)
        case Cancel():
            return _cancel(cabinet, known, wish)
        case Name():
            return _name(cabinet, wish)
        case Revoke():
            return _revoke(cabinet, wish)
        case Unreadable():
            return _refused(wish.wish, wish.reason)


def _refused(wish: ev.PutWish, reason: str) -> ev.Decision:
    return ev.Decision(events=(ev.WishRefused(wish=wish.wish_seq, wish_id=wish.wish_id, reason=reason),))


def _announce(cabinet: Cabinet, known: Known, wish: Announce) -> ev.Decision:
    if wish.queued.result in cabinet.results or known.past == "collected":
        return _refused(wish.wish, "contradicts-earlier")
    if cabinet.standing.stage == "retired":
        return _refused(wish.wish, "out-of-use")
    return ev.Decision(events=(wish.queued,), rows=wish.rows)


def _waits_for_door(cabinet: Cabinet, result: Result) -> bool:
    one = cabinet.hand_overs.get(result.hand_over)
    if one is None:
        return False
    place = cabinet.compartment(one.compartment)
    return place.hand_over == one.hand_over and (
        (place.is_open and not place.is_left_open) or cabinet.grant_on(one.compartment) is not None
    )


def _amend(cabinet: Cabinet, wish: Amend) -> ev.Decision:
    result = cabinet.results.get(wish.amended.result)
    if result is None or _is_taken(cabinet, result):
        return _refused(wish.wish, "unknown-result")
    if _waits_for_door(cabinet, result):
        raise DoorStandsOpen("the change waits until the door of this result has closed")
    decision = ev.Decision(events=(wish.amended,), rows=wish.rows)
    bundle = cabinet.bundle_of(result.recipient)
    if bundle is None or (wish.amended.person is None and wish.amended.recipient is None):
        return decision
    return merged(revoked(cabinet, bundle.bundle, "amended"), decision)


def _is_taken(cabinet: Cabinet, result: Result) -> bool:
    one = cabinet.hand_overs.get(result.hand_over)
    return one is not None and one.stage == "collected"


def _cancel(cabinet: Cabinet, known: Known, wish: Cancel) -> ev.Decision:
    result = cabinet.results.get(wish.result)
    if result is None and not known.past:
        return _refused(wish.wish, "unknown-result")
    if result is None or _is_taken(cabinet, result):
        found = known.past or "collected"
        conflict = ev.CancelConflicted(wish=wish.wish.wish_seq, result=wish.result, found=found)
        return ev.Decision(events=(conflict,))
    if _waits_for_door(cabinet, result):
        raise DoorStandsOpen("the cancel waits until the door of this result has closed")
    cancelled = ev.Decision(events=(ev.ResultCancelled(wish=wish.wish.wish_seq, result=wish.result),))
    bundle = cabinet.bundle_of(result.recipient)
    if bundle is None or not result.hand_over:
        return cancelled
    return merged(revoked(cabinet, bundle.bundle, "cancelled"), cancelled)


def _name(cabinet: Cabinet, wish: Name) -> ev.Decision:
    result = cabinet.results.get(wish.result)
    if result is None or _is_taken(cabinet, result):
        return _refused(wish.wish, "unknown-result")
    if _waits_for_door(cabinet, result):
        raise DoorStandsOpen("the delegate is named when the door of this result has closed")
    if not wish.owner_has_phone:
        return _refused(wish.wish, delegates.OWNER_NOT_REACHABLE)
    if delegates.shares_compartment(cabinet, result):
        return _refused(wish.wish, delegates.SHARES_COMPARTMENT)
    named = ev.DelegateNamed(wish=wish.wish.wish_seq, result=wish.result, delegate=wish.delegate)
    told = delegates.told(cabinet, result, wish.delegate)
    ended = delegates.codes_ended(cabinet, result)
    return merged(ended, ev.Decision(events=(named, *told), rows=wish.rows))


def _revoke(cabinet: Cabinet, wish: Revoke) -> ev.Decision:
    result = cabinet.results.get(wish.result)
    if result is None or not result.delegate:
        return _refused(wish.wish, "unknown-delegate")
    return delegates.revoke(cabinet, wish.result, wish=wish.wish.wish_seq)


def needs_two(cabinet: Cabinet, results: Iterable[str]) -> bool:
    """Whether one of these results is of a kind that a clerk never handles alone."""
    return any(TWO_PEOPLE in cabinet.results[key].flags for key in results if key in cabinet.results)


def check_loadable(result: Result) -> None:
    """Raise NotLoadable with the reason unless the result may be handed out by the cabinet (design 11.8)."""
    reasons = (
        ("cancelled", result.is_cancelled),
        ("not_finished", result.state != FINISHED_STATE),
        ("procedure", not result.procedure_allowed),
        ("consent", not result.consent),
        ("unpaid", result.fee == "unpaid"),
        ("by_post", result.by_post),
        (NO_PAPER_KNOWN, NO_PAPER_KNOWN in result.flags),
    )
    for reason, stands in reasons:
        if stands:
            raise NotLoadable(reason)
