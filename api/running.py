"""What the request functions need, in one frozen value, and the one way they record.

The seams to the workers are protocols of the few things asked of them.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar, overload
from zoneinfo import ZoneInfo

import apsw
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from prometheus_client import Histogram

from api.bell import Bell
from api.entry import KioskEntry
from api.printing import Printing, printing_of
from api.roster import Roster
from api.scans import Scans
from api.sessions import Sessions
from api.sign_in import SignIn
from api.trials import Trials
from hw.link import Counters
from hw.tape import Tape
from locker import receipts
from locker.bench import Bench
from locker.config import Config, office_hours_of
from locker.doors import BoardState, Reading
from locker.events import Decision, Moment, Recorded
from locker.journal import Journal
from locker.model import Cabinet, Place
from locker.office_hours import OfficeHours
from locker.refusals import SafeMode
from locker.rules.due import Timing
from locker.rules.pickup import Proof
from locker.rules.slips import Proof as SlipProof
from locker.rules.standing import address_of
from locker.wire import Wish
from otp.codes import Typed
from otp.phone_checks import PhoneChecks

K = TypeVar("K")
State = Literal["ready", "starting", "safe-mode", "read-only", "fault", "moving", "retired"]
STARTING_MS = 10_000
COMMIT_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5)


class Line(Protocol):
    """A bus as far as figures care."""

    @property
    def name(self) -> str: ...
    @property
    def counters(self) -> Counters: ...
    @property
    def tape(self) -> Tape: ...


class SeenDoors(Protocol):
    """What is asked of the doors worker."""

    @property
    def servable(self) -> frozenset[int]: ...
    @property
    def boards(self) -> Mapping[str, BoardState]: ...
    @property
    def buses(self) -> Sequence[Line]: ...
    @property
    def readings(self) -> Mapping[int, Reading]: ...
    async def changed(self) -> None: ...
    async def run(self) -> None: ...


class Proving(Protocol):
    """What is asked of `locker.proofs`."""

    async def prove(self, typed: Typed, *, second: str | None, paper: str | None = None) -> Proof: ...
    async def prove_slip(self, token: str, *, paper: str | None) -> SlipProof: ...
    def slip_people(self, connection: apsw.Connection, token: str) -> tuple[str, ...]: ...


class Centre(Protocol):
    """What is asked of the sync worker. `last_contact` is wall time in milliseconds, None before the first."""

    @property
    def is_online(self) -> bool: ...
    @property
    def last_contact(self) -> int | None: ...
    async def take(self, wishes: list[Wish]) -> None: ...


class Notices(Protocol):
    """What is asked of the notices worker."""

    @property
    def is_online(self) -> bool: ...
    @property
    def phone_checks(self) -> PhoneChecks: ...
    async def mint_again(self, bundle: str) -> None: ...
    async def run(self) -> None: ...


@dataclass(frozen=True, slots=True)
class PracticeCode:
    """Twelve digits for one empty compartment, made by this member of staff, good until this uptime."""

    digits: str = field(repr=False)
    compartment: int
    actor: str
    until_ms: int


class Practice:
    """Keeps the latest practice code of this run; it is used once."""

    def __init__(self) -> None:
        self._code: PracticeCode | None = None

    def keep(self, code: PracticeCode) -> None:
        """From now on this is the one; an earlier one is over."""
        self._code = code

    def live(self, uptime_ms: int) -> PracticeCode | None:
        """The code that is still good."""
        return self._code if self._code is not None and uptime_ms < self._code.until_ms else None

    def matches(self, digits: str, uptime_ms: int) -> PracticeCode | None:
        """The code, if these are its digits."""
        code = self.live(uptime_ms)
        return code if code is not None and hmac.compare_digest(code.digits.encode(), digits.encode()) else None

    def spend(self) -> None:
        """It was used."""
        self._code = None


def _commit_seconds() -> Histogram:
    return Histogram(
        "locker_commit_seconds",
        "Time a request waited for its decision and commit.",
        buckets=COMMIT_BUCKETS,
        registry=None,
    )


@dataclass(frozen=True, kw_only=True)
class Running:
    """One running cabinet, as its two apps see it.

    `bench`: set while the cabinet is commissioned and does not serve. `calendar` is the configured one. `receipt_key`
    signs receipts. `push_secret` is the centre's `whsec_...`, None without pushes.
    """

    config: Config
    places: Mapping[int, Place]
    journal: Journal[Cabinet]
    doors: SeenDoors
    proofs: Proving
    centre: Centre
    notices: Notices
    entry: KioskEntry
    sessions: Sessions
    sign_in: SignIn
    roster: Roster
    device_key: bytes = field(repr=False)
    bell: Bell
    clock: Callable[[], Moment]
    new_id: Callable[[], str]
    calendar: OfficeHours
    receipt_key: Ed25519PrivateKey
    printing: Printing
    scans: Scans
    push_secret: str | None = None
    practice: Practice = field(default_factory=Practice)
    trials: Trials = field(default_factory=Trials)
    bench: Bench | None = None
    commit_seconds: Histogram = field(default_factory=_commit_seconds)

    @property
    def timing(self) -> Timing:
        """Spans of the configuration as the rules want them."""
        return timing(self.config)

    @overload
    async def record(
        self, decide: Callable[[Cabinet, None, Moment], Decision], *, known: None = None
    ) -> tuple[Recorded, ...]: ...
    @overload
    async def record(
        self, decide: Callable[[Cabinet, K, Moment], Decision], *, known: Callable[[apsw.Connection], K]
    ) -> tuple[Recorded, ...]: ...
    async def record(
        self,
        decide: Callable[[Cabinet, Any, Moment], Decision],
        *,
        known: Callable[[apsw.Connection], Any] | None = None,
    ) -> tuple[Recorded, ...]:
        """`Journal.record`, refused in safe mode. Raises SafeMode and what `Journal.record` raises."""
        self.require_trusted_disk()
        started = self.clock().uptime_ms
        try:
            return await self.journal.record(decide, known=known)
        finally:
            self.commit_seconds.observe((self.clock().uptime_ms - started) / 1000)

    def require_trusted_disk(self) -> None:
        """Raise SafeMode while nothing may be recorded because the disk failed again and again."""
        if self.journal.is_in_safe_mode:
            raise SafeMode("the disk failed twice within an hour; call the technician")

    @property
    def state(self) -> State:
        """Whether people can be served."""
        if self.journal.is_in_safe_mode:
            return "safe-mode"
        if self.journal.is_read_only:
            return "read-only"
        stage = self.journal.cabinet.standing.stage
        if stage != "open":
            return stage
        if not self.doors.servable:
            return "starting" if self.clock().uptime_ms < STARTING_MS else "fault"
        return "ready"

    @property
    def office(self) -> OfficeHours:
        """The calendar, with the days that a leader set."""
        return self.calendar.amended(self.journal.cabinet.office_days)

    @property
    def address(self) -> str:
        """Where the cabinet stands."""
        return address_of(self.journal.cabinet.standing, self.config.cabinet.address)

    def local(self, utc_ms: int) -> datetime:
        """A wall time in milliseconds as the office's local time."""
        return datetime.fromtimestamp(utc_ms / 1000, UTC).astimezone(ZoneInfo(self.config.cabinet.timezone))

    def today(self, moment: Moment) -> str:
        """The office's date, YYYY-MM-DD."""
        return self.local(moment.utc_ms).date().isoformat()

    def name_of(self, user: str) -> str:
        """The name of a member of staff; the user name of one who does not work here any more."""
        return self.roster.name_of(user)

    def day_utc_ms(self, moment: Moment) -> tuple[int, int]:
        """Start and end of the office's day in milliseconds of wall time."""
        start = self.local(moment.utc_ms).replace(hour=0, minute=0, second=0, microsecond=0)
        end = start + timedelta(days=1)
        return int(start.timestamp() * 1000), int(end.timestamp() * 1000)


