"""The retention worker: once an hour it erases the personal data whose time is over, and copies of the journal that
still hold them. The rules are in `locker.rules.retention`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import apsw
import structlog

from locker import keeping, patience
from locker.clock import RELEASED_UTC_MS, Clock
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import retention as rules
from locker.sync import CURSOR

LOOK_EVERY_S = 3600.0
log = structlog.get_logger()

# A time before this release existed was never believed: then the first fact decided by a believed clock counts.
_KEPT = """
WITH kept AS (
  SELECT p.rowid AS place, p.ref, r.result, r.hand_over, r.since_utc_ms, r.since_seq
  FROM personal p CROSS JOIN view_result r ON r.{field} = p.ref WHERE p.kind = ?2
  UNION ALL SELECT p.rowid, p.ref, i.hand_over, i.hand_over, i.since_utc_ms, i.since_seq
  FROM personal p CROSS JOIN view_intake i ON i.{field} = p.ref WHERE p.kind = ?2
  UNION ALL SELECT p.rowid, p.ref, '', '', NULL, NULL FROM personal p WHERE p.kind = ?2
    AND NOT EXISTS (SELECT 1 FROM view_result r WHERE r.{field} = p.ref)
    AND NOT EXISTS (SELECT 1 FROM view_intake i WHERE i.{field} = p.ref)
)
SELECT ref, result, hand_over,
  CASE WHEN since_utc_ms >= ?1 THEN since_utc_ms ELSE coalesce((
    SELECT e.utc_ms FROM event e WHERE e.seq >= since_seq AND e.clock <> 'unset' ORDER BY e.seq LIMIT 1
  ), 0) END,
  coalesce(since_seq, 0)
FROM kept ORDER BY place
"""
# A reason belongs to its broken glass, and counts from that opening.
_REASONS = """
SELECT p.ref, coalesce(x.glass, ''), coalesce(x.hand_over, ''), coalesce(x.at_utc_ms, 0), coalesce(x.at_seq, 0)
FROM personal p LEFT JOIN view_exceptional x ON x.glass = json_extract(p.body, '$.glass')
WHERE p.kind = 'reason' ORDER BY p.rowid
"""


@dataclass(frozen=True, slots=True)
class Copies:
    """Where copies of the journal are, and for how long they may stay."""

    backups: Path
    storage: Path
    keep_ms: int


async def run(
    journal: Journal[Cabinet],
    *,
    policy: rules.Policy,
    copies: Copies,
    clock: Clock,
    look_every_s: float = LOOK_EVERY_S,
    pause_s: float = patience.PAUSE_S,
) -> None:
    """Until cancelled; what a crash or a full disk prevented is found again."""
    while True:
        await patience.persist(lambda: erase_due(journal, policy=policy), what="erasing what is over", pause_s=pause_s)
        await expire_copies(copies, clock=clock)
        await asyncio.sleep(look_every_s)


async def erase_due(journal: Journal[Cabinet], *, policy: rules.Policy) -> None:
    """Erase everything that is over by now. Raises what `Journal.record` raises."""
    while await journal.record(
        lambda cabinet, stock, moment: rules.erase(cabinet, stock, moment=moment, policy=policy), known=stock
    ):
        log.info("personal data erased")


async def expire_copies(copies: Copies, *, clock: Clock) -> None:
    """Remove copies that are too old, if the wall clock is believed."""
    if clock.trust() == "unset":
        return
    before_ms = clock.wall_ms() - copies.keep_ms
    removed = await asyncio.to_thread(keeping.expire, copies.backups, copies.storage, before_utc_ms=before_ms)
    if removed:
        log.info("old copies of the journal removed", count=len(removed))


def stock(connection: apsw.Connection) -> rules.Stock:
    """All that is kept beside the facts, and how far the centre has acknowledged."""
    kept = [
        rules.Kept(*row)
        for kind, field in (("person", "person"), ("dossier", "dossier"))
        for row in connection.execute(_KEPT.format(field=field), (RELEASED_UTC_MS, kind))
    ]
    kept += [rules.Kept(*row) for row in connection.execute(_REASONS)]
    codes = connection.execute("SELECT code, sealed IS NOT NULL FROM code").fetchall()
    acked = connection.execute("SELECT seq FROM cursor WHERE name = ?", (CURSOR,)).get
    return rules.Stock(
        kept=tuple(kept),
        codes=tuple(str(code) for code, _ in codes),
        sealed=tuple(str(code) for code, is_sealed in codes if is_sealed),
        acked_through=int(acked or 0),
    )
