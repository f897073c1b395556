"""Why something is not done: refusals (the rules say no) and faults (the hardware does not do it), typed by cause.

They know no HTTP; `api/problems.py` maps each type to a status. A refusal's text is for logs and developers; what a
citizen or clerk reads is chosen by the page from `slug`.
"""

from __future__ import annotations

from typing import ClassVar


class Refusal(Exception):
    """The rules say no. `slug` is the stable end of the problem type."""

    slug: ClassVar[str] = "refused"


class Fault(Exception):
    """The hardware or the storage does not do it; try again later or elsewhere."""

    slug: ClassVar[str] = "fault"


class CodeRefused(Refusal):
    """Wrong, used, unknown and suspended codes, all alike."""

    slug = "code-refused"


class CodeMalformed(Refusal):
    """What was typed is no code at all; `looks_like` says what it resembles. Nothing is charged."""

    slug = "code-malformed"

    def __init__(self, looks_like: str) -> None:
        self.looks_like = looks_like
        super().__init__(f"not a twelve-digit code: {looks_like}")


class PhoneMalformed(Refusal):
    """What was typed is no phone number that a message can be sent to; nothing was looked up."""

    slug = "phone-malformed"


class SecondCheckNeeded(Refusal):
    """The throttle asks for the last four digits of the phone as well."""

    slug = "second-check-needed"


class PaperCheckNeeded(Refusal):
    """The code is right; this procedure also asks for the last four digits of the applicant's ID paper."""

    slug = "paper-check-needed"


class PaperRefused(Refusal):
    """These are not the last four digits of the ID paper; `tries_left` of the bundle's five for life."""

    slug = "paper-refused"

    def __init__(self, tries_left: int) -> None:
        self.tries_left = tries_left
        super().__init__(f"the digits of the ID paper do not match; {tries_left} tries are left")


class SlipRefused(Refusal):
    """Nothing that this slip opens lies in the cabinet; unknown, used and not loaded yet, all alike."""

    slug = "slip-refused"


class StatusUnknown(Refusal):
    """Unknown dossiers, wrong digits and dossiers asked about too often, all alike."""

    slug = "status-unknown"


class StayRefused(Refusal):
    """It cannot be kept longer now; `reason` is one of times, room, clock."""

    slug = "stay-refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no more time is given for this one: {reason}")


class TooManyAttempts(Refusal):
    """Wait before the next try; `retry_after_s` in seconds."""

    slug = "too-many-attempts"

    def __init__(self, retry_after_s: int) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(f"wait {retry_after_s} s before the next try")


class NoFreeCompartment(Refusal):
    slug = "no-free-compartment"


class NoReachableCompartment(Refusal):
    slug = "no-reachable-compartment"


class IntakeFull(Refusal):
    """One more intake is too many now; `reason` is one of cabinet, visit, hour, phone, unverified, power."""

    slug = "intake-full"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"no more papers are taken in now ({reason}); bring them to the counter")


class BagInUse(Refusal):
    """A bag of this number is on record already; take another one."""

    slug = "bag-in-use"


class OtherBag(Refusal):
    """The bag that was scanned is not the one on record; look again, then report what is written on it."""

    slug = "other-bag"


class PhoneRefused(Refusal):
    """The phone cannot be used; `reason` is one of differs (typed twice, not alike), landline, invalid, otp (its code
    is wrong), otp_over (its code is not good any more).
    """

    slug = "phone-refused"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this phone cannot be used ({reason}); type a mobile number twice")


class UnknownIntake(Refusal):
    slug = "unknown-intake"


class CompartmentBusy(Refusal):
    """This compartment's unlock is running."""

    slug = "compartment-busy"


class DoorStandsOpen(Refusal):
    """A change meets an open door and waits until it has closed."""

    slug = "door-stands-open"


class WrongStage(Refusal):
    """Right act, wrong order: load twice, clear an empty compartment, confirm before closing."""

    slug = "wrong-stage"


class SeveralMatch(WrongStage):
    """What was scanned fits several results; `candidates` are their ids, one of them must be picked."""

    def __init__(self, candidates: tuple[str, ...]) -> None:
        self.candidates = candidates
        super().__init__("several results fit what was scanned; pick one of them")


class NotLoadable(Refusal):
    """The result may not be loaded; `reason` is one of not_finished, procedure, consent, unpaid, by_post,
    cancelled, no_paper_known (its procedure asks for the ID paper at the keypad, and the centre sent none).
    """

    slug = "not-loadable"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the result may not be loaded: {reason}")


class OutOfUse(Refusal):
    """Nothing is loaded, left or collected now; `stage` is moving or retired."""

    slug = "out-of-use"

    def __init__(self, stage: str) -> None:
        self.stage = stage
        sentence = "is being moved; codes stay good" if stage == "moving" else "is retired; ask at the counter"
        super().__init__(f"the cabinet {sentence}")


class StillInUse(Refusal):
    """The cabinet cannot be retired yet; `reasons` are among inside, intakes, doors, notices, unsent."""

    slug = "still-in-use"

    def __init__(self, reasons: tuple[str, ...]) -> None:
        self.reasons = reasons
        super().__init__(f"the cabinet cannot be retired yet: {', '.join(reasons)}")


class UnknownText(Refusal):
    slug = "unknown-text"


