"""Cost of the bus owner per exchange, the poll cycle of eight boards, and what an unlock waits for, against the limit
of the wire.

The peer is a process of its own on a pty that keeps character times: it hands its reply over when the last byte
would have arrived. Limit: bytes on the wire plus two silences of 3.5 characters.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pty
import select
import statistics
import time
import tty
from collections.abc import Sequence
from itertools import pairwise

from pymodbus.framer import FramerRTU

from bench.table import Row, percentile
from hw import frames
from hw.board import Board
from hw.bus import Bus
from hw.errors import Unanswered
from hw.limits import LockLimits, Supply
from hw.line import SerialLine
from hw.loop import run
from hw.profile import load_profile
from hw.watch import InputsRead, Report, watch

UNITS = tuple(range(1, 9))
DEAD = 9
WAITS = 40
BATCHES = 3
BARS = {9600: 1.10, 115200: 1.30}


def reply_to(frame: bytes) -> bytes:
    """What a healthy Waveshare board with 8 relays and 8 inputs answers."""
    unit, function = frame[0], frame[1]
    if function == frames.WRITE_COIL:
        return frame
    if function == frames.READ_REGISTERS:
        count = frame[5]
        body = (300).to_bytes(2, "big") if frame[2] == 0x80 else bytes(2 * count)
    else:
        body = b"\xff" if function == frames.READ_INPUTS else b"\x00"
    raw = bytes([unit, function, len(body)]) + body
    return raw + FramerRTU.compute_CRC(raw).to_bytes(2, "big")


def serve(master: int, character_s: float, silence_s: float) -> None:
    """Answer on the pty for ever, each reply when its last byte would have arrived."""
    received = b""
    while True:
        select.select([master], [], [])
        heard = time.perf_counter()
        received += os.read(master, 256)
        while len(received) >= frames.WRITE_FRAME:
            frame, received = received[: frames.WRITE_FRAME], received[frames.WRITE_FRAME :]
            if frame[0] == DEAD:
                continue
            reply = reply_to(frame)
            due = heard + (len(frame) + len(reply)) * character_s + silence_s
            if (rest := due - time.perf_counter() - 0.0002) > 0:
                time.sleep(rest)
            while time.perf_counter() < due:
                pass
            os.write(master, reply)


async def exchanges(bus: Bus, count: int) -> list[float]:
    """Seconds of exchanges back to back, silence included; what a busy machine makes time out is left out."""
    took = []
    for _ in range(count):
        started = time.perf_counter()
        with contextlib.suppress(Unanswered):
            await bus.exchange(frames.all_off(1), urgent=True)
            took.append(time.perf_counter() - started)
    return took


async def cycles(bus: Bus, boards: Sequence[Board], count: int) -> list[float]:
    """Seconds from one round over all boards to the next."""
    starts: list[float] = []
    done = asyncio.Event()

    def hear(report: Report) -> None:
        if isinstance(report, InputsRead) and report.board == boards[0].name:
            starts.append(time.perf_counter())
            if len(starts) > count:
                done.set()

    task = asyncio.ensure_future(watch(bus, boards, hear, round_at_least_s=0, coils_every_s=1e6))
    await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return [later - earlier for earlier, later in pairwise(starts)]


async def waits(bus: Bus, boards: Sequence[Board]) -> list[float]:
    """Seconds from asking for an unlock to its echo while the boards are polled, at moments spread over a round."""
    task = asyncio.ensure_future(watch(bus, boards, lambda _: None, round_at_least_s=0.001, coils_every_s=1e6))
    await asyncio.sleep(0.5)
    took = []
    for number in range(WAITS):
        await asyncio.sleep(0.011 + 0.0037 * (number % 7))
        took += await exchanges(bus, 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return took


async def waits_for_the_dead(bus: Bus) -> list[float]:
    """The same while a board that is not there is asked."""
    took = []
    for number in range(WAITS // 4):
        dead = asyncio.ensure_future(bus.exchange(frames.read_inputs(DEAD, 8)))
        await asyncio.sleep(0.002 * number)
        took += await exchanges(bus, 1)
        await asyncio.gather(dead, return_exceptions=True)
        await asyncio.sleep(2.1)
    return took


def row(figure: str, line: SerialLine, seconds: Sequence[float], reply_bytes: int, exchanges_in: int) -> Row:
    """The median of a measurement beside the limit of its frames."""
    limit = exchanges_in * ((frames.WRITE_FRAME + reply_bytes) * line.character_s + 2 * line.silence_s)
    return Row(
        f"{figure}, {line.baud} baud, p50 (p99 {percentile(seconds, 0.99) * 1e3:.1f} ms)",
        statistics.median(seconds) * 1e3,
        "ms",
        limit=limit * 1e3,
        against="(wire)",
        bar=BARS[line.baud],
    )


def wait_row(figure: str, line: SerialLine, seconds: Sequence[float], limit_s: float) -> Row:
    """Nine of ten waits beside the longest that the discipline allows: the tenth is this machine's."""
    return Row(
        f"{figure}, {line.baud} baud, p90 (worst {max(seconds) * 1e3:.1f} ms)",
        percentile(seconds, 0.9) * 1e3,
        "ms",
        limit=limit_s * 1e3,
        against="(one exchange or time-out, and its own)",
        bar=BARS[line.baud],
    )


async def measure(line: SerialLine, count: int) -> list[Row]:
    """Both figures on one open line; of several batches the one other programs disturbed least."""
    bus = Bus("bench", line)
    owner = asyncio.ensure_future(bus.run())
    await bus.wait_online()
    supply = Supply(clock=time.monotonic)
    profile = load_profile("waveshare-relay-d")
    boards = [Board(f"A{unit}", bus, unit, profile, locks={0: LockLimits()}, supply=supply) for unit in UNITS]
    unlocks = [await exchanges(bus, count) for _ in range(BATCHES)]
    rounds = [await cycles(bus, boards, count // 6) for _ in range(BATCHES)]
    polled, beside_dead = await waits(bus, boards), await waits_for_the_dead(bus)
    exchange_s = 2 * frames.WRITE_FRAME * line.character_s + 2 * line.silence_s
    time_out_s = (frames.WRITE_FRAME + 6) * line.character_s + line.silence_s + line.answer_within_s
    found = [
        row("unlock exchange (FC05)", line, min(unlocks, key=statistics.median), frames.WRITE_FRAME, 1),
        row(f"poll cycle, {len(boards)} boards x 8 inputs", line, min(rounds, key=statistics.median), 6, len(boards)),
        wait_row("unlock while polling", line, polled, 2 * exchange_s),
        wait_row("unlock while a dead board is asked", line, beside_dead, time_out_s + exchange_s),
    ]
    owner.cancel()
    await asyncio.gather(owner, return_exceptions=True)
    return found


def measure_at(baud: int, count: int) -> list[Row]:
    """Measure at this baud against a peer process of its own."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    line = SerialLine(os.ttyname(slave), baud)
    peer = multiprocessing.get_context("fork").Process(
        target=serve, args=(master, line.character_s, line.silence_s), daemon=True
    )
    peer.start()
    try:
        return run(measure(line, count))
    finally:
        peer.terminate()
        peer.join()
        os.close(slave)
        os.close(master)


def rows() -> list[Row]:
    """The figures of this file."""
    return [*measure_at(9600, 60), *measure_at(115200, 200)]
