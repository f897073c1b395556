"""System calls that fail under a running journal: EIO once, ENOSPC once, a disk that is full and has room again.

Each write, truncation and sync of a journal's files fails in turn. What was acknowledged is there afterwards, the
chain verifies, every error is one of our own storage faults, and a disk with room again needs no restart.
"""

from __future__ import annotations

import ctypes
import errno
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import click

from bench.proof import machine
from bench.proof.stories import CABINET
from bench.proof.table import ROOT, Proved
from bench.start import hand_over
from bench.table import progress
from locker import database, keeping, views
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import ReadOnly, StorageFault
from locker.replay import cabinet_fold

SOURCE = Path(__file__).with_name("failing.c")
WAYS = (("EIO once", errno.EIO, False), ("ENOSPC once", errno.ENOSPC, False), ("full and back", errno.ENOSPC, True))
HAND_OVERS = 3


class Run:
    """One journal in a folder, written to while calls fail."""

    def __init__(self, folder: Path, calls: ctypes.CDLL) -> None:
        self.path = folder / database.JOURNAL_NAME
        self.calls = calls
        self.acknowledged = 0
        self.is_felt = False
        self.found: list[str] = []
        self._ticks = itertools.count()
        for old in folder.iterdir():
            old.unlink()

    def open(self) -> Journal[Cabinet]:
        return Journal[Cabinet].open_inline(
            self.path,
            cabinet_id=CABINET,
            fold=cabinet_fold(),
            clock=lambda: ev.Moment(1_790_000_000_000, next(self._ticks), "r-1"),
            release="proof",
            views=views.VIEWS,
            checkpoint_every=10,
        )

    def write(self, journal: Journal[Cabinet]) -> None:
        """Some hand-overs with their personal rows; each commit is acknowledged."""
        for number in range(1, HAND_OVERS + 1):
            for fact in hand_over(number):
                rows: tuple[ev.Row, ...] = ()
                if isinstance(fact, ev.ResultQueued):
                    rows = (ev.PutPersonal(f"p-{number}", "person", {"name": "Hoa " * 200}),)
                elif isinstance(fact, ev.Collected):
                    rows = (ev.ErasePersonal(f"p-{number}"),)
                journal.record_inline(lambda *_, fact=fact, rows=rows: ev.Decision(events=(fact,), rows=rows))
                self.acknowledged = journal.cabinet.seq

    def fail(self, at: int, error: int, *, is_lasting: bool) -> None:
        """The `at`-th call fails; then everything is as before, and what was acknowledged is looked for."""
        self.calls.fail_from(at, error, is_lasting)
        journal = None
        try:
            journal = self.open()
            self.write(journal)
        except ReadOnly:
            self.is_felt = True
            self.calls.fail_from(0, 0, 0)
            self._goes_on(journal)
        except StorageFault:
            self.is_felt = True
        except Exception as error_of_another_kind:  # noqa: BLE001  that there is one is the find
            self.found.append(f"{type(error_of_another_kind).__name__}: {error_of_another_kind}")
        if journal is not None:
            with suppress(Exception):
                journal.close_inline(checkpoint=False)
        self.calls.fail_from(0, 0, 0)
        self._look()

    def _goes_on(self, journal: Journal[Cabinet] | None) -> None:
        """There is room again: nobody restarts anything."""
        if journal is None:
            return
        try:
            journal.record_inline(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"),)))
        except StorageFault as fault:
            self.found.append(f"the disk has room again and nothing is recorded: {type(fault).__name__}")
            return
        self.acknowledged = journal.cabinet.seq

    def _look(self) -> None:
        try:
            journal = self.open()
        except StorageFault as fault:
            self.found.append(f"I1: the journal does not open any more: {type(fault).__name__}")
            return
        if journal.cabinet.seq < self.acknowledged:
            self.found.append(
                f"I1: fact {self.acknowledged} was acknowledged, the journal ends at {journal.cabinet.seq}"
            )
        journal.close_inline()
        verdict = keeping.verify(self.path)
        if not verdict.is_sound:
            self.found.append(f"I1: verify finds {verdict.what}")


@click.command()
@click.option("--stride", default=1)
def main(stride: int) -> None:
    """In a process with the library: fail every call in turn; prints how many were, and what was found, as JSON."""
    machine.quiet()
    calls = ctypes.CDLL(None)
    found, count, felt = [], 0, 0
    with tempfile.TemporaryDirectory(prefix="failing-", dir=machine.memory()) as place:
        whole = Run(Path(place), calls)
        calls.fail_from(0, 0, 0)
        journal = whole.open()
        whole.write(journal)
        journal.close_inline()
        last = int(calls.calls())
        for name, error, is_lasting in WAYS:
            for at in range(1, last + 1, stride):
                run = Run(Path(place), calls)
                run.fail(at, error, is_lasting=is_lasting)
                found += [f"{name} at call {at}: {one}" for one in run.found]
                count += 1
                felt += run.is_felt
    click.echo(json.dumps([last, count, felt, found]))


def prove(*, stride: int) -> Proved:
    """Every `stride`-th call of a journal's life fails, in three ways."""
    began = time.perf_counter()
    progress("system calls that fail")
    with tempfile.TemporaryDirectory(prefix="failing-") as folder:
        library = Path(folder) / "failing.so"
        command = ("gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(SOURCE), "-ldl")
        subprocess.run(command, check=True)
        done = subprocess.run(
            [sys.executable, "-m", "bench.proof.failing", "--stride", str(stride)],
            cwd=ROOT,
            env={**os.environ, "LD_PRELOAD": str(library)},
            capture_output=True,
            text=True,
            check=True,
        )
    progress("")
    last, count, felt, found = json.loads(done.stdout.splitlines()[-1])
    return Proved(
        what=f"system calls of a running journal that fail ({last} calls; EIO, ENOSPC, full and back)",
        bar="0 violations",
        measured=f"{count} runs, {felt} of them stopped by it, {len(found)} violations",
        seeds="none",
        holds=not found and felt > count // 2,
        took_s=time.perf_counter() - began,
        told=tuple(found[:20]),
    )


if __name__ == "__main__":
    main()
