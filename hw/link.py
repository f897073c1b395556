"""One connection of a line: one exchange at a time, and everything that must be remembered between two of them.

- Silence before each request; whatever is left of earlier traffic is drained and counted.
- A reply must fit: unit id, function, size; for writes address and value; for Modbus TCP the transaction.
- **Fence.** On RTU a late reply to "read inputs" looks exactly like the reply to the next "read inputs". So after a
  time-out the function is *owed* for that unit id; before the same function is sent again, a read of another
  function must have been answered. Boards answer in order, hence whatever was owed is past then.
- **Local echo.** On an adapter that hears itself, the echo of FC05 is the perfect reply of a board that is not
  there. Whether the line echoes is learnt from reads, where echo and reply differ; no write goes out before that is
  known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hw import frames, kerong
from hw.deadline import Deadline
from hw.errors import BoardOffline, BusOffline, EchoMismatch, GarbledReply, LateOrForeignReply, Unanswered
from hw.frames import Request
from hw.line import Line, Transport
from hw.tape import Tape

OWED_FOR_S = 2.0
TURNAROUND_S = 0.1
DRAIN_AT_MOST_S = 0.06
SETTLES_WITHIN_S = 0.25
"""KR-CU16 knows one question, so a late answer looks like the next one: after a time-out the line rests this long."""
SILENT_TCP_EXCHANGES = 3
KEPT_AT_MOST = 4096
VERSION_REGISTER = 0x8000


@dataclass(slots=True)
class Counters:
    """What happened on one bus since the start; for metrics."""

    exchanges: int = 0
    time_outs: int = 0
    crc_errors: int = 0
    foreign_replies: int = 0
    stray_bytes: int = 0
    fences: int = 0
    connects: int = 0


@dataclass(slots=True)
class Awaited:
    """The exchange on the wire."""

    request: Request
    frame: bytes
    transaction: int
    done: asyncio.Future[bytes | None]
    mismatch: bool = False
    foreign: bool = False


class Link:
    """An open line until it is lost. Owned by one `Bus`; `exchange` must not be called by two tasks at once."""

    def __init__(
        self,
        name: str,
        line: Line,
        *,
        counters: Counters,
        clock: Callable[[], float],
        on_lost: Callable[[], None],
        tape: Tape,
    ) -> None:
        self.echoes: bool | None = None
        self.why_lost = ""
        self._name = name
        self._line = line
        self._counters = counters
        self._clock = clock
        self._on_lost = on_lost
        self._tape = tape
        self._transport: Transport | None = None
        self._received = b""
        self._last_byte_at = clock()
        self._awaited: Awaited | None = None
        self._transaction = 0
        self._silent_in_a_row = 0
        self._quiet_until = clock()
        self._owed: dict[int, dict[tuple[int, int], float]] = {}

    @property
    def is_open(self) -> bool:
        """False before `open` and from the moment the line is lost or closed."""
        return self._transport is not None

    async def open(self) -> None:
        """Connect; raises BusOffline with the reason."""
        self._transport = await self._line.connect(self._take, self._lose)
        self._last_byte_at = self._clock()

    def close(self) -> None:
        """Give the line back; `on_lost` is not called for it."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()

    def fence_before(self, request: Request, fences: tuple[Request, ...] | None = None) -> Request | None:
        """The read that must be answered before this request may go out, if any; `fences` are the reads this board
        answers. Raises BoardOffline without one.
        """
        if request.is_unanswered or self._line.framing != "rtu":
            return None
        now = self._clock()
        owed = {shape for shape, until in self._owed.get(request.unit_id, {}).items() if until > now}
        if request.shape not in owed and not (request.is_write and self.echoes is None):
            return None
        for read in _any_board(request.unit_id) if fences is None else fences:
            if read.shape not in owed and read.shape != request.shape:
                return read
        raise BoardOffline(f"{self._where(request)} owes several answers; it is left alone for {OWED_FOR_S:.0f} s")

    async def exchange(self, request: Request) -> bytes | None:
        """Write one request, return the PDU that answers it; None for unit id 0. Raises Unanswered or BusOffline."""
        await self._be_quiet()
        if self._transport is None:
            raise BusOffline(self._lost_message())
        self._transaction = self._transaction % 0xFFFF + 1
        frame = self._frame(request)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bytes | None] = loop.create_future()
        awaited = self._awaited = Awaited(request, frame, self._transaction, done)
        self._counters.exchanges += 1
        written_at = self._clock()
        self._transport.write(frame)
        deadline = Deadline(done, self._line.answer_within_s)
        deadline.begin(self._patience(request, frame))
        try:
            payload = await done
        finally:
            deadline.end()
            self._awaited = None
        self._tape.note(written_at, request, payload, self._clock() - written_at)
        if request.is_unanswered:
            return None
        if payload is None:
            raise self._unanswered(awaited)
        self._silent_in_a_row = 0
        self._forgive(request)
        return payload

    def _frame(self, request: Request) -> bytes:
        match self._line.framing:
            case "tcp":
                return frames.tcp_frame(request, self._transaction)
            case "kerong":
                return kerong.frame(request)
            case "rtu":
                return frames.rtu_frame(request)

    def _patience(self, request: Request, frame: bytes) -> float:
        """Seconds until a request counts as unanswered: wire time, silences and the board's time to think."""
        character_s = self._line.character_s
        if request.is_unanswered:
            return len(frame) * character_s + TURNAROUND_S
        characters = len(frame) + request.reply_size + 3
        return characters * character_s + self._line.silence_s + self._line.answer_within_s

    async def _be_quiet(self) -> None:
        """Keep the line's silence since the last byte, then drop what nobody asked for."""
        if (wait := self._quiet_until - self._clock()) > 0:
            await asyncio.sleep(wait)
        at_most = self._clock() + DRAIN_AT_MOST_S
        while (  # noqa: ASYNC110  (the wait is for time to pass without a byte)
            wait := min(at_most, self._last_byte_at + self._line.silence_s) - self._clock()
        ) > 0:
            await asyncio.sleep(wait)
        self._discard(self._received)
        self._received = b""

    def _discard(self, leftover: bytes) -> None:
        if frames.is_whole_frame(leftover):
            self._counters.foreign_replies += 1
        else:
            self._counters.stray_bytes += len(leftover)

    def _take(self, chunk: bytes) -> None:
        self._last_byte_at = self._clock()
        self._received = (self._received + chunk)[-KEPT_AT_MOST:]
        if self._awaited is None or self._awaited.done.done():
            return
        try:
            payload = self._search(self._awaited)
        except ValueError:
            self._lose(ConnectionError("the peer does not speak Modbus TCP"))
            return
        if payload is not None:
            self._awaited.done.set_result(payload)

    def _search(self, awaited: Awaited) -> bytes | None:
        """The PDU that answers, if it has arrived. Raises ValueError when the stream is not Modbus TCP."""
        if self._line.framing == "tcp":
            return self._search_tcp(awaited)
        if self._line.framing == "kerong":
            answer = kerong.find_reply(self._received, awaited.request)
            return None if awaited.request.is_unanswered else answer.payload
        echo, rest = b"", self._received
        if self.echoes or not awaited.request.is_write:
            before, echo, after = rest.partition(awaited.frame)
            rest = before + after
        if self.echoes and awaited.request.is_write and not echo:
            return None
        found = frames.find_rtu_reply(rest, awaited.request)
        awaited.mismatch = found.mismatch
        if found.payload is not None:
            if not awaited.request.is_write:
                self.echoes = bool(self.echoes or echo)
            self._discard(found.before)
            self._received = b""
        return found.payload

    def _search_tcp(self, awaited: Awaited) -> bytes | None:
        while True:
            message, self._received = frames.split_tcp(self._received)
            if message is None:
                return None
            transaction, unit_id, payload = message
            if transaction == awaited.transaction and unit_id == awaited.request.unit_id:
                if frames.answers(awaited.request, payload):
                    return payload
                awaited.mismatch = True
            else:
                awaited.foreign = True
                self._counters.foreign_replies += 1

    def _lose(self, cause: Exception | None) -> None:
        if self._transport is None:
            return
        self.why_lost = f"the line was lost ({cause or 'closed by the peer'}); check adapter, cable and power"
        self.close()
        if self._awaited is not None and not self._awaited.done.done():
            self._awaited.done.set_exception(BusOffline(self._lost_message(), frame_sent=True))
        self._on_lost()

    def _forgive(self, request: Request) -> None:
        """An answered function that was not owed proves that everything owed before it is past."""
        owed = self._owed.get(request.unit_id, {})
        if owed.get(request.shape, 0.0) <= self._clock():
            self._owed.pop(request.unit_id, None)

    def _unanswered(self, awaited: Awaited) -> Unanswered:
        """Book a time-out and name its cause."""
        request = awaited.request
        self._counters.time_outs += 1
        self._owed.setdefault(request.unit_id, {})[request.shape] = self._clock() + OWED_FOR_S
        if self._line.framing == "kerong":
            self._quiet_until = self._clock() + SETTLES_WITHIN_S
        before, echo, after = self._received.partition(awaited.frame)
        rest, self._received = before + after, b""
        if echo and not request.is_write:
            self.echoes = True
        self._silent_in_a_row += 1
        if self._line.framing == "tcp" and self._silent_in_a_row >= SILENT_TCP_EXCHANGES:
            self._lose(TimeoutError("the peer does not answer"))
        where = self._where(request)
        if awaited.mismatch and request.is_write:
            self._counters.foreign_replies += 1
            return EchoMismatch(f"{where} echoed another address or value; check for a second master", frame_sent=True)
        if awaited.foreign or awaited.mismatch or frames.is_whole_frame(rest):
            self._counters.foreign_replies += not awaited.foreign
            return LateOrForeignReply(f"{where} did not answer, something else did; check unit ids", frame_sent=True)
        if rest.strip(b"\x00"):
            self._counters.crc_errors += 1
            return GarbledReply(f"{where} answered nonsense; check baud, parity, termination, bias", frame_sent=True)
        return BoardOffline(f"{where} does not answer; check its power, its A/B wires and its address", frame_sent=True)

    def _where(self, request: Request) -> str:
        return f"unit id {request.unit_id} on bus {self._name}"

    def _lost_message(self) -> str:
        return f"bus {self._name} is offline: {self.why_lost}"


def _any_board(unit_id: int) -> tuple[Request, ...]:
    """Reads that a board nobody has described may answer."""
    return (
        frames.read_registers(unit_id, VERSION_REGISTER, 1),
        frames.read_coils(unit_id, 8),
        frames.read_inputs(unit_id, 8),
    )
