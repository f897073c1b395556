"""What a content sensor may settle without a person.

It counts only behind a closed door, and only what it has shown since the door's last grant or opening. Then it settles
what a power cut, a lapsed grant or a door nobody saw left uncertain: something inside is loaded, or was not taken;
nothing inside was taken by whom the door was granted to, or was never put in. What only staff can have taken is left to
staff. Of intakes it settles what nobody said, and a change of mind (`rules.intake`). It refuses nobody, and one that
changes behind a closed door, or is contradicted by a clerk, is suspect: it settles nothing until somebody has looked.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet, HandOver
from locker.rules import doors

SETTLES = ("restarted", "lapsed", "not_seen_open")


def seen(cabinet: Cabinet, number: int, *, is_empty: bool) -> ev.Decision:
    """What the sensor has shown steadily behind a closed door."""
    place = cabinet.compartment(number)
    if place.is_open or place.is_suspect or place.is_content_suspect or cabinet.grant_on(number) is not None:
        return ev.Decision()
    if not place.content:
        return ev.Decision(events=(ev.ContentSeen(compartment=number, is_empty=is_empty),))
    if (place.content == "empty") == is_empty:
        return ev.Decision()
    return ev.Decision(events=(ev.ContentSensorSuspected(compartment=number, cause="changed_behind_closed_door"),))


def contradicted(cabinet: Cabinet, number: int, *, found: ev.Found) -> ev.Decision:
    """A clerk has looked: a sensor that shows something else is suspect."""
    inside = cabinet.compartment(number).inside
    if not inside or (found == "empty") == (inside == "empty"):
        return ev.Decision()
    return ev.Decision(events=(ev.ContentSensorSuspected(compartment=number, cause="contradicted"),))


def due(cabinet: Cabinet) -> ev.Decision:
    """What sensors settle now of results; of intakes `rules.intake` says it."""
    pickups = [one for one in cabinet.hand_overs.values() if one.direction == "pickup"]
    return doors.merged(*(_settled(cabinet, one) for one in pickups if _is_settled_by_sensor(cabinet, one)))


def _is_settled_by_sensor(cabinet: Cabinet, one: HandOver) -> bool:
    place = cabinet.compartment(one.compartment)
    return (
        one.uncertain in SETTLES
        and bool(place.inside)
        and not (one.is_asked or one.disputed or place.is_unproved or one.hand_over in cabinet.moves)
        and cabinet.grant_on(one.compartment) is None
        and (cabinet.visit is None or cabinet.visit.recipient != one.recipient)
    )


def _settled(cabinet: Cabinet, one: HandOver) -> ev.Decision:
    is_empty = cabinet.compartment(one.compartment).inside == "empty"
    if one.stage == "loading":
        if is_empty:
            return doors.undone(cabinet, one, evidence="content_sensor")
        return doors.loaded(one, evidence="content_sensor")
    if one.stage != "loaded":
        return ev.Decision()
    if not is_empty:
        inside = ev.Settled(
            hand_over=one.hand_over, compartment=one.compartment, outcome="inside", evidence="content_sensor"
        )
        return ev.Decision(events=(inside,))
    return doors.collected(cabinet, one, evidence="content_sensor") if one.last_purpose == "collect" else ev.Decision()
