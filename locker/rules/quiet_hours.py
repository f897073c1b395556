"""When messages may wake people.

Nobody is woken by what can wait until morning: a result that is ready, a reminder, what was taken out, moved or could
not be put in, a cabinet that pauses or has moved, and the new code that follows a revocation. These go out by day only,
first or again. What a person waits for at the cabinet (a code that was asked for, an OTP) and what an owner must know
at once (collected) goes at any hour. While the clock is not believed nobody knows whether it is night: then everything
goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from locker import events as ev

CAN_WAIT: frozenset[ev.Template] = frozenset(
    {
        "READY",
        "READY_BUNDLE",
        "NEWCODE_REVOKED",
        "REMIND",
        "EXPIRED",
        "WITHDRAWN",
        "COUNTER_INSTEAD",
        "AT_COUNTER",
        "APOLOGY_FAULT",
        "APOLOGY_LATE",
        "MOVED",
        "LOWERED",
        "DELEGATE",
        "POSTED",
    }
)


@dataclass(frozen=True, slots=True)
class Daytime:
    """The hours of the day in local time; `starts` equal to `ends` means the whole day."""

    zone: ZoneInfo
    starts: time = time(7, 30)
    ends: time = time(20)

    def local(self, moment: ev.Moment) -> datetime:
        """The wall time of a moment, as far as it is believed."""
        return datetime.fromtimestamp(moment.utc_ms / 1000, UTC).astimezone(self.zone)

    def holds(self, at: time) -> bool:
        return self.starts == self.ends or self.starts <= at < self.ends


def held_ms(template: ev.Template, moment: ev.Moment, day: Daytime) -> int:
    """For how many milliseconds from now this message waits for the morning; 0 when it may go."""
    if template not in CAN_WAIT or moment.clock == "unset" or day.holds((here := day.local(moment)).time()):
        return 0
    morning = here.date() if here.time() < day.starts else here.date() + timedelta(days=1)
    return -((here - datetime.combine(morning, day.starts, day.zone)) // timedelta(milliseconds=1))
