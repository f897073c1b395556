"""Papers left at the kiosk and taken out by a clerk, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from click.testing import CliRunner

from api.command_line import main as command_line
from locker import events as ev
from locker import keeping, receipts, rows

NEW = {"kind": "new", "size": "S", "phone": "0912 345 678", "phone_again": "0912345678"}
KIOSK = "/api/kiosk"


async def see(kiosk: httpx.AsyncClient) -> Any:
    return (await kiosk.get(f"{KIOSK}/snapshot")).json()


async def offered(kiosk: httpx.AsyncClient, **changed: Any) -> Any:
    answer = await kiosk.post(f"{KIOSK}/intakes", json=NEW | changed)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def left(cab: Any, kiosk: httpx.AsyncClient, **changed: Any) -> Any:
    """Offered, opened, closed, and said to be inside."""
    one = await offered(kiosk, **changed)
    await cab.open(one["compartment"])
    await cab.close(one["compartment"])
    said = await kiosk.post(path(one, "answers"), json={"said": "left"})
    assert said.status_code == 200, said.text
    return one


def path(one: Any, last: str) -> str:
    return f"{KIOSK}/visits/{one['visit']}/intakes/{one['hand_over']}/{last}"


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]


async def test_papers_are_left_and_the_receipt_can_be_checked_anywhere(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient
) -> None:
    one = await offered(kiosk, dossier=None)
    (shown,) = (await see(kiosk))["visit"]["intakes"]
    assert (shown["stage"], shown["bag"], shown["compartment"]) == ("opening", "HS-000001", one["compartment"])
    assert slug(await kiosk.get(path(one, "receipt"))) == (409, "wrong-stage")
    await cab.open(one["compartment"])
    assert (await see(kiosk))["visit"]["intakes"][0]["stage"] == "open"
    await cab.close(one["compartment"])
    assert (await see(kiosk))["visit"]["intakes"][0]["stage"] == "dropped"
    assert (await kiosk.post(path(one, "answers"), json={"said": "left"})).status_code == 200
    told = (await kiosk.get(path(one, "receipt"))).json()
    assert told["title"]["vi"] == "Phiếu ghi nhận gửi hồ sơ qua tủ"
    key = (await kiosk.get(f"{KIOSK}/receipt-key")).json()["key"]
    assert (await desk.get("/health/receipt-key")).json() == {"key": key}
    checked = receipts.check(told["text"], key)
    assert (checked.bag, checked.is_confirmed, checked.evidence) == ("HS-000001", True, "door_cycle")
    assert checked.sent_at == told["sent_at"] != ""
    assert (await keeping.audit(cab.journal, anchor=(checked.seq, checked.head))).is_sound, "the head at the deposit"
    assert not (await keeping.audit(cab.journal, anchor=(checked.seq, "0" * 64))).is_sound
    drawn = await kiosk.get(path(one, "receipt.svg"))
    assert (drawn.headers["content-type"], b"<svg" in drawn.content) == ("image/svg+xml", True)
    outcome = CliRunner().invoke(command_line, ["receipt", told["text"], "--key", key])
    assert (outcome.exit_code, '"bag": "HS-000001"' in outcome.output) == (0, True)
    assert CliRunner().invoke(command_line, ["receipt", told["text"][:-2], "--key", key]).exit_code == 1


async def test_the_answer_is_promised_for_the_next_working_day(cab: Any, kiosk: httpx.AsyncClient) -> None:
    promised = (await see(kiosk))["intake"]["promised"]
    assert promised > cab.running.today(cab.hands())
    one = await left(cab, kiosk)
    assert (await kiosk.get(path(one, "receipt"))).json()["promised"] == promised


async def test_a_double_tap_opens_one_door(cab: Any, kiosk: httpx.AsyncClient) -> None:
    first, second = await offered(kiosk), await offered(kiosk)
    assert first == second
    assert await cab.facts(ev.GrantIssued) == 1


async def test_it_does_not_fit_and_nothing_larger_is_there(cab: Any, kiosk: httpx.AsyncClient) -> None:
    one = await offered(kiosk)
    assert slug(await kiosk.post(path(one, "larger"), json={})) == (409, "compartment-busy")
    await cab.open(one["compartment"])
    await cab.close(one["compartment"])
    refused = await kiosk.post(path(one, "larger"), json={})
    assert slug(refused)[0] == 409
    (shown,) = (await see(kiosk))["visit"]["intakes"]
    assert shown["stage"] == "withdrawn"


async def test_intakes_hold_no_more_than_their_share(cab: Any, kiosk: httpx.AsyncClient) -> None:
    one = await left(cab, kiosk)
    await kiosk.post(f"{KIOSK}/visits/{one['visit']}/leave", json={})
    refused = await kiosk.post(f"{KIOSK}/intakes", json=NEW | {"phone": "0987654321", "phone_again": "0987654321"})
    assert (slug(refused), refused.json()["reason"]) == ((409, "intake-full"), "cabinet")


@pytest.mark.parametrize(
    ("typed", "again", "reason"),
    [
        ("0912345678", "0912345679", "differs"),
        ("02838291234", "02838291234", "landline"),
        ("12", "12", "invalid"),
        ("", "", "invalid"),
    ],
)
async def test_a_phone_that_hears_nothing_is_refused(
    kiosk: httpx.AsyncClient, typed: str, again: str, reason: str
) -> None:
    refused = await kiosk.post(f"{KIOSK}/intakes", json=NEW | {"phone": typed, "phone_again": again})
    assert (slug(refused), refused.json()["reason"]) == ((422, "phone-refused"), reason)


@pytest.mark.parametrize("kind", ["supplement", "originals", "badge"])
async def test_a_kind_names_what_it_needs(kiosk: httpx.AsyncClient, kind: str) -> None:
    assert slug(await kiosk.post(f"{KIOSK}/intakes", json=NEW | {"kind": kind})) == (422, "invalid-request")


async def test_an_organisation_leaves_papers_with_its_badge_alone(cab: Any, kiosk: httpx.AsyncClient) -> None:
    badge = {"kind": "badge", "size": "S", "badge": "CTY-HOA-SEN-07"}
    answer = await kiosk.post(f"{KIOSK}/intakes", json=badge)
    assert answer.status_code == 200
    assert cab.now.intakes[answer.json()["hand_over"]].kind == "badge"


@pytest.mark.parametrize(
    ("dossier", "is_known"),
    [("H29.190.5-261008-0042", True), ("261008 0042", True), ("0042", False), ("H29.190.5-261008-9999", False)],
)
async def test_who_supplements_a_known_dossier_types_no_number_and_nobody_learns_whether_it_is_known(
    cab: Any, kiosk: httpx.AsyncClient, dossier: str, *, is_known: bool
) -> None:
    await cab.announce("r-5", code="H29.190.5-261008-0042", state=5)
    wanted = {"kind": "supplement", "size": "S", "dossier": dossier}
    answer = await kiosk.post(f"{KIOSK}/intakes", json=wanted)
    assert (answer.status_code, set(answer.json())) == (200, {"visit", "hand_over", "compartment", "bag"})
    paper = cab.now.intakes[answer.json()["hand_over"]]
    assert (paper.has_phone, bool(paper.person), paper.is_phone_checked) == (is_known,) * 3
    kept = await cab.journal.read(lambda connection: rows.personal(connection, paper.person))
    assert (kept or {}).get("phone", "") == ("+84901234678" if is_known else "")


@pytest.mark.parametrize("dossier", ["H29.190.5-261008-0042", "H29.190.5-261008-9999"], ids=["known", "unknown"])
async def test_no_limit_tells_whether_a_dossier_is_known(cab: Any, kiosk: httpx.AsyncClient, dossier: str) -> None:
    section = cab.running.config.intake.model_copy(update={"share_percent": 100})
    object.__setattr__(cab.running, "config", cab.running.config.model_copy(update={"intake": section}))
    await cab.announce("r-5", code="H29.190.5-261008-0042", state=5, phone="+84901234678")
    by_code = {"kind": "supplement", "size": "S", "dossier": dossier}
    for _ in range(3):
        first, second = [await kiosk.post(f"{KIOSK}/intakes", json=by_code) for _tap in range(2)]
        assert (first.status_code, second.json()) == (200, first.json()), "a double tap opens one door"
        one = first.json()
        await cab.open(one["compartment"])
        await cab.close(one["compartment"])
        await kiosk.post(path(one, "answers"), json={"said": "left"})
        await kiosk.post(f"{KIOSK}/visits/{one['visit']}/leave", json={})
    await offered(kiosk, phone="0901234678", phone_again="0901234678")


async def test_a_larger_compartment_is_refused_for_nothing_that_the_office_has_on_record(
    cab: Any, kiosk: httpx.AsyncClient
) -> None:
    section = cab.running.config.intake.model_copy(update={"share_percent": 100})
    sizes = {
        number: msgspec.structs.replace(place, size="SSSM"[number - 1]) for number, place in cab.running.places.items()
    }
    object.__setattr__(cab.running, "config", cab.running.config.model_copy(update={"intake": section}))
    object.__setattr__(cab.running, "places", sizes)
    await cab.announce("r-5", code="H29.190.5-261008-0042", state=5, phone="+84901234678")
    for _ in range(2):
        one = await left(cab, kiosk, phone="0901234678", phone_again="0901234678")
        await kiosk.post(f"{KIOSK}/visits/{one['visit']}/leave", json={})
    small = await kiosk.post(f"{KIOSK}/intakes", json={"kind": "supplement", "size": "S", "dossier": "261008 0042"})
    one = small.json()
    await cab.open(one["compartment"])
    await cab.close(one["compartment"])
    assert (await kiosk.post(path(one, "larger"), json={})).status_code == 200


async def test_no_phone_and_no_dossier_stands_in_a_fact(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await left(cab, kiosk, kind="supplement", dossier="H29.190.5-261008-0042")
    bodies = await cab.journal.read(lambda connection: connection.execute("SELECT group_concat(body) FROM event").get)
    assert "345678" not in bodies
    assert "261008" not in bodies


async def test_a_clerk_takes_the_bag_out_and_the_office_answers(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Any
) -> None:
    one = await left(cab, kiosk)
    await be_present()
    (listed,) = (await desk.get("/api/clerk/snapshot")).json()["intakes"]
    assert (listed["stage"], listed["bag"], listed["phone"]) == ("deposited", "HS-000001", "••••• ••678")
    base = f"/api/clerk/intakes/{one['hand_over']}"
    opened = await desk.post(f"{base}/collect", json={})
    assert opened.json()["compartment"] == one["compartment"]
    await cab.open(one["compartment"])
    await cab.close(one["compartment"])
    assert slug(await desk.post(f"{base}/report", json={"bag": "HS-000002", "count": 3})) == (409, "other-bag")
    report = await desk.post(f"{base}/report", json={"bag": "hs-000001", "count": 3})
    assert report.json() == {"look_again": False}
    assert cab.now.compartment(one["compartment"]).is_free
    assert slug(await desk.post(f"{base}/answer", json={"outcome": "registered"})) == (422, "invalid-request")
    filed = {"outcome": "registered", "dossier": "H29.190.5-261009-0007", "appointment": "2026-12-01"}
    assert (await desk.post(f"{base}/answer", json=filed)).status_code == 200
    assert (await desk.get("/api/clerk/snapshot")).json()["intakes"] == []
    assert {notice.template for notice in cab.now.notices.values()} == {"DROPPED", "ACCEPTED"}
    assert slug(await desk.post(f"{base}/answer", json=filed)) == (404, "unknown-intake")


async def test_a_missing_bag_is_looked_for_twice(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, be_present: Any
) -> None:
    one = await left(cab, kiosk)
    await be_present()
    base = f"/api/clerk/intakes/{one['hand_over']}"
    for look_again in (True, False):
        await desk.post(f"{base}/collect", json={})
        await cab.open(one["compartment"])
        await cab.close(one["compartment"])
        assert (await desk.post(f"{base}/report", json={"count": 0})).json() == {"look_again": look_again}
    (incident,) = (await desk.get("/api/clerk/snapshot")).json()["incidents"]
    assert incident["kind"] == "intake_empty"


async def test_a_clerk_who_is_not_there_opens_nothing(
    cab: Any, kiosk: httpx.AsyncClient, desk: httpx.AsyncClient, sign_in: Any
) -> None:
    one = await left(cab, kiosk)
    await sign_in("lan")
    answer = await desk.post(f"/api/clerk/intakes/{one['hand_over']}/collect", json={})
    assert slug(answer) == (403, "presence-needed")


async def test_a_phone_is_checked_by_the_code_that_came_to_it(cab: Any, kiosk: httpx.AsyncClient) -> None:
    phone = {"phone": "0912345678"}
    begun = await kiosk.post(f"{KIOSK}/phone-checks", json=phone)
    visit = begun.json()["visit"]
    (notice,) = cab.running.journal.cabinet.notices.values()
    digits = cab.running.notices.phone_checks.digits(notice.person)
    wrong = NEW | {"phone_again": "", "visit": visit, "otp": f"{(int(digits) + 1) % 10**8:08d}"}
    refused = await kiosk.post(f"{KIOSK}/intakes", json=wrong)
    assert (slug(refused), refused.json()["reason"]) == ((422, "phone-refused"), "otp")
    one = await offered(kiosk, phone_again="", visit=visit, otp=digits)
    assert one["visit"] == visit
    assert cab.running.journal.cabinet.intakes[one["hand_over"]].is_phone_checked
    for expected in (200, 200, 429):
        assert (await kiosk.post(f"{KIOSK}/phone-checks", json=phone)).status_code == expected


async def test_without_a_way_for_messages_no_code_is_promised(cab: Any, kiosk: httpx.AsyncClient) -> None:
    cab.running.notices.is_online = False
    refused = await kiosk.post(f"{KIOSK}/phone-checks", json={"phone": "0912345678"})
    assert slug(refused) == (503, "notices-offline")
    one = await offered(kiosk)
    assert not cab.running.journal.cabinet.intakes[one["hand_over"]].is_phone_checked


async def test_a_landline_gets_no_code(kiosk: httpx.AsyncClient) -> None:
    refused = await kiosk.post(f"{KIOSK}/phone-checks", json={"phone": "02838291234"})
    assert (slug(refused), refused.json()["reason"]) == ((422, "phone-refused"), "landline")