class TextUnusable(Refusal):
    """This cannot be the text of the message; `reason` is one of length, brackets, unknown, missing, too_long, and
    `names` are the values it is about.
    """

    slug = "text-unusable"

    def __init__(self, reason: str, names: tuple[str, ...]) -> None:
        self.reason = reason
        self.names = names
        super().__init__(f"this text cannot be used: {' '.join((reason, *names))}")


class ContradictsEarlier(Refusal):
    """The same id came before with other content."""

    slug = "contradicts-earlier"


class OutOfOrder(Refusal):
    """A wish that is not the next one; `expected` is the number that is."""

    slug = "gap"

    def __init__(self, expected: int) -> None:
        self.expected = expected
        super().__init__(f"wish {expected} is expected next")


class UnknownHandOver(Refusal):
    slug = "unknown-hand-over"


class UnknownResult(Refusal):
    slug = "unknown-result"


class TicketsFull(Refusal):
    """Too many people wait for a call already."""

    slug = "tickets-full"


class UnknownDelegate(Refusal):
    slug = "unknown-delegate"


class UnknownCompartment(Refusal):
    slug = "unknown-compartment"


class UnknownDeputy(Refusal):
    slug = "unknown-deputy"


class UnknownMember(Refusal):
    slug = "unknown-member"


class UserTaken(Refusal):
    """Somebody works, or worked, here under this name."""

    slug = "user-taken"


class OwnPasswordNeeded(Refusal):
    """Password and second factor are right, and the password is one that somebody else typed: choose another first."""

    slug = "own-password-needed"


class WeakPassword(Refusal):
    """`reason`: `short`, `long`, `word` (of the unit or the member), `common`, or `same` as before."""

    slug = "weak-password"

    def __init__(self, reason: str) -> None:
        super().__init__(
            "choose a password of 12 to 128 signs that few would guess, without names of the unit or of yourself"
        )
        self.reason = reason


class UnknownApproval(Refusal):
    """No such request waits: it is over, was used, was for another opening, or was never asked."""

    slug = "unknown-approval"


class PresenceNeeded(Refusal):
    """Type the number that the kiosk shows: only a person at the cabinet opens a door."""

    slug = "presence-needed"


class SecondPersonNeeded(Refusal):
    """This compartment is not on today's list: a second person at the cabinet must agree."""

    slug = "second-person-needed"


class NotAllowed(Refusal):
    """No or wrong identity, signature or role."""

    slug = "not-allowed"


class ClockNotSet(NotAllowed):
    """Nobody believes the cabinet's wall clock, so codes that follow the time cannot be checked."""

    slug = "clock-not-set"


class NotServed(Refusal):
    """The compartment waits for a clerk's look (quarantine, recount) and is not used for new things."""

    slug = "not-served"


class DoorDidNotOpen(Fault):
    """The door was tried; again after `retry_after_s` seconds, or not in this visit when that is None."""

    slug = "door-did-not-open"

    def __init__(self, message: str, retry_after_s: int | None = None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(message)


class BoardOffline(Fault):
    slug = "board-offline"


class BusOffline(Fault):
    slug = "bus-offline"


class PrinterOffline(Fault):
    """There is no printer, or it does not answer; the receipt is on the screen."""

    slug = "printer-offline"


class PaperOut(Fault):
    """The printer has no paper; the receipt is on the screen."""

    slug = "paper-out"


class NoticesOffline(Fault):
    """No gateway can be reached, so no message would arrive in time."""

    slug = "notices-offline"


class SafeMode(Fault):
    slug = "safe-mode"


class Starting(Fault):
    slug = "starting"


# --- the journal's storage


class StorageFault(Fault):
    """The journal cannot do what was asked; nothing of the call was stored unless the class says otherwise."""

    slug = "storage"


class RetryableStorageFault(StorageFault):
    """The same call may succeed later."""


class FinalStorageFault(StorageFault):
    """Repeating the call in this process is of no use."""


class JournalInUse(RetryableStorageFault):
    """Another process holds the journal."""


class ReadOnly(RetryableStorageFault):
    """The disk is full; what is recorded stays, nothing new is accepted."""

    slug = "read-only"


class JournalClosed(FinalStorageFault):
    """The journal was closed, or never opened."""


class JournalBroken(FinalStorageFault):
    """The disk failed a write or a read. Whether the last commit landed is unknown: the process must end."""


class JournalCorrupt(FinalStorageFault):
    """The file is damaged or was changed by another hand: do not serve, restore the newest backup."""


class JournalTooNew(FinalStorageFault):
    """A newer release wrote this journal and this one cannot read it."""


class JournalUnreachable(FinalStorageFault):
    """The file cannot be opened or made: no directory, no permission, no such copy."""


class WrongCabinet(FinalStorageFault):
    """The journal belongs to another cabinet than the configuration names."""


class SqliteTooOld(FinalStorageFault):
    """The SQLite in use lacks the fix for the WAL-reset bug (before 3.51.3)."""


class CursorRefused(FinalStorageFault):
    """A cursor may not go back, nor beyond the head of the journal."""


class BackupFailed(RetryableStorageFault):
    """No whole copy came about; the journal itself is untouched."""


class BackupRefused(FinalStorageFault):
    """This copy must not be put in place: damaged, its chain broken, or of a newer release."""
