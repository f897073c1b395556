"""Tells systemd how the process is doing: sd_notify(3) without its library."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
WATCHDOG: Final = "WATCHDOG=1"


def status(sentence: str) -> str:
    """The message that shows `sentence` (one line) in `systemctl status`."""
    return "STATUS=" + " ".join(sentence.split())


def more_time(seconds: float) -> str:
    """The message that moves the start or stop deadline to `seconds` from now."""
    return f"EXTEND_TIMEOUT_USEC={round(seconds * 1_000_000)}"


def notify(*messages: str, environ: Mapping[str, str]) -> bool:
    """Send messages in one datagram to $NOTIFY_SOCKET; False when nobody asked or nobody listens.

    A path or, with a leading `@`, an abstract address; vsock addresses are not served. Never raises and never blocks:
    a supervisor that went away is no reason to stop opening doors.
    """
    address = environ.get("NOTIFY_SOCKET", "")
    if address[:1] not in {"/", "@"}:
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as messenger:
        messenger.setblocking(False)
        try:
            messenger.sendto("\n".join(messages).encode(), address)
        except OSError:
            return False
    return True


def feeding_period(environ: Mapping[str, str], *, pid: int | None = None) -> float | None:
    """Half of $WATCHDOG_USEC in seconds, as sd_watchdog_enabled(3) advises; None where no watchdog waits for us."""
    limit = environ.get("WATCHDOG_USEC", "")
    owner = environ.get("WATCHDOG_PID", "")
    if not limit.isdecimal() or int(limit) == 0:
        return None
    if owner and owner != str(os.getpid() if pid is None else pid):
        return None
    return int(limit) / 2_000_000


async def run(*, is_turning: Callable[[], bool], environ: Mapping[str, str]) -> None:
    """Feed the watchdog while `is_turning()` holds, until cancelled; returns at once where there is none.

    `is_turning` says whether every loop of the process made a step since it was last asked. A silent board is not its
    matter: an unplugged adapter is a fault on a screen, a restart would not mend it.
    """
    period = feeding_period(environ)
    if period is None:
        return
    while True:
        if is_turning():
            notify(WATCHDOG, environ=environ)
        await asyncio.sleep(period)
