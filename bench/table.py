"""What a bench prints: each figure with its limit or peer and the ratio beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One figure. `limit` in the same unit; `bar` is the highest ratio (or value, without a limit) that passes."""

    figure: str
    measured: float
    unit: str
    limit: float | None = None
    against: str = ""
    bar: float | None = None

    @property
    def ratio(self) -> float | None:
        return None if self.limit is None or self.limit == 0 else self.measured / self.limit

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        value = self.measured if self.ratio is None else self.ratio
        return "holds" if value <= self.bar else "MISSED"


HEADINGS = ("figure", "measured", "limit or peer", "ratio", "bar", "")


def show(title: str, rows: Iterable[Row]) -> None:
    """Print one table."""
    lines = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    print(f"\n{title}")
    for line in lines:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(row: Row) -> tuple[str, str, str, str, str, str]:
    against = "" if row.limit is None else f"{row.limit:.4g} {row.unit} {row.against}".strip()
    if row.limit is None:
        against = row.against
    return (
        row.figure,
        f"{row.measured:.4g} {row.unit}",
        against,
        "" if row.ratio is None else f"{row.ratio:.2f}",
        "" if row.bar is None else f"<= {row.bar:g}",
        row.verdict,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def progress(sentence: str) -> None:
    """Show on a terminal how far a long measurement is; an empty sentence wipes the line."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{sentence:<70}" + ("" if sentence else "\r"))
        sys.stderr.flush()
