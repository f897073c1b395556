"""What no page does: write text as HTML, run text, keep what it was shown, call or load from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

NEVER = {
    "text written as HTML": r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|srcdoc|createContextualFragment",
    "text that is run": r"\beval\(|new Function|javascript:|importScripts|\bon[a-z]+=\"",
    "something kept": r"sessionStorage|indexedDB|document\.cookie|caches\.open",
    "another window": r"postMessage|window\.open|WebSocket|BroadcastChannel",
    "another place": r"(?:fetch|import|src=|href=|url)\(?\s*[\"']?https?://",
}
KEPT = {"language"}


def pages(tree: Path) -> dict[str, str]:
    files = [file for part in ("api", "hub") for file in (tree / part / "pages").rglob("*")]
    return {
        file.relative_to(tree).as_posix(): file.read_text(encoding="utf-8")
        for file in files
        if file.suffix in {".js", ".html", ".css"}
    }


@pytest.mark.parametrize("what", NEVER)
def test_no_page_does_it(tree: Path, what: str) -> None:
    found = {name: hits for name, text in pages(tree).items() if (hits := re.findall(NEVER[what], text))}
    assert found == {}


def test_a_browser_keeps_the_language_of_the_page_and_nothing_else(tree: Path) -> None:
    told = "".join(pages(tree).values())
    keys = re.findall(r"localStorage\.(?:get|set)Item\(([^,)]+)", told)
    assert {key.strip().strip('"') for key in keys} == KEPT
    assert told.count("localStorage.") == len(keys)
