"""`python -m simulator` as a process: its HTTP, its phone, its end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[tuple[int, str]]]


async def test_a_door_is_worked_by_hand_over_http(served: Any, run: Run) -> None:
    url, line = served.url, served.line
    code, output = await run(
        *("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", "-t", "0", "-1", line, "1")
    )
    assert code == 0, output
    async with httpx.AsyncClient(base_url=url) as client:
        assert (await client.post("/doors/1/pull")).status_code == 200
        state = (await client.post("/doors/1/put", json={"label": "261008-0975"})).json()
        assert state["doors"][0] | {"position": "open", "content": ["261008-0975"]} == state["doors"][0]
        assert state["doors"][0]["is_energised"]
        assert state["doors"][0]["sensor_reads"] == "open"
        assert (await client.post("/doors/1/take")).json() == ["261008-0975"]


REFUSED = [
    ("/doors/2/put", {}, 409, "cannot-reach"),
    ("/doors/2/push", None, 409, "cannot-reach"),
    ("/doors/99/pull", None, 404, "unknown"),
    ("/doors/2/fault", {"kind": "swapped", "other": 77}, 404, "unknown"),
    ("/boards/Z9/fault", {"kind": "dead"}, 404, "unknown"),
    ("/boards/A1/fault", {"kind": "stuck_coil", "coil": 12}, 404, "unknown"),
    ("/lines/Z/fault", {"kind": "late"}, 404, "unknown"),
    ("/mend", {"place": "door", "name": "99", "kind": "worn"}, 404, "unknown"),
]


async def test_what_cannot_be_done_is_a_problem_that_says_why(served: Any) -> None:
    url = served.url
    async with httpx.AsyncClient(base_url=url) as client:
        for path, body, status, kind in REFUSED:
            answer = await client.post(path, json=body)
            assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (status, kind), path
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.post("/doors/2/fault", json={"kind": "gremlins"})).status_code == 422
        assert (await client.get("/state", headers={"Host": "evil.example"})).status_code == 400


async def test_faults_are_set_shown_and_mended_over_http(served: Any) -> None:
    url = served.url
    async with httpx.AsyncClient(base_url=url) as client:
        for path, body in [
            ("/doors/3/fault", {"kind": "stuck_open"}),
            ("/doors/3/fault", {"kind": "jammed"}),
            ("/doors/3/fault", {"kind": "swapped", "other": 4}),
            ("/boards/A2/fault", {"kind": "dead"}),
            ("/boards/A3/fault", {"kind": "stuck_coil", "coil": 2}),
            ("/lines/A/fault", {"kind": "late", "times": 3}),
            ("/lines/A/fault", {"kind": "unplug"}),
        ]:
            assert (await client.post(path, json=body)).status_code == 204, path
        state = (await client.get("/state")).json()
        door, boards, line = state["doors"][2], state["boards"], state["lines"][0]
        assert (door["sensor_fault"], door["lock_fault"], door["swapped_with"]) == ("stuck_open", "jammed", 4)
        assert door["sensor_reads"] == "open"
        assert not boards[1]["has_power"]
        assert boards[2]["stuck_on"] == [2]
        assert (line["faults"], line["is_plugged"]) == (["late"], False)
        one = {"place": "board", "name": "A2", "kind": "dead"}
        assert (await client.post("/mend", json=one)).status_code == 204
        left = {(fault["place"], fault["name"]) for fault in (await client.get("/state")).json()["faults"]}
        assert left >= {("door", "3"), ("door", "4"), ("board", "A3"), ("line", "A")}
        assert ("board", "A2") not in left
        assert (await client.post("/mend")).status_code == 204
        state = (await client.get("/state")).json()
        door, boards, line = state["doors"][2], state["boards"], state["lines"][0]
        assert (door["sensor_fault"], door["lock_fault"], door["swapped_with"]) == (None, None, None)
        assert boards[1]["has_power"]
        assert boards[2]["stuck_on"] == []
        assert (line["faults"], line["is_plugged"]) == ([], True)


async def test_the_stream_tells_every_change_and_the_phone_shows_new_messages(served: Any) -> None:
    url = served.url
    async with (
        httpx.AsyncClient(base_url=url, timeout=20) as client,
        client.stream("GET", "/stream") as stream,
        asyncio.timeout(30),
    ):
        events = stream.aiter_lines()
        states = (json.loads(line.removeprefix("data: ")) async for line in events if line.startswith("data: "))
        assert (await anext(states))["doors"][4]["position"] == "closed"
        await client.post("/doors/5/force")
        assert (await anext(states))["doors"][4]["position"] == "open"
        sms = {"recipient": "+84912345678", "text": "MA MO TU 4821 7390 5562", "id": "1", "reference": "r1"}
        with served.outbox.open("a") as outbox:
            outbox.write(json.dumps(sms) + "\nnot json\n" + '{"recipient": "+849')
        while not (phone := (await anext(states))["phone"]):
            pass
        assert [message["text"] for message in phone] == ["MA MO TU 4821 7390 5562"]
        assert (await client.get("/phone")).json() == phone


async def test_its_api_describes_itself(served: Any) -> None:
    url = served.url
    async with httpx.AsyncClient(base_url=url) as client:
        paths = (await client.get("/openapi.json")).json()["paths"]
        page = await client.get("/")
    assert {"/state", "/stream", "/phone", "/doors/{number}/{act}", "/lines/{name}/fault"} <= set(paths)
    assert "default-src 'self'" in page.headers["content-security-policy"]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_though_a_page_follows_and_leaves_nothing(fresh: Any, ending: signal.Signals) -> None:
    async with httpx.AsyncClient(base_url=fresh.url) as client, client.stream("GET", "/stream") as stream:
        await anext(stream.aiter_lines())
        fresh.program.send_signal(ending)
        assert await asyncio.to_thread(fresh.program.wait, 20) == 0
    assert os.listdir(fresh.line.parent) == []  # noqa: PTH208 - a list of names is what is asked


async def test_a_taken_port_and_a_wrong_file_are_one_sentence(served: Any, run: Run, tmp_path: Path) -> None:
    url = served.url
    port = url.rstrip("/").rpartition(":")[2]
    words = (sys.executable, "-m", "simulator", "--line", f"A={tmp_path / 'other'}")
    code, output = await run(*words, "--http-port", port, cwd=ROOT)
    assert (code, output.count("\n")) == (2, 1)
    assert f"Port {port} for the cabinet view is taken" in output
    (tmp_path / "bad.toml").write_text("[[board]]\n")
    code, output = await run(*words, "--config", tmp_path / "bad.toml", cwd=ROOT)
    assert code == 2
    assert "problem(s)" in output
