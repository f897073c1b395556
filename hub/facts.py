"""Facts from cabinets: taken in once each, in order, kept raw, given back for a recount."""

import json
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, reading, results, tables
from hub.line import Batch, Line, Place, Placed, extend, first_numbers
from locker.wire import MAX_BATCH, Envelope, EventsIn, EventsOut, canonical

f = tables.fact.c
_HASHES = sa.select(f.epoch, f.cab_seq, f.hash).where(
    f.cabinet == sa.bindparam("of"), f.cab_seq.between(sa.bindparam("first"), sa.bindparam("last"))
)
_STANDS = (
    sa.update(tables.cabinet)
    .where(tables.cabinet.c.cabinet == sa.bindparam("of"))
    .values({name: sa.bindparam(f"new_{name}") for name in ("epoch", "acked_through", "head_hash", "last_contact")})
)


def take_in(connection: Connection, cabinet: str, sent: EventsIn, *, now: str) -> int:
    """Store and read what is new; returns `acked_through`. All or nothing: the errors of `hub.line.extend`."""
    row = cabinets.lock(connection, cabinet)
    line = Line(epoch=row.epoch, acked_through=row.acked_through, head_hash=row.head_hash)
    batch = Batch(cabinet=cabinet, events=sent.events, epoch=sent.epoch)
    stored = _stored(connection, cabinet, sent.events)
    after, fresh = extend(line, stored, batch)
    if fresh:
        had_effect = {(cab_seq, text) for (_, cab_seq), text in stored.items()}
        rows = [_row(placed, now) | _interpret(connection, placed.event, had_effect) for placed in fresh]
        connection.execute(sa.insert(tables.fact), rows)
        begun = [
            {"cabinet": cabinet, "epoch": epoch, "first_seq": first}
            for epoch, first in first_numbers(line, fresh).items()
        ]
        if begun:
            connection.execute(sa.insert(tables.epoch), begun)
    connection.execute(
        _STANDS,
        {
            "of": cabinet,
            "new_epoch": after.epoch,
            "new_acked_through": after.acked_through,
            "new_head_hash": after.head_hash,
            "new_last_contact": now,
        },
    )
    return after.acked_through


def _stored(connection: Connection, cabinet: str, events: list[Envelope]) -> dict[Place, str]:
    numbers = [event.cab_seq for event in events]
    found = connection.execute(_HASHES, {"of": cabinet, "first": min(numbers) - 1, "last": max(numbers)})
    return {(row.epoch, row.cab_seq): row.hash for row in found}


def _row(placed: Placed, now: str) -> dict[str, Any]:
    event = placed.event
    attached = event.attached
    return {
        "cabinet": event.cabinet,
        "epoch": placed.epoch,
        "cab_seq": event.cab_seq,
        "type": event.type,
        "hash": event.hash,
        "envelope": canonical({**event.covered(), "hash": event.hash}).decode(),
        "attached": None if attached is None else canonical(attached).decode(),
        "received_at": now,
    }


def _interpret(connection: Connection, event: Envelope, had_effect: set[tuple[int, str]]) -> dict[str, str | None]:
    if (event.cab_seq, event.hash) in had_effect:
        return {"reading": "repeated", "why": "had its effect on an earlier line"}
    try:
        said = reading.read(event.type, event.body)
    except reading.UnreadableError as error:
        return {"reading": "unreadable", "why": str(error)}
    if said is None:
        return {"reading": "kept", "why": None}
    for one in said:
        results.apply(connection, event.cabinet, one, at=event.time)
    return {"reading": "read", "why": None}


def give_back(
    connection: Connection, cabinet: str, *, epoch: int | None = None, after: int = 0, limit: int = MAX_BATCH
) -> EventsOut:
    """Acked facts numbered above `after`: of one epoch, or along the present line, with where the centre stands."""
    row = cabinets.lock(connection, cabinet)
    chosen = sa.select(f.envelope, f.attached).where(f.cabinet == cabinet, f.cab_seq > after)
    if epoch is not None:
        chosen = chosen.where(f.epoch == epoch)
    else:
        later = tables.epoch.alias()
        overtaken = sa.exists().where(
            later.c.cabinet == f.cabinet, later.c.epoch > f.epoch, later.c.first_seq <= f.cab_seq
        )
        chosen = chosen.where(~overtaken)
    rows = connection.execute(chosen.order_by(f.epoch, f.cab_seq).limit(limit)).all()
    return EventsOut(
        events=[
            Envelope.model_validate({**json.loads(one.envelope), "attached": json.loads(one.attached or "null")})
            for one in rows
        ],
        epoch=row.epoch,
        acked_through=row.acked_through,
        head_hash=row.head_hash,
    )


def newest(connection: Connection, *, cabinet: str | None = None, limit: int = 50) -> list[dict[str, Any]]:
    """The latest facts as they came, newest first, without personal data: for the page."""
    chosen = sa.select(f.envelope, f.received_at, f.reading, f.why)
    if cabinet is not None:
        chosen = chosen.where(f.cabinet == cabinet)
    rows = connection.execute(
        chosen.order_by(f.received_at.desc(), f.cabinet, f.epoch.desc(), f.cab_seq.desc()).limit(limit)
    )
    return [
        {"envelope": json.loads(row.envelope), "received_at": row.received_at, "reading": row.reading, "why": row.why}
        for row in rows
    ]


def erase_attached(connection: Connection, *, before: str) -> int:
    """Erase personal data that came before `before` (UTC text); returns of how many facts. The facts stay."""
    done = connection.execute(
        sa.update(tables.fact).where(f.received_at < before, f.attached.is_not(None)).values(attached=None)
    )
    return int(done.rowcount)
