"""The notices worker on a real journal, with the file gateway and the real Twilio client on a wire."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.config import CabinetSection
from locker.notices import Notices
from locker.refusals import WrongStage
from locker.rules import delegates
from locker.rules.quiet_hours import Daytime
from otp import codes, sealing
from otp.file_gateway import FileGateway
from otp.gateway import SmsGateway
from otp.texts import read_texts

KEY = b"k" * 32
CHEAP = sealing.Argon2Cost(memory_kib=8)
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


class Post:
    """One worker and its gateways; `boxes` are the outboxes of file gateways."""

    def __init__(self, hall: Any, *gateways: SmsGateway, folder: Path) -> None:
        self.hall = hall
        self.folder = folder
        self.gateways = gateways
        self.notices = self.start()

    def start(self, day: Daytime | None = None) -> Notices:
        self.notices = Notices(
            journal=self.hall.journal,
            gateways=self.gateways,
            texts=read_texts(),
            device_key=KEY,
            cabinet=CabinetSection(id="hoa-mai-01"),
            clock=self.hall.clock.moment,
            draw=os.urandom,
            day=day,
            staff_phones={"staff:duty:1": "+84901234567"},
            cost=CHEAP,
            pause_s=0.01,
        )
        return self.notices

    async def settle(self) -> None:
        """Everything that is due now."""
        while True:
            seq = self.hall.cabinet.seq
            await self.notices.turn()
            if self.hall.cabinet.seq == seq:
                return

    async def wait(self, ms: int) -> None:
        """Time passes, and what it makes due is done."""
        self.hall.hand.pass_by(ms)
        await self.settle()

    def texts(self) -> list[str]:
        box = self.folder / "outbox.jsonl"
        if not box.exists():
            return []
        return [json.loads(line)["text"] for line in box.read_text(encoding="utf-8").splitlines()]


def file_gateway(folder: Path, name: str = "file") -> FileGateway:
    gateway = FileGateway(directory=folder, utc=lambda: 0.0)
    gateway.name = name
    return gateway


def shut(folder: Path) -> None:
    """The gateway's disk is away: a file stands where its directory should be."""
    folder.write_text("not a directory")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sms"


@pytest.fixture
def post(hall: Any, folder: Path) -> Post:
    return Post(hall, file_gateway(folder), folder=folder)


@pytest.fixture
def twilio_post(hall: Any, folder: Path, gateway_with: Callable[..., SmsGateway]) -> Post:
    """Twilio first, the file next."""
    return Post(hall, gateway_with(), file_gateway(folder), folder=folder)


def kinds(hall: Any) -> list[str]:
    return [one.kind for one in hall.cabinet.incidents.values()]


def code_in(text: str) -> str:
    found = next(part for part in text.replace(",", " ").replace(".", " ").split("MA MO TU ")[1:])
    return "".join(mark for mark in found if mark.isdigit())[:12]


async def facts_of(hall: Any, kind: str) -> list[dict[str, Any]]:
    return [one.body for one in await hall.journal.envelopes(0, 500) if one.type == kind]


async def sealed(hall: Any) -> int:
    count: int = await hall.journal.read(
        lambda connection: connection.execute("SELECT count(*) FROM code WHERE sealed IS NOT NULL").get
    )
    return count


async def test_a_closed_round_sends_one_message_with_a_code_that_is_accepted(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1), closes_round=False)
    await post.settle()
    assert not hall.cabinet.codes
    await hall.record(ev.RoundClosed(actor="timer"))
    await post.settle()
    (text,) = post.texts()
    assert "ho so 261008-0001" in text
    assert isinstance(codes.parse(code_in(text)), codes.Typed)
    await post.wait(2_000)
    assert not hall.cabinet.notices
    assert not await sealed(hall)


