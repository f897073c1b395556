"""A technician proves 24 simulated doors on the page by keyboard alone: real frames over a pty, the real command."""

import asyncio
import json
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from locker import acceptance, keeping, receipts
from locker.config_file import load_wiring
from otp import staff
from simulator.doors import Position
from simulator.phone import Phone
from simulator.stage import Stage
from tests.locker.steel import WIRING
from tests.pages.axe import violations

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROOT = Path(__file__).parents[2]
PASSWORD = "mat-khau-rat-dai"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
DEVICE_KEY = "11" * 32
# Card, Moran and Newell's keystroke-level model, in seconds; a door is a step to it, a look and a push.
A_KEY, A_THOUGHT, HANDS_OVER, A_DOOR = 0.28, 1.35, 0.4, 4.0
SMALL = """() => [...document.querySelectorAll("button, input, a.button")]
  .filter((one) => one.offsetParent !== null && one.getBoundingClientRect().height < 44)
  .map((one) => `${one.dataset.testid}: ${one.getBoundingClientRect().height} px high`)"""


@dataclass
class Command:
    """`dossier-locker commission --page` as it runs; `lines` are what it has said."""

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)

    async def end(self) -> None:
        """Ctrl-C; it must end by itself."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
        async with asyncio.timeout(15):
            assert await self.process.wait() == 0

    async def says(self, pattern: str) -> str:
        """The group of the next line that fits."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, self.lines
                self.lines.append(line)
                if found := re.search(pattern, line):
                    return found.group(1)


@dataclass
class Technician:
    """A person with a keyboard at the page and hands at the doors of the stage. Counts what they press and think."""

    page: Page
    stage: Stage
    keys: int = 0
    thoughts: int = 0
    doors: int = 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)
            self.keys += 1

    async def write(self, text: str) -> None:
        await self.page.keyboard.type(text)
        self.keys += len(text)

    async def sign_in(self) -> None:
        await expect(self.page.get_by_test_id("sign-in-user")).to_be_visible()
        await self.page.get_by_test_id("sign-in-user").focus()
        for text in ("tho", PASSWORD, pyotp.TOTP(SECRET).now()):
            await self.write(text)
            await self.press("Enter" if text.isdecimal() else "Tab")
            self.thoughts += 1

    async def prove_presence(self, number: Callable[[], Awaitable[str]]) -> None:
        await expect(self.page.get_by_test_id("step-come")).to_be_visible()
        await self.press("F8")
        await expect(self.page.get_by_test_id("presence-number")).to_be_focused()
        await self.write(await number())
        await self.press("Enter")
        self.thoughts += 1

    async def answer(self, number: int) -> None:
        """Look which door opened, shut it, say so."""
        await expect(self.page.get_by_test_id("asked-door")).to_have_text(str(number))
        await expect(self.page.get_by_test_id("opened")).to_be_focused()
        doors = self.stage.cabinet.doors
        while any(door.is_energised for door in doors.values()):
            await self.stage.wait_for_change(1)
        opened = [one for one, door in doors.items() if door.position is not Position.CLOSED]
        for one in opened:
            self.stage.touch(one, lambda door, at: door.push(at))
        if opened != [number]:
            await self.write(str(opened[0] if opened else 0))
        await self.press("Enter")
        self.thoughts += 1
        self.doors += 1

    @property
    def seconds(self) -> float:
        """How long a practised person takes for that, without the machine's own time."""
        return self.keys * A_KEY + self.thoughts * A_THOUGHT + self.doors * (A_DOOR + 2 * HANDS_OVER)


