"""Moving the cabinet to another place, and retiring it: a leader's acts, and those of who is at the command line."""

from __future__ import annotations

from typing import Annotated

import apsw
from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.clerk_snapshot import acked_through
from api.exceptional import Leader
from api.running import Running
from locker import refusals as why
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import standing as rules
from otp.segments import unaccent

CONSOLE = "console"


class Moved(Body):
    """Where the cabinet stands now, short enough for every message."""

    address: Annotated[str, Field(min_length=3, max_length=rules.LONGEST_ADDRESS, examples=["25 Hoa Mai"])]


class Retired(Body):
    """The id of the cabinet, typed by who retires it."""

    cabinet: Annotated[str, Field(max_length=40)]


router = APIRouter(prefix="/api/clerk")


@router.post(
    "/relocation/start",
    summary="Take the cabinet out of use for a move",
    responses=problems.documented(*STORED, why.OutOfUse, why.DoorStandsOpen, why.WrongStage),
)
async def start(session: Leader, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    await start_relocation(running, session.member.user)
    return Nothing()


@router.post(
    "/relocation/finish",
    summary="Serve again at the new address",
    responses=problems.documented(*STORED, why.WrongStage),
)
async def finish(body: Moved, session: Leader, running: Cabinets) -> Nothing:
    await finish_relocation(running, session.member.user, body.address)
    return Nothing()


@router.post(
    "/retirement",
    summary="End this cabinet for good",
    responses=problems.documented(*STORED, why.WrongStage, why.StillInUse),
)
async def retire(body: Retired, session: Leader, running: Cabinets) -> Nothing:
    await retire_cabinet(running, session.member.user, body.cabinet)
    return Nothing()


async def start_relocation(running: Running, actor: str) -> None:
    """Raises what `rules.start_relocation` raises."""
    await running.record(lambda cabinet, *_: rules.start_relocation(cabinet, actor))


async def finish_relocation(running: Running, actor: str, address: str) -> None:
    """Raises what `rules.finish_relocation` raises."""
    short = " ".join(address.split())
    if not 0 < len(unaccent(short)) <= rules.LONGEST_ADDRESS:
        raise why.WrongStage(f"write the address with 1 to {rules.LONGEST_ADDRESS} signs")
    await running.record(lambda cabinet, *_: rules.finish_relocation(cabinet, actor, address=short))


async def retire_cabinet(running: Running, actor: str, typed: str) -> None:
    """Raises what `rules.retire` raises, and WrongStage for another cabinet's id."""
    if typed.strip() != running.config.cabinet.id:
        raise why.WrongStage(f"type the id of this cabinet, {running.config.cabinet.id}")
    has_centre = running.config.centre.url is not None

    def unsent(connection: apsw.Connection) -> int:
        if not has_centre:
            return 0
        return int(connection.execute("SELECT coalesce(max(seq), 0) FROM event").get) - acked_through(connection)

    def decide(cabinet: Cabinet, count: int, _moment: Moment) -> Decision:
        return rules.retire(cabinet, actor, unsent=count)

    await running.record(decide, known=unsent)
