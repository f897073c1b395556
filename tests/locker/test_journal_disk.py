"""A full disk refuses and recovers; a failing one ends the process; a damaged or foreign file is not served."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from locker import database, keeping
from locker.events import Decision, DoorClosed, PutPersonal
from locker.journal import Journal
from locker.refusals import (
    JournalBroken,
    JournalCorrupt,
    JournalInUse,
    JournalUnreachable,
    ReadOnly,
    SqliteTooOld,
)

CHILD = """
import itertools, sys
from pathlib import Path
from locker.events import Decision, DoorClosed, Moment
from locker.journal import Journal
from locker.replay import cabinet_fold
ticks = itertools.count()
clock = lambda: Moment(1_790_000_000_000, next(ticks), "r-child")
journal = Journal.open_inline(Path(sys.argv[1]), cabinet_id="hoa-mai-01", fold=cabinet_fold(), clock=clock, release="1")
print("open", flush=True)
while True:
    journal.record_inline(lambda *_: Decision(tuple(DoorClosed(n) for n in (1, 2, 3))))
    print(journal.cabinet.seq, flush=True)
"""


def child(path: Path) -> "subprocess.Popen[str]":
    """A process that holds the journal and prints the seq of each acknowledged record."""
    process = subprocess.Popen([sys.executable, "-c", CHILD, path], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


@pytest.mark.parametrize("records", [1, 7, 60])
def test_a_killed_process_loses_nothing_it_acknowledged(path: Path, settings: Any, records: int) -> None:
    with child(path) as process:
        assert process.stdout is not None
        seen = [process.stdout.readline() for _ in range(records)]
        os.kill(process.pid, signal.SIGKILL)
        seen += process.stdout.readlines()
    acknowledged = int([line for line in seen if line.endswith("\n")][-1])
    journal = Journal[Any].open_inline(path, **settings)
    assert journal.cabinet.seq >= acknowledged
    assert journal.cabinet.seq % 3 == 0
    journal.close_inline()
    assert keeping.verify(path).is_sound


async def test_a_second_process_is_refused_until_the_first_has_ended(path: Path, settings: Any) -> None:
    with child(path) as process:
        with pytest.raises(JournalInUse, match="stop it first"):
            await Journal[Any].open(path, **settings)
        with pytest.raises(JournalInUse):
            keeping.verify(path)
        process.kill()
    journal = await Journal[Any].open(path, **settings)
    await journal.close()


async def test_on_a_full_disk_nothing_is_recorded_and_screens_still_read(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    journal = await Journal[Any].open(path, vfs=disk.vfs, **settings)
    await journal.record(closing(1))
    disk.is_full = True
    for _ in range(2):
        with pytest.raises(ReadOnly, match="free some space"):
            await journal.record(closing(2))
    assert (journal.is_read_only, journal.cabinet.seq, len(await journal.envelopes(0, 10))) == (True, 1, 1)
    disk.is_full = False
    await journal.record(closing(3))
    assert journal.is_read_only is False
    await journal.close()
    assert keeping.verify(path).seq == 2


async def test_what_has_happened_at_a_door_takes_the_reserve_of_a_full_disk(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    journal = await Journal[Any].open(path, vfs=disk.vfs, reserve_mib=1, **settings)
    reserve = path.with_name("journal.sqlite3.reserve")
    assert reserve.stat().st_blocks * 512 >= 1024 * 1024
    disk.is_full, disk.freed_by = True, reserve
    with pytest.raises(ReadOnly):
        await journal.record(closing(1))
    assert reserve.exists()
    assert len(await journal.record(closing(2), must_land=True)) == 1
    assert journal.is_read_only
    assert not reserve.exists()
    disk.is_full = False
    await journal.record(closing(3))
    assert reserve.exists()
    assert [envelope.body["compartment"] for envelope in await journal.envelopes(0, 9)] == [2, 3]
    await journal.close()


async def test_a_large_record_on_a_full_disk_leaves_nothing_of_itself(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    journal = await Journal[Any].open(path, vfs=disk.vfs, **settings)
    disk.is_full = True
    many = tuple(PutPersonal(f"p{n}", "person", {"name": "x" * 9000}) for n in range(3000))
    with pytest.raises(ReadOnly):
        await journal.record(lambda *_: Decision((DoorClosed(1),), many))
    disk.is_full = False
    await journal.record(closing(2))
    assert journal.cabinet.closed == 1
    assert await journal.read(lambda connection: connection.execute("SELECT count(*) FROM personal").get) == 0
    await journal.close()


async def test_a_failing_disk_ends_the_journal_for_callers_and_waiters(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    journal = await Journal[Any].open(path, vfs=disk.vfs, **settings)
    await journal.record(closing(1))
    waiting = asyncio.create_task(journal.changed(1))
    await asyncio.sleep(0)
    disk.is_failing = True
    with pytest.raises(JournalBroken):
        await journal.record(closing(2))
    with pytest.raises(JournalBroken):
        await waiting
    disk.is_failing = False
    for call in (journal.record(closing(3)), journal.changed(0), journal.cursor("centre")):
        with pytest.raises(JournalBroken):
            await call
    await journal.close()
    after = Journal[Any].open_inline(path, **settings)
    assert after.cabinet.last in {1, 2}
    assert not after.is_in_safe_mode
    after.close_inline()


def test_a_disk_that_fails_twice_in_an_hour_makes_the_next_start_a_safe_one(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    for expected in (False, False):
        journal = Journal[Any].open_inline(path, vfs=disk.vfs, **settings)
        assert journal.is_in_safe_mode is expected
        disk.is_failing = True
        with pytest.raises(JournalBroken):
            journal.record_inline(closing(1))
        disk.is_failing = False
        journal.close_inline()
    journal = Journal[Any].open_inline(path, **settings)
    assert journal.is_in_safe_mode
    journal.close_inline()
    keeping.end_safe_mode(path.parent)
    journal = Journal[Any].open_inline(path, **settings)
    assert not journal.is_in_safe_mode
    journal.close_inline()


def test_a_damaged_file_is_not_served(path: Path, settings: Any, closing: Any) -> None:
    journal = Journal[Any].open_inline(path, **settings)
    for n in range(40):
        journal.record_inline(closing(*range(n, n + 20)))
    journal.close_inline()
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 3000] = bytes(3000)
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match="newest backup"):
        Journal[Any].open_inline(path, **settings)
    path.write_bytes(b"no database at all, only some text that is long enough to be looked at" * 99)
    with pytest.raises(JournalCorrupt):
        Journal[Any].open_inline(path, **settings)


async def test_a_journal_whose_directory_is_missing_says_so(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(JournalUnreachable, match="directory must exist"):
        await Journal[Any].open(tmp_path / "none" / "journal.sqlite3", **settings)


@pytest.mark.parametrize("version", ["3.51.2", "3.7.17", "3.40.1"])
def test_an_sqlite_without_the_fix_for_the_wal_reset_is_refused(version: str) -> None:
    with pytest.raises(SqliteTooOld, match=r"3\.51\.3 or newer"):
        database.require_sqlite(version)
    database.require_sqlite("3.51.3")
    database.require_sqlite("3.54.1")


async def test_the_file_is_kept_without_a_shared_memory_file_and_with_every_commit_synced(
    path: Path, settings: Any, disk: Any, closing: Any
) -> None:
    journal = await Journal[Any].open(path, vfs=disk.vfs, **settings)
    await journal.record(closing(1))
    for number in range(3):
        begun = len(disk.asked)
        await journal.record(closing(number))
        assert [what for what, file, _, _ in disk.asked[begun:] if file.endswith("-wal")][-1] == "sync"
    assert {file.name for file in path.parent.iterdir()} == {"journal.sqlite3", "journal.sqlite3-wal"}
    await journal.close()
