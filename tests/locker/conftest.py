"""A small fold, a clock that never goes wrong, an open journal, and a disk that can be cut off, full or failing.

A crash image of the disk keeps, drops or tears (at 512 bytes) each write that no sync has covered, in any combination;
a file that was never synced may be missing altogether.
"""

import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from locker.events import Decision, DoorClosed, Moment, Recorded
from locker.journal import Journal
from locker.replay import Fold

SECTOR = 512


class Tally(msgspec.Struct, frozen=True):
    """A state that remembers how many doors closed, and which was the last."""

    seq: int = 0
    epoch: int = 1
    closed: int = 0
    last: int = 0


def tally(state: Tally, recorded: Recorded) -> Tally:
    event = recorded.event
    if isinstance(event, DoorClosed):
        return Tally(recorded.seq, recorded.epoch, state.closed + 1, event.compartment)
    return msgspec.structs.replace(state, seq=recorded.seq, epoch=recorded.epoch)


def ticking() -> Callable[[], Moment]:
    ticks = itertools.count()

    def now() -> Moment:
        tick = next(ticks)
        return Moment(utc_ms=1_790_000_000_000 + tick, uptime_ms=tick, run_id="r-1")

    return now


@pytest.fixture
def closing() -> Callable[..., Callable[[Any, Any, Moment], Decision]]:
    """Makes a decision that records the closing of the doors given."""

    def close(*compartments: int, hand_over: str = "h") -> Callable[[Any, Any, Moment], Decision]:
        return lambda _cabinet, _known, _moment: Decision(tuple(DoorClosed(n, hand_over) for n in compartments))

    return close


@pytest.fixture
def tally_fold() -> Fold[Tally]:
    return Fold(
        initial=Tally(),
        apply=tally,
        version=1,
        encode=msgspec.json.encode,
        decode=partial(msgspec.json.decode, type=Tally),
    )


@pytest.fixture
def settings(tally_fold: Fold[Tally]) -> dict[str, Any]:
    """What `Journal.open` and `Journal.open_inline` need beside the path."""
    return {"cabinet_id": "hoa-mai-01", "fold": tally_fold, "clock": ticking(), "release": "0.1.0"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
async def journal(path: Path, settings: dict[str, Any]) -> AsyncIterator[Journal[Tally]]:
    journal = await Journal[Tally].open(path, **settings)
    yield journal
    await journal.close()


class Disk:
    """What a disk was asked, in order, and what it holds of it after a power cut.

    `is_full` lets no file grow, until the file `freed_by` is gone; `is_failing` fails every write and sync.
    """

    def __init__(self, vfs: str) -> None:
        self.vfs = vfs
        self.asked: list[tuple[str, str, int, bytes]] = []
        self.is_full = False
        self.freed_by: Path | None = None
        self.is_failing = False

    def has_room(self) -> bool:
        return not self.is_full or (self.freed_by is not None and not self.freed_by.exists())

    def ask(self, what: str, file: str, offset: int = 0, content: bytes = b"") -> None:
        self.asked.append((what, Path(file).name, offset, content))

    def images(self, chance: random.Random) -> Iterator[tuple[int, dict[str, bytes]]]:
        """After every request: how many requests were made, and one image of the files."""
        durable: dict[str, bytearray] = {}
        pending: dict[str, list[tuple[str, int, bytes]]] = {}
        for count, (what, file, offset, content) in enumerate(self.asked, start=1):
            if what == "delete":
                durable.pop(file, None)
                pending.pop(file, None)
            elif what == "sync":
                ask_file(durable.setdefault(file, bytearray()), pending.pop(file, []))
            elif what in {"write", "truncate"}:
                pending.setdefault(file, []).append((what, offset, content))
            else:
                continue
            yield (
                count,
                {
                    name: image
                    for name in durable.keys() | pending.keys()
                    if (image := after_cut(durable.get(name), pending.get(name, []), chance)) is not None
                },
            )


def ask_file(file: bytearray, requests: list[tuple[str, int, bytes]]) -> None:
    for what, offset, content in requests:
        if what == "truncate":
            del file[offset:]
        else:
            file.extend(bytes(max(0, offset - len(file))))
            file[offset : offset + len(content)] = content


def after_cut(durable: bytearray | None, pending: list[tuple[str, int, bytes]], chance: random.Random) -> bytes | None:
    """What is left of one file: `durable`, and of each pending request all, nothing or a torn part."""
    mood = chance.choice(("none", "all", "each"))
    if durable is None and mood == "none":
        return None
    left = bytearray(durable or b"")
    kept = []
    for what, offset, content in pending:
        fate = {"none": "drop", "all": "keep"}.get(mood) or chance.choice(("drop", "keep", "tear"))
        if fate == "keep" or (fate == "tear" and what == "truncate"):
            kept.append((what, offset, content))
        elif fate == "tear":
            sectors = range(0, len(content), SECTOR)
            kept += [("write", offset + at, content[at : at + SECTOR]) for at in sectors if chance.random() < 0.5]
    ask_file(left, kept)
    return bytes(left)


class RecordedFile(apsw.VFSFile):
    def __init__(self, disk: Disk, filename: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = filename.filename() if isinstance(filename, apsw.URIFilename) else str(filename)
        super().__init__("", filename, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  named by SQLite
        if self._disk.is_failing:
            raise apsw.IOError
        if offset + len(data) > self.xFileSize() and not self._disk.has_room():
            raise apsw.FullError
        self._disk.ask("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  named by SQLite
        self._disk.ask("truncate", self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  named by SQLite
        if self._disk.is_failing:
            raise apsw.IOError
        self._disk.ask("sync", self._name)
        super().xSync(flags)


class RecordedVfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> RecordedFile:  # noqa: N802  named by SQLite
        return RecordedFile(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  named by SQLite
        self._disk.ask("delete", filename)
        super().xDelete(filename, syncdir)


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    """A recorded disk; open a journal on it with `vfs=disk.vfs`."""
    disk = Disk(f"recorded-{request.node.name}")
    vfs = RecordedVfs(disk.vfs, disk)
    yield disk
    vfs.unregister()
