"""What a door's movement means.

A door opens under its grant, or it is an alarm. Within the pulse window of one door another one that opens is the wrong
door: nothing is booked, both are quarantined, the board is out of service until proved (I15). A hand-over is booked
when its door closes after opening, never earlier (I7). The sensor is evidence, not permission: a suspect one never
counts as open and never refuses (I8); a person's word is asked instead and booked with evidence `none`. A latch that a
pulse released stays released, so a door pulled late, while its person is still asked about it, opened by that pulse.
After a restart an opening already on record and a door now closed are a full cycle; a door found open under a dead
grant counts as opened by it; a grant without any opening on record leaves its hand-over uncertain and its code good
(I4). A door that was left open books nothing when somebody closes it: the owner's code stays good, and a clerk looks.
What is moved lies behind the second door once that has closed. A door that closes after an intake opening is possibly
full, whatever is said next (I6). What ends a hand-over tells its owner in the same commit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from locker import events as ev
from locker.model import Cabinet, Compartment, HandOver, Move
from locker.refusals import WrongStage
from locker.rules import in_vain
from locker.rules.phones import to_each

GRANT_FIRST_PULSE_MS = 15_000
GRANT_TRAIN_MS = 60_000
LEFT_OPEN_MS = 600_000
BOUNCE_MS = 5_000
NEXT_TRAIN_MS = 60_000
LEFT = "left"
"""Why a grant lapsed whose visitor said goodbye before its first pulse."""


def opened(
    cabinet: Cabinet,
    number: int,
    *,
    board: str,
    window: Mapping[str, int],
    found: bool,
    moment: ev.Moment,
) -> ev.Decision:
    """A trusted sensor's edge to open.

    `window` maps the grants whose pulse window is open and whose door was not seen open yet to the pulses sent.
    `found` is true for the first good reading of a board after a start.
    """
    present = cabinet.compartment(number)
    if present.is_suspect or present.is_open:
        return ev.Decision()
    grant = cabinet.grant_on(number)
    one = cabinet.hand_overs.get(present.hand_over)
    pulsed = [key for key in window if key in cabinet.grants and cabinet.grants[key].compartment != number]
    is_concerned = one is not None and last_door(cabinet, one) == number
    is_unsettled = found and is_concerned and one is not None and bool(one.dead_purpose)
    if grant is not None and not grant.is_opened and (grant.grant in window or is_unsettled):
        pulses = window.get(grant.grant, 0)
        seen = ev.DoorOpened(
            compartment=number, grant=grant.grant, hand_over=grant.hand_over, pulses=pulses, found=found
        )
        return ev.Decision(events=(seen,))
    is_asked = is_concerned and one is not None and one.is_asked
    if is_unsettled or is_asked or _has_bounced(present, moment):
        seen = ev.DoorOpened(compartment=number, grant="", hand_over=present.hand_over, pulses=0, found=found)
        return ev.Decision(events=(seen,))
    if pulsed:
        victim = cabinet.grants[pulsed[-1]]
        wrong = ev.WrongDoorOpened(grant=victim.grant, granted=victim.compartment, opened=number, board=board)
        return ev.Decision(events=(wrong,))
    return ev.Decision(events=(ev.DoorOpenedUnasked(compartment=number, found=found),))


def _has_bounced(present: Compartment, moment: ev.Moment) -> bool:
    """A door that springs open again right after closing did not latch; nobody asked and nobody forced it."""
    return present.closed_uptime_ms > 0 and moment.uptime_ms - present.closed_uptime_ms < BOUNCE_MS


def closed(cabinet: Cabinet, number: int) -> ev.Decision:
    """A trusted sensor's edge to closed, or the first good reading after a start: book what the opening was for.

    A door that was on record as closed and is seen closed after its grant died, puts that on record: from now on it is
    not found open under it. A restored copy may not know the latest of what it recorded, and books only what was
    granted since.
    """
    present = cabinet.compartment(number)
    grant = cabinet.grant_on(number)
    key = present.hand_over or (grant.hand_over if grant is not None else "")
    one = cabinet.hand_overs.get(key)
    is_unsettled = one is not None and bool(one.dead_purpose) and last_door(cabinet, one) == number
    if not present.is_open and (present.is_suspect or not is_unsettled):
        return ev.Decision()
    shut = ev.Decision(events=(ev.DoorClosed(compartment=number, hand_over=key),))
    if one is None or not present.is_open or not one.open_for or (present.is_unproved and grant is None):
        return shut
    actor = grant.actor if grant is not None else one.last_actor or one.loaded_by
    return merged(shut, book(cabinet, one, evidence="door_cycle", actor=actor))


def last_door(cabinet: Cabinet, one: HandOver) -> int:
    """The compartment whose door was last granted for this hand-over; only a move has two."""
    move = cabinet.moves.get(one.hand_over)
    return one.compartment if move is None or not move.last_door else move.last_door


def moved(cabinet: Cabinet, one: HandOver, *, evidence: ev.Evidence) -> ev.Decision:
    """What the last door of a move means once it has opened and closed: behind the second one it lies there now."""
    move = cabinet.moves.get(one.hand_over)
    if move is None or move.is_moved or move.last_door != move.target:
        return ev.Decision()
    return ev.Decision(events=(arrival(move, one, evidence=evidence),))


def arrival(move: Move, one: HandOver, *, evidence: ev.Evidence) -> ev.Moved:
    """That a carried hand-over lies in its new compartment."""
    return ev.Moved(
        hand_over=one.hand_over,
        source=move.source,
        target=move.target,
        results=one.results,
        evidence=evidence,
        is_low=move.is_low,
    )


def book(cabinet: Cabinet, one: HandOver, *, evidence: ev.Evidence, actor: str) -> ev.Decision:
    """The facts that end the purpose a door was opened for, with the codes that end with them."""
    if one.open_for == "load" and one.stage == "loading":
        return loaded(one, evidence=evidence)
    if one.open_for == "collect" and one.stage == "loaded":
        return collected(cabinet, one, evidence=evidence)
    if one.open_for == "reclaim" and one.stage == "loaded":
        return reclaimed(cabinet, one, actor=actor)
    if one.open_for == "move":
        return moved(cabinet, one, evidence=evidence)
    if one.open_for == "intake" and one.stage == "opened":
        return ev.Decision(
            events=(ev.DroppedOff(hand_over=one.hand_over, compartment=one.compartment, evidence=evidence),)
        )
    return ev.Decision()


def contradicted(cabinet: Cabinet, one: HandOver, *, actor: str, evidence: ev.Evidence) -> ev.Decision:
    """A person says that an open door is shut: the sensor is suspect, and what it was opened for is booked.

    Raises WrongStage when it does not stand open on record for this hand-over.
    """
    number = last_door(cabinet, one)
    if not cabinet.compartment(number).is_open or not one.open_for:
        raise WrongStage("this door does not stand open")
    suspected = ev.SensorSuspected(compartment=number, cause="contradicted")
    return merged(ev.Decision(events=(suspected,)), book(cabinet, one, evidence=evidence, actor=actor))


def loaded(one: HandOver, *, evidence: ev.Evidence) -> ev.Decision:
    """Book a hand-over as loaded."""
    fact = ev.Loaded(hand_over=one.hand_over, compartment=one.compartment, results=one.results, evidence=evidence)
    return ev.Decision(events=(fact,))


def collected(cabinet: Cabinet, one: HandOver, *, evidence: ev.Evidence) -> ev.Decision:
    """Book a hand-over as collected, tell its owner, and spend its bundle's codes if it was the last live one (I5)."""
    fact = ev.Collected(hand_over=one.hand_over, compartment=one.compartment, results=one.results, evidence=evidence)
    over = told(cabinet, one, "COLLECTED")
    visit = cabinet.visit
    if visit is not None and visit.right.delegate and visit.recipient == one.recipient and visit.right.covers(one):
        over = merged(over, told(cabinet, one, "COLLECTED", to=visit.right.delegate, mark="-delegate"))
    return merged(ended(cabinet, one, fact), over)


