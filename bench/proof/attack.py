"""A year at the keypad of every attacker: expected wrong openings, and owners who were refused."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from bench.proof import keypad
from bench.proof.table import Proved
from bench.table import progress
from otp import throttle

GOAL = 1e-3
"""Expected wrong openings of a cabinet-year."""
SHARE_OF_INTAKES = 0.4


def wrong(name: str, outcome: keypad.Outcome, *, goal: float = GOAL) -> Iterator[str]:
    """Which bars an attack missed."""
    attacker = keypad.ATTACKS[name]
    most = throttle.LIFE_FAILURES + (throttle.CHECKED_FAILURES if attacker.knows_phones else 0)
    if outcome.a_year > goal:
        yield f"{name}: {outcome.a_year:.2e} expected wrong openings a cabinet-year"
    if outcome.refused:
        yield f"{name}: {outcome.refused} owners of unlocked codes were refused"
    if outcome.most_failures > most:
        yield f"{name}: one bundle bore {outcome.most_failures} failures"
    if outcome.owners <= outcome.days * 5:
        yield f"{name}: only {outcome.owners} owners came"
    if outcome.most_intakes > SHARE_OF_INTAKES * len(keypad.PLACES):
        yield f"{name}: {outcome.most_intakes} compartments filled with intakes"
    if not attacker.knows_phones:
        if outcome.let_through > throttle.CAPACITY + throttle.REFILL_PER_HOUR * outcome.days * 24:
            yield f"{name}: {outcome.let_through} wrong codes let through"
        if outcome.locked:
            yield f"{name}: {outcome.locked} owners locked out by somebody who knows nothing of them"


def prove(*, days: int, seed: int, workers: int) -> Proved:
    """At most GOAL expected wrong openings a cabinet-year by anybody, and no owner of an unlocked code refused."""
    began = time.perf_counter()
    outcomes: dict[str, keypad.Outcome] = {}
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {name: pool.submit(keypad.play, name, days=days, seed=seed) for name in keypad.ATTACKS}
        for name, future in waiting.items():
            outcomes[name] = future.result()
            progress(f"attack: {len(outcomes)} of {len(waiting)} attackers")
    progress("")
    for name, one in outcomes.items():
        locked = f"{one.owners:,} owners, {one.locked:,} locked"
        print(f"  {name}: {one.a_year:.1e} a year, {one.let_through:,} codes, {locked}")
    missed = [text for name, outcome in outcomes.items() for text in wrong(name, outcome)]
    stranger = max(one.a_year for name, one in outcomes.items() if not keypad.ATTACKS[name].knows_phones)
    anybody = max(one.a_year for one in outcomes.values())
    refused = sum(one.refused for one in outcomes.values())
    owners = sum(one.owners for one in outcomes.values())
    return Proved(
        what=f"{len(outcomes)} attackers at the keypad for {days} days each, {owners:,} owners meanwhile",
        bar=f"at most {GOAL:.0e} expected wrong openings a cabinet-year, 0 owners of unlocked codes refused",
        measured=f"{stranger:.1e} by strangers, {anybody:.1e} by who knows every phone number; {refused} refused",
        seeds=f"{seed}",
        holds=not missed,
        took_s=time.perf_counter() - began,
        told=tuple(missed),
    )
