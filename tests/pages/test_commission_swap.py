"""A board is replaced on the technician's page while the cabinet serves: eight loaded doors, a clerk beside, a citizen
at another board.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from api.apps import create_clerk_app
from api.running import Running
from locker import views
from locker.config import Config
from simulator.doors import Position
from simulator.state import BoardFaultIn
from tests.api.conftest import serve
from tests.api.replacing import (
    PASSWORD,
    SECRET,
    at_work,
    configured,
    furnished,
    hold,
    require_replaced,
    somebody_collects,
)
from tests.locker.steel import Desk
from tests.pages.axe import violations

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path, more="[limits]\ndoors_per_minute = 60\n")


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, config: Config) -> AsyncIterator[Desk]:
    async with at_work(tmp_path, config, views=views.VIEWS) as one:
        yield one


@pytest.fixture
def cabinet(desk: Desk, config: Config) -> Running:
    return furnished(desk, config)


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

        await somebody_collects(desk)
        assert desk.journal.cabinet.boards_out == {"A2": "replaced"}

        desk.stage.break_board("A2", BoardFaultIn(kind="none"))
        clerks = await (await browser.new_context(viewport={"width": 1280, "height": 900})).new_page()
        await clerks.goto(str(client.base_url))
        await _arrive(clerks, cabinet, "lan")
        await expect(page.get_by_test_id("try-all")).to_be_enabled()
        await page.get_by_test_id("try-all").click()
        for number in behind:
            await expect(page.get_by_test_id("asked-door")).to_have_text(str(number))
            await expect(page.get_by_test_id("opened")).to_be_focused()
            await _shut(desk, number)
            await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("all-good")).to_be_visible()
        assert await violations(page) == []
        for opened in (technicians, clerks):
            await opened.context.close()
    assert told == []
    await require_replaced(desk, behind)
    assert all(desk.stage.cabinet.doors[number].pulses == 1 for number in behind)
