"""The units as systemd itself judges them, rendered with real paths."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from systemd.install import (
    DEVICE_KEY,
    OTP_KEY,
    PARTS,
    SEALED,
    SEALED_KEY,
    CannotInstallError,
    allow_list,
    main,
    make_device_key,
    seal_device_key,
    write,
)

UNITS = "etc/systemd/system"
SERVICES = sorted(name for files in PARTS.values() for name in files if name.endswith(".service"))
MOST_EXPOSED = 2.0
FILTERED = str(Path(__file__).with_name("filtered.py"))


def units(root: Path) -> list[Path]:
    return sorted((root / UNITS).glob("*.*"))


def test_systemd_finds_nothing_to_say_about_the_units(root: Path) -> None:
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units(root))], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_hardly_exposed(root: Path, name: str, record_property: Callable[[str, object], None]) -> None:
    judged = subprocess.run(
        [
            "systemd-analyze", "security", "--offline=yes", "--no-pager",
            f"--threshold={MOST_EXPOSED * 10:.0f}", str(root / UNITS / name),
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    score = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", judged.stdout)
    assert score, judged.stdout + judged.stderr
    record_property("exposure", f"{score[1]} {name}")
    assert judged.returncode == 0, judged.stdout
    assert float(score[1]) <= MOST_EXPOSED


def test_no_placeholder_is_left(root: Path) -> None:
    left = {
        str(path.relative_to(root)): hit
        for path in root.rglob("*")
        if path.is_file() and (hit := re.findall(r"@[A-Z_]+@", path.read_text()))
    }
    assert left == {}


def test_the_controller_restarts_for_ever_and_releases_the_coils(root: Path) -> None:
    unit = (root / UNITS / "dossier-locker.service").read_text()
    for line in (
        "Type=notify",
        "WatchdogSec=20",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "LoadCredential=device-key:dossier-locker.device-key",
        "DevicePolicy=closed",
        "LimitCORE=0",
        "MemorySwapMax=0",
    ):
        assert line in unit.splitlines()
    assert re.search(r"^ExecStopPost=-\S+/\.venv/bin/python -m api release ", unit, re.MULTILINE)


def test_the_growing_delay_is_left_out_where_systemd_does_not_know_it(
    render_part: Callable[[str, int], Mapping[Path, str]],
) -> None:
    drop_in = Path(UNITS) / "dossier-locker.service.d/restart-delay.conf"
    assert drop_in not in render_part("cabinet", 252)
    assert "RestartSteps=" in render_part("cabinet", 257)[drop_in]


def test_the_users_and_folders_are_made(root: Path, tmp_path: Path) -> None:
    for name in ("etc", "run"):
        (tmp_path / name).mkdir()
    users = sorted((root / "etc/sysusers.d").glob("*.conf"))
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", *map(str, users)], check=True, capture_output=True)
    accounts = (tmp_path / "etc/passwd").read_text()
    groups = (tmp_path / "etc/group").read_text()
    for user in ("dossier-locker", "dossier-kiosk", "dossier-hub"):
        assert re.search(rf"^{user}:.*nologin$", accounts, re.MULTILINE)
    assert re.search(r"^dialout:.*:dossier-locker$", groups, re.MULTILINE)
    assert re.search(r"^gpio:.*:dossier-locker$", groups, re.MULTILINE)
    subprocess.run(
        ["systemd-tmpfiles", "--create", f"--root={tmp_path}", str(root / "etc/tmpfiles.d/dossier-locker.conf")],
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "etc/credstore").stat().st_mode & 0o777 == 0o700


def test_a_device_key_is_made_once_and_never_again(tmp_path: Path) -> None:
    make_device_key(tmp_path)
    path = tmp_path / "etc/credstore/dossier-locker.device-key"
    first = path.read_text()
    assert len(bytes.fromhex(first)) == 32
    assert path.stat().st_mode & 0o777 == 0o400
    make_device_key(tmp_path)
    assert path.read_text() == first


def test_a_sealed_key_takes_the_place_of_the_one_in_clear_and_no_other_is_made(tmp_path: Path, root: Path) -> None:
    make_device_key(tmp_path)
    clear, sealed = tmp_path / DEVICE_KEY, tmp_path / SEALED_KEY
    key = clear.read_text()
    assert seal_device_key(tmp_path, with_key="tpm2-absent") == "", "nothing is shown that the safe has"
    make_device_key(tmp_path)
    assert not clear.exists()
    assert sealed.stat().st_mode & 0o777 == 0o400
    assert key not in sealed.read_text()
    opened = subprocess.run(
        ["systemd-creds", "--name=device-key", "decrypt", str(sealed), "-"], capture_output=True, text=True, check=True
    )
    assert opened.stdout == key
    assert seal_device_key(tmp_path, with_key="tpm2-absent") == "", "done once"
    shutil.copytree(root / UNITS, tmp_path / UNITS)
    write(SEALED, root=tmp_path)
    unit = str(tmp_path / UNITS / "dossier-locker.service")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_a_key_out_of_the_pis_one_time_memory_stays_the_only_one(tmp_path: Path) -> None:
    (tmp_path / OTP_KEY).parent.mkdir(parents=True)
    (tmp_path / OTP_KEY).write_text("0" * 64)
    make_device_key(tmp_path)
    assert not (tmp_path / DEVICE_KEY).exists(), "it would be found first, and void every code"


def test_a_new_sealed_key_is_shown_once_and_never_was_in_clear(tmp_path: Path) -> None:
    key = seal_device_key(tmp_path, with_key="tpm2-absent")
    assert len(bytes.fromhex(key)) == 32
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["dossier-locker.device-key"]
    assert not (tmp_path / DEVICE_KEY).exists()


def test_a_key_that_cannot_be_sealed_stays_as_it_was(tmp_path: Path) -> None:
    make_device_key(tmp_path)
    with pytest.raises(CannotInstallError, match="leave --seal"):
        seal_device_key(tmp_path, with_key="no-such-key")
    assert (tmp_path / DEVICE_KEY).exists()
    assert not (tmp_path / SEALED_KEY).exists()


def test_the_controller_speaks_with_the_networks_that_were_named_and_no_other(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root / UNITS, tmp_path / UNITS)
    write(allow_list(["10.20.0.0/16", "203.0.113.20", "2001:db8::/64"]), root=tmp_path)
    unit = tmp_path / UNITS / "dossier-locker.service"
    shown = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", "--json=short", str(unit)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    (deny,) = [one for one in json.loads(shown) if one["name"] == "IPAddressDeny="]
    assert deny["description"] == "Service defines IP address allow list with non-localhost entries"
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False
    )
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


def test_what_is_no_network_is_refused_and_no_list_is_written_unasked() -> None:
    assert allow_list([]) == {}
    for wrong in ("centre.example", "10.20.0.1/16", "any"):
        with pytest.raises(CannotInstallError, match="give addresses"):
            allow_list([wrong])


def test_an_unknown_part_is_refused_with_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["cupboard"])
    assert refused.value.code == 2
    assert "cabinet" in capsys.readouterr().err


def allowed_calls(unit: str, groups: Mapping[str, frozenset[str]]) -> set[str]:
    """What the SystemCallFilter= lines of a unit leave, read as systemd reads them: one after the other."""

    def spread(words: list[str]) -> set[str]:
        found: set[str] = set()
        for word in words:
            found |= spread(sorted(groups[word])) if word.startswith("@") else {word}
        return found

    allowed = spread(["@default"])
    for line in re.findall(r"^SystemCallFilter=(.+)$", unit, re.MULTILINE):
        if line.startswith("~"):
            allowed -= spread(line[1:].split())
        else:
            allowed |= spread(line.split())
    return allowed


WORK = """
import asyncio, os, pty, sys
import apsw, argon2, fastapi, httpx, phonenumbers, prometheus_client, pymodbus.client, serial, structlog, uvicorn
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

