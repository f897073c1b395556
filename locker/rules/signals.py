"""What lights, buzzer and contactor show of the cabinet's state.

The light of the cabinet is on during a visit and while a door is open or opening, the light of a door while it is. The
buzzer beeps once when a door may be opened, so that it is found, and at 20 s and 40 s while it stands open. After a
case or service door was opened without staff it sounds for a minute. The contactor is closed unless the supply is cut.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet

BEEP_MS = 150
REMINDS_AT_MS = (20_000, 40_000)
REMINDER_MS = 1_000
ALARM_MS = 60_000
ALARM_STEP_MS = 500
ALARMS = ("case_opened", "service_door_opened")


class Signals(msgspec.Struct, frozen=True):
    """What is on; `lit` are compartments."""

    cabinet_light: bool
    lit: frozenset[int]
    buzzer: bool
    lock_supply: bool


def signals(cabinet: Cabinet, moment: ev.Moment) -> Signals:
    """What is to be on now."""
    lit = frozenset(
        {one.number for one in cabinet.compartments.values() if one.is_open and not one.is_left_open}
        | {grant.compartment for grant in cabinet.grants.values()}
    )
    return Signals(
        cabinet_light=cabinet.visit is not None or bool(lit),
        lit=lit,
        buzzer=_beeps(cabinet, moment.uptime_ms) or _alarms(cabinet, moment.utc_ms),
        lock_supply=not cabinet.panel.is_supply_cut,
    )


def _beeps(cabinet: Cabinet, now_ms: int) -> bool:
    if any(0 <= now_ms - grant.issued_uptime_ms < BEEP_MS for grant in cabinet.grants.values()):
        return True
    open_for = [now_ms - one.opened_uptime_ms for one in cabinet.compartments.values() if one.is_open]
    return any(at <= passed < at + REMINDER_MS for passed in open_for for at in REMINDS_AT_MS)


def _alarms(cabinet: Cabinet, utc_ms: int) -> bool:
    since = [utc_ms - one.opened_utc_ms for one in cabinet.incidents.values() if one.kind in ALARMS]
    return any(0 <= passed < ALARM_MS and passed // ALARM_STEP_MS % 2 == 0 for passed in since)
