"""Buses and boards as the wiring names them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hw.board import Board
from hw.bus import Bus
from hw.errors import UnfitBoard
from hw.limits import LockLimits, Supply
from hw.line import Line
from hw.profile import Profile, load_profile, unfit


@dataclass(frozen=True, slots=True)
class Fitting:
    """One board of the wiring: where it is, what it is, and what each of its locks bears.

    `accepts_host_timed`: the wiring knows that a crash leaves a lock of this board energised, and takes the risk.
    """

    name: str
    bus: str
    unit_id: int
    profile: str
    locks: Mapping[int, LockLimits]
    accepts_host_timed: bool = False


@dataclass(frozen=True, slots=True)
class Assembly:
    """The buses of one cabinet and their boards, not yet running."""

    buses: tuple[Bus, ...]
    boards: Mapping[str, Board]


def assemble(
    lines: Mapping[str, Line],
    fittings: tuple[Fitting, ...],
    *,
    clock: Callable[[], float] = time.monotonic,
    doors_per_minute: int = 12,
) -> Assembly:
    """One bus per line, one board per fitting, one lock supply for all.

    Raises UnknownProfile, UnfitBoard, and ForbiddenAddress for two boards at one unit id.
    """
    buses = {name: Bus(name, line, clock=clock) for name, line in lines.items()}
    supply = Supply(clock=clock, doors_per_minute=doors_per_minute)
    boards = {
        fitting.name: Board(
            fitting.name,
            buses[fitting.bus],
            fitting.unit_id,
            _fit(fitting, load_profile(fitting.profile), lines[fitting.bus]),
            locks=fitting.locks,
            supply=supply,
            clock=clock,
        )
        for fitting in fittings
    }
    return Assembly(buses=tuple(buses.values()), boards=boards)


def _fit(fitting: Fitting, profile: Profile, line: Line) -> Profile:
    """The profile, if such a board may serve here."""
    if why := unfit(fitting.name, profile, line.framing, accepts_host_timed=fitting.accepts_host_timed):
        raise UnfitBoard(why)
    return profile
