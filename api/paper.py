"""Receipts on paper, when somebody at the kiosk asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Path

from api import callers, problems
from api.bodies import Body, Id, Nothing
from api.callers import Cabinets
from api.kiosk_intake import receipt_of
from api.running import Running
from locker import receipts
from locker import refusals as why
from locker.model import Incident
from locker.rules import tickets

if TYPE_CHECKING:
    from hw.printer import Sheet

WORDS = {
    "vi": {
        "bag": "Túi",
        "dossier": "Hồ sơ",
        "sent": "Thời điểm gửi",
        "untimed": "Giờ chưa xác nhận, số thứ tự",
        "promised": "Cán bộ kiểm tra",
        "unconfirmed": "Chưa kiểm tra bên trong.",
        "not_form": "Đây chưa phải giấy tiếp nhận hồ sơ (mẫu 01).",
        "hotline": "Hỏi",
        "call": "Cán bộ sẽ gọi lại",
        "number": "Số",
        "by": "Gọi trước",
        "by_unset": "Gọi trong giờ làm việc gần nhất.",
        "safe": "Giấy tờ vẫn được giữ an toàn trong tủ.",
    },
    "en": {
        "bag": "Bag",
        "dossier": "Dossier",
        "sent": "Time of sending",
        "untimed": "Time unconfirmed, position",
        "promised": "Staff check it by",
        "unconfirmed": "Nobody has looked inside yet.",
        "not_form": "This is not yet the official receipt (form 01).",
        "hotline": "Tel",
        "call": "The office will call you back",
        "number": "Number",
        "by": "Call before",
        "by_unset": "Call in the next office hours.",
        "safe": "Your papers are kept safe in the cabinet.",
    },
}


class Wanted(Body):
    language: Literal["vi", "en"] = "vi"


router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])


@router.post(
    "/visits/{visit}/intakes/{hand_over}/receipt/print",
    summary="The receipt on paper",
    responses=problems.documented(why.WrongStage, why.UnknownHandOver, why.PaperOut, why.PrinterOffline),
)
async def print_receipt(visit: Id, hand_over: Id, body: Wanted, running: Cabinets) -> Nothing:
    receipt = await receipt_of(running, visit, hand_over)
    if running.printing.state == "none":
        raise why.PrinterOffline("this cabinet has no printer")
    await running.printing.print(receipt_sheet(running, receipt, body.language))
    return Nothing()


@router.post(
    "/tickets/{number}/print",
    summary="The ticket on paper",
    responses=problems.documented(why.WrongStage, why.PaperOut, why.PrinterOffline),
)
async def print_ticket(number: Annotated[int, Path(ge=1)], body: Wanted, running: Cabinets) -> Nothing:
    ticket = running.journal.cabinet.incidents.get(number)
    if ticket is None or ticket.kind != tickets.KIND:
        raise why.WrongStage("there is no such ticket any more")
    if running.printing.state == "none":
        raise why.PrinterOffline("this cabinet has no printer")
    await running.printing.print(ticket_sheet(running, ticket, body.language))
    return Nothing()


def ticket_sheet(running: Running, ticket: Incident, language: str) -> Sheet:
    """Number and time of a call back; it names nobody."""
    from hw.printer import Sheet  # noqa: PLC0415  brings an imaging library

    words, office = WORDS[language], running.config.cabinet
    by = running.local(ticket.due_utc_ms).isoformat() if ticket.due_utc_ms else ""
    lines = [
        office.office_en if language == "en" else office.office_vi,
        f"{words['number']} {ticket.incident}",
        f"{words['by']}: {by[11:16]} {_day(by)}" if by else words["by_unset"],
        words["safe"],
    ]
    return Sheet(title=words["call"], lines=tuple(lines), foot=(f"{words['hotline']}: {office.hotline}",))


def receipt_sheet(running: Running, receipt: receipts.Receipt, language: str) -> Sheet:
    """The receipt's words and its signed text as a QR code."""
    from hw.printer import Sheet  # noqa: PLC0415  brings an imaging library

    words, office = WORDS[language], running.config.cabinet
    sent = (
        f"{words['sent']}: {receipt.sent_at[11:16]} {_day(receipt.sent_at)}"
        if receipt.sent_at
        else f"{words['untimed']} {receipt.position}"
    )
    lines = [
        office.office_en if language == "en" else office.office_vi,
        office.address,
        f"{words['bag']}: {receipt.bag}" if receipt.bag else "",
        f"{words['dossier']}: {receipt.dossier}" if receipt.dossier else "",
        sent,
        f"{words['promised']}: {_day(receipt.promised)}" if receipt.promised else "",
        "" if receipt.is_confirmed else words["unconfirmed"],
    ]
    return Sheet(
        title=receipts.TITLE[language],
        lines=tuple(line for line in lines if line),
        code=receipts.write(receipt, running.receipt_key),
        foot=(words["not_form"], f"{words['hotline']}: {office.hotline}"),
    )


def _day(text: str) -> str:
    year, month, day = text[:10].split("-")
    return f"{day}/{month}/{year}"
