"""Codes that prove a phone: eight digits by message, typed back at the kiosk within five minutes, three tries.

HOTP (RFC 4226) on a secret that lives in memory only: a restart forgets what was sent, and the person asks again. A
check belongs to one visit; a new one in that visit takes the place of the last. Pure given its time and random source.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import pyotp

DIGITS = 8
TRIES = 3
GOOD_MS = 5 * 60_000
SECRET_BYTES = 20

Outcome = Literal["good", "wrong", "over"]


@dataclass(frozen=True, slots=True)
class _Check:
    person: str
    phone: str = field(repr=False)
    counter: int
    sent_ms: int
    tries: int = 0


class PhoneChecks:
    """The checks of one run, by visit. `uptime_ms` is monotonic; `draw(n)` gives n random bytes."""

    def __init__(self, *, uptime_ms: Callable[[], int], draw: Callable[[int], bytes]) -> None:
        self._uptime_ms = uptime_ms
        self._draw = draw
        self._hotp: pyotp.HOTP | None = None
        self._counter = 0
        self._checks: dict[str, _Check] = {}

    def begin(self, visit: str, *, person: str, phone: str) -> None:
        """A check of this phone (E.164) in this visit; `person` is the ref its message names."""
        now = self._uptime_ms()
        self._checks = {key: one for key, one in self._checks.items() if now - one.sent_ms < GOOD_MS}
        if self._hotp is None:
            self._hotp = pyotp.HOTP(base64.b32encode(self._draw(SECRET_BYTES)).decode(), digits=DIGITS)
        self._counter += 1
        self._checks[visit] = _Check(person=person, phone=phone, counter=self._counter, sent_ms=now)

    def digits(self, person: str) -> str:
        """What the message to this ref says; empty when it is over."""
        found = next((one for one in self._checks.values() if one.person == person), None)
        if found is None or self._hotp is None or self._uptime_ms() - found.sent_ms >= GOOD_MS:
            return ""
        return self._hotp.at(found.counter)

    def is_of(self, visit: str) -> bool:
        """Whether a check was sent for this visit."""
        return visit in self._checks

    def verify(self, visit: str, *, phone: str, typed: str) -> Outcome:
        """Whether these digits prove this phone in this visit; a wrong one is one of three tries."""
        check = self._checks.get(visit)
        if check is None or check.phone != phone or check.tries >= TRIES:
            return "over"
        sent = self.digits(check.person)
        if not sent:
            return "over"
        if hmac.compare_digest(typed.encode(), sent.encode()):
            return "good"
        self._checks[visit] = replace(check, tries=check.tries + 1)
        return "wrong" if check.tries + 1 < TRIES else "over"
