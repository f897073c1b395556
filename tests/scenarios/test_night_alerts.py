"""Outside office hours, on real processes: who is woken, and what they read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from simulator.players import until
from tests.scenarios.office import Office

DUTY, LEADER = "+84900000001", "+84900000002"


def close_the_office(office: Office) -> None:
    """It is a holiday of the unit's own, whatever the time is while this test runs."""
    today = datetime.now(UTC).date()
    closed = "".join(f"\n[[calendar.day]]\ndate = {today + timedelta(days=n)}\n" for n in (-1, 0, 1))
    on_call = f'\n[alerts]\nduty = ["{DUTY}"]\nleader = ["{LEADER}"]\ndigest_at = "23:59"\n'
    with office.desk.config.open("a", encoding="utf-8") as config:
        config.write(closed + on_call)


async def to_staff(office: Office) -> list[dict[str, Any]]:
    messages = (await office.steel.http.get("/phone")).raise_for_status().json()
    return [one for one in messages if one["recipient"] in (DUTY, LEADER)]


async def test_a_forced_door_with_papers_inside_is_told_once_also_over_a_power_cut(empty_office: Office) -> None:
    office = empty_office
    close_the_office(office)
    await office.open()
    (number,) = await office.load(await office.announce(1))
    await office.stop("controller")
    await office.restart()
    await office.steel.act(number, "force")

    async def both_told() -> bool:
        return {one["recipient"] for one in await to_staff(office)} == {DUTY, LEADER}

    await until("those on call are told", both_told)
    for one in await to_staff(office):
        assert f"ngan {number} dang co giay to bi mo khong qua ma" in one["text"]
        assert "261008" not in one["text"]
    await office.kill()
    await office.restart()
    await office.clerk.arrive()
    told = [fact for fact in await office.told() if fact["type"] == "StaffAlerted"]
    assert [fact["kind"] for fact in told] == ["opened_unasked"]
    assert len(await to_staff(office)) == 2
