"""The SQLite file under the journal: how it is opened, checked, migrated and copied, and what its errors mean.

One connection with `locking_mode=EXCLUSIVE`, WAL without a shared-memory file, `synchronous=FULL`. Never open the file
with Python's own `open` in the process that holds it: closing that handle drops SQLite's POSIX locks.

Migrations are numbered, immutable scripts that only add. Each runs in its own transaction together with `user_version`
and a row in `compat`. A script that older releases cannot live with says so in its first line: `-- oldest-reader: 7`.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from locker.refusals import (
    BackupFailed,
    JournalBroken,
    JournalCorrupt,
    JournalInUse,
    JournalTooNew,
    JournalUnreachable,
    ReadOnly,
    SqliteTooOld,
)

JOURNAL_NAME = "journal.sqlite3"
MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SQLITE = (3, 51, 3)  # the first release whose WAL reset cannot corrupt (sqlite.org/wal.html)
SETTINGS = {
    "synchronous": "FULL",
    "wal_autocheckpoint": 1000,
    "journal_size_limit": 16 * 1024 * 1024,
    "foreign_keys": "ON",
    "secure_delete": "ON",
    "mmap_size": 0,
    "temp_store": "MEMORY",
    "trusted_schema": "OFF",
    "cell_size_check": "ON",
    "cache_size": -16 * 1024,
}
FULL = "the disk of the journal is full; free some space, recording resumes by itself"
UNREACHABLE = "{path} cannot be opened for writing; its directory must exist and belong to the service's user"
_OLDEST_READER = re.compile(r"\A-- oldest-reader: (\d+)\n")


@contextmanager
def translated() -> Iterator[None]:
    """Raises our own storage faults for APSW's errors; an error of the SQL itself passes through."""
    try:
        yield
    except apsw.FullError as error:
        raise ReadOnly(FULL) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise JournalInUse(
            "another process holds the journal; stop it first (systemctl stop dossier-locker) or ask it by its socket"
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise JournalCorrupt("the journal's file is damaged; stop and restore the newest backup") from error
    except apsw.IOError as error:
        raise JournalBroken(
            "the disk failed under the journal; the process ends and reads it anew, replace the card if this repeats"
        ) from error


def require_sqlite(version: str) -> None:
    """Raises SqliteTooOld for an SQLite older than 3.51.3."""
    if tuple(int(part) for part in version.split(".")) < OLDEST_SQLITE:
        wanted = ".".join(map(str, OLDEST_SQLITE))
        raise SqliteTooOld(f"SQLite {version} can corrupt a journal; install an apsw that carries {wanted} or newer")


def connect(path: Path, *, vfs: str | None = None, synchronous: str = "FULL", create: bool = True) -> apsw.Connection:
    """The exclusive connection to `path`, settings made, `quick_check` passed.

    Raises JournalInUse, JournalCorrupt, JournalBroken, JournalUnreachable, SqliteTooOld, ReadOnly.
    """
    require_sqlite(apsw.sqlite_lib_version())
    flags = apsw.SQLITE_OPEN_READWRITE | (apsw.SQLITE_OPEN_CREATE if create else 0)
    with translated():
        connection: apsw.Connection | None = None
        try:
            connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
            _settle(connection, synchronous)
        except BaseException as error:
            if connection is not None:
                connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)  # leave what could not be used as it is
                connection.close()
            if isinstance(error, apsw.CantOpenError | apsw.ReadOnlyError | apsw.PermissionsError):
                raise JournalUnreachable(UNREACHABLE.format(path=path)) from error
            raise
    return connection


def _settle(connection: apsw.Connection, synchronous: str) -> None:
    connection.set_busy_timeout(200)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    if connection.pragma("journal_mode", "WAL") != "wal":
        raise JournalUnreachable("this file system cannot keep a write-ahead log; put the journal on a local disk")
    connection.execute("BEGIN EXCLUSIVE; COMMIT")
    for name, value in {**SETTINGS, "synchronous": synchronous}.items():
        connection.pragma(name, value)
    connection.set_busy_timeout(5000)
    verdict = connection.execute("PRAGMA quick_check(1)").get
    if verdict != "ok":
        raise JournalCorrupt(f"the journal's file is damaged ({verdict}); stop and restore the newest backup")


