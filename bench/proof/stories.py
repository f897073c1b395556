"""What is recorded on the disk: days of the twin, and the housekeeping of a journal.

The twin drives the real journal, rules, workers and request functions: load, pickup, bundle, intake, clearing, sync,
purge, checkpoint. Housekeeping is what its days do not do: seal, backup, migration, restore.
"""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.proof.disk import Disk, recording
from bench.start import hand_over
from locker import database, keeping, recovery, seals, views
from locker import events as ev
from locker.journal import Inline, Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold
from simulator.twin.loop import JumpingLoop
from simulator.twin.steel import Pulse
from simulator.twin.world import MIXES, World

CHECKPOINT_EVERY = 40
CABINET = "twin-01"
DAY_MS = 86_400_000
NEW_YEAR_UTC_MS = 1_798_736_400_000
"""2027-01-01 00:00 in Vietnam."""


FLOWS = {
    "load": "SELECT count(*) FROM event WHERE type = 'Loaded'",
    "pickup": "SELECT count(*) FROM event WHERE type = 'Collected'",
    "bundle": "SELECT count(*) FROM (SELECT 1 FROM event one, event put, json_each(one.body, '$.results')"
    " WHERE one.type = 'Collected' AND put.type = 'LoadStarted' AND put.body ->> 'hand_over' = one.body ->> 'hand_over'"
    " GROUP BY put.body ->> 'recipient' HAVING count(*) > 1)",
    "intake": "SELECT count(*) FROM event WHERE type = 'Deposited'",
    "clearing": "SELECT count(*) FROM event WHERE type IN ('Reclaimed', 'IntakeCollected', 'LookedInside')",
    "sync": "SELECT max(seq) FROM cursor WHERE name = 'centre'",
    "purge": "SELECT count(*) FROM event WHERE type = 'PersonalErased'",
    "checkpoint": "SELECT count(*) FROM checkpoint",
    "seal": "SELECT count(*) FROM event WHERE type = 'JournalSealed'",
    "migration": "SELECT count(*) - 1 FROM compat",
    "restore": "SELECT count(*) FROM event WHERE type = 'RecountFinished'",
}
"""How a journal shows what its story went through. A backup is seen by its file."""
FLOW_NAMES = (*FLOWS, "backup")


class ReadyLoop(JumpingLoop):
    """Its thread is never busy: what another thread hands it runs at once, even before that thread goes on."""

    def call_soon_threadsafe(  # type: ignore[override]  # typeshed ties the arguments to the callback's
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        handle._run()  # noqa: SLF001  what the loop itself does with it
        return handle


class Required(NamedTuple):
    """What must hold of an image: what had been published, pulsed and given away when the power went."""

    seq: int = 0
    pulsed_seq: int = 0
    """Where the journal stood when the last pulse went out."""
    given: int = 0
    """Through which fact the centre has acknowledged."""
    sent_seq: int = 0
    """Where the journal stood when the last message left."""
    is_restoring: bool = False
    is_restored: bool = False


@dataclass
class Story:
    """One recorded story.

    `states` holds a digest of each state that was ever published, `seen` their places, `whole` the last place of each
    decision: where the power went between commit and publication, the next run goes on from a state nobody has seen.
    """

    name: str
    disk: Disk
    states: set[int] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)
    whole: set[int] = field(default_factory=set)
    required: Required = field(default_factory=Required)
    migrations: Path = database.MIGRATIONS
    facts: int = 0
    violations: list[str] = field(default_factory=list)
    flows: set[str] = field(default_factory=set)

    def went_through(self, journal: Journal[Cabinet]) -> None:
        """Note the flows that a journal shows."""
        for flow, query in FLOWS.items():
            if journal.read_inline(lambda connection, query=query: connection.execute(query).get):  # type: ignore[misc]
                self.flows.add(flow)
        if any((self.disk.folder / "backups").glob("journal-*")):
            self.flows.add("backup")

    def is_whole(self, cabinet: Cabinet) -> bool:
        """Whether the state is one that decisions led to, and none that half of one led to."""
        return digest(cabinet) in self.states or (cabinet.seq in self.whole and cabinet.seq not in self.seen)

    def published(self, cabinet: Cabinet) -> None:
        """A state is on screens."""
        if cabinet.seq != self.required.seq or not self.states:
            self.states.add(digest(cabinet))
            self.seen.add(cabinet.seq)
            self.required = self.required._replace(seq=cabinet.seq)


