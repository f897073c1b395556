"""Results as the staff sees them: announced over HTTP, moved by facts, on SQLite and on PostgreSQL."""

from typing import Any

import pytest

from locker import wire


def name_of(answer: Any) -> str:
    return wire.Problem.model_validate(answer.json()).name


async def announced(centre: Any, result: str = "res-1") -> None:
    assert (await centre.announce(result_id=result)).status_code == 201


def load(chain: Any, *results: str, wish: int = 1) -> None:
    for at, result in enumerate(results):
        chain.add("ResultQueued", wish=wish + at, result=result)
    chain.add("Loaded", hand_over="h-1", compartment=5, results=list(results), evidence="door_cycle")


def collect(chain: Any, *results: str) -> None:
    chain.add("Collected", hand_over="h-1", compartment=5, results=list(results), evidence="door_cycle")


async def where(centre: Any, result: str = "res-1") -> tuple[str, int | None]:
    shown = await centre.result(result)
    return shown["stage"], shown["compartment"]


async def test_a_result_is_followed_from_the_announcement_to_the_hand(centre: Any, chain: Any) -> None:
    await announced(centre)
    assert await where(centre) == ("announced", None)
    chain.add("ResultQueued", wish=1, result="res-1")
    await centre.send(chain.facts[-1:])
    assert await where(centre) == ("queued", None)
    chain.add("Loaded", hand_over="h-1", compartment=5, results=["res-1"], evidence="door_cycle")
    await centre.send(chain.facts[-1:])
    assert await where(centre) == ("in_cabinet", 5)
    collect(chain, "res-1")
    await centre.send(chain.facts[-1:])
    shown = await centre.result("res-1")
    assert (shown["stage"], shown["compartment"], shown["evidence"]) == ("collected", 5, "door_cycle")
    assert shown["since"] == chain.facts[-1]["time"]


async def test_a_bundle_of_three_moves_together(centre: Any, chain: Any) -> None:
    names = ["res-1", "res-2", "res-3"]
    for name in names:
        await announced(centre, name)
    bodies = [wish["body"] for wish in (await centre.wishes()).json()["wishes"]]
    assert len({body["recipient"]["key"] for body in bodies}) == 1
    load(chain, *names)
    collect(chain, *names)
    await centre.send(chain.facts)
    assert {await where(centre, name) for name in names} == {("collected", 5)}


async def test_another_phone_or_name_is_another_recipient(light_centre: Any) -> None:
    people = [("Nguyễn Thị Hoa", "0901234567"), ("Nguyễn Thị Hoa", "0907654321"), ("Trần Văn An", "0901234567")]
    for name, phone in people:
        await light_centre.announce(recipient={"name": name, "phone": phone})
    await light_centre.announce(recipient={"name": "nguyễn  thị hoa", "phone": "0901234567"})
    keys = [wish["body"]["recipient"]["key"] for wish in (await light_centre.wishes()).json()["wishes"]]
    assert len(set(keys[:3])) == 3
    assert keys[3] == keys[0]


async def test_the_same_announcement_twice_is_one_wish(centre: Any) -> None:
    assert (await centre.announce(result_id="res-1")).status_code == 201
    assert (await centre.announce(result_id="res-1")).status_code == 200
    other = await centre.announce(result_id="res-1", size="L")
    assert (other.status_code, name_of(other)) == (422, "contradicts-earlier")
    assert (await centre.wishes()).json()["head"] == 1


async def test_a_cancel_before_loading_cancels(centre: Any, chain: Any) -> None:
    await announced(centre)
    answer = await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "taken at the counter"})
    assert answer.status_code == 202
    again = await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "taken at the counter"})
    assert again.status_code == 202
    assert (await centre.wishes()).json()["head"] == 2
    chain.add("ResultQueued", wish=1, result="res-1")
    chain.add("ResultCancelled", wish=2, result="res-1")
    await centre.send(chain.facts)
    assert await where(centre) == ("cancelled", None)
    assert (await centre.result("res-1"))["conflicts"] == []


