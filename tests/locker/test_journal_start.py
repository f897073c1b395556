"""Starting: checkpoints, full folds, views, migrations."""

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest

from locker import database, keeping
from locker.events import Recorded
from locker.journal import Journal
from locker.refusals import JournalCorrupt, JournalTooNew
from locker.replay import Views


def change(path: Path, sql: str) -> None:
    """Changes a closed journal by another hand."""
    connection = apsw.Connection(str(path))
    connection.execute(sql)
    connection.close()


@pytest.fixture
def folded(settings: Any) -> list[int]:
    """The seq of every event that `settings["fold"]` has folded."""
    seen: list[int] = []
    fold = settings["fold"]

    def apply(state: Any, recorded: Recorded) -> Any:
        seen.append(recorded.seq)
        return fold.apply(state, recorded)

    settings["fold"] = replace(fold, apply=apply)
    return seen


@pytest.fixture
def ten(path: Path, settings: Any, closing: Any) -> Path:
    """A closed journal of ten events with checkpoints at 4, 8 and 10, of which the latest two are kept."""
    journal = Journal[Any].open_inline(path, checkpoint_every=4, **settings)
    for number in range(1, 11):
        journal.record_inline(closing(number))
    journal.close_inline()
    return path


def start(path: Path, settings: Any, folded: list[int], **more: Any) -> tuple[int, list[int]]:
    """Opens and closes; the last door that closed, and what was folded for it."""
    folded.clear()
    journal = Journal[Any].open_inline(path, **settings, **more)
    found = (journal.cabinet.last, list(folded))
    journal.close_inline()
    return found


@pytest.mark.parametrize(
    ("sql", "first_folded"),
    [
        ("SELECT 1", 11),
        ("DELETE FROM checkpoint WHERE seq = 10", 9),
        ("UPDATE checkpoint SET body = x'7b7d' WHERE seq = 10", 9),
        ("UPDATE checkpoint SET hash = zeroblob(32) WHERE seq = 10", 9),
        ("UPDATE checkpoint SET fold_version = 7", 1),
        ("DELETE FROM checkpoint", 1),
    ],
)
def test_a_start_folds_what_is_behind_the_latest_checkpoint_that_fits(
    ten: Path, settings: Any, folded: list[int], sql: str, first_folded: int
) -> None:
    change(ten, sql)
    assert start(ten, settings, folded) == (10, list(range(first_folded, 11)))


def test_a_checkpoint_ahead_of_the_events_is_passed_over(ten: Path, settings: Any, folded: list[int]) -> None:
    change(ten, "DELETE FROM event WHERE seq = 10")
    assert start(ten, settings, folded) == (9, [9])


def test_a_new_version_of_the_fold_folds_everything_once(ten: Path, settings: Any, folded: list[int]) -> None:
    settings["fold"] = replace(settings["fold"], version=2)
    assert start(ten, settings, folded) == (10, list(range(1, 11)))
    assert start(ten, settings, folded) == (10, [])


def test_a_process_that_dies_after_a_long_fold_does_not_fold_again(ten: Path, settings: Any, folded: list[int]) -> None:
    settings["fold"] = replace(settings["fold"], version=2)
    journal = Journal[Any].open_inline(ten, checkpoint_every=10, **settings)
    shutil.copytree(ten.parent, ten.parent / "as-left")
    journal.close_inline()
    assert start(ten.parent / "as-left" / ten.name, settings, folded) == (10, [])


async def test_the_progress_of_a_full_fold_is_told_on_the_loop(ten: Path, settings: Any) -> None:
    settings["fold"] = replace(settings["fold"], version=2)
    told: list[tuple[int, int]] = []
    journal = await Journal[Any].open(ten, on_progress=lambda done, total: told.append((done, total)), **settings)
    assert told == [(10, 10)]
    await journal.close()


def test_a_gap_in_the_events_is_not_folded_over(ten: Path, settings: Any) -> None:
    change(ten, "DELETE FROM checkpoint; DELETE FROM event WHERE seq = 6")
    with pytest.raises(JournalCorrupt, match="event 6 is missing"):
        Journal[Any].open_inline(ten, **settings)


def test_an_event_of_a_newer_release_is_not_guessed_at(ten: Path, settings: Any) -> None:
    change(ten, "DELETE FROM checkpoint; UPDATE event SET type = 'DoorSang' WHERE seq = 6")
    with pytest.raises(JournalTooNew, match="event 6 is a DoorSang"):
        Journal[Any].open_inline(ten, **settings)


