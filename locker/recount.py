"""When the two heads differ: where they part, and how this copy gets back what the centre has and it lacks.

The rules of a recount are in `locker.rules.recounts` and in the fold; here the facts are fetched and merged, and with
them the personal rows they name, out of the wishes that brought them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import msgspec
import structlog

from locker import events as ev
from locker import wire
from locker.centre import CentreLine
from locker.inbox import Person, amend, name_delegate
from locker.journal import Journal
from locker.model import Cabinet
from locker.rows import personal
from locker.rules import recounts, results

log = structlog.get_logger()


AnnouncedRows = Callable[[wire.AnnounceResult, ev.ResultQueued], tuple[ev.Row, ...]]
NAMING = ev.ResultQueued | ev.ResultAmended | ev.DelegateNamed
"""Facts that name personal rows, which are in the wishes alone."""


async def compare(journal: Journal[Cabinet], line: CentreLine, *, rows_of: AnnouncedRows) -> int | None:
    """A recount, if the centre has more than this journal or another line of it.

    Through which fact both agree after one, also if the centre has not heard of its epoch yet; None when none was
    needed. Raises CentreFault, RetryableStorageFault.
    """
    cabinet = journal.cabinet
    there = await line.stand(after=cabinet.seq)
    if cabinet.recount is not None and not cabinet.recount.is_replayed:
        return await _recount(journal, line, there, rows_of)
    if there.epoch > cabinet.epoch or (there.epoch == cabinet.epoch and not await _agrees(journal, there)):
        await _start(journal, there, forked_at=await _fork(journal, line, min(there.acked_through, cabinet.seq)))
        return await _recount(journal, line, there, rows_of)
    if there.epoch < cabinet.epoch:
        return await _fork(journal, line, min(there.acked_through, cabinet.seq))
    return None


async def _agrees(journal: Journal[Cabinet], there: wire.EventsOut) -> bool:
    """Whether this journal holds the centre's head."""
    if there.acked_through == 0:
        return True
    own = await journal.envelopes(there.acked_through - 1, 1)
    return bool(own) and own[0].hash == there.head_hash


async def _fork(journal: Journal[Cabinet], line: CentreLine, upper: int) -> int:
    """The last number up to `upper` at which both sides hold the same fact, by bisection."""
    low, high = 0, upper
    while low < high:
        middle = (low + high + 1) // 2
        own = await journal.envelopes(middle - 1, 1)
        theirs = (await line.stand(after=middle - 1)).events
        if own and theirs and own[0].hash == theirs[0].hash:
            low = middle
        else:
            high = middle - 1
    return low


async def _start(journal: Journal[Cabinet], there: wire.EventsOut, *, forked_at: int) -> None:
    log.error("the centre holds facts this journal lacks; a recount starts", forked_at=forked_at)
    epoch = max(there.epoch, journal.highest_epoch) + 1
    await journal.record(
        lambda cabinet, *_: recounts.start(cabinet, epoch=epoch, cause="centre_ahead", forked_at=forked_at)
    )


async def _recount(journal: Journal[Cabinet], line: CentreLine, there: wire.EventsOut, rows_of: AnnouncedRows) -> int:
    """Fetch every acknowledged fact behind the fork, merge it, and bring back the personal rows it names."""
    before = journal.cabinet
    assert before.recount is not None
    forked_at = before.recount.forked_at
    upper = min(there.acked_through, forked_at)
    fork = await _fork(journal, line, upper)
    if fork < upper:  # the centre's line left this copy's before the copy was made
        forked_at = fork
    if fork < upper or there.epoch >= before.epoch:
        await _start(journal, there, forked_at=forked_at)
    after = forked_at
    brought, named = await _merged_here(journal, after=forked_at)
    while after < there.acked_through:
        page = await line.stand(after=after, limit=wire.MAX_BATCH)
        if not page.events or page.events[-1].cab_seq <= after:
            break
        merged = await _missing(journal, page.events, brought)
        await journal.record(lambda *_, merged=merged: ev.Decision(events=merged))
        named += [fact for one in merged for fact in _naming(one.fact)]
        after = page.events[-1].cab_seq
    rows = await _personal_rows(journal, line, named, before, rows_of)
    finished = ev.RecountFinished(merged_through=after)
    await journal.record(lambda *_: ev.Decision(events=(finished,), rows=rows))
    return min(there.acked_through, forked_at)


async def _merged_here(journal: Journal[Cabinet], *, after: int) -> tuple[set[Origin], list[NAMING]]:
    """What this journal has merged behind a fork already, and those of it whose rows no recount has brought back yet.

    A recount that is begun again meets its own facts in the centre's line, under other numbers than the first time.
    """
    brought: set[Origin] = set()
    named: list[NAMING] = []
    while own := await journal.envelopes(after, wire.MAX_BATCH):
        for one in own:
            if one.type == ev.RecountFinished.__name__:
                named.clear()
            elif one.type == ev.FactMerged.__name__:
                origin = _origin(one)
                brought.add(origin)
                named += _naming(origin.text)
        after = own[-1].cab_seq
    return brought, named


