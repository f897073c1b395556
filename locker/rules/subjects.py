"""What a person may know and have erased of what is kept about them here.

Who asks in person, and shows who they are, is told all that is kept under a phone number or a dossier's code. Erased is
at once whatever nothing needs any more, without waiting for its day: neither a live result or intake, nor papers at the
counter, nor an open incident or dispute, nor a centre that does not know of the end yet. What is still needed is named
with its reason; the office ends it first (hands out, sends, takes out), and asks again.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

import msgspec

from locker import events as ev
from locker.model import Cabinet
from locker.rules import retention

Held = Literal["in_use", "at_counter", "incident", "unacknowledged"]


class Verdict(msgspec.Struct, frozen=True):
    """What of a person's rows may go now, and why the others may not."""

    free: tuple[str, ...]
    held: dict[str, Held]


def judge(
    cabinet: Cabinet, stock: retention.Stock, refs: Collection[str], *, moment: ev.Moment, policy: retention.Policy
) -> Verdict:
    """Which of these rows could be erased at once."""
    used = retention.used(cabinet, moment)
    held: dict[str, Held] = {}
    for one in stock.kept:
        if one.ref in refs and (why := _held(cabinet, one, stock.acked_through, policy, is_used=one.ref in used)):
            held[one.ref] = why
    here = {one.ref for one in stock.kept if one.ref in refs}
    return Verdict(free=tuple(sorted(here - held.keys())), held=held)


def _held(
    cabinet: Cabinet, one: retention.Kept, acked_through: int, policy: retention.Policy, *, is_used: bool
) -> Held | None:
    if one.hand_over and any(incident.hand_over == one.hand_over for incident in cabinet.incidents.values()):
        return "incident"
    if one.result in cabinet.counter:
        return "at_counter"
    if is_used:
        return "in_use"
    if policy.needs_ack and one.since_seq > acked_through:
        return "unacknowledged"
    return None


def erase(
    cabinet: Cabinet, stock: retention.Stock, refs: Collection[str], *, moment: ev.Moment, policy: retention.Policy
) -> ev.Decision:
    """Erase what of these rows is free to go."""
    free = judge(cabinet, stock, refs, moment=moment, policy=policy).free
    if not free:
        return ev.Decision()
    told = ev.PersonalErased(refs=free, cause="asked")
    return ev.Decision(events=(told,), rows=tuple(ev.ErasePersonal(ref=ref) for ref in free))
