"""One owner per line: the only writer of frames, in a task of its own.

pymodbus supplies PDUs, CRC, MBAP and the serial transport; its client is not used, because by experiment it takes a
late reply for the next one, repeats writes, skips the 3.5-character silence and gives up on a stray byte. The
discipline is here and in `hw/link.py`:

- An exchange runs in the owner's task and is never cancelled; callers wait on a future. A caller that goes away
  before its turn leaves no trace on the wire, one that goes away later changes nothing. Nothing is ever repeated by
  the bus.
- An urgent request overtakes all others; it waits for at most the exchange on the wire, or its time-out.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pymodbus.pdu import ExceptionResponse, ModbusPDU

from hw import frames
from hw.errors import BoardBusy, BoardOffline, BusOffline, Fault, GarbledReply, WrongBoard
from hw.frames import Request
from hw.line import Line
from hw.link import Counters, Link

log = structlog.get_logger()

NOT_THIS_BOARD = (1, 2, 3)
GATEWAY_SAYS_SILENT = (0x0A, 0x0B)


@dataclass(slots=True)
class Job:
    """A request in the queue and whoever waits for its answer."""

    request: Request
    urgent: bool
    future: asyncio.Future[ModbusPDU | None]


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
        self.connection = 0
        self._line = line
        self._clock = clock
        self._reconnect_every_s = reconnect_every_s
        self._link: Link | None = None
        self._online = asyncio.Event()
        self._wake = asyncio.Event()
        self._urgent: deque[Job] = deque()
        self._routine: deque[Job] = deque()
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

    async def exchange(self, request: Request, *, urgent: bool = False) -> ModbusPDU | None:
        """The board's reply as a pymodbus PDU; None for unit id 0, which nobody answers.

        Raises BusOffline, an Unanswered, BoardBusy, WrongBoard (exceptions 01 to 03), ForbiddenAddress.
        """
        frames.refuse_forbidden(request.unit_id, request.payload)
        if not self.is_online:
            raise self._offline()
        future: asyncio.Future[ModbusPDU | None] = asyncio.get_running_loop().create_future()
        self._queue(urgent=urgent).append(Job(request, urgent, future))
        self._wake.set()
        return await future

    async def run(self) -> None:
        """Own the line until cancelled: connect, serve, reconnect every `reconnect_every_s`."""
        failures = 0
        while True:
            link = Link(self.name, self._line, counters=self.counters, clock=self._clock, on_lost=self._lost)
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
                if job := self._next_job():
                    await self._settle(job, link)
                else:
                    self._wake.clear()
                    await self._wake.wait()
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
            if fence := link.fence_before(job.request):
                await self._pass_fence(fence, link)
                self._queue(urgent=job.urgent).appendleft(job)
                return
            payload = await link.exchange(job.request)
            reply = None if payload is None else _reply(job.request, payload)
        except Fault as fault:
            _fail(job, fault)
        except asyncio.CancelledError:
            _fail(job, self._offline(frame_sent=True))
            raise
        else:
            if not job.future.done():
                job.future.set_result(reply)

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


def _reply(request: Request, payload: bytes) -> ModbusPDU:
    """Decode; an exception reply becomes the fault it means."""
    who = f"unit id {request.unit_id}"
    try:
        pdu = frames.decode(payload)
    except ValueError as error:
        raise GarbledReply(f"{who}: {error}; check the wiring", frame_sent=True) from error
    if not isinstance(pdu, ExceptionResponse):
        return pdu
    code = pdu.exception_code
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
