"""Recording, publishing, waiting, reading."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import apsw
import pytest

from locker import rows
from locker.events import (
    Decision,
    DoorClosed,
    EraseCode,
    ErasePersonal,
    EraseSealed,
    PutCode,
    PutPersonal,
    PutWish,
    RecountStarted,
    RunStarted,
)
from locker.journal import Inline, Journal
from locker.refusals import CursorRefused, JournalClosed, JournalInUse, WrongCabinet


class TooMany(Exception):
    pass


async def test_what_was_recorded_is_published_and_returned_with_its_place(journal: Any, closing: Any) -> None:
    recorded = await journal.record(closing(3, 5))
    assert [(one.seq, one.epoch, one.event) for one in recorded] == [
        (1, 1, DoorClosed(3, "h")),
        (2, 1, DoorClosed(5, "h")),
    ]
    assert (journal.cabinet.seq, journal.cabinet.closed, journal.cabinet.last) == (2, 2, 5)


async def test_what_was_recorded_is_there_after_the_next_open(path: Path, settings: Any, closing: Any) -> None:
    first = await Journal[Any].open(path, **settings)
    await first.record(closing(3, 5))
    before = first.cabinet
    await first.close()
    second = await Journal[Any].open(path, **settings)
    assert second.cabinet == before
    await second.close()


async def test_the_decision_sees_the_newest_state_and_what_its_query_found(journal: Any, closing: Any) -> None:
    await journal.record(closing(3, 5))
    seen: list[Any] = []

    def decide(cabinet: Any, known: Any, moment: Any) -> Decision:
        seen.append((cabinet.last, known, moment.run_id))
        return Decision()

    recorded = await journal.record(
        decide, known=lambda connection: connection.execute("SELECT count(*) FROM event").get
    )
    assert (recorded, seen) == ((), [(5, 2, "r-1")])


async def test_a_refusal_raised_by_the_decision_stores_nothing(journal: Any) -> None:
    def decide(_cabinet: Any, _known: Any, _moment: Any) -> Decision:
        raise TooMany

    with pytest.raises(TooMany):
        await journal.record(decide, known=lambda connection: rows.record_key(connection, "p", bytes))
    assert journal.cabinet.seq == 0
    assert await journal.read(lambda connection: connection.execute("SELECT count(*) FROM record_key").get) == 0


async def test_a_refusal_to_be_remembered_is_raised_after_its_events_are_stored(journal: Any) -> None:
    with pytest.raises(TooMany):
        await journal.record(lambda *_: Decision((DoorClosed(1),), refusal=TooMany()))
    assert journal.cabinet.closed == 1


async def test_sixty_four_records_at_once_come_one_after_the_other(journal: Any, closing: Any) -> None:
    every = await asyncio.gather(*(journal.record(closing(n)) for n in range(64)))
    assert sorted(one.seq for recorded in every for one in recorded) == list(range(1, 65))
    assert journal.cabinet.closed == 64


async def test_a_record_whose_caller_was_cancelled_is_stored_and_published(journal: Any) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def decide(_cabinet: Any, _known: Any, _moment: Any) -> Decision:
        begun.set()
        may_go_on.wait(5)
        return Decision((DoorClosed(1),))

    caller = asyncio.create_task(journal.record(decide))
    assert await asyncio.to_thread(begun.wait, 5)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    may_go_on.set()
    assert (await asyncio.wait_for(journal.changed(0), 5)).closed == 1


async def test_everybody_who_waits_for_a_change_is_woken_by_the_one_that_reaches_him(
    journal: Any, closing: Any
) -> None:
    near = [asyncio.create_task(journal.changed(0)) for _ in range(50)]
    far = asyncio.create_task(journal.changed(2))
    given_up = asyncio.create_task(journal.changed(0))
    await asyncio.sleep(0)
    given_up.cancel()
    await journal.record(closing(1))
    assert {cabinet.seq for cabinet in await asyncio.gather(*near)} == {1}
    assert not far.done()
    await journal.record(closing(2, 3))
    assert (await far).seq == 3
    assert (await journal.changed(1)).seq == 3


async def test_closing_ends_those_who_wait_and_refuses_those_who_come(path: Path, settings: Any, closing: Any) -> None:
    journal = await Journal[Any].open(path, **settings)
    waiting = asyncio.create_task(journal.changed(0))
    await asyncio.sleep(0)
    await journal.close()
    await journal.close()
    with pytest.raises(JournalClosed):
        await waiting
    for call in (journal.record(closing(1)), journal.changed(0), journal.cursor("centre")):
        with pytest.raises(JournalClosed):
            await call


async def test_a_query_cannot_write(journal: Any, closing: Any) -> None:
    with pytest.raises(apsw.ReadOnlyError):
        await journal.read(lambda connection: connection.execute("DELETE FROM event"))
    assert len(await journal.record(closing(1))) == 1


async def test_envelopes_come_in_order_and_each_hash_holds(journal: Any, closing: Any) -> None:
    await journal.record(lambda *_: Decision((RunStarted("0.1.0"), DoorClosed(2), DoorClosed(9, 'tủ-đỏ\u2028"\\'))))
    first, second, third = await journal.envelopes(0, 10)
    assert (first.type, first.body, first.prev_hash) == ("RunStarted", {"release": "0.1.0"}, "0" * 64)
    assert (second.prev_hash, third.prev_hash) == (first.hash, second.hash)
    assert third.body == {"compartment": 9, "hand_over": 'tủ-đỏ\u2028"\\'}
    assert all(envelope.is_sound() for envelope in (first, second, third))
    assert [envelope.cab_seq for envelope in await journal.envelopes(1, 1)] == [2]


async def test_a_cursor_goes_forward_only_and_never_beyond_the_head(journal: Any, closing: Any) -> None:
    await journal.record(closing(1, 2, 3))
    assert await journal.cursor("centre") == 0
    await journal.move_cursor("centre", 2)
    await journal.move_cursor("centre", 2)
    for wrong in (1, 4):
        with pytest.raises(CursorRefused, match=f"cannot move to {wrong}"):
            await journal.move_cursor("centre", wrong)
    assert await journal.cursor("centre") == 2


async def test_rows_are_written_with_their_events_and_erased_without_trace(journal: Any, path: Path) -> None:
    person = PutPersonal("p1", "person", {"name": "Nguyễn Thị Hoa", "phone": "0901234567"}, "nguyen thi hoa", "4567")
    code = PutCode("c1", "b1", b"salt", b"verifier", b"sealed-secret-sealed-secret")

    def key(connection: apsw.Connection) -> bytes:
        return rows.record_key(connection, "p1", lambda n: b"k" * n)

    await journal.record(
        lambda _cabinet, known, _moment: Decision((), (person, code, PutWish(7, "w-7", known))), known=key
    )
    assert await journal.read(lambda connection: rows.personal(connection, "p1")) == person.body
    assert await journal.read(lambda connection: rows.code(connection, "c1")) == code
    assert await journal.read(lambda connection: rows.wish(connection, "w-7")) == PutWish(7, "w-7", b"k" * 32)
    assert await journal.read(rows.last_wish) == 7
    await journal.record(lambda *_: Decision((), (EraseSealed("c1"),)))
    assert (await journal.read(lambda connection: rows.code(connection, "c1"))).sealed == b""
    await journal.record(lambda *_: Decision((), (ErasePersonal("p1"), EraseCode("c1"))))
    assert await journal.read(lambda connection: rows.personal(connection, "p1")) is None
    assert await journal.read(lambda connection: rows.code(connection, "c1")) is None
    assert await journal.read(lambda connection: connection.execute("SELECT count(*) FROM record_key").get) == 0
    await journal.close()
    left = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for trace in (b"0901234567", b"sealed-secret", b"nguyen thi hoa"):
        assert trace not in left


async def test_a_recount_raises_the_epoch_of_what_follows(journal: Any, closing: Any) -> None:
    await journal.record(closing(1))
    recorded = await journal.record(lambda *_: Decision((RecountStarted(3, "centre_ahead", 1), DoorClosed(2))))
    assert [one.epoch for one in recorded] == [3, 3]
    with pytest.raises(ValueError, match="above 3"):
        await journal.record(lambda *_: Decision((RecountStarted(3, "centre_ahead", 1),)))
    assert [one.epoch for one in await journal.record(closing(4))] == [3]


async def test_a_second_opening_is_told_who_holds_the_journal(journal: Any, path: Path, settings: Any) -> None:
    with pytest.raises(JournalInUse, match="another process holds"):
        Journal[Any].open_inline(path, **settings)


async def test_the_journal_of_another_cabinet_is_refused(path: Path, settings: Any) -> None:
    Journal[Any].open_inline(path, **settings).close_inline()
    with pytest.raises(WrongCabinet, match="hoa-mai-01"):
        await Journal[Any].open(path, **{**settings, "cabinet_id": "hoa-mai-02"})


def test_the_twin_records_without_a_loop_or_a_thread(path: Path, settings: Any, closing: Any) -> None:
    journal = Journal[Any].open_inline(path, **settings)
    journal.record_inline(closing(1, 2))
    assert journal.cabinet.closed == 2
    journal.close_inline()


async def test_an_inline_journal_serves_a_loop_too(path: Path, settings: Any, closing: Any) -> None:
    journal = await Journal[Any].open(path, executor=Inline(), **settings)
    waiting = asyncio.create_task(journal.changed(0))
    await asyncio.sleep(0)
    await journal.record(closing(1))
    assert (await waiting).seq == 1
    await journal.close()
