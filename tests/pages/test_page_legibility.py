"""What eyes and fingers need, measured in the browser on every kiosk screen; and the words and weight of both pages."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Page, expect

from locker.events import DisputeKind
from otp.texts import read_texts
from tests.pages.axe import violations
from tests.pages.scenes import KIOSK, VISITS, door, paper, visit
from tests.pages.stub_service import PAGES, StubService, done, problem
from tests.pages.tour import screens

Open = Callable[..., Awaitable[Page]]
ONLY_CITIZENS = {
    "paper-out",
    "printer-offline",
    "slip-refused",
    "phone-malformed",
    "notices-offline",
    "paper-check-needed",
    "paper-refused",
    "status-unknown",
    "stay-refused",
    "tickets-full",
}

# Text of 24 px, headlines of 40 px, targets of 44 px (the keypad's 72 px), contrast of 7:1, nothing cut off; large
# letters may be scrolled up and down, never sideways.
MEASURE = """() => {
  const wrong = [];
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (rgb) => {
    const [r, g, b] = rgb.slice(0, 3).map((value) => linear(value / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const called = (element) => `${element.tagName.toLowerCase()} "${element.textContent.trim().slice(0, 24)}"`;
  for (const element of document.querySelectorAll("#page *")) {
    if (element.closest("svg") || element.closest(".unseen-words")) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0) continue;
    const isScrolled = document.querySelector(".is-large main")?.contains(element);
    const isAbove = box.top < -1 && !isScrolled;
    const isBelow = box.bottom > innerHeight + 1 && !isScrolled;
    if (box.left < -1 || box.right > innerWidth + 1 || isAbove || isBelow) {
      wrong.push(`${called(element)} leaves the screen`);
    }
    if (element.tagName === "BUTTON") {
      const least = element.classList.contains("is-key") ? 72 : 44;
      if (box.width < least || box.height < least) wrong.push(`${called(element)} is a small target`);
      // An upright screen hangs high: a wheelchair reaches its lower part (language and looks are in "help" as well).
      const isHigh = innerHeight > innerWidth && box.top < innerHeight * 0.4;
      if (isHigh && !element.closest("header")) wrong.push(`${called(element)} is out of reach`);
    }
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim())) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < (element.tagName === "H1" ? 40 : 24)) wrong.push(`${called(element)} has ${size} px`);
    const [a, b] = [light(numbers(style.color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 7) wrong.push(`${called(element)} has a contrast of ${contrast.toFixed(1)}`);
  }
  // A wet screen must not matter: what is touched has a key of its own, and no key stands for two things. A face is
  // only touched (a digit begins the next code), "my dossier" is 3 in the help, any digit is more time while typing.
  const buttons = [...document.querySelectorAll("main button, footer button")];
  const touched = ["face", "reason", "ask", ...(document.querySelector(".keypad") ? ["more-time"] : [])];
  for (const one of buttons.filter(({ dataset }) => !dataset.keypad && !touched.includes(dataset.act))) {
    wrong.push(`${called(one)} has no key`);
  }
  // That key is drawn on the button in every look, for as long as pressing it does something. The twelve keys are keys
  // themselves, and any digit collects.
  const isOwn = ({ classList, dataset }) =>
    dataset.act === "collect" || (classList.contains("is-key") && dataset.act !== "send");
  const isDrawn = (one) => one.querySelector(".keycap")?.getBoundingClientRect().width > 0;
  for (const one of buttons.filter((each) => each.dataset.keypad && !each.disabled && !isOwn(each) && !isDrawn(each))) {
    wrong.push(`${called(one)} does not show its key`);
  }
  const keys = buttons.map(({ dataset }) => dataset.keypad).filter(Boolean);
  for (const key of keys.filter((one, at) => keys.indexOf(one) !== at)) wrong.push(`key ${key} means two things`);
  const main = document.querySelector("main");
  const edge = main.getBoundingClientRect();
  for (const child of main.children) {
    const box = child.getBoundingClientRect();
    const isIn = box.top >= edge.top - 1 && box.bottom <= edge.bottom + 1;
    if (!isIn && !document.querySelector(".is-large")) wrong.push(`${called(child)} leaves its place`);
  }
  return wrong;
}"""


WIDE, SMALL, UPRIGHT, TINY = (1280, 800), (1024, 600), (1080, 1920), (800, 480)


async def _wrong(page: Page, name: str, sizes: dict[str, tuple[tuple[int, int], ...]]) -> list[str]:
    """What is wrong with the screen that is shown, in these languages and sizes, and in the last one by axe's rules."""
    wrong = []
    for language, windows in sizes.items():
        await page.get_by_test_id(f"language-{language}").click()
        await page.locator(f"html[lang={language}]").wait_for()
        for width, height in windows:
            await page.set_viewport_size({"width": width, "height": height})
            wrong += [f"{name} {language} {width}: {what}" for what in await page.evaluate(MEASURE)]
    return [*wrong, *[f"{name}: {what}" for what in await violations(page)]]


@pytest.mark.asyncio(loop_scope="session")
async def test_every_screen_can_be_read_and_touched(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, reduced_motion="reduce")
    wrong = []
    async for name in screens(kiosk, page):
        wrong += await _wrong(page, name, {"en": (TINY, SMALL), "vi": (TINY, SMALL, WIDE)})
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="session")
async def test_what_is_shown_only_after_silence_or_without_the_service_can_be_read_too(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk, width=1024, height=600, reduced_motion="reduce")
    receipt = {"bag": "HS-000012", "sent_at": "", "position": 481, "is_confirmed": False, "promised": "2026-11-23"}
    kiosk.script("visits/v1/intakes/h10/receipt", done(**receipt))
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]))
    await page.get_by_test_id("screen-intake-dropped").wait_for()
    await kiosk.show(visit=None)
    await page.get_by_test_id("screen-intake-silent").wait_for()
    wrong = [*await page.evaluate(MEASURE), *await violations(page)]
    await kiosk.stop()
    try:
        await page.get_by_test_id("screen-lost").wait_for()
        wrong += [*await page.evaluate(MEASURE), *await violations(page)]
    finally:
        await kiosk.start()
    assert wrong == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a_browser_that_is_not_let_in_is_told_so_legibly(kiosk: StubService, open_page: Open) -> None:
    served = await open_page(kiosk, reduced_motion="reduce")
    await served.get_by_test_id("language-en").click()
    await served.locator("html[lang=en]").wait_for()
    kiosk.refuses = problem("not-allowed", 401)
    await kiosk.show()
    wrong = []
    for page in (served, await open_page(kiosk, reduced_motion="reduce")):
        # The page tries again by and by; so long as it is measured there is nothing new to load.
        await page.route(f"{kiosk.url}/", lambda route: route.fulfill(status=204))
        await page.get_by_test_id("screen-barred").wait_for()
        language = await page.locator("html").get_attribute("lang")
        for width, height in (UPRIGHT, WIDE, SMALL):
            await page.set_viewport_size({"width": width, "height": height})
            wrong += [f"{language} {width}: {what}" for what in await page.evaluate(MEASURE)]
        wrong += [f"{language}: {what}" for what in await violations(page)]
    assert wrong == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a_cabinet_to_learn_on_says_so_legibly_in_every_look(kiosk: StubService, open_page: Open) -> None:
    await kiosk.show(is_training=True)
    page = await open_page(kiosk, reduced_motion="reduce")
    wrong = []
    for look in ("contrast", "large", "contrast"):
        await page.get_by_test_id(f"look-{look}").click()
        await expect(page.get_by_test_id("training")).to_be_visible()
        wrong += [f"{look} turned: {what}" for what in await page.evaluate(MEASURE)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("front", ["kiosk", "clerk"])
async def test_the_mark_of_the_focus_is_seen_whole_on_the_languages(
    kiosk: StubService, clerk: StubService, open_page: Open, front: str
) -> None:
    page = await open_page({"kiosk": kiosk, "clerk": clerk}[front])
    await page.get_by_test_id("language-en").focus()
    await page.keyboard.press("Shift+Tab")
    await expect(page.get_by_test_id("language-vi")).to_be_focused()
    mark = await page.get_by_test_id("language-vi").evaluate(
        """one => {
          const { outlineOffset, outlineWidth, outlineColor, color } = getComputedStyle(one);
          return { room: parseFloat(outlineOffset) + parseFloat(outlineWidth), isSeen: outlineColor === color };
        }"""
    )
    assert mark["room"] <= 0, "the switch cuts off what is drawn outside of its buttons"
    assert mark["isSeen"]


@pytest.mark.asyncio(loop_scope="session")
async def test_large_letters_leave_every_button_its_key(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, width=1024, height=600, reduced_motion="reduce")
    await page.get_by_test_id("look-large").click()
    await page.locator("html.is-large").wait_for()
    wrong = []
    for key, name in (("", "idle"), ("*", "help"), ("2", "phone")):
        if key:
            await page.keyboard.press(key)
        await page.get_by_test_id(f"screen-{name}").wait_for()
        wrong += [f"{name}: {what}" for what in await page.evaluate(MEASURE)]
    for name in ("closed", "next", "high"):
        await kiosk.show(visit=VISITS[name])
        await page.get_by_test_id(f"screen-{name}").wait_for()
        wrong += [f"{name}: {what}" for what in await page.evaluate(MEASURE)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.screens
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("look", ["usual", "large", "contrast"])
async def test_every_screen_can_be_read_in_every_look_and_size(kiosk: StubService, open_page: Open, look: str) -> None:
    page = await open_page(kiosk, reduced_motion="reduce")
    wrong = []
    async for name in screens(kiosk, page):
        if look != "usual" and await page.get_by_test_id(f"look-{look}").get_attribute("aria-pressed") == "false":
            await page.get_by_test_id(f"look-{look}").click()
        wrong += await _wrong(page, name, {"en": (WIDE, SMALL), "vi": (SMALL, UPRIGHT, WIDE)})
    assert not wrong, "\n".join(wrong)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_cabinet_of_two_hundred_doors_still_fits_its_picture(kiosk: StubService, open_page: Open) -> None:
    many = [
        {"number": (column - 1) * 10 + row, "row": row, "column": column, "size": "S", "is_open": False}
        for column in range(1, 21)
        for row in range(1, 11)
    ]
    present = {**VISITS["open"], "doors": [{**VISITS["open"]["doors"][0], "compartment": 137, "row": 7, "column": 14}]}
    await kiosk.show(doors=many, visit=present)
    page = await open_page(kiosk, width=1024, height=600, reduced_motion="reduce")
    await page.get_by_test_id("screen-open").wait_for()
    assert await page.evaluate(MEASURE) == []
    marked = await page.locator(".cabinet .is-marked text").all_text_contents()
    assert sorted(marked) == ["137", "14", "7"]


# The arrow, every number of a row or column, and the picture's own frame, in units of the picture.
COVERED = """() => {
  const box = (element) => element.getBBox();
  const arrow = box(document.querySelector(".cabinet .pointer"));
  const { x, y, width, height } = document.querySelector(".cabinet").viewBox.baseVal;
  const [right, below] = [arrow.x + arrow.width, arrow.y + arrow.height];
  const isIn = arrow.x >= x && arrow.y >= y && right <= x + width && below <= y + height;
  const meets = (other) =>
    arrow.x < other.x + other.width && other.x < right && arrow.y < other.y + other.height && other.y < below;
  const read = [...document.querySelectorAll(".cabinet .ruler, .cabinet .is-marked")];
  const hidden = read.filter((one) => meets(box(one))).map((one) => one.textContent);
  return [...hidden, ...(isIn ? [] : ["the edge"])];
}"""


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("columns", [1, 2, 4])
async def test_the_arrow_hides_no_number_of_row_or_column_nor_the_door(
    kiosk: StubService, open_page: Open, columns: int
) -> None:
    present = [place for place in KIOSK["doors"] if place["column"] <= columns]
    page = await open_page(kiosk, reduced_motion="reduce")
    for place in present:
        await kiosk.show(doors=present, visit=visit(door(place["number"], "open")))
        await page.locator(f".cabinet .is-marked[data-number='{place['number']}']").wait_for()
        assert await page.evaluate(COVERED) == [], place["number"]


def _words(page: str, language: str) -> dict[str, str]:
    table: dict[str, str] = json.loads((PAGES / page / "words" / f"{language}.json").read_text(encoding="utf-8"))
    return table


def _names(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence)) - {"count"}


@pytest.mark.parametrize("page", ["kiosk", "clerk"])
def test_both_languages_say_the_same_things(page: str) -> None:
    vi, en = _words(page, "vi"), _words(page, "en")
    assert {key.removesuffix(".one") for key in vi} == {key.removesuffix(".one") for key in en}
    assert [key for key in vi if key in en and _names(vi[key]) != _names(en[key])] == []


@pytest.mark.parametrize("page", ["kiosk", "clerk"])
def test_every_sentence_a_script_asks_for_is_there(page: str) -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in (PAGES / page).glob("*.js"))
    asked = set(re.findall(r'say\("([a-z0-9.-]+)"', scripts))
    assert len(asked) > 20
    assert asked - set(_words(page, "vi")) == set()


