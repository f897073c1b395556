"""What is asked of the serial port itself, and several lines beside each other."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from pathlib import Path

import pytest
import serial

from hw import frames
from hw.errors import BoardOffline, BusOffline
from hw.line import SerialLine, latency_timer_ms
from hw.watch import InputsRead, Report, watch
from tests.hw.virtual import in_virtual_time, set_of, until


def ignore(_: object) -> None:
    return None


@pytest.mark.parametrize(("text", "told"), [("16\n", 16), ("1\n", 1), ("", None), (None, None)])
def test_the_latency_timer_of_an_adapter_is_read_behind_its_stable_name(
    tmp_path: Path, text: str | None, told: int | None
) -> None:
    port = tmp_path / "dossier-bus"
    port.symlink_to(tmp_path / "ttyUSB3")
    if text is not None:
        (tmp_path / "sysfs/ttyUSB3/device").mkdir(parents=True)
        (tmp_path / "sysfs/ttyUSB3/device/latency_timer").write_text(text)
    assert latency_timer_ms(str(port), tmp_path / "sysfs") == told


async def test_a_port_that_cannot_switch_direction_is_refused_when_asked_to_and_given_back() -> None:
    """A pty has no transceiver: the kernel says so, and the port stays usable without."""
    near, far = pty.openpty()
    tty.setraw(far)
    try:
        with pytest.raises(BusOffline, match="drop rs485_direction"):
            await SerialLine(os.ttyname(far), drives_direction=True).connect(ignore, ignore)
        with serial.Serial(os.ttyname(far), exclusive=True):
            pass
    finally:
        os.close(near)
        os.close(far)


async def test_a_request_leaves_at_once_and_what_the_port_has_no_room_for_follows_in_its_order() -> None:
    near, far = pty.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    transport = await SerialLine(os.ttyname(far)).connect(ignore, ignore)
    try:
        transport.write(b"first")
        assert os.read(near, 64) == b"first", "before the event loop turns"
        much = bytes(range(256)) * 256
        transport.write(much)
        transport.write(b"last")
        loop, came, heard = asyncio.get_running_loop(), asyncio.Event(), b""
        loop.add_reader(near, came.set)
        async with asyncio.timeout(20):
            while len(heard) < len(much) + 4:
                await came.wait()
                came.clear()
                heard += os.read(near, 65536)
        loop.remove_reader(near)
        assert heard == much + b"last"
    finally:
        transport.close()
        os.close(near)
        os.close(far)


async def test_a_port_that_is_gone_when_it_is_written_to_is_lost() -> None:
    near, far = pty.openpty()
    tty.setraw(far)
    lost: list[Exception | None] = []
    transport = await SerialLine(os.ttyname(far)).connect(ignore, lost.append)
    os.close(far)
    os.close(near)
    transport.write(b"nobody")
    assert [type(cause) for cause in lost] == [OSError]


def test_a_dead_board_on_one_line_slows_no_other_line() -> None:
    async def story() -> None:
        async with set_of("waveshare-relay-d") as dead, set_of("waveshare-relay-d") as alive:
            clock = asyncio.get_running_loop().time
            dead.model.set_power(has_power=False, at=0.0)
            reports: list[Report] = []
            rounds = [
                asyncio.ensure_future(watch(one.bus, [one.board], reports.append, clock=clock, round_at_least_s=0.001))
                for one in (dead, alive)
            ]
            await asyncio.sleep(10)
            for round_ in rounds:
                round_.cancel()
            await asyncio.gather(*rounds, return_exceptions=True)
            reads = sum(isinstance(report, InputsRead) for report in reports)
            assert reads > 10 / 0.026
            assert dead.bus.counters.time_outs >= 4

    in_virtual_time(story)


def test_one_dead_board_among_eight_costs_the_others_under_two_percent() -> None:
    """The same round for forty seconds, with all boards there and with one dead: reads of the others."""

    def reads(*, with_dead: bool) -> int:
        counted: list[Report] = []

        async def story() -> None:
            clock = asyncio.get_running_loop().time
            async with set_of("waveshare-relay-d", units=8 if with_dead else 7) as one:
                if with_dead:
                    one.beside[-1].set_power(has_power=False, at=0.0)
                round_ = asyncio.ensure_future(
                    watch(one.bus, one.boards, counted.append, clock=clock, round_at_least_s=0.001)
                )
                await asyncio.sleep(40)
                round_.cancel()
                await asyncio.gather(round_, return_exceptions=True)

        in_virtual_time(story)
        return sum(isinstance(report, InputsRead) for report in counted)

    assert reads(with_dead=True) > 0.98 * reads(with_dead=False)


@pytest.mark.parametrize("is_dead", [False, True])
def test_an_unlock_waits_for_one_exchange_at_most_and_beside_a_dead_board_for_one_time_out(*, is_dead: bool) -> None:
    """Asked at every two milliseconds of the other board's turn, on the wire of 9600 baud."""
    took: list[float] = []
    line = SerialLine("none", 9600)
    character_s, silence_s = line.character_s, line.silence_s
    a_read = (8 + 6) * character_s + 2 * silence_s
    a_time_out = (8 + 6) * character_s + silence_s + line.answer_within_s
    a_pulse = (8 + 8) * character_s + 2 * silence_s
    longest = a_time_out if is_dead else a_read

    async def story() -> None:
        clock = asyncio.get_running_loop().time
        async with set_of("waveshare-relay-d", units=2) as one:
            await one.board.read_inputs()
            one.beside[1].set_power(has_power=not is_dead, at=0.0)
            for after_ms in range(0, int(longest * 1000), 2):
                other = asyncio.ensure_future(one.bus.exchange(frames.read_inputs(2, 8)))
                more = asyncio.ensure_future(one.bus.exchange(frames.read_inputs(1, 8)))
                await asyncio.sleep(after_ms / 1000)
                asked = clock()
                await one.bus.exchange(frames.pulse(1, 0, units=1), urgent=True)
                took.append(clock() - asked)
                await asyncio.gather(other, more, return_exceptions=True)
                await asyncio.sleep(3)  # what the dead board owes is forgotten

    in_virtual_time(story)
    assert max(took) <= longest + a_pulse + 0.001
    assert max(took) > 0.9 * (longest + a_pulse), "asked at once, it does wait for the other board's turn"


