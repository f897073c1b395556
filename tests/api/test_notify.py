"""Messages to systemd, read from real datagram sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from api.notify import READY, STOPPING, WATCHDOG, feeding_period, more_time, notify, run, status

WAIT_S = 20.0


@pytest.fixture(params=["path", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """A listening socket, and the environment systemd would give."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(WAIT_S)
        if request.param == "path":
            listening.bind(str(tmp_path / "notify"))
            yield listening, {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        else:
            listening.bind("")  # the kernel picks an abstract address
            yield listening, {"NOTIFY_SOCKET": "@" + listening.getsockname()[1:].decode()}


@asynccontextmanager
async def feeding(is_turning: Callable[[], bool], environ: dict[str, str]) -> AsyncIterator[None]:
    """The worker at work, with a limit of 20 ms."""
    worker = asyncio.create_task(run(is_turning=is_turning, environ={**environ, "WATCHDOG_USEC": "20000"}))
    try:
        yield
    finally:
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker


def test_several_messages_travel_in_one_datagram(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    assert notify(READY, status("24 doors,\n3 boards"), environ=environ)
    assert listening.recv(4096) == b"READY=1\nSTATUS=24 doors, 3 boards"


def test_stopping_and_a_later_deadline_are_told(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    assert notify(STOPPING, more_time(1.5), environ=environ)
    assert listening.recv(4096) == b"STOPPING=1\nEXTEND_TIMEOUT_USEC=1500000"


@pytest.mark.parametrize("environ", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_supervisor_nothing_is_sent(environ: dict[str, str]) -> None:
    assert not notify(READY, environ=environ)


def test_a_supervisor_that_went_away_is_no_error(tmp_path: Path) -> None:
    assert not notify(READY, environ={"NOTIFY_SOCKET": str(tmp_path / "gone")})


def test_a_supervisor_that_does_not_read_never_blocks_the_doors(
    supervisor: tuple[socket.socket, dict[str, str]],
) -> None:
    _, environ = supervisor
    sent = [notify(WATCHDOG, environ=environ) for _ in range(10_000)]
    assert sent[0]
    assert not sent[-1]


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "20000000"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "77"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "78"}, None),
    ],
)
def test_the_watchdog_is_fed_at_half_its_limit(environ: dict[str, str], seconds: float | None) -> None:
    assert feeding_period(environ, pid=77) == seconds


async def test_the_watchdog_is_fed_while_the_loops_turn(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    async with feeding(lambda: True, environ):
        for _ in range(2):
            assert await asyncio.to_thread(listening.recv, 4096) == b"WATCHDOG=1"


async def test_a_loop_that_stands_still_is_not_covered_up(supervisor: tuple[socket.socket, dict[str, str]]) -> None:
    listening, environ = supervisor
    asked = asyncio.Event()
    turns = iter([True, False, False])

    def is_turning() -> bool:
        turning = next(turns, None)
        if turning is None:
            asked.set()
        return bool(turning)

    async with feeding(is_turning, environ):
        await asyncio.wait_for(asked.wait(), WAIT_S)
    assert listening.recv(4096) == b"WATCHDOG=1"
    listening.setblocking(False)
    with pytest.raises(BlockingIOError):
        listening.recv(4096)


async def test_without_a_watchdog_the_worker_ends_at_once() -> None:
    await asyncio.wait_for(run(is_turning=lambda: True, environ={}), WAIT_S)
