"""What a leader settles at the clerk page: the office's days."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import CLERK
from tests.pages.stub_service import StubService

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
LEADER = {**CLERK["me"], "user": "minh", "role": "leader", "agrees": True}


async def test_a_leader_closes_a_day_opens_another_and_lets_a_third_go_by_the_calendar(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("day-2026-11-24")).to_contain_text("nghỉ")
    await expect(page.get_by_test_id("day-form")).to_be_hidden()
    await clerk.show(me=LEADER)
    await page.get_by_test_id("day-day").fill("2026-12-31")
    await page.get_by_test_id("day-close").click()
    assert await clerk.asked("office-days/2026-12-31") == {"hours": []}
    await page.get_by_test_id("day-day").fill("2027-01-02")
    await page.get_by_test_id("day-hours").fill("07:30 – 11:30; 13:00-16:00")
    await page.get_by_test_id("day-open").click()
    assert await clerk.asked("office-days/2027-01-02") == {"hours": ["07:30-11:30", "13:00-16:00"]}
    await page.get_by_test_id("day-day").fill("2027-01-09")
    await page.get_by_test_id("day-open").click()
    assert await clerk.asked("office-days/2027-01-09") == {"hours": ["07:30-11:30", "13:00-17:00"]}
    await page.get_by_test_id("day-free-2026-11-28").click()
    await clerk.asked("office-days/2026-11-28/free")
