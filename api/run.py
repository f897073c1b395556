"""The composition root: reads secrets, opens the journal, builds every worker once, and runs them until one ends.

One event loop, one TaskGroup. A worker heals the errors it knows; anything else ends the process, and systemd starts it
again. The listeners are bound before anything else, so a taken port is one sentence and no half-started cabinet.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata

import httpx
import structlog
import uvicorn
from starlette.types import ASGIApp

from api import board_swap, bus_view, control, logs, morning, notify, panel, standing, support
from api.apps import Front, create_clerk_app, create_commission_app, create_kiosk_app
from api.boards import assemble_boards
from api.entry import KioskEntry
from api.gateways import gateways_of
from api.running import Running, furnish, timing
from api.secret_files import CannotStartError, secret_of
from api.waiting import Waiting, create_waiting_clerk_app, create_waiting_kiosk_app
from hw.loop import run
from hw.scanner import ScannerPort
from locker import keeping, receipts, recovery, retention, seals, self_check, subjects, timers, views
from locker.bench import Bench
from locker.centre import Address
from locker.clock import Clock, system_clock
from locker.config import Config, Listener, calendar_of, daytime_of, self_check_of, staff_phones_of
from locker.doors import Doors
from locker.inbox import Inbox
from locker.journal import Journal
from locker.model import Cabinet
from locker.notices import Notices
from locker.proofs import Proofs
from locker.refusals import Refusal, StorageFault
from locker.replay import cabinet_fold
from locker.rules import commissioning
from locker.rules.retention import DAY_MS, Policy
from locker.sync import Alone, Sync
from otp import sealing
from otp.errors import OtpError
from otp.texts import read_texts

SHUT_DOWN_WITHIN_S = 3
Close = Callable[[], Awaitable[None]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bound:
    """A listener's socket and the address people type."""

    socket: socket.socket
    url: str
    listener: Listener


def main(config: Config, *, ready_line: bool, is_on_trial: bool = False) -> int:
    """Run until stopped; the exit code. `is_on_trial`: as `serve`."""
    logs.configure()
    sentences: list[str] = []
    try:
        run(serve(config, ready_line=ready_line, is_on_trial=is_on_trial))
    except* (CannotStartError, Refusal, StorageFault, OtpError) as group:
        sentences = [str(error) for error in _leaves(group)]
    for sentence in sentences:
        sys.stderr.write(f"dossier-locker: {sentence}\n")
    return 1 if sentences else 0


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    found: list[Exception] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found


async def serve(config: Config, *, ready_line: bool = False, is_on_trial: bool = False) -> None:
    """Everything one cabinet needs, until SIGTERM or SIGINT.

    `is_on_trial`: it is commissioned from the technician's page and serves nobody; nothing may lie inside.
    Raises CannotStartError, CompartmentBusy (something lies inside), and what the journal raises when it must not go
    on.
    """
    clock = system_clock(f"r-{os.urandom(6).hex()}")
    kiosk, clerk = bind(config.kiosk), bind(config.clerk)
    device_key = read_device_key(config)
    entry = KioskEntry(device_key=device_key, key_file=config.kiosk.key_file, draw=os.urandom)
    waiting = Waiting(config=config, entry=entry, clock=clock.moment, new_id=lambda: os.urandom(12).hex())
    fronts = Front(create_waiting_kiosk_app(waiting)), Front(create_waiting_clerk_app(waiting))
    stop = stopped_by_signals()
    async with contextlib.AsyncExitStack() as stack:
        for bound in (kiosk, clerk):
            stack.callback(bound.socket.close)
        close = await stack.enter_async_context(_listening((kiosk, clerk), fronts, waiting))
        journal = await stack.enter_async_context(_journal(config, clock, waiting))
        await recovery.begin(journal, release=release(), key=receipts.public_of(device_key))
        if is_on_trial:
            commissioning.refuse_loaded(journal.cabinet, config.by_number)
        assembly = assemble_boards(config, config.limits)
        doors = Doors(
            journal=journal,
            wiring=config,
            buses=assembly.buses,
            boards=assembly.boards,
            uptime_ms=clock.uptime_ms,
            is_on_trial=is_on_trial,
        )
        notices = Notices(
            journal=journal,
            gateways=gateways_of(config),
            texts=read_texts(),
            device_key=device_key,
            cabinet=config.cabinet,
            clock=clock.moment,
            draw=os.urandom,
            day=daytime_of(config),
            staff_phones=staff_phones_of(config),
            needs_registration=config.notices.needs_registered_texts,
        )
        stack.push_async_callback(notices.close)
        centre = await stack.enter_async_context(_centre(config, journal, clock, device_key))
        running = furnish(
            config=config,
            journal=journal,
            doors=doors,
            proofs=Proofs(
                journal=journal, device_key=device_key, former_key=former_key(config), uptime_ms=clock.uptime_ms
            ),
            centre=centre,
            notices=notices,
            device_key=device_key,
            entry=entry,
            clock=clock.moment,
            draw=os.urandom,
            push_secret=secret_of(config.centre.push_secret_file),
            bench=Bench(journal=journal, wiring=config, boards=assembly.boards, new_id=lambda: os.urandom(12).hex())
            if is_on_trial
            else None,
        )
        await reseal(config, running)
        fronts[0].app = create_kiosk_app(running)
        fronts[1].app = create_commission_app(running) if is_on_trial else create_clerk_app(running)
        waiting.bell.close()
        await _run_all(config, clock, running, stop, close, (kiosk, clerk), ready_line=ready_line)


