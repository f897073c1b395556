"""How much room there is for new things, told to the centre, so that it promises nothing that has no place.

What is free of each size is a fact whenever it differs from what was told last: at once, and then not again for five
minutes, so that a round of forty envelopes is a few facts. It says what is ready now and reserves nothing; an announced
result is queued all the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from locker import events as ev
from locker.model import Cabinet, Place

TOLD_EVERY_MS = 5 * 60_000


def due(cabinet: Cabinet, moment: ev.Moment, *, places: Mapping[int, Place]) -> ev.Decision:
    """What is free by now, if the centre was told otherwise and not just now."""
    free = Counter(place.size for place in places.values() if _is_ready(cabinet, place))
    fact = ev.RoomChanged(small=free["S"], medium=free["M"], large=free["L"])
    told = cabinet.room
    if told is None:
        return ev.Decision(events=(fact,))
    if (told.small, told.medium, told.large) == (fact.small, fact.medium, fact.large):
        return ev.Decision()
    is_too_soon = told.run_id == moment.run_id and moment.uptime_ms - told.told_uptime_ms < TOLD_EVERY_MS
    return ev.Decision() if is_too_soon else ev.Decision(events=(fact,))


def _is_ready(cabinet: Cabinet, place: Place) -> bool:
    return (
        cabinet.compartment(place.number).is_free
        and cabinet.grant_on(place.number) is None
        and place.board not in cabinet.boards_out
    )