def test_every_incident_and_every_refusal_has_a_sentence_for_the_clerk() -> None:
    words = set(_words("clerk", "vi"))
    model = (PAGES.parents[1] / "locker" / "model.py").read_text(encoding="utf-8")
    kinds = set(re.findall(r'_incident\(\w+, "(\w+[a-z])"', model))
    kinds |= {f"disputed_{kind}" for kind in get_args(DisputeKind)}
    assert {f"incident.{kind}" for kind in kinds} - words == set()
    refusals = (PAGES.parents[1] / "locker" / "refusals.py").read_text(encoding="utf-8")
    said_elsewhere = {
        "refused",
        "fault",
        "gap",
        "code-refused",
        "code-malformed",
        "second-check-needed",
    } | ONLY_CITIZENS
    slugs = set(re.findall(r'slug(?:: ClassVar\[str\])? = "([a-z-]+)"', refusals)) - said_elsewhere
    assert {f"problem.{slug}" for slug in slugs} - words == set()


def test_every_message_has_a_name_for_the_leader_who_words_it() -> None:
    names = {f"text.{name}" for name, _language in read_texts()}
    assert names - set(_words("clerk", "vi")) == set()


def _fetched(page: str) -> list[Path]:
    folders = (PAGES / page, PAGES / "shared")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("page", ["kiosk", "clerk"])
