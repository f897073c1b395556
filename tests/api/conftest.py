"""A whole cabinet behind its two apps: real journal, views, rules, proofs; only the wire's ends are played here."""

import asyncio
import contextlib
import itertools
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
import uvicorn
from starlette.types import ASGIApp

from api.apps import create_clerk_app, create_kiosk_app
from api.entry import KioskEntry
from api.running import Running, furnish
from api.sessions import Member
from locker import events as ev
from locker import recovery, views
from locker.config import Config
from locker.doors import BoardState, Reading
from locker.journal import Journal
from locker.model import Cabinet
from locker.proofs import Proofs
from locker.replay import cabinet_fold
from locker.rules import doors as door_rules
from locker.rules import notices as notice_rules
from locker.rules import results as result_rules
from locker.wire import Wish
from otp import codes, sealing, staff
from otp.phone_checks import PhoneChecks

DEVICE_KEY = bytes(range(32))
PASSWORD = "mat-khau-rat-dai"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
RECOVERY = ("7K3QD-XW9M2", "AAAAA-BBBBB")
CHEAP = sealing.Argon2Cost(memory_kib=8)
HASHER = staff.password_hasher(memory_kib=8, passes=1)
MARKED = {"Origin": "http://127.0.0.1", "X-Requested-With": "dossier-locker"}


class Hands:
    """Both clocks of the cabinet, moved by hand."""

    def __init__(self) -> None:
        self.utc_ms = 1_795_312_876_000
        self.uptime_ms = 60_000

    def __call__(self) -> ev.Moment:
        return ev.Moment(utc_ms=self.utc_ms, uptime_ms=self.uptime_ms, run_id="r-1", clock="synced")

    def forward(self, seconds: float) -> None:
        self.utc_ms += int(seconds * 1000)
        self.uptime_ms += int(seconds * 1000)


class PlayedDoors:
    """The doors worker without a wire: the test says what boards and doors do."""

    def __init__(self, numbers: frozenset[int]) -> None:
        self.servable = numbers
        self.boards = {"A1": BoardState(is_online=True)}
        self.readings: dict[int, Reading] = dict.fromkeys(numbers, "closed")
        self.buses: tuple[Any, ...] = ()
        self._change = asyncio.Event()

    async def changed(self) -> None:
        await self._change.wait()

    async def run(self) -> None:
        """Nothing moves by itself."""

    def lose_board(self) -> None:
        self.servable = frozenset()
        self.boards = {"A1": BoardState(is_online=False, cause="unplugged")}
        self._change.set()
        self._change = asyncio.Event()


@dataclass
class PlayedCentre:
    """The sync worker without a line; keeps what it was given."""

    is_online: bool = True
    last_contact: int | None = None
    taken: list[Wish] = field(default_factory=list)

    async def take(self, wishes: list[Wish]) -> None:
        self.taken.extend(wishes)


