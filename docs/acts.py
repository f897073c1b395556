"""Everything that can happen to a small cabinet, decided by `locker.rules` and folded by `locker.fold`.

A scene is a beginning and the acts that may follow; `walk` leads it through every order of them until nothing new comes
up, and tells of each fact what the cabinet was before and after it. Nothing is drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, get_args
from zoneinfo import ZoneInfo

from locker import events as ev
from locker.fold import apply
from locker.model import Cabinet, HandOver, Place
from locker.office_hours import OfficeHours, Span
from locker.refusals import Fault, Refusal
from locker.rules import (
    clearing,
    commissioning,
    doors,
    due,
    exceptional,
    in_vain,
    intake,
    intake_round,
    loading,
    moving,
    notices,
    pickup,
    recounts,
    results,
    self_check,
    standing,
    stock,
    tickets,
)

CLERK = loading.Actor(user="lan", role="clerk", is_present=True)
PLACES: Mapping[int, Place] = {
    number: Place(number=number, board="A1", size="S", row=number, column=1, height_cm=100) for number in (1, 2)
}
TIMING = due.Timing()
OFFICE = OfficeHours(zone=ZoneInfo("UTC"), weekly=((Span(time(7), time(17)),),) * 7)
TODAY = "2026-11-22"
UTC_MS = 1_790_000_000_000
DAY_MS = 24 * 3_600_000
SHORT_MS, LONG_MS = 1_000, 605_000
ROOMY = intake.Policy(share_percent=100)
Act = Callable[[Cabinet, ev.Moment], ev.Decision]
Step = tuple[Cabinet, ev.Event, Cabinet]


@dataclass(frozen=True, slots=True)
class World:
    """A cabinet and the milliseconds since its run began."""

    cabinet: Cabinet
    uptime_ms: int
    run: int = 1

    @property
    def moment(self) -> ev.Moment:
        return ev.Moment(utc_ms=UTC_MS + self.uptime_ms, uptime_ms=self.uptime_ms, run_id=f"run{self.run}")


@dataclass(frozen=True, slots=True)
class Scene:
    """What has happened, and what may happen then. `minds_incidents`: cabinets with other incidents differ."""

    acts: tuple[Act, ...]
    begin: tuple[ev.Event, ...] = ()
    minds_incidents: bool = False


def walk(scene: Scene) -> Iterator[Step]:
    """Every step that the acts of a scene lead to; cabinets that act alike are met once."""
    steps = list(_follow(World(Cabinet(), SHORT_MS), ev.Decision(events=(ev.RunStarted(release="t"), *scene.begin))))
    yield from steps
    world = World(steps[-1][2], SHORT_MS)
    met, waiting = {_likeness(scene, world.cabinet)}, [world]
    while waiting:
        world = waiting.pop()
        for act in scene.acts:
            later, steps = _act(world, act)
            yield from steps
            mark = _likeness(scene, later.cabinet)
            if mark not in met:
                met.add(mark)
                waiting.append(later)


def _act(world: World, act: Act) -> tuple[World, list[Step]]:
    """What comes of one act, soon after; nothing when it is refused."""
    soon = World(world.cabinet, world.uptime_ms + SHORT_MS, world.run)
    try:
        decision = act(soon.cabinet, soon.moment)
    except (Refusal, Fault):
        return world, []
    if any(isinstance(fact, ev.RunStarted) for fact in decision.events):
        soon = World(world.cabinet, SHORT_MS, world.run + 1)
    elif any(isinstance(fact, ev.LeftOpen | ev.RoundClosed | ev.VisitEnded) for fact in decision.events):
        soon = World(world.cabinet, world.uptime_ms + LONG_MS, world.run)
    steps = list(_follow(soon, decision))
    return World(steps[-1][2], soon.uptime_ms, soon.run) if steps else world, steps


def _follow(world: World, decision: ev.Decision) -> Iterator[Step]:
    cabinet = world.cabinet
    for fact in decision.events:
        epoch = fact.epoch if isinstance(fact, ev.RecountStarted) else cabinet.epoch
        after = apply(cabinet, ev.Recorded(cabinet.seq + 1, epoch, world.moment, fact))
        yield cabinet, fact, after
        cabinet = after


def _likeness(scene: Scene, cabinet: Cabinet) -> tuple[Any, ...]:
    """What of a cabinet decides which acts it allows, without numbers, times and names."""
    return (
        tuple(_door(cabinet, number) for number in PLACES),
        tuple(_one(one) for one in cabinet.hand_overs.values()),
        tuple((paper.is_collected, paper.is_missed, paper.is_confirmed) for paper in cabinet.intakes.values()),
        tuple((one.hand_over != "", one.is_cancelled) for one in cabinet.results.values()),
        tuple((one.target, one.is_taken, one.is_moved, one.is_stalled) for one in cabinet.moves.values()),
        tuple((grant.compartment, grant.purpose, grant.is_opened) for grant in cabinet.grants.values()),
        tuple(one.stage for one in cabinet.notices.values()) if not cabinet.hand_overs else (),
        len(cabinet.codes),
        cabinet.visit is not None,
        cabinet.round is not None,
        bool(cabinet.boards_out),
        cabinet.recount is None or cabinet.recount.is_replayed,
        (cabinet.standing.stage, cabinet.standing.is_checked, cabinet.stock_check is not None),
        tuple(sorted({(one.kind, one.owner) for one in cabinet.incidents.values()})) if scene.minds_incidents else (),
    )


def _door(cabinet: Cabinet, number: int) -> tuple[Any, ...]:
    place = cabinet.compartment(number)
    return (
        bool(place.hand_over),
        bool(place.quarantine),
        place.is_suspect,
        place.is_open,
        place.is_left_open,
        place.is_alarmed,
        place.is_unproved,
        bool(place.out_of_service),
    )


def _one(one: HandOver) -> tuple[Any, ...]:
    return (
        one.stage,
        one.open_for,
        bool(one.uncertain),
        one.dead_purpose,
        bool(one.disputed),
        one.is_cancelled,
        one.is_asked and one.last_purpose,
        one.is_announced,
        one.is_emptied,
        (one.is_owed, bool(one.made_good)),
    )


# --- the acts


def _expected(wish: int) -> ev.ResultQueued:
    return ev.ResultQueued(
        wish=wish,
        result="r1",
        recipient="an",
        person="p-an",
        dossier="d-r1",
        items=(ev.Item(item="i"),),
        size="S",
        reach="any",
        language="vi",
        deadline="2026-12-31",
        state=9,
        consent=True,
        fee="none",
    )


def _is_expected(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    if cabinet.wish_seq:
        return ev.Decision()
    return results.take(cabinet, results.Known(), results.Announce(wish=_wish(cabinet), queued=_expected(1)))


def _wish(cabinet: Cabinet) -> ev.PutWish:
    number = cabinet.wish_seq + 1
    return ev.PutWish(wish_seq=number, wish_id=f"w{number}", digest=b"")


def _cancels(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    if any(one.is_cancelled for one in cabinet.results.values()):
        return ev.Decision()
    return results.take(cabinet, results.Known(), results.Cancel(wish=_wish(cabinet), result="r1"))


def _loads(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    request = loading.Load(
        results=("r1",), actor=CLERK, hand_over=f"h{cabinet.seq}", grant=f"g{cabinet.seq}", size=None
    )
    return loading.load(cabinet, request, places={1: PLACES[1]}, servable={1})


def _for_each(act: Callable[[Cabinet, HandOver, ev.Moment], ev.Decision]) -> Act:
    """The act upon the only hand-over, if there is one."""

    def upon(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
        one = next(iter(cabinet.hand_overs.values()), None)
        return ev.Decision() if one is None else act(cabinet, one, moment)

    return upon


def _visit(cabinet: Cabinet) -> str:
    return cabinet.visit.visit if cabinet.visit is not None else f"v{cabinet.seq}"


def _types_code(cabinet: Cabinet, moment: ev.Moment, servable: Collection[int] = PLACES) -> ev.Decision:
    code = next(reversed(cabinet.codes), "")
    if not code:
        return ev.Decision()
    proof = pickup.Proof(selector="111", code=code)
    request = pickup.Submit(proof=proof, visit=_visit(cabinet), grant=f"g{cabinet.seq}")
    return pickup.submit(cabinet, request, places=PLACES, servable=servable, moment=moment)


def _types_code_in_vain(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
    return _types_code(cabinet, moment, servable=())


def _asks_for_a_call(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    return tickets.take(cabinet, tickets.Wanted(due_utc_ms=UTC_MS, visit=_visit(cabinet)))


def _makes_good(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
    noted = ev.Moment(utc_ms=moment.utc_ms, uptime_ms=moment.uptime_ms, run_id=moment.run_id, clock="synced")
    return in_vain.due(cabinet, noted, office=OFFICE, days=7, servable=PLACES)


def _mints(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    fresh = notices.Fresh(
        code=f"c{cabinet.seq}", notice=f"n{cabinet.seq}", selector="111", salt=b"", verifier=b"", sealed=b""
    )
    return doors.merged(*(notices.mint(cabinet, one.bundle, fresh) for one in notices.due_bundles(cabinet)))


def _opens(number: int, *, is_asked: bool) -> Act:
    def act(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
        place = cabinet.compartment(number)
        if place.is_open or place.is_suspect:
            return ev.Decision()
        window = {key: 1 for key, one in cabinet.grants.items() if not one.is_opened} if is_asked else {}
        return doors.opened(cabinet, number, board="A1", window=window, found=not is_asked, moment=moment)

    return act


def _closes(number: int) -> Act:
    return lambda cabinet, _moment: doors.closed(cabinet, number)


def _each_grant(act: Callable[[Cabinet, str], ev.Decision]) -> Act:
    return lambda cabinet, _moment: doors.merged(
        *(act(cabinet, key) for key, one in cabinet.grants.items() if not one.is_opened)
    )


def _suspects(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    pending = [one for one in cabinet.grants.values() if not one.is_opened]
    return doors.merged(*(doors.suspect(cabinet, one.compartment) for one in pending))


def _time_passes(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
    late = ev.Moment(utc_ms=moment.utc_ms + LONG_MS, uptime_ms=moment.uptime_ms + LONG_MS, run_id=moment.run_id)
    return due.facts(cabinet, late, TIMING)


def _power_is_cut(_cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    return ev.Decision(events=(ev.RunStarted(release="t"),))


def _inspects(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    return clearing.inspect(cabinet, 1, CLERK, grant=f"g{cabinet.seq}", today=TODAY, second="hoa")


def _sees(number: int, found: ev.Found) -> Act:
    return lambda cabinet, _moment: clearing.looked(cabinet, number, CLERK, found=found)


def _opens_of_move(cabinet: Cabinet, hand_over: str, actor: loading.Actor, *, door: moving.Door) -> ev.Decision:
    return moving.open_door(cabinet, hand_over, actor, door=door, grant=f"g{cabinet.seq}")


def _carries(act: Callable[..., ev.Decision], door: moving.Door) -> Act:
    return _for_each(lambda cabinet, one, _moment: act(cabinet, one.hand_over, CLERK, door=door))


def _each_incident(act: Callable[[Cabinet, int, ev.Moment], ev.Decision]) -> Act:
    def upon(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
        first = next(iter(cabinet.incidents), None)
        return ev.Decision() if first is None else act(cabinet, first, moment)

    return upon


def _offers(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
    if cabinet.bags:
        return ev.Decision()
    request = intake.Offer(
        hand_over=f"h{cabinet.seq}", grant=f"g{cabinet.seq}", visit=_visit(cabinet), kind="new", size="S"
    )
    return intake.offer(cabinet, request, places={1: PLACES[1]}, servable={1}, moment=moment, policy=ROOMY)


def _office_answers(outcome: ev.IntakeOutcome) -> Act:
    said = intake_round.Answer(outcome=outcome, dossier="d", appointment="2026-12-31")

    def act(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
        key = next(iter(cabinet.intakes), "")
        return intake_round.answer(cabinet, key, CLERK, said)

    return act


def _says(said: pickup.Answer) -> Act:
    return _for_each(
        lambda cabinet, one, _moment: pickup.answer(cabinet, one.hand_over, visit=_visit(cabinet), said=said)
    )


def _says_of_intake(said: intake.Said) -> Act:
    return _for_each(
        lambda cabinet, one, _moment: intake.answer(cabinet, one.hand_over, visit=_visit(cabinet), said=said)
    )


def _reports(count: int) -> Act:
    said = intake_round.Report(bag="", count=count)
    return _for_each(lambda cabinet, one, _moment: intake_round.report(cabinet, one.hand_over, CLERK, said))


def _breaks_glass(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    if any(one.glass for one in cabinet.incidents.values()):
        return ev.Decision()
    return exceptional.break_glass(
        cabinet,
        1,
        "inspect",
        CLERK,
        ids=exceptional.Ids(glass=f"k{cabinet.seq}", grant=f"g{cabinet.seq}"),
        reason="nobody answers",
        today=TODAY,
        due_utc_ms=UTC_MS,
    )


def _recount_begins(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    if cabinet.epoch > 1:
        return ev.Decision()
    return recounts.start(cabinet, epoch=2, cause="restored", forked_at=cabinet.seq)


def _recount_ends(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    if cabinet.recount is None or cabinet.recount.is_replayed:
        return ev.Decision()
    return ev.Decision(events=(ev.RecountFinished(merged_through=cabinet.seq),))


def _looks_at_itself(cabinet: Cabinet, moment: ev.Moment) -> ev.Decision:
    noon = ev.Moment(utc_ms=UTC_MS // DAY_MS * DAY_MS + DAY_MS // 2, uptime_ms=LONG_MS, run_id=moment.run_id)
    return self_check.due(cabinet, noon, self_check.Plan(zone=ZoneInfo("UTC")), seen={"disk": False})


def _each_notice(act: Callable[[Cabinet, str], ev.Decision]) -> Act:
    return lambda cabinet, _moment: doors.merged(*(act(cabinet, key) for key in cabinet.notices))


def _queues(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
    queued = ev.NoticeQueued(notice="n1", template="COLLECTED", person="p-an", bundle="", results=("r1",))
    return ev.Decision() if cabinet.seq > 1 else ev.Decision(events=(queued,))


DOORS: tuple[Act, ...] = (
    _opens(1, is_asked=True),
    _opens(1, is_asked=False),
    _closes(1),
    _each_grant(lambda cabinet, key: doors.did_not_open(cabinet, key, pulses=3)),
    _each_grant(lambda cabinet, key: doors.lapse(cabinet, key, cause="board_lost")),
    _suspects,
    _time_passes,
    _power_is_cut,
)
LOOKS: tuple[Act, ...] = (_inspects, _sees(1, "empty"), _sees(1, "as_recorded"), _sees(1, "something_else"))
PICKUP: tuple[Act, ...] = (
    _is_expected,
    _cancels,
    _loads,
    _for_each(lambda cabinet, one, _moment: loading.answer(cabinet, one.hand_over, CLERK, did_open=True)),
    _for_each(lambda cabinet, one, _moment: loading.answer(cabinet, one.hand_over, CLERK, did_open=False)),
    _for_each(lambda cabinet, one, _moment: loading.undo(cabinet, one.hand_over, CLERK)),
    _for_each(lambda cabinet, one, _moment: loading.reopen(cabinet, one.hand_over, CLERK, grant=f"g{cabinet.seq}")),
    _for_each(lambda cabinet, one, _moment: loading.shut(cabinet, one.hand_over, CLERK)),
    lambda cabinet, _moment: loading.close_round(cabinet, "lan"),
    _mints,
    _types_code,
    _for_each(
        lambda cabinet, one, moment: pickup.reopen(
            cabinet, one.hand_over, visit=_visit(cabinet), grant=f"g{cabinet.seq}", moment=moment
        )
    ),
    *(_says(said) for said in (*get_args(pickup.Said), "door_is_shut")),
    _for_each(
        lambda cabinet, one, _moment: clearing.reclaim(
            cabinet, one.hand_over, CLERK, grant=f"g{cabinet.seq}", today=TODAY, second="hoa"
        )
    ),
    *DOORS,
    *LOOKS,
)


def _is_tried(number: int) -> Act:
    """A technician finds this door good, once while its board is out."""

    def act(cabinet: Cabinet, _moment: ev.Moment) -> ev.Decision:
        if "A1" not in cabinet.boards_out or number in cabinet.tried.get("A1", ()):
            return ev.Decision()
        return commissioning.tried(commissioning.Finding(number, "good"), board="A1", user="tho")

    return act


IN_VAIN: tuple[Act, ...] = (
    _mints,
    _types_code,
    _types_code_in_vain,
    _says("door_stayed_shut"),
    _asks_for_a_call,
    lambda cabinet, _moment: pickup.leave(cabinet, visit=_visit(cabinet)),
    _makes_good,
    _inspects,
    _sees(1, "as_recorded"),
    *DOORS,
)
WRONG_DOOR: tuple[Act, ...] = (
    _is_expected,
    _loads,
    _opens(1, is_asked=True),
    _opens(2, is_asked=True),
    _closes(1),
    _closes(2),
    _is_tried(1),
    _is_tried(2),
    lambda cabinet, _moment: commissioning.prove(cabinet, "A1", (1, 2), user="tho"),
    *LOOKS,
)
INTAKE: tuple[Act, ...] = (
    _offers,
    *(_says_of_intake(said) for said in get_args(intake.Said)),
    _for_each(
        lambda cabinet, one, _moment: intake_round.collect(cabinet, one.hand_over, CLERK, grant=f"g{cabinet.seq}")
    ),
    *(_reports(count) for count in (0, 3)),
    *(_office_answers(outcome) for outcome in ("registered", "supplement", "returned", "nothing_found")),
    *DOORS,
    *LOOKS,
)
USE: tuple[Act, ...] = (
    lambda cabinet, _moment: stock.close_compartment(cabinet, 1, CLERK, cause="lock"),
    lambda cabinet, _moment: stock.reopen_compartment(cabinet, 1, CLERK),
    _recount_begins,
    _recount_ends,
    _opens(1, is_asked=True),
    _opens(1, is_asked=False),
    _closes(1),
    *LOOKS,
)
INCIDENTS: tuple[Act, ...] = (
    _opens(1, is_asked=False),
    _closes(1),
    _breaks_glass,
    _opens(1, is_asked=True),
    _time_passes,
    _each_incident(lambda cabinet, key, _moment: clearing.close_incident(cabinet, key, CLERK)),
    _each_incident(
        lambda cabinet, key, moment: clearing.take_incident(
            cabinet, key, CLERK, due_utc_ms=moment.utc_ms + LONG_MS, moment=moment
        )
    ),
    _each_incident(
        lambda cabinet, key, _moment: exceptional.countersign(
            cabinet, key, loading.Actor(user="minh", role="leader", is_present=False), today=TODAY
        )
    ),
    *LOOKS,
)
NOTICES: tuple[Act, ...] = (
    _queues,
    _each_notice(lambda cabinet, key: notices.attempt(cabinet, key, gateway="g")),
    _each_notice(lambda cabinet, key: notices.sent(cabinet, key, gateway="g", provider_id="1", is_final=False)),
    _each_notice(lambda cabinet, key: notices.delivered(cabinet, key, is_reported=True)),
    _each_notice(lambda cabinet, key: notices.failed(cabinet, key, gateway="g", cause="x", is_final=False)),
    _each_notice(lambda cabinet, key: notices.failed(cabinet, key, gateway="g", cause="x", is_final=True)),
    _each_notice(lambda cabinet, key: notices.dropped(cabinet, key, cause="nothing_inside")),
)
STANDING: tuple[Act, ...] = (
    lambda cabinet, _moment: standing.start_relocation(cabinet, "minh"),
    lambda cabinet, _moment: standing.finish_relocation(cabinet, "minh", address="25 Hoa Mai"),
    lambda cabinet, _moment: standing.retire(cabinet, "minh", unsent=0),
    _looks_at_itself,
    lambda cabinet, _moment: stock.start(cabinet, CLERK, check="s", places={1: PLACES[1]}),
    lambda cabinet, _moment: stock.open_next(
        cabinet, CLERK, grant=f"g{cabinet.seq}", today=TODAY, servable={1}, second="hoa"
    ),
    lambda cabinet, _moment: stock.finish(cabinet, CLERK),
    _opens(1, is_asked=True),
    _closes(1),
    *LOOKS,
)
MOVE: tuple[Act, ...] = (
    _for_each(
        lambda cabinet, one, _moment: moving.start(
            cabinet,
            one.hand_over,
            CLERK,
            grant=f"g{cabinet.seq}",
            today=TODAY,
            places=PLACES,
            servable=PLACES,
            second="hoa",
        )
    ),
    *(_carries(act, door) for act in (_opens_of_move, moving.confirm) for door in get_args(moving.Door)),
    *(act for number in PLACES for act in (_opens(number, is_asked=True), _closes(number))),
    *(_sees(number, found) for number in PLACES for found in get_args(ev.Found)),
    _power_is_cut,
    _time_passes,
)
LOADED: tuple[ev.Event, ...] = (
    _expected(1),
    ev.LoadStarted(hand_over="h1", results=("r1",), recipient="an", compartment=1, actor="lan"),
    ev.Loaded(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle"),
)
SCENES: tuple[Scene, ...] = (
    Scene(PICKUP),
    Scene(WRONG_DOOR),
    Scene(INTAKE),
    Scene(USE),
    Scene(USE, begin=LOADED),
    Scene(INCIDENTS, begin=LOADED, minds_incidents=True),
    Scene(NOTICES),
    Scene(STANDING),
    Scene(MOVE, begin=(*LOADED, ev.RoundClosed(actor="lan"))),
    Scene(IN_VAIN, begin=(*LOADED, ev.RoundClosed(actor="lan"))),
)
