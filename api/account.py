"""What members of staff change about themselves: their password, and where they are signed in.

Each of it asks for password and second factor again, whoever is signed in; who found a page left open changes nothing.
Another password ends every other session of its member.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.clerk import STORED, Looking, Member
from api.exceptional import Factors
from api.own_password import choose
from locker import refusals as why
from locker.rules import enrolment as rules

router = APIRouter(prefix="/api/clerk/account")
PROVED = problems.documented(*STORED, why.ClockNotSet, why.TooManyAttempts)


class AnotherPassword(Body):
    """The one wanted, and who wants it: the present password with the six digits or a recovery code."""

    wanted: Annotated[str, Field(min_length=1, max_length=200)]
    own: Factors


class Ending(Body):
    """Which session ends; without one, all others than the one that asks."""

    session: Id | None = None
    own: Factors


@router.post(
    "/password", summary="Another password", responses=PROVED | problems.documented(why.WeakPassword, why.NotAllowed)
)
async def change_password(body: AnotherPassword, session: Member, running: Cabinets) -> Nothing:
    user = session.member.user
    await choose(
        running,
        user,
        wanted=body.wanted,
        password=body.own.password,
        code=body.own.code,
        name=session.member.name,
    )
    running.sessions.end_of(user, but=session)
    return Nothing()


@router.get("/sessions", summary="Where one is signed in", responses=problems.documented(*STORED))
async def sessions(session: Looking, running: Cabinets) -> dict[str, list[dict[str, Any]]]:
    now = running.clock()

    def local(uptime_ms: int) -> str:
        return running.local(now.utc_ms - (now.uptime_ms - uptime_ms)).isoformat(timespec="seconds")

    return {
        "sessions": [
            {
                "session": one.id,
                "since": local(one.began_ms),
                "last_act": local(one.touched_ms),
                "address": one.address,
                "is_this": one is session,
                "is_present": running.sessions.is_present(one),
            }
            for one in running.sessions.of(session.member.user)
        ]
    }


@router.post("/sessions/end", summary="End another session, or all others", responses=PROVED)
async def end_sessions(body: Ending, session: Member, running: Cabinets) -> Nothing:
    user = session.member.user
    await running.sign_in.check(user=user, password=body.own.password, code=body.own.code)
    others = [one for one in running.sessions.of(user) if one is not session and body.session in (None, one.id)]
    await running.record(lambda *_: rules.end_sessions(user, user, count=len(others)))
    for one in others:
        running.sessions.end(one)
    return Nothing()
