import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.pages.scenes import CLERK, KIOSK
from tests.pages.stub_service import StubService

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

PATIENCE_MS = 20_000
Open = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        await chromium.close()


async def _serving(service: StubService) -> AsyncIterator[StubService]:
    await service.start()
    yield service
    await service.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def kiosk() -> AsyncIterator[StubService]:
    async for service in _serving(StubService("kiosk", KIOSK)):
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def clerk() -> AsyncIterator[StubService]:
    async for service in _serving(StubService("clerk", CLERK)):
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk() -> AsyncIterator[StubService]:
    """One for all tests of a module, which let it begin again."""
    async for service in _serving(StubService("clerk", CLERK)):
        yield service


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser) -> AsyncIterator[Open]:
    """Open a page of a stub service; at the end no script may have failed and no policy been broken."""
    async for opened in _opening(browser):
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def desk_page(browser: Browser, desk: StubService) -> AsyncIterator[Page]:
    """The page of that desk, loaded once; watched like every other page."""
    async for opened in _opening(browser):
        yield await opened(desk)


async def _opening(browser: Browser) -> AsyncIterator[Open]:
    complaints: list[str] = []
    contexts = []

    async def opened(
        service: StubService, *, width: int = 1280, height: int = 800, is_timed: bool = False, **context: Any
    ) -> Page:
        """`is_timed`: the test may move the page's time on with `page.clock`."""
        made = await browser.new_context(viewport={"width": width, "height": height}, **context)
        made.set_default_timeout(PATIENCE_MS)
        contexts.append(made)
        if is_timed:
            await made.clock.install()
        page = await made.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        await page.goto(service.url)
        await page.locator(
            "[data-testid^=screen-]:not([data-testid=screen-lost], [data-testid=screen-connecting])"
        ).wait_for()
        return page

    yield opened
    for made in contexts:
        await made.close()
    assert [line for line in complaints if "Failed to load resource" not in line and "net::ERR_" not in line] == []
