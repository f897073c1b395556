"""Carrying what is inside to another compartment, one door after another."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api import problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import CLEARING, STORED, Clerk, Seconded, done, second_of
from locker import refusals as why
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import exceptional
from locker.rules import moving as rules


class Which(Body):
    """One of the two doors: the one it lay in at first, or the one that is kept for it."""

    door: rules.Door


router = APIRouter(prefix="/api/clerk/hand-overs/{hand_over}/move")
ON_THE_WAY = problems.documented(*STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage, why.CompartmentBusy)


@router.post(
    "",
    summary="Begin to move it: a compartment is kept for it, and its own opens",
    responses=CLEARING
    | problems.documented(why.WrongStage, why.NotServed, why.NoFreeCompartment, why.NoReachableCompartment),
)
async def start(hand_over: Id, body: Seconded, session: Clerk, running: Cabinets) -> dict[str, Any]:
    second = await second_of(running, session, body.second)
    actor, grant, servable = running.sessions.actor(session), running.new_id(), running.doors.servable

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        agreed, permit = second, body.approval or ""
        one = cabinet.hand_overs.get(hand_over)
        if permit and one is not None:
            agreed = exceptional.approver(cabinet, permit, one.compartment, "move", actor, moment=moment)
        return rules.start(
            cabinet,
            hand_over,
            actor,
            grant=grant,
            today=running.today(moment),
            places=running.places,
            servable=servable,
            second=agreed,
            permit=permit,
        )

    return done(running, session, await running.record(decide))


@router.post("/open", summary="Open one of its two doors", responses=ON_THE_WAY)
async def open_door(hand_over: Id, body: Which, session: Clerk, running: Cabinets) -> dict[str, Any]:
    actor, grant = running.sessions.actor(session), running.new_id()
    recorded = await running.record(
        lambda cabinet, *_: rules.open_door(cabinet, hand_over, actor, door=body.door, grant=grant)
    )
    return done(running, session, recorded)


@router.post("/confirm", summary="Say behind which door it lies; that ends the move", responses=ON_THE_WAY)
async def confirm(hand_over: Id, body: Which, session: Clerk, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.confirm(cabinet, hand_over, actor, door=body.door))
    running.sessions.acted_at_door(session)
    return Nothing()
