"""A disk that remembers what it was asked, and what a power cut leaves of it.

Below SQLite a VFS records every write, truncation, sync, deletion and creation; beside SQLite, what Python itself asks
of the file system (rename, link, unlink, copy, fsync). A crash image keeps what a sync has covered. Of the rest each
write is kept, dropped or torn at 512 bytes, in any combination, hence in any order; entries of a directory are kept up
to any one of them, in order, as a journaling file system does. A file without a durable entry is lost whole.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, NamedTuple

import apsw

SECTOR = 512
JOURNALS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL
What = Literal["write", "truncate", "sync", "create", "delete", "rename", "link", "dirsync"]


class Asked(NamedTuple):
    """One request. `inode` for contents; `name` and `target` for entries; a directory for `dirsync`."""

    what: What
    inode: int = 0
    offset: int = 0
    content: bytes = b""
    name: str = ""
    target: str = ""


class Image(NamedTuple):
    """What is left after so many requests: contents by name relative to the disk's folder."""

    after: int
    files: dict[str, bytes]


@dataclass
class Disk:
    """Everything below `folder`. `observe` is asked before every request; its answers are kept beside them."""

    folder: Path
    observe: Callable[[], Any] = lambda: None
    asked: list[Asked] = field(default_factory=list)
    seen: list[Any] = field(default_factory=list)
    _inodes: dict[str, int] = field(default_factory=dict)
    _count: int = 0

    def holds(self, path: str) -> bool:
        """Whether a path lies on this disk."""
        return path.startswith(f"{self.folder}/")

    def ask(self, one: Asked) -> None:
        """Note one request."""
        self.seen.append(self.observe())
        self.asked.append(one)

    def opened(self, path: str) -> int:
        """The inode behind a path; made if there was none."""
        if path not in self._inodes:
            self._count += 1
            self._inodes[path] = self._count
            self.ask(Asked("create", self._count, name=path))
        return self._inodes[path]

    def deleted(self, path: str) -> None:
        if path in self._inodes:
            self.ask(Asked("delete", self._inodes.pop(path), name=path))

    def renamed(self, path: str, target: str) -> None:
        if path in self._inodes:
            self._inodes[target] = self._inodes.pop(path)
            self.ask(Asked("rename", self._inodes[target], name=path, target=target))

    def linked(self, path: str, target: str) -> None:
        if path in self._inodes:
            self._inodes[target] = self._inodes[path]
            self.ask(Asked("link", self._inodes[target], name=path, target=target))

    def synced(self, path: str) -> None:
        if path in self._inodes:
            self.ask(Asked("sync", self._inodes[path]))
        else:
            self.ask(Asked("dirsync", name=path))

    def required(self, count: int) -> Any:
        """What `observe` said when the request after `count` was made; at the end, now."""
        return self.seen[count] if count < len(self.seen) else self.observe()

    def images(self, chance: Random, *, stride: int = 1) -> Iterator[Image]:
        """An image of the files after every request, or every `stride`-th."""
        platter = Platter()
        for count, one in enumerate(self.asked, start=1):
            platter.take(one)
            if count % stride == 0:
                yield Image(count, {self._short(name): left for name, left in platter.cut(chance).items()})

    def _short(self, name: str) -> str:
        return str(Path(name).relative_to(self.folder))


