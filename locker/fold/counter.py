"""What lies at the counter after it was taken out of the cabinet."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, put
from locker.model import Cabinet, OnCounter, Result


def arrived(cabinet: Cabinet, results: Iterable[Result], recorded: ev.Recorded) -> Cabinet:
    """A clerk took these out and carried them to the counter; what the centre withdrew is not for its person."""
    counter = cabinet.counter
    for one in (each for each in results if not each.is_cancelled):
        lies = OnCounter(
            result=one.result,
            person=one.person,
            dossier=one.dossier,
            flags=one.flags,
            by_post=one.by_post,
            since_utc_ms=recorded.moment.utc_ms if recorded.moment.clock != "unset" else 0,
        )
        counter = put(counter, one.result, lies)
    return replace(cabinet, counter=counter)


def left(cabinet: Cabinet, event: ev.HandedAtCounter | ev.Posted, _recorded: ev.Recorded) -> Cabinet:
    """It has left our hands; one that is behind a door by now stays what it is."""
    changed = replace(cabinet, counter=drop(cabinet.counter, event.result))
    present = changed.results.get(event.result)
    if present is None or present.hand_over:
        return changed
    return replace(changed, results=drop(changed.results, event.result))


def erased(cabinet: Cabinet, refs: Iterable[str]) -> Cabinet:
    """Nobody knows any more whose it is: from now on it is the archive's."""
    gone = set(refs)
    kept = {key: one for key, one in cabinet.counter.items() if gone.isdisjoint((one.person, one.dossier))}
    return replace(cabinet, counter=kept)
