"""A leader sets the office's days; promises made from then on go by them."""

from typing import Any

import httpx

DAYS = "/api/clerk/office-days"


async def test_a_leaders_day_off_is_shown_and_moves_what_is_promised(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any
) -> None:
    await sign_in("minh")
    before = (await desk.get("/api/clerk/snapshot")).json()["office_days"]
    assert before["usual"] == ["07:30-11:30", "13:00-17:00"]
    assert {"day": "2027-01-01", "hours": [], "cause": "holiday", "is_set": False} in before["days"]
    assert cab.running.office.next_working_day(cab.running.local(cab.hands.utc_ms).date()).isoformat() == "2026-11-23"
    assert (await desk.post(f"{DAYS}/2026-11-23", json={"hours": []})).status_code == 200
    assert cab.running.office.next_working_day(cab.running.local(cab.hands.utc_ms).date()).isoformat() == "2026-11-25"
    shown = (await desk.get("/api/clerk/snapshot")).json()["office_days"]["days"]
    assert {"day": "2026-11-23", "hours": [], "cause": "own", "is_set": True} in shown
    assert (await desk.post(f"{DAYS}/2026-11-23/free", json={})).status_code == 200
    assert (await desk.get("/api/clerk/snapshot")).json()["office_days"] == before


async def test_days_are_a_leaders_and_nonsense_is_refused_before_anything_is_recorded(
    desk: httpx.AsyncClient, sign_in: Any
) -> None:
    await sign_in("minh")
    assert (await desk.post(f"{DAYS}/2026-11-31", json={"hours": []})).status_code == 422
    assert (await desk.post(f"{DAYS}/2026-11-23", json={"hours": ["7-11"]})).status_code == 422
    assert (await desk.post(f"{DAYS}/2026-11-01", json={"hours": []})).status_code == 409
    await sign_in("lan", code="7K3QD-XW9M2")
    assert (await desk.post(f"{DAYS}/2026-11-23", json={"hours": []})).status_code == 403
