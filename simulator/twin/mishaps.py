"""What breaks, how often, and who mends it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.doors import Door, LockFault, SensorFault
from simulator.line_faults import LineFault, LineFaultKind
from simulator.twin import people
from simulator.twin.people import DAY_S, HOUR_S

if TYPE_CHECKING:
    from simulator.twin.world import World

A_DAY: Mapping[str, float] = {
    "power_cut": 0.27,
    "outage": 0.13,
    "stuck_open": 0.03,
    "stuck_closed": 0.03,
    "broken_wire": 0.02,
    "bouncing": 0.03,
    "jammed": 0.03,
    "weak": 0.03,
    "worn": 0.05,
    "swapped": 0.004,
    "forced": 0.01,
    "board_dead": 0.05,
    "unplugged": 0.05,
    "line_noise": 2.0,
    "gateway_down": 0.1,
    "centre_down": 0.03,
    "vandal": 0.1,
    "restore": 0.006,
}
"""How often each thing happens, times a day and cabinet of 24 compartments."""
ONE_OF_EACH = {"power_cut", "outage", "unplugged", "line_noise", "gateway_down", "centre_down", "vandal", "restore"}
"""What comes no oftener where there are more doors."""
OUTAGE_S = 900.0
"""Without power in the whole street; short cuts fall into somebody's act, these fall where they fall."""
MENDED_AFTER_S = 4 * DAY_S
"""A door that nobody complains of stays broken for so long."""


def a_day(kind: str, cabinets: int) -> float:
    """How often it happens a day where so many cabinets of 24 stand side by side."""
    return A_DAY[kind] * (1 if kind in ONE_OF_EACH else cabinets)


FELT_FOR_S = 60.0
"""For so long after power came back what is recorded counts as recorded under a power cut."""


def under_way(world: World) -> list[str]:
    """The faults that are not mended yet; `none` when there is none."""
    found = [kind for kind, count in world.under_way.items() if count] + world.broken
    found += ["swapped"] if world.steel.is_swapped else []
    found += ["line_noise"] if world.steel.faults.waiting else []
    found += ["power_cut"] if world.loop.time() - world.lit_at < FELT_FOR_S else []
    return found or ["none"]


async def happen(world: World, kind: str) -> None:
    """Let one of `A_DAY` happen now, and mend what mends itself."""
    world.diary.append((world.loop.time(), kind))
    if kind in set(SensorFault) or kind in set(LockFault):
        await _happen(world, kind)
        return
    world.under_way[kind] += 1
    try:
        await _happen(world, kind)
    finally:
        world.under_way[kind] -= 1


async def _happen(world: World, kind: str) -> None:
    if kind == "power_cut":
        world.plan_power_cut()
        return
    if kind == "outage":
        await world.outage(OUTAGE_S)
        return
    if kind == "restore":
        await world.restore()
        return
    world.happened[kind] += 1
    numbers = list(world.steel.model.doors)
    number = world.rng.choice(numbers)
    if kind in set(SensorFault) or kind in set(LockFault):
        await _break_door(world, number, kind)
    elif kind == "swapped":
        world.steel.swap(number, world.rng.choice([other for other in numbers if other != number]))
        world.later(3 * DAY_S, lambda: mend_wires(world))
    elif kind == "forced":
        await _force(world, number)
    elif kind == "vandal":
        await people.vandalise(world, world.rng.randrange(5, 60))
    elif kind == "line_noise":
        fault = world.rng.choice([one for one in LineFaultKind if one is not LineFaultKind.ECHO])
        world.steel.faults.waiting.append(LineFault(kind=fault, times=world.rng.randrange(1, 4)))
    else:
        await _break_what_serves(world, kind)


async def _break_door(world: World, number: int, kind: str) -> None:
    sensor = SensorFault(kind) if kind in set(SensorFault) else None
    _set_door(world, number, sensor, None if sensor is not None else LockFault(kind))
    await asyncio.sleep(MENDED_AFTER_S)
    mend_door(world, number)


async def _force(world: World, number: int) -> None:
    """Somebody opens a door with a crowbar and shuts it again; nothing is taken."""
    world.steel.touch(number, lambda door, at: door.force(at))
    await asyncio.sleep(60.0 * world.rng.random())
    people.push(world, number)


async def _break_what_serves(world: World, kind: str) -> None:
    rng = world.rng
    if kind == "board_dead":
        name = rng.choice(list(world.steel.model.boards))
        world.steel.tamper(name, lambda board, at: board.set_power(has_power=False, at=at))
        await asyncio.sleep(HOUR_S * (0.2 + 3.0 * rng.random()))
        world.steel.tamper(name, lambda board, at: board.set_power(has_power=True, at=at))
    elif kind == "unplugged":
        world.steel.unplug()
        await asyncio.sleep(HOUR_S * (0.1 + rng.random()))
        world.steel.plug_in()
    elif kind == "gateway_down":
        gateway = rng.choice(world.gateways)
        gateway.is_down = True
        await asyncio.sleep(HOUR_S * (1.0 + 8.0 * rng.random()))
        gateway.is_down = False
    elif kind == "centre_down":
        world.centre.is_down = True
        await asyncio.sleep(DAY_S * (0.2 + 3.0 * rng.random()))
        world.centre.is_down = False


# --- mending


def technician_comes_by(world: World, number: int) -> None:
    """A clerk who goes to look has a broken switch seen to, most of the time."""
    if world.rng.random() < 0.7:
        mend_door(world, number)


def mend_door(world: World, number: int) -> None:
    """Lock and switch are as new."""
    door = world.steel.model.doors[number]
    if door.sensor_fault is not None or door.lock_fault is not None:
        _set_door(world, number, None, None)


def _set_door(world: World, number: int, sensor: SensorFault | None, lock: LockFault | None) -> None:
    def act(door: Door, _at: float) -> None:
        door.sensor_fault, door.lock_fault = sensor, lock

    world.judge.tampered_at[number] = world.loop.time()
    world.steel.touch(number, act)
    doors = world.steel.model.doors.values()
    faults = {fault for one in doors for fault in (one.sensor_fault, one.lock_fault) if fault is not None}
    world.broken = sorted(str(fault) for fault in faults)


def mend_wires(world: World) -> None:
    """Every lock hangs on its own wire again."""
    while pairs := list(world.steel.model.swapped_with().items()):
        world.steel.swap(*pairs[0])
