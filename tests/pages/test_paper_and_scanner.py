"""Receipts on paper and the cabinet's own scanner on the kiosk page, in a real Chromium."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import paper, visit
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
PRINT = "visits/v1/intakes/h10/receipt/print"


async def test_a_receipt_is_printed_while_there_is_paper(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(intakes=[paper(10, "deposited")]))
    await expect(page.get_by_test_id("screen-intake-deposited")).to_be_visible()
    await expect(page.get_by_test_id("print")).to_have_count(0)
    await kiosk.show(printer="out")
    await expect(page.get_by_test_id("print-note")).to_contain_text("hết giấy")
    await kiosk.show(printer="low")
    kiosk.script(PRINT, done())
    await expect(page.get_by_test_id("print")).to_be_enabled()
    await page.keyboard.press("1", delay=60)
    assert await kiosk.asked(PRINT) == {"language": "vi"}
    await expect(page.get_by_test_id("print-note")).to_contain_text("Đang in")


async def test_a_receipt_that_does_not_print_is_to_be_photographed(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(printer="ready", visit=visit(intakes=[paper(10, "deposited")]))
    kiosk.script(PRINT, problem("paper-out", 503))
    await page.get_by_test_id("print").click()
    await expect(page.get_by_test_id("print-note")).to_contain_text("chụp lại")


async def test_what_the_cabinets_scanner_reads_is_taken_as_typed_and_once(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(scan={"number": 1, "text": "482173905562"})
    assert (await kiosk.asked("codes"))["digits"] == "482173905562"
    await kiosk.show(scan={"number": 1, "text": "482173905562"}, centre_online=False)
    await expect(page.get_by_test_id("screen-idle")).to_have_count(0)
    assert len([one for one in kiosk.requests if one[0] == "codes"]) == 1


async def test_twelve_keys_are_enough_digits_star_and_hash(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await page.keyboard.press("*", delay=60)
    await expect(page.get_by_test_id("screen-help")).to_be_visible()
    await page.keyboard.press("2", delay=60)
    await expect(page.get_by_test_id("screen-phone")).to_be_visible()
    await page.keyboard.type("0912345678", delay=60)
    kiosk.script("lost-code", done())
    await expect(page.locator('[data-keypad="Enter"]').first).to_be_enabled()
    await page.keyboard.press("#", delay=60)
    assert await kiosk.asked("lost-code") == {"phone": "0912345678"}
    await expect(page.get_by_test_id("screen-asked")).to_be_visible()
