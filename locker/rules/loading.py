"""How a present clerk puts results into compartments.

Only a present clerk opens a door. Loadable is a finished result of an allowed procedure with consent, no unpaid fee and
no post. The smallest free compartment that fits is taken, within reach where reach is asked; and then first
of all beside the keypad, for who finds a door by hand; where reach is unknown, compartments between 80 and 120 cm come
first. The hand-over is loaded when its door has closed after opening. Until the
loader says the round is done (or ten minutes have passed since the last close) the loader may open own loads again and
take them back; only then codes are made and notices go out. Nothing is undone unseen: what was loaded is taken back
only after its door was opened again. Results of a procedure that two people handle are loaded, opened again and taken
out only when another person agrees: there, or a leader from elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from locker import events as ev
from locker.model import Cabinet, HandOver, Place
from locker.refusals import (
    CompartmentBusy,
    DoorStandsOpen,
    NoFreeCompartment,
    NoReachableCompartment,
    NotAllowed,
    NotServed,
    PresenceNeeded,
    SecondPersonNeeded,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules import doors
from locker.rules.results import check_loadable, needs_two
from locker.rules.standing import require_open

SIZES = ("S", "M", "L")
COMFORTABLE_CM = (80, 120)


class Actor(msgspec.Struct, frozen=True):
    """A signed-in member of staff; `is_present` when presence at the cabinet is proved."""

    user: str
    role: str
    is_present: bool


class Load(msgspec.Struct, frozen=True):
    """Put results of one recipient into one compartment; `size` overrides what the centre said.

    `second` is the user name of who agrees, `permit` the approval of a leader elsewhere.
    """

    results: tuple[str, ...]
    actor: Actor
    hand_over: str
    grant: str
    size: ev.Size | None = None
    second: str = ""
    permit: str = ""


def needs_presence(actor: Actor) -> None:
    """Raise PresenceNeeded unless the actor is proved to stand at the cabinet (I9)."""
    if not actor.is_present:
        raise PresenceNeeded("type the number that the kiosk shows, then try again")


def load(cabinet: Cabinet, request: Load, *, places: Mapping[int, Place], servable: Collection[int]) -> ev.Decision:
    """Choose a compartment and grant its opening.

    Raises OutOfUse, PresenceNeeded, UnknownResult, NotLoadable, WrongStage (already loaded), DoorStandsOpen (close the
    last one first), NoFreeCompartment, NoReachableCompartment, SecondPersonNeeded.
    """
    require_open(cabinet)
    needs_presence(request.actor)
    if is_loading(cabinet):
        raise DoorStandsOpen("close the open door before the next envelope")
    results = tuple(dict.fromkeys(request.results))
    wanted = []
    for key in results:
        result = cabinet.results.get(key)
        if result is None:
            raise UnknownResult("no such result is expected; announce it at the centre or leave it at the counter")
        check_loadable(result)
        if result.hand_over:
            raise WrongStage("this result is already in a compartment")
        wanted.append(result)
    recipients = {result.recipient for result in wanted}
    if len(recipients) != 1:
        raise WrongStage("one compartment holds the results of one recipient only")
    if len(wanted) > 1 and any(result.delegate for result in wanted):
        raise WrongStage("what somebody else may collect lies alone; load it by itself")
    needs_second(cabinet, results, request.actor, second=request.second)
    size = _largest(request.size, [result.size for result in wanted])
    reach: ev.Reach = "low" if any(result.reach == "low" for result in wanted) else "any"
    place = choose(cabinet, size=size, reach=reach, places=places, servable=servable)
    return ev.Decision(
        events=(
            ev.LoadStarted(
                hand_over=request.hand_over,
                results=results,
                recipient=recipients.pop(),
                compartment=place.number,
                actor=request.actor.user,
            ),
            ev.GrantIssued(
                grant=request.grant,
                compartment=place.number,
                purpose="load",
                hand_over=request.hand_over,
                actor=request.actor.user,
                second=request.second,
                permit=request.permit,
            ),
        )
    )


def needs_second(cabinet: Cabinet, results: Iterable[str], actor: Actor, *, second: str) -> None:
    """Raise SecondPersonNeeded for what a clerk never handles alone, unless another person agrees."""
    if needs_two(cabinet, results) and second in ("", actor.user):
        raise SecondPersonNeeded("two people handle results of this kind; a second person or a leader must agree")


def is_loading(cabinet: Cabinet) -> bool:
    """Whether a door stands open for loading, or is about to."""
    return any(grant.purpose == "load" for grant in cabinet.grants.values()) or any(
        one.open_for == "load" and one.stage == "loading" for one in cabinet.hand_overs.values()
    )


def _largest(asked: ev.Size | None, sizes: list[ev.Size]) -> ev.Size:
    return asked if asked is not None else max(sizes, key=SIZES.index)


def choose(
    cabinet: Cabinet, *, size: ev.Size, reach: ev.Reach, places: Mapping[int, Place], servable: Collection[int]
) -> Place:
    """The smallest free compartment that fits; for who needs a low one first of all one beside the keypad.

    Raises NoFreeCompartment or NoReachableCompartment.
    """
    free = [
        place
        for place in places.values()
        if SIZES.index(place.size) >= SIZES.index(size)
        and place.number in servable
        and cabinet.compartment(place.number).is_free
        and cabinet.grant_on(place.number) is None
        and place.board not in cabinet.boards_out
    ]
    if not free:
        raise NoFreeCompartment(f"no free compartment of size {size} or larger; leave it at the counter")
    if reach == "low":
        free = [place for place in free if place.is_low]
        if not free:
            raise NoReachableCompartment("no free compartment within reach; leave it at the counter")
        free = [place for place in free if place.near_keypad] or free
    low, high = COMFORTABLE_CM
    return min(free, key=lambda place: (SIZES.index(place.size), not low <= place.height_cm <= high, place.number))


def _own_load(cabinet: Cabinet, hand_over: str, actor: Actor) -> HandOver:
    needs_presence(actor)
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if one.loaded_by != actor.user:
        raise NotAllowed("only who loaded it opens it again; take it out as a reclaim instead")
    if cabinet.compartment(one.compartment).is_unproved:
        raise NotServed("its latest facts are not here yet; look inside first")
    if one.stage == "collected":
        raise WrongStage("it has been collected meanwhile")
    if cabinet.round is None and one.stage != "loading":
        raise WrongStage("the round is closed and the notice is on its way; take it out as a reclaim instead")
    return one


def reopen(
    cabinet: Cabinet, hand_over: str, actor: Actor, *, grant: str, second: str = "", permit: str = ""
) -> ev.Decision:
    """Open an own load again while the round is open, or one whose door did not open. Raises as `load`."""
    one = _own_load(cabinet, hand_over, actor)
    needs_second(cabinet, one.results, actor, second=second)
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise CompartmentBusy("its door is open or opening")
    issued = ev.GrantIssued(
        grant=grant,
        compartment=one.compartment,
        purpose="load",
        hand_over=hand_over,
        actor=actor.user,
        second=second,
        permit=permit,
    )
    return ev.Decision(events=(issued,))


def undo(cabinet: Cabinet, hand_over: str, actor: Actor) -> ev.Decision:
    """The present loader says that nothing is in the compartment.

    Raises WrongStage while its door is open, and for a loaded one that was not opened again since.
    """
    one = _own_load(cabinet, hand_over, actor)
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise WrongStage("close the door first")
    if one.stage == "loaded" and not one.is_reopened:
        raise WrongStage("open it again and take the envelope out first")
    return doors.undone(cabinet, one, evidence="clerk")


def answer(cabinet: Cabinet, hand_over: str, actor: Actor, *, did_open: bool) -> ev.Decision:
    """A present clerk says whether a door that was not seen open had opened, and was shut again.

    If it did, what it was opened for is booked on the clerk's word, and the sensor is suspect. Raises PresenceNeeded,
    UnknownHandOver, WrongStage when nothing was asked of a clerk.
    """
    needs_presence(actor)
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if not one.is_asked or one.last_purpose in ("collect", "intake"):
        raise WrongStage("nothing was asked of this hand-over")
    number = doors.last_door(cabinet, one)
    answered = ev.DoorAnswered(compartment=number, hand_over=hand_over, did_open=did_open)
    facts: tuple[ev.Event, ...] = (answered,)
    if did_open and not cabinet.compartment(number).is_suspect:
        facts = (answered, ev.SensorSuspected(compartment=number, cause="unchanged_after_train"))
    said = ev.Decision(events=facts)
    if did_open and one.stage == "loading" and one.last_purpose == "load":
        return doors.merged(said, doors.loaded(one, evidence="clerk"))
    if did_open and one.stage == "loaded" and one.last_purpose == "reclaim":
        return doors.merged(said, doors.reclaimed(cabinet, one, actor=actor.user))
    if did_open and one.last_purpose == "move":
        return doors.merged(said, doors.moved(cabinet, one, evidence="clerk"))
    return said


def shut(cabinet: Cabinet, hand_over: str, actor: Actor) -> ev.Decision:
    """A present clerk says that a door which the sensor shows as open is shut; the sensor is suspect from now on.

    What it was opened for is booked on the clerk's word. Raises PresenceNeeded, UnknownHandOver, WrongStage (it is not
    open on record, or was opened by a citizen).
    """
    needs_presence(actor)
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if one.open_for in ("collect", "intake"):
        raise WrongStage("a citizen opened this door; look inside when it is free")
    return doors.contradicted(cabinet, one, actor=actor.user, evidence="clerk")


def close_round(cabinet: Cabinet, actor: str) -> ev.Decision:
    """The loader is done. Raises DoorStandsOpen while a loading door is open."""
    if is_loading(cabinet):
        raise DoorStandsOpen("close the open door first")
    return ev.Decision() if cabinet.round is None else ev.Decision(events=(ev.RoundClosed(actor=actor),))
