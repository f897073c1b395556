"""Papers left in every way there is, how many, and what the office answers: on real processes and frames.

One office for all; each test ends with nobody at the cabinet, and the order in which they stand counts.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from locker import receipts
from simulator.players import until
from tests.scenarios.office import Office, held_office, phone
from tests.scenarios.visits import (
    collect_papers,
    configured,
    heard,
    kinds,
    leave,
    offer,
    put,
    receipt,
    slug,
    wants,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHARE_PERCENT = 21
"""Of 24 compartments: five, and not a sixth."""
BRING = "Tờ khai đã ký"
RULE = "Không để tiền trong túi hồ sơ"
DIGITS = re.compile(r"\b(\d{8})\b")
BADGE = "HTX-NONG-NGHIEP-07"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with held_office(tmp_path_factory.mktemp("papers") / "desk") as office:
        configured(
            office,
            {"[kiosk]": f'[kiosk]\nrules_vi = ["{RULE}"]'},
            more=f'\n[intake]\nshare_percent = {SHARE_PERCENT}\nbring_vi = ["{BRING}"]\nthickness_cm = [3, 8, 15]\n',
        )
        await office.open()
        yield office


async def registered(office: Office, *bags: dict[str, Any]) -> None:
    """The clerk takes these bags out, counts and files them."""
    for number, bag in enumerate(bags, start=1):
        assert await collect_papers(office, bag) == [bag["bag"]]
        await office.clerk.done(f"intakes/{bag['hand_over']}/report", bag=bag["bag"], count=1)
        filed = {"outcome": "registered", "dossier": f"H29.190.5-261009-{number:04d}", "appointment": "2030-12-30"}
        await office.clerk.done(f"intakes/{bag['hand_over']}/answer", **filed)


async def checked(office: Office, number: str) -> dict[str, Any]:
    """A phone whose code was read on it: what goes with the papers."""
    begun = await office.kiosk.http.post("/api/kiosk/phone-checks", json={"phone": number})
    visit = begun.raise_for_status().json()["visit"]
    (text,) = await heard(office, number, "Ma xac nhan so dien thoai")
    found = DIGITS.search(text)
    assert found is not None
    return {"phone": number, "otp": found[1], "visit": visit}


async def test_what_may_be_left_and_how_is_on_the_screen_before_a_door_opens(office: Office) -> None:
    shown = await office.kiosk.snapshot()
    assert shown["intake"]["bring"]["vi"] == [BRING]
    assert shown["intake"]["thickness_cm"] == [3, 8, 15]
    assert shown["rules"]["vi"] == [RULE]
    assert await office.pulses() == 0


async def test_a_phone_is_checked_by_eight_digits_that_came_to_it_in_three_tries(office: Office) -> None:
    proved = await checked(office, phone(1))
    wrong = f"{(int(proved['otp']) + 1) % 100_000_000:08d}"
    for _ in range(2):
        refused = await wants(office, **{**proved, "otp": wrong})
        assert (slug(refused), refused.json()["reason"]) == ("phone-refused", "otp")
    bag = await offer(office, **proved)
    await put(office, bag, "left")
    await leave(office)
    (shown,) = (await office.clerk.snapshot())["intakes"]
    assert shown["is_phone_checked"]
    begun = (await office.kiosk.http.post("/api/kiosk/phone-checks", json={"phone": phone(1)})).raise_for_status()
    for _ in range(4):
        refused = await wants(office, phone=phone(1), otp=wrong, visit=begun.json()["visit"])
    assert refused.json()["reason"] == "otp_over"
    (await office.kiosk.http.post("/api/kiosk/phone-checks", json={"phone": phone(1)})).raise_for_status()
    beyond = await office.kiosk.http.post("/api/kiosk/phone-checks", json={"phone": phone(1)})
    assert (beyond.status_code, slug(beyond)) == (429, "too-many-attempts"), "three codes a day to one number"
    await registered(office, bag)


async def test_originals_of_an_online_dossier_and_an_organisations_badge_come_in_bags_of_their_own(
    office: Office,
) -> None:
    nameless = await wants(office, kind="originals", phone=phone(2), phone_again=phone(2))
    assert nameless.status_code == 422
    code = "G09.20-20260609-0092637"
    own = {"phone": phone(2), "phone_again": f"0{phone(2)[3:]}", "bag": "tui-000451"}
    originals = await offer(office, kind="originals", dossier=code, **own)
    assert originals["bag"] == "TUI-000451"
    await put(office, originals, "left")
    told = (await receipt(office, originals)).raise_for_status().json()
    signed = receipts.check(told["text"], (await office.kiosk.http.get("/api/kiosk/receipt-key")).json()["key"])
    assert (signed.kind, signed.dossier, signed.bag) == ("originals", code, "TUI-000451")
    await leave(office)
    again = await wants(office, **{**own, "phone": phone(3), "phone_again": phone(3)})
    assert slug(again) == "bag-in-use"
    badge = await offer(office, kind="badge", badge=BADGE)
    assert re.fullmatch(r"HS-\d{6}", badge["bag"])
    await put(office, badge, "left")
    await leave(office)
    by_bag = {one["bag"]: one for one in (await office.clerk.snapshot())["intakes"]}
    assert (by_bag[badge["bag"]]["name"], by_bag[badge["bag"]]["phone"]) == (BADGE, None)
    assert by_bag[originals["bag"]]["dossier"] == code
    await registered(office, originals, badge)


async def test_who_supplements_a_dossier_that_the_centre_told_of_types_its_digits_and_no_number(office: Office) -> None:
    await office.announce(7, state=5)
    bag = await offer(office, kind="supplement", dossier="261008 0007")
    await put(office, bag, "left")
    await leave(office)
    await heard(office, phone(7), bag["bag"])
    await registered(office, bag)


async def test_who_takes_the_papers_back_has_no_receipt_and_who_says_nothing_a_marked_one(office: Office) -> None:
    bag = await offer(office, phone=phone(4), phone_again=phone(4))
    await put(office, bag, "took_back", is_left=False)
    refused = await receipt(office, bag)
    assert (refused.status_code, slug(refused)) == (409, "wrong-stage")
    assert (await office.clerk.compartment(bag["compartment"]))["state"] != "free"
    again = await offer(office, phone=phone(4), phone_again=phone(4), visit=bag["visit"])
    assert again["compartment"] == bag["compartment"], "the same visit is offered the same compartment"
    await put(office, again, "")
    await leave(office)

    async def booked() -> dict[str, Any]:
        answered = await receipt(office, again)
        return dict(answered.json()) if answered.is_success else {}

    told = await until("the papers nobody spoke of are booked", booked)
    assert (told["is_confirmed"], told["evidence"]) == (False, "door_cycle")
    (deposited,) = [fact for fact in await office.told() if fact["type"] == "Deposited"][-1:]
    assert (deposited["hand_over"], deposited["is_confirmed"]) == (again["hand_over"], False)
    await registered(office, again)


async def test_missing_papers_are_looked_for_twice_and_their_person_is_told_the_same_morning(office: Office) -> None:
    bag = await offer(office, phone=phone(5), phone_again=phone(5))
    await put(office, bag, "left", is_left=False)
    await leave(office)
    for again in (True, False):
        assert await collect_papers(office, bag) == []
        told = await office.clerk.done(f"intakes/{bag['hand_over']}/report", count=0)
        assert told == {"look_again": again}
    (text,) = await heard(office, phone(5), "khong tim thay giay to")
    assert bag["bag"] in text
    (incident,) = await office.clerk.incidents()
    assert incident["kind"] == "intake_empty"
    await office.clerk.done(f"incidents/{incident['incident']}/take")
    (taken,) = await office.clerk.incidents()
    assert taken["is_mine"]
    assert taken["due"]
    await office.clerk.done(f"incidents/{incident['incident']}/close")


async def test_doors_that_open_for_nothing_are_two_a_visit_and_four_an_hour(office: Office) -> None:
    for _ in range(2):
        small = await offer(office, kind="badge", badge=BADGE)
        await put(office, small, "", is_left=False)
        larger = (await office.kiosk.press(f"intakes/{small['hand_over']}/larger")).raise_for_status().json()
        await put(office, larger, "", is_left=False)
        third = await office.kiosk.press(f"intakes/{larger['hand_over']}/larger")
        assert (slug(third), third.json()["reason"]) == ("intake-full", "visit")
        await leave(office)
    fifth = await wants(office, kind="badge", badge=BADGE)
    assert (slug(fifth), fifth.json()["reason"]) == ("intake-full", "hour")
    for one in (await office.clerk.snapshot())["compartments"]:
        if one["state"] != "free":
            assert await office.clerk.look_into(one["number"], office.steel) == "empty"


async def test_a_phone_leaves_two_bags_and_three_numbers_that_nobody_checked(office: Office) -> None:
    for number in (11, 11, 12):
        if number == 12:
            third = await wants(office, phone=phone(11), phone_again=phone(11))
            assert (third.status_code, slug(third), third.json()["reason"]) == (409, "intake-full", "phone")
        await put(office, await offer(office, phone=phone(number), phone_again=phone(number)), "left")
        await leave(office)
    fourth = await wants(office, phone=phone(13), phone_again=phone(13))
    assert (slug(fourth), fourth.json()["reason"]) == ("intake-full", "unverified")
    await put(office, await offer(office, **await checked(office, phone(13))), "left")
    await leave(office)


async def test_papers_hold_no_more_than_their_share_of_the_cabinet(office: Office) -> None:
    await put(office, await offer(office, kind="badge", badge=BADGE), "left")
    await leave(office)
    sixth = await wants(office, kind="badge", badge=BADGE)
    assert (slug(sixth), sixth.json()["reason"]) == ("intake-full", "cabinet")
    assert (await office.clerk.snapshot())["balance"]["holds"]
    assert "NoticeFailed" not in await kinds(office), "nobody is written to who left no number"
