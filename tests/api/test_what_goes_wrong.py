"""Wrong order, two people at two screens, a double tap, a scanner that types rubbish: a typed problem, nothing moves.

What a refusal is called on the wire has a sentence on the clerk's screen in both languages.
"""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.apps import create_clerk_app
from locker import events as ev
from locker.refusals import DoorStandsOpen
from locker.rules import results as result_rules

Come = Callable[..., Awaitable[None]]
DOSSIER = "H29.190.5-261008-0042"
PAGES = Path(__file__).parents[2] / "api" / "pages"
LONG = "Nguyễn Thị " + "Thu " * 47 + "X"


def slug(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


async def standing(cab: Any, desk: httpx.AsyncClient, state: str) -> None:
    """One result of the clerk lan, as far as `state` says; another one waits."""
    await cab.announce("r-1", code=DOSSIER, recipient="k-1")
    await cab.announce("r-2", code="H29.190.5-261008-0043", recipient="k-2")
    if state == "waiting":
        return
    loaded = (await desk.post("/api/clerk/loads", json={"results": ["r-1"]})).json()
    number = loaded["compartment"]
    if state == "opening":
        return
    await cab.open(number)
    if state == "open":
        return
    await cab.close(number)
    if state in ("collected", "reclaimed"):
        key = loaded["hand_over"]
        gone = (
            ev.Collected(hand_over=key, compartment=number, results=("r-1",), evidence="door_cycle")
            if state == "collected"
            else ev.Reclaimed(hand_over=key, compartment=number, results=("r-1",), actor="lan")
        )
        await cab.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"), gone)))


LOAD_1, LOAD_2 = {"results": ["r-1"]}, {"results": ["r-2"]}
ACTS: list[tuple[str, str, dict[str, Any], int, str]] = [
    ("waiting", "loads", {"results": ["r-9"]}, 404, "unknown-result"),
    ("waiting", "loads", {"results": ["r-1", "r-2"]}, 409, "wrong-stage"),
    ("waiting", "loads/HAND/undo", {}, 404, "unknown-hand-over"),
    ("waiting", "hand-overs/HAND/reclaim", {}, 404, "unknown-hand-over"),
    ("waiting", "hand-overs/HAND/move", {}, 404, "unknown-hand-over"),
    ("waiting", "hand-overs/HAND/new-code", {}, 404, "unknown-hand-over"),
    ("waiting", "incidents/999/close", {}, 404, "unknown-result"),
    ("waiting", "stock/open", {}, 409, "wrong-stage"),
    ("waiting", "compartments/1/reopen", {}, 409, "wrong-stage"),
    ("waiting", "counter/r-9/hand-out", {}, 404, "unknown-result"),
    ("opening", "loads", LOAD_2, 409, "door-stands-open"),
    ("opening", "loads/HAND/reopen", {}, 409, "compartment-busy"),
    ("opening", "loads/HAND/undo", {}, 409, "wrong-stage"),
    ("opening", "compartments/NUMBER/inspect", {}, 409, "compartment-busy"),
    ("opening", "compartments/NUMBER/look", {"found": "empty"}, 409, "wrong-stage"),
    ("open", "loads", LOAD_2, 409, "door-stands-open"),
    ("open", "loads", LOAD_1, 409, "door-stands-open"),
    ("open", "loads/HAND/answers", {"did_open": True}, 409, "wrong-stage"),
    ("open", "round/close", {}, 409, "door-stands-open"),
    ("open", "hand-overs/HAND/reclaim", {}, 409, "compartment-busy"),
    ("open", "hand-overs/HAND/move", {}, 409, "compartment-busy"),
    ("loaded", "loads", LOAD_1, 409, "wrong-stage"),
    ("loaded", "loads", {"scan": DOSSIER}, 409, "wrong-stage"),
    ("loaded", "loads/HAND/undo", {}, 409, "wrong-stage"),
    ("loaded", "loads/HAND/shut", {}, 409, "wrong-stage"),
    ("loaded", "hand-overs/HAND/move/confirm", {"door": "target"}, 409, "wrong-stage"),
    ("loaded", "counter/r-1/hand-out", {}, 409, "wrong-stage"),
    ("loaded", "counter/r-1/post", {"tracking": "EA123456789VN"}, 409, "wrong-stage"),
    ("collected", "loads", LOAD_1, 404, "unknown-result"),
    ("collected", "hand-overs/HAND/reclaim", {}, 404, "unknown-hand-over"),
    ("collected", "counter/r-1/hand-out", {}, 404, "unknown-result"),
    ("reclaimed", "loads", {"scan": DOSSIER}, 404, "unknown-result"),
    ("reclaimed", "hand-overs/HAND/reclaim", {}, 404, "unknown-hand-over"),
]


@pytest.mark.parametrize("state", ["waiting", "opening", "open", "loaded", "collected", "reclaimed"])
async def test_what_comes_in_the_wrong_order_is_refused_and_nothing_moves(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, state: str
) -> None:
    await be_present()
    await standing(cab, desk, state)
    here = [(one.hand_over, one.compartment) for one in cab.now.hand_overs.values()]
    hand_over, number = here[0] if here else ("nobody", 1)
    before = cab.now.seq
    for when, path, body, status, name in ACTS:
        if when != state:
            continue
        asked = path.replace("HAND", hand_over).replace("NUMBER", str(number))
        answer = await desk.post(f"/api/clerk/{asked}", json=body)
        assert (path, *slug(answer)) == (path, status, name)
    assert cab.now.seq == before


RUBBISH = [
    "\x1b[A\x00",
    "]C1ABC",
    "😀😀",
    "<script>alert(1)</script>",
    "'; DROP TABLE event; --",
    "%",
    "_" * 40,
    "٠١٢٣٤",
    "000",
    "Ngu" + "\u0302" * 90,
    "8934567890123",
]


async def test_rubbish_from_the_scanner_is_an_unknown_envelope(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    before = cab.now.seq
    for typed in RUBBISH:
        assert (typed, *slug(await desk.post("/api/clerk/loads", json={"scan": typed}))) == (
            typed,
            404,
            "unknown-result",
        )
        assert (await desk.post("/api/clerk/search", json={"q": typed})).status_code == 200
    assert cab.now.seq == before


@pytest.fixture
async def second_desk(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> AsyncIterator[httpx.AsyncClient]:
    """Another clerk's browser, its clerk present as well."""
    transport = httpx.ASGITransport(create_clerk_app(cab.running))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=desk.headers) as client:
        await sign_in("minh", client=client)
        await client.post("/api/clerk/presence/request", json={})
        await client.post("/api/clerk/presence", json={"number": cab.running.sessions.shown().number})
        yield client


async def test_two_people_at_two_screens_open_one_door_for_one_envelope(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, second_desk: httpx.AsyncClient
) -> None:
    cab.hands.forward(31)
    await be_present("lan")
    await cab.announce("r-1", code=DOSSIER)
    both = await asyncio.gather(*(client.post("/api/clerk/loads", json=LOAD_1) for client in (desk, second_desk)))
    assert sorted(answer.status_code for answer in both) == [200, 409]
    assert slug(max(both, key=lambda answer: answer.status_code)) == (409, "door-stands-open")
    assert await cab.facts(ev.GrantIssued) == 1
    (one,) = cab.now.hand_overs.values()
    loader, other = (desk, second_desk) if one.loaded_by == "lan" else (second_desk, desk)
    await cab.open(one.compartment)
    await cab.close(one.compartment)
    assert slug(await other.post(f"/api/clerk/loads/{one.hand_over}/reopen", json={})) == (403, "not-allowed")
    assert (await loader.post(f"/api/clerk/loads/{one.hand_over}/reopen", json={})).status_code == 200


async def test_a_double_tap_does_it_once(cab: Any, desk: httpx.AsyncClient, be_present: Come) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    acts: dict[str, dict[str, Any]] = {"loads": LOAD_1, "compartments/4/inspect": {}, "stock": {}}
    for path, body in (acts | {"compartments/4/close": {"cause": "lock"}}).items():
        both = await asyncio.gather(*(desk.post(f"/api/clerk/{path}", json=body) for _ in range(2)))
        assert (path, sorted(answer.status_code for answer in both)) == (path, [200, 409])


async def test_a_decomposed_code_and_a_name_of_two_hundred_letters_are_found_and_shown_whole(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    odd = unicodedata.normalize("NFC", "QSDĐ 4471/Tân Ước")
    assert len(LONG) == 200
    await cab.announce("r-1", code=odd, name=LONG)
    await be_present()
    (row,) = (await look(desk))["to_load"]
    assert (row["name"], row["dossier"]) == (LONG, odd)
    found = await desk.post("/api/clerk/search", json={"q": unicodedata.normalize("NFD", "Nguyễn Thu")})
    assert [one["result"] for one in found.json()["results"]] == ["r-1"]
    loaded = await desk.post("/api/clerk/loads", json={"scan": unicodedata.normalize("NFD", odd)})
    assert loaded.status_code == 200, loaded.text


async def test_a_cancel_or_a_new_phone_waits_while_its_door_is_open(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present()
    await standing(cab, desk, "open")
    put = ev.PutWish(wish_seq=cab.now.wish_seq + 1, wish_id="w-x", digest=b"x")
    changed = ev.ResultAmended(wish=put.wish_seq, result="r-1", person="p-new")
    for wish in (result_rules.Cancel(wish=put, result="r-1"), result_rules.Amend(wish=put, amended=changed)):
        with pytest.raises(DoorStandsOpen):
            await cab.journal.record(
                lambda cabinet, *_, wish=wish: result_rules.take(cabinet, result_rules.Known(), wish)
            )
    assert not cab.now.results["r-1"].is_cancelled


async def test_a_full_cabinet_says_so_and_lists_what_stays_at_the_counter(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    for number in range(1, 6):
        await cab.announce(f"r-{number}", code=f"H29.190.5-261008-000{number}", recipient=f"k-{number}")
    for number in range(1, 5):
        await cab.load(f"r-{number}", number=number, hand_over=f"h-{number}")
    await be_present()
    assert slug(await desk.post("/api/clerk/loads", json={"results": ["r-5"]})) == (409, "no-free-compartment")
    assert [row["no_room"] for row in (await look(desk))["to_load"]] == ["no-free-compartment"]
    await cab.announce("r-6", code="H29.190.5-261008-0006", recipient="k-6", reach="low")
    out = ev.Reclaimed(hand_over="h-4", compartment=4, results=("r-4",), actor="lan")
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"), out)))
    assert slug(await desk.post("/api/clerk/loads", json={"results": ["r-6"]})) == (409, "no-reachable-compartment")


async def test_three_hundred_announced_at_once_are_queued_and_promised_to_nobody(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    for number in range(300):
        await cab.announce(
            f"r-{number}",
            code=f"H29.190.5-261008-{number:04}",
            recipient=f"k-{number}",
            deadline=f"2026-12-{number % 28 + 1:02}",
        )
    await sign_in()
    waiting = (await look(desk))["to_load"]
    assert len(waiting) == 300
    assert [row["deadline"] for row in waiting] == sorted(row["deadline"] for row in waiting)
    assert await cab.facts(ev.ResultQueued) == 300
    assert cab.now.notices == {} == cab.now.hand_overs


async def test_over_tet_nothing_is_due_before_the_counter_opens_again(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    cab.hands.utc_ms = int(datetime(2027, 2, 4, 3, tzinfo=UTC).timestamp() * 1000)
    await cab.announce("r-1", code=DOSSIER, deadline="2027-03-31")
    await cab.load("r-1", number=1, hand_over="h-1")
    await be_present()
    reason = {"compartment": 1, "purpose": "inspect", "reason": "Không gọi được ai trước Tết"}
    assert (await desk.post("/api/clerk/glass", json=reason)).status_code == 200
    (incident,) = (await look(desk))["incidents"]
    assert incident["due"] == "2027-02-11"


# --- every refusal has its sentence


def problems_of(description: Any) -> set[str]:
    """The stable types that the routes of clerks can give, as the service describes itself."""
    found = set()
    for path, acts in description["paths"].items():
        for act in acts.values() if path.startswith("/api/clerk") else ():
            for answer in act["responses"].values():
                kind, _, slugs = answer["description"].partition(": ")
                found |= set(slugs.split(", ")) if kind == "problem" else set()
    return found


async def test_every_refusal_a_clerk_can_meet_has_a_sentence_on_the_screen(desk: httpx.AsyncClient) -> None:
    known = problems_of((await desk.get("/openapi.json")).json())
    assert len(known) > 15
    for language in ("vi", "en"):
        words = json.loads((PAGES / "clerk" / "words" / f"{language}.json").read_text(encoding="utf-8"))
        assert sorted(name for name in known if f"problem.{name}" not in words) == []