def reclaimed(cabinet: Cabinet, one: HandOver, *, actor: str) -> ev.Decision:
    """Book a hand-over as taken out by a present clerk, and tell its owner if a notice had named it.

    What goes by post is told of when it is sent. One its owner cannot reach is not over: it is expected again, goes
    within reach, and is announced anew.
    """
    if one.is_out_of_reach and not one.is_cancelled:
        return _taken_lower(cabinet, one, actor=actor)
    fact = ev.Reclaimed(hand_over=one.hand_over, compartment=one.compartment, results=one.results, actor=actor)
    over = ended(cabinet, one, fact, cause="reclaimed")
    goes_by_post = all(cabinet.results[key].by_post for key in one.results if key in cabinet.results)
    if not one.is_announced or (goes_by_post and not one.is_cancelled):
        return over
    asked: ev.Template = "AT_COUNTER" if one.is_counter_wanted else "EXPIRED"
    return merged(over, told(cabinet, one, "WITHDRAWN" if one.is_cancelled else asked))


def _taken_lower(cabinet: Cabinet, one: HandOver, *, actor: str) -> ev.Decision:
    over = tuple(
        ev.IncidentClosed(incident=incident.incident, actor=actor)
        for incident in cabinet.incidents.values()
        if incident.kind == "out_of_reach" and incident.hand_over == one.hand_over
    )
    return merged(undone(cabinet, one, evidence="clerk"), ev.Decision(events=over))


