"""What a run came to, day by day and in all."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

WOKEN = "a message to staff by night"
LATE = "papers not answered by the promised day"


@dataclass(frozen=True)
class Evening:
    """One day's counts at half past eleven at night; `inside` and `left` are compartments in use for either way."""

    day: int
    felt: Counter[str]
    happened: Counter[str]
    inside: int
    left: int


@dataclass(frozen=True)
class Story:
    """Somebody did not get what they came for, or was woken."""

    day: int
    clock: str
    what: str
    detail: str = ""


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    violations: tuple[str, ...]
    stories: tuple[Story, ...]
    felt: Counter[str]
    happened: Counter[str]
    facts: Counter[str]
    head: str
    messages: int
    days: int
    evenings: tuple[Evening, ...] = field(repr=False)
    compartments: int
    met: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    """How often a kind of fact was recorded while a kind of fault was under way, or `none`."""
    diary: tuple[tuple[float, str], ...] = ()
    """Virtual second and kind of every fault."""
