"""The device key is changed, or the card is put into another computer: what still opens, and who signs in."""

from __future__ import annotations

from otp import sealing
from tests.scenarios.office import Office, phone
from tests.scenarios.visits import heard

CHOSEN = "con mèo trèo cây cau"


async def another_key(office: Office, *, keeps_former: bool) -> None:
    """Stopped, a new key in place of the present one, started again."""
    await office.stop("controller")
    keys = office.desk.config.parent / "keys"
    (keys / "device").rename(keys / "former")
    sealing.create_device_key(keys / "device")
    if keeps_former:
        text = office.desk.config.read_text(encoding="utf-8")
        changed = text.replace('device_key_file = "keys/device"', 'device_key_file = "keys/device"\n{}')
        assert changed != text
        office.desk.config.write_text(changed.format('former_device_key_file = "keys/former"'), encoding="utf-8")
    await office.restart()


async def refused(office: Office, code: str) -> bool:
    """Whether a code that was right opens nothing."""
    pulses = await office.pulses()
    answer = await office.kiosk.type_code(code)
    return answer.status_code == 403 and await office.pulses() == pulses


async def incidents(office: Office) -> list[str]:
    return [one["kind"] for one in (await office.clerk.snapshot())["incidents"]]


async def test_another_key_voids_every_code_and_whoever_waits_gets_a_new_one_unasked(office: Office) -> None:
    await office.load(await office.announce(1), await office.announce(2))
    former = await office.steel.code_for(phone(1))
    await office.told()
    await another_key(office, keeps_former=False)
    (text,) = await heard(office, phone(1), "MA MO TU MOI")
    assert "Ma cu khong dung nua" in text
    assert await refused(office, former), "useless where the key is another one: also the card in another computer"
    assert await office.collect(await office.steel.code_for(phone(1), after=1)) == ["H29.190.5-261008-0001"]
    await office.clerk.arrive()
    assert "device_key_changed" in await incidents(office)
    assert (await office.run("verify")).count('"is_sound": true') == 1
    revoked = [fact["cause"] for fact in await office.told() if fact["type"] == "CodesRevoked"]
    assert revoked.count("key") == 2


async def test_members_sign_in_as_before_while_the_former_key_is_there(empty_office: Office) -> None:
    office = empty_office
    await office.open(clerk_arrives=False)
    await office.clerk.sign_in()
    person, fresh = office.clerk.person, office.clerk.fresh
    own = {"password": person.password, "code": await fresh.code(person)}
    await office.clerk.done("account/password", wanted=CHOSEN, own=own)
    await another_key(office, keeps_former=True)
    await office.clerk.done("sign-in", user=person.user, password=CHOSEN, code=await fresh.code(person))
