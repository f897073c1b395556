"""Who works here, who signed in, who failed to, and what staff were told."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import put
from locker.model import Cabinet, StaffMember


def signed_in(cabinet: Cabinet, event: ev.SignedIn, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    used = present.recovery_used if event.recovery < 0 else (*present.recovery_used, event.recovery)
    step = max(present.totp_step, event.totp_step)
    member = replace(present, failures=0, totp_step=step, recovery_used=used)
    return replace(cabinet, staff=put(cabinet.staff, event.actor, member))


def sign_in_failed(cabinet: Cabinet, event: ev.SignInFailed, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    return replace(cabinet, staff=put(cabinet.staff, event.actor, replace(present, failures=present.failures + 1)))


def enrolled(cabinet: Cabinet, event: ev.StaffEnrolled, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.user, StaffMember())
    fresh = StaffMember(record=event.record, is_locked=present.is_locked)
    return replace(cabinet, staff=put(cabinet.staff, event.user, fresh))


def password_changed(cabinet: Cabinet, event: ev.PasswordChanged, _recorded: ev.Recorded) -> Cabinet:
    member = replace(cabinet.staff.get(event.user, StaffMember()), record=event.record)
    return replace(cabinet, staff=put(cabinet.staff, event.user, member))


def locked(cabinet: Cabinet, event: ev.StaffLocked, _recorded: ev.Recorded) -> Cabinet:
    return _with_lock(cabinet, event.user, is_locked=True)


def unlocked(cabinet: Cabinet, event: ev.StaffUnlocked, _recorded: ev.Recorded) -> Cabinet:
    return _with_lock(cabinet, event.user, is_locked=False)


def _with_lock(cabinet: Cabinet, user: str, *, is_locked: bool) -> Cabinet:
    member = replace(cabinet.staff.get(user, StaffMember()), is_locked=is_locked, failures=0)
    return replace(cabinet, staff=put(cabinet.staff, user, member))


def staff_alerted(cabinet: Cabinet, event: ev.StaffAlerted, recorded: ev.Recorded) -> Cabinet:
    before = cabinet.alerts
    told = tuple(key for key in (*before.told, *event.incidents) if key in cabinet.incidents)
    if event.kind == "low_ratings":
        return replace(cabinet, alerts=replace(before, low=0, low_utc_ms=0))
    if event.kind == "digest":
        return replace(cabinet, alerts=replace(before, told=told, digest=event.day))
    sent = before.sent + 1 if before.night == event.day else 1
    last = put(before.last_utc_ms, event.kind, recorded.moment.utc_ms)
    return replace(cabinet, alerts=replace(before, told=told, last_utc_ms=last, night=event.day, sent=sent))
