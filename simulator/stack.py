"""`make run`: a simulated cabinet, its controller and a centre on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx

from simulator import dossiers
from simulator.children import Child, ChildFailed, Children, held, until_answers, until_ready
from simulator.desk import CABINET, OFFSETS, Desk, set_up

ROOT = Path(__file__).parents[1]
FIRST_PORT = 8021
TRAINING_PORT = 8121
PARTS = ("simulator", "centre", "controller")


class CannotStart(Exception):
    """One sentence: what is in the way and what to do."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--fresh", is_flag=True, help="Forget the earlier run: wipe its state first.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65535 - max(OFFSETS.values())),
    help=f"Ports of kiosk, clerk, centre and cabinet view: this one and the next three. Default: {FIRST_PORT}, or "
    f"{TRAINING_PORT} to train.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where everything is kept between runs. Default: .run in the clone, .run-training to train.",
)
@click.option("--training", is_flag=True, help="A cabinet to learn on: its pages are violet and say so.")
@click.option("--without-controller", is_flag=True, help="Leave the controller to you; its command is printed.")
def main(*, fresh: bool, port_base: int | None, state: Path | None, training: bool, without_controller: bool) -> None:
    """Run a simulated cabinet of 24 compartments with its controller and a centre, and print where the pages are."""
    state = state or ROOT / (".run-training" if training else ".run")
    port_base = port_base or (TRAINING_PORT if training else FIRST_PORT)
    try:
        with _owned(state, fresh=fresh):
            desk = set_up(state, port_base=port_base, training=training)
            _check_ports(desk)
            asyncio.run(_run(desk, without_controller=without_controller))
    except (CannotStart, ChildFailed) as failure:
        click.echo(str(failure), err=True)
        sys.exit(1)
    except OSError as error:
        click.echo(f"{error.filename or state} cannot be used ({error.strerror}); choose another --state.", err=True)
        sys.exit(1)


@contextlib.contextmanager
def _owned(state: Path, *, fresh: bool) -> Iterator[None]:
    """One stack per state directory. Raises CannotStart."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CannotStart(
                f"Another run uses {state}; end it, or give this one its own --state and --port-base."
            ) from error
        if fresh:
            _wipe(state)
        yield


def _wipe(state: Path) -> None:
    """Removes what a run leaves; a directory that was never one is not touched. Raises CannotStart."""
    left = [entry for entry in state.iterdir() if entry.name != "lock"]
    if left and not (state / "cabinet.toml").exists():
        raise CannotStart(f"{state} holds other files than a run's; empty it yourself or name another --state.")
    for entry in left:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _check_ports(desk: Desk) -> None:
    for page, port in desk.ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotStart(
                    f"Port {port} for the {page} is taken by another program; end that, "
                    f"or choose four others: make run ARGS='--port-base {port + 100}'."
                ) from error


async def _run(desk: Desk, *, without_controller: bool) -> None:
    """Starts, seeds, tells, and waits for a signal. Raises ChildFailed."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(ending, ended.set)
    async with held(desk.logs) as children:
        signalled = asyncio.create_task(ended.wait())
        died = asyncio.create_task(children.first_death())
        started = asyncio.create_task(_start(desk, children, without_controller=without_controller))
        tasks = {signalled, died, started}
        try:
            await asyncio.wait({signalled, died, started}, return_when=asyncio.FIRST_COMPLETED)
            if started.done() and not died.done() and not signalled.done():
                started.result()
                _tell(desk, without_controller=without_controller)
                _tell_codes_on_enter(desk)
                await asyncio.wait({signalled, died}, return_when=asyncio.FIRST_COMPLETED)
            if died.done() and not signalled.done():
                died.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _start(desk: Desk, children: Children, *, without_controller: bool) -> None:
    simulator = await children.start("simulator", commands(desk)["simulator"], cwd=ROOT)
    centre = await children.start("centre", commands(desk)["centre"], cwd=ROOT)
    await asyncio.gather(until_ready(simulator), until_ready(centre))
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        seeding = asyncio.create_task(_seed(desk, http))
        try:
            if not without_controller:
                controller = await children.start("controller", commands(desk)["controller"], cwd=ROOT)
                await _until_healthy(desk, http, controller)
        finally:
            await seeding


def commands(desk: Desk) -> dict[str, list[str]]:
    """The command line of each part."""
    python = sys.executable
    return {
        "simulator": [
            *(python, "-m", "simulator", "--config", str(desk.config), "--http-port", str(desk.ports["cabinet view"])),
            *("--line", f"A={desk.line}", "--phone-outbox", str(desk.outbox), "--kiosk-url", desk.url("kiosk")),
            "--ready-line",
        ],
        "centre": [
            *(python, "-m", "hub", "--database", desk.database, "--port", str(desk.ports["centre"])),
            *("--bootstrap", str(desk.bootstrap)),
        ],
        "controller": [python, "-m", "api", "run", "--config", str(desk.config), "--ready-line"],
    }


async def _until_healthy(desk: Desk, http: httpx.AsyncClient, controller: Child) -> None:
    async def missing() -> str:
        try:
            answer = await http.get(f"{desk.url('clerk')}health/ready")
        except httpx.TransportError:
            return "it does not answer"
        return "" if answer.is_success else answer.text

    await until_answers(controller, missing)


async def _seed(desk: Desk, http: httpx.AsyncClient) -> None:
    """Announces the waiting dossiers, unless the centre has results already. Raises ChildFailed."""
    results = f"{desk.url('centre')}v1/results"
    try:
        if (await http.get(results)).raise_for_status().json():
            return
        for announcement in dossiers.waiting(CABINET, datetime.now(UTC).date()):
            (await http.post(results, json=announcement)).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise ChildFailed(f"The centre refused the desk's dossiers: {error.response.text}") from error
    except httpx.TransportError as error:
        raise ChildFailed(f"The centre stopped answering; see {desk.logs / 'centre.log'}.") from error


def _tell(desk: Desk, *, without_controller: bool) -> None:
    rows = [
        ("Kiosk", desk.url("kiosk"), "where a citizen types the code"),
        ("Clerk", desk.url("clerk"), "where results are loaded"),
        ("Cabinet", desk.url("cabinet view"), "the doors, and the citizen's phone"),
        ("Centre", desk.url("centre"), "where results are announced"),
    ]
    click.echo()
    for name, url, what in rows:
        click.echo(f"  {name:8} {url:24} {what}")
    click.echo("\n  Sign in at the clerk page:")
    for person in desk.people:
        click.echo(
            f"  {person.role:8} {person.user:6} password {person.password}   code {person.code()} for half a minute"
        )
        click.echo(f"           {person.otpauth()}")
    click.echo(f"\n  State and logs: {desk.state}   ('make run ARGS=--fresh' forgets it)")
    if without_controller:
        click.echo(f"  Start the controller yourself: {' '.join(commands(desk)['controller'])}")
    click.echo("  Enter shows fresh codes, Ctrl-C ends everything.\n")


def _tell_codes_on_enter(desk: Desk) -> None:
    if not sys.stdin.isatty():
        return

    def entered() -> None:
        if not sys.stdin.readline():
            asyncio.get_running_loop().remove_reader(sys.stdin)
            return
        click.echo("  " + "   ".join(f"{person.user} {person.code()}" for person in desk.people))

    asyncio.get_running_loop().add_reader(sys.stdin, entered)


if __name__ == "__main__":
    main(prog_name="python -m simulator.stack")
