"""Programs started side by side: each one's log, its ready line, its end; none outlives the block that holds them."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

READY_WITHIN_S = 60.0
END_WITHIN_S = 5.0
LAST_LINES = 12
WITH_PARENT = ("setpriv", "--pdeathsig", "TERM", "--")
"""util-linux: the kernel ends the program when whoever started it is killed outright."""


class ChildFailed(Exception):
    """A program could not start or ended by itself; the message names it and shows its last log lines."""


@dataclass
class Child:
    """One started program and where its output goes."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    ready: asyncio.Future[dict[str, Any]]
    """Resolves to the first JSON line on its standard output that has a `ready` key."""
    copying: asyncio.Task[None]

    def last_lines(self) -> str:
        """The end of its log, indented."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"


@dataclass
class Children:
    """The programs now running, in the order of their start."""

    logs: Path
    running: list[Child] = field(default_factory=list)
    _ended: asyncio.Queue[Child] = field(default_factory=asyncio.Queue)
    _watchers: list[asyncio.Task[None]] = field(default_factory=list)

    async def start(
        self, name: str, command: Sequence[str | Path], *, cwd: Path, environment: Mapping[str, str] | None = None
    ) -> Child:
        """Starts a program apart from the terminal's signals; its output goes to `logs`/`name`.log."""
        log = self.logs / f"{name}.log"
        bound = WITH_PARENT if shutil.which(WITH_PARENT[0]) else ()
        with log.open("wb") as written:
            process = await asyncio.create_subprocess_exec(
                *bound,
                *map(str, command),
                cwd=cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=written,
                start_new_session=True,
            )
        ready: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        child = Child(name, process, log, ready, asyncio.create_task(_copy(process, log, ready)))
        self.running.append(child)
        self._watchers.append(asyncio.create_task(self._watch(child)))
        return child

    async def first_death(self) -> None:
        """Waits until a program ends by itself. Raises ChildFailed."""
        child = await self._ended.get()
        raise ChildFailed(
            f"The {child.name} ended by itself with code {child.process.returncode}. "
            f"Its last lines ({child.log}):\n{child.last_lines()}"
        )

    async def stop(self) -> None:
        """Ends every program, the last started first: SIGTERM, and after 5 s SIGKILL."""
        for child in reversed(self.running):
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
            try:
                async with asyncio.timeout(END_WITHIN_S):
                    await child.process.wait()
            except TimeoutError:
                click.echo(f"The {child.name} did not end within {END_WITHIN_S:.0f} s and was killed.", err=True)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                await child.process.wait()
        await asyncio.gather(*self._watchers, *(child.copying for child in self.running))

    async def _watch(self, child: Child) -> None:
        await child.process.wait()
        self._ended.put_nowait(child)


@contextlib.asynccontextmanager
async def held(logs: Path) -> AsyncIterator[Children]:
    """Children that are all gone when the block ends, however it ends. The directory `logs` exists."""
    children = Children(logs)
    try:
        yield children
    finally:
        await children.stop()


async def _copy(process: asyncio.subprocess.Process, log: Path, ready: asyncio.Future[dict[str, Any]]) -> None:
    assert process.stdout is not None
    with log.open("ab") as written:
        async for line in process.stdout:
            written.write(line)
            written.flush()
            if not ready.done() and (told := _ready_line(line)) is not None:
                ready.set_result(told)


def _ready_line(line: bytes) -> dict[str, Any] | None:
    if not line.startswith(b"{"):
        return None
    try:
        told = json.loads(line)
    except ValueError:
        return None
    return told if isinstance(told, dict) and "ready" in told else None


async def until_ready(child: Child) -> dict[str, Any]:
    """What the child's ready line says. Raises ChildFailed after a minute; of an ended child `first_death` tells."""
    try:
        async with asyncio.timeout(READY_WITHIN_S):
            return await asyncio.shield(child.ready)
    except TimeoutError:
        raise _late(child, "said nothing") from None


async def until_answers(child: Child, is_ready: Callable[[], Awaitable[str]], *, every: float = 0.1) -> None:
    """Asks until `is_ready` returns "" and not what is missing. Raises ChildFailed after a minute."""
    began = time.monotonic()
    while missing := await is_ready():
        if time.monotonic() - began > READY_WITHIN_S:
            raise _late(child, missing)
        await asyncio.sleep(every)


def _late(child: Child, missing: str) -> ChildFailed:
    return ChildFailed(
        f"The {child.name} was not ready after {READY_WITHIN_S:.0f} s: {missing}. "
        f"Its last lines ({child.log}):\n{child.last_lines()}"
    )
