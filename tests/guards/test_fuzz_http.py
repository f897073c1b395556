"""Both OpenAPI documents turned against their own services: whatever is sent, nothing breaks and nothing hangs."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok

from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet as Registered
from hub.cabinets import register
from hub.chance import Chance
from hub.store import Store

WITHIN_S = 8.0
KEY = "key-of-the-cabinet"
STREAMS = ("/stream", "/changes")
Send = Callable[[str, str, dict[str, Any]], httpx.Response]


class Loop:
    """An event loop in a thread of its own, for a fuzzer that knows none."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WITHIN_S)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


@pytest.fixture
def loop_apart() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def fuzz(document: dict[str, Any], send: Send, *, examples: int) -> Counter[int]:
    """So many requests to every operation, well-formed and not; how often each status came."""
    schema = schemathesis.openapi.from_dict(document)
    met: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path.endswith(STREAMS):
            continue

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def try_once(case: Any) -> None:
            if "cabinet" in (case.path_parameters or {}):
                case.path_parameters["cabinet"] = "hoa-mai-01"  # another one is refused before anything is read
            if isinstance(case.query, dict) and "wait" in case.query:
                case.query["wait"] = 0  # a long poll holds the line as long as it is asked to
            asked = case.as_transport_kwargs(base_url="http://127.0.0.1")
            answer = send(asked.pop("method"), asked.pop("url"), asked)
            met[answer.status_code] += 1
            assert answer.status_code != 500, (case.method, case.path, case.body, answer.text)
            if answer.status_code >= 400:
                assert answer.headers["content-type"].startswith("application/problem+json"), answer.text

        try_once()
    return met


def sender(client: httpx.AsyncClient, run: Callable[[Any], Any]) -> Send:
    """Sends what the fuzzer made as `requests` would, with our own headers beside its own."""

    def send(method: str, url: str, asked: dict[str, Any]) -> httpx.Response:
        given_headers = {str(name): str(value) for name, value in (asked.get("headers") or {}).items()}
        headers = {name: value for name, value in given_headers.items() if value.isascii() and value.isprintable()}
        content = asked.get("data")
        form = {"json": asked["json"]} if "json" in asked else {"content": content if content is not None else b""}
        try:
            request = client.build_request(method, url, params=asked.get("params"), headers=headers, **form)
        except (ValueError, TypeError, httpx.InvalidURL):
            return httpx.Response(400, headers={"content-type": "application/problem+json"})  # cannot be put on a wire
        try:
            answer: httpx.Response = run(client.send(request))
        except TimeoutError as hang:
            raise AssertionError(f"{method} {url} with {asked} hangs") from hang
        return answer

    return send


def fuzz_hub(loop: Loop, *, examples: int) -> Counter[int]:
    store = Store("sqlite://")
    try:
        loop.run(store.call(register, Registered(id="hoa-mai-01", key=KEY)))
        chance = Chance(now=lambda: datetime.now(UTC), draw=lambda: "0" * 32, spread=lambda _longest: 0.0)
        app: FastAPI = create_app(store=store, bell=Bell(), chance=chance)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, headers={"Authorization": f"Bearer {KEY}"})
        return fuzz(app.openapi(), sender(client, loop.run), examples=examples)
    finally:
        store.close()


def test_the_centre_answers_whatever_is_sent(loop_apart: Loop) -> None:
    met = fuzz_hub(loop_apart, examples=2)
    assert met[200] > 3
    assert sum(met.values()) >= 20


def fuzz_apps(loop: asyncio.AbstractEventLoop, clients: list[httpx.AsyncClient], examples: int) -> Counter[int]:
    """Both apps of a cabinet as `clients` may call them; for a thread beside their loop."""

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(WITHIN_S)

    met: Counter[int] = Counter()
    for client in clients:
        transport = client._transport
        assert isinstance(transport, httpx.ASGITransport)
        guarded: Any = transport.app
        met += fuzz(guarded.app.openapi(), sender(client, run), examples=examples)
    return met


async def fuzz_cabinet(desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, *, examples: int) -> Counter[int]:
    loop = asyncio.get_running_loop()
    return await asyncio.to_thread(fuzz_apps, loop, [desk, kiosk], examples)


@pytest.fixture
async def loaded(cab: Any) -> Any:
    """Something is inside, so that more than empty lists can break."""
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.close_round()
    return cab


async def test_the_cabinet_answers_whatever_is_sent(
    loaded: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, be_present: Any
) -> None:
    await be_present("minh")
    met = await fuzz_cabinet(desk, kiosk, examples=1)
    assert sum(met.values()) > 60


@pytest.mark.proof
@pytest.mark.parametrize("user", ["lan", "minh", "tu", ""])
async def test_the_cabinet_answers_whatever_is_sent_long(
    loaded: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, be_present: Any, user: str
) -> None:
    if user:
        await be_present(user)
    await fuzz_cabinet(desk, kiosk, examples=100)


@pytest.mark.proof
def test_the_centre_answers_whatever_is_sent_long(loop_apart: Loop) -> None:
    fuzz_hub(loop_apart, examples=500)
