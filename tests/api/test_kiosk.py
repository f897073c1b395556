"""The screen in front of the cabinet, over HTTP."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from locker import events as ev
from otp import codes, sealing


def other_secret(digits: str) -> str:
    """A well-formed code of the same bundle that is not the right one."""
    return codes.compose(digits[:3], f"{(int(digits[3:11]) + 1) % 10**8:08d}")


def other_bundle(digits: str) -> str:
    """A well-formed code that names a bundle nobody has."""
    return codes.compose(f"{int(digits[:3]) + 1}", digits[3:11])


async def ready(cab: Any, *results: str) -> str:
    for number, result in enumerate(results, 1):
        await cab.announce(result, code=f"H29.190.5-261008-{number:04d}")
        await cab.load(result, number=number, hand_over=f"h-{number}")
    return str(await cab.close_round())


async def look(kiosk: httpx.AsyncClient) -> Any:
    return (await kiosk.get("/api/kiosk/snapshot")).json()


async def test_a_right_code_opens_the_door_and_the_closing_books_it(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1")
    answer = await kiosk.post("/api/kiosk/codes", json={"digits": f"{digits[:4]} {digits[4:8]}-{digits[8:]}"})
    assert answer.status_code == 200
    visit = answer.json()["visit"]
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert (door["stage"], door["compartment"], door["items"]) == ("opening", 1, 1)
    await cab.open(1)
    cab.hands.forward(21)
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert (door["stage"], door["open_seconds"], door["reminder"]) == ("open", 21, 1)
    await cab.close(1)
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert (door["stage"], door["reopen_seconds_left"]) == ("closed", 60)
    said = await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json={"hand_over": "h-1", "said": "received_all"})
    assert said.status_code == 200
    assert (await look(kiosk))["visit"]["doors"] == []
    assert await cab.facts(ev.Collected) == 1
    again = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (again.status_code, again.json()["type"].rsplit(":", 1)[-1]) == (403, "code-refused")


async def test_a_bundle_opens_door_after_door(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1", "r-2", "r-3")
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    for number in (1, 2, 3):
        await cab.open(number)
        await cab.close(number)
        assert (await look(kiosk))["visit"]["waiting"] == 3 - number
        following = await kiosk.post(f"/api/kiosk/visits/{visit}/next", json={})
        assert following.status_code == (200 if number < 3 else 409)
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})).status_code == 200
    assert (await look(kiosk))["visit"] is None
    assert await cab.facts(ev.Collected) == 3


async def test_sixty_four_submissions_of_one_code_give_one_grant_and_one_visit(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1")
    answers = await asyncio.gather(*(kiosk.post("/api/kiosk/codes", json={"digits": digits}) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["visit"] for answer in answers}) == 1
    assert await cab.facts(ev.GrantIssued) == 1
    assert await cab.facts(ev.CodeAccepted) == 1
    assert await cab.facts(ev.AttemptFailed) == 0


@pytest.mark.parametrize(
    ("typed", "mistake"),
    [("0901 234 678", "phone"), ("261008-0042", "dossier"), ("12", "too_short"), ("mã", "letters"), ("", "empty")],
)
async def test_what_is_no_code_is_said_kindly_and_costs_nothing(
    cab: Any, kiosk: httpx.AsyncClient, typed: str, mistake: str
) -> None:
    before = cab.now.seq
    answer = await kiosk.post("/api/kiosk/codes", json={"digits": typed})
    problem = answer.json()
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["type"].endswith(":code-malformed")
    assert problem["looks_like"] == mistake
    assert set(problem["hint"]) == {"vi", "en"}
    assert cab.now.seq == before


async def test_a_dry_throttle_asks_for_the_phone_and_the_owner_still_collects(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1")
    wrong = other_secret(digits)
    for _ in range(5):
        refused = await kiosk.post("/api/kiosk/codes", json={"digits": wrong})
        assert refused.json()["type"].endswith(":code-refused")
    asked = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (asked.status_code, asked.json()["type"].rsplit(":", 1)[-1]) == (403, "second-check-needed")
    missed = await kiosk.post("/api/kiosk/codes", json={"digits": digits, "second": "0000"})
    assert missed.json()["type"].endswith(":code-refused")
    early = await kiosk.post("/api/kiosk/codes", json={"digits": digits, "second": "4678"})
    assert (early.status_code, early.headers["retry-after"]) == (429, "20")
    cab.hands.forward(21)
    assert (await kiosk.post("/api/kiosk/codes", json={"digits": digits, "second": "4678"})).status_code == 200


async def test_an_unseen_door_is_asked_about_and_the_word_is_booked(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1")
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.stay_shut(1)
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert (door["stage"], door["trains"]) == ("unseen", 1)
    shut = await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json={"hand_over": "h-1", "said": "door_stayed_shut"})
    assert shut.status_code == 200
    soon = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (soon.status_code, soon.json()["type"].rsplit(":", 1)[-1]) == (503, "door-did-not-open")
    assert soon.headers["retry-after"] == "60"
    cab.hands.forward(61)
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/next", json={})).status_code == 200
    await cab.stay_shut(1)
    took = await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json={"hand_over": "h-1", "said": "received_all"})
    assert took.status_code == 200
    assert await cab.facts(ev.Collected) == 1


async def test_a_dead_board_is_a_fault_and_the_code_stays_good(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1")
    cab.doors.lose_board()
    answer = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (503, "board-offline")
    assert (await look(kiosk))["state"] == "fault"
    assert await cab.facts(ev.AttemptFailed) == 0


async def test_the_screen_never_shows_a_name_a_phone_or_a_dossier(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1")
    await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    await cab.open(1)
    shown = json.dumps(await look(kiosk), ensure_ascii=False)
    for secret in ("Hoa", "0901234678", "+8490", "4678", "H29", "0001", digits):
        if secret == "Hoa":
            shown = shown.replace("Hoa Mai", "")
        assert secret not in shown


async def test_without_its_cookie_nobody_is_the_kiosk(cab: Any, kiosk: httpx.AsyncClient) -> None:
    kiosk.cookies.clear()
    before = cab.now.seq
    assert (await kiosk.get("/api/kiosk/snapshot")).status_code == 401
    assert (await kiosk.post("/api/kiosk/codes", json={"digits": "1"})).status_code == 401
    kiosk.cookies.set("kiosk", "aa.bb")
    answer = await kiosk.get("/api/kiosk/snapshot")
    assert answer.json()["type"].endswith(":not-allowed")
    assert cab.now.seq == before


async def test_a_visit_that_is_over_opens_nothing(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab, "r-1")
    for path, body in (
        ("next", {}),
        ("reopen", {"hand_over": "h-1"}),
        ("answers", {"hand_over": "h-1", "said": "empty"}),
    ):
        answer = await kiosk.post(f"/api/kiosk/visits/v-old/{path}", json=body)
        assert answer.json()["type"].endswith(":wrong-stage")
    assert await cab.facts(ev.GrantIssued) == 0


async def test_wrong_used_unknown_and_suspended_codes_get_one_and_the_same_answer(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1")
    answers = [await kiosk.post("/api/kiosk/codes", json={"digits": other_secret(digits)})]
    answers.append(await kiosk.post("/api/kiosk/codes", json={"digits": other_bundle(digits)}))
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    await cab.close(1)
    said = {"hand_over": "h-1", "said": "not_mine"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json=said)).status_code == 200
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert door["stage"] == "disputed"
    answers.append(await kiosk.post("/api/kiosk/codes", json={"digits": digits}))
    assert {answer.text for answer in answers} == {answers[0].text}
    assert {answer.status_code for answer in answers} == {403}
    assert await cab.facts(ev.AttemptFailed) == 3


async def test_a_just_closed_door_opens_again_for_sixty_seconds(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await ready(cab, "r-1")
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    await cab.close(1)
    cab.hands.forward(59)
    again = {"hand_over": "h-1"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/reopen", json=again)).status_code == 200
    (door,) = (await look(kiosk))["visit"]["doors"]
    assert door["stage"] == "opening"
    busy = await kiosk.post(f"/api/kiosk/visits/{visit}/reopen", json=again)
    assert (busy.status_code, busy.json()["type"].rsplit(":", 1)[-1]) == (409, "compartment-busy")
    await cab.open(1)
    await cab.close(1)
    cab.hands.forward(61)
    late = await kiosk.post(f"/api/kiosk/visits/{visit}/reopen", json=again)
    assert (late.status_code, late.json()["type"].rsplit(":", 1)[-1]) == (409, "wrong-stage")
    unknown = await kiosk.post(f"/api/kiosk/visits/{visit}/reopen", json={"hand_over": "h-2"})
    assert (unknown.status_code, unknown.json()["type"].rsplit(":", 1)[-1]) == (404, "unknown-hand-over")
    assert await cab.facts(ev.Collected) == 1


async def test_when_others_have_used_the_throttle_up_the_owner_still_collects(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1")
    selectors = [number for number in range(100, 1000) if f"{number}" != digits[:3]]
    for number in range(60):
        await kiosk.post("/api/kiosk/codes", json={"digits": codes.compose(f"{selectors[number]}", "00000001")})
    assert await cab.facts(ev.AttemptFailed) == 20
    asked = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert asked.json()["type"].endswith(":second-check-needed")
    answer = await kiosk.post("/api/kiosk/codes", json={"digits": digits, "second": "4678"})
    assert answer.status_code == 200


async def test_a_door_that_the_sensor_shows_open_is_shut_on_the_citizens_word(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1")
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    said = {"hand_over": "h-1", "said": "door_is_shut"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json=said)).status_code == 200
    assert await cab.facts(ev.Collected) == 1
    assert cab.now.compartment(1).is_suspect


async def test_a_procedure_that_wants_the_id_paper_asks_for_it_after_a_right_code(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0001", flags=("second_check",))
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    asked = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (asked.status_code, asked.json()["type"].rsplit(":", 1)[-1]) == (403, "paper-check-needed")
    wrong = await kiosk.post("/api/kiosk/codes", json={"digits": digits, "paper": "0000"})
    assert (wrong.json()["type"].rsplit(":", 1)[-1], wrong.json()["tries_left"]) == ("paper-refused", 4)
    assert await cab.facts(ev.PaperCheckFailed) == 1
    hashed = sealing.keyed_hash(bytes(range(32)), "4417", context="k-1").hex()
    row = ev.PutPersonal(ref="p-k-1", kind="person", body={"name": "Hoa", "phone": "+84901234678", "id_hash": hashed})
    await cab.journal.record(lambda *_: ev.Decision(rows=(row,), events=(ev.ClockTrusted(clock="synced"),)))
    right = await kiosk.post("/api/kiosk/codes", json={"digits": digits, "paper": "4417"})
    assert right.status_code == 200
    assert await cab.facts(ev.GrantIssued) == 1


async def test_what_was_disputed_in_an_earlier_visit_is_not_counted_as_waiting(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    digits = await ready(cab, "r-1", "r-2", "r-3")
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.stay_shut(1)
    body = {"hand_over": "h-1", "said": "empty"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json=body)).status_code == 200
    await kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})
    await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    await cab.open(2)
    assert (await look(kiosk))["visit"]["waiting"] == 1
