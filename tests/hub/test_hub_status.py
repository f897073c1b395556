"""What anybody may ask the centre about a dossier, and the centre's figures."""

from itertools import count
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from hub import dossiers, tables
from hub.errors import TooOftenError
from hub.pace import MOST_ADDRESSES, Pace
from hub.store import Store
from locker import wire

CODE = "H29.190.5-261008-0042"
HOSTS = count(1)


def anybodys(centre: Any) -> httpx.AsyncClient:
    """Somebody behind the proxy, each time from another address."""
    return httpx.AsyncClient(base_url=centre.url, timeout=10, headers={"X-Forwarded-For": f"203.0.113.{next(HOSTS)}"})


async def asks(centre: Any, code: str = CODE, ending: str = "4567") -> httpx.Response:
    async with anybodys(centre) as anybody:
        return await anybody.post("/v1/status", json={"dossier_code": code, "phone_last4": ending})


def loaded(chain: Any) -> None:
    chain.add("ResultQueued", wish=1, result="res-1")
    chain.add("Loaded", hand_over="h-1", compartment=5, results=["res-1"], evidence="door_cycle")


async def told(centre: Any, **asked: Any) -> tuple[Any, ...]:
    (one,) = (await asks(centre, **asked)).json()["results"]
    return one["what"], one["until"], one["is_counter_wanted"], one["works"]


async def test_a_result_is_told_until_when_it_stays_and_what_its_person_chose(centre: Any, chain: Any) -> None:
    await centre.announce(result_id="res-1")
    assert await told(centre) == ("expected", "", False, False)
    loaded(chain)
    await centre.send(chain.facts)
    assert await told(centre, code=" h29.190.5–261008–0042 ") == ("inside", "2026-11-08", False, True)
    chain.add("StayExtended", hand_over="h-1", compartment=5, results=["res-1"], deadline="2026-11-16")
    chain.add("CounterAsked", hand_over="h-1", compartment=5, results=["res-1"])
    await centre.send(chain.facts[-2:])
    assert await told(centre) == ("inside", "2026-11-16", True, True)
    shown = await centre.result("res-1")
    assert (shown["kept_until"], shown["is_counter_wanted"]) == ("2026-11-16", True)
    await centre.staff.patch("/v1/results/res-1", json={"deadline": "2026-12-01", "phone": "0907654321"})
    assert (await asks(centre)).status_code == 404
    assert await told(centre, ending="4321") == ("inside", "2026-12-01", True, True)
    chain.add("Collected", hand_over="h-1", compartment=5, results=["res-1"], evidence="door_cycle")
    await centre.send(chain.facts[-1:])


async def test_unknown_and_wrong_get_one_answer_and_after_ten_the_right_one_too(light_centre: Any) -> None:
    await light_centre.announce(result_id="res-1")
    answers = [await asks(light_centre, "H29.190.5-261008-0043"), await asks(light_centre, ending="0000")]
    assert {(one.status_code, one.text) for one in answers} == {(404, answers[0].text)}
    assert wire.Problem.model_validate(answers[0].json()).name == "status-unknown"
    await light_centre.store.call(lambda connection: connection.execute(sa.update(tables.asked).values(wrong=9)))
    assert (await asks(light_centre)).status_code == 200
    assert (await asks(light_centre, ending="0000")).status_code == 404
    assert (await asks(light_centre)).text == answers[0].text


async def test_an_address_asks_ten_times_and_then_once_a_minute() -> None:
    now = 1000.0
    pace = Pace(clock=lambda: now)
    for _ in range(10):
        pace.take("203.0.113.7")
    with pytest.raises(TooOftenError) as refused:
        pace.take("203.0.113.7")
    assert refused.value.retry_after_s == 60
    pace.take("203.0.113.8")
    now += 59
    with pytest.raises(TooOftenError) as refused:
        pace.take("203.0.113.7")
    assert refused.value.retry_after_s == 1
    now += 1
    pace.take("203.0.113.7")


def test_one_household_of_ipv6_is_one_address_and_memory_is_bounded() -> None:
    pace = Pace(clock=lambda: 0.0)
    for number in range(10):
        pace.take(f"2001:db8:0:1::{number:x}")
    with pytest.raises(TooOftenError):
        pace.take("2001:db8:0:1:ffff::1")
    pace.take("2001:db8:0:2::1")
    for number in range(MOST_ADDRESSES):
        pace.take(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    pace.take("2001:db8:0:1:ffff::1")


async def test_the_page_asks_and_tells_without_a_script(light_centre: Any, chain: Any) -> None:
    await light_centre.announce(result_id="res-1")
    loaded(chain)
    await light_centre.send(chain.facts)
    async with anybodys(light_centre) as anybody:
        page = await anybody.get("/status")
        assert "Kết quả của tôi ở đâu?" in page.text
        assert "<script" not in page.text
        form = {"dossier_code": CODE, "phone_last4": "4567"}
        answer = await anybody.post("/status?lang=en", data=form)
        assert (answer.status_code, "until 08/11/2026" in answer.text) == (200, True)
        wrong = await anybody.post("/status", data={**form, "phone_last4": "0000"})
        assert (wrong.status_code, "Không có thông tin" in wrong.text) == (404, True)
        assert f'value="{CODE}"' in wrong.text, "it need not be typed again"
        assert f'value="{CODE}"' not in answer.text, "whoever comes next sees whose it was"
        marked = await anybody.post("/status", data={"dossier_code": '"><b>', "phone_last4": "0000"})
        assert "<b>" not in marked.text
        assert (await anybody.post("/status", data={"phone_last4": "abc"})).status_code == 422


async def test_results_of_an_earlier_release_are_found_as_well(database: str) -> None:
    store = Store(database)

    def as_it_was(connection: sa.Connection) -> None:
        row = {"result": "old", "cabinet": "c", "dossier_code": CODE, "announced_at": "2026-01-01", "stage": "queued"}
        connection.execute(sa.insert(tables.result).values(**row))
        connection.execute(sa.delete(tables.setting).where(tables.setting.c.name == "dossiers_noted"))

    await store.call(as_it_was)
    store.close()
    again = Store(database)
    found = await again.call(lambda connection: connection.execute(sa.select(tables.dossier)).all())
    again.close()
    assert [tuple(row) for row in found] == [(dossiers.key(CODE), "old")]


async def test_the_figures_are_for_the_staff_and_tell_each_cabinet(light_centre: Any, chain: Any) -> None:
    await light_centre.announce(result_id="res-1")
    chain.add("Loaded", hand_over="h-1", compartment="five", results=["res-1"])
    await light_centre.send(chain.facts)
    text = (await light_centre.staff.get("/metrics")).text
    assert 'hub_facts_acked{cabinet="hoa-mai-01"} 1.0' in text
    assert 'hub_wishes_waiting{cabinet="hoa-mai-01"} 1.0' in text
    assert "hub_facts_unreadable 1.0" in text
    assert 'hub_silent_seconds{cabinet="hoa-mai-01"}' in text
    elsewhere = await light_centre.staff.get("/metrics", headers={"Host": "centre.example"})
    assert elsewhere.status_code == 403
