"""How an SMS is counted: GSM-7 (3GPP TS 23.038), or UCS-2 as soon as one sign is outside it."""

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

ALPHABET: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet in the order of its septets; the escape at 0x1B is no sign of its own (TS 23.038 6.2.1)."""
EXTENSION: Final = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
    "€": 0x65,
}
"""Signs that take two septets, the escape and this one (TS 23.038 6.2.1.1)."""
_BASIC: Final = frozenset(ALPHABET) - {"\x1b"}
_EXTENDED: Final = frozenset(EXTENSION)
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
    encoding = encoding_of(text)
    units = sum(_width(sign, encoding) for sign in text)
    return Segments(encoding, units, len(cut(text)))


def encoding_of(text: str) -> Encoding:
    """GSM-7 as long as every sign is in it."""
    is_gsm = all(sign in _BASIC or sign in _EXTENDED for sign in text)
    return Encoding.GSM7 if is_gsm else Encoding.UCS2


def cut(text: str) -> list[str]:
    """The text of each part, in order; one part when it fits one message."""
    encoding = encoding_of(text)
    if sum(_width(sign, encoding) for sign in text) <= _ALONE[encoding]:
        return [text]
    parts, room = [""], _PART[encoding]
    for sign in text:
        width = _width(sign, encoding)
        if width > room:
            parts.append("")
            room = _PART[encoding]
        parts[-1] += sign
        room -= width
    return parts


def _width(sign: str, encoding: Encoding) -> int:
    if encoding is Encoding.GSM7:
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1  # noqa: PLR2004 - the last sign of one UTF-16 unit


def unaccent(text: str) -> str:
    """Vietnamese without marks (NFD, marks dropped, đ to d) and with plain quotes, dashes and spaces."""
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(sign for sign in decomposed if unicodedata.category(sign) != "Mn")
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)
