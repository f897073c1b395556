"""One owner per line: the only writer of frames, in a task of its own.

pymodbus supplies CRC, MBAP and the serial transport; its client is not used, because by experiment it takes a
late reply for the next one, repeats writes, skips the 3.5-character silence and gives up on a stray byte. The
discipline is here and in `hw/link.py`:

- An exchange runs in the owner's task and is never cancelled; callers wait on a future. A caller that goes away
  before its turn leaves no trace on the wire, one that goes away later changes nothing. Nothing is ever repeated by
  the bus.
- An urgent request overtakes all others; it waits for at most the exchange on the wire, or its time-out.
- A coil without a timer of the board goes on only together with its cut-off: armed before the frame is written, sent
  when it is due before anything else, and repeated until it is answered, across a lost line too.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from hw import frames, kerong
from hw.errors import BoardBusy, BoardOffline, BusOffline, Fault, ForbiddenAddress, Unanswered, WrongBoard
from hw.frames import PulseKind, Request
from hw.line import Line
from hw.link import Counters, Link
from hw.tape import Tape

log = structlog.get_logger()

NOT_THIS_BOARD = (1, 2, 3)
GATEWAY_SAYS_SILENT = (0x0A, 0x0B)
LONGEST_HOST_TIMED_S = 3.0


CUT_OFF_TRIES = 20
"""Silence after so many cut-offs on an open line is a dead board; the coil watch goes on from there."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """What ends a pulse that the host times: the request that does, and how long after the pulse frame."""

    request: Request
    after_s: float


@dataclass(slots=True)
class Armed:
    """A cut-off that is due at monotonic `due`."""

    request: Request
    due: float
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Address:
    """What a bus knows of the board at one unit id: the pulses it takes, and the reads it is sure to answer."""

    pulse: PulseKind
    fences: tuple[Request, ...]


@dataclass(slots=True)
class Job:
    """A request in the queue and whoever waits for its answer."""

    request: Request
    urgent: bool
    future: asyncio.Future[bytes | None]
    cut_off: CutOff | None = None


class Bus:
    """The owner of one line. `run()` must be running for anything to be exchanged.

    `connection` grows with every connect: what was proved on an earlier connection is proved no more.
    """

    def __init__(
        self,
        name: str,
        line: Line,
        *,
        clock: Callable[[], float] = time.monotonic,
        reconnect_every_s: float = 0.5,
    ) -> None:
        self.name = name
        self.counters = Counters()
        self.tape = Tape()
        self.connection = 0
        self._line = line
        self._clock = clock
        self._reconnect_every_s = reconnect_every_s
        self._link: Link | None = None
        self._online = asyncio.Event()
        self._wake = asyncio.Event()
        self._urgent: deque[Job] = deque()
        self._routine: deque[Job] = deque()
        self._armed: list[Armed] = []
        self._addresses: dict[int, Address] = {}
        self._why_offline = "its owner is not running"

    @property
    def is_online(self) -> bool:
        """Whether the line is open; says nothing about boards."""
        return self._online.is_set()

    @property
    def echoes(self) -> bool | None:
        """Whether the adapter hears itself; None until a read has told."""
        return self._link.echoes if self._link else None

    async def wait_online(self) -> None:
        """Return once the line is open."""
        await self._online.wait()

    @property
    def line(self) -> Line:
        """The wire under this bus."""
        return self._line

    def admit(self, unit_id: int, pulse: PulseKind, fences: tuple[Request, ...]) -> None:
        """Tell what stands at a unit id: from now on only its kind of pulse reaches it. Twice is a mistake.

        Raises ForbiddenAddress when another board stands there already.
        """
        if unit_id in self._addresses:
            raise ForbiddenAddress(f"two boards of bus {self.name} have unit id {unit_id}; correct the wiring file")
        self._addresses[unit_id] = Address(pulse, fences)

    async def exchange(self, request: Request, *, urgent: bool = False, cut_off: CutOff | None = None) -> bytes | None:
        """The PDU of the board's reply; None where nobody answers.

        Raises BusOffline, an Unanswered, BoardBusy, WrongBoard (exceptions 01 to 03), ForbiddenAddress: also for a
        plain "on" without its `cut_off`.
        """
        self._refuse_forbidden(request, cut_off)
        if not self.is_online:
            raise self._offline()
        future: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._queue(urgent=urgent).append(Job(request, urgent, future, cut_off))
        self._wake.set()
        return await future

    def _refuse_forbidden(self, request: Request, cut_off: CutOff | None) -> None:
        if self._line.framing == "kerong":
            kerong.refuse_forbidden(request.unit_id, request.payload)
            return
        known = self._addresses.get(request.unit_id)
        kind: PulseKind = known.pulse if known else "waveshare-flash"
        frames.refuse_forbidden(request.unit_id, request.payload, kind)
        if frames.is_plain_on(request.payload):
            off = frames.off_for(request)
            if cut_off is None or cut_off.request != off or not 0 < cut_off.after_s <= LONGEST_HOST_TIMED_S:
                raise ForbiddenAddress(f"unit id {request.unit_id}: no coil without a timer goes on without a cut-off")

    async def run(self) -> None:
        """Own the line until cancelled: connect, serve, reconnect every `reconnect_every_s`."""
        failures = 0
        while True:
            link = Link(
                self.name,
                self._line,
                counters=self.counters,
                clock=self._clock,
                on_lost=self._lost,
                tape=self.tape,
            )
            try:
                await link.open()
            except BusOffline as error:
                self._why_offline = str(error)
                (log.debug if failures else log.warning)("bus offline", bus=self.name, reason=str(error))
                failures += 1
            else:
                failures = 0
                await self._serve(link)
            await asyncio.sleep(self._reconnect_every_s)

    async def _serve(self, link: Link) -> None:
        """Work through the queues until the line is lost."""
        self._link = link
        self.connection += 1
        self.counters.connects += 1
        self._online.set()
        log.info("bus online", bus=self.name, connection=self.connection)
        self._why_offline = "its owner was stopped"
        try:
            while link.is_open:
                if armed := self._due():
                    await self._cut(armed, link)
                elif job := self._next_job():
                    await self._settle(job, link)
                else:
                    await self._rest()
            log.warning("bus lost", bus=self.name, reason=self._why_offline)
        finally:
            self._online.clear()
            link.close()
            for job in (*self._urgent, *self._routine):
                _fail(job, self._offline())
            self._urgent.clear()
            self._routine.clear()

    def _lost(self) -> None:
        self._why_offline = self._link.why_lost if self._link else ""
        self._online.clear()
        self._wake.set()

    def _queue(self, *, urgent: bool) -> deque[Job]:
        return self._urgent if urgent else self._routine

    async def _rest(self) -> None:
        """Until there is a job or a cut-off is due."""
        self._wake.clear()
        first = min((armed.due for armed in self._armed), default=None)
        try:
            async with asyncio.timeout(None if first is None else max(0.0, first - self._clock())):
                await self._wake.wait()
        except TimeoutError:
            return

    def _due(self) -> Armed | None:
        now = self._clock()
        return next((armed for armed in self._armed if armed.due <= now), None)

    async def _cut(self, armed: Armed, link: Link) -> None:
        """Send one cut-off. No fence: "off" may be repeated, and its echo is that of no other frame."""
        armed.tries += 1
        try:
            is_done = await link.exchange(armed.request) == armed.request.payload
        except BusOffline:
            return
        except Unanswered:
            is_done = False
        if is_done or armed.tries >= CUT_OFF_TRIES:
            self._armed.remove(armed)
        if not is_done and armed.tries >= CUT_OFF_TRIES:
            log.error("cut-off not answered; cut the lock supply", bus=self.name, unit_id=armed.request.unit_id)

    def _next_job(self) -> Job | None:
        for queue in (self._urgent, self._routine):
            while queue:
                job = queue.popleft()
                if not job.future.done():
                    return job
        return None

    async def _settle(self, job: Job, link: Link) -> None:
        """Exchange a job's request, or the fence before it; then the job stands in the queue again, at its head."""
        try:
            known = self._addresses.get(job.request.unit_id)
            if fence := link.fence_before(job.request, known.fences if known else None):
                await self._pass_fence(fence, link)
                self._queue(urgent=job.urgent).appendleft(job)
                return
            if job.cut_off is not None:
                self._armed.append(Armed(job.cut_off.request, self._clock() + job.cut_off.after_s))
            payload = await link.exchange(job.request)
            if payload is not None:
                _refuse_exception(job.request, payload)
        except Fault as fault:
            _fail(job, fault)
        except asyncio.CancelledError:
            _fail(job, self._offline(frame_sent=True))
            raise
        else:
            if not job.future.done():
                job.future.set_result(payload)

    async def _pass_fence(self, fence: Request, link: Link) -> None:
        """A fault of the fence is one of the request behind it, which then has not been sent."""
        self.counters.fences += 1
        try:
            await link.exchange(fence)
        except Fault as fault:
            fault.frame_sent = False
            raise

    def _offline(self, *, frame_sent: bool = False) -> BusOffline:
        return BusOffline(f"bus {self.name} is offline: {self._why_offline}", frame_sent=frame_sent)


def _fail(job: Job, fault: Fault) -> None:
    if not job.future.done():
        job.future.set_exception(fault)


def _refuse_exception(request: Request, payload: bytes) -> None:
    """Raise the fault an exception reply means."""
    if not payload[0] & frames.EXCEPTION:
        return
    who, code = f"unit id {request.unit_id}", payload[1]
    if code in NOT_THIS_BOARD:
        message = (
            f"{who} refuses function {request.function:02d} (exception {code:02d}); correct its profile or unit id"
        )
        raise WrongBoard(message, frame_sent=True)
    if code in GATEWAY_SAYS_SILENT:
        raise BoardOffline(
            f"the gateway gets no answer from {who} (exception {code:02d}); check its power", frame_sent=True
        )
    raise BoardBusy(f"{who} is busy or failed (exception {code:02d}); try again in a second", frame_sent=True)
