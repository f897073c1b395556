"""What clerks do about delegates: end the right of somebody who was named to collect for an owner."""

from __future__ import annotations

from fastapi import APIRouter

from api import problems
from api.bodies import Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk
from locker import refusals as why
from locker.rules import delegates

router = APIRouter(prefix="/api/clerk/results")


@router.post(
    "/{result}/delegate/revoke",
    summary="Nobody but the owner collects this result from now on",
    responses=problems.documented(*STORED, why.UnknownDelegate),
)
async def revoke(result: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    await running.record(lambda cabinet, *_: delegates.revoke(cabinet, result, actor=session.member.user))
    return Nothing()
