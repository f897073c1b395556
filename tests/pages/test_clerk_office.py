"""What a leader settles at the clerk page: the office's days, who works here; and a cabinet to learn on."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.desk_tour import SESSIONS, with_first_password
from tests.pages.scenes import CLERK
from tests.pages.stub_service import Answer, StubService, done, problem

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
    await expect(page.get_by_test_id("day-day")).to_have_value("")
    await page.get_by_test_id("day-day").fill("2027-01-02")
    await page.get_by_test_id("day-hours").fill("07:30 – 11:30; 13:00-16:00")
    await page.get_by_test_id("day-open").click()
    assert await clerk.asked("office-days/2027-01-02") == {"hours": ["07:30-11:30", "13:00-16:00"]}
    await expect(page.get_by_test_id("day-day")).to_have_value("")
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
    await page.get_by_test_id("member-done").click()
    await page.get_by_test_id("member-renew-lan").click()
    for name, text in (("password", "con-meo-tren-mai"), ("own", "cua-minh"), ("code", "333333")):
        await page.get_by_test_id(f"member-{name}").fill(text)
    await page.get_by_test_id("member-submit").click()
    asked = await clerk.asked("members/lan/second-factor", times=2)
    assert asked == {"password": "con-meo-tren-mai", "leader": {"password": "cua-minh", "code": "333333"}}
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


NEW = "con mèo trèo cây cau"


async def _fill(page: Page, **typed: str) -> None:
    for name, text in typed.items():
        await page.get_by_test_id(f"account-{name}").fill(text)
    await page.get_by_test_id("account-submit").click()


async def test_who_works_here_chooses_another_password_and_is_told_why_one_is_refused(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    clerk.script("account/password", problem("weak-password", 422, reason="word"), done())
    await page.get_by_test_id("account-password").click()
    await _fill(page, wanted="con mèo trèo cây cau", again="con mèo trèo cây cao", own="cũ", code="111111")
    await expect(page.get_by_test_id("note")).to_contain_text("không giống nhau")
    assert not [path for path, _body in clerk.requests if path.endswith("account/password")]
    await _fill(page, wanted="o-hoa-mai-co-meo", again="o-hoa-mai-co-meo", own="cũ", code="111111")
    await expect(page.get_by_test_id("note")).to_contain_text("tên cơ quan")
    await expect(page.get_by_test_id("account-code")).to_have_value("")
    await _fill(page, wanted=NEW, again=NEW, own="cũ", code="222222")
    assert await clerk.asked("account/password", times=2) == {
        "wanted": NEW,
        "own": {"password": "cũ", "code": "222222"},
    }
    await expect(page.get_by_test_id("note")).to_contain_text("có hiệu lực ngay")
    await expect(page.get_by_test_id("account-form")).to_have_count(0)


async def test_a_password_may_be_pasted_and_its_manager_knows_which_field_is_which(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("account-password").click()
    wanted = page.get_by_test_id("account-wanted")
    assert await wanted.evaluate(
        """(one, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData("text/plain", text);
          return one.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
        }""",
        NEW,
    ), "nothing of the page prevents pasting"
    fields = {name: page.get_by_test_id(f"account-{name}") for name in ("wanted", "again", "own", "code")}
    assert [await one.get_attribute("autocomplete") for one in fields.values()] == [
        "new-password",
        "new-password",
        "current-password",
        "one-time-code",
    ]
    assert [await fields[name].get_attribute("type") for name in ("wanted", "again", "own")] == ["password"] * 3


async def test_sessions_are_shown_with_this_one_marked_and_one_or_all_others_are_ended(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    clerk.script("account/sessions", done(sessions=SESSIONS), done(sessions=SESSIONS[:1]), done(sessions=SESSIONS))
    await page.get_by_test_id("account-sessions").click()
    await expect(page.get_by_test_id("session-a1")).to_contain_text("trang này")
    await expect(page.get_by_test_id("session-b2")).to_contain_text("fd00:1234")
    await expect(page.get_by_test_id("session-end-a1")).to_have_count(0)
    await page.get_by_test_id("session-end-b2").click()
    await _fill(page, own="cũ", code="111111")
    assert await clerk.asked("account/sessions/end") == {"session": "b2", "own": {"password": "cũ", "code": "111111"}}
    await expect(page.get_by_test_id("session-b2")).to_have_count(0)
    await page.get_by_test_id("sessions-close").click()
    await page.get_by_test_id("account-sessions").click()
    await page.get_by_test_id("sessions-end").click()
    await _fill(page, own="cũ", code="222222")
    assert (await clerk.asked("account/sessions/end", times=2))["session"] is None


async def test_a_leader_signs_somebody_out_everywhere(clerk: StubService, open_page: Open) -> None:
    await clerk.show(me=LEADER, members=[MINH, LAN])
    page = await open_page(clerk)
    await page.get_by_test_id("member-sign-out-lan").click()
    await clerk.asked("members/lan/sessions/end")
    await expect(page.get_by_test_id("note")).to_contain_text("mọi nơi")


async def test_nothing_of_the_desk_stays_on_the_page_when_somebody_signs_out_also_without_the_service(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("screen-desk")).to_contain_text("H29.")
    await clerk.stop()
    await page.get_by_test_id("sign-out").click()
    await page.get_by_test_id("sign-in-user").wait_for()
    whole = await page.content()
    assert "H29." not in whole
    assert str(CLERK["me"]["name"]) not in whole
    assert await page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]") in ([], ["language"])


async def _arrives(page: Page, clerk: StubService, language: str, *answers: Answer) -> None:
    """Somebody signs in with a first password; then these are the answers."""
    if language == "en":
        await page.get_by_test_id("language-en").click()
    await with_first_password(clerk, page, *answers)


async def _chooses(page: Page, wanted: str, again: str, code: str) -> None:
    for name, text in (("wanted", wanted), ("again", again), ("code", code)):
        await page.get_by_test_id(f"sign-in-{name}").fill(text)
    await page.get_by_test_id("sign-in-submit").click()


OWN = "bốn mùa hoa gạo đỏ"


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_who_has_a_first_password_chooses_their_own_where_they_sign_in(
    clerk: StubService, open_page: Open, language: str
) -> None:
    clerk.refuses = problem("not-allowed", 401)
    page = await open_page(clerk)
    await _arrives(page, clerk, language, problem("weak-password", 422, reason="common"), done(user="hoa"))
    said = {"vi": "do người khác nhập", "en": "Somebody else typed"}[language]
    await expect(page.get_by_test_id("screen-sign-in")).to_contain_text(said)
    await _chooses(page, OWN, "bốn mùa hoa gạo đo", "222222")
    await expect(page.get_by_test_id("note")).to_contain_text({"vi": "không giống", "en": "differ"}[language])
    await page.get_by_test_id("sign-in-again").fill(OWN)
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("sign-in-wanted")).to_be_focused()
    await _chooses(page, OWN, OWN, "333333")
    asked = await clerk.asked("sign-in", times=3)
    assert asked == {"user": "hoa", "password": "con-meo-tren-mai", "code": "333333", "wanted": OWN}


async def test_six_digits_that_grew_old_while_a_password_was_thought_of_cost_nothing_that_was_typed(
    clerk: StubService, open_page: Open
) -> None:
    clerk.refuses = problem("not-allowed", 401)
    page = await open_page(clerk)
    await _arrives(page, clerk, "vi", problem("not-allowed", 403), done(user="hoa"))
    await expect(page.get_by_test_id("sign-in-code")).to_have_value("")
    await _chooses(page, OWN, OWN, "222222")
    await expect(page.get_by_test_id("note")).to_contain_text("nhập mã điện thoại đang hiện")
    await expect(page.get_by_test_id("sign-in-code")).to_be_focused()
    await expect(page.get_by_test_id("sign-in-again")).to_have_value(OWN)
    await page.keyboard.type("333333")
    await page.keyboard.press("Enter")
    assert (await clerk.asked("sign-in", times=3))["wanted"] == OWN


async def test_what_a_first_password_asks_for_fits_a_low_screen_and_leads_back(
    clerk: StubService, open_page: Open
) -> None:
    clerk.refuses = problem("not-allowed", 401)
    page = await open_page(clerk, width=1280, height=720)
    await _arrives(page, clerk, "vi")
    bottom = await page.get_by_test_id("sign-in-back").evaluate("one => one.getBoundingClientRect().bottom")
    assert bottom <= 720
    await expect(page.get_by_test_id("sign-in-user")).to_be_hidden()
    await page.get_by_test_id("sign-in-back").click()
    await expect(page.get_by_test_id("sign-in-user")).to_be_focused()
    await expect(page.get_by_test_id("sign-in-wanted")).to_have_count(0)
