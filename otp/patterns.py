"""One message: a pattern with {values} and [a part that may go], and how it is filled."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from otp.errors import MissingVariableError, TextError, UnknownTextError, UnknownVariableError
from otp.segments import Segments, count_segments, unaccent

DEFAULT_LANGUAGE: Final = "vi"

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

    @property
    def always(self) -> frozenset[str]:
        """The values outside of the part that may go."""
        return frozenset(_VARIABLE.findall(_OPTIONAL.sub("", self.pattern)))


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


def read_pattern(name: str, language: str, pattern: str, *, provider_template: str | None = None) -> Text:
    """A message of this pattern. Raises TextError when it is empty or its brackets and braces do not pair."""
    rest = _OPTIONAL.sub(r"\1", _VARIABLE.sub("", pattern))
    if not pattern or any(sign in rest for sign in "{}[]"):
        raise TextError(f"{name}.{language}: no usable text; write values as {{name}}, the part that may go in [ ]")
    return Text(name, language, pattern, provider_template, frozenset(_VARIABLE.findall(pattern)))


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
