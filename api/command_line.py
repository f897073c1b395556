"""The command line: `dossier-locker COMMAND --config FILE`."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import click
import msgspec
import segno

from api import control, enrolment, logs, voice
from api.secret_files import CannotStartError
from hw.errors import Fault
from hw.panel import load_gpio
from hw.profile import load_profile
from locker import acceptance, config_file, keeping, receipts
from locker.clock import has_battery_clock
from locker.config import Config
from locker.config_file import ConfigError
from locker.refusals import Refusal, StorageFault, WeakPassword
from otp import sealing, staff
from otp.errors import OtpError

FOLLOWED_EVERY_S = 0.5
DEFAULT_CONFIG = Path("/etc/dossier-locker/cabinet.toml")
CONFIG = click.option(
    "--config",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=DEFAULT_CONFIG,
    show_default=True,
    envvar="DOSSIER_LOCKER_CONFIG",
    help="The cabinet's TOML file.",
)


def _load(path: Path) -> Config:
    try:
        return config_file.load(path)
    except ConfigError as error:
        raise click.ClickException(str(error)) from error


def _ask(config: Config, command: str) -> dict[str, Any]:
    try:
        reply = asyncio.run(control.ask(config.storage.control, command))
    except control.NotRunningError as error:
        raise click.ClickException(str(error)) from error
    if "error" in reply:
        raise click.ClickException(reply["error"])
    return reply


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Controller of a 24/7 dossier cabinet.

    First time on a cabinet: write the TOML file (docs/wiring.md), `check` it, then `run`.
    """
    logs.configure(logging.ERROR)  # `run` lowers it; the other commands answer in sentences of their own


@main.command()
@CONFIG
@click.option("--ready-line", is_flag=True, help="Print one JSON line with the addresses once ready.")
def run(path: Path, *, ready_line: bool) -> None:
    """Run the service until it is stopped (systemd does this)."""
    from api.run import main as run_service  # noqa: PLC0415  the other commands must not wait for the web framework

    sys.exit(run_service(_load(path), ready_line=ready_line))


@main.command()
@CONFIG
@click.option("--boards/--no-boards", default=True, help="Also ask every board on its bus (stop the service first).")
def check(path: Path, *, boards: bool) -> None:
    """Check the configuration and every board it names; list all problems at once."""
    config = _load(path)
    click.echo(f"{path}: {len(config.compartment)} compartments, {len(config.board)} boards: configuration is good.")
    if not has_battery_clock():
        click.echo(
            "  clock: warning: no battery clock; after a power cut without network nobody knows the time. Fit one"
        )
    if config.panel is not None:
        try:
            load_gpio()
        except Fault as fault:
            click.echo(f"  panel: warning: {fault}")
    if not config.kiosk.accepts_slips:
        click.echo(
            "  codes: warning: they go by SMS alone, which who holds the SIM can read; set [kiosk] accepts_slips, "
            "or have the office accept that in writing"
        )
    for board in config.board:
        if unproved := load_profile(board.profile).unproved:
            click.echo(f"  board {board.name}: warning: {board.profile}: {unproved}; prove every door of the first one")
    if not boards:
        return
    from api import boards as probing  # noqa: PLC0415

    problems = asyncio.run(probing.check(config))
    for name, problem in problems.items():
        click.echo(f"  board {name}: {problem or 'good'}")
    if any(problems.values()):
        raise click.ClickException("some boards do not serve; the others would")


@main.command()
@CONFIG
def release(path: Path) -> None:
    """Switch every coil of every board off, as far as they answer (runs after the service stops)."""
    from api import boards as probing  # noqa: PLC0415

    for name, problem in asyncio.run(probing.release(_load(path))).items():
        click.echo(f"board {name}: {problem or 'all coils off'}", err=bool(problem))


@main.command("end-safe-mode")
@CONFIG
def end_safe_mode(path: Path) -> None:
    """Serve again after the disk failed twice within an hour, once its cause is mended. The service must be stopped."""
    keeping.end_safe_mode(_load(path).storage.directory)
    click.echo("safe mode ends with the next start; run `verify` first")


@main.command()
@CONFIG
def status(path: Path) -> None:
    """What the running service says of itself, as JSON."""
    click.echo(json.dumps(_ask(_load(path), "status"), indent=2, ensure_ascii=False))


