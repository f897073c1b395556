"""What becomes of results that lie at the counter: those taken out again, and those never put in.

Whatever a clerk took out for its person, and not because the centre withdrew it, stays on the counter's register until
it is handed out there, sent by post, or announced again; after ninety days it is the archive's. What was announced and
does not go in is handed out or posted in the same way. A result that is posted carries the number of its parcel where
it can be erased, and its person hears that number. Nothing opens here, so nobody need be at the cabinet; what is behind
a door, or not finished, is not at the counter.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet, OnCounter
from locker.refusals import UnknownResult, WrongStage
from locker.rules.loading import Actor
from locker.rules.phones import to_each
from locker.rules.results import FINISHED_STATE


def at_counter(cabinet: Cabinet, result: str) -> OnCounter:
    """The result as it lies at the counter. Raises UnknownResult, WrongStage (in a compartment, or not finished)."""
    found = cabinet.counter.get(result)
    if found is not None:
        return found
    expected = cabinet.results.get(result)
    if expected is None:
        raise UnknownResult("no such result is at the counter")
    if expected.hand_over:
        raise WrongStage("it is in a compartment; take it out first")
    if expected.state != FINISHED_STATE:
        raise WrongStage("it is not finished at the centre")
    return OnCounter(
        result=result, person=expected.person, dossier=expected.dossier, flags=expected.flags, by_post=expected.by_post
    )


def hand_out(cabinet: Cabinet, result: str, actor: Actor) -> ev.Decision:
    """A clerk gave it to its person at the counter. Raises as `at_counter`."""
    at_counter(cabinet, result)
    return ev.Decision(events=(ev.HandedAtCounter(result=result, actor=actor.user),))


def post(cabinet: Cabinet, result: str, actor: Actor, *, kept: ev.PutPersonal | None) -> ev.Decision:
    """A clerk sent it by post; `kept` is its dossier's row with the parcel's number. Raises as `at_counter`."""
    one = at_counter(cabinet, result)
    facts: tuple[ev.Event, ...] = (ev.Posted(result=result, actor=actor.user),)
    if "no_mobile_phone" not in one.flags:
        told = ev.NoticeQueued(
            notice=f"{result}-posted-{cabinet.seq}",
            template="POSTED",
            person=one.person,
            bundle="",
            results=(result,),
        )
        facts = (*facts, *to_each(cabinet, told))
    return ev.Decision(events=facts, rows=() if kept is None else (kept,))
