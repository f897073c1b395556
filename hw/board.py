"""One board of locks: prove it, read it, release its coils, pulse one lock; whatever its profile says it speaks.

Nothing is energised before `identify` succeeded on the present connection. Success of a pulse is the readback, not
the echo. A board that tells nothing of its coils is pulsed once and believed when it still answers: the door tells.
"""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from hw import commands, frames
from hw.bus import Bus, CutOff
from hw.errors import (
    BoardUnproved,
    BusOffline,
    CoilStuckOn,
    Fault,
    ForbiddenAddress,
    LinkageMode,
    PulseTooLong,
    PulseUnconfirmed,
    Unanswered,
    WrongBoard,
)
from hw.frames import Request
from hw.limits import LockLimits, LockUse, Supply
from hw.profile import Profile

WINDOW_AFTER_PULSE_S = 0.3
INPUTS_FRESH_FOR_S = 1.0
PULSES_AT_MOST = 2


@dataclass(frozen=True, slots=True)
class Identity:
    """What a proved board says of itself; version 300 means 3.00, 0 that the board has none to tell."""

    version: int
    linkage: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Unlocked:
    """A pulse that reached the lock: how many frames really went out and what showed it. `at` is monotonic seconds."""

    coil: int
    pulses_sent: int
    echoed: bool
    coil_was_on: bool
    door_moved: bool
    at: float


