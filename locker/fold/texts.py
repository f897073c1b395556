"""Message texts of this unit's own."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, put
from locker.model import Cabinet, OwnText


def key(name: str, language: str) -> str:
    return f"{name}.{language}"


def changed(cabinet: Cabinet, event: ev.TextChanged, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.texts.get(key(event.name, event.language), OwnText(pattern=event.pattern))
    own = replace(present, pattern=event.pattern)
    return replace(cabinet, texts=put(cabinet.texts, key(event.name, event.language), own))


def registered(cabinet: Cabinet, event: ev.TextRegistered, _recorded: ev.Recorded) -> Cabinet:
    own = OwnText(pattern=event.pattern, registered=event.pattern, provider_template=event.provider_template)
    return replace(cabinet, texts=put(cabinet.texts, key(event.name, event.language), own))


def restored(cabinet: Cabinet, event: ev.TextRestored, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, texts=drop(cabinet.texts, key(event.name, event.language)))
