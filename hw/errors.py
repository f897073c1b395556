"""What can go wrong between a bus owner and a lock, typed by cause.

Every cause is a `RetryableFault` (the same call may succeed later) or a `FinalFault` (somebody must change
something first). `frame_sent` tells whether the request that failed reached the wire.
"""

from __future__ import annotations

from collections.abc import Sequence


class Fault(Exception):
    """The hardware does not do what was asked."""

    def __init__(self, message: str, *, frame_sent: bool = False) -> None:
        super().__init__(message)
        self.frame_sent = frame_sent


class RetryableFault(Fault):
    """Trying again later may help."""


class FinalFault(Fault):
    """Trying again is useless until a person has changed something."""


class BusOffline(RetryableFault):
    """The serial port or the TCP connection is gone, or its owner is not running."""


class Unanswered(RetryableFault):
    """No valid answer came in time; the board may or may not have obeyed."""


class BoardOffline(Unanswered):
    """Nothing at all came back from this unit id."""


class GarbledReply(Unanswered):
    """Bytes came back, but no frame with a correct CRC."""


class LateOrForeignReply(Unanswered):
    """Whole frames came back, but none that answers the request."""


class EchoMismatch(Unanswered):
    """A write was answered with another address or value than the one sent."""


class BoardBusy(RetryableFault):
    """The board answered with an exception that says: not now (04, 05, 06, 08)."""


class BoardUnproved(RetryableFault):
    """The board's identity has not been checked on this connection, so nothing may be energised."""


class WrongBoard(FinalFault):
    """The board is not what the wiring says: exception 01 to 03, or a version its profile does not allow."""


class LinkageMode(FinalFault):
    """An input of the board drives a relay without the host."""

    def __init__(self, message: str, channels: Sequence[int]) -> None:
        super().__init__(message, frame_sent=True)
        self.channels = tuple(channels)


class CoilStuckOn(FinalFault):
    """A coil still reads on after all coils were switched off; only the supply contactor helps."""

    def __init__(self, message: str, coils: Sequence[int]) -> None:
        super().__init__(message, frame_sent=True)
        self.coils = tuple(coils)


class ForbiddenAddress(FinalFault):
    """The frame could energise more than one lock, or one lock without a timer; it is never written."""


class PulseTooLong(FinalFault):
    """The pulse is outside what the lock or the board allows."""


class PulseTooSoon(RetryableFault):
    """A limit of the lock or of the cabinet would be passed; `retry_after_s` says when it no longer is."""

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PulseUnconfirmed(RetryableFault):
    """`pulses_sent` pulse frames went out, and nothing read back shows whether the lock was energised."""

    def __init__(self, message: str, pulses_sent: int) -> None:
        super().__init__(message, frame_sent=True)
        self.pulses_sent = pulses_sent


class UnknownProfile(FinalFault):
    """No such board profile ships with the controller, or its file cannot be used."""


class PanelOffline(RetryableFault):
    """The pins of the panel cannot be claimed or do not answer."""


class UnfitBoard(FinalFault):
    """A board of this profile may not serve where the wiring puts it."""


class PrinterOffline(RetryableFault):
    """The printer does not answer, or its paper or its font is not there."""


class PaperOut(PrinterOffline):
    """The roll is at its end."""


class ScannerOffline(RetryableFault):
    """The scanner's port is gone."""