@dataclass
class Content:
    """The bytes of one inode: what is durable, and what was asked since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """Offset and bytes; None cuts off there."""
    whole: bytes | None = None
    """The durable bytes, while nobody changes them: their hash is taken once."""


@dataclass
class Platter:
    """Contents and directories, durable and pending."""

    contents: dict[int, Content] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    entries: dict[str, list[Asked]] = field(default_factory=dict)
    """Requests for entries by directory, not durable yet."""

    def take(self, one: Asked) -> None:
        """The next request."""
        content = self.contents.setdefault(one.inode, Content())
        match one.what:
            case "write":
                content.pending.append((one.offset, one.content))
            case "truncate":
                content.pending.append((one.offset, None))
            case "sync":
                if content.pending:
                    write(content.durable, content.pending)
                    content.pending.clear()
                    content.whole = None
            case "dirsync":
                enter(self.names, self.entries.pop(one.name, []))
            case _:
                self.entries.setdefault(str(Path(one.name).parent), []).append(one)

    def cut(self, chance: Random) -> dict[str, bytes]:
        """What a power cut now leaves, by name."""
        names = dict(self.names)
        for pending in self.entries.values():
            enter(names, pending[: chance.choice((0, len(pending), chance.randint(0, len(pending))))])
        return {name: self._left(self.contents[inode], chance) for name, inode in names.items()}

    @staticmethod
    def _left(content: Content, chance: Random) -> bytes:
        if content.whole is None:
            content.whole = bytes(content.durable)
        if not content.pending or not (left := kept(content.pending, chance)):
            return content.whole
        file = bytearray(content.durable)
        write(file, left)
        return bytes(file)


def kept(pending: list[tuple[int, bytes | None]], chance: Random) -> list[tuple[int, bytes | None]]:
    """Of each request all, nothing or a torn part."""
    mood = chance.choice(("none", "all", "each", "each"))
    if mood != "each":
        return pending if mood == "all" else []
    left: list[tuple[int, bytes | None]] = []
    for offset, content in pending:
        fate = chance.choice(("drop", "keep", "tear"))
        if fate == "keep":
            left.append((offset, content))
        elif fate == "tear" and content is not None:
            sectors = range(0, len(content), SECTOR)
            left += [(offset + at, content[at : at + SECTOR]) for at in sectors if chance.random() < 0.5]
    return left


def write(file: bytearray, requests: list[tuple[int, bytes | None]]) -> None:
    """Carry requests out."""
    for offset, content in requests:
        if content is None:
            del file[offset:]
        else:
            file.extend(bytes(max(0, offset - len(file))))
            file[offset : offset + len(content)] = content


def enter(names: dict[str, int], entries: list[Asked]) -> None:
    """Carry requests for entries out."""
    for one in entries:
        if one.what in ("delete", "rename"):
            names.pop(one.name, None)
        if one.what == "create":
            names[one.name] = one.inode
        if one.what in ("rename", "link"):
            names[one.target] = one.inode


# --- SQLite


class RecordedFile(apsw.VFSFile):
    """A file of SQLite on the disk, or beside it."""

    def __init__(self, disk: Disk, filename: Any, flags: list[int]) -> None:
        name = filename.filename() if isinstance(filename, apsw.URIFilename) else str(filename)
        self._disk = disk if disk.holds(name) else None
        super().__init__("unix", filename, flags)
        if self._disk is not None:
            self._inode = self._disk.opened(name)
            # SQLite's own VFS syncs the directory with the first sync of a journal it may have made
            is_journal = bool(flags[0] & JOURNALS and flags[0] & apsw.SQLITE_OPEN_CREATE)
            self._owes = str(Path(name).parent) if is_journal else ""

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  named by SQLite
        if self._disk is not None:
            self._disk.ask(Asked("write", self._inode, offset, bytes(data)))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  named by SQLite
        if self._disk is not None:
            self._disk.ask(Asked("truncate", self._inode, newsize))
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  named by SQLite
        if self._disk is not None:
            self._disk.ask(Asked("sync", self._inode))
            if self._owes:
                self._disk.ask(Asked("dirsync", name=self._owes))
                self._owes = ""
        super().xSync(flags)


class RecordedVfs(apsw.VFS):
    """SQLite's own VFS, recorded."""

    def __init__(self, name: str, disk: Disk, *, is_default: bool) -> None:
        self._disk = disk
        super().__init__(name, "unix", makedefault=is_default)

    def xOpen(self, name: Any, flags: list[int]) -> RecordedFile:  # noqa: N802  named by SQLite
        return RecordedFile(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  named by SQLite
        if self._disk.holds(filename):
            self._disk.deleted(filename)
            if syncdir:
                self._disk.ask(Asked("dirsync", name=str(Path(filename).parent)))
        super().xDelete(filename, syncdir)


# --- Python


class Listener:
    """What Python itself asks of the file system; an audit hook cannot be taken out, so it is made once a process."""

    def __init__(self) -> None:
        self.disk: Disk | None = None
        self._fsync = os.fsync
        sys.addaudithook(self._heard)

    def fsync(self, fd: Any) -> None:
        """Python's own, recorded: no audit event tells of it."""
        self._fsync(fd)
        path = str(Path(f"/proc/self/fd/{fd}").readlink())
        if self.disk is not None and (self.disk.holds(path) or path == str(self.disk.folder)):
            self.disk.synced(path)

    def _heard(self, event: str, args: tuple[Any, ...]) -> None:
        disk = self.disk
        if disk is None or event not in ("os.rename", "os.link", "os.remove", "shutil.copyfile"):
            return
        path, target = str(args[0]), str(args[1])
        if event == "os.rename" and disk.holds(path):
            disk.renamed(path, target)
        elif event == "os.link" and disk.holds(path):
            disk.linked(path, target)
        elif event == "os.remove" and disk.holds(path):
            disk.deleted(path)
        elif event == "shutil.copyfile" and disk.holds(target):
            inode = disk.opened(target)
            disk.ask(Asked("truncate", inode))
            disk.ask(Asked("write", inode, 0, Path(path).read_bytes()))


_LISTENERS: list[Listener] = []


@contextmanager
def recording(disk: Disk, *, is_default: bool = True) -> Iterator[str]:
    """Records everything asked of the disk's folder; the name of its VFS."""
    if not _LISTENERS:
        _LISTENERS.append(Listener())
    (listener,) = _LISTENERS
    vfs = RecordedVfs("recorded", disk, is_default=is_default)
    listener.disk, os.fsync = disk, listener.fsync
    try:
        yield "recorded"
    finally:
        listener.disk, os.fsync = None, listener._fsync  # noqa: SLF001  its own module
        vfs.unregister()
        apsw.set_default_vfs("unix")
