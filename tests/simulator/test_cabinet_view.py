"""The cabinet view in a real Chromium: doors that swing, the phone, faults at a click, keys alone, both languages."""

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright, expect

from simulator.players import until
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn
from tests.pages.axe import violations
from tests.simulator.conftest import serving

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
Open = Callable[..., Awaitable[Page]]
Run = Callable[..., Awaitable[tuple[int, str]]]
ASK = ("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", "1", "-t", "1", "-c", "8", "-o", "1", "-1")
TURNED = "el => new DOMMatrix(getComputedStyle(el).transform).m11"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        expect.set_options(timeout=20_000)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_view(browser: Browser) -> AsyncIterator[Open]:
    """Opens a cabinet view; a script error or a refused resource fails the test."""
    complaints: list[str] = []
    contexts = []

    async def opened(url: str, *, width: int = 1280, height: int = 800, **more: Any) -> Page:
        context = await browser.new_context(
            viewport={"width": width, "height": height}, **{"locale": "vi-VN", "reduced_motion": "reduce", **more}
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if told.type == "error" else None)
        await page.goto(url)
        await expect(page.locator(".bay")).to_have_count(24)
        return page

    yield opened
    for context in contexts:
        await context.close()
    assert [line for line in complaints if "net::ERR_" not in line] == []


def sms(recipient: str, text: str, *, at: str, number: int) -> str:
    return json.dumps({"id": f"f-{number}", "reference": f"r-{number}", "recipient": recipient, "text": text, "at": at})


async def test_a_door_swings_with_the_hand_and_its_envelope_is_seen_inside(open_view: Open, served: Any) -> None:
    page = await open_view(served.url, reduced_motion="no-preference")
    bay = page.locator('.bay[data-number="7"]')
    leaf = bay.locator(".leaf")
    assert await leaf.evaluate("el => getComputedStyle(el).transitionDuration") == "0.7s"
    assert await leaf.evaluate(TURNED) == 1
    await leaf.click()
    await expect(page.locator("#toast")).to_have_text("Ngăn 7 khoá. Tay còn giữ cửa 3 giây.")
    await expect(leaf).to_have_attribute("aria-expanded", "false")
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/boards/A1/fault", json={"kind": "stray_coil", "coil": 6})
        await client.post("/doors/7/pull")  # should the hand of the click have let go meanwhile
    await expect(bay).to_have_attribute("data-position", "open")
    await expect(leaf).to_have_attribute("aria-expanded", "true")
    await until("the leaf to stand wide open", lambda: leaf.evaluate(f"el => ({TURNED})(el) < 0"))
    await bay.get_by_role("button", name="Bỏ vào").click()
    await expect(bay.locator(".paper")).to_have_text(["Phong bì"])
    papers = await bay.locator(".paper").bounding_box()
    frame = await bay.locator(".inside").bounding_box()
    assert papers is not None
    assert frame is not None
    assert frame["x"] < papers["x"] < papers["x"] + papers["width"] < frame["x"] + frame["width"]
    await expect(bay.locator(".leaf")).to_have_accessible_name("Ngăn 7, mở, cảm biến báo mở, 1 phong bì")
    await bay.get_by_role("button", name="Lấy ra").click()
    await expect(bay.locator(".paper")).to_have_count(0)
    await page.locator("#active").get_by_role("button", name="Rơ-le tự đóng").click()
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/doors/7/push")
    await expect(bay).to_have_attribute("data-position", "closed")
    await until("the leaf to be shut", lambda: leaf.evaluate(f"el => ({TURNED})(el) === 1"))


async def test_whoever_wants_no_motion_sees_doors_open_at_once(open_view: Open, served: Any) -> None:
    page = await open_view(served.url)
    assert await page.locator(".leaf").first.evaluate("el => getComputedStyle(el).transitionDuration") == "0.01s"


