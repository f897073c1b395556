"""What contradicts in a wiring: names, places, inputs, and what the boards' profiles have for the compartments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from hw.errors import UnknownProfile
from hw.profile import Profile, load_profile, unfit
from locker.config import Wiring


def problems(wiring: Wiring) -> Iterator[str]:
    """Every contradiction in the furniture, one sentence each."""
    for kind, names in (
        ("bus", [bus.name for bus in wiring.bus]),
        ("board", [board.name for board in wiring.board]),
        ("lock model", [lock.model for lock in wiring.lock]),
        ("compartment", [str(entry.number) for entry in wiring.compartment]),
    ):
        yield from (
            f"{kind} {name} stands {count} times; names must differ"
            for name, count in Counter(names).items()
            if count > 1
        )
    yield from _bus_problems(wiring)
    yield from _compartment_problems(wiring)
    yield from _input_problems(wiring)
    yield from _profile_problems(wiring)
    for lock in wiring.lock:
        if lock.pulse_ms > lock.max_pulse_ms:
            yield f"lock {lock.model}: pulse_ms {lock.pulse_ms} is longer than its max_pulse_ms {lock.max_pulse_ms}"
        if lock.pulse_ms % 100:
            yield f"lock {lock.model}: pulse_ms {lock.pulse_ms} is no multiple of 100, the step of the boards' timers"


def _bus_problems(wiring: Wiring) -> Iterator[str]:
    buses = {bus.name for bus in wiring.bus}
    seen: dict[tuple[str, int], str] = {}
    for board in wiring.board:
        if board.bus not in buses:
            yield f"board {board.name}: bus {board.bus} is not configured"
        if other := seen.get((board.bus, board.unit_id)):
            yield f"board {board.name}: unit id {board.unit_id} on bus {board.bus} is already board {other}"
        seen[board.bus, board.unit_id] = board.name
    ports = Counter(bus.port for bus in wiring.bus if bus.port)
    yield from (f"serial port {port} is used by {count} buses" for port, count in ports.items() if count > 1)


def _compartment_problems(wiring: Wiring) -> Iterator[str]:
    boards = {board.name for board in wiring.board}
    locks = {lock.model for lock in wiring.lock}
    coils: dict[tuple[str, int], int] = {}
    places: dict[tuple[int, int], int] = {}
    for entry in wiring.compartment:
        if entry.board not in boards:
            yield f"compartment {entry.number}: board {entry.board} is not configured"
        if entry.eye not in boards:
            yield f"compartment {entry.number}: input_board {entry.input_board} is not configured"
        if entry.lock not in locks:
            yield f"compartment {entry.number}: lock model {entry.lock} is not configured"
        if (other := coils.setdefault((entry.board, entry.coil), entry.number)) != entry.number:
            yield f"compartments {other} and {entry.number} share coil {entry.coil} of board {entry.board}"
        if entry.input is None:
            yield f"compartment {entry.number}: no door input; a door that cannot be seen is not served"
        if (other := places.setdefault((entry.row, entry.column), entry.number)) != entry.number:
            yield f"compartments {other} and {entry.number} stand at one place: row {entry.row}, column {entry.column}"


def _input_problems(wiring: Wiring) -> Iterator[str]:
    boards = {board.name for board in wiring.board}
    taken: dict[tuple[str, int], int] = {}
    for entry in wiring.compartment:
        if entry.content_input is not None and entry.content_eye not in boards:
            yield f"compartment {entry.number}: content_board {entry.content_board} is not configured"
        for place in entry.inputs:
            if place in taken:
                other = taken[place]
                whose = f"compartments {other} and" if other != entry.number else "door and content of compartment"
                yield f"{whose} {entry.number} share input {place[1]} of board {place[0]}"
            taken[place] = entry.number


def _profile_problems(wiring: Wiring) -> Iterator[str]:
    lines = {bus.name: bus.speaks for bus in wiring.bus}
    profiles: dict[str, Profile] = {}
    for board in wiring.board:
        try:
            profiles[board.name] = load_profile(board.profile)
        except UnknownProfile as unknown:
            yield f"board {board.name}: {unknown}"
            continue
        if board.bus in lines:
            accepts = board.accept_host_timed_pulse
            if why := unfit(board.name, profiles[board.name], lines[board.bus], accepts_host_timed=accepts):
                yield why
    locks = {lock.model: lock for lock in wiring.lock}
    for entry in wiring.compartment:
        driver, eye, lock = profiles.get(entry.board), profiles.get(entry.eye), locks.get(entry.lock)
        if driver is not None and entry.coil >= driver.coils:
            yield f"compartment {entry.number}: board {entry.board} has coils 0 to {driver.coils - 1}"
        if eye is not None and entry.input is not None and entry.input >= eye.inputs:
            has = f"inputs 0 to {eye.inputs - 1}" if eye.inputs else "no inputs; name another one as input_board"
            yield f"compartment {entry.number}: board {entry.eye} has {has}"
        sensor = profiles.get(entry.content_eye)
        if sensor is not None and entry.content_input is not None and entry.content_input >= sensor.inputs:
            has = f"board {entry.content_eye} has {sensor.inputs} inputs"
            yield f"compartment {entry.number}: {has}; correct content_input"
        if driver is not None and lock is not None and lock.pulse_ms % driver.pulse_step_ms:
            yield (
                f"compartment {entry.number}: board {entry.board} makes pulses in steps of {driver.pulse_step_ms} ms; "
                f"correct pulse_ms of lock {lock.model}"
            )
