"""Cabinets: who they are, their keys, where the centre stands with each."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import reading, tables
from hub.errors import NoIdentityError, NotAllowedError, UnknownCabinetError
from locker.wire import GENESIS

c = tables.cabinet.c
# Built once: to build a statement takes SQLAlchemy four times as long as to run it, and these run at every request.
_OWNERS = sa.select(c.cabinet, c.key_hash).where(c.key_hash == sa.bindparam("of"))
_ROW = sa.select(tables.cabinet).where(c.cabinet == sa.bindparam("of")).with_for_update()


@dataclass(frozen=True, kw_only=True)
class Cabinet:
    """A cabinet to register. `url` and `push_secret` (whsec_...) only where the centre can reach it."""

    id: str
    key: str
    url: str | None = None
    push_secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many compartments of each size were ready for something new at `since`, as the cabinet last said."""

    small: int
    medium: int
    large: int
    since: str | None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One cabinet as the page shows it; `room` is None until it told of it."""

    cabinet: str
    epoch: int
    acked_through: int
    wish_head: int
    wishes_seen: int
    last_contact: str | None
    is_pushed: bool
    room: Room | None


def hash_key(key: str) -> str:
    """SHA-256 of a key, hex. Keys are 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def register(connection: Connection, cabinet: Cabinet) -> None:
    """Add a cabinet, or give a known one this key and address; its facts and wishes stay."""
    values: dict[str, Any] = {
        "key_hash": hash_key(cabinet.key),
        "url": cabinet.url,
        "push_secret": cabinet.push_secret,
    }
    changed = connection.execute(sa.update(tables.cabinet).where(c.cabinet == cabinet.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(tables.cabinet).values(cabinet=cabinet.id, head_hash=GENESIS, **values))


def authenticate(connection: Connection, cabinet: str, key: str) -> None:
    """NoIdentityError: no cabinet has this key; NotAllowedError: another one has."""
    wanted = hash_key(key)
    owners = connection.execute(_OWNERS, {"of": wanted}).all()
    owner = next((row for row in owners if hmac.compare_digest(row.key_hash, wanted)), None)
    if owner is None:
        raise NoIdentityError("send the cabinet's key as `Authorization: Bearer ...`")
    if all(row.cabinet != cabinet for row in owners):
        raise NotAllowedError("this key belongs to another cabinet; use the path of your own")


def lock(connection: Connection, cabinet: str) -> Any:
    """The cabinet's row, held until the commit. UnknownCabinetError."""
    row = connection.execute(_ROW, {"of": cabinet}).one_or_none()
    if row is None:
        raise UnknownCabinetError("no cabinet has this id; register it with `python -m hub cabinet add`")
    return row


def standings(connection: Connection) -> list[Standing]:
    """Every cabinet, by id."""
    told = {row.cabinet: row for row in connection.execute(sa.select(tables.room))}
    rows = connection.execute(sa.select(tables.cabinet).order_by(c.cabinet)).all()
    return [
        Standing(
            cabinet=row.cabinet,
            epoch=row.epoch,
            acked_through=row.acked_through,
            wish_head=row.wish_head,
            wishes_seen=row.wishes_seen,
            last_contact=row.last_contact,
            is_pushed=row.url is not None,
            room=_room(told.get(row.cabinet)),
        )
        for row in rows
    ]


def _room(row: Any) -> Room | None:
    return None if row is None else Room(small=row.small, medium=row.medium, large=row.large, since=row.since)


def keep_room(connection: Connection, cabinet: str, said: reading.Room, *, at: str | None) -> None:
    """What a cabinet has free from now on."""
    values = {"small": said.small, "medium": said.medium, "large": said.large, "since": at}
    changed = connection.execute(sa.update(tables.room).where(tables.room.c.cabinet == cabinet).values(**values))
    if changed.rowcount == 0:
        connection.execute(sa.insert(tables.room).values(cabinet=cabinet, **values))


def pushable(connection: Connection) -> list[tuple[str, str, str]]:
    """(id, url, push secret) of the cabinets the centre can reach."""
    chosen = sa.select(c.cabinet, c.url, c.push_secret).where(c.url.is_not(None), c.push_secret.is_not(None))
    return [(row.cabinet, row.url, row.push_secret) for row in connection.execute(chosen.order_by(c.cabinet))]
