"""docs/inventory.md names every use of cryptography and every connection that the code has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PARTS = ("api", "locker", "otp", "hw", "hub", "systemd")
CRYPTOGRAPHY = {"argon2", "cryptography", "hashlib", "hmac", "pyotp", "random", "secrets", "ssl", "standardwebhooks"}
# Of the hub the desk's security office reads its own; subprocess and sockets that a listener binds call nobody.
CONNECTIONS = {"aiohttp", "ftplib", "httpx", "requests", "serial", "smtplib", "socket", "telnetlib", "twilio", "escpos"}
BOUND_ONLY = {"api/run.py"}
COMMANDS = {"subprocess", "pty", "multiprocessing"}
SHELLS = r"shell=True|os\.system|os\.popen|create_subprocess_shell"


def _text(tree: Path) -> str:
    return (tree / "docs" / "inventory.md").read_text(encoding="utf-8")


def _section(text: str, title: str) -> str:
    return re.split(r"^## ", text.split(f"\n## {title}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def _importing(tree: Path, parts: tuple[str, ...], wanted: set[str]) -> set[str]:
    found = set()
    for part in parts:
        for file in (tree / part).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                if {name.split(".")[0] for name in names} & wanted:
                    found.add(file.relative_to(tree).as_posix())
    return found


@pytest.mark.parametrize(
    ("title", "parts", "wanted"),
    [
        ("Algorithms", PARTS, CRYPTOGRAPHY),
        ("Connections", ("api", "locker", "otp", "hw"), CONNECTIONS),
        ("Commands", PARTS, COMMANDS),
    ],
)
def test_each_module_that_uses_it_is_named_and_no_other(
    tree: Path, title: str, parts: tuple[str, ...], wanted: set[str]
) -> None:
    rows = "".join(line for line in _section(_text(tree), title).splitlines() if line.startswith("|"))
    named = set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", rows))
    assert named == _importing(tree, parts, wanted)


def test_each_purpose_of_a_derived_key_is_named(tree: Path) -> None:
    used = set()
    for part in PARTS:
        for file in (tree / part).rglob("*.py"):
            used |= set(re.findall(r"\bderive\(\w+, \"([^\"]+)\"\)", file.read_text(encoding="utf-8")))
    named = re.findall(r"^\| `([^`]+)` \|", _section(_text(tree), "Derived keys"), re.MULTILINE)
    assert set(named) == used
    assert len(used) > 5


def test_no_module_hands_a_command_to_a_shell(tree: Path) -> None:
    files = [file for part in PARTS for file in (tree / part).rglob("*.py")]
    assert [file.name for file in files if re.search(SHELLS, file.read_text(encoding="utf-8"))] == []
