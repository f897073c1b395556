"""A ward's year with somebody at the keypad who should not be there: a virtual clock, the real rules and fold.

Nothing is guessed by luck: a wrong code that the throttle lets through adds the chance it had (live codes at its
selector over 10^8) to the expected wrong openings. Meanwhile owners come with their right codes, and must be served.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from locker import events as ev
from locker.fold import apply
from locker.model import Bundle, Cabinet, Place
from locker.refusals import CodeRefused, IntakeFull, NoFreeCompartment, SecondCheckNeeded, TooManyAttempts
from locker.rules import doors, intake, lost_codes, notices, pickup
from otp import codes, throttle

DAY_MS: Final = 24 * 3_600_000
PLACES: Final = {
    number: Place(number=number, board="A1", size="S", row=1, column=number, height_cm=90) for number in range(1, 101)
}
STAY_MS: Final = 3 * DAY_MS
A_DAY: Final = 17.5
"""Hand-overs a day: 6,400 a year, a fifth of a busy ward's results."""
TYPING_MS: Final = 5_000
IDLE_MS: Final = 300_000
FILL_MS: Final = 600_000


@dataclass(frozen=True)
class Attacker:
    """What somebody does at the keypad, and what they know."""

    aim: str
    """`one`: the eldest bundle until it ends. `all`: every live bundle in turn. `blind`: any selector."""
    knows_phones: bool = False
    asks_for_codes: bool = False
    fills_with_intakes: bool = False
    cuts_power_every_ms: int = 0
    turns_clock_back: bool = False


@dataclass
class Outcome:
    """What an attack came to."""

    days: int
    let_through: int = 0
    asked_more: int = 0
    expected_openings: float = 0.0
    owners: int = 0
    refused: int = 0
    locked: int = 0
    """Owners whose code somebody locked who knows the end of their phone number; they collect with slip or clerk."""
    most_failures: int = 0
    """The most that one bundle bore."""
    most_intakes: int = 0
    """The most compartments that held nothing but what the attacker left."""

    @property
    def a_year(self) -> float:
        """Expected wrong openings in a cabinet-year of this."""
        return self.expected_openings * 365 / self.days


