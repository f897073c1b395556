"""The kiosk's routes for who asks about a dossier: whether its papers are inside, until when, and what may be done."""

from __future__ import annotations

from typing import Annotated, Literal

import apsw
from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from api import callers, problems, stays
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.running import Running
from locker import events as ev
from locker import refusals as why
from locker import views
from locker.model import Cabinet
from locker.rules import asking, ratings, staying

STORED = (why.ReadOnly, why.SafeMode)
ASKED = (why.StatusUnknown, why.TooManyAttempts, *STORED)
WISHED = (why.StayRefused, why.WrongStage, why.UnknownHandOver)

What = Literal["expected", "inside", "checking", "taken", "at_counter", "withdrawn", "ask"]
BY_STAGE: dict[str, What] = {
    "to_load": "expected",
    "loading": "expected",
    "collected": "taken",
    "reclaimed": "at_counter",
    "cancelled": "withdrawn",
}
Left = Literal["left", "taken_back", "in_hand", "registered", "supplement", "returned", "ask"]
BY_INTAKE_STAGE: dict[str, Left] = {
    "dropped": "left",
    "deposited": "left",
    "withdrawn": "taken_back",
    "collected": "in_hand",
    "registered": "registered",
    "supplement": "supplement",
    "returned": "returned",
}
NEVER_LEFT = ("offered", "given_up")


class Question(Body):
    """A dossier's code, whole or its digits from the date on, and the last four digits of a phone on record."""

    model_config = Body.model_config | {
        "json_schema_extra": {"examples": [{"dossier": "261008 0042", "phone": "4678"}]}
    }

    dossier: Annotated[str, Field(min_length=1, max_length=60)]
    phone: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class Wish(Question):
    hand_over: Id


class OfVisit(Body):
    hand_over: Id


class Result(BaseModel):
    what: What
    since: str
    opens: bool = False
    stay: stays.Stay | None = None


class Intake(BaseModel):
    """Papers left for the office; `day` is the promised day, or that of the result once registered."""

    what: Left
    since: str
    day: str


class Status(BaseModel):
    """`works`: whether the cabinet serves people now."""

    works: bool
    results: list[Result]
    intakes: list[Intake]


class Rating(Body):
    face: ev.Face
    reason: ev.RatedFor = ""


router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])


@router.post("/status", summary="Ask about a dossier", responses=problems.documented(*ASKED))
async def status(body: Question, running: Cabinets) -> Status:
    recorded = await running.record(asking.ask, known=lambda connection: _asked(connection, body))
    dossiers = tuple(ref for one in recorded if isinstance(one.event, ev.StatusAsked) for ref in one.event.dossiers)
    papers = await running.journal.read(lambda connection: views.papers(connection, dossiers))
    return _status(running, running.journal.cabinet, papers)


@router.post("/status/extend", summary="Keep it inside longer", responses=problems.documented(*ASKED, *WISHED))
async def extend(body: Wish, running: Cabinets) -> Nothing:
    def decide(cabinet: Cabinet, asked: asking.Asked, moment: ev.Moment) -> ev.Decision:
        question = asking.ask(cabinet, asked, moment)
        if question.refusal is not None:
            return question
        hand_over = staying.of_dossiers(cabinet, body.hand_over, asking.answered(cabinet, asked))
        return staying.extend(cabinet, hand_over, stays.terms(running), moment)

    await running.record(decide, known=lambda connection: _asked(connection, body))
    return Nothing()


@router.post("/status/counter", summary="Leave it at the counter", responses=problems.documented(*ASKED, *WISHED))
async def leave_at_counter(body: Wish, running: Cabinets) -> Nothing:
    def decide(cabinet: Cabinet, asked: asking.Asked, moment: ev.Moment) -> ev.Decision:
        question = asking.ask(cabinet, asked, moment)
        if question.refusal is not None:
            return question
        hand_over = staying.of_dossiers(cabinet, body.hand_over, asking.answered(cabinet, asked))
        return staying.leave_at_counter(cabinet, hand_over)

    await running.record(decide, known=lambda connection: _asked(connection, body))
    return Nothing()


@router.post(
    "/visits/{visit}/extend", summary="Keep one inside longer", responses=problems.documented(*WISHED, *STORED)
)
async def extend_in_visit(visit: Id, body: OfVisit, running: Cabinets) -> Nothing:
    await running.record(
        lambda cabinet, _known, moment: staying.extend(
            cabinet, staying.of_visit(cabinet, body.hand_over, visit), stays.terms(running), moment
        )
    )
    return Nothing()


@router.post(
    "/visits/{visit}/counter", summary="Leave one at the counter", responses=problems.documented(*WISHED, *STORED)
)
async def counter_in_visit(visit: Id, body: OfVisit, running: Cabinets) -> Nothing:
    await running.record(
        lambda cabinet, *_: staying.leave_at_counter(cabinet, staying.of_visit(cabinet, body.hand_over, visit))
    )
    return Nothing()


@router.post(
    "/visits/{visit}/rating", summary="Rate a visit, once", responses=problems.documented(why.WrongStage, *STORED)
)
async def rate(visit: Id, body: Rating, running: Cabinets) -> Nothing:
    await running.record(
        lambda cabinet, _known, moment: ratings.rate(cabinet, visit, face=body.face, reason=body.reason, moment=moment)
    )
    return Nothing()


def _asked(connection: apsw.Connection, body: Question) -> asking.Asked:
    return views.asked(connection, body.dossier, body.phone)


def _status(running: Running, cabinet: Cabinet, papers: tuple[views.Paper, ...]) -> Status:
    return Status(
        works=running.state == "ready",
        results=[_result(running, cabinet, one) for one in papers if not one.is_intake],
        intakes=[
            Intake(what=BY_INTAKE_STAGE.get(one.stage, "ask"), since=_day(running, one), day=one.day)
            for one in papers
            if one.is_intake and one.stage not in NEVER_LEFT
        ],
    )


def _day(running: Running, paper: views.Paper) -> str:
    return running.local(paper.since_utc_ms).date().isoformat()


def _result(running: Running, cabinet: Cabinet, paper: views.Paper) -> Result:
    since = _day(running, paper)
    one = cabinet.hand_overs.get(paper.hand_over)
    if paper.stage != "inside" or one is None:
        live = cabinet.results.get(paper.result)
        is_missed = live is not None and live.is_missed
        return Result(what="at_counter" if is_missed else BY_STAGE.get(paper.stage, "ask"), since=since)
    if one.is_cancelled or one.disputed or one.uncertain:
        return Result(what="ask" if one.is_cancelled else "checking", since=since)
    is_served = one.compartment in running.doors.servable and not cabinet.compartment(one.compartment).is_unproved
    return Result(what="inside", since=since, opens=is_served, stay=stays.stay(running, cabinet, one))
