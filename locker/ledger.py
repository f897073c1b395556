"""The writer's side of the journal: one connection, one thread, no event loop.

A record is one transaction: query, pure decision, events appended to the hash chain, rows, views, and now and then a
checkpoint of the fold. Whoever owns a ledger is told of every commit (`on_commit`) and of the end of it all (`on_end`).
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, Literal, Required, TypedDict, TypeVar

import apsw
import structlog

from locker import chain, database, rows
from locker.events import Decision, Event, Moment, Recorded, RecountStarted
from locker.refusals import (
    CursorRefused,
    JournalBroken,
    JournalClosed,
    JournalCorrupt,
    ReadOnly,
    StorageFault,
    WrongCabinet,
)
from locker.replay import C, Fold, Head, Views, keep_checkpoint, replay
from locker.reserve import Breakages, Reserve

CHECKPOINT_EVERY = 500
T = TypeVar("T")
Decide = Callable[[C, Any, Moment], Decision]
Known = Callable[[apsw.Connection], Any]
log = structlog.get_logger()


class Settings(TypedDict, Generic[C], total=False):
    """What a journal is opened with.

    `clock` gives the moment of a decision and is called in the writer's thread. `release` is kept with a migration.
    `executor` is one thread (the default) or `Inline()`. `reserve_mib` MiB are held back for a full disk. The last four
    are for tests and measurements.
    """

    cabinet_id: Required[str]
    fold: Required[Fold[C]]
    clock: Required[Callable[[], Moment]]
    release: Required[str]
    views: Views
    executor: Executor
    reserve_mib: int
    checkpoint_every: int
    migrations: Path
    vfs: str
    synchronous: Literal["FULL", "NORMAL"]


class Ledger(Generic[C]):
    """The open file and the state folded from it. Every call belongs to one thread."""

    def __init__(
        self,
        path: Path,
        settings: Settings[C],
        *,
        on_commit: Callable[[C], None],
        on_end: Callable[[], None],
    ) -> None:
        self.path = path
        self.cabinet_id = settings["cabinet_id"]
        self.head: Head[C] = Head(0, 1, chain.GENESIS, settings["fold"].initial)
        self.ended: StorageFault | None = None
        self.restored_from: int | None = None
        self.highest_epoch = 1
        self.is_read_only = False
        self.is_in_safe_mode = False
        self._settings = settings
        self._fold = settings["fold"]
        self._clock = settings["clock"]
        self._views = settings.get("views")
        self._checkpoint_every = settings.get("checkpoint_every", CHECKPOINT_EVERY)
        self._checkpoint_seq = 0
        self._reserve = Reserve(path.with_name(path.name + ".reserve"), settings.get("reserve_mib", 0))
        self._breakages = Breakages(path.with_name(path.name + ".breakages"))
        self._on_commit = on_commit
        self._on_end = on_end
        self._connection: apsw.Connection | None = None

    # --- life

    def start(self, on_progress: Callable[[int, int], None]) -> None:
        """Opens the file, migrates it, folds its events. Raises what `Journal.open` names."""
        self.is_in_safe_mode = self._breakages.is_repeated()
        connection = database.connect(
            self.path, vfs=self._settings.get("vfs"), synchronous=self._settings.get("synchronous", "FULL")
        )
        self._connection = connection
        with self._guarded():
            database.migrate(
                connection,
                self.path,
                release=self._settings["release"],
                scripts=self._settings.get("migrations", database.MIGRATIONS),
            )
            self._claim(connection)
            self.head, self._checkpoint_seq = replay(connection, self._fold, self._views, on_progress)
            self.restored_from = connection.execute(
                "SELECT seq FROM restored WHERE answered_by IS NULL ORDER BY id DESC LIMIT 1"
            ).get
            before = connection.execute("SELECT coalesce(max(epoch), 1) FROM restored").get
            self.highest_epoch = max(self.head.epoch, int(before))
        self._hold_reserve()
        if self.head.seq - self._checkpoint_seq >= self._checkpoint_every:
            self._keep_checkpoint(connection)

    def _claim(self, connection: apsw.Connection) -> None:
        with _transaction(connection):
            connection.execute(
                "INSERT INTO about (one, cabinet) VALUES (1, ?) ON CONFLICT DO NOTHING", (self.cabinet_id,)
            )
            owner = connection.execute("SELECT cabinet FROM about").get
        if owner != self.cabinet_id:
            raise WrongCabinet(
                f"this journal belongs to cabinet {owner}; correct [cabinet] id or the storage directory"
            )

    def close(self, *, checkpoint: bool = True) -> None:
        """Writes a checkpoint, unless told not to, and closes the file."""
        is_behind = self.head.seq > self._checkpoint_seq
        if checkpoint and is_behind and self._connection is not None and self.ended is None:
            self._keep_checkpoint(self._connection)
        self._end(JournalClosed("the journal is closed; the service is stopping"))
        self.drop()

    def drop(self) -> None:
        """Closes the file as it is."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def fault(self) -> StorageFault:
        """Why nothing can be asked of this ledger any more."""
        reason = self.ended or JournalClosed("the journal is not open")
        return type(reason)(*reason.args)

    def live(self) -> apsw.Connection:
        """The connection. Raises JournalClosed, JournalBroken, JournalCorrupt."""
        if self._connection is None or self.ended is not None:
            raise self.fault()
        return self._connection

    # --- reading, cursors

    def read(self, query: Callable[[apsw.Connection], T]) -> T:
        """What `query` returns; it cannot write.

        Each statement is looked at before it runs. `PRAGMA query_only` would do, but every change of it has SQLite
        prepare all statements of the connection anew.
        """
        connection = self.live()
        with self._guarded():
            connection.exec_trace = _only_reads
            try:
                return query(connection)
            finally:
                connection.exec_trace = None

    def cursor(self, name: str) -> int:
        """How far the reader `name` has come; 0 at first."""
        return self.read(lambda connection: _cursor(connection, name))

    def move_cursor(self, name: str, seq: int) -> None:
        """Durably moves the cursor. Raises CursorRefused for a step back or beyond the head."""
        connection = self.live()
        with self._guarded(), _transaction(connection):
            now = _cursor(connection, name)
            if not now <= seq <= self.head.seq:
                raise CursorRefused(
                    f"cursor {name} stands at {now} and the head at {self.head.seq}; it cannot move to {seq}"
                )
            connection.execute(
                "INSERT INTO cursor (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
                (name, seq),
            )

    # --- recording

    def record(self, decide: Decide[C], known: Known | None, *, must_land: bool) -> tuple[Recorded, ...]:
        """One transaction; see `Journal.record`."""
        if self.is_read_only and not must_land:
            self._leave_read_only()
        try:
            decision, recorded = self._commit(decide, known)
        except ReadOnly:
            self._enter_read_only()
            if not (must_land and self._reserve.release()):
                raise
            decision, recorded = self._commit(decide, known)
        if decision.refusal is not None:
            raise decision.refusal
        return recorded

    def _commit(self, decide: Decide[C], known: Known | None) -> tuple[Decision, tuple[Recorded, ...]]:
        connection = self.live()
        with self._guarded():
            with _transaction(connection):
                moment = self._clock()
                answer = known(connection) if known else None
                decision = decide(self.head.state, answer, moment)
                recorded, head = self._append(connection, decision.events, moment)
                rows.write(connection, decision.rows)
                if self._views is not None and recorded:
                    self._views.apply(connection, recorded)
                is_due = head.seq - self._checkpoint_seq >= self._checkpoint_every
                if is_due:
                    keep_checkpoint(connection, self._fold, head)
            self._take_over(head, recorded, is_checkpoint=is_due)
        if rows.erases(decision.rows):
            with suppress(ReadOnly), self._guarded():  # on a full disk it waits for the next one
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return decision, recorded

    def _append(
        self, connection: apsw.Connection, events: Sequence[Event], moment: Moment
    ) -> tuple[tuple[Recorded, ...], Head[C]]:
        seq, epoch, prev_hash, state = self.head.seq, self.head.epoch, self.head.hash, self.head.state
        recorded = []
        for event in events:
            seq += 1
            if isinstance(event, RecountStarted):
                if event.epoch <= epoch:
                    raise ValueError(f"a recount needs an epoch above {epoch}, not {event.epoch}")
                epoch = event.epoch
                connection.execute("UPDATE restored SET answered_by = ? WHERE answered_by IS NULL", (seq,))
            one = Recorded(seq, epoch, moment, event)
            row = chain.row_of(self.cabinet_id, prev_hash, one)
            connection.execute(chain.INSERT, row)
            state = self._fold.apply(state, one)
            prev_hash = row.hash
            recorded.append(one)
        return tuple(recorded), Head(seq, epoch, prev_hash, state)

    def _take_over(self, head: Head[C], recorded: Sequence[Recorded], *, is_checkpoint: bool) -> None:
        self.head = head
        self.highest_epoch = max(self.highest_epoch, head.epoch)
        if is_checkpoint:
            self._checkpoint_seq = head.seq
        if any(isinstance(one.event, RecountStarted) for one in recorded):
            self.restored_from = None
        self._on_commit(head.state)

    def _keep_checkpoint(self, connection: apsw.Connection) -> None:
        with suppress(ReadOnly), self._guarded(), _transaction(connection):
            keep_checkpoint(connection, self._fold, self.head)
            self._checkpoint_seq = self.head.seq

    # --- the full disk, the broken disk

    def _hold_reserve(self) -> None:
        try:
            self._reserve.hold()
        except OSError as error:
            log.warning("no room for the reserve of the journal; free some space", error=error.strerror)
            self.is_read_only = True

    def _enter_read_only(self) -> None:
        if not self.is_read_only:
            log.warning("the disk of the journal is full; nothing new is recorded until there is room")
        self.is_read_only = True

    def _leave_read_only(self) -> None:
        if not self._reserve.is_room_again():
            raise ReadOnly(database.FULL)
        self.is_read_only = False
        self._hold_reserve()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Storage faults typed; a broken or corrupt journal ends here, for every caller and waiter."""
        try:
            with database.translated():
                yield
        except JournalBroken as error:
            self._breakages.note(self._clock().utc_ms)
            self._abandon(error)
            raise
        except JournalCorrupt as error:
            self._abandon(error)
            raise

    def _abandon(self, reason: StorageFault) -> None:
        if self._connection is not None:
            self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        self._end(reason)

    def _end(self, reason: StorageFault) -> None:
        self.ended = reason
        self._on_end()


def _only_reads(cursor: apsw.Cursor, sql: str, _bindings: Any) -> bool:
    if not cursor.is_readonly:
        raise apsw.ReadOnlyError(f"a query may not write: {sql}")
    return True


def _cursor(connection: apsw.Connection, name: str) -> int:
    return int(connection.execute("SELECT seq FROM cursor WHERE name = ?", (name,)).get or 0)


@contextmanager
def _transaction(connection: apsw.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
