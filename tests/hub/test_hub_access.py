"""Every route of the centre and who may call it: declared, and so at the app."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet, register
from hub.callers import UndeclaredRouteError, declared, require_declared
from hub.chance import Chance
from hub.store import Store

TOKEN, KEY, OTHER = "token-of-the-staff", "key-of-the-cabinet", "key-of-another"
OPEN = {"/", "/sign-in", "/assets/{name}", "/v1/status", "/status", "/health/live", "/health/ready"}


@pytest.fixture
async def app() -> AsyncIterator[FastAPI]:
    store = Store("sqlite://")
    for name, key in (("hoa-mai-01", KEY), ("hoa-mai-02", OTHER)):
        await store.call(register, Cabinet(id=name, key=key))
    chance = Chance(now=lambda: datetime.now(UTC), draw=lambda: "0" * 32, spread=lambda _longest: 0.0)
    yield create_app(store=store, bell=Bell(), chance=chance, staff_token=TOKEN)
    store.close()


def test_what_everybody_may_call_is_this_and_nothing_else(app: FastAPI) -> None:
    assert {str(route.path) for route, name in declared(app) if name == "anyone"} == OPEN
    assert len([name for _route, name in declared(app) if name in {"cabinet", "staff"}]) > 12


def test_a_route_without_a_declared_caller_keeps_the_centre_from_starting(app: FastAPI) -> None:
    @app.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(UndeclaredRouteError, match="/v1/forgotten"):
        require_declared(app)


@pytest.mark.parametrize(
    ("bearer", "may"), [("", set()), ("wrong", set()), (OTHER, set()), (KEY, {"cabinet"}), (TOKEN, {"staff"})]
)
async def test_each_route_lets_in_just_those_it_names(app: FastAPI, bearer: str, may: set[str]) -> None:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    seen = 0
    async with httpx.AsyncClient(transport=transport, base_url="http://centre.example", headers=headers) as client:
        for route, name in declared(app):
            if name == "anyone" or str(route.path).endswith("/changes"):
                continue
            path = re.sub(r"\{\w+\}", "x", str(route.path).replace("{cabinet}", "hoa-mai-01").replace("{lang}", "vi"))
            for method in sorted(route.methods or ()):
                answer = await client.request(method, path, json={} if method in {"POST", "PUT"} else None)
                assert (answer.status_code in {401, 403}) is (name not in may), (method, path, name, answer.text)
                seen += 1
    assert seen > 12
