"""Wishes through the inbox onto a real journal: whatever the centre says gets one answering fact."""

import asyncio
import unicodedata
from typing import Any

import pytest

from locker import events as ev
from locker import rows, views, wire
from locker.inbox import Inbox
from locker.refusals import ContradictsEarlier, OutOfOrder

PROCEDURE = "1.004873"


def announcement(number: int = 1, **changes: Any) -> dict[str, Any]:
    recipient = {"key": "k1", "name": "Nguyễn Thị Hoa", "phone": "0912345678"} | changes.pop("recipient", {})
    return {
        "result_id": f"r{number}",
        "dossier_code": f"H29.190.5-261008-{number:04}",
        "procedure_code": PROCEDURE,
        "items": [{"item_id": "i1", "label": "Giấy khai sinh"}],
        "recipient": recipient,
        "state": 9,
        "consent": True,
        "fee": "none",
        "deadline": "2030-12-31",
    } | changes


def wish(seq: int, kind: str, body: dict[str, Any], wish_id: str = "") -> wire.Wish:
    return wire.Wish(
        wish_seq=seq,
        wish_id=wish_id or f"w-{seq}",
        kind=kind,
        seen_through=0,
        issued_at="2026-10-08T14:05:09.120Z",
        body=body,
    )


@pytest.fixture
def inbox(hall: Any) -> Inbox:
    return Inbox(journal=hall.journal, device_key=b"k" * 32, procedures=[PROCEDURE])


async def person_of(hall: Any, result: str) -> dict[str, str] | None:
    ref = hall.cabinet.results[result].person
    found: dict[str, str] | None = await hall.journal.read(lambda connection: rows.personal(connection, ref))
    return found


async def last_fact(hall: Any) -> tuple[str, dict[str, Any]]:
    (fact,) = await hall.journal.envelopes(hall.cabinet.seq - 1, 1)
    return fact.type, fact.body


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("OpenEveryDoor", {"now": True}, "unknown-kind"),
        ("AnnounceResult", {"result_id": "r1"}, "invalid-request"),
        ("AnnounceResult", announcement(items=[]), "invalid-request"),
        ("AnnounceResult", announcement() | {"size": float("nan")}, "invalid-request"),
        ("AmendResult", {"result_id": "r1", "changed": {}}, "invalid-request"),
        ("AmendResult", {"result_id": ["r1"], "changed": {"fee": "paid"}}, "invalid-request"),
        ("AmendResult", {"result_id": "nobody", "changed": {"fee": "paid"}}, "unknown-result"),
        ("CancelResult", {"result_id": "nobody", "reason": "x"}, "unknown-result"),
    ],
)
async def test_a_wish_that_cannot_be_carried_out_is_answered_and_the_next_one_follows(
    hall: Any, inbox: Inbox, kind: str, body: dict[str, Any], reason: str
) -> None:
    assert await inbox.take(wish(1, kind, body)) == 1
    assert await last_fact(hall) == ("WishRefused", {"wish": 1, "wish_id": "w-1", "reason": reason})
    assert await inbox.take(wish(2, "AnnounceResult", announcement())) == 2
    assert "r1" in hall.cabinet.results


async def test_a_repeat_changes_nothing_and_other_content_under_its_number_contradicts(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    seq = hall.cabinet.seq
    assert await inbox.take(wish(1, "AnnounceResult", announcement())) == 1
    assert hall.cabinet.seq == seq
    with pytest.raises(ContradictsEarlier):
        await inbox.take(wish(1, "AnnounceResult", announcement(fee="paid")))
    with pytest.raises(ContradictsEarlier):
        await inbox.take(wish(1, "AnnounceResult", announcement(), wish_id="w-other"))
    with pytest.raises(OutOfOrder) as gap:
        await inbox.take(wish(3, "AnnounceResult", announcement(3)))
    assert gap.value.expected == 2


async def test_an_id_used_twice_is_refused_and_blocks_nothing(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement(1), wish_id="w-same"))
    await inbox.take(wish(2, "AnnounceResult", announcement(2), wish_id="w-same"))
    assert await last_fact(hall) == ("WishRefused", {"wish": 2, "wish_id": "w-same", "reason": "contradicts-earlier"})
    assert await inbox.take(wish(2, "AnnounceResult", announcement(2), wish_id="w-same")) == 2
    assert await inbox.take(wish(3, "AnnounceResult", announcement(3))) == 3


