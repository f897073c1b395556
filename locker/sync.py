"""In step with the centre: facts up in order, at least once; wishes down in order, exactly once; a recount when needed.

The centre's acknowledgement means "committed there" and moves a durable cursor along the journal. One batch is in
flight. Order never uses wall time. A batch the centre finally refuses is bisected to the one fact, which is parked:
a tombstone with the same number and hash goes out, the fact stays here and an incident says so. Retries use full
jitter between 1 and 300 s and obey Retry-After.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
import msgspec
import structlog
from pydantic import ValidationError

from locker import events as ev
from locker import wire
from locker.inbox import Inbox, Person, amend, announced_rows
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import ContradictsEarlier, NotAllowed, OutOfOrder, RetryableStorageFault
from locker.rows import personal
from locker.rules import recounts

CURSOR = "centre"
BATCH_BYTES = wire.MAX_BODY_BYTES - 8 * 1024
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
POLL_SLACK_S = 10.0
log = structlog.get_logger()


class CentreFault(Exception):
    """The centre did not take it now; try again, not before `wait_s` seconds."""

    def __init__(self, message: str, *, wait_s: float = 0.0) -> None:
        self.wait_s = wait_s
        super().__init__(message)


class CentreRefusedError(Exception):
    """The centre answered with a final problem."""

    def __init__(self, problem: wire.Problem) -> None:
        self.problem = problem
        super().__init__(problem.title)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the centre is, and how the cabinet shows who it is."""

    url: str
    cabinet: str
    key: str
    poll_s: int = 25


class Alone:
    """A cabinet without a centre: it keeps every fact and takes no wishes."""

    is_online = False
    last_contact: int | None = None

    async def take(self, wishes: list[wire.Wish]) -> None:
        """Raises NotAllowed: nobody may push wishes to a cabinet that knows no centre."""
        raise NotAllowed(f"{len(wishes)} wishes refused: [centre] url is not configured")


