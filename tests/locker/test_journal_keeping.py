"""Copies, restore, and finding whatever was changed."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tries
from hypothesis import strategies as st

from locker import keeping
from locker.events import Decision, DoorClosed, RecountStarted, RunStarted
from locker.journal import Journal
from locker.refusals import BackupFailed, BackupRefused, JournalClosed, JournalInUse, JournalUnreachable

NOON = 1_790_000_000_000
COLUMNS = ("epoch", "type", "utc_ms", "clock", "run_id", "uptime_ms", "body", "hash")
FACTS = 8


@pytest.fixture
def copies(tmp_path: Path) -> Path:
    (directory := tmp_path / "copies").mkdir()
    return directory


def names(directory: Path) -> list[str]:
    return sorted(file.name for file in directory.iterdir())


async def test_a_copy_made_while_others_record_is_whole(journal: Any, copies: Path, closing: Any) -> None:
    for number in range(30):
        await journal.record(closing(*range(number, number + 40)))
    copying = asyncio.create_task(keeping.backup(journal, copies, keep=3, utc_ms=NOON))
    recorded = 0
    while not copying.done():
        await journal.record(closing(1))
        recorded += 1
    verdict = keeping.verify(await copying)
    assert verdict.is_sound
    assert recorded > 0
    assert 1200 <= verdict.seq <= 1200 + recorded
    assert names(copies) == [f"journal-20260921T141320Z-e1-s{verdict.seq:09d}.sqlite3"]


async def test_only_the_newest_copies_are_kept_whatever_the_clock_says(
    journal: Any, copies: Path, closing: Any
) -> None:
    made = []
    for number, utc_ms in enumerate((NOON, NOON + 5000, 0, NOON - 9000)):
        await journal.record(closing(number))
        made.append(await keeping.backup(journal, copies, keep=2, utc_ms=utc_ms))
    assert names(copies) == sorted(copy.name for copy in made[2:])
    assert keeping.latest(copies) == made[3]


async def test_a_copy_that_finds_no_room_says_where_and_the_journal_goes_on(
    journal: Any, tmp_path: Path, closing: Any
) -> None:
    (tmp_path / "none").write_text("a file where the directory should be")
    with pytest.raises(BackupFailed, match="none"):
        await keeping.backup(journal, tmp_path / "none", keep=2, utc_ms=NOON)
    assert len(await journal.record(closing(1))) == 1
    assert keeping.latest(tmp_path / "none") is None


async def test_a_copy_given_up_half_way_leaves_nothing(journal: Any, copies: Path, closing: Any) -> None:
    await journal.record(closing(1))
    copying = asyncio.create_task(keeping.backup(journal, copies, keep=2, utc_ms=NOON))
    await asyncio.sleep(0)
    copying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await copying
    await journal.record(closing(2))
    assert names(copies) == []


async def test_a_journal_that_is_closed_ends_a_copy_without_trace(
    path: Path, settings: Any, copies: Path, closing: Any
) -> None:
    journal = await Journal[Any].open(path, **settings)
    for number in range(60):
        await journal.record(closing(*range(number, number + 200)))
    copying = asyncio.create_task(keeping.backup(journal, copies, keep=2, utc_ms=NOON))
    await asyncio.sleep(0)
    await journal.close()
    with pytest.raises(JournalClosed):
        await copying
    assert names(copies) == []


async def test_a_restored_copy_is_reported_until_the_recount_begins(
    path: Path, settings: Any, copies: Path, closing: Any
) -> None:
    journal = await Journal[Any].open(path, **settings)
    await journal.record(closing(1, 2, 3))
    copy = await keeping.backup(journal, copies, keep=2, utc_ms=NOON)
    await journal.record(closing(4, 5))
    assert journal.restored_from is None
    await journal.close()

    aside = keeping.restore(copy, path.parent, utc_ms=NOON)
    assert aside is not None
    assert keeping.verify(aside).seq == 5
    for _ in range(2):
        journal = await Journal[Any].open(path, **settings)
        assert (journal.restored_from, journal.cabinet.last) == (3, 3)
        await journal.close()

    journal = await Journal[Any].open(path, **settings)
    await journal.record(lambda *_: Decision((RecountStarted(2, "restored", 3),)))
    assert journal.restored_from is None
    await journal.close()
    journal = await Journal[Any].open(path, **settings)
    assert (journal.restored_from, journal.cabinet.epoch) == (None, 2)
    await journal.close()
    assert keeping.verify(path).is_sound
    assert keeping.verify(copy).seq == 3  # the copy itself was not touched


def test_the_same_copy_restored_twice_begins_two_epochs(facts: Path, settings: Any, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    storage.mkdir()
    epochs = []
    for _ in range(3):
        keeping.restore(facts, storage, utc_ms=NOON)
        journal = Journal[Any].open_inline(storage / "journal.sqlite3", **settings)
        epochs.append(journal.highest_epoch + 1)
        journal.record_inline(lambda *_: Decision((RecountStarted(epochs[-1], "restored", FACTS),)))
        journal.close_inline()
    assert epochs == [2, 3, 4]


async def test_a_running_service_is_never_restored_over(journal: Any, copies: Path, path: Path, closing: Any) -> None:
    await journal.record(closing(1))
    copy = await keeping.backup(journal, copies, keep=2, utc_ms=NOON)
    with pytest.raises(JournalInUse):
        keeping.restore(copy, path.parent, utc_ms=NOON)
    await journal.record(closing(2))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE event SET body = '{\"compartment\":9}' WHERE seq = 2",
        "DELETE FROM event WHERE seq = 1",
        "UPDATE compat SET oldest_reader = 900",
    ],
)
def test_a_copy_that_is_not_sound_is_refused_and_the_present_journal_stays(
    facts: Path, settings: Any, tmp_path: Path, sql: str
) -> None:
    (storage := tmp_path / "storage").mkdir()
    present = Path(shutil.copy(facts, storage / "journal.sqlite3"))
    change(facts, sql)
    with pytest.raises(BackupRefused):
        keeping.restore(facts, storage, utc_ms=NOON)
    with pytest.raises(JournalUnreachable):
        keeping.restore(tmp_path / "none.sqlite3", storage, utc_ms=NOON)
    assert [file.name for file in storage.iterdir()] == ["journal.sqlite3"]
    assert keeping.verify(present).is_sound


def test_a_damaged_journal_is_moved_aside_with_its_log(facts: Path, settings: Any, tmp_path: Path) -> None:
    (storage := tmp_path / "storage").mkdir()
    (storage / "journal.sqlite3").write_bytes(b"damaged" * 999)
    (storage / "journal.sqlite3-wal").write_bytes(b"its log")
    aside = keeping.restore(facts, storage, utc_ms=NOON)
    assert aside == storage / "journal.sqlite3.aside-1"
    assert {file.name for file in storage.iterdir()} == {
        "journal.sqlite3",
        "journal.sqlite3.aside-1",
        "journal.sqlite3.aside-1-wal",
    }
    journal = Journal[Any].open_inline(storage / "journal.sqlite3", **settings)
    assert journal.restored_from == FACTS
    journal.close_inline()


def test_an_empty_directory_can_be_restored_into(facts: Path, tmp_path: Path) -> None:
    (storage := tmp_path / "storage").mkdir()
    assert keeping.restore(facts, storage, utc_ms=NOON) is None
    assert keeping.verify(storage / "journal.sqlite3").seq == FACTS


# --- verify


def change(path: Path, sql: str, values: tuple[Any, ...] = ()) -> None:
    """Changes a closed journal by another hand."""
    connection = apsw.Connection(str(path))
    connection.execute(sql, values)
    connection.close()


@pytest.fixture
def facts(path: Path, settings: Any) -> Path:
    """A closed journal of eight events."""
    journal = Journal[Any].open_inline(path, **settings)
    for number in range(FACTS // 2):
        journal.record_inline(lambda *_, n=number: Decision((RunStarted(f"bản-{n}"), DoorClosed(n, f"h-{n}"))))
    journal.close_inline()
    return path


def _other(value: Any, at: int) -> Any:
    """`value` with one place changed."""
    if isinstance(value, int):
        return value ^ (1 << at % 40)
    if isinstance(value, bytes):
        return value[: at % 32] + bytes([value[at % 32] ^ (1 + at % 255)]) + value[at % 32 + 1 :]
    at %= len(value)
    return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]


Tamper = Callable[[apsw.Connection], int]


def changed_place(seq: int, column: str, at: int) -> Tamper:
    def tamper(connection: apsw.Connection) -> int:
        (value,) = connection.execute(f"SELECT {column} FROM event WHERE seq = ?", (seq,)).fetchall()[0]
        connection.execute(f"UPDATE event SET {column} = ? WHERE seq = ?", (_other(value, at), seq))
        return seq

    return tamper


def deleted(seq: int) -> Tamper:
    def tamper(connection: apsw.Connection) -> int:
        connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
        return seq

    return tamper


def deleted_and_closed_up(seq: int) -> Tamper:
    def tamper(connection: apsw.Connection) -> int:
        connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
        for later in range(seq + 1, FACTS + 1):
            connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (later - 1, later))
        return seq

    return tamper


def swapped(first: int, second: int) -> Tamper:
    def tamper(connection: apsw.Connection) -> int:
        for now, then in ((first, 99), (second, first), (99, second)):
            connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (then, now))
        return min(first, second)

    return tamper


seqs = st.integers(1, FACTS)
tampers = st.one_of(
    st.builds(changed_place, seqs, st.sampled_from(COLUMNS), st.integers(0, 10_000)),
    st.builds(deleted, seqs),
    st.builds(deleted_and_closed_up, seqs),
    st.lists(seqs, min_size=2, max_size=2, unique=True).map(lambda two: swapped(*two)),
)


@given(tamper=tampers)
@tries(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_change_deletion_or_reorder_is_found_at_its_first_event(facts: Path, tamper: Tamper) -> None:
    sound = keeping.verify(facts)
    assert sound.is_sound
    changed = Path(shutil.copy(facts, facts.with_name("changed.sqlite3")))
    connection = apsw.Connection(str(changed))
    connection.pragma("journal_mode", "OFF")
    first = tamper(connection)
    connection.close()
    verdict = keeping.verify(changed, anchor=(sound.seq, sound.head_hash))
    assert (verdict.is_sound, verdict.flaw_seq) == (False, first), verdict.what


def test_a_truncated_journal_is_sound_by_itself_and_found_by_what_the_centre_knew(facts: Path) -> None:
    sound = keeping.verify(facts)
    change(facts, "DELETE FROM event WHERE seq > 5")
    assert keeping.verify(facts).is_sound
    verdict = keeping.verify(facts, anchor=(sound.seq, sound.head_hash))
    assert (verdict.flaw_seq, verdict.what) == (6, "the journal ends at 5, but 8 was known of it")
    verdict = keeping.verify(facts, anchor=(5, "0" * 64))
    assert (verdict.flaw_seq, verdict.is_sound) == (5, False)


def test_text_that_is_no_text_any_more_is_found(facts: Path) -> None:
    change(facts, "PRAGMA ignore_check_constraints=ON; UPDATE event SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = 4")
    assert keeping.verify(facts).flaw_seq == 4


def test_a_file_that_is_no_journal_is_said_to_be_damaged(tmp_path: Path) -> None:
    (file := tmp_path / "other.sqlite3").write_bytes(b"some other file " * 500)
    assert "damaged" in keeping.verify(file).what
    with pytest.raises(JournalUnreachable, match="check the path"):
        keeping.verify(tmp_path / "none.sqlite3")


async def test_a_running_journal_is_walked_while_others_record(journal: Any, closing: Any) -> None:
    await journal.record(closing(*range(100)))
    told: list[int] = []
    verdict = await keeping.audit(journal, lambda done, _total: told.append(done))
    assert (verdict.is_sound, verdict.seq, told) == (True, 100, [100])
    last = (await journal.envelopes(99, 1))[0]
    assert verdict.head_hash == last.hash
    assert (await keeping.audit(journal, anchor=(99, last.prev_hash))).is_sound
    assert not (await keeping.audit(journal, anchor=(99, last.hash))).is_sound
