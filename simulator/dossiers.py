"""Made-up dossiers that wait at the centre of a desk: people, papers and the cases a clerk meets in a week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

DEADLINE = timedelta(days=60)

HOA = {"name": "Nguyễn Thị Hoa", "phone": "+84912345678", "key": "nguyen-thi-hoa", "id_last4": "4417"}
BINH = {"name": "Trần Văn Bình", "phone": "+84987650321", "key": "tran-van-binh", "id_last4": "0926"}
MAI = {"name": "Lê Thị Mai", "phone": "+84903118842", "key": "le-thi-mai"}
SMITH = {"name": "John Smith", "phone": "+84938220017", "key": "john-smith", "language": "en"}
PHUC = {"name": "Phạm Hồng Phúc", "phone": None, "key": "pham-hong-phuc", "id_last4": "7730"}

BIRTH, MARITAL, CERTIFIED, BUSINESS, DEATH = "1.001193", "1.004873", "2.000815", "1.001612", "1.000656"


def waiting(cabinet: str, today: date) -> list[dict[str, Any]]:
    """Announcements for the centre's `POST /v1/results`, always the same ids: one bundle of three, one per odd case."""
    rows: list[tuple[str, str, list[str], dict[str, Any], dict[str, Any]]] = [
        ("0975", BIRTH, ["Giấy khai sinh (bản chính)"], HOA, {}),
        ("0976", CERTIFIED, ["Bản sao chứng thực căn cước", "Bản sao chứng thực hộ khẩu"], HOA, {}),
        ("0981", MARITAL, ["Giấy xác nhận tình trạng hôn nhân"], HOA, {}),
        ("1004", DEATH, ["Trích lục khai tử"], BINH, {"reach": "low"}),
        ("1012", BUSINESS, ["Giấy chứng nhận đăng ký hộ kinh doanh"], MAI, {"size": "M"}),
        ("1017", CERTIFIED, ["Certified copies of a passport"], SMITH, {}),
        ("1020", MARITAL, ["Giấy xác nhận tình trạng hôn nhân"], PHUC, {}),
        ("1023", BIRTH, ["Giấy khai sinh (bản sao)"], MAI, {"fee": "unpaid"}),
    ]
    return [
        {
            "cabinet": cabinet,
            "result_id": f"desk-{number}",
            "dossier_code": f"H29.190.5-261008-{number}",
            "procedure_code": procedure,
            "items": items,
            "recipient": recipient,
            "consent": True,
            "fee": "paid",
            "deadline": (today + DEADLINE).isoformat(),
            **special,
        }
        for number, procedure, items, recipient, special in rows
    ]
