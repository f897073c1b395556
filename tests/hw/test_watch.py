from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from hw.board import Identity
from hw.errors import BoardOffline, BusOffline, CoilStuckOn, LinkageMode
from hw.line import SerialLine
from hw.watch import BoardLost, BoardProved, InputsRead, Report, StrayCoil, watch

if TYPE_CHECKING:
    from tests.hw.conftest import Bench, Step

Answer = Sequence["Step"]


class Ear:
    """A listener that can be waited for."""

    def __init__(self) -> None:
        self.reports: list[Report] = []
        self._news = asyncio.Event()

    def __call__(self, report: Report) -> None:
        self.reports.append(report)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def told(self, kind: type[Report]) -> list[Report]:
        return [report for report in self.reports if isinstance(report, kind)]

    def last(self) -> Report | None:
        others = [report for report in self.reports if not isinstance(report, InputsRead)]
        return others[-1] if others else None


async def test_a_board_is_released_and_proved_before_its_inputs_are_read(bench: Bench) -> None:
    relay = bench.relay()
    relay.coils[1], relay.inputs[1] = 0x08, 0b1111_1110
    bus, peer = await bench.serial(relay)
    ear = Ear()
    await bench.spawn(watch(bus, [bench.board(bus)], ear))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 2)
    assert ear.reports[0] == BoardProved("A1", Identity(300, (0,) * 8))
    read = ear.reports[1]
    assert isinstance(read, InputsRead)
    assert read.inputs == (False,) + (True,) * 7
    assert relay.coils[1] == 0
    assert [frame[1] for frame in peer.requests[:6]] == [3, 5, 1, 3, 3, 2]


async def test_a_dead_board_backs_off_and_does_not_slow_the_others(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay(1, 2), answer_within_s=0.5)
    boards = [bench.board(bus, unit) for unit in (1, 2, 3)]
    ear = Ear()
    await bench.spawn(watch(bus, boards, ear, round_at_least_s=0))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 60)
    assert [report.board for report in ear.told(BoardLost) if isinstance(report, BoardLost)] == ["A3"]
    probes = [at for frame, at in zip(peer.requests, peer.times, strict=True) if frame[0] == 3]
    assert all(later - earlier >= 0.9 for earlier, later in pairwise(probes)), "one probe now, the next after a second"


async def test_a_board_that_falls_silent_is_lost_and_proved_again_when_it_returns(bench: Bench) -> None:
    relay = bench.relay()
    dead = asyncio.Event()
    bus, peer = await bench.serial(lambda frame: () if dead.is_set() else relay(frame))
    board, ear = bench.board(bus), Ear()
    await bench.spawn(watch(bus, [board], ear))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 2)
    dead.set()
    await ear.until(lambda: isinstance(ear.last(), BoardLost))
    assert not board.is_proved
    lost = ear.last()
    assert isinstance(lost, BoardLost)
    assert isinstance(lost.cause, BoardOffline)
    dead.clear()
    before = len(peer.sent(3))
    await ear.until(lambda: isinstance(ear.last(), BoardProved))
    assert len(peer.sent(3)) >= before + 2, "version and linkage are read again"
    assert len(ear.told(BoardLost)) == 1


async def test_one_missed_poll_loses_no_board(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: () if frame[1] == 2 and len(peer.sent(2)) == 2 else relay(frame))
    ear = Ear()
    await bench.spawn(watch(bus, [bench.board(bus)], ear, round_at_least_s=0))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 3)
    assert ear.told(BoardLost) == []


async def test_a_board_in_linkage_mode_is_reported_once_and_probed_on(bench: Bench) -> None:
    relay = bench.relay()
    relay.linkage[0] = 2
    bus, peer = await bench.serial(relay, answer_within_s=0.5)
    ear = Ear()
    await bench.spawn(watch(bus, [bench.board(bus)], ear, round_at_least_s=0, probe_every_s=0.05))
    await peer.until(lambda: len(peer.sent(3)) >= 5)
    lost = ear.reports
    assert len(lost) == 1
    assert isinstance(lost[0], BoardLost)
    assert isinstance(lost[0].cause, LinkageMode)


async def test_a_stray_coil_is_cut_and_reported(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(relay)
    ear = Ear()
    await bench.spawn(watch(bus, [bench.board(bus)], ear, round_at_least_s=0, coils_every_s=0.1))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 1)
    relay.coils[1] = 0b0010_0000
    await ear.until(lambda: isinstance(ear.last(), StrayCoil))
    assert ear.last() == StrayCoil("A1", (5,), cleared=True)
    assert relay.coils[1] == 0
    assert peer.sent(5)[-1] == bench.sealed("01 05 00 ff 00 00")


