"""`make run` as a person starts it, without the controller: what it prints, keeps, refuses and leaves."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import psutil
import pytest

from locker.config_file import ConfigError, load
from simulator.desk import set_up

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[tuple[int, str]]]
STACK = (sys.executable, "-m", "simulator.stack")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture
def base() -> int:
    """The first of four free ports in a row, below those the system gives to others."""
    start = 20000 + os.getpid() * 8 % 10000
    return next(first for first in range(start, 32000, 4) if all(is_free(first + offset) for offset in range(4)))


class Stack:
    """A started stack: its process and what it has printed until it was ready."""

    def __init__(self, process: asyncio.subprocess.Process, printed: str) -> None:
        self.process = process
        self.printed = printed

    def children(self) -> list[psutil.Process]:
        return list(psutil.Process(self.process.pid).children(recursive=True))

    async def end(self, ending: signal.Signals) -> tuple[int, str]:
        assert self.process.stdout is not None
        self.process.send_signal(ending)
        return await self.outcome()

    async def outcome(self) -> tuple[int, str]:
        assert self.process.stdout is not None
        async with asyncio.timeout(40):
            rest = await self.process.stdout.read()
            return await self.process.wait(), rest.decode()


@asynccontextmanager
async def started(state: Path, base: int, *more: str) -> AsyncIterator[Stack]:
    process = await asyncio.create_subprocess_exec(
        *(*STACK, "--state", str(state), "--port-base", str(base), "--without-controller", *more),
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    printed = b""
    try:
        async with asyncio.timeout(90):
            while b"Ctrl-C" not in printed and (line := await process.stdout.readline()):
                printed += line
        yield Stack(process, printed.decode())
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()


async def test_it_keeps_the_state_tells_where_everything_is_and_ctrl_c_leaves_nothing(
    tmp_path: Path, base: int, run: Run
) -> None:
    state = tmp_path / "run"
    desk = set_up(state, port_base=base)
    async with started(state, base) as stack, httpx.AsyncClient(trust_env=False) as http:
        for port in range(base, base + 4):
            assert f"http://127.0.0.1:{port}/" in stack.printed
        assert re.search(r"lan +password lan-\w+ +code \d{6}", stack.printed)
        assert desk.people[0].password in stack.printed
        assert "otpauth://totp/" in stack.printed
        results = (await http.get(f"http://127.0.0.1:{base + 2}/v1/results")).json()
        assert len(results) == 8
        doors = (await http.get(f"http://127.0.0.1:{base + 3}/state")).json()["doors"]
        assert len(doors) == 24
        assert (state / "line-A").is_symlink()
        children = stack.children()
        assert len(children) == 2
        code, output = await run(*STACK, "--port-base", base, "--state", state, cwd=ROOT)
        assert (code, output.count("\n")) == (1, 1)
        assert "Another run uses" in output
        code, output = await stack.end(signal.SIGINT)
        assert (code, "killed" in output) == (0, False)
        assert not any(child.is_running() for child in children)
        assert not (state / "line-A").is_symlink()
        assert all(is_free(port) for port in range(base, base + 4))


async def test_fresh_forgets_the_state_and_killed_outright_it_leaves_no_process_either(
    tmp_path: Path, base: int
) -> None:
    state = tmp_path / "run"
    desk = set_up(state, port_base=base)
    async with started(state, base, "--fresh") as stack:
        assert desk.people[0].password not in stack.printed
        children = stack.children()
        await stack.end(signal.SIGKILL)
        gone, alive = await asyncio.to_thread(psutil.wait_procs, children, timeout=20)
        assert (len(gone), alive) == (2, [])


async def test_a_dead_child_is_named_with_its_last_lines_and_the_others_end(tmp_path: Path, base: int) -> None:
    async with started(tmp_path / "run", base) as stack:
        children = {child.cmdline()[2]: child for child in stack.children()}
        children["hub"].kill()
        code, output = await stack.outcome()
        assert code == 1
        assert "The centre ended by itself with code -9. Its last lines (" in output
        assert not children["simulator"].is_running()


async def test_what_is_in_the_way_is_one_sentence(tmp_path: Path, base: int, run: Run) -> None:
    where = ("--port-base", base, "--state")
    async with AsyncExitStack() as held:
        taken = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", base + 1)
        await held.enter_async_context(taken)
        code, output = await run(*STACK, *where, tmp_path / "run", cwd=ROOT)
        assert (code, output.count("\n")) == (1, 1)
        assert f"Port {base + 1} for the clerk is taken" in output
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("keep me")
    code, output = await run(*STACK, *where, tmp_path / "home", "--fresh", cwd=ROOT)
    assert (code, output.count("\n")) == (1, 1)
    assert (tmp_path / "home" / "letter.txt").exists()


def test_the_desks_configuration_is_one_the_controller_takes(tmp_path: Path) -> None:
    config = load(set_up(tmp_path, port_base=9000).config)
    assert (config.kiosk.port, config.clerk.port, config.centre.url) == (9000, 9001, "http://127.0.0.1:9002")
    assert config.bus[0].port == str(tmp_path / "line-A")
    assert [person.role for person in config.staff] == ["clerk", "leader"]
    for path in (config.secrets.device_key_file, config.centre.key_file, config.centre.push_secret_file):
        assert path is not None
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_cabinet_to_learn_on_says_so_and_writes_to_nobodys_phone(tmp_path: Path) -> None:
    desk = set_up(tmp_path, port_base=9100, training=True)
    assert load(desk.config).cabinet.training
    text = desk.config.read_text(encoding="utf-8").replace('gateways = ["file"]', 'gateways = ["file", "twilio"]')
    desk.config.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="a training cabinet writes to nobody"):
        load(desk.config)
