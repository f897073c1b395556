"""Two identical reads make an edge. Pure: samples in, states and edges out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

DoorState = Literal["closed", "open", "unknown"]


@dataclass(frozen=True, slots=True)
class Edge:
    """Input `input` is settled in another state than before; `was` is unknown when it settles for the first time."""

    input: int
    was: DoorState
    now: DoorState


@dataclass(frozen=True, slots=True)
class Debounce:
    """Settled states of one board's inputs. A true sample means closed, unless the input is `inverted`."""

    states: tuple[DoorState, ...]
    inverted: frozenset[int] = frozenset()
    last: tuple[bool, ...] | None = None


def unsettled(inputs: int, inverted: Sequence[int] = ()) -> Debounce:
    """Nothing known yet about `inputs` inputs."""
    unknown: DoorState = "unknown"
    return Debounce((unknown,) * inputs, frozenset(inverted))


def fold(debounce: Debounce, sample: Sequence[bool]) -> tuple[Debounce, tuple[Edge, ...]]:
    """Take one raw read of all inputs; what reads twice the same settles. Raises ValueError on another length."""
    if len(sample) != len(debounce.states):
        raise ValueError(f"{len(sample)} samples for {len(debounce.states)} inputs")
    current = tuple(sample)
    if debounce.last is None:
        return replace(debounce, last=current), ()
    states = list(debounce.states)
    edges = []
    for number, (before, now) in enumerate(zip(debounce.last, current, strict=True)):
        settled: DoorState = "closed" if now != (number in debounce.inverted) else "open"
        if before == now and states[number] != settled:
            edges.append(Edge(number, was=states[number], now=settled))
            states[number] = settled
    return replace(debounce, states=tuple(states), last=current), tuple(edges)
