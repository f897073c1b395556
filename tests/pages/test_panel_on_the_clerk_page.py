"""Power, locks and clock on the clerk page, in a real Chromium."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import CLERK
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
PANEL = {
    "opened": ["case"],
    "battery_minutes": 12,
    "is_stopping": False,
    "is_supply_cut": True,
    "has_key": True,
    "printer": "out",
}


async def test_power_locks_and_clock_are_told_and_set(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("panel-battery")).to_have_count(0)
    await clerk.show(panel=PANEL, clock="unset")
    await expect(page.get_by_test_id("panel-battery")).to_contain_text("12 phút")
    await expect(page.get_by_test_id("panel-printer")).to_contain_text("hết giấy")
    await expect(page.get_by_test_id("panel-case")).to_be_visible()
    await page.get_by_test_id("clock-time").fill("2026-12-24T18:30")
    await page.get_by_test_id("clock-set").click()
    assert await clerk.asked("panel/clock") == {"local": "2026-12-24T18:30"}
    clerk.script("panel/lock-supply", problem("presence-needed", 403), done())
    await page.get_by_test_id("lock-supply").click()
    await expect(page.get_by_test_id("presence-panel")).to_contain_text("vặn chìa khoá")
    await clerk.show(me={**CLERK["me"], "is_present": True})
    await clerk.asked("panel/lock-supply", times=2)
    await expect(page.get_by_test_id("presence-panel")).to_have_count(0)
