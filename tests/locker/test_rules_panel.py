"""What the panel's pins and the battery's time decide."""

from typing import Any

import pytest

from locker import events as ev
from locker.model import Panel
from locker.refusals import IntakeFull, PresenceNeeded, WrongStage
from locker.rules import alerts, intake, panel
from locker.rules.loading import Actor
from locker.rules.panel import Battery, Levels
from locker.rules.signals import signals
from tests.locker.story import CLERK, Story

MINUTE = 60_000
BATTERY = Battery(full_ms=30 * MINUTE, reserve_ms=15 * MINUTE, stop_ms=4 * MINUTE)
AWAY = Actor(user="lan", role="clerk", is_present=False)


def sense(story: Story, *, present: bool = False, **levels: Any) -> list[Any]:
    return story.then(panel.sensed(story.cabinet, Levels(**levels), is_staff_present=present))


def due(story: Story, *, contactor: bool = True) -> list[Any]:
    return story.then(panel.due(story.cabinet, BATTERY, story.uptime_ms, has_contactor=contactor))


@pytest.mark.parametrize(("part", "kind"), [("case", "case_opened"), ("service_door", "service_door_opened")])
def test_a_part_that_opens_with_nobody_there_is_an_incident_once(story: Story, part: ev.Part, kind: str) -> None:
    assert sense(story, **{part: True}) == [ev.CaseOpened(part=part, is_announced=False)]
    assert sense(story, **{part: True}) == []
    assert story.incidents() == [kind]
    assert sense(story, **{part: False}) == [ev.CaseClosed(part=part)]
    assert story.incidents() == [kind]
    assert story.cabinet.panel.opened == ()


@pytest.mark.parametrize("there", [{"present": True}, {"key": True}])
def test_opened_by_somebody_who_is_there_it_is_only_on_record(story: Story, there: dict[str, bool]) -> None:
    assert sense(story, service_door=True, **there) == [ev.CaseOpened(part="service_door", is_announced=True)]
    assert story.incidents() == []


def test_a_pin_that_is_not_wired_says_nothing(story: Story) -> None:
    assert sense(story) == []


def test_an_opened_case_is_told_at_night_to_duty_and_leader() -> None:
    assert alerts.AT_ONCE["case_opened"] == alerts.AT_ONCE["service_door_opened"] == "STAFF_CASE"
    assert "STAFF_CASE" in alerts.LEADER_TOO


def test_mains_lost_takes_nothing_new_below_the_reserve_and_stops_before_the_end(story: Story) -> None:
    assert sense(story, mains_lost=True) == [ev.MainsLost()]
    assert story.incidents() == ["mains_lost"]
    story.later(14 * 60)
    assert due(story) == []
    story.later(60)
    assert due(story) == [ev.ReserveReached()]
    assert due(story) == []
    story.later(11 * 60)
    assert due(story) == [ev.StopOrdered(cause="battery")]
    assert due(story) == []
    assert sense(story, mains_lost=False) == [ev.MainsReturned()]
    assert story.incidents() == []
    assert not story.cabinet.panel.is_on_reserve
    assert not story.cabinet.panel.is_stopping


def test_a_visit_at_a_door_is_let_finish_but_not_beyond_half_of_the_last_minutes(story: Story) -> None:
    sense(story, mains_lost=True)
    story.given(ev.GrantIssued(grant="g", compartment=1, purpose="collect", hand_over="h1", actor="citizen"))
    story.later(26 * 60)
    assert due(story) == [ev.ReserveReached()]
    story.later(119)
    assert due(story) == []
    story.later(1)
    assert due(story) == [ev.StopOrdered(cause="battery")]


def test_below_the_reserve_no_intake_is_taken_in(story: Story) -> None:
    story.given(ev.MainsLost(), ev.ReserveReached())
    request = intake.Offer(hand_over="h", grant="g", visit="v", size="S", reach="any", kind="new", person="p", bag="")
    with pytest.raises(IntakeFull) as refusal:
        intake.check_room(story.cabinet, request, total=4, moment=story.moment, policy=intake.Policy())
    assert refusal.value.reason == "power"


