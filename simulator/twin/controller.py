"""The product in virtual time: one run from its start to a power cut, built of the same parts as `api.run`.

What differs is given through parameters: clock, random source, line, HTTP client, gateways, cheap Argon2. A power
cut ends everything between two steps of the event loop, without a goodbye to wire or journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import Any

import apsw

from api.boards import assemble_boards
from api.entry import KioskEntry
from api.running import Running, furnish, timing
from hw import watch
from locker import recovery, retention, timers, views
from locker.centre import Address, Client
from locker.clock import Clock
from locker.config import Config, calendar_of, daytime_of
from locker.doors import Doors
from locker.events import Recorded
from locker.inbox import Inbox
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.notices import Notices
from locker.proofs import Proofs
from locker.replay import Views, cabinet_fold
from locker.rules.retention import DAY_MS, Policy
from locker.sync import Sync
from otp.gateway import SmsGateway
from otp.sealing import Argon2Cost
from otp.texts import read_texts
from simulator.twin.steel import Steel

CHEAP = Argon2Cost(memory_kib=8)
LOOK_AT_CLOCK_S = 3600.0
LOOK_AT_WHAT_IS_OVER_S = 4 * 3600.0
POLL_S = 6 * 3600
RELEASE = "twin"


@dataclass(kw_only=True)
class Parts:
    """What outlives a run of the controller."""

    config: Config
    steel: Steel
    centre: Client
    gateways: Sequence[SmsGateway]
    rng: Random
    utc_ms: Callable[[], int]
    device_key: bytes
    committed: Callable[[Sequence[Recorded]], None]
    broke: Callable[[BaseException], None]
    disk: Mapping[str, Any] = field(default_factory=lambda: {"synchronous": "NORMAL"})
    """How the journal is opened: the process dies here, never the disk; `bench/proof` cuts that."""


class Controller:
    """One run. `running` is what pages and kiosk talk to; `ended` is set when the power is gone."""

    def __init__(self, parts: Parts, running: Running) -> None:
        self.running = running
        self._parts = parts
        self._tasks: list[asyncio.Task[None]] = []
        self.is_on = True

    @property
    def journal(self) -> Journal[Cabinet]:
        return self.running.journal

    def work(self, coroutine: Coroutine[Any, Any, None], name: str) -> None:
        """Run a worker until the power cut; an error of its own is a find."""
        task = asyncio.get_running_loop().create_task(coroutine, name=name)
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self.is_on and not task.cancelled() and (error := task.exception()) is not None:
            self._parts.broke(error)

    async def cut(self) -> None:
        """The power is gone, now."""
        self.is_on = False
        self._parts.steel.hang_up(ConnectionError("the host has no power"))
        self.journal.close_inline(checkpoint=False)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def start(parts: Parts, *, came_back: Callable[[Cabinet, str], None]) -> Controller:
    """Power on. `came_back` is told the folded state as it was found, and the hash of its head, before anything else.

    Raises what the journal raises.
    """
    loop = asyncio.get_running_loop()

    def steady_ms() -> int:
        return int(loop.time() * 1000)

    clock = Clock(
        run_id=f"r-{parts.rng.randbytes(6).hex()}",
        wall_ms=parts.utc_ms,
        steady_ms=steady_ms,
        trust=lambda: "synced",
        started_ms=steady_ms(),
    )
    journal: Journal[Cabinet] = await Journal.open(
        parts.config.storage.journal,
        cabinet_id=parts.config.cabinet.id,
        fold=cabinet_fold(),
        clock=clock.moment,
        release=RELEASE,
        views=_overheard(parts.committed),
        executor=Inline(),
        **parts.disk,
    )
    came_back(journal.cabinet, head_hash(journal))
    await recovery.begin(journal, release=RELEASE)
    controller = Controller(parts, _furnished(parts, journal, clock))
    _set_to_work(parts, controller, clock)
    return controller


def head_hash(journal: Journal[Cabinet]) -> str:
    """Hash of the last fact; empty before the first."""
    query = "SELECT hex(hash) FROM event ORDER BY seq DESC LIMIT 1"
    return str(journal.read_inline(lambda connection: connection.execute(query).get) or "")


def _overheard(committed: Callable[[Sequence[Recorded]], None]) -> Views:
    def apply(connection: apsw.Connection, recorded: Sequence[Recorded]) -> None:
        views.apply(connection, recorded)
        committed(recorded)

    return Views(version=views.VERSION, create=views.create, apply=apply)


def _furnished(parts: Parts, journal: Journal[Cabinet], clock: Clock) -> Running:
    config, loop = parts.config, asyncio.get_running_loop()
    assembly = assemble_boards(config, config.limits, lines={"A": parts.steel}, clock=loop.time)
    doors = Doors(
        journal=journal,
        wiring=config,
        buses=assembly.buses,
        boards=assembly.boards,
        uptime_ms=clock.uptime_ms,
        watching=partial(watch.watch, clock=loop.time, pause=parts.steel.pause),
    )
    parts.steel.is_all_online = lambda: all(board.is_proved for board in assembly.boards.values())
    notices = Notices(
        journal=journal,
        gateways=parts.gateways,
        texts=read_texts(),
        device_key=parts.device_key,
        cabinet=config.cabinet,
        clock=clock.moment,
        draw=parts.rng.randbytes,
        cost=CHEAP,
        day=daytime_of(config),
        staff_phones=config.alerts.phones,
    )
    centre = Sync(
        journal=journal,
        inbox=Inbox(
            journal=journal,
            device_key=parts.device_key,
            procedures=config.results.procedures,
            two_people=config.results.two_people,
        ),
        address=Address(url="http://centre", cabinet=config.cabinet.id, key="", poll_s=POLL_S),
        client=parts.centre,
        utc_ms=clock.wall_ms,
        chance=parts.rng.random,
    )
    return furnish(
        config=config,
        journal=journal,
        doors=doors,
        proofs=Proofs(journal=journal, device_key=parts.device_key, uptime_ms=clock.uptime_ms, cost=CHEAP),
        centre=centre,
        notices=notices,
        device_key=parts.device_key,
        entry=KioskEntry(device_key=parts.device_key, key_file=None, draw=parts.rng.randbytes),
        clock=clock.moment,
        draw=parts.rng.randbytes,
    )


def _set_to_work(parts: Parts, controller: Controller, clock: Clock) -> None:
    running, config = controller.running, parts.config
    centre = running.centre
    assert isinstance(centre, Sync)
    controller.work(running.doors.run(), "doors")
    controller.work(running.notices.run(), "notices")
    controller.work(centre.run(), "sync")
    controller.work(
        timers.run(
            running.journal,
            timing=timing(config),
            office=calendar_of(config),
            clock=clock,
            servable=lambda: running.doors.servable,
            look_at_clock_s=LOOK_AT_CLOCK_S,
        ),
        "timers",
    )
    copies = retention.Copies(
        backups=config.storage.backups,
        storage=config.storage.directory,
        keep_ms=config.storage.keep_backups_days * DAY_MS,
    )
    policy = Policy(keep_ms=config.privacy.keep_personal_days * DAY_MS, needs_ack=True)
    controller.work(
        retention.run(running.journal, policy=policy, copies=copies, clock=clock, look_every_s=LOOK_AT_WHAT_IS_OVER_S),
        "retention",
    )
