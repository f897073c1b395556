"""How an SMS is counted: GSM-7 (3GPP TS 23.038), or UCS-2 as soon as one sign is outside it."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
_PLAIN: Final = str.maketrans(
    {"đ": "d", "Đ": "D", "–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "\u00a0": " "}
)


class Encoding(StrEnum):
    GSM7 = "GSM-7"
    UCS2 = "UCS-2"


_ALONE: Final = {Encoding.GSM7: 160, Encoding.UCS2: 70}
_PART: Final = {Encoding.GSM7: 153, Encoding.UCS2: 67}


@dataclass(frozen=True, slots=True)
class Segments:
    """`units` are septets or UTF-16 units; `parts` is what the provider bills."""

    encoding: Encoding
    units: int
    parts: int


def count_segments(text: str) -> Segments:
    """Encoding, units and parts of a text; a sign of two units is never cut in half between parts."""
    is_gsm = all(sign in _BASIC or sign in _EXTENDED for sign in text)
    encoding = Encoding.GSM7 if is_gsm else Encoding.UCS2
    widths = [_width(sign, encoding) for sign in text]
    units = sum(widths)
    if units <= _ALONE[encoding]:
        return Segments(encoding, units, 1)
    parts, room = 1, _PART[encoding]
    for width in widths:
        if width > room:
            parts, room = parts + 1, _PART[encoding]
        room -= width
    return Segments(encoding, units, parts)


def _width(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1  # noqa: PLR2004 - the last sign of one UTF-16 unit


def unaccent(text: str) -> str:
    """Vietnamese without marks (NFD, marks dropped, đ to d) and with plain quotes, dashes and spaces."""
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)
