"""The journal: facts in, folded state out, one writer, nothing acknowledged is ever lost.

`record` runs a pure decision inside the write transaction, appends its events to the hash chain, writes its rows and
views, commits with `synchronous=FULL`, publishes the new frozen state, wakes whoever waits, and only then raises a
refusal that had to be remembered. A checkpoint of the fold keeps the start flat; losing it costs a rebuild, no fact.

All SQL runs in one thread (the executor), see `locker.ledger`. State is published, and waiters are woken, on the event
loop's thread. The calls that end in `_inline` are for that one thread itself: the twin and tools without a loop.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Self, TypeVar, Unpack, overload

import apsw

from locker import chain, database, wire
from locker.events import Decision, Moment, Recorded
from locker.ledger import Ledger, Settings
from locker.refusals import JournalClosed
from locker.replay import C

COPY_PAGES = 512  # 2 MiB a step: a record waits some milliseconds for it
K = TypeVar("K")
T = TypeVar("T")


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

    def __init__(self, path: Path, **settings: Unpack[Settings[C]]) -> None:
        executor = settings.get("executor")
        self._executor = executor or ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._owns_executor = executor is None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: dict[asyncio.Future[C], int] = {}
        self._published = settings["fold"].initial
        self._ledger = Ledger(
            path,
            settings,
            on_commit=lambda state: self._on_loop(lambda: self._publish(state)),
            on_end=lambda: self._on_loop(self._end_waiters),
        )

    # --- life

    @classmethod
    async def open(
        cls, path: Path, *, on_progress: Callable[[int, int], None] = _unheard, **settings: Unpack[Settings[C]]
    ) -> Self:
        """Opens or makes the journal at `path`, migrates it and folds its events.

        `on_progress(done, total)` is called while events are folded anew.

        Raises JournalInUse, JournalCorrupt, JournalTooNew, JournalBroken, JournalUnreachable, WrongCabinet,
        SqliteTooOld, ReadOnly (disk full already at the start), BackupFailed (no copy before a migration).
        """
        journal = cls(path, **settings)
        journal._loop = asyncio.get_running_loop()

        def report(done: int, total: int) -> None:
            journal._on_loop(lambda: on_progress(done, total))

        try:
            await asyncio.shield(asyncio.wrap_future(journal._executor.submit(journal._ledger.start, report)))
        except BaseException:
            journal._executor.submit(journal._ledger.drop)
            journal._let_executor_go()
            raise
        journal._published = journal._ledger.head.state
        return journal

    @classmethod
    def open_inline(
        cls, path: Path, *, on_progress: Callable[[int, int], None] = _unheard, **settings: Unpack[Settings[C]]
    ) -> Self:
        """`open` in the calling thread, without an event loop."""
        settings.setdefault("executor", Inline())
        journal = cls(path, **settings)
        try:
            journal._ledger.start(on_progress)
        except BaseException:
            journal._ledger.drop()
            raise
        journal._published = journal._ledger.head.state
        return journal

    async def close(self) -> None:
        """Writes a checkpoint, closes the file, ends everybody who waits with JournalClosed. Twice is once."""
        if not isinstance(self._ledger.ended, JournalClosed):
            await asyncio.shield(asyncio.wrap_future(self._executor.submit(self._ledger.close)))
        self._let_executor_go()

    def close_inline(self, *, checkpoint: bool = True) -> None:
        """`close` in the calling thread; without a checkpoint the file stays as a power cut leaves it."""
        self._ledger.close(checkpoint=checkpoint)

    def _let_executor_go(self) -> None:
        if self._owns_executor:
            self._executor.shutdown(wait=False)

    # --- reading

    @property
    def cabinet(self) -> C:
        """The folded state as of the last published commit."""
        return self._published

    @property
    def cabinet_id(self) -> str:
        """Whose journal this is."""
        return self._ledger.cabinet_id

    @property
    def path(self) -> Path:
        """The journal's file."""
        return self._ledger.path

    @property
    def restored_from(self) -> int | None:
        """The seq of the copy that a restore put in place; None unless a RecountStarted is still to be recorded."""
        return self._ledger.restored_from

    @property
    def highest_epoch(self) -> int:
        """The highest epoch this cabinet is known to have used, also in journals that a restore moved aside."""
        return self._ledger.highest_epoch

    @property
    def is_read_only(self) -> bool:
        """True while the disk is full: only `must_land` records are tried."""
        return self._ledger.is_read_only

    @property
    def is_in_safe_mode(self) -> bool:
        """True if the disk failed twice within an hour before this start; `keeping.end_safe_mode` ends it."""
        return self._ledger.is_in_safe_mode

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
        return await self._in_thread(self._ledger.read, query)

    def read_inline(self, query: Callable[[apsw.Connection], T]) -> T:
        """`read` in the calling thread."""
        return self._ledger.read(query)

    async def envelopes(self, after: int, limit: int) -> list[wire.Envelope]:
        """Up to `limit` facts behind `after` in order, as the centre is told them; nothing is attached."""
        return await self.read(lambda connection: chain.envelopes(connection, self.cabinet_id, after, limit))

    async def cursor(self, name: str) -> int:
        """How far the reader `name` has come; 0 at first."""
        return await self._in_thread(self._ledger.cursor, name)

    async def move_cursor(self, name: str, seq: int) -> None:
        """Durably moves the cursor `name` to `seq`. Raises CursorRefused for a step back or beyond the head."""
        await self._in_thread(self._ledger.move_cursor, name, seq)

    async def copy_to(self, target: Path) -> tuple[int, int]:
        """Copies the running journal into the new file `target`; epoch and seq of the copy's head.

        Others record between its steps. The copy is checked, not yet synced. Raises BackupFailed.
        """
        given_up = asyncio.Event()
        copying = asyncio.create_task(self._copy_to(target, given_up))
        try:
            return await asyncio.shield(copying)
        except asyncio.CancelledError:
            given_up.set()
            await asyncio.wait([copying])
            raise

    async def _copy_to(self, target: Path, given_up: asyncio.Event) -> tuple[int, int]:
        copy = await self._in_thread(lambda: database.Copy(self._ledger.live(), target))
        try:
            try:
                while not given_up.is_set() and not await self._in_thread(copy.step, COPY_PAGES):
                    pass
            finally:
                with suppress(RuntimeError):  # the writer has ended, and closed the copy's source
                    await asyncio.wrap_future(self._executor.submit(copy.detach))
            return (0, 0) if given_up.is_set() else await asyncio.to_thread(copy.finish)
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
        return await self._in_thread(self._ledger.record, decide, known, must_land=must_land)

    def record_inline(
        self,
        decide: Callable[[C, Any, Moment], Decision],
        *,
        known: Callable[[apsw.Connection], Any] | None = None,
        must_land: bool = False,
    ) -> tuple[Recorded, ...]:
        """`record` in the calling thread."""
        return self._ledger.record(decide, known, must_land=must_land)

    # --- threads

    def _publish(self, state: C) -> None:
        self._published = state
        for waiter, after_seq in self._waiters.items():
            if state.seq > after_seq and not waiter.done():
                waiter.set_result(state)

    def _end_waiters(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(self._ledger.fault())

    def _require_alive(self) -> None:
        if self._ledger.ended is not None:
            raise self._ledger.fault()

    async def _in_thread(self, call: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        self._require_alive()
        if isinstance(self._executor, Inline):
            try:
                return call(*args, **kwargs)
            finally:
                await asyncio.sleep(0)  # others have their turn before the caller hears of it, as with a thread
        return await asyncio.shield(asyncio.wrap_future(self._executor.submit(call, *args, **kwargs)))

    def _on_loop(self, call: Callable[[], None]) -> None:
        if self._loop is None or isinstance(self._executor, Inline):
            call()
            return
        with suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(call)
