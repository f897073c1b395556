"""Exceptional openings and the ends of incidents, over HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.apps import create_clerk_app
from locker import events as ev

Come = Callable[..., Awaitable[None]]
PASSWORD = "mat-khau-rat-dai"
OPENING = {"compartment": 1, "purpose": "reclaim"}
REASON = "Bà Hoa đang chờ, không ai nghe máy"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


@pytest.fixture
async def afar(cab: Any, desk: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """A leader's browser somewhere else."""
    transport = httpx.ASGITransport(create_clerk_app(cab.running))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=desk.headers) as client:
        yield client


@pytest.fixture
async def loaded(cab: Any) -> Any:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    return cab


async def test_a_leader_elsewhere_agrees_and_the_clerk_opens_once(
    loaded: Any,
    desk: httpx.AsyncClient,
    afar: httpx.AsyncClient,
    be_present: Come,
    sign_in: Callable[..., Any],
    totp: Callable[[], str],
) -> None:
    await be_present("lan")
    asked = (await desk.post("/api/clerk/approvals", json=OPENING)).json()
    early = await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"approval": asked["approval"]})
    assert kind(early) == "second-person-needed"
    await sign_in("minh", client=afar)
    (seen,) = (await look(afar))["approvals"]
    assert (seen["number"], seen["compartment"], seen["asked_by"], seen["is_mine"]) == (
        asked["number"],
        1,
        "Trần Thị Lan",
        False,
    )
    loaded.hands.forward(31)
    path = f"/api/clerk/approvals/{asked['approval']}/give"
    wrong = await afar.post(path, json={"password": PASSWORD, "code": "000000"})
    assert (wrong.status_code, kind(wrong)) == (403, "not-allowed")
    given = await afar.post(path, json={"password": PASSWORD, "code": totp()})
    assert given.status_code == 200, given.text
    (mine,) = (await look(desk))["approvals"]
    assert (mine["is_mine"], mine["given_by"], mine["seconds_left"]) == (True, "Lê Minh", 569)
    other = await desk.post("/api/clerk/compartments/1/inspect", json={"approval": asked["approval"]})
    assert (other.status_code, kind(other)) == (404, "unknown-approval")
    opened = await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"approval": asked["approval"]})
    assert opened.json() == {"hand_over": "h-1", "compartment": 1}
    assert (await look(desk))["approvals"] == []
    again = await afar.post(path, json={"password": PASSWORD, "code": totp()})
    assert (again.status_code, kind(again)) == (404, "unknown-approval")