async def test_a_stray_coil_that_stays_on_takes_the_board_out_of_use(bench: Bench) -> None:
    relay = bench.relay()
    stuck = asyncio.Event()

    def weld(frame: bytes) -> Answer:
        answer = relay(frame)
        if stuck.is_set():
            relay.coils[1] = 0b1
        return answer

    bus, _ = await bench.serial(weld)
    board, ear = bench.board(bus), Ear()
    await bench.spawn(watch(bus, [board], ear, round_at_least_s=0, coils_every_s=0.05))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 1)
    stuck.set()
    await ear.until(lambda: isinstance(ear.last(), BoardLost))
    lost = ear.last()
    assert ear.told(StrayCoil) == [StrayCoil("A1", (0,), cleared=False)]
    assert isinstance(lost, BoardLost)
    assert isinstance(lost.cause, CoilStuckOn)
    assert not board.is_proved


async def test_a_coil_in_its_pulse_window_is_no_stray(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(relay)
    board, ear = bench.board(bus), Ear()
    await bench.spawn(watch(bus, [board], ear, round_at_least_s=0, coils_every_s=0.02))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 1)
    await board.unlock(2, pulse_ms=1000, door_input=2)
    seen = len(peer.sent(1))
    await peer.until(lambda: len(peer.sent(1)) >= seen + 3)
    assert ear.told(StrayCoil) == []
    relay.coils[1] = 0  # the board's timer


async def test_a_coil_still_on_at_the_end_of_its_window_is_cut(bench: Bench) -> None:
    """The board's timer has failed; the read at the window's end finds it, long before the background round."""
    relay = bench.relay()
    bus, _ = await bench.serial(relay)
    board, ear = bench.board(bus), Ear()
    await bench.spawn(watch(bus, [board], ear, round_at_least_s=0, coils_every_s=1000))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 1)
    await board.unlock(2, pulse_ms=100, door_input=2)
    await ear.until(lambda: isinstance(ear.last(), StrayCoil))
    assert ear.last() == StrayCoil("A1", (2,), cleared=True)


async def test_coils_are_read_in_the_background_round(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    ear = Ear()
    await bench.spawn(watch(bus, [bench.board(bus)], ear, round_at_least_s=0, coils_every_s=0.1))
    await peer.until(lambda: len(peer.sent(1)) >= 5)
    times = [at for frame, at in zip(peer.requests, peer.times, strict=True) if frame[1] == 1]
    pauses = [later - earlier for earlier, later in pairwise(times[1:])]
    assert 0.09 <= min(pauses) < 0.5


async def test_an_unplugged_bus_loses_all_boards_and_proves_them_on_return(bench: Bench) -> None:
    peer = bench.peer(bench.relay(1, 2))
    ear = Ear()
    async with bench.replug(peer) as port:
        bus = await bench.owned(SerialLine(port))
        await bench.spawn(watch(bus, [bench.board(bus, 1), bench.board(bus, 2)], ear))
        await ear.until(lambda: len(ear.told(BoardProved)) == 2)
    await ear.until(lambda: len(ear.told(BoardLost)) == 2)
    causes = [report.cause for report in ear.reports if isinstance(report, BoardLost)]
    assert all(isinstance(cause, BusOffline) for cause in causes)
    async with bench.replug(peer):
        await ear.until(lambda: len(ear.told(BoardProved)) == 4)


async def test_an_unlock_during_polling_of_three_boards_waits_for_one_exchange(bench: Bench) -> None:
    relay = bench.relay(1, 2, 3)
    bus, peer = await bench.serial(lambda frame: (0.015, *relay(frame)), answer_within_s=5)
    boards = [bench.board(bus, unit) for unit in (1, 2, 3)]
    ear = Ear()
    await bench.spawn(watch(bus, boards, ear, round_at_least_s=0))
    await ear.until(lambda: len(ear.told(InputsRead)) >= 6)
    heard = len(peer.requests)
    unlocked = await boards[1].unlock(0, pulse_ms=500, door_input=0)
    assert unlocked.pulses_sent == 1
    assert 5 in [frame[1] for frame in peer.requests[heard : heard + 2]]
