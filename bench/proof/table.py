"""What a proof prints and keeps: what, its bar, what was measured, from which seed on."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEADINGS = ("what", "bar", "measured", "seeds", "took", "")


@dataclass(frozen=True, slots=True)
class Proved:
    """One line. `told`: what went wrong, as stories."""

    what: str
    bar: str
    measured: str
    seeds: str
    holds: bool
    took_s: float = 0.0
    told: tuple[str, ...] = ()

    @property
    def cells(self) -> tuple[str, ...]:
        verdict = "holds" if self.holds else "MISSED"
        return (self.what, self.bar, self.measured, self.seeds, f"{self.took_s:.0f} s", verdict)


def text(rows: Sequence[Proved]) -> str:
    """The table for a terminal, and the stories of what was missed."""
    lines = [HEADINGS, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    shown += [f"  {story}" for row in rows for story in row.told]
    return "\n".join(shown)


def markdown(rows: Mapping[str, Proved], kept: str, *, ran: str) -> str:
    """The table of docs/proof.md: lines that ran, by name, with revision and date (`ran`); others as `kept`."""
    lines = {line.split("|")[1].strip(): line for line in kept.splitlines() if line.startswith("| ")}
    lines |= {name: "| " + " | ".join((name, *row.cells, ran)) + " |" for name, row in rows.items()}
    for heading in ("line", "---"):
        lines.pop(heading, None)
    head = ("line", *HEADINGS, "revision, date")
    return "\n".join(
        ["| " + " | ".join(head) + " |", "|---" * len(head) + "|", *(lines[name] for name in sorted(lines))]
    )


def revision_of(folders: Sequence[str]) -> str:
    """What these folders hold, whatever was committed beside them; a plus sign when files differ from the commit."""
    trees = "".join(_git("rev-parse", f"HEAD:{folder}") for folder in folders)
    return hashlib.sha256(trees.encode()).hexdigest()[:12] + ("+" if _git("status", "--porcelain", *folders) else "")


def revision() -> str:
    """The commit that is checked out, with a plus sign when files differ from it."""
    changed = [line for line in _git("status", "--porcelain").splitlines() if not line.endswith("docs/proof.md")]
    return (_git("rev-parse", "--short=12", "HEAD") or "no revision") + ("+" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
