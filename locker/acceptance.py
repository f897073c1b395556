"""The acceptance sheet of a commissioning: what was found at every board and door, signed with the receipts' key.

Its text is `DLA1.<payload>.<signature>`, made as a receipt's (`locker.receipts`).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from locker import receipts
from locker.config import Wiring
from locker.model import Cabinet
from locker.rules.commissioning import Finding
from locker.wire import canonical

MARK = "DLA1"


class SheetBoard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One board as it answered; version 300 means 3.00, 0 that it tells none."""

    name: str
    profile: str
    unit_id: int
    version: int
    is_proved: bool


class Sheet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed. `made_at`: ISO 8601, local time. `seq` and `head` are the journal's when it was made."""

    cabinet: str
    technician: str
    made_at: str
    boards: tuple[SheetBoard, ...]
    doors: tuple[Finding, ...]
    seq: int
    head: str

    @property
    def is_accepted(self) -> bool:
        """Whether every board is proved and every door good."""
        return all(board.is_proved for board in self.boards) and all(door.kind == "good" for door in self.doors)


def boards_of(wiring: Wiring, cabinet: Cabinet, versions: Mapping[str, int]) -> tuple[SheetBoard, ...]:
    """The boards that told these versions, as they stand now."""
    return tuple(
        SheetBoard(
            name=one.name,
            profile=one.profile,
            unit_id=one.unit_id,
            version=versions[one.name],
            is_proved=one.name not in cabinet.boards_out,
        )
        for one in wiring.board
        if one.name in versions
    )


def file_name(sheet: Sheet) -> str:
    """acceptance-CABINET-YYYYMMDD-HHMM.txt"""
    made = sheet.made_at[:16].replace("-", "").replace("T", "-").replace(":", "")
    return f"acceptance-{sheet.cabinet}-{made}.txt"


def write(sheet: Sheet, key: Ed25519PrivateKey) -> str:
    """The sheet as text, signed."""
    body = f"{MARK}.{receipts.text_of(canonical(msgspec.to_builtins(sheet)))}"
    return f"{body}.{receipts.text_of(key.sign(body.encode()))}"


def check(text: str, public: str) -> Sheet:
    """The sheet in this text if the key signed it. Raises ReceiptRefusedError."""
    return msgspec.json.decode(receipts.signed_payload(text, public, mark=MARK), type=Sheet)


def page(sheet: Sheet, signed: str, public: str) -> str:
    """The sheet to be printed, with lines for two signatures by hand."""
    boards = [
        f"  {one.name:8} unit id {one.unit_id:3}  {one.profile:28} {'proved' if one.is_proved else 'NOT PROVED'}"
        for one in sheet.boards
    ]
    doors = [f"  {one.number:3}  {one.kind}{f' with {one.other}' if one.other else ''}" for one in sheet.doors]
    lines = [
        f"ACCEPTANCE SHEET - cabinet {sheet.cabinet} - {sheet.made_at}",
        "ACCEPTED: every board proved, every door good" if sheet.is_accepted else "NOT ACCEPTED",
        f"Technician: {sheet.technician}    Journal: fact {sheet.seq}, {sheet.head[:16]}",
        "",
        "Boards",
        *boards,
        "",
        "Doors (lock pulsed, door seen open by a person, sensor moved both ways)",
        *doors,
        "",
        "Technician ______________________    For the office ______________________",
        "",
        f"Check: dossier-locker sheet FILE --key {public}",
        signed,
        "",
    ]
    return "\n".join(lines)
