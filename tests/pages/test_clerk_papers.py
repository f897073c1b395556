"""The clerk's morning round over what citizens left, in a real Chromium: keyboard and scanner alone."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import left
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
OPENING = {"compartment": 3, "purpose": "collect_intake", "is_opened": False}


async def test_a_round_needs_no_mouse_and_another_bag_is_refused(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("intakes/i3/report", problem("other-bag", 409), done(look_again=False))
    await clerk.show(intakes=[left(3), left(8)])
    await expect(page.get_by_test_id("papers-open")).to_contain_text("HS-000003")
    await expect(page.locator("[data-step] .button.is-primary, [data-testid=papers-open]").first).to_be_enabled()
    await page.keyboard.press("F6")
    await clerk.asked("intakes/i3/collect")
    await clerk.show(intakes=[left(3), left(8)], grants=[OPENING])
    await expect(page.get_by_test_id("papers-open")).to_have_count(0)
    await clerk.show(intakes=[left(3, is_emptied=True, can_report=True), left(8)], grants=[])
    await expect(page.get_by_test_id("papers-bag")).to_be_focused()
    await page.keyboard.type("HS-000008\n")
    await expect(page.get_by_test_id("papers-count")).to_be_focused()
    await page.keyboard.type("4\n")
    assert await clerk.asked("intakes/i3/report") == {"bag": "HS-000008", "count": 4}
    await expect(page.get_by_test_id("note").first).to_contain_text("không phải túi")
    await expect(page.get_by_test_id("papers-bag")).to_be_focused()
    await page.keyboard.type("HS-000003\n")
    assert await clerk.asked("intakes/i3/report", times=2) == {"bag": "HS-000003", "count": 4}
    await clerk.show(intakes=[left(8), left(3, compartment=None, stage="collected", count=4)])
    await expect(page.get_by_test_id("papers-open")).to_contain_text("HS-000008")
    await expect(page.locator("[data-step] .button.is-primary, [data-testid=papers-open]").first).to_be_enabled()
    await page.keyboard.press("F6")
    await clerk.asked("intakes/i8/collect")


async def test_a_missing_bag_is_looked_for_a_second_time(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("intakes/i3/report", done(look_again=True))
    await clerk.show(intakes=[left(3)])
    await clerk.show(intakes=[left(3, is_emptied=True, can_report=True)])
    await expect(page.get_by_test_id("papers-bag")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.keyboard.type("0\n")
    assert await clerk.asked("intakes/i3/report") == {"bag": "", "count": 0}
    await clerk.show(intakes=[left(3, is_missed=True)])
    await expect(page.get_by_test_id("papers-open")).to_contain_text("Mở lại ngăn 3")
    await expect(page.get_by_test_id("papers-open")).to_be_enabled()
    await expect(page.locator("[data-step] .button.is-primary, [data-testid=papers-open]").first).to_be_enabled()
    await page.keyboard.press("F6")
    await clerk.asked("intakes/i3/collect")
    await clerk.show(intakes=[left(3, compartment=None, stage="collected", is_missed=True)])
    await page.get_by_test_id("nothing_found-i3").click()
    assert await clerk.asked("intakes/i3/answer") == {"outcome": "nothing_found"}


async def test_each_bag_is_registered_or_returned_or_needs_more(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    taken = {"compartment": None, "stage": "collected", "count": 2}
    await clerk.show(intakes=[left(3, **taken), left(4, **taken, is_late=True), left(5, **taken)])
    await expect(page.get_by_test_id("paper-i4")).to_contain_text("trễ hẹn 23/11/2026")
    await page.get_by_test_id("dossier-i3").fill("H29.190.5-261122-0042")
    await page.get_by_test_id("appointment-i3").fill("2026-12-01")
    await page.keyboard.press("Enter")
    filed = {"outcome": "registered", "dossier": "H29.190.5-261122-0042", "appointment": "2026-12-01"}
    assert await clerk.asked("intakes/i3/answer") == filed
    await page.get_by_test_id("supplement-i4").click()
    assert await clerk.asked("intakes/i4/answer") == {"outcome": "supplement"}
    await page.get_by_test_id("returned-i5").click()
    assert await clerk.asked("intakes/i5/answer") == {"outcome": "returned"}


async def test_what_may_lie_behind_a_door_is_looked_at(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await clerk.show(intakes=[left(14, stage="withdrawn")])
    await expect(page.get_by_test_id("paper-i14")).to_contain_text("người dân báo đã lấy lại")
    await expect(page.get_by_test_id("papers-open")).to_have_count(0)
    await page.get_by_test_id("look-i14").click()
    await clerk.asked("compartments/14/inspect")