@main.command()
@CONFIG
def backup(path: Path) -> None:
    """Copy the running journal to the backup directory, checked and synced."""
    click.echo(_ask(_load(path), "backup")["file"])


@main.command()
@CONFIG
@click.option("--finish", "address", metavar="ADDRESS", help="The move is done; serve again at this address.")
def relocate(path: Path, address: str | None) -> None:
    """Take the cabinet out of use for a move; with --finish serve again, after the stock was checked.

    Everybody whose result is inside gets a message each time.
    """
    config = _load(path)
    if address is None:
        _ask(config, "relocation-start")
        click.echo("out of use; move it, check the stock to the last door, then `relocate --finish ADDRESS`")
        return
    _ask(config, f"relocation-finish {' '.join(address.split())}")
    click.echo("serving again; everybody with something inside is told")


@main.command()
@CONFIG
@click.option("--yes", is_flag=True, help="Do not ask.")
def retire(path: Path, *, yes: bool) -> None:
    """End this cabinet for good; refused while anything is inside or unsent."""
    config = _load(path)
    if not yes and click.prompt("Nothing brings it back. Type the id of the cabinet") != config.cabinet.id:
        raise click.ClickException("that is not the id of this cabinet; nothing was done")
    _ask(config, f"retire {config.cabinet.id}")
    click.echo(f"{config.cabinet.id} is retired")


@main.command()
@CONFIG
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--log", "logs", multiple=True, type=click.Path(path_type=Path, exists=True), help="A log to add.")
def support(path: Path, file: Path, logs: tuple[Path, ...]) -> None:
    """Write into FILE (zip) what a supplier needs to find a fault; it tells of no person, and has no code and no key.

    Without --log the log is taken from the system's journal, which root and its readers may.
    """
    from api import support as bundle  # noqa: PLC0415

    config = _load(path)
    told = _ask(config, "support") if config.storage.control.exists() else {}
    try:
        bundle.write(file, config, told, logs=logs)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written ({error.strerror}); name another file") from error
    click.echo(
        f"{file} written" + ("" if told else "; the service does not run, so only configuration and log are in it")
    )


@main.command("subject-report")
@CONFIG
@click.argument("who")
def subject_report(path: Path, who: str) -> None:
    """Print all that is kept of a person, by phone number or dossier code WHO, as JSON, and why."""
    click.echo(json.dumps(_ask(_load(path), f"subject-report {' '.join(who.split())}"), indent=2, ensure_ascii=False))


@main.command()
@CONFIG
@click.argument("who")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(path: Path, who: str, *, yes: bool) -> None:
    """Erase what is kept of a person, by phone number or dossier code WHO; what is still needed stays, with its reason.

    Backups that hold it expire by their own age.
    """
    config = _load(path)
    if not yes:
        click.confirm("Nothing brings it back. Did the person ask, and show who they are?", abort=True)
    reply = _ask(config, f"erase {' '.join(who.split())}")
    click.echo(f"{reply['erased']} records erased")
    for ref, why in reply["held"].items():
        click.echo(f"  {ref} stays: {why}")


