"""What a profile's board is told and asked, as requests, and what its replies mean. Pure.

The only place where profiles differ; bus, board and watch treat all alike. `None` is "this board has no such thing".
"""

from __future__ import annotations

from hw import frames, kerong
from hw.frames import Request
from hw.profile import Profile


def pulse(profile: Profile, unit_id: int, coil: int, pulse_ms: int) -> Request:
    """Energise one lock for `pulse_ms`, which the profile allows. Raises ForbiddenAddress."""
    match profile.pulse:
        case "waveshare-flash":
            return frames.pulse(unit_id, coil, units=pulse_ms // frames.PULSE_UNIT_MS)
        case "eletechsup-delay":
            return frames.delayed(unit_id, coil, seconds=pulse_ms // frames.DELAY_UNIT_MS)
        case "host-timed":
            return frames.switch(unit_id, coil, on=True)
        case "kerong-unlock":
            return kerong.unlock(unit_id, coil)


def cut_off(profile: Profile, unit_id: int, coil: int) -> Request | None:
    """What ends a pulse that the board does not end by itself."""
    return None if profile.is_timed else frames.switch(unit_id, coil, on=False)


def all_off(profile: Profile, unit_id: int) -> tuple[Request, ...]:
    """Every coil of the board off, in one request where it has one for that; none where it knows no "off"."""
    match profile.pulse:
        case "waveshare-flash":
            return (frames.all_off(unit_id),)
        case "eletechsup-delay" if profile.is_switched_off_singly:
            return tuple(frames.register_off(unit_id, coil) for coil in range(profile.coils))
        case "eletechsup-delay":
            return (frames.registers_off(unit_id),)
        case "host-timed":
            return (frames.coils_off(unit_id, profile.coils),)
        case "kerong-unlock":
            return ()


def read_coils(profile: Profile, unit_id: int) -> Request | None:
    """All coils, coil 0 first."""
    match profile.coil_readback:
        case "coils":
            return frames.read_coils(unit_id, profile.coils)
        case "registers":
            return frames.read_registers(unit_id, 1, profile.coils)
        case "none":
            return None


def coils_of(profile: Profile, payload: bytes) -> tuple[bool, ...]:
    """The reply to `read_coils`; true is energised."""
    if profile.coil_readback == "registers":
        return tuple(bool(word) for word in frames.words_of(payload))
    return frames.bits_of(payload, profile.coils)


def read_inputs(profile: Profile, unit_id: int) -> Request | None:
    """All inputs, input 0 first."""
    if profile.pulse == "kerong-unlock":
        return kerong.status(unit_id)
    return frames.read_inputs(unit_id, profile.inputs) if profile.inputs else None


def inputs_of(profile: Profile, payload: bytes) -> tuple[bool, ...]:
    """The reply to `read_inputs`."""
    return kerong.bits_of(payload) if profile.pulse == "kerong-unlock" else frames.bits_of(payload, profile.inputs)


def fences(profile: Profile, unit_id: int) -> tuple[Request, ...]:
    """Reads this board answers, with replies that cannot be mistaken for each other; see `hw/link.py`."""
    if profile.pulse == "kerong-unlock":
        return ()
    reads = []
    if profile.version_register is not None:
        reads.append(frames.read_registers(unit_id, profile.version_register, 1))
    if profile.coil_readback == "registers":
        reads += [frames.read_registers(unit_id, 1, count) for count in (1, profile.coils)]
    else:
        reads.append(frames.read_coils(unit_id, profile.coils))
    if profile.inputs:
        reads.append(frames.read_inputs(unit_id, profile.inputs))
    return tuple(reads)
