"""Health, figures, the description of the API, and wishes pushed in by the centre."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from api.apps import create_clerk_app, create_kiosk_app
from locker.doors import BoardState
from locker.journal import Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from locker.reserve import Breakages
from locker.views import VIEWS

WISH = {
    "wish_seq": 1,
    "wish_id": "w-1",
    "kind": "CancelResult",
    "seen_through": 0,
    "issued_at": "2026-10-08T14:05:09Z",
    "body": {"result_id": "r-1", "reason": "returned at the counter"},
}


def signed(cab: Any, body: str, *, late: float = 0.0) -> dict[str, str]:
    at = datetime.now(UTC) - timedelta(seconds=late)
    return {
        "webhook-id": "m-1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(cab.running.push_secret).sign("m-1", at, body),
        "Content-Type": "application/json",
    }


async def push(desk: httpx.AsyncClient, body: str, headers: dict[str, str]) -> httpx.Response:
    for name in ("Origin", "X-Requested-With"):
        desk.headers.pop(name, None)
    return await desk.post("/v1/wishes", content=body, headers=headers)


@pytest.mark.parametrize("body", [WISH, {"wishes": [WISH], "head": 1}])
async def test_a_signed_push_reaches_the_inbox(cab: Any, desk: httpx.AsyncClient, body: dict[str, Any]) -> None:
    text = json.dumps(body)
    answer = await push(desk, text, signed(cab, text))
    assert (answer.status_code, answer.json()) == (200, {"received_through": 0})
    assert [wish.wish_id for wish in cab.centre.taken] == ["w-1"]


async def test_an_unsigned_stale_or_changed_push_is_refused(cab: Any, desk: httpx.AsyncClient) -> None:
    text = json.dumps(WISH)
    tries: tuple[tuple[str, dict[str, str]], ...] = (
        (text, {}),
        (text, signed(cab, text, late=301)),
        (text + " ", signed(cab, text)),
        (text, {**signed(cab, text), "webhook-signature": "v1,aGFsbG8="}),
        (text, {**signed(cab, text), "webhook-signature": "nonsense"}),
    )
    for body, headers in tries:
        answer = await push(desk, body, headers)
        assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (401, "not-allowed")
    assert cab.centre.taken == []


async def test_a_signed_push_that_does_not_parse_is_told_where(cab: Any, desk: httpx.AsyncClient) -> None:
    text = json.dumps({**WISH, "wish_seq": "one"})
    answer = await push(desk, text, signed(cab, text))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/wish_seq")
    for text in ("[", "[]", "5"):
        assert (await push(desk, text, signed(cab, text))).status_code == 422
    assert cab.centre.taken == []


async def test_a_push_beyond_256_kib_is_too_large(cab: Any, desk: httpx.AsyncClient) -> None:
    text = json.dumps({**WISH, "padding": "x" * 100_000})
    assert (await push(desk, text, signed(cab, text))).status_code == 200
    text = json.dumps({**WISH, "padding": "x" * 300_000})
    assert (await push(desk, text, signed(cab, text))).status_code == 413


async def test_ready_names_each_part_and_one_dead_board_of_two_keeps_it_ready(
    cab: Any, desk: httpx.AsyncClient
) -> None:
    cab.doors.boards = {"A1": BoardState(is_online=True), "A2": BoardState(is_online=False, cause="no answer")}
    answer = await desk.get("/health/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    parts = answer.json()["parts"]
    assert set(parts) == {"journal", "boards", "centre", "notices", "clock"}
    assert parts["boards"]["A2"] == {"is_online": False, "cause": "no answer", "out_of_service": ""}
    assert "codes in clear" in parts["notices"]["warning"]
    cab.doors.lose_board()
    assert (await desk.get("/health/ready")).status_code == 503
    assert (await desk.get("/health/live")).json() == {"status": "alive"}


async def test_in_safe_mode_nothing_is_ready_and_nothing_is_taken(cab: Any, hands: Any) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    path, before = cab.journal.path, cab.now.seq
    await cab.journal.close()
    for _ in range(2):
        Breakages(path.with_name(path.name + ".breakages")).note(hands.utc_ms)
    journal: Journal[Cabinet] = await Journal.open(
        path, cabinet_id="hoa-mai-01", fold=cabinet_fold(), clock=hands, release="0.1.0", views=VIEWS
    )
    running = replace(cab.running, journal=journal)
    local = "http://127.0.0.1"
    async with (
        httpx.AsyncClient(transport=httpx.ASGITransport(create_clerk_app(running)), base_url=local) as desk,
        httpx.AsyncClient(transport=httpx.ASGITransport(create_kiosk_app(running)), base_url=local) as kiosk,
    ):
        ready = await desk.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "safe-mode")
        kiosk.cookies.set("kiosk", running.entry.cookie())
        answer = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
        assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (503, "safe-mode")
        assert (await kiosk.get("/api/kiosk/snapshot")).json()["state"] == "safe-mode"
    assert journal.cabinet.seq == before
    await journal.close()


async def test_the_figures_are_in_prometheus_format_and_free_of_people(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    text = (await desk.get("/metrics")).text
    for line in (
        f"locker_journal_seq {float(cab.now.seq)}",
        'locker_state{state="ready"} 1.0',
        'locker_board_online{board="A1"} 1.0',
        'locker_notices{outcome="queued"} 1.0',
        "locker_throttle_level 20.0",
        "locker_hand_overs_inside 1.0",
        "locker_commit_seconds_count 1.0",
    ):
        assert line in text.splitlines()
    assert "Hoa" not in text
    assert "0042" not in text


async def test_the_description_names_every_problem_a_route_can_give(desk: httpx.AsyncClient) -> None:
    described = (await desk.get("/openapi.json")).json()
    assert described["openapi"].startswith("3.1")
    loads = described["paths"]["/api/clerk/loads"]["post"]["responses"]
    assert set(loads) >= {"200", "401", "403", "404", "409", "422", "503"}
    assert "application/problem+json" in loads["409"]["content"]
    assert "/v1/wishes" in described["paths"]
