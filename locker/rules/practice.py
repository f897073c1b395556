"""How an elder tries the cabinet once, with somebody at their side.

A present clerk (or a volunteer beside them) makes a code by day for one empty door within reach. Typed at the keypad it
opens that door once, with the screens of a real pickup. Nothing is handed over and nothing is booked, so the balance
does not move; what the person says at the end only ends the visit. The code lives in memory for ten minutes and is used
once: no power cut can bring it back, and it never was right for anything that holds papers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from locker import events as ev
from locker.model import Cabinet, Place
from locker.refusals import BoardOffline, CompartmentBusy, NoFreeCompartment, NotAllowed, WrongStage
from locker.rules.loading import Actor, needs_presence
from locker.rules.quiet_hours import Daytime

LIFE_MS = 10 * 60_000
HAND_OVER = "practice"


def choose(
    cabinet: Cabinet,
    actor: Actor,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    day: Daytime,
    moment: ev.Moment,
) -> int:
    """The empty compartment that a practice code opens. Raises PresenceNeeded, NotAllowed (at night, or the clock is
    not believed), NoFreeCompartment.
    """
    needs_presence(actor)
    if moment.clock == "unset" or not day.holds(day.local(moment).time()):
        raise NotAllowed("practice is by day")
    free = [place for place in places.values() if place.is_low and _is_empty(cabinet, place.number, servable)]
    if not free:
        raise NoFreeCompartment("no empty compartment within reach; try again later")
    return min(free, key=lambda place: (abs(place.height_cm - 100), place.number)).number


def _is_empty(cabinet: Cabinet, number: int, servable: Collection[int]) -> bool:
    return number in servable and cabinet.compartment(number).is_free and cabinet.grant_on(number) is None


def begin(
    cabinet: Cabinet, number: int, *, visit: str, grant: str, actor: str, servable: Collection[int]
) -> ev.Decision:
    """Open the door of a practice code that was typed. Raises CompartmentBusy (it is not empty any more, or somebody
    is at the kiosk), BoardOffline.
    """
    if number not in servable:
        raise BoardOffline("this door cannot be opened now; make another practice code")
    if cabinet.visit is not None or not _is_empty(cabinet, number, servable):
        raise CompartmentBusy("this door is in use now; make another practice code")
    began = ev.PracticeBegan(visit=visit, compartment=number, actor=actor)
    granted = ev.GrantIssued(
        grant=grant, compartment=number, purpose="practice", hand_over="", actor="citizen", visit=visit
    )
    return ev.Decision(events=(began, granted))


def end(cabinet: Cabinet, *, visit: str) -> ev.Decision:
    """Whatever was said, the practice is over. Raises WrongStage (ended, or its door stands open)."""
    present = cabinet.visit
    if present is None or present.visit != visit or not present.practice:
        raise WrongStage("this visit has ended")
    if cabinet.compartment(present.practice).is_open:
        raise WrongStage("close the door first")
    return ev.Decision(events=(ev.VisitEnded(visit=visit, cause="left"),))
