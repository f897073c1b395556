"""The morning's look at the cabinet: what is read outside of the journal for it, and what the clerk's page shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.running import Running
from locker import self_check
from locker.config import self_check_of
from locker.events import CheckLine, Moment
from locker.model import Cabinet
from locker.rules.self_check import today_of


def look(running: Running) -> Mapping[CheckLine, bool]:
    """What boards, disk and battery clock are like now; the battery clock only where there is one."""
    boards, out = running.doors.boards, running.journal.cabinet.boards_out
    journal, config = running.journal, running.config
    seen: dict[CheckLine, bool] = {
        "boards": all(one.is_online and name not in out for name, one in boards.items()),
        "disk": not (journal.is_read_only or journal.is_in_safe_mode) and self_check.has_room(config.storage.directory),
    }
    if config.printer is not None:
        seen["printer"] = running.printing.state in ("ready", "low")
    if config.self_check.battery_clock:
        seen["battery_clock"] = self_check.is_battery_clock_good(running.clock().utc_ms)
    return seen


def for_desk(running: Running, cabinet: Cabinet, moment: Moment) -> dict[str, Any]:
    """The latest look. `is_due`: today's has not ended although its time has come, or no clock tells the day."""
    check = cabinet.self_check
    today = today_of(moment, self_check_of(running.config))
    is_of_today = check is not None and today is not None and check.day == today.isoformat()
    is_ended = check is not None and check.ended_utc_ms > 0
    return {
        "at": running.local(check.ended_utc_ms).isoformat(timespec="seconds") if check and is_ended else None,
        "is_due": moment.clock == "unset" or (today is not None and not (is_of_today and is_ended)),
        "good": list(check.good) if check else [],
        "bad": list(check.bad) if check else [],
    }
