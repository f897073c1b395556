"""Voice mode with the screen dark: a person who hears the texts and has twelve keys collects, and leaves papers."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import door, doors, paper, visit
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
CODE = "482173905562"
PHONE = "0912345678"
KEYS = {"thăng": "Enter", "sao": "*"}
SIGNS_A_SECOND = 13  # what espeak-ng says in Vietnamese at the rate of `api.voice`
KEY_S = 1.2  # find a key by hand and press it
DIGIT_S = 2.0  # hear the next digit from the phone, find its key
AT_THE_DOOR_S = 25.0  # find the door beside the keypad, take the envelope, push the door shut


class Listener:
    """Who sees nothing: hears until the key for what is wanted is named, presses it, and takes a person's time."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.seconds = 0.0
        self.heard: list[str] = []

    async def begin(self) -> None:
        await self.page.keyboard.down("5")
        await self.page.clock.fast_forward(1_300)
        await self.page.keyboard.up("5")
        self.seconds += 1.5

    def _listens(self, words: str) -> None:
        self.seconds += len(words) / SIGNS_A_SECOND

    async def hears(self, part: str, *, is_whole: bool = False) -> str:
        """Wait for these words; `is_whole`: listen to the end before doing anything."""
        said = self.page.locator("#announcer")
        await expect(said).to_contain_text(part)
        words = await said.text_content() or ""
        if is_whole:
            self._listens(words)
        self.heard.append(words)
        return words

    async def presses(self, choice: str) -> None:
        """The key that the voice named for this choice."""
        named = re.search(re.escape(choice) + r"[^.]*? bấm phím (\w+)", self.heard[-1])
        assert named is not None, self.heard[-1]
        self._listens(self.heard[-1][: named.end()])
        await self.page.keyboard.press(KEYS.get(named[1], named[1]), delay=60)
        self.seconds += KEY_S

    async def types(self, digits: str) -> None:
        """Once the first sentence told what to type."""
        self._listens(self.heard[-1].partition(".")[0])
        await self.page.keyboard.type(digits, delay=60)
        self.seconds += DIGIT_S * len(digits)


async def _is_dark(page: Page) -> None:
    await expect(page.locator("main")).to_be_hidden()


async def test_a_pickup_in_the_dark_takes_less_than_ninety_seconds(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    kiosk.script("codes", done(visit="v1"))
    listener = Listener(page)
    await listener.begin()
    await listener.hears("Chế độ giọng nói")
    await _is_dark(page)
    await listener.presses("Nhận kết quả")
    await listener.hears("Nhập 12 số")
    await listener.types(CODE)
    assert (await kiosk.asked("codes"))["digits"] == CODE
    await kiosk.show(visit=visit(door(10, "opening")))
    await listener.hears("Đang mở ngăn 10", is_whole=True)
    await kiosk.show(visit=visit(door(10, "open")), doors=doors(10))
    assert "hàng 3, cột 2" in await listener.hears("Ngăn 10 đang mở", is_whole=True)
    listener.seconds += AT_THE_DOOR_S
    await kiosk.show(visit=visit(door(10, "closed", reopen_seconds_left=55)), doors=doors())
    await listener.hears("đã nhận đủ giấy tờ?")
    await page.clock.fast_forward(16_000)
    await listener.presses("ĐÃ NHẬN ĐỦ")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h10", "said": "received_all"}
    await kiosk.show(visit=visit())
    await listener.hears("Cảm ơn")
    assert listener.seconds <= 90, listener.seconds
    said = " ".join(listener.heard)
    assert CODE[:4] not in said
    assert not any(f" {digits} " in said for digits in (CODE[4:8], CODE[8:]))


async def test_typed_digits_only_tick_on_the_loudspeaker(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    clips: list[str] = []
    page.on("request", lambda asked: clips.append(asked.url) if "/voice/" in asked.url else None)
    kiosk.script("codes", problem("code-refused", 403))
    listener = Listener(page)
    await listener.begin()
    await listener.hears("Chế độ giọng nói")
    await listener.presses("Nhận kết quả")
    await listener.hears("Nhập 12 số")
    assert clips
    await page.keyboard.press(CODE[0], delay=60)
    clips.clear()  # the first key ends what was being said
    kiosk.is_prompt.clear()
    try:
        await page.keyboard.type(CODE[1:], delay=60)
        await page.clock.fast_forward(200)
        assert (await kiosk.asked("codes"))["digits"] == CODE
        assert clips == []
    finally:
        kiosk.is_prompt.set()
    refusal = await listener.hears("Mã này không mở được ngăn nào")
    assert not any(part in refusal for part in (CODE, CODE[:4], CODE[4:8], CODE[8:]))


async def test_papers_are_left_in_the_dark_behind_a_door_beside_the_keypad(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    kiosk.script("intakes", problem("bag-in-use", 409), done(visit="v1", hand_over="h10"))
    listener = Listener(page)
    await listener.begin()
    await listener.hears("Chế độ giọng nói")
    await listener.presses("Nộp giấy tờ")
    await listener.hears("Ông/bà nộp gì?")
    await listener.presses("Hồ sơ mới")
    assert "dán kín" in await listener.hears("xin đọc trước khi mở cửa")
    await listener.presses("A4, dày đến 3 cm")
    await listener.hears("Nhập số điện thoại")
    await listener.types(PHONE)
    await listener.presses("Tiếp tục")
    await listener.hears("bằng cách nào")
    await listener.presses("thêm một lần")
    await listener.hears("Nhập lại số điện thoại")
    await listener.types(PHONE)
    await listener.presses("Tiếp tục")
    await listener.hears("Quét mã trên túi")
    await listener.presses("Không có mã")
    await listener.hears("Xin dùng túi khác")
    await page.keyboard.press("Enter")
    assert (await kiosk.asked("intakes", times=2))["reach"] == "low"
    await kiosk.show(visit=visit(intakes=[paper(10, "open")]), doors=doors(10))
    assert "hàng 3, cột 2" in await listener.hears("Ngăn 10 đang mở")
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]), doors=doors())
    await listener.hears("Túi đã ở trong ngăn?")
    await listener.presses("ĐÃ BỎ HỒ SƠ")
    assert await kiosk.asked("visits/v1/intakes/h10/answers") == {"said": "left"}
    await kiosk.show(visit=visit(intakes=[paper(10, "deposited")]))
    await listener.hears("Phiếu ghi nhận")
    await _is_dark(page)
    assert PHONE not in " ".join(listener.heard)


async def test_a_touch_lights_the_screen_and_a_held_five_says_it_again(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    listener = Listener(page)
    await listener.begin()
    await listener.hears("Chế độ giọng nói")
    await page.keyboard.press("1", delay=60)
    await listener.hears("Nhập 12 số")
    await page.keyboard.type("48", delay=60)
    await page.evaluate("document.getElementById('announcer').textContent = ''")
    await listener.begin()
    await listener.hears("Nhập 12 số")
    await page.mouse.click(640, 400)
    await expect(page.locator("main")).to_be_visible()
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "2")
    await page.keyboard.press("*", delay=60)
    await page.keyboard.press("*", delay=60)
    await expect(page.get_by_test_id("screen-idle")).to_be_visible()


async def test_without_clips_there_is_no_voice_mode(kiosk: StubService, open_page: Open) -> None:
    await kiosk.show(has_voice=False)
    page = await open_page(kiosk, is_timed=True)
    await Listener(page).begin()
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "1")
    await expect(page.locator("#announcer")).not_to_contain_text("giọng nói")