def stopped_by_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@contextlib.asynccontextmanager
async def _listening(bound: tuple[Bound, Bound], fronts: tuple[Front, Front], waiting: Waiting) -> AsyncIterator[Close]:
    """Both listeners serve, first what there is while the journal is read. Gives what stops them before the end."""
    servers = [server_of(front, one) for front, one in zip(fronts, bound, strict=True)]
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(server.serve(sockets=[one.socket]), name=f"listener {one.url}")
            for server, one in zip(servers, bound, strict=True)
        ]

        async def close() -> None:
            waiting.bell.close()
            for server in servers:
                server.should_exit = True
            await asyncio.wait(tasks, timeout=SHUT_DOWN_WITHIN_S)
            for task in tasks:
                task.cancel()

        try:
            yield close
        finally:
            await close()


async def _run_all(
    config: Config,
    clock: Clock,
    running: Running,
    stop: asyncio.Event,
    close: Close,
    bound: tuple[Bound, Bound],
    *,
    ready_line: bool,
) -> None:
    beats = Beats()
    async with asyncio.TaskGroup() as group:
        workers = [
            group.create_task(running.doors.run(), name="doors"),
            group.create_task(beats.run(), name="beats"),
            group.create_task(notify.run(is_turning=beats.is_turning, environ=os.environ), name="watchdog"),
        ]
        if config.panel is not None:
            watch = panel.watch_of(running, config.panel, stop=stop.set)
            workers.append(group.create_task(watch.run(), name="panel"))
        if running.bench is None:
            workers += _serving(config, clock, running, group)
        else:
            sys.stdout.write(f"open {bound[1].url} and sign in as a technician; Ctrl-C ends\n")
            sys.stdout.flush()
            workers.append(group.create_task(_tell_numbers(running), name="numbers"))
        _announce(bound, ready_line=ready_line)
        await stop.wait()
        notify.notify(notify.STOPPING, environ=os.environ)
        running.bell.close()
        await close()
        for task in workers:
            task.cancel()


