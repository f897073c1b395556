"""Who works here, and how a leader changes that at the desk.

Those whom the configuration names are there from the start, so that the first leader can sign in; a leader takes in
more, renews somebody's second factor when a phone is lost, locks and unlocks. A leader can do none of it to themself,
so one always remains who can sign in. A user name is never given to another person, for facts name people by it.
What somebody signs in with replaces what was there before, which is erased; a lock outlives it. Members choose another
password themselves; second factor and recovery codes stay what they were, also which of them were used.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from locker import events as ev
from locker.model import Cabinet, StaffMember
from locker.refusals import NotAllowed, UnknownMember, UserTaken
from locker.rules.loading import Actor

LEADER = "leader"
KIND: Final = "staff"


def add(
    cabinet: Cabinet, enrolled: ev.StaffEnrolled, kept: ev.PutPersonal, *, configured: Collection[str]
) -> ev.Decision:
    """Take somebody in. Raises UserTaken."""
    if enrolled.user in configured or enrolled.user in cabinet.staff:
        raise UserTaken("somebody works here under this name, or did; choose another one")
    return ev.Decision(events=(enrolled,), rows=(kept,))


def renew(cabinet: Cabinet, enrolled: ev.StaffEnrolled, kept: ev.PutPersonal) -> ev.Decision:
    """Another second factor for somebody who works here; the earlier one opens nothing any more."""
    before = cabinet.staff.get(enrolled.user, StaffMember()).record
    erased = (ev.ErasePersonal(ref=before),) if before else ()
    return ev.Decision(events=(enrolled,), rows=(*erased, kept))


def change_password(cabinet: Cabinet, changed: ev.PasswordChanged, kept: ev.PutPersonal, *, before: str) -> ev.Decision:
    """Another password of one's own. Raises NotAllowed if they sign in by another record than `before` by now."""
    member = cabinet.staff.get(changed.user, StaffMember())
    if member.is_locked or member.record != before:
        raise NotAllowed("how you sign in was changed meanwhile; sign in again")
    erased = (ev.ErasePersonal(ref=before),) if before else ()
    return ev.Decision(events=(changed,), rows=(*erased, kept))


def end_sessions(user: str, actor: str, *, count: int) -> ev.Decision:
    """Put on record that sessions end; none is nothing to tell."""
    return ev.Decision(events=(ev.SessionsEnded(user=user, actor=actor, count=count),) if count else ())


def lock(cabinet: Cabinet, user: str, actor: Actor) -> ev.Decision:
    """Nobody signs in under this name any more; twice is once."""
    if cabinet.staff.get(user, StaffMember()).is_locked:
        return ev.Decision()
    return ev.Decision(events=(ev.StaffLocked(user=user, actor=actor.user),))


def unlock(cabinet: Cabinet, user: str, actor: Actor) -> ev.Decision:
    """They may sign in again, and failures before are forgotten; twice is once."""
    if not cabinet.staff.get(user, StaffMember()).is_locked:
        return ev.Decision()
    return ev.Decision(events=(ev.StaffUnlocked(user=user, actor=actor.user),))


def check(user: str, actor: Actor, *, known: Collection[str]) -> None:
    """Raise NotAllowed (no leader, or a leader about themself), UnknownMember."""
    if actor.role != LEADER or user == actor.user:
        raise NotAllowed("another person, a leader, changes who may sign in")
    if user not in known:
        raise UnknownMember("nobody of this name works here")
