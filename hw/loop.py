"""An event loop whose timers are exact to some 0.1 ms.

`epoll_wait` counts whole milliseconds and asyncio rounds up, so each silence of 3.5 characters (3.65 ms at 9600 baud,
1.75 ms above 19200) would last up to one longer: a sixth of an exchange at 115200. select(2) counts microseconds, and
an epoll file is itself a file that select can wait for, whatever the number of files behind it.
"""

from __future__ import annotations

import asyncio
import select
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Exact(selectors.EpollSelector):
    """Waits for as long as it is told, not for the next whole millisecond."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            select.select((self.fileno(),), (), (), timeout)
            timeout = 0
        return super().select(timeout)


def exact_loop() -> asyncio.AbstractEventLoop:
    """A new event loop; made early in a process, as select takes file numbers below 1024 only."""
    return asyncio.SelectorEventLoop(_Exact())


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` on such a loop."""
    with asyncio.Runner(loop_factory=exact_loop) as runner:
        return runner.run(main)
