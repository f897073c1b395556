"""What clerks, leaders and technicians ask of the cabinet."""

from __future__ import annotations

from typing import Annotated, Any, Self

import apsw
from fastapi import APIRouter, Depends, Request, Response
from pydantic import Field, model_validator

from api import callers, clerk_snapshot, problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets, clerk_cookie
from api.own_password import choose
from api.running import Running
from api.sessions import Session
from api.streams import Stream
from locker import refusals as why
from locker import views
from locker.events import Decision, Found, GrantIssued, LoadStarted, Moment, Recorded, Size
from locker.model import Cabinet
from locker.rules import clearing, exceptional, loading
from locker.rules import staff as staff_rules

Looking = Annotated[Session, Depends(callers.looker)]
Member = Annotated[Session, Depends(callers.member)]
Clerk = Annotated[Session, Depends(callers.clerk)]
Number = Annotated[int, Field(ge=1, le=999)]
STORED = (why.NotAllowed, problems.NotSignedIn, why.ReadOnly, why.SafeMode)


class Shown(Body):
    """Who somebody is: name, password, and the six digits of the app or a recovery code."""

    user: Annotated[str, Field(min_length=1, max_length=40)]
    password: Annotated[str, Field(min_length=1, max_length=200)]
    code: Annotated[str, Field(min_length=1, max_length=40)]


class Entering(Shown):
    """`wanted`: the password that a member chooses in place of one that somebody else typed for them."""

    wanted: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class Seconded(Body):
    """Who agrees, where somebody must: a second person at the cabinet, or a leader by an approval asked for before."""

    second: Shown | None = None
    approval: Id | None = None


class TypedNumber(Body):
    number: Annotated[str, Field(min_length=1, max_length=12, examples=["4821"])]


class Wanted(Body):
    """What to load: picked results of one recipient, or what the scanner or keyboard typed."""

    results: Annotated[tuple[Id, ...], Field(min_length=1, max_length=20)] | None = None
    scan: Annotated[str, Field(min_length=1, max_length=100, examples=["H29.190.5-261008-0042"])] | None = None
    size: Size | None = None
    second: Shown | None = None
    approval: Id | None = None

    @model_validator(mode="after")
    def _names_one_way(self) -> Self:
        if (self.results is None) == (self.scan is None):
            raise ValueError("send either `results` or `scan`")
        return self

    def find(self, connection: apsw.Connection) -> tuple[str, ...]:
        """Results that fit what was scanned."""
        return () if self.scan is None else views.find_results(connection, self.scan)


class Sought(Body):
    """Names and numbers travel in a body: an address is kept in logs of browsers and proxies."""

    q: Annotated[str, Field(max_length=100)] = ""


class Answered(Body):
    did_open: bool


class Seen(Body):
    found: Found


entrance = APIRouter(prefix="/api/clerk")
router = APIRouter(prefix="/api/clerk")


# --- signing in and being there


@entrance.post(
    "/sign-in",
    dependencies=[Depends(callers.anonymous)],
    responses=problems.documented(
        why.NotAllowed, why.ClockNotSet, why.TooManyAttempts, why.OwnPasswordNeeded, why.WeakPassword, *STORED
    ),
)
async def sign_in(body: Entering, running: Cabinets, request: Request, response: Response) -> dict[str, str]:
    if body.wanted is None:
        member = await running.sign_in.check(user=body.user, password=body.password, code=body.code)
    else:
        member = await choose(running, body.user, wanted=body.wanted, password=body.password, code=body.code)
        running.sessions.end_of(member.user)
    token = running.sessions.begin(member, address="" if request.client is None else request.client.host)
    is_tls = running.config.clerk.certificate is not None
    response.set_cookie(clerk_cookie(running), token, httponly=True, samesite="strict", path="/", secure=is_tls)
    return {"user": member.user, "name": member.name, "role": member.role}


@entrance.post("/sign-out", responses=problems.documented(*STORED))
async def sign_out(session: Member, running: Cabinets, response: Response) -> Nothing:
    running.sessions.end(session)
    is_tls = running.config.clerk.certificate is not None
    response.headers["Clear-Site-Data"] = '"cache"'
    response.delete_cookie(clerk_cookie(running), httponly=True, samesite="strict", path="/", secure=is_tls)
    return Nothing()


