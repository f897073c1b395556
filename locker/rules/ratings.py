"""What a person thought of a visit: one of three faces and, if they like, a reason; once, and for three minutes after.

The fact names neither the visit nor anybody, so that nobody who reads the facts can tell whose face it was. A rating is
about the visit that is there, or about the one that ended last.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet
from locker.refusals import WrongStage

RATEABLE_MS = 3 * 60_000


def rate(cabinet: Cabinet, visit: str, *, face: ev.Face, reason: ev.RatedFor, moment: ev.Moment) -> ev.Decision:
    """Rate a visit. Raises WrongStage when it is over for longer, was rated, or never was."""
    is_intake = _is_intake(cabinet, visit, moment)
    if is_intake is None:
        raise WrongStage("this visit is over or was rated; thank you")
    return ev.Decision(events=(ev.Rated(face=face, reason=reason, is_intake=is_intake),))


def rateable(cabinet: Cabinet, moment: ev.Moment) -> str | None:
    """The visit that may be rated now, if there is one."""
    visits = [one.visit for one in (cabinet.visit, cabinet.rateable) if one is not None]
    return next((visit for visit in visits if _is_intake(cabinet, visit, moment) is not None), None)


def _is_intake(cabinet: Cabinet, visit: str, moment: ev.Moment) -> bool | None:
    """Whether papers were left in the visit to be rated; None where there is no such visit."""
    present, last = cabinet.visit, cabinet.rateable
    if present is not None:
        return None if present.visit != visit or present.is_rated or present.practice else not present.bundle
    if last is None or last.visit != visit or moment.uptime_ms - last.ended_uptime_ms > RATEABLE_MS:
        return None
    return last.is_intake
