"""Checking the stock, taking compartments out of use, and the leader's question: did we lose anything?"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api import balancing, prints, problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import CLEARING, STORED, Clerk, Member, Number, Seconded, done, require_compartment, second_of
from api.exceptional import Leader
from locker import refusals as why
from locker import views
from locker.events import ClosedCause, Decision, Moment
from locker.model import Cabinet
from locker.rules import exceptional
from locker.rules import stock as rules

FORCED_MS = 6 * 24 * 3_600_000


class Closed(Body):
    cause: ClosedCause


router = APIRouter(prefix="/api/clerk")


# --- the stock check


@router.post("/stock", summary="Start a stock check", responses=CLEARING)
async def start(body: Seconded, session: Clerk, running: Cabinets) -> Nothing:
    second = await second_of(running, session, body.second)
    actor, check = running.sessions.actor(session), running.new_id()
    await running.record(
        lambda cabinet, *_: rules.start(cabinet, actor, check=check, places=running.places, second=second)
    )
    return Nothing()


@router.post("/stock/open", summary="Open the next compartment of the stock check", responses=CLEARING)
async def open_next(body: Seconded, session: Clerk, running: Cabinets) -> dict[str, Any]:
    second = await second_of(running, session, body.second)
    actor, grant, servable = running.sessions.actor(session), running.new_id(), running.doors.servable

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        agreed, permit = second, body.approval or ""
        number = rules.next_door(cabinet, servable=servable)
        if permit and number is not None:
            agreed = exceptional.approver(cabinet, permit, number, "inspect", actor, moment=moment)
        return rules.open_next(
            cabinet,
            actor,
            grant=grant,
            today=running.today(moment),
            servable=servable,
            second=agreed,
            permit=permit,
        )

    return done(running, session, await running.record(decide))


@router.post("/stock/finish", responses=problems.documented(*STORED, why.WrongStage))
async def finish(session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.finish(cabinet, actor))
    return Nothing()


# --- compartments out of use

USE = problems.documented(*STORED, why.PresenceNeeded, why.UnknownCompartment, why.WrongStage)


@router.post("/compartments/{number}/close", summary="Take a compartment out of use", responses=USE)
async def close_compartment(number: Number, body: Closed, session: Member, running: Cabinets) -> Nothing:
    require_compartment(running, number)
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.close_compartment(cabinet, number, actor, cause=body.cause))
    return Nothing()


@router.post("/compartments/{number}/reopen", summary="Put it into use again", responses=USE)
async def reopen_compartment(
    number: Number, session: Member, running: Cabinets, _body: Nothing | None = None
) -> Nothing:
    require_compartment(running, number)
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.reopen_compartment(cabinet, number, actor))
    return Nothing()


# --- the balance


class Sheet(Body):
    """How the balance is told: as JSON, or as a page for paper in this language."""

    shape: Annotated[Literal["json", "html"], Field(alias="as")] = "json"
    lang: prints.Language = "vi"


@router.get(
    "/balance", summary="Did we lose anything?", response_class=Response, responses=problems.documented(*STORED)
)
async def balance(session: Leader, running: Cabinets, sheet: Annotated[Sheet, Query()]) -> Response:
    _ = session
    moment = running.clock()
    today, _end = running.day_utc_ms(moment)

    while True:
        found, forced, reasons = await running.journal.read(
            lambda connection: (
                views.balance(connection, today),
                views.forced(connection, today - FORCED_MS),
                views.people(connection, balancing.reasons(running.journal.cabinet)),
            )
        )
        cabinet = running.journal.cabinet
        if found.seq == cabinet.seq:
            break
    told = balancing.sheet(running, cabinet, found, forced, reasons, moment)
    return JSONResponse(told) if sheet.shape == "json" else prints.balance(running, told, sheet.lang)