class Board:
    """A board on a bus. `locks` gives the limits per coil; a coil without limits is never pulsed.

    `windows` says until when (monotonic seconds) each coil may read on: write + pulse + 300 ms.
    """

    def __init__(
        self,
        name: str,
        bus: Bus,
        unit_id: int,
        profile: Profile,
        *,
        locks: Mapping[int, LockLimits],
        supply: Supply,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.bus = bus
        self.unit_id = unit_id
        self.profile = profile
        self.identity: Identity | None = None
        self.windows: dict[int, float] = {}
        self._locks = {coil: LockUse(limits) for coil, limits in locks.items()}
        self._supply = supply
        self._clock = clock
        self._proved_on = 0
        self._inputs: tuple[bool, ...] = ()
        self._inputs_at = -math.inf
        bus.admit(unit_id, profile.pulse, commands.fences(profile, unit_id))

    @property
    def is_proved(self) -> bool:
        """Whether `identify` succeeded on the bus's present connection and nothing has disproved it since."""
        return self.identity is not None and self.bus.is_online and self._proved_on == self.bus.connection

    @property
    def inputs(self) -> tuple[bool, ...]:
        """The last reading."""
        return self._inputs

    def distrust(self) -> None:
        """Pulse nothing here until `identify` has succeeded again."""
        self.identity = None

    async def identify(self) -> Identity:
        """Read version and linkage, or what else the profile's board answers.

        Raises WrongBoard, LinkageMode or a fault of the bus; then the board is unproved.
        """
        self.distrust()
        connection = self.bus.connection
        version = await self._version()
        linkage = await self._linkage()
        if linked := [channel for channel, mode in enumerate(linkage) if mode]:
            message = f"board {self.name}: inputs {linked} switch relays by themselves; set them to normal (0)"
            raise LinkageMode(message, linked)
        self.identity = Identity(version, linkage)
        self._proved_on = connection
        return self.identity

    async def _version(self) -> int:
        if self.profile.version_register is None:
            await self.read_coils()
            await self.read_inputs()
            return 0
        (version,) = await self._registers(self.profile.version_register, 1)
        if version < self.profile.least_version:
            least = self.profile.least_version
            message = (
                f"board {self.name} has version {version / 100:.2f}, its profile needs {least / 100:.2f}; replace it"
            )
            raise WrongBoard(message, frame_sent=True)
        return version

    async def _linkage(self) -> tuple[int, ...]:
        if not self.profile.linkage_count:
            return ()
        return await self._registers(self.profile.linkage_register, self.profile.linkage_count)

    async def read_inputs(self, *, urgent: bool = False) -> tuple[bool, ...]:
        """All discrete inputs, raw, input 0 first; none on a board without. Raises a fault of the bus."""
        if request := commands.read_inputs(self.profile, self.unit_id):
            self._inputs = commands.inputs_of(self.profile, await self._ask(request, urgent=urgent))
        self._inputs_at = self._clock()
        return self._inputs

    async def read_coils(self, *, urgent: bool = False) -> tuple[bool, ...]:
        """All coils, coil 0 first; true is energised; none where the board does not tell. Raises a fault of the bus."""
        request = commands.read_coils(self.profile, self.unit_id)
        return commands.coils_of(self.profile, await self._ask(request, urgent=urgent)) if request else ()

    async def release_all(self) -> None:
        """All coils off, then read back; safe at any time. Raises CoilStuckOn or a fault of the bus."""
        for request in commands.all_off(self.profile, self.unit_id):
            await self.bus.exchange(request, urgent=True)
        coils = await self.read_coils(urgent=True)
        if stuck := [coil for coil, is_on in enumerate(coils) if is_on]:
            self.distrust()
            raise CoilStuckOn(f"board {self.name}: coils {stuck} stay on after all off; cut the lock supply", stuck)

    async def unlock(self, coil: int, *, pulse_ms: int, door_input: int, eye: Board | None = None) -> Unlocked:
        """Pulse one lock and read back that it happened; `eye` is the board of the door's input if it is another one.

        `pulse_ms` in whole steps of the profile. The board ends the pulse, or else a cut-off that is armed before it.
        After a missing answer the coil and the door are read, and the pulse is repeated
        once at most, and only while a running pulse would still be seen and neither moved. Raises, with nothing
        sent: BoardUnproved, PulseTooLong, PulseTooSoon, ForbiddenAddress, BusOffline, an Unanswered; with a pulse
        sent: PulseUnconfirmed (`pulses_sent`), WrongBoard, BoardBusy. Waits while another lock of the same supply
        draws current.
        """
        eye = eye or self
        lock = self._lock(coil, pulse_ms, eye, door_input)
        async with self._supply.turn():
            if not self.is_proved:
                raise BoardUnproved(f"board {self.name} has not proved what it is; check it, it is asked every 10 s")
            lock.refuse_too_soon(self._clock())
            self._supply.refuse_too_many((self.name, coil))
            before = await eye.input_before(door_input)
            for sent in range(1, PULSES_AT_MOST + 1):
                started = self._clock()
                echoed = await self._pulse(lock, coil, pulse_ms, sent)
                coils, inputs = await self._look_back(sent, eye, look_at_door=not echoed)
                moved, was_on = inputs[door_input] != before, bool(coils and coils[coil])
                if echoed or was_on or moved or not coils:
                    return Unlocked(coil, sent, echoed, was_on, moved, started)
                is_over = self._clock() >= started + pulse_ms / 1000  # a pulse could be: repeating might open twice
                if is_over or lock.is_used_up(self._clock()):
                    break
        raise self._unconfirmed(f"no sign that coil {coil} was energised", sent)

    def _lock(self, coil: int, pulse_ms: int, eye: Board, door_input: int) -> LockUse:
        """The lock's use so far, once everything that needs no wire has been checked."""
        lock = self._locks.get(coil)
        if lock is None or not 0 <= coil < self.profile.coils or not 0 <= door_input < eye.profile.inputs:
            raise ForbiddenAddress(
                f"board {self.name} has no lock at coil {coil} with input {door_input}; correct the wiring"
            )
        lock.refuse_too_long(pulse_ms)
        step, longest = self.profile.pulse_step_ms, self.profile.longest_pulse_ms
        if pulse_ms % step or not step <= pulse_ms <= longest:
            raise PulseTooLong(
                f"a pulse of {pulse_ms} ms: the board takes {step} to {longest} ms in steps of {step}; correct pulse_ms"
            )
        return lock

    async def input_before(self, door_input: int) -> bool:
        """One input as it was read within the last second, or is read now. Raises a fault of the bus."""
        if self._clock() - self._inputs_at > INPUTS_FRESH_FOR_S:
            await _twice_at_most(self.read_inputs)
        return self._inputs[door_input]

    async def _pulse(self, lock: LockUse, coil: int, pulse_ms: int, sent: int) -> bool:
        """Send pulse number `sent`; whether the board echoed it. What reached the wire is booked."""
        request = commands.pulse(self.profile, self.unit_id, coil, pulse_ms)
        off = commands.cut_off(self.profile, self.unit_id, coil)
        self.windows[coil] = math.inf
        reached_wire = True
        try:
            answer = await self.bus.exchange(
                request, urgent=True, cut_off=CutOff(off, pulse_ms / 1000) if off else None
            )
        except Fault as fault:
            reached_wire = fault.frame_sent
            if isinstance(fault, WrongBoard):
                self.distrust()
            if isinstance(fault, Unanswered) and reached_wire:
                return False
            is_unclear = sent > 1 or (isinstance(fault, BusOffline) and reached_wire)
            if is_unclear:
                raise self._unconfirmed(str(fault), sent if reached_wire else sent - 1) from fault
            raise
        finally:
            end = self._clock() + pulse_ms / 1000
            if reached_wire:
                lock.book(end)
                self._supply.book((self.name, coil), end)
            self.windows[coil] = end + WINDOW_AFTER_PULSE_S
        return answer is not None

    async def _look_back(
        self, sent: int, eye: Board, *, look_at_door: bool
    ) -> tuple[tuple[bool, ...], tuple[bool, ...]]:
        """Coils and inputs after a pulse frame; each read is repeated once if need be, reads are harmless."""
        try:
            coils = await _twice_at_most(self.read_coils)
            return coils, await _twice_at_most(eye.read_inputs) if look_at_door else eye.inputs
        except Fault as fault:
            raise self._unconfirmed(str(fault), sent) from fault

    def _unconfirmed(self, why: str, pulses_sent: int) -> PulseUnconfirmed:
        return PulseUnconfirmed(f"board {self.name}: {why}; look at the door before the next try", pulses_sent)

    async def _registers(self, address: int, count: int) -> tuple[int, ...]:
        return frames.words_of(await self._ask(frames.read_registers(self.unit_id, address, count)))

    async def _ask(self, request: Request, *, urgent: bool = False) -> bytes:
        payload = await self.bus.exchange(request, urgent=urgent)
        assert payload is not None
        return payload


async def _twice_at_most(read: Callable[..., Awaitable[tuple[bool, ...]]]) -> tuple[bool, ...]:
    try:
        return await read(urgent=True)
    except Unanswered:
        return await read(urgent=True)
