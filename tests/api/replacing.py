"""A serving cabinet in which board A2 is replaced behind eight loaded doors, by the control socket or on a page."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from api.entry import KioskEntry
from api.running import Running, furnish
from locker import events as ev
from locker.clock import system_clock
from locker.config import Config, StaffEntry
from locker.config_file import load, load_wiring
from locker.proofs import Proofs
from otp import staff
from simulator.phone import Phone
from simulator.stage import Stage
from tests.locker.steel import WIRING, Desk, running

PASSWORD = "mat-khau-rat-dai"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DEVICE_KEY = bytes.fromhex("11" * 32)
HASHER = staff.password_hasher(memory_kib=8, passes=1)


class Nobody:
    """No centre and no notices here."""

    is_online = False
    last_contact = None


def configured(folder: Path, *, more: str = "") -> Config:
    """The wiring of 24 doors with pulses as short as may be; a technician `tho` and a clerk `lan`."""
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text += '\n[storage]\ndirectory = "."\n[notices]\naccept_codes_in_clear = true\n'
    (folder / "cabinet.toml").write_text(text + more, encoding="utf-8")
    people = tuple(
        StaffEntry(
            user=user,
            name=name,
            role=role,  # type: ignore[arg-type]  # one of the roles
            password_hash=staff.hash_password(PASSWORD, hasher=HASHER),
            totp_secret=SECRET,
        )
        for user, name, role in (("tho", "Phạm Văn Thợ", "technician"), ("lan", "Trần Thị Lan", "clerk"))
    )
    return load(folder / "cabinet.toml").model_copy(update={"staff": people})


@contextlib.asynccontextmanager
async def at_work(folder: Path, config: Config, **settings: Any) -> AsyncIterator[Desk]:
    """That cabinet with its steel, in real time."""
    stage = Stage(name="t", wiring=load_wiring(WIRING), phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving(), running(folder, stage, config, **settings) as one:
        yield one


def furnished(desk: Desk, config: Config) -> Running:
    """What its apps and commands work with."""
    nobody: Any = Nobody()
    clock = system_clock("r-swap")
    return furnish(
        config=config,
        journal=desk.journal,
        doors=desk.doors,
        proofs=Proofs(journal=desk.journal, device_key=DEVICE_KEY, uptime_ms=clock.uptime_ms),
        centre=nobody,
        notices=nobody,
        device_key=DEVICE_KEY,
        entry=KioskEntry(device_key=DEVICE_KEY, key_file=None, draw=bytes),
        clock=clock.moment,
        draw=os.urandom,
        hasher=HASHER,
    )


async def hold(desk: Desk, *numbers: int) -> None:
    """Something lies in these compartments, each for a person of its own."""
    for number in numbers:
        result = await desk.announce(number, recipient=f"k{number}")
        key = f"h-{result}"
        started = ev.LoadStarted(
            hand_over=key, results=(result,), recipient=f"k{number}", compartment=number, actor="lan"
        )
        loaded = ev.Loaded(hand_over=key, compartment=number, results=(result,), evidence="clerk")
        await desk.journal.record(lambda *_, facts=(started, loaded): ev.Decision(events=facts))
        desk.stage.cabinet.doors[number].content.append(result)
    await desk.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"),)))


async def somebody_collects(desk: Desk) -> None:
    """What lies in compartment 1, at another board, goes to its person."""
    await desk.grant_collect("h-r1")
    await desk.until(lambda now: now.compartment(1).is_open)
    await desk.shut(1, take=True)
    await desk.until(lambda now: now.hand_overs["h-r1"].stage == "collected")


async def require_replaced(desk: Desk, behind: Sequence[int]) -> None:
    """Every board serves, what lay behind the board lies there still, and a clerk stood beside every proof."""
    now = desk.journal.cabinet
    assert now.boards_out == {}
    assert set(behind) <= set(desk.doors.servable)
    assert all(now.hand_overs[f"h-r{number}"].stage == "loaded" for number in behind)
    assert all(desk.stage.cabinet.doors[number].content == [f"r{number}"] for number in behind)
    grants = [one.body for one in await desk.journal.envelopes(0, 1000) if one.type == "GrantIssued"]
    assert {(one["purpose"], one["second"]) for one in grants if one["actor"] == "tho"} == {("prove", "lan")}
