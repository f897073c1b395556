from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from hw.board import Board, Identity
from hw.errors import (
    BoardOffline,
    BoardUnproved,
    BusOffline,
    CoilStuckOn,
    Fault,
    FinalFault,
    ForbiddenAddress,
    LinkageMode,
    PulseTooLong,
    PulseTooSoon,
    PulseUnconfirmed,
    RetryableFault,
    UnknownProfile,
    WrongBoard,
)
from hw.limits import LockLimits, Supply
from hw.line import SerialLine
from hw.profile import load_profile

if TYPE_CHECKING:
    from tests.hw.conftest import Bench, Step

Answer = Sequence["Step"]


async def test_a_proved_board_tells_version_and_linkage(bench: Bench) -> None:
    bus, _ = await bench.serial(bench.relay())
    board = bench.board(bus)
    assert await board.identify() == Identity(300, (0,) * 8)
    assert board.is_proved


async def test_a_board_in_linkage_mode_is_refused_and_named(bench: Bench) -> None:
    relay = bench.relay()
    relay.linkage[2] = 1
    bus, _ = await bench.serial(relay, answer_within_s=0.5)
    board = bench.board(bus)
    with pytest.raises(LinkageMode, match=r"inputs \[2\]") as caught:
        await board.identify()
    assert caught.value.channels == (2,)
    assert not board.is_proved


async def test_a_board_of_the_first_protocol_is_refused(bench: Bench) -> None:
    bus, _ = await bench.serial(bench.relay(version=0x0064))
    with pytest.raises(WrongBoard, match=r"version 1\.00"):
        await bench.board(bus).identify()


