"""The boards a configuration names: assembled for the service, or asked once by the command line."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from hw.assembly import Assembly, Fitting, assemble
from hw.board import Board
from hw.errors import Fault
from hw.limits import LockLimits
from hw.line import Line, SerialLine, TcpLine
from locker.config import BoardEntry, BusLine, LimitsSection, Wiring

OPENS_WITHIN_S = 3.0
ANSWERS_WITHIN_S = 5.0


def assemble_boards(
    wiring: Wiring,
    limits: LimitsSection | None = None,
    *,
    lines: Mapping[str, Line] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Assembly:
    """Buses and boards of the wiring, not yet running; `lines` by bus instead of those it names.

    Raises UnknownProfile, UnfitBoard, ForbiddenAddress (two boards at one unit id).
    """
    fittings = tuple(_fitting(wiring, board) for board in wiring.board)
    return assemble(
        lines or {bus.name: line_of(bus) for bus in wiring.bus},
        fittings,
        clock=clock,
        doors_per_minute=(limits or LimitsSection()).doors_per_minute,
    )


def line_of(bus: BusLine) -> Line:
    """The serial port or TCP connection of one bus."""
    if bus.port is not None:
        return SerialLine(
            bus.port,
            baud=bus.baud,
            parity=bus.parity,
            stop_bits=bus.stop_bits,
            framing=bus.speaks,
            drives_direction=bus.rs485_direction,
        )
    assert bus.host is not None
    return TcpLine(bus.host, bus.tcp_port, framing=bus.speaks)


def _fitting(wiring: Wiring, board: BoardEntry) -> Fitting:
    locks = {}
    for entry in wiring.compartments_of(board.name):
        model = wiring.lock_model(entry.lock)
        locks[entry.coil] = LockLimits(
            max_pulse_ms=model.max_pulse_ms,
            min_gap_ms=model.min_gap_ms,
            max_pulses_per_minute=model.max_pulses_per_minute,
        )
    return Fitting(
        name=board.name,
        bus=board.bus,
        unit_id=board.unit_id,
        profile=board.profile,
        locks=locks,
        accepts_host_timed=board.accept_host_timed_pulse,
    )


async def check(wiring: Wiring) -> Mapping[str, str]:
    """Every board by name: empty when it is what the wiring says, else the sentence that says what is wrong."""

    async def identify(board: Board) -> None:
        await board.identify()

    return await _with_each(wiring, identify)


async def release(wiring: Wiring) -> Mapping[str, str]:
    """Switch every coil off; per board empty, or the sentence that says why not."""

    async def switch_off(board: Board) -> None:
        await board.release_all()

    return await _with_each(wiring, switch_off)


async def _with_each(wiring: Wiring, act: Callable[[Board], Awaitable[None]]) -> Mapping[str, str]:
    try:
        assembly = assemble_boards(wiring)
    except Fault as fault:
        return {board.name: str(fault) for board in wiring.board}
    owners = [asyncio.ensure_future(bus.run()) for bus in assembly.buses]
    try:
        # Side by side: a bus takes its boards one by one, and one that is gone must not hold up the others.
        answers = await asyncio.gather(*(_ask(board, act) for board in assembly.boards.values()))
    finally:
        for owner in owners:
            owner.cancel()
        await asyncio.gather(*owners, return_exceptions=True)
    return dict(zip(assembly.boards, answers, strict=True))


async def _ask(board: Board, act: Callable[[Board], Awaitable[None]]) -> str:
    try:
        async with asyncio.timeout(OPENS_WITHIN_S):
            await board.bus.wait_online()
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            await act(board)
    except TimeoutError:
        if board.bus.is_online:
            return f"board {board.name} does not answer; check its power, its wires and its unit id"
        return f"bus {board.bus.name} does not open; check adapter, cable, and that no other program uses it"
    except Fault as fault:
        return str(fault)
    return ""
