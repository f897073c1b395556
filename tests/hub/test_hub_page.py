"""The centre's page in a real Chromium."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, async_playwright, expect

from hub import tables
from tests.pages.axe import violations


async def has_begun(page: Page) -> None:
    """The form has its suggestions and knows the cabinets; before that a browser sends none of it."""
    await expect(page.locator("#announce [name=cabinet]")).to_have_value("hoa-mai-01")


@pytest.fixture
async def page(light_centre: Any) -> AsyncIterator[Page]:
    """The page of a fresh centre; whatever Chromium complains of fails the test."""
    complaints: list[str] = []
    async with async_playwright() as playwright:
        expect.set_options(timeout=20_000)
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 1200, "height": 1100})
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        await page.goto(light_centre.url)
        yield page
        await browser.close()
    refused = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"
    assert [text for text in complaints if text != refused] == []


async def test_results_are_announced_followed_and_cancelled_on_the_page(
    page: Page, light_centre: Any, chain: Any
) -> None:
    await expect(page.get_by_role("heading", name="Kết quả", exact=True)).to_be_visible()
    await expect(page.get_by_label("Giấy tờ (mỗi dòng một loại)")).to_have_value("Giấy xác nhận tình trạng hôn nhân")
    await has_begun(page)
    await page.get_by_role("button", name="Báo cho tủ").click()
    stages = page.locator("#results .stage")
    await expect(stages).to_have_text(["đã báo, tủ chưa trả lời"])
    await page.get_by_role("button", name="Báo ba kết quả của người này").click()
    await expect(stages).to_have_count(4)
    wishes = (await light_centre.wishes()).json()["wishes"]
    assert len({wish["body"]["recipient"]["key"] for wish in wishes}) == 1

    first, second = (wish["body"]["result_id"] for wish in wishes[:2])
    for at, result in enumerate((first, second), 1):
        chain.add("ResultQueued", wish=at, result=result)
    chain.add("Loaded", hand_over="h-1", compartment=7, results=[first], evidence="door_cycle")
    await light_centre.send(chain.facts)
    await expect(page.locator("#results .in_cabinet")).to_have_text("trong tủ, ngăn 7")
    chain.add("Collected", hand_over="h-1", compartment=7, results=[first], evidence="door_cycle")
    await light_centre.send(chain.facts[-1:])
    await expect(page.locator("#results .collected")).to_have_text("đã trao, ngăn 7")
    await expect(page.locator("#facts tbody tr")).to_have_count(4)

    await page.locator("#results tr", has_text="tủ đã nhận").get_by_role("button", name="Hủy").click()
    await expect(page.locator("#results .look", has_text="đang hủy")).to_be_visible()
    await expect(page.locator("#cabinets tbody")).to_contain_text("hoa-mai-01")
    await page.locator("#results tr", has_text="đã trao").get_by_role("button", name="Hủy").click()
    await expect(page.locator("#results .look", has_text="hủy nhưng đã trao")).to_be_visible()


async def test_a_slip_is_printed_and_a_delegate_named_on_the_page(page: Page, light_centre: Any) -> None:
    await page.evaluate("window.print = () => {}")
    await has_begun(page)
    await page.get_by_role("button", name="In giấy hẹn cho mã hồ sơ này").click()
    await expect(page.locator("#slip-qr svg")).to_be_visible()
    await page.get_by_role("button", name="Báo cho tủ").click()
    await page.get_by_role("button", name="Người nhận thay").click()
    await page.get_by_label("Họ tên người nhận thay").fill("Trần Văn Bình")
    await page.get_by_label("Số di động người nhận thay").fill("0912345679")
    await page.get_by_role("button", name="Ghi người nhận thay").click()
    await expect(page.locator("#cabinets")).to_contain_text("/ 2")
    announced, named = (await light_centre.wishes()).json()["wishes"]
    assert len(announced["body"]["slip_hash"]) == 64
    assert (named["kind"], named["body"]["delegate"]["phone"]) == ("NameDelegate", "0912345679")


async def test_the_page_speaks_english_and_tells_what_is_wrong(page: Page, light_centre: Any) -> None:
    await page.get_by_role("link", name="English").click()
    await expect(page.get_by_role("heading", name="Announce a result")).to_be_visible()
    await has_begun(page)
    await page.get_by_label("Phone").fill("call me")
    await page.get_by_role("button", name="Announce", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("/recipient/phone")
    assert (await light_centre.wishes()).json()["head"] == 0


@pytest.mark.parametrize(("lang", "width"), [("vi", 1280), ("en", 390)])
async def test_axe_finds_nothing_on_the_centres_pages_and_nothing_runs_off_the_side(
    page: Page, light_centre: Any, chain: Any, lang: str, width: int
) -> None:
    await light_centre.announce(result_id="res-1")
    chain.add("ResultQueued", wish=1, result="res-1")
    chain.add("Loaded", hand_over="h-1", compartment=7, results=["res-1"], evidence="door_cycle")
    await light_centre.send(chain.facts)
    await page.set_viewport_size({"width": width, "height": 844})

    async def is_fit_to_be_shown() -> None:
        assert await violations(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= width

    await page.goto(f"{light_centre.url}/?lang={lang}")
    await expect(page.locator("#results .in_cabinet")).to_be_visible()
    await expect(page.locator("#facts tbody tr")).to_have_count(2)
    await expect(page.locator("#facts tbody")).to_contain_text("compartment 7")
    await expect(page.locator("#cabinets tbody td.number")).to_have_text(
        [re.compile("^0$"), re.compile("^1$"), re.compile("^0$"), re.compile("^2 "), re.compile("/ 1$")]
    )
    await is_fit_to_be_shown()
    await page.goto(f"{light_centre.url}/sign-in?lang={lang}")
    await is_fit_to_be_shown()
    await page.goto(f"{light_centre.url}/status?lang={lang}")
    await is_fit_to_be_shown()
    await page.locator("[name=dossier_code]").fill("H29.190.5-261008-0042")
    await page.locator("[name=phone_last4]").fill("4567")
    await page.locator("form button").click()
    await expect(page.locator(".told.inside")).to_be_visible()
    await is_fit_to_be_shown()


async def test_a_cabinet_that_has_not_been_heard_of_for_a_quarter_of_an_hour_stands_out(
    page: Page, light_centre: Any, chain: Any
) -> None:
    chain.add("RunStarted", release="1")
    await light_centre.send(chain.facts)
    contact = page.locator("#cabinets tbody td").nth(1)
    await page.reload()
    await expect(contact).to_have_text(re.compile("vừa xong|giây trước"))
    await expect(contact).not_to_have_class("look")
    earlier = "2026-10-08T14:00:00Z"
    await light_centre.store.call(lambda one: one.execute(sa.update(tables.cabinet).values(last_contact=earlier)))
    await page.reload()
    await expect(contact).to_have_class("look")
    await expect(contact).to_have_text("mất liên lạc từ 21:00:00 8/10/2026")


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline(light_centre: Any) -> None:
    answer = await light_centre.staff.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for text in (answer.text, (await light_centre.staff.get("/assets/centre.css")).text):
        assert "http://" not in text
        assert "https://" not in text
        assert "style=" not in text