class Sync:
    """Owns the HTTP client towards the centre for the life of the process."""

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        inbox: Inbox,
        address: Address,
        client: httpx.AsyncClient,
        utc_ms: Callable[[], int],
        chance: Callable[[], float],
        least_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._journal = journal
        self._inbox = inbox
        self._address = address
        self._client = client
        self._utc_ms = utc_ms
        self._chance = chance
        self._least_wait_s = least_wait_s
        self._pull_now = asyncio.Event()
        self.is_online = False
        self.last_contact: int | None = None
        self.acked_through = 0

    async def take(self, wishes: list[wire.Wish]) -> None:
        """Execute pushed wishes in order. A gap wakes the pull and raises OutOfOrder; else raises as `Inbox.take`."""
        try:
            for wish in wishes:
                await self._inbox.take(wish)
        except OutOfOrder:
            self._pull_now.set()
            raise

    async def run(self) -> None:
        """Until cancelled: compare both heads once, then send facts and fetch wishes side by side."""
        self.acked_through = await self._journal.cursor(CURSOR)
        await self._persist("comparing with the centre", self._compare)
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
                self.is_online = False
                wait_s = fault.wait_s
            except RetryableStorageFault as fault:
                (log.debug if failures else log.warning)("not in step", doing=what, reason=str(fault))
                wait_s = 0.0
            else:
                return
            failures += 1
            cap = min(LONGEST_WAIT_S, self._least_wait_s * 2 ** min(failures, 9))
            await asyncio.sleep(max(wait_s, self._least_wait_s, self._chance() * cap))

    async def _ask(self, method: str, path: str, *, content: bytes | None = None, timeout_s: float = 30.0) -> bytes:
        """One request. Raises CentreFault (try again) or CentreRefusedError (final, with the problem)."""
        try:
            answer = await self._client.request(
                method,
                f"{self._address.url.rstrip('/')}/v1/cabinets/{self._address.cabinet}/{path}",
                content=content,
                headers={"authorization": f"Bearer {self._address.key}", "content-type": "application/json"},
                timeout=timeout_s,
            )
        except httpx.HTTPError as error:
            raise CentreFault(f"{type(error).__name__}; check the line and [centre] url") from error
        if answer.is_success:
            self.is_online = True
            self.last_contact = self._utc_ms()
            return answer.content
        after = answer.headers.get("retry-after", "")
        wait_s = min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0
        if answer.status_code in (401, 403):
            raise CentreFault("the centre does not know this cabinet's key; register it there", wait_s=60.0)
        if answer.status_code in (408, 425, 429) or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise CentreFault(f"the centre answered {answer.status_code}", wait_s=wait_s)
        try:
            problem = wire.Problem.model_validate_json(answer.content)
        except ValidationError as error:
            raise CentreFault(f"the centre answered {answer.status_code} without a problem", wait_s=wait_s) from error
        raise CentreRefusedError(problem)

    # --- facts up

    async def _send_facts(self) -> None:
        seq = self._journal.cabinet.seq
        if self.acked_through >= seq:
            await self._journal.changed(seq)
        batch = _fitting(await self._journal.envelopes(self.acked_through, wire.MAX_BATCH))
        await self._send(batch)

    async def _send(self, batch: list[wire.Envelope]) -> None:
        if not batch:
            return
        body = (
            wire.EventsIn(events=batch, epoch=self._journal.cabinet.epoch).model_dump_json(exclude_none=True).encode()
        )
        try:
            acked = wire.Acked.model_validate_json(await self._ask("POST", "events", content=body))
        except CentreRefusedError as refused:
            await self._answer_refusal(batch, refused.problem)
            return
        except ValidationError as error:
            raise CentreFault("the centre's acknowledgement cannot be read", wait_s=self._least_wait_s) from error
        if acked.acked_through < batch[0].cab_seq:
            raise CentreFault("the centre took a batch and acknowledged none of it", wait_s=self._least_wait_s)
        await self._acknowledge(acked.acked_through)

    async def _acknowledge(self, through: int) -> None:
        head = self._journal.cabinet.seq
        if through > head:
            await self._compare()
            if through > self._journal.cabinet.seq:
                raise CentreFault("the centre acknowledges facts nobody recorded")
            return
        if through > await self._journal.cursor(CURSOR):
            await self._journal.move_cursor(CURSOR, through)
        self.acked_through = through

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
            middle = len(batch) // 2
            await self._send(batch[:middle])
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
        body = (
            wire.EventsIn(events=[tombstone], epoch=self._journal.cabinet.epoch)
            .model_dump_json(exclude_none=True)
            .encode()
        )
        try:
            acked = wire.Acked.model_validate_json(await self._ask("POST", "events", content=body))
        except CentreRefusedError as refused:
            raise CentreFault(f"the centre refuses even the tombstone ({refused})", wait_s=LONGEST_WAIT_S) from refused
        parked = ev.Parked(cab_seq=fact.cab_seq, reason=problem.name)
        await self._journal.record(lambda *_: ev.Decision(events=(parked,)))
        await self._acknowledge(acked.acked_through)

    # --- wishes down

    async def _fetch_wishes(self) -> None:
        wait = self._address.poll_s
        after = self._journal.cabinet.wish_seq
        started = asyncio.get_running_loop().time()
        poll = asyncio.ensure_future(
            self._ask("GET", f"wishes?after={after}&wait={wait}", timeout_s=wait + POLL_SLACK_S)
        )
        woken = asyncio.ensure_future(self._pull_now.wait())
        try:
            await asyncio.wait((poll, woken), return_when=asyncio.FIRST_COMPLETED)
            self._pull_now.clear()
            if not poll.done():
                return
            try:
                found = wire.WishesOut.model_validate_json(poll.result())
            except ValidationError as error:
                raise CentreFault("the centre's wishes cannot be read; update this release") from error
            except CentreRefusedError as refused:
                raise CentreFault(f"the centre refuses to give wishes ({refused})", wait_s=60.0) from refused
            await self._take_pulled(found)
            is_early = asyncio.get_running_loop().time() - started < self._least_wait_s
            if self._journal.cabinet.wish_seq == after and is_early:
                # Nothing came, and at once: a centre that does not hold the line open is not asked without a pause.
                await asyncio.sleep(self._least_wait_s)
        finally:
            for task in (poll, woken):
                task.cancel()
            await asyncio.gather(poll, woken, return_exceptions=True)

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

    # --- recount

    async def _compare(self) -> None:
        """Where the centre stands; a recount if it has more than this journal, or another line of it."""
        cabinet = self._journal.cabinet
        there = await self._stand(after=cabinet.seq)
        if cabinet.recount is not None and not cabinet.recount.is_replayed:
            await self._recount(cabinet, there)
        elif there.epoch > cabinet.epoch or (there.epoch == cabinet.epoch and not await self._agrees(there)):
            await self._start_recount(there, forked_at=await self._fork(min(there.acked_through, cabinet.seq)))
            await self._recount(self._journal.cabinet, there)

    async def _stand(self, *, after: int, limit: int = 1) -> wire.EventsOut:
        try:
            return wire.EventsOut.model_validate_json(await self._ask("GET", f"events?after={after}&limit={limit}"))
        except (ValidationError, CentreRefusedError) as error:
            raise CentreFault(f"the centre does not say where it stands ({type(error).__name__})") from error

    async def _agrees(self, there: wire.EventsOut) -> bool:
        """Whether this journal holds the centre's head."""
        if there.acked_through == 0:
            return True
        own = await self._journal.envelopes(there.acked_through - 1, 1)
        return bool(own) and own[0].hash == there.head_hash

    async def _fork(self, upper: int) -> int:
        """The last number up to `upper` at which both sides hold the same fact, by bisection."""
        low, high = 0, upper
        while low < high:
            middle = (low + high + 1) // 2
            own = await self._journal.envelopes(middle - 1, 1)
            theirs = (await self._stand(after=middle - 1)).events
            if own and theirs and own[0].hash == theirs[0].hash:
                low = middle
            else:
                high = middle - 1
        return low

    async def _start_recount(self, there: wire.EventsOut, *, forked_at: int) -> None:
        log.error("the centre holds facts this journal lacks; a recount starts", forked_at=forked_at)
        epoch = max(there.epoch, self._journal.highest_epoch) + 1
        await self._journal.record(
            lambda cabinet, *_: recounts.start(cabinet, epoch=epoch, cause="centre_ahead", forked_at=forked_at)
        )

    async def _recount(self, cabinet: Cabinet, there: wire.EventsOut) -> None:
        """Fetch every acknowledged fact behind the fork, merge it, and bring back the personal rows it names."""
        assert cabinet.recount is not None
        if there.epoch >= cabinet.epoch:
            await self._start_recount(there, forked_at=cabinet.recount.forked_at)
        after = cabinet.recount.forked_at
        named: list[ev.ResultQueued | ev.ResultAmended] = []
        while after < there.acked_through:
            page = await self._stand(after=after, limit=wire.MAX_BATCH)
            if not page.events:
                break
            merged = [one for fact in page.events if (one := _merged(fact)) is not None]
            await self._journal.record(lambda *_, merged=merged: ev.Decision(events=tuple(merged)))
            for one in merged:
                fact = ev.decode(one.fact)
                if isinstance(fact, ev.ResultQueued | ev.ResultAmended):
                    named.append(fact)
            after = page.events[-1].cab_seq
        finished = ev.RecountFinished(merged_through=after)
        rows = await self._personal_rows(named, cabinet)
        await self._journal.record(lambda *_: ev.Decision(events=(finished,), rows=rows))
        through = min(there.acked_through, cabinet.recount.forked_at)
        self.acked_through = max(await self._journal.cursor(CURSOR), through)
        if self.acked_through > await self._journal.cursor(CURSOR):
            await self._journal.move_cursor(CURSOR, self.acked_through)

    async def _personal_rows(
        self, named: list[ev.ResultQueued | ev.ResultAmended], before: Cabinet
    ) -> tuple[ev.Row, ...]:
        """Names, phones and dossier codes of merged results, from the wishes that announced or changed them."""
        wanted = {fact.wish: fact for fact in named}
        people: dict[str, Person] = {}
        rows: list[ev.Row] = []
        after = min(wanted, default=1) - 1
        while wanted and after < max(wanted):
            try:
                found = wire.WishesOut.model_validate_json(await self._ask("GET", f"wishes?after={after}&wait=0"))
            except (ValidationError, CentreRefusedError) as error:
                raise CentreFault(f"the centre does not repeat its wishes ({type(error).__name__})") from error
            if not found.wishes or found.wishes[-1].wish_seq <= after:
                break
            for wish in found.wishes:
                if (fact := wanted.get(wish.wish_seq)) is not None:
                    known = people.get(fact.result) or await self._person_before(before, fact.result)
                    for row in _rows_of(wish, fact, known):
                        rows.append(row)
                        if isinstance(row, ev.PutPersonal) and row.kind == "person":
                            people[fact.result] = Person(row.ref, row.body)
            after = found.wishes[-1].wish_seq
        return tuple(rows)

    async def _person_before(self, before: Cabinet, result: str) -> Person:
        """The personal row of a result as this copy of the journal knew it."""
        present = before.results.get(result)
        ref = "" if present is None else present.person
        body = await self._journal.read(lambda connection: personal(connection, ref))
        return Person(ref, body or {})


