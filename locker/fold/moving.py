"""What is carried from one compartment to another."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put, quarantine, touch, touch_hand_over
from locker.model import Cabinet, Move

UNCERTAIN = "moving"


def started(cabinet: Cabinet, event: ev.MoveStarted, recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    move = Move(
        hand_over=event.hand_over,
        source=event.source,
        target=event.target,
        is_low=event.is_low,
        actor=event.actor,
        touched_uptime_ms=recorded.moment.uptime_ms,
        was_out_of_reach=one.is_out_of_reach,
    )
    changed = replace(cabinet, moves=put(cabinet.moves, event.hand_over, move))
    changed = touch(changed, event.target, hand_over=event.hand_over)
    return touch_hand_over(changed, event.hand_over, trains=0, is_asked=False)


def granted(cabinet: Cabinet, event: ev.GrantIssued, recorded: ev.Recorded) -> Cabinet:
    """A door of a move is to open; how often another one would not open says nothing of it."""
    move = cabinet.moves.get(event.hand_over)
    if move is None or event.purpose != "move":
        return cabinet
    now_ms = recorded.moment.uptime_ms
    moves = put(cabinet.moves, event.hand_over, replace(move, last_door=event.compartment, touched_uptime_ms=now_ms))
    changed = replace(cabinet, moves=moves)
    if move.last_door == event.compartment:
        return changed
    return touch_hand_over(changed, event.hand_over, trains=0)


def opened(cabinet: Cabinet, hand_over: str) -> Cabinet:
    """A door of a move has opened: from the first one on nobody knows where it is until a clerk says so."""
    move = cabinet.moves.get(hand_over)
    one = cabinet.hand_overs.get(hand_over)
    if move is None or one is None:
        return cabinet
    changed = touch_hand_over(cabinet, hand_over, uncertain=one.uncertain or UNCERTAIN)
    return replace(changed, moves=put(changed.moves, hand_over, replace(move, is_taken=True)))


def closed(cabinet: Cabinet, hand_over: str, recorded: ev.Recorded) -> Cabinet:
    move = cabinet.moves.get(hand_over)
    if move is None:
        return cabinet
    touched = replace(move, touched_uptime_ms=recorded.moment.uptime_ms)
    return replace(cabinet, moves=put(cabinet.moves, hand_over, touched))


def moved(cabinet: Cabinet, event: ev.Moved, recorded: ev.Recorded) -> Cabinet:
    """It is on record in its new compartment; what asked for a low one is over there."""
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    changed = cabinet
    if changed.compartment(event.source).hand_over == event.hand_over:
        changed = touch(changed, event.source, hand_over="")
    changed = touch(changed, event.target, hand_over=event.hand_over)
    changed = touch_hand_over(
        changed,
        event.hand_over,
        compartment=event.target,
        is_out_of_reach=one.is_out_of_reach and not event.is_low,
        trains=0,
    )
    if event.is_low:
        changed = _reached(changed, event.hand_over)
    move = changed.moves.get(event.hand_over)
    if move is None:
        return changed
    arrived = replace(move, is_taken=True, is_moved=True, touched_uptime_ms=recorded.moment.uptime_ms)
    return replace(changed, moves=put(changed.moves, event.hand_over, arrived))


def _reached(cabinet: Cabinet, hand_over: str) -> Cabinet:
    over = [key for key, one in cabinet.incidents.items() if one.kind == "out_of_reach" and one.hand_over == hand_over]
    return replace(cabinet, incidents=drop(cabinet.incidents, *over))


def given_up(cabinet: Cabinet, event: ev.MoveGivenUp, recorded: ev.Recorded) -> Cabinet:
    changed = end(cabinet, event.hand_over, recorded)
    return touch_hand_over(changed, event.hand_over, uncertain="", dead_purpose="", is_asked=False, trains=0)


def stalled(cabinet: Cabinet, event: ev.MoveStalled, recorded: ev.Recorded) -> Cabinet:
    """One that never opened a door was nothing; any other is looked for in both compartments."""
    move = cabinet.moves.get(event.hand_over)
    one = cabinet.hand_overs.get(event.hand_over)
    if move is None or one is None:
        return cabinet
    if not move.is_taken and not one.uncertain:
        return end(cabinet, event.hand_over, recorded)
    changed = replace(cabinet, moves=put(cabinet.moves, event.hand_over, replace(move, is_stalled=True)))
    changed = touch_hand_over(changed, event.hand_over, is_asked=False)
    for number in (event.source, event.target):
        changed = quarantine(changed, number, "move_stalled")
    return open_incident(changed, "move_stalled", recorded, one.compartment, event.hand_over)


def looked(cabinet: Cabinet, event: ev.LookedInside) -> Cabinet:
    """Found empty, the compartment that was kept for a move is kept no longer."""
    hand_over = cabinet.compartment(event.compartment).hand_over
    move = cabinet.moves.get(hand_over)
    if move is None or move.is_moved or event.found != "empty" or event.compartment != move.target:
        return cabinet
    changed = touch(cabinet, event.compartment, hand_over="")
    return replace(changed, moves=put(changed.moves, hand_over, replace(move, target=0)))


def end(cabinet: Cabinet, hand_over: str, recorded: ev.Recorded) -> Cabinet:
    """The move is over, wherever it ended: only one compartment is held from now on."""
    move = cabinet.moves.get(hand_over)
    one = cabinet.hand_overs.get(hand_over)
    if move is None:
        return cabinet
    changed = replace(cabinet, moves=drop(cabinet.moves, hand_over))
    if move.target and not move.is_moved and changed.compartment(move.target).hand_over == hand_over:
        changed = touch(changed, move.target, hand_over="")
    if one is None or not one.trains or move.last_door != move.target or move.is_moved:
        return changed
    changed = quarantine(changed, move.target, "door_did_not_open")
    return open_incident(changed, "door_did_not_open", recorded, move.target)
