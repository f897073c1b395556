"""The sheets that leaders print: the balance, and reports with their plots."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from playwright.async_api import async_playwright

from api import plots, prints
from api.apps import create_clerk_app
from api.plots import Series
from locker import events as ev
from locker import reports
from tests.pages.axe import violations
from tests.pages.conftest import CHROMIUM, FLAGS

SVG = "{http://www.w3.org/2000/svg}"


def rectangles(drawn: str) -> list[tuple[str, float, float]]:
    """Class, top and height of each bar."""
    found = ET.fromstring(drawn).iter(f"{SVG}rect")
    return [(one.attrib["class"], float(one.attrib["y"]), float(one.attrib["height"])) for one in found]


def test_bars_stand_side_by_side_as_high_as_their_share() -> None:
    drawn = plots.bars("Two & more", ["a", "<b>"], [Series("x", (1, 2)), Series("y", (None, 0.5))])
    assert rectangles(drawn) == [
        ("bar is-0", 108.0, 98.0),
        ("bar is-1", 206.0, 0.0),
        ("bar is-0", 10.0, 196.0),
        ("bar is-1", 157.0, 49.0),
    ]
    assert "style" not in drawn
    assert "<script" not in drawn


def test_a_year_of_days_has_no_more_labels_than_fit() -> None:
    drawn = plots.bars("Year", [str(day) for day in range(365)], [Series("x", (1.0,) * 365)])
    labels = [one for one in ET.fromstring(drawn).iter(f"{SVG}text") if one.attrib["class"] == "label"]
    assert len(labels) <= plots.MOST_LABELS


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (0.3, 0.5), (1, 1), (1.1, 2), (3, 5), (5, 5), (7, 10), (10, 10), (180, 200)]
)
def test_the_axis_ends_at_the_next_round_number(value: float, top: float) -> None:
    assert plots.ceiling(value) == pytest.approx(top)


@pytest.mark.parametrize(("by", "lang"), [("day", "vi"), ("week", "en"), ("month", "vi")])
async def test_a_leader_gets_the_report_as_a_page_with_plots(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any], by: str, lang: str
) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0042")
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.Rated(face="poor", reason="wait"),)))
    today = cab.running.today(cab.hands())
    await sign_in("minh")
    span = {"from": today[:8] + "01", "to": today, "by": by, "as": "html", "lang": lang}
    page = await desk.get("/api/clerk/reports", params=span)
    assert page.headers["content-type"].startswith("text/html")
    assert page.text.count("<svg") == 3
    assert {"vi": "Chờ lâu", "en": "The wait"}[lang] in page.text
    assert f"{today[:4]}-" not in page.text, "days and months are written as people read them"
    assert "style=" not in page.text
    assert "<script" not in page.text
    assert (await desk.get("/static/clerk/print.css")).status_code == 200


async def test_the_leaders_question_is_answered_on_one_sheet(
    cab: Any, desk: httpx.AsyncClient, be_present: Any, sign_in: Callable[..., Any]
) -> None:
    for number in (1, 2):
        await cab.announce(f"r-{number}", code=f"H29.190.5-261008-000{number}")
        await cab.load(f"r-{number}", number=number, hand_over=f"h-{number}")
    await cab.open(2)
    await be_present("lan")
    (tamper,) = cab.now.incidents.values()
    tomorrow = cab.running.local(cab.hands.utc_ms + 48 * 3_600_000).date().isoformat()
    await desk.post(f"/api/clerk/incidents/{tamper.incident}/take", json={"by": tomorrow})
    broken = {"compartment": 1, "purpose": "reclaim", "reason": "citizen waits, nobody answers <b>"}
    assert (await desk.post("/api/clerk/glass", json=broken)).status_code == 200
    cab.hands.forward(31)
    await sign_in("minh")
    told = (await desk.get("/api/clerk/balance")).json()
    (uncertain,) = told["uncertain"]
    assert (uncertain["compartment"], uncertain["owner"]) == (2, "Trần Thị Lan")
    assert [(one["compartment"], one["way"], one["by"], one["second"]) for one in told["forced"]] == [
        (1, "glass", "Trần Thị Lan", "")
    ]
    assert [(one["compartment"], one["by"], one["reason"]) for one in told["glass"]] == [
        (1, "Trần Thị Lan", broken["reason"])
    ]
    page = (await desk.get("/api/clerk/balance", params={"as": "html"})).text
    for words in ("Có mất gì không?", "Số liệu khớp", "cửa tự mở", "nobody answers &lt;b&gt;"):
        assert words in page


async def test_no_sheet_breaks_a_rule_of_axe_nor_of_the_policy_nor_leaves_its_paper(
    cab: Any, served: Callable[..., Any]
) -> None:
    for number in (1, 2):
        await cab.announce(f"r-{number}", code=f"H29.190.5-261008-000{number}")
        await cab.load(f"r-{number}", number=number, hand_over=f"h-{number}")
    await cab.open(2)
    await cab.journal.record(lambda *_: ev.Decision(events=(ev.Rated(face="poor", reason="wait"),)))
    today = cab.running.today(cab.hands())
    token = cab.running.sessions.begin(cab.member("minh"))
    wrong: list[str] = []
    async with served(create_clerk_app(cab.running)) as client, async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await chromium.new_context(viewport={"width": 794, "height": 1123})  # A4 at 96 dpi
        await context.add_cookies([{"name": "clerk", "value": token, "url": str(client.base_url)}])
        page = await context.new_page()
        page.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
        for path in (
            "balance?as=html&lang=vi",
            f"reports?from={today[:8]}01&to={today}&by=day&as=html&lang=en",
            f"reports?from={today[:4]}-01-01&to={today}&by=month&as=html&lang=vi",
        ):
            answer = await page.goto(f"{client.base_url}/api/clerk/{path}")
            assert answer is not None
            assert answer.status == 200, path
            wrong += [f"{path}: {one}" for one in await violations(page)]
            width = await page.evaluate("document.documentElement.scrollWidth")
            wrong += [f"{path}: {width} px wide"] if width > 794 else []
        await chromium.close()
    assert wrong == []


async def test_a_clerk_gets_no_sheet(desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> None:
    await sign_in("lan")
    assert (await desk.get("/api/clerk/balance", params={"as": "html"})).status_code == 403


def test_both_languages_print_the_same_things() -> None:
    vi, en = (json.loads(Path(prints.PRINTS / "words" / f"{lang}.json").read_text()) for lang in ("vi", "en"))
    assert vi.keys() == en.keys()
    assert {f"reasons.{key}" for key in reports.REASONS} | {f"failures.{key}" for key in reports.FAILURES} <= vi.keys()
