"""The cabinet view in a real Chromium: doors that follow the steel, the phone, faults at a click, both languages."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, async_playwright, expect


@pytest.fixture
async def page(served: Any) -> AsyncIterator[Page]:
    """The cabinet view; a script error or a refused resource fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        expect.set_options(timeout=20_000)
        shown = await browser.new_page(viewport={"width": 1400, "height": 800}, locale="vi-VN", reduced_motion="reduce")
        shown.on("pageerror", lambda error: complaints.append(str(error)))
        shown.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        await shown.goto(served.url)
        await expect(shown.locator(".bay")).to_have_count(24)
        yield shown
        await browser.close()
    assert complaints == []


async def test_a_door_follows_the_hand_and_the_envelope_goes_in_and_out(page: Page, served: Any) -> None:
    bay = page.locator('.bay[data-number="7"]')
    await bay.locator(".leaf").click()
    await expect(page.locator("#toast")).to_have_text("Ngăn 7 khoá. Tay còn giữ cửa 3 giây.")
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/boards/A1/fault", json={"kind": "stray_coil", "coil": 6})
        await client.post("/doors/7/pull")  # should the hand of the click have let go meanwhile
    await expect(bay).to_have_attribute("data-position", "open")
    await bay.get_by_role("button", name="Bỏ vào").click()
    await expect(bay.locator(".paper")).to_have_text(["Phong bì"])
    await bay.get_by_role("button", name="Lấy ra").click()
    await expect(bay.locator(".paper")).to_have_count(0)
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/boards/A1/fault", json={"kind": "none"})
        await client.post("/doors/7/push")
    await expect(bay).to_have_attribute("data-position", "closed")


async def test_the_phone_shows_a_message_and_the_code_can_be_copied(page: Page, served: Any) -> None:
    text = "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. Ket qua ho so 261008-0975 o tu 24/7. Giu kin ma."
    sms = {"id": "f-1", "reference": "r-1", "recipient": "+84912345678", "text": text, "at": "2026-11-22T14:05:00Z"}
    served.outbox.write_text(json.dumps(sms) + "\n")
    await expect(page.locator("#phone-sender")).to_have_text("UBND P.Hoa Mai")
    await expect(page.locator("#messages .code")).to_have_text("4821 7390 5562")
    await expect(page.locator("#messages p")).to_have_text(text)


async def test_faults_are_made_and_mended_at_a_click_in_english_too(page: Page) -> None:
    await page.get_by_role("button", name="English").click()
    await expect(page).to_have_title("24/7 dossier cabinet · simulated")
    await page.locator('.bay[data-number="3"] .leaf').click()
    card = page.locator("#door-card")
    await expect(card.get_by_role("heading", name="Compartment 3")).to_be_visible()
    await card.get_by_role("button", name="stuck open").click()
    await expect(card.get_by_role("button", name="stuck open")).to_have_attribute("aria-pressed", "true")
    await expect(card).to_contain_text("sensor says open")
    await card.get_by_role("button", name="Mend all").click()
    await expect(card).to_contain_text("sensor says closed")
    await page.locator("#boards-card").get_by_role("button", name="no power").first.click()
    await expect(page.locator(".board.dark")).to_have_count(1)
    await page.locator("#lines-card").get_by_role("button", name="unplug").click()
    await expect(page.locator("#asked-A")).to_have_text("unplugged")
    await page.locator("#lines-card").get_by_role("button", name="Mend all").click()
    await expect(page.locator("#asked-A")).not_to_have_text("unplugged")
    await page.locator("#boards-card").get_by_role("button", name="no power").first.click()
    await expect(page.locator(".board.dark")).to_have_count(0)
