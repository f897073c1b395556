"""How what is not on today's list is opened when no second person stands at the cabinet.

A present clerk asks for an approval, for an opening or to load what two people handle; a leader, in a session of their
own from anywhere, gives it with password and second factor. It is good for the one door and purpose it names, once, for
ten minutes, in this run; the latest one a clerk asks for replaces the earlier one. When nobody can be reached, a clerk
breaks the glass: the door opens at once, the reason is kept where it can be erased, an incident tells the leader, and
another person countersigns by the end of the next working day: a leader or who stands in for one (`rules.deputies`),
or, when a leader broke it, any clerk. Nothing but that closes the incident. A technician does neither.
"""

from __future__ import annotations

from datetime import date, datetime, time

import msgspec

from locker import events as ev
from locker.model import Approval, Cabinet, HandOver, Incident
from locker.office_hours import OfficeHours
from locker.refusals import NotAllowed, SecondPersonNeeded, UnknownApproval, UnknownHandOver, WrongStage
from locker.rules import clearing, deputies
from locker.rules.doors import merged
from locker.rules.loading import Actor, needs_presence
from locker.rules.results import needs_two

APPROVAL_MS = 10 * 60_000
LEADER = "leader"


class Ids(msgspec.Struct, frozen=True):
    """Fresh ids of a broken glass and its grant."""

    glass: str
    grant: str


def ask(cabinet: Cabinet, number: int, purpose: ev.Purpose, actor: Actor, *, approval: str, today: str) -> ev.Decision:
    """Ask a leader elsewhere. Raises PresenceNeeded, UnknownHandOver, WrongStage (nobody need agree)."""
    needs_presence(actor)
    one = _exceptional(cabinet, number, today=today)
    asked = ev.ApprovalAsked(
        approval=approval,
        number=(cabinet.seq + 1) % 900 + 100,
        compartment=number,
        hand_over=one.hand_over,
        purpose=purpose,
        actor=actor.user,
    )
    return ev.Decision(events=(asked,))


def ask_load(cabinet: Cabinet, results: tuple[str, ...], actor: Actor, *, approval: str) -> ev.Decision:
    """Ask a leader elsewhere to agree to loading what two people handle. Raises PresenceNeeded, WrongStage."""
    needs_presence(actor)
    if not needs_two(cabinet, results):
        raise WrongStage("nobody need agree to this; load it without asking")
    asked = ev.ApprovalAsked(
        approval=approval,
        number=(cabinet.seq + 1) % 900 + 100,
        compartment=0,
        hand_over="",
        purpose="load",
        actor=actor.user,
        results=results,
    )
    return ev.Decision(events=(asked,))


def load_approver(cabinet: Cabinet, approval: str, results: tuple[str, ...], actor: Actor, *, moment: ev.Moment) -> str:
    """The leader who agreed to loading just this. Raises UnknownApproval, SecondPersonNeeded (not given yet)."""
    asked = live(cabinet, approval, moment=moment)
    if (asked.purpose, asked.results, asked.actor) != ("load", results, actor.user):
        raise UnknownApproval("this request was for something else; ask again")
    if not asked.given_by:
        raise SecondPersonNeeded("the leader has not agreed yet")
    return asked.given_by


def _exceptional(cabinet: Cabinet, number: int, *, today: str) -> HandOver:
    one = cabinet.hand_overs.get(cabinet.compartment(number).hand_over)
    if one is None:
        raise UnknownHandOver("nothing is on record in this compartment; open it without asking")
    if clearing.is_routine(cabinet, one, today=today):
        raise WrongStage("this opening is on today's list; open it without asking")
    return one


def give(cabinet: Cabinet, approval: str, actor: Actor, *, today: str, moment: ev.Moment) -> ev.Decision:
    """A leader agrees, or who stands in for one.

    Raises UnknownApproval (over, or never asked), NotAllowed (no leader, or one's own).
    """
    asked = live(cabinet, approval, moment=moment)
    if deputies.role_of(cabinet, actor.user, actor.role, today=today) != LEADER or actor.user == asked.actor:
        raise NotAllowed("another person, a leader, gives the approval")
    if asked.given_by:
        return ev.Decision()
    return ev.Decision(events=(ev.ApprovalGiven(approval=approval, actor=actor.user),))


