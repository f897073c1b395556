"""Software cost of one exchange and of a poll cycle beside other masters, in one run on the same slave: libmodbus in C
on a socat line.

The line has no speed, so what is left is cost. Ours runs once as it is on a wire, with the silence of 3.5 characters
before each request, and once with a silence of 0: the difference is the standard's, not ours. A poll cycle is eight
reads of eight inputs; ours goes through a board and the round of `hw/watch.py`, whose checks and reports it carries.
Where an exchange goes is told by `bench/pace.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import minimalmodbus
from pymodbus.client import AsyncModbusSerialClient, ModbusSerialClient

from bench.pace import BAR, BAUD, COUNT, Pace, Unhurried, pace_of_ours, pace_of_pymodbus, running, where_it_goes
from bench.table import Row, percentile
from hw import frames
from hw.board import Board
from hw.bus import Bus
from hw.limits import Supply
from hw.line import SerialLine
from hw.loop import run
from hw.profile import load_profile
from hw.watch import InputsRead, Report, watch

ROUNDS = 5
BOARDS = 8
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Cost:
    """Seconds of each exchange, by function; `rounds` of one poll, where that is more than a read."""

    reads: list[float]
    writes: list[float]
    rounds: list[float] = field(default_factory=list)


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
        best: dict[str, Best] = {}
        tails: dict[str, float] = {}
        paces: dict[str, list[Pace]] = {"pymodbus async": [], "this bus, silence 0": []}
        for _ in range(ROUNDS):
            read, write = _libmodbus(program, port)
            best["libmodbus (C)"] = _less(best.get("libmodbus (C)"), (read, write, BOARDS * read))
            for name, measure in masters.items():
                cost = measure()
                cycle = statistics.median(_in_cycles(cost.rounds or cost.reads))
                medians = (statistics.median(cost.reads), statistics.median(cost.writes), cycle)
                best[name] = _less(best.get(name), medians)
                tails[name] = min(tails.get(name, 9.0), percentile(cost.writes, 0.99))
            paces["pymodbus async"].append(run(pace_of_pymodbus(port)))
            paces["this bus, silence 0"].append(run(pace_of_ours(port)))
    return [
        *_table(best, 0, "read 8 inputs (FC02)", {}),
        *_table(best, 1, "write a coil (FC05)", tails),
        *_table(best, 2, f"poll cycle, {BOARDS} x 8 inputs", {}),
        *where_it_goes(paces),
    ]


Best = tuple[float, float, float]


def _less(one: Best | None, other: Best) -> Best:
    return other if one is None else (min(one[0], other[0]), min(one[1], other[1]), min(one[2], other[2]))


def _in_cycles(seconds: Sequence[float]) -> list[float]:
    """Eight polls after another, added up."""
    return [sum(seconds[at : at + BOARDS]) for at in range(0, len(seconds) - BOARDS + 1, BOARDS)]


def _table(best: dict[str, Best], which: int, what: str, tails: dict[str, float]) -> list[Row]:
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


async def _ours(line: SerialLine) -> Cost:
    bus = Bus("bench", line)
    off, read = frames.switch(1, 0, on=False), frames.read_inputs(1, 8)
    board = Board("A1", bus, 1, load_profile("plain-coils-8"), locks={}, supply=Supply(clock=time.monotonic))
    async with running(bus):
        await bus.exchange(off)
        reads: list[float] = []
        writes: list[float] = []
        for request, took in ((read, reads), (off, writes)):
            for _ in range(COUNT):
                started = time.perf_counter()
                await bus.exchange(request)
                took.append(time.perf_counter() - started)
        rounds = await _rounds(bus, board)
    return Cost(reads, writes, rounds)


async def _rounds(bus: Bus, board: Board) -> list[float]:
    """Seconds from one poll of the board to the next."""
    heard: list[float] = []
    done = asyncio.Event()

    def hear(report: Report) -> None:
        if isinstance(report, InputsRead):
            heard.append(time.perf_counter())
            if len(heard) > COUNT:
                done.set()

    polling = asyncio.ensure_future(watch(bus, [board], hear, round_at_least_s=0, coils_every_s=1e6))
    await done.wait()
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    return [later - earlier for earlier, later in pairwise(heard)]


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
