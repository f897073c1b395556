"""How the command line talks to the running service: one JSON line each way over a Unix socket only its user
reaches.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog

from locker.refusals import Refusal

Reply = dict[str, Any]
Command = Callable[..., Awaitable[Reply]]  # with the rest of the line, where there is one
LONGEST_LINE = 4096
LONGEST_ANSWER = 16 * 1024 * 1024
ANSWER_WITHIN_S = 600
log = structlog.get_logger()


class NotRunningError(Exception):
    """No service listens on the control socket."""


async def serve(path: Path, commands: Mapping[str, Command]) -> None:
    """Answer commands until cancelled. The socket is readable for its owner only (mode 0600)."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            line = await reader.readline()
            writer.write(json.dumps(await _run(commands, line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    with _listening(path) as listener:
        server = await asyncio.start_unix_server(answer, sock=listener, limit=LONGEST_LINE)
        try:
            await server.serve_forever()
        finally:
            server.close()


@contextlib.contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        yield listener
    finally:
        listener.close()
        path.unlink(missing_ok=True)


async def _run(commands: Mapping[str, Command], line: bytes) -> Reply:
    name, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
    command = commands.get(name)
    if command is None:
        return {"error": f"unknown command; known are {', '.join(sorted(commands))}"}
    try:
        return await (command(rest) if rest else command())
    except Refusal as refusal:
        return {"error": str(refusal)}
    except Exception as error:
        log.exception("command failed")
        return {"error": f"{type(error).__name__}: {error}"}


async def ask(path: Path, command: str) -> Reply:
    """The running service's answer. Raises NotRunningError."""
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=LONGEST_ANSWER)
    except (FileNotFoundError, ConnectionRefusedError) as error:
        raise NotRunningError(f"no service listens on {path}; start it with `dossier-locker run`") from error
    try:
        writer.write(command.encode() + b"\n")
        async with asyncio.timeout(ANSWER_WITHIN_S):
            answer: Reply = json.loads(await reader.readline())
        return answer
    finally:
        writer.close()
