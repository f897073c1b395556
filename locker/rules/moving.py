"""How a present clerk moves what is inside to another compartment.

Guided, one door at a time: open the first, take it, close; open the second, put it in, close; say that it is there.
What its owner cannot reach goes low. The second compartment is kept for it from the start, and chosen as for loading.
Once the first door has opened the hand-over is uncertain, and stays on record there until the second one has closed
after opening; then it is on record in the second. It is certain again when the clerk says where it lies, and only then
its owner hears that it is within reach now; the code stays the same, and no count changes. A power cut in between
changes nothing of this: the clerk goes on, or after ten minutes without a step it has stalled, both compartments wait
for a look, somebody is told, and the owner's code opens the one on record. Opening the first door is routine or
exceptional as every other opening of it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

from locker import events as ev
from locker.model import Cabinet, HandOver, Move, Place
from locker.refusals import CompartmentBusy, NotServed, UnknownHandOver, WrongStage
from locker.rules import clearing, doors
from locker.rules.doors import merged
from locker.rules.loading import SIZES, Actor, choose, needs_presence

MOVE_MS = 600_000
Door = Literal["source", "target"]
Step = Literal["take", "put", "confirm", "stalled"]


def start(
    cabinet: Cabinet,
    hand_over: str,
    actor: Actor,
    *,
    grant: str,
    today: str,
    places: Mapping[int, Place],
    servable: Collection[int],
    second: str = "",
    permit: str = "",
) -> ev.Decision:
    """Keep a compartment for it and grant the opening of the one it lies in.

    Raises PresenceNeeded, UnknownHandOver, CompartmentBusy, NotServed, WrongStage (not inside for certain, cancelled,
    or another move is under way), NoFreeCompartment, NoReachableCompartment, SecondPersonNeeded.
    """
    one = clearing.openable(cabinet, hand_over, actor)
    if cabinet.compartment(one.compartment).is_unproved:
        raise NotServed("its latest facts are not here yet; look inside first")
    if one.direction != "pickup" or one.stage != "loaded" or one.uncertain or one.disputed or one.is_cancelled:
        raise WrongStage("only what is inside for certain and waits for its owner is moved; look inside or reclaim it")
    if any(not move.is_stalled for move in cabinet.moves.values()):
        raise WrongStage("end the move that is under way first")
    results = [cabinet.results[key] for key in one.results if key in cabinet.results]
    target = choose(
        cabinet,
        size=max((result.size for result in results), key=SIZES.index, default="S"),
        reach="low" if any(result.reach == "low" for result in results) else "any",
        places=places,
        servable=servable,
    )
    started = ev.MoveStarted(
        hand_over=hand_over,
        source=one.compartment,
        target=target.number,
        is_low=target.is_low,
        actor=actor.user,
    )
    opening = clearing.granted(cabinet, one, one.compartment, actor, "move", grant, today, (second, permit))
    return merged(ev.Decision(events=(started,)), opening)


def under_way(cabinet: Cabinet, hand_over: str, actor: Actor) -> tuple[Move, HandOver]:
    """The move that a present clerk goes on with; both doors are shut. Raises as `start`, WrongStage without one."""
    needs_presence(actor)
    move, one = cabinet.moves.get(hand_over), cabinet.hand_overs.get(hand_over)
    if one is None:
        raise UnknownHandOver("no such hand-over is in the cabinet")
    if move is None or move.is_stalled:
        raise WrongStage("it is not being moved; look into the compartment if that is not certain")
    if is_at_door(cabinet, move):
        raise CompartmentBusy("its door is open or opening; close it first")
    return move, one


def is_at_door(cabinet: Cabinet, move: Move) -> bool:
    """Whether one of its two doors is open, or about to be."""
    return any(
        cabinet.compartment(number).is_open or cabinet.grant_on(number) is not None
        for number in (move.source, move.target)
    )


def step(move: Move) -> Step:
    """What is to be done next."""
    if move.is_stalled:
        return "stalled"
    if move.is_moved:
        return "confirm"
    return "put" if move.is_taken else "take"


def open_door(cabinet: Cabinet, hand_over: str, actor: Actor, *, door: Door, grant: str) -> ev.Decision:
    """Grant one of its two doors: the second after the first was opened, the first until it has arrived.

    Raises PresenceNeeded, UnknownHandOver, CompartmentBusy, WrongStage.
    """
    move, one = under_way(cabinet, hand_over, actor)
    if door == "target" and not move.is_taken:
        raise WrongStage("take it out of the first compartment first")
    if door == "source" and move.is_moved:
        raise WrongStage("it lies in the second compartment; say so, then move it again if it must go elsewhere")
    number = move.source if door == "source" else move.target
    issued = ev.GrantIssued(grant=grant, compartment=number, purpose="move", hand_over=one.hand_over, actor=actor.user)
    return ev.Decision(events=(issued,))


def confirm(cabinet: Cabinet, hand_over: str, actor: Actor, *, door: Door) -> ev.Decision:
    """The clerk says in which of the two it lies, and that ends the move.

    Raises PresenceNeeded, UnknownHandOver, CompartmentBusy, WrongStage: it cannot be there, for that door did not open.
    """
    move, one = under_way(cabinet, hand_over, actor)
    if (door == "target") != move.is_moved:
        raise WrongStage("it cannot lie there: that door was not opened and closed last")
    if not move.is_taken:
        given_up = ev.MoveGivenUp(hand_over=hand_over, source=move.source, target=move.target, actor=actor.user)
        return ev.Decision(events=(given_up,))
    settled = ev.Settled(
        hand_over=hand_over, compartment=one.compartment, outcome="inside", evidence="clerk", actor=actor.user
    )
    certain = ev.Decision(events=(settled,))
    if not (move.is_moved and move.is_low and move.was_out_of_reach and one.is_announced):
        return certain
    return merged(certain, doors.told(cabinet, one, "LOWERED", mark=f"-{move.target}"))


def deadlines(cabinet: Cabinet) -> list[tuple[int, ev.Event]]:
    """When each move has stalled, with the fact of it; a door that is open or opening has deadlines of its own."""
    return [
        (
            move.touched_uptime_ms + MOVE_MS,
            ev.MoveStalled(hand_over=move.hand_over, source=move.source, target=move.target),
        )
        for move in cabinet.moves.values()
        if not move.is_stalled and not is_at_door(cabinet, move)
    ]
