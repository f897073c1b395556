"""What a run of the twin came to, for people."""

from __future__ import annotations

from simulator.twin.world import Outcome


def text(outcome: Outcome, *, seed: int, mix: str, took_s: float) -> str:
    """The report of one seed."""
    felt, first = outcome.felt, max(1, outcome.felt["first visits"])
    lines = [
        f"seed {seed}, {outcome.days} days, faults {mix}, head {outcome.head[:16]}",
        f"  {sum(outcome.facts.values())} facts in {took_s:.1f} s",
        f"  handed over                               {felt['handed over']}",
        f"  left with all papers on the first visit   {100 * felt['first visits with all papers'] / first:.2f} %",
        f"  refused with a right code                 {felt['refused with a right code']}",
        f"  clerk minutes a day                       {felt['clerk seconds'] / 60 / outcome.days:.1f}",
        f"  messages sent                             {outcome.messages}",
    ]
    shown = ("first visits with all papers", "handed over", "refused with a right code", "clerk seconds")
    lines += [f"  {what:<41} {count}" for what, count in sorted(felt.items()) if what not in shown]
    lines += ["  happened: " + ", ".join(f"{what} {count}" for what, count in sorted(outcome.happened.items()))]
    lines += [f"  violations: {len(outcome.violations)}"]
    lines += [f"    {violation}" for violation in outcome.violations[:20]]
    return "\n".join(lines)
