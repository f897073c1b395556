"""Receipts of intakes: whoever has the public key can check one; a changed one never passes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from locker import receipts
from locker.receipts import Receipt, ReceiptRefusedError

KEY = receipts.signer(bytes(range(32)))
PUBLIC = receipts.public_text(KEY)
ONE = Receipt(
    cabinet="hoa-mai-01",
    bag="HS-000123",
    kind="supplement",
    dossier="H29.190.5-261008-0042",
    sent_at="2026-10-08T21:14:05+07:00",
    position=812,
    evidence="door_cycle",
    is_confirmed=True,
    promised="2026-10-09",
    seq=813,
    head="ab" * 32,
)
LONGEST_QR_TEXT = 1000


def test_a_receipt_is_checked_without_the_cabinet() -> None:
    assert receipts.check(f" {receipts.write(ONE, KEY)}\n", PUBLIC) == ONE


def test_the_key_follows_the_device_key_alone() -> None:
    assert receipts.public_text(receipts.signer(bytes(range(32)))) == PUBLIC
    assert receipts.public_text(receipts.signer(bytes(32))) != PUBLIC


def test_a_receipt_without_a_time_still_has_its_position() -> None:
    untimed = replace(ONE, sent_at="")
    assert receipts.check(receipts.write(untimed, KEY), PUBLIC).position == 812


def test_a_receipt_fits_a_code_that_a_phone_reads() -> None:
    assert len(receipts.write(ONE, KEY)) < LONGEST_QR_TEXT


def test_every_changed_character_is_noticed() -> None:
    text = receipts.write(ONE, KEY)
    for at in range(len(text)):
        other = "A" if text[at] != "A" else "B"
        with pytest.raises(ReceiptRefusedError):
            receipts.check(text[:at] + other + text[at + 1 :], PUBLIC)


@pytest.mark.parametrize(
    "text", ["", "DLR1", "DLR1.e30", "DLR1.e30.AAAA", "DLR2.a.b", "DLR1.é.é", "DLR1..", "x" * 5000]
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptRefusedError):
        receipts.check(text, PUBLIC)


@pytest.mark.parametrize("key", ["", "AAAA", "é", PUBLIC[:-2]])
def test_a_wrong_key_is_refused(key: str) -> None:
    with pytest.raises(ReceiptRefusedError):
        receipts.check(receipts.write(ONE, KEY), key)


def test_another_cabinets_key_does_not_pass() -> None:
    with pytest.raises(ReceiptRefusedError):
        receipts.check(receipts.write(ONE, KEY), receipts.public_text(receipts.signer(bytes(32))))
