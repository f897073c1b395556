"""What can happen to a request and its reply between host and board, as pure functions on bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from simulator.boards import framed
from simulator.other_boards import is_kerong_request, kerong_frame

Parts = Sequence[tuple[float, bytes]]


class LineFaultKind(StrEnum):
    """`unheard` and `exception` reach no relay; with every other fault the board has executed the request."""

    UNHEARD = "unheard"
    LOST = "lost"
    LATE = "late"
    CUT = "cut"
    SPLIT = "split"
    STRAY = "stray"
    STRAY_AFTER = "stray_after"
    GARBLED = "garbled"
    FOREIGN = "foreign"
    EXCEPTION = "exception"
    ECHO = "echo"


@dataclass(frozen=True, kw_only=True)
class LineFault:
    """One fault waiting for the requests it is meant for."""

    kind: LineFaultKind
    times: int | None = 1
    """How many requests it meets; None: every one until mended."""
    unit_id: int | None = None
    function: int | None = None
    delay_ms: int = 400
    """For `late` and `split`."""
    code: int = 4
    """The Modbus exception for `exception`; 04 is device failure."""

    def is_meant_for(self, request: bytes) -> bool:
        """True when unit id and function of the request are the wanted ones."""
        unit_id, function = (1, request[2]) if is_kerong_request(request) else (request[0], request[1])
        return self.unit_id in (None, unit_id) and self.function in (None, function)


@dataclass
class ArmedFaults:
    """The faults waiting on one line, in the order they were armed."""

    waiting: list[LineFault] = field(default_factory=list)

    def mend(self, kind: str) -> None:
        """Takes away what waits of this kind."""
        self.waiting[:] = [fault for fault in self.waiting if fault.kind != kind]

    def take(self, request: bytes) -> LineFault | None:
        """The first fault meant for `request`, counted as used once."""
        for index, fault in enumerate(self.waiting):
            if fault.is_meant_for(request):
                if fault.times is not None:
                    rest = replace(fault, times=fault.times - 1)
                    self.waiting[index : index + 1] = [rest] if rest.times else []
                return fault
        return None


def is_executed(fault: LineFault | None) -> bool:
    """True when the board gets to see the request at all."""
    return fault is None or fault.kind not in (LineFaultKind.UNHEARD, LineFaultKind.EXCEPTION)


def altered(fault: LineFault | None, request: bytes, reply: bytes | None) -> bytes | None:
    """The RTU reply frame that goes on the wire in place of `reply`."""
    if fault is None:
        return reply
    if is_kerong_request(request):
        return _altered_kerong(fault, reply)
    if fault.kind is LineFaultKind.EXCEPTION:
        return framed(bytes((request[0], request[1] | 0x80, fault.code)))
    if fault.kind is LineFaultKind.FOREIGN and reply is not None:
        return framed(bytes((reply[0] % 247 + 1,)) + reply[1:-2])
    return None if fault.kind is LineFaultKind.LOST else reply


def deliveries(fault: LineFault | None, request: bytes, reply: bytes) -> Parts:
    """What the host receives, as (seconds after the reply was due, bytes); `request` and `reply` as on the wire."""
    if fault is None:
        return ((0.0, reply),) if reply else ()
    delay, half = fault.delay_ms / 1000, len(reply) // 2
    sent: dict[LineFaultKind, tuple[tuple[float, bytes], ...]] = {
        LineFaultKind.LATE: ((delay, reply),),
        LineFaultKind.CUT: ((0.0, reply[:half]),),
        LineFaultKind.SPLIT: ((0.0, reply[:half]), (delay, reply[half:])),
        LineFaultKind.STRAY: ((0.0, b"\x00" + reply),),
        LineFaultKind.STRAY_AFTER: ((0.0, reply + b"\x00"),),
        LineFaultKind.GARBLED: ((0.0, reply[:-1] + bytes((reply[-1] ^ 0x55,)) if reply else b""),),
        LineFaultKind.ECHO: ((0.0, request + reply),),
    }
    return tuple((after, part) for after, part in sent.get(fault.kind, ((0.0, reply),)) if part)


def _altered_kerong(fault: LineFault, reply: bytes | None) -> bytes | None:
    """That protocol has no exceptions: `exception` is silence there."""
    if reply is None or fault.kind in (LineFaultKind.LOST, LineFaultKind.EXCEPTION):
        return None
    if fault.kind is LineFaultKind.FOREIGN:
        return kerong_frame(bytes((reply[0], reply[1] ^ 0x10)) + reply[2:-1])
    return reply
