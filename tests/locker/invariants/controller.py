"""A small worker that does with grants and edges what the real one does."""

from __future__ import annotations

from locker import events as ev
from locker.fold import apply
from locker.rules import commissioning, doors, due, in_vain
from otp import throttle
from tests.locker.invariants.laws import Laws
from tests.locker.invariants.matter import BOARD_OF, COUNTER, TIMING, Latch, Train, on_record


class Controller(Laws):
    """Records decisions, sends trains, reads the boards."""

    def __init__(self) -> None:
        super().__init__()
        self.power_on()

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

    def prove(self, board: str) -> None:
        """A technician finds every door of the board good."""
        numbers = [number for number, its in BOARD_OF.items() if its == board]
        for number in numbers:
            self.record(commissioning.tried(commissioning.Finding(number, "good"), board=board, user="tho"))
        self.record(commissioning.prove(self.cabinet, board, numbers, user="tho"))

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
        if one is not None and self.is_clerks(one, "reclaim", "collect_intake"):
            door.to_reclaim = on_record(one)

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
            self.record(in_vain.due(self.cabinet, self.moment, office=COUNTER, days=7, servable=self.servable()))
            if step == end and not facts.events:
                return
