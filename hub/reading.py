"""What a fact says about results, wishes and room. Pure; what it cannot read stays raw in the store.

Physical facts are the cabinet's: they always tell where a result is. Answers to wishes tell what became of the wish.
Unknown types say nothing here; a known type whose fields do not fit is unreadable, and kept for a later release.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from locker.wire import MAX_INT

Stage = Literal[
    "announced",
    "queued",
    "in_cabinet",
    "collected",
    "reclaimed",
    "gone",
    "cancelled",
    "refused",
    "handed_out",
    "posted",
]
Mark = Literal["disputed", "uncertain", "settled", "gone"]
MAX_COMPARTMENT = 100_000
MAX_TEXT = 200


@dataclass(frozen=True)
class Moved:
    """Results are now at `stage`."""

    results: tuple[str, ...]
    stage: Stage
    compartment: int | None = None
    hand_over: str | None = None
    evidence: str | None = None


@dataclass(frozen=True)
class Answered:
    """A wish got its one answering fact."""

    wish_seq: int
    answer: Literal["done", "refused", "conflict"]
    reason: str | None = None


@dataclass(frozen=True)
class Marked:
    """Something about a hand-over that a person must look at, or no longer must."""

    hand_over: str
    mark: Mark


@dataclass(frozen=True)
class Stayed:
    """A later last day of results that are inside, chosen by their person or made good; or the counter instead."""

    results: tuple[str, ...]
    deadline: str | None = None
    is_counter_wanted: bool = False


@dataclass(frozen=True)
class Room:
    """How many compartments of each size are ready for something new."""

    small: int
    medium: int
    large: int


Reading = Moved | Answered | Marked | Stayed | Room
Body = Mapping[str, Any]


class UnreadableError(ValueError):
    """A known type whose fields do not fit."""


def _number(body: Body, *names: str, limit: int = MAX_INT) -> int:
    for name in names:
        value = body.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= limit:
            return value
    raise UnreadableError(f"{names[0]} is not a number within 0 and {limit}")


def _text(body: Body, name: str) -> str:
    value = body.get(name)
    if isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable():
        return value
    raise UnreadableError(f"{name} is not a printable text of 1 to {MAX_TEXT} characters")


def _maybe_text(body: Body, name: str) -> str | None:
    return _text(body, name) if body.get(name) else None


def _results(body: Body) -> tuple[str, ...]:
    value = body.get("results")
    if not isinstance(value, list) or not value:
        raise UnreadableError("results is not a list of ids")
    return tuple(_text({"results": one}, "results") for one in value)


def _wish(body: Body) -> int:
    return _number(body, "wish", "wish_seq")


def _compartment(body: Body) -> int:
    return _number(body, "compartment", limit=MAX_COMPARTMENT)


def _queued(body: Body) -> tuple[Reading, ...]:
    return Answered(_wish(body), "done"), Moved((_text(body, "result"),), "queued")


def _done(body: Body) -> tuple[Reading, ...]:
    return (Answered(_wish(body), "done"),)


def _revoked(body: Body) -> tuple[Reading, ...]:
    """A clerk's own word answers no wish."""
    return (Answered(_wish(body), "done"),) if body.get("wish") else ()


def _cancelled(body: Body) -> tuple[Reading, ...]:
    return Answered(_wish(body), "done"), Moved((_text(body, "result"),), "cancelled")


def _cancel_conflicted(body: Body) -> tuple[Reading, ...]:
    return (Answered(_wish(body), "conflict", _maybe_text(body, "found")),)


def _refused(body: Body) -> tuple[Reading, ...]:
    return (Answered(_wish(body), "refused", _maybe_text(body, "reason")),)


def _moves(stage: Stage) -> Callable[[Body], tuple[Reading, ...]]:
    def read_move(body: Body) -> tuple[Reading, ...]:
        compartment = _compartment(body)
        return (Moved(_results(body), stage, compartment, _text(body, "hand_over"), _maybe_text(body, "evidence")),)

    return read_move


def _carried(body: Body) -> tuple[Reading, ...]:
    target = _number(body, "target", limit=MAX_COMPARTMENT)
    return (Moved(_results(body), "in_cabinet", target, _text(body, "hand_over"), _maybe_text(body, "evidence")),)


def _leaves(stage: Stage) -> Callable[[Body], tuple[Reading, ...]]:
    def read_leaving(body: Body) -> tuple[Reading, ...]:
        return (Moved((_text(body, "result"),), stage),)

    return read_leaving


def _marks(mark: Mark) -> Callable[[Body], tuple[Reading, ...]]:
    def read_mark(body: Body) -> tuple[Reading, ...]:
        return (Marked(_text(body, "hand_over"), mark),)

    return read_mark


def _settled(body: Body) -> tuple[Reading, ...]:
    return (Marked(_text(body, "hand_over"), "gone" if body.get("outcome") == "gone" else "settled"),)


def _extended(body: Body) -> tuple[Reading, ...]:
    deadline = _text(body, "deadline")
    try:
        date.fromisoformat(deadline)
    except ValueError as error:
        raise UnreadableError("deadline is not a date") from error
    return (Stayed(_results(body), deadline=deadline),)


def _counter_asked(body: Body) -> tuple[Reading, ...]:
    return (Stayed(_results(body), is_counter_wanted=True),)


def _room(body: Body) -> tuple[Reading, ...]:
    return (Room(**{size: _number(body, size, limit=MAX_COMPARTMENT) for size in ("small", "medium", "large")}),)


READERS: Mapping[str, Callable[[Body], tuple[Reading, ...]]] = {
    "ResultQueued": _queued,
    "ResultAmended": _done,
    "DelegateNamed": _done,
    "DelegateRevoked": _revoked,
    "ResultCancelled": _cancelled,
    "CancelConflicted": _cancel_conflicted,
    "WishRefused": _refused,
    "WishDone": _done,
    "Loaded": _moves("in_cabinet"),
    "LoadUndone": _moves("queued"),
    "Collected": _moves("collected"),
    "Reclaimed": _moves("reclaimed"),
    "HandedAtCounter": _leaves("handed_out"),
    "Posted": _leaves("posted"),
    "Moved": _carried,
    "MoveStalled": _marks("uncertain"),
    "Disputed": _marks("disputed"),
    "LeftOpen": _marks("uncertain"),
    "BecameUncertain": _marks("uncertain"),
    "Settled": _settled,
    "StayExtended": _extended,
    "StayMadeGood": _extended,
    "CounterAsked": _counter_asked,
    "RoomChanged": _room,
}


def read(kind: str, body: Body) -> tuple[Reading, ...] | None:
    """What a fact of type `kind` says; None for a type that says nothing here. UnreadableError."""
    reader = READERS.get(kind)
    return None if reader is None else reader(body)
