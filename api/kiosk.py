"""The kiosk's listener: what the screen in front of the cabinet asks for. Loopback only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Self

import apsw
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from api import callers, kiosk_snapshot, page_files, problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.entry import COOKIE, KioskEntry
from api.page_files import PageFile
from api.problems import DOOR_FAULTS
from api.running import PracticeCode, Running
from api.streams import Stream
from locker import refusals as why
from locker import slips, views
from locker.events import Decision, Moment
from locker.model import Cabinet
from locker.rules import lost_codes, pickup, practice
from locker.rules import slips as slip_rules
from otp import codes, phones


class Submitted(Body):
    """What was typed. `second` are the last four digits of the phone, `paper` those of the ID paper, when asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"digits": "4821 7390 5562", "second": None}]})

    digits: Annotated[str, Field(max_length=200)]
    second: Annotated[str, Field(max_length=20)] | None = None
    paper: Annotated[str, Field(max_length=20)] | None = None
    visit: Id | None = None


class Scanned(Body):
    """What the scanner read from an appointment slip; `paper` are the last four digits of the ID paper."""

    slip: Annotated[str, Field(max_length=200)]
    paper: Annotated[str, Field(max_length=20)] | None = None


class LostCode(Body):
    """The phone number to which a new code is to go, or a scanned slip: then it goes to the number on record."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"phone": "0912345678"}]})

    phone: Annotated[str, Field(min_length=1, max_length=40)] | None = None
    slip: Annotated[str, Field(max_length=200)] | None = None

    @model_validator(mode="after")
    def _names_one_way(self) -> Self:
        if (self.phone is None) == (self.slip is None):
            raise ValueError("send either `phone` or `slip`")
        return self


class OneHandOver(Body):
    hand_over: Id


class Said(Body):
    hand_over: Id
    said: pickup.Answer


class VisitBegun(BaseModel):
    visit: Annotated[str, Field(examples=["9f2c41d07b5e83a6c0d1e2f3"])]


router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])


@router.get("/snapshot", summary="All that the screen shows now")
async def snapshot(running: Cabinets) -> dict[str, Any]:
    return kiosk_snapshot.build(running)


@router.get("/stream", summary="The same on every change, as server-sent events", response_class=Response)
async def stream(running: Cabinets) -> Stream:
    async def build() -> dict[str, Any]:
        return kiosk_snapshot.build(running)

    return Stream(running, build, counts_down=kiosk_snapshot.counts_down)


@router.post(
    "/codes",
    summary="Try twelve digits",
    responses=problems.documented(
        why.CodeMalformed,
        why.CodeRefused,
        why.SecondCheckNeeded,
        why.PaperCheckNeeded,
        why.PaperRefused,
        why.TooManyAttempts,
        why.OutOfUse,
        *DOOR_FAULTS,
    ),
)
async def submit(body: Submitted, running: Cabinets) -> VisitBegun:
    typed = codes.parse(body.digits)
    if isinstance(typed, codes.Malformed):
        raise why.CodeMalformed(typed.mistake.value)
    running.require_trusted_disk()
    tried = running.practice.matches(codes.compose(typed.selector, typed.secret), running.clock().uptime_ms)
    if tried is not None:
        return await _practise(running, tried)
    proof = await running.proofs.prove(typed, second=body.second, paper=body.paper)
    grant, fresh, servable = running.new_id(), running.new_id(), running.doors.servable
    visits = [fresh]

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        code = cabinet.codes.get(proof.code)
        if cabinet.visit is not None and code is not None and pickup.is_begun_by(cabinet, cabinet.visit, code):
            visits.append(cabinet.visit.visit)
        asks_reach = running.config.kiosk.asks_reach
        request = pickup.Submit(proof=proof, visit=visits[-1], grant=grant, asks_reach=asks_reach)
        return pickup.submit(cabinet, request, places=running.places, servable=servable, moment=moment)

    await running.record(decide)
    return VisitBegun(visit=visits[-1])


async def _practise(running: Running, tried: PracticeCode) -> VisitBegun:
    visit, grant, servable = running.new_id(), running.new_id(), running.doors.servable
    await running.record(
        lambda cabinet, *_: practice.begin(
            cabinet, tried.compartment, visit=visit, grant=grant, actor=tried.actor, servable=servable
        )
    )
    running.practice.spend()
    return VisitBegun(visit=visit)


@router.post(
    "/slips",
    summary="Try a scanned appointment slip",
    responses=problems.documented(
        why.CodeMalformed, why.SlipRefused, why.PaperCheckNeeded, why.PaperRefused, why.OutOfUse, *DOOR_FAULTS
    ),
)
async def submit_slip(body: Scanned, running: Cabinets) -> VisitBegun:
    token = _token(body.slip)
    if not running.config.kiosk.accepts_slips:
        raise why.SlipRefused("this cabinet opens with the code of the message only")
    running.require_trusted_disk()
    proof = await running.proofs.prove_slip(token, paper=body.paper)
    grant, fresh, servable = running.new_id(), running.new_id(), running.doors.servable
    visits = [fresh]

    def decide(cabinet: Cabinet, _known: None, moment: Moment) -> Decision:
        if cabinet.visit is not None and slip_rules.is_same_visit(cabinet, proof):
            visits.append(cabinet.visit.visit)
        first = pickup.First(visit=visits[-1], grant=grant, asks_reach=running.config.kiosk.asks_reach)
        return slip_rules.submit(cabinet, proof, first, places=running.places, servable=servable, moment=moment)

    await running.record(decide)
    return VisitBegun(visit=visits[-1])


@router.post(
    "/lost-code",
    summary="Ask for a new code; the answer does not tell whether anything waits for this number",
    responses=problems.documented(
        why.PhoneMalformed, why.CodeMalformed, why.NoticesOffline, why.ReadOnly, why.SafeMode
    ),
)
async def lost_code(body: LostCode, running: Cabinets) -> Nothing:
    find = _by_slip(running, body.slip) if body.slip is not None else _by_phone(body.phone or "")
    if not running.notices.is_online:
        raise why.NoticesOffline("no message can be sent now; call the office")
    await running.record(lost_codes.ask, known=find)
    return Nothing()


def _by_phone(typed: str) -> Callable[[apsw.Connection], tuple[str, ...]]:
    """Finds the people with this number. Raises PhoneMalformed."""
    phone = phones.parse_phone(typed)
    if phone.e164 is None or not phone.takes_messages:
        raise why.PhoneMalformed("type the mobile number that was given to the office")
    e164 = phone.e164
    return lambda connection: views.with_phone(connection, e164)


def _by_slip(running: Running, scanned: str) -> Callable[[apsw.Connection], tuple[str, ...]]:
    """Finds the people whose slip this is. Raises CodeMalformed."""
    token = _token(scanned)
    return lambda connection: running.proofs.slip_people(connection, token)


def _token(scanned: str) -> str:
    token = slips.read(scanned)
    if token is None:
        raise why.CodeMalformed(codes.Mistake.TOO_LONG.value)
    return token


@router.post(
    "/visits/{visit}/next",
    summary="Open the next door of this visit",
    responses=problems.documented(why.WrongStage, why.CompartmentBusy, *DOOR_FAULTS),
)
async def open_next(visit: Id, _body: Nothing, running: Cabinets) -> Nothing:
    grant, servable = running.new_id(), running.doors.servable
    await running.record(
        lambda cabinet, _known, moment: pickup.open_next(
            cabinet, visit=visit, grant=grant, places=running.places, servable=servable, moment=moment
        )
    )
    return Nothing()


@router.post(
    "/visits/{visit}/reopen",
    summary="Open a just closed door again",
    responses=problems.documented(why.WrongStage, why.UnknownHandOver, why.CompartmentBusy, *DOOR_FAULTS),
)
async def reopen(visit: Id, body: OneHandOver, running: Cabinets) -> Nothing:
    grant = running.new_id()
    await running.record(
        lambda cabinet, _known, moment: pickup.reopen(cabinet, body.hand_over, visit=visit, grant=grant, moment=moment)
    )
    return Nothing()


LEAVING = problems.documented(why.WrongStage, why.UnknownHandOver, why.ReadOnly, why.SafeMode)


@router.post("/visits/{visit}/later", summary="Leave one of several inside for another day", responses=LEAVING)
async def later(visit: Id, body: OneHandOver, running: Cabinets) -> Nothing:
    await running.record(
        lambda cabinet, *_: pickup.leave_inside(cabinet, body.hand_over, visit=visit, is_out_of_reach=False)
    )
    return Nothing()


@router.post("/visits/{visit}/reach", summary="Say that a compartment is out of reach", responses=LEAVING)
async def reach(visit: Id, body: OneHandOver, running: Cabinets) -> Nothing:
    await running.record(
        lambda cabinet, *_: pickup.leave_inside(cabinet, body.hand_over, visit=visit, is_out_of_reach=True)
    )
    return Nothing()


@router.post(
    "/visits/{visit}/answers",
    summary="Say what was found behind a door",
    responses=problems.documented(why.WrongStage, why.UnknownHandOver, why.ReadOnly, why.SafeMode),
)
async def answer(visit: Id, body: Said, running: Cabinets) -> Nothing:
    if body.hand_over == practice.HAND_OVER:
        await running.record(lambda cabinet, *_: practice.end(cabinet, visit=visit))
        return Nothing()
    await running.record(
        lambda cabinet, _known, _moment: pickup.answer(cabinet, body.hand_over, visit=visit, said=body.said)
    )
    return Nothing()


@router.post(
    "/visits/{visit}/stay",
    summary="Have more time",
    responses=problems.documented(why.WrongStage, why.ReadOnly, why.SafeMode),
)
async def stay(visit: Id, _body: Nothing, running: Cabinets) -> Nothing:
    await running.record(lambda cabinet, *_: pickup.stay(cabinet, visit=visit))
    return Nothing()


@router.post("/visits/{visit}/leave", summary="End the visit", responses=problems.documented(why.ReadOnly))
async def leave(visit: Id, _body: Nothing, running: Cabinets) -> Nothing:
    await running.record(lambda cabinet, _known, _moment: pickup.leave(cabinet, visit=visit))
    return Nothing()


def entrance(entry: KioskEntry, files: dict[str, PageFile]) -> APIRouter:
    """The page and the way to its cookie; also served while the cabinet starts."""
    entrance = APIRouter(dependencies=[Depends(callers.anonymous)], include_in_schema=False)

    @entrance.get("/enter")
    async def enter(key: Annotated[str, Field(max_length=100)] = "") -> Response:
        cookie = entry.cookie() if entry.is_open else await asyncio.to_thread(entry.use, key)
        if cookie is None:
            raise problems.NotSignedIn("this key was used before; start the kiosk unit again")
        answer = RedirectResponse("/", status_code=303)
        _give(answer, cookie)
        return answer

    @entrance.get("/")
    async def page(request: Request) -> Response:
        answer = page_files.serve(files, "kiosk/index.html", request)
        if entry.is_open and not entry.is_kiosk(request.cookies.get(COOKIE, "")):
            _give(answer, entry.cookie())
        return answer

    return entrance


def _give(answer: Response, cookie: str) -> None:
    answer.set_cookie(COOKIE, cookie, httponly=True, samesite="strict", path="/")
