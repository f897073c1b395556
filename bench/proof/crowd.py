"""One code typed 64 times at once, a thousand times: each time one grant and one pulse at the steel, nothing charged.

The kiosk's app behind a real HTTP server on loopback, 64 connections; journal, proofs and doors worker as in the
service; real frames on a pty to the simulated cabinet, whose doors count the pulses they feel. Argon2 runs with the
least parameters: its cost is not what is measured. Results are laid by facts, not through the clerk's page.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn

from api.apps import create_kiosk_app
from api.boards import assemble_boards
from api.entry import KioskEntry
from api.gateways import gateways_of
from api.run import bind
from api.running import Running, furnish
from bench.latency import quick_locks, steel
from bench.proof import machine
from bench.proof.table import Proved
from bench.table import progress
from hw.loop import run
from locker import events as ev
from locker import recovery, views
from locker.clock import system_clock
from locker.config_file import load
from locker.doors import Doors
from locker.journal import Journal
from locker.notices import Notices
from locker.proofs import Proofs
from locker.replay import cabinet_fold
from locker.sync import Alone
from otp import codes, sealing
from otp.texts import read_texts
from simulator.desk import first_free_port, set_up
from simulator.stage import Stage

AT_ONCE = 64
CHEAP = sealing.Argon2Cost(memory_kib=8)
KEY = bytes(range(32))
WITHIN_S = 20.0
SHOWN = 10


@dataclass(frozen=True)
class Scene:
    """A cabinet that runs, its steel, and the kiosk's browser."""

    running: Running
    stage: Stage
    kiosk: httpx.AsyncClient

    async def until(self, *, number: int, is_open: bool) -> None:
        """Waits for the sensor's word on a door. Raises TimeoutError."""
        journal = self.running.journal
        async with asyncio.timeout(WITHIN_S):
            while journal.cabinet.compartment(number).is_open != is_open:
                await journal.changed(journal.cabinet.seq)


@contextlib.asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Scene]:
    """Everything one kiosk needs, in this process."""
    desk = set_up(folder, port_base=first_free_port())
    quick_locks(desk.config)
    config = load(desk.config)
    clock = system_clock("r-crowd")
    async with contextlib.AsyncExitStack() as stack:
        stage = await stack.enter_async_context(steel(desk, baud=None))
        journal = await Journal.open(
            config.storage.journal,
            cabinet_id=config.cabinet.id,
            fold=cabinet_fold(),
            clock=clock.moment,
            release="t",
            views=views.VIEWS,
            reserve_mib=0,
        )
        stack.push_async_callback(journal.close)
        await recovery.begin(journal, release="t")
        assembly = assemble_boards(config, config.limits)
        doors = Doors(
            journal=journal,
            wiring=config,
            buses=assembly.buses,
            boards=assembly.boards,
            uptime_ms=clock.uptime_ms,
        )
        notices = Notices(
            journal=journal,
            gateways=gateways_of(config),
            texts=read_texts(),
            device_key=KEY,
            cabinet=config.cabinet,
            clock=clock.moment,
            draw=os.urandom,
        )
        stack.push_async_callback(notices.close)
        running = furnish(
            config=config,
            journal=journal,
            doors=doors,
            proofs=Proofs(journal=journal, device_key=KEY, uptime_ms=clock.uptime_ms, cost=CHEAP),
            centre=Alone(),
            notices=notices,
            device_key=KEY,
            entry=KioskEntry(device_key=KEY, key_file=config.kiosk.key_file, draw=os.urandom),
            clock=clock.moment,
            draw=os.urandom,
        )
        bound = bind(config.kiosk)
        stack.callback(bound.socket.close)
        app = create_kiosk_app(running)
        server = uvicorn.Server(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_keep_alive=600,  # 64 connections are kept from round to round
            )
        )
        group = await stack.enter_async_context(asyncio.TaskGroup())
        working = group.create_task(doors.run())
        serving = group.create_task(server._serve([bound.socket]))  # noqa: SLF001  signals stay with the bench
        kiosk = await stack.enter_async_context(
            httpx.AsyncClient(
                base_url=bound.url,
                cookies={"kiosk": running.entry.cookie()},
                trust_env=False,
                timeout=WITHIN_S,
                limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE),
            )
        )
        async with asyncio.timeout(WITHIN_S):
            while len(doors.servable) < len(config.places):
                await doors.changed()
        try:
            yield Scene(running, stage, kiosk)
        finally:
            server.should_exit = True
            await serving
            working.cancel()


