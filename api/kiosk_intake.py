"""The kiosk's routes for papers that people leave, and the receipt they get."""

from __future__ import annotations

import io
from typing import Annotated, Literal, NamedTuple, Self

import apsw
import segno
from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator

from api import callers, problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.intake_snapshot import promised, sent_at
from api.problems import DOOR_FAULTS
from api.running import Running
from locker import dossier_code, receipts, rows, views
from locker import events as ev
from locker import refusals as why
from locker.model import Cabinet
from locker.rules import intake, phone_checks
from otp import phones

Code = Annotated[str, Field(min_length=1, max_length=60, examples=["H29.190.5-261008-0042"])]
Typed = Annotated[str, Field(max_length=32)]
WHOLE_TAIL = 10  # the date's six digits and a running number's four at least
FULL = (why.OutOfUse, why.IntakeFull, why.NoFreeCompartment, why.NoReachableCompartment)


class PhoneCheck(Body):
    """A phone that is to be checked by a code, in the visit that is present or one that is to begin."""

    phone: Annotated[str, Field(min_length=1, max_length=32, examples=["0912 345 678"])]
    language: Literal["vi", "en"] = "vi"
    visit: Id | None = None


class CheckBegun(Body):
    """The visit that the code is bound to: name it with the papers."""

    visit: str


class Wanted(Body):
    """What somebody wants to leave. The phone is typed twice, or `otp` is the code that came to it. An organisation's
    badge may stand in its place, and so may the code of a dossier: then messages go to the number that the office has.
    """

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
    otp: Annotated[str, Field(pattern=r"^[0-9]{8}$")] | None = None
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
    section = running.config.intake
    return intake.Policy(share_percent=section.share_percent, unchecked=section.unchecked_at_once)


def _phone(body: Wanted) -> str:
    """The phone in E.164; empty where none was typed and none is needed. Raises PhoneRefused."""
    if not body.phone and body.kind != "new":
        return ""
    if body.otp is None and phones.parse_phone(body.phone).e164 != phones.parse_phone(body.phone_again).e164:
        raise why.PhoneRefused("differs")
    return _e164(body.phone)


def _e164(typed: str) -> str:
    """Raises PhoneRefused for what takes no messages."""
    phone = phones.parse_phone(typed)
    if phone.e164 is None or not phone.takes_messages:
        raise why.PhoneRefused(phone.kind.value)
    return phone.e164


def _checked(running: Running, body: Wanted, phone: str) -> bool:
    """Whether a code proved this phone. Raises PhoneRefused for a wrong one, and one that is over."""
    if body.otp is None or not phone:
        return False
    outcome = running.notices.phone_checks.verify(body.visit or "", phone=phone, typed=body.otp)
    if outcome != "good":
        raise why.PhoneRefused("otp" if outcome == "wrong" else "otp_over")
    return True


@router.post(
    "/phone-checks",
    summary="Send a code to a phone, to check it",
    responses=problems.documented(
        why.PhoneRefused, why.TooManyAttempts, why.NoticesOffline, why.NotAllowed, why.ReadOnly, why.SafeMode
    ),
)
async def check_phone(body: PhoneCheck, running: Cabinets) -> CheckBegun:
    _require_offered(running)
    phone = _e164(body.phone)
    if not running.notices.is_online:
        raise why.NoticesOffline("no message can be sent now; type the number twice instead")
    present, fresh = running.journal.cabinet.visit, running.new_id()
    visit = present.visit if present is not None and present.visit == body.visit else fresh
    person = f"p-{running.new_id()}"
    kept = {"name": "", "phone": phone, "language": body.language}
    request = phone_checks.Ask(person=person, rows=(ev.PutPersonal(ref=person, kind="person", body=kept),))
    # Begun before the fact wakes the notices worker, which asks for its digits.
    running.notices.phone_checks.begin(visit, person=person, phone=phone)
    await running.record(
        lambda cabinet, same_phone, moment: phone_checks.ask(cabinet, request, same_phone, moment),
        known=lambda connection: views.with_phone(connection, phone),
    )
    return CheckBegun(visit=visit)


class Known(NamedTuple):
    """The number that messages go to, and the refs of everybody on record with the one that was typed; when none was,
    those of the dossier that was.
    """

    phone: str
    same_phone: tuple[str, ...] = ()
    same_dossier: tuple[str, ...] = ()


def _known(running: Running, connection: apsw.Connection, body: Wanted, typed: str) -> Known:
    if typed:
        return Known(typed, same_phone=views.with_phone(connection, typed))
    code = body.dossier or ""
    same_dossier = views.with_code(connection, dossier_code.normalise(code))
    return Known(_on_record(running, connection, code), same_dossier=same_dossier)


def _on_record(running: Running, connection: apsw.Connection, code: str) -> str:
    """The number that the centre gave for this dossier; empty unless the whole code or all its digits name one person.

    Nobody is told whether there is one: a bag without a number is taken in the same way, counts for the same limits,
    and the office has its own.
    """
    if sum(mark.isdigit() for mark in code) < WHOLE_TAIL:
        return ""
    live = running.journal.cabinet.results
    people = {live[key].person for key in views.find_results(connection, code) if key in live}
    person = rows.personal(connection, people.pop()) if len(people) == 1 else None
    return "" if person is None else str(person.get("phone", ""))


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


def _visit(cabinet: Cabinet, asked: str | None, fresh: str, known: Known) -> str:
    """The visit this belongs to: the one that is named, that of a door opening for what was typed, or a new one."""
    present = cabinet.visit
    if present is None:
        return fresh
    if present.visit == asked:
        return present.visit
    same = {*known.same_phone, *known.same_dossier}
    mine = (one for one in cabinet.intakes_of(present.visit) if one.person in same or one.dossier in same)
    held = (cabinet.hand_overs.get(one.hand_over) for one in mine)
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
    is_checked = _checked(running, body, phone)
    hand_over, servable = running.new_id(), running.doors.servable
    dossier = f"d-{hand_over}" if body.dossier is not None else ""
    fresh, grant = running.new_id(), running.new_id()
    if body.visit is not None and running.notices.phone_checks.is_of(body.visit):
        fresh = body.visit
    visits: list[str] = []

    def decide(cabinet: Cabinet, known: Known, moment: ev.Moment) -> ev.Decision:
        visits.append(_visit(cabinet, body.visit, fresh, known))
        person = f"p-{hand_over}" if known.phone or body.badge else ""
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
            same_phone=known.same_phone,
            rows=_rows(body, known.phone, person, dossier),
            is_phone_checked=is_checked or (not phone and bool(known.phone)),
            has_phone=bool(known.phone),
            is_phone_on_record=not phone and bool(known.phone),
            can_check=bool(phone) and running.notices.is_online,
        )
        return intake.offer(
            cabinet, request, places=running.places, servable=servable, moment=moment, policy=policy(running)
        )

    await running.record(decide, known=lambda connection: _known(running, connection, body, phone))
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
        if paper is None or paper.is_phone_on_record:
            return ()
        person = rows.personal(connection, paper.person)
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
        sent_at=sent_at(running, paper),
        position=paper.sent_seq,
        evidence=paper.evidence,
        is_confirmed=paper.is_confirmed,
        promised=paper.promised,
        seq=paper.deposited_seq,
        head=head,
    )


@router.get("/receipt-key", summary="The public key that receipts are checked with")
async def receipt_key(running: Cabinets) -> dict[str, str]:
    return {"key": receipts.public_text(running.receipt_key)}