async def test_an_approval_lets_a_clerk_look_inside(
    loaded: Any, desk: httpx.AsyncClient, be_present: Come, afar: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    await be_present("lan")
    asked = (await desk.post("/api/clerk/approvals", json={**OPENING, "purpose": "inspect"})).json()["approval"]
    await sign_in("minh", client=afar)
    loaded.hands.forward(31)
    await afar.post(f"/api/clerk/approvals/{asked}/give", json={"password": PASSWORD, "code": totp()})
    opened = await desk.post("/api/clerk/compartments/1/inspect", json={"approval": asked})
    assert opened.json() == {"hand_over": "h-1", "compartment": 1}


async def test_a_broken_glass_is_told_to_the_leader_with_its_reason_and_countersigned(
    loaded: Any, desk: httpx.AsyncClient, afar: httpx.AsyncClient, be_present: Come, sign_in: Callable[..., Any]
) -> None:
    await be_present("lan")
    short = await desk.post("/api/clerk/glass", json={**OPENING, "reason": "gấp"})
    assert (short.status_code, kind(short)) == (422, "invalid-request")
    broken = await desk.post("/api/clerk/glass", json={**OPENING, "reason": REASON})
    assert broken.json() == {"hand_over": "h-1", "compartment": 1}
    await loaded.open(1)
    await loaded.close(1)
    await sign_in("minh", client=afar)
    (told,) = (await look(afar))["incidents"]
    assert (told["kind"], told["reason"], told["raised_by"]) == ("break_glass", REASON, "Trần Thị Lan")
    assert (told["can_countersign"], told["is_overdue"]) == (True, False)
    number = told["incident"]
    own = await desk.post(f"/api/clerk/incidents/{number}/countersign", json={})
    assert (own.status_code, kind(own)) == (403, "not-allowed")
    assert kind(await desk.post(f"/api/clerk/incidents/{number}/close", json={})) == "wrong-stage"
    assert (await afar.post(f"/api/clerk/incidents/{number}/countersign", json={})).status_code == 200
    assert (await look(afar))["incidents"] == []
    assert await loaded.facts(ev.GlassCountersigned) == 1
    facts = await loaded.journal.read(lambda read: [row[0] for row in read.execute("SELECT body FROM event")])
    assert not any("không ai" in fact for fact in facts)


async def test_an_incident_is_taken_with_a_day_and_shows_when_that_is_over(
    loaded: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await sign_in()
    await loaded.open(1)
    (one,) = (await look(desk))["incidents"]
    assert (one["owner"], one["due"]) == ("", None)
    take = f"/api/clerk/incidents/{one['incident']}/take"
    past = await desk.post(take, json={"by": "2026-11-01"})
    assert (past.status_code, kind(past)) == (409, "wrong-stage")
    assert (await desk.post(take, json={})).status_code == 200
    (one,) = (await look(desk))["incidents"]
    assert (one["owner"], one["is_mine"], one["is_overdue"]) == ("Trần Thị Lan", True, False)
    today = loaded.running.today(loaded.hands())
    assert one["due"] > today
    loaded.hands.forward(600)
    assert (await desk.post(take, json={"by": "2026-12-24"})).status_code == 200
    (one,) = (await look(desk))["incidents"]
    assert one["due"] == "2026-12-24"
    loaded.hands.utc_ms += 60 * 24 * 3600 * 1000
    (one,) = (await look(desk))["incidents"]
    assert one["is_overdue"]


async def test_what_two_people_handle_is_loaded_when_a_leader_elsewhere_agrees(
    cab: Any, desk: httpx.AsyncClient, afar: httpx.AsyncClient, be_present: Come, sign_in: Any, totp: Any
) -> None:
    scan = {"scan": "261008-0042"}
    await cab.announce("r-1", code="H29.190.5-261008-0042", flags=("two_people",))
    await be_present("lan")
    alone = await desk.post("/api/clerk/loads", json=scan)
    assert (alone.status_code, kind(alone)) == (403, "second-person-needed")
    asked = (await desk.post("/api/clerk/approvals/loads", json=scan)).json()
    await sign_in("minh", client=afar)
    (seen,) = (await look(afar))["approvals"]
    assert (seen["number"], seen["purpose"], seen["results"]) == (asked["number"], "load", ["r-1"])
    cab.hands.forward(31)
    give = f"/api/clerk/approvals/{asked['approval']}/give"
    assert (await afar.post(give, json={"password": PASSWORD, "code": totp()})).status_code == 200
    loaded = await desk.post("/api/clerk/loads", json={**scan, "approval": asked["approval"]})
    assert loaded.status_code == 200, loaded.text
    again = await desk.post("/api/clerk/loads", json={**scan, "approval": asked["approval"]})
    assert (again.status_code, kind(again)) == (409, "wrong-stage")


async def test_what_two_people_handle_is_loaded_when_a_second_person_shows_who_they_are(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, totp: Any
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042", flags=("two_people",))
    await be_present("lan")
    second = {"user": "minh", "password": PASSWORD, "code": totp()}
    loaded = await desk.post("/api/clerk/loads", json={"results": ["r-1"], "second": second})
    assert loaded.status_code == 200, loaded.text


async def test_a_clerk_named_by_the_leader_agrees_in_the_leaders_place_and_nothing_more(
    loaded: Any, desk: httpx.AsyncClient, afar: httpx.AsyncClient, be_present: Come, sign_in: Any, totp: Any
) -> None:
    await be_present("minh")
    asked = (await desk.post("/api/clerk/approvals", json=OPENING)).json()["approval"]
    await sign_in("lan", client=afar)
    give, shown = f"/api/clerk/approvals/{asked}/give", {"password": PASSWORD, "code": "000000"}
    assert kind(await afar.post(give, json=shown)) == "not-allowed"
    assert (await look(afar))["approvals"] == []
    assert kind(await desk.post("/api/clerk/deputies/nobody", json={"until": "2026-11-30"})) == "unknown-deputy"
    assert kind(await desk.post("/api/clerk/deputies/tu", json={"until": "2026-11-30"})) == "not-allowed"
    assert (await desk.post("/api/clerk/deputies/lan", json={"until": "2026-11-30"})).status_code == 200
    seen = await look(afar)
    assert (seen["me"]["role"], seen["me"]["agrees"], len(seen["approvals"])) == ("clerk", True, 1)
    assert [one["user"] for one in seen["deputies"]] == ["lan"]
    loaded.hands.forward(31)
    assert (await afar.post(give, json={**shown, "code": totp()})).status_code == 200
    assert kind(await afar.post("/api/clerk/deputies/lan/end", json={})) == "not-allowed"
    assert (await desk.post("/api/clerk/deputies/lan/end", json={})).status_code == 200
    assert not (await look(afar))["me"]["agrees"]
