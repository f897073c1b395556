"""Results: announced, amended and cancelled by the centre, moved by the cabinets' facts.

The centre's fields are written here by its staff, the cabinet's only by facts. A cancel that meets a taken result
overwrites nothing: it becomes a conflict for a clerk.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, dossiers, reading, tables, wishes
from hub.errors import ContradictsEarlierError, UnknownResultError, WrongStageError
from hub.store import read_setting
from hub.wishes import Stamp
from locker.wire import AmendResult, AnnounceResult, CancelResult, Changes, NameDelegate, RevokeDelegate

r = tables.result.c
w = tables.wish.c
TAKEN = frozenset({"collected", "gone", "handed_out", "posted"})
FROM_COUNTER = frozenset({"handed_out", "posted"})
TAKEN_FIRST = "taken-before-cancel"


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """One result as the page shows it: the dossier, where it is, what a clerk must look at, what its person chose."""

    result: str
    cabinet: str
    dossier_code: str
    announced_at: str
    stage: str
    compartment: int | None
    hand_over: str | None
    since: str | None
    evidence: str | None
    is_disputed: bool
    is_uncertain: bool
    cancel_reason: str | None
    conflicts: tuple[str, ...]
    kept_until: str | None
    is_counter_wanted: bool


def recipient_key(connection: Connection, *, name: str, phone: str | None, id_last4: str | None) -> str:
    """Opaque key of applicant + phone under the centre's secret: the same person and phone give the same key."""
    secret = bytes.fromhex(read_setting(connection, "secret") or "")
    person = json.dumps([" ".join(name.casefold().split()), phone, id_last4], ensure_ascii=False)
    return "k-" + hmac.new(secret, person.encode(), hashlib.sha256).hexdigest()[:32]


def announce(connection: Connection, cabinet: str, body: AnnounceResult, stamp: Stamp) -> bool:
    """Wish for a result; False if just this was announced before. ContradictsEarlierError, UnknownCabinetError."""
    earlier = _announced(connection, body.result_id)
    if earlier is not None:
        if earlier == (cabinet, body):
            return False
        raise ContradictsEarlierError("this result_id was announced with other content; amend it, or use a new id")
    wishes.issue(connection, cabinet, body, stamp)
    connection.execute(
        sa.insert(tables.result).values(
            result=body.result_id,
            cabinet=cabinet,
            dossier_code=body.dossier_code,
            announced_at=stamp.now,
            stage="announced",
        )
    )
    dossiers.note(connection, body.result_id, body.dossier_code)
    return True


def _announced(connection: Connection, result: str) -> tuple[str, AnnounceResult] | None:
    chosen = sa.select(w.cabinet, w.body).where(w.result == result, w.kind == AnnounceResult.__name__)
    row = connection.execute(chosen).one_or_none()
    return None if row is None else (row.cabinet, AnnounceResult.model_validate_json(row.body))


def cancel(connection: Connection, result: str, reason: str, stamp: Stamp) -> str | None:
    """Wish to take a result back; the cabinet to wake, or None if nothing was wished.

    Taken already: a conflict is noted instead. Cancelled already: nothing. UnknownResultError.
    """
    row = _lock(connection, result)
    if row.cancel_reason is not None:
        return None
    if row.stage in TAKEN:
        note_conflict(connection, row.cabinet, result, TAKEN_FIRST, stamp.now)
        return None
    wished = CancelResult(result_id=result, reason=reason)
    wishes.issue(connection, row.cabinet, wished, stamp)
    connection.execute(sa.update(tables.result).where(r.result == result).values(cancel_reason=reason))
    return str(row.cabinet)


def amend(connection: Connection, result: str, changed: Changes, stamp: Stamp) -> str:
    """Wish for new values of the centre's fields; the cabinet to wake. UnknownResultError, WrongStageError."""
    row = _lock(connection, result)
    if row.stage in TAKEN | {"reclaimed"} or row.cancel_reason is not None:
        raise WrongStageError("the result is taken or cancelled; announce it again under a new id")
    wished = AmendResult(result_id=result, changed=changed)
    wishes.issue(connection, row.cabinet, wished, stamp)
    if changed.deadline is not None:
        connection.execute(sa.update(tables.stay).where(tables.stay.c.result == result).values(deadline=None))
    return str(row.cabinet)


def delegate(connection: Connection, body: NameDelegate | RevokeDelegate, stamp: Stamp) -> str:
    """Wish that somebody else may collect a result, or nobody any more; the cabinet to wake.

    UnknownResultError, WrongStageError.
    """
    row = _lock(connection, body.result_id)
    if row.stage in TAKEN | {"reclaimed"} or row.cancel_reason is not None:
        raise WrongStageError("the result is taken or cancelled; nobody collects it any more")
    wishes.issue(connection, row.cabinet, body, stamp)
    return str(row.cabinet)


def _lock(connection: Connection, result: str) -> Any:
    row = connection.execute(sa.select(tables.result).where(r.result == result).with_for_update()).one_or_none()
    if row is None:
        raise UnknownResultError("no result has this id; list them with GET /v1/results")
    return row


def note_conflict(connection: Connection, cabinet: str, result: str, cause: str, at: str) -> None:
    """Put a result before a clerk; once for each cause."""
    k = tables.conflict.c
    known = connection.execute(sa.select(k.result).where(k.result == result, k.cause == cause)).first()
    if known is None:
        connection.execute(sa.insert(tables.conflict).values(cabinet=cabinet, result=result, cause=cause, noted_at=at))


