"""Every screen of the clerk page by axe's rules, on an office PC and on a phone in the hand, in both languages.

What fingers touch is at least 44 px high, and nothing is wider than the phone.
"""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Page

from tests.pages.axe import violations
from tests.pages.scenes import CLERK, in_cabinet, left
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
ME = CLERK["me"]
LEADER = {**ME, "user": "minh", "role": "leader", "agrees": True}
MEMBERS = [
    {"user": "minh", "name": "Lê Minh", "role": "leader", "is_locked": False, "is_me": True},
    {"user": "lan", "name": "Nguyễn Thị Lan", "role": "clerk", "is_locked": True, "is_me": False},
]
APPROVAL = {
    "approval": "a1",
    "number": 317,
    "compartment": 2,
    "hand_over": "h2",
    "purpose": "reclaim",
    "results": [],
    "asked_by": "Nguyễn Thị Lan",
    "is_mine": False,
    "given_by": "",
    "seconds_left": 590,
}
TEXT = {
    "name": "READY",
    "language": "vi",
    "pattern": "{code}",
    "original": "{code}",
    "is_own": True,
    "state": "draft",
    "provider_template": "",
    "required": ["code"],
    "allowed": ["code"],
    "preview": "**** **** ****",
    "encoding": "GSM-7",
    "units": 14,
    "segments": 1,
    "is_shortened": False,
}
MADE = {
    "user": "hoa",
    "name": "Đỗ Thị Hòa",
    "secret": "JBSW Y3DP",
    "picture": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    "recovery_codes": ["7K3QD-XW9M2", "AAAAA-BBBBB"],
}
TABS = ("work", "inside", "cabinet", "matters", "office")
SMALL = """() => [...document.querySelectorAll("button, input, select, textarea, summary, a")]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
  .map((one) => `${one.outerHTML.slice(0, 120)} is ${one.getBoundingClientRect().height} px high`)"""


async def _screens(clerk: StubService, page: Page) -> AsyncIterator[str]:
    """Lead the page, signed in, through everything that it can show at once; gives each one's name."""
    yield "a clerk's desk"
    await clerk.show(
        grants=[{"compartment": 20, "purpose": "load", "is_opened": True, "hand_over": "h20"}],
        round={"loaded": 1, "closes_in_seconds": 595},
        asked=[{"hand_over": "h21", "compartment": 21}],
        intakes=[left(4, is_emptied=True, can_report=True), left(8), left(9, is_late=True, is_confirmed=False)],
        in_cabinet=[in_cabinet(20, "Trần Văn Bình", stage="loading", can_reopen=True), *CLERK["in_cabinet"]],
        centre={"is_online": False, "unsent": 12, "last_contact": "2026-11-21T07:35:01+07:00"},
        state="read-only",
    )
    await page.get_by_test_id("door-panel").wait_for(state="attached")
    yield "a round under way"
    clerk.script("hand-overs/h2/reclaim", problem("second-person-needed", 403))
    await page.evaluate("document.querySelector('[data-testid=reclaim-h2]').click()")
    await page.evaluate(
        "document.querySelector('[data-testid=place-11]').dispatchEvent(new Event('click', {bubbles: true}))"
    )
    await page.get_by_test_id("second-form").first.wait_for(state="attached")
    yield "a closer look, and a second person asked for"
    await page.keyboard.press("Escape")
    await clerk.show(me={**ME, "is_present": False})
    await page.get_by_test_id("presence-start").wait_for()
    await page.keyboard.press("F8")
    await page.get_by_test_id("presence-number").wait_for()
    yield "the number of the kiosk"
    await page.keyboard.press("Escape")
    clerk.script("texts", done(needs_registration=True, most_segments=2, texts=[TEXT]))
    clerk.script("members", done(**MADE))
    await clerk.show(
        me=LEADER,
        members=MEMBERS,
        approvals=[APPROVAL],
        deputies=[{"user": "lan", "name": "Lan", "until": "2026-12-04"}],
    )
    await page.get_by_test_id("tab-office").dispatch_event("click")
    await page.get_by_test_id("texts-show").click()
    await page.get_by_test_id("text-READY-vi").click()
    await page.get_by_test_id("member-add").click()
    await page.get_by_test_id("member-form").wait_for()
    yield "a leader's forms"
    await page.get_by_test_id("member-renew-lan").click()
    clerk.script("members/lan/second-factor", done(**MADE))
    await page.get_by_test_id("member-own").fill("x")
    await page.get_by_test_id("member-code").fill("111111")
    await page.get_by_test_id("member-submit").click()
    await page.get_by_test_id("credentials").wait_for()
    yield "what a new member takes away"
    await clerk.show(
        me={**ME, "role": "technician"},
        members=[],
        approvals=[],
        standing={"stage": "moving", "since": "2026-11-22T07:00:00+07:00", "by": "Lê Minh", "is_checked": True},
        state="moving",
    )
    await page.get_by_test_id("state-moving").wait_for()
    yield "a technician's desk while the cabinet is moved"


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
    clerk.refuses = None
    await page.reload()
    await page.get_by_test_id("screen-desk").wait_for()
    if is_phone:
        await page.get_by_test_id("language-en").click()
    async for name in _screens(clerk, page):
        wrong += await _wrong(page, name, is_phone=is_phone)
    assert wrong == []