@main.command()
@CONFIG
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True), required=False)
@click.option("--yes", is_flag=True, help="Do not ask.")
def restore(path: Path, file: Path | None, *, yes: bool) -> None:
    """Put a backup (default: the newest) in place of the journal. The service must be stopped.

    The present journal is moved aside, never deleted. The next start begins a recount: every code is void, and
    compartments serve once the centre has given back its facts or a clerk has looked inside.
    """
    config = _load(path)
    chosen = file or keeping.latest(config.storage.backups)
    if chosen is None:
        raise click.ClickException(f"no backup in {config.storage.backups}")
    if not yes:
        click.confirm(f"Put {chosen.name} in place of the journal? All codes become void.", abort=True)
    try:
        aside = keeping.restore(chosen, config.storage.directory, utc_ms=time.time_ns() // 1_000_000)
    except StorageFault as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{chosen.name} is in place" + (f"; the former journal is {aside}" if aside else ""))


@main.command()
@CONFIG
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False, exists=True), help="A backup to verify.")
@click.option("--key", "public", multiple=True, help="A public key of this cabinet, to check who signed the seals.")
@click.option("--head", help="NUMBER:HASH that the centre, a receipt or an earlier `verify` knows: finds a cut end.")
def verify(path: Path, file: Path | None, public: tuple[str, ...], head: str | None) -> None:
    """Walk the hash chain and its yearly seals: names the first fact that was changed, removed or moved."""
    config = _load(path)
    try:
        anchor = keeping.anchor_of(head) if head else None
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    if file is None and config.storage.control.exists():
        reply = _ask(config, f"verify {head or ''}")
        click.echo(json.dumps(reply))
        sys.exit(0 if reply["is_sound"] else 1)
    try:
        verdict = keeping.verify(file or config.storage.journal, anchor=anchor, public=public)
    except (StorageFault, receipts.ReceiptRefusedError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{verdict.seq} facts, {verdict.seals} seals, head {verdict.head_hash}")
    if not verdict.is_sound:
        raise click.ClickException(f"fact {verdict.flaw_seq}: {verdict.what}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def key(file: Path) -> None:
    """Make a new device key in FILE (mode 0600). Without it no code can be checked: keep a copy in a safe."""
    try:
        sealing.create_device_key(file)
    except OtpError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{file} written; name it in [secrets] device_key_file")


@main.command("receipt")
@click.argument("text")
@click.option("--key", "public", required=True, help="The cabinet's public key, from /health/receipt-key.")
def check_receipt(text: str, public: str) -> None:
    """Check the receipt of an intake, as its QR code holds it, without the cabinet."""
    try:
        found = receipts.check(text, public)
    except receipts.ReceiptRefusedError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False))


@main.command("voice")
@click.argument("into", type=click.Path(path_type=Path, file_okay=False))
@click.option("--recordings", type=click.Path(path_type=Path, file_okay=False, exists=True), help="Take these first.")
def make_voice(into: Path, recordings: Path | None) -> None:
    """Make the clips of voice mode in INTO, without a network. A recording <language>/<clip>.opus replaces one."""
    try:
        count = voice.make(into, recordings)
    except voice.VoiceFailedError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} clips in {into}; name it in [kiosk] voice_directory")


@main.command("sheet")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--key", "public", required=True, help="The cabinet's public key, from /health/receipt-key.")
def check_sheet(file: Path, public: str) -> None:
    """Check the acceptance sheet of a commissioning, as `commission` wrote it."""
    text = next((line for line in file.read_text("utf-8").splitlines() if line.startswith(acceptance.MARK)), "")
    try:
        found = acceptance.check(text, public)
    except receipts.ReceiptRefusedError as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(json.dumps(msgspec.to_builtins(found), indent=2, ensure_ascii=False))
    if not found.is_accepted:
        raise click.ClickException("signed, and not accepted: some boards or doors are not good")


class Keyboard:
    """Whoever types at this terminal."""

    async def ask(self, text: str, *, hidden: bool = False) -> str:
        typed: str = await asyncio.to_thread(click.prompt, text, default="", show_default=False, hide_input=hidden)
        return typed.strip()

    def tell(self, text: str) -> None:
        click.echo(text)


@main.command()
@CONFIG
@click.option("--sheet", "folder", type=click.Path(path_type=Path, file_okay=False, exists=True), default=Path())
@click.option("--board", help="Only this board, after it was replaced; the service runs and the others serve.")
@click.option("--page", is_flag=True, help="Serve the steps as a page where the clerk page is otherwise; Ctrl-C ends.")
def commission(path: Path, folder: Path, board: str | None, *, page: bool) -> None:
    """Prove the wiring door by door, be told what is exchanged or broken, and get a signed acceptance sheet.

    Service stopped, cabinet empty. The sheet is written into the folder --sheet (default: this one).
    """
    config = _load(path)
    if page:
        from api.run import main as run_commissioning  # noqa: PLC0415

        sys.exit(run_commissioning(config, ready_line=False, is_on_trial=True))
    from api import commission as guided  # noqa: PLC0415
    from api import commission_board  # noqa: PLC0415
    from api.panel import panel_of  # noqa: PLC0415

    panel = None if config.panel is None else panel_of(config.panel)
    try:
        if board is None:
            asyncio.run(guided.commission(config, Keyboard(), folder=folder, panel=panel))
        else:
            asyncio.run(commission_board.commission_board(config, board, Keyboard()))
    except control.NotRunningError as error:
        raise click.ClickException(str(error)) from error
    except (guided.Abandoned, CannotStartError, Refusal, StorageFault, OtpError, Fault) as error:
        raise click.ClickException(str(error)) from error


