"""How a citizen leaves papers for the office, at any hour.

The smallest free compartment that fits and is within reach is offered. Limits keep the rest for results: two intakes a
visit that nobody confirmed, four such an hour, two a typed phone, three whose typed phone was not checked by a code
although one could be sent, and a share of all compartments. The number that the office has for a dossier counts
nowhere: a refusal would tell that the dossier is known.

In one visit the same compartment is offered again, and while its door is opening or open a second request changes
nothing. A door that opened means *possibly full*, whatever button follows (I6): "left it" and silence book the deposit;
"took it back" and "does not fit" keep the compartment until a clerk has looked. Only a door that never opened gives its
compartment back, and, once the visit is over, a content sensor that sees nothing inside; one that sees something books
the deposit of a door nobody saw. A door not seen open is asked about; who leaves without an answer leaves it uncertain,
for a clerk. What is deposited is told to its person at once; that message and the receipt name the bag and the time the
door closed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from locker import events as ev
from locker.model import TRAINS_A_VISIT, Cabinet, HandOver, Intake, Place
from locker.refusals import (
    BagInUse,
    CompartmentBusy,
    IntakeFull,
    NoFreeCompartment,
    NoReachableCompartment,
    UnknownHandOver,
    WrongStage,
)
from locker.rules import doors
from locker.rules.loading import SIZES, choose
from locker.rules.standing import require_open

HOUR_MS = 3_600_000
Said = Literal["left", "took_back", "door_stayed_shut", "door_is_shut"]


class Policy(msgspec.Struct, frozen=True):
    """How much of the cabinet intakes may take. `share_percent` of all compartments; the others are counts."""

    share_percent: int = 40
    unconfirmed_a_visit: int = 2
    unconfirmed_an_hour: int = 4
    open_a_phone: int = 2
    unchecked: int = 3


class Offer(msgspec.Struct, frozen=True):
    """What somebody wants to leave. `hand_over`, `grant`, `person` and `dossier` are fresh ids; `bag` is empty to be
    given one; `same_phone` are refs of all people on record with the phone that was typed, none when none was.
    `can_check`: a code could be sent to it now.
    """

    hand_over: str
    grant: str
    visit: str
    kind: ev.IntakeKind
    size: ev.Size
    reach: ev.Reach = "any"
    bag: str = ""
    person: str = ""
    dossier: str = ""
    promised: str = ""
    same_phone: tuple[str, ...] = ()
    rows: tuple[ev.Row, ...] = ()
    is_phone_checked: bool = False
    has_phone: bool = True
    is_phone_on_record: bool = False
    can_check: bool = False


def offer(
    cabinet: Cabinet,
    request: Offer,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
    policy: Policy,
) -> ev.Decision:
    """Choose a compartment and grant its opening; nothing when a door of this visit is opening or open already.

    Raises OutOfUse, IntakeFull, BagInUse, NoFreeCompartment, NoReachableCompartment.
    """
    require_open(cabinet)
    mine = [cabinet.hand_overs[one.hand_over] for one in _at_doors(cabinet, request.visit)]
    if any(is_at_door(cabinet, one) for one in mine):
        return ev.Decision()
    _check_bag(cabinet, request)
    again = next((one for one in mine if _fits_again(cabinet, one, request, places, servable)), None)
    if again is not None:
        return _offered(cabinet, request, hand_over=again.hand_over, number=again.compartment)
    check_room(cabinet, request, total=len(places), moment=moment, policy=policy)
    place = choose(cabinet, size=request.size, reach=request.reach, places=places, servable=servable)
    return _offered(cabinet, request, hand_over=request.hand_over, number=place.number)


def _at_doors(cabinet: Cabinet, visit: str) -> list[Intake]:
    """Intakes of this visit that are not booked yet."""
    return [
        one
        for one in cabinet.intakes_of(visit)
        if one.hand_over in cabinet.hand_overs and cabinet.hand_overs[one.hand_over].stage != "deposited"
    ]


def is_at_door(cabinet: Cabinet, one: HandOver) -> bool:
    """Whether the person of this intake is at its door: it is opening, or stands open and was not left."""
    grant = cabinet.grant_on(one.compartment)
    if grant is not None and grant.purpose == "intake" and grant.hand_over == one.hand_over:
        return True
    return one.open_for == "intake" and cabinet.compartment(one.compartment).is_open


def _fits_again(
    cabinet: Cabinet, one: HandOver, request: Offer, places: Mapping[int, Place], servable: Collection[int]
) -> bool:
    place = places.get(one.compartment)
    return (
        place is not None
        and SIZES.index(place.size) >= SIZES.index(request.size)
        and (request.reach == "any" or place.is_low)
        and place.number in servable
        and place.board not in cabinet.boards_out
        and one.trains < TRAINS_A_VISIT
        and not cabinet.compartment(place.number).is_open
        and cabinet.grant_on(place.number) is None
    )


def _check_bag(cabinet: Cabinet, request: Offer) -> None:
    if request.bag and any(one.bag == request.bag and one.visit != request.visit for one in cabinet.intakes.values()):
        raise BagInUse("this bag is on record already; take another one")


def check_room(cabinet: Cabinet, request: Offer, *, total: int, moment: ev.Moment, policy: Policy) -> None:
    """Raise IntakeFull when one more intake is too many, for the cabinet, the hour, the visit or the phone."""
    if cabinet.panel.is_on_reserve or cabinet.panel.is_stopping:
        raise IntakeFull("power")
    held = [one for one in cabinet.hand_overs.values() if one.direction == "intake"]
    if (len(held) + 1) * 100 > policy.share_percent * total:
        raise IntakeFull("cabinet")
    doubtful = [one for one in cabinet.intakes.values() if is_unconfirmed(cabinet, one)]
    if sum(one.visit == request.visit for one in doubtful) >= policy.unconfirmed_a_visit:
        raise IntakeFull("visit")
    if sum(moment.uptime_ms - one.ended_uptime_ms < HOUR_MS for one in doubtful) >= policy.unconfirmed_an_hour:
        raise IntakeFull("hour")
    held_ids = {one.hand_over for one in held}
    typed = [
        one
        for one in cabinet.intakes.values()
        if one.hand_over in held_ids and one.has_phone and not one.is_phone_on_record
    ]
    if sum(one.person in request.same_phone for one in typed) >= policy.open_a_phone:
        raise IntakeFull("phone")
    unchecked = sum(not one.is_phone_checked for one in typed)
    if request.can_check and not request.is_phone_checked and unchecked >= policy.unchecked:
        raise IntakeFull("unverified")


def is_unconfirmed(cabinet: Cabinet, one: Intake) -> bool:
    """Whether a door opened, or may have, for an intake whose person did not say that they left something."""
    held = cabinet.hand_overs.get(one.hand_over)
    if held is None or one.is_confirmed:
        return False
    return held.stage != "offered" or bool(held.uncertain)


def _offered(cabinet: Cabinet, request: Offer, *, hand_over: str, number: int) -> ev.Decision:
    before = cabinet.intakes.get(hand_over)
    bag = request.bag or (before.bag if before is not None else f"HS-{cabinet.bags + 1:06d}")
    told = ev.IntakeOffered(
        hand_over=hand_over,
        compartment=number,
        visit=request.visit,
        kind=request.kind,
        bag=bag,
        person=request.person,
        dossier=request.dossier,
        promised=request.promised,
        is_phone_checked=request.is_phone_checked,
        has_phone=request.has_phone,
        is_phone_on_record=request.is_phone_on_record,
    )
    granted = ev.GrantIssued(
        grant=request.grant,
        compartment=number,
        purpose="intake",
        hand_over=hand_over,
        actor="citizen",
        visit=request.visit,
    )
    return ev.Decision(events=(told, granted), rows=request.rows)


def _of_visit(cabinet: Cabinet, hand_over: str, visit: str) -> tuple[HandOver, Intake]:
    if cabinet.visit is None or cabinet.visit.visit != visit:
        raise WrongStage("this visit has ended; begin again")
    one, paper = cabinet.hand_overs.get(hand_over), cabinet.intakes.get(hand_over)
    if one is None or paper is None or paper.visit != visit:
        raise UnknownHandOver("no such hand-over belongs to this visit")
    return one, paper


def answer(cabinet: Cabinet, hand_over: str, *, visit: str, said: Said) -> ev.Decision:
    """What the person says after the door closed, or when it was not seen open; `door_is_shut` contradicts the sensor.

    Raises WrongStage while the door stands open or when nothing was asked, UnknownHandOver.
    """
    one, paper = _of_visit(cabinet, hand_over, visit)
    if said == "door_is_shut":
        if one.open_for != "intake":
            raise WrongStage("this door does not stand open")
        return doors.contradicted(cabinet, one, actor="citizen", evidence="none")
    if cabinet.compartment(one.compartment).is_open or cabinet.grant_on(one.compartment) is not None:
        raise WrongStage("close the door first")
    if one.is_asked:
        return _answer_unseen(cabinet, one, paper, said)
    if one.stage != "dropped" or said == "door_stayed_shut":
        raise WrongStage("nothing was asked of this hand-over")
    if said == "took_back":
        return ev.Decision(events=(_taken_back(one, "took_back"),))
    return deposited(one, paper, evidence=paper.evidence, is_confirmed=True)


def _answer_unseen(cabinet: Cabinet, one: HandOver, paper: Intake, said: Said) -> ev.Decision:
    opened = said != "door_stayed_shut"
    facts: list[ev.Event] = [ev.DoorAnswered(compartment=one.compartment, hand_over=one.hand_over, did_open=opened)]
    if not opened:
        return ev.Decision(events=tuple(facts))
    if not cabinet.compartment(one.compartment).is_suspect:
        facts.append(ev.SensorSuspected(compartment=one.compartment, cause="unchanged_after_train"))
    if said == "took_back":
        return ev.Decision(events=(*facts, _taken_back(one, "took_back")))
    return doors.merged(ev.Decision(events=tuple(facts)), deposited(one, paper, evidence="none", is_confirmed=True))


def _taken_back(one: HandOver, cause: Literal["took_back", "does_not_fit"]) -> ev.Withdrawn:
    return ev.Withdrawn(hand_over=one.hand_over, compartment=one.compartment, cause=cause)


def deposited(one: HandOver, paper: Intake, *, evidence: ev.Evidence, is_confirmed: bool) -> ev.Decision:
    """Book the deposit and tell its person."""
    fact = ev.Deposited(
        hand_over=one.hand_over, compartment=one.compartment, evidence=evidence, is_confirmed=is_confirmed
    )
    return doors.merged(ev.Decision(events=(fact,)), told(paper, "DROPPED"))


def told(paper: Intake, template: ev.Template, *, mark: str = "") -> ev.Decision:
    """A message to the person of an intake, if one left a number; its id is the same whenever it is decided.

    `mark` tells messages of one kind apart.
    """
    if not paper.person or not paper.has_phone:
        return ev.Decision()
    queued = ev.NoticeQueued(
        notice="-".join(filter(None, (paper.hand_over, template.lower(), mark))),
        template=template,
        person=paper.person,
        bundle="",
        intake=paper.hand_over,
    )
    return ev.Decision(events=(queued,))


def does_not_fit(
    cabinet: Cabinet,
    hand_over: str,
    request: Offer,
    *,
    places: Mapping[int, Place],
    servable: Collection[int],
    moment: ev.Moment,
    policy: Policy,
) -> ev.Decision:
    """A larger compartment for the same papers; the first is possibly full if its door opened, else free.

    `request.size` does not count. Raises UnknownHandOver, WrongStage (nothing was asked; say first whether the door
    opened), CompartmentBusy; NoFreeCompartment, NoReachableCompartment and IntakeFull come after the first is booked.
    """
    one, paper = _of_visit(cabinet, hand_over, request.visit)
    if is_at_door(cabinet, one) or cabinet.compartment(one.compartment).is_open:
        raise CompartmentBusy("its door is open or opening; close it first")
    if one.is_asked or one.uncertain or one.stage not in ("offered", "dropped"):
        raise WrongStage("nothing was asked of this hand-over")
    ended: ev.Event = _taken_back(one, "does_not_fit")
    if one.stage == "offered":
        ended = ev.IntakeGivenUp(hand_over=hand_over, compartment=one.compartment, evidence="door_cycle")
    over = ev.Decision(events=(ended,))
    larger: Mapping[ev.Size, ev.Size] = {"S": "M", "M": "L"}
    size = larger.get(places[one.compartment].size)
    if size is None:
        return doors.merged(
            over, ev.Decision(refusal=NoFreeCompartment("there is no larger one; bring it to the counter"))
        )
    try:
        extra = 1 if one.stage == "dropped" else 0
        check_room(
            cabinet,
            request,
            total=len(places),
            moment=moment,
            policy=msgspec.structs.replace(policy, open_a_phone=policy.open_a_phone + extra),
        )
        place = choose(cabinet, size=size, reach=request.reach, places=places, servable=servable)
    except (NoFreeCompartment, NoReachableCompartment, IntakeFull) as refusal:
        return doors.merged(over, ev.Decision(refusal=refusal))
    same = msgspec.structs.replace(
        request, kind=paper.kind, bag=paper.bag, person=paper.person, dossier=paper.dossier, promised=paper.promised
    )
    same = msgspec.structs.replace(
        same,
        is_phone_checked=paper.is_phone_checked,
        has_phone=paper.has_phone,
        is_phone_on_record=paper.is_phone_on_record,
    )
    return doors.merged(over, _offered(cabinet, same, hand_over=request.hand_over, number=place.number))


def due(cabinet: Cabinet) -> ev.Decision:
    """What became of intakes whose visit is over: deposits nobody confirmed, doors that never opened, and what a
    content sensor tells of the rest. Of a compartment whose facts are still being merged nothing is said: the one that
    its door opened may be in the next batch.
    """
    over = []
    for paper in cabinet.intakes.values():
        one = cabinet.hand_overs.get(paper.hand_over)
        if one is None or (cabinet.visit is not None and cabinet.visit.visit == paper.visit):
            continue
        place = cabinet.compartment(one.compartment)
        if place.is_open or place.is_unproved or cabinet.grant_on(one.compartment) is not None:
            continue
        inside = place.inside
        is_doubtful = one.stage in ("dropped", "withdrawn") or (one.stage == "offered" and bool(one.uncertain))
        if is_doubtful and inside == "empty":
            given_up = ev.IntakeGivenUp(hand_over=one.hand_over, compartment=one.compartment, evidence="content_sensor")
            over.append(ev.Decision(events=(given_up,)))
        elif one.stage == "offered" and one.uncertain and inside == "something":
            over.append(deposited(one, paper, evidence="content_sensor", is_confirmed=False))
        elif one.stage == "dropped":
            over.append(deposited(one, paper, evidence=paper.evidence, is_confirmed=False))
        elif one.stage == "offered" and not one.uncertain:
            given_up = ev.IntakeGivenUp(hand_over=one.hand_over, compartment=one.compartment, evidence="door_cycle")
            over.append(ev.Decision(events=(given_up,)))
    return doors.merged(*over)
