"""Keeping the journal: copies of the running one, putting a copy back, and proving that nothing was changed.

A restore loses what came after the copy, so it is never quiet: the present journal is moved aside, the copy is marked,
and the next `Journal.open` reports `restored_from`, upon which the service starts a recount with the centre.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec

from locker import chain, database, seals
from locker.events import JournalSealed
from locker.journal import Journal
from locker.refusals import BackupRefused, JournalInUse, JournalTooNew, JournalUnreachable, StorageFault
from locker.reserve import Breakages

_NAME = re.compile(r"journal-(?P<time>\d{8}T\d{6}Z)-e(?P<epoch>\d+)-s(?P<seq>\d+)\.sqlite3")
_HEAD = re.compile(r"(?P<seq>[1-9]\d{0,17}):(?P<hash>[0-9a-fA-F]{64})", re.ASCII)
_STEP = 10_000
_FORMER = database.JOURNAL_NAME + ".{}-*"
_KEYS = "SELECT DISTINCT json_extract(body, '$.key') FROM event WHERE type = 'RunStarted'"


class Verdict(NamedTuple):
    """What `verify` found. `flaw_seq` is the first event that does not hold and `what` says why; 0 and "" if all do.

    `head_hash` is 64 hex digits: noted elsewhere it is the anchor that shows a later truncation. `seals` counts those
    that fit.
    """

    seq: int
    head_hash: str
    flaw_seq: int = 0
    what: str = ""
    seals: int = 0

    @property
    def is_sound(self) -> bool:
        return not self.what


def anchor_of(head: str) -> tuple[int, str]:
    """A head as people note it, `812:5d0c…`: number and hash of a fact. Raises ValueError."""
    found = _HEAD.fullmatch(head.strip())
    if found is None:
        raise ValueError("write a head as number:hash, 812:5d0c… with all 64 digits, as `verify` prints it")
    return int(found["seq"]), found["hash"].lower()


def _unheard(_done: int, _total: int) -> None:
    pass


async def backup(journal: Journal[Any], directory: Path, *, keep: int, utc_ms: int) -> Path:
    """A checked, synced copy of the running journal in `directory`; all but the newest `keep` copies there are removed.

    `utc_ms` is wall time for its name. Raises BackupFailed.
    """
    part = directory / f".part-{os.getpid()}.sqlite3"
    try:
        with suppress(OSError):  # what cannot be made is told by the copy
            await asyncio.to_thread(directory.mkdir, mode=0o700, parents=True, exist_ok=True)
        epoch, seq = await journal.copy_to(part)
        stamp = datetime.fromtimestamp(utc_ms / 1000, UTC)
        target = directory / f"journal-{stamp:%Y%m%dT%H%M%SZ}-e{epoch}-s{seq:09d}.sqlite3"
        database.put_in_place(part, target)
    finally:
        with suppress(OSError):
            part.unlink()
    others = [copy for copy in _copies(directory) if copy != target]
    for older in others[max(keep - 1, 0) :]:
        older.unlink()
    return target


def expire(backups: Path, storage_directory: Path, *, before_utc_ms: int) -> tuple[Path, ...]:
    """Removes copies made before a wall time, and journals that a restore moved aside or a migration copied.

    They hold personal data that the running journal has erased. The newest copy stays, for it is what a restore needs.
    What cannot be removed now is left for the next time.
    """
    before = datetime.fromtimestamp(before_utc_ms / 1000, UTC)
    old = [copy for copy in _copies(backups)[1:] if copy.name.split("-")[1] < f"{before:%Y%m%dT%H%M%SZ}"]
    for former in (file for kind in ("aside", "before") for file in storage_directory.glob(_FORMER.format(kind))):
        with suppress(OSError):
            if former.stat().st_mtime * 1000 < before_utc_ms:
                old.append(former)
    removed = []
    for path in old:
        with suppress(OSError):
            path.unlink()
            removed.append(path)
    return tuple(removed)


def latest(directory: Path) -> Path | None:
    """The newest copy: highest epoch, then seq, whatever the clock said; None when there is none."""
    return next(iter(_copies(directory)), None)


def _copies(directory: Path) -> list[Path]:
    found = [(match, path) for path in directory.glob("journal-*") if (match := _NAME.fullmatch(path.name))]
    found.sort(key=lambda one: (int(one[0]["epoch"]), int(one[0]["seq"]), one[0]["time"]), reverse=True)
    return [path for _match, path in found]


def restore(backup_file: Path, storage_directory: Path, *, utc_ms: int) -> Path | None:
    """Puts a copy in place of the journal of a stopped service; returns where the present journal was moved, if any.

    Raises JournalInUse (the service runs), BackupRefused (nothing was touched), JournalUnreachable.
    """
    present = storage_directory / database.JOURNAL_NAME
    epoch = _highest_epoch(present)
    part = storage_directory / (database.JOURNAL_NAME + ".restoring")
    try:
        _prepare(backup_file, part, epoch=epoch, utc_ms=utc_ms)
        aside = _move_aside(present)
        database.put_in_place(part, present)
    finally:
        part.unlink(missing_ok=True)
    return aside


def _highest_epoch(present: Path) -> int:
    """The highest epoch that the present journal knows of; 1 without one or when it is damaged, then the centre knows.

    Its write-ahead log is folded into it. Raises JournalInUse.
    """
    if not present.exists():
        return 1
    try:
        connection = database.connect(present, create=False)
    except JournalInUse:
        raise
    except StorageFault:
        return 1
    try:
        known: Any = connection.execute(
            "SELECT max(epoch) FROM (SELECT 1 AS epoch UNION SELECT epoch FROM event UNION SELECT epoch FROM restored)"
        ).get
        return int(known)
    finally:
        connection.close()


def _prepare(backup_file: Path, part: Path, *, epoch: int, utc_ms: int) -> None:
    try:
        shutil.copyfile(backup_file, part)
        part.chmod(0o600)
    except OSError as error:
        raise JournalUnreachable(f"{backup_file} cannot be copied to {part.parent}: {error.strerror}") from error
    verdict = verify(part)
    if not verdict.is_sound:
        raise BackupRefused(f"{backup_file.name} is not sound ({verdict.what}); take an older one")
    connection = apsw.Connection(str(part))
    try:
        with database.translated():
            database.require_readable(connection)
            connection.execute(
                "INSERT INTO restored (seq, epoch, utc_ms, file) VALUES (?, ?, ?, ?)",
                (verdict.seq, epoch, utc_ms, backup_file.name),
            )
    except JournalTooNew as error:
        raise BackupRefused(str(error)) from error
    finally:
        connection.close()


def _move_aside(present: Path) -> Path | None:
    """Gives the present journal a second name and takes its log away, so that the rename over it is the only switch."""
    if not present.exists():
        return None
    number = 1
    while (aside := present.with_name(f"{present.name}.aside-{number}")).exists():
        number += 1
    os.link(present, aside)
    for suffix in ("-wal", "-journal"):
        with suppress(FileNotFoundError):
            present.with_name(present.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def verify(
    path: Path,
    on_progress: Callable[[int, int], None] = _unheard,
    *,
    anchor: tuple[int, str] | None = None,
    public: Collection[str] = (),
) -> Verdict:
    """Walks the file and the whole hash chain of a journal that no service holds, or of a copy.

    `anchor` is a (seq, hash) known from elsewhere, such as what the centre has acked: a journal that ends before it, or
    has another event there, was truncated or replaced. With the `public` keys of receipts, one for each device key that
    the cabinet had, the signatures of its yearly seals are checked as well. Raises JournalInUse, JournalUnreachable,
    ReceiptRefusedError (no key).
    """
    with database.translated():
        try:
            connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        except apsw.CantOpenError as error:
            raise JournalUnreachable(f"there is no journal {path} that can be read; check the path") from error
        try:
            return _verify(connection, on_progress, anchor, public)
        except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as error:
            return Verdict(0, "", 1, f"the file is damaged: {error}")
        finally:
            connection.close()


def _verify(
    connection: apsw.Connection,
    on_progress: Callable[[int, int], None],
    anchor: tuple[int, str] | None,
    public: Collection[str],
) -> Verdict:
    connection.set_busy_timeout(200)
    connection.execute("PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
    damage = connection.execute("PRAGMA integrity_check(1)").get
    if damage != "ok":
        return Verdict(0, "", 1, f"the file is damaged: {damage}")
    walk = _Walk(connection)
    while walk.step(connection):
        on_progress(walk.seq, walk.total)
    return walk.verdict(connection, anchor, public)


async def audit(
    journal: Journal[Any],
    on_progress: Callable[[int, int], None] = _unheard,
    *,
    anchor: tuple[int, str] | None = None,
    public: Collection[str] = (),
) -> Verdict:
    """`verify` for the running journal, in steps between which others record."""
    walk = await journal.read(_Walk)
    while await journal.read(walk.step):
        on_progress(walk.seq, walk.total)
    return await journal.read(lambda connection: walk.verdict(connection, anchor, public))


async def keys_of(journal: Journal[Any]) -> frozenset[str]:
    """The public keys that the runs of this journal named: one for each device key it had."""
    found = await journal.read(lambda connection: connection.execute(_KEYS).fetchall())
    return frozenset(key for (key,) in found if isinstance(key, str))


class _Walk:
    """How far a walk along the chain has come."""

    def __init__(self, connection: apsw.Connection) -> None:
        self.seq = 0
        self.epoch = 0
        self.hash = chain.GENESIS
        self.flaw: chain.Flaw | None = None
        self.cabinet = str(connection.execute("SELECT cabinet FROM about").get)
        self.total = int(connection.execute("SELECT coalesce(max(seq), 0) FROM event").get)

    def step(self, connection: apsw.Connection) -> bool:
        """Checks the next events; False when there are none or one does not hold."""
        found = chain.walk(connection, self.cabinet, self.seq, self.hash, self.epoch, _STEP)
        if isinstance(found, chain.Flaw):
            self.flaw = found
        if not isinstance(found, chain.Row):
            return False
        self.seq, self.epoch, self.hash = found.seq, found.epoch, found.hash
        return True

    def verdict(self, connection: apsw.Connection, anchor: tuple[int, str] | None, public: Collection[str]) -> Verdict:
        """The outcome, the seals and the anchor compared."""
        at = Verdict(self.seq, self.hash.hex())
        if self.flaw is not None:
            return at._replace(flaw_seq=self.flaw.seq, what=self.flaw.what)
        at = self._sealed(connection, at, public)
        if anchor is None or not at.is_sound:
            return at
        seq, expected = anchor
        if seq > self.seq:
            return at._replace(flaw_seq=self.seq + 1, what=f"the journal ends at {self.seq}, but {seq} was known of it")
        found = chain.hash_at(connection, seq)
        if found is None or found.hex() != expected:
            return at._replace(flaw_seq=seq, what=f"event {seq} is another one than was known of it")
        return at

    def _sealed(self, connection: apsw.Connection, at: Verdict, public: Collection[str]) -> Verdict:
        for seq, seal in _seals(connection):
            found = chain.hash_at(connection, seal.through)
            if found is None or found.hex() != seal.head_hash or seal.through >= seq:
                return at._replace(flaw_seq=seq, what=f"the seal of {seal.year} is about another past than this one")
            if public and not any(seals.is_signed(self.cabinet, seal, key) for key in public):
                return at._replace(flaw_seq=seq, what=f"the seal of {seal.year} was not signed by a key that was given")
            at = at._replace(seals=at.seals + 1)
        return at


def _seals(connection: apsw.Connection) -> Iterator[tuple[int, JournalSealed]]:
    for seq, body in connection.execute("SELECT seq, body FROM event WHERE type = 'JournalSealed' ORDER BY seq"):
        yield seq, msgspec.json.decode(body, type=JournalSealed)


def end_safe_mode(storage_directory: Path) -> None:
    """Somebody has looked at the disk: the next start is an ordinary one."""
    Breakages(storage_directory / (database.JOURNAL_NAME + ".breakages")).forgive()