async def test_the_phone_shows_its_messages_in_order_with_time_and_sender_and_its_code_is_copied(
    open_view: Open, served: Any
) -> None:
    vietnamese = "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. Ket qua ho so 261008-0975 o tu 24/7. Hoi: 028 3829 1234"
    english = "Hoa Mai Ward: CABINET CODE 4821 7390 5562, 1 result is at the 24/7 cabinet. Keep it secret."
    check = "UBND P.Hoa Mai: 48213907 la ma kiem tra so dien thoai."
    page = await open_view(
        served.url, timezone_id="Asia/Ho_Chi_Minh", permissions=["clipboard-read", "clipboard-write"]
    )
    told = [
        sms("+84987000111", check, at="2026-11-22T13:00:00Z", number=1),
        sms("+84912345678", vietnamese, at="2026-11-22T14:05:00Z", number=2),
        sms("+84912345678", english, at="2026-11-22T14:06:00Z", number=3),
    ]
    served.outbox.write_text("\n".join(told) + "\n")
    messages = page.locator("#messages")
    await expect(messages.locator("p")).to_have_text([vietnamese, english])
    await expect(messages.locator("time")).to_have_text(["21:05", "21:06"])
    await expect(messages.locator(".from")).to_have_text(["UBND P.Hoa Mai", "Hoa Mai Ward"])
    await expect(messages.locator("p").last).to_be_in_viewport()
    await expect(messages.locator(".code")).to_have_text(["4821 7390 5562", "4821 7390 5562"])
    await messages.locator(".code").first.click()
    await expect(page.locator("#toast")).to_have_text("Đã chép mã 4821 7390 5562")
    assert await page.evaluate("navigator.clipboard.readText()") == "482173905562"
    await page.get_by_role("combobox", name="Điện thoại của").select_option("+84987000111")
    await expect(messages.locator("p")).to_have_text([check])
    await expect(messages.locator(".code")).to_have_text(["48213907"])


async def test_a_fault_at_a_click_reaches_the_wire_and_goes_with_a_click(
    open_view: Open, served: Any, run: Run
) -> None:
    page = await open_view(f"{served.url}?lang=en")
    await page.locator("#lines-card").get_by_role("button", name="Exception").click()
    wrong = page.locator("#active").get_by_role("button")
    await expect(wrong).to_have_accessible_name("Mend: Line A: Exception")
    code, output = await run(*ASK, served.line)
    assert (code != 0, "Slave device or server failure" in output) == (True, True), output
    await wrong.click()
    await expect(page.locator("#active")).to_contain_text("All is well")
    code, output = await run(*ASK, served.line)
    assert code == 0, output


async def test_faults_of_door_board_and_line_stand_together_and_one_button_mends_them(
    open_view: Open, served: Any
) -> None:
    page = await open_view(f"{served.url}?lang=en")
    await page.locator('.bay[data-number="3"] .leaf').click()
    card = page.locator("#door-card")
    await expect(card.get_by_role("heading", name="Compartment 3")).to_be_visible()
    await card.get_by_role("button", name="Stuck open").click()
    await expect(card.get_by_role("button", name="Stuck open")).to_have_attribute("aria-pressed", "true")
    await expect(card).to_contain_text("sensor says open")
    await page.get_by_label("Swap wires with").select_option("5")
    await card.get_by_role("button", name="Swapped lock wires").click()
    await page.get_by_text("Relay boards").click()
    await page.locator("#boards-card").get_by_role("button", name="No power").first.click()
    await expect(page.locator(".board.dark")).to_have_count(1)
    await page.locator("#lines-card").get_by_role("button", name="Unplugged").click()
    await expect(page.locator("#asked-A")).to_have_text("unplugged")
    await expect(page.locator("#active button")).to_have_text(
        [
            "Compartment 3: Stuck open×",
            "Compartment 3: Swapped lock wires with compartment 5×",
            "Compartment 5: Swapped lock wires with compartment 3×",
            "Board A1: No power×",
            "Line A: Unplugged×",
        ]
    )
    await page.get_by_role("button", name="Mend all").click()
    await expect(page.locator("#active button")).to_have_count(0)
    await expect(page.locator(".board.dark")).to_have_count(0)
    await expect(page.locator("#asked-A")).not_to_have_text("unplugged")
    await expect(card).to_contain_text("sensor says closed")
    await expect(page.get_by_role("button", name="Mend all")).to_be_disabled()


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_fault_of_the_simulator_is_on_the_page_in_plain_words(
    open_view: Open, served: Any, language: str
) -> None:
    page = await open_view(f"{served.url}?lang={language}")
    await page.locator('.bay[data-number="4"] .leaf').click()
    keys = await page.locator(".chip").evaluate_all("all => all.map(one => one.dataset.key)")
    wanted = [
        f"{place}-{name}-{kind}"
        for place, name, shape in (("door", 4, DoorFaultIn), ("board", "A2", BoardFaultIn), ("line", "A", LineFaultIn))
        for kind in get_args(shape.model_fields["kind"].annotation)
        if kind not in ("none", "replug")
    ]
    assert set(wanted) <= set(keys)
    for words in await page.locator(".chip").evaluate_all(
        "all => all.map(one => [...one.children].map(c => c.textContent))"
    ):
        assert all(words), words
        assert "undefined" not in "".join(words)


