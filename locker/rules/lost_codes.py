"""How a person gets a new code who has lost it, or got no message.

The phone number is typed at the kiosk, and everybody reads one answer: if something waits for this number, a code comes
within two minutes. Each time is one fact, whether or not somebody waits, and the code is made and sent later by the
notices worker, by the other gateway, and the second time by a call; so neither answer nor time tells who is there. A
number is sent three codes in 24 hours of uptime, which no restart shortens. What others type costs the owner nothing:
there is no count for the whole cabinet, because a number for which nothing waits costs no message. When no message can
go out this is said before anything is typed.
"""

from __future__ import annotations

from collections.abc import Collection

from locker import events as ev
from locker.model import ASKED_REST_MS, Bundle, Cabinet
from locker.rules.notices import renewable

ASKED_A_DAY = 3


def ask(cabinet: Cabinet, people: Collection[str], moment: ev.Moment) -> ev.Decision:
    """Note that new codes are wanted for the bundles of these people (the refs that have the typed number)."""
    owners = {result.recipient for result in cabinet.results.values() if result.person in people}
    bundles = [one for one in cabinet.bundles.values() if one.recipient in owners and renewable(cabinet, one)]
    if any(_asked_lately(one, moment) >= ASKED_A_DAY for one in bundles):
        bundles = []
    return ev.Decision(events=(ev.NewCodeAsked(bundles=tuple(sorted(one.bundle for one in bundles))),))


def _asked_lately(bundle: Bundle, moment: ev.Moment) -> int:
    return sum(moment.uptime_ms - at < ASKED_REST_MS for at in bundle.asked_uptime_ms)
