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

    `eye` has the door's inputs: the board itself, or a Relay (D) beside it on the line. `boards` and `beside` are all
    boards of its kind on the line, this one first, and their models.
    """

    profile: Profile
    model: models.Board
    line: MemoryLine
    bus: Bus
    board: Board
    eye: Board
    boards: list[Board] = field(default_factory=list)
    beside: list[models.Board] = field(default_factory=list)
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
async def set_of(
    name: str, framing: Framing | None = None, limits: LockLimits = GENEROUS, *, units: int = 1
) -> AsyncIterator[Set]:
    """The board, its bus running; with `units`, as many of its kind on one line."""
    clock = asyncio.get_running_loop().time
    profile = load_profile(name)
    kin = [board_of(unit, models.BOARD_TYPES[name]) for unit in range(1, units + 1)]
    line = MemoryLine(answering([*kin, board_of(EYE, models.BOARD_TYPES["waveshare-relay-d"])]))
    line.framing = framing or profile.framings[0]
    bus = Bus("A", line, clock=clock)
    locks, supply = dict.fromkeys(range(32), limits), Supply(clock=clock)
    boards = [Board(f"A{n}", bus, n, profile, locks=locks, supply=supply, clock=clock) for n in range(1, units + 1)]
    board = boards[0]
    seeing = load_profile("waveshare-relay-d")
    eye = board if profile.inputs else Board("A9", bus, EYE, seeing, locks={}, supply=supply, clock=clock)
    owner = asyncio.ensure_future(bus.run())
    await bus.wait_online()
    try:
        yield Set(profile, kin[0], line, bus, board, eye, boards, kin)
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


def answering(kin: list[models.Board]) -> Callable[[bytes, float], bytes | None]:
    """Several boards on one line."""

    def answer(frame: bytes, at: float) -> bytes | None:
        replies = [board.receive(frame, at) for board in kin]
        return next((reply for reply in replies if reply is not None), None)

    return answer


async def until(condition: Callable[[], bool]) -> None:
    """Looked at every virtual 10 ms."""
    while not condition():  # noqa: ASYNC110  (virtual time costs nothing)
        await asyncio.sleep(0.01)


def in_virtual_time(story: Callable[[], Awaitable[None]]) -> None:
    """Run it on a clock that jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(_awaited(story))


async def _awaited(story: Callable[[], Awaitable[None]]) -> None:
    await story()
