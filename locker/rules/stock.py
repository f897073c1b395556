"""How the stock is checked door by door, and how a compartment is taken out of use.

A present clerk starts a check over every compartment, row by row. One door opens at a time, the next only after the
clerk has said what was inside the last; a look settles what it settles elsewhere, and what differs from the record is
kept with the check. A second person who agrees at the start agrees to every opening of it; without one each loaded
compartment that is not on today's list asks anew. Doors that cannot open now are passed over and named as not looked
into. A present clerk or technician takes a compartment out of use for new things; the owner of what is inside still
gets it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from locker import events as ev
from locker.model import Cabinet, Place
from locker.refusals import DoorStandsOpen, WrongStage
from locker.rules import clearing
from locker.rules.loading import Actor, needs_presence

MARK = "stock-"


def start(cabinet: Cabinet, actor: Actor, *, check: str, places: Mapping[int, Place], second: str = "") -> ev.Decision:
    """Begin a check. Raises PresenceNeeded, WrongStage while one is under way."""
    needs_presence(actor)
    if cabinet.stock_check is not None:
        raise WrongStage("a stock check is under way; go on with it or finish it")
    walk = sorted(places.values(), key=lambda place: (place.row, place.column))
    started = ev.StockCheckStarted(
        check=check, compartments=tuple(place.number for place in walk), actor=actor.user, second=second
    )
    return ev.Decision(events=(started,))


def next_door(cabinet: Cabinet, *, servable: Collection[int]) -> int | None:
    """The first compartment that is left and can open; None when there is none."""
    check = cabinet.stock_check
    return None if check is None else next((number for number in check.left if number in servable), None)


def open_next(
    cabinet: Cabinet,
    actor: Actor,
    *,
    grant: str,
    today: str,
    servable: Collection[int],
    second: str = "",
    permit: str = "",
) -> ev.Decision:
    """Grant the opening of the next compartment.

    Raises WrongStage (no check, or no door left that opens), DoorStandsOpen, and as `clearing.inspect`.
    """
    needs_presence(actor)
    check, number = cabinet.stock_check, next_door(cabinet, servable=servable)
    if check is None or number is None:
        raise WrongStage("no door is left to be looked into; start or finish the stock check")
    if any(grant.purpose == "inspect" for grant in cabinet.grants.values()):
        raise DoorStandsOpen("close the open door and say what is inside first")
    if not second and check.second != actor.user:
        second, permit = check.second, MARK + check.check if check.second else ""
    return clearing.inspect(cabinet, number, actor, grant=grant, today=today, second=second, permit=permit)


def finish(cabinet: Cabinet, actor: Actor) -> ev.Decision:
    """End the check; what was not looked into is named. Raises WrongStage when none is under way."""
    check = cabinet.stock_check
    if check is None:
        raise WrongStage("no stock check is under way")
    finished = ev.StockCheckFinished(
        check=check.check, looked=check.looked, differing=check.differing, unseen=check.left, actor=actor.user
    )
    return ev.Decision(events=(finished,))


def close_compartment(cabinet: Cabinet, number: int, actor: Actor, *, cause: ev.ClosedCause) -> ev.Decision:
    """Take a compartment out of use. Raises PresenceNeeded, WrongStage when it is."""
    needs_presence(actor)
    if cabinet.compartment(number).out_of_service:
        raise WrongStage("this compartment is out of service already")
    return ev.Decision(events=(ev.CompartmentClosed(compartment=number, cause=cause, actor=actor.user),))


def reopen_compartment(cabinet: Cabinet, number: int, actor: Actor) -> ev.Decision:
    """Put it into use again. Raises PresenceNeeded, WrongStage when it is in use."""
    needs_presence(actor)
    if not cabinet.compartment(number).out_of_service:
        raise WrongStage("this compartment is in service")
    return ev.Decision(events=(ev.CompartmentReopened(compartment=number, actor=actor.user),))
