"""From rows to state: the latest checkpoint that still fits, then every event behind it."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import apsw
import msgspec
import structlog

from locker import chain, fold, model
from locker.events import Recorded
from locker.refusals import JournalCorrupt

STEP = 10_000
log = structlog.get_logger()


class Folded(Protocol):
    """What the journal asks of the state: how far it has come."""

    @property
    def seq(self) -> int: ...


C = TypeVar("C", bound=Folded)


@dataclass(frozen=True)
class Fold(Generic[C]):
    """How events become the state. `version` grows with every change of `apply` or of the state's shape."""

    initial: C
    apply: Callable[[C, Recorded], C]
    version: int
    encode: Callable[[C], bytes]
    decode: Callable[[bytes], C]


def cabinet_fold() -> Fold[model.Cabinet]:
    """The fold of the real cabinet."""
    return Fold(
        initial=model.Cabinet(),
        apply=fold.apply,
        version=fold.FOLD_VERSION,
        encode=msgspec.msgpack.encode,
        decode=msgspec.msgpack.Decoder(model.Cabinet).decode,
    )


@dataclass(frozen=True)
class Views:
    """Rebuildable tables: `create` drops and makes them, `apply` follows the events in the same transaction."""

    version: int
    create: Callable[[apsw.Connection], None]
    apply: Callable[[apsw.Connection, Sequence[Recorded]], None]


@dataclass(frozen=True)
class Head(Generic[C]):
    """Where the journal stands, and the state there."""

    seq: int
    epoch: int
    hash: bytes
    state: C


def replay(
    connection: apsw.Connection, fold: Fold[C], views: Views | None, on_progress: Callable[[int, int], None]
) -> tuple[Head[C], int]:
    """The head, and the seq of the checkpoint it was reached from (0: folded from the first event).

    Rebuilds the views, in one transaction, when their version changed. Raises JournalCorrupt, JournalTooNew.
    """
    total = int(connection.execute("SELECT coalesce(max(seq), 0) FROM event").get)
    if views is not None and connection.execute("SELECT version FROM view_state").get != views.version:
        start, state = 0, _rebuild(connection, fold, views, lambda done: on_progress(done, total))
    else:
        start, state = _from_checkpoint(connection, fold)
        for batch in _batches(connection, start):
            for one in batch:
                state = fold.apply(state, one)
            on_progress(batch[-1].seq, total)
    epoch, last_hash = connection.execute("SELECT epoch, hash FROM event WHERE seq = ?", (total,)).get or (
        1,
        chain.GENESIS,
    )
    return Head(total, epoch, last_hash, state), start


def _rebuild(connection: apsw.Connection, fold: Fold[C], views: Views, on_done: Callable[[int], None]) -> C:
    state = fold.initial
    connection.execute("BEGIN IMMEDIATE")
    try:
        views.create(connection)
        for batch in _batches(connection, 0):
            for one in batch:
                state = fold.apply(state, one)
            views.apply(connection, batch)
            on_done(batch[-1].seq)
        connection.execute("INSERT OR REPLACE INTO view_state (one, version) VALUES (1, ?)", (views.version,))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return state


def _batches(connection: apsw.Connection, start: int) -> Iterator[list[Recorded]]:
    seq = start
    while batch := [chain.recorded_of(row) for row in chain.rows_after(connection, seq, STEP)]:
        for one in batch:
            seq += 1
            if one.seq != seq:
                raise JournalCorrupt(f"event {seq} is missing; stop and restore the newest backup")
        yield batch


def _from_checkpoint(connection: apsw.Connection, fold: Fold[C]) -> tuple[int, C]:
    found: Any = connection.execute(
        "SELECT c.seq, c.body, c.digest FROM checkpoint c JOIN event e ON e.seq = c.seq AND e.hash = c.hash "
        "WHERE c.fold_version = ? ORDER BY c.seq DESC",
        (fold.version,),
    ).fetchall()
    for seq, body, digest in found:
        if hashlib.sha256(body).digest() != digest:
            log.warning("a checkpoint is damaged and is passed over", seq=seq)
            continue
        try:
            return seq, fold.decode(body)
        except ValueError as error:  # msgspec's errors are ValueErrors
            log.warning("a checkpoint cannot be read and is passed over", seq=seq, error=str(error))
    return 0, fold.initial


def keep_checkpoint(connection: apsw.Connection, fold: Fold[C], head: Head[C]) -> None:
    """Writes a checkpoint at `head` within the running transaction and keeps the one before it."""
    body = fold.encode(head.state)
    connection.execute(
        "DELETE FROM checkpoint WHERE seq >= ? OR seq < (SELECT max(seq) FROM checkpoint WHERE seq < ?)",
        (head.seq, head.seq),
    )
    connection.execute(
        "INSERT INTO checkpoint (seq, hash, fold_version, digest, body) VALUES (?, ?, ?, ?, ?)",
        (head.seq, head.hash, fold.version, hashlib.sha256(body).digest(), body),
    )
