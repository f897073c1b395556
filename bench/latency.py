"""Last digit to the lock: from the moment the kiosk sends twelve digits to the pulse at the board, all workers running.

The simulated cabinet runs in this process, so both ends are read from one clock; controller and centre are
processes of their own. Measured on a line without character times (what is beyond the wire) and on one that keeps
those of 9,600 baud.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.table import Row, percentile, progress
from locker.config import load_wiring
from simulator import dossiers
from simulator.children import held, until_ready
from simulator.desk import CABINET, Desk, first_free_port, set_up
from simulator.phone import Phone
from simulator.players import Centre as CentreStaff
from simulator.players import Clerk, Kiosk, until
from simulator.stack import ROOT, commands
from simulator.stage import Stage

BEYOND_WIRE_BAR_MS = 50
POLL_AT_9600_MS = 22.9
PULSE_AT_9600_MS = 8.3 + 3.65
PHONE = "+84987650321"
CODE = re.compile(r"\b(\d{4}) (\d{4}) (\d{4})\b")


def quick_locks(config: Path) -> None:
    """Locks that bear a pulse at any time: a bench opens more doors in a minute than a street does."""
    text = config.read_text(encoding="utf-8")
    text = text.replace("pulse_ms = 500", "pulse_ms = 100", 1).replace("min_gap_ms = 2000", "min_gap_ms = 0", 1)
    text = text.replace("max_pulses_per_minute = 6", "max_pulses_per_minute = 30", 1)
    config.write_text(text + "\n[limits]\ndoors_per_minute = 60\n", encoding="utf-8")


@contextlib.asynccontextmanager
async def steel(desk: Desk, *, baud: int | None) -> AsyncIterator[Stage]:
    """The simulated cabinet in this process."""
    wiring = load_wiring(desk.config)
    stage = Stage(name=CABINET, wiring=wiring, phone=Phone(desk.outbox), clock=time.monotonic, real_time_baud=baud)
    async with stage.served({wiring.bus[0].name: str(desk.line)}):
        yield stage


async def measure(*, pickups: int, baud: int | None) -> list[float]:
    """Milliseconds from sending the digits to the coil, once per pickup."""
    with tempfile.TemporaryDirectory(prefix="dossier-bench-") as folder:
        desk = set_up(Path(folder), port_base=first_free_port())
        quick_locks(desk.config)
        async with contextlib.AsyncExitStack() as stack:
            stage = await stack.enter_async_context(steel(desk, baud=baud))
            children = await stack.enter_async_context(held(desk.logs))
            parts = commands(desk)
            await until_ready(await children.start("centre", parts["centre"], cwd=ROOT))
            await until_ready(await children.start("controller", parts["controller"], cwd=ROOT))

            async def client(page: str) -> httpx.AsyncClient:
                return await stack.enter_async_context(
                    httpx.AsyncClient(base_url=desk.url(page), trust_env=False, timeout=30)
                )

            kiosk = Kiosk(await client("kiosk"))
            clerk = Clerk(await client("clerk"), desk.people[0], kiosk)
            centre = CentreStaff(await client("centre"))
            await kiosk.arrive()
            await clerk.sign_in()
            await clerk.show_presence()
            times = []
            for number in range(pickups):
                times.append(await _pickup(stage, kiosk, clerk, centre))
                progress(f"pickup {number + 1} of {pickups}")
            progress("")
            return times


async def _pickup(stage: Stage, kiosk: Kiosk, clerk: Clerk, centre: CentreStaff) -> float:
    result = f"bench-{secrets.token_hex(4)}"
    tail = secrets.randbelow(9000) + 1000
    wish = dossiers.waiting(CABINET, datetime.now(UTC).date())[3]
    code = f"H29.190.5-261008-{tail:04d}{secrets.randbelow(1000):03d}"
    await centre.announce({**wish, "result_id": result, "dossier_code": code, "reach": "any"})
    await centre.until_stage(result, "queued")
    answer = (await clerk.post("loads", {"results": [result]})).raise_for_status().json()
    number = int(answer["compartment"])
    await by_hand(stage, number, put=True)
    heard = len(stage.phone.messages)

    async def loaded() -> bool:
        inside = (await clerk.snapshot())["in_cabinet"]
        return any(one["hand_over"] == answer["hand_over"] and one["stage"] == "loaded" for one in inside)

    await until("loaded", loaded)
    await clerk.close_round()

    async def message() -> str:
        found = [CODE.search(one.text) for one in stage.phone.messages[heard:]]
        codes = ["".join(one.groups()) for one in found if one]
        return codes[-1] if codes else ""

    digits = await until("a code", message)
    took = await _submit(stage, kiosk, number, digits)
    await by_hand(stage, number, put=False)
    closed = await kiosk.door("closed")
    await kiosk.press("answers", hand_over=closed["hand_over"], said="received_all")
    await kiosk.press("leave")
    kiosk.visit = ""
    return took * 1000


async def _submit(stage: Stage, kiosk: Kiosk, number: int, digits: str) -> float:
    """Seconds from sending the digits to the coil; a refusal for a board that is asked again is tried again."""
    door = stage.cabinet.doors[number]
    while True:
        sent = time.perf_counter()
        submitted = asyncio.ensure_future(kiosk.type_code(digits))
        while not door.is_energised and not (submitted.done() and submitted.result().is_error):
            await stage.wait_for_change(1)
        pulsed = time.perf_counter()
        if (await submitted).is_success:
            return pulsed - sent
        await stage.wait_for_change(1)


async def by_hand(stage: Stage, number: int, *, put: bool) -> None:
    """A person pulls the door that has sprung, puts something in or takes it out, and shuts it."""
    door = stage.cabinet.doors[number]
    while door.is_energised or door.position == "closed":
        await stage.wait_for_change(0.05)
    stage.touch(number, lambda door, at: door.pull(at))
    if put:
        stage.touch(number, lambda door, at: door.put("envelope", at))
    else:
        stage.touch(number, lambda door, at: door.take(at))
    await asyncio.sleep(0.3)  # a hand needs its time, and the input two reads
    stage.touch(number, lambda door, at: door.push(at))


def rows(*, pickups: int) -> list[Row]:
    """The figures of this file."""
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    beyond = asyncio.run(measure(pickups=pickups, baud=None))
    at_9600 = asyncio.run(measure(pickups=max(10, pickups // 2), baud=9600))
    wire = POLL_AT_9600_MS + PULSE_AT_9600_MS
    return [
        Row("last digit to pulse, no character times, p50", percentile(beyond, 0.5), "ms", bar=BEYOND_WIRE_BAR_MS),
        Row("last digit to pulse, no character times, p99", percentile(beyond, 0.99), "ms", bar=BEYOND_WIRE_BAR_MS),
        Row(
            "last digit to pulse at 9,600 baud, p50",
            percentile(at_9600, 0.5),
            "ms",
            limit=wire + BEYOND_WIRE_BAR_MS,
            against="(one poll + the pulse frame + 50)",
            bar=1.0,
        ),
        Row(
            "last digit to pulse at 9,600 baud, p99",
            percentile(at_9600, 0.99),
            "ms",
            limit=wire + BEYOND_WIRE_BAR_MS,
            against="(one poll + the pulse frame + 50)",
            bar=1.0,
        ),
    ]
