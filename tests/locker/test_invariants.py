"""The rules against a cabinet of steel that knows what really lies where.

Citizens, clerks, the centre, locks, sensors, power and time act at random; a small worker does with grants and edges
what the real one does. After every fact the world checks what may never break. `--hypothesis-profile=explore` runs
longer.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

import msgspec
from hypothesis import HealthCheck, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from locker import events as ev
from locker.fold import apply
from locker.model import Cabinet, HandOver, Place
from locker.refusals import (
    BoardOffline,
    CodeRefused,
    CompartmentBusy,
    DoorDidNotOpen,
    DoorStandsOpen,
    Refusal,
    SecondCheckNeeded,
    TooManyAttempts,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import clearing, doors, due, loading, notices, pickup, recounts, results
from otp import throttle

IS_LONG = settings.get_current_profile_name() == "explore"
DOORS = 6
BOARD_OF = {number: "A1" if number <= DOORS // 2 else "A2" for number in range(1, DOORS + 1)}
PLACES = {
    number: Place(number=number, board=BOARD_OF[number], size="S", row=number, column=1, height_cm=90)
    for number in BOARD_OF
}
CLERK = loading.Actor(user="lan", role="clerk", is_present=True)
PEOPLE = ("an", "binh", "chi")
DAY = "2026-11-22"
TIMING = due.Timing()
PULSES_A_TRAIN = 3

PICK = st.integers(0, 99)
PLANS = st.lists(st.one_of(st.just(0), st.integers(0, 20)), max_size=7)

Sensor = Literal["good", "stuck_open", "stuck_closed"]
Latch = Literal["springs", "sticks", "holds"]


@dataclass
class Door:
    """The truth of one compartment.

    `forgiven` are documents that a citizen's own closing left inside, `to_reclaim` those a clerk has come to take out.
    """

    inside: set[str] = field(default_factory=set)
    is_open: bool = False
    is_released: bool = False
    sensor: Sensor = "good"
    forgiven: set[str] = field(default_factory=set)
    to_reclaim: set[str] = field(default_factory=set)


@dataclass
class Train:
    """What the doors worker does for one grant."""

    grant: str
    compartment: int
    pulses: int = 0
    most: int = PULSES_A_TRAIN
    has_opened: bool = False


@dataclass
class Message:
    """A code in somebody's telephone."""

    code: str
    selector: str
    recipient: str


