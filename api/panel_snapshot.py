"""What the clerk page shows of power, case and locks."""

from __future__ import annotations

from typing import Any

from api.running import Running
from locker.config import battery_of
from locker.rules import panel as rules

MINUTE_MS = 60_000


def build(running: Running) -> dict[str, Any]:
    """`battery_minutes` is what the battery still carries, None on mains."""
    panel, section = running.journal.cabinet.panel, running.config.panel
    left = None
    if section is not None and panel.is_on_battery:
        left = rules.left_ms(panel, battery_of(section), running.clock().uptime_ms) // MINUTE_MS
    return {
        "opened": list(panel.opened),
        "battery_minutes": left,
        "is_stopping": panel.is_stopping,
        "is_supply_cut": panel.is_supply_cut,
        "printer": running.printing.state,
        "has_key": section is not None and section.key_pin is not None,
    }
