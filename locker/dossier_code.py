"""Dossier codes as Vietnamese systems write them: agency, date, running number (Decree 61/2018 art. 26).

At least four shapes are live. A code that fits none is kept as opaque text and flagged, never refused or renumbered.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date

_CODE = re.compile(
    r"^(?P<agency>(?:\d{3}\.)?(?:\d{2}\.){1,2}[A-Z]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){1,6})"
    r"-(?P<date>\d{6}|\d{8})-(?P<seq>\d{4,7})$",
    re.ASCII,
)
_DASHES = re.compile("[-\u2010-\u2015\u2212\\s]+")
AGENCY_AT_MOST = 35
SHORT_DATE = 6


def normalise(text: str) -> str:
    """NFC and trimmed; of a known shape also upper-case, plain signs (NFKC), one kind of dash. Other text stays."""
    plain = unicodedata.normalize("NFC", "".join(sign for sign in text if unicodedata.category(sign) != "Cf")).strip()
    tidy = _DASHES.sub("-", unicodedata.normalize("NFKC", plain)).upper()
    return tidy if is_known_shape(tidy) else plain


def is_known_shape(code: str) -> bool:
    """Whether a normalised code fits one of the shapes seen in live systems, with a real date."""
    found = _CODE.match(code)
    return found is not None and len(found["agency"]) <= AGENCY_AT_MOST and _is_date(found["date"])


def tail(code: str) -> str:
    """What people type: the digits of date and running number (`2610080975`); all digits of a code of unknown shape."""
    found = _CODE.match(code)
    if found is None:
        return "".join(mark for mark in code if mark.isdigit())[-20:]
    short = found["date"] if len(found["date"]) == SHORT_DATE else found["date"][2:]
    return short + found["seq"]


def _is_date(digits: str) -> bool:
    text = digits if len(digits) > SHORT_DATE else "20" + digits
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
