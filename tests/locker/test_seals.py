"""The yearly seal: when it is due, what it says, and what becomes of a journal whose past was replaced."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import apsw
import pytest

from locker import chain, keeping, receipts, seals
from locker import events as ev
from locker.model import Cabinet
from locker.rules.seals import due_year

KEY = receipts.signer(b"k" * 32)
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=ZONE).timestamp() * 1000)


@pytest.mark.parametrize(
    ("now", "first", "sealed", "clock", "year"),
    [
        ("2027-01-01T00:00", "2026-11-22", 0, "synced", 2026),
        ("2026-12-31T23:59", "2026-11-22", 0, "synced", None),
        ("2027-05-01", "2026-11-22", 2026, "synced", None),
        ("2029-01-01", "2026-11-22", 2026, "holdover", 2028),
        ("2027-01-01", "2026-11-22", 0, "unset", None),
        ("2027-05-01", "2027-02-01", 0, "synced", None),
        ("2027-05-01", None, 0, "synced", None),
    ],
)
def test_a_year_is_sealed_once_when_it_has_ended_and_had_facts(
    now: str, first: str | None, sealed: int, clock: ev.Clock, year: int | None
) -> None:
    moment = ev.Moment(utc_ms=ms(now), uptime_ms=1, run_id="r", clock=clock)
    found = due_year(Cabinet(sealed_year=sealed), moment, zone=ZONE, first_utc_ms=ms(first) if first else None)
    assert found == year


async def sealed(hall: Any) -> Path:
    """A journal with one seal and two facts behind it."""
    await hall.load(await hall.announce(1))
    hall.hand.pass_by(ms("2027-01-01T00:30") - hall.hand.wall_ms)
    for _ in range(2):
        await seals.seal_due(hall.journal, key=KEY, zone=ZONE)
    await hall.announce(2)
    path: Path = hall.journal.path
    return path


async def test_a_seal_says_how_far_the_journal_had_come_and_verify_checks_who_signed(hall: Any) -> None:
    path = await sealed(hall)
    assert hall.cabinet.sealed_year == 2026
    public = [receipts.public_text(KEY)]
    verdict = await keeping.audit(hall.journal, public=public)
    assert (verdict.is_sound, verdict.seals) == (True, 1)
    await hall.journal.close()
    assert keeping.verify(path, public=public).is_sound
    other = keeping.verify(path, public=[receipts.public_of(b"o" * 32)])
    assert other.what == "the seal of 2026 was not signed by a key that was given"
    assert keeping.verify(path, public=[receipts.public_of(b"o" * 32), *public]).is_sound


async def test_a_past_that_was_written_anew_with_a_whole_chain_does_not_fit_its_seal(hall: Any) -> None:
    path = await sealed(hall)
    await hall.journal.close()
    forge(path)
    verdict = keeping.verify(path)
    assert (verdict.is_sound, verdict.what) == (False, "the seal of 2026 is about another past than this one")


def forge(path: Path) -> None:
    """Another deadline in a fact before the seal, and every hash after it made to fit."""
    connection = apsw.Connection(str(path))
    cabinet = str(connection.execute("SELECT cabinet FROM about").get)
    before = chain.GENESIS
    for row in list(chain.rows_after(connection, 0)):
        body = row.body.replace("2030-12-31", "2031-12-31")
        fields = (*row[:7], body)
        before = chain.digest(cabinet, before, fields)
        connection.execute("UPDATE event SET body = ?, hash = ? WHERE seq = ?", (body, before, row.seq))
    connection.close()
