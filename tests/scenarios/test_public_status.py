"""Who asks at the kiosk and at home, keeps it longer, wants it at the counter, and rates: over HTTP and real frames."""

from __future__ import annotations

from typing import Any

from simulator.players import until
from tests.scenarios.office import Office, phone

ASKED = {"dossier": "261008 0001", "phone": phone(1)[-4:]}


async def told_at_home(office: Office, code: str) -> tuple[str, str]:
    """What the centre's public route says of dossier 1."""
    body = {"dossier_code": code, "phone_last4": ASKED["phone"]}
    (one,) = (await office.centre.http.post("/v1/status", json=body)).raise_for_status().json()["results"]
    return one["what"], one["until"]


async def wish(office: Office, what: str, hand_over: str) -> None:
    answer = await office.kiosk.http.post(f"/api/kiosk/status/{what}", json={**ASKED, "hand_over": hand_over})
    answer.raise_for_status()


async def test_a_person_asks_keeps_it_longer_and_gets_it_at_the_counter_and_another_rates(office: Office) -> None:
    mine, other = await office.announce(1), await office.announce(2)
    await office.load(mine, other)
    await office.steel.code_for(phone(1))
    told = (await office.kiosk.http.post("/api/kiosk/status", json=ASKED)).raise_for_status().json()
    stay = told["results"][0]["stay"]
    assert (told["works"], told["results"][0]["what"], stay["until"]) == (True, "inside", mine["deadline"])
    wrong = await office.kiosk.http.post("/api/kiosk/status", json={**ASKED, "phone": "9999"})
    unknown = await office.kiosk.http.post("/api/kiosk/status", json={**ASKED, "dossier": "2610089999"})
    assert (wrong.status_code, wrong.text) == (unknown.status_code, unknown.text) == (404, wrong.text)

    await wish(office, "extend", stay["hand_over"])
    await wish(office, "counter", stay["hand_over"])
    assert [fact["type"] for fact in await office.told() if fact["type"] in ("StayExtended", "CounterAsked")] == [
        "StayExtended",
        "CounterAsked",
    ]
    assert await told_at_home(office, mine["dossier_code"]) == ("inside", stay["longer"])
    shown = await office.clerk.inside(stay["hand_over"])
    assert shown is not None
    assert shown["is_counter_wanted"]
    await office.clerk.done(f"hand-overs/{stay['hand_over']}/reclaim")
    assert await office.steel.take_out(shown["compartment"]) == [mine["dossier_code"]]
    await office.centre.until_stage("r-1", "reclaimed")
    assert (await told_at_home(office, mine["dossier_code"]))[0] == "at_counter"

    async def heard() -> bool:
        messages = (await office.steel.http.get("/phone")).json()
        return any("Theo yeu cau" in one["text"] for one in messages if one["recipient"] == phone(1))

    await until("the person hears that it is at the counter", heard)

    await office.collect(await office.steel.code_for(phone(2)))
    visit = (await office.kiosk.snapshot())["rateable"]
    rated = await office.kiosk.http.post(f"/api/kiosk/visits/{visit}/rating", json={"face": "good"})
    rated.raise_for_status()
    await read_as_leader(office)


async def read_as_leader(office: Office) -> None:
    leader: Any = await office.member(1)
    await leader.sign_in()
    today = (await leader.snapshot())["time"][:10]
    span = {"from": today, "to": today}
    (line,) = (await leader.http.get("/api/clerk/reports", params=span)).raise_for_status().json()["periods"]
    assert (line["loaded"], line["collected"], line["reclaimed"], line["rated_good"]) == (2, 1, 1, 1)
    page = await leader.http.get("/api/clerk/reports", params={**span, "as": "html"})
    assert "<svg" in page.raise_for_status().text
    balance = (await leader.http.get("/api/clerk/balance")).raise_for_status().json()
    assert (balance["holds"], balance["now"], balance["uncertain"]) == (True, 0, [])
