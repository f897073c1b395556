"""All cabinets on one page: what waits to be loaded, what is inside, what a person must look at."""

from typing import Any

import pytest
import sqlalchemy as sa

from hub import cabinets, results, tables
from hub.cabinets import Cabinet
from hub.store import Store


async def counts(centre: Any) -> list[tuple[str, int, int, int]]:
    shown = (await centre.staff.get("/v1/cabinets")).json()
    return [(one["cabinet"], one["to_load"], one["inside"], one["to_look"]) for one in shown]


async def test_each_cabinet_tells_what_waits_there_and_what_must_be_looked_at(centre: Any, chain: Any) -> None:
    await centre.store.call(cabinets.register, Cabinet(id="hoa-mai-02", key="another-key"))
    assert await counts(centre) == [("hoa-mai-01", 0, 0, 0), ("hoa-mai-02", 0, 0, 0)]
    for wish, result in enumerate(("res-1", "res-2", "res-3", "res-4"), 1):
        await centre.announce(result_id=result)
        chain.add("ResultQueued", wish=wish, result=result)
    await centre.announce(result_id="res-5")
    for compartment, result in enumerate(("res-1", "res-2", "res-3"), 1):
        place = {"hand_over": f"h-{compartment}", "compartment": compartment, "results": [result]}
        chain.add("Loaded", evidence="door_cycle", **place)
    chain.add("Disputed", hand_over="h-1", compartment=1, kind="empty")
    chain.add("Collected", hand_over="h-2", compartment=2, results=["res-2"], evidence="door_cycle")
    await centre.send(chain.facts)
    assert await counts(centre) == [("hoa-mai-01", 2, 2, 1), ("hoa-mai-02", 0, 0, 0)]
    assert (await centre.staff.post("/v1/results/res-2/cancel", json={"reason": "at the counter"})).is_success
    assert await counts(centre) == [("hoa-mai-01", 2, 2, 2), ("hoa-mai-02", 0, 0, 0)]
    await centre.store.call(results.note_conflict, "hoa-mai-01", "res-1", "cancel-refused", "2026-10-08T14:05:00Z")
    assert await counts(centre) == [("hoa-mai-01", 2, 2, 2), ("hoa-mai-02", 0, 0, 0)], "it was to be looked at already"


@pytest.mark.parametrize("index", [tables.fact_unreadable, tables.result_counted], ids=lambda one: str(one.name))
async def test_a_database_of_an_earlier_release_gets_what_makes_counting_cheap(database: str, index: sa.Index) -> None:
    assert index.table is not None
    table = index.table.name

    def indexes(connection: sa.Connection) -> set[str | None]:
        return {one["name"] for one in sa.inspect(connection).get_indexes(table)}

    store = Store(database)
    await store.call(index.drop)
    assert index.name not in await store.call(indexes)
    store.close()
    again = Store(database)
    assert index.name in await again.call(indexes)
    again.close()