def schema(connection: apsw.Connection) -> int:
    """Number of the last migration this database has; 0 = empty."""
    return int(connection.pragma("user_version"))


def migrate(connection: apsw.Connection, path: Path, *, release: str, scripts: Path = MIGRATIONS) -> None:
    """Brings the database to the newest schema; a copy `<name>.before-NNN` precedes each step of a non-empty one.

    Raises JournalTooNew when a newer release wrote it and does not name ours as a reader.
    """
    steps = scripts_of(scripts)
    newest = steps[-1][0]
    with translated():
        current = schema(connection)
        if current > newest:
            require_readable(connection, newest)
        for number, script in steps:
            if number <= current:
                continue
            if current:
                copy(connection, path.with_name(f"{path.name}.before-{number:03d}"))
            _step(connection, number, script.read_text(encoding="utf-8"), release)
            current = number


def require_readable(connection: apsw.Connection, newest: int | None = None) -> None:
    """Raises JournalTooNew when the database names an oldest reader above `newest`, our newest schema."""
    found: Any = connection.execute("SELECT oldest_reader, release FROM compat ORDER BY schema DESC LIMIT 1").get
    oldest, writer = found or (None, "an unknown release")
    if oldest is None or oldest > (newest or scripts_of(MIGRATIONS)[-1][0]):
        raise JournalTooNew(
            f"release {writer} wrote this journal and this one cannot read it; install {writer} or newer"
        )


def scripts_of(folder: Path) -> list[tuple[int, Path]]:
    """The migrations in `folder` with their numbers, in order."""
    return sorted((int(script.name.split("-", 1)[0]), script) for script in folder.glob("[0-9]*.sql"))


def _step(connection: apsw.Connection, number: int, script: str, release: str) -> None:
    named = _OLDEST_READER.match(script)
    oldest_reader = int(named[1]) if named else 1
    with connection:
        before = connection.execute("SELECT max(oldest_reader) FROM compat").get if number > 1 else 1
        connection.execute(script)
        connection.execute(
            "INSERT INTO compat (schema, oldest_reader, release) VALUES (?, ?, ?)",
            (number, max(oldest_reader, before or 1), release),
        )
        connection.pragma("user_version", number)


class Copy:
    """An online copy of an open database into the file `target`, in steps between which the source may be written.

    `step` belongs to the thread of the source. Every error is a BackupFailed: it says nothing about the source.
    """

    def __init__(self, source: apsw.Connection, target: Path) -> None:
        with _copying(target):
            target.unlink(missing_ok=True)
            self._connection = apsw.Connection(str(target))
            target.chmod(0o600)
            self._backup = self._connection.backup("main", source, "main")
        self.target = target

    def step(self, pages: int = -1) -> bool:
        """Copies that many pages (-1: all that are left); True when the copy is complete."""
        with _copying(self.target):
            return self._backup.step(pages)

    def detach(self) -> None:
        """Lets the source go; in its thread, complete or not."""
        self._backup.close(force=True)

    def finish(self) -> tuple[int, int]:
        """Makes the complete copy one self-contained, checked file; epoch and seq of its head. Any thread."""
        with _copying(self.target):
            self._connection.pragma("journal_mode", "DELETE")
            verdict = self._connection.execute("PRAGMA integrity_check(1)").get
            head: Any = self._connection.execute("SELECT epoch, seq FROM event ORDER BY seq DESC LIMIT 1").get or (1, 0)
        if verdict != "ok":
            raise BackupFailed(f"the copy {self.target.name} is damaged ({verdict}); check the disk that holds it")
        return int(head[0]), int(head[1])

    def close(self) -> None:
        """Closes the copy."""
        self._connection.close(force=True)


@contextmanager
def _copying(target: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.Error, OSError) as error:
        raise BackupFailed(
            f"no copy could be made in {target.parent} ({error}); it must exist, be writable and have room"
        ) from error


def copy(connection: apsw.Connection, target: Path) -> None:
    """A checked, synced copy of the open database at `target`, in place of an older file of that name."""
    one = Copy(connection, target.with_name(target.name + ".part"))
    try:
        one.step()
        one.detach()
        one.finish()
    finally:
        one.close()
    put_in_place(one.target, target)


def put_in_place(part: Path, target: Path) -> None:
    """Syncs `part`, renames it to `target`, syncs the directory."""
    sync(part)
    part.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Fsync of a file or a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
