"""The journal: facts in, folded state out, one writer, nothing acknowledged is ever lost.

`record` runs a pure decision inside the write transaction, appends its events to the hash chain, writes its rows and
views, commits with `synchronous=FULL`, publishes the new frozen state, wakes whoever waits, and only then raises a
refusal that had to be remembered. A checkpoint of the fold keeps the start flat; losing it costs a rebuild, no fact.

All SQL runs in one thread (the executor). State is published, and waiters are woken, on the event loop's thread.
The calls that end in `_inline` are for that one thread itself: the twin and tools without an event loop.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, overload

import apsw
import structlog

from locker import chain, database, rows, wire
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
COPY_PAGES = 512  # 2 MiB a step: a record waits some milliseconds for it
K = TypeVar("K")
T = TypeVar("T")
log = structlog.get_logger()


class Inline(Executor):
    """Runs everything at once in the calling thread."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """A future that is already done."""
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  it travels in the future
            future.set_exception(error)
        return future


def _unheard(_done: int, _total: int) -> None:
    pass


class Journal(Generic[C]):
    """The one open journal of a cabinet. Made by `open` (event loop) or `open_inline`."""

    def __init__(  # noqa: PLR0913  collaborators and settings by keyword
        self,
        path: Path,
        *,
        cabinet_id: str,
        fold: Fold[C],
        clock: Callable[[], Moment],
        release: str,
        views: Views | None = None,
        executor: Executor | None = None,
        reserve_mib: int = 0,
        checkpoint_every: int = CHECKPOINT_EVERY,
        migrations: Path = database.MIGRATIONS,
        vfs: str | None = None,
        synchronous: str = "FULL",
    ) -> None:
        self.path = path
        self.cabinet_id = cabinet_id
        self.restored_from: int | None = None
        self.is_read_only = False
        self.is_in_safe_mode = False
        self._fold = fold
        self._clock = clock
        self._release = release
        self._views = views
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._owns_executor = executor is None
        self._checkpoint_every = checkpoint_every
        self._migrations = migrations
        self._vfs = vfs
        self._synchronous = synchronous
        self._reserve = Reserve(path.with_name(path.name + ".reserve"), reserve_mib)
        self._breakages = Breakages(path.with_name(path.name + ".breakages"))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._connection: apsw.Connection | None = None
        self._ended: StorageFault | None = None
        self._waiters: dict[asyncio.Future[C], int] = {}
        self._head: Head[C] = Head(0, 1, chain.GENESIS, fold.initial)
        self._published = fold.initial
        self._checkpoint_seq = 0

    # --- life

    @classmethod
    async def open(cls, path: Path, *, on_progress: Callable[[int, int], None] = _unheard, **settings: Any) -> Self:
        """Opens or makes the journal at `path`, migrates it and folds its events.

        Settings are those of `__init__`: `cabinet_id`; `fold`; `clock`, the moment of a decision, called in the
        writer's thread; `release`, kept with a migration; `views`; `executor`, one thread or `Inline()`; `reserve_mib`.
        `on_progress(done, total)` is called while events are folded anew.

        Raises JournalInUse, JournalCorrupt, JournalTooNew, JournalBroken, JournalUnreachable, WrongCabinet,
        SqliteTooOld, ReadOnly (disk full already at the start).
        """
        journal = cls(path, **settings)
        journal._loop = asyncio.get_running_loop()

        def report(done: int, total: int) -> None:
            journal._on_loop(lambda: on_progress(done, total))

        try:
            await asyncio.shield(asyncio.wrap_future(journal._executor.submit(journal._start, report)))
        except BaseException:
            journal._executor.submit(journal._stop)
            journal._let_executor_go()
            raise
        return journal

    @classmethod
    def open_inline(cls, path: Path, *, on_progress: Callable[[int, int], None] = _unheard, **settings: Any) -> Self:
        """`open` in the calling thread, without an event loop."""
        journal = cls(path, **{"executor": Inline(), **settings})
        try:
            journal._start(on_progress)
        except BaseException:
            journal._stop()
            raise
        return journal

    def _start(self, on_progress: Callable[[int, int], None]) -> None:
        self.is_in_safe_mode = self._breakages.is_repeated()
        connection = database.connect(self.path, vfs=self._vfs, synchronous=self._synchronous)
        self._connection = connection
        with self._guarded():
            database.migrate(connection, self.path, release=self._release, scripts=self._migrations)
            self._claim(connection)
            self._head, self._checkpoint_seq = replay(connection, self._fold, self._views, on_progress)
            self.restored_from = connection.execute(
                "SELECT seq FROM restored WHERE answered_by IS NULL ORDER BY id DESC LIMIT 1"
            ).get
        self._published = self._head.state
        self._hold_reserve()

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

    async def close(self) -> None:
        """Writes a checkpoint, closes the file, ends everybody who waits with JournalClosed. Twice is once."""
        if not isinstance(self._ended, JournalClosed):
            await asyncio.shield(asyncio.wrap_future(self._executor.submit(self.close_inline)))
        self._let_executor_go()

    def close_inline(self) -> None:
        """`close` in the calling thread."""
        if self._connection is not None and self._ended is None and self._head.seq > self._checkpoint_seq:
            with suppress(ReadOnly), self._guarded(), _transaction(self._connection):
                keep_checkpoint(self._connection, self._fold, self._head)
        self._end(JournalClosed("the journal is closed; the service is stopping"))
        self._stop()

    def _stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _let_executor_go(self) -> None:
        if self._owns_executor:
            self._executor.shutdown(wait=False)

    # --- reading

    @property
    def cabinet(self) -> C:
        """The folded state as of the last published commit."""
        return self._published

    async def changed(self, after_seq: int) -> C:
        """The state as soon as its `seq` is beyond `after_seq`. Raises JournalClosed, JournalBroken, JournalCorrupt."""
        self._require_alive()
        if self._published.seq > after_seq:
            return self._published
        waiter: asyncio.Future[C] = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = after_seq
        try:
            return await waiter
        finally:
            self._waiters.pop(waiter, None)

    async def read(self, query: Callable[[apsw.Connection], T]) -> T:
        """What `query` returns, run in the writer's thread between two commits; it cannot write."""
        return await self._in_thread(self.read_inline, query)

    def read_inline(self, query: Callable[[apsw.Connection], T]) -> T:
        """`read` in the calling thread."""
        connection = self._live()
        with self._guarded():
            connection.pragma("query_only", "ON")
            try:
                return query(connection)
            finally:
                connection.pragma("query_only", "OFF")

    async def envelopes(self, after: int, limit: int) -> list[wire.Envelope]:
        """Up to `limit` facts behind `after` in order, as the centre is told them; nothing is attached."""
        return await self.read(lambda connection: chain.envelopes(connection, self.cabinet_id, after, limit))

    async def cursor(self, name: str) -> int:
        """How far the reader `name` has come; 0 at first."""
        return await self.read(lambda connection: _cursor(connection, name))

    async def move_cursor(self, name: str, seq: int) -> None:
        """Durably moves the cursor `name` to `seq`. Raises CursorRefused for a step back or beyond the head."""
        await self._in_thread(self.move_cursor_inline, name, seq)

    def move_cursor_inline(self, name: str, seq: int) -> None:
        """`move_cursor` in the calling thread."""
        connection = self._live()
        with self._guarded(), _transaction(connection):
            now = _cursor(connection, name)
            if not now <= seq <= self._head.seq:
                raise CursorRefused(
                    f"cursor {name} stands at {now} and the head at {self._head.seq}; it cannot move to {seq}"
                )
            connection.execute(
                "INSERT INTO cursor (name, seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
                (name, seq),
            )

    async def copy_to(self, target: Path) -> tuple[int, int]:
        """Copies the running journal into the new file `target`; epoch and seq of the copy's head.

        Others record between its steps. The copy is checked, not yet synced. Raises BackupFailed.
        """
        copy = await self._in_thread(lambda: database.Copy(self._live(), target))
        try:
            try:
                while not await self._in_thread(copy.step, COPY_PAGES):
                    pass
            finally:
                await asyncio.shield(asyncio.wrap_future(self._executor.submit(copy.detach)))
            return await asyncio.to_thread(copy.finish)
        finally:
            copy.close()

    # --- recording

    @overload
    async def record(
        self, decide: Callable[[C, None, Moment], Decision], *, known: None = None, must_land: bool = False
    ) -> tuple[Recorded, ...]: ...
    @overload
    async def record(
        self,
        decide: Callable[[C, K, Moment], Decision],
        *,
        known: Callable[[apsw.Connection], K],
        must_land: bool = False,
    ) -> tuple[Recorded, ...]: ...
    async def record(
        self,
        decide: Callable[[C, Any, Moment], Decision],
        *,
        known: Callable[[apsw.Connection], Any] | None = None,
        must_land: bool = False,
    ) -> tuple[Recorded, ...]:
        """Commits what `decide(state, known, moment)` decides and returns its events with their places.

        `known` is the declared query, run in the same transaction. `must_land` marks what has already happened at a
        door: on a full disk it may use the reserve. Once called, a cancelled caller changes nothing: the commit happens
        and is published.

        Raises the decision's refusal after the commit. With nothing committed: what `decide` raises itself, ReadOnly,
        JournalClosed. JournalBroken: unknown, the process must end.
        """
        return await self._in_thread(self._record, decide, known, must_land)

    def record_inline(
        self,
        decide: Callable[[C, Any, Moment], Decision],
        *,
        known: Callable[[apsw.Connection], Any] | None = None,
        must_land: bool = False,
    ) -> tuple[Recorded, ...]:
        """`record` in the calling thread."""
        return self._record(decide, known, must_land)

    def _record(
        self,
        decide: Callable[[C, Any, Moment], Decision],
        known: Callable[[apsw.Connection], Any] | None,
        must_land: bool,
    ) -> tuple[Recorded, ...]:
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

    def _commit(
        self, decide: Callable[[C, Any, Moment], Decision], known: Callable[[apsw.Connection], Any] | None
    ) -> tuple[Decision, tuple[Recorded, ...]]:
        connection = self._live()
        with self._guarded():
            with _transaction(connection):
                moment = self._clock()
                answer = known(connection) if known else None
                decision = decide(self._head.state, answer, moment)
                recorded, head = self._append(connection, decision.events, moment)
                rows.write(connection, decision.rows)
                if self._views is not None and recorded:
                    self._views.apply(connection, recorded)
                is_due = head.seq - self._checkpoint_seq >= self._checkpoint_every
                if is_due:
                    keep_checkpoint(connection, self._fold, head)
            self._head = head
            if is_due:
                self._checkpoint_seq = head.seq
            if any(isinstance(one.event, RecountStarted) for one in recorded):
                self.restored_from = None
            self._on_loop(lambda: self._publish(head.state))
        if rows.erases(decision.rows):
            with suppress(ReadOnly), self._guarded():  # on a full disk it waits for the next one
                connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
        return decision, recorded

    def _append(
        self, connection: apsw.Connection, events: Sequence[Event], moment: Moment
    ) -> tuple[tuple[Recorded, ...], Head[C]]:
        seq, epoch, prev_hash, state = self._head.seq, self._head.epoch, self._head.hash, self._head.state
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

    # --- threads

    def _end(self, reason: StorageFault) -> None:
        self._ended = reason
        self._on_loop(self._end_waiters)

    def _end_waiters(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(self._fault())

    def _fault(self) -> StorageFault:
        reason = self._ended or JournalClosed("the journal is not open")
        return type(reason)(*reason.args)

    def _publish(self, state: C) -> None:
        self._published = state
        for waiter, after_seq in self._waiters.items():
            if state.seq > after_seq and not waiter.done():
                waiter.set_result(state)

    def _require_alive(self) -> None:
        if self._ended is not None:
            raise self._fault()

    def _live(self) -> apsw.Connection:
        if self._connection is None or self._ended is not None:
            raise self._fault()
        return self._connection

    async def _in_thread(self, call: Callable[..., T], *args: Any) -> T:
        self._require_alive()
        return await asyncio.shield(asyncio.wrap_future(self._executor.submit(call, *args)))

    def _on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is None or isinstance(self._executor, Inline):
            call()
            return
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(call)


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
