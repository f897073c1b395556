"""The last way at the kiosk: the office calls back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import apsw
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api import callers, problems
from api.bodies import Body, Id
from api.callers import Cabinets
from api.running import Running
from locker import events as ev
from locker import refusals as why
from locker import views
from locker.model import Cabinet
from locker.rules import tickets
from otp import phones


class Call(Body):
    """Where to call: a typed number, or nothing for the number on record of this visit."""

    phone: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    visit: Id | None = None
    language: Literal["vi", "en"] = "vi"


class Ticket(BaseModel):
    """What the screen shows; `by` is local time, empty while the clock is not believed."""

    number: Annotated[int, Field(examples=[48213])]
    by: Annotated[str, Field(examples=["2026-11-23T08:30:00+07:00"])]


router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])


@router.post(
    "/tickets",
    summary="Ask to be called back",
    responses=problems.documented(why.PhoneMalformed, why.WrongStage, why.TicketsFull, why.ReadOnly, why.SafeMode),
)
async def take(body: Call, running: Cabinets) -> Ticket:
    phone = "" if body.phone is None else _phone(body.phone)
    if not phone and body.visit is None:
        raise why.PhoneMalformed("type the number that is to be called")
    ref = f"t-{running.new_id()}"
    kept = {"name": "", "phone": phone, "language": body.language}
    row = ev.PutPersonal(ref=ref, kind="person", body=kept)
    people: list[tuple[str, ...]] = []

    def decide(cabinet: Cabinet, same_phone: tuple[str, ...], moment: ev.Moment) -> ev.Decision:
        due_utc_ms = 0
        if moment.clock != "unset":
            due_utc_ms = int(tickets.call_back_by(running.office, running.local(moment.utc_ms)).timestamp() * 1000)
        if phone:
            people.append((ref, *same_phone))
            wanted = tickets.Wanted(due_utc_ms=due_utc_ms, person=ref, same_phone=same_phone, rows=(row,))
        else:
            people.append(tickets.of_visit(cabinet, body.visit or ""))
            wanted = tickets.Wanted(due_utc_ms=due_utc_ms, visit=body.visit or "")
        return tickets.take(cabinet, wanted)

    await running.record(decide, known=lambda connection: _same_phone(connection, phone))
    return _shown(running, people[-1])


def _phone(typed: str) -> str:
    """Any number a person can be called at, E.164. Raises PhoneMalformed."""
    phone = phones.parse_phone(typed)
    if phone.e164 is None:
        raise why.PhoneMalformed("type the number that is to be called")
    return phone.e164


def _same_phone(connection: apsw.Connection, phone: str) -> tuple[str, ...]:
    return views.with_phone(connection, phone)


def _shown(running: Running, people: tuple[str, ...]) -> Ticket:
    ticket = tickets.open_for(running.journal.cabinet, people)
    if ticket is None:
        raise why.WrongStage("a clerk has closed this ticket meanwhile; ask again")
    by: datetime | None = running.local(ticket.due_utc_ms) if ticket.due_utc_ms else None
    return Ticket(number=ticket.incident, by="" if by is None else by.isoformat(timespec="seconds"))