def timing(config: Config) -> Timing:
    """Spans in milliseconds out of the configuration."""
    return Timing(
        round_ms=config.notices.round_closes_after_seconds * 1000, visit_idle_ms=config.kiosk.idle_seconds * 1000
    )


def furnish(  # noqa: PLR0913  the collaborators, by keyword
    *,
    config: Config,
    journal: Journal[Cabinet],
    doors: SeenDoors,
    proofs: Proving,
    centre: Centre,
    notices: Notices,
    device_key: bytes,
    entry: KioskEntry,
    clock: Callable[[], Moment],
    draw: Callable[[int], bytes],
    push_secret: str | None = None,
    hasher: PasswordHasher | None = None,
    bench: Bench | None = None,
) -> Running:
    """Put a running cabinet together for its apps; `draw(n)` gives n random bytes."""
    bell = Bell()
    roster = Roster(journal=journal, configured=config.staff, device_key=device_key)
    return Running(
        config=config,
        places=config.places,
        journal=journal,
        doors=doors,
        proofs=proofs,
        centre=centre,
        notices=notices,
        entry=entry,
        sessions=Sessions(uptime_ms=lambda: clock().uptime_ms, draw=draw, on_change=bell.ring),
        sign_in=SignIn(journal=journal, roster=roster, device_key=device_key, clock=clock, hasher=hasher),
        roster=roster,
        device_key=device_key,
        bell=bell,
        clock=clock,
        new_id=lambda: draw(12).hex(),
        calendar=office_hours_of(config),
        receipt_key=receipts.signer(device_key),
        printing=printing_of(config, on_change=bell.ring),
        scans=Scans(uptime_ms=lambda: clock().uptime_ms, on_change=bell.ring),
        push_secret=push_secret,
        bench=bench,
    )
