"""How a unit words its messages itself.

A leader may write any message anew, in each of its languages, and go back to what came with the release. Every value
that the first text needs to be understood (the code, the dossier, the day, the bag, ...) stays in it; office, address
and hotline may go or come, and no value is named that this message does not have. Counted with values as long as real
ones a text fits two segments at most; one is what it should be. A provider that sends under a brand name sends
registered texts only: where the unit says so, a new text is a draft, and the one that was last registered goes out
until the provider has registered the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from locker import events as ev
from locker.model import Cabinet, OwnText
from locker.refusals import TextUnusable, UnknownText
from otp.errors import TextError
from otp.patterns import Rendered, Text, Texts, read_pattern, render

FREE = frozenset({"office", "address", "hotline"})
LONGEST_PATTERN = 600
MOST_SEGMENTS = 2
# As long as real ones, and nobody's; a code is never shown, not even an invented one.
SAMPLES: Mapping[str, str] = {
    "code": "**** **** ****",
    "otp": "********",
    "dossier": "261008-0975",
    "until": "31/12/2026",
    "count": "3",
    "at": "21:14 30/12/2026",
    "bag": "HS-000123",
    "ticket": "T-0417",
    "by": "09:00 04/01/2027",
    "day": "04/01/2027",
    "compartment": "124",
    "incident": "1048576",
    "place": "12 Hoa Mai",
    "tail": "678",
    "tracking": "EA123456789VN",
}


class Wording(msgspec.Struct, frozen=True):
    """A message in one language as it stands: its pattern in work, and whether the provider knows exactly that."""

    name: str
    language: str
    pattern: str
    original: str
    is_own: bool
    is_registered: bool
    provider_template: str
    required: tuple[str, ...]
    allowed: tuple[str, ...]


def in_use(originals: Texts, cabinet: Cabinet, *, needs_registration: bool) -> Texts:
    """The texts that go out now."""
    if not cabinet.texts:
        return originals
    used = dict(originals)
    for (name, language), original in originals.items():
        own = cabinet.texts.get(_key(name, language))
        pattern = "" if own is None else own.registered if needs_registration else own.pattern
        if own is not None and pattern:
            template = own.provider_template if pattern == own.registered else None
            used[name, language] = _with_pattern(original, pattern, template or None)
    return used


def wordings(originals: Texts, cabinet: Cabinet) -> tuple[Wording, ...]:
    """Every message, for who edits them."""
    return tuple(_wording(one, cabinet.texts.get(_key(*key))) for key, one in originals.items())


def _wording(original: Text, own: OwnText | None) -> Wording:
    pattern = original.pattern if own is None else own.pattern
    template = original.provider_template or "" if own is None else own.provider_template
    registered = original.pattern if own is None else own.registered
    return Wording(
        name=original.name,
        language=original.language,
        pattern=pattern,
        original=original.pattern,
        is_own=own is not None and own.pattern != original.pattern,
        is_registered=bool(template) and registered == pattern,
        provider_template=template,
        required=tuple(sorted(_required(original))),
        allowed=tuple(sorted(original.variables | FREE)),
    )


def preview(originals: Texts, name: str, language: str, pattern: str, given: Mapping[str, str]) -> Rendered:
    """The message as it would go out. `given`: office, address and hotline as they are.

    Raises UnknownText, TextUnusable.
    """
    original = _original(originals, name, language)
    wanted = _checked(original, pattern)
    values = {**SAMPLES, **given}
    return render({(name, language): wanted}, name, language, {key: values.get(key, key) for key in wanted.variables})


def change(
    originals: Texts, name: str, language: ev.Language, pattern: str, *, actor: str, given: Mapping[str, str]
) -> ev.Decision:
    """Write a text anew. Raises UnknownText, TextUnusable."""
    pattern = " ".join(pattern.split())
    if preview(originals, name, language, pattern, given).segments.parts > MOST_SEGMENTS:
        raise TextUnusable("too_long", ())
    if pattern == _original(originals, name, language).pattern:
        return restore(originals, name, language, actor=actor)
    return ev.Decision(events=(ev.TextChanged(name=name, language=language, pattern=pattern, actor=actor),))


def register(
    originals: Texts, cabinet: Cabinet, name: str, language: ev.Language, *, provider_template: str, actor: str
) -> ev.Decision:
    """The provider has registered the text in work under this id. Raises UnknownText."""
    original = _original(originals, name, language)
    pattern = _wording(original, cabinet.texts.get(_key(name, language))).pattern
    fact = ev.TextRegistered(
        name=name, language=language, pattern=pattern, provider_template=provider_template, actor=actor
    )
    return ev.Decision(events=(fact,))


def restore(originals: Texts, name: str, language: ev.Language, *, actor: str) -> ev.Decision:
    """Back to the text that came with the release. Raises UnknownText."""
    _original(originals, name, language)
    return ev.Decision(events=(ev.TextRestored(name=name, language=language, actor=actor),))


def _key(name: str, language: str) -> str:
    return f"{name}.{language}"


def _original(originals: Texts, name: str, language: str) -> Text:
    found = originals.get((name, language))
    if found is None:
        raise UnknownText(f"there is no message {name} in {language}")
    return found


def _with_pattern(original: Text, pattern: str, template: str | None) -> Text:
    try:
        return replace(read_pattern(original.name, original.language, pattern), provider_template=template)
    except TextError:
        return original


def _checked(original: Text, pattern: str) -> Text:
    if not pattern.strip() or len(pattern) > LONGEST_PATTERN:
        raise TextUnusable("length", ())
    try:
        wanted = read_pattern(original.name, original.language, pattern)
    except TextError as error:
        raise TextUnusable("brackets", ()) from error
    if unknown := wanted.variables - original.variables - FREE:
        raise TextUnusable("unknown", tuple(sorted(unknown)))
    if missing := _required(original) - wanted.always:
        raise TextUnusable("missing", tuple(sorted(missing)))
    return wanted


def _required(original: Text) -> frozenset[str]:
    return original.always - FREE
