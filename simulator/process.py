"""The simulator's process: one cabinet, its lines, and the view of it on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import socket
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click
import uvicorn

from hw.loop import run
from locker.config import Wiring
from locker.config_file import ConfigError, load_wiring
from simulator import script
from simulator.app import build
from simulator.phone import Phone
from simulator.plugs import CannotServe
from simulator.stage import Stage

DEMONSTRATION = Path(__file__).parent / "cabinet-24.toml"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    default=DEMONSTRATION,
    help="The wiring file: buses, boards, compartments. Default: 24 compartments on three boards.",
)
@click.option("--http-port", type=click.IntRange(0, 65535), default=0, help="The cabinet view's port; 0: any free one.")
@click.option(
    "--line",
    "lines",
    multiple=True,
    metavar="BUS=WHERE",
    help="Where masters find a bus: a path (a pty), tcp://127.0.0.1:PORT (Modbus TCP) or rtu+tcp://127.0.0.1:PORT. "
    "Once for every bus. Default: the bus's own port or host in the wiring file.",
)
@click.option(
    "--phone-outbox",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file gateway's outbox.jsonl; its messages appear on the citizen's phone.",
)
@click.option(
    "--real-time-baud",
    type=click.IntRange(1200, 256000),
    help="Keep the character times of this speed on every line. Default: as fast as it goes.",
)
@click.option(
    "--script",
    "script_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Faults at set times: a TOML list of [[step]] with at_s, one of door, board, line, and the fault.",
)
@click.option(
    "--kiosk-url", metavar="URL", help="Where the kiosk page is; the screen drawn on the cabinet leads there."
)
@click.option("--ready-line", is_flag=True, help="When ready, print one JSON line for programs instead of sentences.")
def main(
    *,
    config: Path,
    http_port: int,
    lines: tuple[str, ...],
    phone_outbox: Path | None,
    real_time_baud: int | None,
    script_file: Path | None,
    kiosk_url: str | None,
    ready_line: bool,
) -> None:
    """Simulate a dossier cabinet: boards on real Modbus lines, doors with springs, a page to work them by hand.

    Everything listens on 127.0.0.1. Ctrl-C ends it and leaves no line behind.
    """
    try:
        name, is_training = _identity(config)
        wiring = load_wiring(config)
        stage = Stage(
            name=name,
            wiring=wiring,
            phone=Phone(phone_outbox),
            clock=time.monotonic,
            real_time_baud=real_time_baud,
            kiosk_url=kiosk_url,
            is_training=is_training,
        )
        run(
            _run(
                stage,
                addresses=_default_addresses(wiring) | dict(_named(line) for line in lines),
                http_port=http_port,
                script_file=script_file,
                ready_line=ready_line,
            )
        )
    except (ConfigError, CannotServe) as refusal:
        click.echo(str(refusal), err=True)
        sys.exit(2)


async def _run(
    stage: Stage, *, addresses: dict[str, str], http_port: int, script_file: Path | None, ready_line: bool
) -> None:
    """Serves until SIGINT or SIGTERM."""
    steps = script.read(script_file, stage) if script_file else ()
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(ending, ended.set)
    with contextlib.closing(_listen(http_port)) as listener:
        async with stage.served(addresses), _http(stage, listener):
            port = listener.getsockname()[1]
            _announce(stage, f"http://127.0.0.1:{port}/", ready_line=ready_line)
            playing = asyncio.create_task(script.play(steps, stage))
            await ended.wait()
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)


def _identity(config: Path) -> tuple[str, bool]:
    """The id in the wiring file's [cabinet], else the file's name; whether one learns on it. Raises ConfigError."""
    try:
        cabinet = tomllib.loads(config.read_text(encoding="utf-8")).get("cabinet", {})
    except ValueError as error:
        raise ConfigError(config, [f"is not valid TOML: {error}"]) from error
    return str(cabinet.get("id", config.stem)), bool(cabinet.get("training", False))


def _default_addresses(wiring: Wiring) -> dict[str, str]:
    return {
        bus.name: bus.port or f"{'tcp' if bus.speaks == 'tcp' else 'rtu+tcp'}://{bus.host}:{bus.tcp_port}"
        for bus in wiring.bus
    }


@contextlib.asynccontextmanager
async def _http(stage: Stage, listener: socket.socket) -> AsyncIterator[None]:
    server = _Server(uvicorn.Config(build(stage), log_level="warning", lifespan="off", timeout_graceful_shutdown=1))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event for this
            await asyncio.sleep(0.005)
        yield
    finally:
        stage.end()
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the process's own."""
        yield


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise CannotServe(
            f"Port {port} for the cabinet view is taken or forbidden ({error.strerror}); choose another --http-port."
        ) from error
    return listener


def _named(line: str) -> tuple[str, str]:
    bus, separator, where = line.partition("=")
    if not separator or not bus or not where:
        raise CannotServe(f"--line {line} is not BUS=WHERE; write for example --line A=/tmp/line-A.")
    return bus, where


def _announce(stage: Stage, url: str, *, ready_line: bool) -> None:
    lines = {name: plug.address for name, plug in stage.plugs.items()}
    if ready_line:
        print(json.dumps({"ready": "simulator", "url": url, "lines": lines}), flush=True)  # noqa: T201 - the ready line
        return
    click.echo(f"Cabinet view  {url}")
    for name, address in lines.items():
        click.echo(f"Bus {name}         {address}")
    click.echo("Ctrl-C ends it.")
