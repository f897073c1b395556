"""A year of the twin as a page with pictures, for people who were not there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.twin.figures import WOKEN, Evening, Outcome
from simulator.twin.report import WEEK_DAYS, handed_over, measures

PAGE, PICTURE = "ward-year.md", "ward-year.svg"
FINER_THAN_SEEN = re.compile(r"(\d\.\d\d)\d+")
INK, SECOND, LIMIT = "#1f5f8b", "#d98c3a", "#b03030"
MOST_REASONS = 12


@dataclass(frozen=True)
class Told:
    """What is said of the run beside its outcome. `took_s` is processor time."""

    seed: int
    mix: str
    per_day: float
    took_s: float
    revision: str


def write(outcome: Outcome, told: Told, folder: Path) -> None:
    """Write the page into `folder` and its picture into `folder`/pictures. Raises OSError."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    style = rc_context(
        {
            "svg.hashsalt": "ward-year",
            "svg.fonttype": "none",
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.3,
        }
    )
    with style:
        _drawn(outcome).savefig(pictures / PICTURE, metadata={"Date": None})
    drawn = FINER_THAN_SEEN.sub(r"\1", (pictures / PICTURE).read_text(encoding="utf-8"))
    (pictures / PICTURE).write_text("\n".join(line.rstrip() for line in drawn.splitlines()) + "\n", encoding="utf-8")
    (folder / PAGE).write_text(_page(outcome, told), encoding="utf-8")


# --- the picture


def _drawn(outcome: Outcome) -> Figure:
    figure = Figure(figsize=(10, 9), layout="constrained")
    panels: Sequence[Callable[[Axes, Outcome], None]] = (
        _occupancy,
        _first_visits,
        _clerk_minutes,
        _passed,
        _in_vain,
        _night,
    )
    for axes, panel in zip(figure.subplots(3, 2).flat, panels, strict=True):
        panel(axes, outcome)
    return figure


def _occupancy(axes: Axes, outcome: Outcome) -> None:
    days = [one.day for one in outcome.evenings]
    inside = [one.inside for one in outcome.evenings]
    left = [one.left for one in outcome.evenings]
    axes.stackplot(days, inside, left, colors=(INK, SECOND), labels=("results", "papers for the office"), alpha=0.8)
    axes.axhline(outcome.compartments, color=LIMIT, linewidth=1)
    axes.set(title="Compartments in use at 23:30", xlabel="day", ylim=(0, outcome.compartments * 1.25))
    axes.legend(loc="upper right", ncols=2, frameon=False)


def _weekly(evenings: Sequence[Evening], count: Callable[[Evening], int]) -> list[int]:
    """How much was added in each whole week."""
    ends = [count(one) for one in evenings[WEEK_DAYS - 1 :: WEEK_DAYS]]
    return [now - before for before, now in zip([0, *ends], ends, strict=False)]


def _of(what: str) -> Callable[[Evening], int]:
    return lambda one: one.felt[what]


def _first_visits(axes: Axes, outcome: Outcome) -> None:
    whole = _weekly(outcome.evenings, _of("first visits with all papers"))
    firsts = _weekly(outcome.evenings, _of("first visits"))
    share = [100 * good / max(1, of) for good, of in zip(whole, firsts, strict=True)]
    axes.plot(range(len(share)), share, color=INK, marker=".", linewidth=1)
    axes.axhline(99, color=LIMIT, linewidth=1)
    axes.set(title="Left with their papers on the first visit, %", xlabel="week", ylim=(min([*share, 95]) - 0.5, 100.5))


def _clerk_minutes(axes: Axes, outcome: Outcome) -> None:
    minutes = [seconds / 60 / WEEK_DAYS for seconds in _weekly(outcome.evenings, _of("clerk seconds"))]
    axes.bar(range(len(minutes)), minutes, color=INK)
    axes.set(title="Clerk at the cabinet, minutes a day", xlabel="week")


def _passed(axes: Axes, outcome: Outcome) -> None:
    for what, colour in (("handed over", INK), ("papers collected", SECOND)):
        axes.plot([one.day for one in outcome.evenings], [one.felt[what] for one in outcome.evenings], color=colour)
    axes.legend(("results to citizens", "bags to the office"), frameon=False)
    axes.set(title="Handed over since the first day", xlabel="day")


def _in_vain(axes: Axes, outcome: Outcome) -> None:
    shown = in_vain(outcome).most_common(MOST_REASONS)[::-1]
    axes.barh([what for what, _ in shown], [count for _, count in shown], color=SECOND)
    axes.tick_params(axis="y", labelsize=6)
    axes.set(title="What did not go as people wished")


def _night(axes: Axes, outcome: Outcome) -> None:
    weeks = Counter(story.day // WEEK_DAYS for story in outcome.stories if story.what == WOKEN)
    axes.bar(range(outcome.days // WEEK_DAYS), [weeks[week] for week in range(outcome.days // WEEK_DAYS)], color=INK)
    axes.axhline(1, color=LIMIT, linewidth=1)
    axes.set(title="Messages that woke staff, a week", xlabel="week")


def in_vain(outcome: Outcome) -> Counter[str]:
    """What people did not get, by reason."""
    return Counter(story.what for story in outcome.stories if story.what != WOKEN)


# --- the page


def _page(outcome: Outcome, told: Told) -> str:
    rows = [
        f"| {one.what} | **{one.value}** | {one.limit or '–'} | {'yes' if one.holds else 'no'} |"
        for one in measures(outcome)
    ]
    reasons = [f"| {what} | {count} |" for what, count in in_vain(outcome).most_common()]
    happened = [f"{what.replace('_', ' ')} {count}" for what, count in sorted(outcome.happened.items())]
    violations = [f"- {violation}" for violation in outcome.violations]
    return "\n".join(
        [
            "# A ward's year",
            "",
            f"Written by `make twin`: {outcome.days} days of one cabinet with {outcome.compartments} compartments on",
            f"virtual time, {told.per_day:g} results announced a working day, faults «{told.mix}», seed {told.seed},",
            f"revision {told.revision}. The same seed and revision tell the same story; what is real and what is",
            "modelled is in [twin.md](twin.md).",
            "",
            f"{handed_over(outcome)} hand-overs, {sum(outcome.facts.values())} facts, {outcome.messages} messages,",
            f"{told.took_s:.0f} s of processor time; head of the journal `{outcome.head[:16].lower()}`.",
            "",
            "| What people felt | Measured | Goal | Met |",
            "|---|---|---|---|",
            *rows,
            "",
            "![Six plots of the year](pictures/ward-year.svg)",
            "",
            "| What did not go as people wished | Times |",
            "|---|---|",
            *reasons,
            "",
            "What happened to the cabinet: " + ", ".join(happened) + ".",
            "",
            *(["Violations:", "", *violations, ""] if violations else []),
        ]
    )
