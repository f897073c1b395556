"""What a person may know and have erased of what is kept about them."""

from __future__ import annotations

from typing import Any

from locker import events as ev
from locker import subjects
from locker.rules.retention import Policy
from locker.sync import CURSOR

ALONE = Policy(needs_ack=False)
WITH_CENTRE = Policy(needs_ack=True)


async def report(hall: Any, typed: str) -> dict[str, Any]:
    return await subjects.report(hall.journal, typed, policy=ALONE, moment=hall.clock.moment())


async def test_a_report_has_all_that_is_kept_of_one_person_and_of_nobody_else(hall: Any) -> None:
    await hall.announce(1, phone="0912345678")
    await hall.announce(2, recipient="k2", phone="0987654321", name="Trần Văn Bình")
    for typed in ("0912 345 678", "+84912345678", "H29.190.5-261008-0001"):
        told = await report(hall, typed)
        assert [one["held_because"] for one in told["kept"]] == ["in_use", "in_use"]
        assert [one["result"] for one in told["matters"]] == ["r1"]
        assert "Bình" not in str(told)
    assert (await report(hall, "0900000000"))["kept"] == []


async def test_what_nothing_needs_any_more_goes_at_once_and_stays_gone(hall: Any) -> None:
    await hall.collect(await hall.load(await hall.announce(1)))
    done = await subjects.erase(hall.journal, "0912345678", policy=ALONE)
    assert done == {"erased": 2, "held": {}}
    assert (await report(hall, "0912345678"))["kept"] == []
    await hall.restart()
    assert (await report(hall, "H29.190.5-261008-0001"))["kept"] == []


async def test_what_lies_inside_is_disputed_or_unknown_to_the_centre_stays_with_its_reason(hall: Any) -> None:
    hand_over = await hall.load(await hall.announce(1))
    before = hall.cabinet.seq
    assert set((await subjects.erase(hall.journal, "0912345678", policy=ALONE))["held"].values()) == {"in_use"}
    assert hall.cabinet.seq == before
    await hall.collect(hand_over)
    done = await subjects.erase(hall.journal, "0912345678", policy=WITH_CENTRE)
    assert (done["erased"], set(done["held"].values())) == (0, {"unacknowledged"})
    await hall.record(ev.Disputed(hand_over=hand_over, compartment=1, kind="empty"))
    assert set((await subjects.erase(hall.journal, "0912345678", policy=ALONE))["held"].values()) == {"incident"}
    await hall.journal.move_cursor(CURSOR, hall.cabinet.seq)
    assert (await subjects.erase(hall.journal, "0912345678", policy=WITH_CENTRE))["erased"] == 0
