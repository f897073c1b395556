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

from tests.pages.desk_tour import TABS, desk_screens, with_first_password
from tests.pages.scenes import CLERK, KIOSK, REPLACED, TRIALS
from tests.pages.stub_service import StubService, problem
from tests.pages.tour import screens

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CAPTION_PX = 22
QUALITY = 50
PHONE_PX = 390
WHOLE = "document.documentElement.scrollHeight"
Shot = tuple[str, Image.Image]


async def take_sheets(browser: Browser, into: Path) -> None:
    """Write the sheets as WebP: kiosk and desk in each language, the kiosk upright, the desk on a phone."""
    for language in ("vi", "en"):
        kiosk = [shot async for shot in _kiosk(browser, language, 1280, 800)]
        _save(kiosk, into / f"kiosk-screens-{language}.webp", columns=6, width=400)
        desk = [shot async for shot in _desk(browser, language, 1440, 900)]
        _save(desk, into / f"clerk-screens-{language}.webp", columns=3, width=720)
        technician = [shot async for shot in _technician(browser, language)]
        _save(technician, into / f"technician-screens-{language}.webp", columns=3, width=560)
        asked = next(image for name, image in technician if name == "which")
        asked.save(into / f"technician-{language}.webp", quality=QUALITY, method=6)
    phone = [shot async for shot in _desk(browser, "vi", PHONE_PX, 844)]
    _save(phone, into / "clerk-screens-phone.webp", columns=10, width=200)
    upright = [shot async for shot in _kiosk(browser, "vi", 1080, 1920)]
    _save(upright, into / "kiosk-screens-upright.webp", columns=11, width=216)


@asynccontextmanager
async def _opened(
    browser: Browser, service: StubService, language: str, width: int, height: int
) -> AsyncIterator[Page]:
    await service.start()
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale={"vi": "vi-VN", "en": "en-GB"}[language],
    )
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


async def _desk(browser: Browser, language: str, width: int, height: int) -> AsyncIterator[Shot]:
    """The sign-in, and every state of the page: from its top on a screen, tab by tab on a phone."""
    service = StubService("clerk", CLERK)
    service.refuses = problem("not-allowed", 401)
    async with _opened(browser, service, language, width, height) as page:
        await page.get_by_test_id("screen-sign-in").wait_for()
        yield await _shot(page, "sign-in")
        await with_first_password(service, page)
        yield await _shot(page, "one's own password")
    service = StubService("clerk", CLERK)
    async with _opened(browser, service, language, width, height) as page:
        await page.get_by_test_id("scan-box").wait_for()
        seen: set[bytes] = set()
        async for name in desk_screens(service, page):
            if width > PHONE_PX:
                await page.set_viewport_size({"width": width, "height": await page.evaluate(WHOLE)})
                yield await _shot(page, name)
                await page.set_viewport_size({"width": width, "height": height})
                continue
            for tab in TABS:
                await page.get_by_test_id(f"tab-{tab}").click()
                shot = await _shot(page, f"{tab}: {name}"[:28])
                if (drawn := shot[1].tobytes()) not in seen:
                    seen.add(drawn)
                    yield shot


async def _technician(browser: Browser, language: str) -> AsyncIterator[Shot]:
    """The steps of a commissioning, and a board that was replaced while the others serve."""
    service = StubService("clerk", TRIALS[0][1], front="commission")
    async with _opened(browser, service, language, 1280, 960) as page:
        for name, shown in (*TRIALS, ("doors", REPLACED)):
            await service.show(**{key: value for key, value in shown.items() if key != "version"})
            await page.get_by_test_id(f"step-{name}").wait_for()
            yield await _shot(page, name if shown is not REPLACED else "a board was replaced")


def _save(shots: list[Shot], file: Path, *, columns: int, width: int) -> None:
    rows = [shots[at : at + columns] for at in range(0, len(shots), columns)]
    heights = [max(width * shot.height // shot.width for _name, shot in row) + CAPTION_PX + 12 for row in rows]
    sheet = Image.new("RGB", (columns * (width + 8), sum(heights)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.truetype(FONT, CAPTION_PX - 8)
    for at, row in enumerate(rows):
        y = sum(heights[:at])
        for column, (name, shot) in enumerate(row):
            x, height = column * (width + 8) + 4, width * shot.height // shot.width
            draw.text((x, y + 4), name, "black", font)
            sheet.paste(shot.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), (x, y + CAPTION_PX))
    sheet.save(file, quality=QUALITY, method=6)
    click.echo(f"  {file.name:32} {file.stat().st_size // 1024:4} KiB, {len(shots)} screens")
