"""Every screen of the desk, one after another: what is measured on each, and photographed."""

from collections.abc import AsyncIterator

from playwright.async_api import Page, expect

from tests.pages.scenes import CLERK, UNOWNED, in_cabinet, left, to_load
from tests.pages.stub_service import Answer, Body, StubService, done, problem

ME = CLERK["me"]
TABS = ("work", "inside", "cabinet", "matters", "office")
LEADER = {**ME, "user": "minh", "role": "leader", "agrees": True}
MEMBERS = [
    {"user": "minh", "name": "Lê Minh", "role": "leader", "is_locked": False, "is_me": True},
    {"user": "lan", "name": "Nguyễn Thị Lan", "role": "clerk", "is_locked": True, "is_me": False},
]
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
TEXT = {
    "name": "READY",
    "language": "vi",
    "pattern": "UBND Hoa Mai: ket qua da o trong tu. MA MO TU {code}. Goi {hotline}.",
    "original": "MA MO TU {code}",
    "is_own": True,
    "state": "draft",
    "provider_template": "",
    "required": ["code"],
    "allowed": ["code", "hotline"],
    "preview": "UBND Hoa Mai: ket qua da o trong tu. MA MO TU **** **** ****. Goi 02838291234.",
    "encoding": "GSM-7",
    "units": 81,
    "segments": 1,
    "is_shortened": False,
}
MADE = {
    "user": "hoa",
    "name": "Đỗ Thị Hòa",
    "secret": "JBSW Y3DP",
    "picture": "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=",
    "recovery_codes": ["7K3QD-XW9M2", "AAAAA-BBBBB"],
}
SESSIONS = [
    {
        "session": name,
        "since": "2026-11-22T07:10:00+07:00",
        "last_act": "2026-11-22T08:55:00+07:00",
        "address": address,
        "is_this": is_this,
        "is_present": is_this,
    }
    for name, address, is_this in (("a1", "10.1.4.22", True), ("b2", "fd00:1234:5678:9abc:def0:1234:5678:9abc", False))
]
FOUND = [
    {
        "dossier": "H29.178-261008-0903",
        "name": "Ngô Bảo Châu",
        "where": "inside",
        "compartment": 3,
        "when": "2026-11-21T16:20:00+07:00",
    }
]
EMPTY: Body = {"to_load": [], "in_cabinet": [], "intakes": [], "incidents": [], "counter": [], "moves": []}


def _incident(number: int, kind: str, **more: object) -> Body:
    return {
        "incident": number,
        "kind": kind,
        "compartment": 0,
        "opened_at": "2026-11-21T22:02:00+07:00",
        **UNOWNED,
        **more,
    }


TICKETS = [
    _incident(
        50,
        "ticket",
        call={"phone": "+84912345678", "name": "Trần Văn Bình"},
        call_by="2026-11-22T08:30:00+07:00",
        owner="Nguyễn Thị Lan",
        is_mine=True,
        due="2026-11-22",
    ),
    _incident(
        51,
        "break_glass",
        compartment=2,
        is_glass=True,
        can_countersign=True,
        raised_by="Nguyễn Thị Lan",
        reason="Người dân cần gấp, lãnh đạo không nghe máy.",
        due="2026-11-20",
        is_overdue=True,
        owner="Lê Minh",
        dossiers=["H29.178-261008-0902"],
    ),
]
PANEL = {
    "opened": ["case"],
    "battery_minutes": 12,
    "is_stopping": False,
    "is_supply_cut": True,
    "has_key": True,
    "printer": "out",
}
OPEN = {**CLERK["compartments"][5], "is_open": True}
CLOSED = {**CLERK["compartments"][-1], "state": "closed", "out_of_service": "lock"}
MOVES = [
    {"hand_over": f"h{at}", "source": at, "target": 16 + at, "is_low": True, "step": step, "is_at_door": False}
    for at, step in ((2, "take"), (3, "put"), (7, "confirm"), (8, "stalled"))
]