@main.command()
@CONFIG
@click.option("--follow", is_flag=True, help="Show every frame on the wire as it happens, until Ctrl-C.")
def bus(path: Path, *, follow: bool) -> None:
    """Counters, latencies and failing locks of the running service; with --follow the live frames, decoded."""
    from api import bus_view  # noqa: PLC0415

    config = _load(path)
    if not follow:
        click.echo(bus_view.page(_ask(config, "bus")))
        return
    shown: dict[str, int] = {}
    while True:
        for name, frames in _ask(config, "bus-frames")["lines"].items():
            for one in frames:
                if one["number"] > shown.get(name, 0):
                    click.echo(f"{name} {one['number']:6} {one['text']}")
                    shown[name] = one["number"]
        time.sleep(FOLLOWED_EVERY_S)


@main.command("find-boards")
@click.argument("where")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--ids", default=32, show_default=True, type=click.IntRange(1, 247), help="The highest unit id to ask.")
@click.option("--columns", default=4, show_default=True, type=click.IntRange(1, 40), help="Doors in a row.")
@click.option("--page", is_flag=True, help="Ask and choose on a page of this computer; Ctrl-C ends it.")
@click.option("--port", default=8022, show_default=True, type=click.IntRange(0, 65535), help="Of the page.")
def find_boards(where: str, file: Path, ids: int, columns: int, *, page: bool, port: int) -> None:
    """Find the boards WHERE they are and write the wiring FILE for them. Only reads are sent.

    WHERE is a serial port, or the boards and gateways on the network, as HOST or HOST:PORT, with commas between them.
    """
    from api import wiring_file  # noqa: PLC0415

    if file.exists():
        raise click.ClickException(f"{file} exists; name another file")
    if page:
        from api import finding_page  # noqa: PLC0415

        asked = finding_page.Asked(where=where, ids=ids, columns=columns)
        asyncio.run(finding_page.serve(file, asked, port=port, tell=click.echo))
        return
    try:
        buses, problems = asyncio.run(wiring_file.found_by(where, ids=ids))
    except (Fault, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for problem in problems:
        click.echo(problem, err=True)
    if not buses:
        raise click.ClickException(f"nothing answers at {where}; check power, A and B, adapter or network")
    for bus in buses:
        reached = " ".join(line.partition(" = ")[2].strip('"') for line in bus.keys.splitlines())
        for board in bus.boards:
            can_be = ", ".join(board.profiles) or "no known board"
            click.echo(f"{reached}: unit id {board.unit_id}, version {board.version / 100:.2f}: {can_be}")
    file.write_text(wiring_file.text_of(buses, columns=columns), encoding="utf-8")
    click.echo(f"{file} written; correct sizes, heights and profiles in it, then `commission`")


@main.command("staff")
@CONFIG
@click.argument("user")
@click.option("--name", required=True, help="As colleagues know the person.")
@click.option("--role", type=click.Choice(["clerk", "leader", "technician"]), default="clerk", show_default=True)
@click.option("--own", is_flag=True, help="The member types it: it need not be changed at the first sign-in.")
@click.password_option(help="12 to 128 signs that few would guess.")
def add_staff(path: Path, user: str, name: str, role: str, password: str, *, own: bool) -> None:
    """Print the [[staff]] block of a new member, the QR code for the authenticator, and ten recovery codes.

    The password is good for choosing another one at the first sign-in, and for nothing else; with --own it stays.
    """
    config = _load(path)
    if config.secrets.device_key_file is None:
        raise click.ClickException("[secrets] device_key_file is missing; make one with `dossier-locker key`")
    try:
        device_key = sealing.read_device_key(config.secrets.device_key_file)
        enrolment.require_good(password, user=user, name=name, cabinet=config.cabinet)
        block = enrolment.enrol(
            user, name=name, role=role, password=password, is_initial=not own, device_key=device_key
        )
    except (OtpError, WeakPassword) as error:
        raise click.ClickException(str(error)) from error
    click.echo(block.toml)
    segno.make(staff.totp_address(block.entry.totp_secret, person=user, issuer="Dossier locker")).terminal(compact=True)
    click.echo("Recovery codes, each good once:\n  " + "\n  ".join(block.recovery_codes))


if __name__ == "__main__":
    main()
