"""Stock checks, compartments out of use and the balance, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

Come = Callable[..., Awaitable[None]]
PASSWORD = "mat-khau-rat-dai"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


async def test_the_stock_is_checked_door_by_door_and_the_leader_reads_the_balance(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, sign_in: Callable[..., Any], totp: Callable[[], str]
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=2, hand_over="h-2")
    await be_present("lan")
    assert kind(await desk.get("/api/clerk/balance")) == "not-allowed"
    cab.hands.forward(31)
    second = {"user": "minh", "password": PASSWORD, "code": totp()}
    assert (await desk.post("/api/clerk/stock", json={"second": second})).status_code == 200
    for number, found in ((1, "empty"), (2, "empty")):
        assert (await look(desk))["stock_check"]["next"] == number
        assert (await desk.post("/api/clerk/stock/open", json={})).json()["compartment"] == number
        await cab.open(number)
        busy = await desk.post("/api/clerk/stock/open", json={})
        assert (busy.status_code, kind(busy)) == (409, "door-stands-open")
        await cab.close(number)
        assert (await desk.post(f"/api/clerk/compartments/{number}/look", json={"found": found})).status_code == 200
    assert (await look(desk))["stock_check"] == {
        "by": "Trần Thị Lan",
        "second": "Lê Minh",
        "looked": 2,
        "left": 2,
        "next": 3,
        "differing": [2],
    }
    assert (await desk.post("/api/clerk/stock/finish", json={})).status_code == 200
    cab.hands.forward(31)
    await sign_in("minh")
    told = (await desk.get("/api/clerk/balance")).json()
    assert told.pop("stock_check") == {
        "at": cab.running.local(cab.hands.utc_ms - 31_000).isoformat(timespec="seconds"),
        "by": "Trần Thị Lan",
        "looked": 2,
        "differing": [2],
        "unseen": [3, 4],
    }
    assert told == {
        "before": 0,
        "loaded": 1,
        "deposited": 0,
        "collected": 0,
        "reclaimed": 0,
        "fetched": 0,
        "withdrawn": 0,
        "missing": 1,
        "now": 0,
        "holds": True,
        "uncertain": [],
        "glass": [],
        "forced": [],
    }
    assert (await look(desk))["balance"]["holds"]


async def test_the_next_door_of_a_check_may_rest_on_an_approval(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, totp: Callable[[], str]
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    await be_present("lan")
    await desk.post("/api/clerk/stock", json={})
    alone = await desk.post("/api/clerk/stock/open", json={})
    assert (alone.status_code, kind(alone)) == (403, "second-person-needed")
    unknown = await desk.post("/api/clerk/stock/open", json={"approval": "nobody-asked"})
    assert (unknown.status_code, kind(unknown)) == (404, "unknown-approval")
    cab.hands.forward(31)
    second = {"user": "minh", "password": PASSWORD, "code": totp()}
    assert (await desk.post("/api/clerk/stock/open", json={"second": second})).json() == {
        "hand_over": "h-1",
        "compartment": 1,
    }


async def test_what_is_uncertain_is_told_by_compartment(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=3, hand_over="h-3")
    await cab.open(3)
    await sign_in("minh")
    told = (await desk.get("/api/clerk/balance")).json()
    assert told["uncertain"] == [
        {
            "compartment": 3,
            "hand_over": "h-3",
            "cause": "opened_unasked",
            "owner": "",
            "due": None,
            "is_overdue": False,
        }
    ]
    assert (told["now"], told["holds"], told["stock_check"]) == (1, True, None)


async def test_a_technician_takes_a_compartment_out_of_use_and_back(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await be_present("tu")
    path = "/api/clerk/compartments/1"
    assert (await desk.post(f"{path}/close", json={"cause": "lock"})).status_code == 200
    shown = (await look(desk))["compartments"][0]
    assert (shown["state"], shown["out_of_service"]) == ("closed", "lock")
    assert kind(await desk.post(f"{path}/close", json={"cause": "door"})) == "wrong-stage"
    assert kind(await desk.post(f"{path}/close", json={"cause": "tired"})) == "invalid-request"
    assert (await desk.post(f"{path}/reopen", json={})).status_code == 200
    assert (await look(desk))["compartments"][0]["state"] == "free"
    assert kind(await desk.post("/api/clerk/compartments/9/close", json={"cause": "lock"})) == "unknown-compartment"


async def test_a_leader_gets_a_report_as_json_and_as_a_table(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    today = cab.running.today(cab.hands())
    await sign_in("minh")
    span = {"from": today[:8] + "01", "to": today}
    told = (await desk.get("/api/clerk/reports", params={**span, "by": "month"})).json()
    assert [(one["period"], one["loaded"], one["collected"]) for one in told["periods"]] == [(today[:7], 1, 0)]
    table = await desk.get("/api/clerk/reports", params={**span, "as": "csv"})
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    heading, *lines = table.text.lstrip("\ufeff").splitlines()
    assert heading.startswith("period,loaded,collected,out_of_hours,")
    assert lines[-1].startswith(f"{today},1,0,0,,")
    assert len(lines) == int(today[8:])
    for wrong in ({"from": today, "to": "2020-01-01"}, {**span, "by": "hour"}, {"from": "2000-01-01", "to": today}):
        answer = await desk.get("/api/clerk/reports", params=wrong)
        assert (answer.status_code, kind(answer)) == (422, "invalid-request")


async def test_a_clerk_gets_no_report(desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> None:
    await sign_in("lan")
    answer = await desk.get("/api/clerk/reports", params={"from": "2026-11-01", "to": "2026-11-02"})
    assert (answer.status_code, kind(answer)) == (403, "not-allowed")
