"""Signing in, staying in, and standing at the cabinet."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from api.roster import Roster
from api.sign_in import SignIn
from locker import events as ev
from locker.config import Config
from locker.refusals import NotAllowed
from tests.api.conftest import DEVICE_KEY, HASHER

Enter = Callable[..., Awaitable[httpx.Response]]


async def test_the_same_six_digits_work_once_only(desk: httpx.AsyncClient, sign_in: Enter, cab: Any) -> None:
    assert (await sign_in()).status_code == 200
    replayed = await sign_in()
    assert (replayed.status_code, replayed.json()["type"].rsplit(":", 1)[-1]) == (403, "not-allowed")
    assert await cab.facts(ev.SignInFailed) == 1
    cab.hands.forward(31)
    assert (await sign_in()).status_code == 200
    assert desk.cookies["clerk"]


async def test_a_recovery_code_works_once_and_without_a_clock(sign_in: Enter, cab: Any) -> None:
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.ClockTrusted(clock="unset"),)))
    refused = await sign_in()
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (403, "clock-not-set")
    assert await cab.facts(ev.SignInFailed) == 0
    assert (await sign_in(code="7k3qd xw9m2")).status_code == 200
    assert (await sign_in(code="7K3QD-XW9M2")).status_code == 403
    assert (await sign_in(code="AAAAA-BBBBB")).status_code == 200


@pytest.mark.parametrize("user", ["lan", "nobody-by-that-name"])
async def test_wrong_passwords_make_a_name_wait_whether_or_not_somebody_has_it(
    desk: httpx.AsyncClient, cab: Any, user: str
) -> None:
    wrong = {"user": user, "password": "wrong-password", "code": "123456"}
    answers = [await desk.post("/api/clerk/sign-in", json=wrong) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429]
    assert answers[-1].headers["retry-after"] == "30"
    assert len({answer.text for answer in answers[:5]}) == 1
    cab.hands.forward(31)
    assert (await desk.post("/api/clerk/sign-in", json=wrong)).status_code == 403
    assert await cab.facts(ev.SignInFailed) == (6 if user == "lan" else 0)


async def test_nobody_is_on_the_roster_whom_nobody_put_there(cab: Any) -> None:
    assert Config.model_fields["staff"].default == ()
    roster = Roster(journal=cab.journal, configured=(), device_key=DEVICE_KEY)
    nobody = SignIn(journal=cab.journal, roster=roster, device_key=DEVICE_KEY, clock=cab.hands, hasher=HASHER)
    assert await roster.current() == {}
    for user in ("admin", "root", "lan", "dossier-locker"):
        with pytest.raises(NotAllowed):
            await nobody.check(user=user, password="admin", code="000000")


async def test_a_crowd_at_the_sign_in_is_told_to_wait(desk: httpx.AsyncClient) -> None:
    wrong = [{"user": f"u{number}", "password": "wrong-password", "code": "1"} for number in range(20)]
    answers = await asyncio.gather(*(desk.post("/api/clerk/sign-in", json=one) for one in wrong))
    assert {answer.status_code for answer in answers} == {403, 429}


async def test_a_session_ends_after_fifteen_idle_minutes_and_looking_on_is_idle(
    desk: httpx.AsyncClient, sign_in: Enter, cab: Any
) -> None:
    await sign_in()
    cab.hands.forward(14 * 60)
    assert (await desk.get("/api/clerk/snapshot")).status_code == 200
    cab.hands.forward(60)
    assert (await desk.get("/api/clerk/snapshot")).status_code == 401


async def test_a_session_ends_after_twelve_hours_of_work(desk: httpx.AsyncClient, sign_in: Enter, cab: Any) -> None:
    await sign_in()
    for _ in range(12 * 6 - 1):
        cab.hands.forward(600)
        assert (await desk.post("/api/clerk/search", json={"q": "x"})).status_code == 200
    cab.hands.forward(600)
    assert (await desk.post("/api/clerk/search", json={"q": "x"})).status_code == 401


async def test_presence_needs_the_number_that_the_kiosk_shows(
    desk: httpx.AsyncClient, kiosk: httpx.AsyncClient, sign_in: Enter, cab: Any
) -> None:
    await sign_in()
    early = await desk.post("/api/clerk/presence", json={"number": "0000"})
    assert (early.status_code, early.json()["type"].rsplit(":", 1)[-1]) == (403, "presence-needed")
    await desk.post("/api/clerk/presence/request")
    shown = (await kiosk.get("/api/kiosk/snapshot")).json()["presence_number"]
    assert shown["seconds_left"] == 120
    assert (await desk.post("/api/clerk/presence", json={"number": shown["number"]})).status_code == 200
    assert (await desk.get("/api/clerk/snapshot")).json()["me"]["is_present"]
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["presence_number"] is None
    assert await cab.facts(ev.PresenceProved) == 1
    cab.hands.forward(14 * 60)
    await desk.post("/api/clerk/search", json={"q": "x"})
    cab.hands.forward(61)
    assert not (await desk.get("/api/clerk/snapshot")).json()["me"]["is_present"]


async def test_a_number_is_over_after_two_minutes_or_five_wrong_tries(
    desk: httpx.AsyncClient, sign_in: Enter, cab: Any
) -> None:
    await sign_in()
    await desk.post("/api/clerk/presence/request")
    shown = cab.running.sessions.shown()
    cab.hands.forward(121)
    late = await desk.post("/api/clerk/presence", json={"number": shown.number})
    assert late.status_code == 403
    await desk.post("/api/clerk/presence/request")
    shown = cab.running.sessions.shown()
    wrong = f"{(int(shown.number) + 1) % 10_000:04d}"
    for _ in range(5):
        assert (await desk.post("/api/clerk/presence", json={"number": wrong})).status_code == 403
    assert (await desk.post("/api/clerk/presence", json={"number": shown.number})).status_code == 403
    again = await desk.post("/api/clerk/presence/request")
    assert (again.status_code, again.headers["retry-after"]) == (429, "30")
    assert await cab.facts(ev.PresenceProved) == 0


async def test_one_clerks_number_proves_nothing_for_another(desk: httpx.AsyncClient, sign_in: Enter, cab: Any) -> None:
    await sign_in("minh")
    await desk.post("/api/clerk/presence/request")
    shown = cab.running.sessions.shown()
    desk.cookies.clear()
    await sign_in("lan")
    answer = await desk.post("/api/clerk/presence", json={"number": shown.number})
    assert answer.status_code == 403
