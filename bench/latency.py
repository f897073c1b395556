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
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.table import Row, percentile, progress
from hw.loop import run
from locker.config_file import load_wiring
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
BATCH = 8
"""Loaded one after another before any is collected, so that each has a lock of its own that is not warm yet."""
DOORS_A_MINUTE = 60
SPARE_DOORS = 4
MINUTE_S = 61.0
CODE = re.compile(r"\b(\d{4}) (\d{4}) (\d{4})\b")


def quick_locks(config: Path) -> None:
    """Locks that cool at once, and as many doors a minute as a cabinet may open; `Pace` keeps below that."""
    text = config.read_text(encoding="utf-8")
    text = text.replace("pulse_ms = 500", "pulse_ms = 100", 1).replace("min_gap_ms = 2000", "min_gap_ms = 0", 1)
    text = text.replace("max_pulses_per_minute = 6", "max_pulses_per_minute = 30", 1)
    config.write_text(text + f"\n[limits]\ndoors_per_minute = {DOORS_A_MINUTE}\n", encoding="utf-8")


class Pace:
    """Keeps below the doors that the cabinet opens in a minute, or its own limit would be measured."""

    def __init__(self) -> None:
        self.opened: deque[float] = deque()

    async def turn(self) -> None:
        """Wait until one more door may open, and count it."""
        if len(self.opened) >= DOORS_A_MINUTE - SPARE_DOORS:
            await asyncio.sleep(max(0.0, self.opened.popleft() + MINUTE_S - time.monotonic()))
        self.opened.append(time.monotonic())


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
            times: list[float] = []
            pace = Pace()
            while len(times) < pickups:
                loaded = [
                    await _load(stage, clerk, centre, pace, len(times) + ahead)
                    for ahead in range(min(BATCH, pickups - len(times)))
                ]
                await clerk.close_round()
                for number, phone in loaded:
                    digits = await _message(stage, phone)
                    await pace.turn()
                    times.append(await _collect(stage, kiosk, number, digits))
                    progress(f"pickup {len(times)} of {pickups}")
            progress("")
            return times


async def _load(stage: Stage, clerk: Clerk, centre: CentreStaff, pace: Pace, number: int) -> tuple[int, str]:
    """A result for a person of its own, put in; its compartment and the person's phone."""
    result, phone = f"bench-{number}", f"+8498765{number:04d}"
    wish = dossiers.waiting(CABINET, datetime.now(UTC).date())[3]
    who = {"name": f"Người Thứ {number}", "phone": phone, "key": f"person-{number}"}
    code = f"H29.190.5-261008-{number:07d}"
    announced = {**wish, "result_id": result, "dossier_code": code, "size": "S", "reach": "any", "recipient": who}
    await centre.announce(announced)
    await centre.until_stage(result, "queued")
    await pace.turn()
    answer = (await clerk.post("loads", {"results": [result]})).raise_for_status().json()
    compartment = int(answer["compartment"])
    await by_hand(stage, compartment, put=True)

    async def loaded() -> bool:
        inside = (await clerk.snapshot())["in_cabinet"]
        return any(one["hand_over"] == answer["hand_over"] and one["stage"] == "loaded" for one in inside)

    await until("loaded", loaded)
    return compartment, phone


async def _message(stage: Stage, phone: str) -> str:
    async def arrived() -> str:
        found = [CODE.search(one.text) for one in stage.phone.messages if one.recipient == phone]
        codes = ["".join(one.groups()) for one in found if one]
        return codes[-1] if codes else ""

    digits: str = await until("a code", arrived)
    return digits


async def _collect(stage: Stage, kiosk: Kiosk, number: int, digits: str) -> float:
    """One person at the kiosk; milliseconds from the digits to the coil."""
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
    await pull(stage, number, put=put)
    await asyncio.sleep(0.3)  # a hand needs its time, and the input two reads
    push(stage, number)


async def pull(stage: Stage, number: int, *, put: bool) -> None:
    """Until the lock has let go, then the door is pulled and something put in or taken out."""
    door = stage.cabinet.doors[number]
    while door.is_energised or door.position == "closed":
        await stage.wait_for_change(0.05)
    stage.touch(number, lambda door, at: door.pull(at))
    if put:
        stage.touch(number, lambda door, at: door.put("envelope", at))
    else:
        stage.touch(number, lambda door, at: door.take(at))


def push(stage: Stage, number: int) -> None:
    """The door is shut."""
    stage.touch(number, lambda door, at: door.push(at))


def rows(*, pickups: int) -> list[Row]:
    """The figures of this file."""
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    beyond = run(measure(pickups=pickups, baud=None))
    at_9600 = run(measure(pickups=max(10, pickups // 2), baud=9600))
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