def _naming(text: str) -> list[NAMING]:
    """The fact, if it names personal rows; one that a newer release merged is not read, as in the fold."""
    try:
        fact = ev.decode(text)
    except msgspec.DecodeError:
        return []
    return [fact] if isinstance(fact, NAMING) else []


async def _personal_rows(
    journal: Journal[Cabinet],
    line: CentreLine,
    named: list[NAMING],
    before: Cabinet,
    rows_of: AnnouncedRows,
) -> tuple[ev.Row, ...]:
    """Names, phones and dossier codes of merged results, from the wishes that announced or changed them."""
    wanted = {fact.wish: fact for fact in named}
    people: dict[str, Person] = {}
    rows: list[ev.Row] = []
    after = min(wanted, default=1) - 1
    while wanted and after < max(wanted):
        found = await line.wishes(after=after, wait_s=0)
        if not found.wishes or found.wishes[-1].wish_seq <= after:
            break
        for wish in found.wishes:
            if (fact := wanted.get(wish.wish_seq)) is not None:
                known = people.get(fact.result) or await _person_before(journal, before, fact.result)
                for row in _rows_of(wish, fact, known, rows_of):
                    rows.append(row)
                    is_owner = not isinstance(fact, ev.DelegateNamed)
                    if is_owner and isinstance(row, ev.PutPersonal) and row.kind == "person":
                        people[fact.result] = Person(row.ref, row.body)
        after = found.wishes[-1].wish_seq
    return tuple(rows)


async def _person_before(journal: Journal[Cabinet], before: Cabinet, result: str) -> Person:
    """The personal row of a result as this copy of the journal knew it."""
    present = before.results.get(result)
    ref = "" if present is None else present.person
    body = await journal.read(lambda connection: personal(connection, ref))
    return Person(ref, body or {})


def _rows_of(wish: wire.Wish, fact: NAMING, person: Person, rows_of: AnnouncedRows) -> tuple[ev.Row, ...]:
    try:
        body = wish.read_body()
    except ValueError:  # UnknownWishError and ValidationError
        log.warning("a wish that was carried out cannot be read by this release", wish_seq=wish.wish_seq)
        return ()
    if isinstance(fact, ev.ResultQueued) and isinstance(body, wire.AnnounceResult):
        return rows_of(body, fact)
    if isinstance(fact, ev.ResultAmended) and isinstance(body, wire.AmendResult):
        return amend(body, ev.PutWish(wish_seq=fact.wish, wish_id=wish.wish_id, digest=b""), person).rows
    if isinstance(fact, ev.DelegateNamed) and isinstance(body, wire.NameDelegate):
        named = name_delegate(body, ev.PutWish(wish_seq=fact.wish, wish_id=wish.wish_id, digest=b""), person)
        return () if isinstance(named, results.Unreadable) else named.rows
    return ()


class Origin(NamedTuple):
    """Where, when and what was recorded first: one of the centre's line may itself have come in by a recount.

    The place alone names no fact: a new computer records under the old epoch until it has compared, and its numbers
    are those of the computer that was taken away.
    """

    place: tuple[int, int]
    utc_ms: int
    text: str


def _origin(fact: wire.Envelope) -> Origin:
    if fact.type != ev.FactMerged.__name__:
        text = wire.canonical({"type": fact.type, **fact.body}).decode()
        return Origin((fact.epoch, fact.cab_seq), int(datetime.fromisoformat(fact.time).timestamp() * 1000), text)
    body = fact.body
    return Origin((int(body["epoch"]), int(body["cab_seq"])), int(body["utc_ms"]), str(body["fact"]))


async def _has(journal: Journal[Cabinet], origin: Origin) -> bool:
    """Whether this very journal recorded it: an old card that comes back has what was merged from it meanwhile."""
    epoch, cab_seq = origin.place
    own = await journal.envelopes(cab_seq - 1, 1)
    return bool(own) and own[0].epoch == epoch and _origin(own[0]) == origin


async def _missing(
    journal: Journal[Cabinet], page: list[wire.Envelope], brought: set[Origin]
) -> tuple[ev.FactMerged, ...]:
    """What of a page is to be merged: neither `brought` before, however often it was merged, nor this journal's own."""
    found: list[ev.FactMerged] = []
    for fact in page:
        origin = _origin(fact)
        if origin in brought:
            continue
        brought.add(origin)
        if not await _has(journal, origin) and (one := _merged(fact, origin)) is not None:
            found.append(one)
    return tuple(found)


def _merged(fact: wire.Envelope, origin: Origin) -> ev.FactMerged | None:
    """A fact of the other line as an event here; None for what this release cannot read."""
    try:
        ev.decode(origin.text)
    except msgspec.ValidationError:
        log.warning("a merged fact cannot be read by this release", cab_seq=fact.cab_seq, type=fact.type)
        return None
    epoch, cab_seq = origin.place
    line_seq = 0 if origin.place == (fact.epoch, fact.cab_seq) else fact.cab_seq
    return ev.FactMerged(epoch=epoch, cab_seq=cab_seq, utc_ms=origin.utc_ms, fact=origin.text, line_seq=line_seq)
