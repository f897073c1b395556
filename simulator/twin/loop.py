"""An event loop whose clock jumps: when nothing is ready, it is the next timer's time.

There are no sockets, no threads and no waiting in it. What is given to an executor runs at once in place, so that one
seed always gives one story.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any

RESOLUTION_S = 1e-6
"""Times nearer to each other than this are one moment; a year in seconds has no finer ones as a float."""


class NothingLeft(Exception):
    """Everybody waits for somebody else: no timer is set and nothing is ready."""


class _Jump:
    """Stands where an event loop has its selector."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise NothingLeft("nothing is left to happen; somebody waits without a limit")
        self.now += timeout
        return []


class JumpingLoop(asyncio.BaseEventLoop):
    """Virtual time in seconds since the loop was made; deterministic order."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Jump()
        self._clock_resolution = RESOLUTION_S

    def time(self) -> float:
        return self._selector.now

    def call_soon_threadsafe(  # type: ignore[override]  # typeshed ties the arguments to the callback's
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(self, _executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # one thread
        """At once, in place."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  it travels in the future
            future.set_exception(error)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109  asyncio's own
        """There is none."""

    def _process_events(self, _events: list[Any]) -> None:
        """There are no files to watch."""

    def _write_to_self(self) -> None:
        """There is no other thread to wake it."""
