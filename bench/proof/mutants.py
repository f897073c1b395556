"""Mutation testing over the pure rules: one small change at a time, drawn from all there are; do the tests see it?

First the tables of the rules, then, for what they let pass, the state machine that plays rules against steel. A
survivor is shown with its place and change, to be looked at by a person: some change nothing that can be observed.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from random import Random

from bench.proof import machine
from bench.proof.planted import PARTS
from bench.proof.table import ROOT, Proved
from bench.table import progress

RULES = ROOT / "locker" / "rules"
TABLES = tuple(str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests" / "locker").glob("test_rules_*.py")))
PLAY = ("tests/locker/test_invariants.py", "tests/locker/test_intake_at_random.py")
LONGEST_S = 240
SWAPS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One change: the text between two offsets of a line's bytes is replaced."""

    path: str
    line: int
    start: int
    end: int
    after: str

    def source(self, root: Path) -> str:
        """The changed file."""
        lines = (root / self.path).read_bytes().splitlines(keepends=True)
        text = lines[self.line - 1]
        lines[self.line - 1] = text[: self.start] + self.after.encode() + text[self.end :]
        return b"".join(lines).decode()

    def told(self, root: Path) -> str:
        """Place and change, for people."""
        text = (root / self.path).read_bytes().splitlines()[self.line - 1]
        return f"{self.path}:{self.line}: {text[self.start : self.end].decode()!r} became {self.after!r}"


def mutants() -> Iterator[Mutant]:
    """Every change there is: operators, and/or, not, numbers, conditions."""
    for path in sorted(RULES.glob("*.py")):
        tree = ast.parse(path.read_bytes())
        for node in ast.walk(tree):
            for one, text in _changes(node):
                if one.lineno == one.end_lineno and one.end_col_offset is not None:
                    yield Mutant(str(path.relative_to(ROOT)), one.lineno, one.col_offset, one.end_col_offset, text)


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    match node:
        case ast.Compare(ops=[op]) if type(op) in SWAPS:
            swapped = ast.Compare(node.left, [SWAPS[type(op)]()], node.comparators)
            yield node, f"({ast.unparse(swapped)})"
        case ast.BoolOp(op=op, values=values):
            other = ast.Or() if isinstance(op, ast.And) else ast.And()
            yield node, f"({ast.unparse(ast.BoolOp(other, values))})"
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield node, f"({ast.unparse(operand)})"
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            yield node, str(value + 1)
        case ast.Constant(value=bool() as value):
            yield node, str(not value)
        case ast.If(test=test) | ast.IfExp(test=test):
            yield test, f"(not ({ast.unparse(test)}))"


def prove(*, wanted: int, seed: int, workers: int) -> Proved:
    """A sample of the mutants, and the share the tests see."""
    began = time.perf_counter()
    every = list(mutants())
    sample = Random(seed).sample(every, min(wanted, len(every)))
    survivors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=machine.memory()) as folder:
        trees = SimpleQueue[Path]()
        for number in range(workers):
            tree = Path(folder) / str(number)
            for part in (*PARTS, "tests"):
                shutil.copytree(ROOT / part, tree / part, ignore=shutil.ignore_patterns("pages"))
            shutil.copytree(ROOT / "api" / "pages", tree / "api" / "pages")
            shutil.copy(ROOT / "pyproject.toml", tree)
            trees.put(tree)
        with ThreadPoolExecutor(workers) as pool:
            answers = [(one, pool.submit(_lives, trees, one)) for one in sample]
            for done, (one, answer) in enumerate(answers, start=1):
                if answer.result():
                    survivors.append(one.told(ROOT))
                progress(f"mutants: {done} of {len(sample)}, {len(survivors)} survive")
    progress("")
    killed = len(sample) - len(survivors)
    return Proved(
        what=f"mutants of the pure rules, a sample of {len(every):,}",
        bar="at least 85 % seen; survivors below",
        measured=f"{killed} of {len(sample)} seen ({100 * killed / max(1, len(sample)):.0f} %)",
        seeds=str(seed),
        holds=killed >= 0.85 * len(sample),
        took_s=time.perf_counter() - began,
        told=tuple(f"lives on: {one}" for one in survivors),
    )


def _lives(trees: SimpleQueue[Path], one: Mutant) -> bool:
    tree = trees.get()
    try:
        original = (tree / one.path).read_text(encoding="utf-8")
        (tree / one.path).write_text(one.source(ROOT), encoding="utf-8")
        try:
            return _passes(tree, TABLES) and _passes(tree, PLAY)
        finally:
            (tree / one.path).write_text(original, encoding="utf-8")
    finally:
        trees.put(tree)


def _passes(tree: Path, which: tuple[str, ...]) -> bool:
    """Whether these tests see nothing; one that hangs has seen it."""
    command = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--no-header", *which)
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=LONGEST_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
