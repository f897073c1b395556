"""The clerk page in a real Chromium: sign-in, presence, loading by scanner, taking back, looking inside."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.pages.scenes import CLERK, in_cabinet
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
ME = CLERK["me"]
APPROVAL = {
    "approval": "a1",
    "number": 317,
    "compartment": 2,
    "hand_over": "h2",
    "purpose": "reclaim",
    "results": [],
    "asked_by": "Nguyễn Thị Lan",
    "is_mine": False,
    "given_by": "",
    "seconds_left": 590,
}
ROUND = {"loaded": 1, "closes_in_seconds": 595}


def _grant(number: int, purpose: str, *, is_opened: bool = False) -> list[dict[str, Any]]:
    return [{"compartment": number, "purpose": purpose, "is_opened": is_opened, "hand_over": f"h{number}"}]


async def test_signing_in_leads_to_the_days_work_and_a_wrong_code_is_said(clerk: StubService, open_page: Open) -> None:
    clerk.refuses = problem("not-allowed", 401)
    page = await open_page(clerk)
    await expect(page.get_by_test_id("screen-sign-in")).to_be_visible()
    clerk.script("sign-in", problem("not-allowed", 403), done(user="lan", name="Lan", role="clerk"))
    await page.get_by_test_id("sign-in-user").fill("lan")
    await page.get_by_test_id("sign-in-password").fill("cay tre tram dot")
    await page.get_by_test_id("sign-in-code").fill("111111")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("note")).to_contain_text("không khớp")
    clerk.refuses = None
    await page.get_by_test_id("sign-in-code").fill("222222")
    await page.get_by_test_id("sign-in-submit").click()
    asked = await clerk.asked("sign-in", times=2)
    assert asked == {"user": "lan", "password": "cay tre tram dot", "code": "222222"}
    await expect(page.get_by_test_id("today-inside")).to_have_text("6")
    await expect(page.get_by_test_id("scan-box")).to_be_focused()


async def test_an_ended_session_leads_back_to_the_sign_in(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("loads", problem("not-allowed", 401))
    await page.get_by_test_id("scan-box").press_sequentially("261008-0975\n")
    await expect(page.get_by_test_id("screen-sign-in")).to_be_visible()
    await expect(page.get_by_text("Trần Văn Bình")).to_be_hidden()


async def test_a_scan_opens_a_door_and_the_next_scan_needs_no_mouse(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("loads", done(hand_over="h20", compartment=20))
    await expect(page.get_by_test_id("scan-box")).to_be_focused()
    await page.keyboard.type("H29.178-261008-0975\n")
    assert await clerk.asked("loads") == {"scan": "H29.178-261008-0975"}
    await clerk.show(grants=_grant(20, "load"))
    await expect(page.get_by_test_id("door-number")).to_have_text("20")
    await clerk.show(grants=_grant(20, "load", is_opened=True))
    await expect(page.get_by_test_id("door-panel")).to_contain_text("Đặt phong bì vào, đóng cửa")
    await clerk.show(grants=[], round=ROUND)
    await expect(page.get_by_test_id("door-panel")).to_be_hidden()
    await page.keyboard.type("261012-0004\n")
    assert await clerk.asked("loads", times=2) == {"scan": "261012-0004"}


async def test_several_matches_are_offered_and_a_refusal_says_its_reason(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script(
        "loads",
        problem("wrong-stage", 409, candidates=["r1", "r2"]),
        problem("not-loadable", 409, reason="unpaid"),
    )
    await expect(page.get_by_test_id("scan-box")).to_be_focused()
    await page.keyboard.type("261008\n")
    await page.get_by_test_id("candidate-r2").click()
    assert await clerk.asked("loads", times=2) == {"results": ["r2"]}
    await expect(page.get_by_test_id("note")).to_contain_text("Chưa nộp lệ phí")
    await expect(page.get_by_test_id("candidates")).to_be_hidden()


async def test_results_of_one_recipient_go_into_one_compartment_of_a_chosen_size(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("scan-size").select_option("L")
    await page.get_by_test_id("load-together-p1").click()
    assert await clerk.asked("loads") == {"results": ["r1", "r2"], "size": "L"}
    await expect(page.get_by_test_id("load-r4")).to_have_count(0)
    await expect(page.get_by_test_id("result-r3")).to_contain_text("báo người dân tại quầy")


async def test_presence_is_asked_once_and_then_the_wanted_door_opens(clerk: StubService, open_page: Open) -> None:
    await clerk.show(me={**ME, "is_present": False})
    page = await open_page(clerk)
    clerk.script("loads", problem("presence-needed", 403), done(hand_over="h20", compartment=20))
    clerk.script("presence", problem("presence-needed", 403), done())
    await page.keyboard.type("261008-0975\n")
    await clerk.asked("presence/request")
    await expect(page.get_by_test_id("presence-number")).to_be_focused()
    await page.keyboard.type("1111\n")
    await expect(page.get_by_test_id("presence-panel").get_by_test_id("note")).to_contain_text("không đúng")
    await page.get_by_test_id("presence-number").fill("4821")
    await page.keyboard.press("Enter")
    assert await clerk.asked("presence", times=2) == {"number": "4821"}
    assert await clerk.asked("loads", times=2) == {"scan": "261008-0975"}
    await expect(page.get_by_test_id("presence-panel")).to_be_hidden()


async def test_an_own_load_is_undone_only_after_saying_that_it_is_taken_out(
    clerk: StubService, open_page: Open
) -> None:
    await clerk.show(round=ROUND, in_cabinet=[in_cabinet(20, "Trần Văn Bình", can_reopen=True, notice="none")])
    page = await open_page(clerk)
    await page.get_by_test_id("reopen-h20").click()
    await clerk.asked("loads/h20/reopen")
    clerk.script("loads/h20/undo", problem("wrong-stage", 409), done())
    await page.get_by_test_id("undo-ask-h20").click()
    await page.get_by_test_id("undo-sure-h20").click()
    await expect(page.get_by_test_id("hand-over-h20").get_by_test_id("note")).to_be_visible()
    await page.get_by_test_id("undo-sure-h20").click()
    await clerk.asked("loads/h20/undo", times=2)
    await expect(page.get_by_test_id("undo-sure-h20")).to_be_hidden()
    await page.keyboard.press("F9")
    await clerk.asked("round/close")


async def test_a_door_that_was_not_seen_open_is_asked_about(clerk: StubService, open_page: Open) -> None:
    await clerk.show(asked=[{"hand_over": "h20", "compartment": 20}])
    page = await open_page(clerk)
    await page.get_by_test_id("asked-no-h20").click()
    assert await clerk.asked("loads/h20/answers") == {"did_open": False}


async def test_taking_out_what_is_not_due_needs_a_second_person(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("hand-overs/h2/reclaim", problem("second-person-needed", 403), done())
    await page.get_by_test_id("reclaim-h2").click()
    assert await clerk.asked("hand-overs/h2/reclaim") == {"second": None}
    await page.get_by_test_id("second-user").fill("minh")
    await page.get_by_test_id("second-password").fill("bien xanh song lon")
    await page.get_by_test_id("second-code").fill("333333")
    await page.keyboard.press("Enter")
    second = {"user": "minh", "password": "bien xanh song lon", "code": "333333"}
    assert await clerk.asked("hand-overs/h2/reclaim", times=2) == {"second": second}
    await expect(page.get_by_test_id("second-form")).to_be_hidden()
    await clerk.show(grants=_grant(2, "reclaim", is_opened=True))
    await expect(page.get_by_test_id("door-panel")).to_contain_text("Lấy hết giấy tờ ra")


async def test_a_leader_elsewhere_is_asked_and_the_door_opens_when_they_agreed(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    clerk.script("hand-overs/h2/reclaim", problem("second-person-needed", 403), done())
    await page.get_by_test_id("reclaim-h2").click()
    await page.get_by_test_id("approval-ask").click()
    assert await clerk.asked("approvals") == {"compartment": 2, "purpose": "reclaim"}
    await clerk.show(approvals=[{**APPROVAL, "is_mine": True}])
    await expect(page.get_by_test_id("approval-waits")).to_contain_text("317")
    await clerk.show(approvals=[{**APPROVAL, "is_mine": True, "given_by": "Lê Minh"}])
    await page.get_by_test_id("approval-use").click()
    assert await clerk.asked("hand-overs/h2/reclaim", times=2) == {"second": None, "approval": "a1"}
    await expect(page.get_by_test_id("second-form")).to_be_hidden()


async def test_a_leader_agrees_with_password_and_code(clerk: StubService, open_page: Open) -> None:
    await clerk.show(me={**ME, "role": "leader", "agrees": True}, approvals=[APPROVAL])
    page = await open_page(clerk)
    form = page.get_by_test_id("approval-a1")
    await expect(form).to_contain_text("317")
    await form.get_by_test_id("approval-password").fill("bien xanh song lon")
    await form.get_by_test_id("approval-code").fill("333333")
    await page.keyboard.press("Enter")
    assert await clerk.asked("approvals/a1/give") == {"password": "bien xanh song lon", "code": "333333"}


async def test_a_glass_is_broken_with_a_reason_and_countersigned(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("compartments/3/inspect", problem("second-person-needed", 403))
    await page.get_by_test_id("place-3").click()
    await page.get_by_test_id("place-3-inspect").click()
    await page.get_by_test_id("glass-ask").click()
    await page.get_by_test_id("glass-reason").fill("Không gọi được ai")
    await page.keyboard.press("Enter")
    assert await clerk.asked("glass") == {"compartment": 3, "purpose": "inspect", "reason": "Không gọi được ai"}
    told = {**CLERK["incidents"][0], "kind": "break_glass", "is_glass": True, "raised_by": "Lan", "reason": "Gấp"}
    await clerk.show(incidents=[{**told, "can_countersign": True, "owner": "Minh", "due": "2026-11-23"}])
    await expect(page.get_by_test_id("incident-41-reason")).to_have_text("Gấp")
    await expect(page.get_by_test_id("incident-41")).to_contain_text("23/11/2026")
    await expect(page.get_by_test_id("incident-41-close")).to_have_count(0)
    await page.get_by_test_id("incident-41-take").click()
    await clerk.asked("incidents/41/take")
    await page.get_by_test_id("incident-41-countersign").click()
    await clerk.asked("incidents/41/countersign")


async def test_the_stock_is_checked_from_door_to_door(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("stock-sum")).to_contain_text("6 từ hôm qua + 4 đã nạp")
    await page.get_by_test_id("stock-start").click()
    assert await clerk.asked("stock") == {"second": None}
    check = {"by": "Lan", "second": "", "looked": 0, "left": 24, "next": 1, "differing": []}
    await clerk.show(stock_check=check)
    clerk.script("stock/open", problem("second-person-needed", 403))
    await page.get_by_test_id("stock-open").click()
    await page.get_by_test_id("approval-ask").click()
    assert await clerk.asked("approvals") == {"compartment": 1, "purpose": "inspect"}
    await clerk.show(grants=_grant(1, "inspect", is_opened=True))
    await expect(page.get_by_test_id("door-number")).to_have_text("1")
    await clerk.show(grants=[])
    await page.get_by_test_id("place-1-look-empty").click()
    assert await clerk.asked("compartments/1/look") == {"found": "empty"}
    await page.get_by_test_id("stock-finish").click()
    await clerk.asked("stock/finish")


async def test_a_compartment_is_taken_out_of_use_with_its_cause(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("place-1").click()
    await page.get_by_test_id("place-1-cause").select_option("sensor")
    await page.get_by_test_id("place-1-take-out").click()
    assert await clerk.asked("compartments/1/close") == {"cause": "sensor"}


async def test_a_lost_code_is_sent_anew(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("new-code-h3").click()
    await clerk.asked("hand-overs/h3/new-code")
    await expect(page.get_by_test_id("hand-over-h3").get_by_test_id("note")).to_contain_text("Đã gửi mã mới")


async def test_a_look_inside_is_asked_for_when_the_door_has_closed(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("incident-44-inspect").click()
    assert await clerk.asked("compartments/14/inspect") == {"second": None}
    await clerk.show(grants=_grant(14, "inspect", is_opened=True))
    await expect(page.get_by_test_id("door-panel")).to_contain_text("Xem bên trong")
    await clerk.show(grants=[])
    await page.get_by_test_id("place-14-look-empty").click()
    assert await clerk.asked("compartments/14/look") == {"found": "empty"}
    await expect(page.get_by_test_id("closer").get_by_test_id("note")).to_contain_text("Đã ghi")


async def test_the_picture_says_each_state_in_words_and_opens_by_keyboard(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    place = page.get_by_test_id("place-10")
    await expect(place).to_have_attribute("aria-label", "Ngăn 10, chưa chắc, cảm biến nghi hỏng")
    await place.focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("closer")).to_contain_text("Hồ Xuân Hương")


@pytest.mark.parametrize(("language", "owed"), [("vi", "Không tính là quá hạn"), ("en", "It is not overdue")])
async def test_what_is_owed_to_somebody_who_came_in_vain_is_said_where_it_is_looked_at(
    clerk: StubService, open_page: Open, language: str, owed: str
) -> None:
    await clerk.show(in_cabinet=[in_cabinet(7, "Đặng Thái Sơn", is_owed=True, deadline="2026-11-20")])
    page = await open_page(clerk)
    await page.get_by_test_id(f"language-{language}").click()
    await expect(page.get_by_test_id("hand-over-h7").locator(".mark.is-amber")).to_have_count(1)
    await page.get_by_test_id("place-7").click()
    await expect(page.get_by_test_id("kept-for")).to_contain_text(owed)
    await clerk.show(in_cabinet=[in_cabinet(7, "Đặng Thái Sơn", is_made_good=True, deadline="2026-11-30")])
    await expect(page.get_by_test_id("kept-for")).to_contain_text("30/11/2026")
    await clerk.show(in_cabinet=[in_cabinet(7, "Đặng Thái Sơn")])
    await expect(page.get_by_test_id("kept-for")).to_have_count(0)


async def test_search_shows_where_something_went(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    hit = {
        "result": "r9",
        "dossier": "H29.178-260901-0031",
        "name": "Đỗ Thị Ánh",
        "where": "collected",
        "compartment": 4,
        "when": "2026-11-20T21:10:00+07:00",
    }
    clerk.script("search", done(results=[hit]))
    await page.keyboard.press("F4")
    await page.keyboard.insert_text("do thi anh")
    assert await clerk.asked("search") == {"q": "do thi anh"}
    await expect(page.get_by_test_id("found")).to_contain_text("đã trả · Ngăn 4 · 20/11 21:10")


async def test_the_page_comes_back_by_itself_after_a_restart(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("search-box").fill("binh")
    await clerk.stop()
    await expect(page.get_by_test_id("lost")).to_be_visible()
    clerk.snapshot = {**clerk.snapshot, "version": 1, "today": {**clerk.snapshot["today"], "inside": 5}}
    await clerk.start()
    await expect(page.get_by_test_id("today-inside")).to_have_text("5")
    await expect(page.get_by_test_id("lost")).to_be_hidden()
    await expect(page.get_by_test_id("search-box")).to_have_value("binh")


async def test_a_cabinet_that_only_starts_says_so_instead_of_asking_to_sign_in(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    clerk.refuses = problem("starting", 503)
    await clerk.show()
    await expect(page.get_by_test_id("lost")).to_contain_text("đang khởi động")
    await page.reload()
    await expect(page.get_by_test_id("screen-connecting")).to_contain_text("đang khởi động")


async def test_a_phone_shows_one_column_at_a_time(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk, width=390, height=844, has_touch=True, is_mobile=True)
    await expect(page.get_by_test_id("scan-box")).to_be_visible()
    await expect(page.get_by_test_id("cabinet-picture")).to_be_hidden()
    await page.get_by_test_id("tab-cabinet").tap()
    await expect(page.get_by_test_id("cabinet-picture")).to_be_visible()
    await expect(page.get_by_test_id("scan-box")).to_be_hidden()
    clerk.script("hand-overs/h2/reclaim", problem("second-person-needed", 403))
    await page.get_by_test_id("place-2").tap()
    await page.get_by_test_id("closer-reclaim-h2").tap()
    await expect(page.get_by_test_id("closer").get_by_test_id("second-form")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_the_mornings_look_is_the_first_thing_and_says_what_to_do(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("self-check")).to_contain_text("Tốt")
    found = {"at": "2026-11-22T06:55:02+07:00", "is_due": False, "good": ["clock", "disk"], "bad": ["boards", "sms"]}
    await clerk.show(self_check=found)
    await expect(page.get_by_test_id("self-check")).to_contain_text("Cần xử lý: 2")
    await expect(page.get_by_test_id("check-sms")).to_contain_text("Báo người dân bằng điện thoại")
    await clerk.show(self_check={**found, "is_due": True})
    await expect(page.get_by_test_id("self-check")).to_contain_text("Chưa kiểm tra hôm nay")


async def test_a_leader_moves_the_cabinet_and_serves_again_only_after_the_stock_check(
    clerk: StubService, open_page: Open
) -> None:
    await clerk.show(me={**ME, "role": "leader"})
    page = await open_page(clerk)
    await page.get_by_test_id("relocation-start").click()
    assert await clerk.asked("relocation/start") == {}
    moving = {"stage": "moving", "since": "2026-11-22T09:00:00+07:00", "by": "Lê Minh", "is_checked": False}
    await clerk.show(state="moving", standing=moving)
    await expect(page.get_by_test_id("state-moving")).to_be_visible()
    await expect(page.get_by_test_id("relocation-submit")).to_have_count(0)
    await clerk.show(standing={**moving, "is_checked": True})
    await page.get_by_test_id("relocation-address").fill("25 Hoa Mai")
    await page.get_by_test_id("relocation-submit").click()
    assert await clerk.asked("relocation/finish") == {"address": "25 Hoa Mai"}
    await clerk.show(state="ready", standing={**moving, "stage": "open"})
    clerk.script("retirement", problem("still-in-use", 409, reasons=["inside", "unsent"]))
    await page.get_by_test_id("retirement-ask").click()
    await page.get_by_test_id("retirement-id").fill("hoa-mai-01")
    await page.get_by_test_id("retirement-submit").click()
    await expect(page.get_by_test_id("standing").get_by_test_id("note")).to_contain_text("Trong tủ còn giấy tờ")


async def test_a_leader_words_a_message_and_sees_its_count_while_typing(clerk: StubService, open_page: Open) -> None:
    await clerk.show(me={**ME, "role": "leader"})
    page = await open_page(clerk)
    ready = {
        "name": "READY",
        "language": "vi",
        "pattern": "{office}: MA {code}",
        "is_own": False,
        "state": "draft",
        "required": ["code"],
        "preview": "UBND P.Hoa Mai: MA **** **** ****",
        "encoding": "GSM-7",
        "units": 33,
        "segments": 1,
        "is_shortened": False,
    }
    clerk.script("texts", done(needs_registration=True, most_segments=2, texts=[ready]))
    await page.get_by_test_id("texts-show").click()
    await page.get_by_test_id("text-READY-vi").click()
    await expect(page.get_by_test_id("text-preview")).to_have_text("UBND P.Hoa Mai: MA **** **** ****")
    clerk.script(
        "texts/preview",
        problem("text-unusable", 422, reason="missing", names=["code"]),
        done(preview="Xin chao, ma **** **** ****", encoding="GSM-7", units=27, segments=1, is_shortened=False),
    )
    await page.get_by_test_id("text-pattern").fill("Xin chào")
    await expect(page.get_by_test_id("text-problem")).to_contain_text("Còn thiếu: {code}")
    await expect(page.get_by_test_id("text-save")).to_be_disabled()
    await page.get_by_test_id("text-pattern").fill("Xin chào, mã {code}")
    await expect(page.get_by_test_id("texts")).to_contain_text("27 ký tự GSM-7, 1 tin")
    await page.get_by_test_id("text-save").click()
    wanted = {"name": "READY", "language": "vi", "pattern": "Xin chào, mã {code}"}
    assert await clerk.asked("texts/change") == wanted
    await clerk.asked("texts", times=2)
    await page.get_by_test_id("text-READY-vi").click()
    await page.get_by_test_id("text-template").fill("HX0123")
    await page.get_by_test_id("text-register").click()
    assert (await clerk.asked("texts/register"))["provider_template"] == "HX0123"


async def test_a_clerk_revokes_a_delegate_where_the_result_is_listed(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("results/r-2/delegate/revoke", done())
    await expect(page.get_by_test_id("delegate-r-2")).to_contain_text("Trần Văn Bình")
    await page.get_by_test_id("revoke-r-2").click()
    await clerk.asked("results/r-2/delegate/revoke")
    await expect(page.get_by_test_id("hand-over-h2")).to_contain_text("Đã thu hồi")


async def test_a_clerk_says_that_a_door_is_shut_whatever_its_sensor_shows(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("loads/h5/shut", done())
    await clerk.show(grants=_grant(5, "load", is_opened=True))
    await page.get_by_test_id("shut-5").click()
    await clerk.asked("loads/h5/shut")


async def test_a_clerk_makes_a_practice_code(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    clerk.script("practice", done())
    await page.get_by_test_id("practice").click()
    await clerk.asked("practice")
    await clerk.show(practice={"code": "4821 7390 5562", "compartment": 9, "seconds_left": 590})
    await expect(page.get_by_test_id("practice-code")).to_contain_text("4821 7390 5562")
    await expect(page.get_by_test_id("practice-code")).to_contain_text("ngăn 9")


async def test_moving_leads_from_door_to_door_by_the_keyboard_alone(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.get_by_test_id("move-h2").click()
    assert await clerk.asked("hand-overs/h2/move") == {"second": None}
    move = {"hand_over": "h2", "source": 2, "target": 9, "is_low": True, "step": "take", "is_at_door": True}
    await clerk.show(moves=[move], grants=_grant(2, "move"))
    card = page.get_by_test_id("moving-h2")
    await expect(card).to_contain_text("Mở ngăn 2, lấy phong bì ra, đóng cửa.")
    await expect(card).to_contain_text("Võ Thị Sáu")
    await expect(page.get_by_test_id("move-open-source")).to_be_disabled()
    await clerk.show(moves=[{**move, "step": "put", "is_at_door": False}], grants=[])
    await expect(card).to_contain_text("Mở ngăn 9, đặt vào, đóng cửa.")
    await expect(page.locator("[data-step] .button.is-primary, [data-testid=papers-open]").first).to_be_enabled()
    await page.keyboard.press("F6")
    assert await clerk.asked("hand-overs/h2/move/open") == {"door": "target"}
    await clerk.show(moves=[{**move, "step": "confirm", "is_at_door": False}])
    await expect(card).to_contain_text("Phong bì đã nằm trong ngăn 9?")
    await expect(page.locator("[data-step] .button.is-primary, [data-testid=papers-open]").first).to_be_enabled()
    await page.keyboard.press("F6")
    assert await clerk.asked("hand-overs/h2/move/confirm") == {"door": "target"}
    await clerk.show(moves=[])
    await expect(card).to_be_hidden()


async def test_what_two_people_handle_asks_for_the_second_one_beside_the_scan(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    clerk.script("loads", problem("second-person-needed", 403), done(hand_over="h20", compartment=20))
    await page.keyboard.type("261008-0975\n")
    await page.get_by_test_id("approval-ask").click()
    assert await clerk.asked("approvals/loads") == {"scan": "261008-0975"}
    await expect(page.get_by_test_id("glass-ask")).to_be_hidden()
    await page.get_by_test_id("second-user").fill("minh")
    await page.get_by_test_id("second-password").fill("mat khau")
    await page.get_by_test_id("second-code").fill("123456")
    await page.keyboard.press("Enter")
    second = {"user": "minh", "password": "mat khau", "code": "123456"}
    assert await clerk.asked("loads", times=2) == {"scan": "261008-0975", "second": second}


async def test_what_stays_at_the_counter_is_listed_with_its_reason_and_leaves_by_post(
    clerk: StubService, open_page: Open
) -> None:
    page = await open_page(clerk)
    taken = {"result": "r9", "dossier": "H29.178-261001-0009", "name": "Lý Thái Tổ", "since": None, "is_by_post": True}
    await clerk.show(counter=[taken])
    await expect(page.get_by_test_id("counter-r4")).to_contain_text("Chưa nộp lệ phí")
    await expect(page.get_by_test_id("counter-r9")).to_contain_text("chờ gửi bưu điện")
    await page.get_by_test_id("post-r9").click()
    await page.get_by_test_id("post-tracking").press_sequentially("EA 123456789 VN\n")
    assert await clerk.asked("counter/r9/post") == {"tracking": "EA123456789VN"}
    await page.emulate_media(media="print")
    await expect(page.get_by_test_id("counter")).to_be_visible()
    await expect(page.get_by_test_id("scan-box")).to_be_hidden()
    await expect(page.get_by_test_id("hand-out-r9")).to_be_hidden()


async def test_a_leader_finds_the_sheets_to_print_and_a_clerk_does_not(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("stock-sum")).to_be_visible()
    await expect(page.get_by_test_id("sheet")).to_have_count(0)
    await clerk.show(me={**ME, "role": "leader"})
    sheets = {"sheet": "/api/clerk/balance?as=html&lang=vi", "report-year": "by=month&as=html&lang=vi"}
    for testid, path in sheets.items():
        href = await page.get_by_test_id(testid).get_attribute("href")
        assert href is not None
        assert href.endswith(path)


async def test_a_leader_names_who_agrees_in_their_place(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await expect(page.get_by_test_id("deputies")).to_be_hidden()
    until = {"user": "lan", "name": "Nguyễn Thị Lan", "until": "2026-12-04"}
    await clerk.show(me={**ME, "role": "leader", "agrees": True})
    await page.get_by_test_id("deputy-until").fill("2026-12-04")
    await page.get_by_test_id("deputy-submit").click()
    assert await clerk.asked("deputies/lan") == {"until": "2026-12-04"}
    await clerk.show(deputies=[until])
    await expect(page.get_by_test_id("deputies")).to_contain_text("đến hết 04/12/2026")
    await page.get_by_test_id("deputy-end-lan").click()
    await clerk.asked("deputies/lan/end")


async def test_a_double_scan_is_asked_once_and_the_second_one_is_said(clerk: StubService, open_page: Open) -> None:
    page = await open_page(clerk)
    await page.evaluate(
        "for (const _ of [1, 2]) {"
        "  document.querySelector('[data-testid=scan-box]').value = '261008-0975';"
        "  document.querySelector('[data-act=scan]').requestSubmit();"
        "}"
    )
    await expect(page.get_by_test_id("note")).to_contain_text("quét lại phong bì này")
    assert await clerk.asked("loads") == {"scan": "261008-0975"}
    assert len([path for path, _body in clerk.requests if path == "loads"]) == 1
