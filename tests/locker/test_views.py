"""The tables beside the facts: what lists, search and counts say, and that they can always be made again."""

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker import events as ev
from locker import rows, views

DOSSIER = "H29.190.5-261008-0042"
TABLES = ("view_hand_over", "view_result", "view_notice")
MIGRATION = Path(__file__).parents[2] / "locker" / "migrations" / "001-journal.sql"


def opened() -> apsw.Connection:
    """An empty journal file in memory, with its views."""
    connection = apsw.Connection(":memory:")
    connection.execute(MIGRATION.read_text())
    views.create(connection)
    return connection


@pytest.fixture
def tables() -> Iterator[apsw.Connection]:
    connection = opened()
    yield connection
    connection.close()


@pytest.fixture
def record(tables: apsw.Connection) -> Callable[..., None]:
    """Puts facts into the views, one a second from 1,000 s on."""
    seqs = itertools.count(1)

    def follow(*events: ev.Event) -> None:
        views.apply(tables, recorded(events, start=next(seqs)))

    return follow


def recorded(events: Sequence[ev.Event], *, start: int = 1) -> list[ev.Recorded]:
    return [
        ev.Recorded(seq, 1, ev.Moment(utc_ms=999_000 + seq * 1000, uptime_ms=seq, run_id="r"), event)
        for seq, event in enumerate(events, start)
    ]


def queued(result: str = "r-1", **changed: Any) -> ev.ResultQueued:
    return ev.ResultQueued(
        **{
            "wish": 1,
            "result": result,
            "recipient": "k-1",
            "person": "p-1",
            "dossier": f"d-{result}",
            "items": (ev.Item(item="i"),),
            "size": "S",
            "reach": "any",
            "language": "vi",
            "deadline": "2026-12-31",
            "state": 9,
            "consent": True,
            "fee": "none",
            **changed,
        }
    )


STARTED = ev.LoadStarted(hand_over="h-1", results=("r-1",), recipient="k-1", compartment=7, actor="lan")
LOADED = ev.Loaded(hand_over="h-1", compartment=7, results=("r-1",), evidence="door_cycle")
COLLECTED = ev.Collected(hand_over="h-1", compartment=7, results=("r-1",), evidence="door_cycle")
RECLAIMED = ev.Reclaimed(hand_over="h-1", compartment=7, results=("r-1",), actor="lan")
GONE = ev.Settled(hand_over="h-1", compartment=7, outcome="gone", evidence="clerk")
INSIDE = ev.Settled(hand_over="h-1", compartment=7, outcome="inside", evidence="clerk")
UNDONE = ev.LoadUndone(hand_over="h-1", compartment=7, results=("r-1",), evidence="clerk")


@pytest.mark.parametrize(
    ("story", "past"),
    [
        ((), ""),
        ((queued(),), ""),
        ((queued(), STARTED, LOADED), ""),
        ((queued(), STARTED, LOADED, COLLECTED), "collected"),
        ((queued(), STARTED, LOADED, RECLAIMED), "reclaimed"),
        ((queued(), STARTED, LOADED, GONE), "collected"),
        ((queued(), STARTED, LOADED, COLLECTED, INSIDE), ""),
        ((queued(), STARTED, LOADED, RECLAIMED, queued(wish=2)), ""),
        ((queued(), STARTED, UNDONE), ""),
    ],
)
def test_the_past_of_a_result_is_known(
    tables: apsw.Connection, record: Callable[..., None], story: tuple[ev.Event, ...], past: str
) -> None:
    record(*story)
    assert views.past(tables, "r-1") == past


def test_a_merged_fact_counts_at_the_time_it_happened(tables: apsw.Connection, record: Callable[..., None]) -> None:
    record(queued(), STARTED, LOADED)
    record(ev.FactMerged(epoch=1, cab_seq=9, utc_ms=5_000_000, fact=ev.encode(COLLECTED)))
    assert views.past(tables, "r-1") == "collected"
    assert views.counts(tables, 5_000_000, 5_000_001).collected == 1


def test_counts_are_of_their_span_only(tables: apsw.Connection, record: Callable[..., None]) -> None:
    record(queued(), STARTED, LOADED, COLLECTED)
    assert views.counts(tables, 0, 2_000_000) == views.Counts(loaded=1, collected=1)
    assert views.counts(tables, 0, 1_002_000) == views.Counts()
    assert views.counts(tables, 1_002_000, 1_003_000) == views.Counts(loaded=1)


def notice(result: str = "r-1", key: str = "n-1") -> ev.NoticeQueued:
    return ev.NoticeQueued(notice=key, template="READY", person="p-1", bundle="b", code="c", results=(result,))


FAILED = ev.NoticeFailed(notice="n-1", gateway="g", cause="c", is_final=False)


@pytest.mark.parametrize(
    ("story", "outcome"),
    [
        ((), None),
        ((notice(),), "queued"),
        ((notice(), ev.NoticeSent(notice="n-1", gateway="g", provider_id="x")), "sent"),
        ((notice(), ev.NoticeDelivered(notice="n-1")), "delivered"),
        ((notice(), FAILED), "queued"),
        ((notice(), ev.NoticeFailed(notice="n-1", gateway="g", cause="c", is_final=True)), "failed"),
        ((notice(), ev.NoticeDelivered(notice="n-1"), notice(key="n-2")), "queued"),
    ],
)
def test_the_latest_notice_of_a_result_is_known(
    tables: apsw.Connection, record: Callable[..., None], story: tuple[ev.Event, ...], outcome: str | None
) -> None:
    record(queued(), *story)
    assert views.notice_outcomes(tables, ["r-1", "r-2"]).get("r-1") == outcome


