"""Who knows the steel's truth: compares what is on record with what is so, and counts what people felt.

A violation is a broken invariant of docs (I1 ..), with the moment it was seen. What may be wrong for a while must be
listed for a person: a quarantine, an incident, a suspect sensor or an uncertain hand-over.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from locker import events as ev
from locker.model import Cabinet, HandOver
from locker.rules.doors import GRANT_TRAIN_MS
from otp import throttle
from simulator.doors import Position
from simulator.twin.figures import LATE, Story
from simulator.twin.steel import Pulse, Steel

DIGITS = re.compile(r"(?<![0-9A-Za-z])\d{9,12}(?![0-9A-Za-z])")
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
    stories: list[Story] = field(default_factory=list)
    facts: Counter[str] = field(default_factory=Counter)
    tampered_at: dict[int, float] = field(default_factory=dict)
    _inside: set[str] = field(default_factory=set)
    _granted_at: dict[int, float] = field(default_factory=dict)
    _pulsed_at: dict[int, float] = field(default_factory=dict)
    """When doors were granted whose grant ended as another one seemed to open; they may stand open all the same."""
    is_recounting: bool = False
    """A backup was put in place and the office has not looked into every compartment yet."""
    _before: tuple[Cabinet, str] | None = None
    _possibly_full: set[int] = field(default_factory=set)
    _broken_promises: set[str] = field(default_factory=set)
    _tries: Mapping[str, throttle.Tries] = field(default_factory=dict)

    def broken(self, rule: str, what: str) -> None:
        """An invariant does not hold."""
        day, clock = self._when()
        self.violations.append(f"day {day} {clock} {rule}: {what}")

    def tell(self, what: str, detail: str = "") -> None:
        """Somebody did not get what they came for, or was woken; told with its moment."""
        day, clock = self._when()
        self.stories.append(Story(day, clock, what, detail))

    def _when(self) -> tuple[int, str]:
        now = self.now()
        return int(now // 86400), f"{int(now % 86400) // 3600:02d}:{int(now % 3600) // 60:02d}:{now % 60:06.3f}"

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
        is_shut = pulse.number and self.steel.model.doors[pulse.number].position is Position.CLOSED
        if is_shut and not self.is_attended():
            self.broken("I9", f"door {pulse.number} was opened with nobody there")

    # --- the journal

    def committed(self, recorded: Sequence[ev.Recorded]) -> None:
        """Facts that are being committed."""
        for one in recorded:
            event = one.event
            self.facts[type(event).__name__] += 1
            self._follow_inside(event)
            self._follow_possibly_full(event)
            match event:
                case ev.GrantIssued():
                    self._note_grant(event.compartment)
                case ev.DoorClosed():
                    self._pulsed_at.pop(event.compartment, None)
                case ev.Collected():
                    self.felt["handed over"] += 1
                    self.felt["handed over on the citizen's word"] += event.evidence == "none"
                    self._check_cycle(event)
                case ev.Loaded() | ev.DroppedOff():
                    self._check_cycle(event)
                case ev.RecountFinished():
                    self._soon(self._recounted)
                case ev.WrongDoorOpened():
                    self._pulsed_at[event.granted] = self._granted_at.get(event.granted, self.now())
                    self._soon(partial(self._check_wrong_door, event))

    def _note_grant(self, number: int) -> None:
        """From now on an opening counts. One that the grant before brought about, and a power cut hid, goes on."""
        before, opened = self._granted_at.get(number), self.steel.opened_at.get(number)
        stands_open = self.steel.model.doors[number].position is not Position.CLOSED
        goes_on = before is not None and opened is not None and 0 <= opened - before <= GRANT_TRAIN_MS / 1000
        if not (stands_open and goes_on):
            self._granted_at[number] = self._pulsed_at.pop(number, self.now())

    def _follow_inside(self, event: ev.Event) -> None:
        """The sum of the day, kept the way a person would (I2)."""
        match event:
            case ev.Loaded():
                self._inside.add(event.hand_over)
            case ev.Deposited():
                self._inside.add(event.hand_over)
                self.felt["papers left"] += 1
            case ev.Collected() | ev.Reclaimed() | ev.LoadUndone() | ev.IntakeGivenUp():
                self._inside.discard(event.hand_over)
            case ev.IntakeCollected():
                self._inside.discard(event.hand_over)
                self.felt["papers collected"] += event.count > 0
            case ev.Settled():
                (self._inside.add if event.outcome == "inside" else self._inside.discard)(event.hand_over)

    def _soon(self, look: Callable[[], None]) -> None:
        """Look once what is being committed has been published."""
        asyncio.get_running_loop().call_soon(look)

    def _check_wrong_door(self, event: ev.WrongDoorOpened) -> None:
        """I15: both doors are shut off from new use, the board is out of service, a person is told."""
        cabinet = self.state()
        if cabinet is None:
            return
        is_told = any(one.kind == "wrong_door" for one in cabinet.incidents.values())
        both = cabinet.compartment(event.granted).quarantine and cabinet.compartment(event.opened).quarantine
        if not (both and event.board in cabinet.boards_out and is_told):
            self.broken("I15", f"door {event.opened} opened instead of {event.granted}, and not all of it is shut off")

    def _follow_possibly_full(self, event: ev.Event) -> None:
        """I6: a compartment that opened for an intake is offered to nobody else until a clerk has looked."""
        match event:
            case ev.DroppedOff():
                self._possibly_full.add(event.compartment)
            case ev.IntakeCollected() | ev.LookedInside():
                self._possibly_full.discard(event.compartment)
            case ev.Withdrawn() | ev.IntakeGivenUp() if event.compartment in self._possibly_full:
                self._soon(partial(self._check_kept, event.compartment))
            case ev.LoadStarted() if event.compartment in self._possibly_full:
                self.broken("I6", f"compartment {event.compartment} was loaded though nobody had looked inside")
            case ev.LoadStarted():
                self._check_empty(event.compartment, ())
            case ev.IntakeOffered():
                cabinet = self.state()
                before = None if cabinet is None else cabinet.intakes.get(event.hand_over)
                if before is None:
                    self._check_empty(event.compartment, ())

    def _check_kept(self, number: int) -> None:
        cabinet = self.state()
        if cabinet is not None and number in self._possibly_full and cabinet.compartment(number).is_free:
            self.broken("I6", f"compartment {number} became free by a button, though its door had opened")

    def _check_empty(self, number: int, known: tuple[str, ...]) -> None:
        content = [label for label in self.steel.model.doors[number].content if label not in known]
        if content:
            self.broken("I6", f"compartment {number} was offered as free and holds {content}")

    def _check_cycle(self, event: ev.Collected | ev.Loaded | ev.DroppedOff) -> None:
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

    def restored(self) -> None:
        """A backup takes the journal's place: what was published since lives on at the centre only."""
        cabinet = self.state() if self._before is None else self._before[0]
        self._tries = {} if cabinet is None else cabinet.tries
        self._before, self.is_recounting = None, True

    def _recounted(self) -> None:
        """The centre's facts are merged: what is on record now is where the sum goes on, and no counter fell (I10)."""
        cabinet = self.state()
        if cabinet is None:
            return
        self._inside = set(_on_record(cabinet))
        for selector, before in self._tries.items():
            now = cabinet.tries.get(selector, throttle.Tries())
            if selector in cabinet.tries and now.failures < before.failures:
                self.broken("I10", "failures were forgotten by a restore")

    # --- people

    def wrong_papers(self, label: str, who: str) -> None:
        """Somebody holds what belongs to another person."""
        self.broken("I2", f"{who} got {label}, which is another person's")

    # --- every night

    def look(self, cabinet: Cabinet) -> None:
        """Record and steel agree, or a person is told where they may not."""
        if self.is_recounting and not _is_counted(cabinet):
            return
        self.is_recounting = False
        on_record = _on_record(cabinet)
        if on_record != self._inside:
            self.broken("I2", f"the balance is wrong by {sorted(on_record ^ self._inside)}")
        held = Counter(one.compartment for one in cabinet.hand_overs.values() if one.stage != "collected")
        if any(count > 1 for count in held.values()):
            self.broken("I2", "two hand-overs in one compartment")
        for number, door in self.steel.model.doors.items():
            one = cabinet.hand_overs.get(cabinet.compartment(number).hand_over)
            expected = _expected(cabinet, one)
            if tuple(sorted(door.content)) not in expected and not is_listed(cabinet, number, one):
                self.felt["items without whereabouts or incident"] += 1
                self.broken("I2", f"compartment {number} holds {door.content}, on record {expected}, nobody told")

    def keep_promises(self, cabinet: Cabinet, today: str) -> None:
        """Who left papers is answered by the promised working day."""
        for key, paper in cabinet.intakes.items():
            one = cabinet.hand_overs.get(key)
            was_left = paper.is_collected or (one is not None and one.stage == "deposited")
            if was_left and paper.promised and paper.promised <= today and key not in self._broken_promises:
                self._broken_promises.add(key)
                self.tell(LATE, key)

    def look_for_names(self, bodies: Iterable[str], secrets: Collection[str]) -> None:
        """No event holds a phone number, a code or a name (I11). `secrets` without spaces, numbers without prefix."""
        for body in bodies:
            found = {run for run in DIGITS.findall(body) if run in secrets or run[-9:] in secrets}
            if found or "Nguy" in body:
                self.broken("I11", f"an event holds {sorted(found) or 'a name'}")

    def compare_lines(self, sent: Sequence[str], kept: Sequence[str]) -> None:
        """Facts at the centre are the journal's, in order, none lost or doubled (I12)."""
        if list(kept) != list(sent[: len(kept)]):
            self.broken("I12", "the centre holds another line of facts than the journal")


