"""What the technician's page asks of the cabinet, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.apps import create_clerk_app
from locker import acceptance, receipts
from locker.rules import doors as door_rules
from tests.api.conftest import MARKED, client_of
from tests.api.test_clerk import kind

Come = Callable[..., Awaitable[None]]
NAME, PHONE, DOSSIER = "Đặng Thái Sơn", "901234678", "H29.190.5-261008-0042"


@pytest.fixture
async def other_desk(cab: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A second browser on the office's network."""
    async with client_of(create_clerk_app(cab.running), **MARKED) as client:
        yield client


@pytest.fixture
def clerk_comes(cab: Any, other_desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> Come:
    """A clerk signs in at the second browser and types the kiosk's number."""

    async def come() -> None:
        assert (await sign_in("lan", client=other_desk)).status_code == 200
        await other_desk.post("/api/clerk/presence/request", json={})
        number = cab.running.sessions.shown().number
        assert (await other_desk.post("/api/clerk/presence", json={"number": number})).status_code == 200

    return come


async def shown(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/commission/snapshot")).json()


async def take_out(desk: httpx.AsyncClient) -> httpx.Response:
    return await desk.post("/api/commission/boards", json={"boards": ["A1"]})


async def try_door(cab: Any, desk: httpx.AsyncClient, number: int, *, opens: int) -> httpx.Response:
    """Try a door; this one opens (0: none), and is shut again once the answer is there."""

    async def until_granted() -> None:
        async with asyncio.timeout(5):
            while cab.now.grant_on(number) is None:
                await cab.journal.changed(cab.now.seq)

    asked = asyncio.create_task(desk.post(f"/api/commission/doors/{number}/try", json={}))
    granted = asyncio.create_task(until_granted())
    await asyncio.wait((asked, granted), return_when=asyncio.FIRST_COMPLETED)
    if asked.done():
        granted.cancel()
        return asked.result()
    if opens == number:
        await cab.open(number)
    else:
        await cab.stay_shut(number)
    answer = await asked
    if opens == number:
        await cab.close(number)
    return answer


async def say(desk: httpx.AsyncClient, number: int, opened: int) -> httpx.Response:
    return await desk.post(f"/api/commission/doors/{number}/seen", json={"opened": opened})


async def test_a_board_is_proved_door_by_door_and_serves_after_its_last_good_one(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present("tu")
    assert (await take_out(desk)).status_code == 200
    (board,) = (await shown(desk))["boards"]
    assert (board["is_out"], board["cause"], board["left"]) == (True, "replaced", [1, 2, 3, 4])
    for number in (1, 2, 3, 4):
        assert (await try_door(cab, desk, number, opens=number)).json() == {"finding": None}
        assert (await shown(desk))["awaited"] == [number]
        found = (await say(desk, number, number)).json()["finding"]
        assert found == {"number": number, "kind": "good", "other": 0}
        assert cab.now.boards_out == ({"A1": "replaced"} if number < 4 else {})
    signed = (await desk.get("/api/commission/sheet?as=text")).text.splitlines()[-1]
    sheet = acceptance.check(signed, receipts.public_text(cab.running.receipt_key))
    assert (sheet.is_accepted, sheet.technician, sheet.seq) == (True, "tu", cab.now.seq)


async def test_what_was_seen_is_told_apart_and_the_bad_doors_keep_their_board_out(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present("tu")
    await take_out(desk)
    await try_door(cab, desk, 1, opens=0)
    assert (await say(desk, 1, 0)).json()["finding"]["kind"] == "does_not_open"
    await try_door(cab, desk, 2, opens=0)
    assert (await say(desk, 2, 2)).json()["finding"]["kind"] == "sensor_silent"
    now = await shown(desk)
    assert now["faults"] == [
        {"number": 1, "kind": "does_not_open", "other": 0},
        {"number": 2, "kind": "sensor_silent", "other": 0},
    ]
    assert [(one["number"], one["is_good"]) for one in now["doors"][:2]] == [(1, False), (2, False)]
    paper = await desk.get("/api/commission/sheet?lang=en")
    assert "NOT ACCEPTED" in paper.text
    assert "switch tells nothing" in paper.text
    assert cab.now.boards_out


async def test_who_is_not_at_the_cabinet_takes_no_board_out_and_tries_no_door(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await sign_in("tu")
    before = cab.now.seq
    for path, body in (("boards", {"boards": ["A1"]}), ("doors/1/try", {}), ("doors/1/seen", {"opened": 1})):
        answer = await desk.post(f"/api/commission/{path}", json=body)
        assert (answer.status_code, kind(answer)) == (403, "presence-needed"), path
    assert cab.now.seq == before


async def test_a_loaded_door_is_tried_with_a_clerk_present_and_not_without(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, clerk_comes: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.load("r-1", number=2, hand_over="h-1")
    await be_present("tu")
    await take_out(desk)
    assert [one["may_hold"] for one in (await shown(desk))["doors"]] == [False, True, False, False]
    refused = await try_door(cab, desk, 2, opens=2)
    assert (refused.status_code, kind(refused)) == (403, "presence-needed")
    assert (await try_door(cab, desk, 1, opens=1)).status_code == 200, "an empty one needs nobody else"
    await say(desk, 1, 1)
    await clerk_comes()
    assert (await shown(desk))["is_clerk_present"] is True
    assert (await try_door(cab, desk, 2, opens=2)).status_code == 200
    assert (await say(desk, 2, 2)).json()["finding"]["kind"] == "good"
    assert cab.now.hand_overs["h-1"].stage == "loaded"


async def test_steps_out_of_order_are_refused(cab: Any, desk: httpx.AsyncClient, be_present: Come) -> None:
    await be_present("tu")
    for path, body, status, slug in (
        ("doors/1/try", {}, 409, "wrong-stage"),
        ("doors/99/try", {}, 404, "unknown-compartment"),
        ("doors/1/seen", {"opened": 1}, 409, "wrong-stage"),
        ("boards", {"boards": ["B7"]}, 409, "wrong-stage"),
        ("boards", {"boards": []}, 422, "invalid-request"),
    ):
        answer = await desk.post(f"/api/commission/{path}", json=body)
        assert (answer.status_code, kind(answer)) == (status, slug), (path, body)
    assert kind(await desk.get("/api/commission/sheet")) == "wrong-stage"
    await take_out(desk)
    await try_door(cab, desk, 1, opens=1)
    assert kind(await desk.post("/api/commission/doors/2/try", json={})) == "wrong-stage", "door 1 waits for a word"
    assert kind(await say(desk, 2, 2)) == "wrong-stage", "a word for another door counts for none"
    assert kind(await say(desk, 1, 77)) == "unknown-compartment"
    cab.doors.lose_board()
    await say(desk, 1, 1)
    offline = await desk.post("/api/commission/doors/2/try", json={})
    assert (kind(offline), "does not serve yet" in offline.json()["detail"]) == ("wrong-stage", True)


async def test_a_door_that_opened_beside_the_one_pulsed_quarantines_both_as_always(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present("tu")
    await take_out(desk)
    asked = asyncio.create_task(desk.post("/api/commission/doors/1/try", json={}))
    async with asyncio.timeout(5):
        while (grant := cab.now.grant_on(1)) is None:
            await cab.journal.changed(cab.now.seq)
    window = {grant.grant: 1}
    await cab.journal.record(
        lambda cabinet, _known, moment: door_rules.opened(
            cabinet, 3, board="A1", window=window, found=False, moment=moment
        )
    )
    assert (await asked).json() == {"finding": None}
    await cab.close(3)
    assert (await say(desk, 1, 3)).json()["finding"] == {"number": 1, "kind": "locks_swapped", "other": 3}
    assert [cab.now.compartment(number).quarantine for number in (1, 3)] == ["wrong_door", "wrong_door"]
    assert [one["may_hold"] for one in (await shown(desk))["doors"]] == [True, False, True, False]


async def test_a_technician_sees_no_name_phone_dossier_or_code_on_any_answer_of_the_page(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER, name=NAME, phone=f"+84{PHONE}")
    await cab.load("r-1", number=2, hand_over="h-1")
    digits = await cab.close_round()
    await be_present("tu")
    await take_out(desk)
    await try_door(cab, desk, 1, opens=1)
    paths = ("commission/snapshot", "commission/sheet", "commission/sheet?as=text", "clerk/snapshot")
    answers = [await say(desk, 1, 1), await try_door(cab, desk, 2, opens=2)]
    answers += [await desk.get(f"/api/{path}") for path in paths]
    told = [
        (str(answer.url), secret)
        for answer in answers
        for secret in (NAME, "Sơn", PHONE, DOSSIER, "261008", digits)
        if secret in answer.text
    ]
    assert told == []
