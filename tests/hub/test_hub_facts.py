"""Facts over HTTP, on SQLite and on PostgreSQL."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, facts, tables
from locker import wire


def count_facts(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(tables.fact)).scalar_one()


def problem(answer: Any, status: int) -> wire.Problem:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return wire.Problem.model_validate(answer.json())


async def test_a_batch_is_acked_and_a_resend_changes_nothing(centre: Any, chain: Any) -> None:
    batch = chain.grow(100)
    for _ in range(2):
        answer = await centre.send(batch)
        assert (answer.status_code, answer.json()) == (200, {"acked_through": 100})
    assert await centre.store.call(count_facts) == 100


async def test_a_gap_stores_nothing_and_says_where_to_resend_from(centre: Any, chain: Any) -> None:
    batch = chain.grow(10)
    await centre.send(batch[:4])
    told = problem(await centre.send(batch[6:]), 409)
    assert (told.name, told.expected, told.epoch) == ("gap", 5, 1)
    assert await centre.store.call(count_facts) == 4


async def test_one_bad_fact_refuses_the_whole_batch(centre: Any, chain: Any) -> None:
    batch = chain.grow(3)
    batch[2] = {**batch[2], "body": {"compartment": 1, "tampered": True}}
    assert problem(await centre.send(batch), 422).name == "hash-mismatch"
    assert await centre.store.call(count_facts) == 0


async def test_other_content_under_an_acked_number_contradicts(centre: Any, chain: Any, make_chain: Any) -> None:
    await centre.send(chain.grow(2))
    other = make_chain()
    other.add("DoorClosed", compartment=24)
    assert problem(await centre.send(other.facts), 422).name == "contradicts-earlier"


async def test_the_same_batch_sent_at_once_by_many_is_stored_once(centre: Any, chain: Any) -> None:
    batch = chain.grow(20)
    answers = await asyncio.gather(*(centre.send(batch) for _ in range(8)))
    assert {answer.json()["acked_through"] for answer in answers} == {20}
    assert await centre.store.call(count_facts) == 20


async def test_unknown_types_and_fields_are_kept_raw_and_given_back_whole(centre: Any, chain: Any) -> None:
    attached = {"name": "Nguyễn Thị Hoa", "odd": [1.5, None, "\u0000"]}
    chain.add("SomethingOfNextYear", attached=attached, nested={"a": [1, "ạ", "\u0000", {"b": None}]}, big=wire.MAX_INT)
    newer = {**chain.add("RunStarted"), "subject": "res-1"}
    newer["hash"] = wire.event_hash(newer)
    await centre.send([chain.facts[0], newer])
    given = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events")).json()
    assert given["events"] == [chain.facts[0], newer]
    assert (given["epoch"], given["acked_through"], given["head_hash"]) == (1, 2, newer["hash"])


async def test_a_known_type_that_cannot_be_read_is_acked_and_parked_here(centre: Any, chain: Any) -> None:
    chain.add("Loaded", compartment="three")
    chain.add("Parked", cab_seq=1, reason="x")
    assert (await centre.send(chain.facts)).json() == {"acked_through": 2}
    shown = (await centre.staff.get("/v1/facts")).json()
    assert {one["envelope"]["type"]: one["reading"] for one in shown} == {"Loaded": "unreadable", "Parked": "kept"}


async def test_a_fork_is_kept_beside_and_the_present_line_is_given_back(centre: Any, chain: Any) -> None:
    await centre.send(chain.grow(6))
    restored = chain.fork(at=3, epoch=2)
    assert (await centre.send(restored.grow(2))).json() == {"acked_through": 5}
    assert problem(await centre.send([chain.add()]), 409).name == "epoch"

    async def given(**asked: int) -> list[tuple[int, int]]:
        answer = await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events", params=asked)
        return [(one["epoch"], one["cab_seq"]) for one in answer.json()["events"]]

    assert await given(after=1) == [(1, 2), (1, 3), (2, 4), (2, 5)]
    assert await given(epoch=1, after=3) == [(1, 4), (1, 5), (1, 6)]
    assert await given(after=1, limit=2) == [(1, 2), (1, 3)]


async def test_an_empty_centre_says_so_to_a_recount(centre: Any) -> None:
    given = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events")).json()
    assert given == {"events": [], "epoch": 0, "acked_through": 0, "head_hash": wire.GENESIS}


async def test_attached_personal_data_can_be_erased_and_the_facts_stay(centre: Any, chain: Any) -> None:
    chain.add("Loaded", attached={"phone": "0901234567"})
    await centre.send(chain.facts)
    assert await centre.store.call(facts.erase_attached, before="2000") == 0
    assert await centre.store.call(facts.erase_attached, before="9999") == 1
    given = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events")).json()["events"]
    assert given == [{**chain.facts[0], "attached": None}]
    assert wire.Envelope.model_validate(given[0]).is_sound()


async def test_neither_the_fact_log_nor_the_result_list_shows_personal_data(centre: Any, chain: Any) -> None:
    await centre.announce()
    chain.add("Loaded", attached={"phone": "0901234567", "name": "Nguyễn Thị Hoa"})
    await centre.send(chain.facts)
    for path in ("/v1/facts", "/v1/results", "/v1/cabinets"):
        text = (await centre.staff.get(path)).text
        assert "0901234567" not in text
        assert "Hoa" not in text


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("Bearer wrong", 401), ("Basic a2V5", 401), ("Bearer", 401)])
async def test_no_key_or_a_wrong_one_is_refused(light_centre: Any, chain: Any, key: str | None, status: int) -> None:
    light_centre.cabinet.headers.pop("Authorization")
    if key is not None:
        light_centre.cabinet.headers["Authorization"] = key
    answer = await light_centre.send(chain.grow(1))
    assert problem(answer, status).name == "not-allowed"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_key_of_one_cabinet_opens_no_other(light_centre: Any, make_chain: Any) -> None:
    foreign = make_chain(cabinet="hoa-mai-02")
    answer = await light_centre.send(foreign.grow(1), cabinet="hoa-mai-02")
    assert problem(answer, 403).name == "not-allowed"


async def test_a_fact_that_comes_again_on_another_line_has_its_effect_once(centre: Any, chain: Any) -> None:
    await centre.announce(result_id="res-1")
    chain.add("RunStarted", release="0.1.0")
    moved = {"hand_over": "h-1", "compartment": 5, "results": ["res-1"], "evidence": "door_cycle"}
    chain.add("Loaded", **moved)
    loaded = list(chain.facts)
    chain.add("Collected", **moved)
    await centre.send(chain.facts)
    await centre.send(chain.fork(at=1, epoch=2).grow(1))
    again = chain.fork(at=2, epoch=3)
    again.add("RecountStarted", epoch=3, cause="restored", forked_at=1)
    answer = await centre.cabinet.post("/v1/cabinets/hoa-mai-01/events", json={"events": again.facts[1:], "epoch": 3})
    assert answer.json() == {"acked_through": 3}
    assert (await centre.result("res-1"))["stage"] == "collected"
    given = (await centre.cabinet.get("/v1/cabinets/hoa-mai-01/events")).json()["events"]
    assert given[:2] == loaded


async def test_what_a_cabinet_has_free_is_shown_and_measured_as_it_told_last(centre: Any, chain: Any) -> None:
    chain.add("RoomChanged", small=16, medium=6, large=2)
    chain.add("RoomChanged", small=15, medium=6, large=0)
    chain.add("RoomChanged", small="many", medium=6, large=0)
    assert (await centre.send(chain.facts)).status_code == 200
    shown = await centre.store.call(cabinets.standings)
    (room,) = [one.room for one in shown if one.room is not None]
    assert (room.small, room.medium, room.large) == (15, 6, 0)
    read = await centre.store.call(
        lambda connection: connection.execute(sa.select(tables.fact.c.reading)).scalars().all()
    )
    assert sorted(read) == ["read", "read", "unreadable"]