@pytest_asyncio.fixture(loop_scope="session")
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    one = Stage(name="t", wiring=load_wiring(WIRING), phone=Phone(None), clock=time.monotonic)
    async with one.served({"A": str(tmp_path / "line-a")}):
        yield one


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The wiring of the 24 doors with pulses as short as may be, a technician, a newcomer and a clerk."""
    text = WIRING.read_text(encoding="utf-8").replace("pulse_ms = 500", "pulse_ms = 100")
    text = text.replace('port = ".run/line-A"', f"port = {json.dumps(str(tmp_path / 'line-a'))}")
    (tmp_path / "key").write_text(DEVICE_KEY)
    (tmp_path / "key").chmod(0o600)
    text += '\n[storage]\ndirectory = "state"\nreserve_mib = 0\n[secrets]\ndevice_key_file = "key"\n'
    text += "[notices]\naccept_codes_in_clear = true\n[limits]\ndoors_per_minute = 60\n"
    text += "[kiosk]\nport = 0\n[clerk]\nport = 0\n"
    for user, name, role in (("tho", "Phạm Văn Thợ", "technician"), ("lan", "Trần Thị Lan", "clerk")):
        hashed = staff.hash_password(PASSWORD, hasher=staff.password_hasher(memory_kib=8, passes=1))
        text += f'[[staff]]\nuser = "{user}"\nname = "{name}"\nrole = "{role}"\npassword_hash = "{hashed}"\n'
        text += f'totp_secret = "{SECRET}"\n'
    text += '[[staff]]\nuser = "hoa"\nname = "Đỗ Thị Hòa"\nrole = "technician"\npassword_is_initial = true\n'
    text += f'password_hash = "{hashed}"\ntotp_secret = "{SECRET}"\n'
    file = tmp_path / "cabinet.toml"
    file.write_text(text, encoding="utf-8")
    return file


async def _started(*arguments: str) -> Command:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api", *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    return Command(process)


@pytest_asyncio.fixture(loop_scope="session")
async def command(stage: Stage, config: Path) -> AsyncIterator[Command]:
    _ = stage
    one = await _started("commission", "--page", "--config", str(config))
    yield one
    await one.end()


@pytest_asyncio.fixture(loop_scope="session")
async def finding(stage: Stage, tmp_path: Path) -> AsyncIterator[Command]:
    """`find-boards --page` at the line of the stage."""
    port, file = stage.plugs["A"].address, tmp_path / "wiring.toml"
    one = await _started("find-boards", port, str(file), "--ids", "4", "--page", "--port", "0")
    yield one
    await one.end()


async def _opened(browser: Browser, url: str, *, language: str) -> tuple[Page, list[str]]:
    complaints: list[str] = []
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    await context.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = await context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    await page.goto(url)
    await expect(page.locator("h1")).to_be_visible()
    return page, complaints


async def test_exchanged_wires_and_an_inverted_sensor_of_24_doors_are_found_named_and_mended_by_keyboard(
    browser: Browser, stage: Stage, command: Command, config: Path, tmp_path: Path
) -> None:
    stage.cabinet.swap_lock_wires(5, 6, time.monotonic())
    stage.cabinet.doors[9].is_inverted = True
    stage.touch(9, lambda door, at: door.advance(at))
    page, complaints = await _opened(browser, await command.says(r"open (http\S+)"), language="vi")
    person, began = Technician(page, stage), time.monotonic()
    wrong = [f"sign-in: {one}" for one in await violations(page)]
    await person.sign_in()
    await person.prove_presence(lambda: command.says(r"page: (\d{4})"))
    await expect(page.get_by_test_id("step-begin")).to_be_visible()
    wrong += [f"begin: {one}" for one in await violations(page)]
    await expect(page.get_by_test_id("take-out")).to_be_focused()
    await person.press("Enter")
    await expect(page.get_by_test_id("try-all")).to_be_focused()
    await person.press("Enter")
    for number in range(1, 25):
        await person.answer(number)
        if number == 8:
            await expect(page.get_by_test_id("asked-door")).to_have_text("9")
            wrong += [f"door 9: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]

    await expect(page.get_by_test_id("fault-5")).to_contain_text("Cửa 5 và cửa 6 bị lẫn dây khoá")
    await expect(page.get_by_test_id("fault-5")).to_contain_text("rơ-le 5 của bo A1")
    await expect(page.get_by_test_id("fault-9")).to_contain_text("Cảm biến cửa 9 đọc ngược")
    await expect(page.locator(".fault")).to_have_count(2)
    for number, state in ((4, "good"), (5, "bad"), (6, "bad"), (9, "bad"), (24, "good")):
        await expect(page.get_by_test_id(f"door-{number}")).to_have_attribute("data-state", state)
    wrong += [f"faults: {one}" for one in await violations(page)]
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_test_id("language-en").click()
    await expect(page.get_by_test_id("fault-9")).to_contain_text("set inverted = true for compartment 9")
    wrong += [f"phone: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.set_viewport_size({"width": 1280, "height": 800})

    stage.cabinet.swap_lock_wires(5, 6, time.monotonic())
    stage.cabinet.doors[9].is_inverted = False
    stage.touch(9, lambda door, at: door.advance(at))
    await expect(page.get_by_test_id("try-all")).to_contain_text("try 3 doors again: 5, 6, 9")
    await page.get_by_test_id("try-all").focus()
    await person.press("Enter")
    for number in (5, 6, 9):
        await person.answer(number)
    await expect(page.get_by_test_id("all-good")).to_be_visible()
    wrong += [f"done: {one}" for one in await violations(page)]
    assert (person.keys, person.thoughts, person.doors) == (66, 31, 27), "as docs/commissioning.md says"
    assert person.seconds + time.monotonic() - began < 600
    assert wrong == []

    async with page.expect_download() as downloading:
        await page.get_by_test_id("sheet-file").click()
    file = tmp_path / "sheet.txt"
    await (await downloading.value).save_as(file)
    signed = file.read_text("utf-8").splitlines()[-1]
    sheet = acceptance.check(signed, receipts.public_text(receipts.signer(bytes.fromhex(DEVICE_KEY))))
    assert sheet.is_accepted
    assert sheet.technician == "tho"
    assert [door.number for door in sheet.doors] == list(range(1, 25))
    async with page.expect_popup() as popping:
        await page.get_by_test_id("sheet").click()
    paper = await popping.value
    await expect(paper.get_by_text("ACCEPTED: every board proved, every door good")).to_be_visible()
    assert await violations(paper) == []
    assert complaints == []
    pulses = sum(door.pulses for door in stage.cabinet.doors.values())
    assert pulses == 24 + 3, "one pulse a trial, and a trial of each door, of the bad ones twice"
    await command.end()
    assert keeping.verify(config.parent / "state" / "journal.sqlite3", public="").is_sound


async def test_a_clerk_is_told_that_the_page_is_the_technicians(browser: Browser, command: Command) -> None:
    page, _complaints = await _opened(browser, await command.says(r"open (http\S+)"), language="vi")
    await page.get_by_test_id("sign-in-user").fill("lan")
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-code").fill(pyotp.TOTP(SECRET).now())
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("note")).to_contain_text("kỹ thuật viên hoặc lãnh đạo")
    await expect(page.get_by_test_id("screen-sign-in")).to_be_visible()


async def test_a_technician_whose_password_a_leader_typed_chooses_their_own_before_any_door(
    browser: Browser, command: Command
) -> None:
    page, complaints = await _opened(browser, await command.says(r"open (http\S+)"), language="en")
    await page.get_by_test_id("sign-in-user").fill("hoa")
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-code").fill(pyotp.TOTP(SECRET).now())
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("sign-in-wanted")).to_be_focused()
    await page.get_by_test_id("sign-in-wanted").fill("bốn mùa gạo đỏ rực")
    await page.get_by_test_id("sign-in-again").fill("bốn mùa gạo đỏ rực")
    await page.get_by_test_id("sign-in-code").fill(pyotp.TOTP(SECRET).now())
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("step-come")).to_be_visible()
    assert complaints == []


async def test_boards_are_found_on_a_page_and_the_file_it_writes_is_a_wiring(
    browser: Browser, finding: Command, tmp_path: Path
) -> None:
    url = await finding.says(r"open (http\S+)")
    page, complaints = await _opened(browser, url, language="vi")
    await expect(page.get_by_test_id("finding-begin")).to_be_enabled()
    wrong = [f"first: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    await page.get_by_test_id("finding-where").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("finding-status")).to_have_text("Có 3 bo trả lời.")
    await expect(page.get_by_test_id("line-0")).to_contain_text("9600 · N")
    await expect(page.get_by_test_id("found-2")).to_contain_text("phiên bản 3.00")
    await expect(page.get_by_test_id("cabinet-picture").locator(".place")).to_have_count(24)
    for unit in (1, 2):
        await page.get_by_test_id(f"profile-{unit}").select_option("waveshare-relay-d")
    await page.get_by_test_id("finding-columns").fill("6")
    wrong += [f"found: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_test_id("language-en").click()
    wrong += [f"phone: {one}" for one in [*await violations(page), *await page.evaluate(SMALL)]]
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    await page.get_by_test_id("finding-write").click()
    await expect(page.get_by_test_id("written")).to_be_visible()
    wiring = load_wiring(tmp_path / "wiring.toml")
    assert [(board.name, board.unit_id) for board in wiring.board] == [("A1", 1), ("A2", 2), ("A3", 3)]
    assert [board.profile == "waveshare-relay-d" for board in wiring.board] == [True, True, False], "as chosen"
    assert [(one.row, one.column) for one in wiring.compartment[5:7]] == [(1, 6), (2, 1)]
    assert wrong == []
    assert complaints == []
    stranger = await page.context.request.get(url[: url.rindex("/", 0, -1)] + "/guess/search")
    assert stranger.status == 404