@entrance.post("/presence/request", responses=problems.documented(*STORED, why.TooManyAttempts))
async def ask_presence(session: Member, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    running.sessions.ask_number(session)
    return Nothing()


@entrance.post("/presence", responses=problems.documented(*STORED, why.PresenceNeeded))
async def prove_presence(body: TypedNumber, session: Member, running: Cabinets) -> Nothing:
    running.sessions.check_number(session, body.number)
    await running.record(lambda *_: staff_rules.prove_presence(session.member.user, "kiosk_number"))
    running.sessions.prove(session)
    return Nothing()


@router.get("/snapshot", responses=problems.documented(*STORED))
async def snapshot(session: Looking, running: Cabinets) -> dict[str, Any]:
    return await clerk_snapshot.build(running, session)


@router.get("/stream", response_class=Response, responses=problems.documented(*STORED))
async def stream(session: Looking, running: Cabinets) -> Stream:
    async def build() -> dict[str, Any] | None:
        if not running.sessions.is_live(session):
            return None
        return await clerk_snapshot.build(running, session)

    return Stream(running, build, counts_down=clerk_snapshot.counts_down)


@router.post("/search", summary="Find results by name, dossier or phone", responses=problems.documented(*STORED))
async def search(body: Sought, session: Clerk, running: Cabinets) -> dict[str, list[dict[str, Any]]]:
    _ = session
    found = await running.journal.read(lambda connection: views.search(connection, body.q))
    return {
        "results": [
            {
                "result": one.result,
                "dossier": one.dossier,
                "name": one.name,
                "where": one.where,
                "compartment": one.compartment or None,
                "when": running.local(one.when_utc_ms).isoformat(timespec="seconds"),
            }
            for one in found
        ]
    }


# --- loading


@router.post(
    "/loads",
    responses=problems.documented(
        *STORED,
        why.OutOfUse,
        why.PresenceNeeded,
        why.UnknownResult,
        why.NotLoadable,
        why.SeveralMatch,
        why.DoorStandsOpen,
        why.NoFreeCompartment,
        why.NoReachableCompartment,
        why.SecondPersonNeeded,
        why.UnknownApproval,
    ),
)
async def load(body: Wanted, session: Clerk, running: Cabinets) -> dict[str, Any]:
    second = await second_of(running, session, body.second)
    actor, servable = running.sessions.actor(session), running.doors.servable
    hand_over, grant = running.new_id(), running.new_id()

    def decide(cabinet: Cabinet, found: tuple[str, ...], moment: Moment) -> Decision:
        loading.needs_presence(actor)
        results, agreed, permit = wanted(cabinet, body, found), second, body.approval or ""
        if permit:
            agreed = exceptional.load_approver(cabinet, permit, results, actor, moment=moment)
        request = loading.Load(
            results=results,
            actor=actor,
            hand_over=hand_over,
            grant=grant,
            size=body.size,
            second=agreed,
            permit=permit,
        )
        return loading.load(cabinet, request, places=running.places, servable=servable)

    return done(running, session, await running.record(decide, known=body.find))


def wanted(cabinet: Cabinet, body: Wanted, found: tuple[str, ...]) -> tuple[str, ...]:
    """The results that are meant. Raises as `_the_one`."""
    return body.results if body.results is not None else (_the_one(cabinet, found),)


def _the_one(cabinet: Cabinet, found: tuple[str, ...]) -> str:
    """The one result that was scanned. Raises UnknownResult, WrongStage (already inside), SeveralMatch."""
    live = [result for result in found if result in cabinet.results]
    waiting = [result for result in live if not cabinet.results[result].hand_over]
    if len(waiting) > 1:
        raise why.SeveralMatch(tuple(waiting))
    if waiting:
        return waiting[0]
    if live:
        raise why.WrongStage("this result is already in a compartment")
    raise why.UnknownResult("no such result is expected; announce it at the centre or leave it at the counter")


def done(running: Running, session: Session, recorded: tuple[Recorded, ...]) -> dict[str, Any]:
    """Keeps presence alive and tells which door moves, if one does."""
    running.sessions.acted_at_door(session)
    for one in recorded:
        if isinstance(one.event, LoadStarted | GrantIssued):
            return {"hand_over": one.event.hand_over, "compartment": one.event.compartment}
    return {}


OWN_LOAD = problems.documented(*STORED, why.PresenceNeeded, why.UnknownHandOver, why.WrongStage, why.CompartmentBusy)


@router.post(
    "/loads/{hand_over}/reopen",
    responses=OWN_LOAD | problems.documented(why.SecondPersonNeeded, why.UnknownApproval),
)
async def reopen(hand_over: Id, body: Seconded, session: Clerk, running: Cabinets) -> dict[str, Any]:
    second = await second_of(running, session, body.second)
    actor, grant = running.sessions.actor(session), running.new_id()

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        agreed, permit = second, body.approval or ""
        one = cabinet.hand_overs.get(hand_over)
        if permit and one is not None:
            agreed = exceptional.approver(cabinet, permit, one.compartment, "load", actor, moment=moment)
        return loading.reopen(cabinet, hand_over, actor, grant=grant, second=agreed, permit=permit)

    return done(running, session, await running.record(decide))


@router.post("/loads/{hand_over}/undo", responses=OWN_LOAD)
async def undo(hand_over: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> dict[str, Any]:
    actor = running.sessions.actor(session)
    return done(running, session, await running.record(lambda cabinet, *_: loading.undo(cabinet, hand_over, actor)))


@router.post("/loads/{hand_over}/answers", responses=OWN_LOAD)
async def answer(hand_over: Id, body: Answered, session: Clerk, running: Cabinets) -> dict[str, Any]:
    actor = running.sessions.actor(session)
    recorded = await running.record(
        lambda cabinet, *_: loading.answer(cabinet, hand_over, actor, did_open=body.did_open)
    )
    return done(running, session, recorded)


@router.post("/loads/{hand_over}/shut", summary="Its door is shut, whatever the sensor shows", responses=OWN_LOAD)
async def shut(hand_over: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> dict[str, Any]:
    actor = running.sessions.actor(session)
    return done(running, session, await running.record(lambda cabinet, *_: loading.shut(cabinet, hand_over, actor)))


@router.post("/round/close", responses=problems.documented(*STORED, why.DoorStandsOpen))
async def close_round(session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    await running.record(lambda cabinet, *_: loading.close_round(cabinet, session.member.user))
    return Nothing()


# --- clearing


CLEARING = problems.documented(
    *STORED,
    why.PresenceNeeded,
    why.SecondPersonNeeded,
    why.UnknownApproval,
    why.UnknownHandOver,
    why.CompartmentBusy,
)


async def second_of(running: Running, session: Session, shown: Shown | None) -> str:
    """The user name of a second clerk or leader, checked; empty without one. Raises NotAllowed, TooManyAttempts."""
    if shown is None:
        return ""
    if shown.user == session.member.user:
        raise why.SecondPersonNeeded("the second person must be another one")
    member = await running.sign_in.check(user=shown.user, password=shown.password, code=shown.code)
    if member.role == "technician":
        raise why.NotAllowed("the second person must be a clerk or a leader")
    return member.user


@router.post("/hand-overs/{hand_over}/reclaim", responses=CLEARING)
async def reclaim(hand_over: Id, body: Seconded, session: Clerk, running: Cabinets) -> dict[str, Any]:
    second = await second_of(running, session, body.second)
    actor, grant = running.sessions.actor(session), running.new_id()

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        today, permit = running.today(moment), body.approval or ""
        one = cabinet.hand_overs.get(hand_over)
        agreed = second
        if permit and one is not None:
            agreed = exceptional.approver(cabinet, permit, one.compartment, "reclaim", actor, moment=moment)
        return clearing.reclaim(cabinet, hand_over, actor, grant=grant, today=today, second=agreed, permit=permit)

    return done(running, session, await running.record(decide))


@router.post(
    "/hand-overs/{hand_over}/new-code", responses=problems.documented(*STORED, why.UnknownHandOver, why.WrongStage)
)
async def new_code(hand_over: Id, session: Clerk, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    _ = session
    cabinet = running.journal.cabinet
    one = cabinet.hand_overs.get(hand_over)
    bundle = None if one is None else cabinet.bundle_of(one.recipient)
    if bundle is None:
        raise why.UnknownHandOver("no such hand-over waits for its owner")
    await running.notices.mint_again(bundle.bundle)
    return Nothing()


@router.post("/compartments/{number}/inspect", responses=CLEARING)
async def inspect(number: Number, body: Seconded, session: Member, running: Cabinets) -> dict[str, Any]:
    require_compartment(running, number)
    second = await second_of(running, session, body.second)
    actor, grant = running.sessions.actor(session), running.new_id()

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        today, permit = running.today(moment), body.approval or ""
        agreed = second
        if permit:
            agreed = exceptional.approver(cabinet, permit, number, "inspect", actor, moment=moment)
        return clearing.inspect(cabinet, number, actor, grant=grant, today=today, second=agreed, permit=permit)

    return done(running, session, await running.record(decide))


@router.post(
    "/compartments/{number}/look",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.UnknownCompartment, why.WrongStage),
)
async def look(number: Number, body: Seen, session: Clerk, running: Cabinets) -> dict[str, Any]:
    require_compartment(running, number)
    actor = running.sessions.actor(session)
    recorded = await running.record(lambda cabinet, *_: clearing.looked(cabinet, number, actor, found=body.found))
    return done(running, session, recorded)


def require_compartment(running: Running, number: int) -> None:
    """Raise UnknownCompartment unless the configuration names it."""
    if number not in running.places:
        raise why.UnknownCompartment(f"this cabinet has no compartment {number}")
