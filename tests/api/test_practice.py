"""A practice code over HTTP: made at the desk, typed at the kiosk, the screens of a real pickup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from locker import events as ev

Come = Callable[..., Any]


async def made(desk: httpx.AsyncClient) -> Any:
    assert (await desk.post("/api/clerk/practice", json={})).status_code == 200
    return (await desk.get("/api/clerk/snapshot")).json()["practice"]


async def visit_of(kiosk: httpx.AsyncClient) -> Any:
    return (await kiosk.get("/api/kiosk/snapshot")).json()["visit"]


async def test_a_practice_code_opens_an_empty_door_once(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present()
    before = (await desk.get("/api/clerk/snapshot")).json()["balance"]
    code = await made(desk)
    number = code["compartment"]
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": code["code"]})).json()["visit"]
    stages = []
    for step in (None, cab.open, cab.close):
        if step is not None:
            cab.hands.forward(2)
            await step(number)
        (door,) = (await visit_of(kiosk))["doors"]
        stages.append(door["stage"])
    assert stages == ["opening", "open", "closed"]
    said = {"hand_over": door["hand_over"], "said": "received_all"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json=said)).status_code == 200
    assert await visit_of(kiosk) is None
    again = await kiosk.post("/api/kiosk/codes", json={"digits": code["code"]})
    assert again.json()["type"].endswith("code-refused")
    snapshot = (await desk.get("/api/clerk/snapshot")).json()
    assert (snapshot["balance"], snapshot["practice"], snapshot["incidents"]) == (before, None, [])
    assert [await cab.facts(kind) for kind in (ev.PracticeBegan, ev.Collected, ev.Loaded)] == [1, 0, 0]


async def test_a_door_that_was_not_seen_open_is_asked_about_in_practice_too(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present()
    code = await made(desk)
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": code["code"]})).json()["visit"]
    await cab.stay_shut(code["compartment"])
    (door,) = (await visit_of(kiosk))["doors"]
    assert door["stage"] == "unseen"
    said = {"hand_over": door["hand_over"], "said": "door_stayed_shut"}
    assert (await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json=said)).status_code == 200
    assert cab.now.visit is None


async def test_a_practice_code_ends_after_ten_minutes_and_needs_presence(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, sign_in: Come, be_present: Come
) -> None:
    await sign_in()
    refused = await desk.post("/api/clerk/practice", json={})
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (403, "presence-needed")
    cab.hands.forward(31)
    await be_present()
    code = await made(desk)
    cab.hands.forward(601)
    late = await kiosk.post("/api/kiosk/codes", json={"digits": code["code"]})
    assert late.json()["type"].endswith("code-refused")
    assert await cab.facts(ev.GrantIssued) == 0
