"""A compartment's door, lock and sensor as a pure model: bolt, spring, hand, envelopes and what can be wrong with them.

The bolt lets go while its coil is on. A good door then springs ajar by itself within 80 to 200 ms (each door its own
time); a worn or cold one only follows a hand that pulls meanwhile. A door pushed shut catches, unless the coil is on.
Times are monotonic seconds given by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

BOLT_S = 0.03
"""From current to a free bolt."""
PULL_S = 3.0
"""How long a hand keeps pulling at a door that holds."""
BOUNCE_S, BOUNCE_STEP_S = 0.3, 0.03
"""A bouncing contact chatters this long after every movement, in steps of this length."""
WEAK_PULSES = 2
"""A weak lock lets go at this many pulses since its door last closed."""


class Position(StrEnum):
    """Where the leaf stands: shut, sprung open a finger's width, or open wide enough to reach in."""

    CLOSED = "closed"
    AJAR = "ajar"
    OPEN = "open"


class SensorFault(StrEnum):
    """What is wrong with the door switch or its wire."""

    STUCK_CLOSED = "stuck_closed"
    STUCK_OPEN = "stuck_open"
    BROKEN_WIRE = "broken_wire"
    BOUNCING = "bouncing"


class LockFault(StrEnum):
    """What is wrong with the lock: holds always, lets go at the second pulse, or lets go but the spring is tired."""

    JAMMED = "jammed"
    WEAK = "weak"
    WORN = "worn"


class CannotReach(Exception):
    """The hand cannot do this as the door stands; the message says what to do first."""


@dataclass
class Door:
    """One door. `number` only sets the spring's own time."""

    number: int
    is_inverted: bool = False
    position: Position = Position.CLOSED
    is_energised: bool = False
    content: list[str] = field(default_factory=list)
    sensor_fault: SensorFault | None = None
    lock_fault: LockFault | None = None
    bolt_free_at: float | None = None
    springs_at: float | None = None
    hand_until: float = float("-inf")
    moved_at: float = float("-inf")
    pulses_since_closed: int = 0
    pulses: int = 0
    """How often its coil went on since the simulation began."""

    @property
    def spring_s(self) -> float:
        """From a free bolt to an open switch: 0.08 to 0.2 s, different from door to door."""
        return 0.08 + (self.number * 37 % 121) / 1000

    # -- the lock

    def energise(self, at: float) -> None:
        """Current on."""
        if self.is_energised:
            return
        self.is_energised = True
        self.pulses_since_closed += 1
        self.pulses += 1
        weak = self.lock_fault is LockFault.WEAK and self.pulses_since_closed < WEAK_PULSES
        if self.position is Position.CLOSED and self.lock_fault is not LockFault.JAMMED and not weak:
            self.bolt_free_at = at + BOLT_S

    def release(self, at: float) -> None:
        """Current off: a bolt that was not free yet stays, a door that has begun to spring goes on."""
        self.advance(at)
        self.is_energised = False
        self.bolt_free_at = None

    def advance(self, at: float) -> None:
        """Lets bolt and spring do what is due by `at`."""
        if self.bolt_free_at is not None and self.bolt_free_at <= at and self.springs_at is None:
            if self.hand_until >= self.bolt_free_at:
                self._move(Position.OPEN, self.bolt_free_at)
            elif self.lock_fault is not LockFault.WORN:
                self.springs_at = self.bolt_free_at + self.spring_s
        if self.springs_at is not None and self.springs_at <= at:
            self._move(Position.AJAR, self.springs_at)

    def next_change(self, at: float) -> float | None:
        """The next moment after `at` at which the door or its contact moves by itself."""
        moments = [moment for moment in (self.bolt_free_at, self.springs_at) if moment is not None]
        if self.sensor_fault is SensorFault.BOUNCING and at < self.moved_at + BOUNCE_S:
            steps = int((at - self.moved_at) / BOUNCE_STEP_S + 1e-6) + 1
            moments.append(self.moved_at + steps * BOUNCE_STEP_S)
        return min((moment for moment in moments if moment > at), default=None)

    # -- the hand

    def pull(self, at: float) -> None:
        """Pulls the door open; at a door that holds, keeps pulling for 3 s."""
        self.advance(at)
        if self.position is not Position.CLOSED or (self.bolt_free_at is not None and self.bolt_free_at <= at):
            self._move(Position.OPEN, at)
        else:
            self.hand_until = at + PULL_S

    def push(self, at: float) -> None:
        """Pushes the door shut; while the coil is on the bolt does not catch and the door springs back.

        Raises CannotReach when it is shut already.
        """
        self.advance(at)
        if self.position is Position.CLOSED:
            raise CannotReach(f"Door {self.number} is shut already; open it first.")
        self._move(Position.CLOSED, at)
        self.hand_until = float("-inf")
        self.pulses_since_closed = 0
        if self.is_energised:
            self.bolt_free_at = at

    def force(self, at: float) -> None:
        """Opens the door with the mechanical key or a crowbar: no current, no permission."""
        self.advance(at)
        self._move(Position.OPEN, at)

    def put(self, label: str, at: float) -> None:
        """Puts an envelope in. Raises CannotReach unless the door is open."""
        self._reach_in(at)
        self.content.append(label)

    def take(self, at: float) -> tuple[str, ...]:
        """Takes everything out. Raises CannotReach unless the door is open."""
        self._reach_in(at)
        taken, self.content = tuple(self.content), []
        return taken

    # -- the sensor

    def reads(self, at: float) -> bool:
        """The level at the board's input: True when the switch says closed, turned round if the wiring is."""
        if self.sensor_fault is SensorFault.BROKEN_WIRE:
            return False
        closed = self.position is Position.CLOSED
        if self.sensor_fault is SensorFault.STUCK_CLOSED:
            closed = True
        elif self.sensor_fault is SensorFault.STUCK_OPEN:
            closed = False
        elif self.sensor_fault is SensorFault.BOUNCING and 0 <= at - self.moved_at < BOUNCE_S:
            closed ^= int((at - self.moved_at) / BOUNCE_STEP_S + 1e-6) % 2 == 1
        return closed != self.is_inverted

    # -- inside

    def _reach_in(self, at: float) -> None:
        self.advance(at)
        if self.position is not Position.OPEN:
            raise CannotReach(f"Door {self.number} is {self.position}; pull it open first.")

    def _move(self, position: Position, at: float) -> None:
        self.springs_at = None
        if position is not Position.CLOSED:
            self.bolt_free_at = None
        if self.position is not position:
            if Position.CLOSED in (self.position, position):
                self.moved_at = at
            self.position = position
