"""A bell that live streams listen to: rung when something changed that is no fact of the journal."""

from __future__ import annotations

import asyncio


class Bell:
    """Counts its strokes, so that one between two waits is not missed. `close` ends everybody who listens."""

    def __init__(self) -> None:
        self.strokes = 0
        self.is_closed = False
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake everybody who waits."""
        self.strokes += 1
        self._next.set()
        self._next = asyncio.Event()

    def close(self) -> None:
        """The service is stopping: streams end, so that the listeners can."""
        self.is_closed = True
        self.ring()

    async def closed(self) -> None:
        """Return once the bell is closed."""
        while not self.is_closed:
            await self.rung(self.strokes)

    async def rung(self, after: int) -> int:
        """The number of strokes as soon as it is beyond `after`."""
        while self.strokes <= after:
            await self._next.wait()
        return self.strokes
