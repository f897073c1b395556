import pytest

from simulator.players import until
from tests.scenarios.cut import Cut, Side
from tests.scenarios.office import Office, phone, result


async def energised(office: Office, number: int) -> None:
    async def drawing() -> bool:
        return bool((await office.steel.door(number))["is_energised"])

    await until(f"lock {number} draws current", drawing)


async def at_rest(office: Office, number: int) -> None:
    async def resting() -> bool:
        return not (await office.steel.door(number))["is_energised"]

    await until(f"lock {number} is at rest", resting)


async def test_killed_during_the_pulse_the_citizen_takes_it_and_nothing_is_pulsed_again(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    (await office.kiosk.type_code(code)).raise_for_status()
    await energised(office, number)
    await office.kill()
    await at_rest(office, number)
    pulses = await office.pulses()
    await office.restart()
    assert await office.pulses() == pulses
    assert (await office.steel.door(number))["position"] == "ajar"
    assert await office.steel.take_out(number)
    await office.centre.until_stage("r-1", "collected")
    assert (await office.kiosk.type_code(code)).status_code == 403
    assert await office.pulses() == pulses


async def test_killed_during_the_pulse_and_shut_meanwhile_the_code_is_still_good(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    pulses = await office.pulses()
    (await office.kiosk.type_code(code)).raise_for_status()
    await energised(office, number)
    await office.kill()
    await at_rest(office, number)
    await office.steel.act(number, "push")
    await office.restart()
    assert await office.collect(code)
    assert await office.pulses() == pulses + 2
    await office.centre.until_stage("r-1", "collected")


async def test_killed_while_the_door_is_open_the_closing_without_anybody_watching_is_still_booked(
    office: Office,
) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    (await office.kiosk.type_code(code)).raise_for_status()
    await office.kiosk.door("open")
    await office.steel.until_sprung(number)
    await office.kill()
    await office.steel.take_out(number)
    await office.restart()
    await office.centre.until_stage("r-1", "collected")
    assert (await office.kiosk.type_code(code)).status_code == 403


async def test_killed_while_a_loading_door_is_open_the_envelope_inside_is_on_record(office: Office) -> None:
    announced = await office.announce(1)
    answer = await office.clerk.done("loads", scan=announced["dossier_code"])
    number = int(answer["compartment"])
    await office.steel.until_sprung(number)
    await office.kill()
    await office.steel.put_in(number, announced["dossier_code"])
    await office.restart()
    await office.clerk.arrive()
    await office.clerk.until_loaded(answer["hand_over"])
    await office.clerk.close_round()
    assert await office.collect(await office.steel.code_for(phone(1))) == [announced["dossier_code"]]


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.proof)])
async def test_killed_at_any_commit_of_a_first_start_the_next_start_is_an_ordinary_one(
    empty_office: Office, cut: Cut, stride: int
) -> None:
    journal = empty_office.desk.state / "journal"
    for side in (Side.BEFORE, Side.AFTER):
        at, was_cut = 1 - stride, True
        while was_cut:
            at += stride
            for left in journal.iterdir():
                left.unlink()
            was_cut = await _cut_start(empty_office, cut, side, at)
            if was_cut:
                await empty_office.start("controller")
            await empty_office.stop("controller")
            assert [fact["type"] for fact in empty_office.facts()].count("RunStarted") in (1, 2)
        assert at > 1


async def _cut_start(office: Office, cut: Cut, side: Side, at: int) -> bool:
    cut.order(side, at)
    try:
        await office.start("controller", environment=cut.environment)
    except AssertionError:
        assert office.parts.pop("controller").process.returncode == -9
        return True
    finally:
        cut.cancel()
    return False


async def test_killed_at_any_commit_a_wish_is_executed_once_and_answered_once(empty_office: Office, cut: Cut) -> None:
    office = empty_office
    await office.start("simulator")
    await office.start("centre")
    await office.start("controller", environment=cut.environment)
    await office.meet()
    number = 0
    for side in (Side.BEFORE, Side.AFTER):
        at, was_cut = 0, True
        while was_cut:
            at, number = at + 1, number + 1
            cut.order(side, at)
            await _announce_amend_cancel(office, number)
            died = office.parts["controller"].process
            was_cut = not await _is_in_step(office, number)
            if was_cut:
                assert died.returncode == -9
                cut.cancel()
                await office.restart(environment=cut.environment)
            await office.centre.until_stage(f"r-{number}", "cancelled")
    await office.stop("controller")
    answered = [fact["wish"] for fact in office.facts() if "wish" in fact]
    assert answered == list(range(1, 3 * number + 1))


async def _announce_amend_cancel(office: Office, number: int) -> None:
    http = office.centre.http
    (await http.post("/v1/results", json=result(number))).raise_for_status()
    (await http.patch(f"/v1/results/r-{number}", json={"phone": phone(number + 500)})).raise_for_status()
    (await http.post(f"/v1/results/r-{number}/cancel", json={"reason": "counter"})).raise_for_status()


async def _is_in_step(office: Office, number: int) -> bool:
    """True once the centre knows the end of it; False if the controller died on the way."""
    process = office.parts["controller"].process

    async def settled() -> bool:
        """Dead, or the last of the wishes' answers has come and its cursor has moved, which is a commit as well."""
        if process.returncode is not None:
            return True
        if (await office.centre.result(f"r-{number}"))["stage"] != "cancelled":
            return False
        return "locker_unsent_facts 0.0" in (await office.clerk.http.get("/metrics")).text

    await until("the wishes are answered or the power is cut", settled)
    return process.returncode is None
