"""Receipts on paper, when somebody at the kiosk asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fastapi import APIRouter, Depends

from api import callers, problems
from api.callers import Cabinets
from api.kiosk import Body, Id, Nothing
from api.kiosk_intake import receipt_of
from api.running import Running
from locker import receipts
from locker import refusals as why

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
