"""What eyes and fingers need, measured in the browser on every kiosk screen; and the words and weight of both pages."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest
from playwright.async_api import Page

from locker.events import DisputeKind
from otp.texts import read_texts
from tests.pages.axe import violations
from tests.pages.scenes import KIOSK, LEFT, PAPERS, STATES, TOLD, VISITS, doors, paper, visit
from tests.pages.stub_service import PAGES, StubService, done, problem

Open = Callable[..., Awaitable[Page]]
CODE = "482173905562"
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

# Text of 24 px, headlines of 40 px, targets of 44 px (the keypad's 72 px), contrast of 7:1, nothing cut off.
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
    if (box.left < -1 || box.top < -1 || box.right > innerWidth + 1 || box.bottom > innerHeight + 1) {
      wrong.push(`${called(element)} leaves the screen`);
    }
    if (element.tagName === "BUTTON") {
      const least = element.classList.contains("is-key") ? 72 : 44;
      if (box.width < least || box.height < least) wrong.push(`${called(element)} is a small target`);
    }
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim())) continue;
    const style = getComputedStyle(element);
    const size = parseFloat(style.fontSize);
    if (size < (element.tagName === "H1" ? 40 : 24)) wrong.push(`${called(element)} has ${size} px`);
    const [a, b] = [light(numbers(style.color)), light(ground(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 7) wrong.push(`${called(element)} has a contrast of ${contrast.toFixed(1)}`);
  }
  const main = document.querySelector("main");
  const edge = main.getBoundingClientRect();
  for (const child of main.children) {
    const box = child.getBoundingClientRect();
    if (box.top < edge.top - 1 || box.bottom > edge.bottom + 1) wrong.push(`${called(child)} leaves its place`);
  }
  return wrong;
}"""


async def _screens(kiosk: StubService, page: Page) -> AsyncIterator[str]:
    """Lead the page through every screen; gives each one's name when it is shown."""

    async def shown(name: str) -> str:
        await page.get_by_test_id(f"screen-{name}").wait_for()
        return name

    await kiosk.show(notices_online=False, presence_number={"number": "4821", "seconds_left": 90})
    yield await shown("idle")
    await kiosk.show(notices_online=True, presence_number=None)
    await page.keyboard.press("*")
    yield await shown("help")
    await page.keyboard.press("8")
    yield await shown("topics")
    await page.keyboard.press("4")
    yield await shown("topic")
    await page.keyboard.press("*")
    await shown("topics")
    await page.keyboard.press("*")
    await shown("help")
    await page.keyboard.press("9")
    yield await shown("topic")
    await page.keyboard.press("*")
    await shown("help")
    await page.keyboard.press("3")
    kiosk.script("status", problem("too-many-attempts", 429, retry_after=900), done(**TOLD))
    await page.keyboard.type("2610080042", delay=60)
    yield await shown("ask")
    await page.keyboard.press("Enter")
    await page.keyboard.type("5562", delay=60)
    await page.get_by_test_id("note").wait_for()
    yield await shown("ask-phone")
    await page.keyboard.press("Enter")
    yield await shown("told")
    await page.get_by_test_id("counter").click()
    await page.get_by_test_id("counter-sure").wait_for()
    yield await shown("told")
    await page.keyboard.press("*")
    await page.keyboard.press("*")
    await page.keyboard.press("2")
    yield await shown("phone")
    await kiosk.show(notices_online=False)
    yield await shown("no-notices")
    await kiosk.show(notices_online=True)
    kiosk.script("lost-code", problem("phone-malformed", 422), done())
    await page.keyboard.type("0283829123", delay=60)
    await page.keyboard.press("Enter")
    await page.get_by_test_id("note").wait_for()
    yield await shown("phone")
    await page.keyboard.press("Enter")
    yield await shown("asked")
    await page.keyboard.press("*")
    kiosk.script(
        "codes",
        problem("code-refused", 403),
        problem("second-check-needed", 403),
        problem("paper-check-needed", 403),
        problem("paper-refused", 403, tries_left=0),
        problem("too-many-attempts", 429, retry_after=60),
        problem("board-offline", 503, retry_after=60),
    )
    await page.keyboard.type(CODE)
    await page.get_by_test_id("note").wait_for()
    yield await shown("code")
    await page.keyboard.type(CODE)
    yield await shown("second")
    await page.keyboard.type("5562")
    yield await shown("paper")
    await page.keyboard.type("5562")
    await page.get_by_test_id("note").wait_for()
    yield await shown("paper")
    await page.keyboard.type("5562")
    yield await shown("wait")
    await page.keyboard.press("*")
    await shown("idle")
    await page.keyboard.type(CODE)
    yield await shown("sorry")
    await kiosk.show(printer="ready")
    kiosk.script("tickets", done(number=1048576, by="2026-11-23T08:30:00+07:00"))
    await page.keyboard.press("3")
    await shown("phone")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("ticket")
    await page.keyboard.press("Enter")
    kiosk.script("visits/v1/next", problem("door-did-not-open", 503, retry_after=60))
    await kiosk.show(visit=VISITS["next"])
    await shown("next")
    await page.get_by_test_id("next-door").click()
    await page.get_by_test_id("note").wait_for()
    yield await shown("next")
    for name, present in VISITS.items():
        await kiosk.show(visit=present, doors=doors(*[one["compartment"] for one in present["doors"]]))
        yield await shown(name)
        if name in ("unseen", "closed"):
            await page.get_by_test_id("answer-wrong").click()
            yield await shown("wrong")
    await kiosk.show(rateable="v1")
    await page.get_by_test_id("rating").wait_for()
    yield await shown("end")
    await page.get_by_test_id("face-poor").click()
    await page.get_by_test_id("reasons").wait_for()
    yield await shown("end")
    await kiosk.show(rateable=None, visit=LEFT)
    yield await shown("later")
    await page.keyboard.press("Enter")
    await kiosk.show(visit=None)
    async for name in _papers(kiosk, page, shown):
        yield name
    for state in STATES:
        await kiosk.show(state=state)
        yield await shown(state)