def is_listed(cabinet: Cabinet, number: int, one: HandOver | None) -> bool:
    """Whether a person is told to look at this compartment."""
    place = cabinet.compartment(number)
    return bool(
        place.quarantine
        or place.is_unproved
        or place.is_suspect
        or place.is_open
        or (one is not None and (one.uncertain or one.disputed or one.is_asked or one.dead_purpose or one.is_emptied))
        or any(incident.compartment == number for incident in cabinet.incidents.values())
    )


def _on_record(cabinet: Cabinet) -> set[str]:
    """Hand-overs that are on record as inside."""
    return {key for key, one in cabinet.hand_overs.items() if one.stage in ("loaded", "deposited")}


def _is_counted(cabinet: Cabinet) -> bool:
    """Whether the recount is over and no compartment waits for its look any more."""
    if cabinet.recount is not None and not cabinet.recount.is_replayed:
        return False
    return not any(place.is_unproved for place in cabinet.compartments.values())


def _expected(cabinet: Cabinet, one: HandOver | None) -> tuple[tuple[str, ...], ...]:
    """What may lie in a compartment, going by the record: each way as the sorted labels."""
    if one is None or one.stage not in ("loaded", "deposited"):
        return ((),)
    if one.direction == "pickup":
        return (tuple(sorted(one.results)),)
    paper = cabinet.intakes[one.hand_over]
    return ((paper.bag,),) if paper.is_confirmed else ((paper.bag,), ())
