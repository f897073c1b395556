"""Who works here: taken in, given another second factor, locked and unlocked by a leader.

Whatever lets somebody in asks for the leader's own password and second factor; locking somebody out does not.
"""

from __future__ import annotations

import asyncio
import os
from typing import Annotated, Any, Literal

import segno
from fastapi import APIRouter
from pydantic import Field

from api import enrolment, problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.enrolment import Enrolled
from api.exceptional import Factors, Leader
from api.running import Running
from locker import refusals as why
from locker.events import PutPersonal, StaffEnrolled
from locker.rules import enrolment as rules
from otp import staff

User = Annotated[str, Field(min_length=2, max_length=30, pattern=r"^[a-z][a-z0-9.-]*$", examples=["hoa"])]
ISSUER = "Dossier locker"


class Newcomer(Body):
    """Who comes, the password they chose, and the password and six digits of the leader who takes them in."""

    user: User
    name: Annotated[str, Field(min_length=1, max_length=80)]
    role: Literal["clerk", "leader", "technician"]
    password: Annotated[str, Field(min_length=1, max_length=200)]
    leader: Factors


class Confirmed(Body):
    leader: Factors


class Renewed(Confirmed):
    """A password that was forgotten is typed anew by the person, who is there to take the second factor away."""

    password: Annotated[str, Field(min_length=1, max_length=200)] | None = None


router = APIRouter(prefix="/api/clerk/members")
PROVED = (*STORED, why.ClockNotSet, why.TooManyAttempts)
KNOWN = problems.documented(*STORED, why.UnknownMember)


@router.post("", summary="Take somebody in", responses=problems.documented(*PROVED, why.UserTaken, why.WeakPassword))
async def add(body: Newcomer, session: Leader, running: Cabinets) -> dict[str, Any]:
    if body.user in await running.roster.current():
        raise why.UserTaken("somebody works here under this name, or did; choose another one")
    enrolment.require_good(body.password, user=body.user, name=body.name, cabinet=running.config.cabinet)
    await running.sign_in.check(user=session.member.user, password=body.leader.password, code=body.leader.code)
    made = await asyncio.to_thread(
        enrolment.enrol,
        body.user,
        name=body.name,
        role=body.role,
        password=body.password,
        is_initial=True,
        device_key=running.device_key,
        hasher=running.sign_in.hasher,
    )
    enrolled, kept = _fact(running, made, session.member.user)
    configured = running.roster.configured
    await running.record(lambda cabinet, *_: rules.add(cabinet, enrolled, kept, configured=configured))
    return _for_the_person(made)


@router.post(
    "/{user}/second-factor",
    summary="A new second factor, when a phone is lost; another password too, when that is forgotten",
    responses=problems.documented(*PROVED, why.UnknownMember, why.WeakPassword),
)
async def renew(user: User, body: Renewed, session: Leader, running: Cabinets) -> dict[str, Any]:
    known = await running.roster.current()
    rules.check(user, running.sessions.actor(session), known=known)
    entry = known[user]
    if body.password is not None:
        enrolment.require_good(body.password, user=user, name=entry.name, cabinet=running.config.cabinet)
    await running.sign_in.check(user=session.member.user, password=body.leader.password, code=body.leader.code)
    if body.password is not None:
        hashed = await asyncio.to_thread(staff.hash_password, body.password, hasher=running.sign_in.hasher)
        entry = entry.model_copy(update={"password_hash": hashed, "password_is_initial": True})
    made = await asyncio.to_thread(enrolment.renew, entry, device_key=running.device_key)
    enrolled, kept = _fact(running, made, session.member.user)
    await running.record(lambda cabinet, *_: rules.renew(cabinet, enrolled, kept))
    running.sessions.end_of(user)
    return _for_the_person(made)


@router.post("/{user}/lock", summary="Let nobody sign in under this name", responses=KNOWN)
async def lock(user: User, session: Leader, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    rules.check(user, actor, known=await running.roster.current())
    await running.record(lambda cabinet, *_: rules.lock(cabinet, user, actor))
    running.sessions.end_of(user)
    return Nothing()


@router.post("/{user}/sessions/end", summary="Sign somebody out wherever they are signed in", responses=KNOWN)
async def sign_out(user: User, session: Leader, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    rules.check(user, running.sessions.actor(session), known=await running.roster.current())
    count = len(running.sessions.of(user))
    await running.record(lambda *_: rules.end_sessions(user, session.member.user, count=count))
    running.sessions.end_of(user)
    return Nothing()


@router.post("/{user}/unlock", responses=problems.documented(*PROVED, why.UnknownMember))
async def unlock(user: User, body: Confirmed, session: Leader, running: Cabinets) -> Nothing:
    actor = running.sessions.actor(session)
    rules.check(user, actor, known=await running.roster.current())
    await running.sign_in.check(user=session.member.user, password=body.leader.password, code=body.leader.code)
    await running.record(lambda cabinet, *_: rules.unlock(cabinet, user, actor))
    return Nothing()


def _fact(running: Running, made: Enrolled, actor: str) -> tuple[StaffEnrolled, PutPersonal]:
    record = f"staff-{os.urandom(12).hex()}"
    body = enrolment.as_kept(made.entry, record, device_key=running.device_key)
    fact = StaffEnrolled(user=made.entry.user, role=made.entry.role, record=record, actor=actor)
    return fact, PutPersonal(ref=record, kind=rules.KIND, body=body)


def _for_the_person(made: Enrolled) -> dict[str, Any]:
    """Shown once: what their authenticator scans or types, and ten recovery codes."""
    secret = made.entry.totp_secret
    drawn = segno.make(staff.totp_address(secret, person=made.entry.user, issuer=ISSUER), error="m")
    return {
        "user": made.entry.user,
        "name": made.entry.name,
        "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        "picture": drawn.svg_data_uri(scale=4),
        "recovery_codes": list(made.recovery_codes),
    }
