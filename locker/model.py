"""What the cabinet is: a frozen value that follows from folding the events, and nothing else.

Only live things are kept. `apply` never refuses and never looks at a clock: whatever was committed is true, and old
shapes fold for ever. What is due, allowed or wise is decided in `locker.rules`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from locker import events as ev
from otp import throttle

FOLD_VERSION = 2
SELECTOR_REST_MS = 24 * 3600 * 1000
TRAINS_A_VISIT = 3

Stage = Literal["loading", "loaded", "collected"]


class Place(msgspec.Struct, frozen=True):
    """Where one compartment is and what fits in; from the configuration, never from events."""

    number: int
    board: str
    size: ev.Size
    row: int
    column: int
    height_cm: int
    near_keypad: bool = False

    @property
    def is_low(self) -> bool:
        """Within reach of a seated person: 40 to 120 cm above the ground."""
        return 40 <= self.height_cm <= 120  # noqa: PLR2004  (the reach rule itself)


class Compartment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One compartment as far as facts tell. `hand_over` is empty when nothing is on record in it.

    `is_alarmed`: its door opened unasked and has not closed since. `closed_uptime_ms`: when an opening that was asked
    for ended, 0 otherwise.
    """

    number: int
    hand_over: str = ""
    quarantine: str = ""
    is_suspect: bool = False
    is_open: bool = False
    is_left_open: bool = False
    is_alarmed: bool = False
    is_unproved: bool = False
    opened_uptime_ms: int = 0
    closed_uptime_ms: int = 0

    @property
    def is_free(self) -> bool:
        """Ready for something new. A suspect sensor could not tell when that is inside, so it blocks its own door."""
        return not (self.hand_over or self.quarantine or self.is_open or self.is_unproved or self.is_suspect)


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result the centre announced and that has not left our hands."""

    result: str
    recipient: str
    person: str
    dossier: str
    items: tuple[ev.Item, ...]
    size: ev.Size
    reach: ev.Reach
    language: Literal["vi", "en"]
    deadline: str
    state: int
    consent: bool
    fee: ev.Fee
    by_post: bool = False
    procedure_allowed: bool = True
    flags: tuple[str, ...] = ()
    hand_over: str = ""
    is_cancelled: bool = False


class HandOver(msgspec.Struct, frozen=True, omit_defaults=True):
    """One passing of items through one compartment.

    `open_for` is the purpose under which its door stands open, `opened_for` the one under which it last did.
    `uncertain` names why record and evidence disagree.
    `last_purpose` and `last_actor` are those of its latest grant; `dead_purpose` is what a grant that died after it may
    have been pulsed was for, until its door is seen. `trains` counts pulse trains that opened nothing.
    `is_announced`: a notice has named it. `is_reopened`: the loader opened it again after it was loaded.
    """

    hand_over: str
    results: tuple[str, ...]
    recipient: str
    compartment: int
    stage: Stage = "loading"
    open_for: ev.Purpose | Literal[""] = ""
    uncertain: str = ""
    dead_purpose: ev.Purpose | Literal[""] = ""
    disputed: ev.DisputeKind | Literal[""] = ""
    is_cancelled: bool = False
    is_asked: bool = False
    trains: int = 0
    train_ended_uptime_ms: int = 0
    closed_uptime_ms: int = 0
    loaded_utc_ms: int = 0
    loaded_by: str = ""
    opened_for: ev.Purpose | Literal[""] = ""
    last_purpose: ev.Purpose | Literal[""] = ""
    last_actor: str = ""
    is_announced: bool = False
    is_reopened: bool = False


class Bundle(msgspec.Struct, frozen=True, omit_defaults=True):
    """The live pickups of one recipient. `announced` are the results its notices have named."""

    bundle: str
    recipient: str
    selector: str = ""
    announced: tuple[str, ...] = ()
    was_revoked: bool = False


class Code(msgspec.Struct, frozen=True):
    code: str
    bundle: str
    holder: ev.Holder


class Grant(msgspec.Struct, frozen=True, omit_defaults=True):
    """Live permission to open one door. It dies with `run_id`, at `LIFE_MS`, or when its door has closed."""

    grant: str
    compartment: int
    purpose: ev.Purpose
    hand_over: str
    actor: str
    visit: str
    run_id: str
    issued_uptime_ms: int
    is_opened: bool = False


class Visit(msgspec.Struct, frozen=True):
    """The visit a code was accepted in; it may open the other doors of its bundle and re-open just closed ones."""

    visit: str
    bundle: str
    recipient: str
    touched_uptime_ms: int


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    notice: str
    template: ev.Template
    person: str
    bundle: str
    code: str = ""
    results: tuple[str, ...] = ()
    queued_utc_ms: int = 0
    attempts: int = 0
    gateway: str = ""
    stage: Literal["queued", "attempted", "sent", "failed"] = "queued"
    provider_id: str = ""
    touched_uptime_ms: int = 0


class Round(msgspec.Struct, frozen=True):
    """A loading round that is still open; it closes by the loader's word or by time since the last close."""

    actor: str
    touched_uptime_ms: int


