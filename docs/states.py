"""Writes docs/states.md, the state machines of the cabinet, from the code that runs: `python -m docs.states`.

A small cabinet is led through every order of acts (`docs/acts.py`), each decided by the rules and folded. An arrow is a
fact after which a machine was in another state. Nothing is drawn by hand; a test fails when the file is stale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from docs import acts
from locker.model import Cabinet
from locker.rules import moving

FILE = Path(__file__).with_name("states.md")
NOWHERE = ""
Arrows = dict[tuple[str, str], set[str]]


@dataclass(frozen=True, slots=True)
class Machine:
    """One part of the cabinet; `state` names where it is, empty when it is not there."""

    title: str
    prose: str
    state: Callable[[Cabinet], str]


def hand_over(cabinet: Cabinet) -> str:
    """Of the pickup in the cabinet."""
    one = next((one for one in cabinet.hand_overs.values() if one.direction == "pickup"), None)
    if one is None:
        return NOWHERE
    by_need = (
        ("disputed", one.disputed),
        ("collected", one.stage == "collected"),
        ("uncertain", one.uncertain),
        ("cancelled", one.is_cancelled),
    )
    return next((state for state, holds in by_need if holds), one.stage)


def owed(cabinet: Cabinet) -> str:
    """Of the pickup in the cabinet: what is owed to a person who came in vain."""
    one = next((one for one in cabinet.hand_overs.values() if one.direction == "pickup"), None)
    if one is None or one.stage != "loaded":
        return NOWHERE
    return "owed" if one.is_owed else "kept longer" if one.made_good else "inside"


def intake(cabinet: Cabinet) -> str:
    """Of the papers somebody leaves, until the office has answered."""
    paper = next(iter(cabinet.intakes.values()), None)
    if paper is None:
        return NOWHERE
    one = cabinet.hand_overs.get(paper.hand_over)
    if one is None:
        return "taken out"
    if one.uncertain:
        return "uncertain"
    return "missed once" if paper.is_missed else one.stage


def move(cabinet: Cabinet) -> str:
    """Of what is carried to another compartment: what is to be done next."""
    one = next(iter(cabinet.moves.values()), None)
    return NOWHERE if one is None else moving.step(one)


def compartment(cabinet: Cabinet) -> str:
    """Of compartment 1: what of it comes first to who stands before it."""
    place, grant = cabinet.compartment(1), cabinet.grant_on(1)
    by_need = (
        ("left open", place.is_left_open),
        ("open, unasked", place.is_open and place.is_alarmed),
        ("open", place.is_open or (grant is not None and grant.is_opened)),
        ("granted", grant is not None),
        ("quarantined", place.quarantine),
        ("unproved", place.is_unproved),
        ("out of use", place.out_of_service),
        ("holding", place.hand_over),
        ("sensor suspect", place.is_suspect),
    )
    return next((state for state, holds in by_need if holds), "free")


def code(cabinet: Cabinet) -> str:
    """Of a bundle's codes: whether one could open its door."""
    if not cabinet.codes:
        return NOWHERE
    waiting = [one for one in cabinet.hand_overs.values() if one.stage == "loaded" and not one.is_cancelled]
    return "good" if any(not one.disputed for one in waiting) else "suspended"


def sensor(cabinet: Cabinet) -> str:
    """Of the door switch of compartment 1."""
    return "suspect" if cabinet.compartment(1).is_suspect else "trusted"


def incident(cabinet: Cabinet) -> str:
    """Of the oldest incident."""
    one = next(iter(cabinet.incidents.values()), None)
    return NOWHERE if one is None else "taken" if one.owner else "open"


def notice(cabinet: Cabinet) -> str:
    """Of a message on its way."""
    one = next(iter(cabinet.notices.values()), None)
    return NOWHERE if one is None else one.stage


