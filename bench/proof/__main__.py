"""`python -m bench.proof`: every proof, one table; exit 1 when a bar is missed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.proof import attack, audit, backlog, crowd, failing, machine, network, planted, seeds, starting, table
from bench.proof.table import Proved

KEPT = table.ROOT / "docs" / "proof.md"
COVERAGE = table.ROOT / "docs" / "twin-coverage.md"
BEGIN, END = "<!-- lines -->", "<!-- end of lines -->"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=1, show_default=True, help="The first seed of every line.")
@click.option("--workers", default=max(1, min(4, os.cpu_count() or 1)), show_default=True, help="Processes at a time.")
@click.option("--images", default=100_000, show_default=True, help="Crash images.")
@click.option("--tampers", default=10_000, show_default=True, help="Tampers with a journal.")
@click.option("--restores", default=100, show_default=True, help="Restore drills.")
@click.option("--rounds", default=1_000, show_default=True, help="Rounds of one code typed 64 times at once.")
@click.option("--days", default=365, show_default=True, help="Days of each attacker at the keypad.")
@click.option("--backlogs", default=21, show_default=True, help="Backlogs told over a slow line.")
@click.option("--schedules", default=20_000, show_default=True, help="Schedules of a bad line to the centre.")
@click.option("--stories", default=10_000, show_default=True, help="Seeds of the twin; fewer if the time is over.")
@click.option("--least", default=10_000, show_default=True, help="Seeds below which the twin's bar is missed.")
@click.option("--minutes", default=600.0, show_default=True, help="Time for the seeds of the twin.")
@click.option(
    "--played",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file with the seeds of the twin that were played: the next run of the same code goes on behind them.",
)
@click.option("--events", default=1_000_000, show_default=True, help="Size of the journal of the restart.")
@click.option("--ci", is_flag=True, help="The short form: 20,000 images, 100 schedules, 20 seeds, 100,000 events.")
@click.option("--only", multiple=True, help="Only these lines.")
@click.option("--keep", is_flag=True, help="Write the lines that ran into docs/proof.md.")
def main(*, ci: bool, only: tuple[str, ...], keep: bool, played: Path | None, **sizes: int) -> None:
    """Prove, print the table, and tell every miss as a story."""
    if ci:
        sizes |= {
            "images": 20_000,
            "schedules": 100,
            "backlogs": 5,
            "days": 40,
            "rounds": 50,
            "stories": 20,
            "least": 20,
            "minutes": 10,
            "events": 100_000,
        }
    seed, workers, revision = sizes["seed"], sizes["workers"], table.revision()
    proofs: dict[str, Callable[[], Proved]] = {
        "planted": lambda: planted.prove(workers=workers),
        "images": lambda: machine.prove(wanted=sizes["images"], seed=seed, workers=workers),
        "crowd": lambda: crowd.prove(rounds=sizes["rounds"]),
        "failing": lambda: failing.prove(stride=5 if ci else 1),
        "attack": lambda: attack.prove(days=sizes["days"], seed=seed, workers=workers),
        "audit": lambda: audit.prove(wanted=sizes["tampers"], seed=seed, workers=workers),
        "restore": lambda: seeds.prove_restores(wanted=sizes["restores"], seed=seed, workers=workers),
        "network": lambda: network.prove(wanted=sizes["schedules"], seed=seed, workers=workers),
        "backlog": lambda: backlog.prove(wanted=sizes["backlogs"], seed=seed),
        "start": lambda: starting.prove(events=sizes["events"]),
        "twin": lambda: seeds.prove(
            wanted=sizes["stories"],
            bar=min(sizes["least"], sizes["stories"]),
            seed=seed,
            workers=workers,
            within_s=60.0 * sizes["minutes"],
            played=played,
            coverage=COVERAGE if keep else None,
        ),
    }
    unknown = set(only) - set(proofs)
    if unknown:
        raise click.BadParameter(f"{sorted(unknown)}: there are {', '.join(proofs)}", param_hint="--only")
    machine.quiet()
    rows = {}
    for name, prove in proofs.items():
        if not only or name in only:
            rows[name] = prove()
            print(table.text([rows[name]]).split("\n", 1)[1], flush=True)
            if keep:
                _keep(rows, f"{revision}, {datetime.now(UTC):%Y-%m-%d}")
    print("\n" + table.text(tuple(rows.values())))
    sys.exit(0 if all(row.holds for row in rows.values()) else 1)


def _keep(rows: dict[str, Proved], ran: str) -> None:
    """Writes the lines that ran between the marks of docs/proof.md."""
    before, rest = KEPT.read_text(encoding="utf-8").split(BEGIN)
    lines, after = rest.split(END)
    lines = table.markdown(rows, lines, ran=ran)
    KEPT.write_text(f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m bench.proof")
