"""The hash chain: how an event becomes a row, a row an envelope, and how any later change is found.

A row's hash is `wire.event_hash` of its envelope, which holds the hash before it. The canonical body is kept as text,
so the hashed bytes are put together around it without parsing.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import apsw
import msgspec

from locker import events, wire
from locker.events import Event, Moment, Recorded
from locker.refusals import JournalCorrupt, JournalTooNew

GENESIS = bytes.fromhex(wire.GENESIS)
COLUMNS = "seq, epoch, type, utc_ms, clock, run_id, uptime_ms, body, hash"
INSERT = f"INSERT INTO event ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608  constants only
SELECT_AFTER = f"SELECT {COLUMNS} FROM event WHERE seq > ? ORDER BY seq"  # noqa: S608  constants only
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """One row of the table `event`."""

    seq: int
    epoch: int
    type: str
    utc_ms: int
    clock: events.Clock
    run_id: str
    uptime_ms: int
    body: str
    hash: bytes


class Flaw(NamedTuple):
    """The first place where the chain does not hold, and in what way."""

    seq: int
    what: str


def iso(utc_ms: int) -> str:
    """UTC as `2026-10-08T14:05:09.120Z`."""
    return (_EPOCH + timedelta(milliseconds=utc_ms)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def body_of(event: Event) -> str:
    """Canonical JSON of the event without its type. Raises ValueError for what two readers could hash differently."""
    body: dict[str, Any] = msgspec.to_builtins(event)
    del body["type"]
    wire.hashable(body)
    return wire.canonical(body).decode()


def digest(cabinet: str, prev_hash: bytes, row: tuple[int, int, str, int, str, str, int, str]) -> bytes:
    """SHA-256 over the canonical envelope of a row (without its hash), as `wire.event_hash` computes it."""
    seq, epoch, kind, utc_ms, clock, run_id, uptime_ms, body = row
    text = (
        f'{{"body":{body},"cab_seq":{seq},"cabinet":{_quoted(cabinet)},"clock":{_quoted(clock)},"epoch":{epoch},'
        f'"mono_ms":{uptime_ms},"prev_hash":"{prev_hash.hex()}","run_id":{_quoted(run_id)},"time":"{iso(utc_ms)}",'
        f'"type":{_quoted(kind)}}}'
    )
    return hashlib.sha256(text.encode()).digest()


_quoted = json.JSONEncoder(ensure_ascii=False).encode


def row_of(cabinet: str, prev_hash: bytes, recorded: Recorded) -> Row:
    """The row of a new event after the row whose hash is `prev_hash`."""
    moment = recorded.moment
    fields = (
        recorded.seq,
        recorded.epoch,
        type(recorded.event).__name__,
        moment.utc_ms,
        moment.clock,
        moment.run_id,
        moment.uptime_ms,
        body_of(recorded.event),
    )
    return Row(*fields, digest(cabinet, prev_hash, fields))


def recorded_of(row: Row) -> Recorded:
    """Inverse of `row_of`. Raises JournalTooNew for an event this release does not know."""
    rest = row.body[1:]
    text = f'{{"type":"{row.type}",{rest}' if len(rest) > 1 else f'{{"type":"{row.type}"}}'
    try:
        event = events.decode(text)
    except msgspec.ValidationError as error:
        raise JournalTooNew(
            f"event {row.seq} is a {row.type} this release cannot read ({error}); install the release that wrote it"
        ) from error
    except msgspec.DecodeError as error:
        raise JournalCorrupt(f"event {row.seq} is damaged; stop and restore the newest backup") from error
    return Recorded(row.seq, row.epoch, Moment(row.utc_ms, row.uptime_ms, row.run_id, row.clock), event)


def rows_after(connection: apsw.Connection, seq: int, limit: int = -1) -> Iterator[Row]:
    """Rows behind `seq` in order, at most `limit` (-1: all). Raises JournalCorrupt for one that is not text."""
    last = seq
    try:
        for fields in connection.execute(SELECT_AFTER + " LIMIT ?", (seq, limit)):
            row = Row._make(fields)
            yield row
            last = row.seq
    except UnicodeDecodeError as error:
        raise JournalCorrupt(f"event {last + 1} is damaged; stop and restore the newest backup") from error


def hash_at(connection: apsw.Connection, seq: int) -> bytes | None:
    """The hash of event `seq`; the genesis hash for 0; None if there is no such event."""
    if seq == 0:
        return GENESIS
    found: bytes | None = connection.execute("SELECT hash FROM event WHERE seq = ?", (seq,)).get
    return found


def envelope_of(cabinet: str, prev_hash: bytes, row: Row) -> wire.Envelope:
    """What the centre is told of a row."""
    return wire.Envelope(
        cabinet=cabinet,
        epoch=row.epoch,
        cab_seq=row.seq,
        type=row.type,
        time=iso(row.utc_ms),
        clock=row.clock,
        run_id=row.run_id,
        mono_ms=row.uptime_ms,
        body=json.loads(row.body),
        prev_hash=prev_hash.hex(),
        hash=row.hash.hex(),
    )


def envelopes(connection: apsw.Connection, cabinet: str, after: int, limit: int) -> list[wire.Envelope]:
    """Up to `limit` facts behind `after` in order. Raises JournalCorrupt when `after` itself is missing."""
    prev_hash = hash_at(connection, after)
    found = []
    for row in rows_after(connection, after, limit):
        if prev_hash is None:
            raise JournalCorrupt(f"event {after} is missing; stop and restore the newest backup")
        found.append(envelope_of(cabinet, prev_hash, row))
        prev_hash = row.hash
    return found


def walk(
    connection: apsw.Connection, cabinet: str, after: int, prev_hash: bytes, epoch: int, limit: int
) -> Flaw | Row | None:
    """Checks up to `limit` events behind `after`: the first flaw, or the last good row, or None when there are none.

    `prev_hash` and `epoch` are those of event `after`.
    """
    last: Row | None = None
    try:
        for seq, row in enumerate(rows_after(connection, after, limit), start=after + 1):
            if row.seq != seq:
                return Flaw(seq, f"event {seq} is missing; the next one there is {row.seq}")
            if not _is_whole(cabinet, prev_hash, row):
                return Flaw(seq, f"event {seq} was changed or moved, or the one before it replaced")
            if row.epoch < epoch:
                return Flaw(seq, f"event {seq} falls back to epoch {row.epoch}")
            prev_hash, epoch, last = row.hash, row.epoch, row
    except JournalCorrupt as error:
        return Flaw(last.seq + 1 if last else after + 1, str(error))
    return last


def _is_whole(cabinet: str, prev_hash: bytes, row: Row) -> bool:
    try:
        return digest(cabinet, prev_hash, row[:8]) == row.hash
    except (OverflowError, UnicodeEncodeError):
        return False
