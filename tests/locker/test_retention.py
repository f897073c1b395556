"""When personal data, secrets and old copies go: on a real journal, with time turned by hand."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from locker import events as ev
from locker import keeping, retention, views
from locker.model import Cabinet
from locker.retention import Copies, erase_due, expire_copies
from locker.rules.retention import CAP_MS, DAY_MS, Kept, Policy, Stock, erase
from locker.sync import CURSOR

ALONE = Policy(needs_ack=False)
WITH_CENTRE = Policy()
NOW = 1_795_000_000_000


async def personal(hall: Any) -> list[str]:
    refs: list[str] = await hall.journal.read(
        lambda connection: [ref for (ref,) in connection.execute("SELECT ref FROM personal ORDER BY ref")]
    )
    return refs


async def erased(hall: Any) -> list[dict[str, Any]]:
    return [one.body for one in await hall.journal.envelopes(0, 500) if one.type == "PersonalErased"]


async def test_seven_days_after_the_collection_name_phone_and_dossier_are_gone(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(7 * DAY_MS - 1)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == ["d-r1", "p-r1-1"]
    hall.hand.pass_by(1)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []
    assert await erased(hall) == [{"refs": ["p-r1-1", "d-r1"]}]
    content = b"".join(path.read_bytes() for path in hall.path.parent.glob("hall.sqlite3*"))
    assert "Nguyễn Thị Hoa".encode() not in content
    assert b"912345678" not in content


async def test_what_is_inside_or_expected_is_kept_however_long(hall: Any) -> None:
    await hall.load(await hall.announce(1))
    await hall.announce(2, recipient="k2")
    hall.hand.pass_by(200 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert len(await personal(hall)) == 4


@pytest.mark.parametrize("way", ["reclaimed", "cancelled", "missing"])
async def test_every_way_out_counts_from_the_day_it_happened(hall: Any, way: str) -> None:
    await hall.announce(1)
    if way == "cancelled":
        await hall.record(ev.ResultCancelled(wish=2, result="r1"))
    elif way == "reclaimed":
        await hall.load("r1")
        await hall.record(ev.Reclaimed(hand_over="h-r1", compartment=1, results=("r1",), actor="lan"))
        hall.hand.pass_by(7 * DAY_MS)
        await erase_due(hall.journal, policy=ALONE)
        assert len(await personal(hall)) == 2, "it waits at the counter for its person"
        await hall.record(ev.HandedAtCounter(result="r1", actor="lan"))
    else:
        await hall.load("r1")
        await hall.record(ev.Settled(hand_over="h-r1", compartment=1, outcome="gone", evidence="clerk", actor="lan"))
        await hall.record(*(ev.IncidentClosed(incident=key, actor="lan") for key in hall.cabinet.incidents))
    hall.hand.pass_by(7 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []


async def test_nothing_goes_before_the_centre_knows_what_became_of_it(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    before = hall.cabinet.seq
    await hall.collect(hand_over)
    hall.hand.pass_by(10 * DAY_MS)
    await hall.journal.move_cursor(CURSOR, before)
    await erase_due(hall.journal, policy=WITH_CENTRE)
    assert len(await personal(hall)) == 2
    await hall.journal.move_cursor(CURSOR, before + 1)
    await erase_due(hall.journal, policy=WITH_CENTRE)
    assert await personal(hall) == []


async def test_after_ninety_days_it_goes_without_the_centre_and_a_person_is_told(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(CAP_MS)
    await erase_due(hall.journal, policy=WITH_CENTRE)
    assert await personal(hall) == []
    assert [one["cause"] for one in await erased(hall)] == ["cap"]
    assert [one.kind for one in hall.cabinet.incidents.values()] == ["erased_unacknowledged"]


async def test_what_is_disputed_is_kept_until_a_clerk_has_settled_it(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    (bundle,) = hall.cabinet.bundles
    minted = ev.CodeMinted(code="c1", bundle=bundle, recipient="k1", selector="482", holder="owner", cause="ready")
    await hall.record(minted, ev.CodeAccepted(code="c1", bundle=bundle, visit="v1"))
    await hall.collect(hand_over)
    await hall.record(
        ev.Disputed(hand_over=hand_over, compartment=1, kind="empty"), ev.VisitEnded(visit="v1", cause="left")
    )
    hall.hand.pass_by(30 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert len(await personal(hall)) == 2
    await hall.record(
        ev.Settled(hand_over=hand_over, compartment=1, outcome="gone", evidence="clerk", actor="lan"),
        *(ev.IncidentClosed(incident=key, actor="lan") for key in hall.cabinet.incidents),
    )
    await hall.record(*(ev.IncidentClosed(incident=key, actor="lan") for key in hall.cabinet.incidents))
    hall.hand.pass_by(7 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []


async def test_why_a_glass_was_broken_is_kept_until_countersigned_and_then_goes_after_its_days(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    broken = ev.GlassBroken(
        glass="k1", compartment=1, hand_over=hand_over, purpose="inspect", actor="lan", role="clerk", due_utc_ms=1
    )
    granted = ev.GrantIssued(
        grant="gk", compartment=1, purpose="inspect", hand_over=hand_over, actor="lan", permit="k1"
    )
    await hall.record(
        broken, granted, rows=(ev.PutPersonal(ref="reason-k1", kind="reason", body={"reason": "Gấp", "glass": "k1"}),)
    )
    hall.hand.pass_by(7 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert "reason-k1" in await personal(hall)
    await hall.record(ev.GlassCountersigned(glass="k1", actor="minh"))
    await erase_due(hall.journal, policy=ALONE)
    assert "reason-k1" not in await personal(hall)
    assert len(await personal(hall)) == 2


async def test_the_days_go_on_counting_over_a_restart_and_over_rebuilt_views(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(4 * DAY_MS)
    await hall.restart()
    hall.hand.pass_by(3 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []


async def test_a_phone_that_was_only_checked_goes_after_a_week_where_every_evening_is_switched_off(hall: Any) -> None:
    checked = ev.PutPersonal(ref="p-c1", kind="person", body={"name": "", "phone": "+84912345678"})
    await hall.record(ev.PhoneCheckAsked(person="p-c1", is_known=False), rows=(checked,))
    for day in range(1, 8):
        await erase_due(hall.journal, policy=ALONE)
        assert await personal(hall) == ["p-c1"], f"day {day}: a restart brings no further codes"
        hall.hand.pass_by(DAY_MS // 2)
        await hall.restart()
        hall.hand.pass_by(DAY_MS // 2)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []


async def test_a_clock_nobody_believes_erases_nothing_and_counts_from_when_it_is_believed(hall: Any) -> None:
    hall.hand.wall_ms, hall.hand.trust = 60_000, "unset"
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(100 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert len(await personal(hall)) == 2
    hall.hand.wall_ms, hall.hand.trust = NOW, "synced"
    await erase_due(hall.journal, policy=ALONE)
    assert len(await personal(hall)) == 2
    await hall.record(ev.ClockTrusted(clock="synced"))
    hall.hand.pass_by(7 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == []


async def test_a_replaced_phone_goes_at_once_unless_a_message_is_still_to_reach_it(hall: Any) -> None:
    await hall.announce(1)
    told = ev.NoticeQueued(notice="n1", template="WITHDRAWN", person="p-r1-1", bundle="", results=("r1",))
    renewed = ev.PutPersonal(ref="p-r1-2", kind="person", body={"name": "Hoa", "phone": "+84987654321"})
    await hall.record(told, ev.ResultAmended(wish=2, result="r1", person="p-r1-2"), rows=(renewed,))
    await erase_due(hall.journal, policy=WITH_CENTRE)
    assert await personal(hall) == ["d-r1", "p-r1-1", "p-r1-2"]
    await hall.record(ev.NoticeDelivered(notice="n1"))
    await erase_due(hall.journal, policy=WITH_CENTRE)
    assert await personal(hall) == ["d-r1", "p-r1-2"]
    assert await erased(hall) == [{"refs": ["p-r1-1"], "cause": "replaced"}]


async def test_a_result_announced_again_keeps_its_dossier(hall: Any) -> None:
    await hall.load(await hall.announce(1))
    await hall.record(ev.Reclaimed(hand_over="h-r1", compartment=1, results=("r1",), actor="lan"))
    hall.hand.pass_by(10 * DAY_MS)
    await hall.announce(1)
    await erase_due(hall.journal, policy=ALONE)
    assert await personal(hall) == ["d-r1", "p-r1-1"]


async def test_codes_and_secrets_nobody_waits_for_are_swept(hall: Any) -> None:
    await hall.load(await hall.announce(1))
    (bundle,) = hall.cabinet.bundles
    queued = ev.NoticeQueued(notice="n1", template="READY", person="p-r1-1", bundle=bundle, code="c1", results=("r1",))
    minted = [
        ev.CodeMinted(code=code, bundle=bundle, recipient="k1", selector="482", holder="owner", cause="ready")
        for code in ("c1", "c2")
    ]
    kept = tuple(
        ev.PutCode(code=code, bundle=bundle, salt=b"s", verifier=b"v", sealed=b"x") for code in ("c1", "c2", "c3")
    )
    await hall.record(*minted, queued, rows=kept)
    await erase_due(hall.journal, policy=ALONE)
    left = await hall.journal.read(
        lambda connection: connection.execute("SELECT code, sealed FROM code ORDER BY code").fetchall()
    )
    assert left == [("c1", b"x"), ("c2", None)]


async def test_an_erased_person_is_gone_from_search_and_the_history_stays(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(7 * DAY_MS)
    await erase_due(hall.journal, policy=ALONE)
    assert await hall.journal.read(lambda connection: views.search(connection, "hoa")) == ()
    assert await hall.journal.read(lambda connection: views.past(connection, "r1")) == "collected"


async def test_many_rows_go_in_portions(hall: Any) -> None:
    rows = tuple(ev.PutPersonal(ref=f"p-x{number:03}", kind="person", body={"name": "x"}) for number in range(450))
    await hall.record(ev.ClockTrusted(clock="synced"), rows=rows)
    await erase_due(hall.journal, policy=ALONE)
    assert [len(one["refs"]) for one in await erased(hall)] == [200, 200, 50]


def test_the_rule_knows_no_age_where_no_clock_was_believed() -> None:
    stock = Stock(kept=(Kept(ref="p1", result="r1", since_utc_ms=0, since_seq=3),), acked_through=9)
    moment = ev.Moment(utc_ms=NOW, uptime_ms=0, run_id="r")
    assert erase(Cabinet(), stock, moment=moment, policy=WITH_CENTRE) == ev.Decision()


async def test_old_copies_go_but_for_the_newest_and_what_restore_and_migration_put_aside_goes_too(
    hall: Any, tmp_path: Path
) -> None:
    copies = Copies(backups=tmp_path / "backups", storage=tmp_path, keep_ms=30 * DAY_MS)
    copies.backups.mkdir()
    made = [
        await keeping.backup(hall.journal, copies.backups, keep=9, utc_ms=hall.hand.wall_ms - days * DAY_MS)
        for days in (40, 31, 29)
    ]
    former = [tmp_path / f"journal.sqlite3.{end}" for end in ("aside-1", "aside-1-wal", "before-002")]
    for file in former:
        file.write_bytes(b"x")
        os.utime(file, (1_700_000_000, 1_700_000_000))
    hall.hand.trust = "unset"
    await expire_copies(copies, clock=hall.clock)
    assert all(copy.exists() for copy in (*made, *former))
    hall.hand.trust = "synced"
    await expire_copies(copies, clock=hall.clock)
    assert [copy.exists() for copy in made] == [False, False, True]
    assert not [file for file in former if file.exists()]
    hall.hand.pass_by(60 * DAY_MS)
    await expire_copies(copies, clock=hall.clock)
    assert made[2].exists()


async def test_the_worker_erases_at_its_first_look(hall: Any, tmp_path: Path) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await hall.collect(hand_over)
    hall.hand.pass_by(7 * DAY_MS)
    seq = hall.cabinet.seq
    copies = Copies(backups=tmp_path / "none", storage=tmp_path, keep_ms=DAY_MS)
    worker = asyncio.create_task(retention.run(hall.journal, policy=ALONE, copies=copies, clock=hall.clock))
    async with asyncio.timeout(5):
        await hall.journal.changed(seq)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert await personal(hall) == []
