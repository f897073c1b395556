"""Members change their own password and see where they are signed in; a leader signs somebody out everywhere."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.roster import Roster
from api.sign_in import SignIn
from locker import events as ev
from locker.refusals import NotAllowed
from tests.api.conftest import DEVICE_KEY, HASHER, PASSWORD, RECOVERY, config_of

Enter = Callable[..., Awaitable[httpx.Response]]
ACCOUNT = "/api/clerk/account"
WANTED = "con mèo trèo cây cau"


def use(desk: httpx.AsyncClient, cookie: str) -> None:
    desk.cookies.set("clerk", cookie, domain="127.0.0.1")


async def twice_in(desk: httpx.AsyncClient, sign_in: Enter, cab: Any) -> tuple[str, str]:
    """Lan at two computers; the second one is the present one."""
    await sign_in()
    first = desk.cookies["clerk"]
    cab.hands.forward(60)
    await sign_in()
    second = desk.cookies["clerk"]
    cab.hands.forward(60)
    return first, second


async def test_another_password_counts_at_once_and_after_a_restart_and_ends_every_other_session(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any, tmp_path: Path
) -> None:
    first, _second = await twice_in(desk, sign_in, cab)
    asked = {"wanted": WANTED, "own": {"password": PASSWORD, "code": totp()}}
    assert (await desk.post(f"{ACCOUNT}/password", json=asked)).json() == {}
    assert (await desk.get("/api/clerk/snapshot")).status_code == 200
    use(desk, first)
    assert (await desk.get("/api/clerk/snapshot")).status_code == 401
    cab.hands.forward(60)
    assert (await sign_in()).status_code == 403
    assert (await sign_in(password=WANTED)).status_code == 200
    roster = Roster(journal=cab.journal, configured=config_of(tmp_path).staff, device_key=DEVICE_KEY)
    after = SignIn(journal=cab.journal, roster=roster, device_key=DEVICE_KEY, clock=cab.hands, hasher=HASHER)
    again = await after.check(user="lan", password=WANTED, code=RECOVERY[0])
    assert (again.user, again.role) == ("lan", "clerk")


async def test_another_device_key_brings_no_earlier_password_back_while_the_former_key_is_given(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any, tmp_path: Path
) -> None:
    await sign_in()
    cab.hands.forward(60)
    asked = {"wanted": WANTED, "own": {"password": PASSWORD, "code": totp()}}
    assert (await desk.post(f"{ACCOUNT}/password", json=asked)).status_code == 200
    other = bytes(reversed(DEVICE_KEY))
    roster = Roster(journal=cab.journal, configured=config_of(tmp_path).staff, device_key=other)
    assert await roster.reseal(DEVICE_KEY) == 1
    assert await roster.reseal(DEVICE_KEY) == 0, "done once"
    after = SignIn(journal=cab.journal, roster=roster, device_key=other, clock=cab.hands, hasher=HASHER)
    for password, holds in ((PASSWORD, False), (WANTED, True)):
        cab.hands.forward(60)
        if not holds:
            with pytest.raises(NotAllowed):
                await after.check(user="lan", password=password, code=totp())
        else:
            assert (await after.check(user="lan", password=password, code=totp())).user == "lan"


async def test_the_change_is_a_fact_and_neither_password_is_kept_anywhere(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any
) -> None:
    await twice_in(desk, sign_in, cab)
    for wanted, before in ((WANTED, PASSWORD), ("bốn mùa hoa gạo đỏ", WANTED)):
        asked = {"wanted": wanted, "own": {"password": before, "code": totp()}}
        assert (await desk.post(f"{ACCOUNT}/password", json=asked)).status_code == 200
        cab.hands.forward(60)
    assert await cab.facts(ev.PasswordChanged) == 2
    facts, rows, staff = await cab.journal.read(
        lambda connection: (
            connection.execute("SELECT group_concat(body, ' ') FROM event").get,
            connection.execute("SELECT group_concat(body, ' ') FROM personal").get,
            connection.execute("SELECT count(*) FROM personal WHERE kind = 'staff'").get,
        )
    )
    assert staff == 1, "the record before is erased"
    for word in (PASSWORD, WANTED, "bốn mùa hoa gạo đỏ", "argon2"):
        assert word not in facts
    assert WANTED not in rows


async def test_what_was_used_up_stays_used_up(desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any) -> None:
    await sign_in(code=RECOVERY[0])
    number = totp()
    asked = {"wanted": WANTED, "own": {"password": PASSWORD, "code": number}}
    assert (await desk.post(f"{ACCOUNT}/password", json=asked)).status_code == 200
    assert (await sign_in(password=WANTED, code=number)).status_code == 403
    assert (await sign_in(password=WANTED, code=RECOVERY[0])).status_code == 403
    assert (await sign_in(password=WANTED, code=RECOVERY[1])).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("ngan-qua", "short"),
        ("dài quá " * 20, "long"),
        ("123456789012", "common"),
        ("nguyen-di-cho-som", "word"),
        ("Phường của con mèo", "word"),
        (PASSWORD, "same"),
    ],
)
async def test_a_password_that_is_refused_says_why_and_costs_no_six_digits(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any, wanted: str, reason: str
) -> None:
    await sign_in()
    cab.hands.forward(60)
    own = {"password": PASSWORD, "code": totp()}
    refused = await desk.post(f"{ACCOUNT}/password", json={"wanted": wanted, "own": own})
    assert (refused.status_code, refused.json()["reason"]) == (422, reason)
    assert (await desk.post(f"{ACCOUNT}/password", json={"wanted": WANTED, "own": own})).status_code == 200


async def test_who_found_a_page_left_open_changes_and_ends_nothing(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any
) -> None:
    first, _second = await twice_in(desk, sign_in, cab)
    for own in ({"password": "guessed-at-it", "code": totp()}, {"password": PASSWORD, "code": "123456"}):
        assert (await desk.post(f"{ACCOUNT}/password", json={"wanted": WANTED, "own": own})).status_code == 403
        assert (await desk.post(f"{ACCOUNT}/sessions/end", json={"own": own})).status_code == 403
    assert await cab.facts(ev.PasswordChanged) == await cab.facts(ev.SessionsEnded) == 0
    assert await cab.facts(ev.SignInFailed) == 4
    use(desk, first)
    assert (await desk.get("/api/clerk/snapshot")).status_code == 200


async def test_sessions_are_listed_with_since_when_and_where_from_and_one_is_ended(
    desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any
) -> None:
    await sign_in("minh")
    cab.hands.forward(60)
    first, _second = await twice_in(desk, sign_in, cab)
    listed = (await desk.get(f"{ACCOUNT}/sessions")).json()["sessions"]
    assert [one["is_this"] for one in listed] == [True, False]
    assert {one["address"] for one in listed} == {"127.0.0.1"}
    assert listed[1]["since"] == "2026-11-22T09:02:16+07:00"
    assert first not in str(listed)
    ended = {"session": listed[1]["session"], "own": {"password": PASSWORD, "code": totp()}}
    assert (await desk.post(f"{ACCOUNT}/sessions/end", json=ended)).status_code == 200
    assert [one["is_this"] for one in (await desk.get(f"{ACCOUNT}/sessions")).json()["sessions"]] == [True]
    use(desk, first)
    assert (await desk.get("/api/clerk/snapshot")).status_code == 401
    assert await cab.facts(ev.SessionsEnded) == 1


async def test_all_others_end_and_nobody_elses(desk: httpx.AsyncClient, sign_in: Enter, totp: Any, cab: Any) -> None:
    await sign_in("minh")
    leaders = desk.cookies["clerk"]
    theirs = (await desk.get(f"{ACCOUNT}/sessions")).json()["sessions"][0]["session"]
    first, second = await twice_in(desk, sign_in, cab)
    own = {"password": PASSWORD, "code": totp()}
    assert (await desk.post(f"{ACCOUNT}/sessions/end", json={"session": theirs, "own": own})).status_code == 200
    cab.hands.forward(60)
    own["code"] = totp()
    assert (await desk.post(f"{ACCOUNT}/sessions/end", json={"own": own})).status_code == 200
    for cookie, status in ((first, 401), (second, 200), (leaders, 200)):
        use(desk, cookie)
        assert (await desk.get("/api/clerk/snapshot")).status_code == status


async def test_a_leader_signs_somebody_out_everywhere(desk: httpx.AsyncClient, sign_in: Enter, cab: Any) -> None:
    first, second = await twice_in(desk, sign_in, cab)
    assert (await desk.post("/api/clerk/members/tu/sessions/end", json={})).status_code == 403
    await sign_in("minh")
    assert (await desk.post("/api/clerk/members/lan/sessions/end", json={})).status_code == 200
    for cookie in (first, second):
        use(desk, cookie)
        assert (await desk.get("/api/clerk/snapshot")).status_code == 401
    assert await cab.facts(ev.SessionsEnded) == 1


async def test_what_a_browser_kept_is_cleared_when_somebody_signs_out(desk: httpx.AsyncClient, sign_in: Enter) -> None:
    await sign_in()
    assert (await desk.post("/api/clerk/sign-out", json={})).headers["clear-site-data"] == '"cache"'
