"""What must hold of every crash image: it opens, nothing that was shown is lost, nothing is there by half, and the run
that follows keeps the invariants.

| Looked at | Invariant |
|---|---|
| the journal opens, its chain and file verify | I1 |
| everything published, pulsed for, sent or acknowledged by the centre is in it | I1, I3, I12 |
| its state is one that was published: a decision is there whole or not at all | I1 |
| codes and wishes have the rows their facts speak of; no code is sealed once its message is over | I5, I11, I12 |
| after the next start: no live grant, no counter lower, what a dead grant left is uncertain | I4, I10 |
| after the next start: one hand-over in a compartment, none free that may be full | I2, I6 |
| a copy put in place is marked; after the next start no code of it lives, a recount is on | I5 |
| a backup under its own name is whole | I1 |
| every fiftieth: the view tables are those a rebuild makes | (lists are true) |
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import apsw

from bench.proof.disk import Image
from bench.proof.stories import CABINET, Required, Story
from locker import database, keeping, views
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import StorageFault
from locker.replay import cabinet_fold
from locker.rules import recounts
from locker.rules.doors import merged

REBUILD_EVERY = 50
SHOWN = 20


class Found(NamedTuple):
    """What an image holds, whatever was required of it. `seq` is None where there is no journal to be opened."""

    seq: int | None
    is_copy: bool = False
    is_recounting: bool = False
    broken: tuple[str, ...] = ()


class Count(NamedTuple):
    """How many images were judged, and how many of them no other was like."""

    images: int = 0
    distinct: int = 0


def judge_story(story: Story, folder: Path, *, seed: int, most: int | None = None) -> Count:
    """Judges an image after every request, or `most` of them spread evenly. Finds go to the story.

    An image whose bytes are those of an earlier one holds the same; what is required of it is its own.
    """
    stride = 1 if most is None else max(1, -(-len(story.disk.asked) // most))
    known: dict[int, Found] = {}
    count = 0
    for image in story.disk.images(Random(seed), stride=stride):
        key = hash(tuple(sorted(image.files.items())))
        if key not in known:
            lay_out(image, folder)
            known[key] = looked_at(story, folder, is_thorough=len(known) % REBUILD_EVERY == 0)
        broken = (*missing(known[key], story.disk.required(image.after)), *known[key].broken)
        story.violations += [f"{story.name}, after request {image.after}: {one}" for one in broken]
        count += 1
        if len(story.violations) >= SHOWN:
            break
    return Count(count, len(known))


def lay_out(image: Image, folder: Path) -> None:
    """Writes the files of an image below `folder`, and nothing else is there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in image.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def missing(found: Found, required: Required) -> Iterator[str]:
    """What had been shown, told or acknowledged when the power went, and is not there."""
    if found.seq is None:
        if required.seq or required.is_restored or required.is_restoring:
            yield "I1: the journal is gone"
        return
    if required.is_restored and not found.is_copy and not found.is_recounting:
        yield "I5: a restored copy serves without a recount"
    if required.is_restoring and found.is_copy:
        return
    for rule, wanted, what in (
        ("I3", required.pulsed_seq, "a lock was pulsed"),
        ("I1", required.seq, "a screen showed it"),
        ("I1", required.sent_seq, "a message told it"),
        ("I12", required.given, "the centre acknowledged it"),
    ):
        if found.seq < wanted:
            yield f"{rule}: fact {wanted} is lost, though {what}; the journal ends at {found.seq}"


def looked_at(story: Story, folder: Path, *, is_thorough: bool) -> Found:
    """Opens, judges and starts what lies in `folder`; its files are others afterwards."""
    path = folder / database.JOURNAL_NAME
    broken = list(_copies(folder))
    if not path.exists():
        return Found(None, broken=tuple(broken))
    judged = Judged(story, path)
    try:
        journal = judged.open()
    except StorageFault as fault:
        return Found(0, broken=(*broken, f"I1: the journal does not open: {type(fault).__name__}: {fault}"))
    cabinet, is_copy = journal.cabinet, journal.restored_from is not None
    try:
        if cabinet.seq and not is_copy and not story.is_whole(cabinet):
            broken.append(f"I1: the state at fact {cabinet.seq} was never published: half a decision")
        broken += judged.of_rows(journal)
        broken += judged.of_next_run(journal)
        if is_thorough:
            broken += judged.of_views(journal)
    finally:
        journal.close_inline()
    verdict = keeping.verify(path)
    if not verdict.is_sound:
        broken.append(f"I1: verify finds {verdict.what}")
    return Found(cabinet.seq, is_copy, cabinet.recount is not None, tuple(broken))


def _copies(folder: Path) -> Iterator[str]:
    """A copy has its own name only when it is whole."""
    for copy in sorted(folder.glob("backups/journal-*.sqlite3")):
        verdict = keeping.verify(copy)
        if not verdict.is_sound or not verdict.seq:
            yield f"I1: the backup {copy.name} is not whole: {verdict.what or 'it is empty'}"


