"""A cabinet with papers inside moves to another street, serves there, and is retired when it is empty."""

import re

from simulator.desk import CABINET
from simulator.players import until
from tests.scenarios.office import Member, Office, phone

COMPARTMENTS = 2
LOW_CM, HIGH_CM = 80, 120


def leave_few_compartments(office: Office) -> None:
    """The first ones that everybody reaches; a whole cabinet takes a clerk minutes."""
    kept, left = [], COMPARTMENTS
    for block in re.split(r"(?m)^(?=\[)", office.desk.config.read_text(encoding="utf-8")):
        height = re.search(r"height_cm = (\d+)", block)
        if height is not None:
            if not left or not LOW_CM <= int(height[1]) <= HIGH_CM:
                continue
            left -= 1
        kept.append(block)
    office.desk.config.write_text("".join(kept), encoding="utf-8")


async def check_the_stock(office: Office, leader: Member) -> None:
    """The clerk and a leader who agrees look into every compartment."""
    second = {
        "user": leader.person.user,
        "password": leader.person.password,
        "code": await leader.fresh.code(leader.person),
    }
    await office.clerk.done("stock", second=second)
    for _ in range(COMPARTMENTS):
        number = (await office.clerk.done("stock/open"))["compartment"]
        await office.steel.until_sprung(number)
        await office.steel.act(number, "pull")
        found = "as_recorded" if (await office.steel.door(number))["content"] else "empty"
        await office.steel.act(number, "push")
        await office.clerk.until_shut(number)
        await office.clerk.done(f"compartments/{number}/look", found=found)
    await office.clerk.done("stock/finish")


async def told(office: Office, words: str) -> None:
    """The holder's phone gets a message with these words."""

    async def arrived() -> bool:
        messages = (await office.steel.http.get("/phone")).raise_for_status().json()
        return any(one["recipient"] == phone(1) and words in one["text"] for one in messages)

    await until(f"a message says {words}", arrived)


async def test_a_cabinet_moves_with_papers_inside_and_is_retired_when_empty(empty_office: Office) -> None:
    office = empty_office
    leave_few_compartments(office)
    await office.open()
    announced = await office.announce(1)
    await office.load(announced)
    code = await office.steel.code_for(phone(1))
    await office.run("relocate")
    await told(office, "dang tam ngung")
    refused = await office.kiosk.type_code(code)
    assert (refused.status_code, refused.json()["stage"]) == (409, "moving")
    leader = await office.member(1)
    await leader.sign_in()
    await check_the_stock(office, leader)
    await leader.done("relocation/finish", address="25 Hoa Mai")
    await told(office, "da chuyen den 25 Hoa Mai")
    assert await office.collect(code) == [announced["dossier_code"]]

    async def retired() -> bool:
        answer = await leader.post("retirement", {"cabinet": CABINET})
        assert answer.is_success or set(answer.json()["reasons"]) <= {"inside", "notices", "unsent"}, answer.text
        return answer.is_success

    await until("nothing is inside any more and the last facts have arrived", retired)
    assert (await office.kiosk.snapshot())["state"] == "retired"
    kinds = [fact["type"] for fact in await office.told()]
    assert [one for one in kinds if one in ("RelocationStarted", "Relocated", "CabinetRetired")] == [
        "RelocationStarted",
        "Relocated",
        "CabinetRetired",
    ]
