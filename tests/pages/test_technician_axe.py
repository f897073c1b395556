"""Every screen of the technician's page by axe's rules, at a desk and on a phone; and what its keys and touches ask."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.pages.axe import violations
from tests.pages.scenes import INVERTED, REPLACED, TRIALS, tried
from tests.pages.stub_service import StubService, done, problem
from tests.pages.test_clerk_axe import SMALL

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def commission() -> AsyncIterator[StubService]:
    service = StubService("clerk", TRIALS[0][1], front="commission")
    await service.start()
    yield service
    await service.stop()


@pytest.mark.parametrize("is_phone", [False, True], ids=["desk", "phone"])
async def test_no_screen_of_the_technician_breaks_a_rule_of_axe(
    commission: StubService, open_page: Open, is_phone: bool
) -> None:
    size = {"width": 390, "height": 844} if is_phone else {"width": 1280, "height": 960}
    page = await open_page(commission, **size)
    if is_phone:
        await page.get_by_test_id("language-en").click()
    wrong = []
    for name, shown in (*TRIALS, ("doors", REPLACED)):
        await commission.show(**{key: value for key, value in shown.items() if key != "version"})
        await page.get_by_test_id(f"step-{name}").wait_for()
        wrong += [f"{name}: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
        wide = await page.evaluate("document.documentElement.scrollWidth")
        wrong += [f"{name}: {wide} px wide"] if wide > size["width"] else []
    assert wrong == []


async def test_a_door_that_is_not_shut_yet_is_said_and_asked_again(commission: StubService, open_page: Open) -> None:
    await commission.show(**{**tried(good=8, awaited=[9]), "version": 2})
    page = await open_page(commission)
    commission.script("doors/9/seen", problem("door-stands-open", 409), done(finding=INVERTED))
    await expect(page.get_by_test_id("opened")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("note")).to_contain_text("Đóng cửa đang mở trước")
    await expect(page.get_by_test_id("opened")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await commission.asked("doors/9/seen", times=2) == {"opened": 9}


async def test_another_door_that_opened_is_touched_in_the_picture(commission: StubService, open_page: Open) -> None:
    await commission.show(**{**tried(good=8, awaited=[9]), "version": 2})
    page = await open_page(commission, width=390, height=844)
    await page.get_by_test_id("door-10").click()
    assert await commission.asked("doors/9/seen") == {"opened": 10}


async def test_a_round_goes_from_door_to_door_and_stops_where_the_cabinet_says_no(
    commission: StubService, open_page: Open
) -> None:
    await commission.show(**{**tried(good=22), "version": 2})
    page = await open_page(commission)
    commission.script("doors/23/try", done(finding=None))
    commission.script("doors/23/seen", done(finding={"number": 23, "kind": "good", "other": 0}))
    commission.script("doors/24/try", problem("compartment-busy", 409))
    await page.get_by_test_id("try-all").press("Enter")
    await commission.asked("doors/23/try")
    await expect(page.get_by_test_id("asked-door")).to_have_text("23")
    await page.keyboard.press("Enter")
    await commission.asked("doors/24/try")
    await expect(page.get_by_test_id("note")).to_contain_text("Cửa ngăn này đang mở")
    await expect(page.get_by_test_id("step-doors")).to_be_visible()
