"""Papers left in the evening, and the clerk's round in the morning: over HTTP and real frames."""

from __future__ import annotations

from typing import Any

from locker import receipts
from simulator.players import until
from tests.scenarios.office import Office, phone


async def at_stage(office: Office, stage: str) -> Any:
    """The one intake of the visit, once the kiosk shows it so."""

    async def shown() -> Any:
        visit = (await office.kiosk.snapshot())["visit"]
        intakes = [] if visit is None else visit["intakes"]
        return next((one for one in intakes if one["stage"] == stage), None)

    return await until(f"the kiosk shows an intake as {stage}", shown)


async def leave(office: Office, number: int) -> Any:
    """A citizen is offered a compartment, puts a bag in, and closes its door; what was offered."""
    typed = {"kind": "new", "size": "S", "phone": phone(number), "phone_again": phone(number)}
    answer = await office.kiosk.http.post("/api/kiosk/intakes", json=typed)
    assert answer.is_success, answer.text
    offered = answer.json()
    await office.steel.put_in(offered["compartment"], offered["bag"])
    await at_stage(office, "dropped")
    return offered


async def test_papers_left_at_the_cabinet_reach_the_office_and_its_answer_the_citizen(office: Office) -> None:
    offered = await leave(office, 1)
    path = f"/api/kiosk/visits/{offered['visit']}/intakes/{offered['hand_over']}"
    (await office.kiosk.http.post(f"{path}/answers", json={"said": "left"})).raise_for_status()
    told = (await office.kiosk.http.get(f"{path}/receipt")).raise_for_status().json()
    key = (await office.clerk.http.get("/health/receipt-key")).raise_for_status().json()["key"]
    assert receipts.check(told["text"], key).bag == offered["bag"]
    (await office.kiosk.http.post(f"/api/kiosk/visits/{offered['visit']}/leave", json={})).raise_for_status()

    opened = await office.clerk.done(f"intakes/{offered['hand_over']}/collect")
    assert await office.steel.take_out(opened["compartment"]) == [offered["bag"]]

    async def emptied() -> bool:
        (one,) = (await office.clerk.snapshot())["intakes"]
        return bool(one["is_emptied"])

    await until("the door of the round has closed", emptied)
    await office.clerk.done(f"intakes/{offered['hand_over']}/report", bag=offered["bag"], count=4)
    filed = {"outcome": "registered", "dossier": "H29.190.5-261009-0007", "appointment": "2030-12-30"}
    await office.clerk.done(f"intakes/{offered['hand_over']}/answer", **filed)
    assert [
        fact["type"] for fact in await office.told() if "Intake" in fact["type"] or fact["type"] == "Deposited"
    ] == [
        "IntakeOffered",
        "Deposited",
        "IntakeCollected",
        "IntakeAnswered",
    ]

    async def heard() -> bool:
        messages = (await office.steel.http.get("/phone")).json()
        texts = [one["text"] for one in messages if one["recipient"] == phone(1)]
        return len(texts) == 2 and any(filed["dossier"] in text for text in texts)

    await until("the citizen heard of the deposit and of the registration", heard)


async def test_a_kill_after_the_door_closed_keeps_the_deposit_that_nobody_confirmed(office: Office) -> None:
    offered = await leave(office, 2)
    await office.kill()
    await office.restart()
    await office.clerk.arrive()

    async def deposited() -> Any:
        (one,) = (await office.clerk.snapshot())["intakes"]
        return one if one["stage"] == "deposited" else None

    one = await until("the deposit is on record", deposited)
    assert (one["bag"], one["compartment"], one["is_confirmed"]) == (offered["bag"], offered["compartment"], False)
    assert one["evidence"] == "door_cycle"
