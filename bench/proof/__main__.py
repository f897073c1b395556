"""`python -m bench.proof`: every proof, one table; exit 1 when a bar is missed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import click

from bench.proof import audit, machine, planted, seeds, starting, table
from bench.proof.table import Proved

KEPT = table.ROOT / "docs" / "proof.md"
HEAD = """# What was proved

Written by `python -m bench.proof {arguments}` at revision {revision} on {date}, {workers} processes on {cores} cores.
Only what ran is here; a plus sign behind the revision means that files differed from it. How each proof works is in the
first lines of `bench/proof/*.py`, what it leaves out in [bench/proof/README.md](../bench/proof/README.md).

{rows}

The same line again: `python -m bench.proof {arguments} --only NAME`, with NAME one of {names}.
"""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=1, show_default=True, help="The first seed of every line.")
@click.option("--workers", default=max(1, min(4, os.cpu_count() or 1)), show_default=True, help="Processes at a time.")
@click.option("--images", default=100_000, show_default=True, help="Crash images.")
@click.option("--tampers", default=10_000, show_default=True, help="Tampers with a journal.")
@click.option("--restores", default=100, show_default=True, help="Restore drills.")
@click.option("--stories", default=10_000, show_default=True, help="Seeds of the twin; fewer if the time is over.")
@click.option("--least", default=10_000, show_default=True, help="Seeds below which the twin's bar is missed.")
@click.option("--minutes", default=600.0, show_default=True, help="Time for the seeds of the twin.")
@click.option("--events", default=1_000_000, show_default=True, help="Size of the journal of the restart.")
@click.option("--ci", is_flag=True, help="The short form: 20,000 images, 40 seeds or one minute, 100,000 events.")
@click.option("--only", multiple=True, help="Only these lines.")
@click.option("--keep", is_flag=True, help="Write docs/proof.md.")
def main(*, ci: bool, only: tuple[str, ...], keep: bool, **sizes: int) -> None:
    """Prove, print the table, and tell every miss as a story."""
    if ci:
        sizes |= {"images": 20_000, "stories": 40, "least": 20, "minutes": 1, "events": 100_000}
    seed, workers = sizes["seed"], sizes["workers"]
    proofs: dict[str, Callable[[], Proved]] = {
        "planted": lambda: planted.prove(workers=workers),
        "images": lambda: machine.prove(wanted=sizes["images"], seed=seed, workers=workers),
        "audit": lambda: audit.prove(wanted=sizes["tampers"], seed=seed, workers=workers),
        "restore": lambda: seeds.prove_restores(wanted=sizes["restores"], seed=seed, workers=workers),
        "start": lambda: starting.prove(events=sizes["events"]),
        "twin": lambda: seeds.prove(
            wanted=sizes["stories"],
            bar=min(sizes["least"], sizes["stories"]),
            seed=seed,
            workers=workers,
            within_s=60.0 * sizes["minutes"],
        ),
    }
    unknown = set(only) - set(proofs)
    if unknown:
        raise click.BadParameter(f"{sorted(unknown)}: there are {', '.join(proofs)}", param_hint="--only")
    machine.quiet()
    rows = []
    for name, prove in proofs.items():
        if not only or name in only:
            row = prove()
            rows.append(row)
            print(table.text([row]).split("\n", 1)[1], flush=True)
    print("\n" + table.text(rows))
    if keep:
        KEPT.write_text(_kept(rows, workers, tuple(proofs)), encoding="utf-8")
    sys.exit(0 if all(row.holds for row in rows) else 1)


def _kept(rows: list[Proved], workers: int, names: tuple[str, ...]) -> str:
    arguments = " ".join(word for word in sys.argv[1:] if word != "--keep")
    return HEAD.format(
        arguments=arguments,
        revision=table.revision(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        workers=workers,
        cores=os.cpu_count(),
        rows=table.markdown(rows),
        names=", ".join(names),
    )


if __name__ == "__main__":
    main(prog_name="python -m bench.proof")
