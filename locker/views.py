"""Tables for lists, search and reports: written with the facts in one transaction, rebuilt from them at any time.

They hold refs and places only. Names, phones and dossier codes stay in the erasable table `personal` and are joined
when somebody with the right asks. What a result's row says of the past outlives the live state.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import apsw
import msgspec

from locker import dossier_code
from locker import events as ev
from locker.replay import Views
from locker.rules import asking
from otp.segments import unaccent

VERSION = 8
SEARCHED = 50
SHORTEST_TAIL = 4
SHORTEST_ASKED = 10
CENTURY = "20"

Where = Literal["to_load", "loading", "inside", "collected", "reclaimed", "cancelled", "gone", "handed_out", "posted"]
Failure = Literal["doors_not_opened", "opened_unasked", "left_open", "wrong_doors", "disputes", "notices_failed"]
Outcome = Literal["none", "queued", "sent", "delivered", "failed"]

DDL = """
DROP TABLE IF EXISTS view_hand_over;
DROP TABLE IF EXISTS view_result;
DROP TABLE IF EXISTS view_notice;
DROP TABLE IF EXISTS view_exceptional;
DROP TABLE IF EXISTS view_failure;
DROP TABLE IF EXISTS view_intake;
DROP TABLE IF EXISTS view_rating;
CREATE TABLE view_hand_over (
  hand_over TEXT PRIMARY KEY,
  compartment INTEGER NOT NULL,
  recipient TEXT NOT NULL,
  loaded_by TEXT NOT NULL,
  started_utc_ms INTEGER NOT NULL,
  loaded_utc_ms INTEGER,
  ended_utc_ms INTEGER,
  ended TEXT NOT NULL DEFAULT '',
  evidence TEXT NOT NULL DEFAULT '',
  ended_by TEXT NOT NULL DEFAULT '',
  disputed TEXT NOT NULL DEFAULT '',
  told_utc_ms INTEGER
) STRICT;
CREATE INDEX view_hand_over_loaded ON view_hand_over (loaded_utc_ms);
CREATE INDEX view_hand_over_ended ON view_hand_over (ended_utc_ms);
CREATE TABLE view_result (
  result TEXT PRIMARY KEY,
  dossier TEXT NOT NULL,
  person TEXT NOT NULL,
  recipient TEXT NOT NULL,
  stage TEXT NOT NULL,
  hand_over TEXT NOT NULL DEFAULT '',
  since_utc_ms INTEGER NOT NULL,
  since_seq INTEGER NOT NULL,
  notice TEXT NOT NULL DEFAULT '',
  announced_utc_ms INTEGER NOT NULL,
  deadline TEXT NOT NULL
) STRICT;
CREATE INDEX view_result_deadline ON view_result (deadline);
CREATE INDEX view_result_dossier ON view_result (dossier);
CREATE INDEX view_result_person ON view_result (person);
CREATE INDEX view_result_hand_over ON view_result (hand_over) WHERE hand_over <> '';
CREATE INDEX view_result_notice ON view_result (notice) WHERE notice <> '';
CREATE TABLE view_notice (
  notice TEXT PRIMARY KEY,
  outcome TEXT NOT NULL
) STRICT;
CREATE TABLE view_exceptional (
  grant_id TEXT PRIMARY KEY,
  way TEXT NOT NULL,
  compartment INTEGER NOT NULL,
  hand_over TEXT NOT NULL,
  actor TEXT NOT NULL,
  second TEXT NOT NULL,
  glass TEXT NOT NULL,
  at_utc_ms INTEGER NOT NULL,
  at_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX view_exceptional_at ON view_exceptional (at_utc_ms);
CREATE TABLE view_failure (
  kind TEXT NOT NULL,
  at_utc_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX view_failure_at ON view_failure (at_utc_ms);
CREATE TABLE view_intake (
  hand_over TEXT PRIMARY KEY,
  compartment INTEGER NOT NULL,
  kind TEXT NOT NULL,
  bag TEXT NOT NULL,
  person TEXT NOT NULL,
  dossier TEXT NOT NULL,
  promised TEXT NOT NULL,
  stage TEXT NOT NULL,
  sent_utc_ms INTEGER NOT NULL DEFAULT 0,
  appointment TEXT NOT NULL DEFAULT '',
  since_utc_ms INTEGER NOT NULL,
  since_seq INTEGER NOT NULL,
  left_utc_ms INTEGER,
  ended TEXT NOT NULL DEFAULT '',
  ended_utc_ms INTEGER,
  answered_utc_ms INTEGER
) STRICT;
CREATE INDEX view_intake_left ON view_intake (left_utc_ms);
CREATE INDEX view_intake_ended ON view_intake (ended_utc_ms);
CREATE INDEX view_intake_answered ON view_intake (answered_utc_ms);
CREATE TABLE view_rating (
  face TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_utc_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX view_rating_at ON view_rating (at_utc_ms);
CREATE INDEX view_intake_person ON view_intake (person);
CREATE INDEX view_intake_dossier ON view_intake (dossier);
"""


class At(NamedTuple):
    """When a fact was decided, in wall milliseconds, and its place in this journal."""

    utc_ms: int
    seq: int


class Found(msgspec.Struct, frozen=True):
    """One hit of a search. `when_utc_ms` is when the result came to where it is."""

    result: str
    dossier: str
    name: str
    where: str
    compartment: int
    when_utc_ms: int


class Paper(msgspec.Struct, frozen=True):
    """What became of one result or intake of a dossier: `stage` of its view, and the day an intake is answered by."""

    is_intake: bool
    stage: str
    hand_over: str
    since_utc_ms: int
    result: str = ""
    day: str = ""


class Balance(msgspec.Struct, frozen=True):
    """I2's sum over hand-overs: `before` the span, plus loaded and deposited, less what left since, is `inside`.

    `deposited` are intakes, from their door's closing on; `fetched` those a clerk took out, `withdrawn` those that were
    taken back, once a clerk has looked. `missing` left without anybody's right: a clerk found the compartment empty.
    `seq` is the fact it was taken after.
    """

    seq: int = 0
    before: int = 0
    loaded: int = 0
    deposited: int = 0
    collected: int = 0
    reclaimed: int = 0
    fetched: int = 0
    withdrawn: int = 0
    missing: int = 0

    @property
    def inside(self) -> int:
        """What must be in the cabinet now."""
        gone = self.collected + self.reclaimed + self.fetched + self.withdrawn + self.missing
        return self.before + self.loaded + self.deposited - gone


class Counts(msgspec.Struct, frozen=True):
    """Hand-overs of one span of time."""

    loaded: int = 0
    collected: int = 0
    reclaimed: int = 0


def create(connection: apsw.Connection) -> None:
    """Drop and make the tables, empty."""
    connection.execute(DDL)


def apply(connection: apsw.Connection, recorded: Sequence[ev.Recorded]) -> None:
    """Follow facts in order within the running transaction."""
    for one in recorded:
        _follow(connection, one.event, At(one.moment.utc_ms, one.seq))


def _follow(connection: apsw.Connection, event: ev.EventBody, at: At) -> None:
    if isinstance(event, ev.FactMerged):
        try:
            fact = ev.decode(event.fact)
        except msgspec.DecodeError:
            return  # a newer release's; the fold opens an incident, and the views are rebuilt by who can read it
        _follow(connection, fact, At(event.utc_ms, at.seq))
    elif (step := _STEPS.get(type(event))) is not None:
        step(connection, event, at)


def _queued(connection: apsw.Connection, event: ev.ResultQueued, at: At) -> None:
    connection.execute(
        "INSERT INTO view_result "
        "(result, dossier, person, recipient, stage, since_utc_ms, since_seq, announced_utc_ms, deadline) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (result) DO UPDATE SET dossier=excluded.dossier, person=excluded.person, "
        "recipient=excluded.recipient, stage=excluded.stage, since_utc_ms=excluded.since_utc_ms, "
        "since_seq=excluded.since_seq, hand_over='', notice='', announced_utc_ms=excluded.announced_utc_ms, "
        "deadline=excluded.deadline",
        (event.result, event.dossier, event.person, event.recipient, "to_load", *at, at.utc_ms, event.deadline),
    )


def _amended(connection: apsw.Connection, event: ev.ResultAmended, _at: At) -> None:
    connection.execute(
        "UPDATE view_result SET person = coalesce(?, person), recipient = coalesce(?, recipient), "
        "deadline = coalesce(?, deadline) WHERE result = ?",
        (event.person, event.recipient, event.deadline, event.result),
    )


def _cancelled(connection: apsw.Connection, event: ev.ResultCancelled, at: At) -> None:
    connection.execute(
        "UPDATE view_result SET stage = 'cancelled', since_utc_ms = ?, since_seq = ? "
        "WHERE result = ? AND stage = 'to_load'",
        (*at, event.result),
    )


def _load_started(connection: apsw.Connection, event: ev.LoadStarted, at: At) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO view_hand_over (hand_over, compartment, recipient, loaded_by, started_utc_ms) "
        "VALUES (?, ?, ?, ?, ?)",
        (event.hand_over, event.compartment, event.recipient, event.actor, at.utc_ms),
    )
    for result in event.results:
        connection.execute(
            "UPDATE view_result SET stage = 'loading', hand_over = ?, since_utc_ms = ?, since_seq = ? WHERE result = ?",
            (event.hand_over, *at, result),
        )


def _loaded(connection: apsw.Connection, event: ev.Loaded, at: At) -> None:
    connection.execute(
        "UPDATE view_hand_over SET loaded_utc_ms = coalesce(loaded_utc_ms, ?) WHERE hand_over = ?",
        (at.utc_ms, event.hand_over),
    )
    _stage(connection, event.results, "inside", at)


def _undone(connection: apsw.Connection, event: ev.LoadUndone, at: At) -> None:
    connection.execute("DELETE FROM view_hand_over WHERE hand_over = ?", (event.hand_over,))
    for result in event.results:
        connection.execute(
            "UPDATE view_result SET stage = 'to_load', hand_over = '', since_utc_ms = ?, since_seq = ? "
            "WHERE result = ?",
            (*at, result),
        )


def _stage(connection: apsw.Connection, results: Iterable[str], stage: Where, at: At) -> None:
    for result in results:
        connection.execute(
            "UPDATE view_result SET stage = ?, since_utc_ms = ?, since_seq = ? WHERE result = ?", (stage, *at, result)
        )


def _end(
    connection: apsw.Connection, hand_over: str, ended: Where, *, at: At, evidence: str = "", actor: str = ""
) -> None:
    connection.execute(
        "UPDATE view_hand_over SET ended = ?, ended_utc_ms = ?, evidence = ?, ended_by = ? WHERE hand_over = ?",
        (ended, at.utc_ms, evidence, actor, hand_over),
    )
    connection.execute(
        "UPDATE view_result SET stage = ?, since_utc_ms = ?, since_seq = ? WHERE hand_over = ? AND hand_over <> ''",
        (ended, *at, hand_over),
    )


def _handed_out(connection: apsw.Connection, event: ev.HandedAtCounter, at: At) -> None:
    _stage(connection, (event.result,), "handed_out", at)


def _posted(connection: apsw.Connection, event: ev.Posted, at: At) -> None:
    _stage(connection, (event.result,), "posted", at)


def _moved(connection: apsw.Connection, event: ev.Moved, _at: At) -> None:
    connection.execute("UPDATE view_hand_over SET compartment = ? WHERE hand_over = ?", (event.target, event.hand_over))


def _collected(connection: apsw.Connection, event: ev.Collected, at: At) -> None:
    _end(connection, event.hand_over, "collected", at=at, evidence=event.evidence)


def _reclaimed(connection: apsw.Connection, event: ev.Reclaimed, at: At) -> None:
    _end(connection, event.hand_over, "reclaimed", at=at, actor=event.actor)


def _settled(connection: apsw.Connection, event: ev.Settled, at: At) -> None:
    if event.outcome == "gone":
        _end(connection, event.hand_over, "gone", at=at, evidence=event.evidence, actor=event.actor)
        return
    connection.execute(
        "UPDATE view_hand_over SET ended = '', ended_utc_ms = NULL, evidence = '', disputed = '' WHERE hand_over = ?",
        (event.hand_over,),
    )
    connection.execute(
        "UPDATE view_result SET stage = 'inside', since_utc_ms = ?, since_seq = ? "
        "WHERE hand_over = ? AND hand_over <> '' AND stage <> 'inside'",
        (*at, event.hand_over),
    )


def _failed(kind: Failure) -> Callable[[apsw.Connection, ev.EventBody, At], None]:
    """Counts a fact of this kind for reports."""

    def step(connection: apsw.Connection, _event: ev.EventBody, at: At) -> None:
        connection.execute("INSERT INTO view_failure (kind, at_utc_ms) VALUES (?, ?)", (kind, at.utc_ms))

    return step


def _disputed(connection: apsw.Connection, event: ev.Disputed, at: At) -> None:
    _failed("disputes")(connection, event, at)
    connection.execute("UPDATE view_hand_over SET disputed = ? WHERE hand_over = ?", (event.kind, event.hand_over))


def _notice_queued(connection: apsw.Connection, event: ev.NoticeQueued, _at: At) -> None:
    _outcome(connection, event.notice, "queued")
    for result in event.results:
        connection.execute("UPDATE view_result SET notice = ? WHERE result = ?", (event.notice, result))


def _outcome(connection: apsw.Connection, notice: str, outcome: Outcome) -> None:
    connection.execute("INSERT OR REPLACE INTO view_notice (notice, outcome) VALUES (?, ?)", (notice, outcome))


def _notice_sent(connection: apsw.Connection, event: ev.NoticeSent, at: At) -> None:
    _outcome(connection, event.notice, "sent")
    connection.execute(
        "UPDATE view_hand_over SET told_utc_ms = ? WHERE told_utc_ms IS NULL AND ended = '' "
        "AND hand_over IN (SELECT hand_over FROM view_result WHERE notice = ? AND notice <> '')",
        (at.utc_ms, event.notice),
    )


def _notice_delivered(connection: apsw.Connection, event: ev.NoticeDelivered, _at: At) -> None:
    _outcome(connection, event.notice, "delivered" if event.is_reported else "sent")


def _notice_failed(connection: apsw.Connection, event: ev.NoticeFailed, at: At) -> None:
    if event.is_final:
        _failed("notices_failed")(connection, event, at)
    _outcome(connection, event.notice, "failed" if event.is_final else "queued")


def _granted(connection: apsw.Connection, event: ev.GrantIssued, at: At) -> None:
    """Only openings of what is inside that somebody had to agree to, or that were made by breaking the glass."""
    if event.purpose == "load" or not (event.second or event.permit):
        return
    if event.permit.startswith("stock-"):
        way = "stock"
    else:
        way = "glass" if not event.second else "approval" if event.permit else "second"
    glass = event.permit if way == "glass" else ""
    connection.execute(
        "INSERT OR REPLACE INTO view_exceptional "
        "(grant_id, way, compartment, hand_over, actor, second, glass, at_utc_ms, at_seq) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (event.grant, way, event.compartment, event.hand_over, event.actor, event.second, glass, *at),
    )


def _notice_dropped(connection: apsw.Connection, event: ev.NoticeDropped, _at: At) -> None:
    connection.execute("DELETE FROM view_notice WHERE notice = ?", (event.notice,))


def _intake_offered(connection: apsw.Connection, event: ev.IntakeOffered, at: At) -> None:
    connection.execute(
        "INSERT INTO view_intake (hand_over, compartment, kind, bag, person, dossier, promised, stage, since_utc_ms, "
        "since_seq) VALUES (?, ?, ?, ?, ?, ?, ?, 'offered', ?, ?) ON CONFLICT (hand_over) DO UPDATE SET "
        "kind=excluded.kind, bag=excluded.bag, person=excluded.person, dossier=excluded.dossier, "
        "promised=excluded.promised",
        (
            event.hand_over,
            event.compartment,
            event.kind,
            event.bag,
            event.person,
            event.dossier,
            event.promised,
            *at,
        ),
    )


def _intake_stage(connection: apsw.Connection, hand_over: str, stage: str, at: At) -> None:
    connection.execute(
        "UPDATE view_intake SET stage = ?, since_utc_ms = ?, since_seq = ? WHERE hand_over = ?",
        (stage, *at, hand_over),
    )


def _intake_given_up(connection: apsw.Connection, event: ev.IntakeGivenUp, at: At) -> None:
    _intake_stage(connection, event.hand_over, "given_up", at)
    _intake_ended(connection, event.hand_over, "withdrawn", at)


def _intake_ended(connection: apsw.Connection, hand_over: str, ended: str, at: At) -> None:
    """It is in the cabinet no more; what never was on record as inside does not count."""
    connection.execute(
        "UPDATE view_intake SET ended = ?, ended_utc_ms = ? WHERE hand_over = ? AND left_utc_ms IS NOT NULL",
        (ended, at.utc_ms, hand_over),
    )


def _intake_left(connection: apsw.Connection, hand_over: str, at: At) -> None:
    connection.execute(
        "UPDATE view_intake SET left_utc_ms = coalesce(left_utc_ms, ?) WHERE hand_over = ?", (at.utc_ms, hand_over)
    )


def _rated(connection: apsw.Connection, event: ev.Rated, at: At) -> None:
    connection.execute(
        "INSERT INTO view_rating (face, reason, at_utc_ms) VALUES (?, ?, ?)", (event.face, event.reason, at.utc_ms)
    )


def _kept_longer(connection: apsw.Connection, event: ev.StayExtended | ev.StayMadeGood, _at: At) -> None:
    for result in event.results:
        connection.execute("UPDATE view_result SET deadline = ? WHERE result = ?", (event.deadline, result))


def _dropped_off(connection: apsw.Connection, event: ev.DroppedOff, at: At) -> None:
    _intake_stage(connection, event.hand_over, "dropped", at)
    _intake_left(connection, event.hand_over, at)
    connection.execute("UPDATE view_intake SET sent_utc_ms = ? WHERE hand_over = ?", (at.utc_ms, event.hand_over))


def _deposited(connection: apsw.Connection, event: ev.Deposited, at: At) -> None:
    _intake_stage(connection, event.hand_over, "deposited", at)
    _intake_left(connection, event.hand_over, at)
    connection.execute(
        "UPDATE view_intake SET sent_utc_ms = ? WHERE hand_over = ? AND sent_utc_ms = 0", (at.utc_ms, event.hand_over)
    )


def _withdrawn(connection: apsw.Connection, event: ev.Withdrawn, at: At) -> None:
    _intake_stage(connection, event.hand_over, "withdrawn", at)


def _intake_collected(connection: apsw.Connection, event: ev.IntakeCollected, at: At) -> None:
    _intake_stage(connection, event.hand_over, "collected" if event.count else "missing", at)
    _intake_ended(connection, event.hand_over, "fetched" if event.count else "missing", at)


def _promise_broken(connection: apsw.Connection, event: ev.PromiseBroken, _at: At) -> None:
    connection.execute("UPDATE view_intake SET promised = ? WHERE hand_over = ?", (event.again, event.hand_over))


def _intake_answered(connection: apsw.Connection, event: ev.IntakeAnswered, at: At) -> None:
    _intake_stage(connection, event.hand_over, event.outcome, at)
    connection.execute(
        "UPDATE view_intake SET dossier = ?, appointment = ?, answered_utc_ms = ? WHERE hand_over = ?",
        (event.dossier, event.appointment, at.utc_ms, event.hand_over),
    )


_STEPS: Mapping[type[ev.EventBody], Callable[[apsw.Connection, Any, At], None]] = {
    ev.ResultQueued: _queued,
    ev.ResultAmended: _amended,
    ev.ResultCancelled: _cancelled,
    ev.LoadStarted: _load_started,
    ev.Loaded: _loaded,
    ev.LoadUndone: _undone,
    ev.Collected: _collected,
    ev.Reclaimed: _reclaimed,
    ev.Moved: _moved,
    ev.HandedAtCounter: _handed_out,
    ev.Posted: _posted,
    ev.Settled: _settled,
    ev.Disputed: _disputed,
    ev.GrantIssued: _granted,
    ev.DoorDidNotOpen: _failed("doors_not_opened"),
    ev.DoorOpenedUnasked: _failed("opened_unasked"),
    ev.LeftOpen: _failed("left_open"),
    ev.WrongDoorOpened: _failed("wrong_doors"),
    ev.IntakeOffered: _intake_offered,
    ev.IntakeGivenUp: _intake_given_up,
    ev.DroppedOff: _dropped_off,
    ev.Deposited: _deposited,
    ev.Withdrawn: _withdrawn,
    ev.IntakeCollected: _intake_collected,
    ev.PromiseBroken: _promise_broken,
    ev.IntakeAnswered: _intake_answered,
    ev.Rated: _rated,
    ev.StayExtended: _kept_longer,
    ev.StayMadeGood: _kept_longer,
    ev.NoticeQueued: _notice_queued,
    ev.NoticeSent: _notice_sent,
    ev.NoticeDelivered: _notice_delivered,
    ev.NoticeFailed: _notice_failed,
    ev.NoticeDropped: _notice_dropped,
}


# --- what is asked of them


def past(connection: apsw.Connection, result: str) -> Literal["", "collected", "reclaimed"]:
    """What became of a result that is not live any more; missing items count as collected, for they are not here."""
    stage = connection.execute("SELECT stage FROM view_result WHERE result = ?", (result,)).get
    if stage in ("collected", "gone", "handed_out", "posted"):
        return "collected"
    return "reclaimed" if stage == "reclaimed" else ""


def people(connection: apsw.Connection, refs: Collection[str]) -> dict[str, dict[str, str]]:
    """Personal bodies by ref, of persons (`name`, `phone`) and dossiers (`code`); erased ones are absent."""
    rows = connection.execute(
        "SELECT ref, body FROM personal WHERE ref IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(sorted(refs)).decode(),),
    )
    return {str(ref): msgspec.json.decode(str(body), type=dict[str, str]) for ref, body in rows}


class IntakeWords(msgspec.Struct, frozen=True):
    """What a message says of an intake: its bag, the refs and days that go with it, and when its door closed."""

    bag: str
    dossier: str
    promised: str
    appointment: str
    sent_utc_ms: int


def intake_words(connection: apsw.Connection, hand_over: str) -> IntakeWords | None:
    """The words of one intake, also of one that is over; None for an unknown one."""
    found = connection.execute(
        "SELECT bag, dossier, promised, appointment, sent_utc_ms FROM view_intake WHERE hand_over = ?", (hand_over,)
    ).fetchone()
    return None if found is None else IntakeWords(*found)


_WITH_PHONE = """
SELECT ref FROM personal WHERE kind = 'person'
AND (json_extract(body, '$.phone') = ? OR ' ' || json_extract(body, '$.more_phones') || ' ' LIKE ?)
"""


def with_phone(connection: apsw.Connection, phone: str) -> tuple[str, ...]:
    """Refs of every person on record with this phone (E.164)."""
    if not phone:
        return ()
    return _column(connection, _WITH_PHONE, phone, f"% {phone} %")


def with_code(connection: apsw.Connection, code: str) -> tuple[str, ...]:
    """Refs of every dossier on record with exactly this code, as `dossier_code.normalise` writes it."""
    return _column(
        connection, "SELECT ref FROM personal WHERE kind = 'dossier' AND json_extract(body, '$.code') = ?", code
    )


def with_slip(connection: apsw.Connection, kept: str) -> tuple[str, ...]:
    """Refs of the dossiers whose appointment slip has this keyed hash."""
    return _column(
        connection, "SELECT ref FROM personal WHERE kind = 'dossier' AND json_extract(body, '$.slip') = ?", kept
    )


def folded(text: str) -> str:
    """Text as it is searched: no marks, đ as d, lower case, single spaces."""
    return " ".join(unaccent(text).casefold().split())


def find_results(connection: apsw.Connection, scan: str) -> tuple[str, ...]:
    """Results whose dossier code was scanned or typed: the whole code first, else its last digits (at least four)."""
    whole = dossier_code.normalise(scan)
    exact = _column(connection, _BY_CODE, whole, folded(whole))
    digits = "".join(mark for mark in whole if mark.isascii() and mark.isdigit())
    has_letters = any(mark.isalpha() for mark in whole)
    if exact or has_letters or len(digits) < SHORTEST_TAIL:
        return exact
    return _column(connection, _BY_TAIL, digits)


_BY_CODE = """
SELECT r.result FROM personal d JOIN view_result r ON r.dossier = d.ref
WHERE d.kind = 'dossier' AND (json_extract(d.body, '$.code') = ? OR d.search = ?) ORDER BY r.since_utc_ms, r.result
"""
_BY_TAIL = """
SELECT r.result FROM personal d JOIN view_result r ON r.dossier = d.ref
WHERE d.kind = 'dossier' AND d.tail <> '' AND d.tail LIKE '%' || ? ORDER BY r.since_utc_ms, r.result
"""
_BY_WORDS = """
SELECT r.result, coalesce(json_extract(d.body, '$.code'), ''), coalesce(json_extract(p.body, '$.name'), ''),
  r.stage, coalesce(h.compartment, 0), r.since_utc_ms
FROM view_result r
LEFT JOIN personal d ON d.ref = r.dossier
LEFT JOIN personal p ON p.ref = r.person
LEFT JOIN view_hand_over h ON h.hand_over = r.hand_over
WHERE NOT EXISTS (
  SELECT 1 FROM json_each(?) w WHERE NOT (
    instr(coalesce(d.search, ''), w.value) OR instr(coalesce(p.search, ''), w.value)
    OR instr(coalesce(d.tail, ''), replace(w.value, '-', ''))
  )
)
ORDER BY r.since_utc_ms DESC LIMIT ?
"""


def _column(connection: apsw.Connection, query: str, *values: str) -> tuple[str, ...]:
    # A statement that is kept for its next use keeps what it was asked for.
    return tuple(str(first) for (first,) in connection.execute(query, values, can_cache=False))


def search(connection: apsw.Connection, words: str) -> tuple[Found, ...]:
    """Results whose dossier code or person's name holds every word, newest first, at most 50."""
    wanted = folded(words).split()
    if not wanted:
        return ()
    rows: Any = connection.execute(_BY_WORDS, (msgspec.json.encode(wanted).decode(), SEARCHED), can_cache=False)
    return tuple(Found(*row) for row in rows)


_ASKED = """
WITH asked AS (
  SELECT ref FROM personal WHERE kind = 'dossier'
  AND (json_extract(body, '$.code') = ?1 OR search = ?2 OR (tail <> '' AND tail IN (?3, ?4)))
), named AS (
  SELECT dossier, person FROM view_result WHERE dossier IN (SELECT ref FROM asked)
  UNION SELECT dossier, person FROM view_intake WHERE dossier IN (SELECT ref FROM asked)
)
SELECT n.dossier, coalesce(json_extract(p.body, '$.phone'), '') FROM named n
LEFT JOIN personal p ON p.ref = n.person ORDER BY n.dossier
"""


def asked(connection: apsw.Connection, typed: str, ending: str) -> asking.Asked:
    """The dossiers that go by a typed code, whole or by its digits, and those of them whose phone has this ending."""
    whole = dossier_code.normalise(typed)
    digits = "".join(mark for mark in whole if mark.isascii() and mark.isdigit())
    tail = digits if not any(mark.isalpha() for mark in whole) and len(digits) >= SHORTEST_ASKED else ""
    short = tail[2:] if tail.startswith(CENTURY) and len(tail) >= SHORTEST_ASKED + len(CENTURY) else tail
    rows: Any = connection.execute(_ASKED, (whole, folded(whole), tail, short), can_cache=False).fetchall()
    matching = {ref for ref, phone in rows if phone and ending and phone.endswith(ending)}
    return asking.Asked(dossiers=tuple(sorted({ref for ref, _phone in rows})), matching=tuple(sorted(matching)))


def papers(connection: apsw.Connection, dossiers: Collection[str]) -> tuple[Paper, ...]:
    """What became of everything on record of these dossiers, latest first."""
    refs = msgspec.json.encode(sorted(dossiers)).decode()
    rows: Any = connection.execute(
        "SELECT 0, stage, hand_over, since_utc_ms, result, '' FROM view_result "
        "WHERE dossier IN (SELECT value FROM json_each(?1)) UNION ALL "
        "SELECT 1, stage, hand_over, since_utc_ms, '', coalesce(nullif(appointment, ''), promised) FROM view_intake "
        "WHERE dossier IN (SELECT value FROM json_each(?1)) ORDER BY since_utc_ms DESC",
        (refs,),
    )
    return tuple(Paper(bool(is_intake), *rest) for is_intake, *rest in rows)


def counts(connection: apsw.Connection, start_utc_ms: int, end_utc_ms: int) -> Counts:
    """Hand-overs loaded, collected and reclaimed from `start_utc_ms` up to before `end_utc_ms`."""
    span = (start_utc_ms, end_utc_ms)
    loaded = connection.execute(
        "SELECT count(*) FROM view_hand_over WHERE loaded_utc_ms >= ? AND loaded_utc_ms < ?", span
    ).get
    rows: Any = connection.execute(
        "SELECT ended, count(*) FROM view_hand_over WHERE ended_utc_ms >= ? AND ended_utc_ms < ? GROUP BY ended", span
    )
    ended = dict(rows.fetchall())
    return Counts(loaded=loaded, collected=ended.get("collected", 0), reclaimed=ended.get("reclaimed", 0))


def balance(connection: apsw.Connection, since_utc_ms: int) -> Balance:
    """The balance from `since_utc_ms` to now. A clock that was set back moves something between days, never the sum."""
    before, loaded, ended = _span(connection, "view_hand_over", "loaded_utc_ms", since_utc_ms)
    lay, deposited, left = _span(connection, "view_intake", "left_utc_ms", since_utc_ms)
    return Balance(
        seq=connection.execute("SELECT coalesce(max(seq), 0) FROM event").get,
        before=before + lay,
        loaded=loaded,
        deposited=deposited,
        collected=ended.get("collected", 0),
        reclaimed=ended.get("reclaimed", 0),
        fetched=left.get("fetched", 0),
        withdrawn=left.get("withdrawn", 0),
        missing=ended.get("gone", 0) + left.get("missing", 0),
    )


def _span(connection: apsw.Connection, table: str, came: str, since_utc_ms: int) -> tuple[int, int, dict[str, int]]:
    """Of a table of hand-overs: how many were inside before, how many came since, and how those that left did."""
    before, since = connection.execute(
        f"SELECT count(*) FILTER (WHERE {came} < ?1) - "  # noqa: S608  names of our own
        f"count(*) FILTER (WHERE {came} IS NOT NULL AND ended_utc_ms < ?1), "
        f"count(*) FILTER (WHERE {came} >= ?1) FROM {table}",
        (since_utc_ms,),
    ).get
    rows: Any = connection.execute(
        f"SELECT ended, count(*) FROM {table} WHERE ended_utc_ms >= ? AND {came} IS NOT NULL GROUP BY ended",  # noqa: S608
        (since_utc_ms,),
    )
    return before, since, dict(rows.fetchall())


class Forced(msgspec.Struct, frozen=True):
    """One opening that somebody had to agree to (`second`, `approval`), or that was made by breaking the `glass`."""

    at_utc_ms: int
    way: str
    compartment: int
    actor: str
    second: str


def forced(connection: apsw.Connection, since_utc_ms: int) -> tuple[Forced, ...]:
    """Openings of this kind since then, latest first; those of a stock check are none."""
    rows: Any = connection.execute(
        "SELECT at_utc_ms, way, compartment, actor, second FROM view_exceptional "
        "WHERE at_utc_ms >= ? AND way <> 'stock' ORDER BY at_seq DESC",
        (since_utc_ms,),
    )
    return tuple(Forced(*row) for row in rows)


def notice_outcomes(connection: apsw.Connection, results: Collection[str]) -> dict[str, Outcome]:
    """How the latest notice that named each result fared; a result no notice named is absent."""
    rows: Any = connection.execute(
        "SELECT r.result, n.outcome FROM view_result r JOIN view_notice n ON n.notice = r.notice "
        "WHERE r.result IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(sorted(results)).decode(),),
    )
    return dict(rows.fetchall())


def notice_totals(connection: apsw.Connection) -> dict[str, int]:
    """Notices by outcome, of all time."""
    rows: Any = connection.execute("SELECT outcome, count(*) FROM view_notice GROUP BY outcome")
    return dict(rows.fetchall())


VIEWS = Views(version=VERSION, create=create, apply=apply)
