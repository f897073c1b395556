"""Openings that are not on today's list: a leader's approval from elsewhere, and breaking the glass."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from api import callers, problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk, Number, Wanted, done, require_compartment, wanted
from api.sessions import Session
from locker import refusals as why
from locker.events import ApprovalAsked, Decision, Moment
from locker.model import Cabinet
from locker.rules import exceptional

Leader = Annotated[Session, Depends(callers.leader)]


class Opening(Body):
    """Which door, and what for."""

    compartment: Number
    purpose: Literal["reclaim", "inspect", "move", "load"]


class Broken(Body):
    """Which door is opened alone, and what for; why goes on record where it can be erased."""

    compartment: Number
    purpose: Literal["reclaim", "inspect"]
    reason: Annotated[str, Field(min_length=10, max_length=500, examples=["Không gọi được ai, người nhận đang chờ"])]


class Factors(Body):
    """Password and second factor of who is signed in, asked for once more."""

    password: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=1, max_length=40)]


router = APIRouter(prefix="/api/clerk")


@router.post(
    "/approvals",
    summary="Ask a leader elsewhere to agree to one opening",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage),
)
async def ask(body: Opening, session: Clerk, running: Cabinets) -> dict[str, Any]:
    require_compartment(running, body.compartment)
    actor, approval = running.sessions.actor(session), running.new_id()

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        today = running.today(moment)
        return exceptional.ask(cabinet, body.compartment, body.purpose, actor, approval=approval, today=today)

    (asked,) = await running.record(decide)
    assert isinstance(asked.event, ApprovalAsked)
    return {"approval": approval, "number": asked.event.number}


@router.post(
    "/approvals/loads",
    summary="Ask a leader elsewhere to agree to loading what two people handle",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.UnknownResult, why.SeveralMatch),
)
async def ask_load(body: Wanted, session: Clerk, running: Cabinets) -> dict[str, Any]:
    actor, approval = running.sessions.actor(session), running.new_id()

    def decide(cabinet: Cabinet, found: tuple[str, ...], _moment: Moment) -> Decision:
        return exceptional.ask_load(cabinet, wanted(cabinet, body, found), actor, approval=approval)

    (asked,) = await running.record(decide, known=body.find)
    assert isinstance(asked.event, ApprovalAsked)
    return {"approval": approval, "number": asked.event.number}


@router.post(
    "/approvals/{approval}/give",
    summary="Agree, with password and second factor",
    responses=problems.documented(*STORED, why.UnknownApproval, why.ClockNotSet, why.TooManyAttempts),
)
async def give(approval: Id, body: Factors, session: Clerk, running: Cabinets) -> Nothing:
    actor, now = running.sessions.actor(session), running.clock()
    exceptional.give(running.journal.cabinet, approval, actor, today=running.today(now), moment=now)
    await running.sign_in.check(user=session.member.user, password=body.password, code=body.code)
    await running.record(
        lambda cabinet, _known, moment: exceptional.give(
            cabinet, approval, actor, today=running.today(moment), moment=moment
        )
    )
    return Nothing()


@router.post(
    "/glass",
    summary="Open alone because nobody can be reached",
    responses=problems.documented(
        *STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage, why.CompartmentBusy, why.NotServed
    ),
)
async def break_glass(body: Broken, session: Clerk, running: Cabinets) -> dict[str, Any]:
    require_compartment(running, body.compartment)
    actor, glass, grant = running.sessions.actor(session), running.new_id(), running.new_id()

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        due = exceptional.working_day_ends(running.office, running.local(moment.utc_ms))
        return exceptional.break_glass(
            cabinet,
            body.compartment,
            body.purpose,
            actor,
            ids=exceptional.Ids(glass=glass, grant=grant),
            reason=body.reason,
            today=running.today(moment),
            due_utc_ms=int(due.timestamp() * 1000),
        )

    return done(running, session, await running.record(decide))
