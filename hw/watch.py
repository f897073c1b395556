"""The round of one bus: read door inputs, prove boards, and see to it that no coil is on outside its pulse window.

Online boards are read in turn, without pause if the line is slow. A board that does not answer is left out and
asked again after 1, 2, 4, 8, then every 10 seconds, so that it costs the others one time-out a probe. Before a
board counts, and again whenever it returns, its coils are released and its identity is proved.

Coil watch: the coils are read at the end of every pulse window and at least every 5 seconds. A coil that is on
without a window is switched off with its whole board, read again and reported; if it stays on, the board is out of
use.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from hw.board import Board, Identity
from hw.bus import Bus
from hw.errors import BoardBusy, BoardUnproved, BusOffline, CoilStuckOn, Fault, LinkageMode, Unanswered, WrongBoard

log = structlog.get_logger()

FIRST_PROBE_AFTER_S = 1.0
FAILURES_UNTIL_LOST = 3
LINE_MAY_TAKE_S = 2.0


@dataclass(frozen=True, slots=True)
class InputsRead:
    """One raw read of all inputs of a board; `at` is monotonic seconds."""

    board: str
    inputs: tuple[bool, ...]
    at: float


@dataclass(frozen=True, slots=True)
class BoardLost:
    """The board cannot be used; reported once, and again when the cause becomes another one."""

    board: str
    cause: Fault


@dataclass(frozen=True, slots=True)
class BoardProved:
    """The board is what the wiring says, its coils are off."""

    board: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class StrayCoil:
    """These coils were on without a pulse of ours; `cleared` tells whether switching off helped."""

    board: str
    coils: tuple[int, ...]
    cleared: bool


Report = InputsRead | BoardLost | BoardProved | StrayCoil
Listener = Callable[[Report], None]


@dataclass(slots=True)
class Post:
    """Where the round stands with one board."""

    board: Board
    state: Literal["new", "proved", "lost"] = "new"
    cause: type[Fault] | None = None
    failures: int = 0
    probe_at: float = 0.0
    probe_after_s: float = FIRST_PROBE_AFTER_S
    coils_at: float = 0.0


async def watch(
    bus: Bus,
    boards: Sequence[Board],
    listener: Listener,
    *,
    clock: Callable[[], float] = time.monotonic,
    round_at_least_s: float = 0.05,
    probe_every_s: float = 10.0,
    coils_every_s: float = 5.0,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Watch the boards of one bus until cancelled, healing every fault; `listener` hears things in their order.

    `pause(seconds)` is what lies between two rounds, at least that long.
    """
    posts = [Post(board) for board in boards]
    patrol = Round(listener, clock, probe_every_s, coils_every_s)
    while True:
        await _wait_for_line(bus, posts, patrol)
        started = clock()
        for post in posts:
            if bus.is_online:
                await patrol.visit(post)
        await pause(max(0.0, started + round_at_least_s - clock()))


async def _wait_for_line(bus: Bus, posts: Sequence[Post], patrol: Round) -> None:
    """Return once the line is open; until then every board is lost, after it every board is probed at once."""
    if bus.is_online:
        return
    try:
        async with asyncio.timeout(LINE_MAY_TAKE_S if all(post.state == "new" for post in posts) else 0):
            await bus.wait_online()
    except TimeoutError:
        for post in posts:
            patrol.lose(post, BusOffline(f"bus {bus.name} is offline; check adapter, cable and power"))
        await bus.wait_online()
    for post in posts:
        post.probe_at, post.probe_after_s = 0.0, FIRST_PROBE_AFTER_S


@dataclass(slots=True)
class Round:
    """What the visits of one bus share."""

    listener: Listener
    clock: Callable[[], float]
    probe_every_s: float
    coils_every_s: float

    async def visit(self, post: Post) -> None:
        """Do what is due at one board: prove it, or look at its coils, and read its inputs."""
        if post.state == "proved" and not post.board.is_proved:
            self.lose(post, BoardUnproved(f"board {post.board.name} must prove itself again; nothing to do"))
            post.probe_at = self.clock()
        try:
            await (self._look(post) if post.board.is_proved else self._probe(post))
        except (WrongBoard, LinkageMode, CoilStuckOn, BusOffline) as fault:
            self.lose(post, fault)
        except (Unanswered, BoardBusy) as fault:
            post.failures += 1
            if not post.board.is_proved or post.failures >= FAILURES_UNTIL_LOST:
                self.lose(post, fault)

    def lose(self, post: Post, cause: Fault) -> None:
        """Take a board out of use and plan its next probe."""
        post.board.distrust()
        post.failures = 0
        post.probe_at = self.clock() + min(post.probe_after_s, self.probe_every_s)
        post.probe_after_s = min(2 * post.probe_after_s, self.probe_every_s)
        is_news = post.state != "lost" or post.cause is not type(cause)
        (log.warning if is_news else log.debug)("board lost", board=post.board.name, reason=str(cause))
        post.state, post.cause = "lost", type(cause)
        if is_news:
            self.listener(BoardLost(post.board.name, cause))

    async def _probe(self, post: Post) -> None:
        if self.clock() < post.probe_at:
            return
        await post.board.release_all()
        identity = await post.board.identify()
        post.state, post.cause, post.failures = "proved", None, 0
        post.probe_after_s = FIRST_PROBE_AFTER_S
        post.coils_at = self.clock()
        log.info("board proved", board=post.board.name, version=identity.version)
        self.listener(BoardProved(post.board.name, identity))

    async def _look(self, post: Post) -> None:
        board, now = post.board, self.clock()
        ended = [coil for coil, until in board.windows.items() if until <= now]
        if ended or now - post.coils_at >= self.coils_every_s:
            await self._look_at_coils(post, now)
            for coil in ended:
                if board.windows.get(coil, now) <= now:
                    board.windows.pop(coil, None)
        inputs = await board.read_inputs()
        if inputs:
            post.failures = 0
            self.listener(InputsRead(board.name, inputs, self.clock()))

    async def _look_at_coils(self, post: Post, started: float) -> None:
        board = post.board
        coils = await board.read_coils()
        post.coils_at, post.failures = self.clock(), 0
        stray = tuple(coil for coil, is_on in enumerate(coils) if is_on and board.windows.get(coil, 0.0) <= started)
        if not stray:
            return
        log.error("coil on without a pulse", board=board.name, coils=stray)
        try:
            await board.release_all()
        except Fault:
            self.listener(StrayCoil(board.name, stray, cleared=False))
            raise
        self.listener(StrayCoil(board.name, stray, cleared=True))
