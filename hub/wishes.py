"""Wishes to cabinets: one contiguous sequence each, pulled by long poll or pushed."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, tables
from hub.bell import Bell
from hub.errors import GapError
from hub.store import Store
from locker.wire import MAX_WISHES, AmendResult, WishBody, WishesOut, canonical

w = tables.wish.c
MAX_PAGE_BYTES = 200 * 1024
_OF = tables.cabinet.c.cabinet == sa.bindparam("of")
_AFTER = (
    sa.select(tables.wish)
    .where(w.cabinet == sa.bindparam("of"), w.wish_seq > sa.bindparam("cursor"))
    .order_by(w.wish_seq)
    .limit(sa.bindparam("most"))
)
_HEARD = (
    sa.update(tables.cabinet).where(_OF).values(wishes_seen=sa.bindparam("through"), last_contact=sa.bindparam("now"))
)
_HEAD = sa.update(tables.cabinet).where(_OF).values(wish_head=sa.bindparam("head"))


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Id and UTC time of a new wish."""

    wish_id: str
    now: str


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A cabinet asks for its wishes above `after`, ready to wait `wait_s` seconds."""

    cabinet: str
    after: int
    wait_s: float


def issue(connection: Connection, cabinet: str, body: WishBody, stamp: Stamp) -> int:
    """Append a wish whose kind is the body's class name; returns its `wish_seq`. UnknownCabinetError."""
    row = cabinets.lock(connection, cabinet)
    wish_seq = int(row.wish_head) + 1
    connection.execute(
        sa.insert(tables.wish).values(
            cabinet=cabinet,
            wish_seq=wish_seq,
            wish_id=stamp.wish_id,
            kind=type(body).__name__,
            result=body.result_id,
            seen_through=row.acked_through,
            issued_at=stamp.now,
            body=canonical(body.model_dump(mode="json", exclude_unset=isinstance(body, AmendResult))).decode(),
        )
    )
    connection.execute(_HEAD, {"of": cabinet, "head": wish_seq})
    return wish_seq


def after(connection: Connection, cabinet: str, cursor: int, *, limit: int = MAX_WISHES) -> WishesOut:
    """Up to `limit` wishes above `cursor`, 200 KiB in all, in order. GapError: the cabinet is ahead of the centre."""
    head = int(cabinets.lock(connection, cabinet).wish_head)
    if cursor > head:
        raise GapError(
            f"the centre has no wish after {head}; it may have been restored: call its staff", expected=head + 1
        )
    rows = connection.execute(_AFTER, {"of": cabinet, "cursor": cursor, "most": limit})
    page: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        size += len(row.body.encode())
        if page and size > MAX_PAGE_BYTES:
            break
        names = ("wish_seq", "wish_id", "kind", "seen_through", "issued_at")
        page.append({name: getattr(row, name) for name in names} | {"body": json.loads(row.body)})
    return WishesOut.model_validate({"wishes": page, "head": head})


def heard(connection: Connection, cabinet: str, *, through: int, now: str) -> None:
    """The cabinet has every wish through `through` in its inbox."""
    connection.execute(_HEARD, {"of": cabinet, "through": through, "now": now})


def _look(connection: Connection, pull: Pull, now: str) -> WishesOut:
    found = after(connection, pull.cabinet, pull.after)
    heard(connection, pull.cabinet, through=pull.after, now=now)
    return found


async def await_news(pull: Pull, *, store: Store, bell: Bell, now: Callable[[], str]) -> WishesOut:
    """Wishes above the cursor; if there are none, wait for the first. GapError."""
    with bell.listen(pull.cabinet) as rope:
        found = await store.call(_look, pull, now())
        if found.wishes or pull.wait_s <= 0 or not await rope.wait(pull.wait_s):
            return found
        return await store.call(_look, pull, now())
