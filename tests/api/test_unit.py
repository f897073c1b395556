"""The cabinet itself over HTTP: its morning's look, moving and retiring it, its messages in the unit's own words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import httpx
import pytest

from api import control, morning, standing
from locker import events as ev
from locker import self_check
from locker.clock import Clock
from locker.config import self_check_of
from locker.rules import notices as notice_rules

Come = Callable[..., Awaitable[None]]
PATH = "/api/clerk"


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


@pytest.fixture
async def aside() -> AsyncIterator[Callable[[Coroutine[Any, Any, None]], None]]:
    """Runs a worker until the test ends."""
    tasks: list[asyncio.Task[None]] = []
    yield lambda work: tasks.append(asyncio.create_task(work))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _asked(socket: Path, command: str) -> control.Reply:
    """The answer, as soon as somebody listens."""
    async with asyncio.timeout(5):
        while True:
            try:
                return await control.ask(socket, command)
            except control.NotRunningError:
                await asyncio.sleep(0)


async def post(desk: httpx.AsyncClient, path: str, **body: Any) -> httpx.Response:
    return await desk.post(f"{PATH}/{path}", json=body)


async def snapshot(desk: httpx.AsyncClient) -> Any:
    return (await desk.get(f"{PATH}/snapshot")).json()


async def test_the_worker_looks_by_itself_and_the_page_says_what_it_found(
    cab: Any, desk: httpx.AsyncClient, sign_in: Come, aside: Callable[..., None]
) -> None:
    await sign_in("lan")
    told = (await snapshot(desk))["self_check"]
    assert (told["is_due"], told["at"]) == (True, None)
    cab.doors.lose_board()
    clock = Clock(
        run_id="r-1",
        wall_ms=lambda: cab.hands.utc_ms,
        steady_ms=lambda: cab.hands.uptime_ms,
        trust=lambda: "synced",
        started_ms=0,
    )
    plan = self_check_of(cab.running.config)
    aside(self_check.run(cab.journal, plan=plan, look=lambda: morning.look(cab.running), clock=clock))
    while cab.now.self_check is None or not cab.now.self_check.ended_utc_ms:
        await cab.journal.changed(cab.now.seq)
    told = (await snapshot(desk))["self_check"]
    assert (told["is_due"], told["bad"]) == (False, ["boards"])
    assert [one["kind"] for one in (await snapshot(desk))["incidents"]] == ["self_check"]
    assert await cab.facts(ev.SelfChecked) == 1


@pytest.mark.parametrize(
    ("kept", "is_good"), [("1795312876", True), ("1795312700", False), ("rubbish", False), (None, False)]
)
def test_a_battery_clock_is_good_when_it_is_there_and_agrees(
    tmp_path: Path, kept: str | None, *, is_good: bool
) -> None:
    file = tmp_path / "since_epoch"
    if kept is not None:
        file.write_text(kept)
    assert self_check.is_battery_clock_good(1_795_312_876_000, clock=file) is is_good


def test_a_disk_that_is_not_there_has_no_room(tmp_path: Path) -> None:
    assert self_check.has_room(tmp_path)
    assert not self_check.has_room(tmp_path / "gone")


async def test_a_leader_moves_the_cabinet_and_codes_work_at_the_new_place(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, be_present: Come
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    digits = await cab.close_round()
    await be_present("minh")
    assert (await post(desk, "relocation/start")).status_code == 200
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["state"] == "moving"
    refused = await kiosk.post("/api/kiosk/codes", json={"digits": digits})
    assert (refused.status_code, kind(refused), refused.json()["stage"]) == (409, "out-of-use", "moving")
    assert kind(await post(desk, "relocation/finish", address="25 Hoa Mai")) == "wrong-stage"
    await post(desk, "stock")
    finished = ev.StockCheckFinished(check="s", looked=4, differing=(), unseen=(), actor="minh")
    await cab.journal.record(lambda *_: ev.Decision(events=(finished,)))
    assert (await snapshot(desk))["standing"]["is_checked"] is True
    assert kind(await post(desk, "relocation/finish", address="x" * 41)) == "invalid-request"
    assert (await post(desk, "relocation/finish", address="25 Hoa Mai")).status_code == 200
    shown = (await kiosk.get("/api/kiosk/snapshot")).json()
    assert (shown["state"], shown["address"]) == ("ready", "25 Hoa Mai")
    assert [one.template for one in cab.now.notices.values()] == ["READY", "APOLOGY_FAULT", "MOVED"]
    assert (await kiosk.post("/api/kiosk/codes", json={"digits": digits})).status_code == 200


async def test_a_cabinet_is_retired_by_its_id_when_nothing_is_inside(
    cab: Any, desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, sign_in: Come
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    await sign_in("minh")
    assert kind(await post(desk, "retirement", cabinet="another")) == "wrong-stage"
    refused = await post(desk, "retirement", cabinet="hoa-mai-01")
    assert (refused.status_code, kind(refused), refused.json()["reasons"]) == (409, "still-in-use", ["inside"])
    gone = ev.Reclaimed(hand_over="h-1", compartment=1, results=("r-1",), actor="lan")
    await cab.journal.record(lambda *_: ev.Decision(events=(gone,)))
    for one in list(cab.now.notices):
        await cab.journal.record(lambda now, *_, one=one: notice_rules.delivered(now, one, is_reported=True))
    assert (await post(desk, "retirement", cabinet="hoa-mai-01")).status_code == 200
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["state"] == "retired"


async def test_a_clerk_neither_moves_nor_retires_nor_words_messages(desk: httpx.AsyncClient, sign_in: Come) -> None:
    await sign_in("lan")
    for path in ("relocation/start", "retirement", "texts/preview", "texts/change"):
        assert kind(await post(desk, path)) == "not-allowed"
    assert (await desk.get(f"{PATH}/texts")).status_code == 403


async def test_a_leader_words_a_message_with_preview_count_registration_and_way_back(
    cab: Any, desk: httpx.AsyncClient, sign_in: Come
) -> None:
    await sign_in("minh")
    ready = {"name": "READY", "language": "vi"}
    pattern = "{office} kính báo: mã {code}, hồ sơ {dossier}, hạn {until}"
    shown = (await post(desk, "texts/preview", **ready, pattern=pattern)).json()
    assert shown["preview"].startswith("UBND P.Hoa Mai kinh bao: ma **** **** ****, ho so 261008-0975")
    assert (shown["encoding"], shown["segments"]) == ("GSM-7", 1)
    refused = await post(desk, "texts/change", **ready, pattern="{office} {dossier}")
    assert (refused.status_code, kind(refused)) == (422, "text-unusable")
    assert (refused.json()["reason"], refused.json()["names"]) == ("missing", ["code", "until"])
    assert (await post(desk, "texts/change", **ready, pattern=pattern)).status_code == 200
    (one,) = [each for each in (await desk.get(f"{PATH}/texts")).json()["texts"] if each["is_own"]]
    assert (one["name"], one["pattern"], one["state"]) == ("READY", pattern, "draft")
    assert (await post(desk, "texts/register", **ready, provider_template="HX0123")).status_code == 200
    (one,) = [each for each in (await desk.get(f"{PATH}/texts")).json()["texts"] if each["is_own"]]
    assert (one["state"], one["provider_template"]) == ("registered", "HX0123")
    assert (await post(desk, "texts/restore", **ready)).status_code == 200
    assert not any(each["is_own"] for each in (await desk.get(f"{PATH}/texts")).json()["texts"])
    assert kind(await post(desk, "texts/restore", name="HELLO", language="vi")) == "unknown-text"


async def test_the_command_line_moves_the_cabinet_and_reads_a_refusal_as_a_sentence(
    cab: Any, tmp_path: Path, aside: Callable[..., None]
) -> None:
    async def start() -> control.Reply:
        await standing.start_relocation(cab.running, standing.CONSOLE)
        return {}

    async def finish(address: str) -> control.Reply:
        await standing.finish_relocation(cab.running, standing.CONSOLE, address)
        return {"address": address}

    socket = tmp_path / "control.sock"
    aside(control.serve(socket, {"relocation-start": start, "relocation-finish": finish}))
    assert await _asked(socket, "relocation-start") == {}
    assert "check the stock" in (await _asked(socket, "relocation-finish 25 Hoa Mai"))["error"]
    finished = ev.StockCheckFinished(check="s", looked=4, differing=(), unseen=(), actor="lan")
    await cab.journal.record(lambda *_: ev.Decision(events=(finished,)))
    assert await _asked(socket, "relocation-finish 25 Hoa Mai") == {"address": "25 Hoa Mai"}
