"""A clerk's errands in both languages by mouse, by the keyboard alone and with the scanner: `make screens`."""

from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect
from starlette.responses import JSONResponse, Response

from api.texts import counted
from locker.refusals import TextUnusable
from locker.rules import texts
from locker.views import folded
from otp.texts import read_texts
from tests.pages.desk_tour import FOUND, LEADER, MADE, MEMBERS, TEXT
from tests.pages.scenes import CLERK, in_cabinet, left
from tests.pages.stub_service import Body, StubService, done, problem

LANGUAGES = ["vi", "en"]
pytestmark = [
    pytest.mark.screens,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.parametrize("language", LANGUAGES),
]
by_hand = pytest.mark.parametrize("way", ["mouse", "keyboard"])
with_scanner = pytest.mark.parametrize("way", ["mouse", "keyboard", "scanner"])

BARCODE = "H29.178-261008-0975"
HITS = [
    *FOUND,
    {
        "dossier": "H29.178-260901-0031",
        "name": "Đỗ Thị Ánh",
        "where": "collected",
        "compartment": 4,
        "when": "2026-11-20T21:10:00+07:00",
    },
]
PATTERN = "MA {code}, {dossier}, {until}"
MOST_TABS = 300
FOCUSED = "document.activeElement.dataset.testid ?? ''"


class Hands:
    """One way of input: the mouse clicks, the keyboard walks with Tab; beside the scanner lies a mouse."""

    def __init__(self, page: Page, way: str) -> None:
        self.page = page
        self.way = way

    async def choose(self, testid: str, *, key: str = "") -> None:
        """A button; `key` is the shortcut that stands on it."""
        await expect(self.page.get_by_test_id(testid)).to_be_enabled()
        if self.way != "keyboard":
            await self.page.get_by_test_id(testid).click()
        elif key:
            await self.page.keyboard.press(key)
        else:
            await self._walk_to(testid)
            await self.page.keyboard.press("Enter")

    async def write(self, testid: str, text: str) -> None:
        await expect(self.page.get_by_test_id(testid)).to_be_enabled()
        if self.way == "keyboard":
            await self._walk_to(testid)
        else:
            await self.page.get_by_test_id(testid).click()
        await self.page.keyboard.type(text)

    async def write_day(self, testid: str, digits: str) -> None:
        """A day, as month, day and year: three places to type in, of which the first is clicked."""
        if self.way == "keyboard":
            await self._walk_to(testid)
        else:
            await self.page.get_by_test_id(testid).click(position={"x": 16, "y": 20})
        await self.page.keyboard.type(digits)

    async def rewrite(self, testid: str, text: str) -> None:
        """In the place of what stands there."""
        await self.write(testid, "")
        await self.page.keyboard.press("Control+A")
        await self.page.keyboard.type(text)

    async def send(self, submit: str) -> None:
        """What was written: with Enter, or with the form's own button."""
        if self.way == "keyboard":
            await self.page.keyboard.press("Enter")
        else:
            await self.choose(submit)

    async def scan(self, testid: str, barcode: str) -> None:
        """The scanner types where the page has put the focus, and ends with Enter; nobody clicks first."""
        await expect(self.page.get_by_test_id(testid)).to_be_focused()
        await self.page.keyboard.type(f"{barcode}\n")

    async def _walk_to(self, testid: str) -> None:
        for _ in range(MOST_TABS):
            if await self.page.evaluate(FOCUSED) == testid:
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {testid}")


@pytest_asyncio.fixture(loop_scope="session")
async def hands(desk: StubService, desk_page: Page, way: str, language: str) -> Hands:
    """At the desk, signed in, in this language."""
    await desk_page.evaluate("localStorage.clear()")
    await desk_page.goto("about:blank")
    desk.begin_again(CLERK)
    await desk_page.goto(desk.url)
    await expect(desk_page.get_by_test_id("scan-box")).to_be_focused()
    came = Hands(desk_page, way)
    if language == "en":
        await came.choose("language-en")
    await expect(came.page.locator("html")).to_have_attribute("lang", language)
    return came


def _granted(number: int, purpose: str, *, is_opened: bool) -> list[Body]:
    return [{"compartment": number, "purpose": purpose, "is_opened": is_opened, "hand_over": f"h{number}"}]


async def _door_is_used(desk: StubService, hands: Hands, number: int, purpose: str, task: str) -> None:
    """The door opens, the page says what is to be done, and it is shut again."""
    await desk.show(grants=_granted(number, purpose, is_opened=False))
    await expect(hands.page.get_by_test_id("door-number")).to_have_text(str(number))
    await desk.show(grants=_granted(number, purpose, is_opened=True))
    await expect(hands.page.get_by_test_id("door-panel")).to_contain_text(task)
    await desk.show(grants=[])
    await expect(hands.page.get_by_test_id("door-panel")).to_have_count(0)


