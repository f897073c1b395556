"""The same errands in both languages by touch, by twelve keys and with the scanner: `make screens`."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scanner import scan
from tests.pages.scenes import LEFT, TOLD, door, doors, next_door, paper, visit
from tests.pages.stub_service import StubService, done, problem

pytestmark = [pytest.mark.screens, pytest.mark.asyncio(loop_scope="session")]

Open = Callable[..., Awaitable[Page]]
CODE = "482173905562"
PHONE = "0912345678"
WAYS = ["touch", "keypad", "scanner"]
LANGUAGES = {"vi": ("Cảm ơn", "Phiếu ghi nhận"), "en": ("Thank you", "Record of papers")}


class Hands:
    """One way of input: touches buttons, or presses the keys that they show; with the scanner the rest is touched."""

    def __init__(self, page: Page, way: str) -> None:
        self.page = page
        self.way = way
        self.touches = 0

    async def choose(self, testid: str) -> None:
        button = self.page.get_by_test_id(testid)
        await expect(button).to_be_enabled()
        self.touches += 1
        if self.way == "keypad":
            await self.page.keyboard.press(await button.get_attribute("data-keypad") or "", delay=60)
        else:
            await button.click()

    async def digits(self, digits: str) -> None:
        if self.way == "keypad":
            await self.page.keyboard.type(digits, delay=60)
            return
        for digit in digits:
            await self.page.get_by_test_id(f"key-{digit}").click()

    async def scan(self, text: str, *, otherwise: str) -> None:
        """What a scanner reads; without one the digits are typed and sent."""
        if self.way == "scanner":
            await scan(self.page, text)
            return
        await self.digits(otherwise)
        await self.choose("key-send")


async def _comes(page: Page, way: str, language: str) -> Hands:
    if language == "en":
        await page.get_by_test_id("language-en").click()
        await page.locator("html[lang=en]").wait_for()
    return Hands(page, way)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_pickup(kiosk: StubService, open_page: Open, way: str, language: str) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    kiosk.script("codes", done(visit="v1"))
    if way == "scanner":
        await scan(page, CODE)
    else:
        await hands.choose("collect")
        await hands.digits(CODE)
    assert (await kiosk.asked("codes"))["digits"] == CODE
    await kiosk.show(visit=visit(door(10, "open")), doors=doors(10))
    await page.get_by_test_id("screen-open").wait_for()
    await kiosk.show(visit=visit(door(10, "closed", reopen_seconds_left=50)), doors=doors())
    await hands.choose("answer-received")
    await kiosk.asked("visits/v1/answers")
    await kiosk.show(visit=visit())
    await expect(page.locator("h1")).to_contain_text(LANGUAGES[language][0])
    assert hands.touches <= 2
    await hands.choose("finish")
    await expect(page.locator("html")).to_have_attribute("lang", "vi")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_supplement_is_left(kiosk: StubService, open_page: Open, way: str, language: str) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    kiosk.script("intakes", done(visit="v1", hand_over="h10", compartment=10, bag="HS-000012"))
    for choice in ("intake", "kind-supplement", "size-S"):
        await hands.choose(choice)
    await hands.scan("H29.190.5-261008-0042", otherwise="2610080042")
    await page.get_by_test_id("screen-intake-phone").wait_for()
    await hands.digits(PHONE)
    await hands.choose("key-send")
    await hands.choose("check-twice")
    await hands.digits(PHONE)
    await hands.choose("key-send")
    await page.get_by_test_id("screen-intake-bag").wait_for()
    await hands.scan("TUI-000451", otherwise="000451")
    asked = await kiosk.asked("intakes")
    assert asked["dossier"] == ("H29.190.5-261008-0042" if way == "scanner" else "261008-0042")
    assert (asked["bag"], asked["language"]) == ("TUI-000451" if way == "scanner" else "000451", language)
    await kiosk.show(visit=visit(intakes=[paper(10, "open")]), doors=doors(10))
    await page.get_by_test_id("screen-intake-open").wait_for()
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]), doors=doors())
    await hands.choose("answer-left")
    await kiosk.show(visit=visit(intakes=[paper(10, "deposited")]))
    await expect(page.locator("h1")).to_contain_text(LANGUAGES[language][1])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_lost_code_is_asked_for(kiosk: StubService, open_page: Open, way: str, language: str) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    for choice in ("help", "lost-code"):
        await hands.choose(choice)
    await hands.scan("9" * 39, otherwise=PHONE)
    wanted = {"slip": "9" * 39} if way == "scanner" else {"phone": PHONE}
    assert await kiosk.asked("lost-code") == wanted
    await page.get_by_test_id("screen-asked").wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_new_dossier_is_left_and_the_phone_checked_by_a_code(
    kiosk: StubService, open_page: Open, way: str, language: str
) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    kiosk.script("phone-checks", done(visit="v1"))
    kiosk.script("intakes", done(visit="v1", hand_over="h10", compartment=10, bag="HS-000012"))
    for choice in ("intake", "kind-new", "size-M"):
        await hands.choose(choice)
    await hands.digits(PHONE)
    await hands.choose("key-send")
    await hands.choose("check-otp")
    await page.get_by_test_id("screen-intake-otp").wait_for()
    await hands.digits("48217390")
    await hands.choose("key-send")
    await page.get_by_test_id("screen-intake-bag").wait_for()
    await hands.scan("TUI-000451", otherwise="000451")
    asked = await kiosk.asked("intakes")
    assert (asked["kind"], asked["size"], asked["otp"], asked["phone"]) == ("new", "M", "48217390", PHONE)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_of_several_one_is_left_for_later_and_kept_longer(
    kiosk: StubService, open_page: Open, way: str, language: str
) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    await kiosk.show(visit=visit(waiting=3, next=next_door(10)))
    await hands.choose("next-door")
    await kiosk.asked("visits/v1/next")
    await kiosk.show(visit=visit(door(10, "open"), waiting=2), doors=doors(10))
    await page.get_by_test_id("screen-open").wait_for()
    await kiosk.show(visit=visit(door(10, "closed"), waiting=2), doors=doors())
    await hands.choose("answer-received")
    await kiosk.asked("visits/v1/answers")
    await kiosk.show(visit=visit(waiting=2, next=next_door(14)))
    await hands.choose("later")
    assert await kiosk.asked("visits/v1/later") == {"hand_over": "h14"}
    await kiosk.show(visit=LEFT)
    await hands.choose("extend")
    assert await kiosk.asked("visits/v1/extend") == {"hand_over": "h10"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_what_is_not_right_is_said(kiosk: StubService, open_page: Open, way: str, language: str) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    await kiosk.show(visit=visit(door(10, "closed", reopen_seconds_left=50)))
    await hands.choose("answer-wrong")
    await hands.choose("answer-incomplete")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h10", "said": "incomplete"}
    await kiosk.show(visit=visit(door(10, "disputed")))
    await page.get_by_test_id("screen-disputed").wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_a_dossier_is_asked_about(kiosk: StubService, open_page: Open, way: str, language: str) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    kiosk.script("status", done(**TOLD))
    await hands.choose("help")
    await hands.choose("help-ask")
    await hands.scan("H29.190.5-261008-0042", otherwise="2610080042")
    await page.get_by_test_id("screen-ask-phone").wait_for()
    await hands.digits("5562")
    asked = await kiosk.asked("status")
    assert asked == {"dossier": "H29.190.5-261008-0042" if way == "scanner" else "2610080042", "phone": "5562"}
    await page.get_by_test_id("screen-told").wait_for()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
async def test_nothing_helps_and_the_office_calls_back(
    kiosk: StubService, open_page: Open, way: str, language: str
) -> None:
    page = await open_page(kiosk)
    hands = await _comes(page, way, language)
    kiosk.script("codes", problem("board-offline", 503, retry_after=60))
    kiosk.script("tickets", done(number=17, by="2026-11-23T08:30:00+07:00"))
    if way == "scanner":
        await scan(page, CODE)
    else:
        await hands.choose("collect")
        await hands.digits(CODE)
    await page.get_by_test_id("screen-sorry").wait_for()
    await hands.choose("call-me")
    await hands.digits(PHONE)
    await hands.choose("key-send")
    assert await kiosk.asked("tickets") == {"phone": PHONE, "language": language}
    await page.get_by_test_id("screen-ticket").wait_for()
