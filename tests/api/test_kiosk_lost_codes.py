"""Asking for a new code at the kiosk, over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from locker import events as ev
from locker.rules import notices


async def ready(cab: Any) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0001")
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.close_round()


async def asks(kiosk: httpx.AsyncClient, phone: str) -> httpx.Response:
    return await kiosk.post("/api/kiosk/lost-code", json={"phone": phone})


async def test_every_number_gets_the_same_answer_and_the_owner_a_code(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    answers = [await asks(kiosk, phone) for phone in ("0901 234 678", "0912 345 679")]
    assert [(one.status_code, one.text) for one in answers] == [(200, "{}")] * 2
    assert await cab.facts(ev.NewCodeAsked) == 2
    assert len(notices.wanted_bundles(cab.now)) == 1


async def test_beyond_its_three_a_number_reads_the_same_answer(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    answers = [await asks(kiosk, "0901234678") for _ in range(5)]
    assert {one.text for one in answers} == {"{}"}
    (bundle,) = cab.now.bundles.values()
    assert len(bundle.asked_uptime_ms) == 3


@pytest.mark.parametrize("typed", ["12", "02838291234", "abc", "0000000000"])
async def test_what_takes_no_message_is_said_before_anything_is_looked_up(
    cab: Any, kiosk: httpx.AsyncClient, typed: str
) -> None:
    before = cab.now.seq
    answer = await asks(kiosk, typed)
    assert (answer.status_code, answer.json()["type"].rsplit(":", 1)[-1]) == (422, "phone-malformed")
    assert cab.now.seq == before


async def test_when_no_message_can_go_out_it_is_said_to_everybody(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await ready(cab)
    cab.running.notices.is_online = False
    answers = [await asks(kiosk, phone) for phone in ("0901234678", "0912345679")]
    assert {(one.status_code, one.json()["type"].rsplit(":", 1)[-1]) for one in answers} == {(503, "notices-offline")}
    assert await cab.facts(ev.NewCodeAsked) == 0
