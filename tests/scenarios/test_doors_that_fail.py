from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator.players import Kiosk, until
from tests.scenarios.office import Office, phone


async def two_loaded(office: Office, **second: Any) -> tuple[tuple[int, int], tuple[str, str]]:
    """Results 1 and 2 in two compartments; their numbers and codes."""
    first, other = await office.load(await office.announce(1), await office.announce(2, **second))
    codes = await office.steel.code_for(phone(1)), await office.steel.code_for(phone(2))
    return (first, other), codes


async def later(office: Office) -> None:
    """Long after any door was shut: within five seconds of that, one that opens again did not latch."""
    await office.stop("controller")
    await office.restart()
    await office.clerk.arrive()


async def seen_open(office: Office, number: int, *, is_open: bool = True) -> None:
    """Until the controller has read the door as open."""

    async def reads_so() -> bool:
        (door,) = [door for door in (await office.kiosk.snapshot())["doors"] if door["number"] == number]
        return bool(door["is_open"] is is_open)

    await until(f"door {number} is read", reads_so)


async def seen_shut(office: Office, number: int) -> None:
    """Until the controller has read the door as closed."""
    await seen_open(office, number, is_open=False)


async def unseen(kiosk: Kiosk) -> dict[str, Any]:
    """The door the kiosk asks about, at the end of its pulse train."""
    return await kiosk.door("unseen")


async def test_while_one_door_stands_open_the_next_citizen_collects_at_another(office: Office) -> None:
    (left_open, _), (first, second) = await two_loaded(office)
    (await office.kiosk.type_code(first)).raise_for_status()
    await seen_open(office, left_open)
    await office.steel.act(left_open, "pull")
    assert await office.collect(second, kiosk=await office.citizen()) == ["H29.190.5-261008-0002"]
    await office.centre.until_stage("r-2", "collected")
    assert (await office.centre.result("r-1"))["stage"] == "in_cabinet", "nothing is booked while it stands open"
    await office.steel.act(left_open, "take")
    await office.steel.act(left_open, "push")
    await office.centre.until_stage("r-1", "collected")


@pytest.mark.parametrize("fault", ["stuck_open", pytest.param("broken_wire", marks=pytest.mark.proof)])
async def test_a_sensor_that_says_open_holds_up_nobody_and_its_owner_says_what_happened(
    office: Office, fault: str
) -> None:
    (broken, _), (first, second) = await two_loaded(office)
    await office.steel.fault(broken, fault)
    await seen_open(office, broken)
    assert await office.collect(second) == ["H29.190.5-261008-0002"]

    citizen = await office.citizen()
    (await citizen.type_code(first)).raise_for_status()
    await office.steel.until_sprung(broken)
    assert await office.steel.take_out(broken) == ["H29.190.5-261008-0001"]
    asked = await unseen(citizen)
    (await citizen.press("answers", hand_over=asked["hand_over"], said="received_all")).raise_for_status()
    await office.centre.until_stage("r-1", "collected")
    (booked,) = [fact for fact in await office.told() if fact["type"] == "Collected" and fact["results"] == ["r-1"]]
    assert booked["evidence"] == "none"
    incidents = [one["kind"] for one in (await office.clerk.snapshot())["incidents"]]
    assert "collected_without_evidence" in incidents
    place = await office.clerk.compartment(broken)
    assert place["is_suspect"]
    (elsewhere,) = await office.load(await office.announce(3))
    assert elsewhere != broken, "a broken sensor blocks its own compartment for new use"


async def test_a_sensor_stuck_closed_asks_its_citizen_and_the_next_one_is_served(office: Office) -> None:
    (broken, _), (first, second) = await two_loaded(office)
    await office.steel.fault(broken, "stuck_closed")
    (await office.kiosk.type_code(first)).raise_for_status()
    await office.steel.until_sprung(broken)
    assert await office.steel.take_out(broken) == ["H29.190.5-261008-0001"]
    asked = await unseen(office.kiosk)
    (await office.kiosk.press("answers", hand_over=asked["hand_over"], said="received_all")).raise_for_status()
    (await office.kiosk.press("leave")).raise_for_status()
    await office.centre.until_stage("r-1", "collected")
    assert (await office.kiosk.type_code(first)).status_code == 403
    assert await office.collect(second, kiosk=await office.citizen()) == ["H29.190.5-261008-0002"]


async def test_a_lock_that_holds_costs_its_owner_nothing_and_the_next_citizen_is_served_meanwhile(
    office: Office,
) -> None:
    (jammed, _), (first, second) = await two_loaded(office)
    before = (await office.steel.door(jammed))["pulses"]
    await office.steel.fault(jammed, "jammed")
    (await office.kiosk.type_code(first)).raise_for_status()
    await office.kiosk.door("opening")
    assert await office.collect(second, kiosk=await office.citizen()) == ["H29.190.5-261008-0002"]

    async def train_is_over() -> bool:
        return not (await office.clerk.snapshot())["grants"]

    await until("the train is over", train_is_over)
    assert (await office.steel.door(jammed))["pulses"] == before + 3
    again = await office.kiosk.type_code(first)
    assert again.is_success or again.json()["type"].endswith("door-did-not-open")
    assert not [fact for fact in await office.told() if fact["type"] == "AttemptFailed"]
    assert (await office.centre.result("r-1"))["stage"] == "in_cabinet"


async def board_dies(office: Office, number: int) -> str:
    """The board of this door answers no more, and the controller has missed it; its name."""
    board = next(door["board"] for door in (await office.steel.state())["doors"] if door["number"] == number)
    (await office.steel.http.post(f"/boards/{board}/fault", json={"kind": "dead"})).raise_for_status()

    async def noticed() -> bool:
        parts = (await office.clerk.http.get("/health/ready")).json()["parts"]
        return not parts["boards"][board]["is_online"]

    await until("the board is missed", noticed)
    return str(board)