def _rows_of(wish: wire.Wish, fact: ev.ResultQueued | ev.ResultAmended, person: Person) -> tuple[ev.Row, ...]:
    try:
        body = wish.read_body()
    except ValueError:  # UnknownWishError and ValidationError
        log.warning("a wish that was carried out cannot be read by this release", wish_seq=wish.wish_seq)
        return ()
    if isinstance(fact, ev.ResultQueued) and isinstance(body, wire.AnnounceResult):
        return announced_rows(body, fact)
    if isinstance(fact, ev.ResultAmended) and isinstance(body, wire.AmendResult):
        return amend(body, ev.PutWish(wish_seq=fact.wish, wish_id=wish.wish_id, digest=b""), person).rows
    return ()


def _merged(fact: wire.Envelope) -> ev.FactMerged | None:
    """A fact of the other line as an event here; None for what this release cannot read."""
    text = wire.canonical({"type": fact.type, **fact.body}).decode()
    try:
        ev.decode(text)
    except msgspec.ValidationError:
        log.warning("a merged fact cannot be read by this release", cab_seq=fact.cab_seq, type=fact.type)
        return None
    return ev.FactMerged(epoch=fact.epoch, cab_seq=fact.cab_seq, utc_ms=_utc_ms(fact.time), fact=text)


def _utc_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _fitting(batch: list[wire.Envelope]) -> list[wire.Envelope]:
    """As many facts from the front as one body holds; at least one."""
    size = 0
    fitting: list[wire.Envelope] = []
    for fact in batch:
        size += len(fact.model_dump_json())
        if fitting and size > BATCH_BYTES:
            break
        fitting.append(fact)
    return fitting
