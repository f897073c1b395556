"""A pulse that the host must end: the cut-off is armed before the coil goes on, and gets through."""

from __future__ import annotations

import asyncio

import pytest

from hw import frames
from hw.bus import CutOff
from hw.errors import Fault, ForbiddenAddress
from hw.watch import BoardLost, Report, StrayCoil, watch
from simulator.line_faults import LineFault, LineFaultKind
from tests.hw.virtual import Set, in_virtual_time, set_of, until

OFF = bytes.fromhex("01 05 00 03 00 00")


async def pulse(one: Set) -> None:
    await one.board.identify()
    await one.board.unlock(3, pulse_ms=500, door_input=3)


def longest_on(one: Set, at: float) -> float:
    return max(ended - begun for _, begun, ended in one.energised(at))


def test_a_plain_on_without_its_cut_off_is_never_sent() -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            on, off = frames.switch(1, 3, on=True), frames.switch(1, 3, on=False)
            for cut_off in (None, CutOff(frames.switch(1, 4, on=False), 0.5), CutOff(on, 0.5), CutOff(off, 3600)):
                with pytest.raises(ForbiddenAddress):
                    await one.bus.exchange(on, urgent=True, cut_off=cut_off)
            assert one.line.sent == []

    in_virtual_time(story)


def test_the_cut_off_does_not_depend_on_the_caller() -> None:
    """Whoever asked for the pulse is cancelled as soon as the frame is out."""

    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            await one.board.identify()
            caller = asyncio.ensure_future(one.board.unlock(3, pulse_ms=500, door_input=3))
            await until(lambda: any(frame[1] == 5 for _, frame in one.line.sent))
            caller.cancel()
            await asyncio.sleep(2)
            assert longest_on(one, 2.5) < 0.56

    in_virtual_time(story)


@pytest.mark.parametrize("kind", [LineFaultKind.LOST, LineFaultKind.UNHEARD, LineFaultKind.GARBLED, LineFaultKind.CUT])
@pytest.mark.parametrize("times", [1, 3])
def test_a_cut_off_that_is_not_answered_is_repeated(kind: LineFaultKind, times: int) -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            clock = asyncio.get_running_loop().time
            await pulse(one)
            one.line.faults.waiting.append(LineFault(kind=kind, times=times))
            await asyncio.sleep(3)
            assert longest_on(one, clock()) < 0.55 + times * 0.09
            offs = [frame for _, frame in one.line.sent if frame[:6] == OFF]
            assert len(offs) == times + 1

    in_virtual_time(story)


def test_a_cut_off_overtakes_whatever_waits() -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            clock = asyncio.get_running_loop().time
            await pulse(one)
            waiting = [asyncio.ensure_future(one.board.read_inputs(urgent=True)) for _ in range(100)]
            await asyncio.gather(*waiting)
            assert longest_on(one, clock()) < 0.55

    in_virtual_time(story)


def test_a_cut_off_survives_the_plug_being_pulled() -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            clock = asyncio.get_running_loop().time
            await pulse(one)
            one.line.unplug()
            await asyncio.sleep(1)
            one.line.plug_in()
            replugged = clock()
            await asyncio.sleep(2)
            ((_, _, ended),) = one.energised(clock())
            assert ended - replugged < 0.6

    in_virtual_time(story)


def test_a_lost_pulse_frame_still_has_its_cut_off() -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            clock = asyncio.get_running_loop().time
            await one.board.identify()
            one.line.faults.waiting.append(LineFault(kind=LineFaultKind.LOST, function=5))
            unlocked = await one.board.unlock(3, pulse_ms=500, door_input=3)
            assert (unlocked.pulses_sent, unlocked.coil_was_on) == (1, True)
            await asyncio.sleep(2)
            assert longest_on(one, clock()) < 0.56

    in_virtual_time(story)


def test_a_coil_that_no_cut_off_reaches_is_found_by_the_coil_watch() -> None:
    async def story() -> None:
        async with set_of("plain-coils-8") as one:
            clock = asyncio.get_running_loop().time
            reports: list[Report] = []
            round_ = asyncio.ensure_future(watch(one.bus, [one.board], reports.append, clock=clock))
            await until(lambda: one.board.is_proved)
            await one.board.unlock(3, pulse_ms=500, door_input=3)
            one.model.set_stuck(3, is_stuck=True, at=clock())
            await asyncio.sleep(3)
            round_.cancel()
            await asyncio.gather(round_, return_exceptions=True)
            assert [report.coils for report in reports if isinstance(report, StrayCoil)] == [(3,)]
            assert any(isinstance(report, BoardLost) for report in reports)
            with pytest.raises(Fault):
                await one.board.unlock(3, pulse_ms=500, door_input=3)

    in_virtual_time(story)
