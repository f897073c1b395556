"""Proving one replaced board while the service runs and the other boards go on: asked over the control socket.

The technician signs in as at the desk, so that every trial bears a name. What lies inside is told as a number of a
compartment, never whose it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import msgspec

from api.control import Command, Reply
from api.running import Running
from api.sessions import Session
from locker import events as ev
from locker.model import Cabinet
from locker.refusals import DoorStandsOpen, NotAllowed, WrongStage
from locker.rules import commissioning as rules

SHUT_WITHIN_S = 5.0
Text = Annotated[str, msgspec.Meta(max_length=200)]
S = TypeVar("S", bound=msgspec.Struct)


class Begin(msgspec.Struct, frozen=True):
    board: Text
    user: Text
    password: Text
    code: Text


class Try(msgspec.Struct, frozen=True):
    token: Text
    number: int


class Seen(msgspec.Struct, frozen=True):
    """Which door the person saw open, 0 for none; it is shut again."""

    token: Text
    opened: int


class End(msgspec.Struct, frozen=True):
    token: Text


@dataclass
class Swap:
    """One board under trial; `number` and `moved` are of the trial whose word is awaited."""

    board: str
    session: Session
    number: int = 0
    moved: frozenset[int] = frozenset()


@dataclass(kw_only=True)
class BoardSwaps:
    """The swaps of this run by token; they end with the technician's session."""

    running: Running
    _swaps: dict[str, Swap] = field(default_factory=dict)

    def commands(self) -> Mapping[str, Command]:
        """What the control socket offers."""
        return {"swap-begin": self.begin, "swap-try": self.attempt, "swap-seen": self.seen, "swap-end": self.end}

    async def begin(self, line: str) -> Reply:
        """Sign in and take the board out; its compartments, and whether something may lie inside.

        Raises NotAllowed, WrongStage (no such board).
        """
        asked = _parsed(line, Begin)
        running = self.running
        if asked.board not in {board.name for board in running.config.board}:
            known = ", ".join(board.name for board in running.config.board)
            raise WrongStage(f"no board {asked.board} in the configuration; there are {known}")
        member = await running.sign_in.check(user=asked.user, password=asked.password, code=asked.code)
        if member.role not in rules.ROLES:
            raise NotAllowed("only a technician or a leader proves boards")
        await running.record(lambda cabinet, *_: rules.take_out(cabinet, [asked.board], cause="replaced"))
        token = running.sessions.begin(member)
        session = running.sessions.find(token)
        assert session is not None
        self._swaps[token] = Swap(asked.board, session)
        return {"token": token, "doors": self._left(asked.board)}

    def _left(self, board: str) -> list[dict[str, object]]:
        cabinet = self.running.journal.cabinet
        return [
            {"number": number, "may_hold": rules.may_hold(cabinet, number)}
            for number in rules.left(cabinet, board, self._numbers(board))
        ]

    def _numbers(self, board: str) -> tuple[int, ...]:
        return tuple(entry.number for entry in self.running.config.compartments_of(board))

    def _swap(self, token: str) -> Swap:
        swap = self._swaps.get(token)
        if swap is None or not self.running.sessions.is_live(swap.session):
            raise NotAllowed("this session has ended; begin again")
        self.running.sessions.touch(swap.session)
        return swap

    async def attempt(self, line: str) -> Reply:
        """Pulse one door of the board and wait for what its sensors say.

        Raises NotAllowed, WrongStage (another board's door, or the board does not answer), CompartmentBusy,
        PresenceNeeded.
        """
        asked = _parsed(line, Try)
        swap, running = self._swap(asked.token), self.running
        if asked.number not in self._numbers(swap.board):
            raise WrongStage(f"door {asked.number} is not of board {swap.board}")
        state = running.doors.boards[swap.board]
        if not state.is_online:
            raise WrongStage(f"board {swap.board} does not serve yet: {state.cause}")
        member, grant = swap.session.member, running.new_id()
        seq = running.journal.cabinet.seq
        await running.record(
            lambda cabinet, *_: rules.grant(
                cabinet,
                asked.number,
                board=swap.board,
                user=member.user,
                role=member.role,
                clerk=running.sessions.present_clerk(),
                grant_id=grant,
            )
        )
        outcome = await self._outcome(grant, seq)
        swap.number, swap.moved = asked.number, outcome.moved
        return {"moved": sorted(outcome.moved), "cause": outcome.cause}

    async def _outcome(self, grant: str, seq: int) -> rules.Outcome:
        """What the doors worker made of the grant; it always ends."""
        journal = self.running.journal
        cabinet = journal.cabinet
        while grant in cabinet.grants and not cabinet.grants[grant].is_opened:
            cabinet = await journal.changed(cabinet.seq)
        envelopes = await journal.envelopes(seq, cabinet.seq - seq)
        return rules.outcome_of(grant, [(one.type, one.body) for one in envelopes])

    async def seen(self, line: str) -> Reply:
        """Put on record what the trial showed; the finding. Raises NotAllowed, WrongStage, DoorStandsOpen."""
        asked = _parsed(line, Seen)
        swap, running = self._swap(asked.token), self.running
        number = swap.number
        if not number:
            raise WrongStage("no trial waits for a word")
        await self._shut(asked.opened)
        finding = rules.diagnose(rules.Trial(number, read_closed=True, moved=swap.moved, opened=asked.opened))
        user = swap.session.member.user
        await running.record(lambda *_: rules.tried(finding, board=swap.board, user=user))
        swap.number = 0
        return {"number": finding.number, "kind": finding.kind, "other": finding.other}

    async def _shut(self, number: int) -> None:
        """Until the door reads shut. Raises DoorStandsOpen."""
        journal = self.running.journal
        cabinet: Cabinet = journal.cabinet
        try:
            async with asyncio.timeout(SHUT_WITHIN_S):
                while number and cabinet.compartment(number).is_open:
                    cabinet = await journal.changed(cabinet.seq)
        except TimeoutError:
            raise DoorStandsOpen(f"door {number} still reads open; shut it firmly and say so again") from None

    async def end(self, line: str) -> Reply:
        """The board serves again. Raises NotAllowed, WrongStage with the doors that are left."""
        token = _parsed(line, End).token
        swap, running = self._swap(token), self.running
        user = swap.session.member.user
        numbers = self._numbers(swap.board)

        def decide(cabinet: Cabinet, _known: None, _moment: ev.Moment) -> ev.Decision:
            return rules.prove(cabinet, swap.board, numbers, user=user)

        await running.record(decide)
        del self._swaps[token]
        running.sessions.end(swap.session)
        return {"board": swap.board}


def _parsed(line: str, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise WrongStage(f"not understood: {error}; use this release's command line") from error
