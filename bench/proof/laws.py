"""Small stories of pure rules and fold that a day of the twin seldom meets: wishes that come twice or too early, and an
owner at a door whose switch is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from locker import events as ev
from locker.fold import apply
from locker.model import Cabinet, Place
from locker.refusals import Fault, OutOfOrder, Refusal
from locker.rules import pickup, results

WISHES = 12
SCHEDULES = 60


def fold(cabinet: Cabinet, *events: ev.Event) -> Cabinet:
    """The cabinet after more facts of one run."""
    for event in events:
        moment = ev.Moment(utc_ms=1_800_000_000_000 + cabinet.seq, uptime_ms=1000 + cabinet.seq, run_id="r-1")
        cabinet = apply(cabinet, ev.Recorded(cabinet.seq + 1, 1, moment, event))
    return cabinet


def queued(number: int) -> ev.ResultQueued:
    """A result that is expected."""
    return ev.ResultQueued(
        wish=number,
        result=f"r{number}",
        recipient=f"k{number}",
        person=f"p{number}",
        dossier=f"d{number}",
        items=(ev.Item(item=f"i{number}"),),
        size="S",
        reach="any",
        language="vi",
        deadline="2030-12-31",
        state=9,
        consent=True,
        fee="none",
    )


def wishes(seed: int) -> Iterator[str]:
    """Twelve wishes in any order, twice, and with gaps: each executed once, in order (I12)."""
    chance = Random(seed)
    for schedule in range(SCHEDULES):
        cabinet, done = fold(Cabinet(), ev.RunStarted(release="proof")), list[int]()
        coming = [number for number in range(1, WISHES + 1) for _ in range(chance.randint(1, 3))]
        chance.shuffle(coming)
        while coming:
            number = coming.pop(0)
            wish = results.Announce(wish=ev.PutWish(number, f"w{number}", b"digest"), queued=queued(number), rows=())
            known = results.Known(is_repeat=number in done, matches=True)
            try:
                decision = results.take(cabinet, known, wish)
            except OutOfOrder:
                coming.append(number)
                continue
            cabinet = fold(cabinet, *decision.events)
            done += [row.wish_seq for row in decision.rows if isinstance(row, ev.PutWish)]
        if done != list(range(1, WISHES + 1)):
            yield f"I12: in schedule {schedule} of seed {seed} wishes were executed as {done}"


def owner_at_a_broken_switch(seed: int) -> Iterator[str]:
    """An owner with the right code gets a grant, whatever the door's sensor is taken for (I8, I14)."""
    chance = Random(seed)
    places = {
        number: Place(number=number, board="A1", size="S", row=1, column=number, height_cm=90) for number in (1, 2)
    }
    for cause in ("open_before_pulse", "unchanged_after_train", "contradicted"):
        number = chance.choice((1, 2))
        cabinet = fold(Cabinet(), ev.RunStarted(release="proof"), queued(1))
        cabinet = fold(
            cabinet,
            ev.LoadStarted(hand_over="h", results=("r1",), recipient="k1", compartment=number, actor="lan"),
            ev.GrantIssued(grant="g0", compartment=number, purpose="load", hand_over="h", actor="lan"),
            ev.DoorOpened(compartment=number, grant="g0", hand_over="h"),
            ev.DoorClosed(compartment=number, hand_over="h"),
            ev.Loaded(hand_over="h", compartment=number, results=("r1",), evidence="door_cycle"),
            ev.RoundClosed(actor="lan"),
        )
        (bundle,) = cabinet.bundles
        minted = ev.CodeMinted(code="c", bundle=bundle, recipient="k1", selector="482", holder="owner", cause="ready")
        cabinet = fold(cabinet, minted, ev.SensorSuspected(compartment=number, cause=cause))
        request = pickup.Submit(proof=pickup.Proof(selector="482", code="c"), visit="v", grant="g1")
        moment = ev.Moment(utc_ms=1_800_000_100_000, uptime_ms=100_000, run_id="r-1")
        try:
            decision = pickup.submit(cabinet, request, places=places, servable={1, 2}, moment=moment)
        except (Refusal, Fault) as no:
            yield f"I8: the owner was refused at a suspect sensor ({cause}): {type(no).__name__}"
            continue
        if not any(isinstance(event, ev.GrantIssued) for event in decision.events):
            yield f"I8: the owner got no grant at a suspect sensor ({cause})"
