"""Our frames against a slave others wrote: libmodbus in C, on a socat line and on TCP."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hw import commands, frames
from hw.board import Board
from hw.errors import BoardOffline, WrongBoard
from hw.limits import LockLimits, Supply
from hw.line import SerialLine, TcpLine
from hw.profile import load_profile, profile_names

if TYPE_CHECKING:
    from tests.hw.conftest import Bench

SOURCE = Path(__file__).with_name("libmodbus_slave.c")
PATTERN = tuple(bool(0xA5 >> number & 1) for number in range(8))


@pytest.fixture(scope="session")
def slave(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool, package in (("gcc", "gcc"), ("socat", "socat")):
        if shutil.which(tool) is None:
            pytest.fail(f"{tool} is missing: install the Debian package {package}; these tests are not skipped")
    program = tmp_path_factory.mktemp("libmodbus") / "slave"
    command = ["gcc", "-O1", "-I/usr/include/modbus", str(SOURCE), "-o", str(program), "-lmodbus"]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if built.returncode:
        pytest.fail(f"the libmodbus slave does not compile; install libmodbus-dev and libc6-dev:\n{built.stderr}")
    return program


@asynccontextmanager
async def running(*command: str) -> AsyncIterator[asyncio.subprocess.Process]:
    program = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield program
    finally:
        if program.returncode is None:
            program.kill()
        await program.communicate()


async def first_line(stream: asyncio.StreamReader | None) -> str:
    assert stream is not None
    async with asyncio.timeout(20):
        return (await stream.readline()).decode().strip()


@pytest.fixture
async def line(slave: Path, tmp_path: Path) -> AsyncIterator[SerialLine]:
    ours, theirs = (str(tmp_path / end) for end in ("ours", "theirs"))
    ends = [f"pty,raw,echo=0,link={end}" for end in (ours, theirs)]
    async with running("socat", "-d", "-d", *ends) as wire:
        assert wire.stderr is not None
        async with asyncio.timeout(20):
            while b"starting data transfer" not in await wire.stderr.readline():
                pass
        async with running(str(slave), "rtu", theirs) as board:
            assert await first_line(board.stdout) == "ready"
            yield SerialLine(ours, answer_within_s=5)


async def test_reads_agree_with_libmodbus_on_a_serial_line(bench: Bench, line: SerialLine) -> None:
    bus = await bench.owned(line)
    board = bench.board(bus)
    assert await board.read_inputs() == PATTERN
    assert await board.read_coils() == (False,) * 8
    assert bus.counters.time_outs == 0


async def test_reads_agree_with_libmodbus_over_tcp(bench: Bench, slave: Path) -> None:
    async with running(str(slave), "tcp") as program:
        port = int(await first_line(program.stdout))
        bus = await bench.owned(TcpLine("127.0.0.1", port, answer_within_s=5))
        assert await bench.board(bus).read_inputs() == PATTERN


async def test_libmodbus_refuses_all_off_of_a_waveshare_board_as_a_wrong_board(bench: Bench, line: SerialLine) -> None:
    """Coil 255 is not there: exception 02. A board without the command is a wrong board, told by its first answer."""
    bus = await bench.owned(line)
    with pytest.raises(WrongBoard, match="exception 02"):
        await bench.board(bus).release_all()


async def test_libmodbus_is_not_proved_as_a_waveshare_board(bench: Bench, line: SerialLine) -> None:
    bus = await bench.owned(line)
    board = bench.board(bus)
    with pytest.raises(WrongBoard):
        await board.identify()
    assert not board.is_proved


async def test_libmodbus_answers_a_pulse_with_an_exception_that_is_final(bench: Bench, line: SerialLine) -> None:
    bus = await bench.owned(line)
    with pytest.raises(WrongBoard):
        await bus.exchange(frames.pulse(1, 0, units=7))


@pytest.mark.parametrize("name", [name for name in profile_names() if name != "kerong-kr-cu16"])
async def test_libmodbus_answers_the_standard_functions_of_every_profile(bench: Bench, slave: Path, name: str) -> None:
    """Over TCP, which every one of them may stand behind: its reads, and where FC06 is its pulse, that too."""
    profile = load_profile(name)
    low = ["low"] if profile.coil_readback == "registers" else []
    async with running(str(slave), "tcp", str(profile.coils), *low) as program:
        port = int(await first_line(program.stdout))
        bus = await bench.owned(TcpLine("127.0.0.1", port, answer_within_s=5))
        supply = Supply(clock=time.monotonic)
        board = Board("A1", bus, 1, profile, locks={}, supply=supply)
        assert await board.read_inputs() == (PATTERN if profile.inputs else ())
        assert await board.read_coils() == (False,) * profile.coils
        if profile.pulse == "eletechsup-delay":
            await bus.exchange(commands.pulse(profile, 1, profile.coils - 1, 1000))
            assert await board.read_coils() == (*(False,) * (profile.coils - 1), True)
        assert bus.counters.time_outs == 0


async def test_libmodbus_is_a_plain_board_whose_pulse_the_host_ends(bench: Bench, line: SerialLine) -> None:
    """Everything a plain board is asked and told, by somebody else's slave: FC01, FC02, FC05 on and off, FC15."""
    bus = await bench.owned(line)
    supply = Supply(clock=time.monotonic)
    locks = {6: LockLimits()}
    board = Board("A1", bus, 1, load_profile("plain-coils-8"), locks=locks, supply=supply)
    await board.release_all()
    await board.identify()
    assert await board.read_inputs() == PATTERN
    unlocked = await board.unlock(6, pulse_ms=200, door_input=6)
    assert (unlocked.pulses_sent, unlocked.echoed, unlocked.coil_was_on) == (1, True, True)
    async with asyncio.timeout(5):
        while any(await board.read_coils()):  # noqa: ASYNC110  (the slave tells nothing by itself)
            await asyncio.sleep(0.02)


async def test_libmodbus_stays_silent_for_another_unit_id(bench: Bench, line: SerialLine) -> None:
    bus = await bench.owned(SerialLine(line.port))
    with pytest.raises(BoardOffline):
        await bench.board(bus, 2).read_inputs()
