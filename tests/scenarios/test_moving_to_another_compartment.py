from simulator.players import until
from tests.scenarios.office import Office, phone


async def test_a_power_cut_while_it_is_carried_loses_nothing_and_the_owner_takes_it_from_its_new_place(
    office: Office,
) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    (one,) = (await office.clerk.snapshot())["in_cabinet"]
    move = f"hand-overs/{one['hand_over']}/move"
    second = office.staff[1]
    agreed = {"user": second.user, "password": second.password, "code": await office.clerk.fresh.code(second)}
    await office.clerk.done(move, second=agreed)
    carried = await office.steel.take_out(number)

    async def at_step(step: str) -> int:
        (seen,) = (await office.clerk.snapshot())["moves"]
        return int(seen["target"]) if (seen["step"], seen["is_at_door"]) == (step, False) else 0

    await until("it is out of its first compartment", lambda: at_step("put"))
    await office.kill()
    await office.restart()
    await office.clerk.arrive()
    target = await at_step("put")
    assert (await office.clerk.compartment(number))["state"] == "uncertain"
    await office.clerk.done(f"{move}/open", door="target")
    await office.steel.put_in(target, carried[0])
    await until("it is in its second compartment", lambda: at_step("confirm"))
    await office.clerk.done(f"{move}/confirm", door="target")
    shown = await office.clerk.snapshot()
    assert (shown["moves"], await office.clerk.incidents(), shown["balance"]["holds"]) == ([], [], True)
    assert (await office.clerk.compartment(number))["state"] == "free"
    assert await office.collect(code) == carried
    assert (await office.steel.door(target))["position"] == "closed"
    moved = [fact["type"] for fact in await office.told() if fact["type"].startswith("Move")]
    assert moved == ["MoveStarted", "Moved"]
