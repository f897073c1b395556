from typing import Any

import httpx

from tests.scenarios.office import Office, phone, result

SECRET = "sk-do-not-repeat-me"


def is_problem(answer: httpx.Response, status: int, ending: str) -> None:
    """RFC 9457, and nothing of what was sent is repeated."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["type"].endswith(ending), problem
    assert problem["status"] == status
    assert problem["title"]
    assert SECRET not in answer.text


async def facts_now(office: Office) -> list[str]:
    """Types of facts, but for what a cabinet that is a minute old finds of itself."""
    kinds = [fact["type"] for fact in await office.told()]
    return [kind for kind in kinds if kind not in ("SelfCheckStarted", "SelfChecked")]


async def test_what_does_not_parse_is_a_problem_and_nothing_is_stored(office: Office) -> None:
    before = await facts_now(office)
    kiosk, clerk = office.kiosk.http, office.clerk
    codes = "/api/kiosk/codes"
    is_problem(await kiosk.post(codes, content=b'{"digits": '), 422, "invalid-request")
    is_problem(await kiosk.post(codes, content=b"\xff\xfe\x00"), 422, "invalid-request")
    is_problem(await kiosk.post(codes, json=[]), 422, "invalid-request")
    is_problem(await kiosk.post(codes, json={"digits": 4821}), 422, "invalid-request")
    is_problem(await kiosk.post(codes, json={"digits": SECRET * 20}), 422, "invalid-request")
    unknown = await kiosk.post(codes, json={"digits": "1", "open_all": True})
    is_problem(unknown, 422, "invalid-request")
    assert unknown.json()["errors"][0]["pointer"] == "/open_all"
    is_problem(await clerk.post("loads", {"scan": "x", "results": ["r-1"]}), 422, "invalid-request")
    is_problem(await clerk.post("loads", {"scan": "x" * 101}), 422, "invalid-request")
    is_problem(await clerk.post("compartments/0/inspect", {}), 422, "invalid-request")
    is_problem(await clerk.post("compartments/999/inspect", {}), 404, "unknown-compartment")
    is_problem(await clerk.post("hand-overs/nobody/reclaim", {}), 404, "unknown-hand-over")
    assert await facts_now(office) == before
    assert await office.pulses() == 0


async def test_what_is_too_large_is_refused_before_it_is_read(office: Office) -> None:
    before = await facts_now(office)
    large = b'{"digits": "' + b"1" * 3_000_000 + b'"}'
    is_problem(await office.kiosk.http.post("/api/kiosk/codes", content=large), 413, "too-large")
    is_problem(await office.clerk.http.post("/v1/wishes", content=large), 413, "too-large")
    assert await facts_now(office) == before


async def test_what_comes_from_elsewhere_is_not_the_kiosk_and_not_a_clerk(office: Office) -> None:
    port = office.desk.ports["kiosk"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as stranger:
        is_problem(await stranger.post("/api/kiosk/codes", json={"digits": "1"}), 401, "not-allowed")
        rebound = await stranger.get("/api/kiosk/snapshot", headers={"host": "evil.example"})
        assert rebound.status_code in (400, 403, 421)
    signed_in = office.clerk.http
    path = "/api/clerk/loads"
    forged = await signed_in.post(path, json={"scan": "x"}, headers={"origin": "http://evil.example"})
    assert forged.status_code in (401, 403)
    other = await office.member(1)
    is_problem(await other.post("loads", {"scan": "x"}), 401, "not-allowed")


async def test_without_presence_no_clerk_opens_a_door(office: Office) -> None:
    announced = await office.announce(1)
    elsewhere = await office.member(3)
    await elsewhere.sign_in()
    is_problem(await elsewhere.post("loads", {"scan": announced["dossier_code"]}), 403, "presence-needed")
    is_problem(await elsewhere.post("compartments/3/inspect", {}), 403, "presence-needed")
    assert await office.pulses() == 0


async def test_somebody_elses_loaded_compartment_needs_a_second_person(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    before = await office.pulses()
    (one,) = (await office.clerk.snapshot())["in_cabinet"]
    is_problem(await office.clerk.post(f"compartments/{number}/inspect", {}), 403, "second-person-needed")
    is_problem(await office.clerk.post(f"hand-overs/{one['hand_over']}/reclaim", {}), 403, "second-person-needed")
    own = office.clerk.person
    again = {"user": own.user, "password": own.password, "code": await office.clerk.fresh.code(own)}
    alone = await office.clerk.post(f"hand-overs/{one['hand_over']}/reclaim", {"second": again})
    is_problem(alone, 403, "second-person-needed")
    assert await office.pulses() == before


async def test_a_totp_code_works_once(office: Office) -> None:
    person = office.staff[5]
    member = await office.member(5)
    code = await member.fresh.code(person)
    shown = {"user": person.user, "password": person.password, "code": code}
    assert (await member.post("sign-in", shown)).is_success
    is_problem(await member.post("sign-in", shown), 403, "not-allowed")


async def test_without_a_usable_phone_it_is_accepted_and_the_clerk_is_told_at_loading(office: Office) -> None:
    for number, given in ((1, None), (2, "02838291234"), (3, "12")):
        await office.announce(number, recipient={"name": "Phạm Hồng Phúc", "phone": given, "key": f"phuc-{number}"})
    waiting = {one["result"]: one for one in (await office.clerk.snapshot())["to_load"]}
    for number in (1, 2, 3):
        one = waiting[f"r-{number}"]
        assert "no_mobile_phone" in one["flags"], one
        assert one["is_loadable"]
        assert one["phone"] is None
    await office.load(result(1))

    (here,) = (await office.clerk.snapshot())["in_cabinet"]
    assert here["stage"] == "loaded"
    assert (await office.steel.http.get("/phone")).json() == []


async def test_a_dossier_code_of_unknown_shape_is_kept_as_it_is_and_flagged(office: Office) -> None:
    odd = "Hồ sơ số 12/UBND <b>của bà Năm</b>"
    await office.announce(1, dossier_code=odd)
    (one,) = (await office.clerk.snapshot())["to_load"]
    assert "dossier_unknown_shape" in one["flags"]
    assert one["dossier"].casefold() == odd.casefold()
    await office.load({"dossier_code": odd})
    assert await office.collect(await office.steel.code_for(phone(1))) == [odd]


BARRED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"fee": "unpaid"}, "unpaid"),
    ({"consent": False}, "consent"),
    ({"by_post": True}, "by_post"),
    ({"state": 5}, "not_finished"),
    ({"procedure_code": "9.999999"}, "procedure"),
)


async def test_what_may_not_be_handed_out_here_is_not_loaded_and_the_reason_is_said(office: Office) -> None:
    for number, (special, reason) in enumerate(BARRED, 1):
        announced = await office.announce(number, **special)
        one = next(one for one in (await office.clerk.snapshot())["to_load"] if one["result"] == f"r-{number}")
        assert (one["is_loadable"], one["reason"]) == (False, reason)
        refused = await office.clerk.post("loads", {"scan": announced["dossier_code"]})
        is_problem(refused, 409, "not-loadable")
        assert refused.json()["reason"] == reason
    assert await office.pulses() == 0
