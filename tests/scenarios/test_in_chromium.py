"""The whole story with pages alone: nobody here calls an interface, everybody clicks and types in a real Chromium."""

import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from locker import receipts
from simulator.players import until
from tests.scenarios.office import Office, phone

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
OTP = re.compile(r"\b[0-9]{8}\b")
FOUR_DIGITS = re.compile(r"^[0-9]{4}$")


@dataclass
class Desks:
    """The four pages side by side."""

    centre: Page
    clerk: Page
    kiosk: Page
    cabinet: Page

    def bay(self, number: str) -> Locator:
        return self.cabinet.locator(f'.bay[data-number="{number}"]')

    async def put_in(self, number: str) -> None:
        bay = self.bay(number)
        await expect(bay).to_have_attribute("data-position", "ajar")
        await bay.locator(".leaf").click()
        await bay.get_by_role("button", name="Bỏ vào").click()
        await expect(bay.locator(".paper")).to_have_count(1)
        await bay.locator(".leaf").click()
        await expect(bay).to_have_attribute("data-position", "closed")

    async def take_out(self, number: str) -> None:
        bay = self.bay(number)
        await expect(bay).to_have_attribute("data-position", "ajar")
        await bay.locator(".leaf").click()
        await bay.get_by_role("button", name="Lấy ra").click()
        await expect(bay.locator(".paper")).to_have_count(0)
        await bay.locator(".leaf").click()
        await expect(bay).to_have_attribute("data-position", "closed")

    async def sign_in(self, office: Office) -> None:
        """The clerk signs in, and types the number that the kiosk shows."""
        person = office.clerk.person
        await self.clerk.get_by_test_id("sign-in-user").fill(person.user)
        await self.clerk.get_by_test_id("sign-in-password").fill(person.password)
        await self.clerk.get_by_test_id("sign-in-code").fill(await office.clerk.fresh.code(person))
        await self.clerk.get_by_test_id("sign-in-submit").click()
        await self.clerk.get_by_test_id("presence-start").click()
        shown = self.kiosk.get_by_test_id("presence-number").locator("strong")
        await expect(shown).to_have_text(FOUR_DIGITS)
        await self.clerk.get_by_test_id("presence-number").fill(await shown.inner_text())
        await self.clerk.get_by_test_id("presence-submit").click()
        await expect(self.clerk.get_by_test_id("is-present")).to_be_visible()

    async def load(self, *dossiers: str) -> list[str]:
        """Scan each envelope, put it in the door that opens, say that the round is done; the compartments."""
        numbers = []
        for loaded, dossier in enumerate(dossiers, 1):
            await self.clerk.get_by_test_id("scan-box").fill(dossier)
            await self.clerk.keyboard.press("Enter")
            number = await self.clerk.get_by_test_id("door-number").inner_text()
            await self.put_in(number)
            await expect(self.clerk.get_by_test_id("door-panel")).to_have_count(0)
            await expect(self.clerk.get_by_test_id("today-loaded")).to_have_text(str(loaded))
            numbers.append(number)
        await self.clerk.get_by_test_id("round-close").click()
        return numbers

    async def read_code(self) -> str:
        """The digits in the message on the citizen's phone."""
        return (await self.cabinet.locator("#messages .code").inner_text()).replace(" ", "")


@pytest.fixture
async def desks(empty_office: Office) -> AsyncIterator[Desks]:
    """Four pages of an office where nothing has happened; no script may fail on any of them."""
    await empty_office.open(clerk_arrives=False)
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        pages = {}
        for name in ("centre", "clerk", "kiosk", "cabinet view"):
            page = await browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            await page.goto(empty_office.desk.url(name))
            pages[name] = page
        expect.set_options(timeout=15_000)
        yield Desks(pages["centre"], pages["clerk"], pages["kiosk"], pages["cabinet view"])
        await browser.close()
    assert complaints == []


async def announce(centre: Page, button: str, count: int) -> list[str]:
    """Announce with the form as it stands; the dossier codes, once the cabinet expects them."""
    await expect(centre.locator("#announce [name=cabinet]")).not_to_have_value("")
    await centre.get_by_role("button", name=button).click()
    rows = centre.locator("#results tbody tr")
    await expect(rows).to_have_count(count)
    await expect(centre.locator("#results .queued")).to_have_count(count)
    return [await rows.nth(at).locator("td").first.inner_text() for at in range(count)]