def live(cabinet: Cabinet, approval: str, *, moment: ev.Moment) -> Approval:
    """The approval, given or not, while it is good. Raises UnknownApproval."""
    asked = cabinet.approvals.get(approval)
    if asked is None or left_ms(asked, moment) <= 0:
        raise UnknownApproval("this request is over or was used; ask again")
    return asked


def left_ms(asked: Approval, moment: ev.Moment) -> int:
    """How long it is still good; not above 0 when it is over."""
    return asked.asked_uptime_ms + APPROVAL_MS - moment.uptime_ms


def approver(
    cabinet: Cabinet, approval: str, number: int, purpose: ev.Purpose, actor: Actor, *, moment: ev.Moment
) -> str:
    """The leader who agreed to this very opening. Raises UnknownApproval, SecondPersonNeeded (not given yet)."""
    asked = live(cabinet, approval, moment=moment)
    place = cabinet.compartment(number)
    if (asked.compartment, asked.purpose, asked.actor, asked.hand_over) != (
        number,
        purpose,
        actor.user,
        place.hand_over,
    ):
        raise UnknownApproval("this request was for another opening; ask again")
    if not asked.given_by:
        raise SecondPersonNeeded("the leader has not agreed yet")
    return asked.given_by


def break_glass(
    cabinet: Cabinet,
    number: int,
    purpose: ev.Purpose,
    actor: Actor,
    *,
    ids: Ids,
    reason: str,
    today: str,
    due_utc_ms: int,
) -> ev.Decision:
    """Open alone: the broken glass with its reason, and the grant, in one commit.

    Raises NotAllowed (technician), PresenceNeeded, UnknownHandOver, WrongStage (nobody need agree), and as
    `clearing.reclaim`.
    """
    if actor.role not in ("clerk", LEADER):
        raise NotAllowed("a clerk or a leader breaks the glass")
    needs_presence(actor)
    one = _exceptional(cabinet, number, today=today)
    glass, grant = ids.glass, ids.grant
    broken = ev.GlassBroken(
        glass=glass,
        compartment=number,
        hand_over=one.hand_over,
        purpose=purpose,
        actor=actor.user,
        role=actor.role,
        due_utc_ms=due_utc_ms,
    )
    kept = ev.PutPersonal(ref=f"reason-{glass}", kind="reason", body={"reason": reason, "glass": glass})
    if purpose == "reclaim":
        opening = clearing.reclaim(cabinet, one.hand_over, actor, grant=grant, today=today, permit=glass)
    else:
        opening = clearing.inspect(cabinet, number, actor, grant=grant, today=today, permit=glass)
    return merged(ev.Decision(events=(broken,), rows=(kept,)), opening)


def countersign(cabinet: Cabinet, incident: int, actor: Actor, *, today: str) -> ev.Decision:
    """Stand for a broken glass.

    Raises UnknownApproval when no such glass waits, NotAllowed for oneself, or for a clerk where a leader must.
    """
    present = cabinet.incidents.get(incident)
    if present is None or not present.glass:
        raise UnknownApproval("no broken glass waits there to be countersigned")
    role = deputies.role_of(cabinet, actor.user, actor.role, today=today)
    if not may_countersign(present, user=actor.user, role=role):
        raise NotAllowed("another person, a leader, countersigns; for a leader's glass any clerk does")
    return ev.Decision(events=(ev.GlassCountersigned(glass=present.glass, actor=actor.user),))


def may_countersign(incident: Incident, *, user: str, role: str) -> bool:
    """Whether this member may stand for the broken glass of this incident."""
    return bool(incident.glass) and user != incident.raised_by and LEADER in (role, incident.role)


def working_day_ends(office: OfficeHours, at: datetime) -> datetime:
    """When the next working day after this aware instant ends, in the office's time."""
    return day_ends(office, office.next_working_day(office.local(at).date()))


def day_ends(office: OfficeHours, day: date) -> datetime:
    """When the counter closes on this day; on a day without opening, its end."""
    spans = office.spans(day)
    return datetime.combine(day, spans[-1].closes if spans else time.max, office.zone)
