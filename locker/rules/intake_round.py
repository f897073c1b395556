"""The clerk's round over what citizens left: one door at a time, and what the office answers.

Only a present clerk opens. The bag is scanned and its content counted when the door has closed again; another bag than
the one on record is refused, so that two bags are never swapped unseen. No papers: the clerk opens a second time, and
only a second empty look says so to the person, with an incident, the same morning. The compartment is free when the
clerk has reported. The intake stays open until the office has answered: registered under a code, supplement asked for,
returned, or nothing found. Each answer reaches the person who left a phone.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet, HandOver, Intake
from locker.refusals import (
    CompartmentBusy,
    NotServed,
    OtherBag,
    UnknownHandOver,
    UnknownIntake,
    WrongStage,
)
from locker.rules import doors, intake
from locker.rules.loading import Actor, needs_presence

MESSAGES: dict[str, ev.Template] = {"registered": "ACCEPTED", "supplement": "SUPPLEMENT"}


class Report(msgspec.Struct, frozen=True):
    """What the clerk holds: the bag as scanned, empty if it has no number, and how many papers (0: none)."""

    bag: str
    count: int


def collect(cabinet: Cabinet, hand_over: str, actor: Actor, *, grant: str) -> ev.Decision:
    """Grant the opening that takes an intake out.

    Raises PresenceNeeded, UnknownHandOver, NotServed (a restored copy), CompartmentBusy, WrongStage (another door of
    the round is open, or nobody knows whether something is inside: look inside instead).
    """
    needs_presence(actor)
    one = _held(cabinet, hand_over)
    place = cabinet.compartment(one.compartment)
    if place.is_unproved:
        raise NotServed("its latest facts are not here yet; look inside first")
    if cabinet.grant_on(one.compartment) is not None or (place.is_open and not place.is_left_open):
        raise CompartmentBusy("its door is open or opening")
    if one.stage != "deposited":
        raise WrongStage("it is not on record as inside; look inside instead")
    if _is_collecting(cabinet):
        raise WrongStage("close the open door of the round and report it first")
    issued = ev.GrantIssued(
        grant=grant, compartment=one.compartment, purpose="collect_intake", hand_over=hand_over, actor=actor.user
    )
    return ev.Decision(events=(issued,))


def _held(cabinet: Cabinet, hand_over: str) -> HandOver:
    one = cabinet.hand_overs.get(hand_over)
    if one is None or one.direction != "intake" or hand_over not in cabinet.intakes:
        raise UnknownHandOver("no such intake is in the cabinet")
    return one


def _is_collecting(cabinet: Cabinet) -> bool:
    return any(grant.purpose == "collect_intake" for grant in cabinet.grants.values()) or any(
        one.open_for == "collect_intake" for one in cabinet.hand_overs.values()
    )


def report(cabinet: Cabinet, hand_over: str, actor: Actor, said: Report) -> ev.Decision:
    """What the clerk took out, once the door has closed; for a door nobody saw open, on the clerk's word.

    Raises PresenceNeeded, UnknownHandOver, WrongStage (open it first, or close the door), OtherBag.
    """
    needs_presence(actor)
    one = _held(cabinet, hand_over)
    place = cabinet.compartment(one.compartment)
    if (place.is_open and not place.is_left_open) or cabinet.grant_on(one.compartment) is not None:
        raise WrongStage("close the door first")
    if not was_opened(cabinet, one):
        raise WrongStage("open its door first")
    paper = cabinet.intakes[hand_over]
    if said.bag and said.bag != paper.bag:
        raise OtherBag("the bag on record has another number; look again")
    if said.count == 0 and not paper.is_missed:
        return ev.Decision(
            events=(ev.IntakeMissed(hand_over=hand_over, compartment=one.compartment, actor=actor.user),)
        )
    return _collected(one, paper, said, actor)


def was_opened(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether its door was opened to take it out, as far as door and sensor tell."""
    is_suspect = cabinet.compartment(one.compartment).is_suspect
    return one.is_emptied or (one.last_purpose == "collect_intake" and (one.is_asked or is_suspect))


def _collected(one: HandOver, paper: Intake, said: Report, actor: Actor) -> ev.Decision:
    fact = ev.IntakeCollected(
        hand_over=one.hand_over, compartment=one.compartment, bag=said.bag, count=said.count, actor=actor.user
    )
    taken = ev.Decision(events=(fact,))
    return taken if said.count else doors.merged(taken, intake.told(paper, "INTAKE_EMPTY"))


def settled(cabinet: Cabinet, one: HandOver, found: ev.Found, actor: Actor) -> ev.Decision:
    """What a clerk's look makes of an intake: on record as inside, nothing there, or, once deposited, missing."""
    paper = cabinet.intakes.get(one.hand_over)
    if paper is None or found == "something_else":
        return ev.Decision()
    if found == "as_recorded" and one.stage == "deposited":
        inside = ev.Settled(
            hand_over=one.hand_over, compartment=one.compartment, outcome="inside", evidence="clerk", actor=actor.user
        )
        return ev.Decision(events=(inside,))
    if found == "as_recorded":
        return intake.deposited(one, paper, evidence="clerk", is_confirmed=paper.is_confirmed)
    if one.stage == "deposited":
        return _collected(one, paper, Report(bag="", count=0), actor)
    given_up = ev.IntakeGivenUp(hand_over=one.hand_over, compartment=one.compartment, evidence="clerk")
    return ev.Decision(events=(given_up,))


class Answer(msgspec.Struct, frozen=True):
    """What the office says; `dossier` is the ref of the code it was registered under, `appointment` YYYY-MM-DD."""

    outcome: ev.IntakeOutcome
    dossier: str = ""
    appointment: str = ""
    rows: tuple[ev.Row, ...] = ()


def answer(cabinet: Cabinet, hand_over: str, actor: Actor, said: Answer) -> ev.Decision:
    """The office answers an intake that was taken out, from any desk.

    Raises UnknownIntake, WrongStage (take it out first; nothing can be registered that was not found; a registration
    names its dossier and the day of its result).
    """
    paper = cabinet.intakes.get(hand_over)
    if paper is None:
        raise UnknownIntake("no such intake waits for an answer")
    if not paper.is_collected:
        raise WrongStage("take it out of the cabinet first")
    if (said.outcome == "nothing_found") != (paper.count == 0):
        raise WrongStage("the answer does not go with what was found in the bag")
    if said.outcome == "registered" and not (said.dossier and said.appointment):
        raise WrongStage("a registration needs the code of its dossier and the day of its result")
    fact = ev.IntakeAnswered(
        hand_over=hand_over,
        outcome=said.outcome,
        actor=actor.user,
        dossier=said.dossier or paper.dossier,
        appointment=said.appointment,
    )
    template = MESSAGES.get(said.outcome)
    told = ev.Decision() if template is None else intake.told(paper, template)
    return doors.merged(ev.Decision(events=(fact,), rows=said.rows), told)
