"""What the technician's page asks: taking boards out, trying their doors one by one, the signed sheet.

The same routes serve a board that was replaced while the cabinet serves, and a whole cabinet that does not serve yet
(`dossier-locker commission --page`). They take no names and give none.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import PlainTextResponse
from pydantic import Field

from api import callers, commission_snapshot, prints, problems, trials
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Number
from api.sessions import Session
from api.streams import Stream
from locker import acceptance, receipts
from locker import refusals as why
from locker.rules.commissioning import Finding

Looking = Annotated[Session, Depends(callers.AllowsStaff("leader", "technician", is_act=False))]
Technician = Annotated[Session, Depends(callers.AllowsStaff("leader", "technician"))]


class Boards(Body):
    """Which boards leave service."""

    boards: Annotated[tuple[Id, ...], Field(min_length=1, max_length=64)]


class Opened(Body):
    """Which door a person saw open, 0 for none; it is shut again."""

    opened: Annotated[int, Field(ge=0, le=999)]


class Shape(Body):
    """How the sheet is told: as a page for paper in this language, or as the text that the cabinet signed."""

    shape: Annotated[Literal["html", "text"], Field(alias="as")] = "html"
    lang: prints.Language = "vi"


router = APIRouter(prefix="/api/commission")


@router.get("/snapshot", responses=problems.documented(*STORED))
async def snapshot(session: Looking, running: Cabinets) -> dict[str, Any]:
    return await commission_snapshot.build(running, session)


@router.get("/stream", response_class=Response, responses=problems.documented(*STORED))
async def stream(session: Looking, running: Cabinets) -> Stream:
    async def build() -> dict[str, Any] | None:
        if not running.sessions.is_live(session):
            return None
        return await commission_snapshot.build(running, session)

    return Stream(running, build, counts_down=lambda _snapshot: False)


TRIED = problems.documented(*STORED, why.PresenceNeeded, why.WrongStage, why.UnknownCompartment)


@router.post(
    "/boards",
    summary="Take boards out of service to prove them door by door",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.WrongStage),
)
async def take_out(body: Boards, session: Technician, running: Cabinets) -> Nothing:
    await trials.take_out(running, body.boards, running.sessions.actor(session))
    running.sessions.acted_at_door(session)
    return Nothing()


@router.post(
    "/doors/{number}/try",
    summary="Pulse one door of a board that is out of service",
    responses=TRIED | problems.documented(why.CompartmentBusy, why.PresenceNeeded, why.WrongStage),
)
async def attempt(
    number: Number, session: Technician, running: Cabinets, _body: Nothing | None = None
) -> dict[str, Any]:
    finding = await trials.attempt(running, number, running.sessions.actor(session))
    running.sessions.acted_at_door(session)
    return {"finding": _told(finding)}


@router.post(
    "/doors/{number}/seen",
    summary="Say which door opened; what that shows",
    responses=TRIED | problems.documented(why.DoorStandsOpen, why.WrongStage),
)
async def seen(number: Number, body: Opened, session: Technician, running: Cabinets) -> dict[str, Any]:
    finding = await trials.seen(running, number, body.opened, running.sessions.actor(session))
    running.sessions.acted_at_door(session)
    return {"finding": _told(finding)}


@router.get(
    "/sheet",
    summary="The signed acceptance sheet",
    response_class=Response,
    responses=problems.documented(*STORED, why.WrongStage),
)
async def sheet(session: Looking, running: Cabinets, shape: Annotated[Shape, Query()]) -> Response:
    if not running.trials.boards:
        raise why.WrongStage("no board was proved since the start; take one out and try its doors first")
    told = await commission_snapshot.sheet(running, session)
    signed = acceptance.write(told, running.receipt_key)
    public = receipts.public_text(running.receipt_key)
    if shape.shape == "html":
        return prints.acceptance(running, told, signed, public, shape.lang)
    headers = {"Content-Disposition": f'attachment; filename="{acceptance.file_name(told)}"'}
    return PlainTextResponse(acceptance.page(told, signed, public), headers=headers)


def _told(finding: Finding | None) -> Any:
    return None if finding is None else msgspec.to_builtins(finding)
