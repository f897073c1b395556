"""Power cuts at every write and every sync: what was acknowledged is there, nothing is there by half.

The disk under the journal is recorded; see conftest for what a crash image is.
"""

import random
from pathlib import Path
from typing import Any

import apsw
import pytest

from locker import keeping
from locker.events import Decision, DoorClosed, ErasePersonal, Event, PutPersonal, Row
from locker.journal import Journal


def step(number: int) -> tuple[tuple[Event, ...], tuple[Row, ...]]:
    """What the record of that number stores: some doors and a person; every fifth erases the person before."""
    person = PutPersonal(f"p{number}", "person", {"name": "Nguyễn Thị Hoa " * 40})
    erased = (ErasePersonal(f"p{number - 1}"),) if number % 5 == 0 else ()
    return tuple(DoorClosed(number, f"h{door}") for door in range(1 + number % 3)), (person, *erased)


def persons(connection: apsw.Connection) -> frozenset[str]:
    return frozenset(str(ref) for (ref,) in connection.execute("SELECT ref FROM personal").fetchall())


def record_series(disk: Any, path: Path, settings: dict[str, Any]) -> dict[int, frozenset[str]]:
    """Records a series of steps; who is on record at each seq where a record ended. Each end is marked on the disk."""
    journal = Journal[Any].open_inline(path, checkpoint_every=7, **settings)
    expected = {0: frozenset[str]()}
    for number in range(1, 31):
        events, rows = step(number)
        journal.record_inline(lambda *_, events=events, rows=rows: Decision(events, rows))
        disk.ask("acknowledged", "", journal.cabinet.seq)
        expected[journal.cabinet.seq] = journal.read_inline(persons)
    journal.close_inline()
    return expected


def losses(
    disk: Any, expected: dict[int, frozenset[str]], folder: Path, settings: dict[str, Any], seed: int
) -> tuple[int, int]:
    """How many crash images there were, and how many lost an acknowledged record. Asserts that all are whole."""
    images = lost = 0
    for count, files in disk.images(random.Random(seed)):
        acknowledged = max((at for what, _, at, _ in disk.asked[:count] if what == "acknowledged"), default=0)
        for old in folder.iterdir():
            old.unlink()
        for name, content in files.items():
            (folder / name).write_bytes(content)
        journal = Journal[Any].open_inline(folder / "journal.sqlite3", **settings)
        seq = journal.cabinet.seq
        assert journal.read_inline(persons) == expected[seq], f"half a record after request {count}"
        assert journal.cabinet.closed == seq
        journal.close_inline()
        verdict = keeping.verify(folder / "journal.sqlite3")
        assert verdict.is_sound, verdict.what
        images += 1
        lost += seq < acknowledged
    return images, lost


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.proof)])
def test_no_power_cut_loses_an_acknowledged_record_or_leaves_half_of_one(
    disk: Any, path: Path, tmp_path: Path, settings: dict[str, Any], seed: int
) -> None:
    expected = record_series(disk, path, {**settings, "vfs": disk.vfs})
    (folder := tmp_path / "cut").mkdir()
    images, lost = losses(disk, expected, folder, settings, seed)
    assert images > 200
    assert lost == 0


def test_the_same_power_cuts_catch_a_journal_that_does_not_sync_its_commits(
    disk: Any, path: Path, tmp_path: Path, settings: dict[str, Any]
) -> None:
    expected = record_series(disk, path, {**settings, "vfs": disk.vfs, "synchronous": "NORMAL"})
    (folder := tmp_path / "cut").mkdir()
    _images, lost = losses(disk, expected, folder, settings, seed=1)
    assert lost > 50
