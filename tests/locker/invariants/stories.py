"""Whole stories, with something happening between their steps."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from random import Random

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from locker.refusals import Refusal
from locker.rules import clearing, loading
from tests.locker.invariants.depositors import ACTS
from tests.locker.invariants.matter import (
    BOARD_OF,
    CLERK,
    DAY,
    DOORS,
    PEOPLE,
    PICK,
    PLACES,
    PLANS,
    PULSES_A_TRAIN,
    pick_from,
)
from tests.locker.invariants.mishaps import Mishaps


class Stories(Mishaps):
    """Long ways that single acts at random would seldom go."""

    steps = 0
    """Acts since the start of the process, in all stories."""

    @invariant()
    def count_step(self) -> None:
        Stories.steps += 1

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
        one = pick_from(self.cabinet.hand_overs, pick)
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
            (2, lambda: self.offer_intake(who(), same_visit=coin())),
            (2, lambda: self.put_bag(number())),
            (1, lambda: self.answer_intake(pick_from(self.intakes(), some()), is_sullen=coin())),
            (1, lambda: self.papers_do_not_fit(some())),
            (2, lambda: self.collect_intake(pick_from(self.intakes(), some()))),
            (2, lambda: self.report_intake(pick_from(self.intakes(), some()))),
            (1, lambda: self.answer_papers(some())),
            (3, lambda: self.leave_papers_well(who(), plan(), dice.random() < 0.8, dice.choice(ACTS))),
            (2, lambda: self.collect_papers_well(some(), plan())),
        )
        weights = [weight for weight, _act in often]
        for _weight, act in dice.choices(often, weights=weights, k=acts):
            act()
            self.count_step()

    @rule(who=st.sampled_from(PEOPLE), plan=PLANS, puts=st.booleans(), act=st.sampled_from(ACTS))
    def leave_papers_well(self, who: str, plan: list[int], puts: bool, act: str) -> None:
        self.plan = list(plan)
        before = set(self.cabinet.hand_overs)
        self.offer_intake(who, same_visit=False)
        new = [one for key, one in self.intakes().items() if key not in before]
        if not new:
            return
        number = new[0].compartment
        self.between(number)
        self.run_trains(number)
        self.between(number)
        if puts:
            self.put_bag(number)
        self.between(number)
        self.push(number)
        self.between(number)
        if act != "says nothing":
            self.answer_intake(self.intakes().get(new[0].hand_over), is_sullen=act == "presses cancel")
        self.leave()

    @rule(pick=PICK, plan=PLANS)
    def collect_papers_well(self, pick: int, plan: list[int]) -> None:
        self.plan = list(plan)
        one = pick_from(self.intakes("deposited"), pick)
        if one is None:
            return
        for _look in range(2):
            self.collect_intake(one)
            self.between(one.compartment)
            self.run_trains(one.compartment)
            self.between(one.compartment)
            self.push(one.compartment)
            self.between(one.compartment)
            self.report_intake(self.intakes().get(one.hand_over))

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
            self.prove(board)

    def end_all_trains(self) -> None:
        for train in list(self.trains.values()):
            self.end_train(train)
