"""The lock files are whole, fit pyproject.toml, and say nothing about where packages come from."""

import re
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;]+)([^\n]*)((?:\n    --hash=sha256:[0-9a-f]{64}(?: \\)?)*)", re.MULTILINE)
LOCKS = ["run", "dev"]


def pins(lock: Path) -> dict[str, str]:
    return {canonicalize_name(name): version for name, version, _, _ in PIN.findall(lock.read_text())}


def wanted(settings: dict[str, Any], name: str) -> list[Requirement]:
    project = settings["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["hub"]]
    if name == "dev":
        lines += settings["dependency-groups"]["dev"]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_every_dependency_is_pinned_to_a_version_it_allows(tree: Path, settings: dict[str, Any], name: str) -> None:
    pinned = pins(tree / f"requirements/{name}.lock")
    for requirement in wanted(settings, name):
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement} is in pyproject.toml and not in {name}.lock; run: make lock"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{name}.lock has {version}, pyproject.toml wants {requirement}; run: make lock"
        )


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(tree: Path, name: str) -> None:
    found = PIN.findall((tree / f"requirements/{name}.lock").read_text())
    assert len(found) > 40
    assert [pin for pin, _, _, hashes in found if not hashes] == []


def test_the_larger_lock_holds_the_smaller_one(tree: Path) -> None:
    smaller, larger = (pins(tree / f"requirements/{name}.lock").items() for name in LOCKS)
    assert smaller - larger == set(), "one .venv serves both locks; run: make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_was_written_by_make_lock(tree: Path, name: str) -> None:
    header = (tree / f"requirements/{name}.lock").read_text().splitlines()[1]
    makefile = (tree / "Makefile").read_text()
    options = re.search(r"uv pip compile -q (.*)", makefile)
    assert options
    group = "--group dev " if name == "dev" else ""
    expected = f"uv pip compile {options[1]} {group}pyproject.toml -o requirements/{name}.lock"
    assert header.removeprefix("#").strip() == expected


def test_no_file_of_the_build_names_a_package_index(tree: Path) -> None:
    build = [*tree.glob("requirements/*"), *tree.glob(".ci/*"), tree / "Makefile", tree / "pyproject.toml"]
    telling = re.compile(r"https?://|--(extra-)?index|--find-links|--trusted-host", re.IGNORECASE)
    found = {
        str(path.relative_to(tree)): hit[0]
        for path in build
        if (hit := telling.search(path.read_text())) and hit[0] != "--index"
    }
    assert found == {}
