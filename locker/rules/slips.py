"""How a citizen collects with the appointment slip, when no message ever came.

Only where the unit allows it. The slip opens what lies inside for its dossier, and nothing else of its person: it is
live once that is loaded, and over when it was taken out. It is no right by itself, since a slip is left on tables and
photographed: the last four digits of the applicant's ID paper always go with it, and who has none on record is served
at the counter. Five wrong answers are borne for the life of its results; they take nothing from the owner's code.
A slip that opens nothing gets one answer, whether it is unknown, used, or not loaded yet. Guessing one is guessing 128
bits, so nothing is charged for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from locker import events as ev
from locker.model import Bundle, Cabinet, HandOver, Place, Right
from locker.refusals import PaperCheckNeeded, PaperRefused, SlipRefused
from locker.rules import pickup
from locker.rules.standing import require_open

PAPER_TRIES = 5


class Proof(msgspec.Struct, frozen=True):
    """What a scanned slip gave: the live results it is for, and whether the ID paper's digits fit (None: not typed)."""

    results: tuple[str, ...]
    has_paper: bool
    paper_matches: bool | None = None


def submit(
    cabinet: Cabinet,
    proof: Proof,
    first: pickup.First,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
) -> ev.Decision:
    """Accept a slip and grant its first door, or charge wrong digits of the ID paper.

    Raises OutOfUse, SlipRefused, PaperCheckNeeded, PaperRefused, BoardOffline, CompartmentBusy, DoorDidNotOpen.
    """
    require_open(cabinet)
    waiting = opens(cabinet, proof.results)
    bundle = None if not waiting else cabinet.bundle_of(waiting[0].recipient)
    if bundle is None or not proof.has_paper:
        raise SlipRefused("nothing waits for this slip here")
    left = PAPER_TRIES - max(cabinet.results[key].slip_failures for key in proof.results)
    if left <= 0:
        raise PaperRefused(tries_left=0)
    if proof.paper_matches is None:
        raise PaperCheckNeeded("the last four digits of the applicant's ID paper go with the slip")
    if not proof.paper_matches:
        failed = ev.SlipCheckFailed(results=proof.results)
        return ev.Decision(events=(failed,), refusal=PaperRefused(tries_left=left - 1))
    accepted = _accept(cabinet, proof, bundle, first.visit)
    return pickup.begin(cabinet, accepted, waiting, first, places=places, servable=servable, moment=moment)


def opens(cabinet: Cabinet, results: Collection[str]) -> list[HandOver]:
    """Hand-overs that a slip of these results opens now."""
    return [
        one
        for one in cabinet.hand_overs.values()
        if one.direction == "pickup"
        and one.stage == "loaded"
        and not one.is_cancelled
        and not one.disputed
        and not set(results).isdisjoint(one.results)
    ]


def is_same_visit(cabinet: Cabinet, proof: Proof) -> bool:
    """Whether the visit at the kiosk was begun with this slip."""
    return cabinet.visit is not None and cabinet.visit.right == Right(slip=proof.results) and bool(proof.results)


def _accept(cabinet: Cabinet, proof: Proof, bundle: Bundle, visit: str) -> ev.Decision:
    if is_same_visit(cabinet, proof) and cabinet.visit is not None and cabinet.visit.visit == visit:
        return ev.Decision()
    return ev.Decision(events=(ev.SlipAccepted(results=proof.results, bundle=bundle.bundle, visit=visit),))
