"""What never reaches a route, and what a caller is told when something is wrong."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from structlog.testing import capture_logs

from api import callers, problems
from api.apps import create_clerk_app, create_kiosk_app
from api.entry import KioskEntry
from api.guard import Guard
from locker import refusals

Enter = Callable[..., Awaitable[httpx.Response]]


def subclasses(kind: type[Exception]) -> set[type[Exception]]:
    return {kind, *(inner for sub in kind.__subclasses__() for inner in subclasses(sub))}


def test_every_refusal_and_fault_has_its_own_row() -> None:
    known = (subclasses(refusals.Refusal) | subclasses(refusals.Fault)) - {refusals.Refusal, refusals.Fault}
    assert known - set(problems.TABLE) == set()


def test_rows_follow_the_kind_of_cause() -> None:
    for kind, row in problems.TABLE.items():
        expected = 400 if issubclass(kind, refusals.Refusal) else 500
        assert expected <= row.status < expected + 100, kind


async def test_a_route_without_a_declared_caller_keeps_the_app_from_starting() -> None:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/fine", dependencies=[Depends(callers.anonymous)])
    async def fine() -> None: ...

    callers.require_declared(app)

    @app.get("/open")
    async def undeclared() -> None: ...

    with pytest.raises(callers.UndeclaredRouteError, match="/open"):
        callers.require_declared(app)


async def test_every_route_refuses_every_caller_it_does_not_name(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, sign_in: Enter
) -> None:
    seen = 0
    for user, role in (("", ""), ("lan", "clerk"), ("minh", "leader"), ("tu", "technician")):
        desk.cookies.clear()
        if user:
            cab.hands.forward(31)
            assert (await sign_in(user)).status_code == 200
        session = dict(desk.cookies)
        for route, name in callers.declared(app_of(desk)):
            allowed = name in {"anonymous", "centre"} or role in name.split("+")
            if allowed or not route.methods:
                continue
            desk.cookies.update(session)
            path = str(route.path).replace("{number}", "1").replace("{incident}", "1")
            for parameter in ("{hand_over}", "{name}", "{approval}"):
                path = path.replace(parameter, "x")
            answer = await desk.request(min(route.methods), path, json={})
            assert answer.status_code == (403 if role else 401), (path, role)
            seen += 1
    assert seen > 25
    kiosk.cookies.clear()
    guarded = [route for route, name in callers.declared(app_of(kiosk)) if name == "kiosk"]
    assert len(guarded) >= 13
    for route in guarded:
        path = str(route.path).replace("{visit}", "v")
        assert (await kiosk.request(min(route.methods or {"GET"}), path, json={})).status_code == 401


def app_of(client: httpx.AsyncClient) -> FastAPI:
    """The app behind the guard behind the client."""
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    assert isinstance(transport.app, Guard)
    assert isinstance(transport.app.app, FastAPI)
    return transport.app.app


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "https://127.0.0.1"},
        {"X-Requested-With": "XMLHttpRequest"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
async def test_a_write_from_elsewhere_is_refused(
    cab: Any, desk: httpx.AsyncClient, sign_in: Enter, headers: dict[str, str]
) -> None:
    await sign_in()
    before = cab.now.seq
    answer = await desk.post("/api/clerk/round/close", json={}, headers=headers)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (403, "not-allowed")
    assert cab.now.seq == before


async def test_a_write_without_an_origin_is_refused_at_the_desk(cab: Any) -> None:
    transport = httpx.ASGITransport(create_clerk_app(cab.running))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as bare:
        answer = await bare.post("/api/clerk/sign-in", json={})
        assert answer.status_code == 403


async def test_another_host_name_is_not_served(kiosk: httpx.AsyncClient, desk: httpx.AsyncClient) -> None:
    for client in (kiosk, desk):
        for host in ("cabinet.evil.example", "", "127.0.0.1.nip.io"):
            answer = await client.get("/", headers={"Host": host})
            assert (answer.status_code, answer.json()["title"]) == (403, "Not allowed")


async def test_every_answer_carries_the_security_headers(desk: httpx.AsyncClient) -> None:
    for path in ("/", "/api/clerk/snapshot", "/nowhere", "/health/live"):
        headers = (await desk.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == ("no-cache" if path == "/" else "no-store")  # a page is asked for anew


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b'{"digits": ', ""),
        (b'{"digits": 5}', "/digits"),
        (b'{"digits": "1", "more": 1}', "/more"),
        (b"{}", "/digits"),
        (b'{"digits": "1", "visit": "../x"}', "/visit"),
    ],
)
async def test_a_body_that_does_not_parse_names_the_place_and_stores_nothing(
    cab: Any, kiosk: httpx.AsyncClient, body: bytes, pointer: str
) -> None:
    before = cab.now.seq
    answer = await kiosk.post("/api/kiosk/codes", content=body, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["type"].rsplit(":", 1)[-1]) == (422, "invalid-request")
    assert pointer in {flaw["pointer"] for flaw in problem["errors"]}
    assert cab.now.seq == before


async def test_an_invalid_password_is_never_repeated_in_the_problem(desk: httpx.AsyncClient) -> None:
    secret = "m4t-khau" * 40
    answer = await desk.post("/api/clerk/sign-in", json={"user": "lan", "password": secret, "code": "1"})
    assert answer.status_code == 422
    assert "m4t-khau" not in answer.text


async def test_a_body_over_the_cap_is_refused_told_or_not(cab: Any, kiosk: httpx.AsyncClient) -> None:
    before = cab.now.seq
    large = json.dumps({"digits": "1" * 70_000}).encode()

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(large), 10_000):
            yield large[at : at + 10_000]

    for content in (large, pieces()):
        answer = await kiosk.post("/api/kiosk/codes", content=content)
        assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (413, "too-large")
    assert cab.now.seq == before


async def test_what_nobody_foresaw_gets_an_id_that_is_also_in_the_log() -> None:
    broken = Guard(_raises, hosts=["127.0.0.1"], new_id=lambda: "e-1")
    with capture_logs() as logs:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(broken), base_url="http://127.0.0.1") as client:
            answer = await client.get("/")
    assert (answer.status_code, answer.json()["type"], answer.json()["error_id"]) == (500, "about:blank", "e-1")
    assert "0901234678" not in answer.text
    (line,) = [one for one in logs if one["event"] == "request failed"]
    assert line["error_id"] == "e-1"
    assert "0901234678" not in str(logs)


async def _raises(*_: Any) -> None:
    await asyncio.sleep(0)
    raise RuntimeError("a message with 0901234678 in it")


async def test_a_path_nobody_serves_is_a_problem_too(desk: httpx.AsyncClient) -> None:
    answer = await desk.get("/api/clerk/nothing")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")
    answer = await desk.get("/api/clerk/sign-in")
    assert (answer.status_code, answer.json()["title"]) == (405, "Method Not Allowed")


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "PROPFIND"])
async def test_a_method_that_no_route_declares_is_refused_everywhere(
    desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, method: str
) -> None:
    for client in (desk, kiosk):
        declared = {
            (one, str(route.path)) for route, _name in callers.declared(app_of(client)) for one in route.methods or ()
        }
        paths = sorted({path for _method, path in declared})
        assert len(paths) > 10
        for path in paths:
            if (method, path) not in declared:
                answer = await client.request(method, re.sub(r"\{\w+\}", "1", path))
                assert answer.status_code in {404, 405}, (method, path, answer.status_code)
                assert "access-control-allow-origin" not in answer.headers


async def test_the_kiosk_key_buys_one_cookie(cab: Any, tmp_path: Any, draw: Callable[[int], bytes]) -> None:
    key_file = tmp_path / "kiosk-key"
    entry = KioskEntry(device_key=bytes(range(32)), key_file=key_file, draw=draw)
    key = key_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    app = create_kiosk_app(replace(cab.running, entry=entry))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as browser:
        assert (await browser.get("/enter")).status_code == 401
        entered = await browser.get("/enter", params={"key": key})
        assert (entered.status_code, entered.headers["location"]) == (303, "/")
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert (await browser.get("/api/kiosk/snapshot")).status_code == 200
        assert (await browser.get("/enter", params={"key": key})).status_code == 401
    assert key_file.read_text() != key
    later = KioskEntry(device_key=bytes(range(32)), key_file=key_file, draw=draw)
    assert later.is_kiosk(browser.cookies["kiosk"])


async def test_over_tls_the_cookie_is_bound_to_its_host(cab: Any, totp: Callable[[], str]) -> None:
    section = cab.running.config.clerk.model_copy(update={"certificate": "cert.pem", "private_key": "key.pem"})
    config = cab.running.config.model_copy(update={"clerk": section})
    app = create_clerk_app(replace(cab.running, config=config))
    headers = {"Origin": "https://127.0.0.1", "X-Requested-With": "dossier-locker"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://127.0.0.1", headers=headers
    ) as desk:
        shown = {"user": "lan", "password": "mat-khau-rat-dai", "code": totp()}
        answer = await desk.post("/api/clerk/sign-in", json=shown)
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-clerk=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert (await desk.get("/api/clerk/snapshot")).status_code == 200
        plain = {**headers, "Origin": "http://127.0.0.1"}
        assert (await desk.post("/api/clerk/round/close", json={}, headers=plain)).status_code == 403
