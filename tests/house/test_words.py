"""Names say what a thing is: words that fit anything are not used for modules, classes and functions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

EMPTY_WORDS = {
    "service",
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "common",
    "base",
    "impl",
    "handler",
    "processor",
    "data",
    "info",
    "misc",
}
GIVEN_BY_OTHERS = {"data_received", "connection_info", "setup_info"}  # names a library calls us by


def words(name: str) -> set[str]:
    """The words of a snake_case or CamelCase name, in lower case; "out of service" is a word of the trade."""
    plain = re.sub(r"OutOfService|out_of_service", "", name)
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", plain)}


def defined(path: Path) -> Iterator[tuple[int, str]]:
    """Line and name of a module and of every class and function in it."""
    yield 1, path.stem
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name


def test_no_name_is_an_empty_word(tree: Path, tracked: list[Path]) -> None:
    found = [
        f"{path.relative_to(tree)}:{line} {name}"
        for path in tracked
        if path.suffix == ".py" and path.parts[len(tree.parts)] != "tests"
        for line, name in defined(path)
        if name not in GIVEN_BY_OTHERS and words(name) & EMPTY_WORDS
    ]
    assert found == []


def test_words_are_found_in_both_spellings() -> None:
    assert words("BusManager") == {"bus", "manager"}
    assert words("read_data") == {"read", "data"}
    assert words("HTTPInfo2") == {"http", "info"}


def test_no_two_test_files_share_a_name(tracked: list[Path]) -> None:
    names = [path.name for path in tracked if path.name.startswith("test_") and path.suffix == ".py"]
    assert sorted(names) == sorted(set(names))
