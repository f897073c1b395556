"""Who knows the steel's truth: compares what is on record with what is so, and counts what people felt.

A violation is a broken invariant of docs (I1 ..), with the moment it was seen. What may be wrong for a while must be
listed for a person: a quarantine, an incident, a suspect sensor or an uncertain hand-over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from locker import events as ev
from locker.model import Cabinet, HandOver
from simulator.doors import Position
from simulator.twin.steel import Pulse, Steel

UNSEEN_FOR_S = 3600.0
"""How long after a switch was broken or mended its evidence is not held against the record."""


@dataclass
class Judge:
    """`now` in virtual seconds; `state`: the cabinet as last committed; `is_attended`: whether anybody stands there."""

    now: Callable[[], float]
    state: Callable[[], Cabinet | None]
    is_attended: Callable[[], bool]
    steel: Steel
    violations: list[str] = field(default_factory=list)
    felt: Counter[str] = field(default_factory=Counter)
    facts: Counter[str] = field(default_factory=Counter)
    tampered_at: dict[int, float] = field(default_factory=dict)
    _inside: set[str] = field(default_factory=set)
    _granted_at: dict[int, float] = field(default_factory=dict)
    _before: tuple[Cabinet, str] | None = None

    def broken(self, rule: str, what: str) -> None:
        """An invariant does not hold."""
        now = self.now()
        clock = f"{int(now % 86400) // 3600:02d}:{int(now % 3600) // 60:02d}:{now % 60:06.3f}"
        self.violations.append(f"day {int(now // 86400)} {clock} {rule}: {what}")

    # --- the wire

    def pulse(self, pulse: Pulse) -> None:
        """A board is about to energise a coil."""
        cabinet = self.state()
        if not pulse.is_timed:
            self.broken("I13", "a coil was switched on without the board's timer")
        if cabinet is None:
            self.broken("I3", f"a pulse at {pulse.number} without a running controller")
            return
        grant = cabinet.grant_on(pulse.number)
        if grant is None or grant.is_opened or grant.run_id != cabinet.run_id:
            self.broken("I3", f"a pulse at {pulse.number} without a live grant on record ({grant})")
        if not self.is_attended():
            self.broken("I9", f"door {pulse.number} was opened with nobody there")

    # --- the journal

    def committed(self, recorded: Sequence[ev.Recorded]) -> None:
        """Facts that are being committed."""
        for one in recorded:
            event = one.event
            self.facts[type(event).__name__] += 1
            match event:
                case ev.GrantIssued():
                    self._granted_at[event.compartment] = self.now()
                case ev.Loaded():
                    self._inside.add(event.hand_over)
                case ev.Collected():
                    self._inside.discard(event.hand_over)
                    self.felt["handed over"] += 1
                    self.felt["handed over on the citizen's word"] += event.evidence == "none"
                    self._check_cycle(event)
                case ev.Reclaimed() | ev.LoadUndone():
                    self._inside.discard(event.hand_over)
                case ev.Settled():
                    (self._inside.add if event.outcome == "inside" else self._inside.discard)(event.hand_over)

    def _check_cycle(self, event: ev.Collected) -> None:
        if event.evidence != "door_cycle" or self._is_unseen(event.compartment):
            return
        opened, granted = self.steel.opened_at.get(event.compartment), self._granted_at.get(event.compartment, 0.0)
        if opened is None or opened < granted:
            self.broken("I7", f"{event.hand_over} was booked on a door cycle that did not happen")
        elif self.steel.model.doors[event.compartment].position is not Position.CLOSED:
            self.broken("I7", f"{event.hand_over} was booked while its door stood open")

    def _is_unseen(self, number: int) -> bool:
        broken_at = self.tampered_at.get(number)
        return self.steel.model.doors[number].sensor_fault is not None or (
            broken_at is not None and self.now() - broken_at < UNSEEN_FOR_S
        )

    # --- power

    def power_cut(self, cabinet: Cabinet, head: str) -> None:
        """What had been published when the power went."""
        self._before = (cabinet, head)

    def came_back(self, cabinet: Cabinet, head: str) -> None:
        """What was found in the journal when it came back: the same, throttle and counters included (I1, I10)."""
        if self._before is None:
            return
        before, before_head = self._before
        if head != before_head:
            self.broken("I1", "the journal's head is another one after the power cut")
        if cabinet != before:
            self.broken("I1/I10", "the state is another one after the power cut")

    def began(self, cabinet: Cabinet) -> None:
        """The new run is on record: it lets nobody guess more often than the one before (I10)."""
        if self._before is None:
            return
        before, _head = self._before
        if cabinet.bucket.level_milli > before.bucket.level_milli or cabinet.tries != before.tries:
            self.broken("I10", "the throttle fell back by a restart")

    # --- people

    def wrong_papers(self, label: str, who: str) -> None:
        """Somebody holds what belongs to another person."""
        self.broken("I2", f"{who} got {label}, which is another person's")

    # --- every night

    def look(self, cabinet: Cabinet) -> None:
        """Record and steel agree, or a person is told where they may not."""
        on_record = {key for key, one in cabinet.hand_overs.items() if one.stage == "loaded"}
        if on_record != self._inside:
            self.broken("I2", f"the balance is wrong by {sorted(on_record ^ self._inside)}")
        held = Counter(one.compartment for one in cabinet.hand_overs.values() if one.stage != "collected")
        if any(count > 1 for count in held.values()):
            self.broken("I2", "two hand-overs in one compartment")
        for number, door in self.steel.model.doors.items():
            place = cabinet.compartment(number)
            one = cabinet.hand_overs.get(place.hand_over)
            expected = one.results if one is not None and one.stage == "loaded" else ()
            if sorted(door.content) != sorted(expected) and not is_listed(cabinet, number, one):
                self.broken("I2", f"compartment {number} holds {door.content}, on record {list(expected)}, nobody told")

    def compare_lines(self, sent: Sequence[str], kept: Sequence[str]) -> None:
        """Facts at the centre are the journal's, in order, none lost or doubled (I12)."""
        if list(kept) != list(sent[: len(kept)]):
            self.broken("I12", "the centre holds another line of facts than the journal")


def is_listed(cabinet: Cabinet, number: int, one: HandOver | None) -> bool:
    """Whether a person is told to look at this compartment."""
    place = cabinet.compartment(number)
    return bool(
        place.quarantine
        or place.is_suspect
        or place.is_open
        or (one is not None and (one.uncertain or one.disputed or one.is_asked or one.dead_purpose))
        or any(incident.compartment == number for incident in cabinet.incidents.values())
    )