class Cab:
    """The cabinet of a test and what tests do to it beside HTTP."""

    def __init__(self, running: Running, doors: PlayedDoors, centre: PlayedCentre, hands: Hands) -> None:
        self.running = running
        self.doors = doors
        self.centre = centre
        self.hands = hands
        self.journal = running.journal
        self.digits: list[str] = []
        self._secrets = itertools.count(10_000_001)
        self._wishes = itertools.count(1)

    @property
    def now(self) -> Cabinet:
        return self.journal.cabinet

    def member(self, user: str) -> Member:
        """One of the configured staff."""
        entry = next(entry for entry in self.running.config.staff if entry.user == user)
        return Member(user=entry.user, name=entry.name, role=entry.role)

    async def facts(self, kind: type[ev.EventBody]) -> int:
        """How many facts of a kind are on record."""
        return await self.journal.read(
            lambda connection: connection.execute("SELECT count(*) FROM event WHERE type = ?", (kind.__name__,)).get
        )

    async def announce(
        self,
        result: str,
        *,
        code: str,
        name: str = "Nguyễn Thị Hoa",
        phone: str = "+84901234678",
        recipient: str = "k-1",
        **changed: Any,
    ) -> None:
        """One ready result, as the centre announces it."""
        number = next(self._wishes)
        queued = ev.ResultQueued(
            wish=number,
            result=result,
            recipient=recipient,
            person=f"p-{recipient}",
            dossier=f"d-{result}",
            items=(ev.Item(item=f"i-{result}"),),
            **{
                "size": "S",
                "reach": "any",
                "language": "vi",
                "deadline": "2026-12-31",
                "state": 9,
                "consent": True,
                "fee": "none",
                **changed,
            },
        )
        rows = (
            ev.PutPersonal(
                ref=f"p-{recipient}", kind="person", body={"name": name, "phone": phone}, search=views.folded(name)
            ),
            ev.PutPersonal(
                ref=f"d-{result}",
                kind="dossier",
                body={"code": code},
                search=views.folded(code),
                tail="".join(mark for mark in code.split("-", 1)[-1] if mark.isdigit()),
            ),
        )
        wish = ev.PutWish(wish_seq=number, wish_id=f"w-{number}", digest=b"x")
        announced = result_rules.Announce(wish=wish, queued=queued, rows=rows)
        await self.journal.record(lambda cabinet, *_: result_rules.take(cabinet, result_rules.Known(), announced))

    async def open(self, number: int) -> None:
        """The sensor of this door reads open, after a pulse if one is granted."""
        grant = self.now.grant_on(number)
        window = {} if grant is None else {grant.grant: 1}
        await self.journal.record(
            lambda cabinet, _known, moment: door_rules.opened(
                cabinet, number, board="A1", window=window, found=False, moment=moment
            )
        )

    async def close(self, number: int) -> None:
        """The sensor of this door reads closed."""
        await self.journal.record(lambda cabinet, *_: door_rules.closed(cabinet, number))

    async def stay_shut(self, number: int) -> None:
        """The train of pulses ended and the door was not seen open."""
        grant = self.now.grant_on(number)
        assert grant is not None
        await self.journal.record(lambda cabinet, *_: door_rules.did_not_open(cabinet, grant.grant, pulses=3))

    async def load(self, result: str, *, number: int, hand_over: str) -> None:
        """A result that lies in a compartment already."""
        recipient = self.now.results[result].recipient
        started = ev.LoadStarted(
            hand_over=hand_over, results=(result,), recipient=recipient, compartment=number, actor="lan"
        )
        loaded = ev.Loaded(hand_over=hand_over, compartment=number, results=(result,), evidence="door_cycle")
        await self.journal.record(lambda *_: ev.Decision(events=(started, loaded)))

    async def close_round(self) -> str:
        """Round closed, the one due bundle gets its code; its twelve digits."""
        await self.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"),)))
        (bundle,) = notice_rules.due_bundles(self.now)
        return await self.mint(bundle.bundle)

    async def mint(self, bundle: str, *, again: bool = False) -> str:
        number = next(self._secrets)
        secret, salt = f"{number:08d}", bundle.encode().ljust(16, b".")[:16]
        fresh = notice_rules.Fresh(
            code=f"c-{number}",
            notice=f"n-{number}",
            selector="482",
            salt=salt,
            verifier=sealing.verifier(DEVICE_KEY, secret, salt, cost=CHEAP),
            sealed=b"sealed",
        )
        rule = notice_rules.mint_again if again else notice_rules.mint
        await self.journal.record(lambda cabinet, *_: rule(cabinet, bundle, fresh))
        self.digits.append(codes.compose(self.now.bundles[bundle].selector, secret))
        return self.digits[-1]


class PlayedNotices:
    """The notices worker as far as a clerk asks for a new code."""

    is_online = True

    def __init__(self, phone_checks: PhoneChecks) -> None:
        self.cab: Cab | None = None
        self.phone_checks = phone_checks

    async def run(self) -> None:
        """Nothing is sent by itself."""

    async def mint_again(self, bundle: str) -> None:
        assert self.cab is not None
        await self.cab.mint(bundle, again=True)


def config_of(directory: Path) -> Config:
    password_hash = staff.hash_password(PASSWORD, hasher=HASHER)
    kept = staff.keep_recovery_codes(DEVICE_KEY, RECOVERY, bytes(16))
    people = (("lan", "Trần Thị Lan", "clerk"), ("minh", "Lê Minh", "leader"), ("tu", "Tú", "technician"))
    return Config.model_validate(
        {
            "cabinet": {"id": "hoa-mai-01"},
            "kiosk": {"accepts_slips": True},
            "storage": {"directory": str(directory)},
            "notices": {"accept_codes_in_clear": True},
            "lock": [{"model": "solenoid-12v"}],
            "bus": [{"name": "A", "port": "/dev/ttyUSB0"}],
            "board": [{"name": "A1", "bus": "A", "unit_id": 1}],
            "compartment": [
                {
                    "number": number,
                    "board": "A1",
                    "coil": number - 1,
                    "input": number - 1,
                    "lock": "solenoid-12v",
                    "row": number,
                    "column": 1,
                    "height_cm": 60 + 20 * number,
                }
                for number in range(1, 5)
            ],
            "staff": [
                {
                    "user": user,
                    "name": name,
                    "role": role,
                    "password_hash": password_hash,
                    "totp_secret": TOTP_SECRET,
                    "recovery_salt": kept.salt.hex(),
                    "recovery_hashes": [one.hex() for _number, one in kept.verifiers],
                }
                for user, name, role in people
            ],
        }
    )


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def journal(tmp_path: Path, hands: Hands) -> AsyncIterator[Journal[Cabinet]]:
    journal: Journal[Cabinet] = await Journal.open(
        tmp_path / "journal.sqlite3",
        cabinet_id="hoa-mai-01",
        fold=cabinet_fold(),
        clock=hands,
        release="0.1.0",
        views=views.VIEWS,
    )
    await recovery.begin(journal, release="0.1.0")
    yield journal
    await journal.close()