async def test_a_gateway_that_is_away_gets_the_same_code_when_it_is_back(hall: Any, post: Post, folder: Path) -> None:
    shut(folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    assert [post.notices.is_online] == [False]
    code = hall.notice.code
    for _ in range(12 * 60):
        await post.wait(MINUTE)
    attempts = await facts_of(hall, "NoticeAttempted")
    assert 50 < len(attempts) < 200
    folder.unlink()
    await post.wait(6 * MINUTE)
    assert len(post.texts()) == 1
    assert post.notices.is_online
    assert [one["code"] for one in await facts_of(hall, "CodeMinted")] == [code]


async def test_after_a_day_without_an_outcome_a_clerk_is_told_and_the_secret_is_gone(
    hall: Any, post: Post, folder: Path
) -> None:
    shut(folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    await post.wait(DAY - MINUTE)
    assert not kinds(hall)
    assert await sealed(hall) == 1
    await post.wait(MINUTE)
    assert kinds(hall) == ["notice_failed"]
    assert not await sealed(hall)
    assert hall.cabinet.codes


async def test_many_messages_ask_a_gateway_that_is_away_once_a_rest(hall: Any, post: Post, folder: Path) -> None:
    shut(folder)
    for number in range(1, 6):
        await hall.load(await hall.announce(number, recipient=f"k{number}"), compartment=number)
    await post.settle()
    assert len(await facts_of(hall, "NoticeAttempted")) == 1
    folder.unlink()
    await post.wait(5_000)
    assert len(post.texts()) == 5


async def test_a_message_of_unknown_outcome_is_looked_up_and_not_sent_twice(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    fake_twilio.created_at = fake_twilio.created_at.fromtimestamp(
        hall.hand.wall_ms / 1000, tz=fake_twilio.created_at.tzinfo
    )
    await hall.load(await hall.announce(1))
    fake_twilio.next_answer = "cut"
    await twilio_post.settle()
    assert hall.notice.stage == "attempted"
    await twilio_post.wait(29_000)
    assert [kind for kind, *_ in fake_twilio.requests] == ["POST"]
    await twilio_post.wait(1_000)
    assert hall.notice.stage == "sent"
    assert len(fake_twilio.messages) == 1
    assert not twilio_post.texts()


async def test_a_power_cut_between_intent_and_answer_ends_in_a_look_up_with_the_first_time(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    fake_twilio.created_at = fake_twilio.created_at.fromtimestamp(
        hall.hand.wall_ms / 1000, tz=fake_twilio.created_at.tzinfo
    )
    await hall.load(await hall.announce(1))
    fake_twilio.next_answer = "cut"
    await twilio_post.settle()
    hall.hand.pass_by(3 * 60 * MINUTE)
    await hall.restart()
    twilio_post.start()
    await twilio_post.settle()
    assert hall.notice.stage == "attempted"
    await twilio_post.wait(30_000)
    assert hall.notice.stage == "sent"
    assert len(fake_twilio.messages) == 1


async def test_a_look_up_that_fails_is_paced_and_nothing_is_sent_meanwhile(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    fake_twilio.next_answer = "cut"
    await twilio_post.settle()
    for _ in range(10):
        fake_twilio.fail(503)
        await twilio_post.wait(30_000)
    asked = [kind for kind, *_ in fake_twilio.requests]
    assert asked.count("POST") == 1
    assert 2 <= asked.count("GET") <= 4


async def test_a_message_that_was_not_taken_after_all_goes_out_again_with_the_same_code(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    fake_twilio.next_answer = "cut"
    await twilio_post.settle()
    first = fake_twilio.messages.pop()["body"]
    await twilio_post.wait(30_000)
    assert [one["body"] for one in fake_twilio.messages] == [first]


@pytest.mark.parametrize("code", [20003, 21610, 30007])
async def test_a_final_refusal_sends_the_same_code_by_the_next_gateway(
    hall: Any, twilio_post: Post, fake_twilio: Any, code: int
) -> None:
    await hall.load(await hall.announce(1))
    fake_twilio.fail(400, code)
    await twilio_post.settle()
    ((_, form, _),) = fake_twilio.requests
    assert twilio_post.texts() == [form["Body"]]
    assert not kinds(hall)


async def test_a_gateway_that_is_busy_rests_as_long_as_it_asked_and_the_next_one_carries(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    fake_twilio.fail(429, headers={"Retry-After": "600"})
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    assert len(twilio_post.texts()) == 1
    await twilio_post.wait(9 * MINUTE)
    await hall.load(await hall.announce(2, recipient="k2"), compartment=2)
    await twilio_post.settle()
    assert len(fake_twilio.requests) == 1
    await twilio_post.wait(MINUTE)
    await hall.load(await hall.announce(3, recipient="k3"), compartment=3)
    await twilio_post.settle()
    assert len(fake_twilio.messages) == 1


async def test_a_phone_out_of_reach_is_tried_as_often_as_that_failure_bears_then_by_the_next_gateway(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    for tries in range(1, 4):
        fake_twilio.messages[0].update(status="undelivered", error_code=30003)
        await twilio_post.wait(2_000)
        assert len(fake_twilio.messages) == tries
        assert bool(twilio_post.texts()) == (tries == 3)
        await twilio_post.wait(10 * MINUTE)
    assert len({form["Body"] for _, form, _ in fake_twilio.requests if "To" in form}) == 1
    assert {one["body"] for one in fake_twilio.messages} == {""}
    assert not kinds(hall)


async def test_a_text_is_deleted_at_the_provider_before_its_outcome_is_on_record(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    fake_twilio.messages[0]["status"] = "delivered"
    fake_twilio.is_erasing_refused = True
    await twilio_post.wait(2_000)
    assert hall.cabinet.notices
    assert fake_twilio.messages[0]["body"]
    fake_twilio.is_erasing_refused = False
    twilio_post.start()
    await twilio_post.wait(10_000)
    assert not hall.cabinet.notices
    assert fake_twilio.messages[0]["body"] == ""
    assert [one.get("is_reported", True) for one in await facts_of(hall, "NoticeDelivered")] == [True]


async def test_when_every_gateway_has_refused_a_clerk_is_told(
    hall: Any, folder: Path, gateway_with: Callable[..., SmsGateway], fake_twilio: Any
) -> None:
    post = Post(hall, gateway_with(), folder=folder)
    await hall.load(await hall.announce(1))
    fake_twilio.fail(400, 21610)
    await post.settle()
    assert kinds(hall) == ["notice_failed"]
    assert not hall.cabinet.notices
    assert not await sealed(hall)


async def test_who_asks_for_a_new_code_gets_it_by_the_other_gateway(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    (bundle,) = hall.cabinet.bundles
    await twilio_post.notices.mint_again(bundle)
    await twilio_post.settle()
    assert len(fake_twilio.messages) == 1
    (text,) = twilio_post.texts()
    assert code_in(text.replace("MOI ", "")) not in fake_twilio.messages[0]["body"].replace(" ", "")


async def test_a_new_code_that_was_asked_for_at_the_kiosk_goes_out_by_the_other_gateway(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    await hall.record(ev.NewCodeAsked(bundles=tuple(hall.cabinet.bundles)))
    await twilio_post.settle()
    assert len(fake_twilio.messages) == 1
    (text,) = twilio_post.texts()
    assert "MA MO TU MOI" in text


async def test_the_message_of_a_revoked_code_is_never_sent(hall: Any, post: Post, folder: Path) -> None:
    shut(folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    (code,) = hall.cabinet.codes.values()
    await hall.record(
        ev.CodesRevoked(bundle=code.bundle, codes=(code.code,), cause="amended"),
        rows=(ev.EraseCode(code=code.code),),
    )
    folder.unlink()
    await post.wait(MINUTE)
    (text,) = post.texts()
    assert "Ma cu khong dung nua" in text
    assert hall.cabinet.codes.keys() != {code.code}


async def test_a_message_that_waited_names_only_what_is_still_inside(hall: Any, post: Post, folder: Path) -> None:
    shut(folder)
    first, second = await hall.announce(1), await hall.announce(2)
    taken = await hall.load(first, closes_round=False)
    await hall.load(second, compartment=2)
    await post.settle()
    assert hall.notice.template == "READY_BUNDLE"
    await hall.record(ev.Reclaimed(hand_over=taken, compartment=1, results=(first,), actor="lan"))
    folder.unlink()
    await post.wait(MINUTE)
    assert any("nhan 1 ket qua" in text for text in post.texts())


def sleep(post: Post) -> int:
    """People sleep from now on for eight hours; the milliseconds until they wake."""
    now = datetime.fromtimestamp(post.hall.hand.wall_ms / 1000, UTC)
    post.start(Daytime(zone=ZoneInfo("UTC"), starts=(now + timedelta(hours=8)).time(), ends=time(23, 59, 59)))
    return 8 * 60 * MINUTE


async def test_what_can_wait_goes_in_the_morning_and_what_was_asked_for_at_once(hall: Any, post: Post) -> None:
    night = sleep(post)
    await hall.load(await hall.announce(1))
    await post.wait(night - 1)
    assert post.texts() == []
    (bundle,) = hall.cabinet.bundles
    await post.notices.mint_again(bundle)
    await post.settle()
    assert ["MA MO TU MOI" in text for text in post.texts()] == [True]
    await post.wait(1)
    assert len(post.texts()) == 2


async def test_an_outage_that_ends_at_night_wakes_nobody(hall: Any, post: Post, folder: Path) -> None:
    shut(folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    night = sleep(post)
    folder.unlink()
    for _ in range(7):
        await post.wait(60 * MINUTE)
    assert post.texts() == []
    await post.wait(night - 7 * 60 * MINUTE)
    assert len(post.texts()) == 1


async def test_a_message_held_over_night_is_not_sent_when_its_result_was_collected(hall: Any, post: Post) -> None:
    night = sleep(post)
    hand_over = await hall.load(await hall.announce(1))
    await post.settle()
    await hall.collect(hand_over)
    await post.wait(night)
    assert post.texts() == []
    assert (hall.cabinet.notices, kinds(hall), await sealed(hall)) == ({}, [], 0)


async def test_a_reminder_overtaken_by_its_collection_is_dropped(hall: Any, post: Post, folder: Path) -> None:
    hand_over = await hall.load(await hall.announce(1))
    await post.wait(2_000)
    before = len(post.texts())
    await hall.collect(hand_over)
    await hall.record(
        ev.NoticeQueued(notice="n-remind", template="REMIND", person="p-r1-1", bundle="", results=("r1",), step=1)
    )
    await post.settle()
    assert len(post.texts()) == before
    assert (hall.cabinet.notices, kinds(hall)) == ({}, [])
    assert [one["cause"] for one in await facts_of(hall, "NoticeDropped")] == ["nothing_inside"]


async def test_a_reminder_names_the_dossier_and_the_last_day(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1))
    await post.wait(2_000)
    await hall.record(
        ev.NoticeQueued(notice="n-remind", template="REMIND", person="p-r1-1", bundle="", results=("r1",), step=1)
    )
    await post.settle()
    assert "261008-0001 con trong tu 24/7 den het 31/12/2030" in post.texts()[-1]


def counter_instead() -> ev.NoticeQueued:
    return ev.NoticeQueued(notice="n-c", template="COUNTER_INSTEAD", person="p-r1-1", bundle="", results=("r1",))


async def test_who_is_sent_to_the_counter_reads_of_the_dossier(hall: Any, post: Post) -> None:
    await hall.announce(1)
    await hall.record(counter_instead())
    await post.settle()
    assert "261008-0001 da co, khong de duoc trong tu 24/7" in post.texts()[0]


async def test_nobody_is_sent_to_the_counter_for_what_was_loaded_meanwhile(hall: Any, post: Post) -> None:
    await hall.announce(1)
    await hall.record(counter_instead())
    await hall.load("r1", closes_round=False)
    await post.settle()
    assert post.texts() == []
    assert (hall.cabinet.notices, kinds(hall)) == ({}, [])


def alert(incident: int) -> ev.NoticeQueued:
    return ev.NoticeQueued(
        notice="n-s", template="STAFF_DOOR", person="staff:duty:1", bundle="", incident=incident, count=1
    )


async def test_staff_read_of_compartment_time_and_incident(hall: Any, post: Post) -> None:
    await hall.record(ev.LeftOpen(compartment=7, hand_over=""))
    (incident,) = hall.cabinet.incidents
    await hall.record(alert(incident))
    await post.settle()
    at = datetime.fromtimestamp(hall.hand.wall_ms / 1000, ZoneInfo("Asia/Ho_Chi_Minh")).strftime("%H:%M %d/%m/%Y")
    assert post.texts() == [
        f"TU 24/7 UBND P.Hoa Mai: ngan 7 mo qua 10 phut, luc {at}. Can kiem tra. Ma su co {incident}."
    ]


async def test_an_incident_that_was_closed_before_its_message_went_out_is_not_told(hall: Any, post: Post) -> None:
    await hall.record(ev.LeftOpen(compartment=7, hand_over=""))
    (incident,) = hall.cabinet.incidents
    await hall.record(alert(incident), ev.IncidentClosed(incident=incident, actor="lan"))
    await post.settle()
    assert (post.texts(), hall.cabinet.notices, kinds(hall)) == ([], {}, [])


async def test_a_person_without_a_phone_is_an_incident_for_a_clerk(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1, phone="02838291234"))
    await post.settle()
    assert kinds(hall) == ["notice_failed"]
    assert [one["cause"] for one in await facts_of(hall, "NoticeFailed")] == ["no_phone"]


async def test_a_person_who_was_erased_hears_nothing_and_ends_no_process(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1))
    person = hall.cabinet.results["r1"].person
    await hall.record(ev.ClockTrusted(clock="synced"), rows=(ev.ErasePersonal(ref=person),))
    await post.settle()
    assert not post.texts()
    assert kinds(hall) == ["notice_failed"]


async def test_a_secret_that_was_erased_before_it_went_out_is_an_incident_and_the_next_message_goes(
    hall: Any, post: Post, folder: Path
) -> None:
    shut(folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    await hall.record(ev.ClockTrusted(clock="synced"), rows=(ev.EraseSealed(code=hall.notice.code),))
    folder.unlink()
    await hall.load(await hall.announce(2, recipient="k2"), compartment=2)
    await post.wait(MINUTE)
    assert kinds(hall) == ["notice_failed"]
    assert [one["cause"] for one in await facts_of(hall, "NoticeFailed")][-1] == "code_over"
    assert ["0002" in text for text in post.texts()] == [True]


async def test_a_message_about_what_is_over_speaks_the_language_of_its_person(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1, language="en"))
    await post.settle()
    person = hall.cabinet.results["r1"].person
    told = ev.NoticeQueued(notice="n-told", template="EXPIRED", person=person, bundle="", results=("r1",))
    await hall.record(ev.Reclaimed(hand_over="h-r1", compartment=1, results=("r1",), actor="lan"), told)
    await post.settle()
    assert "is at the counter" in post.texts()[-1]


async def test_a_receipt_of_a_time_nobody_believes_says_so(hall: Any, post: Post) -> None:
    await hall.load(await hall.announce(1))
    await post.settle()
    hall.hand.wall_ms, hall.hand.trust = 1_000, "unset"
    person = hall.cabinet.results["r1"].person
    told = ev.NoticeQueued(notice="n-told", template="COLLECTED", person=person, bundle="", results=("r1",))
    await hall.record(told)
    await post.settle()
    assert "(gio chua xac nhan)" in post.texts()[-1]


async def test_a_delivery_nobody_reports_is_closed_after_a_day_and_not_called_delivered(
    hall: Any, twilio_post: Post, fake_twilio: Any
) -> None:
    await hall.load(await hall.announce(1))
    await twilio_post.settle()
    await twilio_post.wait(DAY)
    assert fake_twilio.messages[0]["body"] == ""
    assert not hall.cabinet.notices
    assert not await sealed(hall)
    assert [one["is_reported"] for one in await facts_of(hall, "NoticeDelivered")] == [False]
    assert not kinds(hall)


async def test_nobody_gets_a_code_by_request_before_the_first_message(hall: Any, post: Post) -> None:
    with pytest.raises(WrongStage):
        await post.notices.mint_again("b-none")


async def test_on_a_full_disk_nothing_is_sent_and_the_worker_goes_on_when_there_is_room(
    tight_hall: Any, disk: Any, folder: Path
) -> None:
    post = Post(tight_hall, file_gateway(folder), folder=folder)
    await tight_hall.load(await tight_hall.announce(1))
    disk.is_full = True
    worker = asyncio.create_task(post.notices.run())
    async with asyncio.timeout(5):
        while not tight_hall.journal.is_read_only:
            await tight_hall.journal.read(lambda _: None)
        assert not post.texts()
        disk.is_full = False
        cabinet = tight_hall.cabinet
        while not post.texts():
            cabinet = await tight_hall.journal.changed(cabinet.seq)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_a_delegate_gets_a_code_of_their_own_and_the_owner_is_told(hall: Any, post: Post) -> None:
    result = await hall.announce(1)
    await hall.load(result)
    await post.settle()
    row = ev.PutPersonal(ref="g-1", kind="person", body={"name": "Bình", "phone": "+84987654321", "language": "vi"})
    named = ev.DelegateNamed(wish=hall.cabinet.wish_seq + 1, result=result, delegate="g-1")
    await hall.record(named, *delegates.told(hall.cabinet, hall.cabinet.results[result], "g-1"), rows=(row,))
    await post.settle()
    told = next(text for text in post.texts() if "uy quyen" in text)
    theirs = next(text for text in post.texts() if "nhan ho ho so" in text)
    assert "cuoi 321" in told
    assert code_in(theirs) != code_in(post.texts()[0])
    assert sorted(code.holder for code in hall.cabinet.codes.values()) == ["delegate", "owner"]


async def test_every_phone_of_an_organisation_reads_the_same_code(hall: Any, post: Post, folder: Path) -> None:
    await hall.announce(1)
    result = hall.cabinet.results["r1"]
    row = ev.PutPersonal(
        ref="p-org", kind="person", body={"name": "Công ty", "phone": "+84901234567", "more_phones": "+84912345678"}
    )
    amended = ev.ResultAmended(wish=hall.cabinet.wish_seq + 1, result=result.result, person="p-org", phones=2)
    await hall.record(amended, rows=(row,))
    await hall.load("r1")
    await post.settle()
    box = [json.loads(line) for line in (folder / "outbox.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["recipient"] for line in box] == ["+84901234567", "+84912345678"]
    assert box[0]["text"] == box[1]["text"]
    assert await sealed(hall) == 0


@pytest.fixture
def calling_post(hall: Any, folder: Path, gateway_with: Callable[..., SmsGateway], twilio_calls: SmsGateway) -> Post:
    """Twilio's messages first, the file next, and Twilio's calls."""
    return Post(hall, gateway_with(), file_gateway(folder), twilio_calls, folder=folder)


async def test_who_asks_twice_for_a_new_code_is_called(hall: Any, calling_post: Post, fake_twilio: Any) -> None:
    await hall.load(await hall.announce(1))
    await calling_post.settle()
    for _ in range(2):
        await hall.record(ev.NewCodeAsked(bundles=tuple(hall.cabinet.bundles)))
        await calling_post.settle()
    assert [len(fake_twilio.messages), len(calling_post.texts()), len(fake_twilio.calls)] == [1, 1, 1]
    fake_twilio.calls[0]["status"] = "completed"
    fake_twilio.messages[0]["status"] = "delivered"
    await calling_post.wait(MINUTE)
    assert hall.cabinet.notices == {}
    assert await sealed(hall) == 0


async def test_a_new_code_is_called_out_when_no_message_goes(
    hall: Any, calling_post: Post, fake_twilio: Any, folder: Path
) -> None:
    await hall.load(await hall.announce(1))
    await calling_post.settle()
    shut(folder)
    await hall.record(ev.NewCodeAsked(bundles=tuple(hall.cabinet.bundles)))
    fake_twilio.fail(400, 21610)
    await calling_post.settle()
    assert len(fake_twilio.calls) == 1


async def test_a_result_that_is_ready_rings_nobody(hall: Any, folder: Path, twilio_calls: SmsGateway) -> None:
    shut(folder)
    post = Post(hall, file_gateway(folder), twilio_calls, folder=folder)
    await hall.load(await hall.announce(1))
    await post.settle()
    assert hall.notice.stage == "queued"
