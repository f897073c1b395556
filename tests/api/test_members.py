"""A leader takes somebody in at the desk, renews a second factor, locks and unlocks; the next run still knows."""

from typing import Any

import httpx
import pyotp

from api.roster import Roster
from api.sign_in import SignIn
from locker import events as ev
from tests.api.conftest import DEVICE_KEY, HASHER, PASSWORD, config_of

MEMBERS = "/api/clerk/members"
NEWCOMER = {"user": "hoa", "name": "Đỗ Thị Hòa", "role": "clerk", "password": "con-meo-tren-mai"}


OWN = "bốn mùa hoa gạo đỏ"


def shown(secret: str, hands: Any, password: str = OWN) -> dict[str, str]:
    return {"user": "hoa", "password": password, "code": pyotp.TOTP(secret.replace(" ", "")).at(hands.utc_ms // 1000)}


def first(secret: str, hands: Any, password: str = NEWCOMER["password"], wanted: str = OWN) -> dict[str, str]:
    """The first sign-in, with the password that the leader typed and the one wanted instead."""
    return {**shown(secret, hands, password), "wanted": wanted}


async def taken_in(cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any) -> Any:
    await sign_in("minh")
    cab.hands.forward(31)
    answer = await desk.post(MEMBERS, json={**NEWCOMER, "leader": {"password": PASSWORD, "code": totp()}})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_who_is_taken_in_signs_in_at_once_and_after_a_restart(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any, tmp_path: Any
) -> None:
    made = await taken_in(cab, desk, sign_in, totp)
    assert made["picture"].startswith("data:image/svg+xml")
    assert len(made["recovery_codes"]) == 10
    members = (await desk.get("/api/clerk/snapshot")).json()["members"]
    assert [one["user"] for one in members] == ["lan", "minh", "tu", "hoa"]
    entered = await desk.post("/api/clerk/sign-in", json=first(made["secret"], cab.hands))
    assert entered.json() == {"user": "hoa", "name": "Đỗ Thị Hòa", "role": "clerk"}
    assert (await desk.get("/api/clerk/snapshot")).json()["members"] == []
    roster = Roster(journal=cab.journal, configured=config_of(tmp_path).staff, device_key=DEVICE_KEY)
    after = SignIn(journal=cab.journal, roster=roster, device_key=DEVICE_KEY, clock=cab.hands, hasher=HASHER)
    again = await after.check(user="hoa", password=OWN, code=made["recovery_codes"][3])
    assert again.name == "Đỗ Thị Hòa"


async def test_neither_name_nor_secret_is_in_a_fact_and_the_secret_is_sealed_where_it_is_kept(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    made = await taken_in(cab, desk, sign_in, totp)
    facts, rows = await cab.journal.read(
        lambda connection: (
            connection.execute("SELECT group_concat(body, ' ') FROM event").get,
            connection.execute("SELECT group_concat(body, ' ') FROM personal").get,
        )
    )
    assert NEWCOMER["name"] not in facts
    assert NEWCOMER["name"] in rows
    assert made["secret"].replace(" ", "") not in facts + rows


async def test_a_lost_phone_is_replaced_and_what_it_showed_opens_nothing_any_more(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    lost = await taken_in(cab, desk, sign_in, totp)
    mine = desk.cookies["clerk"]
    assert (await desk.post("/api/clerk/sign-in", json=first(lost["secret"], cab.hands))).status_code == 200
    desk.cookies.set("clerk", mine, domain="127.0.0.1")
    cab.hands.forward(31)
    proof = {"leader": {"password": PASSWORD, "code": totp()}}
    found = (await desk.post(f"{MEMBERS}/hoa/second-factor", json=proof)).json()
    assert found["secret"] != lost["secret"]
    assert (await desk.post("/api/clerk/sign-in", json=shown(lost["secret"], cab.hands))).status_code == 403
    assert (await desk.post("/api/clerk/sign-in", json=shown(found["secret"], cab.hands))).status_code == 200


async def test_a_forgotten_password_is_typed_anew_with_the_second_factor_and_the_one_before_opens_nothing(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    await taken_in(cab, desk, sign_in, totp)
    cab.hands.forward(31)
    proof = {"password": PASSWORD, "code": totp()}
    weak = await desk.post(f"{MEMBERS}/hoa/second-factor", json={"password": "do-thi-hoa-12", "leader": proof})
    assert (weak.status_code, weak.json()["reason"]) == (422, "word")
    anew = {"password": "mây trắng ngang trời", "leader": proof}
    made = (await desk.post(f"{MEMBERS}/hoa/second-factor", json=anew)).json()
    assert (await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))).status_code == 403
    now = shown(made["secret"], cab.hands, password="mây trắng ngang trời")
    refused = await desk.post("/api/clerk/sign-in", json=now)
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (403, "own-password-needed")
    chosen = first(made["secret"], cab.hands, password="mây trắng ngang trời")
    assert (await desk.post("/api/clerk/sign-in", json=chosen)).status_code == 200


async def test_a_locked_member_is_out_at_once_and_in_again_only_by_a_leader_who_proves_it(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    made = await taken_in(cab, desk, sign_in, totp)
    mine = desk.cookies["clerk"]
    await desk.post("/api/clerk/sign-in", json=first(made["secret"], cab.hands))
    theirs = desk.cookies["clerk"]
    desk.cookies.set("clerk", mine, domain="127.0.0.1")
    assert (await desk.post(f"{MEMBERS}/hoa/lock", json={})).status_code == 200
    desk.cookies.set("clerk", theirs, domain="127.0.0.1")
    assert (await desk.get("/api/clerk/snapshot")).status_code == 401
    cab.hands.forward(31)
    assert (await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))).status_code == 403
    desk.cookies.set("clerk", mine, domain="127.0.0.1")
    wrong = {"leader": {"password": "nope", "code": totp()}}
    assert (await desk.post(f"{MEMBERS}/hoa/unlock", json=wrong)).status_code == 403
    proof = {"leader": {"password": PASSWORD, "code": totp()}}
    assert (await desk.post(f"{MEMBERS}/hoa/unlock", json=proof)).status_code == 200
    assert (await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))).status_code == 200


