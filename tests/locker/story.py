"""A cabinet told by its facts: what was given folds, what a rule decides folds as well."""

from __future__ import annotations

from datetime import time
from typing import Any

import pytest

from locker import events as ev
from locker.events import Decision, Moment, Recorded
from locker.fold import apply
from locker.model import Cabinet, HandOver, Place
from locker.office_hours import OfficeHours
from locker.rules import doors, notices, pickup, reminders
from locker.rules.loading import Actor
from locker.rules.quiet_hours import Daytime

CLERK = Actor(user="lan", role="clerk", is_present=True)
PLACES = {
    1: Place(number=1, board="A1", size="S", row=1, column=1, height_cm=150),
    2: Place(number=2, board="A1", size="S", row=2, column=1, height_cm=100),
    3: Place(number=3, board="A2", size="M", row=3, column=1, height_cm=60),
    4: Place(number=4, board="A2", size="L", row=4, column=1, height_cm=20),
}


class Story:
    """One cabinet of four compartments, and how far its story has come."""

    def __init__(self) -> None:
        self.cabinet = Cabinet()
        self.uptime_ms = 1_000
        self.utc_ms = 1_790_000_000_000
        self.runs = 1
        self.clock: ev.Clock = "synced"
        self.places = PLACES
        self.servable = frozenset(PLACES)
        self.clerk = CLERK
        self.facts: list[ev.Event] = []
        self.given(ev.RunStarted(release="t"))

    @property
    def moment(self) -> Moment:
        return Moment(utc_ms=self.utc_ms, uptime_ms=self.uptime_ms, run_id=f"run{self.runs}", clock=self.clock)

    def given(self, *facts: ev.Event) -> Cabinet:
        """Fold facts and return the cabinet after them."""
        for fact in facts:
            epoch = fact.epoch if isinstance(fact, ev.RecountStarted) else self.cabinet.epoch
            recorded = Recorded(self.cabinet.seq + 1, epoch, self.moment, ev.decode(ev.encode(fact)))
            self.cabinet = apply(self.cabinet, recorded)
            self.facts.append(fact)
        return self.cabinet

    def then(self, decision: Decision) -> list[Any]:
        """Fold what was decided and return its facts; its refusal, if there is one, is kept in `refusal`."""
        self.given(*decision.events)
        self.refusal = decision.refusal
        return list(decision.events)

    def later(self, seconds: float) -> Story:
        self.uptime_ms += int(seconds * 1000)
        self.utc_ms += int(seconds * 1000)
        return self

    def restarted(self) -> Story:
        """The power was cut here."""
        self.runs += 1
        self.uptime_ms = 0
        self.given(ev.RunStarted(release="t"))
        return self

    def one(self, hand_over: str = "h1") -> HandOver:
        return self.cabinet.hand_overs[hand_over]

    def incidents(self) -> list[str]:
        return [one.kind for one in self.cabinet.incidents.values()]

    # --- ordinary beginnings

    def queued(self, result: str, recipient: str = "an", **fields: Any) -> ev.ResultQueued:
        told: dict[str, Any] = {
            "wish": self.cabinet.wish_seq + 1,
            "result": result,
            "recipient": recipient,
            "person": f"p-{recipient}",
            "dossier": f"d-{result}",
            "items": (ev.Item(item="i"),),
            "size": "S",
            "reach": "any",
            "language": "vi",
            "deadline": "2026-12-31",
            "state": 9,
            "consent": True,
            "fee": "none",
        }
        return ev.ResultQueued(**{**told, **fields})

    def announced(self, result: str = "r1", recipient: str = "an", **fields: Any) -> Story:
        self.given(self.queued(result, recipient, **fields))
        return self

    def load_granted(self, hand_over: str = "h1", results: tuple[str, ...] = ("r1",), compartment: int = 1) -> Story:
        recipient = self.cabinet.results[results[0]].recipient
        self.given(
            ev.LoadStarted(
                hand_over=hand_over, results=results, recipient=recipient, compartment=compartment, actor="lan"
            ),
            ev.GrantIssued(
                grant=f"load-{hand_over}", compartment=compartment, purpose="load", hand_over=hand_over, actor="lan"
            ),
        )
        return self

    def loaded(
        self,
        hand_over: str = "h1",
        results: tuple[str, ...] = ("r1",),
        compartment: int = 1,
        recipient: str = "an",
    ) -> Story:
        """Announced, put in, closed; the round stays open."""
        for result in results:
            if result not in self.cabinet.results:
                self.announced(result, recipient)
        self.load_granted(hand_over, results, compartment)
        self.given(ev.DoorOpened(compartment=compartment, grant=f"load-{hand_over}", hand_over=hand_over))
        self.then(doors.closed(self.cabinet, compartment))
        return self.later(10)

    def coded(self, recipient: str = "an", code: str = "c1", selector: str = "111") -> Story:
        """The round is closed and the owner has a code."""
        self.given(ev.RoundClosed(actor="lan"))
        bundle = self.cabinet.bundle_of(recipient)
        assert bundle is not None
        self.then(notices.mint(self.cabinet, bundle.bundle, self.fresh(code, selector)))
        return self

    def fresh(self, code: str = "c1", selector: str = "111") -> notices.Fresh:
        return notices.Fresh(
            code=code, notice=f"n-{code}", selector=selector, salt=b"s", verifier=b"v", sealed=b"sealed"
        )

    def ready(self) -> Story:
        """One result lies in compartment 1, its owner has the code c1 with selector 111."""
        return self.loaded().coded()

    # --- the citizen

    def submit(
        self, code: str = "c1", *, selector: str = "111", visit: str = "v1", grant: str = "g1", **proof: Any
    ) -> Decision:
        request = pickup.Submit(proof=pickup.Proof(selector=selector, code=code, **proof), visit=visit, grant=grant)
        return pickup.submit(self.cabinet, request, places=self.places, servable=self.servable, moment=self.moment)

    def opens(self, number: int = 1, *, found: bool = False, window: dict[str, int] | None = None) -> list[Any]:
        """A door is seen open; without a window given, within that of its own grant."""
        if window is None:
            grant = self.cabinet.grant_on(number)
            window = {grant.grant: 1} if grant is not None else {}
        return self.then(
            doors.opened(
                self.cabinet,
                number,
                board=self.places[number].board,
                window=window,
                found=found,
                moment=self.moment,
            )
        )

    def closes(self, number: int = 1) -> list[Any]:
        return self.then(doors.closed(self.cabinet, number))

    def at_the_door(self) -> Story:
        """The owner's code was right and the door stands open."""
        self.ready()
        self.then(self.submit())
        self.opens()
        return self

    def collected(self) -> Story:
        """Opened and closed; the visit goes on."""
        self.at_the_door()
        self.closes()
        return self

    def unseen(self, trains: int = 1) -> Story:
        """The owner's trains of pulses ended without the door being seen open."""
        self.ready()
        for number in range(trains):
            self.then(self.submit(grant=f"g{number}"))
            self.later(9)
            self.then(doors.did_not_open(self.cabinet, f"g{number}", pulses=3))
            self.later(61)
        return self


def reminded(story: Story, office: OfficeHours) -> list[str]:
    """The reminders that are due at this office, at any hour, all of which arrive."""
    day = Daytime(zone=office.zone, starts=time(0), ends=time(0))
    found = story.then(reminders.due(story.cabinet, story.moment, office=office, day=day))
    story.given(*(ev.NoticeDelivered(notice=one.notice) for one in found))
    return [one.notice for one in found]


@pytest.fixture
def story() -> Story:
    """An empty cabinet in its first run."""
    return Story()