async def test_a_cancelled_result_stays_in_sight_until_a_clerk_took_it_out(centre: Any, chain: Any) -> None:
    await announced(centre)
    load(chain, "res-1")
    await centre.send(chain.facts)
    await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "withdrawn"})
    chain.add("ResultCancelled", wish=2, result="res-1")
    await centre.send(chain.facts[-1:])
    assert await where(centre) == ("in_cabinet", 5)
    chain.add("Reclaimed", hand_over="h-1", compartment=5, results=["res-1"], actor="clerk-1")
    await centre.send(chain.facts[-1:])
    assert await where(centre) == ("reclaimed", 5)


@pytest.mark.parametrize(("fact", "stage"), [("HandedAtCounter", "handed_out"), ("Posted", "posted")])
async def test_what_was_taken_out_or_never_put_in_is_followed_until_it_leaves_the_counter(
    centre: Any, chain: Any, fact: str, stage: str
) -> None:
    await announced(centre)
    load(chain, "res-1")
    chain.add("Moved", hand_over="h-1", source=5, target=2, results=["res-1"], evidence="door_cycle", is_low=True)
    await centre.send(chain.facts)
    assert await where(centre) == ("in_cabinet", 2)
    chain.add(fact, result="res-1", actor="clerk-1")
    await centre.send(chain.facts[-1:])
    assert await where(centre) == ("in_cabinet", 2), "what is behind a door is not at the counter"
    chain.add("Reclaimed", hand_over="h-1", compartment=2, results=["res-1"], actor="clerk-1")
    chain.add(fact, result="res-1", actor="clerk-1")
    await centre.send(chain.facts[-2:])
    assert await where(centre) == (stage, None)
    await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "too late"})
    assert (await centre.result("res-1"))["conflicts"] == ["taken-before-cancel"]


async def test_a_cancel_that_meets_a_taken_result_is_a_conflict_and_overwrites_nothing(centre: Any, chain: Any) -> None:
    await announced(centre)
    load(chain, "res-1")
    collect(chain, "res-1")
    await centre.send(chain.facts)
    answer = await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "withdrawn"})
    shown = answer.json()
    assert (answer.status_code, shown["stage"], shown["conflicts"]) == (202, "collected", ["taken-before-cancel"])
    assert (await centre.wishes()).json()["head"] == 1


@pytest.mark.parametrize("reply", ["CancelConflicted", "WishRefused", "ResultCancelled"])
async def test_a_cancel_that_crosses_the_collection_is_a_conflict_too(centre: Any, chain: Any, reply: str) -> None:
    await announced(centre)
    load(chain, "res-1")
    await centre.send(chain.facts)
    await centre.staff.post("/v1/results/res-1/cancel", json={"reason": "withdrawn"})
    collect(chain, "res-1")
    chain.add(reply, wish=2, result="res-1", found="collected", reason="already-taken")
    await centre.send(chain.facts[-2:])
    shown = await centre.result("res-1")
    assert (shown["stage"], shown["conflicts"]) == ("collected", ["taken-before-cancel"])


async def test_a_refused_announcement_is_shown_as_refused(centre: Any, chain: Any) -> None:
    await announced(centre)
    chain.add("WishRefused", wish=1, wish_id="w", reason="no-compartment-of-size")
    await centre.send(chain.facts)
    assert await where(centre) == ("refused", None)


async def test_disputes_and_doubts_are_shown_and_a_new_load_clears_them(centre: Any, chain: Any) -> None:
    await announced(centre)
    load(chain, "res-1")
    chain.add("LeftOpen", hand_over="h-1", compartment=5)
    chain.add("Disputed", hand_over="h-1", compartment=5, kind="empty")
    await centre.send(chain.facts)
    shown = await centre.result("res-1")
    assert (shown["is_disputed"], shown["is_uncertain"]) == (True, True)
    chain.add("Loaded", hand_over="h-2", compartment=6, results=["res-1"], evidence="door_cycle")
    await centre.send(chain.facts[-1:])
    shown = await centre.result("res-1")
    assert (shown["is_disputed"], shown["is_uncertain"], shown["compartment"]) == (False, False, 6)


