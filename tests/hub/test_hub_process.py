"""The centre as a process: started, stopped, killed."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from hub import tables
from hub.errors import StoreTooNewError
from hub.store import Store

KEY = "key-of-the-first-cabinet"
PATH = "/v1/cabinets/hoa-mai-01"
HEADERS = {"Authorization": f"Bearer {KEY}"}


def begin_hub(*options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hub", *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_hub(*options: str) -> tuple[int, str, str]:
    begun = begin_hub(*options)
    out, err = begun.communicate(timeout=30)
    return begun.returncode, out, err


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_stops_at_a_signal_and_lets_waiting_polls_and_pages_go(
    start_hub: Any, tmp_path: Path, stop: int
) -> None:
    """Waiting polls get their whole, empty answer long before their 25 s; cut off, they would get none."""
    ready = tmp_path / "ready.json"
    hub = start_hub(f"sqlite:///{tmp_path}/c.db", "--ready-file", str(ready))
    assert json.loads(ready.read_text())["url"] == hub.url
    async with httpx.AsyncClient(base_url=hub.url, headers=HEADERS, timeout=30) as client:
        polls = [await begin_poll(client) for _ in range(3)]
        async with client.stream("GET", "/v1/changes") as changes:
            lines = changes.aiter_lines()
            assert await anext(lines) == ": open"
            hub.popen.send_signal(stop)
            code = await asyncio.to_thread(hub.popen.wait, 20)
            answers = await asyncio.gather(*polls)
    assert (code, [answer.json() for answer in answers]) == (0, [{"wishes": [], "head": 0}] * 3)


async def begin_poll(client: httpx.AsyncClient) -> asyncio.Task[httpx.Response]:
    """A long poll that the centre has taken."""
    before = (await client.get("/v1/cabinets")).json()[0]["last_contact"]
    poll = asyncio.create_task(client.get(f"{PATH}/wishes", params={"wait": 25}))
    while not poll.done() and (await client.get("/v1/cabinets")).json()[0]["last_contact"] == before:
        pass
    return poll


def committed(database: str) -> int:
    engine = sa.create_engine(database.replace("postgresql:", "postgresql+psycopg:"))
    try:
        with engine.connect() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(tables.fact)).scalar_one()
    finally:
        engine.dispose()


def send_and_never_read(url: str, body: bytes) -> socket.socket:
    address = httpx.URL(url)
    wire = socket.create_connection((address.host, address.port or 80))
    head = f"POST {PATH}/events HTTP/1.1\r\nHost: {address.host}\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    wire.sendall(head.encode() + body)
    return wire


def test_killed_between_commit_and_answer_it_takes_the_resend_once(start_hub: Any, database: str, chain: Any) -> None:
    hub = start_hub(database)
    with httpx.Client(base_url=hub.url, timeout=30) as staff:
        asked: dict[str, Any] = {
            "cabinet": "hoa-mai-01",
            "result_id": "res-1",
            "dossier_code": "H29-1",
            "procedure_code": "1",
        }
        asked |= {
            "items": ["x"],
            "recipient": {"name": "Hoa"},
            "consent": True,
            "fee": "none",
            "deadline": "2026-11-08",
        }
        staff.post("/v1/results", json=asked).raise_for_status()
    chain.add("ResultQueued", wish=1, result="res-1")
    chain.add("Loaded", hand_over="h-1", compartment=4, results=["res-1"], evidence="door_cycle")
    with send_and_never_read(hub.url, json.dumps({"events": chain.facts}).encode()):
        give_up = time.monotonic() + 30
        while committed(database) < 2:
            assert time.monotonic() < give_up
        hub.popen.kill()
        hub.popen.wait(timeout=20)
    again = start_hub(database)
    with httpx.Client(base_url=again.url, headers=HEADERS, timeout=30) as client:
        answer = client.post(f"{PATH}/events", json={"events": chain.facts})
        assert (answer.status_code, answer.json()) == (200, {"acked_through": 2})
        shown = client.get("/v1/results/res-1").json()
        head = client.get(f"{PATH}/wishes").json()["head"]
    assert (shown["stage"], shown["compartment"], head) == ("in_cabinet", 4, 1)
    assert committed(database) == 2


def test_killed_at_any_moment_it_has_lost_nothing_that_it_acked(start_hub: Any, database: str, chain: Any) -> None:
    facts = chain.grow(400)
    acked = 0
    for deaths in range(2):
        hub = start_hub(database)
        with httpx.Client(base_url=hub.url, headers=HEADERS, timeout=30) as client:
            given = client.get(f"{PATH}/events", params={"after": max(acked - 1, 0), "limit": 1}).json()
            assert given["acked_through"] >= acked
            acked = given["acked_through"]
            for _ in range(4 + deaths):
                answer = client.post(f"{PATH}/events", json={"events": facts[acked : acked + 10]})
                acked = answer.json()["acked_through"]
            with send_and_never_read(hub.url, json.dumps({"events": facts[acked : acked + 10]}).encode()):
                hub.popen.kill()
                hub.popen.wait(timeout=20)
    assert acked <= committed(database) <= acked + 10


def test_a_taken_port_a_bad_database_and_a_missing_file_are_one_sentence_each(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wrong = {
            "--port": begin_hub("--port", port, "--database", f"sqlite:///{tmp_path}/c.db"),
            "sqlite:///": begin_hub("--port", "0", "--database", "mysql://nowhere"),
            "none.toml": begin_hub("--port", "0", "--bootstrap", str(tmp_path / "none.toml")),
            "--staff-token-file": begin_hub("--port", "0", "--host", "0.0.0.0"),
        }
        for word, begun in wrong.items():
            _, said = begun.communicate(timeout=30)
            assert (begun.returncode, word in said, len(said.strip().splitlines())) == (1, True, 1), said


async def test_a_database_of_a_newer_release_is_refused(database: str) -> None:
    store = Store(database)
    await store.call(set_schema, "99")
    store.close()
    with pytest.raises(StoreTooNewError):
        Store(database)


def set_schema(connection: sa.Connection, value: str) -> None:
    connection.execute(sa.update(tables.setting).where(tables.setting.c.name == "schema").values(value=value))


def test_a_cabinet_added_on_the_command_line_may_call(start_hub: Any, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/c.db"
    hub = start_hub(database)
    code, out, _ = run_hub("--database", database, "cabinet", "add", "hoa-mai-02", "--url", "http://127.0.0.1:1")
    key, secret = (line.partition(" = ")[2] for line in out.splitlines())
    assert (code, secret.startswith("whsec_")) == (0, True)
    headers = {"Authorization": f"Bearer {key}"}
    assert httpx.get(f"{hub.url}/v1/cabinets/hoa-mai-02/wishes", headers=headers).status_code == 200
    assert run_hub("--database", database, "erase")[:2] == (0, "erased the personal data of 0 facts\n")


def test_with_a_staff_token_nobody_gets_in_without_it(start_hub: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-long-enough-token\n")
    hub = start_hub(f"sqlite:///{tmp_path}/c.db", "--staff-token-file", str(token))
    with httpx.Client(base_url=hub.url) as client:
        assert client.get("/v1/results").status_code == 401
        assert client.get("/").headers["location"] == "/sign-in?lang=vi"
        assert client.get("/v1/results", headers={"Authorization": "Bearer a-long-enough-token"}).status_code == 200
        assert client.post("/sign-in", data={"token": "wrong"}).status_code == 401
        entered = client.post("/sign-in", data={"token": "a-long-enough-token"})
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert client.get("/v1/results").status_code == 200
        assert client.get("/").status_code == 200
