"""Trials of locks and sensors while the service is stopped: the journal and the boards are this program's alone.

Every pulse has a grant on record before it (I3); what became of it follows at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hw.board import Board
from hw.errors import BoardBusy, Fault, PulseTooSoon, PulseUnconfirmed, Unanswered
from locker import events as ev
from locker.config import CompartmentEntry, Wiring
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import commissioning as rules

SEEN_WITHIN_S = 2.5
READ_EVERY_S = 0.05
ASKED_AT_MOST, ASKED_AGAIN_AFTER_S = 3, 0.5


@dataclass(frozen=True, slots=True)
class Pulsed:
    """What the sensors did after one pulse: `read_closed` before it, `moved` since."""

    read_closed: bool
    moved: frozenset[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """The cabinet under trial. `boards` are proved and their buses run; `new_id` gives fresh ids."""

    journal: Journal[Cabinet]
    wiring: Wiring
    boards: Mapping[str, Board]
    new_id: Callable[[], str]

    async def read(self) -> Mapping[int, bool]:
        """Whether each door reads closed, from two equal reads. Raises a Fault."""
        before: dict[int, bool] | None = None
        while True:
            eyes = {entry.eye for entry in self.wiring.compartment}
            levels = {name: await self._inputs(self.boards[name]) for name in eyes}
            now = {
                entry.number: levels[entry.eye][entry.input] != entry.inverted
                for entry in self.wiring.compartment
                if entry.input is not None
            }
            if now == before:
                return now
            before = now

    async def _inputs(self, board: Board) -> tuple[bool, ...]:
        for _ in range(ASKED_AT_MOST - 1):
            try:
                return await board.read_inputs()
            except (Unanswered, BoardBusy):
                await asyncio.sleep(READ_EVERY_S)
        return await board.read_inputs()

    async def pulse(self, number: int, *, user: str, role: str) -> Pulsed:
        """One pulse under a grant of this person's own.

        Raises a Fault with nothing opened, and what the rules refuse.
        """
        entry = self.wiring.by_number[number]
        before = await self.read()
        grant = self.new_id()
        await self.journal.record(
            lambda cabinet, *_: rules.grant(
                cabinet, number, board=entry.board, user=user, role=role, clerk="", grant_id=grant
            )
        )
        sent = 0
        cause = "tried"
        try:
            sent = await self._unlock(entry)
        except Fault as fault:
            sent = fault.pulses_sent if isinstance(fault, PulseUnconfirmed) else 0
            cause = type(fault).__name__
            if not sent:
                raise
        finally:
            over = ev.GrantLapsed(grant=grant, cause=cause, pulses=sent)
            await self.journal.record(lambda *_: ev.Decision(events=(over,)), must_land=True)
        return Pulsed(before[number], await self._moved(before))

    async def _unlock(self, entry: CompartmentEntry) -> int:
        assert entry.input is not None
        board, eye = self.boards[entry.board], self.boards[entry.eye]
        pulse_ms = self.wiring.lock_model(entry.lock).pulse_ms
        refused = 0
        while True:
            try:
                unlocked = await board.unlock(entry.coil, pulse_ms=pulse_ms, door_input=entry.input, eye=eye)
            except PulseTooSoon as limit:
                await asyncio.sleep(max(limit.retry_after_s, READ_EVERY_S))
            except (Unanswered, BoardBusy):
                refused += 1
                if refused >= ASKED_AT_MOST:
                    raise
                await asyncio.sleep(ASKED_AGAIN_AFTER_S)
            else:
                return unlocked.pulses_sent

    async def _moved(self, before: Mapping[int, bool]) -> frozenset[int]:
        """Sensors that changed, as soon as any did, or none after 2.5 s. Raises a Fault."""
        deadline = asyncio.get_running_loop().time() + SEEN_WITHIN_S
        while True:
            now = await self.read()
            moved = frozenset(number for number, level in now.items() if level != before[number])
            if moved or asyncio.get_running_loop().time() >= deadline:
                return moved
            await asyncio.sleep(READ_EVERY_S)

    async def conclude(self, finding: rules.Finding, *, user: str) -> None:
        """Put on record what was found at a door."""
        board = self.wiring.by_number[finding.number].board
        await self.journal.record(lambda *_: rules.tried(finding, board=board, user=user))
