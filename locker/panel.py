"""The panel worker: turns what the pins show into facts, and what is on record into light, sound and current.

It looks every 50 ms. A panel that does not answer is opened again every few seconds, and the cabinet serves meanwhile;
a contactor that nobody drives has no current. What the pins mean is in `locker.rules.panel` and `locker.rules.signals`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog

from hw.errors import PanelOffline
from hw.panel import Panel
from locker import events as ev
from locker import patience
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import panel as rules
from locker.rules.signals import signals

LOOK_EVERY_S = 0.05
OPEN_AGAIN_AFTER_S = 5.0
HELD_FOR_STOP_MS = 600
log = structlog.get_logger()


class PanelWatch:
    """Owns one panel. `lights` names the output of each compartment's light.

    `on_key` is awaited when the key is turned; `on_stop` once the computer is to be shut down.
    """

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        panel: Panel,
        battery: rules.Battery,
        lights: Mapping[int, str],
        clock: Callable[[], ev.Moment],
        is_staff_present: Callable[[], bool],
        on_key: Callable[[], Awaitable[None]],
        on_stop: Callable[[], None],
        pause_s: float = OPEN_AGAIN_AFTER_S,
    ) -> None:
        self._journal = journal
        self._panel = panel
        self._battery = battery
        self._lights = dict(lights)
        self._clock = clock
        self._is_staff_present = is_staff_present
        self._on_key = on_key
        self._on_stop = on_stop
        self._pause_s = pause_s
        self._key: bool | None = None
        self._pressed_ms: int | None = None
        self._is_stopped = False

    async def run(self) -> None:
        """Until cancelled; then every output is off and the pins are free."""
        failures = 0
        try:
            while True:
                try:
                    self._panel.open()
                    failures = 0
                    while True:
                        await self.look()
                        await asyncio.sleep(LOOK_EVERY_S)
                except PanelOffline as fault:
                    (log.debug if failures else log.warning)("panel offline", reason=str(fault))
                    failures += 1
                await asyncio.sleep(self._pause_s)
        finally:
            self._panel.close()

    async def look(self) -> None:
        """Read once, put on record what differs, and switch what is to be switched. Raises PanelOffline."""
        levels = self._levels(self._panel.read())
        is_present = self._is_staff_present()
        if rules.sensed(self._journal.cabinet, levels, is_staff_present=is_present).events:
            await self._land(lambda now, *_: rules.sensed(now, levels, is_staff_present=is_present))
        if self._due(self._journal.cabinet, self._clock()).events:
            await self._land(lambda now, _, moment: self._due(now, moment))
        if levels.key and self._key is False:
            await self._on_key()
        self._key = levels.key
        self._show()
        if self._journal.cabinet.panel.is_stopping and not self._is_stopped:
            self._is_stopped = True
            self._on_stop()

    def _levels(self, read: Mapping[str, bool]) -> rules.Levels:
        now = self._clock().uptime_ms
        if not read.get("button"):
            self._pressed_ms = None
        elif self._pressed_ms is None:
            self._pressed_ms = now
        return rules.Levels(
            case=read.get("case"),
            service_door=read.get("service_door"),
            mains_lost=read.get("mains_lost"),
            key=read.get("key"),
            is_stop_asked=self._pressed_ms is not None and now - self._pressed_ms >= HELD_FOR_STOP_MS,
        )

    def _due(self, cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
        has_contactor = "lock_supply" in self._panel.outputs
        return rules.due(cabinet, self._battery, moment.uptime_ms, has_contactor=has_contactor)

    def _show(self) -> None:
        shown = signals(self._journal.cabinet, self._clock())
        self._panel.drive("lock_supply", on=shown.lock_supply)
        self._panel.drive("cabinet_light", on=shown.cabinet_light)
        self._panel.drive("buzzer", on=shown.buzzer)
        lit = {self._lights[number] for number in shown.lit if number in self._lights}
        for light in set(self._lights.values()):
            self._panel.drive(light, on=light in lit)

    async def _land(self, decide: Callable[[Cabinet, None, ev.Moment], ev.Decision]) -> None:
        await patience.land(self._journal, decide, what="the panel", must_land=True)