async def test_a_name_is_kept_composed_and_found_without_marks(hall: Any, inbox: Inbox) -> None:
    name = unicodedata.normalize("NFD", "Đặng Thị Ngọc Ánh")
    await inbox.take(wish(1, "AnnounceResult", announcement(recipient={"name": name})))
    person = await person_of(hall, "r1")
    assert person is not None
    assert person["name"] == unicodedata.normalize("NFC", name)
    (found,) = await hall.journal.read(lambda connection: views.search(connection, "dang ngoc anh"))
    assert found.result == "r1"


async def test_a_name_of_two_hundred_letters_is_kept_whole(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement(recipient={"name": "Ễ" * 200})))
    person = await person_of(hall, "r1")
    assert person is not None
    assert person["name"] == "Ễ" * 200


@pytest.mark.parametrize(
    ("phone", "kept", "is_flagged"),
    [
        ("0912 345 678", "+84912345678", False),
        ("+66 81 234 5678", "+66812345678", False),
        ("028 3829 1234", "", True),
        ("+49 30 901820", "", True),
        ("12", "", True),
        (None, "", True),
    ],
)
async def test_a_phone_that_takes_no_message_is_flagged_and_the_result_accepted(
    hall: Any, inbox: Inbox, phone: str | None, kept: str, is_flagged: bool
) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement(recipient={"phone": phone})))
    person = await person_of(hall, "r1")
    assert person is not None
    assert person["phone"] == kept
    assert ("no_mobile_phone" in hall.cabinet.results["r1"].flags) == is_flagged


async def test_a_dossier_code_of_unknown_shape_is_kept_as_it_is_and_flagged(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement(dossier_code="  hs 17/ubnd ")))
    assert hall.cabinet.results["r1"].flags == ("dossier_unknown_shape",)
    dossier = await hall.journal.read(lambda connection: rows.personal(connection, "d-r1"))
    assert dossier["code"] == "hs 17/ubnd"


