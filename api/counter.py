"""The register of the counter: what was taken out or never put in, and how it leaves the office."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk
from locker import dossier_code, inbox, rows
from locker import refusals as why
from locker.events import Decision, Moment, PutPersonal
from locker.model import Cabinet
from locker.rules import counter as rules

AT_COUNTER = problems.documented(*STORED, why.UnknownResult, why.WrongStage)


class Parcel(Body):
    """The number on the parcel, as the post prints it (UPU S10 or the carrier's own)."""

    tracking: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{6,30}$", examples=["EA123456789VN"])]


router = APIRouter(prefix="/api/clerk/counter")


@router.post("/{result}/hand-out", summary="It was given to its person at the counter", responses=AT_COUNTER)
async def hand_out(result: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.hand_out(cabinet, result, actor))
    return Nothing()


@router.post("/{result}/post", summary="It was sent by post", responses=AT_COUNTER)
async def post(result: Id, body: Parcel, session: Clerk, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)
    ref = rules.at_counter(running.journal.cabinet, result).dossier

    def decide(cabinet: Cabinet, dossier: dict[str, str] | None, _moment: Moment) -> Decision:
        kept = None if dossier is None else _with_number(ref, dossier, body.tracking.upper())
        return rules.post(cabinet, result, actor, kept=kept)

    await running.record(decide, known=lambda connection: rows.personal(connection, ref))
    return Nothing()


def _with_number(ref: str, dossier: dict[str, Any], tracking: str) -> PutPersonal:
    """The dossier's erasable row, which keeps the parcel's number from now on."""
    code = dossier.get("code", "")
    return PutPersonal(
        ref=ref,
        kind="dossier",
        body={**dossier, "tracking": tracking},
        search=inbox.searchable(code),
        tail=dossier_code.tail(code),
    )