@pytest.fixture
def draw() -> Callable[[int], bytes]:
    numbers = itertools.count(1)
    return lambda count: next(numbers).to_bytes(count, "big")


@pytest.fixture
def cab(tmp_path: Path, journal: Journal[Cabinet], hands: Hands, draw: Callable[[int], bytes]) -> Cab:
    config = config_of(tmp_path)
    checks = PhoneChecks(uptime_ms=lambda: hands.uptime_ms, draw=draw)
    doors, centre, notices = (
        PlayedDoors(frozenset(config.by_number)),
        PlayedCentre(),
        PlayedNotices(checks),
    )
    running = furnish(
        config=config,
        journal=journal,
        doors=doors,
        proofs=Proofs(journal=journal, device_key=DEVICE_KEY, uptime_ms=lambda: hands.uptime_ms, cost=CHEAP),
        centre=centre,
        notices=notices,
        device_key=DEVICE_KEY,
        entry=KioskEntry(device_key=DEVICE_KEY, key_file=None, draw=draw),
        clock=hands,
        draw=draw,
        push_secret="whsec_" + "c2VjcmV0IG9mIHRoZSBjZW50cmU=",
        hasher=HASHER,
    )
    cab = Cab(running, doors, centre, hands)
    notices.cab = cab
    return cab


def client_of(app: ASGIApp, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://127.0.0.1", headers=headers, timeout=10
    )


@pytest.fixture
async def kiosk(cab: Cab) -> AsyncIterator[httpx.AsyncClient]:
    """The kiosk browser, with its cookie."""
    async with client_of(create_kiosk_app(cab.running)) as client:
        client.cookies.set("kiosk", cab.running.entry.cookie())
        yield client


@pytest.fixture
async def desk(cab: Cab) -> AsyncIterator[httpx.AsyncClient]:
    """A browser on the office's network, not signed in."""
    async with client_of(create_clerk_app(cab.running), **MARKED) as client:
        yield client


@pytest.fixture
def totp(hands: Hands) -> Callable[[], str]:
    return lambda: pyotp.TOTP(TOTP_SECRET).at(hands.utc_ms // 1000)


@pytest.fixture
def sign_in(desk: httpx.AsyncClient, totp: Callable[[], str]) -> Callable[..., Any]:
    """Signs somebody in at the desk."""

    async def enter(
        user: str = "lan", *, password: str = PASSWORD, code: str = "", client: httpx.AsyncClient = desk
    ) -> httpx.Response:
        shown = {"user": user, "password": password, "code": code or totp()}
        return await client.post("/api/clerk/sign-in", json=shown)

    return enter


@pytest.fixture
def be_present(desk: httpx.AsyncClient, sign_in: Callable[..., Any], cab: Cab) -> Callable[..., Any]:
    """Signs somebody in and proves their presence by the kiosk's number."""

    async def come(user: str = "lan") -> None:
        assert (await sign_in(user)).status_code == 200
        assert (await desk.post("/api/clerk/presence/request", json={})).status_code == 200
        shown = cab.running.sessions.shown()
        assert shown is not None
        assert (await desk.post("/api/clerk/presence", json={"number": shown.number})).status_code == 200

    return come


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, **cookies: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app behind a real listener on loopback; it must stop within five seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            local = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with httpx.AsyncClient(base_url=local, cookies=cookies, timeout=10) as client:
                yield client
            server.should_exit = True


@contextlib.asynccontextmanager
async def listen(client: httpx.AsyncClient, path: str) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """A function that waits for the next snapshot of a stream; None when the stream has ended."""
    async with client.stream("GET", path) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()

        async def following() -> Any:
            async with asyncio.timeout(5):
                async for line in lines:
                    if line.startswith("data: "):
                        return json.loads(line.removeprefix("data: "))
            return None

        yield following


@pytest.fixture
def served() -> Callable[..., Any]:
    """Puts an app behind a real listener."""
    return serve


@pytest.fixture
def listening() -> Callable[..., Any]:
    """Listens to a stream of snapshots."""
    return listen
