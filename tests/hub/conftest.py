"""A private PostgreSQL, a centre on a real port, and a cabinet's side of the wire."""

import asyncio
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, chance, server, tables
from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet
from hub.chance import Chance
from hub.store import Store
from locker import wire

KEY = "key-of-the-first-cabinet"
CABINET = "hoa-mai-01"


@dataclass
class Chain:
    """A cabinet's journal as it goes over the wire: each fact linked to the one before."""

    cabinet: str = CABINET
    epoch: int = 1
    head: int = 0
    head_hash: str = wire.GENESIS
    facts: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str = "DoorOpened", /, attached: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
        fact: dict[str, Any] = {
            "cabinet": self.cabinet,
            "epoch": self.epoch,
            "cab_seq": self.head + 1,
            "type": kind,
            "time": f"2026-10-08T14:{self.head // 60 % 60:02}:{self.head % 60:02}.000Z",
            "clock": "synced",
            "run_id": "r-1",
            "mono_ms": self.head * 1000,
            "body": body,
            "prev_hash": self.head_hash,
        }
        fact |= {"hash": wire.event_hash(fact), "attached": attached}
        self.head, self.head_hash = fact["cab_seq"], fact["hash"]
        self.facts.append(fact)
        return fact

    def grow(self, number: int) -> list[dict[str, Any]]:
        return [self.add(compartment=one % 24 + 1) for one in range(number)]

    def fork(self, *, at: int, epoch: int) -> "Chain":
        """A copy restored to its first `at` facts, in a new epoch."""
        head_hash = self.facts[at - 1]["hash"] if at else wire.GENESIS
        return Chain(self.cabinet, epoch, at, head_hash, self.facts[:at])


@dataclass
class Centre:
    """A running centre: `staff` and `cabinet` are HTTP clients of the two sides."""

    url: str
    staff: httpx.AsyncClient
    cabinet: httpx.AsyncClient
    store: Store
    bell: Bell

    async def send(self, facts: list[dict[str, Any]], cabinet: str = CABINET) -> httpx.Response:
        return await self.cabinet.post(f"/v1/cabinets/{cabinet}/events", json={"events": facts})

    async def wishes(self, after: int = 0, wait: float = 0) -> httpx.Response:
        return await self.cabinet.get(f"/v1/cabinets/{CABINET}/wishes", params={"after": after, "wait": wait})

    async def announce(self, **changes: Any) -> httpx.Response:
        asked: dict[str, Any] = {
            "cabinet": CABINET,
            "dossier_code": "H29.190.5-261008-0042",
            "procedure_code": "1.004873",
            "items": ["Giấy khai sinh (bản chính)"],
            "recipient": {"name": "Nguyễn Thị Hoa", "phone": "0901234567"},
            "consent": True,
            "fee": "none",
            "deadline": "2026-11-08",
        }
        return await self.staff.post("/v1/results", json=asked | changes)

    async def result(self, result: str) -> dict[str, Any]:
        answer = await self.staff.get(f"/v1/results/{result}")
        shown: dict[str, Any] = answer.raise_for_status().json()
        return shown