def _searched(_service: StubService, asked: Body) -> Response:
    hits = [one for one in HITS if folded(asked["q"]) in folded(f"{one['dossier']} {one['name']}")]
    return JSONResponse({"results": hits})


def _previewed(service: StubService, asked: Body) -> Response:
    """By the product's own rules and its own count; while it is being written a message is not usable yet."""
    given = {"office": "UBND P.Hoa Mai", "address": "12 Hoa Mai", "place": "12 Hoa Mai", "hotline": "02838291234"}
    try:
        shown = texts.preview(read_texts(), asked["name"], asked["language"], asked["pattern"], given)
    except TextUnusable as refusal:
        return problem("text-unusable", 422, reason=refusal.reason, names=refusal.names)(service, asked)
    return JSONResponse(counted(shown))


@by_hand
async def test_a_clerk_signs_out_and_in(desk: StubService, hands: Hands, language: str) -> None:
    await hands.choose("sign-out")
    await expect(hands.page.get_by_role("heading", level=1)).to_have_text(
        {"vi": "Đăng nhập", "en": "Sign in"}[language]
    )
    desk.script("sign-in", done(user="lan", name="Lan", role="clerk"))
    for name, text in (("user", "lan"), ("password", "cay tre tram dot"), ("code", "222222")):
        await hands.write(f"sign-in-{name}", text)
    await hands.send("sign-in-submit")
    assert await desk.asked("sign-in") == {"user": "lan", "password": "cay tre tram dot", "code": "222222"}
    await expect(hands.page.get_by_test_id("scan-box")).to_be_focused()
    await expect(hands.page.locator("html")).to_have_attribute("lang", language)


@by_hand
async def test_presence_is_proved_with_the_number_on_the_kiosk(desk: StubService, hands: Hands, language: str) -> None:
    await desk.show(me={**CLERK["me"], "is_present": False})
    await hands.choose("presence-start", key="F8")
    await desk.asked("presence/request")
    await expect(hands.page.get_by_test_id("presence-number")).to_be_focused()
    await hands.page.keyboard.type("4821")
    await hands.send("presence-submit")
    assert await desk.asked("presence") == {"number": "4821"}
    await desk.show(me=CLERK["me"])
    there = {"vi": "Có mặt tại tủ", "en": "At the cabinet"}[language]
    await expect(hands.page.get_by_test_id("is-present")).to_contain_text(there)
    await expect(hands.page.get_by_test_id("presence-panel")).to_have_count(0)


@with_scanner
async def test_an_envelope_is_loaded_and_the_round_closed(
    desk: StubService, hands: Hands, way: str, language: str
) -> None:
    desk.script("loads", done(hand_over="h20", compartment=20))
    if way == "scanner":
        await hands.scan("scan-box", BARCODE)
    elif way == "keyboard":
        await hands.page.keyboard.press("F2")
        await hands.page.keyboard.type("0975\n")
    else:
        await hands.choose("load-r1")
    wanted = {"scanner": {"scan": BARCODE}, "keyboard": {"scan": "0975"}, "mouse": {"results": ["r1"]}}
    assert await desk.asked("loads") == wanted[way]
    task = {"vi": "Đặt phong bì vào", "en": "Put the envelope in"}[language]
    await _door_is_used(desk, hands, 20, "load", task)
    await desk.show(round={"loaded": 1, "closes_in_seconds": 595})
    await hands.choose("round-close", key="F9")
    await desk.asked("round/close")
    closed = {"vi": "Đã xong đợt nạp", "en": "The round is done"}[language]
    await expect(hands.page.get_by_test_id("note")).to_contain_text(closed)


@by_hand
async def test_an_envelope_in_the_wrong_place_is_taken_back(desk: StubService, hands: Hands, language: str) -> None:
    mine = in_cabinet(20, "Trần Văn Bình", can_reopen=True, notice="none")
    await desk.show(round={"loaded": 1, "closes_in_seconds": 595}, in_cabinet=[mine])
    await hands.choose("reopen-h20")
    await desk.asked("loads/h20/reopen")
    await hands.choose("undo-ask-h20")
    sure = {"vi": "Phong bì đã được lấy ra khỏi ngăn 20?", "en": "Has the envelope been taken out of compartment 20?"}
    await expect(hands.page.get_by_test_id("hand-over-h20")).to_contain_text(sure[language])
    await hands.choose("undo-sure-h20")
    await desk.asked("loads/h20/undo")
    await expect(hands.page.get_by_test_id("undo-sure-h20")).to_have_count(0)