def person(ref: str, name: str) -> ev.PutPersonal:
    return ev.PutPersonal(ref=ref, kind="person", body={"name": name}, search=views.folded(name))


def dossier(result: str, code: str) -> ev.PutPersonal:
    tail = "".join(mark for mark in code.split("-", 1)[-1] if mark.isdigit())
    return ev.PutPersonal(ref=f"d-{result}", kind="dossier", body={"code": code}, search=views.folded(code), tail=tail)


@pytest.mark.parametrize(
    ("scan", "found"),
    [
        (DOSSIER, ("r-1",)),
        (f"  {DOSSIER.lower()} ", ("r-1",)),
        ("H29.190.5-261008-004", ()),
        ("261008-0042", ("r-1",)),
        ("2610080042", ("r-1",)),
        ("0042", ("r-1",)),
        ("1008", ()),
        ("042", ()),
        ("GIẤY TỜ 7/2026", ("r-3",)),
        ("%", ()),
        ("____", ()),
        ("", ()),
    ],
)
def test_a_scan_finds_the_whole_code_or_its_last_digits(
    tables: apsw.Connection, record: Callable[..., None], scan: str, found: tuple[str, ...]
) -> None:
    record(queued("r-1"), queued("r-2"), queued("r-3"))
    codes = {"r-1": DOSSIER, "r-2": "H29.190.5-261008-0043", "r-3": "Giấy tờ 7/2026"}
    rows.write(tables, [dossier(result, code) for result, code in codes.items()])
    assert views.find_results(tables, scan) == found


@pytest.mark.parametrize("words", ["dang huong", "HƯỜNG", "đặng", "huong 0042", "261008-0042", "h29.190"])
def test_search_finds_by_every_word_without_marks(
    tables: apsw.Connection, record: Callable[..., None], words: str
) -> None:
    record(queued("r-1"), STARTED, LOADED, queued("r-2", person="p-2"))
    rows.write(tables, [dossier("r-1", DOSSIER), person("p-1", "Đặng Thị Hường"), person("p-2", "Đỗ Văn Hùng")])
    (found,) = views.search(tables, words)
    assert (found.result, found.dossier, found.name, found.where, found.compartment) == (
        "r-1", DOSSIER, "Đặng Thị Hường", "inside", 7,
    )  # fmt: skip


def test_erased_people_are_neither_found_nor_named(tables: apsw.Connection, record: Callable[..., None]) -> None:
    record(queued("r-1"), STARTED, LOADED, COLLECTED)
    rows.write(tables, [dossier("r-1", DOSSIER), person("p-1", "Đặng Thị Hường")])
    assert views.people(tables, {"p-1", "d-r-1", "p-9"}) == {
        "p-1": {"name": "Đặng Thị Hường"},
        "d-r-1": {"code": DOSSIER},
    }
    rows.write(tables, [ev.ErasePersonal(ref="p-1"), ev.ErasePersonal(ref="d-r-1")])
    assert views.people(tables, {"p-1", "d-r-1"}) == {}
    assert views.search(tables, "huong") == ()
    assert views.past(tables, "r-1") == "collected"


def test_views_hold_no_personal_text(tables: apsw.Connection, record: Callable[..., None]) -> None:
    record(queued("r-1"), STARTED, LOADED, notice(), COLLECTED)
    rows.write(tables, [dossier("r-1", DOSSIER), person("p-1", "Đặng Thị Hường")])
    held = repr([tables.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES])
    assert "Hường" not in held
    assert "0042" not in held


ANY = (
    queued(), queued("r-2"), STARTED, LOADED, UNDONE, COLLECTED, RECLAIMED, GONE, INSIDE, notice(),
    notice("r-2", "n-2"), FAILED, ev.NoticeDelivered(notice="n-1"), ev.ResultCancelled(wish=3, result="r-2"),
    ev.Disputed(hand_over="h-1", compartment=7, kind="empty"), ev.RoundClosed(actor="lan"),
    ev.ResultAmended(wish=4, result="r-1", person="p-9"),
)  # fmt: skip


@given(st.lists(st.sampled_from(ANY), max_size=30), st.integers(0, 2**32))
def test_made_again_they_say_the_same_however_the_facts_came(events: list[ev.Event], seed: int) -> None:
    facts = recorded(events)
    live, again = opened(), opened()
    chance, at = random.Random(seed), 0
    while at < len(facts):
        step = chance.randint(1, 5)
        views.apply(live, facts[at : at + step])
        at += step
    views.apply(again, recorded([queued("r-old")]))
    views.create(again)
    views.apply(again, facts)
    for table in TABLES:
        query = f"SELECT * FROM {table} ORDER BY 1"
        assert live.execute(query).fetchall() == again.execute(query).fetchall()
    live.close()
    again.close()


def test_a_merged_fact_this_release_cannot_read_leaves_the_views_as_they_are(
    tables: apsw.Connection, record: Callable[..., None]
) -> None:
    record(queued())
    before = tables.execute("SELECT * FROM view_result").fetchall()
    record(ev.FactMerged(epoch=1, cab_seq=5, utc_ms=1, fact='{"type":"FromTomorrow"}'))
    assert tables.execute("SELECT * FROM view_result").fetchall() == before
