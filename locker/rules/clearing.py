"""How a present clerk takes things out again, looks inside, and settles what is uncertain.

Opening a loaded compartment is routine when it is on today's list: its result was cancelled, it is overdue, uncertain,
disputed, out of its owner's reach, to be posted, or its compartment waits for a look. Anything else loaded is
exceptional and needs a second person, an approval or a broken glass (`rules.exceptional`). Only evidence or a clerk
frees a compartment (I6); a look that finds what is on record makes it certain again, and anything else keeps the
quarantine. An empty one ends the hand-over: it went the way its door was last granted for if that was left unsettled,
and is missing, with an incident, if nobody had a right to take it. An incident of a compartment that still waits for a
look is closed by looking. Whoever takes an incident says until when it is done. What a citizen left is always on
today's list; the round that takes it out is in `locker.rules.intake_round`, and a look settles what was left unsaid of
it. Moving from one compartment to another is in `locker.rules.moving`; a move that nobody ended is settled by looking
into both.
"""

from __future__ import annotations

from typing import Literal

from locker import events as ev
from locker.model import Cabinet, HandOver, Move
from locker.refusals import (
    CompartmentBusy,
    NotServed,
    SecondPersonNeeded,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules import contents, doors, in_vain, intake_round
from locker.rules.loading import Actor, needs_presence
from locker.rules.results import needs_two


def is_routine(cabinet: Cabinet, one: HandOver, *, today: str) -> bool:
    """Whether opening this loaded compartment is on today's list. `today` as YYYY-MM-DD."""
    if one.direction == "intake":
        return True
    if needs_two(cabinet, one.results):
        return False
    place = cabinet.compartment(one.compartment)
    waits = (
        one.is_cancelled
        or one.uncertain
        or one.disputed
        or place.quarantine
        or place.is_unproved
        or one.is_out_of_reach
        or any(cabinet.results[key].by_post for key in one.results if key in cabinet.results)
        or one.is_counter_wanted
    )
    return bool(waits) or in_vain.is_overdue(cabinet, one, today=today)


def reclaim(
    cabinet: Cabinet, hand_over: str, actor: Actor, *, grant: str, today: str, second: str = "", permit: str = ""
) -> ev.Decision:
    """Grant a clerk the opening that takes a hand-over out; it is booked at the door's closing.

    `second` is the user name of who agrees; `permit` the approval or broken glass of `rules.exceptional`.
    Raises PresenceNeeded, UnknownHandOver, CompartmentBusy,
    WrongStage (nothing loaded to take out: look inside instead), NotServed (a restored copy: look inside first),
    SecondPersonNeeded.
    """
    one = openable(cabinet, hand_over, actor)
    if cabinet.compartment(one.compartment).is_unproved:
        raise NotServed("its latest facts are not here yet; look inside first")
    if hand_over in cabinet.moves:
        raise WrongStage("nobody has said yet where it was moved to; look into both compartments first")
    if one.stage != "loaded":
        raise WrongStage("it is not on record as inside; look inside instead")
    return granted(cabinet, one, one.compartment, actor, "reclaim", grant, today, (second, permit))


def granted(
    cabinet: Cabinet,
    one: HandOver | None,
    number: int,
    actor: Actor,
    purpose: ev.Purpose,
    grant: str,
    today: str,
    agreed: tuple[str, str],
) -> ev.Decision:
    """The grant, naming who agreed and why where that was needed. Raises SecondPersonNeeded."""
    is_exceptional = one is not None and not is_routine(cabinet, one, today=today)
    second, permit = agreed if is_exceptional else ("", "")
    if is_exceptional and not permit and second in ("", actor.user):
        raise SecondPersonNeeded("this result is not due back; a second person must agree before its door opens")
    issued = ev.GrantIssued(
        grant=grant,
        compartment=number,
        purpose=purpose,
        hand_over="" if one is None else one.hand_over,
        actor=actor.user,
        second=second,
        permit=permit,
    )
    return ev.Decision(events=(issued,))


def openable(cabinet: Cabinet, hand_over: str, actor: Actor) -> HandOver:
    """The hand-over, if its door may be granted. Raises PresenceNeeded, UnknownHandOver, CompartmentBusy."""
    needs_presence(actor)
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if cabinet.is_moving(hand_over):
        raise CompartmentBusy("it is being moved to another compartment; end that first")
    place = cabinet.compartment(one.compartment)
    if cabinet.grant_on(one.compartment) is not None or (place.is_open and not place.is_left_open):
        raise CompartmentBusy("its door is open or opening")
    return one


def inspect(
    cabinet: Cabinet, number: int, actor: Actor, *, grant: str, today: str, second: str = "", permit: str = ""
) -> ev.Decision:
    """Grant a clerk the opening that looks inside. Raises as `reclaim`."""
    needs_presence(actor)
    place = cabinet.compartment(number)
    if cabinet.grant_on(number) is not None or (place.is_open and not place.is_left_open):
        raise CompartmentBusy("its door is open or opening")
    if cabinet.is_moving(place.hand_over):
        raise CompartmentBusy("something is being moved out of it or into it; end that first")
    one = cabinet.hand_overs.get(place.hand_over)
    return granted(cabinet, one, number, actor, "inspect", grant, today, (second, permit))


def looked(cabinet: Cabinet, number: int, actor: Actor, *, found: ev.Found) -> ev.Decision:
    """What the clerk saw inside. Raises PresenceNeeded, WrongStage while the door stands open or nothing waits."""
    needs_presence(actor)
    place = cabinet.compartment(number)
    if place.is_open or cabinet.grant_on(number) is not None:
        raise WrongStage("close the door first")
    if cabinet.is_moving(place.hand_over):
        raise WrongStage("something is being moved out of it or into it; end that first")
    one = cabinet.hand_overs.get(place.hand_over)
    facts: list[ev.Event] = [ev.LookedInside(compartment=number, found=found, actor=actor.user)]
    if place.is_suspect:
        facts.append(ev.SensorTrusted(compartment=number, cause="clerk"))
    settled = ev.Decision()
    if one is not None and one.direction == "intake":
        settled = intake_round.settled(cabinet, one, found, actor)
    elif one is not None and one.hand_over in cabinet.moves:
        settled = _settle_move(cabinet, cabinet.moves[one.hand_over], one, number, found, actor)
    elif one is not None:
        settled = _settle(cabinet, one, found, actor)
    if found != "something_else":
        facts.extend(
            ev.IncidentClosed(incident=incident.incident, actor=actor.user)
            for incident in cabinet.incidents.values()
            if incident.compartment == number and not incident.glass
        )
    return doors.merged(ev.Decision(events=tuple(facts)), settled, contents.contradicted(cabinet, number, found=found))


def _settle(cabinet: Cabinet, one: HandOver, found: ev.Found, actor: Actor) -> ev.Decision:
    if found == "something_else" or (one.stage == "collected" and not one.disputed):
        return ev.Decision()
    if found == "as_recorded":
        settled = ev.Decision(events=(_settled(one, "inside", actor), *in_vain.found_inside(one)))
        return doors.loaded(one, evidence="clerk") if one.stage == "loading" else settled
    if one.stage == "loading":
        return doors.undone(cabinet, one, evidence="clerk")
    way_out = (one.left_purpose or one.last_purpose) if one.stage == "loaded" and one.uncertain in UNSETTLED else ""
    if way_out == "collect":
        return doors.collected(cabinet, one, evidence="clerk")
    if way_out == "reclaim":
        return doors.reclaimed(cabinet, one, actor=actor.user)
    return doors.ended(cabinet, one, _settled(one, "gone", actor))


def _settle_move(
    cabinet: Cabinet, move: Move, one: HandOver, number: int, found: ev.Found, actor: Actor
) -> ev.Decision:
    """A move that nobody ended: what is not in the first compartment must be in the second, until that is looked at."""
    is_in_first = number == move.source and not move.is_moved
    if number == move.target and not move.is_moved:
        if found != "as_recorded":
            return ev.Decision()
        arrived = doors.arrival(move, one, evidence="clerk")
        return ev.Decision(events=(arrived, _settled(one, "inside", actor, compartment=number)))
    if is_in_first and found == "empty" and move.target:
        return ev.Decision(events=(doors.arrival(move, one, evidence="none"),))
    return _settle(cabinet, one, found, actor)


UNSETTLED = ("restarted", "recount", "lapsed", "left_open", "not_seen_open", "sensor_suspect")


def _settled(one: HandOver, outcome: Literal["inside", "gone"], actor: Actor, *, compartment: int = 0) -> ev.Settled:
    return ev.Settled(
        hand_over=one.hand_over,
        compartment=compartment or one.compartment,
        outcome=outcome,
        evidence="clerk",
        actor=actor.user,
    )


def close_incident(cabinet: Cabinet, incident: int, actor: Actor) -> ev.Decision:
    """A person has looked at it. Raises UnknownResult when no such incident is open, WrongStage before the look."""
    present = cabinet.incidents.get(incident)
    if present is None:
        raise UnknownResult("no such incident is open")
    if present.glass:
        raise WrongStage("another person, a leader, countersigns it; that closes it")
    if present.compartment and cabinet.compartment(present.compartment).quarantine:
        raise WrongStage("its compartment waits for a look; say what is inside, and the incident closes with it")
    return ev.Decision(events=(ev.IncidentClosed(incident=incident, actor=actor.user),))


def take_incident(cabinet: Cabinet, incident: int, actor: Actor, *, due_utc_ms: int, moment: ev.Moment) -> ev.Decision:
    """This person sees to it until then. Raises UnknownResult (no such incident is open), WrongStage (in the past)."""
    if incident not in cabinet.incidents:
        raise UnknownResult("no such incident is open")
    if due_utc_ms <= moment.utc_ms:
        raise WrongStage("that day is over; name a later one")
    taken = ev.IncidentTaken(incident=incident, actor=actor.user, due_utc_ms=due_utc_ms)
    return ev.Decision(events=(taken,))
