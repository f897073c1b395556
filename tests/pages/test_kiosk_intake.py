"""Papers left at the cabinet, on the kiosk page in a real Chromium: by touch, by twelve keys, with the scanner."""

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Page, expect

from tests.pages.scanner import scan
from tests.pages.scenes import KIOSK, door, doors, paper, visit
from tests.pages.stub_service import StubService, done, problem

pytestmark = pytest.mark.asyncio(loop_scope="session")

Open = Callable[..., Awaitable[Page]]
PHONE = "0912345678"


async def _sees(page: Page, name: str) -> None:
    await expect(page.get_by_test_id(f"screen-{name}")).to_be_visible()


async def _press(page: Page, *keys: str) -> None:
    for key in keys:
        await expect(page.locator(f'[data-keypad="{key}"]').first).to_be_enabled()
        await page.keyboard.press(key, delay=60)


async def _type(page: Page, digits: str) -> None:
    await page.keyboard.type(digits, delay=60)


async def test_a_new_dossier_is_left_by_twelve_keys_alone_and_ends_in_a_receipt(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk)
    kiosk.script("intakes", done(visit="v1", hand_over="h10", compartment=10, bag="HS-000012"))
    await _press(page, "0", "1")
    await _sees(page, "intake-bring")
    await expect(page.get_by_test_id("promise")).to_contain_text("23/11/2026")
    await expect(page.get_by_text("A3, dày đến 15 cm")).to_be_visible()
    await _press(page, "4", "1")
    await _sees(page, "intake-phone")
    await _type(page, PHONE)
    await _press(page, "Enter", "2")
    await _type(page, "0912345679")
    await _press(page, "Enter")
    await expect(page.get_by_test_id("note")).to_contain_text("không giống nhau")
    await _type(page, PHONE)
    await _press(page, "Enter")
    await _sees(page, "intake-bag")
    await _press(page, "Enter")
    wanted = {"kind": "new", "size": "S", "reach": "low", "phone": PHONE, "phone_again": PHONE, "otp": None}
    none = {"dossier": None, "badge": None, "bag": None, "language": "vi", "visit": None}
    assert await kiosk.asked("intakes") == {**wanted, **none}
    await kiosk.show(visit=visit(intakes=[paper(10, "open")]), doors=doors(10))
    await _sees(page, "intake-open")
    await expect(page.get_by_test_id("bag-number")).to_have_text("HS-000012")
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]), doors=doors())
    await _sees(page, "intake-dropped")
    await _press(page, "1")
    assert await kiosk.asked("visits/v1/intakes/h10/answers") == {"said": "left"}
    await kiosk.show(visit=visit(intakes=[paper(10, "deposited")]))
    await _sees(page, "intake-deposited")
    await expect(page.locator(".receipt img")).to_have_attribute("src", "/api/kiosk/visits/v1/intakes/h10/receipt.svg")
    await expect(page.get_by_text("21:14 22/11/2026")).to_be_visible()
    await expect(page.get_by_test_id("unconfirmed")).to_have_count(0)
    await _press(page, "Enter")
    await kiosk.asked("visits/v1/leave")
    await _sees(page, "idle")


