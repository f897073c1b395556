"""What is served before there is a cabinet."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from api.apps import Front, create_kiosk_app
from api.waiting import Waiting, create_waiting_clerk_app, create_waiting_kiosk_app

LOCAL = "http://127.0.0.1"
MARKED = {"Origin": LOCAL, "X-Requested-With": "dossier-locker"}


@pytest.fixture
def waiting(cab: Any) -> Waiting:
    running = cab.running
    return Waiting(config=running.config, entry=running.entry, clock=running.clock, new_id=running.new_id)


async def test_a_kiosk_that_comes_too_early_sees_the_starting_screen_and_goes_on_by_itself(
    cab: Any, waiting: Waiting, served: Callable[..., Any], listening: Callable[..., Any]
) -> None:
    front = Front(create_waiting_kiosk_app(waiting))
    async with served(front, kiosk=cab.running.entry.cookie()) as client:
        async with listening(client, "/api/kiosk/stream") as following:
            early = await following()
            assert (early["state"], early["visit"], early["doors"]) == ("starting", None, [])
            front.app = create_kiosk_app(cab.running)
            waiting.bell.close()
            assert await following() is None
        later = (await client.get("/api/kiosk/snapshot")).json()
        assert set(later) == set(early)
        assert later["state"] == "ready"


@pytest.mark.parametrize(("state", "slug"), [("starting", "starting"), ("safe-mode", "safe-mode")])
async def test_everything_else_waits_with_its_reason(waiting: Waiting, state: Any, slug: str) -> None:
    waiting.state, waiting.done, waiting.total = state, 5, 10
    clerk = httpx.ASGITransport(create_waiting_clerk_app(waiting))
    async with httpx.AsyncClient(transport=clerk, base_url=LOCAL, headers=MARKED) as desk:
        for method, path in (("POST", "/api/clerk/sign-in"), ("POST", "/v1/wishes"), ("GET", "/metrics")):
            answer = await desk.request(method, path, json={})
            assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (503, slug)
        ready = await desk.get("/health/ready")
        assert (ready.status_code, ready.json()["parts"]["journal"]["read"]) == (503, 5)
        assert (await desk.get("/health/live")).status_code == 200
    kiosk = httpx.ASGITransport(create_waiting_kiosk_app(waiting))
    async with httpx.AsyncClient(transport=kiosk, base_url=LOCAL) as browser:
        assert (await browser.get("/api/kiosk/snapshot")).status_code == 401


async def test_a_held_stream_leaves_no_task_behind(
    cab: Any, waiting: Waiting, served: Callable[..., Any], listening: Callable[..., Any]
) -> None:
    app = create_waiting_kiosk_app(waiting)
    async with served(app, kiosk=cab.running.entry.cookie()) as client:
        quiet = asyncio.all_tasks()
        async with listening(client, "/api/kiosk/stream") as following:
            await following()
            held = asyncio.all_tasks() - quiet
        _done, left = await asyncio.wait(held, timeout=5)
        assert not left
