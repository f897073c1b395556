"""Every screen of the clerk page by axe's rules, on an office PC and on a phone in the hand, in both languages.

What fingers touch is at least 44 px high, and nothing is wider than the phone.
"""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page

from tests.pages.axe import violations
from tests.pages.desk_tour import TABS, desk_screens, with_first_password
from tests.pages.stub_service import StubService, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a")]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
  .map((one) => `${one.outerHTML.slice(0, 120)} is ${one.getBoundingClientRect().height} px high`)"""


async def _wrong(page: Page, name: str, *, is_phone: bool) -> list[str]:
    found = []
    for tab in TABS if is_phone else ("",):
        if tab:
            await page.get_by_test_id(f"tab-{tab}").click()
            width = await page.evaluate("document.documentElement.scrollWidth")
            found += [f"{name}, {tab}: {width} px wide"] if width > 390 else []
        found += [f"{name}, {tab}: {one}" for one in await page.evaluate(SMALL)]
    # The words and roles of a tab are those of the office's page.
    found += [] if is_phone else [f"{name}: {one}" for one in await violations(page)]
    return found


@pytest.mark.parametrize("is_phone", [False, True], ids=["office", "phone"])
async def test_no_screen_of_the_desk_breaks_a_rule_of_axe(
    clerk: StubService,
    open_page: Open,
    is_phone: bool,
) -> None:
    clerk.refuses = problem("not-allowed", 401)
    size = {"width": 390, "height": 844} if is_phone else {"width": 1440, "height": 900}
    page = await open_page(clerk, **size)
    wrong = [f"sign-in: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    await with_first_password(clerk, page)
    wrong += [f"one's own password: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    clerk.refuses = None
    await page.reload()
    await page.get_by_test_id("screen-desk").wait_for()
    if is_phone:
        await page.get_by_test_id("language-en").click()
    async for name in desk_screens(clerk, page):
        wrong += await _wrong(page, name, is_phone=is_phone)
    assert wrong == []
