"""Start to ready: an empty journal, one of a million events, and the same after losing its checkpoint; and memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import psutil

from bench.table import Row, progress
from locker import events as ev
from locker import views
from locker.journal import Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold

EVENTS_A_HAND_OVER = 13
BATCH_HAND_OVERS = 40
COMPARTMENTS = 24
START_BAR_S = 2.0
MEMORY_BAR_MB = 120


def hand_over(number: int) -> tuple[ev.Event, ...]:
    """The facts of one result from announcement to collection, as the service records them."""
    result, key, place = f"r{number}", f"h{number}", number % COMPARTMENTS + 1
    bundle, code, notice = f"b{number}", f"c{number}", f"n{number}"
    return (
        ev.ResultQueued(
            wish=number,
            result=result,
            recipient=f"k{number}",
            person=f"p-{number}",
            dossier=f"d-{number}",
            items=(ev.Item(item=f"i{number}"),),
            size="S",
            reach="any",
            language="vi",
            deadline="2027-12-31",
            state=9,
            consent=True,
            fee="none",
        ),
        ev.LoadStarted(hand_over=key, results=(result,), recipient=f"k{number}", compartment=place, actor="lan"),
        ev.GrantIssued(grant=f"g{number}", compartment=place, purpose="load", hand_over=key, actor="lan"),
        ev.DoorOpened(compartment=place, grant=f"g{number}", hand_over=key),
        ev.DoorClosed(compartment=place, hand_over=key),
        ev.Loaded(hand_over=key, compartment=place, results=(result,), evidence="door_cycle"),
        ev.RoundClosed(actor="lan"),
        ev.CodeMinted(code=code, bundle=bundle, recipient=f"k{number}", selector="482", holder="owner", cause="ready"),
        ev.NoticeQueued(
            notice=notice, template="READY", person=f"p-{number}", bundle=bundle, code=code, results=(result,)
        ),
        ev.NoticeDelivered(notice=notice),
        ev.DoorOpened(compartment=place, grant="", hand_over=key),
        ev.DoorClosed(compartment=place, hand_over=key),
        ev.Collected(hand_over=key, compartment=place, results=(result,), evidence="door_cycle"),
    )


def fill(path: Path, *, cabinet_id: str, hand_overs: int) -> int:
    """A journal of that many finished hand-overs at `path`; the number of events."""
    clock = iter_moments()
    journal: Journal[Cabinet] = Journal.open_inline(
        path,
        cabinet_id=cabinet_id,
        fold=cabinet_fold(),
        clock=lambda: next(clock),
        release="bench",
        views=views.VIEWS,
        checkpoint_every=20_000,
    )
    journal.record_inline(lambda *_: ev.Decision(events=(ev.RunStarted(release="bench"),)))
    for first in range(1, hand_overs + 1, BATCH_HAND_OVERS):
        batch = tuple(
            event
            for number in range(first, min(first + BATCH_HAND_OVERS, hand_overs + 1))
            for event in hand_over(number)
        )
        journal.record_inline(lambda *_, batch=batch: ev.Decision(events=batch))
        if first % (BATCH_HAND_OVERS * 100) == 1:
            progress(f"filling the journal: {first} of {hand_overs} hand-overs")
    seq = journal.cabinet.seq
    journal.close_inline()
    progress("")
    return seq


def iter_moments() -> Iterator[ev.Moment]:
    """Moments a second apart, in one run."""
    number = 0
    while True:
        number += 1
        yield ev.Moment(utc_ms=1_790_000_000_000 + number * 1000, uptime_ms=number * 1000, run_id="bench")


def lose_checkpoint(path: Path) -> None:
    """Take the checkpoints out of a journal that nobody has open."""
    connection = apsw.Connection(str(path))
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("DELETE FROM checkpoint")
    connection.close()


def start(config: Path) -> tuple[float, float]:
    """Seconds until the service says that it is ready, and its resident memory then in MB; it is stopped again."""
    begun = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "api", "run", "--config", str(config), "--ready-line"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    ) as service:
        assert service.stdout is not None
        json.loads(service.stdout.readline())
        ready = time.perf_counter() - begun
        memory = psutil.Process(service.pid).memory_info().rss / 1e6
        service.terminate()
    return ready, memory


def measure(directory: Path, config: Path, *, cabinet_id: str, events: int) -> list[Row]:
    """All figures of this file. `config` names `directory` as its storage."""
    journal = directory / "journal.sqlite3"
    empty, _ = min(start(config) for _ in range(3))
    journal.unlink()
    fill(journal, cabinet_id=cabinet_id, hand_overs=10_000)
    _, memory = start(config)
    journal.unlink()
    count = fill(journal, cabinet_id=cabinet_id, hand_overs=events // EVENTS_A_HAND_OVER)
    with_checkpoint, _ = min(start(config) for _ in range(3))
    lose_checkpoint(journal)
    without, _ = start(config)
    return [
        Row("start to ready, empty journal", empty, "s", bar=START_BAR_S),
        Row(f"start to ready, {count:,} events", with_checkpoint, "s", bar=START_BAR_S),
        Row(f"the same, its checkpoint lost ({count:,} folded anew)", without, "s", against="bearable: a minute"),
        Row("resident memory after 10,000 hand-overs", memory, "MB", bar=MEMORY_BAR_MB),
    ]
