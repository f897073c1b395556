"""A board is replaced on the technician's page while the cabinet serves: eight loaded doors, a clerk beside, a citizen
at another board.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from api.apps import create_clerk_app
from api.entry import KioskEntry
from api.running import Running, furnish
from locker import views
from locker.clock import system_clock
from locker.config import Config, StaffEntry
from locker.config_file import load, load_wiring
from locker.proofs import Proofs
from otp import staff
from simulator.doors import Position
from simulator.phone import Phone
from simulator.stage import Stage
from simulator.state import BoardFaultIn
from tests.api.conftest import serve
from tests.api.test_board_swap import DEVICE_KEY, HASHER, PASSWORD, SECRET, Nobody, hold
from tests.locker.steel import WIRING, Desk, running
from tests.pages.axe import violations

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text += '\n[storage]\ndirectory = "."\n[notices]\naccept_codes_in_clear = true\n[limits]\ndoors_per_minute = 60\n'
    (tmp_path / "cabinet.toml").write_text(text, encoding="utf-8")
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
    return load(tmp_path / "cabinet.toml").model_copy(update={"staff": people})


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, config: Config) -> AsyncIterator[Desk]:
    stage = Stage(name="t", wiring=load_wiring(WIRING), phone=Phone(None), clock=asyncio.get_running_loop().time)
    async with stage.moving(), running(tmp_path, stage, config, views=views.VIEWS) as one:
        yield one


@pytest.fixture
def cabinet(desk: Desk, config: Config) -> Running:
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


async def _arrive(page: Page, cabinet: Running, user: str) -> None:
    """Sign in and type the number that the kiosk shows."""
    await page.get_by_test_id("sign-in-user").fill(user)
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-code").fill(pyotp.TOTP(SECRET).at(int(time.time())))
    await page.get_by_test_id("sign-in-submit").click()
    await page.get_by_test_id("presence-start").click()
    await expect(page.get_by_test_id("presence-number")).to_be_visible()
    async with asyncio.timeout(10):
        while (shown := cabinet.sessions.shown()) is None:
            await cabinet.bell.rung(cabinet.bell.strokes)
    await page.get_by_test_id("presence-number").fill(shown.number)
    await page.get_by_test_id("presence-submit").click()
    await expect(page.get_by_test_id("is-present")).to_be_visible()


async def _shut(desk: Desk, number: int) -> None:
    """Shut the door that sprang open; nothing is taken out."""
    doors = desk.stage.cabinet.doors
    async with asyncio.timeout(10):
        while doors[number].is_energised or doors[number].position is Position.CLOSED:
            await desk.stage.wait_for_change(1)
    desk.stage.touch(number, lambda door, at: door.push(at))


async def test_a_board_is_replaced_on_the_page_behind_eight_loaded_doors_while_a_citizen_collects_elsewhere(
    browser: Browser, desk: Desk, cabinet: Running, config: Config
) -> None:
    await desk.until_served(1)
    behind = tuple(entry.number for entry in config.compartments_of("A2"))
    await hold(desk, 1, *behind)
    told: list[str] = []
    async with serve(create_clerk_app(cabinet)) as client:
        technicians = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
        technicians.on("pageerror", lambda error: told.append(str(error)))
        page = technicians
        await page.goto(f"{client.base_url}/commission")
        await _arrive(page, cabinet, "tho")
        await page.get_by_test_id("board-A2-out").click()
        await expect(page.get_by_test_id("take-out")).to_be_focused()
        assert await violations(page) == []
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("held")).to_contain_text("9–16")
        await expect(page.get_by_test_id("try-all")).to_have_count(0)
        desk.stage.break_board("A2", BoardFaultIn(kind="dead"))
        await expect(page.get_by_test_id("silent-A2")).to_be_visible()
        assert await violations(page) == []

        await desk.grant_collect("h-r1")
        await desk.until(lambda now: now.compartment(1).is_open)
        await desk.shut(1, take=True)
        await desk.until(lambda now: now.hand_overs["h-r1"].stage == "collected")
        assert desk.journal.cabinet.boards_out == {"A2": "replaced"}

        desk.stage.break_board("A2", BoardFaultIn(kind="none"))
        clerks = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
        await clerks.goto(str(client.base_url))
        await _arrive(clerks, cabinet, "lan")
        await expect(page.get_by_test_id("try-all")).to_be_enabled()
        await page.get_by_test_id("try-all").click()
        for number in behind:
            await expect(page.get_by_test_id("asked-door")).to_have_text(str(number))
            await _shut(desk, number)
            await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("all-good")).to_be_visible()
        assert await violations(page) == []
        for opened in (technicians, clerks):
            await opened.context.close()
    assert told == []
    now = desk.journal.cabinet
    assert now.boards_out == {}
    assert set(behind) <= set(desk.doors.servable)
    assert all(now.hand_overs[f"h-r{number}"].stage == "loaded" for number in behind)
    assert all(desk.stage.cabinet.doors[number].content == [f"r{number}"] for number in behind)
    assert all(desk.stage.cabinet.doors[number].pulses == 1 for number in behind)
    grants = [one.body for one in await desk.journal.envelopes(0, 1000) if one.type == "GrantIssued"]
    assert {(one["purpose"], one["second"]) for one in grants if one["actor"] == "tho"} == {("prove", "lan")}
