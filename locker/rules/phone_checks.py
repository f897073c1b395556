"""How often a phone is checked by a code.

A code goes to a number three times in 24 hours of uptime, which no restart shortens, and thirty times a day to numbers
of which the cabinet knows nothing, so that nobody makes it write to strangers. The code itself is never recorded: it
lives in memory for five minutes. Whoever may not be sent one types the number twice and is marked as not checked.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from locker import events as ev
from locker.model import ASKED_REST_MS, Cabinet
from locker.refusals import TooManyAttempts
from locker.rules.doors import merged

A_NUMBER = 3
UNKNOWN = 30


class Ask(msgspec.Struct, frozen=True):
    """`person` is a fresh ref with the row of the phone; `same_phone` are all refs on record with that phone."""

    person: str
    rows: tuple[ev.Row, ...] = ()


def ask(cabinet: Cabinet, request: Ask, same_phone: Collection[str], moment: ev.Moment) -> ev.Decision:
    """Send a code to the phone. Raises TooManyAttempts when the number, or strangers, had enough for today."""
    lately = [one for one in cabinet.phone_checks.values() if moment.uptime_ms - one.asked_uptime_ms < ASKED_REST_MS]
    is_known = any(ref not in cabinet.phone_checks for ref in same_phone)
    mine = [one.asked_uptime_ms for one in lately if one.person in same_phone]
    strangers = [] if is_known else [one.asked_uptime_ms for one in lately if not one.is_known]
    for asked, most in ((mine, A_NUMBER), (strangers, UNKNOWN)):
        if len(asked) >= most:
            wait_ms = min(asked) + ASKED_REST_MS - moment.uptime_ms
            raise TooManyAttempts(retry_after_s=max(1, -(-wait_ms // 1000)))
    fact = ev.PhoneCheckAsked(person=request.person, is_known=is_known)
    queued = ev.NoticeQueued(notice=f"{request.person}-otp", template="OTP", person=request.person, bundle="")
    return merged(ev.Decision(events=(fact, queued), rows=request.rows))
