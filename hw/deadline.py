"""The end of the wait for a reply, fair to a board when it was this process that came late."""

from __future__ import annotations

import asyncio

LATE_S = 0.005
"""A time-out that comes later than this tells that the process was held up."""
GRACES = 2
LAST_LOOKS = 2
"""Turns of the event loop after the end in which what has arrived meanwhile is read."""


class Deadline:
    """Ends the wait for a reply: `done` becomes None when the time is over.

    A process that was held up has been neither reading nor, perhaps, writing while the time ran. So a time-out that
    comes late first gives the line another `grace_s`, and the last look goes to what lies in the port already.
    """

    def __init__(self, done: asyncio.Future[bytes | None], grace_s: float) -> None:
        self._done = done
        self._grace_s = grace_s
        self._graces = GRACES
        self._loop = done.get_loop()
        self._handle: asyncio.Handle | None = None

    def begin(self, wait_s: float) -> None:
        """The time runs from now."""
        self._handle = self._loop.call_later(wait_s, self._over, self._loop.time() + wait_s)

    def end(self) -> None:
        """No more time is needed."""
        if self._handle is not None:
            self._handle.cancel()

    def _over(self, due: float) -> None:
        if self._graces and self._loop.time() - due > LATE_S:
            self._graces -= 1
            self.begin(self._grace_s)
        else:
            self._look(LAST_LOOKS)

    def _look(self, looks: int) -> None:
        if self._done.done():
            return
        if looks:
            self._handle = self._loop.call_soon(self._look, looks - 1)
        else:
            self._done.set_result(None)