@by_hand
async def test_what_nobody_came_for_is_taken_out(desk: StubService, hands: Hands, language: str) -> None:
    await hands.choose("reclaim-h7")
    assert await desk.asked("hand-overs/h7/reclaim") == {"second": None}
    task = {"vi": "Lấy hết giấy tờ ra", "en": "Take everything out"}[language]
    await _door_is_used(desk, hands, 7, "reclaim", task)


@with_scanner
async def test_a_bag_is_collected_and_its_papers_counted(
    desk: StubService, hands: Hands, way: str, language: str
) -> None:
    await desk.show(intakes=[left(3), left(8)])
    await hands.choose("papers-open", key="F6")
    await desk.asked("intakes/i3/collect")
    task = {"vi": "Lấy túi ra", "en": "Take the bag out"}[language]
    await _door_is_used(desk, hands, 3, "collect_intake", task)
    await desk.show(intakes=[left(3, is_emptied=True, can_report=True), left(8)])
    await expect(hands.page.get_by_test_id("papers-bag")).to_be_focused()
    if way == "scanner":
        await hands.scan("papers-bag", "HS-000003")
        await expect(hands.page.get_by_test_id("papers-count")).to_be_focused()
        await hands.page.keyboard.type("4\n")
    else:
        await hands.write("papers-bag", "HS-000003")
        await hands.write("papers-count", "4")
        await hands.send("papers-report-submit")
    assert await desk.asked("intakes/i3/report") == {"bag": "HS-000003", "count": 4}
    await desk.show(intakes=[left(3, compartment=None, stage="collected", count=4), left(8)])
    counted_as = {"vi": "Đã đếm 4 giấy tờ", "en": "4 papers counted"}[language]
    await expect(hands.page.get_by_test_id("paper-i3")).to_contain_text(counted_as)


@with_scanner
async def test_a_bag_is_registered_under_its_dossier(desk: StubService, hands: Hands, way: str, language: str) -> None:
    await desk.show(intakes=[left(3, compartment=None, stage="collected", count=4)])
    await hands.write_day("appointment-i3", "12012026")
    await hands.write("dossier-i3", "" if way == "scanner" else "H29.190.5-261122-0042")
    if way == "scanner":
        await hands.scan("dossier-i3", "H29.190.5-261122-0042")
    else:
        await hands.send("registered-i3")
    filed = {"outcome": "registered", "dossier": "H29.190.5-261122-0042", "appointment": "2026-12-01"}
    assert await desk.asked("intakes/i3/answer") == filed
    named = {"vi": "Đã lấy ra, chờ trả lời", "en": "Taken out, to be answered"}[language]
    await expect(hands.page.get_by_text(named)).to_be_visible()


@by_hand
async def test_a_compartment_is_looked_into_from_the_picture(desk: StubService, hands: Hands, language: str) -> None:
    await hands.choose("place-14")
    await hands.choose("place-14-inspect")
    assert await desk.asked("compartments/14/inspect") == {"second": None}
    task = {"vi": "Xem bên trong", "en": "Look inside"}[language]
    await _door_is_used(desk, hands, 14, "inspect", task)
    await hands.choose("place-14-look-empty")
    assert await desk.asked("compartments/14/look") == {"found": "empty"}
    kept = {"vi": "Đã ghi", "en": "What you saw is on record"}[language]
    await expect(hands.page.get_by_test_id("closer").get_by_test_id("note")).to_contain_text(kept)


@by_hand
async def test_the_stock_is_checked(desk: StubService, hands: Hands, language: str) -> None:
    await hands.choose("stock-start")
    assert await desk.asked("stock") == {"second": None}
    await desk.show(stock_check={"by": "Lan", "second": "", "looked": 0, "left": 24, "next": 1, "differing": []})
    running = {"vi": "còn 24 ngăn", "en": "24 left"}[language]
    await expect(hands.page.get_by_test_id("stock-running")).to_contain_text(running)
    await hands.choose("stock-open")
    await desk.asked("stock/open")
    task = {"vi": "Xem bên trong", "en": "Look inside"}[language]
    await _door_is_used(desk, hands, 1, "inspect", task)
    await hands.choose("place-1-look-as_recorded")
    assert await desk.asked("compartments/1/look") == {"found": "as_recorded"}
    await hands.choose("stock-finish")
    await desk.asked("stock/finish")


