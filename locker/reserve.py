"""Two small files beside the journal: room kept back for a full disk, and a note of each time the disk failed."""

import os
from contextlib import suppress
from pathlib import Path

MIB = 1024 * 1024
HOUR_MS = 3_600_000


class Reserve:
    """`mib` MiB held on the disk so that what has happened at a door can still be recorded when the disk is full."""

    def __init__(self, path: Path, mib: int) -> None:
        self.path = path
        self._bytes = mib * MIB

    def hold(self) -> None:
        """Takes the room. Raises OSError when there is not that much."""
        if not self._bytes or (self.path.exists() and self.path.stat().st_size == self._bytes):
            return
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, self._bytes)
        except OSError:
            self.path.unlink()
            raise
        finally:
            os.close(handle)

    def release(self) -> bool:
        """Gives the room back to the disk; False when there was none."""
        try:
            self.path.unlink()
        except FileNotFoundError:
            return False
        return True

    def is_room_again(self) -> bool:
        """True if the disk has room for the reserve and as much again."""
        disk = os.statvfs(self.path.parent)
        missing = 0 if self.path.exists() else self._bytes
        return disk.f_bavail * disk.f_frsize > missing + max(self._bytes, MIB)


class Breakages:
    """When the disk failed under the journal. It outlives the process, and is no part of the journal that failed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, utc_ms: int) -> None:
        """Adds one; a disk that takes nothing any more keeps it to itself."""
        with suppress(OSError), self.path.open("a", encoding="ascii") as notes:
            notes.write(f"{utc_ms}\n")
            notes.flush()
            os.fsync(notes.fileno())

    def is_repeated(self) -> bool:
        """True if the two latest came within an hour: the next start is in safe mode."""
        try:
            noted = [int(line) for line in self.path.read_text(encoding="ascii").splitlines() if line.isdecimal()]
        except OSError:
            return False
        return len(noted) > 1 and abs(noted[-1] - noted[-2]) <= HOUR_MS

    def forgive(self) -> None:
        """Ends safe mode: somebody has looked at the disk."""
        self.path.unlink(missing_ok=True)