async def test_one_result_goes_from_the_centres_page_to_the_citizens_hand_by_clicks_alone(
    desks: Desks, empty_office: Office
) -> None:
    (dossier,) = await announce(desks.centre, "Báo cho tủ", 1)
    await desks.sign_in(empty_office)
    (number,) = await desks.load(dossier)
    await expect(desks.centre.locator("#results .in_cabinet")).to_have_text(f"trong tủ, ngăn {number}")

    code = await desks.read_code()
    await desks.kiosk.get_by_test_id("collect").click()
    for digit in code:
        await desks.kiosk.get_by_test_id(f"key-{digit}").click()
    await expect(desks.kiosk.get_by_test_id("screen-open")).to_be_visible()
    await expect(desks.kiosk.get_by_test_id("door-number")).to_have_text(number)
    await desks.take_out(number)
    await desks.kiosk.get_by_test_id("answer-received").click()
    await expect(desks.kiosk.get_by_test_id("screen-end")).to_be_visible()
    await expect(desks.centre.locator("#results .collected")).to_have_text(f"đã trao, ngăn {number}")
    await expect(desks.clerk.get_by_test_id("today-collected")).to_have_text("1")


async def test_three_results_of_one_person_come_out_with_one_code_typed_on_the_keypad(
    desks: Desks, empty_office: Office
) -> None:
    dossiers = await announce(desks.centre, "Báo ba kết quả của người này", 3)
    await desks.sign_in(empty_office)
    numbers = await desks.load(*dossiers)
    code = await desks.read_code()
    await desks.kiosk.keyboard.type(code, delay=40)
    opened = []
    for left in (2, 1, 0):
        await expect(desks.kiosk.get_by_test_id("screen-open")).to_be_visible()
        opened.append(await desks.kiosk.get_by_test_id("door-number").inner_text())
        await desks.take_out(opened[-1])
        await desks.kiosk.get_by_test_id("answer-received").click()
        if left:
            await desks.kiosk.get_by_test_id("next-door").click()
    assert sorted(opened) == sorted(numbers)
    await expect(desks.centre.locator("#results .collected")).to_have_count(3)
    await expect(desks.cabinet.locator("#messages .code")).to_have_count(1)


async def test_papers_left_at_the_kiosk_reach_the_office_by_keyboard_and_their_receipt_needs_no_cabinet(
    desks: Desks, empty_office: Office
) -> None:
    kiosk, clerk, number = desks.kiosk, desks.clerk, phone(777)
    for touched in ("intake", "kind-new", "size-S"):
        await kiosk.get_by_test_id(touched).click()
    await kiosk.keyboard.type(number.replace("+84", "0"), delay=60)
    await kiosk.keyboard.press("Enter")
    await kiosk.get_by_test_id("check-otp").click()
    await expect(kiosk.get_by_test_id("screen-intake-otp")).to_be_visible()

    async def came() -> str:
        messages = (await empty_office.steel.http.get("/phone")).json()
        digits = [OTP.search(one["text"]) for one in messages if one["recipient"] == number]
        return digits[-1][0] if digits and digits[-1] else ""

    await kiosk.keyboard.type(await until("the code is on the phone", came), delay=60)
    await kiosk.keyboard.press("Enter")
    await expect(kiosk.get_by_test_id("screen-intake-bag")).to_be_visible()
    await kiosk.keyboard.press("Enter")
    await expect(kiosk.get_by_test_id("screen-intake-open")).to_be_visible()
    compartment = await kiosk.get_by_test_id("door-number").inner_text()
    await desks.put_in(compartment)
    await kiosk.get_by_test_id("answer-left").click()
    bag = await kiosk.get_by_test_id("receipt-bag").inner_text()
    drawn = await kiosk.locator(".receipt img").get_attribute("src")
    assert drawn is not None
    signed = (await empty_office.kiosk.http.get(drawn.removesuffix(".svg"))).raise_for_status().json()["text"]
    key = (await empty_office.clerk.http.get("/health/receipt-key")).raise_for_status().json()["key"]
    await kiosk.get_by_test_id("intake-done").click()
    await expect(kiosk.get_by_test_id("screen-idle")).to_be_visible()

    await desks.sign_in(empty_office)
    await expect(clerk.get_by_test_id("papers-open")).to_contain_text(bag)
    await clerk.keyboard.press("F6")
    await desks.take_out(compartment)
    await expect(clerk.get_by_test_id("papers-bag")).to_be_focused()
    await clerk.keyboard.type(f"{bag}\n4\n")
    await clerk.locator('[data-testid^="dossier-"]').fill("H29.190.5-261009-0007")
    await clerk.locator('[data-testid^="appointment-"]').fill("2030-12-30")
    await clerk.keyboard.press("Enter")
    await expect(clerk.get_by_test_id("papers")).to_have_count(0)

    await empty_office.kill()
    receipt = receipts.check(signed, key)
    assert (receipt.bag, receipt.is_confirmed, receipt.evidence) == (bag, True, "door_cycle")
