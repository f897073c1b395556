"""Finds the boards on a line whose settings nobody knows: speed, parity, unit ids, versions, and what they can be.

Only reads are sent. A line whose boards answer at one speed is not asked at another. On a network only the places that
somebody named are asked, first in Modbus TCP, then in RTU frames over TCP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from hw import commands, frames
from hw.bus import Bus
from hw.errors import BoardBusy, BusOffline, Fault, Unanswered, WrongBoard
from hw.frames import Request
from hw.line import Line, TcpLine
from hw.profile import Framing, Profile, load_profile, profile_names

Parity = Literal["N", "E", "O"]
Baud = Literal[4800, 9600, 19200, 38400, 57600, 115200]
SPEEDS: tuple[Baud, ...] = (9600, 19200, 115200, 38400, 57600, 4800)
SETTINGS: tuple[tuple[Baud, Parity], ...] = tuple((baud, parity) for parity in ("N", "E", "O") for baud in SPEEDS)
FRAMINGS_OVER_TCP: tuple[Framing, ...] = ("tcp", "rtu")
OPENS_WITHIN_S = 3.0
REOPENS_EVERY_S = 0.05


@dataclass(frozen=True, slots=True)
class FoundBoard:
    """A board that answered. `profiles`: what it can be by what it answers; version 300 means 3.00, 0 none told."""

    unit_id: int
    version: int
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FoundLine:
    """The first settings at which anything answered."""

    baud: Baud
    parity: Parity
    boards: tuple[FoundBoard, ...]


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """What answered at a place on the network, and in which framing; or, with no boards, why there are none."""

    host: str
    port: int
    framing: Framing
    boards: tuple[FoundBoard, ...]
    why_none: str = ""


async def find(
    line_at: Callable[[Baud, Parity], Line],
    *,
    unit_ids: Iterable[int] = range(1, 33),
    settings: Iterable[tuple[Baud, Parity]] = SETTINGS,
) -> FoundLine | None:
    """Ask every unit id at every setting until boards answer; None if none does. Raises BusOffline."""
    wanted = tuple(unit_ids)
    for baud, parity in settings:
        if boards := await _boards_on(line_at(baud, parity), wanted):
            return FoundLine(baud, parity, boards)
    return None


async def find_at(
    places: Iterable[tuple[str, int]], *, unit_ids: Iterable[int] = range(1, 33)
) -> tuple[FoundPlace, ...]:
    """Ask every unit id at each (host, port), all places at once; one result a place, in their order."""
    wanted = tuple(unit_ids)
    return tuple(await asyncio.gather(*(_at_place(host, port, wanted) for host, port in places)))


async def _at_place(host: str, port: int, unit_ids: tuple[int, ...]) -> FoundPlace:
    for framing in FRAMINGS_OVER_TCP:
        try:
            boards = await _boards_on(TcpLine(host, port, framing=framing), unit_ids)
        except BusOffline as fault:
            return FoundPlace(host, port, framing, (), str(fault))
        if boards:
            return FoundPlace(host, port, framing, boards)
    why = f"{host}:{port} is reached, but no unit id answers; check its port, its unit id and the highest one asked"
    return FoundPlace(host, port, FRAMINGS_OVER_TCP[0], (), why)


async def _boards_on(line: Line, unit_ids: Iterable[int]) -> tuple[FoundBoard, ...]:
    """Ask every unit id on one line. Raises BusOffline when it does not open, or not again."""
    bus = Bus("found", line, reconnect_every_s=REOPENS_EVERY_S)
    owner = asyncio.ensure_future(bus.run())
    try:
        return tuple([board for unit_id in unit_ids if (board := await _ask(bus, unit_id)) is not None])
    finally:
        owner.cancel()
        await asyncio.gather(owner, return_exceptions=True)


async def _ask(bus: Bus, unit_id: int) -> FoundBoard | None:
    is_there = False
    for request in (frames.read_coils(unit_id, 8), frames.read_registers(unit_id, 1, 1)):
        is_there = is_there or await _answers(bus, request)
    if not is_there:
        return None
    known = [load_profile(name) for name in profile_names()]
    fitting = [one for one in known if bus.line.framing in one.framings and await _fits(bus, unit_id, one)]
    most = max((one.coils for one in fitting), default=0)
    likely = [one for one in fitting if one.coils == most]
    richest = max((one.inputs for one in likely), default=0)
    likely = sorted((one for one in likely if one.inputs == richest), key=partial(_strangeness, bus.line.framing))
    if any(one.version_register is not None for one in likely):
        likely = [one for one in likely if one.version_register is not None]
    version = await _version(bus, unit_id, likely)
    return FoundBoard(unit_id, version, tuple(one.name for one in likely))


def _strangeness(framing: Framing, profile: Profile) -> tuple[bool, bool, bool]:
    """What sorts the likelier profile first: one that tells a version, one whose own framing this is, a proved one."""
    return profile.version_register is None, profile.framings[0] != framing, bool(profile.unproved)


async def _exchanged(bus: Bus, request: Request) -> bytes:
    """A silent peer on TCP is connected anew after a few questions, so the line may have to open first."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(OPENS_WITHIN_S):
            await bus.wait_online()
    payload = await bus.exchange(request)
    assert payload is not None
    return payload


async def _answers(bus: Bus, request: Request) -> bool:
    try:
        await _exchanged(bus, request)
    except (WrongBoard, BoardBusy):
        return True
    except Unanswered:
        return False
    return True


async def _fits(bus: Bus, unit_id: int, profile: Profile) -> bool:
    """Whether everything this profile asks is answered."""
    asked = [commands.read_coils(profile, unit_id), commands.read_inputs(profile, unit_id)]
    if profile.version_register is not None:
        asked.append(frames.read_registers(unit_id, profile.version_register, 1))
    if profile.linkage_count:
        asked.append(frames.read_registers(unit_id, profile.linkage_register, profile.linkage_count))
    try:
        for request in asked:
            if request is not None:
                await _exchanged(bus, request)
    except Fault:
        return False
    return True


async def _version(bus: Bus, unit_id: int, profiles: list[Profile]) -> int:
    register = next((one.version_register for one in profiles if one.version_register is not None), None)
    if register is None:
        return 0
    return frames.words_of(await _exchanged(bus, frames.read_registers(unit_id, register, 1)))[0]
