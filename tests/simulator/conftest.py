"""A small cabinet, and the simulator's process on free ports."""

import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from locker.config import Wiring
from simulator.phone import Phone
from simulator.process import DEMONSTRATION
from simulator.stage import Stage

ROOT = Path(__file__).parents[2]
Run = Callable[..., Awaitable[tuple[int, str]]]


def small_wiring(profile: str = "waveshare-relay-d") -> Wiring:
    """Two boards on bus A; compartments 1 and 2 on the first, 3 on the second."""
    places = [(1, "A1", 0), (2, "A1", 1), (3, "A2", 0)]
    return Wiring.model_validate(
        {
            "lock": [{"model": "solenoid"}],
            "bus": [{"name": "A", "port": "/nowhere"}],
            "board": [
                {"name": "A1", "bus": "A", "unit_id": 1, "profile": profile},
                {"name": "A2", "bus": "A", "unit_id": 2, "profile": profile},
            ],
            "compartment": [
                {
                    "number": number,
                    "board": board,
                    "coil": coil,
                    "input": coil,
                    "lock": "solenoid",
                    "row": 1,
                    "column": number,
                    "height_cm": 100,
                }
                for number, board, coil in places
            ],
        }
    )


@pytest.fixture
def wiring() -> Wiring:
    return small_wiring()


@pytest.fixture
def stage(wiring: Wiring) -> Stage:
    return Stage(name="test", wiring=wiring, phone=Phone(None), clock=time.monotonic)


@pytest.fixture
async def pty(stage: Stage, tmp_path: Path) -> AsyncIterator[Path]:
    """Bus A of `stage` on a pty."""
    async with stage.served({"A": str(tmp_path / "line-A")}):
        yield tmp_path / "line-A"


@pytest.fixture
def run() -> Run:
    """Runs a program to its end: exit code and all its output."""

    async def run_program(*words: object, cwd: Path | None = None) -> tuple[int, str]:
        program = await asyncio.create_subprocess_exec(
            *map(str, words), cwd=cwd, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        async with asyncio.timeout(60):
            output, _ = await program.communicate()
        assert program.returncode is not None
        return program.returncode, output.decode()

    return run_program


@dataclass(frozen=True)
class Served:
    """A running `python -m simulator` with its demonstration cabinet."""

    program: subprocess.Popen[bytes]
    url: str
    line: Path
    outbox: Path


@contextlib.contextmanager
def serving(directory: Path, *, port: int = 0, is_training: bool = False) -> Iterator[Served]:
    """The demonstration cabinet on `port`, or any free one."""
    line, outbox, config = directory / "line-A", directory / "outbox.jsonl", DEMONSTRATION
    if is_training:
        config = directory / "cabinet.toml"
        config.write_text(DEMONSTRATION.read_text().replace("[cabinet]\n", "[cabinet]\ntraining = true\n"))
    words = ("-m", "simulator", "--config", str(config), "--http-port", str(port), "--line", f"A={line}")
    rest = ("--phone-outbox", str(outbox), "--ready-line")
    with subprocess.Popen([sys.executable, *words, *rest], cwd=ROOT, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        try:
            yield Served(program, json.loads(program.stdout.readline())["url"], line, outbox)
        finally:
            program.terminate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One process for the tests of a file; each works its own doors and mends what it breaks."""
    with serving(tmp_path_factory.mktemp("simulator")) as running:
        yield running


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """A process of the test's own."""
    with serving(tmp_path) as running:
        yield running
