"""How clerks, leaders and technicians sign in and prove that they stand at the cabinet.

Password and a second factor; a time step of TOTP is never accepted twice and a recovery code only once. Failures count
for the member, survive restarts, and after five a member waits longer each time; a success clears them. Presence is
proved by the number on the kiosk or the key switch, is put on record, and ends by itself.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet, StaffMember
from locker.refusals import NotAllowed, TooManyAttempts

FREE_FAILURES = 5


class Shown(msgspec.Struct, frozen=True):
    """What checking a sign-in gave: whether the password held, and which time step or recovery code did (-1: none)."""

    user: str
    password_holds: bool
    totp_step: int = -1
    recovery: int = -1


def sign_in(cabinet: Cabinet, shown: Shown) -> ev.Decision:
    """Record the sign-in or its failure; raises NotAllowed after the failure is committed."""
    member = cabinet.staff.get(shown.user, StaffMember())
    by_step = shown.totp_step > member.totp_step >= -1 and shown.totp_step >= 0
    by_recovery = shown.recovery >= 0 and shown.recovery not in member.recovery_used
    if shown.password_holds and (by_step or by_recovery):
        step = shown.totp_step if by_step else -1
        recovery = -1 if by_step else shown.recovery
        return ev.Decision(events=(ev.SignedIn(actor=shown.user, totp_step=step, recovery=recovery),))
    return ev.Decision(
        events=(ev.SignInFailed(actor=shown.user),), refusal=NotAllowed("name, password or code do not match")
    )


def check_wait(cabinet: Cabinet, user: str, *, waited_ms: int) -> None:
    """Raise TooManyAttempts while the member's wait runs: 30 s after five failures, doubling up to an hour."""
    failures = cabinet.staff.get(user, StaffMember()).failures
    if failures < FREE_FAILURES:
        return
    wait_ms = min(3_600_000, 30_000 * 2 ** min(failures - FREE_FAILURES, 7))
    if waited_ms < wait_ms:
        raise TooManyAttempts(retry_after_s=-(-(wait_ms - waited_ms) // 1000))


def prove_presence(user: str, way: str) -> ev.Decision:
    """Put on record that this member stands at the cabinet."""
    return ev.Decision(
        events=(ev.PresenceProved(actor=user, way="key_switch" if way == "key_switch" else "kiosk_number"),)
    )
