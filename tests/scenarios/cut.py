"""Ends a controller at a chosen commit; see cut.c."""

from __future__ import annotations

import struct
import subprocess
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("cut.c")
ORDERS = struct.Struct("=iii")


class Side(IntEnum):
    """On which side of a commit the process ends."""

    NEVER = 0
    BEFORE = 1
    """Before the first write: nothing of the commit exists."""
    AFTER = 2
    """After the sync: the commit is on disk, and nobody was told."""


def build(folder: Path) -> Path:
    """Compiles the library into `folder`."""
    library = folder / "cut.so"
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl"], check=True
    )
    return library


class Cut:
    """Orders to the controllers that were started with `environment`."""

    def __init__(self, library: Path, orders: Path) -> None:
        self._orders = orders
        self.environment = {"LD_PRELOAD": str(library), "CUT_ORDERS": str(orders)}
        self._give(Side.NEVER, 0)

    def order(self, side: Side, at: int) -> None:
        """End at the `at`-th commit from now on."""
        self._give(side, at)

    def cancel(self) -> None:
        """No end any more."""
        self._give(Side.NEVER, 0)

    @property
    def seen(self) -> int:
        """Commits since the order."""
        return int(ORDERS.unpack(self._orders.read_bytes())[2])

    def _give(self, side: Side, at: int) -> None:
        with self._orders.open("r+b" if self._orders.exists() else "w+b") as shared:
            shared.write(ORDERS.pack(side, at, 0))
