"""What a loading round and a morning round ask of a clerk's hands: `bench.keys` counts these very presses."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from bench import keys
from tests.pages.scenes import CLERK, in_cabinet, left
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
BARCODE = "H29.178-261008-0975\n"


class Hands:
    """Keys of one page, and how many were pressed since they were last counted; a scanner's are not."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._pressed = 0

    async def scan(self, text: str) -> None:
        await expect(self._page.get_by_test_id("scan-submit")).to_be_enabled()
        await self._page.keyboard.type(text)

    async def press(self, *names: str) -> None:
        for name in names:
            await self._page.keyboard.press(name)
            self._pressed += 1

    def counted(self) -> int:
        pressed, self._pressed = self._pressed, 0
        return pressed


async def test_every_kind_of_envelope_needs_the_keys_that_are_counted(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    hands = Hands(page)
    clerk.script(
        "loads",
        done(hand_over="h20", compartment=20),
        done(hand_over="h21", compartment=21),
        problem("not-loadable", 409, reason="unpaid"),
        problem("wrong-stage", 409, candidates=["r1", "r2"]),
        done(hand_over="h22", compartment=22),
    )
    await hands.scan(BARCODE)
    await clerk.asked("loads")
    assert hands.counted() == keys.GOOD.keys
    await expect(page.get_by_test_id("scan-submit")).to_be_enabled()
    await hands.press(*"261008-0976", "Enter")
    assert await clerk.asked("loads", times=2) == {"scan": "261008-0976"}
    assert hands.counted() == keys.NO_BARCODE.keys
    await hands.scan(BARCODE)
    await expect(page.get_by_test_id("note")).to_contain_text("Chưa nộp lệ phí")
    assert hands.counted() == keys.UNPAID.keys
    await hands.scan("0975\n")
    await expect(page.get_by_test_id("candidates")).to_be_visible()
    await hands.press("Tab", "Tab", "Tab", "Enter")
    assert await clerk.asked("loads", times=5) == {"results": ["r1"]}
    assert hands.counted() == keys.SEVERAL.keys
    await clerk.show(
        asked=[{"hand_over": "h20", "compartment": 20}],
        in_cabinet=[in_cabinet(20, "Trần Văn Bình", stage="loading", can_reopen=True), *CLERK["in_cabinet"]],
    )
    await expect(page.get_by_test_id("asked-give-up-h20")).to_be_visible()
    await hands.press("F7")
    assert await clerk.asked("loads/h20/answers") == {"did_open": False}
    await clerk.asked("loads/h20/undo")
    await clerk.show(asked=[], round={"loaded": 1, "closes_in_seconds": 500})
    await expect(page.get_by_test_id("round-close")).to_be_visible()
    await expect(page.get_by_test_id("scan-box")).to_be_focused()
    await hands.scan(BARCODE)
    await clerk.asked("loads", times=6)
    assert hands.counted() == keys.STAYS_SHUT.keys
    await hands.press("F9")
    await clerk.asked("round/close")
    assert hands.counted() == keys.ROUND_ENDS.keys


async def test_every_bag_of_the_round_needs_the_keys_that_are_counted(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    hands = Hands(page)
    clerk.script("intakes/i8/report", done(look_again=True), done(look_again=False))
    await clerk.show(intakes=[left(3), left(8)])
    await expect(page.get_by_test_id("papers-open")).to_be_visible()
    await hands.press("F6")
    await clerk.asked("intakes/i3/collect")
    await clerk.show(intakes=[left(3, is_emptied=True, can_report=True), left(8)])
    await expect(page.get_by_test_id("papers-report-submit")).to_be_enabled()
    await expect(page.get_by_test_id("papers-bag")).to_be_focused()
    await hands.scan("HS-000003\n")
    await expect(page.get_by_test_id("papers-count")).to_be_focused()
    await hands.press("4", "Enter")
    assert await clerk.asked("intakes/i3/report") == {"bag": "HS-000003", "count": 4}
    assert hands.counted() == keys.BAG.keys
    for time in (1, 2):
        await clerk.show(intakes=[left(8, is_missed=time > 1)])
        await expect(page.get_by_test_id("papers-open")).to_be_enabled()
        await hands.press("F6")
        await clerk.asked("intakes/i8/collect", times=time)
        await clerk.show(intakes=[left(8, is_missed=time > 1, is_emptied=True, can_report=True)])
        await expect(page.get_by_test_id("papers-report-submit")).to_be_enabled()
        await expect(page.get_by_test_id("papers-bag")).to_be_focused()
        await hands.press("Enter", "0", "Enter")
        assert await clerk.asked("intakes/i8/report", times=time) == {"bag": "", "count": 0}
    assert hands.counted() == keys.BAG_MISSING.keys


async def test_a_shortcut_pressed_while_the_last_answer_is_under_way_is_said_and_asks_nothing(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    hand_over = in_cabinet(20, "Trần Văn Bình", stage="loading", can_reopen=True)
    loading = {"asked": [{"hand_over": "h20", "compartment": 20}], "in_cabinet": [hand_over, *CLERK["in_cabinet"]]}
    await clerk.show(intakes=[left(3)], round={"loaded": 1, "closes_in_seconds": 500}, **loading)
    too_soon = page.get_by_text("Chưa xong bước trước: bấm lại phím này.")
    for key, testid, path in (
        ("F7", "asked-give-up-h20", "loads/h20/answers"),
        ("F9", "round-close", "round/close"),
        ("F6", "papers-open", "intakes/i3/collect"),
    ):
        if key == "F6":
            await clerk.show(asked=[], round=None)
        await expect(page.get_by_test_id(testid)).to_be_enabled()
        clerk.is_prompt.clear()
        try:
            await page.keyboard.press(key)
            await clerk.asked(path)
            await expect(too_soon).to_have_count(0)
            await page.keyboard.press(key)
            await expect(too_soon).to_be_visible()
        finally:
            clerk.is_prompt.set()
        if key == "F7":
            await clerk.asked("loads/h20/undo")
        await expect(page.get_by_test_id(testid)).to_be_enabled()
        assert len([asked for asked, _body in clerk.requests if asked == path]) == 1
        await page.keyboard.press(key)
        await clerk.asked(path, times=2)
        await expect(too_soon).to_have_count(0)
