"""How a present clerk puts results into compartments.

Only a present clerk opens a door. Loadable is a finished result of an allowed procedure with consent, no unpaid fee and
no post. The smallest free compartment that fits is taken, within reach where reach is asked; where it is unknown,
compartments between 80 and 120 cm come first. The hand-over is loaded when its door has closed after opening. Until the
loader says the round is done (or ten minutes have passed since the last close) the loader may open own loads again and
take them back; only then codes are made and notices go out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from locker import events as ev
from locker.model import Cabinet, HandOver, Place
from locker.refusals import (
    CompartmentBusy,
    DoorStandsOpen,
    NoFreeCompartment,
    NoReachableCompartment,
    NotAllowed,
    PresenceNeeded,
    UnknownHandOver,
    UnknownResult,
    WrongStage,
)
from locker.rules.results import check_loadable

SIZES = ("S", "M", "L")
COMFORTABLE_CM = (80, 120)


class Actor(msgspec.Struct, frozen=True):
    """A signed-in member of staff; `is_present` when presence at the cabinet is proved."""

    user: str
    role: str
    is_present: bool


class Load(msgspec.Struct, frozen=True):
    """Put results of one recipient into one compartment; `size` overrides what the centre said."""

    results: tuple[str, ...]
    actor: Actor
    hand_over: str
    grant: str
    size: ev.Size | None = None


def needs_presence(actor: Actor) -> None:
    """Raise PresenceNeeded unless the actor is proved to stand at the cabinet (I9)."""
    if not actor.is_present:
        raise PresenceNeeded("type the number that the kiosk shows, then try again")


def load(cabinet: Cabinet, request: Load, *, places: Mapping[int, Place], servable: Collection[int]) -> ev.Decision:
    """Choose a compartment and grant its opening.

    Raises PresenceNeeded, UnknownResult, NotLoadable, WrongStage (already loaded), DoorStandsOpen (close the last one
    first), NoFreeCompartment, NoReachableCompartment.
    """
    needs_presence(request.actor)
    if any(one.open_for == "load" for one in cabinet.hand_overs.values()):
        raise DoorStandsOpen("close the open door before the next envelope")
    wanted = []
    for key in request.results:
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
    size = _largest(request.size, [result.size for result in wanted])
    reach: ev.Reach = "low" if any(result.reach == "low" for result in wanted) else "any"
    place = choose(cabinet, size=size, reach=reach, places=places, servable=servable)
    return ev.Decision(
        events=(
            ev.LoadStarted(
                hand_over=request.hand_over,
                results=request.results,
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
            ),
        )
    )


def _largest(asked: ev.Size | None, sizes: list[ev.Size]) -> ev.Size:
    return asked if asked is not None else max(sizes, key=SIZES.index)


def choose(
    cabinet: Cabinet, *, size: ev.Size, reach: ev.Reach, places: Mapping[int, Place], servable: Collection[int]
) -> Place:
    """The smallest free compartment that fits; raises NoFreeCompartment or NoReachableCompartment."""
    free = [
        place
        for place in places.values()
        if SIZES.index(place.size) >= SIZES.index(size)
        and place.number in servable
        and cabinet.compartment(place.number).is_free
        and place.board not in cabinet.boards_out
    ]
    if not free:
        raise NoFreeCompartment(f"no free compartment of size {size} or larger; leave it at the counter")
    if reach == "low":
        free = [place for place in free if place.is_low]
        if not free:
            raise NoReachableCompartment("no free compartment within reach; leave it at the counter")
    low, high = COMFORTABLE_CM
    return min(free, key=lambda place: (SIZES.index(place.size), not low <= place.height_cm <= high, place.number))


def _own_load(cabinet: Cabinet, hand_over: str, actor: Actor) -> HandOver:
    needs_presence(actor)
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if one.loaded_by != actor.user:
        raise NotAllowed("only who loaded it opens it again; take it out as a reclaim instead")
    if cabinet.round is None and one.stage != "loading":
        raise WrongStage("the round is closed and the notice is on its way; take it out as a reclaim instead")
    return one


def reopen(cabinet: Cabinet, hand_over: str, actor: Actor, *, grant: str) -> ev.Decision:
    """Open an own load again while the round is open, or one whose door did not open. Raises as `load`."""
    one = _own_load(cabinet, hand_over, actor)
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise CompartmentBusy("its door is open or opening")
    issued = ev.GrantIssued(
        grant=grant, compartment=one.compartment, purpose="load", hand_over=hand_over, actor=actor.user
    )
    return ev.Decision(events=(issued,))


def undo(cabinet: Cabinet, hand_over: str, actor: Actor) -> ev.Decision:
    """The present loader says that nothing is in the compartment. Raises WrongStage while its door is open."""
    one = _own_load(cabinet, hand_over, actor)
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise WrongStage("close the door first")
    undone = ev.LoadUndone(hand_over=hand_over, compartment=one.compartment, results=one.results, evidence="clerk")
    return ev.Decision(events=(undone,))


def close_round(cabinet: Cabinet, actor: str) -> ev.Decision:
    """The loader is done. Raises DoorStandsOpen while a loading door is open."""
    if any(one.open_for == "load" for one in cabinet.hand_overs.values()):
        raise DoorStandsOpen("close the open door first")
    return ev.Decision() if cabinet.round is None else ev.Decision(events=(ev.RoundClosed(actor=actor),))
