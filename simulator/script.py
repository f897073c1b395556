"""Faults at set times from a file: a TOML list of `[[step]]`, each with `at_s` seconds after the simulator is ready,
one of `door`, `board`, `line`, and the fault as `POST …/fault` takes it.
"""

from __future__ import annotations

import asyncio
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simulator.plugs import CannotServe
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn


@dataclass(frozen=True)
class Step:
    """One fault, `at_s` seconds after the start, at a door (number), board or line (name)."""

    at_s: float
    where: int | str
    fault: DoorFaultIn | BoardFaultIn | LineFaultIn


def read(path: Path, stage: Stage) -> tuple[Step, ...]:
    """The steps in their order of time. Raises CannotServe with the sentence that says what is wrong."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("step", [])
        steps = [_step(dict(entry)) for entry in entries]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise CannotServe(f"{path} is no script: {_reason(error)}") from error
    cabinet = stage.cabinet
    known = {bus.name for bus in cabinet.wiring.bus} | set(cabinet.boards) | set(cabinet.doors)
    if strangers := [step.where for step in steps if step.where not in known]:
        raise CannotServe(f"{path}: this cabinet has no {strangers[0]}; correct door, board or line.")
    for step in steps:
        if isinstance(step.fault, BoardFaultIn) and step.fault.coil >= cabinet.boards[str(step.where)].type.coils:
            raise CannotServe(f"{path}: board {step.where} has no coil {step.fault.coil}; they are numbered from 0.")
        if isinstance(step.fault, DoorFaultIn) and step.fault.kind == "swapped" and step.fault.other not in known:
            raise CannotServe(f"{path}: door {step.where} cannot change wires with {step.fault.other}; correct other.")
    return tuple(sorted(steps, key=lambda step: step.at_s))


def _step(entry: dict[str, Any]) -> Step:
    at_s = float(entry.pop("at_s"))
    kinds: dict[str, type[DoorFaultIn | BoardFaultIn | LineFaultIn]] = {
        "door": DoorFaultIn,
        "board": BoardFaultIn,
        "line": LineFaultIn,
    }
    named = [place for place in kinds if place in entry]
    if len(named) != 1:
        raise ValueError("every step names exactly one of door, board, line")
    return Step(at_s, entry.pop(named[0]), kinds[named[0]].model_validate(entry))


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)


async def play(steps: tuple[Step, ...], stage: Stage) -> None:
    """Do every step at its time; returns after the last one."""
    started = asyncio.get_running_loop().time()
    for step in steps:
        await asyncio.sleep(max(0.0, started + step.at_s - asyncio.get_running_loop().time()))
        match step:
            case Step(where=int(number), fault=DoorFaultIn() as fault):
                stage.break_door(number, fault)
            case Step(where=str(name), fault=BoardFaultIn() as fault):
                stage.break_board(name, fault)
            case Step(where=str(name), fault=LineFaultIn() as fault):
                await stage.break_line(name, fault)
