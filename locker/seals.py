"""The yearly seal of the journal: written by a worker, checked by whoever verifies a journal.

It is signed with the key of receipts (Ed25519, RFC 8032) over `DLS1.` and the canonical JSON (RFC 8785) of the
cabinet's id and every field of the fact but the signature.
"""

from __future__ import annotations

import asyncio
import hashlib
from zoneinfo import ZoneInfo

import apsw
import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from locker import events as ev
from locker import patience, receipts
from locker.fold import FOLD_VERSION
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import seals as rules
from locker.wire import canonical

LOOK_EVERY_S = 3600.0
MARK = b"DLS1."
_FIRST = "SELECT utc_ms FROM event WHERE clock <> 'unset' ORDER BY seq LIMIT 1"
log = structlog.get_logger()


class Known(msgspec.Struct, frozen=True):
    """The last fact with its hash, and when the first fact of a believed clock was."""

    seq: int
    head_hash: str
    first_utc_ms: int | None


async def run(
    journal: Journal[Cabinet],
    *,
    key: Ed25519PrivateKey,
    zone: ZoneInfo,
    look_every_s: float = LOOK_EVERY_S,
    pause_s: float = patience.PAUSE_S,
) -> None:
    """Until cancelled; what a crash prevented is due again."""
    while True:
        await patience.persist(lambda: seal_due(journal, key=key, zone=zone), what="the seal", pause_s=pause_s)
        await asyncio.sleep(look_every_s)


async def seal_due(journal: Journal[Cabinet], *, key: Ed25519PrivateKey, zone: ZoneInfo) -> None:
    """Seal the year that ended, if it is not. Raises what `Journal.record` raises."""

    def decide(cabinet: Cabinet, known: Known, moment: ev.Moment) -> ev.Decision:
        year = rules.due_year(cabinet, moment, zone=zone, first_utc_ms=known.first_utc_ms)
        if year is None or cabinet.seq != known.seq:
            return ev.Decision()
        state = hashlib.sha256(msgspec.msgpack.encode(cabinet)).hexdigest()
        unsigned = ev.JournalSealed(
            year=year,
            through=known.seq,
            head_hash=known.head_hash,
            fold_version=FOLD_VERSION,
            state=state,
            signature="",
        )
        signature = receipts.text_of(key.sign(_signed(journal.cabinet_id, unsigned)))
        return ev.Decision(events=(msgspec.structs.replace(unsigned, signature=signature),))

    for one in await journal.record(decide, known=_known):
        log.info("journal sealed", seq=one.seq)


def _known(connection: apsw.Connection) -> Known:
    seq, head_hash = connection.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone() or (0, b"")
    return Known(seq=seq, head_hash=head_hash.hex(), first_utc_ms=connection.execute(_FIRST).get)


def _signed(cabinet: str, seal: ev.JournalSealed) -> bytes:
    body = msgspec.to_builtins(seal)
    del body["type"]
    del body["signature"]
    return MARK + canonical({**body, "cabinet": cabinet})


def is_signed(cabinet: str, seal: ev.JournalSealed, public: str) -> bool:
    """Whether the cabinet with this public key (as receipts publish it) wrote this seal."""
    return receipts.is_signature(seal.signature, _signed(cabinet, seal), public)
