"""Pure modules take the time and the random in as parameters; the import contract cannot see a method call."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

CALLS_OUTSIDE = {"now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input", "sleep"}


def pure_files(tree: Path, settings: dict[str, Any]) -> Iterator[Path]:
    contracts = settings["tool"]["importlinter"]["contracts"]
    (pure,) = (contract for contract in contracts if contract["name"].startswith("Pure modules"))
    for module in pure["source_modules"]:
        path = tree / module.replace(".", "/")
        yield from path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Line and last name of every call in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                yield node.lineno, function.attr
            elif isinstance(function, ast.Name):
                yield node.lineno, function.id


def test_no_pure_module_asks_the_clock_or_the_outside(tree: Path, settings: dict[str, Any]) -> None:
    files = list(pure_files(tree, settings))
    assert [path for path in files if not path.is_file()] == [], "the contract names modules that do not exist"
    found = [
        f"{path.relative_to(tree)}:{line} {name}()"
        for path in files
        for line, name in calls(path)
        if name in CALLS_OUTSIDE
    ]
    assert found == []