async def with_first_password(clerk: StubService, page: Page, *answers: Answer) -> None:
    """Somebody signs in with a password that another person typed, and is to choose their own; then these answers."""
    clerk.script("sign-in", problem("own-password-needed", 403), *answers)
    for name, text in (("user", "hoa"), ("password", "con-meo-tren-mai"), ("code", "111111")):
        await page.get_by_test_id(f"sign-in-{name}").fill(text)
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("sign-in-wanted")).to_be_focused()


async def desk_screens(clerk: StubService, page: Page) -> AsyncIterator[str]:
    """Lead the page, signed in, through everything that it can show at once; gives each one's name."""
    yield "a clerk's desk"
    await _loading(clerk, page)
    yield "a round under way"
    clerk.script("hand-overs/h2/reclaim", problem("second-person-needed", 403))
    await _click(page, "reclaim-h2")
    await _click(page, "place-11")
    await page.get_by_test_id("second-form").first.wait_for(state="attached")
    yield "a closer look, and a second person asked for"
    await _click(page, "glass-ask")
    await clerk.show(approvals=[{**APPROVAL, "is_mine": True, "given_by": "Lê Minh"}])
    await page.get_by_test_id("glass-form").wait_for(state="attached")
    await page.get_by_test_id("approval-use").wait_for(state="attached")
    yield "a leader agreed from elsewhere, and the broken glass"
    await page.keyboard.press("Escape")
    await clerk.show(me={**ME, "is_present": False})
    await page.get_by_test_id("presence-start").wait_for()
    await page.keyboard.press("F8")
    await page.get_by_test_id("presence-number").wait_for()
    yield "the number of the kiosk"
    await page.keyboard.press("Escape")
    async for name in _rare(clerk, page):
        yield name
    async for name in _led(clerk, page):
        yield name


async def _click(page: Page, testid: str) -> None:
    """Also where a phone shows another tab."""
    await page.get_by_test_id(testid).dispatch_event("click")


async def _loading(clerk: StubService, page: Page) -> None:
    await clerk.show(
        grants=[{"compartment": 20, "purpose": "load", "is_opened": True, "hand_over": "h20"}],
        round={"loaded": 1, "closes_in_seconds": 595},
        asked=[{"hand_over": "h21", "compartment": 21}],
        intakes=[
            left(4, is_emptied=True, can_report=True),
            left(8),
            left(9, is_late=True, is_confirmed=False),
            left(12, stage="taken", compartment=None, count=3),
            left(13, stage="uncertain", uncertain="restarted"),
        ],
        in_cabinet=[in_cabinet(20, "Trần Văn Bình", stage="loading", can_reopen=True), *CLERK["in_cabinet"]],
        centre={"is_online": False, "unsent": 12, "last_contact": "2026-11-21T07:35:01+07:00"},
        practice={"code": "4821 7390 5562", "compartment": 24, "seconds_left": 590},
        state="read-only",
    )
    await page.get_by_test_id("door-panel").wait_for(state="attached")
    await _click(page, "undo-ask-h20")


