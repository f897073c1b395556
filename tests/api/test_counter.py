"""The counter's register over HTTP: what stays there and why, and how it leaves the office."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from locker import messages, rows
from locker.events import Decision, Reclaimed

Come = Callable[..., Awaitable[None]]
DOSSIER = "H29.190.5-261008-0042"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


@pytest.fixture
async def taken_out(cab: Any, desk: httpx.AsyncClient, sign_in: Any) -> Any:
    """A result that was in the cabinet and that a clerk carried to the counter."""
    await cab.announce("r-1", code=DOSSIER)
    await cab.load("r-1", number=1, hand_over="h-1")
    out = Reclaimed(hand_over="h-1", compartment=1, results=("r-1",), actor="lan")
    await cab.journal.record(lambda *_: Decision(events=(out,)))
    await sign_in()
    return cab


async def test_what_was_taken_out_is_on_the_register_until_it_is_handed_out(
    taken_out: Any, desk: httpx.AsyncClient
) -> None:
    (row,) = (await look(desk))["counter"]
    assert (row["result"], row["dossier"], row["name"], row["is_by_post"]) == (
        "r-1",
        DOSSIER,
        "Nguyễn Thị Hoa",
        False,
    )
    assert row["since"].startswith("2026-11-22")
    assert (await desk.post("/api/clerk/counter/r-1/hand-out", json={})).status_code == 200
    assert (await look(desk))["counter"] == []
    again = await desk.post("/api/clerk/counter/r-1/hand-out", json={})
    assert (again.status_code, kind(again)) == (404, "unknown-result")
    found = (await desk.post("/api/clerk/search", json={"q": "0042"})).json()["results"]
    assert found[0]["where"] == "handed_out"


async def test_the_parcels_number_goes_into_an_erasable_row_and_into_the_message(
    taken_out: Any, desk: httpx.AsyncClient
) -> None:
    path = "/api/clerk/counter/r-1/post"
    wrong = await desk.post(path, json={"tracking": "số 5"})
    assert (wrong.status_code, kind(wrong)) == (422, "invalid-request")
    assert (await desk.post(path, json={"tracking": "ea123456789vn"})).status_code == 200
    (notice,) = [one for one in taken_out.now.notices.values() if one.template == "POSTED"]
    material = await taken_out.journal.read(lambda connection: messages.gather(connection, taken_out.now, notice))
    assert (material.dossiers, material.tracking) == ((DOSSIER,), "EA123456789VN")
    row = await taken_out.journal.read(lambda connection: rows.personal(connection, "d-r-1"))
    assert row == {"code": DOSSIER, "tracking": "EA123456789VN"}
    texts = await taken_out.journal.read(
        lambda connection: [str(body) for (body,) in connection.execute("SELECT body FROM event")]
    )
    assert not any("EA123456789VN" in text for text in texts)


async def test_each_result_that_cannot_go_in_says_why_and_whether_it_may_leave_from_here(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any
) -> None:
    await cab.announce("r-1", code=f"{DOSSIER}1", recipient="k-1", fee="unpaid")
    await cab.announce("r-2", code=f"{DOSSIER}2", recipient="k-2", state=4)
    await cab.announce("r-3", code=f"{DOSSIER}3", recipient="k-3", size="L", deadline="2026-12-01")
    await cab.announce("r-4", code=f"{DOSSIER}4", recipient="k-4")
    await sign_in()
    rows_ = (await look(desk))["to_load"]
    assert [(row["result"], row["reason"], row["no_room"], row["is_at_counter"]) for row in rows_] == [
        ("r-3", "", "no-free-compartment", True),
        ("r-1", "unpaid", "", True),
        ("r-2", "not_finished", "", False),
        ("r-4", "", "", True),
    ]
