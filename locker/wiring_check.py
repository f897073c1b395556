"""Whether the boards of a wiring can be what their profiles say, and have what the compartments want of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hw.errors import UnknownProfile
from hw.profile import Profile, load_profile, unfit

if TYPE_CHECKING:
    from locker.config import Wiring


def problems(wiring: Wiring) -> Iterator[str]:
    """Every contradiction between wiring and profiles, one sentence each."""
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
