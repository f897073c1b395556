"""Takes the pictures of the pages: `python -m docs.screenshots [--into docs/pictures]`, with a Chromium on the machine.

A demonstration cabinet of its own is started, a few results are loaded, one is collected, and each page is photographed
at 1280 x 800 while that goes on. People and dossiers are made up.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx
from playwright.async_api import Browser, Page, async_playwright

from docs.contact_sheets import take_sheets
from simulator import dossiers
from simulator.children import ChildFailed, held, until_ready
from simulator.demo import Story, people
from simulator.desk import CABINET, Desk, first_free_port, set_up
from simulator.players import StoryBroken, until
from simulator.stack import ROOT, commands

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WIDTH, HEIGHT = 1280, 800
LARGEST_BYTES = 150_000
FOR_HOA = ("desk-0975", "desk-0976")
FOR_BINH = "desk-1004"
BOUNCING = 19
PICTURES = Path(__file__).parent / "pictures"
SHEETS = Path(__file__).parent / "screens"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--sheets-only", is_flag=True, help="Only the contact sheets of docs/screens.md.")
@click.option("--sheets", type=click.Path(file_okay=False, path_type=Path), default=SHEETS, help="Where the sheets go.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=PICTURES, help="Where they go.")
def main(into: Path, sheets: Path, *, sheets_only: bool) -> None:
    """Photograph the pages of a demonstration cabinet, and every screen for the contact sheets."""
    for made in (into, sheets):
        made.mkdir(parents=True, exist_ok=True)
    asyncio.run(all_sheets(sheets))
    if sheets_only:
        return
    with tempfile.TemporaryDirectory(prefix="dossier-pictures-") as folder:
        try:
            asyncio.run(take_all(set_up(Path(folder), port_base=first_free_port()), into))
        except (StoryBroken, ChildFailed, httpx.HTTPError) as error:
            click.echo(f"No pictures: {error}", err=True)
            sys.exit(1)


async def all_sheets(into: Path) -> None:
    """Photograph every screen, played by a scripted service."""
    async with browsing() as browser:
        await take_sheets(browser, into)


async def take_all(desk: Desk, into: Path) -> None:
    """Start the cabinet, tell its story and take every picture. Raises StoryBroken, ChildFailed, httpx.HTTPError."""
    async with held(desk.logs) as children, people(desk) as story, browsing() as browser:
        for name in ("simulator", "centre"):
            await until_ready(await children.start(name, commands(desk)[name], cwd=ROOT))
        await until_ready(await children.start("controller", commands(desk)["controller"], cwd=ROOT))
        await announce_all(story)
        await load(story)
        await clerk_picture(desk, browser, into)
        await story.clerk.close_round()
        number = await kiosk_pictures(desk, story, browser, into)
        await cabinet_picture(desk, story, browser, into)
        await story.steel.act(number, "take")
        await story.steel.act(number, "push")
        await story.centre.until_stage(FOR_HOA[0], "collected")
        centre = await new_page(browser, desk.url("centre"))
        await centre.wait_for_selector("#results td")
        await centre.click("#announcing summary")
        await take(centre, into / "centre.jpg")


@contextlib.asynccontextmanager
async def browsing() -> AsyncIterator[Browser]:
    """A headless Chromium that is gone when the block ends."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            await browser.close()


async def new_page(browser: Browser, url: str) -> Page:
    """A page in Vietnamese whose pictures stand still."""
    page = await browser.new_page(
        viewport={"width": WIDTH, "height": HEIGHT},
        locale="vi-VN",
        timezone_id="Asia/Ho_Chi_Minh",
        reduced_motion="reduce",
    )
    await page.goto(url)
    return page


async def announce_all(story: Story) -> None:
    """Every dossier of the desk, as `make run` announces them."""
    waiting = dossiers.waiting(CABINET, datetime.now(UTC).date())
    for announcement in waiting:
        await story.centre.announce(announcement)
    for announcement in waiting:
        await story.centre.until_stage(announcement["result_id"], "queued")


async def load(story: Story) -> None:
    """A clerk loads results of two people; the round stays open."""
    await story.kiosk.arrive()
    await story.clerk.sign_in()
    await story.clerk.show_presence()
    for result in (*FOR_HOA, FOR_BINH):
        await story.clerk.load(f"H29.190.5-261008-{result[-4:]}", story.steel)


async def kiosk_pictures(desk: Desk, story: Story, browser: Browser, into: Path) -> int:
    """The screen at rest, while a code is typed, and while a door stands open; the number of that door."""
    code = await story.steel.code_for(dossiers.HOA["phone"])
    screen = await new_page(browser, desk.url("kiosk"))
    await screen.wait_for_selector("[data-testid=collect]")
    await take(screen, into / "kiosk-idle.png")
    await screen.click("[data-testid=collect]")
    await screen.wait_for_selector("[data-testid=keypad]")
    await screen.keyboard.type(code[:6])
    await take(screen, into / "kiosk-code.png")
    await screen.keyboard.type(code[6:])
    door = await story.kiosk.door("open")
    number = int(door["compartment"])
    await story.steel.until_sprung(number)
    await story.steel.act(number, "pull")
    await screen.wait_for_selector("[data-testid=door-number]")
    await take(screen, into / "kiosk-door.png")
    return number


async def cabinet_picture(desk: Desk, story: Story, browser: Browser, into: Path) -> None:
    """The steel with the citizen's door open, the phone, and a door whose switch chatters."""
    view = await new_page(browser, desk.url("cabinet view"))
    await view.wait_for_selector("#messages li")
    await view.select_option("#recipient", dossiers.HOA["phone"])
    await story.steel.http.post(f"/doors/{BOUNCING}/fault", json={"kind": "bouncing"})
    await view.click(f'.bay[data-number="{BOUNCING}"] .leaf')
    await view.wait_for_selector("#active button")
    await view.wait_for_selector("#toast.shown")
    await view.wait_for_selector("#toast:not(.shown)", state="attached")
    await view.mouse.move(0, 0)
    await take(view, into / "cabinet-view.jpg")
    await story.steel.http.post("/mend")


async def clerk_picture(desk: Desk, browser: Browser, into: Path) -> None:
    """The page of a clerk's work, as the leader sees it while a loading round is open."""
    leader = desk.people[1]
    page = await new_page(browser, desk.url("clerk"))
    await page.fill("[name=user]", leader.user)
    await page.fill("[name=password]", leader.password)
    await page.fill("[name=code]", leader.code())
    await page.keyboard.press("Enter")
    await page.wait_for_selector("[data-testid=to-load]")
    await take(page, into / "clerk.jpg")


async def take(page: Page, file: Path) -> None:
    """One picture, once the page has settled. Raises StoryBroken if it is too large to be kept in the tree."""

    async def is_still() -> bool:
        return bool(await page.evaluate("document.getAnimations().every(one => one.playState !== 'running')"))

    with contextlib.suppress(StoryBroken):
        await until("the page to be still", is_still, within_s=2)
    if file.suffix == ".jpg":
        size = len(await page.screenshot(path=file, type="jpeg", quality=72))
    else:
        size = len(await page.screenshot(path=file))
    click.echo(f"  {file.name:20} {size // 1024:4} KiB")
    if size > LARGEST_BYTES:
        raise StoryBroken(f"{file.name} has {size} bytes; at most {LARGEST_BYTES} belong in the tree")


if __name__ == "__main__":
    main(prog_name="python -m docs.screenshots")