def _as_database_owner(*command: object) -> None:
    owner: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        owner = {"user": "postgres", "group": "postgres", "extra_groups": ()}
    words = [str(word) for word in command]
    subprocess.run(words, check=True, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, **owner)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Path]:
    """A private cluster; its directory, which also holds its Unix socket."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.fail("PostgreSQL is missing; install Debian's package `postgresql` and run again")
    binaries = found[-1].parent
    place = Path(tempfile.mkdtemp(prefix="centre-pg-"))
    if os.geteuid() == 0:
        shutil.chown(place, "postgres", "postgres")
    cluster = place / "data"
    try:
        _as_database_owner(
            binaries / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"
        )
        settings = f"-k {place} -c listen_addresses='' -c fsync=off"
        pg_ctl = binaries / "pg_ctl"
        _as_database_owner(pg_ctl, "-D", cluster, "-l", place / "log", "-o", settings, "-w", "start")
        try:
            yield place
        finally:
            _as_database_owner(pg_ctl, "-D", cluster, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(place)


@pytest.fixture(scope="session")
def new_postgres_database(postgres: Path) -> Callable[[], str]:
    """Makes an empty database and gives its URL."""
    numbers = count()

    def make() -> str:
        name = f"centre_{next(numbers)}"
        with psycopg.connect(f"host={postgres} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy".encode())
        return f"postgresql://postgres@/{name}?host={postgres}"

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/centre.db"
    url: str = request.getfixturevalue("new_postgres_database")()
    return url


@pytest.fixture
def make_chain() -> type[Chain]:
    return Chain


@pytest.fixture
def chain() -> Chain:
    return Chain()


def even() -> Chance:
    """The real clock and ids, and no waiting between retries."""
    real = chance.real()
    return Chance(now=real.now, draw=real.draw, spread=lambda _: 0.0)


@dataclass
class Running:
    """A centre on a port the system chose, in a thread of its own."""

    store: Store
    bell: Bell
    url: str


@contextmanager
def serving(database: str, *known: Cabinet, token: str | None = None) -> Iterator[Running]:
    """A centre that knows some cabinets."""
    store = Store(database)
    bell = Bell()
    try:
        for one in known:
            asyncio.run(store.call(cabinets.register, one))
        app = create_app(store=store, bell=bell, chance=even(), staff_token=token)
        with server.bind("127.0.0.1", 0) as bound:
            url = server.address_of(bound)
            running = server.Server(app, bell=bell, address=url, ready_file=None)
            thread = threading.Thread(target=running.run, args=([bound],))
            thread.start()
            try:
                yield Running(store, bell, url)
            finally:
                running.should_exit = True
                thread.join(timeout=30)
                assert not thread.is_alive()
    finally:
        store.close()


TLS = ssl.create_default_context()  # costs 40 ms, so all clients share it


@asynccontextmanager
async def calling(running: Running) -> AsyncIterator[Centre]:
    """Clients of both sides."""
    key = {"Authorization": f"Bearer {KEY}"}
    async with (
        httpx.AsyncClient(base_url=running.url, verify=TLS, timeout=30) as staff,
        httpx.AsyncClient(base_url=running.url, verify=TLS, timeout=30, headers=key) as cabinet,
    ):
        yield Centre(running.url, staff, cabinet, running.store, running.bell)


@pytest.fixture
def serve() -> Callable[..., Any]:
    return serving


@pytest.fixture
def call() -> Callable[..., Any]:
    return calling


@pytest.fixture(scope="session")
def sqlite_centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serving(f"sqlite:///{tmp_path_factory.mktemp('centre')}/centre.db") as running:
        yield running


@pytest.fixture(scope="session")
def postgres_centre(new_postgres_database: Callable[[], str]) -> Iterator[Running]:
    with serving(new_postgres_database()) as running:
        yield running


def begin_again(connection: Connection) -> None:
    for table in reversed(tables.metadata.sorted_tables):
        if table is not tables.setting:
            connection.execute(sa.delete(table))
    cabinets.register(connection, Cabinet(id=CABINET, key=KEY))


@pytest.fixture(params=["sqlite_centre", "postgres_centre"])
async def centre(request: pytest.FixtureRequest) -> AsyncIterator[Centre]:
    """A centre on each kind of database that knows one cabinet and nothing else."""
    running: Running = request.getfixturevalue(request.param)
    await running.store.call(begin_again)
    async with calling(running) as called:
        yield called


@pytest.fixture
async def light_centre(sqlite_centre: Running) -> AsyncIterator[Centre]:
    """A centre on SQLite, where the database makes no difference."""
    await sqlite_centre.store.call(begin_again)
    async with calling(sqlite_centre) as called:
        yield called


@dataclass
class Process:
    """`python -m hub` as its own process."""

    popen: subprocess.Popen[str]
    url: str


@pytest.fixture
def start_hub(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Starts centres as processes and ends them; waits for the ready line."""
    begun: list[subprocess.Popen[str]] = []
    bootstrap = tmp_path / "bootstrap.toml"
    bootstrap.write_text(f'[[cabinet]]\nid = "{CABINET}"\nkey = "{KEY}"\n', encoding="utf-8")

    def start(database: str, *options: str) -> Process:
        command = [sys.executable, "-m", "hub", "--database", database, "--port", "0", "--bootstrap", str(bootstrap)]
        popen = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
        begun.append(popen)
        assert popen.stdout is not None
        ready = json.loads(popen.stdout.readline())
        return Process(popen, ready["url"])

    yield start
    for popen in begun:
        popen.kill()
        popen.wait(timeout=30)
        if popen.stdout is not None:
            popen.stdout.close()
