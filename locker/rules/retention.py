"""How long personal data are kept.

Name, phone and dossier code of a result go seven days after it left the cabinet (collected, given or sent from the
counter, withdrawn, or missing); those of an intake seven days after the office has answered it, or nothing was left
after all. The centre must have acknowledged it, and nothing about its hand-over may be open: what is disputed is still
live, and an open incident asks who it was. Why a glass was broken goes by the same rule, seven days after that opening.
Ninety days are the end in any case, with an incident; what still lies at the counter then is the archive's. A phone
that was replaced by another one goes at once. A phone that was only checked by a code is kept for 24 hours of uptime,
and no longer than a week where a cabinet is switched off every night. Only a wall clock that is believed counts; until
then everything waits. Codes that are over, and secrets whose message is over, go whenever they are found.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from locker import events as ev
from locker.model import ASKED_REST_MS, Cabinet, PhoneCheck
from locker.rules.doors import merged

DAY_MS = 24 * 3600 * 1000
CAP_MS = 90 * DAY_MS
CHECKED_MS = 7 * DAY_MS
AT_ONCE = 200


class Policy(msgspec.Struct, frozen=True):
    """`keep_ms` after a result left; `needs_ack` when there is a centre that must know of it first."""

    keep_ms: int = 7 * DAY_MS
    needs_ack: bool = True


class Kept(msgspec.Struct, frozen=True):
    """One personal row: the result and hand-over it belongs to, and when and by which fact that came to where it is.

    `result` is empty when no result names the row any more; `since_utc_ms` is 0 when no clock was believed since.
    """

    ref: str
    result: str = ""
    hand_over: str = ""
    since_utc_ms: int = 0
    since_seq: int = 0


class Stock(msgspec.Struct, frozen=True):
    """What the journal keeps beside the facts: personal rows, ids of codes, those with a sealed secret, and how far the
    centre has acknowledged.
    """

    kept: tuple[Kept, ...] = ()
    codes: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    acked_through: int = 0


def erase(cabinet: Cabinet, stock: Stock, *, moment: ev.Moment, policy: Policy) -> ev.Decision:
    """Erase what is over by now; at most 200 personal rows at a time."""
    return merged(_erase_secrets(cabinet, stock), _erase_people(cabinet, stock, moment, policy))


def _erase_secrets(cabinet: Cabinet, stock: Stock) -> ev.Decision:
    awaited = {notice.code for notice in cabinet.notices.values()}
    over: list[ev.Row] = [ev.EraseCode(code=code) for code in stock.codes if code not in cabinet.codes]
    told: list[ev.Row] = [
        ev.EraseSealed(code=code) for code in stock.sealed if code in cabinet.codes and code not in awaited
    ]
    return ev.Decision(rows=(*over, *told))


def _erase_people(cabinet: Cabinet, stock: Stock, moment: ev.Moment, policy: Policy) -> ev.Decision:
    causes: dict[str, list[str]] = {}
    needed = used(cabinet, moment)
    for one in stock.kept:
        cause = "" if one.ref in needed else _cause(cabinet, one, stock.acked_through, moment, policy)
        if cause:
            causes.setdefault(cause, []).append(one.ref)
    facts: list[ev.Event] = []
    rows: list[ev.Row] = []
    for cause, refs in causes.items():
        some = tuple(refs[:AT_ONCE])
        facts.append(_erased(some, cause))
        rows.extend(ev.ErasePersonal(ref=ref) for ref in some)
    return ev.Decision(events=tuple(facts), rows=tuple(rows))


def _erased(refs: tuple[str, ...], cause: str) -> ev.PersonalErased:
    if cause == "cap":
        return ev.PersonalErased(refs=refs, cause="cap")
    return ev.PersonalErased(refs=refs, cause="replaced" if cause == "replaced" else "over")


def used(cabinet: Cabinet, moment: ev.Moment) -> Collection[str]:
    """Rows of live results and of intakes nobody has answered, of whom a message is still to reach, and of phones that
    were sent a code in the last 24 hours.
    """
    refs = {notice.person for notice in cabinet.notices.values()}
    refs |= {incident.person for incident in cabinet.incidents.values()}
    checks = cabinet.phone_checks.values()
    refs |= {one.person for one in checks if _is_counted(one, moment)}
    for paper in cabinet.intakes.values():
        refs |= {paper.person, paper.dossier}
    for result in cabinet.results.values():
        refs |= {result.person, result.dossier, result.delegate}
    return refs


def _is_counted(one: PhoneCheck, moment: ev.Moment) -> bool:
    """Whether this phone still counts for what may be sent today, by uptime; a week is the end by a believed clock."""
    is_long_ago = moment.clock != "unset" and 0 < one.asked_utc_ms <= moment.utc_ms - CHECKED_MS
    return moment.uptime_ms - one.asked_uptime_ms < ASKED_REST_MS and not is_long_ago


def _cause(cabinet: Cabinet, one: Kept, acked_through: int, moment: ev.Moment, policy: Policy) -> str:
    """Why this row is erased now; empty when it is kept."""
    if not one.result:
        return "replaced"
    if moment.clock == "unset" or one.since_utc_ms == 0:
        return ""
    age_ms = moment.utc_ms - one.since_utc_ms
    if one.result in cabinet.counter:
        return "over" if age_ms >= CAP_MS else ""
    is_acked = not policy.needs_ack or one.since_seq <= acked_through
    is_open = any(incident.hand_over == one.hand_over != "" for incident in cabinet.incidents.values())
    if age_ms >= policy.keep_ms and is_acked and not is_open:
        return "over"
    return "cap" if age_ms >= CAP_MS else ""
