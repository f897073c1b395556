"""The whole service as its own process."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[2]
CONFIG = """
[cabinet]
id = "hoa-mai-01"
[storage]
directory = "journal"
reserve_mib = 0
[secrets]
device_key_file = "device-key"
[notices]
accept_codes_in_clear = true
[kiosk]
port = 0
[clerk]
port = {clerk_port}
[[lock]]
model = "solenoid-12v"
[[bus]]
name = "A"
host = "127.0.0.1"
tcp_port = {bus_port}
framing = "rtu"
[[board]]
name = "A1"
bus = "A"
unit_id = 1
[[compartment]]
number = 1
board = "A1"
coil = 0
input = 0
lock = "solenoid-12v"
row = 1
column = 1
height_cm = 100
"""


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., Any]:
    """Starts the service with a bus that nobody answers on."""
    key = tmp_path / "device-key"
    key.write_text("07" * 32)
    key.chmod(0o600)

    async def begin(*, clerk_port: int = 0) -> asyncio.subprocess.Process:
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            bus_port = nobody.getsockname()[1]
        config = tmp_path / "cabinet.toml"
        config.write_text(CONFIG.format(clerk_port=clerk_port, bus_port=bus_port))
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "api", "run", "--config", str(config), "--ready-line",
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    return begin


@pytest.fixture
async def process(start: Callable[..., Any]) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    process = await start()
    async with asyncio.timeout(60):
        ready = json.loads(await process.stdout.readline())
    yield process, ready
    if process.returncode is None:
        process.kill()
        await process.wait()


async def test_it_stops_at_once_and_cleanly_although_a_screen_is_listening(
    process: tuple[asyncio.subprocess.Process, dict[str, str]],
) -> None:
    program, ready = process
    async with httpx.AsyncClient(base_url=ready["kiosk"], timeout=10) as browser:
        assert (await browser.get("/enter")).status_code == 303
        async with browser.stream("GET", "/api/kiosk/stream") as stream:
            lines = stream.aiter_lines()
            assert (await anext(lines)).startswith('data: {"version":')
            program.send_signal(signal.SIGTERM)
            async with asyncio.timeout(20):
                rest = [line async for line in lines]
                assert await program.wait() == 0
    assert not any(line.startswith("data:") for line in rest[-1:])
    assert program.stderr is not None
    assert b"Traceback" not in await program.stderr.read()


async def test_with_no_board_it_lives_and_says_that_it_cannot_serve(
    process: tuple[asyncio.subprocess.Process, dict[str, str]],
) -> None:
    _program, ready = process
    async with httpx.AsyncClient(base_url=ready["clerk"], timeout=10) as client:
        assert (await client.get("/health/live")).status_code == 200
        answer = await client.get("/health/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["boards"]["A1"]["is_online"] is False


async def test_a_taken_port_is_one_sentence(start: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        program = await start(clerk_port=taken.getsockname()[1])
        async with asyncio.timeout(60):
            _out, err = await program.communicate()
    assert program.returncode == 1
    (sentence,) = err.decode().splitlines()
    assert "choose another port" in sentence
