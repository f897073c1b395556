"""Wishes over HTTP: pulled by long poll, on SQLite and on PostgreSQL."""

import asyncio
from typing import Any

import pytest

from locker import wire


async def test_wishes_come_in_order_after_the_cursor(centre: Any) -> None:
    for number in range(3):
        assert (await centre.announce(result_id=f"res-{number}")).status_code == 201
    first = wire.WishesOut.model_validate((await centre.wishes()).json())
    assert [wish.wish_seq for wish in first.wishes] == [1, 2, 3]
    assert first.head == 3
    later = wire.WishesOut.model_validate((await centre.wishes(after=2)).json())
    assert [wish.wish_seq for wish in later.wishes] == [3]
    body = later.wishes[0].read_body()
    assert isinstance(body, wire.AnnounceResult)
    assert (body.result_id, body.recipient.phone) == ("res-2", "0901234567")


async def test_a_wish_carries_the_last_fact_the_centre_knew(centre: Any, chain: Any) -> None:
    await centre.send(chain.grow(7))
    await centre.announce()
    assert (await centre.wishes()).json()["wishes"][0]["seen_through"] == 7


async def test_a_page_holds_at_most_a_hundred(light_centre: Any) -> None:
    for number in range(103):
        await light_centre.announce(result_id=f"res-{number}")
    page = (await light_centre.wishes()).json()
    assert (len(page["wishes"]), page["head"]) == (100, 103)
    rest = (await light_centre.wishes(after=100)).json()
    assert [wish["wish_seq"] for wish in rest["wishes"]] == [101, 102, 103]


async def test_a_page_of_large_wishes_stays_below_the_body_limit(light_centre: Any) -> None:
    for number in range(60):
        await light_centre.announce(result_id=f"res-{number}", items=["ẫ" * 200] * 10)
    seen = 0
    while seen < 60:
        answer = await light_centre.wishes(after=seen)
        assert len(answer.content) < wire.MAX_BODY_BYTES
        seen = answer.json()["wishes"][-1]["wish_seq"]


async def test_several_long_polls_wake_at_the_announcement(centre: Any) -> None:
    polls = [asyncio.create_task(centre.wishes(wait=20)) for _ in range(3)]
    async with asyncio.timeout(15):
        while centre.bell.waiting("hoa-mai-01") < 3:
            await centre.staff.get("/health/live")
        await centre.announce()
        answers = await asyncio.gather(*polls)
    assert [len(answer.json()["wishes"]) for answer in answers] == [1, 1, 1]


async def test_a_long_poll_that_hears_nothing_ends_empty_in_its_time(light_centre: Any) -> None:
    begun = asyncio.get_running_loop().time()
    answer = await light_centre.wishes(wait=0.3)
    assert answer.json() == {"wishes": [], "head": 0}
    assert 0.3 <= asyncio.get_running_loop().time() - begun < 10


async def test_a_cursor_ahead_of_the_centre_is_a_gap(centre: Any) -> None:
    await centre.announce()
    answer = await centre.wishes(after=5)
    told = wire.Problem.model_validate(answer.json())
    assert (answer.status_code, told.name, told.expected) == (409, "gap", 2)


@pytest.mark.parametrize("asked", [{"after": -1}, {"after": "x"}, {"wait": 26}, {"after": 2**60}, {"after": 1.5}])
async def test_a_poll_that_does_not_parse_is_a_problem(light_centre: Any, asked: dict[str, Any]) -> None:
    answer = await light_centre.cabinet.get("/v1/cabinets/hoa-mai-01/wishes", params=asked)
    assert (answer.status_code, wire.Problem.model_validate(answer.json()).name) == (422, "invalid-request")


async def test_the_pull_shows_last_contact_and_how_far_the_cabinet_has_come(centre: Any) -> None:
    await centre.announce()
    await centre.wishes(after=1)
    (standing,) = (await centre.staff.get("/v1/cabinets")).json()
    assert (standing["wish_head"], standing["wishes_seen"]) == (1, 1)
    assert standing["last_contact"].endswith("Z")
