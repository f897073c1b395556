"""Checking a member of staff: password, then TOTP or a recovery code, and the decision on record.

One check at a time, in a thread: an Argon2 costs 19 MiB. A name nobody has takes the same time and the same waits,
but is never written down; what was typed there may be somebody's password. With an unset clock only recovery codes
count; six digits are answered before anything is checked or charged, whoever typed them. A locked
member is answered as a wrong password is. A password that somebody else typed opens nothing: who shows it must choose
their own in the same request.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable

from argon2 import PasswordHasher

from api.roster import Roster
from api.sessions import Member
from locker.config import StaffEntry
from locker.events import Moment
from locker.journal import Journal
from locker.model import Cabinet, StaffMember
from locker.refusals import ClockNotSet, NotAllowed, OwnPasswordNeeded, TooManyAttempts
from locker.rules import staff as rules
from otp import staff
from otp.sealing import Candidates

WAITING_AT_MOST = 8
STRANGERS_KEPT = 1000
NOBODYS_HASH = "$argon2id$v=19$m=19456,t=2,p=1$Hj4mJJT4427dxSw3dauE1A$ITCPrPVb492lxdgxRAEgBYdyuVbd9XarbLvymXqjB00"


class SignIn:
    """Owns the queue of checks and the memory of when each name failed last in this run."""

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        roster: Roster,
        device_key: bytes,
        clock: Callable[[], Moment],
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._journal = journal
        self._roster = roster
        self._device_key = device_key
        self._clock = clock
        self.hasher = hasher or staff.password_hasher()
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._failed_ms: dict[str, int] = {}
        self._strangers: OrderedDict[str, StaffMember] = OrderedDict()

    async def check(self, *, user: str, password: str, code: str, takes_initial: bool = False) -> Member:
        """The member these belong to; the sign-in, or its failure, is on record.

        Raises NotAllowed, ClockNotSet, TooManyAttempts, OwnPasswordNeeded unless `takes_initial` (nothing is recorded
        and no six digits are used up), and what `Journal.record` raises.
        """
        if self._journal.cabinet.clock == "unset" and code.strip().isdecimal():
            raise ClockNotSet("the clock of the cabinet is not set; type a recovery code instead of the six digits")
        if self._waiting >= WAITING_AT_MOST:
            raise TooManyAttempts(retry_after_s=5)
        self._waiting += 1
        try:
            async with self._turn:
                return await self._check(user, password, code, takes_initial=takes_initial)
        finally:
            self._waiting -= 1

    async def _check(self, user: str, password: str, code: str, *, takes_initial: bool) -> Member:
        moment = self._clock()
        cabinet = self._journal.cabinet
        entry = (await self._roster.current()).get(user)
        known = cabinet.staff if entry is not None else self._strangers
        waited = moment.uptime_ms - self._failed_ms.get(user, 0)
        rules.check_wait(Cabinet(staff={user: known.get(user, StaffMember())}), user, waited_ms=waited)
        last = cabinet.staff.get(user, StaffMember())
        shown = await asyncio.to_thread(self._look, entry, user, password, code, last, moment)
        if entry is None:
            self._note_stranger(user, moment)
            raise NotAllowed("name, password or code do not match")
        is_good = rules.sign_in(self._journal.cabinet, shown).refusal is None
        if entry.password_is_initial and is_good and not takes_initial:
            raise OwnPasswordNeeded("somebody else typed this password; choose your own")
        try:
            await self._journal.record(lambda now, _known, _moment: rules.sign_in(now, shown))
        except NotAllowed:
            self._failed_ms[user] = self._clock().uptime_ms
            raise
        return Member(user=entry.user, name=entry.name, role=entry.role)

    def _look(
        self, entry: StaffEntry | None, user: str, password: str, code: str, last: StaffMember, moment: Moment
    ) -> rules.Shown:
        """The slow part, in a thread; the same work whether or not the name is known."""
        stored = NOBODYS_HASH if entry is None else entry.password_hash
        holds = staff.is_password(password, stored, hasher=self.hasher)
        if entry is None or not holds or last.is_locked:
            return rules.Shown(user=user, password_holds=False)
        step = None
        if self._journal.cabinet.clock != "unset":
            step = staff.check_totp(entry.totp_secret, code, utc_ms=moment.utc_ms, last_step=last.totp_step)
        recovery = -1 if step is not None else self._recovery(entry, code, last)
        return rules.Shown(user=user, password_holds=True, totp_step=-1 if step is None else step, recovery=recovery)

    def _recovery(self, entry: StaffEntry, code: str, last: StaffMember) -> int:
        kept = _kept(entry)
        if kept is None or code.strip().isdigit():
            return -1
        left = staff.use_recovery_code(self._device_key, code, kept)
        if left is None:
            return -1
        (used,) = {number for number, _verifier in kept.verifiers} - {number for number, _verifier in left.verifiers}
        return int(used) if int(used) not in last.recovery_used else -1

    def _note_stranger(self, user: str, moment: Moment) -> None:
        before = self._strangers.pop(user, StaffMember())
        self._strangers[user] = StaffMember(failures=before.failures + 1)
        self._failed_ms[user] = moment.uptime_ms
        while len(self._strangers) > STRANGERS_KEPT:
            forgotten, _member = self._strangers.popitem(last=False)
            self._failed_ms.pop(forgotten, None)


def _kept(entry: StaffEntry) -> Candidates | None:
    """The member's recovery codes, numbered from 1; None when there are none."""
    if not entry.recovery_hashes:
        return None
    numbered = enumerate(entry.recovery_hashes, 1)
    return Candidates(
        bytes.fromhex(entry.recovery_salt), tuple((str(number), bytes.fromhex(one)) for number, one in numbered)
    )