async def test_a_dead_board_stops_its_own_doors_only(office: Office) -> None:
    (first_door, second_door), (first, second) = await two_loaded(office, size="L")
    boards = {door["number"]: door["board"] for door in (await office.steel.state())["doors"]}
    assert boards[first_door] != boards[second_door]
    board = await board_dies(office, first_door)
    refused = await office.kiosk.type_code(first)
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (503, "board-offline")
    assert await office.collect(second) == ["H29.190.5-261008-0002"]
    (await office.steel.http.post(f"/boards/{board}/fault", json={"kind": "none"})).raise_for_status()
    await office.until_doors_serve()
    assert await office.collect(first) == ["H29.190.5-261008-0001"]
    assert not [fact for fact in await office.told() if fact["type"] == "AttemptFailed"]


async def owed(office: Office, kind: str) -> list[dict[str, Any]]:
    return [fact for fact in await office.told() if fact["type"] == kind]


async def kept_through(office: Office, number: int) -> str:
    """The last day of the only result inside, once the centre has heard that the cabinet makes its failure good."""

    async def told() -> Any:
        return await owed(office, "StayMadeGood")

    (fact,) = await until("what is owed is made good", told)
    (inside,) = [one for one in (await office.clerk.snapshot())["in_cabinet"] if one["compartment"] == number]
    assert inside["deadline"] == fact["deadline"]
    assert not inside["is_overdue"]
    assert (await office.centre.result("r-1"))["kept_until"] == fact["deadline"]
    return str(fact["deadline"])


async def test_who_came_while_a_board_was_away_has_a_week_from_when_it_is_back(office: Office) -> None:
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    (number,) = await office.load(await office.announce(1, deadline=today.isoformat()))
    code = await office.steel.code_for(phone(1))
    board = await board_dies(office, number)
    assert (await office.kiosk.type_code(code)).json()["type"].endswith("board-offline")
    assert [one["cause"] for one in await owed(office, "CameInVain")] == ["away"]
    assert await owed(office, "StayMadeGood") == [], "nobody could come and have it yet"
    (await office.steel.http.post(f"/boards/{board}/fault", json={"kind": "none"})).raise_for_status()
    await office.until_doors_serve()
    await office.clerk.show_presence()
    assert await kept_through(office, number) >= (today + timedelta(days=7)).isoformat()
    assert await office.collect(code) == ["H29.190.5-261008-0001"]


async def test_whose_door_stayed_shut_has_a_week_from_then(office: Office) -> None:
    today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
    (number,) = await office.load(await office.announce(1, deadline=today.isoformat()))
    await office.steel.fault(number, "jammed")
    (await office.kiosk.type_code(await office.steel.code_for(phone(1)))).raise_for_status()
    asked = await unseen(office.kiosk)
    (await office.kiosk.press("answers", hand_over=asked["hand_over"], said="door_stayed_shut")).raise_for_status()
    assert [one["cause"] for one in await owed(office, "CameInVain")] == ["stayed_shut"]
    assert await owed(office, "StayMadeGood") == [], "the visit goes on"
    (await office.kiosk.press("leave")).raise_for_status()
    assert await kept_through(office, number) >= (today + timedelta(days=7)).isoformat()


async def test_an_unplugged_line_refuses_kindly_pulses_nothing_later_and_serves_when_it_is_back(
    office: Office,
) -> None:
    _, (first, _) = await two_loaded(office)
    line = "/lines/A/fault"
    (await office.steel.http.post(line, json={"kind": "unplug"})).raise_for_status()

    async def says_so() -> bool:
        return bool((await office.kiosk.snapshot())["state"] == "fault")

    pulses = await office.pulses()
    await until("the kiosk says that doors cannot be opened", says_so)
    refused = await office.kiosk.type_code(first)
    assert refused.status_code == 503
    (await office.steel.http.post(line, json={"kind": "replug"})).raise_for_status()
    await office.until_doors_serve()
    assert await office.pulses() == pulses, "what was refused is not done later"
    assert await office.collect(first) == ["H29.190.5-261008-0001"]


async def test_a_door_that_opens_in_place_of_another_books_nothing_and_takes_its_board_out_of_service(
    office: Office,
) -> None:
    (granted, other), (first, second) = await two_loaded(office)
    await later(office)
    swapped = {"kind": "swapped", "other": other}
    (await office.steel.http.post(f"/doors/{granted}/fault", json=swapped)).raise_for_status()
    (await office.kiosk.type_code(first)).raise_for_status()

    async def alarmed() -> bool:
        return "wrong_door" in [one["kind"] for one in (await office.clerk.snapshot())["incidents"]]

    await until("the wrong door is noticed", alarmed)
    for number in (granted, other):
        assert (await office.clerk.compartment(number))["quarantine"]
    for code in (first, second):
        assert (await office.kiosk.type_code(code)).json()["type"].endswith("board-offline")
    kinds = [fact["type"] for fact in await office.told()]
    assert "WrongDoorOpened" in kinds
    assert "Collected" not in kinds


async def test_a_door_forced_open_is_an_incident_and_its_code_still_works(office: Office) -> None:
    (forced, _), (first, _) = await two_loaded(office)
    await later(office)
    await office.steel.act(forced, "force")
    await seen_open(office, forced)
    await office.steel.act(forced, "push")
    await seen_shut(office, forced)

    async def alarmed() -> bool:
        return "opened_unasked" in [one["kind"] for one in (await office.clerk.snapshot())["incidents"]]

    await until("it is an incident", alarmed)
    assert await office.collect(first) == ["H29.190.5-261008-0001"]
