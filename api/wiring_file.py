"""The wiring file for boards that were found on a line: every door a relay and the input of the same number."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from hw import finding
from hw.line import SerialLine
from hw.profile import load_profile

ROW_CM, TOP_CM = 25, 160
MODBUS_PORT = 502
LOCK = """[[lock]]
model = "lock-1"           # its name; times from the data sheet
pulse_ms = 500
max_pulse_ms = 1000
min_gap_ms = 2000
max_pulses_per_minute = 6
"""


@dataclass(frozen=True, slots=True)
class FoundBus:
    """Boards that answered on one line, and the keys of `[[bus]]` that reach it."""

    keys: str
    boards: tuple[finding.FoundBoard, ...]


async def found_on(port: str, *, ids: int) -> FoundBus | None:
    """The boards behind a serial port, None if nothing answers. Raises BusOffline."""
    found = await finding.find(
        lambda baud, parity: SerialLine(port, baud=baud, parity=parity), unit_ids=range(1, ids + 1)
    )
    if found is None:
        return None
    return FoundBus(f'port = "{port}"\nbaud = {found.baud}\nparity = "{found.parity}"\n', found.boards)


def places_of(text: str) -> tuple[tuple[str, int], ...]:
    """(host, port) of each "HOST" or "HOST:PORT" between commas; raises ValueError with a sentence."""
    places = []
    for one in text.split(","):
        host, _, port = one.strip().partition(":")
        if not host or (port and not port.isdigit()):
            raise ValueError(f"{one.strip()!r} is no place on the network; write HOST or HOST:PORT")
        places.append((host, int(port or MODBUS_PORT)))
    return tuple(places)


async def found_at(places: Iterable[tuple[str, int]], *, ids: int) -> tuple[tuple[FoundBus, ...], tuple[str, ...]]:
    """The boards at places on the network, and a sentence for each place without any."""
    found = await finding.find_at(places, unit_ids=range(1, ids + 1))
    buses = tuple(
        FoundBus(f'host = "{one.host}"\ntcp_port = {one.port}\nframing = "{one.framing}"\n', one.boards)
        for one in found
        if one.boards
    )
    return buses, tuple(one.why_none for one in found if not one.boards)


async def found_by(where: str, *, ids: int) -> tuple[tuple[FoundBus, ...], tuple[str, ...]]:
    """The boards behind a serial port, or at places on the network, and a sentence for each place without any.

    Raises BusOffline, ValueError with a sentence.
    """
    if not where.startswith("/"):
        return await found_at(places_of(where), ids=ids)
    found = await found_on(where, ids=ids)
    return (() if found is None else (found,)), ()


def doors_of(board: finding.FoundBoard) -> int:
    """How many doors get a relay and an input of this board."""
    if not board.profiles:
        return 0
    profile = load_profile(board.profiles[0])
    return min(profile.coils, profile.inputs)


def text_of(buses: Sequence[FoundBus], *, columns: int) -> str:
    """TOML that `locker.config_file.load_wiring` takes; what nobody can read from a wire is marked to be corrected."""
    parts = [LOCK]
    number = 0
    for letter, bus in zip(ascii_uppercase, buses, strict=False):
        parts.append(f'[[bus]]\nname = "{letter}"\n{bus.keys}')
        for place, board in enumerate(bus.boards, start=1):
            if not board.profiles:
                parts.append(f"# unit id {board.unit_id} answers and is no board that is known here\n")
                continue
            name = f"{letter}{place}"
            parts.append(_board(name, letter, board))
            if not doors_of(board):
                parts.append(f"# board {name} has no inputs: write its compartments by hand, with input_board\n")
                continue
            for coil in range(doors_of(board)):
                number += 1
                row, column = divmod(number - 1, columns)
                parts.append(_compartment(number, name, coil, row + 1, column + 1))
    return "\n".join(parts)


def _board(name: str, bus: str, board: finding.FoundBoard) -> str:
    others = ", ".join(board.profiles[1:])
    also = f"   # answers alike: {others}" if others else ""
    unit = f'unit_id = {board.unit_id}\nprofile = "{board.profiles[0]}"{also}\n'
    return f'[[board]]\nname = "{name}"\nbus = "{bus}"\n{unit}'


def _compartment(number: int, board: str, coil: int, row: int, column: int) -> str:
    height = max(10, TOP_CM - ROW_CM * (row - 1))
    return (
        f'[[compartment]]\nnumber = {number}\nboard = "{board}"\ncoil = {coil}\ninput = {coil}\nlock = "lock-1"\n'
        f'size = "S"                 # S, M or L\nrow = {row}\ncolumn = {column}\n'
        f"height_cm = {height}            # of its middle\n"
    )
