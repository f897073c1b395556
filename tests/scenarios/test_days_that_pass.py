"""Days that pass at one cabinet: the evening before Tết 2027 and the fortnight after it, on real processes and frames.

The wall clock of controller and centre is set by hand (`wall_clock.c`), and only forward; everything else runs as it
does anywhere. The tests are one story and go on from each other, in the order in which they stand.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from simulator.players import CODE, until
from simulator.printer import ReceiptPrinter
from tests.scenarios import wall_clock
from tests.scenarios.office import Office, held_office, phone
from tests.scenarios.visits import (
    collect_papers,
    configured,
    heard,
    kinds,
    leave,
    offer,
    put,
    read_on,
    receipt,
)
from tests.scenarios.wall_clock import WallClock

pytestmark = pytest.mark.asyncio(loop_scope="module")

DUTY, LEADER, CANARY = "+84900000001", "+84900000002", "+84900000003"
SENTENCE = "Thời điểm này được tính là ngày nộp."
LEFT: dict[str, Any] = {}
"""The bag that was left before Tết."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def days(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The office on the evening before Tết, with a receipt printer and people on call."""
    folder: Path = tmp_path_factory.mktemp("days")
    wall = WallClock(wall_clock.build(folder), folder / "ahead")
    wall.set("2027-02-03 20:30")
    paper = ReceiptPrinter()
    async with held_office(folder / "desk", wall=wall) as office:
        configured(
            office,
            {'day_starts = "00:00"': 'day_starts = "07:30"', 'day_ends = "00:00"': 'day_ends = "20:00"'},
            more=f'\n[alerts]\nduty = ["{DUTY}"]\nleader = ["{LEADER}"]\n'
            f'\n[self_check]\ncanary = "{CANARY}"\n'
            f'\n[intake]\nsentence_vi = "{SENTENCE}"\n'
            f'\n[printer]\ndevice = "{paper.device}"\n',
        )
        await office.open()
        yield office
    paper.unplug()


async def it_is(office: Office, local: str) -> None:
    """Once nothing is on its way, the wall clock is set; something happens then, and everything due is asked for."""
    assert office.wall is not None

    async def calm() -> bool:
        facts = await office.told()
        ended = {fact["notice"] for fact in facts if fact["type"] in ("NoticeDelivered", "NoticeFailed")}
        queued = [fact for fact in facts if fact["type"] == "NoticeQueued" and fact["notice"] not in ended]
        return all(fact["template"] == "READY" for fact in queued)

    await until("no message is on its way but what waits for the morning", calm)
    office.wall.set(local)
    await office.clerk.show_presence()


async def test_a_result_that_is_ready_by_night_wakes_nobody(days: Office) -> None:
    first = await days.announce(1, deadline="2027-02-11")
    later = [await days.announce(number, deadline="2027-02-26") for number in (4, 5)]
    await days.announce(3, deadline="2027-02-11")
    await days.load(first, *later)
    await kinds(days)
    assert await read_on(days, phone(1)) == []


async def test_before_tet_papers_are_promised_for_the_first_working_day_after_it(days: Office) -> None:
    told = (await days.kiosk.snapshot())["intake"]
    assert (told["checked_from"], told["promised"]) == ("2027-02-11", "2027-02-11")
    assert told["sentence"]["vi"] == SENTENCE
    LEFT.update(await offer(days, phone=phone(2), phone_again=phone(2)))
    await put(days, LEFT, "left")
    told = (await receipt(days, LEFT)).raise_for_status().json()
    assert (told["promised"], told["sent_at"][:13]) == ("2027-02-11", "2027-02-03T20")
    printed = await days.kiosk.press(f"intakes/{LEFT['hand_over']}/receipt/print")
    assert printed.is_success, printed.text
    await leave(days)
    visit = (await days.kiosk.snapshot())["rateable"]
    rated = await days.kiosk.http.post(f"/api/kiosk/visits/{visit}/rating", json={"face": "poor", "reason": "wait"})
    rated.raise_for_status()
    (text,) = await heard(days, phone(2), LEFT["bag"])
    assert "trong ngay 11/02/2027" in text
    assert "chua phai giay tiep nhan" in text
    assert await read_on(days, phone(1)) == [], "what is ready waits for the morning; what was left is told at once"


