"""`make bench`: every figure with its limit or peer and the ratio beside it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import structlog

from bench import bus, keys, latency, masters, screens, start
from bench.table import show
from simulator.desk import CABINET, first_free_port, set_up


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--events", default=1_000_000, show_default=True, help="Size of the large journal.")
@click.option("--pickups", default=60, show_default=True, help="Pickups timed from last digit to pulse.")
@click.argument("which", nargs=-1, type=click.Choice(["bus", "keys", "masters", "latency", "screens", "start"]))
def main(*, events: int, pickups: int, which: tuple[str, ...]) -> None:
    """Measure on this machine; name some of bus, keys, masters, latency, screens, start to measure only those."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    chosen = which or ("bus", "keys", "masters", "latency", "screens", "start")
    verdicts = []
    if "bus" in chosen:
        rows = bus.rows()
        show("The wire", rows)
        verdicts += [row.verdict for row in rows]
    if "keys" in chosen:
        rows = keys.rows()
        show("A clerk at the keyboard (counts of the page times human times)", rows)
        verdicts += [row.verdict for row in rows]
    if "masters" in chosen:
        rows = masters.rows()
        show("One exchange by other masters, on the same slave (libmodbus) without a wire's speed", rows)
        verdicts += [row.verdict for row in rows]
    if "latency" in chosen:
        rows = latency.rows(pickups=pickups)
        show("A citizen at the keypad (controller, centre and polling running)", rows)
        verdicts += [row.verdict for row in rows]
    if "screens" in chosen:
        rows = screens.rows()
        show("A citizen at the screen (counts of the page times human times; a page in Chromium)", rows)
        verdicts += [row.verdict for row in rows]
    if "start" in chosen:
        with tempfile.TemporaryDirectory(prefix="dossier-bench-") as folder:
            desk = set_up(Path(folder), port_base=first_free_port())
            rows = start.measure(desk.state / "journal", desk.config, cabinet_id=CABINET, events=events)
        show("Start and memory", rows)
        verdicts += [row.verdict for row in rows]
    sys.exit(1 if "MISSED" in verdicts else 0)


if __name__ == "__main__":
    main(prog_name="python -m bench")