async def test_everything_is_done_with_the_keyboard_alone(open_view: Open, served: Any) -> None:
    page = await open_view(served.url)

    async def go_to(selector: str, key: str = "Tab") -> None:
        for _ in range(90):
            if await page.evaluate(f"document.activeElement.matches('{selector}')"):
                return
            await page.keyboard.press(key)
        raise AssertionError(f"{selector} is not reached by {key}")

    bay = page.locator('.bay[data-number="2"]')
    await go_to("#crowbar")
    await page.keyboard.press("Space")
    await go_to('.bay[data-number="2"] .leaf', "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(bay).to_have_attribute("data-position", "open")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(bay.locator(".paper")).to_have_count(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(bay.locator(".paper")).to_have_count(0)
    await go_to('.bay[data-number="2"] .leaf', "Shift+Tab")
    await page.keyboard.press("Enter")
    await expect(bay).to_have_attribute("data-position", "closed")
    await go_to('[data-key="door-2-bouncing"]')
    await page.keyboard.press("Enter")
    await expect(page.locator("#active button")).to_have_count(1)
    assert await page.evaluate("document.activeElement.dataset.key") == "door-2-bouncing"
    await page.keyboard.press("Enter")
    await expect(page.locator("#active button")).to_have_count(0)


@pytest.mark.parametrize(("language", "width", "height"), [("vi", 1280, 800), ("en", 1920, 1080), ("vi", 390, 844)])
async def test_axe_finds_nothing_and_nothing_runs_off_the_side(
    open_view: Open, served: Any, language: str, width: int, height: int
) -> None:
    async with httpx.AsyncClient(base_url=served.url) as client:
        await client.post("/doors/14/force")
        await client.post("/doors/14/put", json={"label": "261008-0975"})
        await client.post("/doors/8/fault", json={"kind": "bouncing"})
        page = await open_view(f"{served.url}?lang={language}", width=width, height=height)
        await page.locator('.bay[data-number="24"] .leaf').click()
        await expect(page.locator("#active button")).to_have_count(1)
        await page.locator("details:not([open]) summary").click()
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await client.post("/doors/14/take")
        await client.post("/doors/14/push")
        await client.post("/mend")


async def test_a_cabinet_to_learn_on_is_violet_and_says_so_and_comes_back_after_a_restart(
    open_view: Open, tmp_path: Path
) -> None:
    with serving(tmp_path, is_training=True) as first:
        page = await open_view(first.url)
        await expect(page.locator("#training")).to_contain_text("TỦ TẬP HUẤN")
        await expect(page.locator("#lost")).to_be_hidden()
        sign = await page.locator(".sign").evaluate("el => getComputedStyle(el).backgroundImage")
        assert "rgb(74, 29, 120)" in sign
        assert await violations(page) == []
        await page.get_by_role("button", name="English").click()
        await expect(page.locator("#training")).to_contain_text("TRAINING CABINET")
    await expect(page.locator("#lost")).to_be_visible()
    await page.locator('.bay[data-number="1"] .leaf').click()
    await expect(page.locator("#toast")).to_have_text("The simulated cabinet does not answer, trying again…")
    with serving(tmp_path, port=int(first.url.rstrip("/").rpartition(":")[2])) as second:
        await expect(page.locator("#lost")).to_be_hidden()
        await expect(page.locator("#training")).to_be_hidden()
        assert second.url == first.url
