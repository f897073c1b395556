"""The wall clock of a test's programs: set to any day, and set forward while they run; see wall_clock.c."""

from __future__ import annotations

import math
import struct
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

SOURCE = Path(__file__).with_suffix(".c")
AHEAD_S = struct.Struct("=q")
OFFICE_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def build(folder: Path) -> Path:
    """Compiles the library into `folder`."""
    library = folder / "wall_clock.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl"], check=True
    )
    return library


class WallClock:
    """The time that programs started with `environment` take for the wall's, and their people too."""

    def __init__(self, library: Path, told: Path) -> None:
        self._told = told
        self._ahead_s = 0
        self.environment = {"LD_PRELOAD": str(library), "WALL_CLOCK": str(told)}
        told.write_bytes(AHEAD_S.pack(0))

    def set(self, local: str) -> None:
        """To this local time of the office, `2027-02-03 21:14`."""
        wanted = datetime.fromisoformat(local).replace(tzinfo=OFFICE_ZONE)
        self._ahead_s = math.ceil((wanted - datetime.now(UTC)).total_seconds())
        with self._told.open("r+b") as shared:
            shared.write(AHEAD_S.pack(self._ahead_s))

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead_s)
