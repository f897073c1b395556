"""Practice codes: made by a present clerk, kept in memory, good once for an empty door."""

from __future__ import annotations

from fastapi import APIRouter

from api import problems
from api.bodies import Nothing
from api.callers import Cabinets
from api.clerk import STORED, Clerk
from api.running import PracticeCode
from locker import refusals as why
from locker.config import daytime_of
from locker.rules import notices, practice
from otp import codes

router = APIRouter(prefix="/api/clerk/practice")


@router.post(
    "",
    summary="Make a practice code for an empty door; it is in the snapshot for ten minutes",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.NoFreeCompartment),
)
async def make(session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    cabinet, moment = running.journal.cabinet, running.clock()
    actor = running.sessions.actor(session)
    number = practice.choose(
        cabinet,
        actor,
        places=running.places,
        servable=running.doors.servable,
        day=daytime_of(running.config),
        moment=moment,
    )

    def draw(count: int) -> bytes:
        return bytes.fromhex(running.new_id())[-count:]

    selector = codes.pick_selector(notices.taken_selectors(cabinet, cabinet.utc_ms), draw)
    digits = codes.compose(selector, codes.secret_from(draw))
    running.practice.keep(PracticeCode(digits, number, actor.user, moment.uptime_ms + practice.LIFE_MS))
    running.sessions.acted_at_door(session)
    running.bell.ring()
    return Nothing()
