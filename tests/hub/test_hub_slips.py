"""Appointment slips at the centre: minted once, printed, and known by their hash only."""

from typing import Any

from locker import wire


async def mint(light_centre: Any, dossier: str = "H29.190.5-261008-0042") -> Any:
    return await light_centre.staff.post("/v1/slips", json={"dossier_code": dossier})


async def test_a_slip_is_minted_and_its_hash_goes_out_with_the_result(light_centre: Any) -> None:
    first, second = await mint(light_centre), await mint(light_centre)
    assert (first.status_code, second.status_code) == (201, 201)
    token = second.json()["token"]
    assert token != first.json()["token"]
    assert (len(token), token.isdigit()) == (wire.SLIP_DIGITS, True)
    assert second.json()["svg"].startswith("<svg")
    assert second.headers["cache-control"] == "no-store"
    await light_centre.announce(result_id="res-1", dossier_code="H29.190.5-261008-0042")
    (wish,) = (await light_centre.wishes()).json()["wishes"]
    assert wish["body"]["slip_hash"] == wire.slip_hash(token)
    assert token not in str(wish)
    late = await mint(light_centre)
    assert (late.status_code, wire.Problem.model_validate(late.json()).name) == (409, "wrong-stage")
