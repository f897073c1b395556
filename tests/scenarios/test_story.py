import asyncio
import sys

from simulator.players import until
from simulator.stack import ROOT
from tests.scenarios.office import Office, phone


async def test_make_demo_tells_the_whole_story_and_ends_well() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator.demo", cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(90):
        out, err = await process.communicate()
    assert process.returncode == 0, (out + err).decode()
    assert "journal, doors and centre agree" in out.decode()


async def test_a_result_travels_from_the_centre_to_a_citizens_hand(office: Office) -> None:
    announced = await office.announce(1)
    await office.load(announced)
    assert await office.collect(await office.steel.code_for(phone(1))) == [announced["dossier_code"]]
    await office.centre.until_stage("r-1", "collected")
    assert [fact["type"] for fact in await office.told() if fact["type"] in ("Loaded", "Collected")] == [
        "Loaded",
        "Collected",
    ]
    assert await office.pulses() == 2


async def test_sixty_four_submissions_of_one_code_at_once_give_one_pulse_and_charge_nothing(office: Office) -> None:
    await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    before = await office.pulses()
    body = {"digits": code, "second": None, "visit": None}
    answers = await asyncio.gather(*(office.kiosk.http.post("/api/kiosk/codes", json=body) for _ in range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["visit"] for answer in answers}) == 1
    office.kiosk.visit = answers[0].json()["visit"]
    door = await office.kiosk.door("open")
    await office.steel.take_out(int(door["compartment"]))
    await office.kiosk.door("closed")
    assert await office.pulses() == before + 1
    facts = await office.told()
    collecting = [fact for fact in facts if fact["type"] == "GrantIssued" and fact["purpose"] == "collect"]
    assert len(collecting) == 1
    assert not [fact for fact in facts if fact["type"] == "AttemptFailed"]


async def test_three_results_of_one_person_come_with_one_code(office: Office) -> None:
    person = {"name": "Nguyễn Thị Hoa", "phone": phone(7), "key": "hoa"}
    three = [await office.announce(number, recipient=person) for number in (1, 2, 3)]
    numbers = await office.load(*three)
    code = await office.steel.code_for(phone(7))
    (await office.kiosk.type_code(code)).raise_for_status()
    opened = []
    for left in (2, 1, 0):
        door = await office.kiosk.door("open")
        opened.append(int(door["compartment"]))
        await office.steel.take_out(opened[-1])
        closed = await office.kiosk.door("closed")
        (await office.kiosk.press("answers", hand_over=closed["hand_over"], said="received_all")).raise_for_status()
        if left:
            (await office.kiosk.press("next")).raise_for_status()
    assert sorted(opened) == sorted(numbers)
    assert (await office.kiosk.type_code(code)).status_code == 403
    messages = (await office.steel.http.get("/phone")).json()
    assert len([one for one in messages if one["recipient"] == phone(7) and "MA MO TU" in one["text"]]) == 1

    async def all_collected() -> bool:
        return all([(await office.centre.result(f"r-{number}"))["stage"] == "collected" for number in (1, 2, 3)])

    await until("the centre knows all three as collected", all_collected)
