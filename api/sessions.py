"""Who of the staff is signed in, and who of them is proved to stand at the cabinet.

Sessions live in memory and end with the process: a restart asks for the password again. They end after 15 minutes
without an act and after 12 hours in any case; a page that only looks on does not keep one alive. Presence is proved
by typing the number the kiosk shows, and ends after 15 minutes without an act at a door.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from locker.refusals import PresenceNeeded, TooManyAttempts
from locker.rules.loading import Actor
from otp import staff

IDLE_MS = 15 * 60_000
ABSOLUTE_MS = 12 * 3_600_000
NUMBER_MS = 120_000
WRONG_NUMBERS = 5
FIRST_WAIT_MS = 30_000
LONGEST_WAIT_MS = 3_600_000
TOKEN_BYTES = 16

Role = Literal["clerk", "leader", "technician"]


@dataclass(frozen=True, slots=True)
class Member:
    """One of the staff, as the configuration names them."""

    user: str
    name: str
    role: Role


@dataclass(slots=True)
class Session:
    """One signed-in member; times in milliseconds of uptime. `address`: the network address signed in from."""

    member: Member
    key: bytes = field(repr=False)
    began_ms: int
    touched_ms: int
    present_ms: int | None = None
    address: str = ""

    @property
    def id(self) -> str:
        """Names the session to its member; says nothing of the token."""
        return self.key.hex()[:16]


@dataclass(slots=True)
class Asked:
    """The number on the kiosk: for which session, since when, and how often it was mistyped."""

    session: Session
    number: str = field(repr=False)
    since_ms: int
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class ShownNumber:
    """What the kiosk shows."""

    number: str = field(repr=False)
    seconds_left: int


class Sessions:
    """The table of sessions. `on_change` is called when what pages show of them has changed."""

    def __init__(
        self, *, uptime_ms: Callable[[], int], draw: Callable[[int], bytes], on_change: Callable[[], None]
    ) -> None:
        self._uptime_ms = uptime_ms
        self._draw = draw
        self._on_change = on_change
        self._sessions: dict[bytes, Session] = {}
        self._asked: Asked | None = None
        self._spoilt: dict[str, tuple[int, int]] = {}

    def begin(self, member: Member, *, address: str = "") -> str:
        """Sign a member in; the token (128 random bits, hex) goes into the cookie and is kept only hashed."""
        now = self._uptime_ms()
        self._sessions = {key: one for key, one in self._sessions.items() if self._is_live(one, now)}
        token = self._draw(TOKEN_BYTES).hex()
        key = _key(token)
        self._sessions[key] = Session(member=member, key=key, began_ms=now, touched_ms=now, address=address)
        return token

    def find(self, token: str) -> Session | None:
        """The live session of a token; looking does not keep it alive."""
        session = self._sessions.get(_key(token))
        return session if session is not None and self.is_live(session) else None

    def is_live(self, session: Session) -> bool:
        """Whether this session still stands."""
        return session.key in self._sessions and self._is_live(session, self._uptime_ms())

    def _is_live(self, session: Session, now: int) -> bool:
        return now - session.touched_ms < IDLE_MS and now - session.began_ms < ABSOLUTE_MS

    def touch(self, session: Session) -> None:
        """An act of its member."""
        session.touched_ms = self._uptime_ms()

    def end(self, session: Session) -> None:
        """Sign out."""
        self._sessions.pop(session.key, None)
        if self._asked is not None and self._asked.session is session:
            self._asked = None
        self._on_change()

    def of(self, user: str) -> list[Session]:
        """The live sessions of a member, the latest first."""
        live = [one for one in self._sessions.values() if one.member.user == user and self.is_live(one)]
        return sorted(live, key=lambda one: -one.began_ms)

    def end_of(self, user: str, *, but: Session | None = None) -> None:
        """Sign a member out wherever they are signed in, or everywhere `but` here."""
        for session in [one for one in self._sessions.values() if one.member.user == user and one is not but]:
            self.end(session)

    # --- presence

    def is_present(self, session: Session) -> bool:
        """Whether this member is proved to stand at the cabinet now."""
        return session.present_ms is not None and self._uptime_ms() - session.present_ms < IDLE_MS

    def actor(self, session: Session) -> Actor:
        """The member as the rules know them."""
        return Actor(user=session.member.user, role=session.member.role, is_present=self.is_present(session))

    def acted_at_door(self, session: Session) -> None:
        """An act at the cabinet keeps presence alive."""
        if self.is_present(session):
            session.present_ms = self._uptime_ms()

    def ask_number(self, session: Session) -> None:
        """Show a new number on the kiosk for two minutes. Raises TooManyAttempts after numbers were guessed at."""
        now = self._uptime_ms()
        spoilt, since = self._spoilt.get(session.member.user, (0, 0))
        wait_ms = min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** min(spoilt - 1, 10)) if spoilt else 0
        if (left := since + wait_ms - now) > 0:
            raise TooManyAttempts(retry_after_s=-(-left // 1000))
        self._asked = Asked(session=session, number=staff.presence_number(self._draw), since_ms=now)
        self._on_change()

    def shown(self) -> ShownNumber | None:
        """The number the kiosk shows now."""
        asked = self._asked
        left = 0 if asked is None else asked.since_ms + NUMBER_MS - self._uptime_ms()
        if asked is None or left <= 0:
            return None
        return ShownNumber(number=asked.number, seconds_left=-(-left // 1000))

    def asking(self) -> Session | None:
        """Whoever has just asked to be proved present and has not given up."""
        return self._asked.session if self._asked is not None and self.shown() is not None else None

    def is_anybody_present(self) -> bool:
        """Whether one of the staff is proved to stand at the cabinet now."""
        return any(self.is_present(one) for one in self._sessions.values() if self.is_live(one))

    def present_clerk(self) -> str:
        """The user name of a clerk or leader who is proved to stand at the cabinet now; empty if there is none."""
        here = [one.member for one in self._sessions.values() if self.is_live(one) and self.is_present(one)]
        return next((one.user for one in here if one.role != "technician"), "")

    def check_number(self, session: Session, typed: str) -> None:
        """Take the typed number and end it. Raises PresenceNeeded; five wrong tries end it too."""
        asked = self._asked
        if asked is None or asked.session is not session or self.shown() is None:
            raise PresenceNeeded("ask for a new number, then type what the kiosk shows")
        if not staff.is_presence(typed, asked.number):
            asked.wrong += 1
            if asked.wrong >= WRONG_NUMBERS:
                spoilt, _since = self._spoilt.get(session.member.user, (0, 0))
                self._spoilt[session.member.user] = (spoilt + 1, self._uptime_ms())
                self._asked = None
                self._on_change()
            raise PresenceNeeded("this is not the number that the kiosk shows")
        self._asked = None
        self._spoilt.pop(session.member.user, None)
        self._on_change()

    def prove(self, session: Session) -> None:
        """The member stands at the cabinet; called once that is on record. The number is not needed any more."""
        if self._asked is not None and self._asked.session is session:
            self._asked = None
        session.present_ms = self._uptime_ms()
        self._on_change()


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