argon2.PasswordHasher().hash("code")
AESGCM(os.urandom(32)).encrypt(os.urandom(12), b"code", b"")
journal = apsw.Connection(sys.argv[1])
journal.execute("pragma journal_mode=wal; pragma synchronous=full; create table event(seq)")
ours, theirs = pty.openpty()
serial.Serial(os.ttyname(theirs), 9600, exclusive=True).close()

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        started.set()

async def visit():
    global started
    started = asyncio.Event()
    server = Server(uvicorn.Config(fastapi.FastAPI(), port=0, log_level="error"))
    serving = asyncio.create_task(server.serve())
    await started.wait()
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient() as client:
        print((await client.get(f"http://127.0.0.1:{port}/openapi.json")).status_code)
    print(await asyncio.to_thread(sum, [1, 2]))
    server.should_exit = True
    await serving

asyncio.run(visit())
"""


@pytest.mark.parametrize("name", ["dossier-locker.service", "dossier-hub.service"])
def test_the_packages_work_with_the_calls_a_unit_leaves_them(
    root: Path, name: str, tmp_path: Path, syscall_groups: Mapping[str, frozenset[str]]
) -> None:
    calls = allowed_calls((root / UNITS / name).read_text(), syscall_groups)
    assert "read" in calls
    assert not calls & {"mount", "ptrace", "settimeofday", "chroot", "sched_setaffinity"}
    ran = subprocess.run(
        [
            sys.executable, FILTERED, "-", "MemoryDenyWriteExecute", ",".join(sorted(calls)),
            sys.executable, "-c", WORK, str(tmp_path / "journal"),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, "200\n3\n"), ran.stderr


PAGE = "<!doctype html><body><script>document.body.append([1, 2, 3].map(n => n * n))</script>"
AS_NOBODY = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []


def has_user_namespaces() -> bool:
    return subprocess.run([*AS_NOBODY, "unshare", "--user", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not has_user_namespaces(), reason="the kernel or a container here forbids user namespaces")
def test_chromium_keeps_its_own_sandbox_with_the_calls_the_kiosk_unit_leaves_it(
    root: Path, syscall_groups: Mapping[str, frozenset[str]]
) -> None:
    calls = allowed_calls((root / UNITS / "dossier-locker-kiosk.service").read_text(), syscall_groups)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    assert chromium, "run: make setup"
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o777)
        page = Path(place) / "page.html"
        page.write_text(PAGE)
        ran = subprocess.run(
            [
                sys.executable, FILTERED, "nobody", "-", ",".join(sorted(calls)),
                chromium, "--headless=new", f"--user-data-dir={place}/profile", "--dump-dom", page.as_uri(),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            env={**os.environ, "HOME": place},
        )  # fmt: skip
    assert "1,4,9</body>" in ran.stdout, ran.stderr
