"""Each known trap of the wire, on real frames over a pty or TCP."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import pytest

from hw import frames
from hw.bus import Bus
from hw.errors import (
    BoardBusy,
    BoardOffline,
    BusOffline,
    EchoMismatch,
    ForbiddenAddress,
    GarbledReply,
    LateOrForeignReply,
    Unanswered,
    WrongBoard,
)
from hw.line import SerialLine, TcpLine

if TYPE_CHECKING:
    from tests.hw.conftest import Bench, Step

Answer = Sequence["Step"]
INPUTS = frames.read_inputs(1, 8)
COILS = frames.read_coils(1, 8)


def ignore(_: object) -> None:
    return None


def always(answer: bytes) -> Callable[[bytes], Answer]:
    return lambda _: (answer,)


async def inputs_of(bus: Bus, unit_id: int = 1, *, urgent: bool = False) -> int:
    reply = await bus.exchange(frames.read_inputs(unit_id, 8), urgent=urgent)
    assert reply is not None
    return reply[2]


async def test_a_read_brings_the_bits_of_the_board(bench: Bench) -> None:
    relay = bench.relay()
    relay.inputs[1] = 0b1010_0101
    bus, peer = await bench.serial(relay)
    assert await inputs_of(bus) == 0b1010_0101
    assert peer.requests == [bench.sealed("01 02 00 00 00 08")]


async def test_a_late_reply_is_never_taken_for_the_next_request(bench: Bench) -> None:
    """The first reply comes after the next request, with what the inputs were then."""
    relay = bench.relay()

    def late_once(frame: bytes) -> Answer:
        answer = relay(frame)
        if len(peer.sent(2)) == 1 and frame[1] == 2:
            relay.inputs[1] = 0x00
            return (peer.heard(2), *answer)
        return answer

    bus, peer = await bench.serial(late_once)
    with pytest.raises(Unanswered):
        await inputs_of(bus)
    assert await inputs_of(bus) == 0x00
    assert peer.requests[1][1] != 2, "a read of another function must stand between two equal reads"
    assert bus.counters.fences >= 1


async def test_the_late_echo_of_one_pulse_is_never_taken_for_another(bench: Bench) -> None:
    relay = bench.relay()

    def late(frame: bytes) -> Answer:
        is_late = frame[1] == 5 and frame[3] == 3
        return (peer.heard(len(peer.requests) + 1), *relay(frame)) if is_late else relay(frame)

    bus, peer = await bench.serial(late)
    await inputs_of(bus)
    with pytest.raises(BoardOffline):
        await bus.exchange(frames.pulse(1, 3, units=5))
    reply = await bus.exchange(frames.pulse(1, 4, units=5))
    assert reply is not None
    assert reply[1:3] == bytes.fromhex("0204")
    assert [frame[3] for frame in peer.sent(5)] == [3, 4]


async def test_a_late_reply_of_another_board_does_not_answer(bench: Bench) -> None:
    relay = bench.relay(1, 2)

    def late(frame: bytes) -> Answer:
        return (peer.heard(2), *relay(frame)) if frame[0] == 1 else (0.02, *relay(frame))

    relay.inputs.update({1: 0x11, 2: 0x22})
    bus, peer = await bench.serial(late)
    with pytest.raises(BoardOffline):
        await inputs_of(bus, 1)
    assert await inputs_of(bus, 2) == 0x22


async def test_a_cancelled_caller_leaves_no_trace_on_the_wire(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: (0.03, *relay(frame)), answer_within_s=5)
    first = asyncio.ensure_future(inputs_of(bus))
    second = asyncio.ensure_future(bus.exchange(COILS))
    await peer.until(lambda: len(peer.requests) == 1)
    second.cancel()
    assert await first == 0xFF
    assert await inputs_of(bus) == 0xFF
    assert peer.sent(1) == []


async def test_an_exchange_whose_caller_is_cancelled_is_finished_before_the_next(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(
        lambda frame: (0.04, *relay(frame)) if frame[1] == 5 else relay(frame), answer_within_s=5
    )
    await inputs_of(bus)
    caller = asyncio.ensure_future(bus.exchange(frames.pulse(1, 3, units=5)))
    await peer.until(lambda: len(peer.sent(5)) == 1)
    caller.cancel()
    reply = await bus.exchange(frames.pulse(1, 5, units=5))
    assert reply is not None
    assert reply[1:3] == bytes.fromhex("0205")
    assert peer.times[-1] - peer.times[-2] >= 0.039


async def test_nothing_is_ever_repeated_by_the_bus(bench: Bench) -> None:
    bus, peer = await bench.serial(lambda frame: bench.relay()(frame) if frame[1] == 2 else ())
    await inputs_of(bus)
    with pytest.raises(BoardOffline) as caught:
        await bus.exchange(frames.pulse(1, 0, units=5))
    assert caught.value.frame_sent
    assert len(peer.sent(5)) == 1


async def test_a_silent_board_is_given_wire_time_and_sixty_milliseconds(bench: Bench) -> None:
    """That it is given no more is told on virtual time."""
    bus, _ = await bench.serial()
    started = time.monotonic()
    with pytest.raises(BoardOffline, match="unit id 1 on bus A does not answer"):
        await inputs_of(bus)
    assert time.monotonic() - started >= 0.078


async def test_an_echoing_adapter_without_a_board_is_no_board(bench: Bench) -> None:
    bus, peer = await bench.serial(lambda frame: (frame,))
    with pytest.raises(BoardOffline):
        await bus.exchange(frames.all_off(1))
    assert peer.sent(5) == [], "no write before the line is known"
    assert bus.echoes is True
    with pytest.raises(BoardOffline):
        await bus.exchange(frames.pulse(1, 0, units=5))
    assert len(peer.sent(5)) == 1


async def test_an_echoing_adapter_with_a_board_works(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: (frame, 0.01, *relay(frame)), answer_within_s=5)
    assert await inputs_of(bus) == 0xFF
    assert bus.echoes is True
    reply = await bus.exchange(frames.pulse(1, 2, units=5))
    assert reply is not None
    assert reply[1:3] == bytes.fromhex("0202")
    await bus.exchange(COILS)
    assert peer.times[-1] - peer.times[-2] >= 0.01, "the echo is not the reply"


async def test_a_line_without_echo_is_known_to_have_none(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    before = bus.echoes
    await bus.exchange(frames.all_off(1))
    assert (before, bus.echoes) == (None, False)
    assert [frame[1] for frame in peer.requests] == [3, 5]


@pytest.mark.parametrize("noise", ["00", "00 00 ff", "01", "01 02", "01 02 01 ff 00 00"])
async def test_stray_bytes_before_the_reply_cost_nothing(bench: Bench, noise: str) -> None:
    relay = bench.relay()
    bus, _ = await bench.serial(lambda frame: (bytes.fromhex(noise), *relay(frame)), answer_within_s=5)
    assert await inputs_of(bus) == 0xFF
    assert bus.counters.time_outs == 0
    assert bus.counters.stray_bytes == len(bytes.fromhex(noise))


async def test_a_stray_byte_after_the_reply_costs_nothing(bench: Bench) -> None:
    relay = bench.relay()
    bus, _ = await bench.serial(lambda frame: (*relay(frame), 0.001, b"\x00"), answer_within_s=5)
    assert [await inputs_of(bus) for _ in range(3)] == [0xFF] * 3
    assert bus.counters.time_outs == 0


async def test_a_split_reply_is_put_together(bench: Bench) -> None:
    relay = bench.relay()

    def split(frame: bytes) -> Answer:
        (reply,) = relay(frame)
        assert isinstance(reply, bytes)
        return (reply[:2], 0.02, reply[2:4], 0.02, reply[4:])

    bus, _ = await bench.serial(split, answer_within_s=5)
    assert await inputs_of(bus) == 0xFF


async def test_a_reply_with_a_wrong_crc_is_garbled(bench: Bench) -> None:
    bus, _ = await bench.serial(always(bytes.fromhex("01 02 01 ff 12 34")))
    with pytest.raises(GarbledReply):
        await inputs_of(bus)
    assert bus.counters.crc_errors == 1


async def test_a_reply_of_a_foreign_id_is_no_reply(bench: Bench) -> None:
    bus, _ = await bench.serial(always(bench.sealed("02 02 01 ff")))
    with pytest.raises(LateOrForeignReply):
        await inputs_of(bus)
    assert bus.counters.foreign_replies == 1


async def test_an_echo_with_another_value_is_no_success(bench: Bench) -> None:
    def other_value(frame: bytes) -> Answer:
        return (bench.sealed(frame[:4] + b"\xff\x00"),) if frame[1] == 5 else bench.relay()(frame)

    bus, _ = await bench.serial(other_value)
    with pytest.raises(EchoMismatch):
        await bus.exchange(frames.pulse(1, 0, units=7))


@pytest.mark.parametrize("code", [1, 2, 3])
async def test_an_exception_of_a_wrong_board_is_final(bench: Bench, code: int) -> None:
    def refuse(frame: bytes) -> Answer:
        return (bench.sealed(bytes([1, 0x85, code])),) if frame[1] == 5 else bench.relay()(frame)

    bus, peer = await bench.serial(refuse)
    with pytest.raises(WrongBoard, match="correct its profile or unit id"):
        await bus.exchange(frames.pulse(1, 0, units=7))
    assert len(peer.sent(5)) == 1


async def test_a_busy_board_may_be_asked_again(bench: Bench) -> None:
    bus, _ = await bench.serial(always(bench.sealed("01 82 06")))
    with pytest.raises(BoardBusy):
        await inputs_of(bus)


async def test_silence_is_kept_between_a_reply_and_the_next_request(bench: Bench) -> None:
    """At 4800 baud 3.5 characters are 7.3 ms; the peer sees at least that after each reply."""
    bus, peer = await bench.serial(bench.relay(), baud=4800)
    for _ in range(10):
        await inputs_of(bus)
    gaps = [later - earlier for earlier, later in zip(peer.times, peer.times[1:], strict=False)]
    assert min(gaps) >= 0.007
    assert min(gaps) < 0.03


def test_silence_is_fixed_above_19200_baud() -> None:
    assert SerialLine("x", 9600).silence_s == pytest.approx(0.00365, rel=0.01)
    assert SerialLine("x", 9600, "E").silence_s == pytest.approx(0.00401, rel=0.01)
    assert SerialLine("x", 19200).silence_s == pytest.approx(0.00182, rel=0.01)
    assert SerialLine("x", 115200).silence_s == 0.00175


async def test_an_unlock_overtakes_polling(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: (0.02, *relay(frame)), answer_within_s=5)
    await inputs_of(bus)
    polls = [asyncio.ensure_future(inputs_of(bus)) for _ in range(8)]
    await peer.until(lambda: len(peer.requests) == 3)
    await bus.exchange(frames.pulse(1, 0, units=5), urgent=True)
    assert [frame[1] for frame in peer.requests[:4]] == [2, 2, 2, 5]
    await asyncio.gather(*polls)


async def test_a_broadcast_is_only_all_off_and_waits_for_nobody(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    started = time.monotonic()
    assert await bus.exchange(frames.all_off(0)) is None
    assert time.monotonic() - started >= 0.1, "boards are left time to obey"
    assert peer.requests == [bench.sealed("00 05 00 ff 00 00")]
    with pytest.raises(ForbiddenAddress):
        await bus.exchange(frames.Request(0, bytes.fromhex("05 02 00 00 07"), 5))
    assert len(peer.requests) == 1


async def test_a_forbidden_frame_does_not_reach_the_wire(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    with pytest.raises(ForbiddenAddress):
        await bus.exchange(frames.Request(1, bytes.fromhex("05 00 ff ff 00"), 5))
    await inputs_of(bus)
    assert peer.sent(5) == []


async def test_an_unplugged_adapter_is_back_after_replugging(bench: Bench) -> None:
    peer = bench.peer(bench.relay())
    async with bench.replug(peer) as port:
        bus = await bench.owned(SerialLine(port))
        assert await inputs_of(bus) == 0xFF
    while bus.is_online:
        with contextlib.suppress(BusOffline):
            await inputs_of(bus)
    with pytest.raises(BusOffline, match=r"does not exist|was lost"):
        await inputs_of(bus)
    async with bench.replug(peer):
        async with asyncio.timeout(20):
            await bus.wait_online()
        assert await inputs_of(bus) == 0xFF
        assert bus.connection == 2


async def test_pulling_the_plug_in_mid_exchange_tells_that_the_frame_went_out(bench: Bench) -> None:
    peer = bench.peer()
    async with bench.replug(peer) as port:
        bus = await bench.owned(SerialLine(port))
        caller = asyncio.ensure_future(inputs_of(bus))
        await peer.until(lambda: len(peer.requests) == 1)
    with pytest.raises(BusOffline) as caught:
        await caller
    assert caught.value.frame_sent


async def test_a_second_program_cannot_open_the_port(bench: Bench) -> None:
    peer = bench.peer(bench.relay())
    async with bench.replug(peer) as port:
        await bench.owned(SerialLine(port))
        with pytest.raises(BusOffline, match="in use by another program"):
            await SerialLine(port).connect(ignore, ignore)


async def test_a_missing_port_is_told_in_a_sentence() -> None:
    with pytest.raises(BusOffline, match="plug the adapter in"):
        await SerialLine("/dev/no-such-port").connect(ignore, ignore)


async def test_a_bus_without_its_owner_refuses_at_once() -> None:
    with pytest.raises(BusOffline, match="owner is not running"):
        await Bus("A", SerialLine("/dev/null")).exchange(INPUTS)


async def test_callers_are_told_when_the_owner_stops(bench: Bench) -> None:
    peer = bench.peer()
    async with bench.replug(peer) as port:
        bus = Bus("A", SerialLine(port))
        owner = asyncio.ensure_future(bus.run())
        await bus.wait_online()
        callers = [asyncio.ensure_future(inputs_of(bus)) for _ in range(3)]
        await peer.until(lambda: len(peer.requests) == 1)
        owner.cancel()
        faults = await asyncio.gather(owner, *callers, return_exceptions=True)
    assert [type(fault) for fault in faults[1:]] == [BusOffline] * 3


async def test_modbus_tcp_reads_and_pulses(bench: Bench) -> None:
    bus, peer = await bench.tcp(bench.relay())
    assert await inputs_of(bus) == 0xFF
    reply = await bus.exchange(frames.pulse(1, 0, units=7))
    assert reply is not None
    assert peer.requests[-1][6:].hex(" ") == "01 05 02 00 00 07"


async def test_modbus_tcp_drops_a_reply_with_another_transaction(bench: Bench) -> None:
    relay = bench.relay()

    def late_once(frame: bytes) -> Answer:
        if len(peer.requests) == 1:
            relay.inputs[1] = 0x0F
            return (peer.heard(2), bench.sealed("01 02 01 aa"))
        return relay(frame)

    bus, peer = await bench.tcp(late_once)
    with pytest.raises(BoardOffline):
        await inputs_of(bus)
    assert await inputs_of(bus) == 0x0F
    assert bus.counters.foreign_replies == 1


async def test_rtu_frames_over_tcp_work_with_fences_too(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.tcp(lambda frame: () if len(peer.requests) == 1 else relay(frame), framing="rtu")
    with pytest.raises(BoardOffline):
        await inputs_of(bus)
    assert await inputs_of(bus) == 0xFF
    assert [frame[1] for frame in peer.requests] == [2, 3, 2]


async def test_a_tcp_peer_that_falls_silent_is_connected_anew(bench: Bench) -> None:
    bus, peer = await bench.tcp(lambda frame: bench.relay()(frame) if len(peer.requests) > 3 else ())
    for _ in range(3):
        with pytest.raises(BoardOffline):
            await inputs_of(bus)
    await bus.wait_online()
    assert await inputs_of(bus) == 0xFF
    assert bus.connection == 2


async def test_a_tcp_peer_that_refuses_is_told_in_a_sentence() -> None:
    with pytest.raises(BusOffline, match="check network, address and the board's power"):
        await TcpLine("127.0.0.1", 1).connect(ignore, ignore)
