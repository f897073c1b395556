"""The kiosk's routes for papers that people leave, and the receipt they get."""

from __future__ import annotations

import io
from datetime import date
from typing import Annotated, Literal, Self

import apsw
import segno
from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator

from api import callers, problems
from api.callers import Cabinets
from api.kiosk import DOOR_FAULTS, Body, Id, Nothing
from api.running import Running
from locker import dossier_code, receipts, rows, views
from locker import events as ev
from locker import refusals as why
from locker.model import Cabinet, Intake
from locker.rules import intake
from otp import phones

Code = Annotated[str, Field(min_length=1, max_length=60, examples=["H29.190.5-261008-0042"])]
Typed = Annotated[str, Field(max_length=32)]
FULL = (why.IntakeFull, why.NoFreeCompartment, why.NoReachableCompartment)


class Wanted(Body):
    """What somebody wants to leave. The phone is typed twice; an organisation's badge may stand in its place."""

    model_config = Body.model_config | {
        "json_schema_extra": {
            "examples": [{"kind": "new", "size": "S", "phone": "0912 345 678", "phone_again": "0912345678"}]
        }
    }

    kind: ev.IntakeKind
    size: ev.Size
    reach: ev.Reach = "any"
    phone: Typed = ""
    phone_again: Typed = ""
    dossier: Code | None = None
    badge: Code | None = None
    bag: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,23}$", examples=["TUI-000451"])] | None = None
    language: Literal["vi", "en"] = "vi"
    visit: Id | None = None

    @model_validator(mode="after")
    def _names_what_its_kind_needs(self) -> Self:
        if self.kind in ("supplement", "originals") and self.dossier is None:
            raise ValueError("a supplement, and originals of an online dossier, need the dossier's code")
        if (self.kind == "badge") != (self.badge is not None):
            raise ValueError("send `badge` with kind badge, and only then")
        return self


class Offered(Body):
    visit: str
    hand_over: str
    compartment: int
    bag: str


class Word(Body):
    said: intake.Said


class SignedReceipt(Body):
    """The receipt with its words; `text` is what the QR code holds."""

    title: dict[str, str]
    text: str
    cabinet: str
    bag: str
    sent_at: str
    position: int
    evidence: str
    is_confirmed: bool
    promised: str


router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])


def policy(running: Running) -> intake.Policy:
    """The limits of the configuration."""
    return intake.Policy(share_percent=running.config.intake.share_percent)


def promised(running: Running, moment: ev.Moment) -> str:
    """The working day by which what is left now is answered, YYYY-MM-DD; empty while no clock is believed."""
    if moment.clock == "unset":
        return ""
    day = date.fromisoformat(running.today(moment))
    for _ in range(running.config.intake.answered_within_working_days):
        day = running.working_day(day)
    return day.isoformat()


def _phone(body: Wanted) -> str:
    """The phone in E.164; empty with a badge and none typed. Raises PhoneRefused."""
    if not body.phone and body.kind == "badge":
        return ""
    typed, again = phones.parse_phone(body.phone), phones.parse_phone(body.phone_again)
    if typed.e164 != again.e164:
        raise why.PhoneRefused("differs")
    if typed.e164 is None or not typed.takes_messages:
        raise why.PhoneRefused(typed.kind.value)
    return typed.e164


def _rows(body: Wanted, phone: str, person: str, dossier: str) -> tuple[ev.Row, ...]:
    found: list[ev.Row] = []
    if person:
        name = body.badge or ""
        kept = {"name": name, "phone": phone, "language": body.language}
        found.append(ev.PutPersonal(ref=person, kind="person", body=kept, search=views.folded(name)))
    if dossier and body.dossier is not None:
        found.append(dossier_row(dossier, body.dossier))
    return tuple(found)


def dossier_row(ref: str, typed: str) -> ev.PutPersonal:
    """The erasable row of a dossier's code as people typed it."""
    code = dossier_code.normalise(typed)
    return ev.PutPersonal(
        ref=ref, kind="dossier", body={"code": code}, search=views.folded(code), tail=dossier_code.tail(code)
    )


def _visit(cabinet: Cabinet, asked: str | None, fresh: str, same_phone: tuple[str, ...]) -> str:
    """The visit this belongs to: the one that is named, or that of a door this phone has opening; else a new one."""
    present = cabinet.visit
    if present is None:
        return fresh
    if present.visit == asked:
        return present.visit
    at_doors = (one for one in cabinet.intakes_of(present.visit) if one.person in same_phone)
    held = (cabinet.hand_overs.get(one.hand_over) for one in at_doors)
    is_double = any(one is not None and intake.is_at_door(cabinet, one) for one in held)
    return present.visit if is_double else fresh


@router.post(
    "/intakes",
    summary="Leave papers: a compartment is offered and its door opens",
    responses=problems.documented(*FULL, why.BagInUse, why.PhoneRefused, why.NotAllowed, *DOOR_FAULTS),
)
async def offer(body: Wanted, running: Cabinets) -> Offered:
    _require_offered(running)
    phone = _phone(body)
    hand_over, servable = running.new_id(), running.doors.servable
    person = f"p-{hand_over}" if phone or body.badge else ""
    dossier = f"d-{hand_over}" if body.dossier is not None else ""
    fresh, grant = running.new_id(), running.new_id()
    visits: list[str] = []

    def decide(cabinet: Cabinet, same_phone: tuple[str, ...], moment: ev.Moment) -> ev.Decision:
        visits.append(_visit(cabinet, body.visit, fresh, same_phone))
        request = intake.Offer(
            hand_over=hand_over,
            grant=grant,
            visit=visits[-1],
            kind=body.kind,
            size=body.size,
            reach=body.reach,
            bag=(body.bag or "").upper(),
            person=person,
            dossier=dossier,
            promised=promised(running, moment),
            same_phone=same_phone,
            rows=_rows(body, phone, person, dossier),
        )
        return intake.offer(
            cabinet, request, places=running.places, servable=servable, moment=moment, policy=policy(running)
        )

    await running.record(decide, known=lambda connection: views.with_phone(connection, phone))
    return _offered(running, visits[-1])


