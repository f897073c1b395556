"""How many wrong codes a cabinet bears.

Policy. Every wrong code at the keypad takes one token from the cabinet's bucket and one of the five
failures its bundle has for life. The bucket holds 20 and gains 3 an hour, counted in uptime of the
running process: nothing a person can do to the power or the clock refills it. So the failures let through
in any h hours are at most 20 + 3h.

When the bucket is empty, or the bundle has had its five, nobody is locked out: the keypad asks for the
last four digits of the phone as well, one try per 20 seconds and selector. Digits that do not match
evaluate nothing and charge nothing. Digits that match give three further failures for life; these do not
touch the bucket, which others may have emptied.

The figures keep expected wrong openings of a cabinet-year below 1e-3 also where somebody knows every owner's
phone number and has a second code made for each of 6,400 bundles a year, with n = 2 live codes each:
(20 + 3 * 8,760) * n / 10^8 + 3 * 6,400 * n / 10^8 = 9.1e-4. Four an hour and five further give 1.3e-3.

Keep one `Tries` per selector, also for a selector no bundle has: otherwise the question itself tells who
is there. All state is integers, so that a fold over the journal gives the same on every machine. A fold
that meets the start of a run calls `restart`; forgetting it costs nothing but exactness, since a run can
never earn more than its own uptime.
"""

from enum import StrEnum
from typing import Final

import msgspec

CAPACITY: Final = 20
REFILL_PER_HOUR: Final = 3
LIFE_FAILURES: Final = 5
CHECKED_FAILURES: Final = 3
PACE_MS: Final = 20_000

_TOKEN_MILLI: Final = 1000
_MS_PER_MILLI: Final = 3_600_000 // (REFILL_PER_HOUR * _TOKEN_MILLI)
_FULL_MILLI: Final = CAPACITY * _TOKEN_MILLI


class Bucket(msgspec.Struct, frozen=True):
    """Failures the cabinet still bears, in thousandths, as of an uptime in milliseconds of the present run."""

    level_milli: int = _FULL_MILLI
    at_uptime_ms: int = 0


class Tries(msgspec.Struct, frozen=True):
    """Failures at one selector: plain ones, those after a matching second answer, and when the last answer
    came.
    """

    failures: int = 0
    checked_failures: int = 0
    answered_uptime_ms: int | None = None


class Gate(StrEnum):
    """What may happen with a typed code."""

    EVALUATE = "evaluate"
    EVALUATE_CHECKED = "evaluate_checked"
    ASK = "ask"
    WAIT = "wait"
    REFUSE = "refuse"


def refill(bucket: Bucket, uptime_ms: int) -> Bucket:
    """The bucket as it stands at an uptime; an uptime before the last one belongs to a new run and earns
    nothing.
    """
    gained = (uptime_ms - bucket.at_uptime_ms) // _MS_PER_MILLI
    if gained < 0:
        return Bucket(bucket.level_milli, uptime_ms)
    if bucket.level_milli + gained >= _FULL_MILLI:
        return Bucket(_FULL_MILLI, uptime_ms)
    return Bucket(bucket.level_milli + gained, bucket.at_uptime_ms + gained * _MS_PER_MILLI)


def restart(bucket: Bucket) -> Bucket:
    """The bucket at the start of a new run: the same level, counted from uptime 0."""
    return Bucket(bucket.level_milli, 0)


def is_empty(bucket: Bucket, uptime_ms: int) -> bool:
    """True when the cabinet bears no further plain failure at this uptime."""
    return refill(bucket, uptime_ms).level_milli < _TOKEN_MILLI


def refill_ms(bucket: Bucket, uptime_ms: int) -> int:
    """Milliseconds until the bucket bears a failure again; 0 when it does."""
    filled = refill(bucket, uptime_ms)
    missing = _TOKEN_MILLI - filled.level_milli
    return missing * _MS_PER_MILLI - (uptime_ms - filled.at_uptime_ms) if missing > 0 else 0


def drain(bucket: Bucket, uptime_ms: int) -> Bucket:
    """Take one failure out of the bucket; an attempt counted by an older rule drives it into no debt."""
    filled = refill(bucket, uptime_ms)
    return Bucket(max(0, filled.level_milli - _TOKEN_MILLI), filled.at_uptime_ms)


def gate(bucket: Bucket, tries: Tries, *, uptime_ms: int, second_matches: bool | None) -> Gate:
    """Decide what a typed code is worth; `second_matches` is None when no second answer was given.

    REFUSE is answered exactly like a wrong code. An answer that was not needed is not looked at.
    """
    if tries.failures < LIFE_FAILURES and not is_empty(bucket, uptime_ms):
        return Gate.EVALUATE
    if second_matches is None:
        return Gate.ASK
    if wait_ms(tries, uptime_ms) > 0:
        return Gate.WAIT
    if not second_matches or tries.checked_failures >= CHECKED_FAILURES:
        return Gate.REFUSE
    return Gate.EVALUATE_CHECKED


def wait_ms(tries: Tries, uptime_ms: int) -> int:
    """Milliseconds until the next second answer at this selector is looked at; a new run waits anew."""
    if tries.answered_uptime_ms is None:
        return 0
    answered = tries.answered_uptime_ms if tries.answered_uptime_ms <= uptime_ms else 0
    return max(0, PACE_MS - (uptime_ms - answered))


def answered(tries: Tries, uptime_ms: int) -> Tries:
    """Note that a second answer was looked at (gate said EVALUATE_CHECKED or REFUSE)."""
    return msgspec.structs.replace(tries, answered_uptime_ms=uptime_ms)


def fail(bucket: Bucket, tries: Tries, *, gate: Gate, uptime_ms: int) -> tuple[Bucket, Tries]:
    """Charge one wrong code that passed `gate`; only the two EVALUATE gates charge anything."""
    if gate is Gate.EVALUATE:
        return drain(bucket, uptime_ms), msgspec.structs.replace(tries, failures=tries.failures + 1)
    if gate is Gate.EVALUATE_CHECKED:
        checked = answered(tries, uptime_ms)
        return bucket, msgspec.structs.replace(checked, checked_failures=tries.checked_failures + 1)
    return bucket, tries


def largest(one: Tries, other: Tries) -> Tries:
    """The larger of each counter, for a recount that joins two histories."""
    times = [tries.answered_uptime_ms for tries in (one, other) if tries.answered_uptime_ms is not None]
    return Tries(
        failures=max(one.failures, other.failures),
        checked_failures=max(one.checked_failures, other.checked_failures),
        answered_uptime_ms=max(times, default=None),
    )
