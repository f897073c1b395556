"""What anybody at the kiosk may ask about a dossier.

Its code and the last four digits of a phone on record tell whether its papers are inside, and until when. An unknown
code, wrong digits, and a dossier asked about wrongly ten times in its life get one answer, and each question is one
fact, so neither words nor time tell more. Wrong questions drain a bucket of the cabinet's own, of twenty with four more
an hour of uptime that no restart fills; when it is empty everybody waits, whatever they typed. It is not the bucket of
the codes: who asks takes nothing from who collects.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import Cabinet
from locker.refusals import StatusUnknown, TooManyAttempts
from otp import throttle

WRONG_FOR_LIFE = 10


class Asked(msgspec.Struct, frozen=True):
    """The refs of the dossiers that go by the code that was typed, and those of them whose phone ends as typed."""

    dossiers: tuple[str, ...] = ()
    matching: tuple[str, ...] = ()


def ask(cabinet: Cabinet, asked: Asked, moment: ev.Moment) -> ev.Decision:
    """One question. Raises TooManyAttempts (nothing is charged), and StatusUnknown after its fact is committed."""
    require_open(cabinet, moment)
    told = answered(cabinet, asked)
    if told:
        return ev.Decision(events=(ev.StatusAsked(dossiers=told, is_matched=True),))
    wrong = ev.StatusAsked(dossiers=asked.dossiers, is_matched=False)
    return ev.Decision(events=(wrong,), refusal=StatusUnknown("nothing is told for these digits"))


def answered(cabinet: Cabinet, asked: Asked) -> tuple[str, ...]:
    """The dossiers that are told of."""
    return tuple(ref for ref in asked.matching if cabinet.wrong_asks.get(ref, 0) < WRONG_FOR_LIFE)


def require_open(cabinet: Cabinet, moment: ev.Moment) -> None:
    """Raise TooManyAttempts while the cabinet bears no further wrong question."""
    wait_ms = throttle.refill_ms(cabinet.asked_bucket, moment.uptime_ms)
    if wait_ms:
        raise TooManyAttempts(retry_after_s=-(-wait_ms // 1000))
