"""How the cabinet is moved to another place, and how it ends.

A leader takes it out of use for a move when nobody is at a door and no loading round is open. From then on nothing is
loaded, collected or left in it, and everybody whose result is inside hears that it pauses. It serves again when its
stock was checked since, to the last door, and its new address is known: the address stands in every message and on
every screen from then on, and everybody with something inside hears where it is. The codes stay as they are. It is
retired only when nothing is inside, no intake waits for its answer, no message is on its way, and the centre has every
fact; the id of the cabinet is typed for it, because nothing brings it back.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet, Standing
from locker.refusals import DoorStandsOpen, OutOfUse, StillInUse, WrongStage
from locker.rules.phones import to_each

LONGEST_ADDRESS = 40


def require_open(cabinet: Cabinet) -> None:
    """Raise OutOfUse while the cabinet is being moved and after its end."""
    if cabinet.standing.stage != "open":
        raise OutOfUse(cabinet.standing.stage)


def start_relocation(cabinet: Cabinet, actor: str) -> ev.Decision:
    """Take the cabinet out of use for a move. Raises OutOfUse, DoorStandsOpen, WrongStage (a round or check is
    open).
    """
    require_open(cabinet)
    if cabinet.grants or cabinet.visit is not None or any(one.is_open for one in cabinet.compartments.values()):
        raise DoorStandsOpen("somebody is at the cabinet; close every door and wait until the screen is idle")
    if cabinet.round is not None or cabinet.stock_check is not None:
        raise WrongStage("finish the loading round and the stock check first")
    return ev.Decision(
        events=(ev.RelocationStarted(actor=actor), *_told(cabinet, "APOLOGY_FAULT", f"moving-{cabinet.seq + 1}"))
    )


def finish_relocation(cabinet: Cabinet, actor: str, *, address: str) -> ev.Decision:
    """Serve again, from `address` on. Raises WrongStage (it is not being moved, or its stock was not checked since)."""
    if cabinet.standing.stage != "moving":
        raise WrongStage("the cabinet is not being moved")
    if not cabinet.standing.is_checked or cabinet.stock_check is not None:
        raise WrongStage("check the stock at the new place first, to the last door")
    fact = ev.Relocated(address=address, actor=actor)
    return ev.Decision(events=(fact, *_told(cabinet, "MOVED", f"moved-{cabinet.seq + 1}")))


def retire(cabinet: Cabinet, actor: str, *, unsent: int) -> ev.Decision:
    """End the cabinet. `unsent` counts facts the centre has not acknowledged. Raises WrongStage, StillInUse."""
    if cabinet.standing.stage == "retired":
        raise WrongStage("the cabinet is retired already")
    reasons = (
        ("inside", bool(cabinet.hand_overs)),
        ("intakes", bool(cabinet.intakes)),
        ("doors", bool(cabinet.grants) or any(one.is_open for one in cabinet.compartments.values())),
        ("notices", bool(cabinet.notices)),
        ("unsent", unsent > 0),
    )
    if found := tuple(reason for reason, stands in reasons if stands):
        raise StillInUse(found)
    return ev.Decision(events=(ev.CabinetRetired(actor=actor),))


def address_of(standing: Standing, configured: str) -> str:
    """Where the cabinet stands, as its texts say it."""
    return standing.address or configured


def _told(cabinet: Cabinet, template: ev.Template, mark: str) -> tuple[ev.NoticeQueued, ...]:
    """One message to each person with announced results inside."""
    queued: list[ev.NoticeQueued] = []
    for bundle in cabinet.bundles.values():
        inside = [
            result
            for one in cabinet.hand_overs_of(bundle.recipient)
            if one.stage == "loaded" and one.is_announced and not one.is_cancelled
            for result in one.results
            if result in cabinet.results
        ]
        if inside:
            told = ev.NoticeQueued(
                notice=f"{bundle.bundle}-{mark}",
                template=template,
                person=cabinet.results[inside[-1]].person,
                bundle=bundle.bundle,
                results=tuple(inside),
            )
            queued.extend(to_each(cabinet, told))
    return tuple(queued)
