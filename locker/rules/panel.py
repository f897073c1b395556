"""What the pins of the panel mean.

A case or service door that opens while nobody of the staff is proved to stand at the cabinet is an incident and an
alert; opened by somebody who is, it is only on record. What was open when the cabinet started counts as opened now.

Mains lost: everything under way goes on. The battery is a time measured at commissioning; used time comes back four
times slower than it went. When no more than the reserve is left nothing new is taken in: a deposit needs a clerk's work
later, while a person who stands there with a code is still served. When no more than the last minutes are left the
computer is shut down in order, as soon as nobody stands at an open or opening door, and at half of those minutes in any
case: a power cut would come to the same, only without warning. The button of the supply orders the same stop.

A coil that cannot be switched off takes the current from every lock, by the contactor. Only a person who stands at the
cabinet and has looked gives it back; no restart does.

A present member of staff may set the clock while no time server does, to a time that can be right.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet, Panel
from locker.refusals import WrongStage
from locker.rules.loading import Actor, needs_presence

RECHARGED_SLOWER = 4
EARLIEST_UTC_MS = 1_790_000_000_000
LATEST_UTC_MS = 4_102_444_800_000


class Battery(msgspec.Struct, frozen=True):
    """Milliseconds on a full battery, those kept for what is under way, and those needed to shut down."""

    full_ms: int
    reserve_ms: int
    stop_ms: int


class Levels(msgspec.Struct, frozen=True):
    """What the pins show, settled; None where a pin is not wired."""

    case: bool | None = None
    service_door: bool | None = None
    mains_lost: bool | None = None
    key: bool | None = None
    is_stop_asked: bool = False


def spent_ms(panel: Panel, uptime_ms: int) -> int:
    """How much of the battery's time is used now."""
    passed = max(0, uptime_ms - panel.since_uptime_ms)
    if panel.is_on_battery:
        return panel.spent_ms + passed
    return max(0, panel.spent_ms - passed // RECHARGED_SLOWER)


def left_ms(panel: Panel, battery: Battery, uptime_ms: int) -> int:
    """How long the battery still carries the cabinet."""
    return max(0, battery.full_ms - spent_ms(panel, uptime_ms))


def sensed(cabinet: Cabinet, levels: Levels, *, is_staff_present: bool) -> ev.Decision:
    """The facts by which what the pins show differs from what is on record."""
    panel = cabinet.panel
    facts: list[ev.Event] = []
    parts: tuple[tuple[ev.Part, bool | None], ...] = (("case", levels.case), ("service_door", levels.service_door))
    for part, is_open in parts:
        if is_open and part not in panel.opened:
            facts.append(ev.CaseOpened(part=part, is_announced=is_staff_present or bool(levels.key)))
        if is_open is False and part in panel.opened:
            facts.append(ev.CaseClosed(part=part))
    if levels.mains_lost and not panel.is_on_battery:
        facts.append(ev.MainsLost())
    if levels.mains_lost is False and panel.is_on_battery:
        facts.append(ev.MainsReturned())
    if levels.is_stop_asked and not panel.is_stopping:
        facts.append(ev.StopOrdered(cause="button"))
    return ev.Decision(events=tuple(facts))


def due(cabinet: Cabinet, battery: Battery, uptime_ms: int, *, has_contactor: bool) -> ev.Decision:
    """What time and the boards make due: the reserve, the stop, the supply of the locks."""
    panel = cabinet.panel
    facts: list[ev.Event] = []
    if panel.is_on_battery:
        left = left_ms(panel, battery, uptime_ms)
        if left <= battery.reserve_ms and not panel.is_on_reserve:
            facts.append(ev.ReserveReached())
        is_last_call = left <= battery.stop_ms // 2
        if left <= battery.stop_ms and not panel.is_stopping and (is_last_call or not is_at_a_door(cabinet)):
            facts.append(ev.StopOrdered(cause="battery"))
    if has_contactor and panel.stuck and not panel.is_supply_cut:
        facts.append(ev.LockSupplyCut(board=panel.stuck))
    return ev.Decision(events=tuple(facts))


def is_at_a_door(cabinet: Cabinet) -> bool:
    """Whether somebody is at a door that is opening or open; one left open for long does not count."""
    return bool(cabinet.grants) or any(one.is_open and not one.is_left_open for one in cabinet.compartments.values())


def restore_supply(cabinet: Cabinet, actor: Actor) -> ev.Decision:
    """Give the locks their current back. Raises PresenceNeeded, WrongStage when it was not cut."""
    needs_presence(actor)
    if not cabinet.panel.is_supply_cut:
        raise WrongStage("the locks have their current")
    return ev.Decision(events=(ev.LockSupplyRestored(actor=actor.user),))


def set_clock(cabinet: Cabinet, actor: Actor, *, utc_ms: int) -> ev.Decision:
    """Put the new time on record.

    Raises PresenceNeeded; WrongStage when a time server sets the clock, or the time cannot be right.
    """
    needs_presence(actor)
    if cabinet.clock == "synced":
        raise WrongStage("a time server sets the clock")
    if not EARLIEST_UTC_MS <= utc_ms < LATEST_UTC_MS:
        raise WrongStage("this time cannot be right")
    return ev.Decision(events=(ev.ClockSet(actor=actor.user, set_utc_ms=utc_ms),))
