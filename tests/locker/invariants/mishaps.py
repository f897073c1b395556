"""Hands at doors, wires, boards, power, time, and a backup that is put in place."""

from __future__ import annotations

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import rule

from locker import events as ev
from locker.fold import apply
from locker.model import Cabinet
from locker.rules import doors, recounts
from otp import throttle
from tests.locker.invariants.depositors import Depositors
from tests.locker.invariants.matter import BOARD_OF, DOORS, Latch, Sensor, Train, on_record, pick_from


class Mishaps(Depositors):
    """What happens to steel and journal."""

    # --- steel and wires

    @rule(pick=st.integers(0, 99), latch=st.sampled_from(("springs", "springs", "springs", "sticks", "holds")))
    def work(self, pick: int, latch: Latch) -> None:
        """One turn of the doors worker for one grant."""
        if self.trains:
            self.turn(pick_from(self.trains, pick), latch)

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
        if one is not None and self.is_clerks(one, "reclaim", "collect_intake"):
            door.to_reclaim |= on_record(one)
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
        self.inside, self.suspended, self.possibly_full = set(), set(), set()
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
            looked = self.cabinet.recount.looked if self.cabinet.recount is not None else ()
            if getattr(recorded.event, "compartment", 0) not in looked:  # what a clerk saw since is newer
                self.follow_possibly_full(recorded.event)
            assert self.cabinet.grants == grants, "a merged grant came alive"
        self.untold = self.untold[many:]
        if self.untold:
            return
        self.commit(ev.RecountFinished(merged_through=self.cabinet.seq))
        self.inside = {key for key, one in self.cabinet.hand_overs.items() if one.stage in ("loaded", "deposited")}
        self.suspended = {key for key, one in self.cabinet.hand_overs.items() if one.disputed}
        looked = self.cabinet.recount.looked if self.cabinet.recount is not None else ()
        for key in self.unsettled & set(self.cabinet.hand_overs):
            one = self.cabinet.hand_overs[key]
            assert one.uncertain or one.compartment in looked, "nobody knows what became of it"
        self.check()
