"""What a leader settles at the clerk page: the office's days, who works here; and a cabinet to learn on."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import CLERK
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
LEADER = {**CLERK["me"], "user": "minh", "role": "leader", "agrees": True}
MINH = {"user": "minh", "name": "Lê Minh", "role": "leader", "is_locked": False, "is_me": True}
LAN = {"user": "lan", "name": "Nguyễn Thị Lan", "role": "clerk", "is_locked": False, "is_me": False}
MADE = {
    "user": "hoa",
    "name": "Đỗ Thị Hòa",
    "secret": "JBSW Y3DP",
    "picture": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    "recovery_codes": ["7K3QD-XW9M2", "AAAAA-BBBBB"],
}


async def test_a_leader_closes_a_day_opens_another_and_lets_a_third_go_by_the_calendar(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("day-2026-11-24")).to_contain_text("nghỉ")
    await expect(page.get_by_test_id("day-form")).to_be_hidden()
    await clerk.show(me=LEADER)
    await page.get_by_test_id("day-day").fill("2026-12-31")
    await page.get_by_test_id("day-close").click()
    assert await clerk.asked("office-days/2026-12-31") == {"hours": []}
    await page.get_by_test_id("day-day").fill("2027-01-02")
    await page.get_by_test_id("day-hours").fill("07:30 – 11:30; 13:00-16:00")
    await page.get_by_test_id("day-open").click()
    assert await clerk.asked("office-days/2027-01-02") == {"hours": ["07:30-11:30", "13:00-16:00"]}
    await page.get_by_test_id("day-day").fill("2027-01-09")
    await page.get_by_test_id("day-open").click()
    assert await clerk.asked("office-days/2027-01-09") == {"hours": ["07:30-11:30", "13:00-17:00"]}
    await page.get_by_test_id("day-free-2026-11-28").click()
    await clerk.asked("office-days/2026-11-28/free")


async def test_a_leader_takes_somebody_in_and_what_they_sign_in_with_is_shown_once(
    clerk: StubService, open_page: Open
) -> None:
    await clerk.show(me=LEADER, members=[MINH, LAN])
    page = await open_page(clerk)
    clerk.script("members", problem("user-taken", 409), done(**MADE))
    await page.get_by_test_id("member-add").click()
    for name, text in (("name", "Đỗ Thị Hòa"), ("user", "hoa"), ("password", "con-meo-tren-mai"), ("own", "cua-minh")):
        await page.get_by_test_id(f"member-{name}").fill(text)
    await page.get_by_test_id("member-code").fill("111111")
    await page.get_by_test_id("member-submit").click()
    await expect(page.get_by_test_id("note")).to_contain_text("đã có người dùng")
    await page.get_by_test_id("member-code").fill("222222")
    await page.get_by_test_id("member-submit").click()
    assert await clerk.asked("members", times=2) == {
        "name": "Đỗ Thị Hòa",
        "user": "hoa",
        "role": "clerk",
        "password": "con-meo-tren-mai",
        "leader": {"password": "cua-minh", "code": "222222"},
    }
    await expect(page.get_by_test_id("credentials")).to_contain_text("7K3QD-XW9M2")
    await expect(page.get_by_test_id("member-form")).to_have_count(0)
    await page.get_by_test_id("member-done").click()
    await expect(page.get_by_text("7K3QD-XW9M2")).to_have_count(0)


async def test_a_leader_locks_and_unlocks_others_and_renews_a_second_factor_but_never_their_own(
    clerk: StubService, open_page: Open
) -> None:
    await clerk.show(me=LEADER, members=[MINH, LAN])
    page = await open_page(clerk)
    await expect(page.get_by_test_id("member-minh").get_by_role("button")).to_have_count(0)
    await page.get_by_test_id("member-lock-lan").click()
    await clerk.asked("members/lan/lock")
    await clerk.show(members=[MINH, {**LAN, "is_locked": True}])
    await expect(page.get_by_test_id("member-lan")).to_contain_text("đang khoá")
    clerk.script("members/lan/second-factor", done(**{**MADE, "user": "lan"}))
    for act, path in (("unlock", "unlock"), ("renew", "second-factor")):
        await page.get_by_test_id(f"member-{act}-lan").click()
        await page.get_by_test_id("member-own").fill("cua-minh")
        await page.get_by_test_id("member-code").fill("222222")
        await page.get_by_test_id("member-submit").click()
        assert await clerk.asked(f"members/lan/{path}") == {"leader": {"password": "cua-minh", "code": "222222"}}
    await expect(page.get_by_test_id("credentials")).to_be_visible()
    await clerk.show(me=CLERK["me"], members=[])
    await expect(page.get_by_test_id("members")).to_have_count(0)


async def test_the_days_work_comes_first_and_each_part_is_one_press_away_on_a_phone(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk, width=390, height=844)
    await expect(page.get_by_test_id("plan-load")).to_contain_text("4")
    await expect(page.get_by_test_id("plan-overdue")).to_contain_text("1")
    await page.get_by_test_id("plan-overdue").click()
    await expect(page.get_by_test_id("hand-over-h7")).to_be_in_viewport()
    await page.get_by_test_id("tab-work").click()
    await page.get_by_test_id("plan-matters").click()
    await expect(page.get_by_test_id("incident-41")).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_a_cabinet_to_learn_on_says_so_and_has_another_colour(
    clerk: StubService, kiosk: StubService, open_page: Open
) -> None:
    for service, head in ((clerk, ".head"), (kiosk, ".header")):
        await service.show(is_training=False)
        page = await open_page(service)
        await expect(page.get_by_test_id("training")).to_have_count(0)
        ground = await page.locator(head).evaluate("one => getComputedStyle(one).backgroundColor")
        await service.show(is_training=True)
        await expect(page.get_by_test_id("training")).to_contain_text("TẬP HUẤN")
        assert await page.locator(head).evaluate("one => getComputedStyle(one).backgroundColor") != ground
