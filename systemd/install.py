#!/usr/bin/env python3
"""Installs the units of a cabinet or of a hub on this machine, with the real paths of this clone.

    sudo python3 systemd/install.py cabinet        the controller, its hourly backup, its devices
    sudo python3 systemd/install.py cabinet --seal the same, with the device key sealed to this computer's TPM
    sudo python3 systemd/install.py kiosk          the screen, on a machine that has one
    sudo python3 systemd/install.py hub            the central side

Run again after moving the clone or updating it. Nothing is started: the last lines say how.
"""

import argparse
import contextlib
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path

CODE = Path(__file__).resolve().parents[1]
UNITS = "etc/systemd/system"

# template in this folder -> where it goes
PARTS: Mapping[str, Mapping[str, str]] = {
    "cabinet": {
        "dossier-locker.service": UNITS,
        "dossier-locker-backup.service": UNITS,
        "dossier-locker-backup.timer": UNITS,
        "dossier-locker-poweroff.path": UNITS,
        "dossier-locker-poweroff.service": UNITS,
        "dossier-locker-clock.path": UNITS,
        "dossier-locker-clock.service": UNITS,
        "dossier-locker.sysusers": "etc/sysusers.d/dossier-locker.conf",
        "dossier-locker.tmpfiles": "etc/tmpfiles.d/dossier-locker.conf",
        "70-dossier-locker.rules": "etc/udev/rules.d",
    },
    "kiosk": {
        "dossier-locker-kiosk.service": UNITS,
        "dossier-kiosk.sysusers": "etc/sysusers.d/dossier-kiosk.conf",
    },
    "hub": {
        "dossier-hub.service": UNITS,
        "dossier-hub.sysusers": "etc/sysusers.d/dossier-hub.conf",
    },
}
NEXT = {
    "cabinet": "systemctl enable --now dossier-locker.service dossier-locker-backup.timer"
    " dossier-locker-poweroff.path dossier-locker-clock.path",
    "kiosk": "apt-get install cage xwayland chromium fonts-noto-core"
    " && systemctl enable --now dossier-locker-kiosk.service",
    "hub": "systemctl enable --now dossier-hub.service",
}
DEVICE_KEY = "etc/credstore/dossier-locker.device-key"
SEALED_KEY = "etc/credstore.encrypted/dossier-locker.device-key"
OTP_KEY = "run/credstore/dossier-locker.device-key"
SEALED = {
    Path(UNITS) / "dossier-locker.service.d/sealed-key.conf": "[Service]\n"
    "LoadCredentialEncrypted=device-key:dossier-locker.device-key\n"
}
GROWING_DELAY = 254  # the systemd that knows RestartSteps=
SHUT = ("/home", "/root", "/run/user")  # ProtectHome= hides these from every unit


class CannotInstallError(Exception):
    """The message says what to do."""


def render(template: str, *, code: Path, etc: Path, kiosk_url: str) -> str:
    """Put real paths and the shared hardening into the text of a template of this folder."""
    hardening = (CODE / "systemd/hardening.conf").read_text().rstrip()
    names = {"CODE": str(code), "ETC": str(etc), "KIOSK_URL": kiosk_url, "HARDENING": hardening}
    return re.sub(r"@([A-Z_]+)@", lambda found: names[found[1]], template)


def rendered(part: str, *, code: Path, etc: Path, kiosk_url: str, systemd_version: int) -> dict[Path, str]:
    """Every file of a part: its path below the root directory, and its text."""
    files: dict[Path, str] = {}
    for name, place in PARTS[part].items():
        target = Path(place) if place.endswith(".conf") else Path(place) / name
        files[target] = render((CODE / "systemd" / name).read_text(), code=code, etc=etc, kiosk_url=kiosk_url)
        if name.endswith(".service") and "Restart=always" in files[target] and systemd_version >= GROWING_DELAY:
            files[Path(UNITS) / f"{name}.d/restart-delay.conf"] = (CODE / "systemd/restart-delay.conf").read_text()
    if part == "cabinet":
        files[Path("usr/local/bin/dossier-locker")] = (
            f'#!/bin/sh\nPYTHONPATH={code} exec {code}/.venv/bin/python -P -m api "$@"\n'
        )
    return files


def allow_list(addresses: Sequence[str]) -> dict[Path, str]:
    """The drop-in by which the kernel lets the controller speak with these networks alone, and with this machine.

    Without addresses there is none. Raises CannotInstallError for what is no address or network.
    """
    if not addresses:
        return {}
    try:
        networks = [str(ip_network(address)) for address in addresses]
    except ValueError as error:
        raise CannotInstallError(f"{error}; give addresses or networks such as 10.20.0.0/16") from error
    lines = ["[Service]", "IPAddressDeny=any", *(f"IPAddressAllow={one}" for one in ("localhost", *networks))]
    return {Path(UNITS) / "dossier-locker.service.d/allow-list.conf": "\n".join((*lines, ""))}


