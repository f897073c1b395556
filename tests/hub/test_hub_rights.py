"""Who may collect, at the centre: appointment slips, known by their hash only, and delegates of the owner."""

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


async def test_a_delegate_is_wished_and_revoked(light_centre: Any, chain: Any) -> None:
    await light_centre.announce(result_id="res-1")
    who = {"name": "Trần Văn Bình", "phone": "0912345679"}
    named = await light_centre.staff.put("/v1/results/res-1/delegate", json=who)
    revoked = await light_centre.staff.delete("/v1/results/res-1/delegate")
    unknown = await light_centre.staff.put("/v1/results/nobody/delegate", json=who)
    assert [answer.status_code for answer in (named, revoked, unknown)] == [202, 202, 404]
    wishes = (await light_centre.wishes()).json()["wishes"]
    assert [wish["kind"] for wish in wishes] == ["AnnounceResult", "NameDelegate", "RevokeDelegate"]
    assert wishes[1]["body"] == {"result_id": "res-1", "delegate": {**who, "language": "vi"}}
    chain.add("DelegateNamed", wish=2, result="res-1", delegate="g-1")
    chain.add("DelegateRevoked", wish=3, result="res-1", delegate="g-1")
    assert (await light_centre.send(chain.facts)).status_code == 200
