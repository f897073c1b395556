"""The kiosk page in a real Chromium: touch, keypad and scanner through a pickup and its troubles."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scanner import scan
from tests.pages.scenes import LEFT, STATES, TOLD, door, doors, next_door, visit
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
CODE = "482173905562"


async def _touch(page: Page, *testids: str) -> None:
    for testid in testids:
        await page.get_by_test_id(testid).click()


async def _sees(page: Page, name: str) -> None:
    await expect(page.get_by_test_id(f"screen-{name}")).to_be_visible()


async def _press(page: Page, key: str) -> None:
    """A key of the keypad, once the button that shows it takes it."""
    await expect(page.locator(f'[data-keypad="{key}"]').first).to_be_enabled()
    await page.keyboard.press(key)


async def _type_by_hand(page: Page, digits: str) -> None:
    await page.keyboard.type(digits, delay=60)


async def test_a_pickup_by_touch_takes_two_touches_besides_the_digits(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("codes", done(visit="v1"))
    await _touch(page, "collect", *(f"key-{digit}" for digit in CODE))
    assert await kiosk.asked("codes") == {"digits": CODE, "second": None, "paper": None, "visit": None}
    await kiosk.show(visit=visit(door(10, "opening")))
    await _sees(page, "opening")
    await kiosk.show(visit=visit(door(10, "open", items=2)), doors=doors(10))
    await _sees(page, "open")
    await expect(page.get_by_test_id("door-number")).to_have_text("10")
    await expect(page.get_by_test_id("cabinet-picture").locator(".is-marked text").last).to_have_text("10")
    await expect(page.get_by_text("hàng 3, cột 2", exact=True)).to_be_visible()
    await expect(page.get_by_text("Lấy hết 2 phong bì")).to_be_visible()
    await kiosk.show(visit=visit(door(10, "closed", reopen_seconds_left=58)), doors=doors())
    await _touch(page, "answer-received")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h10", "said": "received_all"}
    await kiosk.show(visit=visit())
    await _sees(page, "end")
    await _press(page, "Enter")
    await kiosk.asked("visits/v1/leave")
    await _sees(page, "idle")


async def test_the_twelve_keys_do_everything_without_a_touch(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await _sees(page, "idle")
    await _type_by_hand(page, CODE)
    await kiosk.asked("codes")
    await kiosk.show(visit=visit(door(3, "closed", reopen_seconds_left=40)))
    await _sees(page, "closed")
    await _press(page, "3")
    assert await kiosk.asked("visits/v1/reopen") == {"hand_over": "h3"}
    await _press(page, "2")
    await _sees(page, "wrong")
    await _press(page, "*")
    await _sees(page, "closed")
    await _press(page, "2")
    await expect(page.get_by_test_id("answer-not-mine")).to_be_enabled()
    await _press(page, "3")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h3", "said": "not_mine"}
    await kiosk.show(visit=visit(door(3, "disputed")))
    await _sees(page, "disputed")
    await _press(page, "*")
    await kiosk.asked("visits/v1/leave")
    await _sees(page, "idle")


async def test_the_end_is_thanked_even_when_the_service_has_ended_the_visit(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(door(3, "closed")))
    await _touch(page, "answer-received")
    await kiosk.asked("visits/v1/answers")
    await kiosk.show(visit=None)
    await _sees(page, "end")


async def test_a_mistyped_code_is_shown_again_beside_a_kind_hint(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    hint = {"vi": "Có một số bị nhầm.", "en": "One digit is not right."}
    kiosk.script("codes", problem("code-malformed", 422, looks_like="mistyped", hint=hint), done(visit="v1"))
    await _type_by_hand(page, "482173905563")
    await expect(page.get_by_test_id("note")).to_contain_text("Có một số bị nhầm.")
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "12")
    await _touch(page, "language-en")
    await expect(page.get_by_test_id("note")).to_contain_text("One digit is not right.")
    await _press(page, "Backspace")
    await _type_by_hand(page, "2")
    assert (await kiosk.asked("codes", times=2))["digits"] == CODE


async def test_enter_on_a_refused_code_does_not_charge_it_twice(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("codes", problem("code-refused", 403))
    await page.keyboard.type(CODE)
    await expect(page.get_by_test_id("note")).to_contain_text("028\xa03829\xa01234")
    await _press(page, "Enter")
    await _press(page, "Enter")
    await _type_by_hand(page, "1")
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "1")
    assert [path for path, _body in kiosk.requests if path != "snapshot"] == ["codes"]


async def test_the_second_check_sends_the_same_code_with_four_more_digits(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    kiosk.script(
        "codes",
        problem("second-check-needed", 403),
        problem("too-many-attempts", 429, retry_after=60),
        done(visit="v1"),
    )
    await page.keyboard.type(CODE)
    await _sees(page, "second")
    await _touch(page, "key-1", "key-2", "key-3", "key-4")
    await _sees(page, "wait")
    await page.clock.fast_forward(61_000)
    await _sees(page, "second")
    await _press(page, "Enter")
    asked = await kiosk.asked("codes", times=3)
    assert asked == {"digits": CODE, "second": "1234", "paper": None, "visit": None}
    await kiosk.show(visit=visit(door(3, "opening")))
    await _sees(page, "opening")


async def test_a_scan_is_sent_whole_even_when_it_holds_more_than_a_code(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    hint = {"vi": "Đây có vẻ là mã hồ sơ.", "en": "This looks like a dossier number."}
    kiosk.script("codes", problem("code-malformed", 422, looks_like="dossier", hint=hint), done(visit="v1"))
    await _sees(page, "idle")
    await scan(page, "000.00.01.H29-261008-0975")
    assert (await kiosk.asked("codes"))["digits"] == "000.00.01.H29-261008-0975"
    await expect(page.get_by_test_id("note")).to_contain_text("mã hồ sơ")
    await scan(page, CODE)
    assert (await kiosk.asked("codes", times=2))["digits"] == CODE


async def test_a_scanned_slip_asks_for_the_id_paper_and_opens(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    slip = "123456789012345678901234567890123456789"
    kiosk.script("slips", problem("paper-check-needed", 403), done(visit="v1"))
    await _sees(page, "idle")
    await scan(page, slip)
    assert await kiosk.asked("slips") == {"slip": slip, "paper": None}
    await _sees(page, "paper")
    await expect(page.get_by_text("giấy hẹn")).to_be_visible()
    await _type_by_hand(page, "1234")
    assert await kiosk.asked("slips", times=2) == {"slip": slip, "paper": "1234"}


async def test_where_slips_open_nothing_a_scan_of_one_asks_for_a_new_code(kiosk: StubService, open_page: Open) -> None:
    await kiosk.show(accepts_slips=False)
    page = await open_page(kiosk)
    kiosk.script("lost-code", done())
    slip = "123456789012345678901234567890123456789"
    await _sees(page, "idle")
    await scan(page, slip)
    assert await kiosk.asked("lost-code") == {"slip": slip}
    await _sees(page, "asked")


async def test_an_unseen_door_is_asked_about_and_costs_nothing(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    kiosk.script("visits/v1/next", problem("door-did-not-open", 503, retry_after=60), done())
    await kiosk.show(visit=visit(door(7, "unseen")))
    await _touch(page, "answer-stayed-shut")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h7", "said": "door_stayed_shut"}
    await kiosk.show(visit=visit(waiting=1))
    await expect(page.get_by_test_id("note")).to_contain_text("Cửa chưa mở được")
    await expect(page.get_by_test_id("note")).to_contain_text("Mã vẫn dùng được")
    await _touch(page, "next-door")
    await kiosk.asked("visits/v1/next")
    await expect(page.get_by_test_id("next-door")).to_be_disabled()
    await page.clock.fast_forward(61_000)
    await expect(page.get_by_test_id("next-door")).to_be_enabled()
    await _touch(page, "next-door")
    await kiosk.asked("visits/v1/next", times=2)
    await kiosk.show(visit=visit(door(7, "unseen", trains=2)))
    await _sees(page, "unseen")
    await _press(page, "1")
    assert (await kiosk.asked("visits/v1/answers", times=2))["said"] == "received_all"


async def test_an_answer_that_the_line_has_overtaken_never_brings_an_old_screen_back(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk, is_timed=True)
    await kiosk.show(visit=visit(waiting=1))
    await _sees(page, "next")
    kiosk.is_prompt.clear()
    await page.clock.fast_forward(21_000)
    await kiosk.asked("snapshot")
    async with page.expect_event("requestfinished", lambda request: request.url.endswith("/snapshot")):
        await kiosk.show(visit=visit(door(7, "open")), doors=doors(7))
        await _sees(page, "open")
        kiosk.is_prompt.set()
    await page.evaluate("fetch('snapshot')")  # once this is answered, what came before it has been dealt with
    await _sees(page, "open")
    await kiosk.show(visit=visit(door(7, "closed")), doors=doors())
    await _sees(page, "closed")


async def test_a_bundle_of_three_opens_one_door_after_another(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    for turn, (number, waiting) in enumerate(((3, 2), (8, 1), (20, 0)), 1):
        await kiosk.show(visit=visit(door(number, "open"), waiting=waiting), doors=doors(number))
        await expect(page.get_by_test_id("door-number")).to_have_text(str(number))
        await kiosk.show(visit=visit(door(number, "closed"), waiting=waiting), doors=doors())
        await _touch(page, "answer-received")
        assert await kiosk.asked("visits/v1/answers", times=turn) == {"hand_over": f"h{number}", "said": "received_all"}
        await kiosk.show(visit=visit(waiting=waiting))
        if waiting:
            await expect(page.get_by_test_id("waiting")).to_contain_text(str(waiting))
            await _touch(page, "next-door")
            await kiosk.asked("visits/v1/next", times=turn)
    await _sees(page, "end")
    asked = [path for path, _body in kiosk.requests if path != "snapshot"]
    assert asked == ["visits/v1/answers", "visits/v1/next"] * 2 + ["visits/v1/answers"]


async def test_a_restart_in_the_middle_ends_on_the_screen_that_is_due(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(door(7, "open")), doors=doors(7))
    await _sees(page, "open")
    await kiosk.stop()
    await _sees(page, "lost")
    kiosk.snapshot = {**kiosk.snapshot, "visit": visit(door(7, "closed")), "version": 1}
    await kiosk.start()
    await expect(page.get_by_test_id("screen-closed")).to_be_visible()


async def test_digits_typed_before_a_restart_are_still_there_after_it(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await _sees(page, "idle")
    await _type_by_hand(page, "4821")
    await kiosk.stop()
    await _sees(page, "lost")
    await kiosk.start()
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "4")


async def test_a_code_that_could_not_be_sent_is_kept_and_sent_again_by_hand(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    await _sees(page, "idle")
    await page.route("**/api/kiosk/codes", lambda route: route.abort())
    await page.keyboard.type(CODE)
    await expect(page.get_by_test_id("note")).to_contain_text("Chưa gửi được")
    await page.unroute("**/api/kiosk/codes")
    await _press(page, "Enter")
    assert (await kiosk.asked("codes"))["digits"] == CODE


async def test_a_dead_board_is_said_kindly_and_the_code_can_be_tried_again(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("codes", problem("board-offline", 503), done(visit="v1"))
    await _sees(page, "idle")
    await page.keyboard.type(CODE)
    await _sees(page, "sorry")
    await _touch(page, "retry")
    assert (await kiosk.asked("codes", times=2))["digits"] == CODE


@pytest.mark.parametrize("state", STATES)
async def test_each_standstill_has_its_own_screen_with_the_hotline(
    kiosk: StubService, open_page: Open, state: str
) -> None:
    page = await open_page(kiosk)
    await kiosk.show(state=state)
    await _sees(page, state)
    await expect(page.locator(".call strong").first).to_have_text("028\xa03829\xa01234")


async def test_the_clerks_number_shows_in_a_corner_and_goes_by_itself(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    await kiosk.show(presence_number={"number": "4821", "seconds_left": 10})
    await expect(page.get_by_test_id("presence-number")).to_contain_text("4821")
    await page.clock.fast_forward(11_000)  # and not as far as the page would ask anew
    await expect(page.get_by_test_id("presence-number")).to_be_hidden()


async def test_the_page_speaks_vietnamese_again_after_a_visit_in_english(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await _touch(page, "language-en")
    await expect(page.get_by_test_id("collect")).to_contain_text("COLLECT RESULT")
    await kiosk.show(visit=visit())
    await expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    await _press(page, "Enter")
    await expect(page.get_by_test_id("collect")).to_contain_text("NHẬN KẾT QUẢ")


async def test_an_unanswered_code_entry_clears_itself_after_ninety_seconds(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await _sees(page, "idle")
    await page.clock.install()
    await page.reload()
    await page.clock.run_for(1_000)
    await _sees(page, "idle")
    await page.keyboard.press("4")
    await page.clock.run_for(65_000)
    await expect(page.get_by_test_id("more-time")).to_be_visible()
    await _touch(page, "more-time")
    await page.clock.run_for(60_000)
    await _sees(page, "code")
    await page.clock.run_for(31_000)
    await _sees(page, "idle")


async def test_who_has_no_code_types_the_phone_number_and_reads_one_answer(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("lost-code", problem("phone-malformed", 422), done())
    await _touch(page, "help", "lost-code")
    await _type_by_hand(page, "0912345678")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("note")).to_contain_text("bắt đầu bằng số 0")
    await _touch(page, "key-send")
    assert await kiosk.asked("lost-code", times=2) == {"phone": "0912345678"}
    await _sees(page, "asked")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("mã sẽ đến trong 2 phút")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "0")


async def test_nobody_types_a_number_when_no_message_can_go_out(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(notices_online=False)
    await _touch(page, "help", "lost-code")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Tạm chưa gửi được tin nhắn")
    await expect(page.get_by_test_id("keypad")).to_have_count(0)


async def test_one_of_several_is_left_for_later(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(waiting=2, next=next_door(7)))
    await _sees(page, "next")
    await page.keyboard.press("3")
    assert await kiosk.asked("visits/v1/later") == {"hand_over": "h7"}
    await kiosk.show(visit=visit(waiting=1, next=next_door(9), later=1))
    await expect(page.get_by_test_id("later")).to_have_count(0)
    await kiosk.show(visit=visit(later=1))
    await _sees(page, "later")


async def test_a_high_door_is_shown_before_it_opens_and_can_be_said_to_be_out_of_reach(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(waiting=1, next=next_door(3, is_high=True)))
    await _sees(page, "high")
    await expect(page.get_by_test_id("cabinet-picture").locator(".is-marked text").last).to_have_text("3")
    await page.keyboard.press("2")
    assert await kiosk.asked("visits/v1/reach") == {"hand_over": "h3"}
    await kiosk.show(visit=visit(later=1, is_moved=True))
    await expect(page.get_by_test_id("moved")).to_be_visible()
    await _press(page, "*")
    await kiosk.asked("visits/v1/leave")


async def test_the_id_paper_is_asked_for_after_a_right_code_and_sent_with_it(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    refused = problem("paper-refused", 403, tries_left=4)
    kiosk.script("codes", problem("paper-check-needed", 403), refused, done(visit="v1"))
    await page.keyboard.type(CODE)
    await _sees(page, "paper")
    await _type_by_hand(page, "4418")
    await expect(page.get_by_test_id("note")).to_contain_text("căn cước")
    await _touch(page, "key-4", "key-4", "key-1", "key-7")
    asked = await kiosk.asked("codes", times=3)
    assert asked == {"digits": CODE, "second": None, "paper": "4417", "visit": None}


async def test_who_asks_about_a_dossier_keeps_it_longer_or_leaves_it_at_the_counter(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    kiosk.script("status", problem("status-unknown", 404), done(**TOLD))
    await _touch(page, "ask")
    for attempt in (1, 2):
        await _type_by_hand(page, "2610080042")
        await _press(page, "Enter")
        await _sees(page, "ask-phone")
        await _type_by_hand(page, "4678")
        assert await kiosk.asked("status", times=attempt) == {"dossier": "2610080042", "phone": "4678"}
        await _sees(page, "ask" if attempt == 1 else "told")
    await expect(page.get_by_test_id("told-inside")).to_contain_text("31/12/2026")
    await _press(page, "2")
    wish = {"dossier": "2610080042", "phone": "4678", "hand_over": "h10"}
    assert await kiosk.asked("status/extend") == wish
    await kiosk.asked("status", times=3)
    await _press(page, "3")
    await _press(page, "Enter")
    assert await kiosk.asked("status/counter") == wish


async def test_what_is_left_inside_in_a_visit_may_stay_longer(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("visits/v1/extend", problem("stay-refused", 409, reason="room"))
    await kiosk.show(visit=LEFT)
    await _sees(page, "later")
    await _press(page, "2")
    assert await kiosk.asked("visits/v1/extend") == {"hand_over": "h10"}
    await expect(page.get_by_test_id("note")).to_contain_text("Tủ gần đầy")
    await _press(page, "3")
    await _press(page, "Enter")
    assert await kiosk.asked("visits/v1/counter") == {"hand_over": "h10"}


async def test_a_visit_is_rated_with_a_face_and_where_it_was_not_good_with_a_reason(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(), rateable="v1")
    await _sees(page, "end")
    await _touch(page, "face-poor", "reason-door")
    assert await kiosk.asked("visits/v1/rating") == {"face": "poor", "reason": "door"}
    await expect(page.get_by_test_id("rated")).to_be_visible()
    await kiosk.show(visit=None, rateable=None)
    await expect(page.get_by_test_id("rated")).to_be_visible()


async def test_a_face_without_a_reason_counts_when_the_person_leaves(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(), rateable="v1")
    await _touch(page, "face-fair")
    await _press(page, "Enter")
    assert await kiosk.asked("visits/v1/rating") == {"face": "fair", "reason": ""}


async def test_who_knows_no_way_on_asks_to_be_called_back(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    by = "2026-11-23T08:30:00+07:00"
    kiosk.script("tickets", problem("phone-malformed", 422), done(number=4821, by=by), done(number=4822, by=""))
    await _sees(page, "idle")
    await _touch(page, "help", "call-me")
    await _sees(page, "phone")
    await _type_by_hand(page, "0912345678")
    await _press(page, "Enter")
    await expect(page.get_by_test_id("note")).to_be_visible()
    await _press(page, "Enter")
    assert await kiosk.asked("tickets", times=2) == {"phone": "0912345678", "language": "vi"}
    await expect(page.get_by_test_id("ticket-number")).to_have_text("Số 4821")
    await expect(page.get_by_test_id("ticket-by")).to_have_text("Cán bộ gọi trước 08:30 ngày 23/11.")
    await _touch(page, "ticket-seen")
    await _sees(page, "idle")
    kiosk.script("visits/v1/next", problem("door-did-not-open", 503, retry_after=60))
    await kiosk.show(visit=visit(waiting=1))
    await _touch(page, "next-door", "call-me")
    assert await kiosk.asked("tickets", times=3) == {"visit": "v1", "language": "vi"}
    await _sees(page, "ticket")
    await _touch(page, "ticket-seen")
    await _sees(page, "next")


async def test_who_is_reminded_of_a_shut_door_can_say_so(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("visits/v1/answers", done())
    await kiosk.show(visit=visit(door(7, "open", reminder=1)), doors=doors(7))
    await _touch(page, "answer-shut")
    assert await kiosk.asked("visits/v1/answers") == {"hand_over": "h7", "said": "door_is_shut"}


async def test_more_time_is_had_in_a_visit(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("visits/v1/stay", done())
    await kiosk.show(visit=visit(door(7, "closed", reopen_seconds_left=5), idle=25))
    await _touch(page, "more-time")
    await kiosk.asked("visits/v1/stay")
    await expect(page.get_by_test_id("more-time")).to_be_enabled()
    await _press(page, "9")
    await kiosk.asked("visits/v1/stay", times=2)


async def test_a_poster_takes_turns_with_the_steps_and_gives_way_to_a_hand(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True, width=1024, height=600)
    await kiosk.show(posters=["2026-12-31 tet.webp"])
    await expect(page.get_by_text("Đóng cửa lại")).to_be_visible()
    await page.clock.fast_forward(13_000)
    await expect(page.get_by_test_id("poster")).to_have_attribute("src", "/posters/2026-12-31%20tet.webp")
    await expect(page.get_by_test_id("hours")).to_contain_text("07:30-11:30, 13:00-17:00")
    await expect(page.get_by_test_id("hours")).to_contain_text("1022")
    box = await page.get_by_test_id("poster").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 540
    await _touch(page, "look-large")
    await expect(page.get_by_test_id("poster")).to_have_count(0)


async def test_the_last_closed_door_clears_the_screen_in_fifteen_seconds_unless_a_hand_is_there(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk, is_timed=True)
    await kiosk.show(visit=visit(door(10, "open")))
    await _sees(page, "open")
    await kiosk.show(visit=visit(door(10, "closed", reopen_seconds_left=55)))
    await _sees(page, "closed")
    await expect(page.get_by_test_id("more-time")).to_be_visible()
    await _touch(page, "more-time")
    await page.clock.fast_forward(16_000)
    await _sees(page, "closed")
    await kiosk.show(visit=visit(door(10, "open")))
    await _sees(page, "open")
    await kiosk.show(visit=visit(door(10, "closed")))
    await _sees(page, "closed")
    await page.clock.fast_forward(16_000)
    await _sees(page, "idle")
    await kiosk.asked("visits/v1/leave")


async def test_looks_and_language_last_as_long_as_the_person(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    root = page.locator("html")
    await _touch(page, "look-large", "look-contrast", "language-en", "collect")
    await expect(root).to_have_class("is-large is-contrast")
    await _touch(page, "back")
    await expect(root).to_have_class("is-large is-contrast")
    await page.clock.fast_forward(91_000)
    await expect(root).to_have_class("")
    await expect(root).to_have_attribute("lang", "vi")