def make_device_key(root: Path) -> None:
    """A new random key for a cabinet that has none; an existing one is never touched, all codes hang on it."""
    path = root / DEVICE_KEY
    if (root / SEALED_KEY).exists() or (root / OTP_KEY).exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o400)
        with os.fdopen(file, "w") as key:
            key.write(secrets.token_hex(32))
            key.flush()
            os.fsync(key.fileno())


def seal_device_key(root: Path, *, with_key: str = "tpm2") -> str:
    """Seal the device key to this computer (systemd-creds(1)), in place of the file in clear, which is overwritten.

    A cabinet without a key gets a new one that never was on a disk in clear: it is returned, for the safe; else "".
    Raises CannotInstallError where there is no TPM.
    """
    clear, sealed = root / DEVICE_KEY, root / SEALED_KEY
    if not clear.exists() and sealed.exists():
        return ""
    key = clear.read_text() if clear.exists() else secrets.token_hex(32)
    name = ["systemd-creds", "--name=device-key"]
    made = subprocess.run(
        [*name, f"--with-key={with_key}", "encrypt", "-", "-"], input=key, capture_output=True, text=True, check=False
    )
    read = subprocess.run([*name, "decrypt", "-", "-"], input=made.stdout, capture_output=True, text=True, check=False)
    if made.returncode or read.stdout != key:
        raise CannotInstallError(
            f"the device key cannot be sealed: {made.stderr.strip() or read.stderr.strip()}; without a TPM leave --seal"
        )
    sealed.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = sealed.with_name(sealed.name + ".new")
    with os.fdopen(os.open(fresh, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o400), "w") as file:
        file.write(made.stdout)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(sealed)
    if not clear.exists():
        return key
    clear.chmod(0o600)
    with clear.open("r+") as file:
        file.write("0" * len(key))
        file.flush()
        os.fsync(file.fileno())
    clear.unlink()
    return ""


def write(files: Mapping[Path, str], *, root: Path) -> None:
    """Write each file below `root`, whole or not at all; what starts with #! becomes executable."""
    for place, text in files.items():
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(path.name + ".new")
        fresh.write_text(text)
        fresh.chmod(0o755 if text.startswith("#!") else 0o644)
        fresh.replace(path)


def check_places(code: Path) -> None:
    """Raises CannotInstallError when the units' own user could not read the code or its Python."""
    python = code / ".venv/bin/python"
    if not python.exists():
        raise CannotInstallError(f"{code} has no .venv yet; run there once: .ci/setup run")
    for path in (code, python.resolve()):
        if str(path).startswith(tuple(f"{shut}/" for shut in SHUT)):
            raise CannotInstallError(
                f"{path} is hidden from system services; clone to /opt/dossier-locker with Debian's own Python"
            )


def systemd_version() -> int:
    """The major version of the systemd on this machine. Raises CannotInstallError where there is none."""
    program = shutil.which("systemctl")
    if program is None:
        raise CannotInstallError("this machine has no systemd; install on Debian 12, 13 or Raspberry Pi OS")
    text = subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout
    return int(text.split()[1])


def take_effect(part: str) -> None:
    """Users, folders, devices and units known to the running system."""
    commands = [["systemd-sysusers"], ["systemd-tmpfiles", "--create"], ["systemctl", "daemon-reload"]]
    if part == "cabinet":
        commands += [["udevadm", "control", "--reload"], ["udevadm", "trigger", "--subsystem-match=tty"]]
    for command in commands:
        subprocess.run(command, check=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Install one part; 0 when done, 1 with one sentence when it cannot be."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--root", type=Path, default=Path("/"), help="write below this directory, change nothing else")
    parser.add_argument("--etc", type=Path, default=Path("/etc/dossier-locker"), help="where cabinet.toml lives")
    parser.add_argument("--kiosk-url", default="http://127.0.0.1:8021/enter", help="page that takes the kiosk's key")
    parser.add_argument("--seal", action="store_true", help="seal the device key to this computer's TPM")
    parser.add_argument("--allow", action="append", default=[], help="network to speak with: office, centre, gateways")
    options = parser.parse_args(arguments)
    try:
        check_places(CODE)
        files = rendered(
            options.part,
            code=CODE,
            etc=options.etc,
            kiosk_url=options.kiosk_url,
            systemd_version=systemd_version(),
        )
        new_key = ""
        if options.part == "cabinet":
            files |= allow_list(options.allow)
            new_key = seal_device_key(options.root) if options.seal else ""
            files |= SEALED if options.seal else {}
            make_device_key(options.root)
        write(files, root=options.root)
        if options.root == Path("/"):
            take_effect(options.part)
    except CannotInstallError as problem:
        print(f"install: {problem}", file=sys.stderr)
        return 1
    except PermissionError as problem:
        print(f"install: {problem.filename} may not be written; run with sudo", file=sys.stderr)
        return 1
    for place in files:
        print(options.root / place)
    if new_key:
        print(f"Copy this device key into the safe by hand, it is shown once: {new_key}")
    if options.part == "cabinet":
        print(f"Write {options.etc}/cabinet.toml, then: dossier-locker check --config {options.etc}/cabinet.toml")
    print(f"Start with: {NEXT[options.part]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
