from typing import Any

from stdnum import damm

from simulator.players import until
from tests.scenarios.office import Office, phone
from tests.scenarios.visits import heard


async def back_from_backup(office: Office) -> None:
    """Stop, put the newest backup in place, start."""
    await office.stop("controller")
    await office.run("restore", "--yes")
    await office.restart()


async def until_recounted(office: Office) -> None:
    """Until the centre's facts are back."""

    async def over() -> bool:
        return any(fact["type"] == "RecountFinished" for fact in await office.told())

    await until("the recount with the centre is over", over)


async def compartments(office: Office) -> dict[int, dict[str, Any]]:
    return {one["number"]: one for one in (await office.clerk.snapshot())["compartments"]}


async def test_a_restored_backup_accepts_no_spent_code_and_learns_from_the_centre_what_it_lost(office: Office) -> None:
    await office.load(await office.announce(1), await office.announce(2))
    spent = await office.steel.code_for(phone(1))
    waiting = await office.steel.code_for(phone(2))
    epoch = max(fact["epoch"] for fact in await office.told())
    await office.run("backup")
    await office.collect(spent)
    (later,) = await office.load(await office.announce(3))
    (kept,) = await office.load(await office.announce(4))
    third = await office.steel.code_for(phone(3))
    await office.collect(third)
    await office.centre.until_stage("r-3", "collected")
    await office.told()

    await back_from_backup(office)
    for code in (spent, third, waiting):
        assert (await office.kiosk.type_code(code)).status_code == 403
    await office.clerk.arrive()
    await until_recounted(office)
    for code in (spent, third, waiting):
        assert (await office.kiosk.type_code(code)).status_code == 403, "void: a recount voids every code"

    facts = await office.told()
    assert max(fact["epoch"] for fact in facts) > epoch
    for number, stage in ((1, "collected"), (2, "in_cabinet"), (3, "collected"), (4, "in_cabinet")):
        assert (await office.centre.result(f"r-{number}"))["stage"] == stage
    inside = (await office.clerk.snapshot())["in_cabinet"]
    assert sorted(one["dossiers"][0] for one in inside) == ["H29.190.5-261008-0002", "H29.190.5-261008-0004"]
    assert next(one for one in inside if one["dossiers"][0].endswith("4"))["compartment"] == kept

    fresh = await office.steel.code_for(phone(2), after=1)
    assert fresh != waiting
    assert await office.collect(fresh) == ["H29.190.5-261008-0002"]
    assert await office.collect(await office.steel.code_for(phone(4), after=1)) == ["H29.190.5-261008-0004"]

    waiting_for_a_look = [one for one in (await compartments(office)).values() if one["quarantine"] == "unproved"]
    assert later in [one["number"] for one in waiting_for_a_look]
    numbers = await office.load(*[await office.announce(number) for number in (5, 6)])
    assert not set(numbers) & {one["number"] for one in waiting_for_a_look}, "only proved ones are loaded"
    refused = await office.clerk.post("loads", {"scan": (await office.announce(7))["dossier_code"]})
    assert refused.json()["type"].endswith("no-free-compartment")
    assert await office.clerk.look_into(later, office.steel) == "empty"
    assert await office.load({"dossier_code": "H29.190.5-261008-0007"}) == [later]


async def test_a_restored_backup_without_the_centre_opens_nothing_until_it_knows_what_it_lost(office: Office) -> None:
    await office.load(await office.announce(1), await office.announce(2))
    spent = await office.steel.code_for(phone(1))
    await office.told()
    await office.run("backup")
    await office.collect(spent)
    await heard(office, phone(1), "Neu khong phai ong/ba")
    await office.told()
    await office.stop("centre")
    pulses = await office.pulses()

    await back_from_backup(office)
    assert (await office.kiosk.type_code(spent)).status_code == 403
    await office.clerk.arrive()
    states = await compartments(office)
    assert all(one["quarantine"] == "unproved" for one in states.values())
    assert await office.pulses() == pulses
    messages = len((await office.steel.http.get("/phone")).json())

    await office.stop("controller")
    await office.start("centre")
    await office.restart()
    await office.clerk.arrive()
    await until_recounted(office)
    assert (await office.centre.result("r-1"))["stage"] == "collected"
    fresh = await office.steel.code_for(phone(2), after=1)
    assert await office.collect(fresh) == ["H29.190.5-261008-0002"]
    assert (await office.kiosk.type_code(spent)).status_code == 403
    new = (await office.steel.http.get("/phone")).json()[messages:]
    assert {one["recipient"] for one in new} == {phone(2)}, "the first citizen has it; no message goes there"


async def test_what_a_clerk_saw_while_the_centre_was_away_holds_after_the_recount(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    await office.told()
    await office.run("backup")
    await office.collect(code)
    await office.told()
    await office.stop("centre")
    await back_from_backup(office)
    await office.clerk.arrive()
    assert await office.clerk.look_into(number, office.steel) == "empty"
    await office.stop("controller")
    await office.start("centre")
    await office.restart()
    await office.clerk.arrive()
    await until_recounted(office)
    assert (await office.clerk.snapshot())["in_cabinet"] == []
    kinds = [one["kind"] for one in await office.clerk.incidents()]
    assert kinds == ["recount"], "it is not missing: the centre knows who took it"
    assert (await office.centre.result("r-1"))["stage"] == "collected"
    assert (await compartments(office))[number]["state"] == "free"


async def test_failures_at_the_keypad_outlive_a_restore(office: Office) -> None:
    await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    await office.told()
    await office.run("backup")
    wrong = [digits + str(damm.calc_check_digit(digits)) for digits in (f"{code[:3]}{n:08d}" for n in range(5))]
    for digits in wrong:
        await office.kiosk.type_code(digits)
    assert (await office.kiosk.type_code(code)).json()["type"].endswith("second-check-needed")
    await office.told()
    await back_from_backup(office)
    await office.clerk.arrive()
    await until_recounted(office)
    fresh = await office.steel.code_for(phone(1), after=1)
    failures = [fact for fact in await office.told() if fact["type"] == "AttemptFailed"]
    assert len(failures) == len(wrong)
    if fresh[:3] == code[:3]:
        assert (await office.kiosk.type_code(fresh)).json()["type"].endswith("second-check-needed")
    assert await office.collect(fresh, second=phone(1)[-4:])