class Judged:
    """The journal of one image on its way through the checks."""

    def __init__(self, story: Story, path: Path) -> None:
        self.story = story
        self.path = path
        self._moment_ms = 2_000_000_000_000

    def open(self) -> Journal[Cabinet]:
        """As the service opens it."""
        return Journal[Cabinet].open_inline(
            self.path,
            cabinet_id=CABINET,
            fold=cabinet_fold(),
            clock=self._moment,
            release="proof",
            views=views.VIEWS,
            migrations=self.story.migrations,
        )

    def _moment(self) -> ev.Moment:
        self._moment_ms += 1
        return ev.Moment(utc_ms=self._moment_ms, uptime_ms=self._moment_ms % 1000, run_id="after", clock="synced")

    def of_rows(self, journal: Journal[Cabinet]) -> Iterator[str]:
        """Erasable rows and cursors that do not fit the facts."""
        cabinet = journal.cabinet
        kept = journal.read_inline(_kept)
        if journal.restored_from is None and set(cabinet.codes) != set(kept["code"]):
            yield f"I5: codes on record and kept differ: {set(cabinet.codes) ^ set(kept['code'])}"
        waiting = {one.recipient for one in cabinet.hand_overs.values() if one.stage == "loaded"}
        for code in cabinet.codes.values():
            bundle = cabinet.bundles.get(code.bundle)
            if bundle is None or bundle.recipient not in waiting:
                yield f"I5: code {code.code} lives on, though nothing waits for it any more"
        awaited = {one.code for one in cabinet.notices.values()}
        if left := set(kept["sealed"]) - awaited:
            yield f"I11: {sorted(left)} are still sealed, though their messages are over"
        if kept["wish"] and max(kept["wish"]) > cabinet.wish_seq:
            yield f"I12: wish {max(kept['wish'])} is kept as done, on record is {cabinet.wish_seq}"
        if kept["acked"] and max(kept["acked"]) > cabinet.seq:
            yield "I12: the cursor of the centre stands behind the end of the journal"

    def of_next_run(self, journal: Journal[Cabinet]) -> Iterator[str]:
        """What the next start does that it may not."""
        before, restored_from = journal.cabinet, journal.restored_from
        journal.record_inline(lambda cabinet, *_: _begun(journal, cabinet, restored_from))
        after = journal.cabinet
        yield from _of_a_start(before, after)
        if restored_from is not None and (after.codes or after.recount is None):
            yield f"I5: after a restore {sorted(after.codes)} still open doors"

    def of_views(self, journal: Journal[Cabinet]) -> Iterator[str]:
        """View tables that are not what a rebuild makes; the journal is closed afterwards."""
        kept = journal.read_inline(_tables)
        journal.close_inline()
        connection = apsw.Connection(str(self.path))
        connection.execute("DELETE FROM view_state")
        connection.close()
        again = self.open()
        if (rebuilt := again.read_inline(_tables)) != kept:
            differ = [name for name in rebuilt if rebuilt[name] != kept.get(name)]
            yield f"the view tables {differ} are not what a rebuild makes"
        again.close_inline()


def _begun(journal: Journal[Cabinet], cabinet: Cabinet, restored_from: int | None) -> ev.Decision:
    """What `locker.recovery.begin` records."""
    started = ev.Decision(events=(ev.RunStarted(release="after"),))
    if restored_from is None:
        return started
    epoch = journal.highest_epoch + 1
    return merged(recounts.start(cabinet, epoch=epoch, cause="restored", forked_at=restored_from), started)


def _of_a_start(before: Cabinet, after: Cabinet) -> Iterator[str]:
    """What a start may never do."""
    if after.grants:
        yield f"I4: grants of an earlier run live on: {sorted(after.grants)}"
    for grant in before.grants.values():
        one = after.hand_overs.get(grant.hand_over)
        if one is not None and not (one.dead_purpose or one.uncertain or one.open_for or one.is_asked):
            yield f"I4: nobody is to settle what the dead grant {grant.grant} left of {one.hand_over}"
    if after.bucket.level_milli > before.bucket.level_milli or after.tries != before.tries:
        yield "I10: a start gives guesses back"
    if any(one.failures < before.staff[key].failures for key, one in after.staff.items() if key in before.staff):
        yield "I10: a start forgets failures of staff"
    held = [one.compartment for one in after.hand_overs.values() if one.stage != "collected"]
    if len(held) != len(set(held)):
        yield "I2: two hand-overs in one compartment"
    for one in after.hand_overs.values():
        if one.stage in ("loaded", "opened", "deposited") and after.compartment(one.compartment).is_free:
            yield f"I6: compartment {one.compartment} is free, on record it holds {one.hand_over}"
    lost = {key for key, one in before.hand_overs.items() if one.stage in ("loaded", "deposited")}
    if lost - set(after.hand_overs):
        yield f"I2: a start loses {sorted(lost - set(after.hand_overs))}"


def _kept(connection: apsw.Connection) -> dict[str, list[Any]]:
    queries = {
        "code": "SELECT code FROM code",
        "sealed": "SELECT code FROM code WHERE sealed IS NOT NULL",
        "wish": "SELECT wish_seq FROM wish",
        "acked": "SELECT seq FROM cursor",
    }
    return {name: [row[0] for row in connection.execute(query)] for name, query in queries.items()}


def _tables(connection: apsw.Connection) -> dict[str, list[Any]]:
    names = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE name GLOB 'view_*'")]
    tables = [name for name in names if name != "view_state" and not name.startswith("view_state_")]
    return {
        name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
        for name in tables
        if connection.execute("SELECT type FROM sqlite_master WHERE name = ?", (name,)).get == "table"
    }
