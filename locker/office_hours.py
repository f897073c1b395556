"""When the office is open: a weekly pattern, special sessions, public holidays with their make-up days, exceptions.

Pure given its data. One day's hours come from the first of these that speaks of it: the unit's own exception; a public
holiday (closed, special sessions too); a make-up day (Monday's hours); else the weekday's pattern with the special
sessions of that week. Public holidays and make-up days are those of the package `holidays`, which carries its tables
with it; yearly government notices that it does not know yet are exceptions of the unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Literal, Protocol
from zoneinfo import ZoneInfo

import holidays

LONG_CLOSURE_DAYS = 3
MONDAY = 0
DAYS_A_WEEK = 7
DAY = timedelta(days=1)

Cause = Literal["", "own", "holiday", "made_up"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Open from `opens` until just before `closes`, in the office's local time, within one day."""

    opens: time
    closes: time

    def holds(self, at: time) -> bool:
        return self.opens <= at < self.closes


def spans_of(hours: Sequence[str]) -> tuple[Span, ...]:
    """Openings out of texts like `"07:30-11:30"`. Raises ValueError for anything else."""
    pairs = (one.split("-") for one in hours)
    return tuple(Span(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in pairs)


@dataclass(frozen=True, slots=True)
class Session:
    """A recurring extra opening: a weekday (0 is Monday) in some weeks of the month; days 1 to 7 are week 1."""

    weekday: int
    weeks: frozenset[int]
    spans: tuple[Span, ...]

    def falls_on(self, day: date) -> bool:
        return day.weekday() == self.weekday and (day.day - 1) // DAYS_A_WEEK + 1 in self.weeks


@dataclass(frozen=True, slots=True)
class Closure:
    """Days in a row without any opening: the first of them, and the working day that ends them."""

    first: date
    reopens: date

    @property
    def days(self) -> int:
        return (self.reopens - self.first).days


class PublicDays(Protocol):
    """What is asked of a table of public holidays."""

    def is_holiday(self, day: date) -> bool: ...
    def is_made_up(self, day: date) -> bool: ...


class NoPublicDays:
    """An office that keeps no public holidays."""

    def is_holiday(self, day: date) -> bool:  # noqa: ARG002  the shape of PublicDays
        return False

    def is_made_up(self, day: date) -> bool:  # noqa: ARG002  the shape of PublicDays
        return False


class VietnamesePublicDays:
    """Public holidays of Viet Nam and the weekend days worked in exchange, as the package `holidays` has them."""

    def __init__(self) -> None:
        self._table = holidays.country_holidays("VN")

    def is_holiday(self, day: date) -> bool:
        return day in self._table

    def is_made_up(self, day: date) -> bool:
        # Asking for any day of a year fills the table's make-up days of that year.
        return day not in self._table and day in self._table.weekend_workdays


@dataclass(frozen=True, slots=True)
class OfficeHours:
    """The calendar of one office. `weekly` has seven entries, Monday first, at least one of them not empty."""

    zone: ZoneInfo
    weekly: Sequence[tuple[Span, ...]]
    sessions: tuple[Session, ...] = ()
    exceptions: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    public: PublicDays = field(default_factory=NoPublicDays)
    _asked: dict[date, tuple[Span, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _amended: dict[tuple[tuple[str, tuple[str, ...]], ...], OfficeHours] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def amended(self, days: Mapping[str, tuple[str, ...]]) -> OfficeHours:
        """The same calendar with these days (YYYY-MM-DD) keeping hours of their own."""
        if not days:
            return self
        key = tuple(sorted(days.items()))
        if key not in self._amended:
            own = {date.fromisoformat(day): spans_of(hours) for day, hours in days.items()}
            self._amended.clear()
            self._amended[key] = replace(self, exceptions={**self.exceptions, **own})
        return self._amended[key]

    def cause(self, day: date) -> Cause:
        """Why a day differs from the weekly pattern; `""`: it does not."""
        if day in self.exceptions:
            return "own"
        if self.public.is_holiday(day):
            return "holiday"
        return "made_up" if self.public.is_made_up(day) else ""

    def spans(self, day: date) -> tuple[Span, ...]:
        """The openings of a day in order; none when it is closed."""
        if day not in self._asked:
            self._asked[day] = self._spans(day)
        return self._asked[day]

    def _spans(self, day: date) -> tuple[Span, ...]:
        own = self.exceptions.get(day)
        if own is not None:
            return tuple(sorted(own))
        if self.public.is_holiday(day):
            return ()
        if self.public.is_made_up(day):
            return tuple(sorted(self.weekly[MONDAY]))
        extra = (span for session in self.sessions if session.falls_on(day) for span in session.spans)
        return tuple(sorted({*self.weekly[day.weekday()], *extra}))

    def is_working_day(self, day: date) -> bool:
        return bool(self.spans(day))

    def local(self, at: datetime) -> datetime:
        """An aware instant in the office's local time."""
        return at.astimezone(self.zone)

    def is_open(self, at: datetime) -> bool:
        """Whether the counter is open at this aware instant."""
        here = self.local(at)
        return any(span.holds(here.time()) for span in self.spans(here.date()))

    def next_working_day(self, day: date) -> date:
        """The first working day after `day`."""
        return next(self._working_days_after(day))

    def last_working_day(self, day: date) -> date:
        """`day` itself if it is a working day, else the latest one before."""
        while not self.is_working_day(day):
            day -= DAY
        return day

    def after_working_days(self, day: date, count: int) -> date:
        """The working day that is the `count`-th after `day`; `count` is at least 1."""
        days = self._working_days_after(day)
        return next(one for number, one in enumerate(days, start=1) if number == count)

    def working_days_between(self, start: date, end: date) -> int:
        """How many working days come after `start` up to and with `end`; 0 when `end` is not after `start`."""
        return sum(self.is_working_day(start + DAY * number) for number in range(1, (end - start).days + 1))

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while the counter is open, else the instant it opens next, in local time."""
        here = self.local(at)
        day = here.date()
        while True:
            for span in self.spans(day):
                if day > here.date() or here.time() < span.closes:
                    return max(here, datetime.combine(day, span.opens, self.zone))
            day += DAY

    def closure_after(self, day: date) -> Closure | None:
        """The closure of more than three days that begins on the day after `day`, or that `day` lies in; else None."""
        first = day if not self.is_working_day(day) else day + DAY
        while not self.is_working_day(first - DAY):
            first -= DAY
        closure = Closure(first=first, reopens=self.next_working_day(day))
        return closure if closure.days > LONG_CLOSURE_DAYS else None

    def _working_days_after(self, day: date) -> Iterator[date]:
        while True:
            day += DAY
            if self.is_working_day(day):
                yield day
