"""Every part installed below a temporary root, as on a machine."""

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from systemd.install import PARTS, rendered, write

TREE = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place a clone could stand: the real scripts, and the interpreter these tests run in."""
    place = tmp_path_factory.mktemp("opt")
    (place / ".venv/bin").mkdir(parents=True)
    (place / ".venv/bin/python").symlink_to(sys.executable)
    (place / "systemd").symlink_to(TREE / "systemd")
    return place


@pytest.fixture(scope="session")
def render_part(code: Path) -> Callable[[str, int], Mapping[Path, str]]:
    """Renders a part for a major version of systemd."""

    def render_for(part: str, systemd_version: int) -> Mapping[Path, str]:
        return rendered(
            part,
            code=code,
            etc=Path("/etc/dossier-locker"),
            kiosk_url="http://127.0.0.1:8021/enter",
            systemd_version=systemd_version,
        )

    return render_for


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory, render_part: Callable[[str, int], Mapping[Path, str]]) -> Path:
    """All parts, for the oldest systemd we run on."""
    place = tmp_path_factory.mktemp("root")
    for part in PARTS:
        write(render_part(part, 252), root=place)
    return place


@pytest.fixture(scope="session")
def syscall_groups() -> Mapping[str, frozenset[str]]:
    """Each group of system calls (`@system-service`, ...) and what it holds, as systemd spells it."""
    text = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"], check=True, capture_output=True, text=True
    ).stdout
    groups: dict[str, set[str]] = {}
    for line in text.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line.split()[0], set())
        elif line.startswith(" ") and (word := line.strip()) and not word.startswith("#"):
            group.add(word)
        elif not line.startswith(" ") and line:
            break  # lists of calls that belong to no group follow
    return {name: frozenset(words) for name, words in groups.items()}


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The scores, where people and CI logs see them."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "exposure":
                terminalreporter.write_line(f"exposure {value}")