async def test_a_change_without_a_phone_keeps_person_and_codes(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    person = hall.cabinet.results["r1"].person
    changed = {"deadline": "2031-01-31", "fee": "paid"}
    await inbox.take(wish(2, "AmendResult", {"result_id": "r1", "changed": changed}))
    assert hall.cabinet.results["r1"].person == person
    assert hall.cabinet.results["r1"].deadline == "2031-01-31"
    assert (await person_of(hall, "r1") or {})["phone"] == "+84912345678"


async def test_a_new_phone_is_a_new_person_with_the_old_name(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    before = hall.cabinet.results["r1"].person
    await inbox.take(wish(2, "AmendResult", {"result_id": "r1", "changed": {"phone": "0987654321"}}))
    assert hall.cabinet.results["r1"].person != before
    assert await person_of(hall, "r1") == {"name": "Nguyễn Thị Hoa", "phone": "+84987654321", "language": "vi"}
    await inbox.take(wish(3, "AmendResult", {"result_id": "r1", "changed": {"phone": None}}))
    assert (await person_of(hall, "r1") or {})["phone"] == ""


async def test_a_new_language_goes_with_the_person_and_ends_no_code(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    before = hall.cabinet.results["r1"].person
    await inbox.take(wish(2, "AmendResult", {"result_id": "r1", "changed": {"language": "en"}}))
    assert hall.cabinet.results["r1"].person == before
    assert (await person_of(hall, "r1") or {})["language"] == "en"


async def test_a_change_that_meets_an_open_door_waits_for_it_to_close(hall: Any, inbox: Inbox) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    await hall.load("r1")
    await hall.record(
        ev.GrantIssued(grant="g2", compartment=1, purpose="collect", hand_over="h-r1", actor="citizen"),
        ev.DoorOpened(compartment=1, grant="g2", hand_over="h-r1"),
    )
    waiting = asyncio.create_task(
        inbox.take_when_closed(wish(2, "CancelResult", {"result_id": "r1", "reason": "taken at the counter"}))
    )
    await hall.record(ev.ClockTrusted(clock="synced"))
    assert hall.cabinet.wish_seq == 1
    await hall.record(
        ev.DoorClosed(compartment=1, hand_over="h-r1"),
        ev.Collected(hand_over="h-r1", compartment=1, results=("r1",), evidence="door_cycle"),
    )
    async with asyncio.timeout(5):
        assert await waiting == 2
    assert (await last_fact(hall))[0] == "CancelConflicted"


async def test_a_result_that_was_collected_is_not_expected_again_and_a_reclaimed_one_is(
    hall: Any, inbox: Inbox
) -> None:
    await inbox.take(wish(1, "AnnounceResult", announcement(1)))
    await inbox.take(wish(2, "AnnounceResult", announcement(2)))
    await hall.load("r1")
    await hall.collect("h-r1")
    await hall.load("r2")
    await hall.record(ev.Reclaimed(hand_over="h-r2", compartment=1, results=("r2",), actor="lan"))
    await inbox.take(wish(3, "AnnounceResult", announcement(1)))
    assert (await last_fact(hall))[1]["reason"] == "contradicts-earlier"
    await inbox.take(wish(4, "AnnounceResult", announcement(2)))
    assert "r2" in hall.cabinet.results


@pytest.mark.parametrize(("paper", "flags"), [("4417", {"second_check"}), (None, {"second_check", "no_paper_known"})])
async def test_a_second_check_goes_with_the_result_and_says_when_it_cannot_be_made(
    hall: Any, inbox: Inbox, paper: str | None, flags: set[str]
) -> None:
    body = announcement(recipient={"id_last4": paper}) | {"second_check": True}
    await inbox.take(wish(1, "AnnounceResult", body))
    assert flags <= set(hall.cabinet.results["r1"].flags)
    assert ("no_paper_known" in hall.cabinet.results["r1"].flags) is (paper is None)
    person = await person_of(hall, "r1")
    assert person is not None
    assert ("id_hash" in person) is (paper is not None)
    assert "4417" not in person.values()


async def test_what_two_people_handle_is_marked_when_it_is_announced(hall: Any) -> None:
    inbox = Inbox(journal=hall.journal, device_key=b"k" * 32, procedures=[PROCEDURE], two_people=[PROCEDURE])
    await inbox.take(wish(1, "AnnounceResult", announcement()))
    assert "two_people" in hall.cabinet.results["r1"].flags


async def test_an_organisation_is_found_by_any_of_its_phones(hall: Any, inbox: Inbox) -> None:
    body = announcement(recipient={"more_phones": ["0987 654 321", "0912345678", "02838291234"]})
    await inbox.take(wish(1, "AnnounceResult", body))
    person = await person_of(hall, "r1")
    assert person is not None
    assert (person["phone"], person["more_phones"]) == ("+84912345678", "+84987654321")
    assert hall.cabinet.results["r1"].phones == 2
    ref = hall.cabinet.results["r1"].person
    for phone, found in (("+84912345678", (ref,)), ("+84987654321", (ref,)), ("+8498765432", ())):
        assert await hall.journal.read(lambda connection, one=phone: views.with_phone(connection, one)) == found
    changed = {"phone": "0911111111", "more_phones": []}
    await inbox.take(wish(2, "AmendResult", {"result_id": "r1", "changed": changed}))
    person = await person_of(hall, "r1")
    assert person is not None
    assert (person["phone"], person.get("more_phones")) == ("+84911111111", None)
    assert hall.cabinet.results["r1"].phones == 1


async def test_after_another_device_key_a_wish_that_comes_again_is_known_by_its_id(hall: Any, inbox: Inbox) -> None:
    first, second = wish(1, "AnnounceResult", announcement(1)), wish(2, "CancelResult", {"result_id": "r1"})
    await inbox.take(first)
    under_another = Inbox(journal=hall.journal, device_key=b"n" * 32, procedures=[PROCEDURE])
    with pytest.raises(ContradictsEarlier):
        await under_another.take(first)
    await hall.journal.record(lambda *_: ev.Decision(rows=(ev.EraseDigests(),)))
    seq = hall.cabinet.seq
    assert await under_another.take(first) == 1
    assert hall.cabinet.seq == seq, "carried out once"
    with pytest.raises(ContradictsEarlier):
        await under_another.take(wish(1, "AnnounceResult", announcement(1), wish_id="w-other"))
    assert await under_another.take(second) == 2
    with pytest.raises(ContradictsEarlier):
        await under_another.take(wish(2, "CancelResult", {"result_id": "r2"}))
