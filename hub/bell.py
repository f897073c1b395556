"""Wakes whoever waits for news: long polls, pushes, the page."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

ANYTHING = ""


class Rope:
    """One waiter's end: is it rung, or wait until it is."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def pull(self) -> None:
        self._rung.set()

    async def wait(self, timeout_s: float) -> bool:
        """True if rung within `timeout_s`; resets, so the next wait hears only later rings."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return False
        self._rung.clear()
        return True


class Bell:
    """Listen first, then look, then wait: a ring in between is not missed. Once closed, nobody waits any more.

    Who listened first is rung first, so that one seed of a proof always gives one story.
    """

    def __init__(self) -> None:
        self._ropes: dict[str, dict[Rope, None]] = defaultdict(dict)
        self.is_closed = False

    @contextmanager
    def listen(self, subject: str) -> Iterator[Rope]:
        """A rope that is pulled at every ring for `subject`, a cabinet's id or ANYTHING."""
        rope = Rope()
        if self.is_closed:
            rope.pull()
        self._ropes[subject][rope] = None
        try:
            yield rope
        finally:
            del self._ropes[subject][rope]
            if not self._ropes[subject]:
                del self._ropes[subject]

    def waiting(self, subject: str) -> int:
        """How many listen for `subject` now."""
        return len(self._ropes.get(subject, ()))

    def ring(self, subject: str) -> None:
        """There is news of `subject`."""
        for heard in dict.fromkeys((subject, ANYTHING)):
            for rope in self._ropes.get(heard, ()):
                rope.pull()

    def close(self) -> None:
        """Let all waiters go, now and later."""
        self.is_closed = True
        for ropes in self._ropes.values():
            for rope in ropes:
                rope.pull()
