"""Asking about a dossier, keeping it longer, the counter instead, and rating, over HTTP at the kiosk."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from locker import events as ev

CODE = "H29.190.5-261008-0001"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def ready(cab: Any, **changed: Any) -> str:
    await cab.announce("r-1", code=CODE, **changed)
    await cab.load("r-1", number=1, hand_over="h-1")
    return str(await cab.close_round())


async def asks(kiosk: httpx.AsyncClient, dossier: str = CODE, phone: str = "4678") -> httpx.Response:
    return await kiosk.post("/api/kiosk/status", json={"dossier": dossier, "phone": phone})


@pytest.mark.parametrize("typed", [CODE, " h29.190.5–261008–0001 ", "2610080001", "20261008 0001"])
async def test_who_knows_dossier_and_phone_reads_that_it_is_inside_and_until_when(
    cab: Any, kiosk: httpx.AsyncClient, typed: str
) -> None:
    await ready(cab)
    told = (await asks(kiosk, typed)).json()
    assert told == {
        "works": True,
        "results": [
            {
                "what": "inside",
                "since": cab.running.today(cab.hands()),
                "opens": True,
                "stay": {
                    "hand_over": "h-1",
                    "until": "2026-12-31",
                    "longer": "2027-01-07",
                    "refused": "",
                    "can_go_to_counter": True,
                    "is_counter_wanted": False,
                },
            }
        ],
        "intakes": [],
    }


async def test_unknown_dossiers_wrong_digits_and_short_codes_get_one_answer(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    answers = [
        await asks(kiosk, *asked)
        for asked in ((CODE, "4679"), ("H29.190.5-261008-0002", "4678"), ("0001", "4678"), ("2610080002", "4678"))
    ]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
    assert kind(answers[0]) == "status-unknown"
    assert await cab.facts(ev.StatusAsked) == 4


async def test_too_many_wrong_questions_make_everybody_wait(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    for _ in range(20):
        await asks(kiosk, "2610080009", "0000")
    answers = [await asks(kiosk), await asks(kiosk, CODE, "0000")]
    assert [(one.status_code, kind(one), one.headers["retry-after"]) for one in answers] == [
        (429, "too-many-attempts", "1200")
    ] * 2


async def test_it_is_kept_longer_twice_by_dossier_and_phone(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    wish = {"dossier": CODE, "phone": "4678", "hand_over": "h-1"}
    for until in ("2027-01-07", "2027-01-14"):
        assert (await kiosk.post("/api/kiosk/status/extend", json=wish)).status_code == 200
        assert (await asks(kiosk)).json()["results"][0]["stay"]["until"] == until
    third = await kiosk.post("/api/kiosk/status/extend", json=wish)
    assert (third.status_code, kind(third), third.json()["reason"]) == (409, "stay-refused", "times")
    wrong = await kiosk.post("/api/kiosk/status/extend", json={**wish, "phone": "0000"})
    assert kind(wrong) == "status-unknown"
    other = await kiosk.post("/api/kiosk/status/counter", json={**wish, "hand_over": "h-9"})
    assert kind(other) == "unknown-hand-over"


async def test_left_for_the_counter_it_is_on_the_clerks_list_and_still_opens(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Any
) -> None:
    digits = await ready(cab)
    wish = {"dossier": CODE, "phone": "4678", "hand_over": "h-1"}
    for _ in range(2):
        assert (await kiosk.post("/api/kiosk/status/counter", json=wish)).status_code == 200
    assert await cab.facts(ev.CounterAsked) == 1
    assert (await asks(kiosk)).json()["results"][0]["stay"]["is_counter_wanted"]
    await be_present("lan")
    (shown,) = (await desk.get("/api/clerk/snapshot")).json()["in_cabinet"]
    assert shown["is_counter_wanted"]
    assert (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).status_code == 200


async def test_the_clerk_takes_it_out_as_routine_and_the_person_is_told(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Any
) -> None:
    await ready(cab)
    await kiosk.post("/api/kiosk/status/counter", json={"dossier": CODE, "phone": "4678", "hand_over": "h-1"})
    await be_present("lan")
    assert (await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={})).status_code == 200
    await cab.open(1)
    await cab.close(1)
    assert [one.template for one in cab.now.notices.values()][-1] == "AT_COUNTER"
    assert (await asks(kiosk)).json()["results"][0]["what"] == "at_counter"


async def test_from_an_open_visit_what_is_left_is_kept_longer_or_sent_to_the_counter(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    for number in (1, 2):
        await cab.announce(f"r-{number}", code=f"H29.190.5-261008-000{number}")
        await cab.load(f"r-{number}", number=number, hand_over=f"h-{number}")
    digits = await cab.close_round()
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    body = {"hand_over": "h-2"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/later", json=body)).status_code == 200
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/extend", json=body)).status_code == 200
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/counter", json=body)).status_code == 200
    (left,) = (await kiosk.get("/api/kiosk/snapshot")).json()["visit"]["left"]
    assert (left["compartment"], left["until"], left["is_counter_wanted"]) == (2, "2027-01-07", True)
    assert kind(await kiosk.post("/api/kiosk/visits/other/extend", json=body)) == "wrong-stage"


async def test_papers_left_for_the_office_are_told_with_their_promised_day(cab: Any, kiosk: httpx.AsyncClient) -> None:
    wanted = {"kind": "supplement", "size": "S", "phone": "0901234678", "phone_again": "0901234678", "dossier": CODE}
    offered = (await kiosk.post("/api/kiosk/intakes", json=wanted)).json()
    assert (await asks(kiosk)).json()["intakes"] == []
    await cab.open(offered["compartment"])
    await cab.close(offered["compartment"])
    (left,) = (await asks(kiosk)).json()["intakes"]
    assert (left["what"], left["day"]) == ("left", cab.now.intakes[offered["hand_over"]].promised)


async def test_what_is_not_inside_is_told_as_well(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await cab.announce("r-1", code=CODE)
    assert (await asks(kiosk)).json()["results"] == [
        {"what": "expected", "since": cab.running.today(cab.hands()), "opens": False, "stay": None}
    ]


async def test_a_visit_is_rated_with_a_face_and_a_reason_once(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["rateable"] == visit
    path = f"/api/kiosk/visits/{visit}/rating"
    assert kind(await kiosk.post(path, json={"face": "angry"})) == "invalid-request"
    assert (await kiosk.post(path, json={"face": "fair", "reason": "door"})).status_code == 200
    assert kind(await kiosk.post(path, json={"face": "good"})) == "wrong-stage"
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["rateable"] is None
