"""A desk's installation: keys, staff and configuration of one simulated cabinet under one directory.

Everything is made up on the spot and good only on this machine: keys and passwords are drawn once per directory and
kept, the configuration is written anew at every start.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyotp

from otp.staff import hash_password, new_totp_secret, password_hasher, totp_address
from simulator.process import DEMONSTRATION

CABINET = "hoa-mai-01"
OFFSETS = {"kiosk": 0, "clerk": 1, "centre": 2, "cabinet view": 3}
PEOPLE = (("lan", "Nguyễn Thị Lan", "clerk"), ("minh", "Trần Quang Minh", "leader"))
ROUND_CLOSES_AFTER_S = 60
PROCEDURES = ("1.001193", "1.004873", "2.000815", "1.001612", "1.000656")


@dataclass(frozen=True)
class Person:
    """One of the desk's staff, with what a person would know and carry."""

    user: str
    name: str
    role: str
    password: str
    totp_secret: str
    password_hash: str

    def code(self) -> str:
        """The six digits their authenticator shows now."""
        return pyotp.TOTP(self.totp_secret).now()

    def otpauth(self) -> str:
        """The address an authenticator app scans."""
        return totp_address(self.totp_secret, person=self.user, issuer="Tu ho so 24/7")


@dataclass(frozen=True)
class Desk:
    """Where everything is. `ports` has the keys kiosk, clerk, centre, cabinet view."""

    state: Path
    ports: dict[str, int]
    people: tuple[Person, ...]

    @property
    def config(self) -> Path:
        return self.state / "cabinet.toml"

    @property
    def line(self) -> Path:
        return self.state / "line-A"

    @property
    def outbox(self) -> Path:
        return self.state / "sms" / "outbox.jsonl"

    @property
    def bootstrap(self) -> Path:
        return self.state / "centre.toml"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.state / 'centre.db'}"

    @property
    def logs(self) -> Path:
        return self.state / "log"

    def url(self, page: str) -> str:
        return f"http://127.0.0.1:{self.ports[page]}/"


def first_free_port(among: range = range(28_000, 32_000)) -> int:
    """The first of four neighbouring ports that nobody uses now, below those that the system gives to others.

    Whoever starts several desks side by side gives each its own `among`, for a port is free until it is bound.
    """
    for _ in range(100):
        base = secrets.choice(among)
        with contextlib.ExitStack() as stack:
            try:
                for offset in OFFSETS.values():
                    probe = stack.enter_context(socket.socket())
                    probe.bind(("127.0.0.1", base + offset))
            except OSError:
                continue
            return base
    raise OSError("no four neighbouring ports are free; end some programs")


def set_up(state: Path, *, port_base: int, training: bool = False) -> Desk:
    """Makes or refreshes the desk under `state`, `training`: to learn on. OSError when it cannot be written."""
    state.mkdir(parents=True, exist_ok=True)
    for part in ("keys", "log", "sms", "journal", "backup"):
        (state / part).mkdir(mode=0o700, exist_ok=True)
    ports = {page: port_base + offset for page, offset in OFFSETS.items()}
    desk = Desk(state.resolve(), ports, _people(state / "keys" / "staff.json"))
    keys = {
        "device": _kept(state / "keys" / "device", lambda: secrets.token_hex(32)),
        "centre": _kept(state / "keys" / "centre", lambda: secrets.token_urlsafe(32)),
        "push": _kept(state / "keys" / "push", lambda: "whsec_" + b64encode(secrets.token_bytes(32)).decode()),
    }
    _write(desk.config, _configuration(desk, training=training))
    _write(
        desk.bootstrap,
        f'[[cabinet]]\nid = "{CABINET}"\nkey = "{keys["centre"]}"\n'
        f'url = "{desk.url("clerk").rstrip("/")}"\npush_secret = "{keys["push"]}"\n',
    )
    return desk


def _configuration(desk: Desk, *, training: bool) -> str:
    wiring = DEMONSTRATION.read_text(encoding="utf-8").replace('".run/line-A"', json.dumps(str(desk.line)))
    if training:
        wiring = wiring.replace("[cabinet]\n", "[cabinet]\ntraining = true\n", 1)
    sections = f"""
[storage]
directory = "journal"
backup_directory = "backup"

[kiosk]
port = {desk.ports["kiosk"]}

[clerk]
port = {desk.ports["clerk"]}

[centre]
url = "{desk.url("centre").rstrip("/")}"
key_file = "keys/centre"
push_secret_file = "keys/push"

[secrets]
device_key_file = "keys/device"

[notices]
gateways = ["file"]
accept_codes_in_clear = true
outbox = "sms"
round_closes_after_seconds = {ROUND_CLOSES_AFTER_S}
day_starts = "00:00"
day_ends = "00:00"

[results]
procedures = {json.dumps(PROCEDURES)}
"""
    staff = "".join(
        f'\n[[staff]]\nuser = "{person.user}"\nname = "{person.name}"\nrole = "{person.role}"\n'
        f'password_hash = "{person.password_hash}"\ntotp_secret = "{person.totp_secret}"\n'
        for person in desk.people
    )
    return wiring + sections + staff


def _people(path: Path) -> tuple[Person, ...]:
    if path.exists():
        return tuple(Person(**one) for one in json.loads(path.read_text(encoding="utf-8")))
    hasher = password_hasher()
    people = []
    for user, name, role in PEOPLE:
        password = f"{user}-{secrets.token_hex(3)}"
        secret = new_totp_secret(secrets.token_bytes)
        people.append(Person(user, name, role, password, secret, hash_password(password, hasher=hasher)))
    _write(path, json.dumps([vars(person) for person in people], ensure_ascii=False, indent=1))
    return tuple(people)


def _kept(path: Path, draw: Callable[[], str]) -> str:
    if not path.exists():
        _write(path, draw() + "\n")
    return path.read_text(encoding="utf-8").strip()


def _write(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as written:
        written.write(text)
    fresh.replace(path)
