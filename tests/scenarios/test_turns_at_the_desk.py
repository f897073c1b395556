"""Turns of a visit and of the desk that need no other day: on real processes and frames.

One office for all; each test ends with nobody at the cabinet, and the order in which they stand counts.
"""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from simulator.desk import CABINET
from simulator.players import until
from tests.scenarios.office import Member, Office, held_office, phone, result
from tests.scenarios.visits import configured, heard, leave, read_on, slug, take

pytestmark = pytest.mark.asyncio(loop_scope="module")

LOW_AND_SMALL = range(9, 17)
AT_ONCE = 300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with held_office(tmp_path_factory.mktemp("turns") / "desk") as office:
        configured(office, {"[notices]": "[notices]\nneeds_registered_texts = true"})
        await office.open()
        yield office


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def leader(office: Office) -> Member:
    member = await office.member(1)
    await member.sign_in()
    return member


async def test_the_centre_knows_what_is_free_of_each_size(office: Office) -> None:
    async def known() -> Any:
        (standing,) = (await office.centre.http.get("/v1/cabinets")).raise_for_status().json()
        return standing["room"]

    room = await until("the cabinet told of its room", known)
    assert {key: room[key] for key in ("small", "medium", "large")} == {"small": 18, "medium": 4, "large": 2}
    figures = (await office.centre.http.get("/metrics")).text
    assert f'hub_free_compartments{{cabinet="{CABINET}",size="S"}} 18.0' in figures


async def test_who_stops_halfway_comes_back_to_the_rest_with_the_same_code(office: Office) -> None:
    owner = result(1)["recipient"]
    await office.load(await office.announce(1), await office.announce(2, recipient=owner))
    code = await office.steel.code_for(phone(1))
    (await office.kiosk.type_code(code)).raise_for_status()
    first = await take(office)
    (await office.kiosk.press("stay")).raise_for_status()
    shown = (await office.kiosk.snapshot())["visit"]
    assert (shown["waiting"], shown["idle_seconds_left"] > 80) == (1, True)
    await leave(office)
    assert (await office.kiosk.snapshot())["visit"] is None
    (await office.kiosk.type_code(code)).raise_for_status()
    second = await take(office)
    assert sorted([*first, *second]) == [result(1)["dossier_code"], result(2)["dossier_code"]]
    await leave(office)
    assert slug(await office.kiosk.type_code(code)) == "code-refused"


async def test_a_delegate_who_is_revoked_opens_nothing_and_the_owner_collects(office: Office) -> None:
    announced = await office.announce(3)
    path = "/v1/results/r-3/delegate"
    who = {"name": "Trần Văn Bình", "phone": phone(13)}
    (await office.centre.http.put(path, json=who)).raise_for_status()
    await office.load(announced)
    theirs, own = await asyncio.gather(office.steel.code_for(phone(13)), office.steel.code_for(phone(3)))
    await heard(office, phone(3), f"cuoi {phone(13)[-3:]}")
    (await office.centre.http.delete(path)).raise_for_status()

    async def revoked() -> bool:
        (inside,) = (await office.clerk.snapshot())["in_cabinet"]
        return not inside["delegates"]

    await until("the cabinet knows that nobody stands in for the owner", revoked)
    assert slug(await office.kiosk.type_code(theirs)) == "code-refused"
    assert await office.collect(own) == [announced["dossier_code"]]
    office.kiosk.visit = ""


