"""Every screen of the kiosk, one after another, by keys and touches: what is measured on each, and photographed."""

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable

import segno
from playwright.async_api import Page
from starlette.responses import Response

from tests.pages.scenes import LEFT, PAPERS, STATES, TOLD, VISITS, doors, paper, visit
from tests.pages.stub_service import Body, StubService, done, problem

CODE = "482173905562"
Shown = Callable[[str], Awaitable[str]]
"""Waits until the screen of this name is there, and gives the name."""


def _receipt_code(_service: StubService, _body: Body) -> Response:
    drawn = io.BytesIO()
    segno.make("HS-000012").save(drawn, kind="svg", scale=10)
    return Response(drawn.getvalue(), media_type="image/svg+xml")


async def screens(kiosk: StubService, page: Page) -> AsyncIterator[str]:
    """Lead the page through every screen; gives each one's name when it is shown."""

    async def shown(name: str) -> str:
        await page.get_by_test_id(f"screen-{name}").wait_for()
        return name

    for part in (_help, _asking, _lost_code, _codes, _ticket, _visits, _papers, _standstills):
        async for name in part(kiosk, page, shown):
            yield name


async def _help(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """The beginning, and what is read without doing anything; ends in the help."""
    await kiosk.show(notices_online=False, presence_number={"number": "4821", "seconds_left": 90})
    yield await shown("idle")
    await kiosk.show(notices_online=True, presence_number=None)
    await page.keyboard.press("*")
    yield await shown("help")
    await page.keyboard.press("8")
    yield await shown("topics")
    await page.keyboard.press("4")
    yield await shown("topic")
    await page.keyboard.press("*")
    await shown("topics")
    await page.keyboard.press("*")
    await shown("help")
    await page.keyboard.press("9")
    yield await shown("topic")
    await page.keyboard.press("*")
    await shown("help")
    await page.keyboard.press("5")
    await page.locator("html[data-dark]").wait_for()
    await page.mouse.click(5, 400)
    yield await shown("voice")
    await page.keyboard.press("*")
    await shown("idle")
    await page.keyboard.press("*")
    await shown("help")


async def _asking(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """Where a dossier is, from the help and back to it."""
    await page.keyboard.press("3")
    kiosk.script("status", problem("too-many-attempts", 429, retry_after=900), done(**TOLD))
    await page.keyboard.type("2610080042", delay=60)
    yield await shown("ask")
    await page.keyboard.press("Enter")
    await page.keyboard.type("5562", delay=60)
    await page.get_by_test_id("note").wait_for()
    yield await shown("ask-phone")
    await page.keyboard.press("Enter")
    yield await shown("told")
    await page.get_by_test_id("counter").click()
    await page.get_by_test_id("counter-sure").wait_for()
    yield await shown("told")
    await page.keyboard.press("*")
    await page.keyboard.press("*")


async def _lost_code(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """A new code, with messages and without."""
    await page.keyboard.press("2")
    yield await shown("phone")
    await kiosk.show(notices_online=False)
    yield await shown("no-notices")
    await kiosk.show(notices_online=True)
    await shown("phone")
    kiosk.script("lost-code", problem("phone-malformed", 422), done())
    await page.keyboard.type("0283829123", delay=60)
    await page.keyboard.press("Enter")
    await page.get_by_test_id("note").wait_for()
    yield await shown("phone")
    await page.keyboard.press("Enter")
    yield await shown("asked")
    await page.keyboard.press("*")


async def _codes(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """A code, and all that may be asked besides; ends where no door can be opened."""
    kiosk.script(
        "codes",
        problem("code-refused", 403),
        problem("second-check-needed", 403),
        problem("paper-check-needed", 403),
        problem("paper-refused", 403, tries_left=0),
        problem("too-many-attempts", 429, retry_after=60),
        problem("board-offline", 503, retry_after=60),
    )
    await page.keyboard.type(CODE)
    await page.get_by_test_id("note").wait_for()
    yield await shown("code")
    await page.keyboard.type(CODE)
    yield await shown("second")
    await page.keyboard.type("5562")
    yield await shown("paper")
    await page.keyboard.type("5562")
    await page.get_by_test_id("note").wait_for()
    yield await shown("paper")
    await page.keyboard.type("5562")
    yield await shown("wait")
    await page.keyboard.press("*")
    await shown("idle")
    await page.keyboard.type(CODE)
    yield await shown("sorry")


async def _ticket(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """Who is not helped is called back."""
    await kiosk.show(printer="ready")
    kiosk.script("tickets", done(number=1048576, by="2026-11-23T08:30:00+07:00"))
    await page.keyboard.press("3")
    await shown("phone")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("ticket")
    await page.keyboard.press("Enter")


async def _visits(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """The doors of a visit, what is said at them, and how it was."""
    kiosk.script("visits/v1/next", problem("door-did-not-open", 503, retry_after=60))
    await kiosk.show(visit=VISITS["next"])
    await shown("next")
    await page.get_by_test_id("next-door").click()
    await page.get_by_test_id("note").wait_for()
    yield await shown("next")
    for name, present in VISITS.items():
        await kiosk.show(visit=present, doors=doors(*[one["compartment"] for one in present["doors"]]))
        yield await shown(name)
        if name in ("unseen", "closed"):
            await page.get_by_test_id("answer-wrong").click()
            yield await shown("wrong")
    await kiosk.show(rateable="v1")
    await page.get_by_test_id("rating").wait_for()
    yield await shown("end")
    await page.get_by_test_id("face-poor").click()
    await page.get_by_test_id("reasons").wait_for()
    yield await shown("end")
    await kiosk.show(rateable=None, visit=LEFT)
    yield await shown("later")
    await page.keyboard.press("Enter")
    await kiosk.show(visit=None)


async def _standstills(kiosk: StubService, _page: Page, shown: Shown) -> AsyncIterator[str]:
    for state in STATES:
        await kiosk.show(state=state)
        yield await shown(state)


async def _papers(kiosk: StubService, page: Page, shown: Shown) -> AsyncIterator[str]:
    """The screens for papers that are left, by the keys of the keypad."""
    await page.get_by_test_id("intake").click()
    yield await shown("intake-kinds")
    await page.keyboard.press("2")
    yield await shown("intake-bring")
    await page.keyboard.press("1")
    yield await shown("intake-dossier")
    await page.keyboard.type("2610080042", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("intake-phone")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("intake-check")
    kiosk.script("phone-checks", done(visit="v1"))
    await page.keyboard.press("1")
    yield await shown("intake-otp")
    await page.keyboard.press("*")
    await shown("intake-check")
    await page.keyboard.press("2")
    yield await shown("intake-again")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    kiosk.script("intakes", problem("intake-full", 409, reason="phone"))
    await shown("intake-bag")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("note").wait_for()
    yield await shown("intake-bag")
    kiosk.script("visits/v2/intakes/h10/receipt.svg", _receipt_code)
    for stage in PAPERS:
        await kiosk.show(visit=visit(intakes=[paper(10, stage, is_confirmed=False)], visit="v2"), doors=doors(10))
        yield await shown(f"intake-{stage.replace('_', '-')}")
        if stage == "deposited":
            await kiosk.show(printer="out")
            await page.get_by_text(re.compile("hết giấy|no paper")).wait_for()
            yield await shown("intake-deposited")
    await page.keyboard.press("Enter")
    await kiosk.show(visit=None)