async def test_a_supplement_names_its_dossier_and_bag_by_the_scanner(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("phone-checks", done(visit="v7"))
    kiosk.script(
        "intakes", problem("phone-refused", 422, reason="otp"), problem("bag-in-use", 409), done(hand_over="x")
    )
    await page.get_by_test_id("intake").click()
    await page.get_by_test_id("kind-supplement").click()
    await page.get_by_test_id("size-M").click()
    await _sees(page, "intake-dossier")
    await scan(page, "H29.190.5-261008-0042")
    await _sees(page, "intake-phone")
    await _type(page, PHONE)
    await _press(page, "Enter", "1")
    assert await kiosk.asked("phone-checks") == {"phone": PHONE, "language": "vi", "visit": None}
    await _sees(page, "intake-otp")
    await _type(page, "12345678")
    await _press(page, "Enter")
    await scan(page, "TUI-000451")
    await expect(page.get_by_test_id("note")).to_contain_text("8 số này chưa đúng")
    await _type(page, "87654321")
    await _press(page, "Enter")
    await scan(page, "TUI-000451")
    await expect(page.get_by_test_id("note")).to_contain_text("túi khác")
    await scan(page, "TUI-000452")
    asked = await kiosk.asked("intakes", times=3)
    assert (asked["dossier"], asked["bag"], asked["otp"]) == ("H29.190.5-261008-0042", "TUI-000452", "87654321")
    assert asked["visit"] == "v7"


async def test_who_names_a_dossier_may_go_on_without_a_number(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("intakes", done(visit="v1", hand_over="h10", compartment=10, bag="HS-000012"))
    await _press(page, "0", "2", "1")
    await _sees(page, "intake-dossier")
    await _type(page, "2610080042")
    await _press(page, "Enter")
    await _sees(page, "intake-phone")
    await expect(page.get_by_text("Dùng số đã đăng ký với hồ sơ")).to_be_visible()
    await _press(page, "Enter")
    await _sees(page, "intake-bag")
    await _press(page, "Enter")
    asked = await kiosk.asked("intakes")
    assert (asked["dossier"], asked["phone"], asked["phone_again"]) == ("261008-0042", "", "")


async def test_papers_go_in_during_the_visit_of_a_pickup(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(door(3, "closed")))
    await _sees(page, "closed")
    await kiosk.show(visit=visit())
    await _sees(page, "end")
    await _press(page, "0", "2", "1")
    await _sees(page, "intake-dossier")
    await _type(page, "2610080042")
    await _press(page, "Enter")
    await _type(page, PHONE)
    await _press(page, "Enter", "2")
    await _type(page, PHONE)
    await _press(page, "Enter", "Enter")
    asked = await kiosk.asked("intakes")
    assert (asked["visit"], asked["dossier"], asked["kind"]) == ("v1", "261008-0042", "supplement")


async def test_a_bag_that_does_not_fit_gets_the_next_size(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(visit=visit(intakes=[paper(3, "dropped")]))
    await _sees(page, "intake-dropped")
    await _press(page, "3")
    await kiosk.asked("visits/v1/intakes/h3/larger")
    await kiosk.show(visit=visit(intakes=[paper(3, "withdrawn"), paper(14, "opening")]))
    await _sees(page, "intake-opening")
    await expect(page.get_by_test_id("door-number")).to_have_text("14")
    await kiosk.show(visit=visit(intakes=[paper(3, "withdrawn"), paper(14, "dropped")]))
    await _sees(page, "intake-dropped")
    await _press(page, "2")
    assert await kiosk.asked("visits/v1/intakes/h14/answers") == {"said": "took_back"}
    await kiosk.show(visit=visit(intakes=[paper(3, "withdrawn"), paper(14, "withdrawn")]))
    await _sees(page, "intake-withdrawn")
    await _press(page, "Enter")
    await kiosk.asked("visits/v1/leave")


async def test_silence_gives_a_receipt_marked_as_not_looked_into_and_then_an_empty_screen(
    kiosk: StubService, open_page: Open
) -> None:
    page = await open_page(kiosk, is_timed=True)
    receipt = {"bag": "HS-000012", "sent_at": "", "position": 481, "is_confirmed": False, "promised": "2026-11-23"}
    kiosk.script("visits/v1/intakes/h10/receipt", problem("wrong-stage", 409), done(**receipt))
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]))
    await _sees(page, "intake-dropped")
    await kiosk.show(visit=None)
    await kiosk.asked("visits/v1/intakes/h10/receipt")
    await page.clock.fast_forward(600)
    await _sees(page, "intake-silent")
    await expect(page.get_by_test_id("unconfirmed")).to_contain_text("Chưa ai kiểm tra bên trong")
    await expect(page.get_by_text("giờ chưa xác nhận, số thứ tự 481")).to_be_visible()
    await page.clock.fast_forward(31_000)
    await _sees(page, "idle")


async def test_what_was_typed_is_forgotten_when_the_person_walks_away(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk, is_timed=True)
    await _press(page, "0", "1", "1")
    await _type(page, PHONE)
    await page.clock.fast_forward(91_000)
    await _sees(page, "idle")
    await _press(page, "0", "1", "1")
    await expect(page.get_by_test_id("typed")).to_have_attribute("data-typed", "0")


async def test_before_a_long_closure_people_read_from_when_staff_look(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    await kiosk.show(intake={**KIOSK["intake"], "checked_from": "2027-02-15"})
    await _press(page, "0", "1")
    await expect(page.get_by_test_id("promise")).to_contain_text("Cán bộ kiểm tra từ 15/02/2027")
    await kiosk.show(intake={**KIOSK["intake"], "is_offered": False})
    await _press(page, "*", "*")
    await expect(page.get_by_test_id("intake")).to_have_count(0)


async def test_an_intake_by_touch_takes_eight_touches_besides_the_digits(kiosk: StubService, open_page: Open) -> None:
    page = await open_page(kiosk)
    kiosk.script("intakes", done(visit="v1", hand_over="h10", compartment=10, bag="HS-000012"))
    touches = 0

    async def touch(*testids: str) -> None:
        nonlocal touches
        touches += len(testids)
        for testid in testids:
            await page.get_by_test_id(testid).click()

    await touch("intake", "kind-new", "size-S")
    await _type(page, PHONE)
    await touch("key-send", "check-twice")
    await _type(page, PHONE)
    await touch("key-send")
    await _sees(page, "intake-bag")
    await touch("key-send")
    await kiosk.asked("intakes")
    await kiosk.show(visit=visit(intakes=[paper(10, "dropped")]), doors=doors())
    await touch("answer-left")
    await kiosk.asked("visits/v1/intakes/h10/answers")
    assert touches == 8
