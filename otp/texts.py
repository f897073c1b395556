"""The messages people get: kept in a TOML file, filled with exactly the values they ask for, short enough for one SMS.

Names: READY, READY_BUNDLE, NEWCODE, NEWCODE_REVOKED, COLLECTED, EXPIRED, COUNTER_INSTEAD, AT_COUNTER, LOWERED, POSTED,
WITHDRAWN, OTP, INTAKE_EMPTY, MOVED, REMIND, TICKET, DELEGATE, DELEGATED, DROPPED, ACCEPTED, SUPPLEMENT, APOLOGY_LATE,
APOLOGY_FAULT; to staff LEADER_LOW and STAFF_….
A part in square brackets (the street address) goes first when a message would not fit one segment.
"""

import tomllib
from pathlib import Path
from typing import Final

from otp.errors import TextError
from otp.patterns import DEFAULT_LANGUAGE, Rendered, Text, Texts, read_pattern, render

__all__ = ["DEFAULT_LANGUAGE", "TEXTS_FILE", "Rendered", "Text", "Texts", "read_texts", "render"]

TEXTS_FILE: Final = Path(__file__).with_name("texts.toml")


def read_texts(path: Path = TEXTS_FILE) -> Texts:
    """All messages of a TOML file by (name, language). Raises TextError naming every text that cannot be used."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TextError(f"cannot read the message texts {path}: {error}; restore the file that came with it") from error
    texts: dict[tuple[str, str], Text] = {}
    faults = []
    for name, languages in tables.items():
        for language, entry in languages.items() if isinstance(languages, dict) else ():
            known = entry if isinstance(entry, dict) else {}
            template = known.get("provider_template") or None
            try:
                texts[name, language] = read_pattern(name, language, known.get("text", ""), provider_template=template)
            except TextError:
                faults.append(f"{name}.{language}")
    if faults or not texts:
        raise TextError(f"{path}: no usable text in {', '.join(faults) or 'the file'}; compare with the file that came")
    return texts
