"""Software cost of one exchange beside other masters, in one run on the same slave: libmodbus in C on a socat line.

The line has no speed, so what is left is cost. Ours runs once as it is on a wire, with the silence of 3.5 characters
before each request, and once with a silence of 0: the difference is the standard's, not ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import minimalmodbus
from pymodbus.client import AsyncModbusSerialClient, ModbusSerialClient

from bench.table import Row, percentile
from hw import frames
from hw.bus import Bus
from hw.line import SerialLine
from hw.loop import run

BAUD = 115200
COUNT = 400
ROUNDS = 3
ROOT = Path(__file__).parents[1]
BAR = 1.3


@dataclass(frozen=True)
class Unhurried(SerialLine):
    """No silence before a request: for measuring, never for a wire."""

    @property
    def silence_s(self) -> float:
        return 0.0


@dataclass(frozen=True)
class Cost:
    """Seconds of each exchange, by function."""

    reads: list[float]
    writes: list[float]


def rows() -> list[Row]:
    """All masters, each the best of its rounds; empty cells where a tool is missing."""
    if missing := [tool for tool in ("gcc", "socat") if shutil.which(tool) is None]:
        return [Row(f"not measured: {' and '.join(missing)} missing (apt-get install)", 0.0, "")]
    with tempfile.TemporaryDirectory(prefix="dossier-bench-") as folder, _line(Path(folder)) as port:
        program = _compiled(ROOT / "bench/libmodbus_master.c", Path(folder) / "master")
        masters: dict[str, Callable[[], Cost]] = {
            "pymodbus async": lambda: run(_pymodbus(port)),
            "this bus, silence 0": lambda: run(_ours(Unhurried(port, BAUD, answer_within_s=2))),
            "this bus": lambda: run(_ours(SerialLine(port, BAUD, answer_within_s=2))),
            "pymodbus sync": lambda: _pymodbus_sync(port),
            "minimalmodbus": lambda: _minimalmodbus(port),
        }
        best: dict[str, tuple[float, float]] = {}
        tails: dict[str, float] = {}
        for _ in range(ROUNDS):
            read, write = _libmodbus(program, port)
            best["libmodbus (C)"] = _less(best.get("libmodbus (C)"), (read, write))
            for name, measure in masters.items():
                cost = measure()
                medians = (statistics.median(cost.reads), statistics.median(cost.writes))
                best[name] = _less(best.get(name), medians)
                tails[name] = min(tails.get(name, 9.0), percentile(cost.writes, 0.99))
    return [*_table(best, 0, "read 8 inputs (FC02)", {}), *_table(best, 1, "write a coil (FC05)", tails)]


def _less(one: tuple[float, float] | None, other: tuple[float, float]) -> tuple[float, float]:
    return other if one is None else (min(one[0], other[0]), min(one[1], other[1]))


def _table(best: dict[str, tuple[float, float]], which: int, what: str, tails: dict[str, float]) -> list[Row]:
    peer = best["pymodbus async"][which]
    order = sorted(best, key=lambda name: best[name][which])
    return [
        Row(
            f"{what}, {name}" + (f" (p99 {tails[name] * 1e6:.0f} us)" if name in tails else ""),
            best[name][which] * 1e6,
            "us",
            limit=peer * 1e6,
            against="(pymodbus async)",
            bar=BAR if name == "this bus, silence 0" else None,
        )
        for name in order
    ]


@contextlib.contextmanager
def _line(folder: Path) -> Iterator[str]:
    """A socat line with the slave at its far end."""
    ours, theirs = folder / "ours", folder / "theirs"
    slave = _compiled(ROOT / "tests/hw/libmodbus_slave.c", folder / "slave")
    ends = [f"pty,raw,echo=0,link={end}" for end in (ours, theirs)]
    wire = subprocess.Popen(["socat", *ends])
    try:
        while not (ours.exists() and theirs.exists()):
            time.sleep(0.01)
        board = subprocess.Popen([slave, "rtu", theirs], stdout=subprocess.PIPE)
        try:
            assert board.stdout is not None
            board.stdout.readline()
            yield str(ours)
        finally:
            board.kill()
            board.communicate()
    finally:
        wire.kill()
        wire.wait()


def _compiled(source: Path, program: Path) -> Path:
    command = ["gcc", "-O2", "-I/usr/include/modbus", str(source), "-o", str(program), "-lmodbus"]
    subprocess.run(command, check=True, capture_output=True)
    return program


def _libmodbus(program: Path, port: str) -> tuple[float, float]:
    told = subprocess.run([program, port, str(COUNT)], check=True, capture_output=True, text=True).stdout.split()
    return float(told[0]) / 1e6, float(told[2]) / 1e6


@contextlib.asynccontextmanager
async def _running(bus: Bus) -> AsyncIterator[None]:
    owner = asyncio.ensure_future(bus.run())
    await bus.wait_online()
    try:
        yield
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


async def _ours(line: SerialLine) -> Cost:
    bus = Bus("bench", line)
    off, read = frames.switch(1, 0, on=False), frames.read_inputs(1, 8)
    bus.admit(1, "host-timed", (read, frames.read_coils(1, 8)))
    async with _running(bus):
        await bus.exchange(off)
        reads: list[float] = []
        writes: list[float] = []
        for request, took in ((read, reads), (off, writes)):
            for _ in range(COUNT):
                started = time.perf_counter()
                await bus.exchange(request)
                took.append(time.perf_counter() - started)
    return Cost(reads, writes)


async def _pymodbus(port: str) -> Cost:
    client = AsyncModbusSerialClient(port, baudrate=BAUD, retries=0)
    await client.connect()
    reads, writes = [], []
    for _ in range(COUNT):
        started = time.perf_counter()
        await client.read_discrete_inputs(0, count=8, device_id=1)
        reads.append(time.perf_counter() - started)
    for _ in range(COUNT):
        started = time.perf_counter()
        await client.write_coil(0, False, device_id=1)
        writes.append(time.perf_counter() - started)
    client.close()
    return Cost(reads, writes)


def _pymodbus_sync(port: str) -> Cost:
    client = ModbusSerialClient(port, baudrate=BAUD, retries=0)
    client.connect()
    reads = _timed(lambda: client.read_discrete_inputs(0, count=8, device_id=1))
    writes = _timed(lambda: client.write_coil(0, False, device_id=1))
    client.close()  # type: ignore[no-untyped-call]  # pymodbus
    return Cost(reads, writes)


def _minimalmodbus(port: str) -> Cost:
    instrument = minimalmodbus.Instrument(port, 1)
    instrument.serial.baudrate = BAUD
    instrument.serial.timeout = 2
    reads = _timed(lambda: instrument.read_bits(0, 8, functioncode=2))
    writes = _timed(lambda: instrument.write_bit(0, 0))
    instrument.serial.close()
    return Cost(reads, writes)


def _timed(act: Callable[[], object]) -> list[float]:
    took = []
    for _ in range(COUNT // 4):
        started = time.perf_counter()
        act()
        took.append(time.perf_counter() - started)
    return took