async def test_what_is_out_of_reach_stays_shut_is_carried_low_and_its_owner_hears_of_it(office: Office) -> None:
    for number in LOW_AND_SMALL:
        await office.clerk.done(f"compartments/{number}/close", cause="lock")
    announced = await office.announce(4)
    (high,) = await office.load(announced)
    assert (await office.clerk.compartment(high))["height_cm"] > 120
    for number in LOW_AND_SMALL:
        await office.clerk.done(f"compartments/{number}/reopen")
    code = await office.steel.code_for(phone(4))
    before = await office.pulses()
    (await office.kiosk.type_code(code)).raise_for_status()
    shown = (await office.kiosk.snapshot())["visit"]["next"]
    assert (shown["compartment"], shown["is_high"]) == (high, True)
    (await office.kiosk.press("reach", hand_over=shown["hand_over"])).raise_for_status()
    await leave(office)
    assert await office.pulses() == before, "it stays shut"

    (inside,) = (await office.clerk.snapshot())["in_cabinet"]
    assert inside["is_out_of_reach"]
    low = await carry(office, inside["hand_over"], high)
    assert 40 <= (await office.clerk.compartment(low))["height_cm"] <= 120
    await heard(office, phone(4), "da chuyen xuong ngan thap")
    assert await office.collect(code) == [announced["dossier_code"]], "the code was good all the time"
    office.kiosk.visit = ""


async def carry(office: Office, hand_over: str, number: int) -> int:
    """The clerk moves it from door to door; where it lies then."""
    path = f"hand-overs/{hand_over}/move"
    await office.clerk.done(path)
    carried = await office.steel.take_out(number)

    async def at_step(step: str) -> int:
        (seen,) = (await office.clerk.snapshot())["moves"]
        return int(seen["target"]) if (seen["step"], seen["is_at_door"]) == (step, False) else 0

    target: int = await until("it is out of its first compartment", lambda: at_step("put"))
    await office.clerk.done(f"{path}/open", door="target")
    await office.steel.put_in(target, carried[0])
    await until("it is in its second compartment", lambda: at_step("confirm"))
    await office.clerk.done(f"{path}/confirm", door="target")
    return target


async def test_who_needs_a_low_door_gets_one_or_stays_at_the_counter(office: Office) -> None:
    near = await office.announce(5, reach="low", size="L")
    refused = await office.clerk.post("loads", {"scan": near["dossier_code"]})
    assert (refused.status_code, slug(refused)) == (409, "no-reachable-compartment")
    listed = {one["result"]: one for one in (await office.clerk.snapshot())["to_load"]}
    assert (listed["r-5"]["is_loadable"], listed["r-5"]["no_room"]) == (True, "no-reachable-compartment")
    low = await office.announce(6, reach="low")
    (number,) = await office.load(low)
    assert number in LOW_AND_SMALL
    assert await office.collect(await office.steel.code_for(phone(6))) == [low["dossier_code"]]
    office.kiosk.visit = ""


async def test_a_tail_is_typed_for_a_bad_barcode_and_the_next_scan_waits_for_the_open_door(office: Office) -> None:
    first, second = await office.announce(7), await office.announce(8)
    opened = await office.clerk.done("loads", scan="261008 0007")
    await office.steel.until_sprung(opened["compartment"])
    early = await office.clerk.post("loads", {"scan": second["dossier_code"]})
    assert (early.status_code, slug(early)) == (409, "door-stands-open")
    await office.steel.put_in(opened["compartment"], first["dossier_code"])
    await office.clerk.until_loaded(opened["hand_over"])
    await office.load(second)
    for number in (7, 8):
        await office.steel.code_for(phone(number))


async def test_a_new_wording_waits_for_its_registration_and_the_old_one_goes_on(office: Office, leader: Member) -> None:
    collected = {"name": "COLLECTED", "language": "vi"}
    pattern = "{office} kính báo: hồ sơ {dossier} đã nhận lúc {at}. Hỏi {hotline}"
    counted = await leader.done("texts/preview", **collected, pattern=pattern)
    assert (counted["segments"], counted["encoding"]) == (1, "GSM-7")
    long = await leader.done("texts/preview", **collected, pattern=pattern + " và cảm ơn" * 9)
    assert long["segments"] == 2
    await leader.done("texts/change", **collected, pattern=pattern)
    listed = (await leader.http.get("/api/clerk/texts")).raise_for_status().json()
    (own,) = [one for one in listed["texts"] if one["is_own"]]
    assert (listed["needs_registration"], own["state"]) == (True, "draft")
    await office.collect(await office.steel.code_for(phone(7)))
    office.kiosk.visit = ""
    await heard(office, phone(7), "Neu khong phai ong/ba")
    await leader.done("texts/register", **collected, provider_template="HX0123")
    await office.collect(await office.steel.code_for(phone(8)))
    office.kiosk.visit = ""
    await heard(office, phone(8), "kinh bao: ho so 261008-0008 da nhan luc")
    assert not [text for text in await read_on(office, phone(7)) if "kinh bao" in text]


