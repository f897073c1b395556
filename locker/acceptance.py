"""The acceptance sheet of a commissioning: what was found at every board and door, signed with the receipts' key.

Its text is `DLA1.<payload>.<signature>`, made as a receipt's (`locker.receipts`).
"""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from locker import receipts
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


def write(sheet: Sheet, key: Ed25519PrivateKey) -> str:
    """The sheet as text, signed."""
    body = f"{MARK}.{receipts.text_of(canonical(msgspec.to_builtins(sheet)))}"
    return f"{body}.{receipts.text_of(key.sign(body.encode()))}"


def check(text: str, public: str) -> Sheet:
    """The sheet in this text if the key signed it. Raises ReceiptRefusedError."""
    return msgspec.json.decode(receipts.signed_payload(text, public, mark=MARK), type=Sheet)
