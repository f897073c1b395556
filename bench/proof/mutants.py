"""`python -m bench.proof.mutants`: small changes to the pure rules, each of which some test must see.

mutmut makes the changes, runs for each the tests that reach the changed function, in a forked process, and keeps what
came of it in `mutants/`; what it changes and which tests it runs stands in pyproject.toml. A draw by seed takes some of
the thousands there are. A survivor is a test that is missing, or a change that changes nothing: docs/proof.md has both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import click

from bench.proof.table import ROOT

KEPT = ROOT / "mutants"
FIRST = "otp.throttle*"
KILLED, SURVIVED, UNTESTED = 1, 0, 33
"""mutmut's exit codes; others are time-outs and deaths of the process, which a test run sees too."""


def outcomes() -> dict[str, int | None]:
    """By name of a mutant how its tests ended; None where they did not run yet."""
    found: dict[str, int | None] = {}
    for path in sorted(KEPT.rglob("*.meta")):
        found |= json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
    return found


def drawn(names: Mapping[str, int | None], *, seed: int, count: int) -> list[str]:
    """So many of them, the same for the same seed and the same source; 0: all."""
    every = sorted(names)
    return every if not count else sorted(Random(seed).sample(every, min(count, len(every))))


def run(*names: str, workers: int) -> None:
    """Let mutmut make its mutants, once, and run the tests of those."""
    mutmut = Path(sys.executable).with_name("mutmut")
    subprocess.run([str(mutmut), "run", "--max-children", str(workers), *names], cwd=ROOT, check=True)


def module_of(name: str) -> str:
    """`locker.rules.pickup` of `locker.rules.pickup.x_submit__mutmut_7`, also where a method was changed."""
    return name.split(".x", 1)[0]


def lines(ended: Mapping[str, int]) -> Iterator[str]:
    """The table: by module how many were seen, of how many."""
    seen, of = Counter[str](), Counter[str]()
    for name, code in ended.items():
        of[module_of(name)] += 1
        seen[module_of(name)] += code not in (SURVIVED, UNTESTED)
    for module in sorted(of):
        yield f"{module:<32} {seen[module]:>5} of {of[module]:>5}"
    total, all_seen = sum(of.values()), sum(seen.values())
    yield f"{'all':<32} {all_seen:>5} of {total:>5}, {all_seen / max(total, 1):.1%}"


def difference(name: str) -> str:
    """The change itself, without its heading."""
    command = (str(Path(sys.executable).with_name("mutmut")), "show", name)
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    changed = (line for line in shown.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---"))
    return "\n".join(f"    {line}" for line in changed)


@click.command()
@click.option("--seed", default=1, show_default=True)
@click.option("--count", default=500, show_default=True, help="How many are drawn; 0: all there are.")
@click.option("--workers", default=2, show_default=True)
@click.option("--only", default="", help="Only names that begin so, such as locker.rules.pickup.")
def main(seed: int, count: int, workers: int, only: str) -> None:
    """Run some mutants and tell what no test saw."""
    if not outcomes():
        run(FIRST, workers=workers)
    names = drawn({name: None for name in outcomes() if name.startswith(only)}, seed=seed, count=count)
    run(*names, workers=workers)
    after = outcomes()
    ended = {name: code for name in names if (code := after[name]) is not None}
    for name, code in ended.items():
        if code in (SURVIVED, UNTESTED):
            print(f"{name}: {'no test saw it' if code == SURVIVED else 'no test reaches it'}\n{difference(name)}")
    print("\n".join(lines(ended)))


if __name__ == "__main__":
    main(prog_name="python -m bench.proof.mutants")