async def test_members_are_a_leaders_and_never_the_leader_themself(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    await sign_in("lan")
    assert (await desk.post(f"{MEMBERS}/tu/lock", json={})).status_code == 403
    await sign_in("minh")
    assert (await desk.post(f"{MEMBERS}/minh/lock", json={})).status_code == 403
    assert (await desk.post(f"{MEMBERS}/nobody/lock", json={})).status_code == 404
    cab.hands.forward(31)
    proof = {"password": PASSWORD, "code": totp()}
    assert (await desk.post(MEMBERS, json={**NEWCOMER, "user": "lan", "leader": proof})).status_code == 409
    weak = await desk.post(MEMBERS, json={**NEWCOMER, "password": "meo", "leader": proof})
    assert weak.json()["type"].endswith("weak-password")


async def test_a_password_that_a_leader_typed_is_good_for_choosing_ones_own_and_for_nothing_else(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    made = await taken_in(cab, desk, sign_in, totp)
    desk.cookies.clear()
    for _ in range(2):
        refused = await desk.post(
            "/api/clerk/sign-in", json=shown(made["secret"], cab.hands, password=NEWCOMER["password"])
        )
        assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (403, "own-password-needed")
        assert "set-cookie" not in refused.headers
    assert await cab.facts(ev.SignInFailed) == 0
    for wanted, reason in ((NEWCOMER["password"], "same"), ("do-thi-hoa-12", "word"), ("ngan-qua", "short")):
        weak = await desk.post("/api/clerk/sign-in", json=first(made["secret"], cab.hands, wanted=wanted))
        assert (weak.status_code, weak.json().get("reason")) == (422, reason)
        cab.hands.forward(31)
    chosen = await desk.post("/api/clerk/sign-in", json=first(made["secret"], cab.hands))
    assert chosen.status_code == 200
    assert (await desk.get("/api/clerk/snapshot")).status_code == 200
    assert await cab.facts(ev.PasswordChanged) == 1
    cab.hands.forward(31)
    before = await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands, password=NEWCOMER["password"]))
    assert (before.status_code, before.json()["type"].rsplit(":", 1)[-1]) == (403, "not-allowed")
    assert (await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))).status_code == 200


async def test_nobody_learns_who_works_here_from_the_password_they_want(desk: httpx.AsyncClient) -> None:
    for user in ("lan", "nobody-by-that-name"):
        asked = {"user": user, "password": "guessed-at-it", "code": "123456", "wanted": "Nguyễn Thị Lan 2026"}
        assert (await desk.post("/api/clerk/sign-in", json=asked)).json()["type"].endswith(":not-allowed"), user
