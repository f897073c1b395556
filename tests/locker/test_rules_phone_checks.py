"""How often a code is sent to a phone that somebody typed, and what an unchecked phone may still do."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from locker import events as ev
from locker.refusals import IntakeFull, TooManyAttempts
from locker.rules import intake, phone_checks
from tests.locker.story import Story

DAY_S = 24 * 3600


def ask(story: Story, person: str, *same_phone: str) -> list[ev.Event]:
    request = phone_checks.Ask(person=person)
    return story.then(phone_checks.ask(story.cabinet, request, same_phone, story.moment))


def test_a_code_for_a_phone_is_a_fact_a_message_and_the_row_of_its_number(story: Story) -> None:
    row = ev.PutPersonal(ref="p-0", kind="person", body={"phone": "+84912345678"})
    request = phone_checks.Ask(person="p-0", rows=(row,))
    assert phone_checks.ask(story.cabinet, request, (), story.moment) == ev.Decision(
        events=(
            ev.PhoneCheckAsked(person="p-0", is_known=False),
            ev.NoticeQueued(notice="p-0-otp", template="OTP", person="p-0", bundle=""),
        ),
        rows=(row,),
    )


def test_a_number_gets_three_codes_a_day(story: Story) -> None:
    for number in range(3):
        ask(story, f"p-{number}", *(f"p-{one}" for one in range(number)))
    with pytest.raises(TooManyAttempts) as refused:
        ask(story, "p-3", "p-0", "p-1", "p-2")
    assert refused.value.retry_after_s == DAY_S
    ask(story.later(DAY_S), "p-3", "p-0", "p-1", "p-2")


def test_strangers_get_thirty_codes_a_day_and_known_people_theirs_all_the_same(story: Story) -> None:
    for number in range(30):
        ask(story, f"p-{number}")
    with pytest.raises(TooManyAttempts):
        ask(story, "p-30")
    ask(story, "p-31", "p-of-a-result")


def test_a_restart_does_not_shorten_the_day(story: Story) -> None:
    for number in range(3):
        ask(story, f"p-{number}", "p-0", "p-1", "p-2")
    story.uptime_ms = 5_000
    story.given(ev.RunStarted(release="t"))
    with pytest.raises(TooManyAttempts):
        ask(story, "p-3", "p-0", "p-1", "p-2")


def test_the_fourth_unchecked_phone_is_refused_only_while_a_code_could_be_sent(story: Story) -> None:
    policy = intake.Policy(share_percent=100)
    for number in (1, 2, 3):
        name = f"i{number}"
        story.given(
            ev.IntakeOffered(hand_over=name, compartment=number, visit=name, kind="new", bag=f"B{number}"),
            ev.Deposited(hand_over=name, compartment=number, evidence="door_cycle", is_confirmed=True),
        )
    asked = intake.Offer(hand_over="i4", grant="g4", visit="w4", kind="new", size="S")

    def room(*, can_check: bool, is_phone_checked: bool = False) -> None:
        request = replace(asked, can_check=can_check, is_phone_checked=is_phone_checked)
        intake.check_room(story.cabinet, request, total=10, moment=story.moment, policy=policy)

    with pytest.raises(IntakeFull) as refused:
        room(can_check=True)
    assert refused.value.reason == "unverified"
    room(can_check=False)
    room(can_check=True, is_phone_checked=True)
