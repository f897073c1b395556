"""The centre, the clerks and what is sent to telephones."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from locker import events as ev
from locker.model import HandOver
from locker.refusals import DoorStandsOpen, Refusal, WrongStage
from locker.rules import clearing, loading, notices, pickup, results
from tests.locker.invariants.controller import Controller
from tests.locker.invariants.matter import BOARD_OF, CLERK, DAY, DOORS, PEOPLE, PLACES, Message, on_record, pick_from


class Staff(Controller):
    """The centre announces, amends, cancels; clerks load, clear, look; codes are made."""

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
        result = pick_from(self.cabinet.results, pick)
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
        result = pick_from(self.cabinet.results, pick)
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
        first = pick_from(waiting, pick)
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

    @rule(pick=st.integers(0, 99))
    def undo(self, pick: int) -> None:
        self.undo_honestly(pick_from(self.cabinet.hand_overs, pick))

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
        one = pick_from(self.cabinet.hand_overs, pick)
        if one is None:
            return
        with contextlib.suppress(Refusal):
            self.record(loading.reopen(self.cabinet, one.hand_over, CLERK, grant=self.id("g")))

    @rule(pick=st.integers(0, 99))
    def clerk_answers(self, pick: int) -> None:
        one = pick_from({key: one for key, one in self.cabinet.hand_overs.items() if one.is_asked}, pick)
        if one is None:
            return
        door = self.doors[one.compartment]
        has_happened = (set(one.results) <= door.inside) == (one.last_purpose == "load")
        if not door.is_open:
            with contextlib.suppress(Refusal):
                self.record(loading.answer(self.cabinet, one.hand_over, CLERK, did_open=has_happened))

    @rule(pick=st.integers(0, 99))
    def clerk_says_shut(self, pick: int) -> None:
        one = pick_from({key: one for key, one in self.cabinet.hand_overs.items() if one.open_for}, pick)
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
        one = pick_from(self.cabinet.hand_overs, pick)
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
        known = on_record(one)
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
            known = on_record(one)
            self.at_counter |= door.inside - known
            door.inside &= known

    @rule(pick=st.integers(0, 99))
    def close_incident(self, pick: int) -> None:
        one = pick_from(self.cabinet.incidents, pick)
        if one is None:
            return
        with contextlib.suppress(WrongStage):
            self.record(clearing.close_incident(self.cabinet, one.incident, CLERK))

    @rule()
    def prove_boards(self) -> None:
        self.wired = {number: number for number in BOARD_OF}
        for board in list(self.cabinet.boards_out):
            self.prove(board)

    # --- notices

    @rule()
    def mint(self) -> None:
        self.mint_all()

    def mint_all(self) -> None:
        for bundle in notices.due_bundles(self.cabinet):
            self.receive(notices.mint(self.cabinet, bundle.bundle, self.fresh()))

    @rule(pick=st.integers(0, 99))
    def ask_for_a_new_code(self, pick: int) -> None:
        bundle = pick_from(self.cabinet.bundles, pick)
        if bundle is None:
            return
        with contextlib.suppress(WrongStage):
            self.receive(notices.mint_again(self.cabinet, bundle.bundle, self.fresh()))

    @rule(pick=st.integers(0, 99), is_out_of_reach=st.booleans())
    def leave_one_inside(self, pick: int, is_out_of_reach: bool) -> None:
        """The citizen leaves a door shut; every code of the bundle stays as good as it was."""
        visit = self.cabinet.visit
        one = pick_from(self.cabinet.hand_overs, pick)
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
