"""Who stands in for the leader."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter

from api import problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.exceptional import Leader
from locker import refusals as why
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import deputies as rules


class Until(Body):
    """The last day on which the deputy stands in."""

    until: date


router = APIRouter(prefix="/api/clerk/deputies/{user}")


@router.post("", summary="Name a deputy", responses=problems.documented(*STORED, why.UnknownDeputy, why.WrongStage))
async def name(user: Id, body: Until, session: Leader, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)
    entry = (await running.roster.current()).get(user)
    if entry is None:
        raise why.UnknownDeputy("nobody of this name works here")

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        today = date.fromisoformat(running.today(moment))
        return rules.name(cabinet, user, entry.role, actor, until=body.until, today=today)

    await running.record(decide)
    return Nothing()


@router.post("/end", responses=problems.documented(*STORED, why.UnknownDeputy))
async def end(user: Id, session: Leader, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.end(cabinet, user, actor))
    return Nothing()