@with_scanner
async def test_a_name_is_found_without_its_marks_and_a_dossier_by_its_barcode(
    desk: StubService, hands: Hands, way: str, language: str
) -> None:
    desk.script("search", _searched)
    if way == "keyboard":
        await hands.page.keyboard.press("F4")
    else:
        await hands.choose("search-box")
    if way == "scanner":
        await hands.scan("search-box", "H29.178-260901-0031")
    else:
        await hands.page.keyboard.type("do thi anh")
    found = hands.page.get_by_test_id("found")
    await expect(found.locator("li")).to_have_count(1)
    where = {"vi": "đã trả · Ngăn 4", "en": "collected · Compartment 4"}[language]
    await expect(found).to_contain_text("Đỗ Thị Ánh")
    await expect(found).to_contain_text(where)
    await hands.rewrite("search-box", "không ai")
    await expect(found).to_have_text({"vi": "Không tìm thấy.", "en": "Nothing found."}[language])


@by_hand
async def test_a_leader_words_a_message_and_sees_its_segments(desk: StubService, hands: Hands, language: str) -> None:
    await desk.show(me=LEADER)
    desk.script("texts", done(needs_registration=True, most_segments=2, texts=[TEXT]))
    desk.script("texts/preview", _previewed)
    await hands.choose("texts-show")
    await hands.choose("text-READY-vi")
    await hands.rewrite("text-pattern", PATTERN + " Xin den nhan." * 9)
    two = {"vi": "ký tự GSM-7, 2 tin", "en": "GSM-7 characters, 2 SMS"}[language]
    await expect(hands.page.get_by_test_id("text-editor")).to_contain_text(two)
    await hands.rewrite("text-pattern", PATTERN)
    one = {"vi": "42 ký tự GSM-7, 1 tin", "en": "42 GSM-7 characters, 1 SMS"}[language]
    await expect(hands.page.get_by_test_id("text-editor")).to_contain_text(one)
    await hands.choose("text-save")
    assert await desk.asked("texts/change") == {"name": "READY", "language": "vi", "pattern": PATTERN}


@by_hand
async def test_a_leader_closes_a_day(desk: StubService, hands: Hands, language: str) -> None:
    await desk.show(me=LEADER)
    await hands.write_day("day-day", "12312026")
    await hands.choose("day-close")
    assert await desk.asked("office-days/2026-12-31") == {"hours": []}
    kept = {"vi": "Đã ghi vào lịch", "en": "The calendar has it"}[language]
    await expect(hands.page.get_by_test_id("days").get_by_test_id("note")).to_contain_text(kept)


@by_hand
async def test_a_leader_takes_somebody_in(desk: StubService, hands: Hands, language: str) -> None:
    await desk.show(me=LEADER, members=MEMBERS)
    desk.script("members", done(**MADE))
    await hands.choose("member-add")
    written = {"name": "Đỗ Thị Hòa", "user": "hoa", "password": "con-meo-tren-mai", "own": "cua-minh", "code": "222222"}
    for name, text in written.items():
        await hands.write(f"member-{name}", text)
    await hands.send("member-submit")
    leader = {"password": "cua-minh", "code": "222222"}
    person = {name: written[name] for name in ("name", "user", "password")}
    assert await desk.asked("members") == {**person, "role": "clerk", "leader": leader}
    once = {"vi": "Hình chỉ hiện một lần", "en": "It is shown once"}[language]
    await expect(hands.page.get_by_test_id("credentials")).to_contain_text(once)
    await hands.choose("member-done")
    await expect(hands.page.get_by_test_id("credentials")).to_have_count(0)


@by_hand
async def test_an_incident_is_taken_and_closed(desk: StubService, hands: Hands, language: str) -> None:
    await hands.choose("incident-44-take")
    await desk.asked("incidents/44/take")
    disputed, ajar = CLERK["incidents"]
    mine: dict[str, Any] = {**ajar, "owner": "Nguyễn Thị Lan", "is_mine": True, "due": "2026-11-23"}
    await desk.show(incidents=[disputed, mine])
    seen_to = {"vi": "Nguyễn Thị Lan đang xử lý", "en": "Nguyễn Thị Lan sees to it"}[language]
    await expect(hands.page.get_by_test_id("incident-44")).to_contain_text(seen_to)
    await expect(hands.page.get_by_test_id("incident-44-take")).to_have_count(0)
    desk.script("incidents/44/close", problem("wrong-stage", 409), done())
    for time in (1, 2):
        await hands.choose("incident-44-close")
        await desk.asked("incidents/44/close", times=time)
    await desk.show(incidents=[disputed])
    await expect(hands.page.get_by_test_id("incident-44")).to_have_count(0)