async def test_over_tet_nothing_is_late_and_what_waited_is_told_by_day(days: Office) -> None:
    await it_is(days, "2027-02-04 07:31")
    for number in (1, 4, 5):
        (text,) = await heard(days, phone(number), "MA MO TU")
        assert CODE.search(text)
    await it_is(days, "2027-02-10 17:30")
    assert not {"PromiseBroken", "ResultNotLoaded"} & {*await kinds(days)}
    assert len(await read_on(days, phone(2))) == 1
    assert not [text for text in await read_on(days, LEADER) if "chua duoc tra loi" in text]


async def test_who_was_not_satisfied_is_a_number_to_the_leader_the_next_morning(days: Office) -> None:
    (text,) = await heard(days, LEADER, "1 luot danh gia KHONG HAI LONG")
    assert not re.search(r"\d\d:\d\d", text), "no time of day, by which one would know who it was"
    assert not [text for text in await read_on(days, DUTY) if "danh gia" in text]


async def test_what_nobody_loaded_by_its_date_is_told_to_its_person_and_to_the_centre(days: Office) -> None:
    await it_is(days, "2027-02-11 17:01")
    (text,) = await heard(days, phone(3), "Moi nhan tai quay")
    assert "261008-0003" in text
    missed = [fact for fact in await days.told() if fact["type"] == "ResultNotLoaded"]
    assert [(one["result"], one["deadline"]) for one in missed] == [("r-3", "2027-02-11")]
    (waiting,) = (await days.clerk.snapshot())["to_load"]
    assert "not_loaded_in_time" in waiting["flags"]


async def test_a_promise_that_nobody_kept_is_apologised_for_once_and_the_leader_knows(days: Office) -> None:
    (text,) = await heard(days, phone(2), "xin loi")
    assert "Hen lai: 12/02/2027" in text
    for on_call in (DUTY, LEADER):
        (told,) = await heard(days, on_call, "1 tui ho so chua duoc tra loi dung hen")
        assert LEFT["bag"] not in told
    await it_is(days, "2027-02-12 07:40")
    assert (await kinds(days)).count("PromiseBroken") == 1
    (shown,) = (await days.clerk.snapshot())["intakes"]
    assert shown["is_late"]


async def test_a_person_is_reminded_on_the_second_working_day_and_on_the_last_one(days: Office) -> None:
    (text,) = await heard(days, phone(4), "con trong tu 24/7 den het 26/02/2027")
    assert not CODE.search(text)
    await heard(days, phone(1), "con trong tu 24/7 den het 11/02/2027")
    assert len(await read_on(days, phone(1))) == 2, "what is beyond its last day is not reminded of any more"


async def test_each_further_day_is_apologised_for_until_the_office_has_answered(days: Office) -> None:
    await it_is(days, "2027-02-12 17:01")
    assert "Hen lai: 15/02/2027" in (await heard(days, phone(2), "xin loi", times=2))[-1]
    assert [one["kind"] for one in (await days.clerk.snapshot())["incidents"]].count("promise_broken") == 1
    assert await collect_papers(days, LEFT) == [LEFT["bag"]]
    await days.clerk.done(f"intakes/{LEFT['hand_over']}/report", bag=LEFT["bag"], count=2)
    await days.clerk.done(f"intakes/{LEFT['hand_over']}/answer", outcome="supplement")
    await heard(days, phone(2), "can bo sung giay to")


