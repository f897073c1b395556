"""Intakes in a real journal: what their messages say, how long their personal rows stay, and a rebuild from facts."""

from __future__ import annotations

from typing import Any

from locker import events as ev
from locker import messages, views
from locker.config import CabinetSection
from locker.retention import erase_due
from locker.rules.retention import Policy
from otp.texts import read_texts

DAY_MS = 24 * 3600 * 1000
WRITER = messages.Writer(texts=read_texts(), device_key=bytes(32), cabinet=CabinetSection(id="hoa-mai-01"))


async def left(hall: Any, *, promised: str = "2026-11-24", language: str = "vi") -> None:
    """A bag lies in compartment 1; its person has a phone."""
    person = {"name": "", "phone": "+84912345678", "language": language}
    await hall.record(
        ev.IntakeOffered(
            hand_over="i1", compartment=1, visit="w1", kind="new", bag="HS-000001", person="p-i1", promised=promised
        ),
        ev.GrantIssued(grant="g1", compartment=1, purpose="intake", hand_over="i1", actor="citizen", visit="w1"),
        rows=(ev.PutPersonal(ref="p-i1", kind="person", body=person),),
    )
    await hall.cycle("i1")
    await hall.record(
        ev.DroppedOff(hand_over="i1", compartment=1, evidence="door_cycle"),
        ev.Deposited(hand_over="i1", compartment=1, evidence="door_cycle", is_confirmed=True),
        notice("DROPPED"),
    )


def notice(template: ev.Template) -> ev.NoticeQueued:
    return ev.NoticeQueued(notice=f"i1-{template}", template=template, person="p-i1", bundle="", intake="i1")


async def taken_out(hall: Any, count: int = 2) -> None:
    await hall.record(ev.IntakeCollected(hand_over="i1", compartment=1, bag="HS-000001", count=count, actor="lan"))


async def text(hall: Any, template: ev.Template) -> str:
    cabinet = hall.cabinet
    queued = cabinet.notices[f"i1-{template}"]
    material = await hall.journal.read(lambda connection: messages.gather(connection, cabinet, queued))
    return WRITER.write(cabinet, queued, material).text


async def test_the_message_of_a_deposit_names_bag_closing_and_promised_day(hall: Any) -> None:
    await left(hall)
    hall.hand.pass_by(3_600_000)
    said = await text(hall, "DROPPED")
    assert "tui ho so HS-000001 luc " in said
    assert said.endswith("trong ngay 24/11/2026.")


async def test_a_day_that_nobody_could_promise_is_said_in_words(hall: Any) -> None:
    await left(hall, promised="")
    assert (await text(hall, "DROPPED")).endswith("trong ngay lam viec toi.")


async def test_the_message_of_a_registration_names_code_and_day_after_the_intake_is_over(hall: Any) -> None:
    await left(hall)
    await taken_out(hall)
    code = ev.PutPersonal(ref="d-1", kind="dossier", body={"code": "H29.190.5-261009-0007"})
    over = ev.IntakeAnswered(hand_over="i1", outcome="registered", actor="lan", dossier="d-1", appointment="2026-12-30")
    await hall.record(over, notice("ACCEPTED"), rows=(code,))
    assert hall.cabinet.intakes == {}
    said = await text(hall, "ACCEPTED")
    assert "ma ho so H29.190.5-261009-0007, hen tra 30/12/2026" in said


async def test_an_empty_bag_is_told_with_the_time_of_sending_in_the_persons_language(hall: Any) -> None:
    await left(hall, language="en")
    sent = hall.cabinet.intakes["i1"].sent_utc_ms
    hall.hand.pass_by(10 * 3_600_000)
    await taken_out(hall, count=0)
    await hall.record(notice("INTAKE_EMPTY"))
    said = await text(hall, "INTAKE_EMPTY")
    assert said.startswith("UBND P.Hoa Mai: Please check with us: bag HS-000001")
    assert sent == hall.hand.wall_ms - 10 * 3_600_000


async def person(hall: Any) -> bool:
    found = await hall.journal.read(lambda connection: views.people(connection, ["p-i1"]))
    return bool(found)


async def test_a_phone_stays_until_seven_days_after_the_answer(hall: Any) -> None:
    await left(hall)
    await hall.record(ev.NoticeDelivered(notice="i1-DROPPED"))
    policy = Policy(needs_ack=False)
    hall.hand.pass_by(60 * DAY_MS)
    await erase_due(hall.journal, policy=policy)
    assert await person(hall)
    await taken_out(hall)
    await hall.record(ev.IntakeAnswered(hand_over="i1", outcome="returned", actor="lan"))
    hall.hand.pass_by(6 * DAY_MS)
    await erase_due(hall.journal, policy=policy)
    assert await person(hall)
    hall.hand.pass_by(2 * DAY_MS)
    await erase_due(hall.journal, policy=policy)
    assert not await person(hall)


async def test_everybody_with_a_phone_is_found_by_it(hall: Any) -> None:
    await left(hall)
    read = hall.journal.read
    assert await read(lambda connection: views.with_phone(connection, "+84912345678")) == ("p-i1",)
    assert await read(lambda connection: views.with_phone(connection, "+84900000000")) == ()
    assert await read(lambda connection: views.with_phone(connection, "")) == ()


async def test_an_intake_survives_the_power(hall: Any) -> None:
    await left(hall)
    before = hall.cabinet.intakes["i1"]
    await hall.restart()
    after = hall.cabinet.intakes["i1"]
    assert (after.bag, after.sent_seq, after.deposited_seq) == (before.bag, before.sent_seq, before.deposited_seq)
    assert hall.cabinet.compartment(1).hand_over == "i1"
