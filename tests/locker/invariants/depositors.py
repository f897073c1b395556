"""People who leave papers, what they press afterwards, and the clerks who take the bags out."""

from __future__ import annotations

import contextlib

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import rule

from locker import events as ev
from locker.model import HandOver
from locker.refusals import BoardOffline, DoorDidNotOpen, Refusal
from locker.rules import intake, intake_round
from tests.locker.invariants.citizens import Citizens
from tests.locker.invariants.matter import CLERK, DOORS, PEOPLE, PICK, PLACES, bag_of, pick_from

ROOMY = intake.Policy(share_percent=100, unconfirmed_a_visit=9, unconfirmed_an_hour=99, open_a_phone=9, unchecked=9)
ACTS = ("does as said", "presses cancel", "says nothing")


class Depositors(Citizens):
    """They are offered a compartment, put a bag in, take it back, say so or something else."""

    def intakes(self, *stages: str) -> dict[str, HandOver]:
        return {
            key: one
            for key, one in self.cabinet.hand_overs.items()
            if one.direction == "intake" and (not stages or one.stage in stages)
        }

    @rule(who=st.sampled_from(PEOPLE), same_visit=st.booleans(), is_tight=st.booleans())
    def offer_papers(self, who: str, same_visit: bool, is_tight: bool) -> None:
        self.offer_intake(who, same_visit=same_visit, policy=intake.Policy() if is_tight else ROOMY)

    def offer_intake(self, who: str, *, same_visit: bool, policy: intake.Policy = ROOMY) -> None:
        present = self.cabinet.visit
        visit = present.visit if present is not None and same_visit else self.id("v")
        with contextlib.suppress(Refusal, BoardOffline, DoorDidNotOpen):
            self.record(
                intake.offer(
                    self.cabinet,
                    self.request(who, visit),
                    places=PLACES,
                    servable=self.servable(),
                    moment=self.moment,
                    policy=policy,
                )
            )

    def request(self, who: str, visit: str) -> intake.Offer:
        person = self.id(f"q-{who}-")
        return intake.Offer(
            hand_over=self.id("i"), grant=self.id("g"), visit=visit, kind="new", size="S", person=person
        )

    @rule(number=st.integers(1, DOORS))
    def put_bag_in(self, number: int) -> None:
        self.put_bag(number)

    def put_bag(self, number: int) -> None:
        one = self.hand_over_at(number)
        if one is not None and self.doors[number].is_open and self.is_clerks(one, "intake"):
            self.doors[number].inside.add(bag_of(one.hand_over))

    @rule(number=st.integers(1, DOORS))
    def take_bag_back(self, number: int) -> None:
        one = self.hand_over_at(number)
        if one is not None and self.doors[number].is_open and self.is_clerks(one, "intake"):
            self.doors[number].inside.discard(bag_of(one.hand_over))

    @rule(pick=PICK, is_sullen=st.booleans())
    def depositor_answers(self, pick: int, is_sullen: bool) -> None:
        self.answer_intake(pick_from(self.intakes(), pick), is_sullen=is_sullen)

    def answer_intake(self, one: HandOver | None, *, is_sullen: bool) -> None:
        """What was done, or (sullen) "I took it back" with the bag inside."""
        if one is None or self.cabinet.visit is None or self.doors[one.compartment].is_open:
            return
        is_inside = bag_of(one.hand_over) in self.doors[one.compartment].inside
        said: intake.Said = "left" if is_inside and not is_sullen else "took_back"
        if one.open_for == "intake":
            said = "door_is_shut"
        elif one.is_asked and not is_inside:
            said = "door_stayed_shut"
        with contextlib.suppress(Refusal):
            self.record(intake.answer(self.cabinet, one.hand_over, visit=self.cabinet.visit.visit, said=said))
            event(f"papers: {said}")

    @rule(pick=PICK)
    def papers_do_not_fit(self, pick: int) -> None:
        one = pick_from(self.intakes(), pick)
        if one is None or self.cabinet.visit is None:
            return
        with contextlib.suppress(Refusal, BoardOffline, DoorDidNotOpen):
            self.record(
                intake.does_not_fit(
                    self.cabinet,
                    one.hand_over,
                    self.request("an", self.cabinet.visit.visit),
                    places=PLACES,
                    servable=self.servable(),
                    moment=self.moment,
                    policy=ROOMY,
                )
            )

    # --- the clerk's round

    @rule(pick=PICK)
    def collect_papers(self, pick: int) -> None:
        self.collect_intake(pick_from(self.intakes(), pick))

    def collect_intake(self, one: HandOver | None) -> None:
        if one is not None:
            with contextlib.suppress(Refusal):
                self.record(intake_round.collect(self.cabinet, one.hand_over, CLERK, grant=self.id("g")))

    @rule(pick=PICK)
    def report_papers(self, pick: int) -> None:
        self.report_intake(pick_from(self.intakes(), pick))

    def report_intake(self, one: HandOver | None) -> None:
        """A clerk says what is in their hand; with anything still inside there is nothing to be said."""
        if one is None or self.doors[one.compartment].inside:
            return
        count = 1 if bag_of(one.hand_over) in self.at_counter else 0
        with contextlib.suppress(Refusal):
            said = intake_round.Report(bag="", count=count)
            self.record(intake_round.report(self.cabinet, one.hand_over, CLERK, said))
            event("papers reported")

    @rule(pick=PICK)
    def answer_papers(self, pick: int) -> None:
        paper = pick_from(self.cabinet.intakes, pick)
        if paper is None:
            return
        outcome: ev.IntakeOutcome = "returned" if paper.count else "nothing_found"
        with contextlib.suppress(Refusal):
            said = intake_round.Answer(outcome=outcome)
            self.record(intake_round.answer(self.cabinet, paper.hand_over, CLERK, said))