async def test_reports_tell_the_same_as_json_as_a_table_and_on_paper(office: Office, leader: Member) -> None:
    today = (await leader.snapshot())["time"][:10]

    async def report(**span: str) -> httpx.Response:
        params = {"from": today[:8] + "01", "to": today, **span}
        return (await leader.http.get("/api/clerk/reports", params=params)).raise_for_status()

    for by in ("day", "week", "month"):
        lines = (await report(by=by)).json()["periods"]
        table = list(csv.DictReader(io.StringIO((await report(by=by, **{"as": "csv"})).text.removeprefix("\ufeff"))))
        assert [one["period"] for one in table] == [one["period"] for one in lines]
        assert sum(int(one["collected"]) for one in table) == sum(one["collected"] for one in lines) == 7
    assert "<svg" in (await report(by="month", **{"as": "html"})).text
    balance = (await leader.http.get("/api/clerk/balance", params={"as": "html"})).raise_for_status()
    assert balance.headers["content-type"].startswith("text/html")


async def test_a_deputy_stands_in_for_the_leader_and_for_nothing_more(office: Office, leader: Member) -> None:
    announced = await office.announce(9)
    (number,) = await office.load(announced)
    deputy = await office.member(7)
    await deputy.sign_in()
    asked = (await office.clerk.done("approvals", compartment=number, purpose="reclaim"))["approval"]
    proof = {"password": deputy.person.password, "code": await deputy.fresh.code(deputy.person)}
    assert (await deputy.post(f"approvals/{asked}/give", proof)).status_code == 403
    until_day = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    await leader.done(f"deputies/{deputy.person.user}", until=until_day)
    proof["code"] = await deputy.fresh.code(deputy.person)
    await deputy.done(f"approvals/{asked}/give", **proof)
    (inside,) = (await office.clerk.snapshot())["in_cabinet"]
    await office.clerk.done(f"hand-overs/{inside['hand_over']}/reclaim", approval=asked)
    assert await office.steel.take_out(number) == [announced["dossier_code"]]
    await office.centre.until_stage("r-9", "reclaimed")
    assert (await deputy.http.get("/api/clerk/reports")).status_code == 403


async def test_three_hundred_announced_at_once_are_queued_and_nobody_is_written_to(office: Office) -> None:
    numbers = range(1000, 1000 + AT_ONCE)
    for start in range(0, AT_ONCE, 20):
        await asyncio.gather(*(office.centre.announce(result(number)) for number in numbers[start : start + 20]))

    async def expected() -> bool:
        waiting = (await office.clerk.snapshot())["to_load"]
        return sum(one["result"] in {f"r-{number}" for number in numbers} for one in waiting) == AT_ONCE

    await until("the cabinet expects all of them", expected, within_s=40)
    assert {one["state"] for one in (await office.clerk.snapshot())["compartments"]} == {"free"}
    messages = (await office.steel.http.get("/phone")).raise_for_status().json()
    assert not {one["recipient"] for one in messages} & {phone(number) for number in numbers}


async def test_a_cabinet_with_something_inside_is_not_retired(office: Office, leader: Member) -> None:
    await office.load(await office.announce(10))
    refused = await leader.post("retirement", {"cabinet": CABINET})
    assert (refused.status_code, slug(refused)) == (409, "still-in-use")
    assert "inside" in refused.json()["reasons"]
    assert (await office.kiosk.snapshot())["state"] == "ready"
