"""Which messages wait for the morning, and until when."""

from __future__ import annotations

from datetime import datetime, time
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locker import events as ev
from locker.rules.quiet_hours import CAN_WAIT, Daytime, held_ms

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = Daytime(zone=ZONE)
HOUR_MS = 3_600_000


def at(text: str, clock: ev.Clock = "synced") -> ev.Moment:
    utc_ms = int(datetime.fromisoformat(f"2026-12-30T{text}").replace(tzinfo=ZONE).timestamp() * 1000)
    return ev.Moment(utc_ms=utc_ms, uptime_ms=0, run_id="r", clock=clock)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("07:30", 0), ("12:00", 0), ("19:59:59.999", 0), ("20:00", 11.5), ("23:30", 8), ("00:00", 7.5), ("06:30", 1)],
)
def test_what_can_wait_waits_for_the_morning(text: str, hours: float) -> None:
    for template in CAN_WAIT:
        assert held_ms(template, at(text), DAY) == hours * HOUR_MS


@pytest.mark.parametrize("template", sorted(set(get_args(ev.Template)) - CAN_WAIT))
def test_what_a_person_waits_for_and_what_an_owner_must_know_goes_at_any_hour(template: ev.Template) -> None:
    assert held_ms(template, at("03:00"), DAY) == 0


def test_with_a_clock_nobody_believes_everything_goes() -> None:
    assert held_ms("READY", at("03:00", "unset"), DAY) == 0
    assert held_ms("READY", at("03:00", "holdover"), DAY) > 0


def test_an_office_may_send_at_any_hour() -> None:
    assert held_ms("READY", at("03:00"), Daytime(zone=ZONE, starts=time(0), ends=time(0))) == 0


@given(st.integers(1_790_000_000_000, 1_830_000_000_000))
def test_at_the_instant_a_message_was_held_until_it_goes(utc_ms: int) -> None:
    moment = ev.Moment(utc_ms=utc_ms, uptime_ms=0, run_id="r")
    wait = held_ms("READY", moment, DAY)
    assert 0 <= wait <= 11.5 * HOUR_MS
    then = ev.Moment(utc_ms=utc_ms + wait, uptime_ms=wait, run_id="r")
    assert held_ms("READY", then, DAY) == 0
