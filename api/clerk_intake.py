"""The clerk's round over what citizens left, and the office's answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import Field, model_validator

from api import problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk
from api.kiosk_intake import Code, dossier_row
from locker import events as ev
from locker import refusals as why
from locker.rules import intake_round

router = APIRouter(prefix="/api/clerk/intakes")
AT_DOOR = problems.documented(*STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage, why.CompartmentBusy)


class Reported(Body):
    """The bag as scanned (empty: it has no number that can be read) and how many papers were in it; 0 for none."""

    bag: Annotated[str, Field(max_length=40, examples=["HS-000123"])] = ""
    count: Annotated[int, Field(ge=0, le=999)]


class Answered(Body):
    """What the office says. A registration names the dossier's code and the day of its result."""

    outcome: ev.IntakeOutcome
    dossier: Code | None = None
    appointment: date | None = None

    @model_validator(mode="after")
    def _registration_is_whole(self) -> Self:
        if self.outcome == "registered" and (self.dossier is None or self.appointment is None):
            raise ValueError("a registration needs `dossier` and `appointment`")
        return self


@router.post("/{hand_over}/collect", summary="Open its door to take it out", responses=AT_DOOR)
async def collect(hand_over: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> dict[str, Any]:
    actor, grant = running.sessions.actor(session), running.new_id()
    await running.record(lambda cabinet, *_: intake_round.collect(cabinet, hand_over, actor, grant=grant))
    running.sessions.acted_at_door(session)
    return {"hand_over": hand_over, "compartment": running.journal.cabinet.hand_overs[hand_over].compartment}


@router.post(
    "/{hand_over}/report",
    summary="What was taken out; nothing found asks for a second look first",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage, why.OtherBag),
)
async def report(hand_over: Id, body: Reported, session: Clerk, running: Cabinets) -> dict[str, bool]:
    actor = running.sessions.actor(session)
    said = intake_round.Report(bag=body.bag.strip().upper(), count=body.count)
    recorded = await running.record(lambda cabinet, *_: intake_round.report(cabinet, hand_over, actor, said))
    running.sessions.acted_at_door(session)
    return {"look_again": any(isinstance(one.event, ev.IntakeMissed) for one in recorded)}


@router.post(
    "/{hand_over}/answer",
    summary="The office answers: registered, supplement, returned, nothing found",
    responses=problems.documented(*STORED, why.UnknownIntake, why.WrongStage),
)
async def answer(hand_over: Id, body: Answered, session: Clerk, running: Cabinets) -> Nothing:
    actor, ref = running.sessions.actor(session), f"d-{running.new_id()}"
    said = intake_round.Answer(
        outcome=body.outcome,
        dossier=ref if body.dossier is not None else "",
        appointment=body.appointment.isoformat() if body.appointment is not None else "",
        rows=(dossier_row(ref, body.dossier),) if body.dossier is not None else (),
    )
    await running.record(lambda cabinet, *_: intake_round.answer(cabinet, hand_over, actor, said))
    return Nothing()
