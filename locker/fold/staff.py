"""Who signed in, and who failed to."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import put
from locker.model import Cabinet, StaffMember


def signed_in(cabinet: Cabinet, event: ev.SignedIn, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    used = present.recovery_used if event.recovery < 0 else (*present.recovery_used, event.recovery)
    step = max(present.totp_step, event.totp_step)
    return replace(cabinet, staff=put(cabinet.staff, event.actor, StaffMember(totp_step=step, recovery_used=used)))


def sign_in_failed(cabinet: Cabinet, event: ev.SignInFailed, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    return replace(cabinet, staff=put(cabinet.staff, event.actor, replace(present, failures=present.failures + 1)))
