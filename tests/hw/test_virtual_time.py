"""Bus, boards and watch on a line in memory and a clock that jumps: a minute in a blink."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import pytest

from hw import frames
from hw.board import Board
from hw.bus import Bus
from hw.errors import BoardOffline
from hw.limits import LockLimits, Supply
from hw.line import Lost, Received, Transport
from hw.profile import load_profile
from hw.watch import BoardLost, BoardProved, InputsRead, Report, watch

if TYPE_CHECKING:
    from tests.hw.conftest import Script


class JumpingSelector(selectors.SelectSelector):
    """Instead of waiting, moves the time on."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def hold_up(self, seconds: float) -> None:
        """The time goes on and nothing here turns, as on a starved machine."""
        self._jumping.now += seconds


@dataclass
class MemoryLine:
    """A line without a wire: the script answers after the time the bytes would have taken."""

    script: Script
    framing: Literal["rtu", "tcp"] = "rtu"
    character_s: float = 10 / 9600
    silence_s: float = 0.00365
    answer_within_s: float = 0.06
    thinks_s: float = 0.0
    held_up: Callable[[], None] = lambda: None
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    received: Received | None = None

    async def connect(self, received: Received, lost: Lost) -> Transport:  # noqa: ARG002  (never lost)
        self.received = received
        return self

    def write(self, data: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), data))
        loop.call_soon(self._answer, data)

    def _answer(self, data: bytes) -> None:
        self.held_up()
        for reply in self.script(data):
            assert isinstance(reply, bytes)
            wire_s = (len(data) + len(reply)) * self.character_s + self.silence_s
            asyncio.get_running_loop().call_later(wire_s + self.thinks_s, self._receive, reply)

    def _receive(self, reply: bytes) -> None:
        if self.received is not None:
            self.received(reply)

    def close(self) -> None:
        self.received = None


def watched(script: Script, units: tuple[int, ...], seconds: float) -> tuple[MemoryLine, list[Report]]:
    """Let boards with these unit ids be watched for so many virtual seconds."""
    line, reports = MemoryLine(script), list[Report]()

    async def story(clock: Callable[[], float]) -> None:
        bus = Bus("A", line, clock=clock)
        supply = Supply(clock=clock)
        profile = load_profile("waveshare-relay-d")
        boards = [
            Board(f"A{unit}", bus, unit, profile, locks={0: LockLimits()}, supply=supply, clock=clock) for unit in units
        ]
        work = [
            asyncio.ensure_future(bus.run()),
            asyncio.ensure_future(watch(bus, boards, reports.append, clock=clock)),
        ]
        await asyncio.sleep(seconds)
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        runner.run(story(loop.time))
    return line, reports


def test_a_silent_board_costs_wire_time_and_sixty_milliseconds() -> None:
    """Request of 8 and reply of 6 characters, 3.5 of silence, at 9600 baud."""

    async def story(clock: Callable[[], float]) -> float:
        bus = Bus("A", MemoryLine(lambda _: ()), clock=clock)
        owner = asyncio.ensure_future(bus.run())
        await bus.wait_online()
        await asyncio.sleep(1)
        started = clock()
        with pytest.raises(BoardOffline):
            await bus.exchange(frames.read_inputs(1, 8))
        took = clock() - started
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)
        return took

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        took = runner.run(story(runner.get_loop().time))
    assert took == pytest.approx((8 + 6) * 10 / 9600 + 0.00365 + 0.06, abs=0.001)


def test_a_dead_board_is_probed_after_growing_pauses_and_then_every_ten_seconds(relay: Callable[..., Script]) -> None:
    line, reports = watched(relay(1), (1, 2), 60)
    lost = [report for report in reports if isinstance(report, BoardLost)]
    assert [report.board for report in lost] == ["A2"]
    probes = [at for at, frame in line.sent if frame[0] == 2]
    pauses = [round(later - earlier) for earlier, later in pairwise(probes)]
    assert pauses == [1, 2, 4, 8, 10, 10, 10, 10]


def test_polling_is_as_fast_as_the_wire_allows_with_a_dead_board_beside(relay: Callable[..., Script]) -> None:
    _, reports = watched(relay(1, 2, 3), (1, 2, 3, 4), 20)
    reads = [report for report in reports if isinstance(report, InputsRead) and report.board == "A1"]
    gaps = [later.at - earlier.at for earlier, later in pairwise(reads)]
    assert sorted(gaps)[len(gaps) // 2] < 0.070
    assert max(gaps) < 0.070 + 0.09 + 3 * 0.025


def test_the_coils_of_every_board_are_read_within_five_seconds(relay: Callable[..., Script]) -> None:
    line, reports = watched(relay(1, 2), (1, 2), 30)
    assert sum(isinstance(report, BoardProved) for report in reports) == 2
    for unit in (1, 2):
        reads = [at for at, frame in line.sent if frame[:2] == bytes([unit, 1])]
        assert len(reads) >= 6
        assert max(later - earlier for earlier, later in pairwise(reads)) < 5.2


@pytest.mark.parametrize(
    ("held_up_s", "thinks_s", "answers"), [(0.0, 0.02, True), (0.0, 0.09, False), (0.3, 0.02, True), (0.3, 0.09, False)]
)
def test_a_board_has_its_time_to_answer_even_if_this_process_was_held_up(
    relay: Callable[..., Script], held_up_s: float, thinks_s: float, answers: bool
) -> None:
    """The time runs out while nothing here turns: a reply that comes soon after is no late one."""

    async def story(loop: JumpingLoop) -> bool:
        line = MemoryLine(relay(1), thinks_s=thinks_s, held_up=lambda: loop.hold_up(held_up_s))
        bus = Bus("A", line, clock=loop.time)
        owner = asyncio.ensure_future(bus.run())
        await bus.wait_online()
        try:
            await bus.exchange(frames.read_inputs(1, 8))
        except BoardOffline:
            return False
        else:
            return True
        finally:
            owner.cancel()
            await asyncio.gather(owner, return_exceptions=True)

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, JumpingLoop)
        assert runner.run(story(loop)) is answers
