"""The steel of a story: demonstration cabinets of 24 compartments, side by side on one line."""

from __future__ import annotations

from pathlib import Path

from locker.config import BoardEntry, CompartmentEntry, Wiring
from locker.config_file import load_wiring

WIRING = Path(__file__).parents[1] / "cabinet-24.toml"


def side_by_side(count: int) -> Wiring:
    """`count` of them under one keypad: boards and compartments are numbered on, and stand further to the right."""
    one = load_wiring(WIRING)
    columns = max(entry.column for entry in one.compartment)
    boards, compartments = list[BoardEntry](), list[CompartmentEntry]()
    for nth in range(count):
        first = nth * len(one.board)
        names = {board.name: f"{board.bus}{first + at}" for at, board in enumerate(one.board, start=1)}
        for board in one.board:
            numbered = {"name": names[board.name], "unit_id": board.unit_id + first}
            boards.append(board.model_copy(update=numbered))
        for entry in one.compartment:
            placed = {
                "number": entry.number + nth * len(one.compartment),
                "board": names[entry.board],
                "column": entry.column + nth * columns,
                "near_keypad": entry.near_keypad and nth == 0,
            }
            compartments.append(entry.model_copy(update=placed))
    return one.model_copy(update={"board": tuple(boards), "compartment": tuple(compartments)})