def closed_views(version: int) -> Views:
    """One view: which event last closed which door."""

    def create(connection: apsw.Connection) -> None:
        connection.execute("DROP TABLE IF EXISTS door; CREATE TABLE door (number INTEGER PRIMARY KEY, seq INTEGER)")

    def apply(connection: apsw.Connection, recorded: Sequence[Recorded]) -> None:
        for one in recorded:
            number = getattr(one.event, "compartment", 0)
            connection.execute("INSERT OR REPLACE INTO door (number, seq) VALUES (?, ?)", (number, one.seq))

    return Views(version, create, apply)


def doors(connection: apsw.Connection) -> list[Any]:
    return connection.execute("SELECT number, seq FROM door ORDER BY number").fetchall()


def test_views_follow_each_record_and_are_made_anew_when_their_version_changes(
    ten: Path, settings: Any, closing: Any
) -> None:
    for version, door in ((1, 20), (1, 21), (2, 22)):
        journal = Journal[Any].open_inline(ten, views=closed_views(version), **settings)
        journal.record_inline(closing(door))
        shown = journal.read_inline(doors)
        assert len(shown) == door - 9
        assert shown[-1] == (door, journal.cabinet.seq)
        change_in_view = journal.cabinet
        journal.close_inline()
        assert change_in_view.last == door


def test_a_view_that_fails_stores_nothing_of_the_record(ten: Path, settings: Any, closing: Any) -> None:
    def fail(_connection: apsw.Connection, recorded: Sequence[Recorded]) -> None:
        if recorded[-1].seq > 10:
            raise ZeroDivisionError

    journal = Journal[Any].open_inline(ten, views=replace(closed_views(1), apply=fail), **settings)
    with pytest.raises(ZeroDivisionError):
        journal.record_inline(closing(1))
    assert journal.cabinet.seq == 10
    journal.close_inline()
    assert keeping.verify(ten).seq == 10


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The migrations of this release, to which a test adds."""
    return Path(shutil.copytree(database.MIGRATIONS, tmp_path / "migrations"))


def test_a_migration_is_preceded_by_a_copy_and_keeps_every_event(
    ten: Path, settings: Any, folded: list[int], scripts: Path
) -> None:
    (scripts / "900-later.sql").write_text("CREATE TABLE later (one INTEGER) STRICT;")
    assert start(ten, {**settings, "release": "0.9.0"}, folded, migrations=scripts)[0] == 10
    copy = keeping.verify(ten.with_name("journal.sqlite3.before-900"))
    assert (copy.is_sound, copy.seq) == (True, 10)
    assert (ten.with_name("journal.sqlite3.before-900").stat().st_mode & 0o777) == 0o600
    assert start(ten, settings, folded) == (10, [])  # the release before still reads it


def test_a_journal_that_names_a_newer_release_as_its_oldest_reader_is_refused(
    ten: Path, settings: Any, folded: list[int], scripts: Path
) -> None:
    (scripts / "900-later.sql").write_text("-- oldest-reader: 900\nCREATE TABLE later (one INTEGER) STRICT;")
    (scripts / "901-last.sql").write_text("CREATE TABLE last (one INTEGER) STRICT;")
    start(ten, {**settings, "release": "0.9.0"}, folded, migrations=scripts)
    with pytest.raises(JournalTooNew, match=r"install 0\.9\.0 or newer"):
        Journal[Any].open_inline(ten, **settings)


def test_a_migration_that_fails_changes_nothing(ten: Path, settings: Any, folded: list[int], scripts: Path) -> None:
    (scripts / "900-later.sql").write_text("CREATE TABLE later (one INTEGER) STRICT; CREATE TABLE event (one INTEGER);")
    with pytest.raises(apsw.SQLError):
        Journal[Any].open_inline(ten, migrations=scripts, **settings)
    (scripts / "900-later.sql").write_text("CREATE TABLE later (one INTEGER) STRICT;")
    assert start(ten, settings, folded, migrations=scripts)[0] == 10


def test_a_new_journal_is_migrated_without_a_copy(path: Path, settings: Any) -> None:
    Journal[Any].open_inline(path, **settings).close_inline()
    assert [file.name for file in path.parent.iterdir()] == ["journal.sqlite3"]