def digest(cabinet: Cabinet) -> int:
    """A number for a state, the same in this process for the same state."""
    return hash(msgspec.msgpack.encode(cabinet))


def twin_days(
    seed: int,
    folder: Path,
    *,
    mix: str = "harsh",
    per_day: float = 6.0,
    days: int = 1,
    begin: Callable[[World], None] | None = None,
) -> Story:
    """Days of a cabinet on a recorded disk; if a backup is put in place in them, others are told by another seed."""
    while True:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        story = Story(f"{days} days of the twin, seed {seed}", Disk(folder))
        with recording(story.disk, is_default=False) as vfs, asyncio.Runner(loop_factory=ReadyLoop) as runner:
            restored = runner.run(_live(story, seed, vfs, mix=mix, per_day=per_day, days=days, begin=begin))
        if not restored:
            return story
        seed += 1_000_003


async def _live(
    story: Story,
    seed: int,
    vfs: str,
    *,
    mix: str,
    per_day: float,
    days: int,
    begin: Callable[[World], None] | None,
) -> bool:
    world = World(rng=random.Random(seed), mix=MIXES[mix], per_day=per_day, cabinets=1, folder=story.disk.folder)
    world.parts.disk = {"vfs": vfs, "checkpoint_every": CHECKPOINT_EVERY}
    world.steel.heard = partial(_pulsed, story, world, world.steel.heard)
    world.parts.committed = partial(_committed, story, world.parts.committed)
    for gateway in world.gateways:
        gateway.deliver = partial(_sent, story, world, gateway.deliver)

    last: list[Journal[Cabinet]] = []

    def observe() -> Required:
        if world.controller is not None:
            last[:] = [world.controller.journal]
        for journal in last:
            story.published(journal.cabinet)
            story.required = story.required._replace(given=len(world.centre.facts))
        return story.required

    story.disk.observe = observe
    if begin is not None:
        begin(world)
    await world.live(days)
    assert world.controller is not None
    story.went_through(world.controller.journal)
    story.facts = sum(world.judge.facts.values())
    story.violations += [f"{story.name}: {one}" for one in world.judge.violations]
    await world.power_off()
    story.disk.observe = lambda: story.required
    return world.happened["restore"] > 0


def _committed(
    story: Story, committed: Callable[[Sequence[ev.Recorded]], None], recorded: Sequence[ev.Recorded]
) -> None:
    committed(recorded)
    story.whole.add(recorded[-1].seq)


def _pulsed(story: Story, world: World, heard: Callable[[Pulse], None], pulse: Pulse) -> None:
    heard(pulse)
    cabinet = world.state()
    if cabinet is not None:
        story.required = story.required._replace(pulsed_seq=cabinet.seq)


def _sent(story: Story, world: World, deliver: Callable[[str, str], None], phone: str, text: str) -> None:
    deliver(phone, text)
    cabinet = world.state()
    if cabinet is not None:
        story.required = story.required._replace(sent_seq=cabinet.seq)


# --- housekeeping