@pytest.mark.parametrize(("outcome", "stage"), [("inside", "in_cabinet"), ("gone", "gone")])
async def test_a_doubt_that_is_settled_tells_where_the_paper_is(
    centre: Any, chain: Any, outcome: str, stage: str
) -> None:
    await announced(centre)
    load(chain, "res-1")
    chain.add("LeftOpen", hand_over="h-1", compartment=5)
    chain.add("Settled", hand_over="h-1", compartment=5, outcome=outcome, evidence="clerk")
    await centre.send(chain.facts)
    shown = await centre.result("res-1")
    assert (shown["stage"], shown["is_uncertain"]) == (stage, False)


@pytest.mark.parametrize(("is_disputed", "stage"), [(False, "collected"), (True, "gone")])
async def test_an_empty_door_after_a_known_hand_over_is_missing_only_if_it_was_disputed(
    centre: Any, chain: Any, *, is_disputed: bool, stage: str
) -> None:
    await announced(centre)
    load(chain, "res-1")
    collect(chain, "res-1")
    if is_disputed:
        chain.add("Disputed", hand_over="h-1", compartment=5, kind="empty")
    chain.add("Settled", hand_over="h-1", compartment=5, outcome="gone", evidence="clerk")
    await centre.send(chain.facts)
    assert (await centre.result("res-1"))["stage"] == stage


async def test_an_amendment_becomes_a_wish_with_only_what_changed(centre: Any, chain: Any) -> None:
    await announced(centre)
    answer = await centre.staff.patch("/v1/results/res-1", json={"phone": None, "deadline": "2026-12-01"})
    assert answer.status_code == 202
    wish = wire.Wish.model_validate((await centre.wishes(after=1)).json()["wishes"][0])
    body = wish.read_body()
    assert isinstance(body, wire.AmendResult)
    assert body.changed.model_dump(mode="json", exclude_unset=True) == {"phone": None, "deadline": "2026-12-01"}
    load(chain, "res-1")
    collect(chain, "res-1")
    await centre.send(chain.facts)
    late = await centre.staff.patch("/v1/results/res-1", json={"phone": None})
    assert (late.status_code, name_of(late)) == (409, "wrong-stage")


async def test_facts_of_one_cabinet_never_move_results_of_another(centre: Any, chain: Any) -> None:
    await announced(centre)
    chain.add("Loaded", hand_over="h-9", compartment=1, results=["res-of-another"], evidence="clerk")
    assert (await centre.send(chain.facts)).status_code == 200
    assert await where(centre) == ("announced", None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "name"),
    [
        ("POST", "/v1/results/nobody/cancel", {"reason": "x"}, 404, "unknown-result"),
        ("PATCH", "/v1/results/nobody", {"state": 9}, 404, "unknown-result"),
        ("PATCH", "/v1/results/nobody", {"colour": "red"}, 422, "invalid-request"),
        ("PATCH", "/v1/results/nobody", {}, 422, "invalid-request"),
        ("GET", "/v1/results/nobody", None, 404, "unknown-result"),
        ("GET", "/v1/results/no%00body", None, 422, "invalid-request"),
        ("POST", "/v1/results", {"cabinet": "hoa-mai-01"}, 422, "invalid-request"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(
    light_centre: Any, method: str, path: str, body: Any, status: int, name: str
) -> None:
    answer = await light_centre.staff.request(method, path, json=body)
    assert (answer.status_code, name_of(answer)) == (status, name)


async def test_an_unknown_cabinet_or_a_mistyped_field_is_refused(centre: Any) -> None:
    unknown = await centre.announce(cabinet="nowhere-01")
    assert (unknown.status_code, name_of(unknown)) == (404, "unknown-cabinet")
    mistyped = await centre.announce(reciept=1)
    assert mistyped.json()["errors"] == [{"pointer": "/reciept", "detail": "Extra inputs are not permitted"}]
    broken = await centre.announce(dossier_code="a\u0000b")
    assert (broken.status_code, name_of(broken)) == (422, "invalid-request")
