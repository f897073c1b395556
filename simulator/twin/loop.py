"""An event loop whose clock jumps: when nothing is ready, it is the next timer's time.

There are no sockets, no threads and no waiting in it. What is given to an executor runs at once in place, so that one
seed always gives one story. A year is millions of turns of this loop: hence a turn, a callback and a timer of its own,
without what real loops need. Timers of one moment come in the order in which they were set.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, cast

RESOLUTION_S = 1e-6
"""Times nearer to each other than this are one moment; a year in seconds has no finer ones as a float."""
CANCELLED_AT_MOST = 500
"""A cancelled timer stays in the heap until its moment, or until there are so many and they are half of it."""


class NothingLeft(Exception):
    """Everybody waits for somebody else: no timer is set and nothing is ready."""


class _Due:
    """A callback of the next turn or of a later moment: what is used of `asyncio.Handle` and `TimerHandle`."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "moment", "on_cancel")

    def __init__(
        self,
        callback: Callable[..., Any],
        args: tuple[Any, ...],
        context: Context | None,
        moment: float = 0.0,
        on_cancel: Callable[[], None] | None = None,
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = copy_context() if context is None else context
        self.moment = moment
        self.on_cancel = on_cancel
        self.is_cancelled = False

    def cancel(self) -> None:
        if not self.is_cancelled:
            self.is_cancelled = True
            if self.on_cancel is not None:
                self.on_cancel()

    def cancelled(self) -> bool:
        return self.is_cancelled

    def when(self) -> float:
        return self.moment


class JumpingLoop(asyncio.BaseEventLoop):
    """Virtual time in seconds since the loop was made; deterministic order."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._due: deque[_Due] = deque()
        self._timers: list[tuple[float, int, _Due]] = []
        self._count = 0
        self._cancelled = 0
        self._is_ending = False

    def stop(self) -> None:
        super().stop()
        self._is_ending = True

    def run_forever(self) -> None:
        self._is_ending = False
        super().run_forever()

    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]  # typeshed ties the arguments to the callback's
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        due = _Due(callback, args, context)
        self._due.append(due)
        return cast("asyncio.Handle", due)

    def call_soon_threadsafe(  # type: ignore[override]  # as above; there is no other thread
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def call_later(  # type: ignore[override]  # as above
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as above
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        due = _Due(callback, args, context, when, self._forget)
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, due))
        return cast("asyncio.TimerHandle", due)

    def _forget(self) -> None:
        """One more timer in the heap was cancelled."""
        self._cancelled += 1
        if self._cancelled > CANCELLED_AT_MOST and 2 * self._cancelled > len(self._timers):
            self._timers = [one for one in self._timers if not one[2].is_cancelled]
            heapq.heapify(self._timers)
            self._cancelled = 0

    def _run_once(self) -> None:
        """One turn: what is ready now, not what that makes ready. Raises NothingLeft."""
        due = self._due
        if not due and not self._is_ending:
            self._jump()
        timers, end = self._timers, self._now + RESOLUTION_S
        while timers and timers[0][0] < end:
            one = heapq.heappop(timers)[2]
            if one.is_cancelled:
                self._cancelled -= 1
            else:
                one.on_cancel = None
                due.append(one)
        for _ in range(len(due)):
            one = due.popleft()
            if not one.is_cancelled:
                try:
                    one.context.run(one.callback, *one.args)
                except Exception as error:  # noqa: BLE001  a loop outlives its callbacks
                    self.call_exception_handler({"message": f"Exception in {one.callback!r}", "exception": error})

    def _jump(self) -> None:
        """To the moment of the next timer."""
        timers = self._timers
        while timers and timers[0][2].is_cancelled:
            heapq.heappop(timers)
            self._cancelled -= 1
        if not timers:
            raise NothingLeft("nothing is left to happen; somebody waits without a limit")
        self._now = max(self._now, timers[0][0])

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

    def close(self) -> None:
        """Also what was to come."""
        super().close()
        self._due.clear()
        self._timers.clear()
