"""What a run of the twin came to, for people."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from simulator.twin.figures import LATE, WOKEN, Outcome

WEEK_DAYS = 7
SHOWN_STORIES = 40


@dataclass(frozen=True)
class Measure:
    """One promise to people: what was measured, as a number and as text, and whether it holds."""

    what: str
    value: str
    limit: str
    holds: bool


def measures(outcome: Outcome) -> list[Measure]:
    """The promises of a ward-year."""
    felt, weeks = outcome.felt, outcome.days / WEEK_DAYS
    firsts, without = felt["first visits"], felt["without a usable message"]
    whole = _percent(felt["first visits with all papers"], firsts)
    helped = _percent(felt["without a usable message, served at the cabinet"], without)
    told = Counter(story.what for story in outcome.stories)
    broken, nightly = told[LATE], told[WOKEN] / weeks
    lost = felt["items without whereabouts or incident"]
    minutes = felt["clerk seconds"] / 60 / outcome.days
    return [
        Measure("left with their papers on the first visit", f"{whole:.2f} %", "at least 99 %", whole >= 99),
        Measure(
            f"of {without} without a usable message: served on some visit",
            f"{helped:.2f} %",
            "at least 99.5 %",
            helped >= 99.5,
        ),
        Measure(
            "owners refused with a right code",
            str(felt["refused with a right code"]),
            "0",
            not felt["refused with a right code"],
        ),
        Measure("items without whereabouts or incident, all evenings", str(lost), "0", not lost),
        Measure("broken time promises", str(broken), "0", not broken),
        Measure("messages to staff by night, a week", f"{nightly:.2f}", "at most 1", nightly <= 1),
        Measure("clerk minutes a day at the cabinet", f"{minutes:.1f}", "", holds=True),
        Measure("violations of the invariants", str(len(outcome.violations)), "0", not outcome.violations),
    ]


def handed_over(outcome: Outcome) -> int:
    """How many times something passed through a compartment, either way."""
    return sum(outcome.felt[what] for what in ("handed over", "papers collected", "taken back"))


def _percent(count: int, of: int) -> float:
    return 100 * count / of if of else 100.0


def text(outcome: Outcome, *, seed: int, mix: str, took_s: float) -> str:
    """The report of one seed."""
    felt = outcome.felt
    passed = (
        f"{felt['handed over']} to citizens, {felt['papers collected']} bags to the office, "
        f"{felt['taken back']} taken back"
    )
    lines = [
        f"seed {seed}, {outcome.days} days, faults {mix}, head {outcome.head[:16]}",
        f"  {sum(outcome.facts.values())} facts in {took_s:.1f} s of processor time",
        f"  hand-overs: {handed_over(outcome)} ({passed})",
        f"  messages sent: {outcome.messages}",
    ]
    lines += [
        f"  {one.what:<62} {one.value:>9}  {one.limit}{'' if one.holds else '  MISSED'}" for one in measures(outcome)
    ]
    lines += [f"  {what:<62} {count:>9}" for what, count in sorted(felt.items())]
    told = Counter(story.what for story in outcome.stories)
    lines += [f"  {what:<62} {count:>9}" for what, count in sorted(told.items())]
    lines += ["  happened: " + ", ".join(f"{what} {count}" for what, count in sorted(outcome.happened.items()))]
    lines += [f"  violations: {len(outcome.violations)}"]
    lines += [f"    {violation}" for violation in outcome.violations[:SHOWN_STORIES]]
    return "\n".join(lines)


def stories(outcome: Outcome) -> str:
    """Every disappointment with its moment."""
    return "\n".join(f"day {one.day} {one.clock} {one.what} {one.detail}".rstrip() for one in outcome.stories)