def _require_offered(running: Running) -> None:
    if not running.config.intake.is_offered:
        raise why.NotAllowed("this cabinet takes no papers in; bring them to the counter")


def _offered(running: Running, visit: str) -> Offered:
    """The intake of this visit whose door moves now."""
    cabinet = running.journal.cabinet
    for paper in cabinet.intakes_of(visit):
        one = cabinet.hand_overs.get(paper.hand_over)
        if one is not None and intake.is_at_door(cabinet, one):
            return Offered(visit=visit, hand_over=one.hand_over, compartment=one.compartment, bag=paper.bag)
    raise why.WrongStage("its door has closed meanwhile; say what became of it")


@router.post(
    "/visits/{visit}/intakes/{hand_over}/larger",
    summary="It does not fit: a larger compartment",
    responses=problems.documented(*FULL, why.WrongStage, why.UnknownHandOver, why.CompartmentBusy, *DOOR_FAULTS),
)
async def larger(visit: Id, hand_over: Id, _body: Nothing, running: Cabinets) -> Offered:
    fresh, grant, servable = running.new_id(), running.new_id(), running.doors.servable

    def decide(cabinet: Cabinet, same_phone: tuple[str, ...], moment: ev.Moment) -> ev.Decision:
        request = intake.Offer(hand_over=fresh, grant=grant, visit=visit, kind="new", size="S", same_phone=same_phone)
        return intake.does_not_fit(
            cabinet,
            hand_over,
            request,
            places=running.places,
            servable=servable,
            moment=moment,
            policy=policy(running),
        )

    def known(connection: apsw.Connection) -> tuple[str, ...]:
        paper = running.journal.cabinet.intakes.get(hand_over)
        person = None if paper is None else rows.personal(connection, paper.person)
        return views.with_phone(connection, "" if person is None else person.get("phone", ""))

    await running.record(decide, known=known)
    return _offered(running, visit)


@router.post(
    "/visits/{visit}/intakes/{hand_over}/answers",
    summary="Say what was done behind the door",
    responses=problems.documented(why.WrongStage, why.UnknownHandOver, why.ReadOnly, why.SafeMode),
)
async def answer(visit: Id, hand_over: Id, body: Word, running: Cabinets) -> Nothing:
    await running.record(lambda cabinet, *_: intake.answer(cabinet, hand_over, visit=visit, said=body.said))
    return Nothing()


@router.get(
    "/visits/{visit}/intakes/{hand_over}/receipt",
    summary="The signed receipt",
    responses=problems.documented(why.WrongStage, why.UnknownHandOver),
)
async def receipt(visit: Id, hand_over: Id, running: Cabinets) -> SignedReceipt:
    one = await receipt_of(running, visit, hand_over)
    return SignedReceipt(
        title=receipts.TITLE,
        text=receipts.write(one, running.receipt_key),
        cabinet=one.cabinet,
        bag=one.bag,
        sent_at=one.sent_at,
        position=one.position,
        evidence=one.evidence,
        is_confirmed=one.is_confirmed,
        promised=one.promised,
    )


@router.get(
    "/visits/{visit}/intakes/{hand_over}/receipt.svg",
    summary="The receipt as a QR code",
    response_class=Response,
    responses=problems.documented(why.WrongStage, why.UnknownHandOver),
)
async def picture(visit: Id, hand_over: Id, running: Cabinets) -> Response:
    text = receipts.write(await receipt_of(running, visit, hand_over), running.receipt_key)
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, scale=4)
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


async def receipt_of(running: Running, visit: str, hand_over: str) -> receipts.Receipt:
    """What is signed. Raises UnknownHandOver, WrongStage (nothing was deposited)."""
    cabinet = running.journal.cabinet
    paper = cabinet.intakes.get(hand_over)
    if paper is None or paper.visit != visit:
        raise why.UnknownHandOver("no such hand-over belongs to this visit")
    if not paper.deposited_seq:
        raise why.WrongStage("there is a receipt once the papers are left")

    def known(connection: apsw.Connection) -> tuple[str, str]:
        head = connection.execute("SELECT lower(hex(hash)) FROM event WHERE seq = ?", (paper.deposited_seq,)).get
        dossier = rows.personal(connection, paper.dossier) or {}
        return str(head), dossier.get("code", "")

    head, code = await running.journal.read(known)
    return receipts.Receipt(
        cabinet=running.config.cabinet.id,
        bag=paper.bag,
        kind=paper.kind,
        dossier=code,
        sent_at=_sent_at(running, paper),
        position=paper.sent_seq,
        evidence=paper.evidence,
        is_confirmed=paper.is_confirmed,
        promised=paper.promised,
        seq=paper.deposited_seq,
        head=head,
    )


def _sent_at(running: Running, paper: Intake) -> str:
    """Local time of the door's closing; empty when no clock was believed then."""
    if not paper.is_sent_timed:
        return ""
    return running.local(paper.sent_utc_ms).isoformat(timespec="seconds")


@router.get("/receipt-key", summary="The public key that receipts are checked with")
async def receipt_key(running: Cabinets) -> dict[str, str]:
    return {"key": receipts.public_text(running.receipt_key)}
