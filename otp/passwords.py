"""Which passwords members of staff may choose.

12 to 128 signs of any kind (NIST SP 800-63B-4; no composition is asked for), none that somebody would guess early, and
none with a word that stands at the cabinet or on the door of its member. What is guessed early is estimated by zxcvbn,
whose lists hold 30,000 common passwords beside names, words, keyboard runs, repeats and dates: fewer than 10^8 guesses
are too few. It looks at the first 100 signs, which is enough to be sure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise
from typing import Final, Literal

from zxcvbn_rs_py import zxcvbn

SHORTEST: Final = 12
LONGEST: Final = 128
GUESSES_LOG10: Final = 8.0
SHORTEST_WORD: Final = 4
PRODUCT_WORDS: Final = ("dossier", "locker", "tủ hồ sơ", "hồ sơ", "mật khẩu", "ubnd", "password")

Flaw = Literal["short", "long", "word", "common"]


def flaw(password: str, *, words: Iterable[str] = ()) -> Flaw | None:
    """Why a password may not be chosen; None if it may. `words`: names of the unit and of the member, as written.

    Names count whole, by their parts and by two parts together, without accents, capitals and what is neither letter
    nor digit; what is then shorter than four signs stands in too many other words.
    """
    typed = unicodedata.normalize("NFKC", password)
    if len(typed) < SHORTEST:
        return "short"
    if len(typed) > LONGEST:
        return "long"
    known = _parts((*PRODUCT_WORDS, *words))
    plain = _plain(typed)
    if any(word in plain for word in known):
        return "word"
    return "common" if zxcvbn(typed, sorted(known)).guesses_log10 < GUESSES_LOG10 else None


def _parts(words: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for name in words:
        syllables = [_plain(one) for one in re.split(r"[\W_]+", name)]
        pairs = ("".join(pair) for pair in pairwise(syllables))
        found.update((_plain(name), *syllables, *pairs))
    return frozenset(one for one in found if len(one) >= SHORTEST_WORD)


def _plain(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(sign for sign in apart if sign.isalnum())
