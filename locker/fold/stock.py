"""Stock checks, and compartments taken out of use."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import touch
from locker.model import Cabinet, CheckedStock, StockCheck


def compartment_closed(cabinet: Cabinet, event: ev.CompartmentClosed, _recorded: ev.Recorded) -> Cabinet:
    return touch(cabinet, event.compartment, out_of_service=event.cause)


def compartment_reopened(cabinet: Cabinet, event: ev.CompartmentReopened, _recorded: ev.Recorded) -> Cabinet:
    return touch(cabinet, event.compartment, out_of_service="")


def stock_check_started(cabinet: Cabinet, event: ev.StockCheckStarted, recorded: ev.Recorded) -> Cabinet:
    started = StockCheck(
        check=event.check,
        left=event.compartments,
        actor=event.actor,
        second=event.second,
        started_utc_ms=recorded.moment.utc_ms,
    )
    return replace(cabinet, stock_check=started)


def looked(cabinet: Cabinet, event: ev.LookedInside) -> Cabinet:
    """A look counts for the check under way; `cabinet` still has on record what was compared with."""
    check = cabinet.stock_check
    if check is None or event.compartment not in check.left:
        return cabinet
    is_on_record = bool(cabinet.compartment(event.compartment).hand_over)
    differs = event.found == "something_else" or (event.found == "empty" and is_on_record)
    changed = replace(
        check,
        left=tuple(number for number in check.left if number != event.compartment),
        looked=check.looked + 1,
        differing=(*check.differing, event.compartment) if differs else check.differing,
    )
    return replace(cabinet, stock_check=changed)


def stock_check_finished(cabinet: Cabinet, event: ev.StockCheckFinished, recorded: ev.Recorded) -> Cabinet:
    checked = CheckedStock(
        utc_ms=recorded.moment.utc_ms,
        actor=event.actor,
        looked=event.looked,
        differing=event.differing,
        unseen=event.unseen,
    )
    standing = cabinet.standing
    if standing.stage == "moving" and not event.unseen:
        standing = replace(standing, is_checked=True)
    return replace(cabinet, stock_check=None, checked_stock=checked, standing=standing)
