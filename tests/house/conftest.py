"""What the tests about the house itself share: the tree and its settings."""

import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def tree() -> Path:
    """The top of the clone."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def settings(tree: Path) -> dict[str, Any]:
    """The parsed pyproject.toml."""
    return tomllib.loads((tree / "pyproject.toml").read_text())


@pytest.fixture(scope="session")
def tracked(tree: Path) -> list[Path]:
    """Every file git knows and the work tree still has, as absolute paths."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "-C",
            str(tree),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return sorted(path for name in listed.split("\0") if name and (path := tree / name).is_file())
