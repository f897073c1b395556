"""The receipt of an intake: what the cabinet recorded, signed, so that anybody can check it without the cabinet.

Its text is `DLR1.<payload>.<signature>`, both parts base64url without padding: the payload is canonical JSON
(RFC 8785), the signature Ed25519 (RFC 8032) over the ASCII text before it. It fits a QR code. The key is derived from
the device key; its public half is 43 characters of base64url. The receipt is no receipt of filing (form 01).
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from locker import events as ev
from locker.wire import canonical
from otp import sealing

TITLE = {"vi": "Phiếu ghi nhận gửi hồ sơ qua tủ", "en": "Record of papers left in the cabinet"}
MARK = "DLR1"
PARTS = 3


class ReceiptRefusedError(Exception):
    """The text is no receipt, or not one that this key signed: ask the office for its key, or read the code again."""


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed. `sent_at` is local time (ISO 8601) of the door's closing, empty when no clock was believed: then
    only `position` orders it. `seq` and `head` (64 hex digits) are the fact of the deposit and its hash in the journal.
    """

    cabinet: str
    bag: str
    kind: ev.IntakeKind
    dossier: str
    sent_at: str
    position: int
    evidence: ev.Evidence
    is_confirmed: bool
    promised: str
    seq: int
    head: str


def signer(device_key: bytes) -> Ed25519PrivateKey:
    """The cabinet's key for receipts, derived from its device key. Raises otp.errors.DeviceKeyUnusableError."""
    return Ed25519PrivateKey.from_private_bytes(sealing.derive(device_key, "receipts"))


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half as it is published: 43 characters of base64url."""
    return text_of(key.public_key().public_bytes_raw())


def public_of(device_key: bytes) -> str:
    """What is published of a device key. Raises otp.errors.DeviceKeyUnusableError."""
    return public_text(signer(device_key))


def write(receipt: Receipt, key: Ed25519PrivateKey) -> str:
    """The receipt as text, signed."""
    body = f"{MARK}.{text_of(canonical(msgspec.to_builtins(receipt)))}"
    return f"{body}.{text_of(key.sign(body.encode()))}"


def check(text: str, public: str) -> Receipt:
    """The receipt in this text if the key signed it. Raises ReceiptRefusedError."""
    try:
        return msgspec.json.decode(signed_payload(text, public, mark=MARK), type=Receipt)
    except ValueError as error:
        raise ReceiptRefusedError("this key signed it, but it is no receipt that this release knows") from error


def signed_payload(text: str, public: str, *, mark: str) -> bytes:
    """What a text of this mark holds if the key signed it. Raises ReceiptRefusedError."""
    parts = text.strip().split(".")
    if len(parts) != PARTS or parts[0] != mark:
        raise ReceiptRefusedError(f"this is nothing a cabinet signed: it begins with {mark}. and has {PARTS} parts")
    key = _public(public)
    try:
        key.verify(_bytes(parts[2]), f"{parts[0]}.{parts[1]}".encode())
        return _bytes(parts[1])
    except (InvalidSignature, ValueError) as error:
        raise ReceiptRefusedError("this key did not sign it, or it was changed or read wrongly") from error


def is_signature(text: str, signed: bytes, public: str) -> bool:
    """Whether `text` (base64url) is the signature of these bytes by this key. Raises ReceiptRefusedError for no key."""
    key = _public(public)
    try:
        key.verify(_bytes(text), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _public(text: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(_bytes(text.strip()))
    except ValueError as error:
        raise ReceiptRefusedError(
            "the key is not 43 characters of base64url; copy it from the cabinet again"
        ) from error


def text_of(raw: bytes) -> str:
    """Bytes as base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64url") from error
