"""Live snapshots over a real socket."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.apps import create_clerk_app, create_kiosk_app
from api.streams import Pace

Opens = Callable[..., Any]


async def test_the_screen_gets_a_whole_snapshot_at_once_and_on_every_fact(
    cab: Any, served: Opens, listening: Opens
) -> None:
    cookie = cab.running.entry.cookie()
    async with (
        served(create_kiosk_app(cab.running), kiosk=cookie) as client,
        listening(client, "/api/kiosk/stream") as following,
    ):
        first = await following()
        assert first == (await client.get("/api/kiosk/snapshot")).json()
        await cab.announce("r-1", code="H29.190.5-261008-0042")
        assert (await following())["version"] == first["version"] + 1


async def test_a_lost_board_and_a_presence_number_reach_the_screen_without_a_fact(
    cab: Any, served: Opens, listening: Opens
) -> None:
    cookie = cab.running.entry.cookie()
    async with (
        served(create_kiosk_app(cab.running), kiosk=cookie) as client,
        listening(client, "/api/kiosk/stream") as following,
    ):
        assert (await following())["state"] == "ready"
        cab.doors.lose_board()
        assert (await following())["state"] == "fault"
        session = cab.running.sessions.find(cab.running.sessions.begin(cab.member("lan")))
        cab.running.sessions.ask_number(session)
        assert (await following())["presence_number"]["seconds_left"] == 120
        cab.hands.forward(1)
        assert (await following())["presence_number"]["seconds_left"] == 119


async def test_a_storm_of_facts_becomes_at_most_five_snapshots_a_second(
    cab: Any, served: Opens, listening: Opens
) -> None:
    cookie = cab.running.entry.cookie()
    now = asyncio.get_running_loop().time
    async with (
        served(create_kiosk_app(cab.running), kiosk=cookie) as client,
        listening(client, "/api/kiosk/stream") as following,
    ):
        await following()
        started, seen = now(), 0
        for number in range(40):
            await cab.announce(f"r-{number}", code=f"H29.190.5-261008-{number:04d}")
        last = cab.now.seq
        while (await following())["version"] < last:
            seen += 1
        assert seen <= (now() - started) / 0.2 + 4


@given(st.lists(st.floats(min_value=0, max_value=0.5), min_size=6, max_size=60))
def test_no_second_ever_holds_more_than_five_snapshots_and_quiet_ends_every_wait(pauses: list[float]) -> None:
    pace, at, taken = Pace(), 0.0, list[float]()
    for pause in pauses:
        at += pause
        waits = pace.wait_s(at)
        assert 0 <= waits <= 0.4 + 1e-9
        at += waits
        pace.took(at)
        taken.append(at)
    assert all(later - earlier >= 1 - 1e-9 for earlier, later in zip(taken, taken[5:], strict=False))
    assert pace.wait_s(at + 0.4) <= 1e-9


def test_two_changes_after_quiet_go_at_once_and_the_third_waits() -> None:
    pace = Pace()
    for wait in (0, 0, 0.3):
        assert pace.wait_s(100.0) == pytest.approx(wait)
        pace.took(100.0)


async def test_the_clerks_stream_ends_with_the_session(cab: Any, served: Opens, listening: Opens) -> None:
    token = cab.running.sessions.begin(cab.member("lan"))
    async with (
        served(create_clerk_app(cab.running), clerk=token) as client,
        listening(client, "/api/clerk/stream") as following,
    ):
        assert (await following())["me"]["user"] == "lan"
        cab.running.sessions.end(cab.running.sessions.find(token))
        assert await following() is None
        assert (await client.get("/api/clerk/stream")).status_code == 401


@pytest.mark.parametrize("how", ["bell", "journal"])
async def test_streams_end_when_the_service_stops(cab: Any, served: Opens, listening: Opens, how: str) -> None:
    cookie = cab.running.entry.cookie()
    async with (
        served(create_kiosk_app(cab.running), kiosk=cookie) as client,
        listening(client, "/api/kiosk/stream") as following,
    ):
        await following()
        if how == "bell":
            cab.running.bell.close()
        else:
            await cab.journal.close()
        assert await following() is None


async def test_a_caller_that_goes_away_leaves_no_task_behind(cab: Any, served: Opens, listening: Opens) -> None:
    cookie = cab.running.entry.cookie()
    async with served(create_kiosk_app(cab.running), kiosk=cookie) as client:
        async with listening(client, "/api/kiosk/stream") as following:
            await following()
            tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith("stream:")]
            assert len(tasks) == 2
        _done, left = await asyncio.wait(tasks, timeout=5)
        assert not left
