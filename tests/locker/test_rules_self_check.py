"""What the cabinet finds when it looks at itself in the morning, and who hears of it."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from locker import events as ev
from locker.office_hours import OfficeHours, Span, VietnamesePublicDays
from locker.rules import alerts, notices, self_check
from tests.locker.story import Story

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OFFICE = OfficeHours(zone=ZONE, weekly=((Span(time(7, 30), time(17)),),) * 5 + ((), ()), public=VietnamesePublicDays())
ON_CALL = alerts.OnCall(duty=("duty",), leader=("leader",))
PLAN = self_check.Plan(zone=ZONE)
TRYING = self_check.Plan(zone=ZONE, canary="staff:canary:1")
GOOD: dict[ev.CheckLine, bool] = {"boards": True, "disk": True}
MONDAY = "2026-12-14"


def at(story: Story, clock: str, day: str = MONDAY) -> Story:
    utc_ms = int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE).timestamp() * 1000)
    return story.later((utc_ms - story.utc_ms) / 1000)


def look(story: Story, plan: self_check.Plan = PLAN, /, **seen: bool) -> list[Any]:
    parts: dict[ev.CheckLine, bool] = {**GOOD, **seen}  # type: ignore[dict-item]  # names are those of the lines
    return story.then(self_check.due(story.cabinet, story.moment, plan, seen=parts))


def test_it_looks_once_a_day_from_its_time_on(story: Story) -> None:
    assert look(at(story, "06:44")) == []
    assert look(at(story, "06:45")) == [
        ev.SelfCheckStarted(day=MONDAY),
        ev.SelfChecked(day=MONDAY, good=("boards", "clock", "disk", "doors")),
    ]
    told = story.cabinet.self_check
    assert told is not None
    assert (told.day, told.good, told.bad) == (MONDAY, ("boards", "clock", "disk", "doors"), ())
    assert look(at(story, "12:00")) == []
    assert look(at(story, "06:46", "2026-12-15"), disk=False) != []
    told = story.cabinet.self_check
    assert told is not None
    assert (told.day, told.good, told.bad) == ("2026-12-15", ("boards", "clock", "doors"), ("disk",))


def test_a_cabinet_that_starts_later_looks_then_but_not_in_its_first_minute(story: Story) -> None:
    at(story, "08:00").restarted()
    assert look(story.later(59)) == []
    assert look(story.later(1)) != []


def test_without_a_believed_clock_there_is_no_morning(story: Story) -> None:
    story.clock = "unset"
    assert look(at(story, "09:00")) == []


@pytest.mark.parametrize(
    ("given", "seen", "bad"),
    [
        ((), {"boards": False}, ("boards",)),
        ((), {"disk": False, "battery_clock": False}, ("battery_clock", "disk")),
        ((ev.DoorOpenedUnasked(compartment=2),), {}, ("doors",)),
        ((ev.SensorSuspected(compartment=3, cause="open_before_pulse"),), {}, ("doors",)),
        (
            (ev.SensorSuspected(compartment=3, cause="open_before_pulse"), ev.CompartmentClosed(3, "sensor", "lan")),
            {},
            (),
        ),
    ],
)
def test_each_line_is_red_for_its_own_reason(
    story: Story, given: tuple[ev.Event, ...], seen: dict[str, bool], bad: tuple[str, ...]
) -> None:
    at(story, "06:45").given(*given)
    assert look(story, **seen)[-1].bad == bad


def test_a_clock_that_is_not_synchronised_is_red(story: Story) -> None:
    story.clock = "holdover"
    assert look(at(story, "06:45"))[-1].bad == ("clock",)


def test_a_canary_that_arrives_makes_messages_green(story: Story) -> None:
    started, canary = look(at(story, "06:45"), TRYING)
    assert (started.canary, canary.template, canary.person) == (canary.notice, "STAFF_CANARY", "staff:canary:1")
    assert look(story.later(30), TRYING) == []
    story.then(notices.attempt(story.cabinet, canary.notice, gateway="g"))
    story.then(notices.sent(story.cabinet, canary.notice, gateway="g", provider_id="1", is_final=False))
    assert look(story.later(30), TRYING) == []
    story.then(notices.delivered(story.cabinet, canary.notice, is_reported=True))
    (checked,) = look(story, TRYING)
    assert ("sms" in checked.good, checked.bad) == (True, ())


@pytest.mark.parametrize("is_refused", [True, False])
def test_a_canary_that_is_refused_or_silent_for_ten_minutes_makes_them_red(story: Story, *, is_refused: bool) -> None:
    _started, canary = look(at(story, "06:45"), TRYING)
    if is_refused:
        story.then(notices.failed(story.cabinet, canary.notice, gateway="g", cause="x", is_final=True))
        assert story.cabinet.self_check is not None
        assert story.cabinet.self_check.outcome == "failed"
    else:
        assert look(story.later(599), TRYING) == []
        story.later(1)
    (checked,) = look(story, TRYING)
    assert checked.bad == ("sms",)
    assert story.incidents() == ["self_check"]


def test_a_canary_that_arrives_when_its_look_is_over_changes_nothing(story: Story) -> None:
    _started, canary = look(at(story, "06:45"), TRYING)
    look(story.later(600), TRYING)
    story.then(notices.delivered(story.cabinet, canary.notice, is_reported=True))
    assert story.cabinet.self_check is not None
    assert (story.cabinet.self_check.outcome, story.cabinet.self_check.bad) == ("", ("sms",))


def test_what_is_red_is_in_the_mornings_message_and_the_leader_gets_it_too(story: Story) -> None:
    look(at(story, "06:45"), boards=False)
    told: list[Any] = []
    at(story, "07:00")
    while facts := story.then(alerts.due(story.cabinet, story.moment, office=OFFICE, on_call=ON_CALL)):
        told += [(one.template, one.person, one.count) for one in facts if isinstance(one, ev.NoticeQueued)]
    assert told == [("STAFF_DIGEST", "duty", 1), ("STAFF_DIGEST", "leader", 1)]


def test_the_next_good_look_ends_the_incident_and_a_bad_one_leaves_one(story: Story) -> None:
    look(at(story, "06:45"), boards=False)
    look(at(story, "06:45", "2026-12-15"), disk=False)
    assert story.incidents() == ["self_check"]
    look(at(story, "06:45", "2026-12-16"))
    assert story.incidents() == []
