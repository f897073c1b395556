"""What anybody may ask the centre about a dossier: its code and the last four digits of the phone on record.

An unknown code, wrong digits, and a dossier asked about wrongly ten times in its life get one answer. Who is told reads
where the result is and until when; no name, no compartment. What was taken is told of for 30 days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import dossiers, tables
from hub.chance import utc_text
from hub.errors import StatusUnknownError
from locker.wire import AmendResult, AnnounceResult

WRONG_FOR_LIFE = 10
ENDING = 4
SILENT = timedelta(minutes=15)
TOLD_AFTER_END = timedelta(days=30)
ENDED = frozenset({"collected", "reclaimed", "gone", "cancelled", "refused"})

What = Literal["expected", "inside", "checking", "taken", "at_counter", "withdrawn", "ask"]
BY_STAGE: dict[str, What] = {
    "announced": "expected",
    "queued": "expected",
    "in_cabinet": "inside",
    "collected": "taken",
    "reclaimed": "at_counter",
    "cancelled": "withdrawn",
}

a = tables.asked.c
d = tables.dossier.c
r = tables.result.c
s = tables.stay.c
w = tables.wish.c


@dataclass(frozen=True, kw_only=True)
class Told:
    """One result. `works`: its cabinet was heard of within a quarter of an hour. Days as YYYY-MM-DD."""

    what: What
    cabinet: str
    works: bool
    since: str
    until: str
    is_counter_wanted: bool


@dataclass(frozen=True, kw_only=True)
class OnRecord:
    """What the centre's own wishes say of a result now."""

    phone: str
    until: str


def ask(connection: Connection, code: str, ending: str, *, now: datetime) -> tuple[Told, ...] | None:
    """What is told for these digits; None for nothing, which is charged to the dossier if there is one."""
    name = dossiers.key(code)
    mine = sa.update(tables.asked).where(a.dossier == name)
    # charged first: the row stays locked, so that many at once are no more tries
    if connection.execute(mine.values(wrong=a.wrong + 1)).rowcount == 0:
        return None
    wrong = connection.execute(sa.select(a.wrong).where(a.dossier == name)).scalar_one() - 1
    found = connection.execute(
        sa.select(tables.result, tables.cabinet.c.last_contact)
        .join(tables.dossier, d.result == r.result)
        .join(tables.cabinet, tables.cabinet.c.cabinet == r.cabinet)
        .where(d.dossier == name)
        .order_by(r.announced_at.desc(), r.result)
    ).all()
    known = [(row, _on_record(connection, row.result)) for row in found if not _is_over(row, now)]
    told = tuple(_told(connection, row, record, now) for row, record in known if _is_theirs(record, ending))
    if not told or wrong >= WRONG_FOR_LIFE:
        return None
    connection.execute(mine.values(wrong=wrong))
    return told


def require_told(told: tuple[Told, ...] | None) -> tuple[Told, ...]:
    """Raise StatusUnknownError where nothing is told."""
    if told is None:
        raise StatusUnknownError("nothing is told for these digits; check both, or call the office")
    return told


def _is_theirs(record: OnRecord, ending: str) -> bool:
    return len(ending) == ENDING and record.phone.endswith(ending)


def _is_over(row: Any, now: datetime) -> bool:
    return row.stage in ENDED and row.since is not None and row.since < utc_text(now - TOLD_AFTER_END)


def _on_record(connection: Connection, result: str) -> OnRecord:
    """The phone and the last day as announced and amended since."""
    rows = connection.execute(
        sa.select(w.kind, w.body).where(w.result == result, w.answer.is_distinct_from("refused")).order_by(w.wish_seq)
    )
    phone, until = "", ""
    for row in rows:
        if row.kind == AnnounceResult.__name__:
            announced = AnnounceResult.model_validate_json(row.body)
            phone, until = announced.recipient.phone or "", announced.deadline.isoformat()
        elif row.kind == AmendResult.__name__:
            changed = AmendResult.model_validate_json(row.body).changed
            if "phone" in changed.model_fields_set:
                phone = changed.phone or ""
            if changed.deadline is not None:
                until = changed.deadline.isoformat()
    return OnRecord(phone="".join(mark for mark in phone if mark.isdigit()), until=until)


def _told(connection: Connection, row: Any, record: OnRecord, now: datetime) -> Told:
    stay = connection.execute(sa.select(tables.stay).where(s.result == row.result)).one_or_none()
    what = BY_STAGE.get(row.stage, "ask")
    if row.is_disputed or (what == "inside" and row.is_uncertain):
        what = "checking"
    contact = row.last_contact
    return Told(
        what=what,
        cabinet=row.cabinet,
        works=contact is not None and contact >= utc_text(now - SILENT),
        since=(row.since or row.announced_at)[:10],
        until=(stay.deadline if stay is not None and stay.deadline else record.until) if what == "inside" else "",
        is_counter_wanted=what == "inside" and stay is not None and stay.is_counter_wanted,
    )
