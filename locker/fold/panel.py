"""The case opens and closes, mains goes and comes, the locks lose and get their current."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import open_incident
from locker.model import Cabinet, Panel
from locker.rules.panel import spent_ms


def _panel(cabinet: Cabinet, **fields: Any) -> Cabinet:
    return replace(cabinet, panel=replace(cabinet.panel, **fields))


def _over(cabinet: Cabinet, *kinds: str) -> Cabinet:
    """What is past needs nobody any more."""
    left = {key: one for key, one in cabinet.incidents.items() if one.kind not in kinds}
    return replace(cabinet, incidents=left)


def case_opened(cabinet: Cabinet, event: ev.CaseOpened, recorded: ev.Recorded) -> Cabinet:
    opened = (*(part for part in cabinet.panel.opened if part != event.part), event.part)
    changed = _panel(cabinet, opened=opened)
    if event.is_announced:
        return changed
    if event.part == "case":
        return open_incident(changed, "case_opened", recorded)
    return open_incident(changed, "service_door_opened", recorded)


def case_closed(cabinet: Cabinet, event: ev.CaseClosed, _recorded: ev.Recorded) -> Cabinet:
    return _panel(cabinet, opened=tuple(part for part in cabinet.panel.opened if part != event.part))


def mains_lost(cabinet: Cabinet, _event: ev.MainsLost, recorded: ev.Recorded) -> Cabinet:
    changed = _panel(cabinet, is_on_battery=True, **_metered(cabinet.panel, recorded))
    return open_incident(changed, "mains_lost", recorded)


def mains_returned(cabinet: Cabinet, _event: ev.MainsReturned, recorded: ev.Recorded) -> Cabinet:
    changed = _panel(
        cabinet, is_on_battery=False, is_on_reserve=False, is_stopping=False, **_metered(cabinet.panel, recorded)
    )
    return _over(changed, "mains_lost")


def _metered(panel: Panel, recorded: ev.Recorded) -> dict[str, int]:
    return {
        "spent_ms": spent_ms(panel, recorded.moment.uptime_ms),
        "since_uptime_ms": recorded.moment.uptime_ms,
        "since_utc_ms": recorded.moment.utc_ms,
    }


def run_started(panel: Panel, moment: ev.Moment) -> Panel:
    """Uptime begins anew; what passed meanwhile counts by wall time, as far as it went forward."""
    away_ms = max(0, moment.utc_ms - panel.since_utc_ms) if panel.since_utc_ms else 0
    return replace(panel, since_uptime_ms=moment.uptime_ms - away_ms, is_stopping=False)


def reserve_reached(cabinet: Cabinet, _event: ev.ReserveReached, _recorded: ev.Recorded) -> Cabinet:
    return _panel(cabinet, is_on_reserve=True)


def stop_ordered(cabinet: Cabinet, _event: ev.StopOrdered, _recorded: ev.Recorded) -> Cabinet:
    return _panel(cabinet, is_stopping=True)


def lock_supply_cut(cabinet: Cabinet, _event: ev.LockSupplyCut, recorded: ev.Recorded) -> Cabinet:
    return open_incident(_panel(cabinet, is_supply_cut=True), "lock_supply_cut", recorded)


def lock_supply_restored(cabinet: Cabinet, _event: ev.LockSupplyRestored, _recorded: ev.Recorded) -> Cabinet:
    return _over(_panel(cabinet, is_supply_cut=False, stuck=""), "lock_supply_cut")
