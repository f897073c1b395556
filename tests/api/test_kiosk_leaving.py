"""Leaving something inside, and doors that are too high, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx

from locker import events as ev


async def visit_of(kiosk: httpx.AsyncClient) -> Any:
    return (await kiosk.get("/api/kiosk/snapshot")).json()["visit"]


async def load(cab: Any, *numbers: int) -> str:
    for number in numbers:
        await cab.announce(f"r-{number}", code=f"H29.190.5-261008-{number:04d}")
        await cab.load(f"r-{number}", number=number, hand_over=f"h-{number}")
    return str(await cab.close_round())


async def test_a_high_door_stays_shut_for_who_cannot_reach_it(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await load(cab, 4)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    shown = await visit_of(kiosk)
    assert shown["doors"] == []
    assert shown["next"] == {"hand_over": "h-4", "compartment": 4, "row": 4, "column": 1, "is_high": True}
    assert await cab.facts(ev.GrantIssued) == 0
    said = await kiosk.post(f"/api/kiosk/visits/{visit}/reach", json={"hand_over": "h-4"})
    assert said.status_code == 200
    shown = await visit_of(kiosk)
    assert (shown["waiting"], shown["next"], shown["later"], shown["is_moved"]) == (0, None, 1, True)
    again = await kiosk.post(f"/api/kiosk/visits/{visit}/reach", json={"hand_over": "h-4"})
    assert (again.status_code, again.json()["type"].rsplit(":", 1)[-1]) == (409, "wrong-stage")


async def test_a_high_door_opens_when_its_person_has_seen_it(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await load(cab, 4)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/next", json={})).status_code == 200
    await cab.open(4)
    await cab.close(4)
    assert await cab.facts(ev.Collected) == 1


async def test_the_second_of_two_is_left_for_another_day(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await load(cab, 1, 2)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    await cab.close(1)
    left = await kiosk.post(f"/api/kiosk/visits/{visit}/later", json={"hand_over": "h-2"})
    assert left.status_code == 200
    assert (await visit_of(kiosk))["later"] == 1
    await kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})
    again = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert again.status_code == 200
    await cab.open(2)
    await cab.close(2)
    assert await cab.facts(ev.Collected) == 2


async def test_who_wants_more_time_has_it_and_an_ended_visit_is_over(cab: Any, kiosk: httpx.AsyncClient) -> None:
    digits = await load(cab, 1, 2)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    await cab.close(1)
    cab.hands.forward(80)
    assert (await visit_of(kiosk))["idle_seconds_left"] == 10
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/stay", json={})).status_code == 200
    assert (await visit_of(kiosk))["idle_seconds_left"] == 90
    await kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/stay", json={})).status_code == 409
    again = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert again.status_code == 200
