"""Moving to another compartment over HTTP: guided, one door at a time, told when it is within reach."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from locker import events as ev

Come = Callable[..., Awaitable[None]]
MOVE = "/api/clerk/hand-overs/h-1/move"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def test_a_clerk_carries_what_is_out_of_reach_to_a_low_compartment(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    async def step() -> tuple[str, bool]:
        (move,) = (await desk.get("/api/clerk/snapshot")).json()["moves"]
        return move["step"], move["is_at_door"]

    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=4, hand_over="h-1")
    await cab.close_round()
    asked = ev.ReachAsked(hand_over="h-1", compartment=4, visit="v-1")
    await cab.journal.record(lambda *_: ev.Decision(events=(asked,)))
    await be_present()
    (inside,) = (await desk.get("/api/clerk/snapshot")).json()["in_cabinet"]
    assert (inside["is_out_of_reach"], inside["is_moving"]) == (True, False)
    started = await desk.post(MOVE, json={})
    assert started.json() == {"hand_over": "h-1", "compartment": 4}
    early = await desk.post(f"{MOVE}/open", json={"door": "target"})
    assert (early.status_code, kind(early)) == (409, "compartment-busy")
    assert await step() == ("take", True)
    await cab.open(4)
    await cab.close(4)
    assert await step() == ("put", False)
    opened = await desk.post(f"{MOVE}/open", json={"door": "target"})
    assert opened.json()["compartment"] == 1
    await cab.open(1)
    await cab.close(1)
    assert await step() == ("confirm", False)
    assert (await desk.post(f"{MOVE}/confirm", json={"door": "target"})).status_code == 200
    shown = (await desk.get("/api/clerk/snapshot")).json()
    assert shown["moves"] == [] == shown["incidents"]
    assert [one["compartment"] for one in shown["in_cabinet"]] == [1]
    assert shown["balance"]["holds"]
    assert [one.template for one in cab.now.notices.values()][-1] == "LOWERED"
    found = (await desk.post("/api/clerk/search", json={"q": "0042"})).json()["results"]
    assert found[0]["compartment"] == 1
    again = await desk.post(f"{MOVE}/confirm", json={"door": "target"})
    assert (again.status_code, kind(again)) == (409, "wrong-stage")


async def test_a_move_nobody_asked_for_needs_a_second_person_or_a_leader_elsewhere(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=4, hand_over="h-1")
    await be_present()
    alone = await desk.post(MOVE, json={})
    assert (alone.status_code, kind(alone)) == (403, "second-person-needed")
    asked = await desk.post("/api/clerk/approvals", json={"compartment": 4, "purpose": "move"})
    given = ev.ApprovalGiven(approval=asked.json()["approval"], actor="minh")
    await cab.journal.record(lambda *_: ev.Decision(events=(given,)))
    assert (await desk.post(MOVE, json={"approval": given.approval})).status_code == 200