async def lay(scene: Scene, number: int, compartment: int) -> str:
    """One more result behind a door, and its code; the twelve digits."""
    journal = scene.running.journal
    result, recipient = f"r-{number}", f"k-{number}"
    queued = ev.ResultQueued(
        wish=number,
        result=result,
        recipient=recipient,
        person=f"p-{number}",
        dossier=f"d-{number}",
        items=(ev.Item(item="i"),),
        size="S",
        reach="any",
        language="vi",
        deadline="2099-12-31",
        state=9,
        consent=True,
        fee="none",
    )
    hand_over = f"h-{number}"
    started = ev.LoadStarted(
        hand_over=hand_over, results=(result,), recipient=recipient, compartment=compartment, actor="lan"
    )
    loaded = ev.Loaded(hand_over=hand_over, compartment=compartment, results=(result,), evidence="door_cycle")
    facts = (queued, started, loaded, ev.RoundClosed(actor="lan"))
    await journal.record(lambda *_: ev.Decision(events=facts))
    found = journal.cabinet.bundle_of(recipient)
    assert found is not None
    selector, secret, salt = str(100 + number % 900), f"{number:08d}", f"{number:016d}".encode()
    verifier = sealing.verifier(KEY, secret, salt, cost=CHEAP)
    kept = ev.PutCode(code=f"c-{number}", bundle=found.bundle, salt=salt, verifier=verifier, sealed=b"")
    minted = ev.CodeMinted(
        code=f"c-{number}",
        bundle=found.bundle,
        recipient=recipient,
        selector=selector,
        holder="owner",
        cause="ready",
    )
    await journal.record(lambda *_: ev.Decision(events=(minted,), rows=(kept,)))
    return codes.compose(selector, secret)


async def one_round(scene: Scene, number: int) -> list[str]:
    """One code typed AT_ONCE times at once and its door emptied; what was not as it should be."""
    journal = scene.running.journal
    places = [
        number for number, place in sorted(scene.running.places.items()) if place.is_low
    ]  # a high one is asked of
    compartment = places[number % len(places)]
    door = scene.stage.cabinet.doors[compartment]
    before = door.pulses
    digits = await lay(scene, number, compartment)
    answers = await asyncio.gather(
        *(scene.kiosk.post("/api/kiosk/codes", json={"digits": digits}) for _ in range(AT_ONCE))
    )
    told = Counter((one.status_code, one.json().get("visit")) for one in answers)
    visit = answers[0].json().get("visit")
    if told != {(200, visit): AT_ONCE}:
        return [f"round {number}: answers {told}"]
    async with asyncio.timeout(WITHIN_S):
        while door.is_energised or door.position == "closed":
            await scene.stage.wait_for_change(0.05)
    scene.stage.touch(compartment, lambda door, at: door.pull(at))
    await scene.until(number=compartment, is_open=True)
    scene.stage.touch(compartment, lambda door, at: door.push(at))
    await scene.until(number=compartment, is_open=False)
    left = await scene.kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})
    wrong = []
    if door.pulses != before + 1:
        wrong.append(f"round {number}: {door.pulses - before} pulses at the steel")
    if left.status_code != httpx.codes.OK or f"h-{number}" in journal.cabinet.hand_overs:
        wrong.append(f"round {number}: not collected")
    return wrong


async def play(rounds: int) -> tuple[list[str], Counter[str]]:
    """So many rounds: what was wrong, and how many facts of each kind are on record."""
    with tempfile.TemporaryDirectory(prefix="crowd-", dir=machine.memory()) as folder:
        async with scene(Path(folder)) as cabinet:
            wrong: list[str] = []
            for number in range(1, rounds + 1):
                wrong += await one_round(cabinet, number)
                progress(f"crowd: {number:,} of {rounds:,} rounds, {len(wrong)} wrong")
            progress("")
            counted = await cabinet.running.journal.read(
                lambda connection: connection.execute("SELECT type, count(*) FROM event GROUP BY type").fetchall()
            )
            return wrong, Counter({str(kind): count for kind, count in counted if isinstance(count, int)})


def prove(*, rounds: int) -> Proved:
    """In every round one grant and one pulse, and nothing charged."""
    began = time.perf_counter()
    machine.quiet()
    wrong, facts = run(play(rounds))
    counts = {kind: facts[kind] for kind in ("GrantIssued", "Collected", "AttemptFailed")}
    return Proved(
        what=f"one code submitted {AT_ONCE} times at once over HTTP, real frames to the lock",
        bar=f"{rounds:,} rounds: one grant, one pulse, one hand-over each, nothing charged",
        measured=f"{rounds:,} rounds, {rounds * AT_ONCE:,} submissions: {counts['GrantIssued']:,} grants, "
        f"{counts['Collected']:,} hand-overs, {counts['AttemptFailed']} charged, {len(wrong)} rounds wrong",
        seeds="none",
        holds=not wrong and counts == {"GrantIssued": rounds, "Collected": rounds, "AttemptFailed": 0},
        took_s=time.perf_counter() - began,
        told=tuple(wrong[:SHOWN]),
    )
