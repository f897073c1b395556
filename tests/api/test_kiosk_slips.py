"""Appointment slips at the kiosk, over HTTP: from the wish to the door, and to a new code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.apps import create_kiosk_app
from locker import events as ev
from locker import wire
from locker.inbox import Inbox
from locker.rules import notices

TOKEN = "123456789012345678901234567890123456789"
DEVICE_KEY = bytes(range(32))


async def announced(cab: Any, **changed: Any) -> None:
    """Announced by a wish, and in compartment 1."""
    body = {
        "result_id": "r-1",
        "dossier_code": "H29.190.5-261008-0001",
        "procedure_code": "1.004873",
        "items": [{"item_id": "i1", "label": "Giấy khai sinh"}],
        "recipient": {"key": "k-1", "name": "Nguyễn Thị Hoa", "phone": "0901234678", "id_last4": "1234"},
        "state": 9,
        "consent": True,
        "fee": "none",
        "deadline": "2030-12-31",
        "slip_hash": wire.slip_hash(TOKEN),
        **changed,
    }
    wish = wire.Wish(
        wish_seq=1,
        wish_id="w-1",
        kind="AnnounceResult",
        seen_through=0,
        issued_at="2026-10-08T14:05:09.120Z",
        body=body,
    )
    await Inbox(journal=cab.journal, device_key=DEVICE_KEY, procedures=["1.004873"]).take(wish)
    await cab.load("r-1", number=1, hand_over="h-1")


async def scans(kiosk: httpx.AsyncClient, slip: str = TOKEN, paper: str | None = None) -> tuple[int, str, Any]:
    answer = await kiosk.post("/api/kiosk/slips", json={"slip": slip, "paper": paper})
    body = answer.json()
    return answer.status_code, body.get("type", "").rsplit(":", 1)[-1], body


async def test_the_slip_and_the_paper_open_the_door(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await announced(cab)
    assert (await scans(kiosk))[:2] == (403, "paper-check-needed")
    status, slug, body = await scans(kiosk, paper="9999")
    assert (status, slug, body["tries_left"]) == (403, "paper-refused", 4)
    status, _slug, body = await scans(kiosk, paper="1234")
    assert status == 200
    again = (await scans(kiosk, paper="1234"))[2]
    assert again == body
    await cab.open(1)
    await cab.close(1)
    assert await cab.facts(ev.Collected) == 1
    assert (await scans(kiosk, paper="1234"))[:2] == (403, "slip-refused")


async def test_where_the_unit_wants_none_a_slip_opens_nothing(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await announced(cab)
    config = cab.running.config
    strict = config.model_copy(update={"kiosk": config.kiosk.model_copy(update={"accepts_slips": False})})
    app = create_kiosk_app(replace(cab.running, config=strict))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", cookies=kiosk.cookies
    ) as other:
        assert (await scans(other, paper="1234"))[:2] == (403, "slip-refused")


@pytest.mark.parametrize(("slip", "slug"), [("9" * 39, "slip-refused"), ("12", "code-malformed")])
async def test_another_slip_opens_nothing(cab: Any, kiosk: httpx.AsyncClient, slip: str, slug: str) -> None:
    await announced(cab)
    before = cab.now.seq
    assert (await scans(kiosk, slip, paper="1234"))[1] == slug
    assert cab.now.seq == before


async def test_a_scanned_slip_sends_a_new_code_to_the_phone_on_record(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await announced(cab)
    await cab.close_round()
    answers = [await kiosk.post("/api/kiosk/lost-code", json={"slip": slip}) for slip in (TOKEN, "9" * 39)]
    assert [(one.status_code, one.text) for one in answers] == [(200, "{}")] * 2
    assert len(notices.wanted_bundles(cab.now)) == 1
    both = await kiosk.post("/api/kiosk/lost-code", json={"slip": TOKEN, "phone": "0901234678"})
    assert both.status_code == 422


async def test_the_token_is_nowhere_in_the_journal(cab: Any) -> None:
    await announced(cab)
    stored = await cab.journal.read(
        lambda connection: [
            str(row) for table in ("event", "personal") for row in connection.execute(f"SELECT * FROM {table}")
        ]
    )
    assert not any(TOKEN in row or wire.slip_hash(TOKEN) in row for row in stored)
