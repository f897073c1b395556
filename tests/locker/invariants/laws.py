"""What may never break, checked after every fact against the truth of the steel."""

from __future__ import annotations

import msgspec
from hypothesis.stateful import RuleBasedStateMachine

from locker import events as ev
from locker.fold import apply
from locker.model import Cabinet, HandOver
from locker.rules import pickup
from otp import throttle
from tests.locker.invariants.matter import BOARD_OF, Door, Message, Train, on_record


class Laws(RuleBasedStateMachine):
    """The cabinet on record, the steel, and what is checked between them."""

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
        self.possibly_full: set[int] = set()
        self.untold: list[ev.Recorded] = []
        self.unsettled: set[str] = set()
        self.purse = throttle.Bucket()
        self.one_back = self.cabinet

    def id(self, kind: str) -> str:
        self.ids += 1
        return f"{kind}{self.ids}"

    @property
    def moment(self) -> ev.Moment:
        return ev.Moment(utc_ms=self.utc_ms, uptime_ms=self.uptime_ms, run_id=f"run{self.runs}")

    def follow(self, fact: ev.Event) -> None:
        """The day's balance, kept the way a person would: by what was booked."""
        self.follow_possibly_full(fact)
        match fact:
            case ev.Disputed(hand_over=key):
                self.suspended.add(key)
            case ev.Loaded(hand_over=key, evidence=evidence):
                assert self.untold or key not in self.inside, "loaded twice"
                self.inside.add(key)
                if evidence == "clerk":  # who stands at a door that a copy believes open knows what became of it
                    self.unsettled.discard(key)
            case ev.Collected(hand_over=key) | ev.Reclaimed(hand_over=key):
                assert self.untold or key in self.inside, "left the cabinet without having been inside"
                self.inside.discard(key)
                self.suspended.discard(key)
            case ev.Deposited(hand_over=key):
                assert self.untold or key not in self.inside, "deposited twice"
                self.inside.add(key)
            case ev.IntakeCollected(hand_over=key) | ev.IntakeGivenUp(hand_over=key):
                self.inside.discard(key)
            case ev.LoadUndone(hand_over=key) | ev.Settled(hand_over=key, outcome="gone"):
                self.inside.discard(key)
                self.suspended.discard(key)
            case ev.Settled(hand_over=key, outcome="inside"):
                self.inside.add(key)
                self.suspended.discard(key)

    def follow_possibly_full(self, fact: ev.Event) -> None:
        """I6: a door that opened under an intake's grant, and what ends it."""
        match fact:
            case ev.DoorOpened(compartment=number, hand_over=key):
                one = self.cabinet.hand_overs.get(key)
                if one is not None and one.opened_for == "intake":
                    self.possibly_full.add(number)
            case ev.IntakeCollected(compartment=number) | ev.LookedInside(compartment=number):
                self.possibly_full.discard(number)

    def is_clerks(self, one: HandOver, *purposes: str) -> bool:
        grant = self.cabinet.grant_on(one.compartment)
        now = one.open_for or (grant.purpose if grant is not None else one.last_purpose if one.is_asked else "")
        return now in purposes

    def is_citizens(self, one: HandOver) -> bool:
        return self.is_clerks(one, "collect")

    def hand_over_at(self, number: int) -> HandOver | None:
        return self.cabinet.hand_overs.get(self.cabinet.compartment(number).hand_over)

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
            case ev.StayMadeGood():
                assert before.hand_overs[fact.hand_over].is_owed
                for key in fact.results:
                    assert key not in before.results or fact.deadline >= before.results[key].deadline
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
        assert {key for key, one in cabinet.hand_overs.items() if one.stage in ("loaded", "deposited")} == self.inside
        assert not [number for number in self.possibly_full if cabinet.compartment(number).is_free], "I6"
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
            lost = door.inside - on_record(one) - door.forgiven - door.to_reclaim
            assert not lost or number in watched, f"{lost} is on no record"

    def teardown(self) -> None:
        again = Cabinet()
        for one in self.recorded:
            again = apply(again, one)
        assert again == self.cabinet
        kept = msgspec.msgpack.encode(self.cabinet)
        assert msgspec.msgpack.decode(kept, type=Cabinet) == self.cabinet