def apply(connection: Connection, cabinet: str, said: reading.Reading, *, at: str) -> None:
    """Write down what a fact of `cabinet` said at `at`, its own time. Results of other cabinets stay untouched."""
    match said:
        case reading.Moved():
            _move(connection, cabinet, said, at)
        case reading.Answered():
            _answer(connection, cabinet, said, at)
        case reading.Stayed():
            _stay(connection, cabinet, said)
        case reading.Room():
            cabinets.keep_room(connection, cabinet, said, at=at)
        case reading.Marked():
            changes: dict[reading.Mark, dict[str, Any]] = {
                "disputed": {"is_disputed": True},
                "uncertain": {"is_uncertain": True},
                "settled": {"is_uncertain": False},
                "gone": {"is_uncertain": False, "stage": "gone", "since": at},
            }
            marked = sa.update(tables.result).where(r.cabinet == cabinet, r.hand_over == said.hand_over)
            if said.mark == "gone":  # an empty door after a known hand-over is as it should be, unless it was disputed
                marked = marked.where(sa.or_(r.stage.not_in(("collected", "reclaimed")), r.is_disputed))
            connection.execute(marked.values(**changes[said.mark]))


def _stay(connection: Connection, cabinet: str, said: reading.Stayed) -> None:
    s = tables.stay.c
    mine = sa.select(r.result).where(r.cabinet == cabinet, r.result.in_(said.results))
    chosen: dict[str, Any] = {"deadline": said.deadline} if said.deadline else {"is_counter_wanted": True}
    for result in connection.execute(mine).scalars().all():
        if connection.execute(sa.update(tables.stay).where(s.result == result).values(**chosen)).rowcount == 0:
            connection.execute(sa.insert(tables.stay).values(result=result, **chosen))


def _move(connection: Connection, cabinet: str, said: reading.Moved, at: str) -> None:
    change = sa.update(tables.result).where(r.cabinet == cabinet, r.result.in_(said.results))
    if said.stage in FROM_COUNTER:
        at_counter = r.stage.in_(("announced", "queued", "reclaimed"))
        connection.execute(change.where(at_counter).values(stage=said.stage, compartment=None, since=at))
        return
    if said.hand_over is None:  # a list entry moves no paper, so it never hides where the paper is
        connection.execute(change.where(r.stage.in_(("announced", "queued"))).values(stage=said.stage, since=at))
        return
    is_inside = said.stage == "in_cabinet"
    if is_inside:  # put in anew: the wish for the counter was about the time before
        stays = tables.stay.c
        connection.execute(sa.update(tables.stay).where(stays.result.in_(said.results)).values(is_counter_wanted=False))
    connection.execute(
        change.values(
            stage=said.stage,
            compartment=None if said.stage == "queued" else said.compartment,
            hand_over=said.hand_over,
            since=at,
            evidence=said.evidence,
            **({"is_disputed": False, "is_uncertain": False} if is_inside else {}),
        )
    )


def _answer(connection: Connection, cabinet: str, said: reading.Answered, at: str) -> None:
    mine = (w.cabinet == cabinet, w.wish_seq == said.wish_seq)
    row = connection.execute(sa.select(w.kind, w.result, w.answer).where(*mine)).one_or_none()
    if row is None or row.answer is not None:
        return
    connection.execute(sa.update(tables.wish).where(*mine).values(answer=said.answer, reason=said.reason))
    if row.kind == AnnounceResult.__name__ and said.answer == "refused":
        _move(connection, cabinet, reading.Moved((row.result,), "refused"), at)
    if row.kind == CancelResult.__name__:
        stage = connection.execute(sa.select(r.stage).where(r.result == row.result)).scalar()
        if said.answer != "done" or stage in TAKEN:
            note_conflict(connection, cabinet, row.result, TAKEN_FIRST if stage in TAKEN else "cancel-refused", at)


def listing(
    connection: Connection, *, cabinet: str | None = None, result: str | None = None, limit: int = 200
) -> list[Whereabouts]:
    """Results, latest announcement first."""
    chosen = sa.select(tables.result)
    if cabinet is not None:
        chosen = chosen.where(r.cabinet == cabinet)
    if result is not None:
        chosen = chosen.where(r.result == result)
    rows = connection.execute(chosen.order_by(r.announced_at.desc(), r.result.desc()).limit(limit)).all()
    k = tables.conflict.c
    causes: dict[str, list[str]] = {}
    for one in connection.execute(
        sa.select(k.result, k.cause).where(k.result.in_([row.result for row in rows])).order_by(k.noted_at)
    ):
        causes.setdefault(one.result, []).append(one.cause)
    chosen = sa.select(tables.stay).where(tables.stay.c.result.in_([row.result for row in rows]))
    stays = {one.result: one for one in connection.execute(chosen)}
    names = set(Whereabouts.__dataclass_fields__) - {"conflicts", "kept_until", "is_counter_wanted"}
    return [
        Whereabouts(
            **{name: getattr(row, name) for name in names},
            conflicts=tuple(causes.get(row.result, ())),
            kept_until=stays[row.result].deadline if row.result in stays else None,
            is_counter_wanted=row.result in stays and stays[row.result].is_counter_wanted,
        )
        for row in rows
    ]


def show(connection: Connection, result: str) -> Whereabouts:
    """One result. UnknownResultError."""
    found = listing(connection, result=result, limit=1)
    if not found:
        raise UnknownResultError("no result has this id; list them with GET /v1/results")
    return found[0]
