"""In step with the centre: facts up in order, at least once; wishes down in order, exactly once; a recount when needed.

The centre's acknowledgement means "committed there" and moves a durable cursor along the journal. One batch is in
flight. Order never uses wall time. A batch the centre finally refuses is bisected to the one fact, which is parked:
a tombstone with the same number and hash goes out, the fact stays here and an incident says so. Retries use full
jitter between 1 and 300 s and obey Retry-After.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from locker import events as ev
from locker import recount, wire
from locker.centre import (
    LONGEST_WAIT_S,
    Address,
    CentreFault,
    CentreLine,
    CentreRefusedError,
    Client,
    body_of,
)
from locker.inbox import Inbox
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import ContradictsEarlier, NotAllowed, OutOfOrder, RetryableStorageFault, Starting

CURSOR = "centre"
BATCH_BYTES = wire.MAX_BODY_BYTES - 8 * 1024
FIRST_WAIT_S = 1.0
POLL_SLACK_S = 10.0
log = structlog.get_logger()


class Alone:
    """A cabinet without a centre: it keeps every fact and takes no wishes."""

    is_online = False
    last_contact: int | None = None

    async def take(self, wishes: list[wire.Wish]) -> None:
        """Raises NotAllowed: nobody may push wishes to a cabinet that knows no centre."""
        raise NotAllowed(f"{len(wishes)} wishes refused: [centre] url is not configured")


class Batch(NamedTuple):
    """The facts behind `after` that go up next, and the body that gives them. `is_full`: no more fit in."""

    after: int
    epoch: int
    facts: list[wire.Envelope]
    body: bytes
    is_full: bool


class Sync:
    """Owns the HTTP client towards the centre for the life of the process."""

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        inbox: Inbox,
        address: Address,
        client: Client,
        utc_ms: Callable[[], int],
        chance: Callable[[], float],
        least_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._journal = journal
        self._inbox = inbox
        self._line = CentreLine(address=address, client=client, utc_ms=utc_ms)
        self._chance = chance
        self._least_wait_s = least_wait_s
        self._pull_now = asyncio.Event()
        self._has_compared = False
        self._upcoming: Batch | None = None
        self._kept_through = 0
        self.acked_through = 0

    @property
    def is_online(self) -> bool:
        """Whether the centre answered when it was last asked."""
        return self._line.is_online

    @property
    def last_contact(self) -> int | None:
        """Wall time in milliseconds of its last answer; None before the first."""
        return self._line.last_contact

    async def take(self, wishes: list[wire.Wish]) -> None:
        """Execute pushed wishes in order. A gap wakes the pull and raises OutOfOrder; else raises as `Inbox.take`.

        Raises Starting until both heads were compared: an old copy must not carry out again what is done already.
        """
        if not self._has_compared:
            raise Starting("wishes are taken once this cabinet and the centre have compared their facts")
        try:
            for wish in wishes:
                await self._inbox.take(wish)
        except OutOfOrder:
            self._pull_now.set()
            raise

    async def run(self) -> None:
        """Until cancelled: compare both heads once, then send facts and fetch wishes side by side."""
        self.acked_through = self._kept_through = await self._journal.cursor(CURSOR)
        await self._persist("comparing with the centre", self._compare)
        self._has_compared = True
        async with asyncio.TaskGroup() as group:
            group.create_task(self._forever("sending facts", self._send_facts), name="facts up")
            group.create_task(self._forever("fetching wishes", self._fetch_wishes), name="wishes down")

    # --- talking

    async def _forever(self, what: str, once: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._persist(what, once)

    async def _persist(self, what: str, once: Callable[[], Awaitable[None]]) -> None:
        """Do it once, as often as it takes: full jitter, 1 s doubling to 300 s."""
        failures = 0
        while True:
            try:
                await once()
            except CentreFault as fault:
                (log.debug if failures else log.warning)("centre not reached", doing=what, reason=str(fault))
                self._line.is_online = False
                wait_s = fault.wait_s
            except RetryableStorageFault as fault:
                (log.debug if failures else log.warning)("not in step", doing=what, reason=str(fault))
                wait_s = 0.0
            else:
                return
            failures += 1
            cap = min(LONGEST_WAIT_S, self._least_wait_s * 2 ** min(failures, 9))
            await asyncio.sleep(max(wait_s, self._least_wait_s, self._chance() * cap))

    # --- facts up

    async def _send_facts(self) -> None:
        seq = self._journal.cabinet.seq
        if self.acked_through >= seq:
            await self._journal.changed(seq)
        batch = await self._next_batch()
        if batch.facts:
            await self._send(batch.facts, batch.body)

    async def _next_batch(self) -> Batch:
        """What goes up next; while the centre is away it is put together again only if there is more for it."""
        after, cabinet, present = self.acked_through, self._journal.cabinet, self._upcoming
        is_same = present is not None and (present.after, present.epoch) == (after, cabinet.epoch)
        if present is not None and is_same and (present.is_full or after + len(present.facts) == cabinet.seq):
            return present
        found = await self._journal.envelopes(after, wire.MAX_BATCH)
        facts, body = _fitting(found, cabinet.epoch)
        is_full = len(facts) == wire.MAX_BATCH or len(facts) < len(found)
        self._upcoming = Batch(after, cabinet.epoch, facts, body, is_full)
        return self._upcoming

    async def _send(self, facts: list[wire.Envelope], body: bytes) -> None:
        try:
            through = await self._line.give(body)
        except CentreRefusedError as refused:
            await self._answer_refusal(facts, refused.problem)
            return
        if through < facts[0].cab_seq:
            raise CentreFault("the centre took a batch and acknowledged none of it")
        await self._acknowledge(through)

    async def _acknowledge(self, through: int) -> None:
        if through > self._journal.cabinet.seq:
            await self._compare()
            if through > self._journal.cabinet.seq:
                raise CentreFault("the centre acknowledges facts nobody recorded")
            return
        await self._keep(through)

    async def _keep(self, through: int) -> None:
        """The centre has the facts up to here, durably; a centre that lost some is given them again."""
        self.acked_through = through
        if through > self._kept_through:
            await self._journal.move_cursor(CURSOR, through)
            self._kept_through = through

    async def _compare(self) -> None:
        agreed = await recount.compare(self._journal, self._line, rows_of=self._inbox.announced_rows)
        if agreed is not None:
            await self._keep(agreed)

    async def _answer_refusal(self, batch: list[wire.Envelope], problem: wire.Problem) -> None:
        if problem.name == "gap" and problem.expected is not None:
            if problem.expected == batch[0].cab_seq:
                raise CentreFault("the centre asks for the very fact it was given")
            if problem.expected <= self._journal.cabinet.seq + 1:
                self.acked_through = problem.expected - 1
                return
            await self._recount_or_wait(problem)
        elif problem.name in ("epoch", "contradicts-earlier"):
            await self._recount_or_wait(problem)
        elif len(batch) > 1:
            half = batch[: len(batch) // 2]
            await self._send(half, body_of(half, epoch=self._journal.cabinet.epoch))
        else:
            await self._park(batch[0], problem)

    async def _recount_or_wait(self, problem: wire.Problem) -> None:
        """The centre holds another line: compare; if nothing came of it, come again later. Raises CentreFault."""
        epoch = self._journal.cabinet.epoch
        await self._compare()
        if self._journal.cabinet.epoch == epoch:
            raise CentreFault(f"the centre answers {problem.name}, yet both hold the same facts")

    async def _park(self, fact: wire.Envelope, problem: wire.Problem) -> None:
        """One fact the centre finally refuses: a tombstone takes its place there, the fact stays here."""
        log.error("fact parked", cab_seq=fact.cab_seq, type=fact.type, reason=problem.name)
        tombstone = fact.model_copy(
            update={"type": wire.PARKED, "body": {"reason": problem.name, "parked_type": fact.type}, "attached": None}
        )
        try:
            through = await self._line.give(body_of([tombstone], epoch=self._journal.cabinet.epoch))
        except CentreRefusedError as refused:
            raise CentreFault(f"the centre refuses even the tombstone ({refused})", wait_s=LONGEST_WAIT_S) from refused
        if fact.type != wire.PARKED:  # else each one would make the next
            parked = ev.Parked(cab_seq=fact.cab_seq, reason=problem.name)
            await self._journal.record(lambda *_: ev.Decision(events=(parked,)))
        await self._acknowledge(through)

    # --- wishes down

    async def _fetch_wishes(self) -> None:
        wait_s = self._line.address.poll_s
        after = self._journal.cabinet.wish_seq
        started = asyncio.get_running_loop().time()
        poll = asyncio.ensure_future(self._line.wishes(after=after, wait_s=wait_s, timeout_s=wait_s + POLL_SLACK_S))
        woken = asyncio.ensure_future(self._pull_now.wait())
        try:
            await asyncio.wait((poll, woken), return_when=asyncio.FIRST_COMPLETED)
            self._pull_now.clear()
            if not poll.done():
                return
            await self._take_pulled(poll.result())
        finally:
            for task in (poll, woken):
                task.cancel()
            await asyncio.gather(poll, woken, return_exceptions=True)
        is_early = asyncio.get_running_loop().time() - started < self._least_wait_s
        if self._journal.cabinet.wish_seq == after and is_early:
            # Nothing came, and at once: a centre that does not hold the line open is not asked without a pause.
            await asyncio.sleep(self._least_wait_s)

    async def _take_pulled(self, found: wire.WishesOut) -> None:
        for wish in found.wishes:
            try:
                await self._inbox.take_when_closed(wish)
            except OutOfOrder as gap:
                if found.wishes[0] is wish:
                    raise CentreFault(f"the centre gave wish {wish.wish_seq} instead of {gap.expected}") from gap
                return
            except ContradictsEarlier:
                log.warning("the centre gave another wish under an old number", wish_seq=wish.wish_seq)


def _fitting(batch: list[wire.Envelope], epoch: int) -> tuple[list[wire.Envelope], bytes]:
    """As many facts from the front as one body holds, at least one; and that body."""
    body = body_of(batch, epoch=epoch)
    if len(body) <= BATCH_BYTES:
        return batch, body
    size = 0
    fitting: list[wire.Envelope] = []
    for fact in batch:
        size += len(fact.model_dump_json())
        if fitting and size > BATCH_BYTES:
            break
        fitting.append(fact)
    return fitting, body_of(fitting, epoch=epoch)