def test_used_battery_comes_back_four_times_slower() -> None:
    full = Panel(is_on_battery=True, spent_ms=0, since_uptime_ms=0)
    assert panel.spent_ms(full, 8 * MINUTE) == 8 * MINUTE
    back = Panel(is_on_battery=False, spent_ms=8 * MINUTE, since_uptime_ms=0)
    assert panel.spent_ms(back, 16 * MINUTE) == 4 * MINUTE
    assert panel.spent_ms(back, 60 * MINUTE) == 0
    assert panel.left_ms(full, BATTERY, 99 * MINUTE) == 0


def test_a_restart_on_battery_does_not_fill_it(story: Story) -> None:
    sense(story, mains_lost=True)
    story.later(20 * 60)
    story.restarted()
    assert panel.left_ms(story.cabinet.panel, BATTERY, story.uptime_ms) == 10 * MINUTE


def test_the_button_orders_the_same_stop(story: Story) -> None:
    assert sense(story, is_stop_asked=True) == [ev.StopOrdered(cause="button")]
    assert sense(story, is_stop_asked=True) == []
    assert not story.restarted().cabinet.panel.is_stopping


def test_a_coil_that_stays_on_takes_the_current_until_a_present_person_gives_it_back(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=3, cleared=True))
    assert due(story) == []
    story.given(ev.CoilStrayed(board="A1", coil=3, cleared=False))
    assert due(story, contactor=False) == []
    assert due(story) == [ev.LockSupplyCut(board="A1")]
    assert due(story) == []
    story.restarted()
    assert not signals(story.cabinet, story.moment).lock_supply
    with pytest.raises(PresenceNeeded):
        panel.restore_supply(story.cabinet, AWAY)
    story.then(panel.restore_supply(story.cabinet, CLERK))
    assert signals(story.cabinet, story.moment).lock_supply
    assert "lock_supply_cut" not in story.incidents()
    assert due(story) == []
    with pytest.raises(WrongStage):
        panel.restore_supply(story.cabinet, CLERK)


def test_a_present_person_sets_the_clock_while_no_time_server_does(story: Story) -> None:
    right = 1_800_000_000_000
    with pytest.raises(WrongStage):
        panel.set_clock(story.cabinet, CLERK, utc_ms=right)
    story.clock = "unset"
    story.restarted()
    with pytest.raises(PresenceNeeded):
        panel.set_clock(story.cabinet, AWAY, utc_ms=right)
    with pytest.raises(WrongStage):
        panel.set_clock(story.cabinet, CLERK, utc_ms=0)
    assert story.then(panel.set_clock(story.cabinet, CLERK, utc_ms=right)) == [
        ev.ClockSet(actor="lan", set_utc_ms=right)
    ]


def test_light_and_buzzer_follow_the_doors(story: Story) -> None:
    def now() -> tuple[bool, set[int], bool]:
        shown = signals(story.cabinet, story.moment)
        return shown.cabinet_light, set(shown.lit), shown.buzzer

    assert now() == (False, set(), False)
    story.given(ev.GrantIssued(grant="g", compartment=2, purpose="collect", hand_over="h1", actor="citizen"))
    assert now() == (True, {2}, True)
    story.later(0.2)
    assert now() == (True, {2}, False)
    story.given(ev.DoorOpened(grant="g", compartment=2, hand_over="h1"))
    story.later(20)
    assert now() == (True, {2}, True)
    story.later(1)
    assert now() == (True, {2}, False)
    story.later(19)
    assert now() == (True, {2}, True)


def test_the_alarm_of_an_opened_case_ends_by_itself(story: Story) -> None:
    sense(story, case=True)
    assert signals(story.cabinet, story.moment).buzzer
    assert not signals(story.cabinet, story.later(0.5).moment).buzzer
    assert not signals(story.cabinet, story.later(60).moment).buzzer


def test_the_battery_fills_four_times_slower_than_it_empties_in_whole_milliseconds() -> None:
    used = Panel(spent_ms=100, since_uptime_ms=50)
    told = [repr(panel.spent_ms(used, now)) for now in (50, 53, 54, 446, 450, 9_999)]
    assert told == ["100", "100", "99", "1", "0", "0"]