async def test_what_is_overdue_goes_back_to_the_counters_register_and_by_post_with_its_number(days: Office) -> None:
    inside = {one["dossiers"][0][-4:]: one for one in (await days.clerk.snapshot())["in_cabinet"]}
    assert (inside["0001"]["is_overdue"], inside["0004"]["is_overdue"]) == (True, False)
    alone = await days.clerk.post(f"hand-overs/{inside['0004']['hand_over']}/reclaim")
    assert alone.status_code == 403, "what is not overdue needs a second person"
    await days.clerk.done(f"hand-overs/{inside['0001']['hand_over']}/reclaim")
    assert await days.steel.take_out(inside["0001"]["compartment"]) == ["H29.190.5-261008-0001"]
    await heard(days, phone(1), "da chuyen ve quay")

    async def registered() -> Any:
        return next((one for one in (await days.clerk.snapshot())["counter"] if one["result"] == "r-1"), None)

    await until("it stands in the register of the counter", registered)
    await days.clerk.done("counter/r-1/post", tracking="ea123456789vn")
    await heard(days, phone(1), "ma buu gui EA123456789VN")
    facts = await days.told()
    assert [fact["result"] for fact in facts if fact["type"] == "Posted"] == ["r-1"]
    assert "EA123456789VN" not in str(facts)


async def test_the_look_at_itself_finds_doors_boards_disk_printer_and_messages_good(days: Office) -> None:
    async def looked() -> Any:
        # Whatever is on record wakes who looks; by itself that is asked every half minute.
        await days.clerk.show_presence()
        return next((one for one in await checks(days) if one["day"] == "2027-02-12"), None)

    seen = await until("a run that is a minute old has looked at the cabinet", looked, within_s=75)
    assert {"boards", "disk", "doors", "printer", "sms"} <= {*seen["good"]}
    assert {*seen["bad"]} <= {"clock"}, "only the machine this test runs on may be without a time server"
    assert await heard(days, CANARY, "tin thu hang ngay")
    for one in (await days.clerk.snapshot())["incidents"]:
        if one["kind"] == "self_check":
            await days.clerk.done(f"incidents/{one['incident']}/close")


async def test_one_alert_of_a_kind_goes_out_in_fifteen_minutes_and_the_rest_waits_for_the_morning(days: Office) -> None:
    await it_is(days, "2027-02-12 22:00")
    shown = await days.clerk.snapshot()
    first, second = [one["compartment"] for one in shown["in_cabinet"]]
    empty = next(one["number"] for one in shown["compartments"] if one["state"] == "free")
    for number in (first, second, empty):
        await days.steel.act(number, "force")
    (text,) = await heard(days, DUTY, "bi mo khong qua ma")

    async def all_known() -> bool:
        kinds_open = [one["kind"] for one in (await days.clerk.snapshot())["incidents"]]
        return kinds_open.count("opened_unasked") == 3

    await until("all three openings are on record", all_known)
    assert await heard(days, LEADER, "bi mo khong qua ma") == [text]
    await it_is(days, "2027-02-12 22:16")
    await heard(days, DUTY, "bi mo khong qua ma", times=2)
    for number in (first, second):
        await days.steel.act(number, "push")


async def test_a_bad_look_in_the_morning_is_in_the_message_of_the_leader(days: Office) -> None:
    await it_is(days, "2027-02-13 06:44")
    assert "2027-02-13" not in [one["day"] for one in await checks(days)]
    await it_is(days, "2027-02-13 06:46")

    async def looked() -> Any:
        return next((one for one in await checks(days) if one["day"] == "2027-02-13"), None)

    seen = await until("the cabinet has looked at itself", looked)
    assert "doors" in seen["bad"]
    assert "doors" in (await days.clerk.snapshot())["self_check"]["bad"]
    assert not [text for text in await read_on(days, DUTY) if "06:46 13/02/2027" in text]
    await it_is(days, "2027-02-13 07:00")
    for on_call in (DUTY, LEADER):
        (text,) = await heard(days, on_call, "06:46 13/02/2027")
        assert "dem qua co them 2 su co" in text, "the empty compartment that was opened, and the look itself"


async def checks(office: Office) -> list[dict[str, Any]]:
    """What the cabinet found of itself, day by day."""
    return [fact for fact in await office.told() if fact["type"] == "SelfChecked"]


async def test_all_that_happened_in_these_days_adds_up(days: Office) -> None:
    shown = await days.clerk.snapshot()
    assert shown["balance"]["holds"]
    assert len(shown["in_cabinet"]) == 2