def _serving(config: Config, clock: Clock, running: Running, group: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
    """What a cabinet that serves does beside its doors."""
    workers = [
        group.create_task(running.notices.run(), name="notices"),
        group.create_task(_timers(config, running, clock), name="timers"),
        group.create_task(_self_check(config, running, clock), name="self-check"),
        group.create_task(seals.run(running.journal, key=running.receipt_key, zone=running.office.zone), name="seals"),
        group.create_task(_retention(config, running, clock), name="retention"),
        group.create_task(control.serve(config.storage.control, _commands(config, running)), name="control"),
    ]
    if config.printer is not None:
        workers.append(group.create_task(running.printing.run(), name="printer"))
    if config.scanner is not None:
        place = ScannerPort(port=config.scanner.port, baud=config.scanner.baud)
        workers.append(group.create_task(running.scans.follow(place), name="scanner"))
    if isinstance(running.centre, Sync):
        workers.append(group.create_task(running.centre.run(), name="sync"))
    return workers


async def _tell_numbers(running: Running) -> None:
    """The number that proves presence, at the terminal too: a cabinet that is commissioned may have no screen yet."""
    told = ""
    while True:
        strokes, shown = running.bell.strokes, running.sessions.shown()
        if shown is not None and shown.number != told:
            told = shown.number
            sys.stdout.write(f"number for the technician's page: {told}\n")
            sys.stdout.flush()
        await running.bell.rung(strokes)


async def _timers(config: Config, running: Running, clock: Clock) -> None:
    office = calendar_of(config)
    await timers.run(
        running.journal,
        timing=timing(config),
        office=office,
        clock=clock,
        servable=lambda: running.doors.servable,
        places=running.places,
    )


async def _self_check(config: Config, running: Running, clock: Clock) -> None:
    await self_check.run(running.journal, plan=self_check_of(config), look=lambda: morning.look(running), clock=clock)


def _policy(config: Config) -> Policy:
    return Policy(keep_ms=config.privacy.keep_personal_days * DAY_MS, needs_ack=config.centre.url is not None)


async def _retention(config: Config, running: Running, clock: Clock) -> None:
    await retention.run(
        running.journal,
        policy=_policy(config),
        copies=retention.Copies(
            backups=config.storage.backups,
            storage=config.storage.directory,
            keep_ms=config.storage.keep_backups_days * DAY_MS,
        ),
        clock=clock,
    )


def _announce(bound: tuple[Bound, Bound], *, ready_line: bool) -> None:
    kiosk, clerk = bound
    log.info("ready", kiosk=kiosk.url, clerk=clerk.url)
    notify.notify(notify.READY, notify.status(f"serving {kiosk.url} and {clerk.url}"), environ=os.environ)
    if ready_line:
        sys.stdout.write(json.dumps({"ready": True, "kiosk": kiosk.url, "clerk": clerk.url}) + "\n")
        sys.stdout.flush()


class Beats:
    """Whether the event loop turns: a counter that grows, and what it was when last asked."""

    def __init__(self) -> None:
        self._count = 0
        self._asked = -1

    async def run(self) -> None:
        while True:
            self._count += 1
            await asyncio.sleep(0.5)

    def is_turning(self) -> bool:
        """Whether the counter has grown since the last question."""
        turning, self._asked = self._count != self._asked, self._count
        return turning


def bind(listener: Listener) -> Bound:
    """The listener's socket. Raises CannotStartError when the port is taken."""
    family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((listener.host, listener.port))
    except OSError as error:
        bound.close()
        raise CannotStartError(
            f"port {listener.port} on {listener.host} cannot be used ({error.strerror}); "
            "stop the other program or choose another port in the configuration"
        ) from error
    port = bound.getsockname()[1]
    scheme = "https" if listener.certificate is not None else "http"
    return Bound(socket=bound, url=f"{scheme}://{listener.host}:{port}", listener=listener)


def server_of(app: ASGIApp, bound: Bound) -> uvicorn.Server:
    """What serves an app at a bound listener; signals are the caller's."""
    settings = uvicorn.Config(
        app,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUT_DOWN_WITHIN_S,
        ssl_certfile=bound.listener.certificate,
        ssl_keyfile=str(bound.listener.private_key) if bound.listener.private_key else None,
    )
    return _Server(settings)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are this module's."""
        yield


@contextlib.asynccontextmanager
async def _journal(config: Config, clock: Clock, waiting: Waiting) -> AsyncIterator[Journal[Cabinet]]:
    config.storage.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def report(done: int, total: int) -> None:
        waiting.done, waiting.total = done, total
        notify.notify(
            notify.more_time(60), notify.status(f"reading the journal: {done} of {total}"), environ=os.environ
        )

    journal = await Journal.open(
        config.storage.journal,
        cabinet_id=config.cabinet.id,
        fold=cabinet_fold(),
        clock=clock.moment,
        release=release(),
        views=views.VIEWS,
        reserve_mib=config.storage.reserve_mib,
        on_progress=report,
    )
    try:
        yield journal
    finally:
        await journal.close()


@contextlib.asynccontextmanager
async def _centre(
    config: Config, journal: Journal[Cabinet], clock: Clock, device_key: bytes
) -> AsyncIterator[Sync | Alone]:
    if config.centre.url is None:
        yield Alone()
        return
    async with httpx.AsyncClient() as client:
        yield Sync(
            journal=journal,
            inbox=Inbox(
                journal=journal,
                device_key=device_key,
                procedures=config.results.procedures,
                two_people=config.results.two_people,
            ),
            address=Address(
                url=config.centre.url,
                cabinet=config.cabinet.id,
                key=secret_of(config.centre.key_file) or "",
                poll_s=config.centre.poll_seconds,
            ),
            client=client,
            utc_ms=clock.wall_ms,
            chance=random.random,
        )


def read_device_key(config: Config) -> bytes:
    """The device key. Raises CannotStartError when none is named, DeviceKeyUnusableError when it cannot be read."""
    if config.secrets.device_key_file is None:
        raise CannotStartError("[secrets] device_key_file is missing; make one with `dossier-locker key FILE`")
    return sealing.read_device_key(config.secrets.device_key_file)


async def reseal(config: Config, running: Running) -> None:
    """While the key before is there: members stay who they were. Raises DeviceKeyUnusableError."""
    if (former := former_key(config)) is not None and (count := await running.roster.reseal(former)):
        log.info("members are sealed under the present device key", count=count)


def former_key(config: Config) -> bytes | None:
    """The device key before the present one, while it is changed. Raises DeviceKeyUnusableError."""
    path = config.secrets.former_device_key_file
    return None if path is None or not path.exists() else sealing.read_device_key(path)


def release() -> str:
    """The installed release, or the one of this checkout."""
    try:
        return metadata.version("dossier-locker")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def _commands(config: Config, running: Running) -> Mapping[str, control.Command]:
    async def backup() -> control.Reply:
        copy = await keeping.backup(
            running.journal,
            config.storage.backups,
            keep=config.storage.keep_backups,
            utc_ms=running.clock().utc_ms,
        )
        return {"file": str(copy)}

    async def verify(head: str = "") -> control.Reply:
        keys = {receipts.public_text(running.receipt_key), *await keeping.keys_of(running.journal)}
        verdict = await keeping.audit(running.journal, anchor=keeping.anchor_of(head) if head else None, public=keys)
        return {**verdict._asdict(), "is_sound": verdict.is_sound}

    async def status() -> control.Reply:
        cabinet = running.journal.cabinet
        return {
            "state": running.state,
            "facts": cabinet.seq,
            "epoch": cabinet.epoch,
            "inside": sum(one.stage == "loaded" for one in cabinet.hand_overs.values()),
            "waiting": len(cabinet.results),
            "incidents": [incident.kind for incident in cabinet.incidents.values()],
            "boards": {name: board.cause or "online" for name, board in running.doors.boards.items()},
            "centre": "online" if running.centre.is_online else "offline",
        }

    async def relocation_start() -> control.Reply:
        await standing.start_relocation(running, standing.CONSOLE)
        return {"state": running.state}

    async def relocation_finish(address: str) -> control.Reply:
        await standing.finish_relocation(running, standing.CONSOLE, address)
        return {"state": running.state}

    async def subject_report(typed: str) -> control.Reply:
        return await subjects.report(running.journal, typed, policy=_policy(config), moment=running.clock())

    async def erase(typed: str) -> control.Reply:
        return await subjects.erase(running.journal, typed, policy=_policy(config))

    async def retire(typed: str) -> control.Reply:
        await standing.retire_cabinet(running, standing.CONSOLE, typed)
        return {"state": running.state}

    return {
        "backup": backup,
        "verify": verify,
        "status": status,
        "relocation-start": relocation_start,
        "relocation-finish": relocation_finish,
        "retire": retire,
        "subject-report": subject_report,
        "erase": erase,
        **bus_view.commands(running),
        **support.commands(running),
        **board_swap.BoardSwaps(running=running).commands(),
    }
