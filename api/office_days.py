"""Days on which the counter keeps other hours: set by a leader."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.exceptional import Leader
from locker import refusals as why
from locker.config import Hours
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import office_days as rules

SET = problems.documented(*STORED, why.WrongStage)


class Openings(Body):
    """The openings of that day, at most four; none: the counter is closed."""

    hours: Annotated[tuple[Hours, ...], Field(max_length=4, examples=[["07:30-11:30"]])]


router = APIRouter(prefix="/api/clerk/office-days/{day}")


@router.post("", summary="Set the hours of one day", responses=SET)
async def put(day: date, body: Openings, session: Leader, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        return rules.put(cabinet, day, body.hours, actor, today=date.fromisoformat(running.today(moment)))

    await running.record(decide)
    return Nothing()


@router.post("/free", summary="Let it go by the calendar again", responses=SET)
async def free(day: date, session: Leader, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        return rules.free(cabinet, day, actor, today=date.fromisoformat(running.today(moment)))

    await running.record(decide)
    return Nothing()
