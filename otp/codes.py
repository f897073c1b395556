"""Pickup codes, the one kind of code that opens doors.

A code is twelve digits shown 4-4-4: a selector of three digits that names the bundle, a secret of eight
digits, and one Damm check digit over the first eleven. The check digit turns every single wrong digit and
every swap of neighbours into a slip of the finger, which is told to the person and charged to nobody. The
selector never starts with 0, so that a citizen's own ID number (twelve digits, 001 to 096 in front) or
phone number can never be a guess at somebody's code.
"""

import re
import unicodedata
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from stdnum import damm

SELECTORS: Final = tuple(f"{n:03d}" for n in range(100, 1000))
CODE_DIGITS: Final = 12
SECRET_DIGITS: Final = 8

_CODE = re.compile(r"[1-9]\d{11}")
_MOBILE = re.compile(r"0[35789]\d{8}|02\d{9}|84[235789]\d{8,9}|0084\d{9,10}")
_ID_CARD = re.compile(r"0\d{2}[0-3]\d{8}")
_TAIL = re.compile(r"(?P<date>\d{6}|\d{8})-(?P<running>\d{4,7})")
_TAIL_BARE = re.compile(r"(?P<date>\d{6})(?P<running>\d{4})")
_SEPARATORS: Final = frozenset(".,_/·'")
_MAX_TYPED: Final = 200
_DRAWS: Final = 128


class Mistake(StrEnum):
    """Why typed text cannot be a code; none of them is charged."""

    EMPTY = "empty"
    LETTERS = "letters"
    PHONE = "phone"
    ID_CARD = "id_card"
    DOSSIER = "dossier"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    MISTYPED = "mistyped"


@dataclass(frozen=True, slots=True)
class Typed:
    """A well-formed code; whether it is right is for the proof to say."""

    selector: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Malformed:
    """Text that cannot be a code; `digits` is how many digits it had."""

    mistake: Mistake
    digits: int


class NoFreeSelectorError(Exception):
    """All 900 selectors belong to live or resting bundles."""


HINTS: Final[dict[Mistake, dict[str, str]]] = {
    Mistake.EMPTY: {
        "vi": "Xin nhập 12 số trong tin nhắn, 4 số một lần.",
        "en": "Please type the 12 digits of the message, 4 at a time.",
    },
    Mistake.LETTERS: {
        "vi": "Mã mở tủ chỉ gồm số. Xin nhập 12 số trong tin nhắn.",
        "en": "The code has digits only. Please type the 12 digits of the message.",
    },
    Mistake.PHONE: {
        "vi": "Đây có vẻ là số điện thoại. Xin nhập 12 số sau chữ «MA MO TU» trong tin nhắn.",
        "en": "This looks like a phone number. Please type the 12 digits after «LOCKER CODE» in the message.",
    },
    Mistake.ID_CARD: {
        "vi": "Đây có vẻ là số căn cước. Xin nhập 12 số sau chữ «MA MO TU» trong tin nhắn.",
        "en": "This looks like an ID number. Please type the 12 digits after «LOCKER CODE» in the message.",
    },
    Mistake.DOSSIER: {
        "vi": "Đây có vẻ là mã hồ sơ. Xin nhập 12 số sau chữ «MA MO TU» trong tin nhắn.",
        "en": "This looks like a dossier number. Please type the 12 digits after «LOCKER CODE» in the message.",
    },
    Mistake.TOO_SHORT: {
        "vi": "Chưa đủ 12 số. Xin nhập tiếp hoặc nhập lại.",
        "en": "That is fewer than 12 digits. Please go on or type them again.",
    },
    Mistake.TOO_LONG: {
        "vi": "Nhiều hơn 12 số. Xin nhập lại.",
        "en": "That is more than 12 digits. Please type them again.",
    },
    Mistake.MISTYPED: {
        "vi": "Có một số bị nhầm. Xin nhìn lại tin nhắn và nhập lại; chưa tính là một lần sai.",
        "en": "One digit is not right. Please look at the message and type it again; nothing was counted.",
    },
}


def hint(malformed: Malformed, language: str = "vi") -> str:
    """What the screen says to the person; `language` is `vi` or `en`, anything else reads Vietnamese."""
    words = HINTS[malformed.mistake]
    return words.get(language, words["vi"])


