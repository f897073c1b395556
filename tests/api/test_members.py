"""A leader takes somebody in at the desk, renews a second factor, locks and unlocks; the next run still knows."""

from typing import Any

import httpx
import pyotp

from api.roster import Roster
from api.sign_in import SignIn
from tests.api.conftest import DEVICE_KEY, HASHER, PASSWORD, config_of

MEMBERS = "/api/clerk/members"
NEWCOMER = {"user": "hoa", "name": "Đỗ Thị Hòa", "role": "clerk", "password": "con-meo-tren-mai"}


def shown(secret: str, hands: Any, password: str = NEWCOMER["password"]) -> dict[str, str]:
    return {"user": "hoa", "password": password, "code": pyotp.TOTP(secret.replace(" ", "")).at(hands.utc_ms // 1000)}


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
    entered = await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))
    assert entered.json() == {"user": "hoa", "name": "Đỗ Thị Hòa", "role": "clerk"}
    assert (await desk.get("/api/clerk/snapshot")).json()["members"] == []
    roster = Roster(journal=cab.journal, configured=config_of(tmp_path).staff, device_key=DEVICE_KEY)
    after = SignIn(journal=cab.journal, roster=roster, device_key=DEVICE_KEY, clock=cab.hands, hasher=HASHER)
    again = await after.check(user="hoa", password=NEWCOMER["password"], code=made["recovery_codes"][3])
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
    assert (await desk.post("/api/clerk/sign-in", json=now)).status_code == 200


async def test_a_locked_member_is_out_at_once_and_in_again_only_by_a_leader_who_proves_it(
    cab: Any, desk: httpx.AsyncClient, sign_in: Any, totp: Any
) -> None:
    made = await taken_in(cab, desk, sign_in, totp)
    mine = desk.cookies["clerk"]
    await desk.post("/api/clerk/sign-in", json=shown(made["secret"], cab.hands))
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