async def _papers(kiosk: StubService, page: Page, shown: Callable[[str], Awaitable[str]]) -> AsyncIterator[str]:
    """The screens for papers that are left, by the keys of the keypad."""
    await page.get_by_test_id("intake").click()
    yield await shown("intake-kinds")
    await page.keyboard.press("2")
    yield await shown("intake-bring")
    await page.keyboard.press("1")
    yield await shown("intake-dossier")
    await page.keyboard.type("2610080042", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("intake-phone")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    yield await shown("intake-check")
    kiosk.script("phone-checks", done(visit="v1"))
    await page.keyboard.press("1")
    yield await shown("intake-otp")
    await page.keyboard.press("*")
    await shown("intake-check")
    await page.keyboard.press("2")
    yield await shown("intake-again")
    await page.keyboard.type("0912345678", delay=60)
    await page.keyboard.press("Enter")
    kiosk.script("intakes", problem("intake-full", 409, reason="phone"))
    await shown("intake-bag")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("note").wait_for()
    yield await shown("intake-bag")
    for stage in PAPERS:
        await kiosk.show(visit=visit(intakes=[paper(10, stage, is_confirmed=False)], visit="v2"), doors=doors(10))
        yield await shown(f"intake-{stage.replace('_', '-')}")
        if stage == "deposited":
            await kiosk.show(printer="out")
            await page.get_by_text("hết giấy").wait_for()
            yield await shown("intake-deposited")
    await page.keyboard.press("Enter")
    await kiosk.show(visit=None)


WIDE, SMALL, UPRIGHT = (1280, 800), (1024, 600), (1080, 1920)


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
    async for name in _screens(kiosk, page):
        wrong += await _wrong(page, name, {"en": (SMALL,), "vi": (SMALL, UPRIGHT, WIDE)})
    assert not wrong, "\n".join(wrong)


@pytest.mark.screens
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("look", ["large", "contrast"])
async def test_every_screen_can_be_read_large_and_in_high_contrast(
    kiosk: StubService, open_page: Open, look: str
) -> None:
    page = await open_page(kiosk, reduced_motion="reduce")
    wrong = []
    async for name in _screens(kiosk, page):
        choice = page.get_by_test_id(f"look-{look}")
        if await choice.get_attribute("aria-pressed") == "false":
            await choice.click()
        wrong += await _wrong(page, name, {"en": (WIDE, SMALL), "vi": (SMALL, UPRIGHT, WIDE)})
    # Large letters may be scrolled upwards and downwards, never sideways.
    told = [one for one in wrong if look != "large" or "leaves" not in one]
    assert not told, "\n".join(told)


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
        "rateable",
        "doors",
        "intake",
        "visit",
    }
