"""How somebody else collects for the owner.

A delegate is named by the centre, where the owner has shown who they are and the authority is on file; not at the
kiosk, where whoever holds a photographed code could hand it on. The delegate gets a code of their own, once the owner
has been told that the result is inside, and it opens this result only. The owner is told at once when somebody is named
and again when it was collected; who has no phone cannot be told, so nobody is named for them. Behind a door that a
delegate opens lies nothing else: a result with a delegate shares no compartment. Naming another one ends the first
one's code, and so does the centre's or a clerk's word, also while they stand at the kiosk.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet, Result
from locker.refusals import UnknownDelegate
from locker.rules.doors import merged, revoked
from locker.rules.phones import to_each

OWNER_NOT_REACHABLE = "owner-not-reachable"
SHARES_COMPARTMENT = "shares-compartment"


def shares_compartment(cabinet: Cabinet, result: Result) -> bool:
    """Whether something else lies behind the same door."""
    one = cabinet.hand_overs.get(result.hand_over)
    return one is not None and len(one.results) > 1


def told(cabinet: Cabinet, result: Result, delegate: str) -> tuple[ev.NoticeQueued, ...]:
    """The messages to the owner that somebody may collect for them."""
    queued = ev.NoticeQueued(
        notice=f"{delegate}-told", template="DELEGATED", person=result.person, bundle="", results=(result.result,)
    )
    return to_each(cabinet, queued)


def codes_ended(cabinet: Cabinet, result: Result) -> ev.Decision:
    """The end of the code of its present delegate, if there is one."""
    bundle = cabinet.bundle_of(result.recipient)
    if bundle is None or not result.delegate:
        return ev.Decision()
    return revoked(cabinet, bundle.bundle, "delegate", delegates=(result.delegate,))


def revoke(cabinet: Cabinet, result: str, *, wish: int = 0, actor: str = "") -> ev.Decision:
    """Nobody but the owner collects this result from now on. Raises UnknownDelegate."""
    present = cabinet.results.get(result)
    if present is None or not present.delegate:
        raise UnknownDelegate("nobody is named to collect this result")
    over = ev.DelegateRevoked(result=result, delegate=present.delegate, wish=wish, actor=actor)
    return merged(codes_ended(cabinet, present), ev.Decision(events=(over,)))
