"""What the cabinet's own scanner read, on its way to the kiosk page, which takes it as if a keyboard had typed it.

A scan lives for three seconds and only in memory. Of an ID card's code nothing but the last four digits of its number
goes on; name, birth and address are dropped as they come.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from hw.errors import ScannerOffline
from hw.scanner import Scanner, ScannerPort

LIVES_MS = 3_000
OPEN_AGAIN_AFTER_S = 3.0
# Chip ID card (CCCD/CC): number|old number|name|ddmmyyyy|sex|address|ddmmyyyy, and more fields on the newest.
ID_CARD = re.compile(r"(\d{12})\|(\d{9}|\d{12})?\|[^|]+\|\d{8}\|", re.ASCII)
BETWEEN_FIELDS = "|"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Scan:
    """One scan: `number` counts them in this run, `text` is what the page takes as typed."""

    number: int
    text: str = field(repr=False)
    at_ms: int = 0


class Scans:
    """The latest scan. `on_change` is called when there is a new one."""

    def __init__(self, *, uptime_ms: Callable[[], int], on_change: Callable[[], None]) -> None:
        self._uptime_ms = uptime_ms
        self._on_change = on_change
        self._latest: Scan | None = None
        self._count = 0

    def take(self, text: str) -> None:
        """A new scan came in; what reads like a card and is none the page never sees."""
        if not (goes_on := typed(text)):
            return
        self._count += 1
        self._latest = Scan(number=self._count, text=goes_on, at_ms=self._uptime_ms())
        self._on_change()

    @property
    def latest(self) -> Scan | None:
        """The scan of the last three seconds."""
        if self._latest is not None and self._uptime_ms() - self._latest.at_ms >= LIVES_MS:
            self._latest = None
        return self._latest

    async def follow(self, place: ScannerPort, *, pause_s: float = OPEN_AGAIN_AFTER_S) -> None:
        """Read the scanner until cancelled; a port that goes is opened again."""
        scanner = Scanner(place, on_scan=self.take)
        failures = 0

        def opened() -> None:
            nonlocal failures
            failures = 0

        while True:
            try:
                await scanner.run(on_open=opened)
            except ScannerOffline as fault:
                (log.debug if failures else log.warning)("scanner offline", reason=str(fault))
                failures += 1
            await asyncio.sleep(pause_s)


def typed(text: str) -> str:
    """What the page is to take as typed: of an ID card the last four digits of its number; empty for nothing.

    None of our own codes has fields, so a card with a field more, less or read wrongly is nothing.
    """
    if card := ID_CARD.match(text):
        return card[1][-4:]
    return "" if BETWEEN_FIELDS in text else text
