"""Proving one replaced board while the service runs and the other boards go on: asked over the control socket.

The technician signs in as at the desk, so that every trial bears a name. What lies inside is told as a number of a
compartment, never whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, TypeVar

import msgspec

from api import trials
from api.control import Command, Reply
from api.running import Running
from api.sessions import Session
from locker.refusals import NotAllowed, WrongStage
from locker.rules import commissioning as rules
from locker.rules.loading import Actor

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


@dataclass(frozen=True, slots=True)
class Swap:
    """One board under trial, and who tries it."""

    board: str
    session: Session

    @property
    def actor(self) -> Actor:
        """Whoever reaches the control socket works at the cabinet's own computer."""
        return Actor(user=self.session.member.user, role=self.session.member.role, is_present=True)


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
        member = await running.sign_in.check(user=asked.user, password=asked.password, code=asked.code)
        if member.role not in rules.ROLES:
            raise NotAllowed("only a technician or a leader proves boards")
        token = running.sessions.begin(member)
        session = running.sessions.find(token)
        assert session is not None
        swap = Swap(asked.board, session)
        await trials.take_out(running, [asked.board], swap.actor)
        self._swaps[token] = swap
        return {"token": token, "doors": self._left(asked.board)}

    def _left(self, board: str) -> list[dict[str, object]]:
        cabinet = self.running.journal.cabinet
        return [
            {"number": number, "may_hold": rules.may_hold(cabinet, number)}
            for number in rules.left(cabinet, board, trials.numbers_of(self.running, board))
        ]

    def _swap(self, token: str) -> Swap:
        swap = self._swaps.get(token)
        if swap is None or not self.running.sessions.is_live(swap.session):
            raise NotAllowed("this session has ended; begin again")
        self.running.sessions.touch(swap.session)
        return swap

    async def attempt(self, line: str) -> Reply:
        """Pulse one door of the board; the finding if the board did not take the pulse, else a person is asked.

        Raises NotAllowed, WrongStage (another board's door, or the board does not answer), CompartmentBusy,
        PresenceNeeded.
        """
        asked = _parsed(line, Try)
        swap, running = self._swap(asked.token), self.running
        if asked.number not in trials.numbers_of(running, swap.board):
            raise WrongStage(f"door {asked.number} is not of board {swap.board}")
        finding = await trials.attempt(running, asked.number, swap.actor)
        return {"finding": None if finding is None else msgspec.to_builtins(finding)}

    async def seen(self, line: str) -> Reply:
        """Put on record what the trial showed; the finding. Raises NotAllowed, WrongStage, DoorStandsOpen."""
        asked = _parsed(line, Seen)
        swap = self._swap(asked.token)
        awaited = self.running.trials.awaited.get(swap.board)
        if awaited is None:
            raise WrongStage("no trial waits for a word")
        finding = await trials.seen(self.running, awaited.number, asked.opened, swap.actor)
        return {"finding": msgspec.to_builtins(finding)}

    async def end(self, line: str) -> Reply:
        """The session ends; the board serves since its last door was found good.

        Raises NotAllowed, WrongStage with the doors that are left.
        """
        token = _parsed(line, End).token
        swap, running = self._swap(token), self.running
        if swap.board in running.journal.cabinet.boards_out:
            await trials.prove(running, swap.board, swap.actor)
        del self._swaps[token]
        running.sessions.end(swap.session)
        return {"board": swap.board}


def _parsed(line: str, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        raise WrongStage(f"not understood: {error}; use this release's command line") from error
