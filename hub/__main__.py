"""Command line of the centre: serve, register a cabinet, erase personal data that is past its date."""

import asyncio
import logging
import secrets
import socket
import sys
import tomllib
from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub import cabinets, chance, facts, server
from hub.app import create_app
from hub.bell import Bell
from hub.cabinets import Cabinet
from hub.callers import LOOPBACK
from hub.chance import utc_text
from hub.errors import HubError
from hub.store import Store
from locker.wire import CabinetId

DEFAULT_DATABASE = "sqlite:///centre.db"


class BootstrapCabinet(BaseModel):
    """One [[cabinet]] of the bootstrap file."""

    model_config = ConfigDict(extra="forbid")

    id: CabinetId
    key: str = Field(min_length=16)
    url: str | None = None
    push_secret: str | None = Field(default=None, pattern=r"^whsec_[A-Za-z0-9+/=]+$")


class Bootstrap(BaseModel):
    """Cabinets that exist from the first start, in TOML: a [[cabinet]] each; url and push_secret only for pushes."""

    model_config = ConfigDict(extra="forbid")

    cabinet: list[BootstrapCabinet] = []


@dataclass(frozen=True, kw_only=True)
class Serving:
    """The options of the command line."""

    database: str
    host: str
    port: int
    ready_file: Path | None
    bootstrap: Path | None
    staff_token_file: Path | None


def open_store(database: str) -> Store:
    """The store, or one sentence and the end."""
    try:
        return Store(database)
    except HubError as error:
        raise click.ClickException(str(error)) from error


def read_bootstrap(path: Path) -> list[Cabinet]:
    """Cabinets of a bootstrap file, or one sentence and the end."""
    try:
        found = Bootstrap.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise click.ClickException(f"cannot read {path}: {error}") from error
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}" for flaw in error.errors())
        raise click.ClickException(f"{path}: {places}") from error
    return [Cabinet(**one.model_dump()) for one in found.cabinet]


@click.group(invoke_without_command=True)
@click.option("--database", default=DEFAULT_DATABASE, show_default=True, help="sqlite:///file or postgresql://...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8080, show_default=True, help="0 lets the system choose.")
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="Written when the centre answers, with its address."
)
@click.option(
    "--bootstrap", type=click.Path(path_type=Path), help="TOML file with [[cabinet]] id, key, url, push_secret."
)
@click.option("--staff-token-file", type=click.Path(path_type=Path), help="Needed to listen beyond this machine.")
@click.pass_context
def main(context: click.Context, /, **options: Any) -> None:
    """Centre for 24/7 dossier cabinets: facts in, wishes out. Without a command it serves until SIGTERM."""
    structlog.configure(
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    context.obj = options["database"]
    if context.invoked_subcommand is None:
        serve(Serving(**options))


def serve(asked: Serving) -> None:
    """Serve until SIGTERM or SIGINT; a wrong option is one sentence and the end."""
    token = read_token(asked.staff_token_file)
    if token is None and asked.host not in LOOPBACK:
        raise click.ClickException(f"listening on {asked.host} needs --staff-token-file; or leave --host on 127.0.0.1")
    registered = read_bootstrap(asked.bootstrap) if asked.bootstrap is not None else []
    try:
        bound = server.bind(asked.host, asked.port)
    except OSError as error:
        where = f"{asked.host}:{asked.port}"
        raise click.ClickException(f"cannot listen on {where} ({error.strerror}); choose another --port") from error
    with bound:
        store = open_store(asked.database)
        bell = Bell()
        try:
            app = create_app(store=store, bell=bell, chance=chance.real(), staff_token=token)
            address = server.address_of(bound)
            running = server.Server(app, bell=bell, address=address, ready_file=asked.ready_file)
            asyncio.run(_register_and_run(store, registered, running, bound))
        finally:
            store.close()


async def _register_and_run(
    store: Store, registered: list[Cabinet], running: server.Server, bound: socket.socket
) -> None:
    for one in registered:
        await store.call(cabinets.register, one)
    await running.serve([bound])


def read_token(path: Path | None) -> str | None:
    """The staff token, None without a file, or one sentence and the end."""
    if path is None:
        return None
    try:
        token = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise click.ClickException(f"cannot read {path}: {error.strerror}") from error
    if len(token) < 16:  # noqa: PLR2004  the same bar as for keys
        raise click.ClickException(f"{path} holds a token of under 16 characters; write a longer one")
    return token


@main.group()
def cabinet() -> None:
    """Register cabinets."""


@cabinet.command("add")
@click.argument("cabinet_id")
@click.option("--url", help="Where the centre reaches the cabinet, for pushes.")
@click.pass_obj
def add(database: str, cabinet_id: str, url: str | None) -> None:
    """Register CABINET_ID, or give it a new key, and print the key; it is shown only here."""
    key = secrets.token_urlsafe(32)
    push_secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode() if url else None
    try:
        BootstrapCabinet(id=cabinet_id, key=key)
    except ValidationError as error:
        raise click.ClickException(
            "a cabinet id is lower-case letters, digits and dashes, such as hoa-mai-01"
        ) from error
    store = open_store(database)
    try:
        asyncio.run(store.call(cabinets.register, Cabinet(id=cabinet_id, key=key, url=url, push_secret=push_secret)))
    finally:
        store.close()
    click.echo(f"key = {key}")
    if push_secret:
        click.echo(f"push_secret = {push_secret}")


@main.command("erase")
@click.option("--days", default=90, show_default=True, help="Personal data attached to facts older than this goes.")
@click.pass_obj
def erase(database: str, days: int) -> None:
    """Erase personal data attached to old facts; the facts stay."""
    before = utc_text(chance.real().now() - timedelta(days=days))
    store = open_store(database)
    try:
        erased = asyncio.run(store.call(facts.erase_attached, before=before))
    finally:
        store.close()
    click.echo(f"erased the personal data of {erased} facts")


if __name__ == "__main__":
    main(prog_name="python -m hub")