def compose(selector: str, secret: str) -> str:
    """The twelve digits of a code from its selector (100 to 999) and secret (8 digits).

    Raises ValueError when either has another shape.
    """
    if selector not in SELECTORS:
        raise ValueError("a selector is three digits from 100 to 999; take one from pick_selector")
    if not re.fullmatch(r"[0-9]{8}", secret):
        raise ValueError("a secret is eight digits; take one from secret_from")
    body = selector + secret
    return body + damm.calc_check_digit(body)


def group(code: str) -> str:
    """A code as people read it: `4821 7390 5562`."""
    return " ".join(code[at : at + 4] for at in range(0, len(code), 4))


def parse(text: str) -> Typed | Malformed:
    """Read what was typed or scanned; spaces, dots, dashes and full-width digits are forgiven (NFKC)."""
    plain, digits = _normalise(text[:_MAX_TYPED])
    if digits is None:
        tail = re.search(r"-(\d{6}|\d{8})-\d{4,7}$", plain)
        count = sum(mark.isdigit() for mark in plain)
        if plain.startswith("+") and plain[1:].replace("-", "").isdigit():
            return Malformed(Mistake.PHONE, count)
        return Malformed(Mistake.DOSSIER if tail else Mistake.LETTERS, count)
    if _is_tail(_TAIL.fullmatch(plain)):
        return Malformed(Mistake.DOSSIER, len(digits))
    if _CODE.fullmatch(digits) and damm.is_valid(digits):
        return Typed(selector=digits[:3], secret=digits[3:11])
    return Malformed(_mistake(digits), len(digits))


def _normalise(text: str) -> tuple[str, str | None]:
    """The text with one kind of dash and no separators, and its digits alone (None: it has other signs too)."""
    marks: list[str] = []
    for mark in unicodedata.normalize("NFKC", text):
        category = unicodedata.category(mark)
        if category == "Nd":
            marks.append(str(unicodedata.decimal(mark)))
        elif category == "Pd" or mark == "\N{MINUS SIGN}":
            marks.append("-")
        elif category[0] in "ZC" or mark in _SEPARATORS:
            continue
        else:
            marks.append(mark)
    plain = "".join(marks)
    digits = plain.replace("-", "")
    return plain, digits if digits.isdigit() or not digits else None


def _mistake(digits: str) -> Mistake:
    if not digits:
        return Mistake.EMPTY
    if _MOBILE.fullmatch(digits):
        return Mistake.PHONE
    if _is_tail(_TAIL_BARE.fullmatch(digits)):
        return Mistake.DOSSIER
    if _ID_CARD.fullmatch(digits):
        return Mistake.ID_CARD
    if len(digits) == CODE_DIGITS:
        return Mistake.MISTYPED
    return Mistake.TOO_SHORT if len(digits) < CODE_DIGITS else Mistake.TOO_LONG


def _is_tail(match: re.Match[str] | None) -> bool:
    """True for a date since 2018, the year the codes began, in front of a running number."""
    if match is None:
        return False
    year, month, day = int(match["date"][:-4]) % 100, int(match["date"][-4:-2]), int(match["date"][-2:])
    return 18 <= year <= 60 and 1 <= month <= 12 and 1 <= day <= 31  # noqa: PLR2004 - limits of a calendar


def uniform(bound: int, draw: Callable[[int], bytes]) -> int:
    """A number from 0 to bound - 1, each equally likely, by rejection over 4-byte draws.

    `draw(n)` gives n random bytes. `bound` is at most 2**32. Raises ValueError when 128 draws in a row are
    rejected, which no working generator does.
    """
    limit = 2**32 - 2**32 % bound
    for _ in range(_DRAWS):
        number = int.from_bytes(draw(4), "big")
        if number < limit:
            return number % bound
    raise ValueError("the random source repeats itself; check the system's generator before minting codes")


def secret_from(draw: Callable[[int], bytes]) -> str:
    """Eight secret digits without bias from `draw(n) -> n random bytes`."""
    return f"{uniform(10**SECRET_DIGITS, draw):08d}"


def pick_selector(taken: AbstractSet[str], draw: Callable[[int], bytes]) -> str:
    """A random selector no live or resting bundle has. Raises NoFreeSelectorError."""
    free = [selector for selector in SELECTORS if selector not in taken]
    if not free:
        raise NoFreeSelectorError("every selector is in use; free compartments whose bundles have ended")
    return free[uniform(len(free), draw)]
