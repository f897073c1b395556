"""A journal of every release is kept and opens for ever: its facts fold, its views are made, it goes on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import apsw
import pytest

from locker import chain, database, keeping, views
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from tests.locker.released import __file__ as beside


class Kept(NamedTuple):
    """What a released journal came to when it was written."""

    seq: int
    head_hash: str
    kinds: int
    stages: dict[str, int]
    incidents: int


KEPT = {
    "0.1.0": Kept(
        seq=482,
        head_hash="a56faf7ebc83cfbaa18cbb974760e9aa42ab9a109d66919609b5cab6cf8935b8",
        kinds=121,
        stages={"loaded": 1, "deposited": 1},
        incidents=16,
    ),
}


def open_kept(release: str, folder: Path) -> Journal[Cabinet]:
    path = folder / database.JOURNAL_NAME
    connection = apsw.Connection(str(path))
    connection.execute(Path(beside).with_name(f"{release}.sql").read_text(encoding="utf-8"))
    connection.close()
    return Journal[Cabinet].open_inline(
        path,
        cabinet_id="twin-01",
        fold=cabinet_fold(),
        clock=lambda: ev.Moment(1_900_000_000_000, 1, "r-after"),
        release="after",
        views=views.VIEWS,
    )


def kinds_of(connection: apsw.Connection) -> Counter[str]:
    return Counter(chain.recorded_of(row).event.__class__.__name__ for row in chain.rows_after(connection, 0))


def test_every_kept_journal_is_known_here() -> None:
    assert {path.stem for path in Path(beside).parent.glob("*.sql")} == set(KEPT)


@pytest.mark.parametrize("release", KEPT)
def test_a_released_journal_folds_to_what_it_was(release: str, tmp_path: Path) -> None:
    kept, journal = KEPT[release], open_kept(release, tmp_path)
    cabinet = journal.cabinet
    assert len(journal.read_inline(kinds_of)) == kept.kinds
    assert dict(Counter(one.stage for one in cabinet.hand_overs.values())) == kept.stages
    assert len(cabinet.incidents) == kept.incidents
    journal.close_inline()
    verdict = keeping.verify(journal.path, anchor=(kept.seq, kept.head_hash))
    assert (verdict.seq, verdict.head_hash, verdict.what) == (kept.seq, kept.head_hash, "")


@pytest.mark.parametrize("release", KEPT)
def test_a_released_journal_goes_on_and_starts_from_its_checkpoint_the_next_time(release: str, tmp_path: Path) -> None:
    journal = open_kept(release, tmp_path)
    journal.record_inline(lambda *_: ev.Decision(events=(ev.RunStarted(release="after"),)))
    assert journal.cabinet.seq == KEPT[release].seq + 1
    assert journal.cabinet.grants == {}
    before = journal.cabinet
    journal.close_inline()
    again = Journal[Cabinet].open_inline(
        journal.path,
        cabinet_id="twin-01",
        fold=cabinet_fold(),
        clock=lambda: ev.Moment(1_900_000_000_000, 2, "r-after"),
        release="after",
        views=views.VIEWS,
    )
    assert again.cabinet == before
    again.close_inline()


def test_the_first_released_journal_holds_every_kind_of_fact_of_its_release() -> None:
    """Whoever adds a kind lets the next release keep it; these are what 0.1.0 knew."""
    text = Path(beside).with_name("0.1.0.sql").read_text(encoding="utf-8")
    assert sum(f",'{kind.__name__}'," in text for kind in ev.KINDS) == KEPT["0.1.0"].kinds
