"""The wiring file for boards that were found on a line: every door a relay and the input of the same number."""

from __future__ import annotations

from hw import finding
from hw.line import SerialLine
from hw.profile import load_profile

ROW_CM, TOP_CM = 25, 160
LOCK = """[[lock]]
model = "lock-1"           # its name; times from the data sheet
pulse_ms = 500
max_pulse_ms = 1000
min_gap_ms = 2000
max_pulses_per_minute = 6
"""


async def found_on(port: str, *, ids: int) -> finding.FoundLine | None:
    """The boards behind a serial port. Raises BusOffline."""
    return await finding.find(
        lambda baud, parity: SerialLine(port, baud=baud, parity=parity), unit_ids=range(1, ids + 1)
    )


def text_of(found: finding.FoundLine, *, port: str, columns: int) -> str:
    """TOML that `locker.config_file.load_wiring` takes; what nobody can read from a wire is marked to be corrected."""
    bus = f'[[bus]]\nname = "A"\nport = "{port}"\nbaud = {found.baud}\nparity = "{found.parity}"\n'
    parts = [LOCK, bus]
    number = 0
    for place, board in enumerate(found.boards, start=1):
        if not board.profiles:
            parts.append(f"# unit id {board.unit_id} answers and is no board that is known here\n")
            continue
        name, others = f"A{place}", ", ".join(board.profiles[1:])
        also = f"   # answers alike: {others}" if others else ""
        unit = f'unit_id = {board.unit_id}\nprofile = "{board.profiles[0]}"{also}\n'
        parts.append(f'[[board]]\nname = "{name}"\nbus = "A"\n{unit}')
        profile = load_profile(board.profiles[0])
        if not profile.inputs:
            parts.append(f"# board {name} has no inputs: write its compartments by hand, with input_board\n")
            continue
        for coil in range(min(profile.coils, profile.inputs)):
            number += 1
            row, column = divmod(number - 1, columns)
            parts.append(_compartment(number, name, coil, row + 1, column + 1))
    return "\n".join(parts)


def _compartment(number: int, board: str, coil: int, row: int, column: int) -> str:
    height = max(10, TOP_CM - ROW_CM * (row - 1))
    return (
        f'[[compartment]]\nnumber = {number}\nboard = "{board}"\ncoil = {coil}\ninput = {coil}\nlock = "lock-1"\n'
        f'size = "S"                 # S, M or L\nrow = {row}\ncolumn = {column}\n'
        f"height_cm = {height}            # of its middle\n"
    )
