"""Every board profile by the same tests: its golden frames, and what its simulated board does with ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hw import commands, frames, kerong
from hw.errors import BoardOffline, CoilStuckOn, ForbiddenAddress, PulseTooLong, WrongBoard
from hw.profile import Framing, Golden, Profile, load_profile, profile_names
from simulator.boards import BOARD_TYPES
from simulator.line_faults import LineFault, LineFaultKind
from simulator.other_boards import board_of
from tests.hw.virtual import in_virtual_time, set_of

PROFILES = profile_names()
ON_THEIR_WIRES = [(name, framing) for name in PROFILES for framing in load_profile(name).framings]
TIMED = [name for name in PROFILES if load_profile(name).is_timed and load_profile(name).coil_readback != "none"]


def framed(profile: Profile, request: frames.Request) -> bytes:
    return kerong.frame(request) if profile.framings == ("kerong",) else frames.rtu_frame(request)


def built(profile: Profile, golden: Golden) -> frames.Request | None:
    match golden.does:
        case "pulse":
            return commands.pulse(profile, 1, golden.coil, golden.pulse_ms)
        case "all_off":
            return next(iter(commands.all_off(profile, 1)[golden.coil :]), None)
        case "read_coils":
            return commands.read_coils(profile, 1)
        case "read_inputs":
            return commands.read_inputs(profile, 1)


@pytest.mark.parametrize("name", PROFILES)
def test_what_the_driver_sends_are_the_golden_frames_of_the_profile(name: str) -> None:
    profile = load_profile(name)
    for golden in profile.golden:
        request = built(profile, golden)
        assert request is not None
        assert framed(profile, request).hex(" ") == golden.frame.hex(" ")


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_a_golden_frame_for_everything_its_board_can(name: str) -> None:
    profile = load_profile(name)
    acts = {golden.does for golden in profile.golden}
    can = {"pulse", "all_off", "read_coils", "read_inputs"}
    assert acts == {act for act in can if built(profile, Golden(act, b"", 0, 1000))}  # type: ignore[arg-type]  # the same four words
    assert {golden.coil for golden in profile.golden if golden.does == "pulse"} >= {0, profile.coils - 1}
    switched_off = [golden.coil for golden in profile.golden if golden.does == "all_off"]
    assert switched_off == list(range(len(commands.all_off(profile, 1))))
    assert profile.source
    assert profile.name == name


def test_every_profile_can_be_simulated_and_nothing_else_is_offered() -> None:
    assert set(BOARD_TYPES) == set(PROFILES)
    for name in PROFILES:
        profile, kind = load_profile(name), BOARD_TYPES[name]
        assert (kind.coils, kind.inputs) == (profile.coils, profile.inputs)


@pytest.mark.parametrize(("name", "framing"), ON_THEIR_WIRES)
def test_a_board_is_proved_read_and_pulsed_once_for_its_time(name: str, framing: Framing) -> None:
    async def story() -> None:
        async with set_of(name, framing) as one:
            clock = asyncio.get_running_loop().time
            await one.board.release_all()
            await one.board.identify()
            assert one.board.is_proved
            for number in range(one.profile.inputs):
                one.model.set_input(number, number % 3 == 0, clock())
            assert await one.board.read_inputs() == tuple(n % 3 == 0 for n in range(one.profile.inputs))
            last = one.profile.coils - 1
            unlocked = await one.board.unlock(last, pulse_ms=one.pulse_ms, door_input=0, eye=one.eye)
            assert unlocked.pulses_sent == 1
            await asyncio.sleep(5)
            ((coil, begun, ended),) = one.energised(clock())
            assert coil == last
            assert ended - begun == pytest.approx(one.pulse_ms / 1000, abs=0.03)
            assert not any(await one.board.read_coils())
            assert one.bus.counters.time_outs == 0

    in_virtual_time(story)


@pytest.mark.parametrize("name", PROFILES)
def test_a_pulse_the_board_cannot_make_is_never_sent(name: str) -> None:
    async def story() -> None:
        async with set_of(name) as one:
            await one.board.identify()
            before = len(one.line.sent)
            wrong = {0, 3100, 0xFF00 * 100} | ({550} if one.profile.pulse_step_ms > 1 else set())
            for pulse_ms in wrong:
                with pytest.raises(PulseTooLong):
                    await one.board.unlock(0, pulse_ms=pulse_ms, door_input=0, eye=one.eye)
            for coil in (-1, one.profile.coils, 0xFF):
                with pytest.raises(ForbiddenAddress):
                    await one.board.unlock(coil, pulse_ms=one.pulse_ms, door_input=0, eye=one.eye)
            assert len(one.line.sent) == before

    in_virtual_time(story)


@pytest.mark.parametrize("name", PROFILES)
def test_no_frame_of_another_make_reaches_a_board(name: str) -> None:
    """A plain "on", a pulse of another make, a write of settings: refused before the wire."""

    async def story() -> None:
        async with set_of(name) as one:
            others = ["05 00 00 ff 00", "05 02 00 00 05", "06 00 01 06 01", "06 00 01 01 00", "06 10 00 00 01"]
            others += ["0f 00 00 00 08 01 01", "10 00 01 00 01 02 06 01", "05 00 ff ff 00", "31 63", "31 00 00"]
            kind = one.profile.pulse
            mine = {"waveshare-flash": others[1], "eletechsup-delay": others[2]}.get(kind)
            for payload in others:
                if payload != mine:
                    with pytest.raises(ForbiddenAddress):
                        await one.bus.exchange(frames.Request(1, bytes.fromhex(payload), 5))
            assert one.line.sent == []

    in_virtual_time(story)


@pytest.mark.parametrize("name", [name for name in PROFILES if name != "kerong-kr-cu16"])
def test_a_coil_that_stays_on_is_found_by_reading_back(name: str) -> None:
    async def story() -> None:
        async with set_of(name) as one:
            one.model.set_stuck(2, is_stuck=True, at=0.0)
            with pytest.raises(CoilStuckOn) as caught:
                await one.board.release_all()
            assert caught.value.coils == (2,)
            assert not one.board.is_proved

    in_virtual_time(story)


@pytest.mark.parametrize("name", PROFILES)
def test_a_dead_board_is_offline_and_unproved(name: str) -> None:
    async def story() -> None:
        async with set_of(name) as one:
            one.model.set_power(has_power=False, at=0.0)
            with pytest.raises(BoardOffline):
                await one.board.identify()
            assert not one.board.is_proved

    in_virtual_time(story)


@pytest.mark.parametrize("name", TIMED)
def test_a_lost_echo_is_one_pulse_on_every_board_that_tells_its_coils(name: str) -> None:
    async def story() -> None:
        async with set_of(name) as one:
            await one.board.identify()
            write = 6 if one.profile.pulse == "eletechsup-delay" else 5
            one.line.faults.waiting.append(LineFault(kind=LineFaultKind.LOST, function=write))
            unlocked = await one.board.unlock(0, pulse_ms=one.pulse_ms, door_input=0, eye=one.eye)
            assert (unlocked.pulses_sent, unlocked.echoed, unlocked.coil_was_on) == (1, False, True)

    in_virtual_time(story)


@pytest.mark.parametrize("name", [name for name in PROFILES if name.startswith("waveshare")])
def test_a_board_without_a_timer_is_never_taken_for_one_that_has_it(name: str) -> None:
    async def story() -> None:
        async with set_of(name) as one:
            one.line.exchange = board_of(1, BOARD_TYPES["plain-coils-8"]).receive
            with pytest.raises(WrongBoard):
                await one.board.identify()

    in_virtual_time(story)


def test_each_profile_is_named_in_the_hardware_document_and_unproved_there_if_it_is() -> None:
    rows = Path("docs/hardware.md").read_text(encoding="utf-8").splitlines()
    for name in PROFILES:
        (row,) = [row for row in rows if row.startswith(f"| `{name}` |")]
        assert ("**unproved**" in row) is bool(load_profile(name).unproved), name
