"""Trying the doors of boards that are out of service: what the technician's page and the terminal ask of the cabinet.

The running service pulses by its own worker and keeps what moves as for any grant; where the service is stopped for
commissioning, `locker.bench` pulses and only what was found is kept. One door is tried at a time; what a person saw of
it is asked before the next one of its board.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hw.errors import Fault
from locker.refusals import CompartmentBusy, DoorStandsOpen, UnknownCompartment, WrongStage
from locker.rules import commissioning as rules
from locker.rules.loading import Actor, needs_presence

if TYPE_CHECKING:
    from api.running import Running

SHUT_WITHIN_S = 5.0


@dataclass(slots=True)
class Awaited:
    """A trial of which a person has not said yet what they saw.

    `read_open`: compartments whose sensors showed open before the pulse. `was_told`: the person was asked once to shut
    it firmly.
    """

    number: int
    moved: frozenset[int]
    read_open: frozenset[int]
    was_told: bool = False


@dataclass(slots=True)
class Trials:
    """What this run knows of trials: `awaited` by board, `found` by compartment, `boards` that were taken out here.

    `tried` is the compartment whose lock is being pulsed now, 0 for none.
    """

    awaited: dict[str, Awaited] = field(default_factory=dict)
    found: dict[int, rules.Finding] = field(default_factory=dict)
    boards: set[str] = field(default_factory=set)
    tried: int = 0


def board_of(running: Running, number: int) -> str:
    """The board that drives this door. Raises UnknownCompartment."""
    entry = running.config.by_number.get(number)
    if entry is None:
        raise UnknownCompartment(f"this cabinet has no compartment {number}")
    return entry.board


def numbers_of(running: Running, board: str) -> tuple[int, ...]:
    """The compartments whose locks a board drives."""
    return tuple(entry.number for entry in running.config.compartments_of(board))


async def take_out(running: Running, boards: Collection[str], actor: Actor) -> None:
    """Boards leave service to be proved; what was found of their doors before counts no more.

    Raises PresenceNeeded, WrongStage (no such board).
    """
    needs_presence(actor)
    known = [board.name for board in running.config.board]
    if strange := sorted(set(boards) - set(known)):
        raise WrongStage(f"no board {strange[0]} in the configuration; there are {', '.join(known)}")
    cause = "replaced" if running.bench is None else "commissioning"
    await running.record(lambda cabinet, *_: rules.take_out(cabinet, boards, cause=cause))
    trials = running.trials
    trials.boards.update(boards)
    for board in boards:
        trials.awaited.pop(board, None)
        for number in numbers_of(running, board):
            trials.found.pop(number, None)
    running.bell.ring()


async def attempt(running: Running, number: int, actor: Actor) -> rules.Finding | None:
    """Pulse one door and see which sensors move; the finding if there was no pulse, else None: a person is asked.

    Raises PresenceNeeded, UnknownCompartment, WrongStage (its board serves or does not answer, or a word is awaited),
    CompartmentBusy, NotAllowed.
    """
    needs_presence(actor)
    board, trials = board_of(running, number), running.trials
    if board in trials.awaited:
        raise WrongStage(f"say first what was seen at door {trials.awaited[board].number}")
    if trials.tried:
        raise CompartmentBusy(f"door {trials.tried} is being tried; wait for it")
    state = running.doors.boards[board]
    if not state.is_online:
        raise WrongStage(f"board {board} does not serve yet: {state.cause}")
    trials.tried = number
    try:
        pulsed = await (_at_bench(running, number, actor) if running.bench else _served(running, number, actor))
    finally:
        trials.tried = 0
        running.bell.ring()
    if pulsed is None:
        return await _book(running, board, rules.Finding(number, "not_tried"), actor)
    trials.awaited[board] = pulsed
    return None


async def _at_bench(running: Running, number: int, actor: Actor) -> Awaited | None:
    assert running.bench is not None
    try:
        pulsed = await running.bench.pulse(number, user=actor.user, role=actor.role)
    except Fault:
        return None
    return Awaited(number, pulsed.moved, frozenset() if pulsed.read_closed else frozenset({number}))


async def _served(running: Running, number: int, actor: Actor) -> Awaited | None:
    journal, grant = running.journal, running.new_id()
    board, clerk = board_of(running, number), running.sessions.present_clerk()
    before, seq = dict(running.doors.readings), journal.cabinet.seq
    await running.record(
        lambda cabinet, *_: rules.grant(
            cabinet, number, board=board, user=actor.user, role=actor.role, clerk=clerk, grant_id=grant
        )
    )
    cabinet = journal.cabinet
    while grant in cabinet.grants and not cabinet.grants[grant].is_opened:
        cabinet = await journal.changed(cabinet.seq)
    envelopes = await journal.envelopes(seq, cabinet.seq - seq)
    outcome = rules.outcome_of(grant, [(one.type, one.body) for one in envelopes])
    if outcome.cause not in rules.PULSED:
        return None
    # Behind boards that serve citizens open doors meanwhile; what moves there is not this trial's.
    moved = {
        each
        for each, reading in running.doors.readings.items()
        if {before[each], reading} == {"open", "closed"} and running.places[each].board in cabinet.boards_out
    }
    read_open = frozenset(each for each, reading in before.items() if reading == "open")
    return Awaited(number, outcome.moved | moved, read_open)


async def seen(running: Running, number: int, opened: int, actor: Actor) -> rules.Finding:
    """Put on record which door a person saw open when this one was pulsed (0: none) and what that shows; with its last
    good door a board serves.

    Raises PresenceNeeded, WrongStage (no trial of this door waits for a word), UnknownCompartment, DoorStandsOpen
    (once: said again, the door's sensor is what is wrong).
    """
    needs_presence(actor)
    board, trials = board_of(running, number), running.trials
    awaited = trials.awaited.get(board)
    if awaited is None or awaited.number != number:
        raise WrongStage(f"no trial of door {number} waits for a word")
    if opened:
        board_of(running, opened)
    open_still = await _open_still(running, ({opened} | awaited.moved) - awaited.read_open - {0})
    if open_still and not awaited.was_told:
        awaited.was_told = True
        raise DoorStandsOpen(f"door {min(open_still)} still reads open; shut it firmly and say so again")
    trial = rules.Trial(
        awaited.number,
        read_closed=awaited.number not in awaited.read_open,
        moved=awaited.moved,
        opened=opened,
        returned=awaited.number not in open_still,
    )
    trials.awaited.pop(board, None)
    finding = await _book(running, board, rules.diagnose(trial), actor)
    if not rules.left(running.journal.cabinet, board, numbers_of(running, board)):
        await prove(running, board, actor)
    return finding


async def _open_still(running: Running, numbers: Collection[int]) -> frozenset[int]:
    """Which of these doors do not read shut within five seconds. Raises a Fault where the bench reads them."""
    journal, doors = running.journal, running.doors
    found = await _read_open(running, numbers)
    try:
        async with asyncio.timeout(SHUT_WITHIN_S):
            while found:
                waits = (
                    asyncio.ensure_future(doors.changed()),
                    asyncio.ensure_future(journal.changed(journal.cabinet.seq)),
                )
                try:
                    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in waits:
                        one.cancel()
                    await asyncio.gather(*waits, return_exceptions=True)
                found = await _read_open(running, numbers)
    except TimeoutError:
        return await _read_open(running, numbers)
    return found


async def _read_open(running: Running, numbers: Collection[int]) -> frozenset[int]:
    """Which of these doors read open now: at the bench by a fresh look, ahead of what pages show of the doors."""
    if running.bench is not None:
        closed = await running.bench.read()
        return frozenset(number for number in numbers if not closed.get(number, True))
    cabinet, readings = running.journal.cabinet, running.doors.readings
    return frozenset(
        number for number in numbers if readings.get(number) == "open" or cabinet.compartment(number).is_open
    )


async def _book(running: Running, board: str, finding: rules.Finding, actor: Actor) -> rules.Finding:
    await running.record(lambda *_: rules.tried(finding, board=board, user=actor.user))
    running.trials.found[finding.number] = finding
    running.bell.ring()
    return finding


async def prove(running: Running, board: str, actor: Actor) -> None:
    """The board serves again. Raises WrongStage with the doors that are left."""
    numbers = numbers_of(running, board)
    await running.record(lambda cabinet, *_: rules.prove(cabinet, board, numbers, user=actor.user))
    running.bell.ring()