async def test_nothing_is_energised_before_the_board_is_proved(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    board = bench.board(bus)
    with pytest.raises(BoardUnproved):
        await board.unlock(0, pulse_ms=500, door_input=0)
    await board.read_inputs()
    assert peer.sent(5) == []


async def test_what_was_proved_on_another_connection_is_proved_no_more(bench: Bench) -> None:
    peer = bench.peer(bench.relay())
    async with bench.replug(peer) as port:
        bus = await bench.owned(SerialLine(port))
        board = bench.board(bus)
        await board.identify()
    while bus.is_online:
        with contextlib.suppress(Fault):
            await board.read_inputs()
    async with bench.replug(peer):
        await bus.wait_online()
        assert not board.is_proved
        with pytest.raises(BoardUnproved):
            await board.unlock(0, pulse_ms=500, door_input=0)


async def test_an_unlock_is_one_pulse_frame_and_a_readback(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    board = bench.board(bus)
    await board.identify()
    unlocked = await board.unlock(0, pulse_ms=700, door_input=0)
    assert (unlocked.pulses_sent, unlocked.echoed, unlocked.coil_was_on) == (1, True, True)
    assert [frame.hex(" ") for frame in peer.sent(5)] == ["01 05 02 00 00 07 8d b0"]
    assert peer.requests[-1][1] == 1


async def test_a_lost_echo_with_the_coil_on_is_one_pulse(bench: Bench) -> None:
    relay = bench.relay()

    def lose_echo(frame: bytes) -> Answer:
        answer = relay(frame)
        return () if frame[1] == 5 else answer

    bus, peer = await bench.serial(lose_echo)
    board = bench.board(bus)
    await board.identify()
    unlocked = await board.unlock(3, pulse_ms=500, door_input=3)
    assert (unlocked.pulses_sent, unlocked.echoed, unlocked.coil_was_on) == (1, False, True)
    assert len(peer.sent(5)) == 1


async def test_a_lost_echo_with_the_door_moved_is_one_pulse(bench: Bench) -> None:
    relay = bench.relay()

    def lose_echo(frame: bytes) -> Answer:
        if frame[1] == 5:
            relay.inputs[1] = 0b1111_0111
            return ()
        return relay(frame)

    bus, peer = await bench.serial(lose_echo)
    board = bench.board(bus)
    await board.identify()
    unlocked = await board.unlock(3, pulse_ms=500, door_input=3)
    assert (unlocked.pulses_sent, unlocked.coil_was_on, unlocked.door_moved) == (1, False, True)
    assert len(peer.sent(5)) == 1


async def test_a_lost_request_is_repeated_once_when_neither_coil_nor_door_moved(bench: Bench) -> None:
    relay = bench.relay()

    def lose_first(frame: bytes) -> Answer:
        return () if frame[1] == 5 and len(peer.sent(5)) == 1 else relay(frame)

    bus, peer = await bench.serial(lose_first)
    board = bench.board(bus)
    await board.identify()
    unlocked = await board.unlock(3, pulse_ms=1000, door_input=3)
    assert (unlocked.pulses_sent, unlocked.echoed) == (2, True)
    assert [frame[1] for frame in peer.requests[-6:]] == [2, 5, 1, 2, 5, 1], "read, pulse, coils, door, pulse, coils"


async def test_two_lost_requests_end_the_attempts(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: () if frame[1] == 5 else relay(frame))
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(PulseUnconfirmed) as caught:
        await board.unlock(3, pulse_ms=1000, door_input=3)
    assert caught.value.pulses_sent == 2
    assert len(peer.sent(5)) == 2


async def test_a_short_pulse_that_may_be_over_is_not_repeated(bench: Bench) -> None:
    """At 100 ms the pulse may have come and gone before coil and door are read: a repeat might open twice."""
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: () if frame[1] == 5 else (0.03, *relay(frame)))
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(PulseUnconfirmed) as caught:
        await board.unlock(3, pulse_ms=100, door_input=3)
    assert caught.value.pulses_sent == 1
    assert len(peer.sent(5)) == 1


async def test_a_board_that_dies_in_the_pulse_leaves_it_unconfirmed(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: () if peer.sent(5) else relay(frame))
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(PulseUnconfirmed) as caught:
        await board.unlock(3, pulse_ms=500, door_input=3)
    assert caught.value.pulses_sent == 1
    assert len(peer.sent(5)) == 1


async def test_a_board_that_is_dead_already_is_sent_no_pulse(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: () if board.is_proved else relay(frame), answer_within_s=0.5)
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(BoardOffline) as caught:
        await board.unlock(3, pulse_ms=500, door_input=3)
    assert isinstance(caught.value, RetryableFault)
    assert peer.sent(5) == []


async def test_an_exception_on_a_pulse_means_the_wrong_board(bench: Bench) -> None:
    relay = bench.relay()
    bus, peer = await bench.serial(lambda frame: (bench.sealed("01 85 03"),) if frame[1] == 5 else relay(frame))
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(WrongBoard) as caught:
        await board.unlock(3, pulse_ms=500, door_input=3)
    assert isinstance(caught.value, FinalFault)
    assert not board.is_proved
    assert len(peer.sent(5)) == 1


async def test_an_unplugged_adapter_in_the_pulse_leaves_it_unconfirmed(bench: Bench) -> None:
    relay = bench.relay()
    peer = bench.peer(lambda frame: () if frame[1] == 5 else relay(frame))
    async with bench.replug(peer) as port:
        bus = await bench.owned(SerialLine(port))
        board = bench.board(bus)
        await board.identify()
        caller = asyncio.ensure_future(board.unlock(0, pulse_ms=500, door_input=0))
        await peer.until(lambda: len(peer.sent(5)) == 1)
    with pytest.raises(PulseUnconfirmed) as caught:
        await caller
    assert caught.value.pulses_sent == 1
    assert isinstance(caught.value.__cause__, BusOffline)


async def test_a_lock_is_left_to_cool_and_has_only_so_many_pulses_a_minute(bench: Bench) -> None:
    now = [100.0]
    bus, peer = await bench.serial(bench.relay())
    limits = LockLimits(max_pulse_ms=500, min_gap_ms=2000, max_pulses_per_minute=2)
    profile = load_profile("waveshare-relay-d")
    supply = Supply(clock=lambda: now[0])
    board = Board("A1", bus, 1, profile, locks={0: limits}, supply=supply, clock=lambda: now[0])
    await board.identify()
    await board.unlock(0, pulse_ms=500, door_input=0)
    now[0] += 2.4
    with pytest.raises(PulseTooSoon) as early:
        await board.unlock(0, pulse_ms=500, door_input=0)
    assert early.value.retry_after_s == pytest.approx(0.1)
    now[0] += 0.2
    await board.unlock(0, pulse_ms=500, door_input=0)
    now[0] += 10
    with pytest.raises(PulseTooSoon, match="cool down") as worn:
        await board.unlock(0, pulse_ms=500, door_input=0)
    assert worn.value.retry_after_s == pytest.approx(60.5 - 12.6)
    assert len(peer.sent(5)) == 2


async def test_a_cabinet_opens_only_so_many_doors_a_minute(bench: Bench) -> None:
    now = [100.0]
    bus, _ = await bench.serial(bench.relay())
    supply = Supply(clock=lambda: now[0], doors_per_minute=2)
    locks = dict.fromkeys(range(8), LockLimits())
    profile = load_profile("waveshare-relay-d")
    board = Board("A1", bus, 1, profile, locks=locks, supply=supply, clock=lambda: now[0])
    await board.identify()
    for coil in (0, 1, 0):
        await board.unlock(coil, pulse_ms=500, door_input=coil)
        now[0] += 3
    with pytest.raises(PulseTooSoon, match="2 doors in a minute"):
        await board.unlock(2, pulse_ms=500, door_input=2)
    now[0] += 60
    await board.unlock(2, pulse_ms=500, door_input=2)


async def test_pulses_of_one_supply_never_overlap(bench: Bench) -> None:
    bus, peer = await bench.serial(bench.relay())
    board = bench.board(bus)
    await board.identify()
    await asyncio.gather(*(board.unlock(coil, pulse_ms=100, door_input=coil) for coil in range(3)))
    times = [at for frame, at in zip(peer.requests, peer.times, strict=True) if frame[1] == 5]
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


@pytest.mark.parametrize(("pulse_ms", "fault"), [(1100, PulseTooLong), (50, PulseTooLong), (550, PulseTooLong)])
async def test_a_pulse_outside_lock_and_board_is_refused(bench: Bench, pulse_ms: int, fault: type[Exception]) -> None:
    bus, peer = await bench.serial(bench.relay())
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(fault, match="correct pulse_ms"):
        await board.unlock(0, pulse_ms=pulse_ms, door_input=0)
    assert peer.sent(5) == []


@pytest.mark.parametrize(("coil", "door_input"), [(8, 0), (-1, 0), (0xFF, 0), (0, 8)])
async def test_a_coil_or_input_the_wiring_does_not_name_is_refused(bench: Bench, coil: int, door_input: int) -> None:
    bus, _ = await bench.serial(bench.relay())
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(ForbiddenAddress):
        await board.unlock(coil, pulse_ms=500, door_input=door_input)


async def test_release_all_is_all_off_and_a_readback(bench: Bench) -> None:
    relay = bench.relay()
    relay.coils[1] = 0xFF
    bus, peer = await bench.serial(relay)
    await bench.board(bus).release_all()
    assert [frame.hex(" ") for frame in peer.sent(5)] == [bench.sealed("01 05 00 ff 00 00").hex(" ")]
    assert relay.coils[1] == 0


async def test_a_coil_that_stays_on_takes_the_board_out_of_use(bench: Bench) -> None:
    relay = bench.relay()
    bus, _ = await bench.serial(lambda frame: (bench.sealed("01 01 01 04"),) if frame[1] == 1 else relay(frame))
    board = bench.board(bus)
    await board.identify()
    with pytest.raises(CoilStuckOn) as caught:
        await board.release_all()
    assert caught.value.coils == (2,)
    assert not board.is_proved


async def test_a_pulse_window_ends_three_hundred_milliseconds_after_the_pulse(bench: Bench) -> None:
    bus, _ = await bench.serial(bench.relay())
    board = bench.board(bus)
    await board.identify()
    started = time.monotonic()
    await board.unlock(5, pulse_ms=500, door_input=5)
    assert started + 0.8 <= board.windows[5] <= time.monotonic() + 0.8


async def test_the_eth_board_speaks_the_same_commands_over_tcp(bench: Bench) -> None:
    bus, peer = await bench.tcp(bench.relay())
    profile = load_profile("waveshare-poe-eth-relay-b")
    supply = Supply(clock=time.monotonic)
    board = Board("B1", bus, 1, profile, locks={0: LockLimits()}, supply=supply)
    await board.identify()
    assert (await board.unlock(0, pulse_ms=500, door_input=0)).pulses_sent == 1
    assert await board.read_inputs() == (True,) * 8
    assert [frame[6:].hex(" ") for frame in peer.sent(5)] == ["01 05 02 00 00 05"]


def test_an_unknown_profile_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownProfile, match="waveshare-relay-d"):
        load_profile("wellpro")
