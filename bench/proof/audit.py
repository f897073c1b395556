"""Random tampering with the journal, found by `verify`, which names the first event that does not hold.

The chain alone shows every change, gap and exchange. A tail that was cut off, and a past that was written anew with
hashes that fit, hold in themselves: they are found by what is known elsewhere, the hash of one event that the centre
has acknowledged or a receipt names. What somebody with the disk in hand adds behind that event, in the right form, no
chain can tell from the cabinet's own; the centre's chain does, as soon as the cabinet goes on.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

import apsw

from bench.proof import machine, stories
from bench.proof.table import Proved
from bench.table import progress
from locker import chain, database, keeping

CHUNK = 250
Tamper = Callable[[apsw.Connection, Random, int], int]
"""Does it to a journal of so many events; the event that `verify` must name."""


def change(connection: apsw.Connection, chance: Random, last: int) -> int:
    """One field of one event."""
    seq = chance.randint(1, last)
    column = chance.choice(("body", "type", "utc_ms", "epoch", "clock", "run_id", "uptime_ms", "hash"))
    old = connection.execute(f"SELECT {column} FROM event WHERE seq = ?", (seq,)).get
    new: object
    if isinstance(old, int):
        new = old + chance.choice((-1, 1, 1000))
    elif isinstance(old, bytes):
        at = chance.randrange(len(old))
        new = old[:at] + bytes((old[at] ^ (1 << chance.randrange(8)),)) + old[at + 1 :]
    else:
        at = chance.randrange(len(old) + 1)
        new = old[:at] + chance.choice("0aZ{\u0111 ") + old[at:]
    connection.execute(f"UPDATE event SET {column} = ? WHERE seq = ?", (new, seq))
    return seq


def delete(connection: apsw.Connection, chance: Random, last: int) -> int:
    """Some events that follow each other, from the middle."""
    seq = chance.randint(1, last - 1)
    through = min(last - 1, seq + chance.choice((0, 0, 1, 5)))
    connection.execute("DELETE FROM event WHERE seq BETWEEN ? AND ?", (seq, through))
    return seq


def close_gap(connection: apsw.Connection, chance: Random, last: int) -> int:
    """One event is taken out and the numbers behind it move up."""
    seq = chance.randint(1, last - 1)
    connection.execute("DELETE FROM event WHERE seq = ?", (seq,))
    for number in range(seq + 1, last + 1):
        connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (number - 1, number))
    return seq


def reorder(connection: apsw.Connection, chance: Random, last: int) -> int:
    """Two events change places."""
    one, other = sorted(chance.sample(range(1, last + 1), 2))
    for old, new in ((one, last + 1), (other, one), (last + 1, other)):
        connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (new, old))
    return one


def truncate(connection: apsw.Connection, chance: Random, last: int) -> int:
    """The newest events are gone."""
    seq = chance.randint(1, last)
    connection.execute("DELETE FROM event WHERE seq >= ?", (seq,))
    return seq


def rewrite(connection: apsw.Connection, chance: Random, last: int) -> int:
    """One event is changed and every hash from there on is made to fit: only the event known elsewhere differs."""
    seq = chance.randint(1, last)
    cabinet = str(connection.execute("SELECT cabinet FROM about").get)
    before = chain.hash_at(connection, seq - 1)
    assert before is not None
    for row in list(chain.rows_after(connection, seq - 1)):
        moved = row._replace(uptime_ms=row.uptime_ms + 1) if row.seq == seq else row
        before = chain.digest(cabinet, before, moved[:8])
        connection.execute("UPDATE event SET uptime_ms = ?, hash = ? WHERE seq = ?", (moved.uptime_ms, before, row.seq))
    return last


TAMPERS: tuple[Tamper, ...] = (change, change, delete, close_gap, reorder, truncate, rewrite)


def tampered(base: bytes, last: int, head: str, seed: int, many: int = CHUNK) -> list[str]:
    """A chunk of tampers on copies of one journal; what was missed or named wrongly."""
    missed = []
    with tempfile.TemporaryDirectory(prefix="audit-", dir=machine.memory()) as folder:
        path = Path(folder) / database.JOURNAL_NAME
        for number in range(seed, seed + many):
            chance = Random(number)
            path.write_bytes(base)
            connection = apsw.Connection(str(path))
            connection.pragma("synchronous", "OFF")
            connection.execute("BEGIN")
            tamper = chance.choice(TAMPERS)
            expected = tamper(connection, chance, last)
            connection.execute("COMMIT")
            connection.close()
            verdict = keeping.verify(path, anchor=(last, head))
            if verdict.is_sound:
                missed.append(f"seed {number}: {tamper.__name__} at event {expected} was not found")
            elif verdict.flaw_seq != expected:
                missed.append(
                    f"seed {number}: {tamper.__name__} at {expected} was named {verdict.flaw_seq}: {verdict.what}"
                )
    return missed


def journal(seed: int) -> tuple[bytes, int, str]:
    """The journal of a day, its last event and that one's hash."""
    with tempfile.TemporaryDirectory(prefix="audit-", dir=machine.memory()) as folder:
        path = (
            stories.twin_days(seed, Path(folder) / "day", mix="usual", per_day=12.0).disk.folder / database.JOURNAL_NAME
        )
        verdict = keeping.verify(path)
        connection = apsw.Connection(str(path))
        connection.pragma("journal_mode", "DELETE")
        connection.close()
        return path.read_bytes(), verdict.seq, verdict.head_hash


def prove(*, wanted: int, seed: int, workers: int) -> Proved:
    """So many tampers, all found, the first bad event named."""
    began = time.perf_counter()
    machine.quiet()
    base, last, head = journal(seed)
    chunks = range(seed, seed + wanted, CHUNK)
    missed: list[str] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done, found in enumerate(pool.map(partial(tampered, base, last, head), chunks), start=1):
            missed += found
            progress(f"audit: {done * CHUNK:,} of {wanted:,} tampers, {len(missed)} missed")
    progress("")
    count = len(chunks) * CHUNK
    return Proved(
        what=f"random tampers with a journal of {last} events: found, and the first bad event named",
        bar=f"all of {wanted:,}",
        measured=f"{count - len(missed):,} of {count:,}",
        seeds=f"{seed}..{seed + count - 1}",
        holds=not missed and count >= wanted,
        took_s=time.perf_counter() - began,
        told=tuple(missed[:20]),
    )
