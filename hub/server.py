"""Runs the app until SIGTERM or SIGINT; open long polls do not hold it up."""

import json
import os
import socket
import sys
from pathlib import Path
from types import FrameType

import uvicorn
from fastapi import FastAPI

from hub.bell import Bell

GRACE_S = 1
BACKLOG = 256


class Server(uvicorn.Server):
    """A uvicorn that lets waiters go at the first signal and ends with exit code 0."""

    def __init__(self, app: FastAPI, *, bell: Bell, address: str, ready_file: Path | None) -> None:
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S, server_header=False
        )
        super().__init__(config)
        self._bell = bell
        self._address = address
        self._ready_file = ready_file

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  uvicorn's signature
        """First signal: finish; second: drop everything."""
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell the launcher where."""
        await super().startup(sockets)
        if self.started:
            tell(self._address, self._ready_file)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let long polls and pages go, then finish what runs."""
        self._bell.close()
        await super().shutdown(sockets)


def tell(address: str, ready_file: Path | None) -> None:
    """The address as JSON: in the ready file, which appears whole, then as one line on stdout."""
    line = json.dumps({"ready": True, "url": address, "pid": os.getpid()})
    if ready_file is not None:
        part = ready_file.with_name(ready_file.name + ".part")
        part.write_text(line + "\n", encoding="utf-8")
        part.replace(ready_file)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def bind(host: str, port: int) -> socket.socket:
    """A listening address; port 0 lets the system choose. OSError if it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # named TCP, else asyncio leaves Nagle on and every answer waits 40 ms for a delayed ACK
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(BACKLOG)  # from here on callers queue instead of being turned away
    except OSError:
        bound.close()
        raise
    return bound


def address_of(bound: socket.socket) -> str:
    """`http://host:port` of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
