"""What both sides hold when a schedule is over, counted: nothing lost, doubled or out of order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Line = Sequence[dict[str, Any]]
"""Envelopes in order, as JSON objects."""


@dataclass
class Marks:
    """Facts that were recorded for the count, each with a number of its own."""

    recorded: dict[int, str] = field(default_factory=dict)
    """Each mark and the card it was recorded on."""
    gone: set[int] = field(default_factory=set)
    """Marks that nobody but a card that was taken out had on record."""

    def judge(self, marks: Sequence[int]) -> Iterator[str]:
        """What is wrong with the marks on the centre's line, in its order."""
        if doubled := [mark for mark, times in Counter(marks).items() if times > 1]:
            yield f"facts doubled {doubled}"
        if lost := set(self.recorded) - set(marks) - self.gone:
            yield f"facts lost {sorted(lost)}"
        for card in dict.fromkeys(self.recorded.values()):
            own = [mark for mark in marks if self.recorded.get(mark) == card]
            if own != sorted(own):
                yield f"facts of one card out of order {own}"


def judge(*, here: Sequence[str], there: Line, marks: Marks, wishes: int) -> Iterator[str]:
    """What is wrong: the cabinet's hashes against the centre's line, the marks, the answers to `wishes` wishes."""
    if list(here) != [one["hash"] for one in there]:
        yield "the centre's line is not the cabinet's"
    if [one["cab_seq"] for one in there] != list(range(1, len(there) + 1)):
        yield "the line has a gap"
    told = told_by(there)
    yield from marks.judge([mark_of(one.body) for one in told if one.kind == "DoorClosed"])
    yield from _wrong_answers([one for one in told if "wish" in one.body], wishes)


def _wrong_answers(answers: Sequence[Told], wishes: int) -> Iterator[str]:
    """What is wrong with the answers to so many wishes.

    A card that dies untold leaves its last wish to the next one. If it comes back in spite of that, both have carried
    the wish out, and its line has both answers: its own, and later the merged one of the other. No other second answer
    is right.
    """
    numbers = [one.body["wish"] for one in answers]
    by: dict[int, list[int]] = {number: [] for number in numbers}
    doubled = False
    for one in answers:
        earlier = by[one.body["wish"]]
        doubled |= bool(earlier) and (not one.is_merged or one.epoch in earlier)
        earlier.append(one.epoch)
    if doubled or set(numbers) != set(range(1, wishes + 1)):
        yield f"wishes answered {sorted(numbers)} of {wishes}"
        return
    for epoch in sorted({one.epoch for one in answers}):
        own = [one.body["wish"] for one in answers if one.epoch == epoch]
        if own != sorted(own):
            yield f"wishes out of order {own}"


def mark_of(body: dict[str, Any]) -> int:
    """The number of a mark."""
    return int(body["hand_over"][1:])


def marks_in(envelopes: Sequence[str]) -> set[int]:
    """Marks of all these facts, on whichever line."""
    bodies = [one.body for text in envelopes for one in told_by([json.loads(text)])]
    return {mark_of(body) for body in bodies if "hand_over" in body}


class Told(NamedTuple):
    """A fact that counts: what and when, in epochs, it was first recorded, and whether a recount brought it."""

    kind: str
    body: dict[str, Any]
    epoch: int
    is_merged: bool


def told_by(line: Line) -> list[Told]:
    """Every fact that counts. A merged one counts as what it brought, once in its recount."""
    found: list[Told] = []
    forked_at, merged = -1, 0
    for fact in line:
        kind, body = fact["type"], fact["body"]
        if kind == "RecountStarted":
            merged = merged if body["forked_at"] == forked_at else 0
            forked_at = body["forked_at"]
        elif kind == "RecountFinished":
            forked_at, merged = -1, 0
        elif kind == "FactMerged" and (number := body.get("line_seq") or body["cab_seq"]) > merged:
            merged = number
            epoch, inner = body["epoch"], json.loads(body["fact"])
            while inner["type"] == "FactMerged":
                epoch, inner = inner["epoch"], json.loads(inner["fact"])
            found.append(Told(inner.pop("type"), inner, epoch, is_merged=True))
        elif kind != "FactMerged":
            found.append(Told(kind, body, fact["epoch"], is_merged=False))
    return found
