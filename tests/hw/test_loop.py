"""The product's event loop: exact in short waits, and awake as soon as anything happens."""

from __future__ import annotations

import asyncio
import socket
import threading

from hw.loop import run

SHORT_S = 0.00125
"""On a plain loop over epoll, never less than 2 ms."""
TRIES = 400


async def _sleep_s(seconds: float) -> float:
    clock = asyncio.get_running_loop().time
    started = clock()
    await asyncio.sleep(seconds)
    return clock() - started


def test_a_short_wait_is_not_rounded_up_to_whole_milliseconds_and_never_ends_early() -> None:
    async def best() -> float:
        took = SHORT_S * 2
        for _ in range(TRIES):
            last = await _sleep_s(SHORT_S)
            assert last >= SHORT_S
            took = min(took, last)
            if took < 0.0018:
                break
        return took

    assert run(best()) < 0.0018, "only the machine may add to it, and not every time"


def test_bytes_and_other_threads_wake_it_in_the_midst_of_a_wait() -> None:
    async def woken() -> tuple[bytes, str]:
        loop = asyncio.get_running_loop()
        near, far = socket.socketpair()
        told: asyncio.Future[str] = loop.create_future()
        with near, far:
            near.setblocking(False)
            loop.call_later(0.001, far.send, b"bytes")
            async with asyncio.timeout(20):
                received = await loop.sock_recv(near, 16)
                thread = threading.Thread(target=loop.call_soon_threadsafe, args=(told.set_result, "thread"))
                thread.start()
                said = await told
            thread.join()
        return received, said

    assert run(woken()) == (b"bytes", "thread")


def test_nothing_left_of_it_stays_open() -> None:
    async def turn() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    assert run(turn()).is_closed()
