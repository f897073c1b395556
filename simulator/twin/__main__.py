"""`python -m simulator.twin`: days of a ward in minutes, judged; exit 1 when an invariant broke."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import structlog

from simulator.twin import report
from simulator.twin.world import MIXES, play


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--days", default=10, show_default=True, type=click.IntRange(1, 3660))
@click.option("--seed", default=1, show_default=True, help="One seed, one story.")
@click.option("--seeds", default=1, show_default=True, type=click.IntRange(1), help="So many seeds, one after another.")
@click.option("--per-day", default=27.0, show_default=True, help="Results announced on a working day.")
@click.option("--cabinets", default=1, show_default=True, type=click.IntRange(1, 8), help="Of 24, side by side.")
@click.option("--fault-mix", default="usual", show_default=True, type=click.Choice(tuple(MIXES)))
@click.option("--stories", is_flag=True, help="Tell every disappointment with its moment.")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Write a page with plots there.")
def main(
    *,
    days: int,
    seed: int,
    seeds: int,
    per_day: float,
    cabinets: int,
    fault_mix: str,
    stories: bool,
    into: Path | None,
) -> None:
    """Play days of a cabinet on virtual time and say what people felt."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    is_sound = True
    for one in range(seed, seed + seeds):
        began = time.process_time()
        with tempfile.TemporaryDirectory(prefix="twin-", dir=_memory()) as folder:
            outcome = play(days=days, seed=one, folder=Path(folder), mix=fault_mix, per_day=per_day, cabinets=cabinets)
        took_s = time.process_time() - began
        click.echo(report.text(outcome, seed=one, mix=fault_mix, took_s=took_s))
        if stories:
            click.echo(report.stories(outcome))
        if into is not None:
            from simulator.twin import yearbook  # noqa: PLC0415  matplotlib only where plots are wanted

            told = yearbook.Told(seed=one, mix=fault_mix, per_day=per_day, took_s=took_s, revision=_revision())
            yearbook.write(outcome, told, into)
        is_sound = is_sound and not outcome.violations
    sys.exit(0 if is_sound else 1)


def _memory() -> str | None:
    """A file system in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  a private directory is made in it


def _revision() -> str:
    """The revision that was played, as git names it."""
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"],  # noqa: S607  the git of this machine
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