class Incident(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a person must look at; its id is the number of the fact that opened it."""

    incident: int
    kind: str
    compartment: int = 0
    hand_over: str = ""
    opened_utc_ms: int = 0


class StaffMember(msgspec.Struct, frozen=True, omit_defaults=True):
    failures: int = 0
    totp_step: int = -1
    recovery_used: tuple[int, ...] = ()


class Recount(msgspec.Struct, frozen=True):
    """A restored copy is being completed: facts after `forked_at` of earlier epochs are fetched from the centre.

    `looked` are the compartments a clerk has looked into since. Facts come in order of their number, and those up to
    `merged_seq` are in: one that comes twice counts once. `grants` and `visit` belong to the facts being merged: they
    tell what those facts were about and permit nothing.
    """

    forked_at: int
    cause: str
    looked: tuple[int, ...] = ()
    is_replayed: bool = False
    merged_seq: int = 0
    grants: dict[str, Grant] = {}
    visit: Visit | None = None


class Cabinet(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole live state of one cabinet after event `seq`; `utc_ms` is the wall time of that event."""

    seq: int = 0
    epoch: int = 1
    run_id: str = ""
    utc_ms: int = 0
    clock: ev.Clock = "unset"
    wish_seq: int = 0
    compartments: dict[int, Compartment] = {}
    results: dict[str, Result] = {}
    hand_overs: dict[str, HandOver] = {}
    bundles: dict[str, Bundle] = {}
    codes: dict[str, Code] = {}
    grants: dict[str, Grant] = {}
    notices: dict[str, Notice] = {}
    incidents: dict[int, Incident] = {}
    boards_out: dict[str, str] = {}
    staff: dict[str, StaffMember] = {}
    resting: dict[str, int] = {}
    bucket: throttle.Bucket = throttle.Bucket()
    tries: dict[str, throttle.Tries] = {}
    visit: Visit | None = None
    round: Round | None = None
    recount: Recount | None = None

    def compartment(self, number: int) -> Compartment:
        """The compartment, as new if no fact has touched it yet."""
        found = self.compartments.get(number)
        if found is not None:
            return found
        return Compartment(number=number, is_unproved=self.recount is not None and number not in self.recount.looked)

    def bundle_of(self, recipient: str) -> Bundle | None:
        return next((bundle for bundle in self.bundles.values() if bundle.recipient == recipient), None)

    def hand_overs_of(self, recipient: str) -> tuple[HandOver, ...]:
        return tuple(one for one in self.hand_overs.values() if one.recipient == recipient)

    def grant_on(self, compartment: int) -> Grant | None:
        return next((grant for grant in self.grants.values() if grant.compartment == compartment), None)

    def codes_of(self, bundle: str) -> tuple[Code, ...]:
        return tuple(code for code in self.codes.values() if code.bundle == bundle)


K = TypeVar("K")
V = TypeVar("V")


def _with(table: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    changed = dict(table)
    changed[key] = value
    return changed


def _without(table: Mapping[K, V], *keys: K) -> dict[K, V]:
    changed = dict(table)
    for key in keys:
        changed.pop(key, None)
    return changed


def apply(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    """The cabinet after one more fact. Unknown combinations change nothing; a fact is never refused."""
    changed = APPLY[type(recorded.event)](cabinet, recorded.event, recorded)
    return replace(changed, seq=recorded.seq, epoch=recorded.epoch, utc_ms=recorded.moment.utc_ms)


def _touch(cabinet: Cabinet, number: int, **fields: Any) -> Cabinet:
    changed = replace(cabinet.compartment(number), **fields)
    return replace(cabinet, compartments=_with(cabinet.compartments, number, changed))


def _touch_hand_over(cabinet: Cabinet, hand_over: str, **fields: Any) -> Cabinet:
    present = cabinet.hand_overs.get(hand_over)
    if present is None:
        return cabinet
    return replace(cabinet, hand_overs=_with(cabinet.hand_overs, hand_over, replace(present, **fields)))


def _incident(cabinet: Cabinet, kind: str, recorded: ev.Recorded, compartment: int = 0, hand_over: str = "") -> Cabinet:
    incident = Incident(
        incident=recorded.seq,
        kind=kind,
        compartment=compartment,
        hand_over=hand_over,
        opened_utc_ms=recorded.moment.utc_ms,
    )
    return replace(cabinet, incidents=_with(cabinet.incidents, recorded.seq, incident))


def _unchanged(cabinet: Cabinet, _event: ev.EventBody, _recorded: ev.Recorded) -> Cabinet:
    return cabinet


# --- the run, the epoch


def _run_started(cabinet: Cabinet, _event: ev.RunStarted, recorded: ev.Recorded) -> Cabinet:
    changed = _end_visit(_grants_died(cabinet, "restarted"), recorded)
    hand_overs = {
        key: replace(one, train_ended_uptime_ms=0, closed_uptime_ms=0) for key, one in changed.hand_overs.items()
    }
    notices = {key: replace(one, touched_uptime_ms=0) for key, one in cabinet.notices.items()}
    compartments = {
        number: replace(one, opened_uptime_ms=0, closed_uptime_ms=0) for number, one in changed.compartments.items()
    }
    return replace(
        changed,
        run_id=recorded.moment.run_id,
        clock=recorded.moment.clock,
        hand_overs=hand_overs,
        notices=notices,
        compartments=compartments,
        bucket=throttle.restart(cabinet.bucket),
        round=None if cabinet.round is None else replace(cabinet.round, touched_uptime_ms=0),
    )


def _grants_died(cabinet: Cabinet, why: str) -> Cabinet:
    """No grant is live any more; what each was for is unsettled until its door is seen, or a person acts (I4)."""
    changed = cabinet
    for grant in cabinet.grants.values():
        changed = _unsettle(changed, grant.hand_over, grant.purpose, why)
    return replace(changed, grants={})


def _unsettle(cabinet: Cabinet, hand_over: str, purpose: ev.Purpose, why: str) -> Cabinet:
    one = cabinet.hand_overs.get(hand_over)
    if one is None or one.stage == "collected":
        return cabinet
    return _touch_hand_over(cabinet, hand_over, uncertain=one.uncertain or why, dead_purpose=purpose)


def _recount_started(cabinet: Cabinet, event: ev.RecountStarted, recorded: ev.Recorded) -> Cabinet:
    changed = _end_visit(_grants_died(cabinet, "restarted"), recorded)
    before = cabinet.recount
    is_again = before is not None and not before.is_replayed and before.forked_at == event.forked_at
    changed = replace(
        changed,
        recount=Recount(
            forked_at=event.forked_at,
            cause=event.cause,
            merged_seq=before.merged_seq if before is not None and is_again else 0,
            grants=before.grants if before is not None and is_again else {},
            visit=before.visit if before is not None and is_again else None,
        ),
        compartments={number: replace(one, is_unproved=True) for number, one in changed.compartments.items()},
        bundles={key: replace(one, announced=(), was_revoked=True) for key, one in changed.bundles.items()},
        codes={},
        notices={key: one for key, one in changed.notices.items() if not one.code},
    )
    return _incident(changed, "recount", recorded)


_OF_THEIR_TIME = (
    ev.RecountStarted,
    ev.FactMerged,
    ev.RecountFinished,
    ev.ClockTrusted,
    ev.BoardProved,
    ev.NoticeQueued,
    ev.Parked,
)


def _fact_merged(cabinet: Cabinet, event: ev.FactMerged, recorded: ev.Recorded) -> Cabinet:
    """Fold a fact of an earlier epoch into what it still tells of: records, counters, quarantine, incidents.

    What stands before us now wins: doors as they are read, grants, visit, round and clock of this run, a clerk's look.
    Its codes are void, its notices are not sent again, and a board it proved is proved anew.
    """
    recount = cabinet.recount
    if recount is None or event.cab_seq <= recount.merged_seq:
        return cabinet
    recount = replace(recount, merged_seq=event.cab_seq)
    cabinet = replace(cabinet, recount=recount)
    try:
        fact = ev.decode(event.fact)
    except msgspec.DecodeError:
        return _incident(cabinet, "unreadable_fact", recorded)
    if isinstance(fact, _OF_THEIR_TIME) or _is_known_better(cabinet, recount, fact):
        return cabinet
    if isinstance(fact, ev.CodeMinted):
        return replace(cabinet, resting=_with(cabinet.resting, fact.selector, recorded.moment.utc_ms))
    old = {key: one for key, one in cabinet.incidents.items() if key <= recount.forked_at}
    past = replace(cabinet, grants=recount.grants, visit=recount.visit, incidents=old, recount=None)
    inner = ev.Recorded(
        seq=event.cab_seq, epoch=event.epoch, moment=replace(recorded.moment, utc_ms=event.utc_ms), event=fact
    )
    if isinstance(fact, ev.RunStarted):
        then = _end_visit(_grants_died(past, "restarted"), inner)
    else:
        then = APPLY[type(fact)](past, fact, inner)
    return replace(
        then,
        grants=cabinet.grants,
        visit=cabinet.visit,
        round=cabinet.round,
        wish_seq=max(cabinet.wish_seq, then.wish_seq),
        staff=_staff_after(cabinet, then),
        compartments=_compartments_after(cabinet, recount, then),
        hand_overs=_hand_overs_after(cabinet, then, fact),
        incidents=_incidents_after(cabinet, past, then, fact, recorded),
        recount=replace(recount, grants=then.grants, visit=then.visit),
    )


def _is_known_better(cabinet: Cabinet, recount: Recount, fact: ev.EventBody) -> bool:
    """Whether a clerk has looked at the hand-over this fact speaks of since the copy was restored."""
    one = cabinet.hand_overs.get(getattr(fact, "hand_over", ""))
    return (
        one is not None
        and one.compartment in recount.looked
        and cabinet.compartment(one.compartment).hand_over == one.hand_over
    )


def _staff_after(cabinet: Cabinet, then: Cabinet) -> dict[str, StaffMember]:
    return {
        key: replace(one, failures=max(one.failures, cabinet.staff[key].failures)) if key in cabinet.staff else one
        for key, one in then.staff.items()
    }


def _compartments_after(cabinet: Cabinet, recount: Recount, then: Cabinet) -> dict[int, Compartment]:
    compartments = dict(cabinet.compartments)
    for number, after in then.compartments.items():
        before = cabinet.compartment(number)
        if after == before or number in recount.looked:
            continue
        compartments[number] = replace(
            after,
            is_open=before.is_open and not after.is_suspect,
            is_left_open=before.is_left_open and not after.is_suspect,
            is_alarmed=before.is_alarmed and not after.is_suspect,
            opened_uptime_ms=before.opened_uptime_ms,
            closed_uptime_ms=before.closed_uptime_ms,
            is_unproved=True,
        )
    return compartments


def _hand_overs_after(cabinet: Cabinet, then: Cabinet, fact: ev.EventBody) -> dict[str, HandOver]:
    hand_overs = dict(then.hand_overs)
    for key, after in then.hand_overs.items():
        before = cabinet.hand_overs.get(key)
        if after == before:
            continue
        changed = replace(
            after,
            open_for="" if before is None else before.open_for,
            closed_uptime_ms=0,
            train_ended_uptime_ms=0,
            trains=0,
            is_asked=False,
        )
        if isinstance(fact, ev.DoorOpened):
            changed = replace(changed, uncertain=after.uncertain or "recount", dead_purpose=after.open_for)
        elif isinstance(fact, ev.DoorClosed) and after.uncertain == "recount":
            changed = replace(changed, uncertain="")
        hand_overs[key] = changed
    return hand_overs


_ENDS = ev.Collected | ev.Reclaimed
"""A clerk found the door empty; the centre knows who took it."""


def _incidents_after(
    cabinet: Cabinet, past: Cabinet, then: Cabinet, fact: ev.EventBody, recorded: ev.Recorded
) -> dict[int, Incident]:
    incidents = dict(cabinet.incidents)
    for key in past.incidents:
        if key not in then.incidents:
            incidents.pop(key)
    for key, one in then.incidents.items():
        if key not in past.incidents:
            incidents[recorded.seq] = replace(one, incident=recorded.seq)
    for key, one in cabinet.incidents.items():
        if one.kind == "recount_conflict" and one.hand_over not in then.hand_overs:
            incidents.pop(key)
        if one.kind == "missing" and isinstance(fact, _ENDS) and one.hand_over == fact.hand_over:
            incidents.pop(key)
    if isinstance(fact, ev.LoadStarted) and cabinet.recount and fact.compartment in cabinet.recount.looked:
        incidents[recorded.seq] = Incident(
            incident=recorded.seq,
            kind="recount_conflict",
            compartment=fact.compartment,
            hand_over=fact.hand_over,
            opened_utc_ms=recorded.moment.utc_ms,
        )
    return incidents


def _recount_finished(cabinet: Cabinet, _event: ev.RecountFinished, recorded: ev.Recorded) -> Cabinet:
    """Every fact the centre had is merged: doors with something on record serve again, the others wait for a look."""
    recount = cabinet.recount
    if recount is None:
        return cabinet
    changed = cabinet
    for grant in recount.grants.values():
        changed = _unsettle(changed, grant.hand_over, grant.purpose, "recount")
    for one in tuple(changed.hand_overs.values()):
        is_over = one.stage == "collected" and not one.disputed
        if is_over or changed.compartment(one.compartment).hand_over != one.hand_over:
            changed = _free_results(changed, one.hand_over) if not is_over else changed
            changed = _forget_hand_over(changed, one.hand_over, recorded)
        elif one.stage == "loaded" and len(_results_of(changed, one.hand_over)) < len(one.results):
            changed = _touch_hand_over(changed, one.hand_over, uncertain="recount_conflict")
    compartments = {
        number: replace(one, is_unproved=False) if one.hand_over in changed.hand_overs else one
        for number, one in changed.compartments.items()
    }
    done = replace(recount, is_replayed=True, grants={}, visit=None)
    return replace(changed, compartments=compartments, recount=done)


def _clock_trusted(cabinet: Cabinet, event: ev.ClockTrusted, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, clock=event.clock)


# --- wishes and results


def _result_queued(cabinet: Cabinet, event: ev.ResultQueued, _recorded: ev.Recorded) -> Cabinet:
    result = Result(
        **{field: getattr(event, field) for field in event.__struct_fields__ if field != "wish"},
    )
    if (present := cabinet.results.get(event.result)) is not None:
        result = replace(result, hand_over=present.hand_over, is_cancelled=present.is_cancelled)
    return replace(cabinet, wish_seq=event.wish, results=_with(cabinet.results, event.result, result))


def _result_amended(cabinet: Cabinet, event: ev.ResultAmended, recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, wish_seq=event.wish)
    present = cabinet.results.get(event.result)
    if present is None:
        return changed
    fields = {
        field: value
        for field in event.__struct_fields__
        if field not in ("wish", "result") and (value := getattr(event, field)) is not None
    }
    results = _with(changed.results, event.result, replace(present, **fields))
    if event.person is not None:
        recipient = results[event.result].recipient
        # A recipient is one person with one phone: an old number must not hear of the others either.
        results = {
            key: replace(one, person=event.person) if one.recipient == recipient else one
            for key, one in results.items()
        }
    changed = replace(changed, results=results)
    if event.recipient is not None and event.recipient != present.recipient and present.hand_over:
        changed = _change_recipient(changed, present.hand_over, event.recipient, recorded)
    return changed


def _change_recipient(cabinet: Cabinet, hand_over: str, recipient: str, recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(hand_over)
    if one is None or one.stage == "collected":
        return cabinet
    owners = {cabinet.results[key].recipient for key in one.results if key in cabinet.results}
    if len(owners) > 1:
        changed = _touch_hand_over(cabinet, hand_over, is_cancelled=True)
        return _incident(changed, "recipients_differ", recorded, one.compartment, hand_over)
    changed = _touch_hand_over(cabinet, hand_over, recipient=recipient, is_announced=False)
    changed = _drop_idle_bundle(changed, one.recipient, recorded)
    return _ensure_bundle(changed, recipient, recorded) if one.stage == "loaded" else changed


def _result_cancelled(cabinet: Cabinet, event: ev.ResultCancelled, _recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, wish_seq=event.wish)
    present = cabinet.results.get(event.result)
    if present is None:
        return changed
    if not present.hand_over:
        return replace(changed, results=_without(changed.results, event.result))
    changed = replace(changed, results=_with(changed.results, event.result, replace(present, is_cancelled=True)))
    return _touch_hand_over(changed, present.hand_over, is_cancelled=True)


def _wish_answered(cabinet: Cabinet, event: ev.WishRefused | ev.CancelConflicted, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, wish_seq=event.wish)


# --- grants and doors


def _grant_issued(cabinet: Cabinet, event: ev.GrantIssued, recorded: ev.Recorded) -> Cabinet:
    grant = Grant(
        grant=event.grant,
        compartment=event.compartment,
        purpose=event.purpose,
        hand_over=event.hand_over,
        actor=event.actor,
        visit=event.visit,
        run_id=recorded.moment.run_id,
        issued_uptime_ms=recorded.moment.uptime_ms,
    )
    changed = replace(cabinet, grants=_with(cabinet.grants, event.grant, grant))
    changed = _touch_visit(changed, event.visit, recorded)
    return _touch_hand_over(
        changed,
        event.hand_over,
        is_asked=False,
        last_purpose=event.purpose,
        last_actor=event.actor,
    )


def _touch_visit(cabinet: Cabinet, visit: str, recorded: ev.Recorded) -> Cabinet:
    if cabinet.visit is None or not visit or cabinet.visit.visit != visit:
        return cabinet
    return replace(cabinet, visit=replace(cabinet.visit, touched_uptime_ms=recorded.moment.uptime_ms))


def _grant_lapsed(cabinet: Cabinet, event: ev.GrantLapsed, _recorded: ev.Recorded) -> Cabinet:
    """Without a pulse nothing happened; after one the door may have opened unseen."""
    grant = cabinet.grants.get(event.grant)
    changed = replace(cabinet, grants=_without(cabinet.grants, event.grant))
    if grant is None or not event.pulses:
        return changed
    return _unsettle(changed, grant.hand_over, grant.purpose, "lapsed")


def _door_opened(cabinet: Cabinet, event: ev.DoorOpened, recorded: ev.Recorded) -> Cabinet:
    changed = _touch(
        cabinet,
        event.compartment,
        is_open=True,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=recorded.moment.uptime_ms,
    )
    grant = cabinet.grants.get(event.grant)
    one = cabinet.hand_overs.get(event.hand_over)
    purpose: ev.Purpose | Literal[""] = ""
    if grant is not None:
        purpose = grant.purpose
        changed = replace(changed, grants=_with(changed.grants, event.grant, replace(grant, is_opened=True)))
        changed = _touch_visit(changed, grant.visit, recorded)
    elif one is not None:
        purpose = one.dead_purpose or (one.last_purpose if one.is_asked else one.opened_for)
    is_reopened = one is not None and (one.is_reopened or (one.stage == "loaded" and purpose == "load"))
    return _touch_hand_over(
        changed,
        event.hand_over,
        open_for=purpose,
        opened_for=purpose,
        dead_purpose="",
        is_asked=False,
        trains=0,
        is_reopened=is_reopened,
    )


def _door_closed(cabinet: Cabinet, event: ev.DoorClosed, recorded: ev.Recorded) -> Cabinet:
    present = cabinet.compartment(event.compartment)
    now_ms = recorded.moment.uptime_ms
    changed = _touch(
        cabinet,
        event.compartment,
        is_open=False,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=0,
        closed_uptime_ms=0 if present.is_alarmed or present.is_left_open or not present.is_open else now_ms,
    )
    grant = cabinet.grant_on(event.compartment)
    if grant is not None:
        changed = _touch_visit(changed, grant.visit, recorded)
        if grant.is_opened:
            changed = replace(changed, grants=_without(changed.grants, grant.grant))
    changed = _touch_hand_over(changed, event.hand_over, open_for="", dead_purpose="")
    return _touch_hand_over(changed, event.hand_over, closed_uptime_ms=now_ms) if present.is_open else changed


def _door_did_not_open(cabinet: Cabinet, event: ev.DoorDidNotOpen, recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, grants=_without(cabinet.grants, event.grant))
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return changed
    changed = _touch_hand_over(
        changed,
        event.hand_over,
        is_asked=True,
        trains=one.trains + 1,
        train_ended_uptime_ms=recorded.moment.uptime_ms,
    )
    if one.trains + 1 != TRAINS_A_VISIT:
        return changed
    changed = _quarantine(changed, event.compartment, "door_did_not_open")
    return _incident(changed, "door_did_not_open", recorded, event.compartment, event.hand_over)


def _door_answered(cabinet: Cabinet, event: ev.DoorAnswered, _recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    is_reopened = one is not None and (
        one.is_reopened or (event.did_open and one.stage == "loaded" and one.last_purpose == "load")
    )
    return _touch_hand_over(cabinet, event.hand_over, is_asked=False, is_reopened=is_reopened)


def _quarantine(cabinet: Cabinet, number: int, cause: str) -> Cabinet:
    return _touch(cabinet, number, quarantine=cabinet.compartment(number).quarantine or cause)


def _door_opened_unasked(cabinet: Cabinet, event: ev.DoorOpenedUnasked, recorded: ev.Recorded) -> Cabinet:
    changed, hand_over = _alarm(cabinet, event.compartment, "opened_unasked", recorded)
    return _incident(changed, "opened_unasked", recorded, event.compartment, hand_over)


def _alarm(cabinet: Cabinet, number: int, cause: str, recorded: ev.Recorded) -> tuple[Cabinet, str]:
    """A door opened that nobody had a right to open now; returns the hand-over on record behind it."""
    changed = _touch(
        cabinet, number, is_open=True, is_alarmed=True, opened_uptime_ms=recorded.moment.uptime_ms, closed_uptime_ms=0
    )
    hand_over = changed.compartment(number).hand_over
    changed = _touch_hand_over(changed, hand_over, uncertain=cause, open_for="", dead_purpose="")
    return _quarantine(changed, number, cause), hand_over


def _wrong_door_opened(cabinet: Cabinet, event: ev.WrongDoorOpened, recorded: ev.Recorded) -> Cabinet:
    changed, hand_over = _alarm(cabinet, event.opened, "wrong_door", recorded)
    changed = _quarantine(changed, event.granted, "wrong_door")
    ended = [key for key, grant in cabinet.grants.items() if grant.compartment in (event.granted, event.opened)]
    changed = replace(
        changed,
        grants=_without(changed.grants, event.grant, *ended),
        boards_out=_with(changed.boards_out, event.board, "wrong_door"),
    )
    grant = cabinet.grants.get(event.grant)
    if grant is not None and grant.is_opened:
        changed = _touch_hand_over(changed, grant.hand_over, uncertain="wrong_door", open_for="")
    return _incident(changed, "wrong_door", recorded, event.opened, hand_over)


def _left_open(cabinet: Cabinet, event: ev.LeftOpen, recorded: ev.Recorded) -> Cabinet:
    """From now on its closing books nothing: nobody knows who closed it, and over what."""
    changed = _touch(cabinet, event.compartment, is_left_open=True)
    changed = _quarantine(changed, event.compartment, "left_open")
    one = cabinet.hand_overs.get(event.hand_over)
    if one is not None:
        uncertain = one.uncertain if one.stage == "collected" else one.uncertain or "left_open"
        changed = _touch_hand_over(changed, event.hand_over, uncertain=uncertain, open_for="", dead_purpose="")
    grant = changed.grant_on(event.compartment)
    if grant is not None:
        changed = replace(changed, grants=_without(changed.grants, grant.grant))
        if changed.visit is not None and changed.visit.visit == grant.visit:
            changed = _end_visit(changed, recorded)
    return _incident(changed, "left_open", recorded, event.compartment, event.hand_over)


def _sensor_suspected(cabinet: Cabinet, event: ev.SensorSuspected, recorded: ev.Recorded) -> Cabinet:
    changed = _touch(
        cabinet,
        event.compartment,
        is_suspect=True,
        is_open=False,
        is_left_open=False,
        is_alarmed=False,
        opened_uptime_ms=0,
        closed_uptime_ms=0,
    )
    opened = [key for key, one in cabinet.grants.items() if one.compartment == event.compartment and one.is_opened]
    changed = replace(changed, grants=_without(changed.grants, *opened))
    one = cabinet.hand_overs.get(changed.compartment(event.compartment).hand_over)
    if one is not None and one.open_for:
        changed = _unsettle(changed, one.hand_over, one.open_for, "sensor_suspect")
        changed = _touch_hand_over(changed, one.hand_over, open_for="", dead_purpose="")
    return _incident(changed, "sensor_suspect", recorded, event.compartment)


def _sensor_trusted(cabinet: Cabinet, event: ev.SensorTrusted, _recorded: ev.Recorded) -> Cabinet:
    return _touch(cabinet, event.compartment, is_suspect=False)


def _board_out(cabinet: Cabinet, event: ev.BoardOutOfService, recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, boards_out=_with(cabinet.boards_out, event.board, event.cause))
    return _incident(changed, "board_out_of_service", recorded)


def _board_proved(cabinet: Cabinet, event: ev.BoardProved, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, boards_out=_without(cabinet.boards_out, event.board))


def _coil_strayed(cabinet: Cabinet, event: ev.CoilStrayed, recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, boards_out=_with(cabinet.boards_out, event.board, "stray_coil"))
    return _incident(changed, "stray_coil", recorded)


# --- loading and clearing


def _load_started(cabinet: Cabinet, event: ev.LoadStarted, recorded: ev.Recorded) -> Cabinet:
    one = HandOver(
        hand_over=event.hand_over,
        results=event.results,
        recipient=event.recipient,
        compartment=event.compartment,
        loaded_by=event.actor,
    )
    results = dict(cabinet.results)
    for result in event.results:
        if result in results and results[result].hand_over not in cabinet.hand_overs:
            results[result] = replace(results[result], hand_over=event.hand_over)
    changed = replace(cabinet, hand_overs=_with(cabinet.hand_overs, event.hand_over, one), results=results)
    changed = replace(changed, round=Round(actor=event.actor, touched_uptime_ms=recorded.moment.uptime_ms))
    return _touch(changed, event.compartment, hand_over=event.hand_over)


def _loaded(cabinet: Cabinet, event: ev.Loaded, recorded: ev.Recorded) -> Cabinet:
    changed = _touch_hand_over(
        cabinet,
        event.hand_over,
        stage="loaded",
        open_for="",
        uncertain="",
        dead_purpose="",
        disputed="",
        loaded_utc_ms=recorded.moment.utc_ms,
        is_asked=False,
        is_reopened=False,
        trains=0,
    )
    one = changed.hand_overs.get(event.hand_over)
    if one is None:
        return changed
    changed = replace(changed, round=Round(actor=one.loaded_by, touched_uptime_ms=recorded.moment.uptime_ms))
    return _ensure_bundle(changed, one.recipient, recorded)


def _ensure_bundle(cabinet: Cabinet, recipient: str, recorded: ev.Recorded) -> Cabinet:
    if cabinet.bundle_of(recipient) is not None:
        return cabinet
    bundle = Bundle(bundle=f"b{recorded.epoch}-{recorded.seq}", recipient=recipient)
    return replace(cabinet, bundles=_with(cabinet.bundles, bundle.bundle, bundle))


def _load_undone(cabinet: Cabinet, event: ev.LoadUndone, recorded: ev.Recorded) -> Cabinet:
    return _forget_hand_over(_free_results(cabinet, event.hand_over), event.hand_over, recorded)


def _free_results(cabinet: Cabinet, hand_over: str) -> Cabinet:
    """A hand-over did not come about: its results are expected again, or gone if the centre withdrew them meanwhile."""
    results = dict(cabinet.results)
    others = [one for one in cabinet.hand_overs.values() if one.hand_over != hand_over and one.stage != "collected"]
    for key in _results_of(cabinet, hand_over):
        other = next((one.hand_over for one in others if key in one.results), "")
        if results[key].is_cancelled and not other:
            results.pop(key)
        else:
            results[key] = replace(results[key], hand_over=other)
    return replace(cabinet, results=results)


def _results_of(cabinet: Cabinet, hand_over: str) -> list[str]:
    """The live results that lie in this hand-over, and not by now in another one."""
    one = cabinet.hand_overs.get(hand_over)
    keys = () if one is None else one.results
    return [key for key in keys if key in cabinet.results and cabinet.results[key].hand_over == hand_over]


def _forget_hand_over(cabinet: Cabinet, hand_over: str, recorded: ev.Recorded) -> Cabinet:
    """The hand-over is over: its compartment is free unless quarantined, its bundle ends with its last one."""
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        return cabinet
    changed = replace(cabinet, hand_overs=_without(cabinet.hand_overs, hand_over))
    if one.stage == "collected":
        changed = replace(changed, results=_without(changed.results, *_results_of(cabinet, hand_over)))
    if changed.compartment(one.compartment).hand_over == hand_over:
        changed = _touch(changed, one.compartment, hand_over="")
    return _drop_idle_bundle(changed, one.recipient, recorded)


def _drop_idle_bundle(cabinet: Cabinet, recipient: str, recorded: ev.Recorded) -> Cabinet:
    """A bundle without live pickups ends: its selector rests, so that nobody else's code is taken for it."""
    bundle = cabinet.bundle_of(recipient)
    if bundle is None or any(one.stage == "loaded" for one in cabinet.hand_overs_of(recipient)):
        return cabinet
    codes = [code.code for code in cabinet.codes_of(bundle.bundle)]
    now_ms = recorded.moment.utc_ms
    resting = {key: since for key, since in cabinet.resting.items() if now_ms - since < SELECTOR_REST_MS}
    if bundle.selector:
        resting[bundle.selector] = now_ms
    return replace(
        cabinet,
        bundles=_without(cabinet.bundles, bundle.bundle),
        codes=_without(cabinet.codes, *codes),
        resting=resting,
    )


def _round_closed(cabinet: Cabinet, _event: ev.RoundClosed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, round=None)


def _reclaimed(cabinet: Cabinet, event: ev.Reclaimed, recorded: ev.Recorded) -> Cabinet:
    keys = _results_of(cabinet, event.hand_over)
    changed = _forget_hand_over(cabinet, event.hand_over, recorded)
    return replace(changed, results=_without(changed.results, *keys))


def _looked_inside(cabinet: Cabinet, event: ev.LookedInside, recorded: ev.Recorded) -> Cabinet:
    quarantine = "" if event.found != "something_else" else "foreign_content"
    changed = _touch(cabinet, event.compartment, quarantine=quarantine, is_unproved=False, is_left_open=False)
    if changed.recount is not None and event.compartment not in changed.recount.looked:
        looked = (*changed.recount.looked, event.compartment)
        changed = replace(changed, recount=replace(changed.recount, looked=looked))
    if not quarantine:
        return changed
    hand_over = changed.compartment(event.compartment).hand_over
    return _incident(changed, "foreign_content", recorded, event.compartment, hand_over)


def _settled(cabinet: Cabinet, event: ev.Settled, recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    if event.outcome == "gone":
        changed = _touch_hand_over(cabinet, event.hand_over, stage="collected")
        changed = _forget_hand_over(changed, event.hand_over, recorded)
        return _incident(changed, "missing", recorded, one.compartment, event.hand_over)
    stage = "loaded" if one.stage == "collected" else one.stage
    changed = _touch_hand_over(
        cabinet,
        event.hand_over,
        stage=stage,
        uncertain="",
        dead_purpose="",
        disputed="",
        open_for="",
        is_asked=False,
        trains=0,
        is_announced=one.is_announced and one.stage != "collected",
    )
    return _ensure_bundle(changed, one.recipient, recorded) if stage == "loaded" else changed


def _incident_closed(cabinet: Cabinet, event: ev.IncidentClosed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, incidents=_without(cabinet.incidents, event.incident))


# --- codes and pickup


def _code_minted(cabinet: Cabinet, event: ev.CodeMinted, _recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle) or Bundle(bundle=event.bundle, recipient=event.recipient)
    code = Code(code=event.code, bundle=event.bundle, holder=event.holder)
    tries = cabinet.tries if bundle.selector == event.selector else _without(cabinet.tries, event.selector)
    return replace(
        cabinet,
        tries=tries,
        bundles=_with(cabinet.bundles, event.bundle, replace(bundle, selector=event.selector, was_revoked=False)),
        codes=_with(cabinet.codes, event.code, code),
    )


def _codes_revoked(cabinet: Cabinet, event: ev.CodesRevoked, _recorded: ev.Recorded) -> Cabinet:
    notices = {key: one for key, one in cabinet.notices.items() if one.code not in event.codes}
    changed = replace(cabinet, codes=_without(cabinet.codes, *event.codes), notices=notices)
    bundle = changed.bundles.get(event.bundle)
    if bundle is None or event.cause == "replaced":
        return changed
    revoked = replace(bundle, announced=(), was_revoked=True)
    return replace(changed, bundles=_with(changed.bundles, event.bundle, revoked))


def _attempt_failed(cabinet: Cabinet, event: ev.AttemptFailed, recorded: ev.Recorded) -> Cabinet:
    gate = throttle.Gate.EVALUATE_CHECKED if event.second_check else throttle.Gate.EVALUATE
    bucket, tries = throttle.fail(
        cabinet.bucket,
        cabinet.tries.get(event.selector, throttle.Tries()),
        gate=gate,
        uptime_ms=recorded.moment.uptime_ms,
    )
    return replace(cabinet, bucket=bucket, tries=_with(cabinet.tries, event.selector, tries))


def _code_accepted(cabinet: Cabinet, event: ev.CodeAccepted, recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None:
        return cabinet
    changed = cabinet
    if cabinet.visit is not None and cabinet.visit.visit != event.visit:
        changed = _end_visit(cabinet, recorded)
    visit = Visit(
        visit=event.visit,
        bundle=event.bundle,
        recipient=bundle.recipient,
        touched_uptime_ms=recorded.moment.uptime_ms,
    )
    return replace(changed, visit=visit)


def _collected(cabinet: Cabinet, event: ev.Collected, recorded: ev.Recorded) -> Cabinet:
    """The hand-over stays, as collected, until its visit ends: it may be re-opened or disputed."""
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    changed = _touch_hand_over(
        cabinet,
        event.hand_over,
        stage="collected",
        open_for="",
        uncertain="",
        dead_purpose="",
        is_asked=False,
        closed_uptime_ms=recorded.moment.uptime_ms,
    )
    if event.evidence == "none":
        changed = _incident(changed, "collected_without_evidence", recorded, event.compartment, event.hand_over)
    changed = _drop_idle_bundle(changed, one.recipient, recorded)
    if changed.visit is None or changed.visit.recipient != one.recipient:
        changed = _forget_hand_over(changed, event.hand_over, recorded)
    return changed


def _receipt_confirmed(cabinet: Cabinet, event: ev.ReceiptConfirmed, recorded: ev.Recorded) -> Cabinet:
    return _forget_hand_over(cabinet, event.hand_over, recorded)


def _disputed(cabinet: Cabinet, event: ev.Disputed, recorded: ev.Recorded) -> Cabinet:
    changed = _quarantine(cabinet, event.compartment, "disputed")
    changed = _touch_hand_over(changed, event.hand_over, disputed=event.kind, uncertain="disputed")
    return _incident(changed, "disputed_" + event.kind, recorded, event.compartment, event.hand_over)


def _visit_ended(cabinet: Cabinet, event: ev.VisitEnded, recorded: ev.Recorded) -> Cabinet:
    if cabinet.visit is None or cabinet.visit.visit != event.visit:
        return cabinet
    return _end_visit(cabinet, recorded)


def _end_visit(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    """Nobody stands at the kiosk any more: what was collected is over, and a question nobody answered stays open."""
    changed = replace(cabinet, visit=None)
    for one in cabinet.hand_overs.values():
        if one.stage == "collected" and not one.disputed:
            changed = _forget_hand_over(changed, one.hand_over, recorded)
        elif one.last_purpose == "collect":
            uncertain = one.uncertain or ("not_seen_open" if one.is_asked else "")
            changed = _touch_hand_over(changed, one.hand_over, trains=0, is_asked=False, uncertain=uncertain)
    return changed


# --- notices


def _notice_queued(cabinet: Cabinet, event: ev.NoticeQueued, recorded: ev.Recorded) -> Cabinet:
    notice = Notice(
        notice=event.notice,
        template=event.template,
        person=event.person,
        bundle=event.bundle,
        code=event.code,
        results=event.results,
        queued_utc_ms=recorded.moment.utc_ms,
    )
    changed = replace(cabinet, notices=_with(cabinet.notices, event.notice, notice))
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None or not event.code:
        return changed
    for one in changed.hand_overs.values():
        if not one.is_announced and not set(one.results).isdisjoint(event.results):
            changed = _touch_hand_over(changed, one.hand_over, is_announced=True)
    announced = tuple(sorted({*bundle.announced, *event.results}))
    return replace(changed, bundles=_with(changed.bundles, event.bundle, replace(bundle, announced=announced)))


def _notice_attempted(cabinet: Cabinet, event: ev.NoticeAttempted, recorded: ev.Recorded) -> Cabinet:
    return _touch_notice(
        cabinet,
        event.notice,
        stage="attempted",
        gateway=event.gateway,
        attempts=event.attempt,
        touched_uptime_ms=recorded.moment.uptime_ms,
    )


def _touch_notice(cabinet: Cabinet, notice: str, **fields: Any) -> Cabinet:
    present = cabinet.notices.get(notice)
    if present is None:
        return cabinet
    return replace(cabinet, notices=_with(cabinet.notices, notice, replace(present, **fields)))


def _notice_sent(cabinet: Cabinet, event: ev.NoticeSent, recorded: ev.Recorded) -> Cabinet:
    return _touch_notice(
        cabinet,
        event.notice,
        stage="sent",
        gateway=event.gateway,
        provider_id=event.provider_id,
        touched_uptime_ms=recorded.moment.uptime_ms,
    )


def _notice_delivered(cabinet: Cabinet, event: ev.NoticeDelivered, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, notices=_without(cabinet.notices, event.notice))


def _notice_failed(cabinet: Cabinet, event: ev.NoticeFailed, recorded: ev.Recorded) -> Cabinet:
    if not event.is_final:
        return _touch_notice(cabinet, event.notice, stage="queued", touched_uptime_ms=recorded.moment.uptime_ms)
    if event.notice not in cabinet.notices:
        return cabinet
    changed = replace(cabinet, notices=_without(cabinet.notices, event.notice))
    return _incident(changed, "notice_failed", recorded)


# --- staff


def _signed_in(cabinet: Cabinet, event: ev.SignedIn, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    used = present.recovery_used if event.recovery < 0 else (*present.recovery_used, event.recovery)
    step = max(present.totp_step, event.totp_step)
    return replace(cabinet, staff=_with(cabinet.staff, event.actor, StaffMember(totp_step=step, recovery_used=used)))


def _sign_in_failed(cabinet: Cabinet, event: ev.SignInFailed, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.staff.get(event.actor, StaffMember())
    return replace(cabinet, staff=_with(cabinet.staff, event.actor, replace(present, failures=present.failures + 1)))


# --- keeping


def _personal_erased(cabinet: Cabinet, event: ev.PersonalErased, recorded: ev.Recorded) -> Cabinet:
    """Whose data are gone hears nothing more."""
    kept = {key: one for key, one in cabinet.notices.items() if one.person not in event.refs}
    changed = replace(cabinet, notices=kept)
    return _incident(changed, "erased_unacknowledged", recorded) if event.cause == "cap" else changed


APPLY: Mapping[type[ev.EventBody], Callable[[Cabinet, Any, ev.Recorded], Cabinet]] = {
    ev.RunStarted: _run_started,
    ev.RecountStarted: _recount_started,
    ev.FactMerged: _fact_merged,
    ev.RecountFinished: _recount_finished,
    ev.ClockTrusted: _clock_trusted,
    ev.ResultQueued: _result_queued,
    ev.ResultAmended: _result_amended,
    ev.ResultCancelled: _result_cancelled,
    ev.CancelConflicted: _wish_answered,
    ev.WishRefused: _wish_answered,
    ev.GrantIssued: _grant_issued,
    ev.GrantLapsed: _grant_lapsed,
    ev.DoorOpened: _door_opened,
    ev.DoorClosed: _door_closed,
    ev.DoorDidNotOpen: _door_did_not_open,
    ev.DoorAnswered: _door_answered,
    ev.DoorOpenedUnasked: _door_opened_unasked,
    ev.WrongDoorOpened: _wrong_door_opened,
    ev.LeftOpen: _left_open,
    ev.SensorSuspected: _sensor_suspected,
    ev.SensorTrusted: _sensor_trusted,
    ev.BoardOutOfService: _board_out,
    ev.BoardProved: _board_proved,
    ev.CoilStrayed: _coil_strayed,
    ev.LoadStarted: _load_started,
    ev.Loaded: _loaded,
    ev.LoadUndone: _load_undone,
    ev.RoundClosed: _round_closed,
    ev.Reclaimed: _reclaimed,
    ev.LookedInside: _looked_inside,
    ev.Settled: _settled,
    ev.IncidentClosed: _incident_closed,
    ev.CodeMinted: _code_minted,
    ev.CodesRevoked: _codes_revoked,
    ev.AttemptFailed: _attempt_failed,
    ev.CodeAccepted: _code_accepted,
    ev.Collected: _collected,
    ev.ReceiptConfirmed: _receipt_confirmed,
    ev.Disputed: _disputed,
    ev.VisitEnded: _visit_ended,
    ev.NoticeQueued: _notice_queued,
    ev.NoticeAttempted: _notice_attempted,
    ev.NoticeSent: _notice_sent,
    ev.NoticeDelivered: _notice_delivered,
    ev.NoticeFailed: _notice_failed,
    ev.SignedIn: _signed_in,
    ev.SignInFailed: _sign_in_failed,
    ev.PresenceProved: _unchanged,
    ev.PersonalErased: _personal_erased,
    ev.Parked: _unchanged,
}