def housekeeping(seed: int, folder: Path) -> Story:
    """Records, a backup, a seal, a purge, a migration, a restore and its recount, all on a recorded disk."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "disk").mkdir(parents=True)
    migrations = folder / "migrations"
    migrations.mkdir()
    for _number, script in database.scripts_of(database.MIGRATIONS):
        shutil.copy(script, migrations)
    newest = database.scripts_of(database.MIGRATIONS)[-1][0]
    story = Story(f"housekeeping, seed {seed}", Disk(folder / "disk"), migrations=migrations)
    with recording(story.disk), asyncio.Runner(loop_factory=ReadyLoop) as runner:
        runner.run(_keep_house(story, random.Random(seed), next_script=f"{newest + 1:03d}-next.sql"))
    return story


class House:
    """A journal that is opened and closed again, on a clock that ticks by hand."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.path = story.disk.folder / database.JOURNAL_NAME
        self.now_ms = NEW_YEAR_UTC_MS - 3 * DAY_MS
        self.runs = 0
        self.journal: Journal[Cabinet]
        story.disk.observe = self.observe

    def observe(self) -> Required:
        journal = getattr(self, "journal", None)
        if journal is not None:
            self.story.published(journal.cabinet)
        return self.story.required

    def moment(self) -> ev.Moment:
        self.now_ms += 1_000
        return ev.Moment(utc_ms=self.now_ms, uptime_ms=self.now_ms % DAY_MS, run_id=f"r-{self.runs}", clock="synced")

    async def start(self) -> None:
        self.runs += 1
        self.journal = await Journal.open(
            self.path,
            cabinet_id=CABINET,
            fold=cabinet_fold(),
            clock=self.moment,
            release="proof",
            views=views.VIEWS,
            executor=Inline(),
            checkpoint_every=CHECKPOINT_EVERY,
            migrations=self.story.migrations,
        )
        await recovery.begin(self.journal, release="proof")

    async def record(self, *events: ev.Event, rows: tuple[ev.Row, ...] = ()) -> None:
        await self.journal.record(lambda *_: ev.Decision(events=events, rows=rows))

    async def serve(self, number: int) -> None:
        """One result from announcement to collection, its rows with it; every third stays inside with a live code."""
        facts = hand_over(number)
        await self.record(facts[0], rows=(ev.PutPersonal(f"p-{number}", "person", {"name": "Hoa " * 30}),))
        for fact in facts[1:7]:
            await self.record(fact)
        code = ev.PutCode(f"c{number}", f"b{number}", b"s" * 16, b"v" * 32, b"sealed" * 9)
        await self.record(*facts[7:9], rows=(code,))
        await self.record(facts[9], rows=(ev.EraseSealed(f"c{number}"),))
        if number % 3:
            spent = ev.CodesRevoked(bundle=f"b{number}", codes=(f"c{number}",), cause="spent")
            await self.record(*facts[10:12])
            await self.record(facts[12], spent, rows=(ev.EraseCode(f"c{number}"),))


async def _keep_house(story: Story, chance: random.Random, *, next_script: str) -> None:
    house, backups = House(story), story.disk.folder / "backups"
    await house.start()
    number = 0
    for _ in range(chance.randint(3, 6)):
        number += 1
        await house.serve(number)
    backups.mkdir()
    copy = await keeping.backup(house.journal, backups, keep=2, utc_ms=house.now_ms)
    number += 1
    await house.serve(number)
    await house.record(rows=(ev.ErasePersonal("p-1"),))
    house.now_ms = NEW_YEAR_UTC_MS + DAY_MS
    key = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32))
    await seals.seal_due(house.journal, key=key, zone=ZoneInfo("Asia/Ho_Chi_Minh"))
    await house.journal.close()
    (story.migrations / next_script).write_text(
        "CREATE TABLE later (one INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT;\n"
        "INSERT INTO later (what) SELECT hex(randomblob(200)) FROM event;\n"
    )
    await house.start()
    number += 1
    await house.serve(number)
    story.went_through(house.journal)
    await house.journal.close()
    story.required = story.required._replace(is_restoring=True)
    keeping.restore(copy, story.disk.folder, utc_ms=house.now_ms)
    del house.journal
    story.required = Required(is_restored=True)
    await house.start()
    story.published(house.journal.cabinet)
    await house.record(ev.RecountFinished(merged_through=0))
    await house.serve(number + 1)
    story.went_through(house.journal)
    await house.journal.close()
    story.facts = house.journal.cabinet.seq
