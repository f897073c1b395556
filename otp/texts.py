"""The messages people get: kept in a TOML file, filled with exactly the values they ask for, short enough for one SMS.

Names: READY, READY_BUNDLE, NEWCODE, NEWCODE_REVOKED, COLLECTED, EXPIRED, COUNTER_INSTEAD, AT_COUNTER, WITHDRAWN, OTP,
INTAKE_EMPTY, REMIND, TICKET, DELEGATE, DROPPED, ACCEPTED, SUPPLEMENT, APOLOGY_LATE, APOLOGY_FAULT; to staff LEADER_LOW
and STAFF_….
A part in square brackets (the street address) goes first when a message would not fit one segment.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from otp.errors import MissingVariableError, TextError, UnknownTextError, UnknownVariableError
from otp.segments import Segments, count_segments, unaccent

DEFAULT_LANGUAGE: Final = "vi"
TEXTS_FILE: Final = Path(__file__).with_name("texts.toml")

_VARIABLE = re.compile(r"\{([a-z_]+)\}")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")


@dataclass(frozen=True, slots=True)
class Text:
    """One message in one language; `pattern` has {values} and [a part that may go]."""

    name: str
    language: str
    pattern: str
    provider_template: str | None
    variables: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message ready to send. `text` may hold a code and never goes to a log. `is_shortened`: the address is out."""

    name: str
    language: str
    text: str = field(repr=False)
    segments: Segments
    provider_template: str | None
    is_shortened: bool


Texts = Mapping[tuple[str, str], Text]


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
            pattern = entry.get("text", "") if isinstance(entry, dict) else ""
            rest = _OPTIONAL.sub(r"\1", _VARIABLE.sub("", pattern))
            if not pattern or any(sign in rest for sign in "{}[]"):
                faults.append(f"{name}.{language}")
                continue
            variables = frozenset(_VARIABLE.findall(pattern))
            texts[name, language] = Text(name, language, pattern, entry.get("provider_template") or None, variables)
    if faults or not texts:
        raise TextError(f"{path}: no usable text in {', '.join(faults) or 'the file'}; compare with the file that came")
    return texts


def render(texts: Texts, name: str, language: str, values: Mapping[str, str], *, is_accented: bool = False) -> Rendered:
    """Fill a message; a language it does not exist in becomes Vietnamese.

    Values lose line breaks and, unless `is_accented`, their marks. Raises UnknownTextError, MissingVariableError,
    UnknownVariableError. The result may still have several segments: `Rendered.segments` tells.
    """
    text = texts.get((name, language)) or texts.get((name, DEFAULT_LANGUAGE))
    if text is None:
        raise UnknownTextError(f"there is no message text {name}; add [{name}.{DEFAULT_LANGUAGE}] to texts.toml")
    if missing := sorted(text.variables - values.keys()):
        raise MissingVariableError(f"{name} ({text.language}) needs {', '.join(missing)}; give every value it names")
    if unknown := sorted(values.keys() - text.variables):
        raise UnknownVariableError(f"{name} ({text.language}) has no place for {', '.join(unknown)}; leave it out")
    filled = {key: " ".join(value.split()) for key, value in values.items()}
    is_shortened = False
    full = _fill(_OPTIONAL.sub(r"\1", text.pattern), filled, is_accented=is_accented)
    if _OPTIONAL.search(text.pattern) and (count_segments(full).parts > 1 or _has_empty_option(text.pattern, filled)):
        full = _fill(_OPTIONAL.sub("", text.pattern), filled, is_accented=is_accented)
        is_shortened = True
    return Rendered(name, text.language, full, count_segments(full), text.provider_template, is_shortened)


def _fill(pattern: str, values: Mapping[str, str], *, is_accented: bool) -> str:
    filled = _VARIABLE.sub(lambda match: values[match[1]], pattern)
    return filled if is_accented else unaccent(filled)


def _has_empty_option(pattern: str, values: Mapping[str, str]) -> bool:
    return any(not values[name] for part in _OPTIONAL.findall(pattern) for name in _VARIABLE.findall(part))