def standing(cabinet: Cabinet) -> str:
    """Of the cabinet itself."""
    here = cabinet.standing
    return "moving, checked" if here.is_checked else here.stage


MACHINES: tuple[Machine, ...] = (
    Machine("A hand-over", "One pickup, from the loader's scan until it has left the cabinet.", hand_over),
    Machine("What is owed", "Its person came in vain; it is not overdue, and kept longer once it can be had.", owed),
    Machine("A compartment", "What stands first for whoever is before it; two things may hold at once.", compartment),
    Machine("The codes of a bundle", "Good means that one of them opens the door.", code),
    Machine("Trust in a door sensor", "A suspect one never counts as open and locks nobody out.", sensor),
    Machine("A move", "A clerk carries a hand-over to another compartment.", move),
    Machine("An intake", "Papers that somebody leaves, until the office has answered.", intake),
    Machine("An incident", "The oldest one that stands.", incident),
    Machine("A message", "It is gone when it was delivered, failed for good, or has nothing left to say.", notice),
    Machine("The cabinet itself", "It serves, is being moved, or is retired.", standing),
)
# Which scenes show a machine: the others only touch it in passing.
SHOWN: dict[str, tuple[acts.Scene, ...]] = {
    "A message": acts.SCENES[6:7],
    "The cabinet itself": acts.SCENES[7:8],
    "A move": acts.SCENES[8:9],
    "What is owed": acts.SCENES[9:],
    "An incident": acts.SCENES[5:6],
}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Write docs/states.md."""
    FILE.write_text(text(), encoding="utf-8")


def text() -> str:
    """The whole file."""
    arrows, opened = _gather()
    parts = [
        "# States: drawn from the code that runs\n",
        "Written by `python -m docs.states`; do not edit. A small cabinet is led through every order of acts",
        "(`docs/acts.py`), each decided by `locker/rules/` and folded by `locker/fold/`; an arrow is a fact after",
        "which the state was another one. Acts that are refused leave none. Where one fact leads to several states,",
        "it depends on what else held.\n",
    ]
    for machine in MACHINES:
        parts += [f"## {machine.title}\n", f"{machine.prose}\n", "```mermaid", *_drawn(arrows[machine.title]), "```\n"]
    parts += [
        "## Which fact opens which incident\n",
        "Of the facts that these acts led to.\n",
        "| Fact | Incident |",
        "|---|---|",
    ]
    parts += [
        f"| `{fact}` | {', '.join(f'`{kind}`' for kind in sorted(kinds))} |" for fact, kinds in sorted(opened.items())
    ]
    return "\n".join(parts) + "\n"


def _gather() -> tuple[dict[str, Arrows], dict[str, set[str]]]:
    arrows: dict[str, Arrows] = {machine.title: defaultdict(set) for machine in MACHINES}
    opened: dict[str, set[str]] = defaultdict(set)
    for scene in acts.SCENES:
        shown = [one for one in MACHINES if scene in SHOWN.get(one.title, acts.SCENES)]
        for before, fact, after in acts.walk(scene):
            name = type(fact).__name__
            if before.incidents is not after.incidents:
                for key in after.incidents.keys() - before.incidents.keys():
                    opened[name].add(after.incidents[key].kind)
            for machine in shown:
                was, now = machine.state(before), machine.state(after)
                if was != now:
                    arrows[machine.title][was, now].add(name)
    return arrows, opened


def _drawn(arrows: Arrows) -> Iterator[str]:
    yield "stateDiagram-v2"
    states = sorted({state for pair in arrows for state in pair if state})
    yield from (f'    state "{state}" as {_id(state)}' for state in states if _id(state) != state)
    for (was, now), facts in sorted(arrows.items()):
        yield f"    {_id(was)} --> {_id(now)}: {', '.join(sorted(facts))}"


def _id(state: str) -> str:
    return state.replace(", ", "_").replace(" ", "_") or "[*]"


if __name__ == "__main__":
    main()
