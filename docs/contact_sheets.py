"""Every screen of the kiosk and the desk on a few sheets, in both languages: what `docs/screens.md` shows.

The screens are those that the page tests measure, played by the same scripted service.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Browser, Page

from tests.pages.scenes import CLERK, KIOSK, left
from tests.pages.stub_service import StubService, problem
from tests.pages.tour import screens

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CAPTION_PX = 22
QUALITY = 50
Shot = tuple[str, Image.Image]


async def take_sheets(browser: Browser, into: Path) -> None:
    """Write one sheet a language for the kiosk and for the desk, and one of the upright kiosk, as WebP."""
    for language in ("vi", "en"):
        kiosk = [shot async for shot in _kiosk(browser, language, 1280, 800)]
        _save(kiosk, into / f"kiosk-screens-{language}.webp", columns=6, width=400)
        desk = [shot async for shot in _desk(browser, language)]
        _save(desk, into / f"clerk-screens-{language}.webp", columns=2, width=640)
    upright = [shot async for shot in _kiosk(browser, "vi", 1080, 1920)]
    _save(upright, into / "kiosk-screens-upright.webp", columns=11, width=216)


@asynccontextmanager
async def _opened(
    browser: Browser, service: StubService, language: str, width: int, height: int
) -> AsyncIterator[Page]:
    await service.start()
    context = await browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
    # The desk keeps its language in the browser; the kiosk asks every person.
    await context.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = await context.new_page()
    try:
        await page.goto(service.url)
        yield page
    finally:
        await context.close()
        await service.stop()


async def _shot(page: Page, name: str) -> Shot:
    return name, Image.open(io.BytesIO(await page.screenshot(type="jpeg", quality=90)))


async def _kiosk(browser: Browser, language: str, width: int, height: int) -> AsyncIterator[Shot]:
    service = StubService("kiosk", KIOSK)
    async with _opened(browser, service, language, width, height) as page:
        async for name in screens(service, page):
            await page.get_by_test_id(f"language-{language}").click()
            await page.locator(f"html[lang={language}]").wait_for()
            yield await _shot(page, name)
        await service.show(state="ready")
        await page.get_by_test_id("screen-idle").wait_for()
        for look in ("contrast", "large"):
            await page.get_by_test_id(f"look-{look}").click()
            await page.locator(f"html.is-{look}").wait_for()
            yield await _shot(page, f"idle, {look}")


async def _desk(browser: Browser, language: str) -> AsyncIterator[Shot]:
    service = StubService("clerk", CLERK)
    service.refuses = problem("not-allowed", 401)
    async with _opened(browser, service, language, 1280, 800) as page:
        await page.get_by_test_id("screen-sign-in").wait_for()
        yield await _shot(page, "sign-in")
    service = StubService("clerk", CLERK)
    async with _opened(browser, service, language, 1280, 800) as page:
        await page.get_by_test_id("scan-box").wait_for()
        yield await _shot(page, "work")
        await page.get_by_test_id("place-3").click()
        yield await _shot(page, "a compartment")
        door = {"compartment": 20, "purpose": "load", "is_opened": True, "hand_over": "h20"}
        await service.show(grants=[door], round={"loaded": 1, "closes_in_seconds": 595})
        await page.get_by_test_id("door-panel").wait_for()
        yield await _shot(page, "loading")
        await service.show(grants=[], round=None, intakes=[left(12), left(13, is_late=True)])
        await page.get_by_text("HS-000012").first.wait_for()
        await page.get_by_text("HS-000012").first.scroll_into_view_if_needed()
        yield await _shot(page, "papers that were left")
        await service.show(me={**CLERK["me"], "role": "leader", "agrees": True})
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        yield await _shot(page, "leader, lower end")


def _save(shots: list[Shot], file: Path, *, columns: int, width: int) -> None:
    height = width * shots[0][1].height // shots[0][1].width
    rows = -(-len(shots) // columns)
    sheet = Image.new("RGB", (columns * (width + 8), rows * (height + CAPTION_PX + 12)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, CAPTION_PX - 8)
    for at, (name, shot) in enumerate(shots):
        x, y = at % columns * (width + 8) + 4, at // columns * (height + CAPTION_PX + 12)
        draw.text((x, y + 4), name, "black", font)
        sheet.paste(shot.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), (x, y + CAPTION_PX))
    sheet.save(file, quality=QUALITY, method=6)
    click.echo(f"  {file.name:32} {file.stat().st_size // 1024:4} KiB, {len(shots)} screens")
