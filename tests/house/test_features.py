"""The table of features: every row is there once, and what it calls done is shown by tests that exist."""

import re
from pathlib import Path

import pytest

ROW = re.compile(r"^\| ([SFD]\d[\d-]*) \| (.+?) \| (\w+) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`(test_\w+)`")
DEFINED = re.compile(r"^\s*(?:async )?def (test_\w+)\(", re.MULTILINE)
ASKED_BY_OFFICES = {0: 16, 1: 15, 2: 15, 3: 26, 4: 18}
FEATURES = 67
COMPLAINTS = 25
TURN = re.compile(r"^\| (.+?) \| (.*`test_.+) \|$", re.MULTILINE)
TURNS = ("## What a visit can turn into", "What people and machines do wrong:")
STATES = {"done", "part", "later", "out"}


@pytest.fixture(scope="module")
def rows(tree: Path) -> list[tuple[str, str, str, str]]:
    return ROW.findall((tree / "docs/features.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def defined(tree: Path) -> set[str]:
    return {name for path in tree.glob("tests/**/test_*.py") for name in DEFINED.findall(path.read_text("utf-8"))}


def test_every_wish_has_one_row(rows: list[tuple[str, str, str, str]]) -> None:
    wanted = [f"S{text}-{row:02}" for text, last in ASKED_BY_OFFICES.items() for row in range(1, last + 1)]
    wanted += [f"F{row}" for row in range(1, FEATURES + 1)] + [f"D{row}" for row in range(1, COMPLAINTS + 1)]
    assert [row[0] for row in rows] == wanted


def test_what_is_called_done_is_shown_by_tests_that_exist(
    rows: list[tuple[str, str, str, str]], defined: set[str]
) -> None:
    assert {name for row in rows for name in TEST.findall(row[3])} - defined == set()
    assert [row[0] for row in rows if row[2] in {"done", "part"} and not TEST.search(row[3])] == []


def test_every_row_has_a_state_and_what_is_missing_is_said(rows: list[tuple[str, str, str, str]]) -> None:
    assert {row[2] for row in rows} <= STATES
    silent = [row[0] for row in rows if row[2] != "done" and not re.sub(r"[`\w]*test_\w+`|[\s,;:.]", "", row[3])]
    assert silent == []


def test_every_turn_has_a_story_on_real_processes_and_every_test_named_exists(tree: Path, defined: set[str]) -> None:
    text = (tree / "docs/features.md").read_text(encoding="utf-8")
    assert set(TEST.findall(text)) - defined == set()
    stories = {
        name for path in tree.glob("tests/scenarios/test_*.py") for name in DEFINED.findall(path.read_text("utf-8"))
    }
    begins, ends = (text.index(heading) for heading in TURNS)
    turns = TURN.findall(text[begins:ends])
    assert len(turns) == text[begins:ends].count("\n| ") - 1  # every row but the heading names a test
    assert [turn for turn, shown in turns if not stories & set(TEST.findall(shown))] == []
