"""What clerks, leaders and technicians do, over HTTP."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from locker import events as ev

Come = Callable[..., Awaitable[None]]
DOSSIER = "H29.190.5-261008-0042"


def kind(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


async def test_a_scanned_envelope_goes_into_a_compartment(cab: Any, desk: httpx.AsyncClient, be_present: Come) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    loaded = await desk.post("/api/clerk/loads", json={"scan": DOSSIER.lower()})
    assert loaded.status_code == 200, loaded.text
    hand_over, number = loaded.json()["hand_over"], loaded.json()["compartment"]
    (grant,) = (await look(desk))["grants"]
    assert grant == {"compartment": number, "purpose": "load", "is_opened": False, "hand_over": hand_over}
    await cab.open(number)
    await cab.close(number)
    shown = await look(desk)
    assert shown["to_load"] == []
    (inside,) = shown["in_cabinet"]
    assert (inside["hand_over"], inside["dossiers"], inside["can_reopen"]) == (hand_over, [DOSSIER], True)
    assert shown["round"] == {"loaded": 1, "closes_in_seconds": 600}
    assert shown["today"] == {"loaded": 1, "collected": 0, "reclaimed": 0, "inside": 1}
    assert next(one for one in shown["compartments"] if one["number"] == number)["state"] == "loaded"
    assert (await desk.post("/api/clerk/round/close", json={})).status_code == 200
    assert (await look(desk))["round"] is None


@pytest.mark.parametrize("typed", ["261008-0042", "2610080042", "0042"])
async def test_the_tail_of_a_dossier_code_is_enough(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, typed: str
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.announce("r-2", code="H29.190.5-261008-0043", recipient="k-2")
    await be_present()
    await desk.post("/api/clerk/loads", json={"scan": typed})
    assert cab.now.results["r-1"].hand_over
    assert not cab.now.results["r-2"].hand_over


async def test_a_scan_that_fits_several_results_names_them(cab: Any, desk: httpx.AsyncClient, be_present: Come) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.announce("r-2", code="H29.190.7-261008-0042", recipient="k-2")
    await be_present()
    answer = await desk.post("/api/clerk/loads", json={"scan": "261008-0042"})
    assert (answer.status_code, kind(answer)) == (409, "wrong-stage")
    assert sorted(answer.json()["candidates"]) == ["r-1", "r-2"]
    unknown = await desk.post("/api/clerk/loads", json={"scan": "990101-9999"})
    assert (unknown.status_code, kind(unknown)) == (404, "unknown-result")


async def test_an_unpaid_result_is_listed_with_its_reason_and_never_loaded(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER, fee="unpaid", phone="")
    await be_present()
    (row,) = (await look(desk))["to_load"]
    assert (row["is_loadable"], row["reason"], row["phone"]) == (False, "unpaid", None)
    assert row["flags"] == ["no_mobile_phone"]
    answer = await desk.post("/api/clerk/loads", json={"results": ["r-1"]})
    assert (answer.status_code, kind(answer), answer.json()["reason"]) == (409, "not-loadable", "unpaid")


async def test_names_are_shown_to_clerks_phones_masked_and_neither_to_technicians(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    assert (await sign_in("lan")).json() == {"user": "lan", "name": "Trần Thị Lan", "role": "clerk"}
    (row,) = (await look(desk))["to_load"]
    assert (row["name"], row["phone"], row["dossier"]) == ("Nguyễn Thị Hoa", "••••• ••678", DOSSIER)
    await desk.post("/api/clerk/sign-out")
    assert (await desk.get("/api/clerk/snapshot")).status_code == 401
    cab.hands.forward(31)
    await sign_in("tu")
    (row,) = (await look(desk))["to_load"]
    assert (row["name"], row["phone"], row["dossier"]) == ("", None, "")
    answer = await desk.post("/api/clerk/search", json={"q": "hoa"})
    assert (answer.status_code, kind(answer)) == (403, "not-allowed")


async def test_without_presence_no_door_moves(cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.announce("r-2", code="H29.190.5-261008-0043")
    await cab.load("r-2", number=2, hand_over="h-2")
    await sign_in()
    for path, body in (
        ("loads", {"results": ["r-1"]}),
        ("loads", {"scan": DOSSIER}),
        ("loads/h-2/reopen", {}),
        ("loads/h-2/undo", {}),
        ("hand-overs/h-2/reclaim", {"second": None}),
        ("compartments/2/inspect", {}),
        ("compartments/2/look", {"found": "empty"}),
    ):
        answer = await desk.post(f"/api/clerk/{path}", json=body)
        assert (path, answer.status_code, kind(answer)) == (path, 403, "presence-needed")
    assert await cab.facts(ev.GrantIssued) == 0


async def test_an_own_load_is_undone_while_the_round_is_open(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    loaded = (await desk.post("/api/clerk/loads", json={"results": ["r-1"]})).json()
    hand_over, number = loaded["hand_over"], loaded["compartment"]
    await cab.open(number)
    assert kind(await desk.post(f"/api/clerk/loads/{hand_over}/undo", json={})) == "wrong-stage"
    await cab.close(number)
    again = await desk.post(f"/api/clerk/loads/{hand_over}/reopen", json={})
    assert again.json() == {"hand_over": hand_over, "compartment": number}
    await cab.open(number)
    await cab.close(number)
    assert (await desk.post(f"/api/clerk/loads/{hand_over}/undo", json={})).status_code == 200
    assert [row["result"] for row in (await look(desk))["to_load"]] == ["r-1"]


@pytest.mark.parametrize("did_open", [True, False])
async def test_a_loading_door_that_was_not_seen_open_is_asked_about(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, *, did_open: bool
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    loaded = (await desk.post("/api/clerk/loads", json={"results": ["r-1"]})).json()
    await cab.stay_shut(loaded["compartment"])
    assert (await look(desk))["asked"] == [loaded]
    answer = await desk.post(f"/api/clerk/loads/{loaded['hand_over']}/answers", json={"did_open": did_open})
    assert answer.status_code == 200
    shown = await look(desk)
    assert shown["asked"] == []
    assert [one["stage"] for one in shown["in_cabinet"]] == ["loaded" if did_open else "loading"]
    assert cab.now.compartment(loaded["compartment"]).is_suspect is did_open


async def test_taking_out_what_is_not_due_back_needs_a_second_person(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, totp: Callable[[], str]
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.load("r-1", number=1, hand_over="h-1")
    await be_present("lan")
    alone = await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={})
    assert (alone.status_code, kind(alone)) == (403, "second-person-needed")
    cab.hands.forward(31)
    oneself = {"user": "lan", "password": "mat-khau-rat-dai", "code": totp()}
    assert kind(await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"second": oneself})) == (
        "second-person-needed"
    )
    technician = {**oneself, "user": "tu"}
    assert kind(await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"second": technician})) == "not-allowed"
    leader = {**oneself, "user": "minh"}
    together = await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"second": leader})
    assert together.json() == {"hand_over": "h-1", "compartment": 1}
    await cab.open(1)
    await cab.close(1)
    assert (await look(desk))["today"]["reclaimed"] == 1


async def test_a_result_that_was_not_loaded_in_time_is_marked_on_the_list(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await sign_in("lan")
    await cab.announce("r-1", code=DOSSIER, deadline="2026-01-31")
    missed = ev.ResultNotLoaded(result="r-1", deadline="2026-01-31")
    await cab.journal.record(lambda *_: ev.Decision(events=(missed,)))
    assert "not_loaded_in_time" in (await look(desk))["to_load"][0]["flags"]


async def test_an_overdue_result_is_taken_out_by_one_person(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER, deadline="2026-01-31")
    await cab.load("r-1", number=1, hand_over="h-1")
    await be_present()
    assert (await look(desk))["in_cabinet"][0]["is_overdue"]
    assert (await desk.post("/api/clerk/hand-overs/h-1/reclaim", json={"second": None})).status_code == 200
    await cab.stay_shut(1)
    assert (await look(desk))["asked"] == [{"hand_over": "h-1", "compartment": 1}]
    assert (await desk.post("/api/clerk/loads/h-1/answers", json={"did_open": True})).status_code == 200
    assert cab.now.hand_overs == {}
    assert await cab.facts(ev.Reclaimed) == 1


async def test_what_somebody_came_for_in_vain_is_marked_as_owed_and_then_as_kept_longer(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await cab.announce("r-1", code=DOSSIER, deadline="2026-01-31")
    await cab.load("r-1", number=1, hand_over="h-1")
    await sign_in("lan")
    marks = ("is_overdue", "is_owed", "is_made_good")

    async def marked() -> tuple[bool, ...]:
        (one,) = (await look(desk))["in_cabinet"]
        return tuple(one[key] for key in marks)

    assert await marked() == (True, False, False)
    of: dict[str, Any] = {"hand_over": "h-1", "compartment": 1, "results": ("r-1",)}
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.CameInVain(**of, cause="stayed_shut"),)))
    assert await marked() == (False, True, False)
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.StayMadeGood(**of, deadline="2099-12-31"),)))
    assert await marked() == (False, False, True)


async def test_a_dispute_is_looked_into_and_settled(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    visit = (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).json()["visit"]
    await cab.open(1)
    await cab.close(1)
    await kiosk.post(f"/api/kiosk/visits/{visit}/answers", json={"hand_over": "h-1", "said": "incomplete"})
    await be_present()
    shown = await look(desk)
    assert shown["compartments"][0]["state"] == "disputed"
    (incident,) = shown["incidents"]
    assert incident["kind"] == "disputed_incomplete"
    assert (await desk.post("/api/clerk/compartments/1/inspect", json={})).status_code == 200
    await cab.open(1)
    await cab.close(1)
    answer = await desk.post("/api/clerk/compartments/1/look", json={"found": "as_recorded"})
    assert answer.status_code == 200
    shown = await look(desk)
    assert (shown["incidents"], shown["compartments"][0]["state"]) == ([], "loaded")
    missing = await desk.post("/api/clerk/compartments/99/inspect", json={})
    assert (missing.status_code, kind(missing)) == (404, "unknown-compartment")


async def test_a_lost_code_is_replaced_and_nobody_at_the_desk_sees_it(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.close_round()
    await sign_in()
    answer = await desk.post("/api/clerk/hand-overs/h-1/new-code", json={})
    assert (answer.status_code, answer.json()) == (200, {})
    assert (await look(desk))["in_cabinet"][0]["notice"] == "queued"
    assert (await kiosk.post("/api/kiosk/codes", json={"digits": cab.digits[-1]})).status_code == 200
    gone = await desk.post("/api/clerk/hand-overs/h-9/new-code", json={})
    assert (gone.status_code, kind(gone)) == (404, "unknown-hand-over")


async def test_search_ignores_marks_and_case(cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> None:
    await cab.announce("r-1", code=DOSSIER, name="Đặng Thị Hường")
    await cab.announce("r-2", code="H29.190.5-261008-0043", name="Nguyễn Văn An", recipient="k-2")
    await cab.load("r-1", number=3, hand_over="h-1")
    await sign_in()
    for words in ("dang huong", "ĐẶNG", "Hường", "0042", "261008-0042"):
        found = (await desk.post("/api/clerk/search", json={"q": words})).json()["results"]
        assert [(one["dossier"], one["where"], one["compartment"]) for one in found] == [(DOSSIER, "inside", 3)]


async def test_a_door_that_stands_open_keeps_the_next_load_waiting(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await cab.announce("r-2", code="H29.190.5-261008-0043")
    await be_present()
    first = (await desk.post("/api/clerk/loads", json={"results": ["r-1"]})).json()
    await cab.open(first["compartment"])
    answer = await desk.post("/api/clerk/loads", json={"results": ["r-2"]})
    assert (answer.status_code, kind(answer)) == (409, "door-stands-open")
    assert kind(await desk.post("/api/clerk/round/close", json={})) == "door-stands-open"


async def test_a_door_that_the_sensor_shows_open_is_shut_on_the_clerks_word(
    cab: Any, desk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code=DOSSIER)
    await be_present()
    loaded = (await desk.post("/api/clerk/loads", json={"results": ["r-1"]})).json()
    await cab.open(loaded["compartment"])
    assert (await desk.post(f"/api/clerk/loads/{loaded['hand_over']}/shut", json={})).status_code == 200
    shown = await look(desk)
    assert [one["stage"] for one in shown["in_cabinet"]] == ["loaded"]
    assert cab.now.compartment(loaded["compartment"]).is_suspect