def undone(cabinet: Cabinet, one: HandOver, *, evidence: ev.Evidence) -> ev.Decision:
    """Nothing is in the compartment after all: the results are expected again."""
    fact = ev.LoadUndone(hand_over=one.hand_over, compartment=one.compartment, results=one.results, evidence=evidence)
    return ended(cabinet, one, fact, cause="staff")


def told(cabinet: Cabinet, one: HandOver, template: ev.Template, *, to: str = "", mark: str = "") -> ev.Decision:
    """A message without a code to the person of the hand-over's results, or `to` their delegate; its id is the same
    whenever it is decided.
    """
    person = to or next((cabinet.results[key].person for key in one.results if key in cabinet.results), "")
    if not person:
        return ev.Decision()
    bundle = cabinet.bundle_of(one.recipient)
    queued = ev.NoticeQueued(
        notice=f"{one.hand_over}-{template.lower()}{mark}",
        template=template,
        person=person,
        bundle="" if bundle is None else bundle.bundle,
        results=one.results,
    )
    return ev.Decision(events=to_each(cabinet, queued))


def ended(cabinet: Cabinet, one: HandOver, fact: ev.Event, *, cause: ev.RevokeCause = "spent") -> ev.Decision:
    """The fact that ends a hand-over; with the bundle's last live one its codes end too."""
    others = [
        other
        for other in cabinet.hand_overs_of(one.recipient)
        if other.hand_over != one.hand_over and other.stage == "loaded"
    ]
    bundle = cabinet.bundle_of(one.recipient)
    if bundle is None:
        return ev.Decision(events=(fact,))
    if others:
        delegates = {cabinet.results[key].delegate for key in one.results if key in cabinet.results}
        return merged(ev.Decision(events=(fact,)), revoked(cabinet, bundle.bundle, "delegate", delegates=delegates))
    return merged(ev.Decision(events=(fact,)), revoked(cabinet, bundle.bundle, cause))


def revoked(
    cabinet: Cabinet, bundle: str, cause: ev.RevokeCause, *, delegates: Collection[str] | None = None
) -> ev.Decision:
    """End every live code of a bundle, or those of some delegates only, and erase its keeping place."""
    codes = tuple(
        code.code
        for code in cabinet.codes_of(bundle)
        if delegates is None or (code.delegate and code.delegate in delegates)
    )
    if not codes:
        return ev.Decision()
    return ev.Decision(
        events=(ev.CodesRevoked(bundle=bundle, codes=codes, cause=cause),),
        rows=tuple(ev.EraseCode(code=code) for code in codes),
    )


def merged(*decisions: ev.Decision) -> ev.Decision:
    """One decision out of several, in order; the last refusal counts."""
    refusals = [one.refusal for one in decisions if one.refusal is not None]
    return ev.Decision(
        events=tuple(event for one in decisions for event in one.events),
        rows=tuple(row for one in decisions for row in one.rows),
        refusal=refusals[-1] if refusals else None,
    )


def did_not_open(cabinet: Cabinet, grant: str, *, pulses: int) -> ev.Decision:
    """The train ended unseen: the grant is over, the code stays good, and the person is asked if it was pulsed."""
    present = cabinet.grants.get(grant)
    if present is None or present.is_opened:
        return ev.Decision()
    if not pulses:
        return lapse(cabinet, grant, cause="not_pulsed")
    return ev.Decision(
        events=(
            ev.DoorDidNotOpen(grant=grant, compartment=present.compartment, hand_over=present.hand_over, pulses=pulses),
        )
    )


def lapse(cabinet: Cabinet, grant: str, *, cause: str, pulses: int = 0) -> ev.Decision:
    """A grant that cannot be used any more: too late, its board away, the wire refused, or its visitor gone. It cost
    nothing.
    """
    present = cabinet.grants.get(grant)
    if present is None or present.is_opened:
        return ev.Decision()
    one = cabinet.hand_overs.get(present.hand_over)
    is_visited = present.purpose == "collect" and not pulses and cause != LEFT
    vain = in_vain.came([one] if one is not None and is_visited else [], "away")
    return ev.Decision(events=(ev.GrantLapsed(grant=grant, cause=cause, pulses=pulses), *vain))


def suspect(cabinet: Cabinet, number: int) -> ev.Decision:
    """The sensor read open before the pulse: from now on a person's word counts, not the sensor's."""
    if cabinet.compartment(number).is_suspect:
        return ev.Decision()
    return ev.Decision(events=(ev.SensorSuspected(compartment=number, cause="open_before_pulse"),))


def settle(cabinet: Cabinet, number: int, *, is_open: bool, board: str, moment: ev.Moment) -> ev.Decision:
    """The first good reading of a door after a start or after its board came back."""
    present = cabinet.compartment(number)
    if present.is_suspect:
        return ev.Decision()
    if is_open:
        return opened(cabinet, number, board=board, window={}, found=True, moment=moment)
    return closed(cabinet, number)
