"""What both sides hold when a schedule is over, counted: nothing lost, doubled or out of order."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    yield from marks.judge([mark_of(body) for kind, body in told if kind == "DoorClosed"])
    answers = [body["wish"] for _kind, body in told if "wish" in body]
    if Counter(answers) != Counter(range(1, wishes + 1)):
        yield f"wishes answered {sorted(answers)} of {wishes}"
    elif answers != sorted(answers):
        yield f"wishes out of order {answers}"


def mark_of(body: dict[str, Any]) -> int:
    """The number of a mark."""
    return int(body["hand_over"][1:])


def marks_in(envelopes: Sequence[str]) -> set[int]:
    """Marks of all these facts, on whichever line."""
    bodies = [body for text in envelopes for _kind, body in told_by([json.loads(text)])]
    return {mark_of(body) for body in bodies if "hand_over" in body}


def told_by(line: Line) -> list[tuple[str, dict[str, Any]]]:
    """Kind and body of every fact that counts. A merged one counts as what it brought, once in its recount."""
    found: list[tuple[str, dict[str, Any]]] = []
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
            inner = json.loads(body["fact"])
            while inner["type"] == "FactMerged":
                inner = json.loads(inner["fact"])
            found.append((inner.pop("type"), inner))
        elif kind != "FactMerged":
            found.append((kind, body))
    return found
