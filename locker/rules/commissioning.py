"""How a technician proves boards, locks and door sensors, door by door, and what the trials mean.

A board is proved while it is out of service: of a new cabinet all are, of one that serves the board that was replaced,
and the others go on. Every trial is a grant of the technician's, on record before its pulse, and ends on record with
what was found. Empty compartments the technician opens alone; behind a door where something lies, or may lie, a clerk
must be present. A board serves again when each of its doors was found good since it went out. Technicians see numbers
and never names.

A trial compares three things: the lock that was pulsed, the door that a person saw open, and the sensors that moved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Literal

import msgspec

from locker import events as ev
from locker.model import Cabinet
from locker.refusals import CompartmentBusy, NotAllowed, PresenceNeeded, WrongStage
from locker.rules import doors

ROLES = ("technician", "leader")
Kind = Literal[
    "good",
    "not_tried",
    "does_not_open",
    "locks_swapped",
    "sensor_inverted",
    "sensor_swapped",
    "sensor_silent",
    "sensor_stays",
    "sensors_joined",
    "moves_alone",
]


class Trial(msgspec.Struct, frozen=True):
    """One pulse at compartment `number`. `moved`: compartments whose door sensors changed; `opened`: the door that a
    person saw open, 0 for none; `read_closed`: what its own sensor said before; `returned`: whether it said so
    again once the door was shut.
    """

    number: int
    read_closed: bool
    moved: frozenset[int]
    opened: int
    returned: bool = True


class Finding(msgspec.Struct, frozen=True):
    """What is wrong with a door: `good` if nothing, `not_tried` if its board did not take the pulse. `other` is the
    compartment it is mixed up with, 0 for none.
    """

    number: int
    kind: Kind
    other: int = 0


def diagnose(trial: Trial) -> Finding:
    """What one trial shows."""
    number, moved = trial.number, trial.moved
    if not trial.opened:
        return Finding(number, "moves_alone" if moved else "does_not_open", min(moved - {number}, default=0))
    if trial.opened != number:
        return Finding(number, "locks_swapped", trial.opened)
    return _of_sensor(trial)


def _of_sensor(trial: Trial) -> Finding:
    number, moved = trial.number, trial.moved
    if not moved:
        return Finding(number, "sensor_silent")
    if len(moved) > 1:
        return Finding(number, "sensors_joined", min(moved - {number}))
    if number not in moved:
        return Finding(number, "sensor_swapped", min(moved))
    if not trial.read_closed:
        return Finding(number, "sensor_inverted")
    return Finding(number, "good" if trial.returned else "sensor_stays")


def take_out(cabinet: Cabinet, boards: Collection[str], *, cause: str) -> ev.Decision:
    """Boards that are to be proved leave service."""
    out = [ev.BoardOutOfService(board=board, cause=cause) for board in boards if board not in cabinet.boards_out]
    return ev.Decision(events=tuple(out))


def refuse_loaded(cabinet: Cabinet, numbers: Collection[int]) -> None:
    """Raise CompartmentBusy if anything is on record as inside: a whole cabinet is commissioned empty."""
    if held := [str(number) for number in sorted(numbers) if cabinet.compartment(number).hand_over]:
        raise CompartmentBusy(
            f"something lies in compartments {', '.join(held)}: start the service and prove one board after the other, "
            "a clerk beside you"
        )


def grant(cabinet: Cabinet, number: int, *, board: str, user: str, role: str, clerk: str, grant_id: str) -> ev.Decision:
    """Grant one trial. `clerk` is the user name of a present clerk, empty if there is none.

    Raises NotAllowed, WrongStage (its board serves), CompartmentBusy, PresenceNeeded (something lies inside).
    """
    if role not in ROLES:
        raise NotAllowed("only a technician or a leader proves boards")
    if board not in cabinet.boards_out:
        raise WrongStage(f"board {board} is in service; take it out first")
    place = cabinet.compartment(number)
    if place.is_open or cabinet.grant_on(number) is not None:
        raise CompartmentBusy(f"door {number} is open or opening; close it first")
    if may_hold(cabinet, number) and not clerk:
        raise PresenceNeeded(f"something may lie in compartment {number}; a clerk must sign in at the cabinet first")
    issued = ev.GrantIssued(
        grant=grant_id, compartment=number, purpose="prove", hand_over=place.hand_over, actor=user, second=clerk
    )
    return ev.Decision(events=(issued,))


def may_hold(cabinet: Cabinet, number: int) -> bool:
    """Whether something is on record as inside, or possibly is."""
    place = cabinet.compartment(number)
    return bool(place.hand_over or place.quarantine or place.is_unproved)


def tried(finding: Finding, *, board: str, user: str) -> ev.Decision:
    """Put on record what a trial showed."""
    fact = ev.DoorTried(board=board, compartment=finding.number, finding=finding.kind, other=finding.other, actor=user)
    return ev.Decision(events=(fact,))


def left(cabinet: Cabinet, board: str, numbers: Collection[int]) -> tuple[int, ...]:
    """Compartments of the board that were not found good since it went out of service."""
    return tuple(sorted(set(numbers) - set(cabinet.tried.get(board, ()))))


def prove(cabinet: Cabinet, board: str, numbers: Collection[int], *, user: str) -> ev.Decision:
    """The board serves again, and with the last one the incidents about boards end. Raises WrongStage with the doors
    that are left.
    """
    if board not in cabinet.boards_out:
        raise WrongStage(f"board {board} is in service")
    if missing := left(cabinet, board, numbers):
        raise WrongStage(f"board {board}: doors {', '.join(map(str, missing))} were not found good yet")
    proved = ev.Decision(events=(ev.BoardProved(board=board, actor=user),))
    if len(cabinet.boards_out) > 1:
        return proved
    over = [one for one in cabinet.incidents.values() if one.kind == "board_out_of_service"]
    ended = ev.Decision(events=tuple(ev.IncidentClosed(incident=one.incident, actor=user) for one in over))
    return doors.merged(proved, ended)


def summary(findings: Mapping[int, Finding]) -> tuple[Finding, ...]:
    """What is not good, each exchanged pair once."""
    told: list[Finding] = []
    for one in sorted(findings.values(), key=lambda finding: finding.number):
        back = findings.get(one.other)
        is_pair = back is not None and back.kind == one.kind and back.other == one.number
        if one.kind != "good" and not (is_pair and one.other < one.number):
            told.append(one)
    return tuple(told)


PULSED = frozenset({"opened", "wrong_door", "not_seen"})
"""Causes of an outcome whose lock was pulsed."""


class Outcome(msgspec.Struct, frozen=True):
    """How a trial's grant ended: the compartments whose sensors moved, and in one word why."""

    moved: frozenset[int]
    cause: str


def outcome_of(grant_id: str, facts: Iterable[tuple[str, Mapping[str, Any]]]) -> Outcome:
    """What facts (type and body) say of one trial's grant."""
    for kind, body in facts:
        if body.get("grant") != grant_id:
            continue
        if kind == "DoorOpened":
            return Outcome(frozenset({int(body["compartment"])}), "opened")
        if kind == "WrongDoorOpened":
            return Outcome(frozenset({int(body["opened"])}), "wrong_door")
        if kind == "DoorDidNotOpen":
            return Outcome(frozenset(), "not_seen")
        if kind == "GrantLapsed":
            return Outcome(frozenset(), str(body["cause"]))
    return Outcome(frozenset(), "restarted")