async def _rare(clerk: StubService, page: Page) -> AsyncIterator[str]:
    """What a clerk meets now and then: counter, post, moving, tickets, stock check, a cabinet that is not well."""
    await clerk.show(
        me=ME,
        grants=[],
        round=None,
        asked=[],
        intakes=[],
        approvals=[],
        practice=None,
        state="ready",
        centre=CLERK["centre"],
        counter=[
            {
                "result": "r9",
                "dossier": "H29.178-261001-0042",
                "name": "Vũ Thị Hạnh",
                "is_by_post": True,
                "since": "2026-11-20T09:00:00+07:00",
            }
        ],
        moves=MOVES,
        in_cabinet=[
            in_cabinet(2, "Võ Thị Sáu", is_by_post=True, is_moving=True),
            in_cabinet(3, "Ngô Bảo Châu", is_out_of_reach=True, is_counter_wanted=True),
            *CLERK["in_cabinet"][2:],
        ],
        to_load=[*CLERK["to_load"], to_load("r6", "H29.178-261012-0031", "Mai An Tiêm", no_room="no-free-compartment")],
    )
    clerk.script("search", done(results=FOUND))
    await page.get_by_test_id("moving-h2").wait_for(state="attached")
    await _click(page, "post-r9")
    await page.get_by_test_id("post-form-r9").wait_for(state="attached")
    await page.get_by_test_id("tab-inside").dispatch_event("click")
    await page.get_by_test_id("search-box").fill("ngo bao")
    await page.get_by_test_id("found").wait_for()
    yield "moving, the counter, post, something found"
    await page.get_by_test_id("tab-inside").dispatch_event("click")
    await page.get_by_test_id("search-box").fill("")
    await page.keyboard.press("Escape")
    clerk.script("loads", problem("wrong-stage", 409, candidates=["r1", "r2"]))
    await page.get_by_test_id("tab-work").dispatch_event("click")
    await page.get_by_test_id("scan-box").fill("0975")
    await page.keyboard.press("Enter")
    await page.get_by_test_id("candidates").wait_for()
    await clerk.show(
        moves=[],
        incidents=[*CLERK["incidents"], *TICKETS],
        compartments=[*CLERK["compartments"][:5], OPEN, *CLERK["compartments"][6:-1], CLOSED],
        stock_check={"left": 3, "differing": [7], "unseen": [], "next": 4},
        self_check={**CLERK["self_check"], "bad": ["clock", "disk"], "good": ["boards", "doors"]},
        panel=PANEL,
        clock="unset",
        state="fault",
        is_training=True,
        boards=[*CLERK["boards"][:2], {**CLERK["boards"][2], "is_out": True}],
    )
    await page.get_by_test_id("panel-clock").wait_for()
    yield "training, tickets, a stock check, and all that may be wrong"
    await page.keyboard.press("Escape")
    await clerk.show(**EMPTY, stock_check=None, panel=CLERK["panel"], clock="synced", state="ready", is_training=False)
    await page.get_by_test_id("panel-clock").wait_for(state="detached")
    yield "nothing to do"


async def _led(clerk: StubService, page: Page) -> AsyncIterator[str]:
    """What leaders and technicians have besides."""
    clerk.script("texts", done(needs_registration=True, most_segments=2, texts=[TEXT]))
    clerk.script("members", done(**MADE))
    await clerk.show(
        me=LEADER,
        members=MEMBERS,
        approvals=[APPROVAL],
        deputies=[{"user": "lan", "name": "Lan", "until": "2026-12-04"}],
    )
    await page.get_by_test_id("tab-office").dispatch_event("click")
    await page.get_by_test_id("texts-show").click()
    await page.get_by_test_id("text-READY-vi").click()
    await page.get_by_test_id("member-add").click()
    await page.get_by_test_id("member-form").wait_for()
    await page.get_by_test_id("retirement-ask").click()
    await page.get_by_test_id("retirement").wait_for()
    yield "a leader's forms"
    await page.get_by_test_id("member-renew-lan").click()
    clerk.script("members/lan/second-factor", done(**MADE))
    await page.get_by_test_id("member-own").fill("x")
    await page.get_by_test_id("member-code").fill("111111")
    await page.get_by_test_id("member-submit").click()
    await page.get_by_test_id("credentials").wait_for()
    yield "what a new member takes away"
    clerk.script("account/sessions", done(sessions=SESSIONS))
    await _click(page, "account-password")
    await page.get_by_test_id("account-wanted").wait_for(state="attached")
    yield "another password"
    await _click(page, "account-cancel")
    await _click(page, "account-sessions")
    await _click(page, "session-end-b2")
    await page.get_by_test_id("account-form").wait_for(state="attached")
    yield "where somebody is signed in"
    await _click(page, "account-cancel")
    moved = {"stage": "moving", "since": "2026-11-22T07:00:00+07:00", "by": "Lê Minh", "is_checked": True}
    await clerk.show(standing=moved, state="moving", approvals=[])
    await page.get_by_test_id("relocation-finish").wait_for()
    yield "a cabinet that is being moved"
    await clerk.show(me={**ME, "role": "technician"}, members=[])
    await page.get_by_test_id("members").wait_for(state="detached")
    yield "a technician's desk while the cabinet is moved"
