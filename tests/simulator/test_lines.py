"""The served lines against masters others wrote (mbpoll, libmodbus, pymodbus); faults and character times by bytes."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import serial
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from locker.config import Wiring
from simulator.boards import framed
from simulator.doors import Position
from simulator.phone import Phone
from simulator.plugs import CannotServe
from simulator.stage import Stage
from simulator.state import BoardFaultIn, LineFaultIn

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[tuple[int, str]]]
READ_COILS = framed(bytes.fromhex("01 01 00 00 00 08"))
NO_COIL_ON = framed(bytes.fromhex("01 01 01 00"))
PULSE = bytes.fromhex("01 05 02 00 00 07 8D B0")


class Master:
    """A bare serial master: what it sends and exactly what comes back."""

    def __init__(self, port: Path) -> None:
        self.port = serial.Serial(str(port), 9600, timeout=0)
        self._came = asyncio.Event()
        asyncio.get_running_loop().add_reader(self.port.fileno(), self._came.set)

    async def ask(self, request: bytes, *, awaits: int, quiet_s: float = 0.05) -> bytes:
        """At least `awaits` bytes, however long they take, and everything until `quiet_s` seconds of silence."""
        self.port.write(request)
        answer = await self.hear(awaits)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(quiet_s):
                while True:
                    answer += await self.hear(1)
        return answer

    async def hear(self, count: int) -> bytes:
        """At least so many bytes."""
        heard = b""
        async with asyncio.timeout(20):
            while len(heard) < count:
                await self._came.wait()
                self._came.clear()
                heard += self.port.read(256)
        return heard

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.port.fileno())
        self.port.close()


@asynccontextmanager
async def master_at(port: Path) -> AsyncIterator[Master]:
    master = Master(port)
    try:
        yield master
    finally:
        master.close()


async def test_mbpoll_reads_and_writes_over_the_pty(pty: Path, stage: Stage, run: Run) -> None:
    rtu = ("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", "-1", "-q", "-o", "10")
    code, output = await run(*rtu, "-t", "1", "-r", "1", "-c", "3", pty)
    assert (code, output.split()[-6:]) == (0, ["[1]:", "1", "[2]:", "1", "[3]:", "0"])
    code, output = await run(*rtu, "-t", "0", "-r", "2", pty, "1")
    assert code == 0, output
    assert stage.cabinet.boards["A1"].coils[1]
    code, output = await run(*rtu, "-t", "0", "-r", "1", pty, "1", "0", "1")
    assert stage.cabinet.boards["A1"].coils[:3] == [True, False, True]
    code, output = await run(*rtu, "-t", "4:hex", "-r", str(0x8000 + 1), pty)
    assert (code, output.split()[-1]) == (0, "0x012C")
    code, output = await run(*rtu, "-t", "4", "-r", str(0x1000 + 1), pty, "1", "2")
    assert stage.cabinet.boards["A1"].linkage[:2] == [1, 2]
    code, output = await run(*rtu, "-t", "0", "-r", "9", pty)
    assert code == 1
    assert "Illegal data address" in output


async def test_a_libmodbus_master_is_answered_every_time(pty: Path, stage: Stage, run: Run, tmp_path: Path) -> None:
    """The master that the bench compares with: ten reads of inputs, ten writes of a coil."""
    program = tmp_path / "master"
    source = ROOT / "bench/libmodbus_master.c"
    code, output = await run("gcc", "-I/usr/include/modbus", source, "-o", program, "-lmodbus")
    assert code == 0, f"install gcc and libmodbus-dev\n{output}"
    code, output = await run(program, pty, 10)
    assert (code, len(output.splitlines())) == (0, 2)
    assert stage.plugs["A"].line.traffic.replies == 20


async def test_mbpoll_hears_nothing_from_an_absent_unit(pty: Path, run: Run) -> None:
    code, output = await run(
        *("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "9", "-1", "-o", "0.1", "-t", "1", pty)
    )
    assert code == 1
    assert "timed out" in output


async def test_mbpoll_reads_and_writes_over_modbus_tcp(stage: Stage, run: Run) -> None:
    async with stage.served({"A": "tcp://127.0.0.1:0"}):
        port = stage.plugs["A"].address.rpartition(":")[2]
        tcp = ("mbpoll", "-p", port, "-a", "2", "-1", "-q", "-o", "10")
        code, output = await run(*tcp, "-t", "1", "-c", "2", "127.0.0.1")
        assert (code, output.split()[-4:]) == (0, ["[1]:", "1", "[2]:", "0"])
        code, output = await run(*tcp, "-t", "0", "127.0.0.1", "1")
        assert code == 0, output
        assert stage.cabinet.boards["A2"].coils[0]


async def until(stage: Stage, is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():
            await stage.wait_for_change(1)


async def read_and_open(client: Any, stage: Stage) -> None:
    assert await client.connect()
    try:
        inputs = await client.read_discrete_inputs(0, count=8, device_id=1)
        assert inputs.bits[:3] == [True, True, False]
        assert not (await client.write_coil(1, True, device_id=1)).isError()
        await until(stage, lambda: stage.cabinet.doors[2].position is not Position.CLOSED)
        inputs = await client.read_discrete_inputs(0, count=8, device_id=1)
        assert inputs.bits[:3] == [True, False, False]
        version = await client.read_holding_registers(0x8000, count=1, device_id=1)
        assert version.registers == [0x012C]
        assert (await client.read_coils(4, count=8, device_id=1)).exception_code == 2
    finally:
        client.close()


async def test_pymodbus_opens_a_door_over_the_pty(pty: Path, stage: Stage) -> None:
    await read_and_open(AsyncModbusSerialClient(str(pty), baudrate=9600, retries=0, timeout=10), stage)


@pytest.mark.parametrize(("scheme", "framer"), [("tcp", FramerType.SOCKET), ("rtu+tcp", FramerType.RTU)])
async def test_pymodbus_opens_a_door_over_tcp(stage: Stage, scheme: str, framer: FramerType) -> None:
    async with stage.served({"A": f"{scheme}://127.0.0.1:0"}):
        port = int(stage.plugs["A"].address.rpartition(":")[2])
        await read_and_open(AsyncModbusTcpClient("127.0.0.1", port=port, framer=framer, retries=0, timeout=10), stage)


FAULTS = [
    ("unheard", b""),
    ("lost", b""),
    ("cut", NO_COIL_ON[:3]),
    ("stray", b"\x00" + NO_COIL_ON),
    ("stray_after", NO_COIL_ON + b"\x00"),
    ("garbled", NO_COIL_ON[:-1] + bytes((NO_COIL_ON[-1] ^ 0x55,))),
    ("foreign", framed(bytes.fromhex("02 01 01 00"))),
    ("exception", framed(bytes.fromhex("01 81 04"))),
    ("echo", READ_COILS + NO_COIL_ON),
    ("late", NO_COIL_ON),
    ("split", NO_COIL_ON),
]


@pytest.mark.parametrize(("kind", "answer"), FAULTS, ids=[row[0] for row in FAULTS])
async def test_each_line_fault_shows_on_the_wire_once(pty: Path, stage: Stage, kind: str, answer: bytes) -> None:
    fault = LineFaultIn.model_validate({"kind": kind, "delay_ms": 60})
    async with master_at(pty) as master:
        await stage.break_line("A", fault)
        began = time.monotonic()
        assert await master.ask(READ_COILS, awaits=len(answer), quiet_s=0.1) == answer
        if kind in ("late", "split"):
            assert time.monotonic() - began >= 0.06
        assert await master.ask(READ_COILS, awaits=len(NO_COIL_ON)) == NO_COIL_ON


async def test_a_lost_reply_has_moved_the_relay_and_an_unheard_request_has_not(pty: Path, stage: Stage) -> None:
    async with master_at(pty) as master:
        await stage.break_line("A", LineFaultIn(kind="unheard", function=5))
        assert await master.ask(READ_COILS, awaits=len(NO_COIL_ON)) == NO_COIL_ON
        assert await master.ask(PULSE, awaits=0) == b""
        assert not stage.cabinet.boards["A1"].coils[0]
        await stage.break_line("A", LineFaultIn(kind="lost", unit_id=1))
        assert await master.ask(PULSE, awaits=0) == b""
        assert stage.cabinet.boards["A1"].coils[0]


async def test_an_echo_is_all_that_a_dead_board_returns(pty: Path, stage: Stage) -> None:
    stage.break_board("A1", BoardFaultIn(kind="dead"))
    await stage.break_line("A", LineFaultIn(kind="echo", times=None))
    async with master_at(pty) as master:
        assert await master.ask(PULSE, awaits=len(PULSE)) == PULSE
        assert await master.ask(PULSE, awaits=len(PULSE)) == PULSE


async def test_noise_and_half_a_request_do_not_spoil_the_next_one(pty: Path) -> None:
    async with master_at(pty) as master:
        assert await master.ask(b"\xff\xff\xff", awaits=0, quiet_s=0.2) == b""
        assert await master.ask(READ_COILS[:4], awaits=0, quiet_s=0.2) == b""
        assert await master.ask(b"\x00", awaits=0, quiet_s=0.2) == b""
        assert await master.ask(READ_COILS, awaits=len(NO_COIL_ON)) == NO_COIL_ON
        refusal = framed(b"\x01\xab\x01")
        assert await master.ask(framed(b"\x01\x2b\x0e\x01\x00"), awaits=len(refusal)) == refusal


async def test_the_boards_timer_ends_the_pulse_while_the_line_is_unplugged(pty: Path, stage: Stage) -> None:
    coils = stage.cabinet.boards["A1"].coils
    async with master_at(pty) as master:
        master.port.write(framed(bytes.fromhex("01 05 02 00 00 05")))
        await master.hear(8)
        assert coils[0]
        await stage.break_line("A", LineFaultIn(kind="unplug"))
    await until(stage, lambda: not coils[0])
    assert stage.cabinet.doors[1].position is Position.AJAR


async def test_a_replugged_line_is_found_at_the_same_path(pty: Path, stage: Stage) -> None:
    await stage.break_line("A", LineFaultIn(kind="unplug"))
    with pytest.raises(serial.SerialException):
        serial.Serial(str(pty))
    await stage.break_line("A", LineFaultIn(kind="replug"))
    async with master_at(pty) as master:
        assert await master.ask(READ_COILS, awaits=len(NO_COIL_ON)) == NO_COIL_ON


async def test_an_unplugged_tcp_line_drops_its_masters_and_comes_back_on_its_port(stage: Stage) -> None:
    async with stage.served({"A": "tcp://127.0.0.1:0"}):
        port = int(stage.plugs["A"].address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await stage.break_line("A", LineFaultIn(kind="unplug"))
        with pytest.raises(OSError):  # noqa: PT011 - refused or reset, as the system words it
            await asyncio.open_connection("127.0.0.1", port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(1)
        writer.close()
        await stage.break_line("A", LineFaultIn(kind="replug"))
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()


@pytest.mark.parametrize("baud", [9600, 115200])
async def test_character_times_are_kept(wiring: Wiring, tmp_path: Path, baud: int) -> None:
    stage = Stage(name="slow", wiring=wiring, phone=Phone(None), clock=time.monotonic, real_time_baud=baud)
    character = 10 / baud
    silence = 3.5 * character if baud == 9600 else 0.00175
    limit = (len(READ_COILS) + len(NO_COIL_ON)) * character + silence
    took = []
    async with stage.served({"A": str(tmp_path / "line")}), master_at(tmp_path / "line") as master:
        for _ in range(20):
            await asyncio.sleep(silence)
            asked_at = time.monotonic()
            master.port.write(READ_COILS)
            assert await master.hear(len(NO_COIL_ON)) == NO_COIL_ON
            took.append(time.monotonic() - asked_at)
    assert min(took) >= limit, "no exchange is faster than its characters"
    assert min(took) <= limit + 0.005, "and the line adds nothing of its own; only the machine may"
    assert stage.plugs["A"].line.traffic.replies == 20


async def test_a_broken_silence_is_counted(wiring: Wiring, tmp_path: Path) -> None:
    stage = Stage(name="slow", wiring=wiring, phone=Phone(None), clock=time.monotonic, real_time_baud=9600)
    async with stage.served({"A": str(tmp_path / "line")}), master_at(tmp_path / "line") as master:
        assert await master.ask(READ_COILS + READ_COILS, awaits=2 * len(NO_COIL_ON)) == NO_COIL_ON * 2
    assert stage.plugs["A"].line.traffic.silences_broken == 1


async def test_two_boards_with_one_unit_id_talk_over_each_other(pty: Path, stage: Stage) -> None:
    stage.cabinet.boards["A2"].unit_id = 1
    async with master_at(pty) as master:
        answer = await master.ask(framed(bytes.fromhex("01 02 00 00 00 08")), awaits=1)
    assert answer != framed(answer[:-2])


async def test_a_line_is_not_laid_over_a_file(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "line-A").write_text("keep me")
    with pytest.raises(CannotServe, match="move it away"):
        async with stage.served({"A": str(tmp_path / "line-A")}):
            pass
    assert (tmp_path / "line-A").read_text() == "keep me"


@pytest.mark.parametrize(
    ("addresses", "sentence"),
    [({}, "has no line"), ({"A": "x", "B": "y"}, "is no bus"), ({"A": "udp://1.2.3.4:5"}, "names no line")],
)
async def test_wrong_lines_are_refused_with_a_sentence(stage: Stage, addresses: dict[str, str], sentence: str) -> None:
    with pytest.raises(CannotServe, match=sentence):
        async with stage.served(addresses):
            pass
