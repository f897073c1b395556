"""Asking to be called back at the kiosk, and the clerk's side of it, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import httpx
import pytest

from locker import events as ev
from locker import rows
from locker.rules import retention, tickets
from locker.rules.retention import Kept, Stock


async def asks(kiosk: httpx.AsyncClient, **body: Any) -> tuple[int, Any]:
    answer = await kiosk.post("/api/kiosk/tickets", json=body)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("now", "by"),
    [
        ("2026-11-23T08:00:00+07:00", "2026-11-23T09:00:00+07:00"),
        ("2026-11-20T21:00:00+07:00", "2026-11-23T08:30:00+07:00"),
        ("2026-11-20T16:40:00+07:00", "2026-11-23T08:30:00+07:00"),
    ],
)
async def test_the_office_calls_within_an_hour_of_counter_time(cab: Any, now: str, by: str) -> None:
    office = cab.running.office
    assert tickets.call_back_by(office, datetime.fromisoformat(now)).isoformat() == by


async def test_a_ticket_is_shown_listed_with_its_number_and_closed(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    status, ticket = await asks(kiosk, phone="0283 829 1234")
    assert status == 200
    assert (await asks(kiosk, phone="02838291234"))[1] == ticket
    await sign_in()
    (listed,) = (await desk.get("/api/clerk/snapshot")).json()["incidents"]
    assert (listed["incident"], listed["kind"], listed["call_by"]) == (ticket["number"], "ticket", ticket["by"])
    assert listed["call"] == {"name": "", "phone": "+842838291234"}
    assert (await desk.post(f"/api/clerk/incidents/{ticket['number']}/close", json={})).status_code == 200
    ref = (await cab.journal.read(lambda connection: connection.execute("SELECT ref FROM personal").get)) or ""
    stock = Stock(kept=(Kept(ref=ref),))
    erased = retention.erase(cab.now, stock, moment=cab.hands(), policy=retention.Policy())
    assert erased.rows == (ev.ErasePersonal(ref=ref),)


async def test_a_technician_sees_no_number(
    kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await asks(kiosk, phone="0912345678")
    await sign_in("tu")
    (listed,) = (await desk.get("/api/clerk/snapshot")).json()["incidents"]
    assert listed["call"] is None


async def test_the_person_of_a_visit_types_nothing_and_reads_a_message(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0001")
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.stay_shut(1)
    status, ticket = await asks(kiosk, visit=visit)
    assert status == 200
    assert cab.now.incidents[ticket["number"]].hand_over == "h-1"
    (told,) = [one for one in cab.now.notices.values() if one.template == "TICKET"]
    assert (told.person, told.incident) == ("p-k-1", ticket["number"])
    assert await cab.journal.read(lambda connection: rows.personal(connection, "p-k-1")) is not None


@pytest.mark.parametrize(
    ("body", "slug"), [({}, "phone-malformed"), ({"phone": "12"}, "phone-malformed"), ({"visit": "v"}, "wrong-stage")]
)
async def test_what_cannot_be_called_is_said(kiosk: httpx.AsyncClient, body: dict[str, Any], slug: str) -> None:
    assert (await asks(kiosk, **body))[1]["type"].endswith(slug)