@dataclass
class Ward:
    """One cabinet on a virtual clock, its owners and its attacker."""

    attacker: Attacker
    rng: random.Random
    cabinet: Cabinet = field(default_factory=Cabinet)
    now_ms: int = 0
    run_began_ms: int = 0
    runs: int = 0
    number: int = 0
    looked: dict[str, int] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=lambda: Outcome(days=0))

    def play(self, days: int) -> Outcome:
        """So many days of it."""
        self.outcome = Outcome(days=days)
        self.restart()
        agenda: list[tuple[int, int, Callable[[], int]]] = []

        def at(when_ms: int, act: Callable[[], int]) -> None:
            self.number += 1
            heapq.heappush(agenda, (when_ms, self.number, act))

        at(0, self.arrive_with(at))
        at(DAY_MS // 2, self.attack)
        if self.attacker.cuts_power_every_ms:
            at(self.attacker.cuts_power_every_ms, self.cut_power)
        if self.attacker.asks_for_codes:
            at(DAY_MS, self.ask_for_codes)
        if self.attacker.fills_with_intakes:
            at(DAY_MS // 2, self.fill)
            at(DAY_MS, self.clear_intakes)
        while agenda[0][0] < days * DAY_MS:
            self.now_ms, _number, act = heapq.heappop(agenda)
            wait_ms = act()
            if wait_ms:
                at(self.now_ms + wait_ms, act)
        return self.outcome

    @property
    def moment(self) -> ev.Moment:
        back_ms = self.rng.randrange(30) * DAY_MS if self.attacker.turns_clock_back else 0
        return ev.Moment(
            utc_ms=1_790_000_000_000 + self.now_ms - back_ms,
            uptime_ms=self.now_ms - self.run_began_ms,
            run_id=f"r-{self.runs}",
            clock="unset" if self.attacker.turns_clock_back else "synced",
        )

    def fold(self, *facts: ev.Event) -> None:
        for fact in facts:
            recorded = ev.Recorded(self.cabinet.seq + 1, self.cabinet.epoch, self.moment, fact)
            self.cabinet = apply(self.cabinet, recorded)

    def restart(self) -> None:
        self.runs += 1
        self.run_began_ms = self.now_ms
        self.looked.clear()
        self.fold(ev.RunStarted(release="t"))

    def cut_power(self) -> int:
        self.restart()
        return self.attacker.cuts_power_every_ms

    # --- owners

    def arrive_with(self, at: Callable[[int, Callable[[], int]], None]) -> Callable[[], int]:
        """Results come in at the ward's pace; their owners come three days later on average."""

        def arrive() -> int:
            taken = {one.compartment for one in self.cabinet.hand_overs.values()}
            free = [number for number in PLACES if number not in taken]
            if free:
                self.number += 1
                name = f"k{self.number}"
                self.load(name, free[0])
                stay_ms = int(self.rng.expovariate(1 / STAY_MS)) + 60_000
                at(self.now_ms + stay_ms, lambda: self.come(name))
            return int(self.rng.expovariate(A_DAY / DAY_MS)) + 1

        return arrive

    def load(self, name: str, compartment: int) -> None:
        self.fold(
            ev.ResultQueued(
                wish=self.cabinet.wish_seq + 1,
                result=name,
                recipient=name,
                person=f"p-{name}",
                dossier=f"d-{name}",
                items=(ev.Item(item="i"),),
                size="S",
                reach="any",
                language="vi",
                deadline="2026-12-31",
                state=9,
                consent=True,
                fee="none",
            ),
            ev.LoadStarted(hand_over=name, results=(name,), recipient=name, compartment=compartment, actor="lan"),
            ev.Loaded(hand_over=name, compartment=compartment, results=(name,), evidence="door_cycle"),
            ev.RoundClosed(actor="lan"),
        )
        for bundle in notices.due_bundles(self.cabinet):
            self.deliver(notices.mint(self.cabinet, bundle.bundle, self.fresh()))

    def fresh(self) -> notices.Fresh:
        self.number += 1
        taken = notices.taken_selectors(self.cabinet, self.cabinet.utc_ms)
        selector = codes.pick_selector(taken, self.rng.randbytes)
        return notices.Fresh(
            code=f"c{self.number}", notice=f"n{self.number}", selector=selector, salt=b"s", verifier=b"v", sealed=b""
        )

    def deliver(self, decision: ev.Decision) -> None:
        """A code is made and its message arrives."""
        self.fold(*decision.events)
        for notice in list(self.cabinet.notices):
            self.fold(*notices.delivered(self.cabinet, notice, is_reported=True).events)

    def come(self, name: str) -> int:
        """The owner types the right code, and what else the keypad asks for."""
        one = self.cabinet.hand_overs[name]
        bundle = self.cabinet.bundle_of(name)
        assert bundle is not None
        code = self.cabinet.codes_of(bundle.bundle)[-1].code
        self.outcome.owners += 1
        served = self.owner_types(bundle.selector, code)
        if served:
            self.open_and_close(one.compartment)
            visit = self.cabinet.visit
            assert visit is not None
            self.fold(*pickup.leave(self.cabinet, visit=visit.visit).events)
        else:
            locked = self.cabinet.tries[bundle.selector].checked_failures >= throttle.CHECKED_FAILURES
            self.outcome.locked += locked
            self.outcome.refused += not locked
            self.fold(
                ev.ResultCancelled(wish=self.cabinet.wish_seq + 1, result=name),
                ev.Reclaimed(hand_over=name, compartment=one.compartment, results=(name,), actor="lan"),
            )
        return 0

    def open_and_close(self, compartment: int) -> None:
        """A granted door is seen to open, and to close."""
        grant = self.cabinet.grant_on(compartment)
        assert grant is not None
        window = {grant.grant: 1}
        opened = doors.opened(self.cabinet, compartment, board="A1", window=window, found=False, moment=self.moment)
        self.fold(*opened.events)
        self.fold(*doors.closed(self.cabinet, compartment).events)

    def owner_types(self, selector: str, code: str) -> bool:
        second: bool | None = None
        for _ in range(3):
            try:
                self.type_code(selector, code, second)
            except SecondCheckNeeded:
                second = True
            except TooManyAttempts as wait:
                self.now_ms += wait.retry_after_s * 1000
            except CodeRefused:
                return False
            else:
                return True
        return False

    # --- the attacker

    def type_code(self, selector: str, code: str, second: bool | None) -> None:
        """What the kiosk's route does with twelve well-formed digits; raises the refusal."""
        self.number += 1
        uptime_ms = self.now_ms - self.run_began_ms
        before = self.looked.get(selector)
        if second is not None and (before is None or uptime_ms - before >= throttle.PACE_MS):
            self.looked[selector] = uptime_ms
        proof = pickup.Proof(selector=selector, code=code, second_matches=second, answered_uptime_ms=before)
        request = pickup.Submit(proof=proof, visit=f"v{self.number}", grant=f"g{self.number}")
        decided = pickup.submit(self.cabinet, request, places=PLACES, servable=PLACES.keys(), moment=self.moment)
        self.fold(*decided.events)
        if decided.refusal is not None:
            raise decided.refusal

    def attack(self) -> int:
        """One wrong code; how long until the next one that can tell anything."""
        least = 2 if self.attacker.asks_for_codes else 1  # who had a second code made waits for it
        bundles = self.cabinet.bundles.values()
        live = [one for one in bundles if one.selector and len(self.cabinet.codes_of(one.bundle)) >= least]
        if not live:
            return TYPING_MS
        selector = self.aim(live)
        second = True if self.attacker.knows_phones and self.is_asked(selector) else None
        before = self.cabinet.tries.get(selector, throttle.Tries())
        try:
            self.type_code(selector, "", second)
        except SecondCheckNeeded:
            self.outcome.asked_more += 1
        except (CodeRefused, TooManyAttempts):
            pass
        after = self.cabinet.tries.get(selector, throttle.Tries())
        if after == before:
            return IDLE_MS  # nothing here is looked at any more; a code more tells nothing
        self.count(selector, after)
        uptime_ms = self.now_ms - self.run_began_ms
        if self.attacker.knows_phones:
            return TYPING_MS
        return max(TYPING_MS, throttle.refill_ms(self.cabinet.bucket, uptime_ms))

    def is_asked(self, selector: str) -> bool:
        tries = self.cabinet.tries.get(selector, throttle.Tries())
        is_dry = throttle.is_empty(self.cabinet.bucket, self.now_ms - self.run_began_ms)
        return is_dry or tries.failures >= throttle.LIFE_FAILURES

    def aim(self, bundles: list[Bundle]) -> str:
        """The selector to try: the most worth it that this attacker can tell."""
        if self.attacker.aim == "blind":
            return str(self.rng.randrange(100, 1000))
        if self.attacker.aim == "one":
            return bundles[0].selector
        open_ones = [one for one in bundles if self.worth(one.selector)]
        return self.rng.choice(open_ones or bundles).selector

    def worth(self, selector: str) -> bool:
        """Whether a further code at this selector would still be looked at, as far as this attacker can have it so."""
        tries = self.cabinet.tries.get(selector, throttle.Tries())
        if tries.failures < throttle.LIFE_FAILURES and not throttle.is_empty(
            self.cabinet.bucket, self.now_ms - self.run_began_ms
        ):
            return True
        return self.attacker.knows_phones and tries.checked_failures < throttle.CHECKED_FAILURES

    def count(self, selector: str, after: throttle.Tries) -> None:
        bundle = next((one for one in self.cabinet.bundles.values() if one.selector == selector), None)
        hit = 0 if bundle is None else len(self.cabinet.codes_of(bundle.bundle))
        self.outcome.let_through += 1
        self.outcome.expected_openings += hit / 10**codes.SECRET_DIGITS
        self.outcome.most_failures = max(self.outcome.most_failures, after.failures + after.checked_failures)

    def ask_for_codes(self) -> int:
        """Lost codes asked for every citizen, every two hours: two codes of each are live."""
        for bundle in list(self.cabinet.bundles.values()):
            decided = lost_codes.ask(self.cabinet, {f"p-{bundle.recipient}"}, self.moment)
            self.fold(*decided.events)
        for bundle in notices.wanted_bundles(self.cabinet):
            self.deliver(notices.mint_again(self.cabinet, bundle.bundle, self.fresh()))
        return DAY_MS // 12

    def fill(self) -> int:
        """An intake with nothing in it, as often as they are taken."""
        self.number += 1
        visit = f"v{self.number}"
        wanted = intake.Offer(hand_over=f"i{self.number}", grant=f"g{self.number}", visit=visit, kind="new", size="S")
        try:
            offered = intake.offer(
                self.cabinet,
                wanted,
                places=PLACES,
                servable=PLACES.keys(),
                moment=self.moment,
                policy=intake.Policy(),
            )
        except (IntakeFull, NoFreeCompartment):
            return FILL_MS
        self.fold(*offered.events)
        self.open_and_close(self.cabinet.hand_overs[wanted.hand_over].compartment)
        self.fold(*intake.due(self.cabinet).events)
        self.outcome.most_intakes = max(self.outcome.most_intakes, len(self.cabinet.intakes))
        return FILL_MS

    def clear_intakes(self) -> int:
        """The clerk's morning: each is found empty."""
        for one in list(self.cabinet.hand_overs.values()):
            if one.direction == "intake":
                found = ev.IntakeGivenUp(hand_over=one.hand_over, compartment=one.compartment, evidence="clerk")
                self.fold(found)
        return DAY_MS


ATTACKS: Final = {
    "one bundle": Attacker(aim="one"),
    "every live bundle": Attacker(aim="all"),
    "any selector, blind": Attacker(aim="blind"),
    "every bundle, power cut every hour": Attacker(aim="all", cuts_power_every_ms=3_600_000),
    "every bundle, power cut every 20 s": Attacker(aim="all", cuts_power_every_ms=20_000),
    "every bundle, clock turned back": Attacker(aim="all", turns_clock_back=True),
    "every bundle, lost codes asked for all": Attacker(aim="all", asks_for_codes=True),
    "every bundle, cabinet filled with intakes": Attacker(aim="all", fills_with_intakes=True),
    "every bundle, every phone number known": Attacker(aim="all", knows_phones=True),
    "every phone number known, lost codes asked for all": Attacker(aim="all", knows_phones=True, asks_for_codes=True),
    "all of it at once": Attacker(
        aim="all",
        knows_phones=True,
        asks_for_codes=True,
        fills_with_intakes=True,
        cuts_power_every_ms=3_600_000,
        turns_clock_back=True,
    ),
}


def play(name: str, *, days: int, seed: int = 1) -> Outcome:
    """One of ATTACKS for so many days."""
    return Ward(attacker=ATTACKS[name], rng=random.Random(seed)).play(days)