def test_the_bus_is_back_within_two_seconds_of_the_plug() -> None:
    async def story() -> None:
        async with set_of("waveshare-relay-d") as one:
            clock = asyncio.get_running_loop().time
            reports: list[Report] = []
            round_ = asyncio.ensure_future(watch(one.bus, [one.board], reports.append, clock=clock))
            for out_for_s in (0.1, 1.0, 7.3, 61.0):
                await asyncio.sleep(5)
                one.line.unplug()
                await asyncio.sleep(out_for_s)
                one.line.plug_in()
                replugged = clock()
                reports.clear()
                await until(lambda: any(isinstance(report, InputsRead) for report in reports))
                assert clock() - replugged < 2
            round_.cancel()
            await asyncio.gather(round_, return_exceptions=True)

    in_virtual_time(story)


def test_a_late_state_of_a_kr_cu16_is_never_taken_for_the_next_one() -> None:
    """That protocol has one question: after a time-out the line rests until what was late is past."""

    async def story() -> None:
        async with set_of("kerong-kr-cu16") as one:
            clock = asyncio.get_running_loop().time
            late = one.model.receive
            calls = 0

            def answer(frame: bytes, at: float) -> bytes | None:
                nonlocal calls
                calls += 1
                reply = late(frame, at) or b""
                if calls == 1:
                    asyncio.get_running_loop().call_later(0.15, one.line.push, reply)
                    return None
                return reply

            one.line.exchange = answer
            with pytest.raises(BoardOffline):
                await one.board.read_inputs()
            one.model.set_input(0, True, clock())
            assert (await one.board.read_inputs())[0]

    in_virtual_time(story)
