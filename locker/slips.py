"""Appointment slips: 128 bits as 39 digits in a QR code, printed when the dossier was filed.

A scanner types them like a keyboard, so digits alone survive every keyboard language. The token itself is kept nowhere:
the centre and the wire have its SHA-256 (`locker.wire.slip_hash`), the cabinet a hash of that under its device key.
"""

from __future__ import annotations

import re
import unicodedata

from locker.wire import SLIP_DIGITS, slip_hash
from otp import sealing

_TOKEN = re.compile(rf"\d{{{SLIP_DIGITS}}}", re.ASCII)


def read(scanned: str) -> str | None:
    """The token that was scanned, or None: this is no slip of ours."""
    plain = "".join(unicodedata.normalize("NFKC", scanned).split())
    return plain if _TOKEN.fullmatch(plain) else None


def kept(device_key: bytes, hashed: str) -> str:
    """What the cabinet keeps for a `slip_hash` of the wire: 64 hex digits."""
    return sealing.keyed_hash(device_key, hashed, context="slip").hex()


def kept_of(device_key: bytes, token: str) -> str:
    """The same for a scanned token."""
    return kept(device_key, slip_hash(token))
