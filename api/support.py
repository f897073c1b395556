"""The support bundle: what a supplier needs to find a fault, in one file that may be given away.

It is made of a closed list and tells of no person: figures, health, the bus, facts by kind and time without their
bodies, open incidents by kind, the wiring and the named sections of the configuration, and the log, in which nobody is.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import apsw

from api import bus_view, health
from api.control import Command, Reply
from api.meters import Meters
from api.running import Running
from locker import database
from locker.config import Config

FACTS = 5_000
LOG_LINES = 20_000
SHOWN: Mapping[str, Any] = {
    "cabinet": {"id", "timezone", "training"},
    "storage": True,
    "kiosk": {"host", "port", "idle_seconds", "asks_reach", "accepts_slips"},
    "clerk": {"host", "port", "hosts"},
    "centre": {"url", "poll_seconds"},
    "notices": {"gateways", "needs_registered_texts", "day_starts", "day_ends", "round_closes_after_seconds"},
    "privacy": True,
    "limits": True,
    "panel": True,
    "printer": True,
    "scanner": True,
    "bus": True,
    "board": True,
    "compartment": True,
    "lock": True,
}
_LATEST = "SELECT seq, epoch, type, utc_ms, clock, run_id, uptime_ms FROM event ORDER BY seq DESC LIMIT ?"
_COUNTS = "SELECT type, count(*) FROM event GROUP BY type ORDER BY type"


def commands(running: Running) -> Mapping[str, Command]:
    """What the control socket offers."""
    meters = Meters(running)
    bus = bus_view.commands(running)

    async def support() -> Reply:
        facts = await running.journal.read(_facts)
        cabinet = running.journal.cabinet
        return {
            "health": {"status": running.state, "parts": health.parts(running)},
            "figures": (await meters.read(running)).decode(),
            "bus": {**await bus["bus"](), **await bus["bus-frames"]()},
            "incidents": [
                {"kind": one.kind, "compartment": one.compartment, "opened_utc_ms": one.opened_utc_ms}
                for one in cabinet.incidents.values()
            ],
            "facts": facts,
        }

    return {"support": support}


def _facts(connection: apsw.Connection) -> dict[str, Any]:
    names = ("seq", "epoch", "type", "utc_ms", "clock", "run_id", "uptime_ms")
    latest = [dict(zip(names, row, strict=True)) for row in connection.execute(_LATEST, (FACTS,))]
    return {
        "schema": database.schema(connection),
        "counts": {str(kind): count for kind, count in connection.execute(_COUNTS)},
        "latest": latest,
    }


def write(file: Path, config: Config, told: Reply, *, logs: Sequence[Path] = ()) -> None:
    """Write the bundle, a zip file for its owner only. `told` is what the running service answered, `logs` are files
    with its log where the system keeps none. Raises FileExistsError and other OSErrors.
    """
    parts = {
        "about.json": _about(),
        "configuration.json": config.model_dump(mode="json", include=dict(SHOWN)),
        **{f"{name}.json": part for name, part in told.items() if name != "figures"},
    }
    with (
        os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw,
        zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bundle,
    ):
        for name, part in parts.items():
            bundle.writestr(name, json.dumps(part, indent=1, ensure_ascii=False))
        bundle.writestr("figures.txt", str(told.get("figures", "")))
        bundle.writestr("log.jsonl", _log(logs))


def _about() -> dict[str, Any]:
    packages = sorted({(one.metadata["Name"], one.version) for one in metadata.distributions()})
    return {
        "python": platform.python_version(),
        "machine": platform.platform(),
        "sqlite": apsw.sqlite_lib_version(),
        "packages": dict(packages),
    }


def _log(logs: Sequence[Path]) -> str:
    if logs:
        return "".join(log.read_text(encoding="utf-8", errors="replace") for log in logs)
    program = shutil.which("journalctl")
    if program is None:
        return ""
    asked = [program, "--unit=dossier-locker", "--output=cat", f"--lines={LOG_LINES}", "--no-pager", "--quiet"]
    ran = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603  constants
    return ran.stdout
