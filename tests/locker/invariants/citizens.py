"""Owners, guessers and people with an old message."""

from __future__ import annotations

import contextlib
from typing import get_args

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import rule

from locker import events as ev
from locker.model import HandOver
from locker.refusals import (
    BoardOffline,
    CodeRefused,
    CompartmentBusy,
    DoorDidNotOpen,
    Refusal,
    SecondCheckNeeded,
    StatusUnknown,
    TooManyAttempts,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import asking, pickup, ratings, staying
from otp import throttle
from tests.locker.invariants.matter import COUNTER, DOORS, PEOPLE, PLACES, Message, pick_from
from tests.locker.invariants.staff import Staff

TERMS = staying.Terms(places=PLACES, office=COUNTER, keeps_free=0)


class Citizens(Staff):
    """They type, open, take, answer and leave."""

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
        if checked >= throttle.CHECKED_FAILURES:
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
        one = pick_from(mine, pick)
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

    @rule(pick=st.integers(0, 99), is_sullen=st.booleans())
    def citizen_answers(self, pick: int, is_sullen: bool) -> None:
        visit = self.cabinet.visit
        mine = {one.hand_over: one for one in self.cabinet.hand_overs_of(visit.recipient)} if visit else {}
        if visit is None or not mine:
            return
        self.answer_for(pick_from(mine, pick), is_sullen=is_sullen)

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

    # --- asking, wishing, rating

    @rule(pick=st.integers(0, 99), is_right=st.booleans(), count=st.sampled_from((1, 3, 12)))
    def somebody_asks_about_a_dossier(self, pick: int, is_right: bool, count: int) -> None:
        """I10, I14: wrong questions are counted for good, and cost nothing of who collects."""
        refs = tuple(sorted({one.dossier for one in self.cabinet.results.values()})) or ("d-none",)
        ref = refs[pick % len(refs)]
        asked = asking.Asked(dossiers=(ref,), matching=(ref,) if is_right else ())
        before = self.cabinet
        for _ in range(count):
            with contextlib.suppress(StatusUnknown, TooManyAttempts):
                self.record(asking.ask(self.cabinet, asked, self.moment))
        now = self.cabinet
        assert now.wrong_asks.get(ref, 0) >= before.wrong_asks.get(ref, 0)
        assert (now.bucket, now.tries, now.grants, now.codes) == (
            before.bucket,
            before.tries,
            before.grants,
            before.codes,
        )

    @rule(pick=st.integers(0, 99), to_counter=st.booleans())
    def owner_wants_it_kept_longer_or_at_the_counter(self, pick: int, to_counter: bool) -> None:
        """What is wished moves nothing and opens nothing; only a clerk takes it out."""
        if not self.cabinet.hand_overs:
            return
        one = pick_from(self.cabinet.hand_overs, pick)
        before = self.cabinet
        with contextlib.suppress(Refusal):
            if to_counter:
                self.record(staying.leave_at_counter(self.cabinet, one.hand_over))
            else:
                self.record(staying.extend(self.cabinet, one.hand_over, TERMS, self.moment))
        assert self.cabinet.hand_overs[one.hand_over].stage == one.stage
        assert (self.cabinet.grants, self.cabinet.codes) == (before.grants, before.codes)

    @rule(face=st.sampled_from(get_args(ev.Face)))
    def visitor_rates(self, face: ev.Face) -> None:
        visit = ratings.rateable(self.cabinet, self.moment)
        if visit is None:
            return
        self.record(ratings.rate(self.cabinet, visit, face=face, reason="", moment=self.moment))
        assert ratings.rateable(self.cabinet, self.moment) != visit, "rated twice"
