"""What a person must look at: who sees to it until when, and its end."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk
from locker import refusals as why
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import clearing, exceptional

Incident = Annotated[int, Field(ge=1)]


class Until(Body):
    """The day by which it is done; without one, the end of the next working day."""

    by: date | None = None


router = APIRouter(prefix="/api/clerk/incidents")


@router.post("/{incident}/take", responses=problems.documented(*STORED, why.UnknownResult, why.WrongStage))
async def take(incident: Incident, body: Until, session: Clerk, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        due = exceptional.working_day_ends(running.office, running.local(moment.utc_ms))
        if body.by is not None:
            due = exceptional.day_ends(running.office, body.by)
        due_utc_ms = int(due.timestamp() * 1000)
        return clearing.take_incident(cabinet, incident, actor, due_utc_ms=due_utc_ms, moment=moment)

    await running.record(decide)
    return Nothing()


@router.post("/{incident}/close", responses=problems.documented(*STORED, why.UnknownResult, why.WrongStage))
async def close(incident: Incident, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: clearing.close_incident(cabinet, incident, actor))
    return Nothing()


@router.post(
    "/{incident}/countersign",
    summary="Stand for a broken glass",
    responses=problems.documented(*STORED, why.UnknownApproval),
)
async def countersign(incident: Incident, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(
        lambda cabinet, _known, moment: exceptional.countersign(cabinet, incident, actor, today=running.today(moment))
    )
    return Nothing()
