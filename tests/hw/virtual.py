"""A simulated board of any profile under our bus, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hw.board import Board
from hw.bus import Bus
from hw.limits import LockLimits, Supply
from hw.profile import Framing, Profile, load_profile
from simulator import boards as models
from simulator.memory import MemoryLine
from simulator.other_boards import board_of
from simulator.twin.loop import JumpingLoop

EYE = 9
GENEROUS = LockLimits(max_pulse_ms=3000, min_gap_ms=0, max_pulses_per_minute=30)


@dataclass
class Set:
    """One simulated board, the line to it, and what our side makes of it.

    `eye` has the door's inputs: the board itself, or a Relay (D) beside it on the line.
    """

    profile: Profile
    model: models.Board
    line: MemoryLine
    bus: Bus
    board: Board
    eye: Board
    moves: list[models.CoilMoved] = field(default_factory=list)

    @property
    def pulse_ms(self) -> int:
        """A pulse every profile can make."""
        return max(500, self.profile.pulse_step_ms) if self.profile.pulse != "eletechsup-delay" else 1000

    def energised(self, at: float) -> list[tuple[int, float, float]]:
        """(coil, from, to) of everything the relays did up to `at`."""
        self.model.advance(at)
        self.moves += self.model.take_moves()
        since: dict[int, float] = {}
        spans = []
        for move in self.moves:
            if move.is_on:
                since[move.coil] = move.at
            else:
                spans.append((move.coil, since.pop(move.coil), move.at))
        return spans + [(coil, begun, at) for coil, begun in since.items()]


@asynccontextmanager
async def set_of(name: str, framing: Framing | None = None, limits: LockLimits = GENEROUS) -> AsyncIterator[Set]:
    """The board, its bus running."""
    clock = asyncio.get_running_loop().time
    profile = load_profile(name)
    model, beside = board_of(1, models.BOARD_TYPES[name]), board_of(EYE, models.BOARD_TYPES["waveshare-relay-d"])
    line = MemoryLine(lambda frame, at: model.receive(frame, at) or beside.receive(frame, at))
    line.framing = framing or profile.framings[0]
    bus = Bus("A", line, clock=clock)
    locks, supply = dict.fromkeys(range(32), limits), Supply(clock=clock)
    board = Board("A1", bus, 1, profile, locks=locks, supply=supply, clock=clock)
    seeing = load_profile("waveshare-relay-d")
    eye = board if profile.inputs else Board("A9", bus, EYE, seeing, locks={}, supply=supply, clock=clock)
    owner = asyncio.ensure_future(bus.run())
    await bus.wait_online()
    try:
        yield Set(profile, model, line, bus, board, eye)
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


def in_virtual_time(story: Callable[[], Awaitable[None]]) -> None:
    """Run it on a clock that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(_awaited(story))


async def _awaited(story: Callable[[], Awaitable[None]]) -> None:
    await story()
