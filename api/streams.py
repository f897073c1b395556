"""Server-sent events: whole snapshots, on every change, at most five a second; what comes after quiet goes at once.

A stream waits for the next fact, a change of the doors, or the bell; while something on the page counts down it looks
once a second. It ends when its caller's session, the journal, or the service does. Pages come back by themselves.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.running import Running
from locker.refusals import StorageFault

PACE = ((2, 0.3), (5, 1.0))
"""So many snapshots in so many seconds at most. The first two changes after quiet go without a pause: a code that was
accepted and the door that opens for it; the rest of a storm is spread over the second."""
LOOKS_S = 0.01
"""At least so long between two looks: a fact and the door that it moved are one change."""
COUNTING_S = 1.0
IDLE_S = 15.0
KEEP_ALIVE = b": still here\n\n"

Snapshot = dict[str, Any]
Build = Callable[[], Awaitable[Snapshot | None]]
"""Gives the snapshot of now with its `version`, or None when the caller may not see it any more."""


class Stream(Response):
    """One caller's stream. `counts_down` tells whether seconds run on a snapshot."""

    media_type = "text/event-stream"

    def __init__(self, running: Running, build: Build, *, counts_down: Callable[[Snapshot], bool]) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._running = running
        self._build = build
        self._counts_down = counts_down

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as group:
            gone = group.create_task(until_gone(receive), name="stream: caller")
            try:
                with suppress(StorageFault):
                    await self._send_all(send, gone)
            finally:
                gone.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send_all(self, send: Send, gone: asyncio.Task[None]) -> None:
        running, told, told_at = self._running, b"", 0.0
        now = asyncio.get_running_loop().time
        pace = Pace()
        # Begun before the snapshot is built, and kept until it ends, so that no change falls in between.
        doors = await _begun(running.doors.changed())
        try:
            while not (running.bell.is_closed or gone.done()):
                await asyncio.sleep(max(LOOKS_S, pace.wait_s(now())))
                strokes = running.bell.strokes
                if doors.done():
                    doors = await _begun(running.doors.changed())
                snapshot = await self._build()
                if snapshot is None:
                    return
                if (fresh := _comparable(snapshot)) != told:
                    await _send(send, b"data: " + _encode(snapshot) + b"\n\n")
                    told, told_at = fresh, now()
                    pace.took(told_at)
                elif now() - told_at >= IDLE_S:
                    await _send(send, KEEP_ALIVE)
                    told_at = now()
                timeout_s = COUNTING_S if self._counts_down(snapshot) else IDLE_S
                fact = asyncio.ensure_future(running.journal.changed(snapshot["version"]))
                rung = asyncio.ensure_future(running.bell.rung(strokes))
                await _first(fact, rung, others=(doors, gone), timeout_s=timeout_s)
        finally:
            doors.cancel()
            await asyncio.wait((doors,))


class Pace:
    """How long the next snapshot waits, by `PACE`; times in seconds of one clock."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque(maxlen=max(most for most, _span in PACE))

    def wait_s(self, now: float) -> float:
        """Seconds until one more may go; 0 if it may now."""
        full = [self._taken[-most] + span for most, span in PACE if len(self._taken) >= most]
        return max(0.0, *(at - now for at in full)) if full else 0.0

    def took(self, now: float) -> None:
        """One more went."""
        self._taken.append(now)


async def _send(send: Send, body: bytes) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def until_gone(receive: Receive) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _begun(wait: Awaitable[None]) -> asyncio.Task[None]:
    async def until() -> None:
        await wait

    task = asyncio.create_task(until(), name="stream: doors")
    await asyncio.sleep(0)
    return task


async def _first(
    fact: asyncio.Future[Any], rung: asyncio.Future[Any], *, others: tuple[asyncio.Task[None], ...], timeout_s: float
) -> None:
    """Wait for any of them or the time-out; `fact` and `rung` end here. Raises StorageFault of an ended journal."""
    try:
        await asyncio.wait((fact, rung, *others), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        fact.cancel()
        rung.cancel()
        await asyncio.wait((fact, rung))
    if not fact.cancelled():
        fact.result()


def _encode(snapshot: Snapshot) -> bytes:
    return json.dumps(snapshot, ensure_ascii=False, separators=(",", ":")).encode()


def _comparable(snapshot: Snapshot) -> bytes:
    """What makes a snapshot another one: everything but the seconds of its time."""
    return _encode({**snapshot, "time": snapshot["time"][:16]})
