"""A small fold, a clock that never goes wrong, an open journal, and a disk that can be cut off, full or failing.

A crash image of the disk keeps, drops or tears (at 512 bytes) each write that no sync has covered, in any combination;
a file that was never synced may be missing altogether.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from locker import events as ev
from locker import recovery, views
from locker.clock import Clock
from locker.events import Decision, DoorClosed, Moment, Recorded
from locker.inbox import announced_rows
from locker.journal import Journal
from locker.model import Cabinet, Notice
from locker.replay import Fold, cabinet_fold
from locker.wire import AnnounceResult
from tests.locker.steel import desk, steel  # noqa: F401  fixtures
from tests.locker.story import story  # noqa: F401  fixture
from tests.otp.conftest import (  # noqa: F401  fixtures: the same Twilio on the wire
    fake_twilio,
    gateway_with,
    twilio_calls,
    twilio_wire,
)
from tests.otp.esms_wire import esms, open_esms  # noqa: F401  fixtures: the same eSMS on the wire

SECTOR = 512
DEVICE_KEY = b"k" * 32

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def pytest_asyncio_loop_factories(item: Any) -> dict[str, LoopFactory]:
    """A module whose `LOOP` is another event loop, such as one whose clock jumps, runs on it."""
    return {"loop": getattr(item.module, "LOOP", asyncio.new_event_loop)}


class Tally(msgspec.Struct, frozen=True):
    """A state that remembers how many doors closed, and which was the last."""

    seq: int = 0
    epoch: int = 1
    closed: int = 0
    last: int = 0


def tally(state: Tally, recorded: Recorded) -> Tally:
    event = recorded.event
    if isinstance(event, DoorClosed):
        return Tally(recorded.seq, recorded.epoch, state.closed + 1, event.compartment)
    return msgspec.structs.replace(state, seq=recorded.seq, epoch=recorded.epoch)


def ticking() -> Callable[[], Moment]:
    ticks = itertools.count()

    def now() -> Moment:
        tick = next(ticks)
        return Moment(utc_ms=1_790_000_000_000 + tick, uptime_ms=tick, run_id="r-1")

    return now


@pytest.fixture
def closing() -> Callable[..., Callable[[Any, Any, Moment], Decision]]:
    """Makes a decision that records the closing of the doors given."""

    def close(*compartments: int, hand_over: str = "h") -> Callable[[Any, Any, Moment], Decision]:
        return lambda _cabinet, _known, _moment: Decision(tuple(DoorClosed(n, hand_over) for n in compartments))

    return close


@pytest.fixture
def tally_fold() -> Fold[Tally]:
    return Fold(
        initial=Tally(),
        apply=tally,
        version=1,
        encode=msgspec.json.encode,
        decode=partial(msgspec.json.decode, type=Tally),
    )


@pytest.fixture
def settings(tally_fold: Fold[Tally]) -> dict[str, Any]:
    """What `Journal.open` and `Journal.open_inline` need beside the path."""
    return {"cabinet_id": "hoa-mai-01", "fold": tally_fold, "clock": ticking(), "release": "0.1.0"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
async def journal(path: Path, settings: dict[str, Any]) -> AsyncIterator[Journal[Tally]]:
    journal = await Journal[Tally].open(path, **settings)
    yield journal
    await journal.close()


class Disk:
    """What a disk was asked, in order, and what it holds of it after a power cut.

    `is_full` lets no file grow, until the file `freed_by` is gone; `is_failing` fails every write and sync.
    """

    def __init__(self, vfs: str) -> None:
        self.vfs = vfs
        self.asked: list[tuple[str, str, int, bytes]] = []
        self.is_full = False
        self.freed_by: Path | None = None
        self.is_failing = False

    def has_room(self) -> bool:
        return not self.is_full or (self.freed_by is not None and not self.freed_by.exists())

    def ask(self, what: str, file: str, offset: int = 0, content: bytes = b"") -> None:
        self.asked.append((what, Path(file).name, offset, content))

    def images(self, chance: random.Random) -> Iterator[tuple[int, dict[str, bytes]]]:
        """After every request: how many requests were made, and one image of the files."""
        durable: dict[str, bytearray] = {}
        pending: dict[str, list[tuple[str, int, bytes]]] = {}
        for count, (what, file, offset, content) in enumerate(self.asked, start=1):
            if what == "delete":
                durable.pop(file, None)
                pending.pop(file, None)
            elif what == "sync":
                ask_file(durable.setdefault(file, bytearray()), pending.pop(file, []))
            elif what in {"write", "truncate"}:
                pending.setdefault(file, []).append((what, offset, content))
            else:
                continue
            yield (
                count,
                {
                    name: image
                    for name in durable.keys() | pending.keys()
                    if (image := after_cut(durable.get(name), pending.get(name, []), chance)) is not None
                },
            )


def ask_file(file: bytearray, requests: list[tuple[str, int, bytes]]) -> None:
    for what, offset, content in requests:
        if what == "truncate":
            del file[offset:]
        else:
            file.extend(bytes(max(0, offset - len(file))))
            file[offset : offset + len(content)] = content


def after_cut(durable: bytearray | None, pending: list[tuple[str, int, bytes]], chance: random.Random) -> bytes | None:
    """What is left of one file: `durable`, and of each pending request all, nothing or a torn part."""
    mood = chance.choice(("none", "all", "each"))
    if durable is None and mood == "none":
        return None
    left = bytearray(durable or b"")
    kept = []
    for what, offset, content in pending:
        fate = {"none": "drop", "all": "keep"}.get(mood) or chance.choice(("drop", "keep", "tear"))
        if fate == "keep" or (fate == "tear" and what == "truncate"):
            kept.append((what, offset, content))
        elif fate == "tear":
            sectors = range(0, len(content), SECTOR)
            kept += [("write", offset + at, content[at : at + SECTOR]) for at in sectors if chance.random() < 0.5]
    ask_file(left, kept)
    return bytes(left)


class RecordedFile(apsw.VFSFile):
    def __init__(self, disk: Disk, filename: Any, flags: list[int]) -> None:
        self._disk = disk
        self._name = filename.filename() if isinstance(filename, apsw.URIFilename) else str(filename)
        super().__init__("", filename, flags)

    def xWrite(self, data: Any, offset: int) -> None:  # noqa: N802  named by SQLite
        if self._disk.is_failing:
            raise apsw.IOError
        if offset + len(data) > self.xFileSize() and not self._disk.has_room():
            raise apsw.FullError
        self._disk.ask("write", self._name, offset, bytes(data))
        super().xWrite(data, offset)

    def xTruncate(self, newsize: int) -> None:  # noqa: N802  named by SQLite
        self._disk.ask("truncate", self._name, newsize)
        super().xTruncate(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802  named by SQLite
        if self._disk.is_failing:
            raise apsw.IOError
        self._disk.ask("sync", self._name)
        super().xSync(flags)


class RecordedVfs(apsw.VFS):
    def __init__(self, name: str, disk: Disk) -> None:
        self._disk = disk
        super().__init__(name, "")

    def xOpen(self, name: Any, flags: list[int]) -> RecordedFile:  # noqa: N802  named by SQLite
        return RecordedFile(self._disk, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802  named by SQLite
        self._disk.ask("delete", filename)
        super().xDelete(filename, syncdir)


@pytest.fixture
def disk(request: pytest.FixtureRequest) -> Iterator[Disk]:
    """A recorded disk; open a journal on it with `vfs=disk.vfs`."""
    disk = Disk(f"recorded-{request.node.name}")
    vfs = RecordedVfs(disk.vfs, disk)
    yield disk
    vfs.unregister()


class HandClock:
    """Time as a test turns it, in milliseconds."""

    def __init__(self) -> None:
        self.wall_ms = 1_795_000_000_000
        self.steady_ms = 5_000
        self.trust: ev.Clock = "synced"
        self.runs = 0

    def pass_by(self, ms: int) -> None:
        self.wall_ms += ms
        self.steady_ms += ms

    def start(self) -> Clock:
        """The clock of a new run."""
        self.runs += 1
        return Clock(
            run_id=f"r-{self.runs}",
            wall_ms=lambda: self.wall_ms,
            steady_ms=lambda: self.steady_ms,
            trust=lambda: self.trust,
            started_ms=self.steady_ms,
        )


class Hall:
    """A cabinet's journal with the real fold and views, and its steel as a test tells it. `restart` cuts the power."""

    def __init__(self, path: Path, hand: HandClock, settings: dict[str, Any]) -> None:
        self.path = path
        self.hand = hand
        self.settings = settings
        self.clock = hand.start()
        self.journal: Journal[Cabinet]

    async def start(self) -> None:
        self.journal = await Journal[Cabinet].open(
            self.path,
            cabinet_id="hoa-mai-01",
            fold=cabinet_fold(),
            clock=self.clock.moment,
            release="0.1.0",
            views=views.VIEWS,
            **self.settings,
        )
        await recovery.begin(self.journal, release="0.1.0")

    async def restart(self) -> None:
        await self.journal.close()
        self.clock = self.hand.start()
        await self.start()

    @property
    def cabinet(self) -> Cabinet:
        return self.journal.cabinet

    @property
    def notice(self) -> Notice:
        """The only one."""
        (notice,) = self.cabinet.notices.values()
        return notice

    async def record(self, *facts: ev.Event, rows: tuple[ev.Row, ...] = ()) -> None:
        await self.journal.record(lambda *_: Decision(events=facts, rows=rows), must_land=True)

    async def announce(self, number: int, *, recipient: str = "k1", **person: Any) -> str:
        """A result is expected; `person` overrides what the centre says of its recipient."""
        known = {"name": "Nguyễn Thị Hoa", "phone": "0912345678", "language": "vi"} | person
        body = AnnounceResult.model_validate(
            {
                "result_id": f"r{number}",
                "dossier_code": f"H29.190.5-261008-{number:04}",
                "procedure_code": "1.004873",
                "items": [{"item_id": "i1", "label": "Giấy khai sinh"}],
                "recipient": {"key": recipient, **known},
                "state": 9,
                "consent": True,
                "fee": "none",
                "deadline": "2030-12-31",
            }
        )
        queued = ev.ResultQueued(
            wish=self.cabinet.wish_seq + 1,
            result=body.result_id,
            recipient=recipient,
            person=f"p-{body.result_id}-{number}",
            dossier=f"d-{body.result_id}",
            items=(ev.Item(item="i1"),),
            size="S",
            reach="any",
            language=known["language"],
            deadline="2030-12-31",
            state=9,
            consent=True,
            fee="none",
        )
        await self.record(queued, rows=announced_rows(body, queued, device_key=DEVICE_KEY))
        return body.result_id

    async def load(self, *results: str, compartment: int = 1, closes_round: bool = True) -> str:
        """Results of one recipient are put into a compartment; the hand-over."""
        hand_over = f"h-{results[0]}"
        recipient = self.cabinet.results[results[0]].recipient
        started = ev.LoadStarted(
            hand_over=hand_over, results=results, recipient=recipient, compartment=compartment, actor="lan"
        )
        granted = ev.GrantIssued(
            grant=f"g-{hand_over}", compartment=compartment, purpose="load", hand_over=hand_over, actor="lan"
        )
        await self.record(started, granted)
        await self.cycle(hand_over)
        loaded = ev.Loaded(hand_over=hand_over, compartment=compartment, results=results, evidence="door_cycle")
        await self.record(loaded, *((ev.RoundClosed(actor="lan"),) if closes_round else ()))
        return hand_over

    async def cycle(self, hand_over: str) -> None:
        """Its door opens under its grant and closes."""
        number = self.cabinet.hand_overs[hand_over].compartment
        grant = self.cabinet.grant_on(number)
        opened = ev.DoorOpened(compartment=number, grant=grant.grant if grant else "", hand_over=hand_over)
        await self.record(opened, ev.DoorClosed(compartment=number, hand_over=hand_over))

    async def collect(self, hand_over: str) -> None:
        """Its owner takes it out; the visit is over."""
        one = self.cabinet.hand_overs[hand_over]
        collected = ev.Collected(
            hand_over=hand_over, compartment=one.compartment, results=one.results, evidence="door_cycle"
        )
        await self.record(collected)


@pytest.fixture
def hand() -> HandClock:
    return HandClock()


@pytest.fixture
async def hall(tmp_path: Path, hand: HandClock) -> AsyncIterator[Hall]:
    hall = Hall(tmp_path / "hall.sqlite3", hand, {})
    await hall.start()
    yield hall
    await hall.journal.close()


@pytest.fixture
async def tight_hall(tmp_path: Path, hand: HandClock, disk: Disk) -> AsyncIterator[Hall]:
    """A hall on a disk that can be full."""
    hall = Hall(tmp_path / "hall.sqlite3", hand, {"vfs": disk.vfs})
    await hall.start()
    yield hall
    await hall.journal.close()
