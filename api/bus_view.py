"""What `dossier-locker bus` shows of the running service: frames, counters, latencies, and which lock will fail."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from statistics import median
from typing import Any

from api.control import Command, Reply
from api.running import Line, Running
from hw import tape
from locker.lock_history import openings
from locker.rules import lock_trends

SHOWN_AT_ONCE = 150


def commands(running: Running) -> Mapping[str, Command]:
    """What the control socket offers."""

    async def bus() -> Reply:
        history = await running.journal.read(openings)
        locks = lock_trends.trends(history)
        return {
            "buses": [_bus(line) for line in running.doors.buses],
            "boards": {name: board.cause or "online" for name, board in running.doors.boards.items()},
            "locks": [
                {
                    "compartment": one.compartment,
                    "openings": one.openings,
                    "misses": one.misses,
                    "usual_ms": one.usual_ms,
                    "lately_ms": one.lately_ms,
                    "will_fail": one.will_fail,
                }
                for one in locks
            ],
        }

    async def frames() -> Reply:
        return {
            "lines": {
                line.name: [
                    {"number": one.number, "text": tape.told(one)} for one in line.tape.latest()[-SHOWN_AT_ONCE:]
                ]
                for line in running.doors.buses
            }
        }

    return {"bus": bus, "bus-frames": frames}


def _bus(line: Line) -> dict[str, Any]:
    answered = sorted(one.took_s * 1000 for one in line.tape.latest() if one.answer is not None)
    return {
        "name": line.name,
        "counters": dataclasses.asdict(line.counters),
        "median_ms": round(median(answered), 1) if answered else 0,
        "slowest_ms": round(answered[-1], 1) if answered else 0,
    }


def page(reply: Reply) -> str:
    """The figures as text."""
    lines = []
    for bus in reply["buses"]:
        counted = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in bus["counters"].items())
        lines.append(f"bus {bus['name']}: {counted}")
        lines.append(f"  an answer takes {bus['median_ms']} ms (median), {bus['slowest_ms']} ms at most lately")
    lines += [f"board {name}: {cause}" for name, cause in reply["boards"].items()]
    for lock in reply["locks"]:
        verdict = f"WILL FAIL: {lock['will_fail']}" if lock["will_fail"] else "good"
        pace = f"{lock['lately_ms']} ms lately, {lock['usual_ms'] or '?'} before"
        counted = f"{lock['openings']} openings, {lock['misses']} misses"
        lines.append(f"lock {lock['compartment']:3}: {counted}, {pace}: {verdict}")
    return "\n".join(lines)