def test_a_page_weighs_less_than_300_kilobytes(page: str) -> None:
    assert sum(path.stat().st_size for path in _fetched(page)) < 300_000


def _imported(script: Path) -> set[Path]:
    """Every module that this one needs, at whatever depth."""
    found: set[Path] = set()
    waiting = [script]
    while waiting:
        path = waiting.pop()
        names = re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8"))
        new = {(path.parent / name).resolve() for name in names} - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("page", ["kiosk", "clerk"])
def test_a_page_asks_for_all_its_modules_at_once(page: str) -> None:
    index = (PAGES / page / "index.html").read_text(encoding="utf-8")
    needed = {path.relative_to(PAGES).as_posix() for path in _imported(PAGES / page / f"{page}.js")}
    assert set(re.findall(r'modulepreload" href="/static/([^"]+)"', index)) == needed


@pytest.mark.parametrize("page", ["kiosk", "clerk"])
def test_a_page_asks_nobody_outside_and_has_no_inline_script_or_style(page: str) -> None:
    for path in _fetched(page):
        text = path.read_text(encoding="utf-8")
        outside = [url for url in re.findall(r"https?://[^\"'` )]+", text) if "www.w3.org" not in url]
        assert outside == [], path
        assert "innerHTML" not in text, path
        if path.suffix == ".html":
            assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text) == [], path


def test_the_idle_screen_is_given_nothing_personal() -> None:
    assert set(KIOSK) == {
        "version",
        "state",
        "office",
        "address",
        "hotline",
        "centre_online",
        "notices_online",
        "accepts_slips",
        "clock",
        "time",
        "presence_number",
        "printer",
        "scan",
        "hours",
        "city_hotline",
        "rules",
        "posters",
        "has_voice",
        "is_training",
        "rateable",
        "doors",
        "intake",
        "visit",
    }
