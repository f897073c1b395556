"""Who stands in for the leader, and until when.

A leader names a clerk as deputy, for at most sixty days. Through the last of them the deputy agrees to other people's
exceptional openings and countersigns their broken glasses as a leader does, with a second factor of their own; nothing
else of a leader's goes along, and a deputy names no further one. Who breaks the glass as a deputy is a clerk.
"""

from __future__ import annotations

from datetime import date, timedelta

from locker import events as ev
from locker.model import Cabinet
from locker.refusals import NotAllowed, UnknownDeputy, WrongStage
from locker.rules.loading import Actor

LEADER = "leader"
LONGEST = timedelta(days=60)


def name(cabinet: Cabinet, deputy: str, role: str, actor: Actor, *, until: date, today: date) -> ev.Decision:
    """Name the user `deputy`, whose own role is `role`; a later naming replaces the earlier one.

    Raises NotAllowed (no leader names, or no clerk is named), WrongStage (a day that is over, or too far).
    """
    if actor.role != LEADER or role != "clerk":
        raise NotAllowed("a leader names a clerk as deputy")
    if not today <= until <= today + LONGEST:
        raise WrongStage("name a day from today on, at most sixty days ahead")
    if cabinet.deputies.get(deputy) == until.isoformat():
        return ev.Decision()
    return ev.Decision(events=(ev.DeputyNamed(deputy=deputy, until=until.isoformat(), actor=actor.user),))


def end(cabinet: Cabinet, deputy: str, actor: Actor) -> ev.Decision:
    """The deputy stands in no longer. Raises NotAllowed, UnknownDeputy."""
    if actor.role != LEADER:
        raise NotAllowed("a leader ends this")
    if deputy not in cabinet.deputies:
        raise UnknownDeputy("nobody of this name stands in for a leader")
    return ev.Decision(events=(ev.DeputyEnded(deputy=deputy, actor=actor.user),))


def role_of(cabinet: Cabinet, user: str, role: str, *, today: str) -> str:
    """As whom this member agrees and countersigns today (YYYY-MM-DD): a deputy as a leader, others as they are."""
    return LEADER if role == "clerk" and today <= cabinet.deputies.get(user, "") else role