class World(RuleBasedStateMachine):
    """One cabinet, its steel, its people."""

    def __init__(self) -> None:
        super().__init__()
        self.cabinet = Cabinet()
        self.recorded: list[ev.Recorded] = []
        self.utc_ms = 1_790_000_000_000
        self.uptime_ms = 0
        self.runs = 0
        self.ids = 0
        self.wishes = 0
        self.doors = {number: Door() for number in BOARD_OF}
        self.wired = {number: number for number in BOARD_OF}
        self.offline: set[str] = set()
        self.settled: dict[int, str] = {}
        self.trains: dict[str, Train] = {}
        self.window: dict[str, int] = {}
        self.inside: set[str] = set()
        self.phones: dict[str, list[Message]] = {}
        self.persons: dict[str, str] = {}
        self.answered: dict[str, int] = {}
        self.grants_ever: dict[str, ev.GrantIssued] = {}
        self.inspected: set[int] = set()
        self.took: dict[str, set[str]] = {}
        self.plan: list[int] = []
        self.at_counter: set[str] = set()
        self.suspended: set[str] = set()
        self.untold: list[ev.Recorded] = []
        self.unsettled: set[str] = set()
        self.purse = throttle.Bucket()
        self.one_back = self.cabinet
        self.power_on()

    # --- recording

    def id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind}{self.ids}"

    @property
    def moment(self) -> ev.Moment:
        return ev.Moment(utc_ms=self.utc_ms, uptime_ms=self.uptime_ms, run_id=f"run{self.runs}")

    def record(self, decision: ev.Decision) -> None:
        """Commit, then do what the workers do at once: begin trains for new grants."""
        before = len(self.recorded)
        for one in decision.events:
            self.commit(one)
        for recorded in self.recorded[before:]:
            if isinstance(recorded.event, ev.GrantIssued):
                self.begin_train(recorded.event)
        self.check()
        if decision.refusal is not None:
            raise decision.refusal

    def commit(self, fact: ev.Event) -> None:
        fact = ev.decode(ev.encode(fact))
        epoch = fact.epoch if isinstance(fact, ev.RecountStarted) else self.cabinet.epoch
        recorded = ev.Recorded(seq=self.cabinet.seq + 1, epoch=epoch, moment=self.moment, event=fact)
        before, two_back = self.cabinet, self.one_back
        self.cabinet, self.one_back = apply(before, recorded), before
        self.recorded.append(recorded)
        self.check_fact(before, two_back, fact)
        self.check_counters(before, fact)
        self.follow(fact)

    def follow(self, fact: ev.Event) -> None:
        """The day's balance, kept the way a person would: by what was booked."""
        match fact:
            case ev.Disputed(hand_over=key):
                self.suspended.add(key)
            case ev.Loaded(hand_over=key):
                assert self.untold or key not in self.inside, "loaded twice"
                self.inside.add(key)
            case ev.Collected(hand_over=key) | ev.Reclaimed(hand_over=key):
                assert self.untold or key in self.inside, "left the cabinet without having been inside"
                self.inside.discard(key)
                self.suspended.discard(key)
            case ev.LoadUndone(hand_over=key) | ev.Settled(hand_over=key, outcome="gone"):
                self.inside.discard(key)
                self.suspended.discard(key)
            case ev.Settled(hand_over=key, outcome="inside"):
                self.inside.add(key)
                self.suspended.discard(key)

    # --- the worker

    def servable(self) -> frozenset[int]:
        return frozenset(
            number
            for number, board in BOARD_OF.items()
            if board not in self.offline and board not in self.cabinet.boards_out
        )

    def begin_train(self, grant: ev.GrantIssued) -> None:
        assert grant.grant not in self.grants_ever, "a grant is used once"
        self.grants_ever[grant.grant] = grant
        train = Train(grant=grant.grant, compartment=grant.compartment)
        self.trains[grant.grant] = train
        if self.settled.get(grant.compartment) == "open":
            self.record(doors.suspect(self.cabinet, grant.compartment))
        if self.cabinet.compartment(grant.compartment).is_suspect:
            train.most = 1

    def end_train(self, train: Train, *, lapsed: str = "") -> None:
        self.trains.pop(train.grant, None)
        self.window.pop(train.grant, None)
        if lapsed:
            self.record(doors.lapse(self.cabinet, train.grant, cause=lapsed, pulses=train.pulses))
        else:
            self.record(doors.did_not_open(self.cabinet, train.grant, pulses=train.pulses))

    def is_live(self, grant: str) -> bool:
        present = self.cabinet.grants.get(grant)
        return present is not None and not present.is_opened and present.run_id == self.cabinet.run_id

    def pulse(self, train: Train, latch: Latch) -> None:
        """Current through a lock: only here, and only for a live grant of this run (I3, I4)."""
        grant = self.cabinet.grants[train.grant]
        assert grant.run_id == f"run{self.runs}"
        assert not grant.is_opened
        assert grant.compartment == train.compartment
        train.pulses += 1
        self.window[train.grant] = train.pulses
        number = self.wired[train.compartment]
        if latch != "holds" and not self.doors[number].is_open:
            self.doors[number].is_released = True
            if latch == "springs":
                self.swing(number)
        self.scan()

    def swing(self, number: int) -> None:
        door = self.doors[number]
        door.is_open, door.is_released = True, False
        for train in self.trains.values():
            if self.wired[train.compartment] == number:
                train.has_opened = True
        grant = self.cabinet.grant_on(number)
        if grant is not None and grant.purpose == "inspect":
            self.inspected.add(number)
        one = self.hand_over_at(number)
        if one is not None and self.is_clerks(one, "reclaim"):
            door.to_reclaim = set(one.results)

    def reading(self, number: int) -> str:
        door = self.doors[number]
        if door.sensor == "good":
            return "open" if door.is_open else "closed"
        return "open" if door.sensor == "stuck_open" else "closed"

    def scan(self) -> None:
        """Every board that answers is read; what changed is an edge."""
        for number, board in BOARD_OF.items():
            if board in self.offline:
                continue
            now, was = self.reading(number), self.settled.get(number)
            if now == was:
                continue
            self.settled[number] = now
            if now == "closed":
                self.record(doors.closed(self.cabinet, number))
            else:
                self.record(
                    doors.opened(
                        self.cabinet,
                        number,
                        board=board,
                        window=dict(self.window),
                        found=was is None,
                        moment=self.moment,
                    )
                )

    def power_on(self) -> None:
        self.purse = throttle.refill(self.purse, self.uptime_ms)
        self.runs += 1
        self.uptime_ms = 0
        self.settled, self.trains, self.window, self.answered = {}, {}, {}, {}
        self.record(ev.Decision(events=(ev.RunStarted(release="t"),)))

    def pass_time(self, ms: int) -> None:
        """Time goes by in steps no longer than to the next thing due."""
        end = self.uptime_ms + ms
        while True:
            at = due.next_uptime_ms(self.cabinet, TIMING)
            step = end if at is None else max(self.uptime_ms, min(end, at))
            self.utc_ms += step - self.uptime_ms
            self.uptime_ms = step
            facts = due.facts(self.cabinet, self.moment, TIMING)
            self.record(facts)
            for train in list(self.trains.values()):
                if train.grant not in self.cabinet.grants:
                    self.trains.pop(train.grant)
                    self.window.pop(train.grant, None)
            if step == end and not facts.events:
                return

    # --- what may never break

    def check_fact(self, before: Cabinet, two_back: Cabinet, fact: ev.Event) -> None:  # noqa: PLR0912  one case a fact
        """What must hold of the state before and after one fact; `two_back` is the state before the fact before it."""
        after = self.cabinet
        match fact:
            case ev.GrantIssued():
                assert before.grant_on(fact.compartment) is None, "two grants on one door"
                if fact.purpose == "collect":
                    one = before.hand_overs[fact.hand_over]
                    assert one.stage == "loaded" or self.uptime_ms - one.closed_uptime_ms <= pickup.REOPEN_MS
                    assert not one.is_cancelled
                    assert one.stage == "collected" or not one.disputed
                    assert before.visit is not None
                    assert (before.visit.visit, before.visit.recipient) == (fact.visit, one.recipient)
                    assert not before.compartment(fact.compartment).is_unproved
            case ev.LoadStarted():
                assert before.compartment(fact.compartment).is_free
                assert not before.compartment(fact.compartment).is_suspect
                door = self.doors[fact.compartment]
                assert not door.inside - door.forgiven - door.to_reclaim, "a free compartment was not empty"
            case ev.DoorOpened() if fact.grant:
                assert fact.pulses or fact.found, "an opening before the pulse is not its grant's"
            case ev.DoorDidNotOpen():
                assert fact.pulses
            case ev.WrongDoorOpened():
                for number in (fact.opened, fact.granted):
                    assert after.compartment(number).quarantine
                    assert after.grant_on(number) is None
                assert fact.board in after.boards_out
                assert any(one.kind == "wrong_door" for one in after.incidents.values())
            case ev.LeftOpen() | ev.Disputed() | ev.DoorOpenedUnasked():
                assert after.compartment(fact.compartment).quarantine
                assert after.incidents
            case ev.Collected(evidence="none"):
                assert before.compartment(fact.compartment).is_suspect, "only a suspect sensor is not asked"
            case ev.Collected(evidence="door_cycle") | ev.Loaded(evidence="door_cycle"):
                assert isinstance(self.recorded[-2].event, ev.DoorClosed)
                assert two_back.compartment(fact.compartment).is_open
                assert not two_back.compartment(fact.compartment).is_left_open, "nobody knows who closed it"
                assert not two_back.compartment(fact.compartment).is_alarmed, "I15: nothing is booked"
            case ev.ResultAmended() | ev.ResultCancelled():
                self.check_revoked(before, fact)
            case ev.NoticeQueued() if fact.code:
                assert fact.results
                for key in fact.results:
                    assert after.results[key].person == fact.person, "a code went to somebody else's telephone"

    def check_revoked(self, before: Cabinet, fact: ev.ResultAmended | ev.ResultCancelled) -> None:
        result = before.results.get(fact.result)
        bundle = None if result is None or not result.hand_over else before.bundle_of(result.recipient)
        if bundle is not None and (isinstance(fact, ev.ResultCancelled) or fact.person or fact.recipient):
            assert not before.codes_of(bundle.bundle), "old codes outlived a change of who may know them"

    def check_counters(self, before: Cabinet, fact: ev.Event) -> None:
        """I10: what was counted stays counted, and only time fills the bucket. A new bundle's selector starts anew."""
        after = self.cabinet
        new = ""
        if isinstance(fact, ev.CodeMinted):
            bundle = before.bundles.get(fact.bundle)
            new = fact.selector if bundle is None or bundle.selector != fact.selector else ""
        for key, tries in before.tries.items():
            now = after.tries.get(key, throttle.Tries())
            assert key == new or now.failures >= tries.failures
            assert key == new or now.checked_failures >= tries.checked_failures
        if isinstance(fact, ev.RunStarted):
            self.purse = throttle.restart(self.purse)
        elif isinstance(fact, ev.AttemptFailed):
            gate = throttle.Gate.EVALUATE_CHECKED if fact.second_check else throttle.Gate.EVALUATE
            self.purse, _tries = throttle.fail(self.purse, throttle.Tries(), gate=gate, uptime_ms=self.uptime_ms)
        allowed = throttle.refill(self.purse, self.uptime_ms).level_milli
        assert throttle.refill(after.bucket, self.uptime_ms).level_milli <= allowed + 1, "only time fills the bucket"

    def check(self) -> None:
        cabinet = self.cabinet
        assert all(grant.run_id == cabinet.run_id for grant in cabinet.grants.values()), "a grant outlived its run"
        if self.untold:
            return
        holds: dict[int, str] = {}
        for key, one in cabinet.hand_overs.items():
            assert one.compartment not in holds, "two hand-overs in one compartment"
            holds[one.compartment] = key
            assert cabinet.compartment(one.compartment).hand_over == key
            for result in one.results:
                is_elsewhere = result in cabinet.results and cabinet.results[result].hand_over != key
                assert not is_elsewhere or one.uncertain or one.stage == "collected", "one result in two places"
        for number, place in cabinet.compartments.items():
            assert not place.hand_over or place.hand_over in cabinet.hand_overs
            assert not (place.is_suspect and place.is_open), "a suspect sensor never counts as open"
            if place.is_free:
                door = self.doors[number]
                assert door.is_open or not door.inside - door.forgiven, "a free compartment is not empty"
        assert {key for key, one in cabinet.hand_overs.items() if one.stage == "loaded"} == self.inside
        assert self.suspended == {key for key, one in cabinet.hand_overs.items() if one.disputed}
        for bundle in cabinet.bundles.values():
            assert any(one.stage == "loaded" for one in cabinet.hand_overs_of(bundle.recipient))
        for code in cabinet.codes.values():
            assert code.bundle in cabinet.bundles, "a code outlived its bundle"
        self.check_steel(cabinet)

    def check_steel(self, cabinet: Cabinet) -> None:
        """Every document in the steel is on record, or a person has been called to look."""
        watched = {one.compartment for one in cabinet.incidents.values()}
        for number, door in self.doors.items():
            one = cabinet.hand_overs.get(cabinet.compartment(number).hand_over)
            known = set() if one is None or (one.stage == "collected" and not one.disputed) else set(one.results)
            lost = door.inside - known - door.forgiven - door.to_reclaim
            assert not lost or number in watched, f"{lost} is on no record"

    def teardown(self) -> None:
        again = Cabinet()
        for one in self.recorded:
            again = apply(again, one)
        assert again == self.cabinet
        kept = msgspec.msgpack.encode(self.cabinet)
        assert msgspec.msgpack.decode(kept, type=Cabinet) == self.cabinet

    # --- the centre

    def wish(self) -> ev.PutWish:
        self.wishes += 1
        return ev.PutWish(wish_seq=self.wishes, wish_id=f"w{self.wishes}", digest=b"")

    def person_of(self, recipient: str) -> str:
        return self.persons.setdefault(recipient, f"p-{recipient}-1")

    @rule(who=st.sampled_from(PEOPLE))
    def announce(self, who: str) -> None:
        self.announce_for(who)

    def announce_for(self, who: str) -> None:
        if self.untold:
            return
        put, result = self.wish(), self.id("r")
        queued = ev.ResultQueued(
            wish=put.wish_seq,
            result=result,
            recipient=who,
            person=self.person_of(who),
            dossier=f"d-{result}",
            items=(ev.Item(item="i"),),
            size="S",
            reach="any",
            language="vi",
            deadline="2026-12-31",
            state=9,
            consent=True,
            fee="none",
        )
        self.at_counter.add(result)
        self.record(results.take(self.cabinet, results.Known(), results.Announce(wish=put, queued=queued)))

    @rule(pick=st.integers(0, 99), new_phone=st.booleans(), to=st.sampled_from((*PEOPLE, "")))
    def amend(self, pick: int, new_phone: bool, to: str) -> None:
        self.amend_one(pick, new_phone=new_phone, to=to)

    def amend_one(self, pick: int, *, new_phone: bool, to: str) -> None:
        result = _pick(self.cabinet.results, pick)
        if result is None:
            return
        recipient = to or result.recipient
        person = self.id(f"p-{recipient}-") if new_phone else self.person_of(recipient)
        amended = ev.ResultAmended(
            wish=self.wishes + 1,
            result=result.result,
            recipient=recipient if recipient != result.recipient else None,
            person=person,
        )
        self.execute(lambda put: results.Amend(wish=put, amended=amended))
        if isinstance(self.recorded[-1].event, ev.ResultAmended):
            self.persons[recipient] = person

    @rule(pick=st.integers(0, 99))
    def cancel(self, pick: int) -> None:
        self.cancel_one(pick)

    def cancel_one(self, pick: int) -> None:
        result = _pick(self.cabinet.results, pick)
        if result is not None:
            self.execute(lambda put: results.Cancel(wish=put, result=result.result))

    def execute(self, make: Any) -> None:
        if self.untold:
            return
        put = self.wish()
        try:
            self.record(results.take(self.cabinet, results.Known(), make(put)))
        except DoorStandsOpen:
            self.wishes -= 1

    # --- the loader

    @rule(pick=st.integers(0, 99), both=st.booleans())
    def load(self, pick: int, both: bool) -> None:
        waiting = {
            key: one for key, one in self.cabinet.results.items() if not one.hand_over and key in self.at_counter
        }
        first = _pick(waiting, pick)
        if first is None:
            return
        keys = [key for key, one in waiting.items() if one.recipient == first.recipient] if both else [first.result]
        request = loading.Load(results=tuple(keys), actor=CLERK, hand_over=self.id("h"), grant=self.id("g"))
        with contextlib.suppress(Refusal):
            self.record(loading.load(self.cabinet, request, places=PLACES, servable=self.servable()))

    @rule(number=st.integers(1, DOORS))
    def put_in(self, number: int) -> None:
        self.put_into(number)

    def put_into(self, number: int) -> None:
        """A clerk who sees the door he asked for puts the envelope in."""
        one = self.hand_over_at(number)
        if one is None or self.cabinet.compartment(number).is_unproved:
            return
        if self.doors[number].is_open and self.is_clerks(one, "load") and one.stage == "loading":
            self.doors[number].inside |= self.at_counter & set(one.results)
            self.at_counter -= set(one.results)

    @rule(number=st.integers(1, DOORS))
    def take_out(self, number: int) -> None:
        self.take_back(number)

    def take_back(self, number: int) -> None:
        """A clerk takes out what is meant to come out."""
        one = self.hand_over_at(number)
        if one is not None and self.doors[number].is_open and self.is_clerks(one, "load", "reclaim"):
            self.at_counter |= self.doors[number].inside & set(one.results)
            self.doors[number].inside -= set(one.results)

    def is_clerks(self, one: HandOver, *purposes: str) -> bool:
        grant = self.cabinet.grant_on(one.compartment)
        now = one.open_for or (grant.purpose if grant is not None else one.last_purpose if one.is_asked else "")
        return now in purposes

    def hand_over_at(self, number: int) -> HandOver | None:
        return self.cabinet.hand_overs.get(self.cabinet.compartment(number).hand_over)

    @rule(pick=st.integers(0, 99))
    def undo(self, pick: int) -> None:
        self.undo_honestly(_pick(self.cabinet.hand_overs, pick))

    def undo_honestly(self, one: HandOver | None) -> None:
        if one is None:
            return
        door = self.doors[one.compartment]
        if door.is_open or door.inside & set(one.results):
            return
        with contextlib.suppress(Refusal):
            self.record(loading.undo(self.cabinet, one.hand_over, CLERK))

    @rule(pick=st.integers(0, 99))
    def reopen_load(self, pick: int) -> None:
        one = _pick(self.cabinet.hand_overs, pick)
        if one is None:
            return
        with contextlib.suppress(Refusal):
            self.record(loading.reopen(self.cabinet, one.hand_over, CLERK, grant=self.id("g")))

    @rule(pick=st.integers(0, 99))
    def clerk_answers(self, pick: int) -> None:
        one = _pick({key: one for key, one in self.cabinet.hand_overs.items() if one.is_asked}, pick)
        if one is None:
            return
        door = self.doors[one.compartment]
        has_happened = (set(one.results) <= door.inside) == (one.last_purpose == "load")
        if not door.is_open:
            with contextlib.suppress(Refusal):
                self.record(loading.answer(self.cabinet, one.hand_over, CLERK, did_open=has_happened))

    @rule(pick=st.integers(0, 99))
    def clerk_says_shut(self, pick: int) -> None:
        one = _pick({key: one for key, one in self.cabinet.hand_overs.items() if one.open_for}, pick)
        if one is None:
            return
        door = self.doors[one.compartment]
        is_as_booked = (set(one.results) <= door.inside) == (one.open_for in ("load", "inspect"))
        if not door.is_open and is_as_booked:
            with contextlib.suppress(Refusal):
                self.record(loading.shut(self.cabinet, one.hand_over, CLERK))

    @rule()
    def close_round(self) -> None:
        with contextlib.suppress(DoorStandsOpen):
            self.record(loading.close_round(self.cabinet, "lan"))

    # --- clerks who clear

    @rule(pick=st.integers(0, 99))
    def reclaim(self, pick: int) -> None:
        one = _pick(self.cabinet.hand_overs, pick)
        if one is None:
            return
        with contextlib.suppress(Refusal):
            self.record(
                clearing.reclaim(self.cabinet, one.hand_over, CLERK, grant=self.id("g"), today=DAY, second="hoa")
            )

    @rule(number=st.integers(1, DOORS))
    def inspect(self, number: int) -> None:
        self.inspected.discard(number)
        with contextlib.suppress(Refusal):
            self.record(clearing.inspect(self.cabinet, number, CLERK, grant=self.id("g"), today=DAY, second="hoa"))

    @rule(pick=st.integers(0, 99))
    def look(self, pick: int) -> None:
        if self.inspected:
            self.say_what_is_inside(sorted(self.inspected)[pick % len(self.inspected)])

    def say_what_is_inside(self, number: int) -> None:
        door = self.doors[number]
        if door.is_open or number not in self.inspected:
            return
        one = self.hand_over_at(number)
        known = set() if one is None or (one.stage == "collected" and not one.disputed) else set(one.results)
        found: ev.Found = "empty" if not door.inside else "as_recorded" if door.inside == known else "something_else"
        with contextlib.suppress(WrongStage):
            self.record(clearing.looked(self.cabinet, number, CLERK, found=found))
            self.inspected.discard(number)
            assert self.cabinet.compartment(number).quarantine == (
                "foreign_content" if found == "something_else" else ""
            )

    @rule(number=st.integers(1, DOORS))
    def clear_foreign(self, number: int) -> None:
        """A clerk at an open door that holds what no record names takes it to the counter."""
        door = self.doors[number]
        if door.is_open and number in self.inspected:
            one = self.hand_over_at(number)
            known = set(one.results) if one is not None else set()
            self.at_counter |= door.inside - known
            door.inside &= known

    @rule(pick=st.integers(0, 99))
    def close_incident(self, pick: int) -> None:
        one = _pick(self.cabinet.incidents, pick)
        if one is None:
            return
        with contextlib.suppress(WrongStage):
            self.record(clearing.close_incident(self.cabinet, one.incident, CLERK))

    @rule()
    def prove_boards(self) -> None:
        self.wired = {number: number for number in BOARD_OF}
        for board in list(self.cabinet.boards_out):
            self.record(clearing.prove_board(self.cabinet, board, CLERK))

    # --- notices

    @rule()
    def mint(self) -> None:
        self.mint_all()

    def mint_all(self) -> None:
        for bundle in notices.due_bundles(self.cabinet):
            self.receive(notices.mint(self.cabinet, bundle.bundle, self.fresh()))

    @rule(pick=st.integers(0, 99))
    def ask_for_a_new_code(self, pick: int) -> None:
        bundle = _pick(self.cabinet.bundles, pick)
        if bundle is None:
            return
        with contextlib.suppress(WrongStage):
            self.receive(notices.mint_again(self.cabinet, bundle.bundle, self.fresh()))

    @rule(pick=st.integers(0, 99), is_out_of_reach=st.booleans())
    def leave_one_inside(self, pick: int, is_out_of_reach: bool) -> None:
        """The citizen leaves a door shut; every code of the bundle stays as good as it was."""
        visit = self.cabinet.visit
        one = _pick(self.cabinet.hand_overs, pick)
        if visit is None or one is None:
            return
        codes = self.cabinet.codes
        with contextlib.suppress(Refusal):
            self.record(
                pickup.leave_inside(self.cabinet, one.hand_over, visit=visit.visit, is_out_of_reach=is_out_of_reach)
            )
        assert self.cabinet.codes == codes

    def fresh(self) -> notices.Fresh:
        taken = notices.taken_selectors(self.cabinet, self.cabinet.utc_ms)
        selector = next(f"{number:03}" for number in range(1000) if f"{number:03}" not in taken)
        return notices.Fresh(
            code=self.id("c"), notice=self.id("n"), selector=selector, salt=b"", verifier=b"", sealed=b""
        )

    def receive(self, decision: ev.Decision) -> None:
        self.record(decision)
        minted = next(one for one in decision.events if isinstance(one, ev.CodeMinted))
        queued = next(one for one in decision.events if isinstance(one, ev.NoticeQueued))
        message = Message(code=minted.code, selector=minted.selector, recipient=minted.recipient)
        self.phones.setdefault(queued.person, []).append(message)

    # --- the citizen

    def submit(self, message: Message, *, second: bool | None, visit: str) -> None:
        code = self.cabinet.codes.get(message.code)
        bundle = None if code is None else self.cabinet.bundles.get(code.bundle)
        holds = bundle is not None and bundle.selector == message.selector
        before = self.answered.get(message.selector)
        if second is not None and (before is None or self.uptime_ms - before >= throttle.PACE_MS):
            self.answered[message.selector] = self.uptime_ms
        proof = pickup.Proof(
            selector=message.selector,
            code=message.code if holds else "",
            second_matches=second,
            answered_uptime_ms=before,
        )
        request = pickup.Submit(proof=proof, visit=visit, grant=self.id("g"))
        self.record(pickup.submit(self.cabinet, request, places=PLACES, servable=self.servable(), moment=self.moment))

    @rule(who=st.sampled_from(PEOPLE), same_visit=st.booleans())
    def owner_types_the_newest_code(self, who: str, same_visit: bool) -> None:
        self.owner_types(who, same_visit=same_visit)

    def owner_types(self, who: str, *, same_visit: bool) -> None:
        """I14, I8: whatever others did at the keypad and whatever a sensor says, the owner's door is granted."""
        messages = [one for one in self.phones.get(self.person_of(who), []) if one.code in self.cabinet.codes]
        if not messages:
            return
        message = messages[-1]
        visit = self.cabinet.visit.visit if self.cabinet.visit is not None and same_visit else self.id("v")
        bundle = self.cabinet.bundles[self.cabinet.codes[message.code].bundle]
        waiting = [
            one
            for one in self.cabinet.hand_overs_of(bundle.recipient)
            if one.stage == "loaded" and not one.is_cancelled and not one.disputed
        ]
        servable = self.servable()
        ready = [
            one
            for one in waiting
            if one.compartment in servable
            and not self.cabinet.compartment(one.compartment).is_unproved
            and (self.cabinet.grant_on(one.compartment) is None)
            and one.trains == 0
        ]
        has_live = any(pickup.is_at_door(self.cabinet, one) for one in waiting)
        checked = self.cabinet.tries.get(message.selector, throttle.Tries()).checked_failures
        if checked >= throttle.LIFE_FAILURES:
            return
        if not waiting:
            with contextlib.suppress(CodeRefused):
                self.type_until_looked_at(message, visit)
                raise AssertionError("a suspended code was told from a wrong one")
            return
        failures = self.cabinet.tries.get(message.selector)
        try:
            self.type_until_looked_at(message, visit)
        except (BoardOffline, CompartmentBusy, DoorDidNotOpen):
            assert not ready
            assert not has_live
        else:
            event("owner served")
            assert self.cabinet.visit is not None
            assert self.cabinet.visit.recipient == bundle.recipient
            assert has_live or any(
                grant.purpose == "collect" and grant.hand_over in {one.hand_over for one in waiting}
                for grant in self.cabinet.grants.values()
            )
        assert self.cabinet.tries.get(message.selector) == failures, "a right code was charged"

    def type_until_looked_at(self, message: Message, visit: str) -> None:
        try:
            self.submit(message, second=None, visit=visit)
        except SecondCheckNeeded:
            event("second question")
            try:
                self.submit(message, second=True, visit=visit)
            except TooManyAttempts:
                self.uptime_ms += throttle.PACE_MS
                self.utc_ms += throttle.PACE_MS
                self.submit(message, second=True, visit=visit)

    @rule(pick=st.integers(0, 99), which=st.integers(0, 99), second=st.sampled_from((None, False)))
    def somebody_types_an_old_code(self, pick: int, which: int, second: bool | None) -> None:
        """I5: a code whose items are gone, or that was revoked, opens nothing."""
        if not self.phones:
            return
        person = sorted(self.phones)[pick % len(self.phones)]
        message = self.phones[person][which % len(self.phones[person])]
        before = self.cabinet
        is_live = message.code in before.codes
        try:
            self.submit(message, second=second, visit=self.id("v"))
        except (Refusal, BoardOffline, DoorDidNotOpen):
            return
        assert is_live
        if self.cabinet.grants != before.grants:
            new = next(one for key, one in self.cabinet.grants.items() if key not in before.grants)
            assert before.hand_overs[new.hand_over].stage == "loaded"
            assert before.hand_overs[new.hand_over].recipient == message.recipient

    @rule(count=st.sampled_from((1, 5, 30)), pick=st.integers(0, 99), second=st.sampled_from((None, False)))
    def somebody_guesses(self, count: int, pick: int, second: bool | None) -> None:
        selectors = sorted({one.selector for many in self.phones.values() for one in many}) or ["000"]
        selector = selectors[pick % len(selectors)] if pick % 3 else f"{pick:03}"
        self.guess(selector, count, second)

    def guess(self, selector: str, count: int, second: bool | None) -> None:
        guess = Message(code="", selector=selector, recipient="")
        for _ in range(count):
            with contextlib.suppress(CodeRefused, SecondCheckNeeded, TooManyAttempts):
                self.submit(guess, second=second, visit="v-guess")
                raise AssertionError("a guess was accepted")

    @rule()
    def next_door(self) -> None:
        self.open_another()

    def open_another(self) -> None:
        if self.cabinet.visit is None:
            return
        with contextlib.suppress(Refusal, BoardOffline, DoorDidNotOpen):
            self.record(
                pickup.open_next(
                    self.cabinet,
                    visit=self.cabinet.visit.visit,
                    grant=self.id("g"),
                    places=PLACES,
                    servable=self.servable(),
                    moment=self.moment,
                )
            )

    @rule(pick=st.integers(0, 99))
    def open_again(self, pick: int) -> None:
        visit = self.cabinet.visit
        mine = {one.hand_over: one for one in self.cabinet.hand_overs_of(visit.recipient)} if visit else {}
        if visit is None or not mine:
            return
        one = _pick(mine, pick)
        with contextlib.suppress(Refusal):
            self.record(
                pickup.reopen(self.cabinet, one.hand_over, visit=visit.visit, grant=self.id("g"), moment=self.moment)
            )

    @rule(number=st.integers(1, DOORS))
    def take(self, number: int) -> None:
        self.take_from(number)

    def take_from(self, number: int) -> None:
        """The citizen at the door the screen named takes everything."""
        one = self.hand_over_at(number)
        if one is None or not self.doors[number].is_open or not self.is_citizens(one):
            return
        self.took.setdefault(one.hand_over, set()).update(self.doors[number].inside)
        self.doors[number].inside.clear()

    def is_citizens(self, one: HandOver) -> bool:
        return self.is_clerks(one, "collect")

    @rule(pick=st.integers(0, 99), is_sullen=st.booleans())
    def citizen_answers(self, pick: int, is_sullen: bool) -> None:
        visit = self.cabinet.visit
        mine = {one.hand_over: one for one in self.cabinet.hand_overs_of(visit.recipient)} if visit else {}
        if visit is None or not mine:
            return
        self.answer_for(_pick(mine, pick), is_sullen=is_sullen)

    def answer_all(self) -> None:
        if self.cabinet.visit is None:
            return
        for one in self.cabinet.hand_overs_of(self.cabinet.visit.recipient):
            self.answer_for(one, is_sullen=False)

    def answer_for(self, one: HandOver, *, is_sullen: bool) -> None:
        visit = self.cabinet.visit
        door = self.doors[one.compartment]
        said: pickup.Answer
        if visit is None or door.is_open:
            return
        if self.took.get(one.hand_over):
            said = "door_is_shut" if one.open_for == "collect" else "incomplete" if is_sullen else "received_all"
        elif set(one.results) <= door.inside:
            said = "door_stayed_shut" if one.is_asked else "not_mine"
        else:
            said = "empty"
        with contextlib.suppress(WrongStage, UnknownHandOver):
            self.record(pickup.answer(self.cabinet, one.hand_over, visit=visit.visit, said=said))

    @rule()
    def leave(self) -> None:
        if self.cabinet.visit is not None:
            self.record(pickup.leave(self.cabinet, visit=self.cabinet.visit.visit))

    # --- whole stories, with something happening between their steps

    @initialize(many=st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4))
    def an_ordinary_morning(self, many: list[str]) -> None:
        for who in many:
            self.load_well(who, [])
        self.end_round([])

    @rule(who=st.sampled_from(PEOPLE), plan=PLANS)
    def load_well(self, who: str, plan: list[int]) -> None:
        self.plan = list(plan)
        self.announce_for(who)
        newest = next(reversed(self.cabinet.results), "")
        key = self.id("h")
        if newest not in self.at_counter:
            return
        request = loading.Load(results=(newest,), actor=CLERK, hand_over=key, grant=self.id("g"))
        try:
            self.record(loading.load(self.cabinet, request, places=PLACES, servable=self.servable()))
        except Refusal:
            return
        number = self.cabinet.hand_overs[key].compartment
        self.between(number)
        self.run_trains(number)
        self.between(number)
        self.put_into(number)
        self.between(number)
        self.push(number)
        self.between(number)

    @rule(plan=PLANS)
    def end_round(self, plan: list[int]) -> None:
        self.plan = list(plan)
        self.close_round()
        self.between(1)
        self.mint_all()

    @rule(who=st.sampled_from(PEOPLE), plan=PLANS, is_honest=st.booleans(), takes=st.booleans())
    def collect_well(self, who: str, plan: list[int], is_honest: bool, takes: bool) -> None:
        self.plan = list(plan)
        for turn in range(3):
            if turn == 0:
                self.owner_types(who, same_visit=False)
            else:
                self.open_another()
            grants = [one for one in self.cabinet.grants.values() if one.purpose == "collect" and not one.is_opened]
            if not grants:
                return
            event("granted")
            number = grants[-1].compartment
            self.between(number)
            self.run_trains(number)
            self.between(number)
            if takes:
                self.take_from(number)
            self.between(number)
            self.push(number)
            self.between(number)
            if is_honest:
                self.answer_all()
            self.between(number)

    @rule(number=st.integers(1, DOORS), plan=PLANS)
    def look_well(self, number: int, plan: list[int]) -> None:
        self.plan = list(plan)
        self.inspected.discard(number)
        with contextlib.suppress(Refusal):
            self.record(clearing.inspect(self.cabinet, number, CLERK, grant=self.id("g"), today=DAY, second="hoa"))
        self.between(number)
        self.run_trains(number)
        self.between(number)
        self.push(number)
        self.between(number)
        self.say_what_is_inside(number)

    @rule(pick=PICK, plan=PLANS, is_load=st.booleans())
    def take_back_well(self, pick: int, plan: list[int], is_load: bool) -> None:
        self.plan = list(plan)
        one = _pick(self.cabinet.hand_overs, pick)
        if one is None:
            return
        number, key = one.compartment, one.hand_over
        with contextlib.suppress(Refusal):
            if is_load:
                self.record(loading.reopen(self.cabinet, key, CLERK, grant=self.id("g")))
            else:
                grant = self.id("g")
                self.record(clearing.reclaim(self.cabinet, key, CLERK, grant=grant, today=DAY, second="hoa"))
        self.between(number)
        self.run_trains(number)
        self.between(number)
        self.take_back(number)
        self.between(number)
        self.push(number)
        self.between(number)
        if is_load and key in self.cabinet.hand_overs:
            self.undo_honestly(self.cabinet.hand_overs[key])

    @rule(seed=st.integers(0, 2**32 - 1), acts=st.integers(1, 60))
    def a_busy_day(self, seed: int, acts: int) -> None:
        """Many acts at once: deeper than one draw an act can come in the same time."""
        dice = Random(seed)

        def some() -> int:
            return dice.randrange(100)

        def number() -> int:
            return dice.randint(1, DOORS)

        def who() -> str:
            return dice.choice(PEOPLE)

        def coin() -> bool:
            return dice.random() < 0.5

        def plan() -> list[int]:
            return [dice.choice((0, 0, 0, dice.randint(0, 20))) for _ in range(8)]

        often: tuple[tuple[float, Callable[[], object]], ...] = (
            (2, lambda: self.announce_for(who())),
            (0.7, lambda: self.amend_one(some(), new_phone=coin(), to=dice.choice((*PEOPLE, "", "", "")))),
            (0.3, lambda: self.cancel_one(some())),
            (2, lambda: self.load(some(), coin())),
            (3, lambda: self.put_into(number())),
            (1, lambda: self.take_back(number())),
            (1, lambda: self.undo(some())),
            (1, lambda: self.reopen_load(some())),
            (1, lambda: self.clerk_answers(some())),
            (1, lambda: self.clerk_says_shut(some())),
            (1, self.close_round),
            (0.7, lambda: self.reclaim(some())),
            (1, lambda: self.inspect(number())),
            (1, lambda: self.look(some())),
            (1, lambda: self.clear_foreign(number())),
            (1, lambda: self.close_incident(some())),
            (1, self.prove_boards),
            (2, self.mint_all),
            (1, lambda: self.ask_for_a_new_code(some())),
            (4, lambda: self.owner_types(who(), same_visit=coin())),
            (1, lambda: self.somebody_types_an_old_code(some(), some(), dice.choice((None, False)))),
            (0.3, lambda: self.somebody_guesses(dice.choice((1, 5, 30)), some(), dice.choice((None, False)))),
            (1, self.open_another),
            (0.5, lambda: self.leave_one_inside(some(), coin())),
            (1, lambda: self.open_again(some())),
            (3, lambda: self.take_from(number())),
            (2, lambda: self.citizen_answers(some(), coin())),
            (0.5, self.leave),
            (8, lambda: self.work(some(), dice.choice(("springs", "springs", "springs", "sticks", "holds")))),
            (1, lambda: self.pull(number())),
            (0.3, lambda: self.force_door(number(), is_thief=coin())),
            (6, lambda: self.push(number())),
            (0.3, lambda: self.spring_back(number())),
            (0.4, lambda: self.break_sensor(number(), dice.choice(("good", "good", "stuck_open", "stuck_closed")))),
            (0.2, lambda: self.swap(number(), number())),
            (0.4, lambda: self.switch_board(dice.choice(("A1", "A2")))),
            (0.4, self.power_on),
            (1, self.scan),
            (1.5, lambda: self.pass_time(1000 * dice.choice((1, 4, 10, 21, 61, 95, 601, 3700)))),
            (0.1, lambda: self.put_back(dice.randint(1, 40), looks=coin())),
            (0.4, lambda: self.centre_tells(dice.randint(1, 20))),
            (3, lambda: self.load_well(who(), plan())),
            (3, lambda: self.end_round(plan())),
            (5, lambda: self.collect_well(who(), plan(), coin(), dice.random() < 0.8)),
            (2, lambda: self.look_well(number(), plan())),
            (1, lambda: self.take_back_well(some(), plan(), coin())),
            (0.7, self.mend_everything),
        )
        weights = [weight for weight, _act in often]
        for _weight, act in dice.choices(often, weights=weights, k=acts):
            act()

    def run_trains(self, number: int) -> None:
        for _ in range(PULSES_A_TRAIN + 1):
            for train in [one for one in self.trains.values() if one.compartment == number]:
                self.turn(train, "springs")

    def between(self, number: int) -> None:
        """What comes between two steps: mostly nothing."""
        other = number % DOORS + 1
        happenings: tuple[Callable[[], object], ...] = (
            lambda: None,
            self.power_on,
            self.power_blinks,
            lambda: self.break_sensor(number, "stuck_closed"),
            lambda: self.break_sensor(number, "stuck_open"),
            lambda: self.pass_time(601_000),
            lambda: self.pass_time(4_000),
            lambda: self.pass_time(95_000),
            lambda: self.switch_board(BOARD_OF[number]),
            lambda: self.force_door(other, is_thief=False),
            lambda: self.force_door(number, is_thief=False),
            self.mend_everything,
            lambda: self.guess("000", 25, None),
            lambda: self.swap(number, other),
            lambda: self.owner_types(PEOPLE[number % len(PEOPLE)], same_visit=False),
            lambda: self.run_trains(other),
            lambda: self.spring_back(number),
            self.end_all_trains,
            lambda: self.put_back(20, looks=True),
            lambda: self.amend_one(number, new_phone=True, to=""),
            lambda: self.cancel_one(number),
        )
        happenings[self.plan.pop(0) if self.plan else 0]()

    def power_blinks(self) -> None:
        self.power_on()
        self.scan()

    def mend_everything(self) -> None:
        self.offline.clear()
        for number in BOARD_OF:
            self.doors[number].sensor = "good"
        self.wired = {number: number for number in BOARD_OF}
        self.scan()
        for board in list(self.cabinet.boards_out):
            self.record(clearing.prove_board(self.cabinet, board, CLERK))

    def end_all_trains(self) -> None:
        for train in list(self.trains.values()):
            self.end_train(train)

    # --- steel and wires

    @rule(pick=st.integers(0, 99), latch=st.sampled_from(("springs", "springs", "springs", "sticks", "holds")))
    def work(self, pick: int, latch: Latch) -> None:
        """One turn of the doors worker for one grant."""
        if self.trains:
            self.turn(_pick(self.trains, pick), latch)

    def turn(self, train: Train, latch: Latch) -> None:
        grant = self.cabinet.grants.get(train.grant)
        board = BOARD_OF[train.compartment]
        if not self.is_live(train.grant) or grant is None:
            self.end_train(train)
        elif board in self.offline:
            self.end_train(train, lapsed="BusOffline")
        elif board in self.cabinet.boards_out and grant.purpose not in ("inspect", "prove"):
            self.end_train(train, lapsed="board_out_of_service")
        elif self.uptime_ms - grant.issued_uptime_ms > doors.GRANT_FIRST_PULSE_MS and train.pulses == 0:
            self.end_train(train, lapsed="too_late")
        elif train.pulses >= train.most:
            self.end_train(train)
        else:
            self.pulse(train, latch)
            if not self.is_live(train.grant):
                self.end_train(train)

    @rule(number=st.integers(1, DOORS))
    def pull(self, number: int) -> None:
        if self.doors[number].is_released:
            self.swing(number)
            self.scan()

    @rule(number=st.integers(1, DOORS), is_thief=st.booleans())
    def force(self, number: int, is_thief: bool) -> None:
        self.force_door(number, is_thief=is_thief)

    def force_door(self, number: int, *, is_thief: bool) -> None:
        """A key or a crowbar."""
        door = self.doors[number]
        if door.is_open:
            return
        if is_thief:
            door.inside.clear()
        self.swing(number)
        self.scan()

    @rule(number=st.integers(1, DOORS))
    def shut(self, number: int) -> None:
        self.push(number)

    def push(self, number: int) -> None:
        door = self.doors[number]
        if not door.is_open:
            return
        one = self.hand_over_at(number)
        if one is not None and self.is_citizens(one):
            door.forgiven |= door.inside
        if one is not None and self.is_clerks(one, "reclaim"):
            door.to_reclaim |= set(one.results)
        self.at_counter |= door.inside & door.to_reclaim
        door.inside -= door.to_reclaim
        door.to_reclaim.clear()
        door.is_open = False
        self.scan()

    @rule(number=st.integers(1, DOORS))
    def bounce(self, number: int) -> None:
        self.spring_back(number)

    def spring_back(self, number: int) -> None:
        """A latch that did not catch."""
        if not self.doors[number].is_open and self.cabinet.compartment(number).closed_uptime_ms:
            self.swing(number)
            self.scan()

    @rule(number=st.integers(1, DOORS), sensor=st.sampled_from(("good", "good", "stuck_open", "stuck_closed")))
    def sensor_changes(self, number: int, sensor: Sensor) -> None:
        self.break_sensor(number, sensor)

    def break_sensor(self, number: int, sensor: Sensor) -> None:
        door, one = self.doors[number], self.hand_over_at(number)
        is_at_work = any(train.compartment == number for train in self.trains.values())
        is_unsettled = one is not None and bool(one.dead_purpose or one.is_asked or one.open_for)
        if is_at_work or is_unsettled or (door.is_open and one is not None and self.is_citizens(one)):
            door.forgiven |= door.inside  # a sensor that begins to lie in the middle of an act is believed
        door.sensor = sensor
        self.scan()

    @rule(one=st.integers(1, DOORS), other=st.integers(1, DOORS))
    def lock_wires_are_swapped(self, one: int, other: int) -> None:
        self.swap(one, other)

    def swap(self, one: int, other: int) -> None:
        if BOARD_OF[one] == BOARD_OF[other] and not self.trains:
            self.wired[one], self.wired[other] = self.wired[other], self.wired[one]

    @rule(board=st.sampled_from(("A1", "A2")))
    def board_goes_or_comes(self, board: str) -> None:
        self.switch_board(board)

    def switch_board(self, board: str) -> None:
        if board in self.offline:
            self.offline.discard(board)
            for number, its in BOARD_OF.items():
                if its == board:
                    self.settled.pop(number, None)
            self.scan()
        else:
            self.offline.add(board)

    @rule()
    def power_cut(self) -> None:
        self.power_on()

    @rule()
    def first_readings(self) -> None:
        self.scan()

    @rule(seconds=st.sampled_from((1, 4, 10, 21, 61, 95, 601, 3700)))
    def time_goes_by(self, seconds: int) -> None:
        self.pass_time(seconds * 1000)

    @rule(back=st.integers(1, 40), looks=st.booleans())
    def restore(self, back: int, looks: bool) -> None:
        self.put_back(back, looks=looks)

    def put_back(self, back: int, *, looks: bool) -> None:
        """A backup is put in place; the centre has every fact since, and tells them bit by bit."""
        if self.untold or any(isinstance(one.event, ev.FactMerged) for one in self.recorded):
            return
        fork = max(1, len(self.recorded) - back)
        self.untold = self.recorded[fork:]
        self.unsettled = {grant.hand_over for grant in self.cabinet.grants.values()} & set(self.cabinet.hand_overs)
        codes = set(self.cabinet.codes)
        epoch = self.cabinet.epoch
        self.rebuild(self.recorded[:fork], epoch=epoch)
        started = recounts.start(self.cabinet, epoch=epoch + 1, cause="restored", forked_at=fork)
        self.runs += 1
        self.uptime_ms = 0
        self.settled, self.trains, self.window, self.answered = {}, {}, {}, {}
        for one in (*started.events, ev.RunStarted(release="t")):
            self.commit(one)
        event("restored")
        assert not set(self.cabinet.codes) & codes
        if looks:
            self.scan()
            return
        self.centre_tells(len(self.untold))

    def rebuild(self, recorded: list[ev.Recorded], epoch: int) -> None:
        self.cabinet = Cabinet(epoch=epoch)
        self.recorded = []
        self.inside, self.suspended = set(), set()
        for one in recorded:
            self.cabinet = apply(self.cabinet, one)
            self.recorded.append(one)
            self.follow(one.event)
        self.purse = throttle.Bucket()

    @rule(many=st.integers(1, 20))
    def centre_tells(self, many: int) -> None:
        """The next facts of the lost epoch arrive, the first of them once more; after the last the recount is over."""
        if not self.untold:
            return
        for recorded in (*self.untold[:many], self.untold[0]):
            grants = self.cabinet.grants
            fact = ev.FactMerged(
                epoch=recorded.epoch,
                cab_seq=recorded.seq,
                utc_ms=recorded.moment.utc_ms,
                fact=ev.encode(recorded.event),
            )
            self.commit(fact)
            assert self.cabinet.grants == grants, "a merged grant came alive"
        self.untold = self.untold[many:]
        if self.untold:
            return
        self.commit(ev.RecountFinished(merged_through=self.cabinet.seq))
        self.inside = {key for key, one in self.cabinet.hand_overs.items() if one.stage == "loaded"}
        self.suspended = {key for key, one in self.cabinet.hand_overs.items() if one.disputed}
        looked = self.cabinet.recount.looked if self.cabinet.recount is not None else ()
        for key in self.unsettled & set(self.cabinet.hand_overs):
            one = self.cabinet.hand_overs[key]
            assert one.uncertain or one.compartment in looked, "nobody knows what became of it"
        self.check()


def _pick(table: dict[Any, Any], pick: int) -> Any:
    """One of the table's values, or None from an empty one."""
    return table[sorted(table)[pick % len(table)]] if table else None


TestInvariants = World.TestCase
TestInvariants.settings = settings(
    max_examples=4000 if IS_LONG else 120,
    stateful_step_count=100 if IS_LONG else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
