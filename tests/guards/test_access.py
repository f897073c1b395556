"""Every route of both apps, and who may call it: declared, written down in docs/access.md, and so at the apps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from api import callers
from locker import events as ev
from simulator.stack import ROOT
from tests.guards.test_fuzz_http import fuzz_apps

DOCUMENT = ROOT / "docs/access.md"
PEOPLE = {"clerk": "lan", "leader": "minh", "technician": "tu"}
MEANING = {
    "anonymous": "everybody who reaches the listener",
    "kiosk": "the kiosk's own browser, by its cookie",
    "centre": "the central system, by its signature",
}
BEGIN = "<!-- from here on written by tests/guards/test_access.py with WRITE_DOCS=1 -->\n"


def app_of(client: httpx.AsyncClient) -> FastAPI:
    transport = client._transport
    assert isinstance(transport, httpx.ASGITransport)
    guard: Any = transport.app
    assert isinstance(guard.app, FastAPI)
    return guard.app


def routes_of(client: httpx.AsyncClient) -> list[tuple[str, str, str]]:
    """Method, path and callers of every route."""
    return sorted(
        (method, str(route.path), name)
        for route, name in callers.declared(app_of(client))
        for method in sorted(route.methods or ())
    )


def needs_presence(app: FastAPI) -> set[tuple[str, str]]:
    """Routes whose description names the refusal for want of presence."""
    return {
        (method.upper(), path)
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        if "presence-needed" in str(operation["responses"])
    }


def table(title: str, client: httpx.AsyncClient) -> list[str]:
    at_cabinet = needs_presence(app_of(client))
    lines = [f"## {title}\n", "| Route | Who | At the cabinet |", "|---|---|---|"]
    for method, path, name in routes_of(client):
        who = MEANING.get(name) or name.replace("+", ", ")
        lines.append(f"| `{method} {path}` | {who} | {'yes' if (method, path) in at_cabinet else ''} |")
    return [*lines, ""]


def test_the_table_in_the_documents_is_that_of_the_apps(desk: httpx.AsyncClient, kiosk: httpx.AsyncClient) -> None:
    told = "\n".join(
        [*table("Kiosk: loopback only", kiosk), *table("Clerks, centre, health: the office's network", desk)]
    )
    written = DOCUMENT.read_text(encoding="utf-8")
    head, _, body = written.partition(BEGIN)
    if os.environ.get("WRITE_DOCS"):
        DOCUMENT.write_text(f"{head}{BEGIN}\n{told}", encoding="utf-8")
    else:
        assert body.strip() == told.strip(), "look at each new route, then run this test with WRITE_DOCS=1"


def test_the_kiosks_routes_are_not_on_the_offices_network_nor_the_clerks_at_the_kiosk(
    desk: httpx.AsyncClient, kiosk: httpx.AsyncClient
) -> None:
    here, there = ({path for _method, path, _name in routes_of(client)} for client in (kiosk, desk))
    assert not [path for path in there if path.startswith("/api/kiosk")]
    assert not [path for path in here if path.startswith(("/api/clerk", "/v1", "/health", "/metrics"))]
    assert all(name in {"kiosk", "anonymous"} for _method, _path, name in routes_of(kiosk))


@pytest.mark.parametrize("role", ["", *PEOPLE])
async def test_each_route_lets_in_just_the_roles_it_names(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Awaitable[httpx.Response]], role: str
) -> None:
    if role:
        assert (await sign_in(PEOPLE[role])).status_code == 200
    session = dict(desk.cookies)
    for method, path, name in routes_of(desk):
        is_named = role in name.split("+")
        if name in MEANING or (is_named and path.endswith(("/stream", "/sign-out"))):
            continue
        desk.cookies.update(session)
        at = path.replace("{number}", "1").replace("{incident}", "1")
        while "{" in at:
            at = at[: at.index("{")] + "x" + at[at.index("}") + 1 :]
        answer = await desk.request(method, at, json={} if method != "GET" else None)
        is_kept_out = answer.status_code == 401 or (
            answer.status_code == 403 and answer.json()["type"].endswith(":not-allowed")
        )
        assert is_kept_out != is_named, (method, path, role, answer.text)


async def test_a_refused_route_is_logged_with_who_asked_and_nothing_of_what_was_asked(
    desk: httpx.AsyncClient, sign_in: Callable[..., Awaitable[httpx.Response]]
) -> None:
    await sign_in("tu")
    with capture_logs() as logs:
        assert (await desk.post("/api/clerk/search", json={"q": "Nguyễn Thị Hoa"})).status_code == 403
        elsewhere = {"Origin": "http://elsewhere.example"}
        assert (await desk.post("/api/clerk/search", json={"q": "Nguyễn"}, headers=elsewhere)).status_code == 403
    assert [(one["event"], one.get("user"), one.get("route"), one.get("cause")) for one in logs] == [
        ("route refused", "tu", "POST /api/clerk/search", None),
        ("request refused", None, None, "NotAllowed"),
    ]
    assert "Nguyễn" not in str(logs)


async def one_inside_and_one_at_the_counter(cab: Any) -> None:
    """`r-1` lies in compartment 1 as `h-1`, `r-2` waits to be loaded."""
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.announce("r-2", code="H29.190.5-261008-0043")


@pytest.mark.parametrize("user", PEOPLE.values())
async def test_nobody_opens_a_door_who_is_signed_in_and_not_at_the_cabinet(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Awaitable[httpx.Response]], user: str
) -> None:
    await one_inside_and_one_at_the_counter(cab)
    await sign_in(user)
    met = await asyncio.to_thread(fuzz_apps, asyncio.get_running_loop(), [desk], 1)
    assert met[403] > 0
    for path, body in (
        ("compartments/1/inspect", {}),
        ("hand-overs/h-1/reclaim", {}),
        ("hand-overs/h-1/move", {}),
        ("loads", {"scan": "H29.190.5-261008-0043"}),
    ):
        answer = await desk.post(f"/api/clerk/{path}", json=body)
        assert answer.status_code in {401, 403}, (path, answer.text)
    assert await cab.facts(ev.GrantIssued) == 0


BODIES: dict[str, dict[str, Any]] = {
    "approvals": {"compartment": 1, "purpose": "reclaim"},
    "approvals/loads": {"scan": "H29.190.5-261008-0043"},
    "compartments/{number}/close": {"cause": "lock"},
    "compartments/{number}/look": {"found": "empty"},
    "glass": {"compartment": 1, "purpose": "reclaim", "reason": "nobody can be reached"},
    "intakes/{hand_over}/report": {"bag": "TUI-000451", "count": 1},
    "loads": {"scan": "H29.190.5-261008-0043"},
    "loads/{hand_over}/answers": {"did_open": True},
    "panel/clock": {"local": "2026-11-22T10:00"},
    "presence": {"number": "0000"},
    "boards": {"boards": ["A1"]},
    "doors/{number}/seen": {"opened": 1},
    "hand-overs/{hand_over}/move/confirm": {"door": "source"},
    "hand-overs/{hand_over}/move/open": {"door": "source"},
}


@pytest.mark.parametrize("user", PEOPLE.values())
async def test_every_route_for_which_one_must_be_there_says_so_to_whoever_is_not(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Awaitable[httpx.Response]], user: str
) -> None:
    await one_inside_and_one_at_the_counter(cab)
    await sign_in(user)
    role = next(role for role, one in PEOPLE.items() if one == user)
    asked = {(method, path) for method, path in needs_presence(app_of(desk)) if method == "POST"}
    theirs = [(path, name) for method, path, name in routes_of(desk) if (method, path) in asked and role in name]
    assert len(theirs) > 8
    bad = []
    for path, _name in theirs:
        at = path.replace("{number}", "1").replace("{hand_over}", "h-1")
        answer = await desk.post(at, json=BODIES.get(path.split("/", 3)[3], {}))
        if answer.status_code != 403 or not answer.json()["type"].endswith(":presence-needed"):
            bad.append((path, answer.status_code, answer.text[:200]))
    assert bad == []
