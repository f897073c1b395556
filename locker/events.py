"""Every fact a cabinet can record, past tense, as frozen plain data.

Events carry opaque ids only (hand-over, result, person, actor, notice); names, phones and dossier codes live in
erasable tables. Field types are integers, text, booleans and tuples of these: each event has one canonical JSON.
Old shapes fold for ever: a field may be added with a default, never renamed, retyped or removed.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

Evidence = Literal["door_cycle", "content_sensor", "clerk", "none"]
InVain = Literal["stayed_shut", "away", "call_asked", "found_inside"]
Purpose = Literal["collect", "load", "reclaim", "inspect", "prove", "intake", "collect_intake", "move", "practice"]
Clock = Literal["synced", "holdover", "unset"]
Holder = Literal["owner", "delegate", "slip"]
Reach = Literal["any", "low"]
Size = Literal["S", "M", "L"]
Fee = Literal["none", "paid", "unpaid"]
DisputeKind = Literal["empty", "not_mine", "incomplete"]
Found = Literal["empty", "as_recorded", "something_else"]
CodeCause = Literal["ready", "later_item", "asked", "revoked", "recount"]
RevokeCause = Literal["spent", "amended", "cancelled", "replaced", "recount", "reclaimed", "staff", "delegate", "key"]
ClosedCause = Literal["lock", "door", "sensor", "dirty", "other"]
CheckLine = Literal["boards", "doors", "clock", "battery_clock", "disk", "printer", "sms"]
Language = Literal["vi", "en"]
IntakeKind = Literal["new", "supplement", "originals", "badge"]
Face = Literal["good", "fair", "poor"]
RatedFor = Literal["", "code", "door", "papers", "screen", "wait", "other"]
IntakeOutcome = Literal["registered", "supplement", "returned", "nothing_found"]
Part = Literal["case", "service_door"]
Template = Literal[
    "READY",
    "READY_BUNDLE",
    "NEWCODE",
    "NEWCODE_REVOKED",
    "COLLECTED",
    "WITHDRAWN",
    "DELEGATE",
    "DELEGATED",
    "TICKET",
    "EXPIRED",
    "POSTED",
    "LOWERED",
    "REMIND",
    "COUNTER_INSTEAD",
    "STAFF_STUCK",
    "STAFF_DOOR",
    "STAFF_TAMPER",
    "STAFF_WRONG",
    "STAFF_GLASS",
    "STAFF_CASE",
    "STAFF_DIGEST",
    "STAFF_CANARY",
    "LEADER_LOW",
    "APOLOGY_FAULT",
    "MOVED",
    "DROPPED",
    "ACCEPTED",
    "SUPPLEMENT",
    "INTAKE_EMPTY",
    "APOLOGY_LATE",
    "STAFF_LATE",
    "OTP",
    "AT_COUNTER",
]


class Moment(msgspec.Struct, frozen=True):
    """When something was decided.

    `utc_ms` is wall time in milliseconds, believed as far as `clock` says; `uptime_ms` counts monotonically from the
    start of run `run_id` and is the only time that deadlines use.
    """

    utc_ms: int
    uptime_ms: int
    run_id: str
    clock: Clock = "synced"


class Item(msgspec.Struct, frozen=True):
    """One document or envelope of a result; `item` is the centre's opaque id."""

    item: str


class EventBody(msgspec.Struct, frozen=True, tag=True, tag_field="type", omit_defaults=True):
    """A fact. The tag is the class name."""


# --- the run, the epoch


class RunStarted(EventBody, frozen=True):
    """A process took over the journal; every grant of earlier runs is dead.

    `key` is the public key of this run's receipts and seals, as receipts publish it: another device key has another.
    """

    release: str
    key: str = ""


class RecountStarted(EventBody, frozen=True):
    """This copy of the journal may lack facts the centre has: new epoch, all codes void, every compartment unproved."""

    epoch: int
    cause: Literal["restored", "centre_ahead"]
    forked_at: int


class FactMerged(EventBody, frozen=True):
    """A fact of an earlier epoch that the centre had and this copy lacked. `fact` is the event's JSON as recorded.

    `epoch` and `cab_seq` are those it was recorded under. `line_seq` is its number on the line it was fetched from, if
    an earlier recount had brought it there; else 0.
    """

    epoch: int
    cab_seq: int
    utc_ms: int
    fact: str
    line_seq: int = 0


class RecountFinished(EventBody, frozen=True):
    merged_through: int


class ClockTrusted(EventBody, frozen=True):
    """The wall clock moved to a trusted state, or was set by somebody present."""

    clock: Clock
    actor: str = ""


# --- wishes and results


class ResultQueued(EventBody, frozen=True):
    """The centre announced a result; it is expected, not yet in the cabinet. `phones`: how many numbers hear of it."""

    wish: int
    result: str
    recipient: str
    person: str
    dossier: str
    items: tuple[Item, ...]
    size: Size
    reach: Reach
    language: Literal["vi", "en"]
    deadline: str
    state: int
    consent: bool
    fee: Fee
    by_post: bool = False
    procedure_allowed: bool = True
    flags: tuple[str, ...] = ()
    phones: int = 1


class ResultAmended(EventBody, frozen=True):
    """Administrative fields changed; absent fields stay. A new `recipient` or `person` revokes the codes."""

    wish: int
    result: str
    recipient: str | None = None
    person: str | None = None
    language: Literal["vi", "en"] | None = None
    deadline: str | None = None
    state: int | None = None
    consent: bool | None = None
    fee: Fee | None = None
    reach: Reach | None = None
    by_post: bool | None = None
    phones: int | None = None


class ResultCancelled(EventBody, frozen=True):
    """The centre withdrew a result; if it is in the cabinet, a clerk takes it out."""

    wish: int
    result: str


class DelegateNamed(EventBody, frozen=True):
    """Somebody may collect this result for its owner, with a code of their own; `delegate` names the personal row."""

    wish: int
    result: str
    delegate: str


class DelegateRevoked(EventBody, frozen=True):
    """The delegate of this result may not collect it any more, by a wish of the centre or a clerk's word."""

    result: str
    delegate: str
    wish: int = 0
    actor: str = ""


class ResultNotLoaded(EventBody, frozen=True):
    """Nobody put it into the cabinet by its deadline; it is handed out at the counter."""

    result: str
    deadline: str


class CancelConflicted(EventBody, frozen=True):
    """A cancel met a result that had already left the cabinet."""

    wish: int
    result: str
    found: Literal["collected", "reclaimed"]


class WishRefused(EventBody, frozen=True):
    """A wish that cannot be carried out; `reason` is the refusal's stable type."""

    wish: int
    wish_id: str
    reason: str


# --- grants and doors


class GrantIssued(EventBody, frozen=True):
    """Permission to open one door once, good for this run and its deadlines only.

    An exceptional opening names who agreed in `second`, and in `permit` the approval or broken glass it rests on.
    """

    grant: str
    compartment: int
    purpose: Purpose
    hand_over: str
    actor: str
    visit: str = ""
    second: str = ""
    permit: str = ""


class GrantLapsed(EventBody, frozen=True):
    """The grant ended without an opening: not pulsed in time, its board away, or given up.

    Of one that ended `unattended` nobody can tell how often its lock was pulsed.
    """

    grant: str
    cause: str
    pulses: int = 0


class DoorOpened(EventBody, frozen=True):
    """A door was seen open under its grant. `found` says that it was first seen after a restart."""

    compartment: int
    grant: str
    hand_over: str
    pulses: int = 1
    found: bool = False


class DoorClosed(EventBody, frozen=True):
    compartment: int
    hand_over: str = ""


class DoorDidNotOpen(EventBody, frozen=True):
    """The train of pulses ended and the door was not seen open; the code stays good."""

    grant: str
    compartment: int
    hand_over: str
    pulses: int


class DoorOpenedUnasked(EventBody, frozen=True):
    """A door was seen open without a grant: key, force, vibration, or found so at the start."""

    compartment: int
    found: bool = False


class WrongDoorOpened(EventBody, frozen=True):
    """Within the pulse window of one door another one opened: nothing is booked, both are quarantined."""

    grant: str
    granted: int
    opened: int
    board: str


class DoorAnswered(EventBody, frozen=True):
    """A person said whether a door that was not seen open had opened."""

    compartment: int
    hand_over: str
    did_open: bool


class LeftOpen(EventBody, frozen=True):
    """A door has stood open for ten minutes; its hand-over is uncertain and the next visitor is served elsewhere."""

    compartment: int
    hand_over: str


class SensorSuspected(EventBody, frozen=True):
    compartment: int
    cause: Literal["open_before_pulse", "unchanged_after_train", "contradicted"]


class SensorTrusted(EventBody, frozen=True):
    compartment: int
    cause: Literal["full_cycle", "clerk"]


class ContentSeen(EventBody, frozen=True):
    """What the content sensor sees behind a closed door; it counts until a door's next grant or opening."""

    compartment: int
    is_empty: bool


class ContentSensorSuspected(EventBody, frozen=True):
    """The content sensor cannot be right; until somebody has looked inside it settles nothing."""

    compartment: int
    cause: Literal["changed_behind_closed_door", "contradicted"]


class BoardOutOfService(EventBody, frozen=True):
    board: str
    cause: str


class BoardProved(EventBody, frozen=True):
    """A present person proved the board's doors; it serves again."""

    board: str
    actor: str


class DoorTried(EventBody, frozen=True):
    """A technician pulsed a lock of a board that is out of service; `finding` is what was seen, `other` the compartment
    it is mixed up with.
    """

    board: str
    compartment: int
    finding: str
    actor: str
    other: int = 0


class CoilStrayed(EventBody, frozen=True):
    """A coil was on without a pulse window; the board was switched off and read again."""

    board: str
    coil: int
    cleared: bool


# --- loading and clearing


class LoadStarted(EventBody, frozen=True):
    """A present clerk is putting results of one recipient into one compartment."""

    hand_over: str
    results: tuple[str, ...]
    recipient: str
    compartment: int
    actor: str


class Loaded(EventBody, frozen=True):
    hand_over: str
    compartment: int
    results: tuple[str, ...]
    evidence: Evidence


class LoadUndone(EventBody, frozen=True):
    """Nothing is in the compartment after all, on a present clerk's word or because its door never opened."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    evidence: Evidence


class RoundClosed(EventBody, frozen=True):
    """The loader is done; codes may be made and notices go out."""

    actor: str


class Reclaimed(EventBody, frozen=True):
    """A present clerk opened the door and took the hand-over out again; its code ends."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    actor: str


class HandedAtCounter(EventBody, frozen=True):
    """A clerk gave a result that was not in the cabinet to its person at the counter."""

    result: str
    actor: str


class Posted(EventBody, frozen=True):
    """A clerk sent a result that was not in the cabinet by post; the parcel's number is an erasable row."""

    result: str
    actor: str


class MoveStarted(EventBody, frozen=True):
    """A present clerk carries a hand-over to another compartment, which is kept for it. `is_low`: within reach."""

    hand_over: str
    source: int
    target: int
    is_low: bool
    actor: str


class Moved(EventBody, frozen=True):
    """It lies in `target` from now on: that door closed after opening, or a clerk found it there or not in `source`.

    Until a clerk says that it is there it stays uncertain.
    """

    hand_over: str
    source: int
    target: int
    results: tuple[str, ...]
    evidence: Evidence
    is_low: bool


class MoveGivenUp(EventBody, frozen=True):
    """Nothing was taken out: the hand-over stays where it is."""

    hand_over: str
    source: int
    target: int
    actor: str


class MoveStalled(EventBody, frozen=True):
    """A move was begun and not ended in time; both compartments wait for a look."""

    hand_over: str
    source: int
    target: int


class LookedInside(EventBody, frozen=True):
    """A present clerk looked into a compartment and said what is there."""

    compartment: int
    found: Found
    actor: str


class IncidentClosed(EventBody, frozen=True):
    incident: int
    actor: str


class IncidentTaken(EventBody, frozen=True):
    """A member of staff sees to an incident, until then."""

    incident: int
    actor: str
    due_utc_ms: int


class CompartmentClosed(EventBody, frozen=True):
    """A present person took a compartment out of use for new things; whoever's result is inside still gets it."""

    compartment: int
    cause: ClosedCause
    actor: str


class CompartmentReopened(EventBody, frozen=True):
    compartment: int
    actor: str


class StockCheckStarted(EventBody, frozen=True):
    """Every compartment is to be looked into, in this order. `second` agreed to all of its openings, if anybody did."""

    check: str
    compartments: tuple[int, ...]
    actor: str
    second: str = ""


class StockCheckFinished(EventBody, frozen=True):
    """What the looks since the start came to: how many, which differed from the record, which were not looked into."""

    check: str
    looked: int
    differing: tuple[int, ...]
    unseen: tuple[int, ...]
    actor: str


# --- exceptional openings


class ApprovalAsked(EventBody, frozen=True):
    """A present clerk asks a leader elsewhere to agree to one opening; `number` is what they tell each other.

    To load `results` that two people handle, no compartment is known yet: it is 0.
    """

    approval: str
    number: int
    compartment: int
    hand_over: str
    purpose: Purpose
    actor: str
    results: tuple[str, ...] = ()


class ApprovalGiven(EventBody, frozen=True):
    """A leader agreed with a second factor of their own."""

    approval: str
    actor: str


class GlassBroken(EventBody, frozen=True):
    """A clerk opens alone because nobody could be reached. The reason is an erasable row, never in here."""

    glass: str
    compartment: int
    hand_over: str
    purpose: Purpose
    actor: str
    role: str
    due_utc_ms: int


class GlassCountersigned(EventBody, frozen=True):
    """Another person has seen why the glass was broken, and stands for it."""

    glass: str
    actor: str


class DeputyNamed(EventBody, frozen=True):
    """A leader named a clerk to agree and countersign in a leader's place, through the day `until` (YYYY-MM-DD)."""

    deputy: str
    until: str
    actor: str


class DeputyEnded(EventBody, frozen=True):
    deputy: str
    actor: str


class StaffEnrolled(EventBody, frozen=True):
    """A leader took somebody in, or renewed how they sign in; `record` names what is kept of that."""

    user: str
    role: Literal["clerk", "leader", "technician"]
    record: str
    actor: str


class StaffLocked(EventBody, frozen=True):
    """Nobody signs in under this name until a leader unlocks it."""

    user: str
    actor: str


class StaffUnlocked(EventBody, frozen=True):
    user: str
    actor: str


class PasswordChanged(EventBody, frozen=True):
    """A member chose another password; `record` names what is kept of how they sign in."""

    user: str
    record: str


class SessionsEnded(EventBody, frozen=True):
    """Sessions of `user` were ended by another page of theirs or by a leader, not by signing out."""

    user: str
    actor: str
    count: int


class OfficeDaySet(EventBody, frozen=True):
    """A leader said when the counter is open on one day (YYYY-MM-DD), `"07:30-11:30"` each; none: it is closed."""

    day: str
    hours: tuple[str, ...]
    actor: str


class OfficeDayFreed(EventBody, frozen=True):
    """That day goes by the calendar again."""

    day: str
    actor: str


# --- codes and pickup


class CodeMinted(EventBody, frozen=True):
    """A code of one holder of a bundle, or of its `delegate`; the secret's verifier is kept apart."""

    code: str
    bundle: str
    recipient: str
    selector: str
    holder: Holder
    cause: CodeCause
    delegate: str = ""


class CodesRevoked(EventBody, frozen=True):
    bundle: str
    codes: tuple[str, ...]
    cause: RevokeCause


class AttemptFailed(EventBody, frozen=True):
    """Twelve well-formed digits opened nothing. It counts against the selector, whether or not a bundle has it."""

    selector: str
    second_check: bool = False


class PaperCheckFailed(EventBody, frozen=True):
    """The code was right, the digits of the ID paper were not. It counts against the bundle for its life."""

    bundle: str


class NewCodeAsked(EventBody, frozen=True):
    """Somebody typed a phone number to get a new code; `bundles` wait for that number, none if nothing does."""

    bundles: tuple[str, ...]


class CodeAccepted(EventBody, frozen=True):
    code: str
    bundle: str
    visit: str


class SlipCheckFailed(EventBody, frozen=True):
    """The slip was right, the digits of the ID paper were not. It counts against the results of this slip for life."""

    results: tuple[str, ...]


class SlipAccepted(EventBody, frozen=True):
    """An appointment slip and the ID paper fit: this visit may open what lies inside for `results`, nothing else."""

    results: tuple[str, ...]
    bundle: str
    visit: str


class Collected(EventBody, frozen=True):
    """Handed over: booked at the door's closing after opening, or at the citizen's answer with evidence `none`."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    evidence: Evidence


class ReceiptConfirmed(EventBody, frozen=True):
    """The citizen said that everything was received; the free re-opening ends."""

    hand_over: str


class Disputed(EventBody, frozen=True):
    """The citizen said: empty, not mine, or incomplete. The compartment is quarantined until a clerk has looked."""

    hand_over: str
    compartment: int
    kind: DisputeKind


class LeftForLater(EventBody, frozen=True):
    """The citizen leaves this one inside for another day; its door stays shut and the code good for it."""

    hand_over: str
    compartment: int
    visit: str


class ReachAsked(EventBody, frozen=True):
    """The citizen cannot reach this compartment: its door stays shut, the code good, and a clerk moves it lower."""

    hand_over: str
    compartment: int
    visit: str


class MoreTimeAsked(EventBody, frozen=True):
    """The person of this visit is still there and wants more time."""

    visit: str


class PracticeBegan(EventBody, frozen=True):
    """Somebody tries the cabinet at an empty door, with a code that this clerk made for them."""

    visit: str
    compartment: int
    actor: str


class TicketTaken(EventBody, frozen=True):
    """Somebody at the kiosk knows no way on and is to be called back; `person` names the row with the number."""

    person: str
    due_utc_ms: int
    hand_over: str = ""
    visit: str = ""


class VisitEnded(EventBody, frozen=True):
    visit: str
    cause: Literal["left", "idle", "next"]


# --- asking about a dossier, and letting it stay


class StatusAsked(EventBody, frozen=True):
    """Somebody asked at the kiosk about a dossier. `dossiers` are the refs it goes by, none for one nobody knows;
    `is_matched` says whether the digits of the phone were right.
    """

    dossiers: tuple[str, ...]
    is_matched: bool


class StayExtended(EventBody, frozen=True):
    """What waits inside is kept longer at its person's wish, through `deadline` (YYYY-MM-DD)."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    deadline: str


class CameInVain(EventBody, frozen=True):
    """A person with the right to it could not take what waits inside because the cabinet failed: it is owed to them.

    `cause`: they said that the door stayed shut; its board or bus was away; they asked to be called; a clerk found
    inside what a visit had left uncertain.
    """

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    cause: InVain


class StayMadeGood(EventBody, frozen=True):
    """What was owed can be had again, and is kept through `deadline` (YYYY-MM-DD) at least."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]
    deadline: str


class CounterAsked(EventBody, frozen=True):
    """The person wants it at the counter instead: a clerk takes it out. Until then the code still opens its door."""

    hand_over: str
    compartment: int
    results: tuple[str, ...]


class Rated(EventBody, frozen=True):
    """What a person thought of a visit that was just there; it names neither the visit nor anybody."""

    face: Face
    reason: RatedFor = ""
    is_intake: bool = False


class RoomChanged(EventBody, frozen=True):
    """How many compartments of each size are ready for something new; told when it differs from what was told last."""

    small: int
    medium: int
    large: int


# --- notices


class NoticeQueued(EventBody, frozen=True):
    """A message is to go out; its text is made when it is sent and never kept.

    `step`: which reminder it is, from 1. `incident`: the one it tells staff of, or the latest of `count`. `phone`:
    which of the person's numbers it goes to, from 0. `is_call`: a message did not help before, so a call comes first.
    """

    notice: str
    template: Template
    person: str
    bundle: str
    code: str = ""
    results: tuple[str, ...] = ()
    step: int = 0
    incident: int = 0
    count: int = 0
    intake: str = ""
    phone: int = 0
    is_call: bool = False


class NoticeAttempted(EventBody, frozen=True):
    """The intent to send, recorded before the gateway hears of it."""

    notice: str
    gateway: str
    attempt: int


class NoticeSent(EventBody, frozen=True):
    notice: str
    gateway: str
    provider_id: str


class NoticeDelivered(EventBody, frozen=True):
    """The message is done with. `is_reported` false: a gateway took it, and nothing more was ever heard of it."""

    notice: str
    is_reported: bool = True


class NoticeFailed(EventBody, frozen=True):
    """This attempt failed; `is_final` means that no gateway will try again and a clerk must act."""

    notice: str
    gateway: str
    cause: str
    is_final: bool


class NoticeDropped(EventBody, frozen=True):
    """There is nothing left to say: what the message speaks of is over before it could go out."""

    notice: str
    cause: str


# --- intake


class IntakeOffered(EventBody, frozen=True):
    """Somebody wants to leave papers, and this compartment is theirs for it; nothing has opened yet.

    `person` and `dossier` are refs, empty where there is none. `promised` is the working day (YYYY-MM-DD) by which it
    is answered, empty while no clock is believed. `has_phone`: its person can be written to; a badge may come without a
    number. `is_phone_on_record`: nobody typed that number, it is the one the office has for the dossier. The same
    hand-over is offered again in its visit.
    """

    hand_over: str
    compartment: int
    visit: str
    kind: IntakeKind
    bag: str
    person: str = ""
    dossier: str = ""
    promised: str = ""
    is_phone_checked: bool = False
    has_phone: bool = True
    is_phone_on_record: bool = False


class PhoneCheckAsked(EventBody, frozen=True):
    """A code goes to a phone at the kiosk. `is_known`: the cabinet had something of that number on record."""

    person: str
    is_known: bool


class PromiseBroken(EventBody, frozen=True):
    """The office has not answered an intake by the day it was promised; `again` is the day that is named now."""

    hand_over: str
    promised: str
    again: str


class IntakeGivenUp(EventBody, frozen=True):
    """Nothing is in the compartment: its door never opened, its content sensor says so, or a clerk found it empty."""

    hand_over: str
    compartment: int
    evidence: Evidence


class DroppedOff(EventBody, frozen=True):
    """The door closed after an intake opening: possibly full, whatever is said next. This is the time of sending."""

    hand_over: str
    compartment: int
    evidence: Evidence


class Deposited(EventBody, frozen=True):
    """Papers are on record as inside. `is_confirmed`: the person said so; else nobody has looked inside yet."""

    hand_over: str
    compartment: int
    evidence: Evidence
    is_confirmed: bool


class Withdrawn(EventBody, frozen=True):
    """The person says that they took their papers back; possibly full until a clerk has looked."""

    hand_over: str
    compartment: int
    cause: Literal["took_back", "does_not_fit"]


class IntakeMissed(EventBody, frozen=True):
    """A clerk found no papers at the first look; a second look follows before anything is said of it."""

    hand_over: str
    compartment: int
    actor: str


class IntakeCollected(EventBody, frozen=True):
    """A present clerk opened the door and took the papers out; `count` sheets or sets, 0 when nothing was found."""

    hand_over: str
    compartment: int
    bag: str
    count: int
    actor: str


class IntakeAnswered(EventBody, frozen=True):
    """The office has answered. `appointment` is the day of the result (YYYY-MM-DD) of a registered one."""

    hand_over: str
    outcome: IntakeOutcome
    actor: str
    dossier: str = ""
    appointment: str = ""


# --- staff


class SignedIn(EventBody, frozen=True):
    """Password and second factor held. `totp_step`: RFC 6238 time step, never accepted again; -1: a recovery code."""

    actor: str
    totp_step: int
    recovery: int = -1


class SignInFailed(EventBody, frozen=True):
    actor: str


class PresenceProved(EventBody, frozen=True):
    actor: str
    way: Literal["kiosk_number", "key_switch"]


class ClockSet(EventBody, frozen=True):
    """A present member of staff set the cabinet's clock, in milliseconds since 1970, while no time server did."""

    actor: str
    set_utc_ms: int


# --- panel


class CaseOpened(EventBody, frozen=True):
    """The case or its service door is open; `is_announced`: somebody of the staff was proved to stand there."""

    part: Part
    is_announced: bool


class CaseClosed(EventBody, frozen=True):
    part: Part


class MainsLost(EventBody, frozen=True):
    """The cabinet runs on its battery."""


class MainsReturned(EventBody, frozen=True):
    pass


class ReserveReached(EventBody, frozen=True):
    """The battery holds no more than is kept for what is under way: nothing new is taken in."""


class StopOrdered(EventBody, frozen=True):
    """The computer is shut down in order: the battery is nearly empty, or somebody pressed its button."""

    cause: Literal["battery", "button"]


class LockSupplyCut(EventBody, frozen=True):
    """The contactor took the current from every lock, because a coil of `board` stayed on."""

    board: str


class LockSupplyRestored(EventBody, frozen=True):
    """A present person found it safe to give the locks their current back."""

    actor: str


class StaffAlerted(EventBody, frozen=True):
    """Those on call are told of incidents: of one at once, or with kind `digest` of the rest of a night; with kind
    `low_ratings` the leader of how many people were not satisfied.

    `day` (YYYY-MM-DD) is the one on which the night began, or that of the digest.
    """

    kind: str
    incidents: tuple[int, ...]
    day: str


# --- keeping


# --- the cabinet itself


class JournalSealed(EventBody, frozen=True):
    """What the journal was at a year's end: number and hash of its last fact then, and the SHA-256 of what followed
    from all of them by that version of the fold. `signature` is the cabinet's, base64url.
    """

    year: int
    through: int
    head_hash: str
    fold_version: int
    state: str
    signature: str


class SelfCheckStarted(EventBody, frozen=True):
    """The morning's look at itself began. `canary` is the notice that tries the way of messages, if there is one."""

    day: str
    canary: str = ""


class SelfChecked(EventBody, frozen=True):
    """What the morning's look found: what is in order, and what a person must see to before the counter opens."""

    day: str
    good: tuple[CheckLine, ...] = ()
    bad: tuple[CheckLine, ...] = ()


class RelocationStarted(EventBody, frozen=True):
    """The cabinet is being moved: nobody is served until its stock was checked at the new place."""

    actor: str


class Relocated(EventBody, frozen=True):
    """It serves again. `address` is where it stands now, as its texts say it."""

    address: str
    actor: str


class CabinetRetired(EventBody, frozen=True):
    """Nothing is inside, nothing is unsent, and nothing is taken in ever again."""

    actor: str


class TextChanged(EventBody, frozen=True):
    """A leader wrote the text of a message anew; nothing personal stands in a text."""

    name: str
    language: Language
    pattern: str
    actor: str


class TextRegistered(EventBody, frozen=True):
    """The provider of messages has registered exactly this text under `provider_template`."""

    name: str
    language: Language
    pattern: str
    provider_template: str
    actor: str


class TextRestored(EventBody, frozen=True):
    """The text is again the one that came with the release."""

    name: str
    language: Language
    actor: str


class Settled(EventBody, frozen=True):
    """An uncertain hand-over is certain again; `outcome` says where its items are."""

    hand_over: str
    compartment: int
    outcome: Literal["inside", "gone"]
    evidence: Evidence
    actor: str = ""


class PersonalErased(EventBody, frozen=True):
    """Personal rows are gone. `cause`: their time is over; another phone replaced them; their person asked; or they
    were kept as long as they may be and the centre has still not acknowledged what they belong to.
    """

    refs: tuple[str, ...]
    cause: Literal["over", "replaced", "cap", "asked"] = "over"


class Parked(EventBody, frozen=True):
    """Tombstone for a fact the centre finally refused; the fact itself stays here and is alarmed."""

    cab_seq: int
    reason: str


Event = (
    RunStarted
    | RecountStarted
    | FactMerged
    | RecountFinished
    | ClockTrusted
    | ResultQueued
    | ResultAmended
    | ResultCancelled
    | DelegateNamed
    | DelegateRevoked
    | ResultNotLoaded
    | CancelConflicted
    | WishRefused
    | GrantIssued
    | GrantLapsed
    | DoorOpened
    | DoorClosed
    | DoorDidNotOpen
    | DoorOpenedUnasked
    | WrongDoorOpened
    | DoorAnswered
    | LeftOpen
    | SensorSuspected
    | SensorTrusted
    | ContentSeen
    | ContentSensorSuspected
    | BoardOutOfService
    | BoardProved
    | DoorTried
    | CoilStrayed
    | LoadStarted
    | Loaded
    | LoadUndone
    | RoundClosed
    | Reclaimed
    | HandedAtCounter
    | Posted
    | MoveStarted
    | Moved
    | MoveGivenUp
    | MoveStalled
    | LookedInside
    | IncidentClosed
    | IncidentTaken
    | CompartmentClosed
    | CompartmentReopened
    | StockCheckStarted
    | StockCheckFinished
    | ApprovalAsked
    | ApprovalGiven
    | GlassBroken
    | GlassCountersigned
    | DeputyNamed
    | DeputyEnded
    | StaffEnrolled
    | StaffLocked
    | StaffUnlocked
    | PasswordChanged
    | SessionsEnded
    | OfficeDaySet
    | OfficeDayFreed
    | CodeMinted
    | CodesRevoked
    | AttemptFailed
    | PaperCheckFailed
    | NewCodeAsked
    | CodeAccepted
    | SlipCheckFailed
    | SlipAccepted
    | Collected
    | ReceiptConfirmed
    | Disputed
    | LeftForLater
    | ReachAsked
    | MoreTimeAsked
    | PracticeBegan
    | TicketTaken
    | VisitEnded
    | StatusAsked
    | StayExtended
    | CameInVain
    | StayMadeGood
    | CounterAsked
    | Rated
    | RoomChanged
    | NoticeQueued
    | NoticeAttempted
    | NoticeSent
    | NoticeDelivered
    | NoticeFailed
    | NoticeDropped
    | IntakeOffered
    | PhoneCheckAsked
    | PromiseBroken
    | IntakeGivenUp
    | DroppedOff
    | Deposited
    | Withdrawn
    | IntakeMissed
    | IntakeCollected
    | IntakeAnswered
    | SignedIn
    | SignInFailed
    | PresenceProved
    | ClockSet
    | CaseOpened
    | CaseClosed
    | MainsLost
    | MainsReturned
    | ReserveReached
    | StopOrdered
    | LockSupplyCut
    | LockSupplyRestored
    | StaffAlerted
    | JournalSealed
    | SelfCheckStarted
    | SelfChecked
    | RelocationStarted
    | Relocated
    | CabinetRetired
    | TextChanged
    | TextRegistered
    | TextRestored
    | Settled
    | PersonalErased
    | Parked
)
KINDS: tuple[type[EventBody], ...] = get_args(Event)


# --- rows that go with events, in the same transaction


class PutPersonal(msgspec.Struct, frozen=True):
    """Erasable data of a person or dossier, why a glass was broken, or how a member of staff signs in.

    `search` is unaccented lower-case text, `tail` the digits of a dossier's code.
    """

    ref: str
    kind: Literal["person", "dossier", "reason", "staff"]
    body: dict[str, str]
    search: str = ""
    tail: str = ""


class ErasePersonal(msgspec.Struct, frozen=True):
    ref: str


class PutCode(msgspec.Struct, frozen=True):
    """The keeping place of a code: salt of its bundle, verifier, and the secret sealed until the notice is out."""

    code: str
    bundle: str
    salt: bytes
    verifier: bytes
    sealed: bytes


class EraseSealed(msgspec.Struct, frozen=True):
    code: str


class EraseCode(msgspec.Struct, frozen=True):
    code: str


class PutWish(msgspec.Struct, frozen=True):
    """A wish that was executed; `digest` is a keyed hash of its content, to tell a repeat from a contradiction.

    An empty one was made under another device key, and tells nothing any more.
    """

    wish_seq: int
    wish_id: str
    digest: bytes


class EraseDigests(msgspec.Struct, frozen=True):
    """Of every executed wish the id stays, and what its content was compared by goes."""


Row = PutPersonal | ErasePersonal | PutCode | EraseSealed | EraseCode | PutWish | EraseDigests


class Decision(msgspec.Struct, frozen=True):
    """What a rule decided: facts to commit with their rows, and the refusal to raise once they are committed."""

    events: tuple[Event, ...] = ()
    rows: tuple[Row, ...] = ()
    refusal: Exception | None = None


class Recorded(msgspec.Struct, frozen=True):
    """One event with its place in the journal."""

    seq: int
    epoch: int
    moment: Moment
    event: Event


def encode(event: Event) -> str:
    """The event's JSON; the same event always gives the same text."""
    return msgspec.json.encode(event, order="deterministic").decode()


_decoder: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


def decode(text: str | bytes) -> Event:
    """Inverse of `encode`. Raises msgspec.ValidationError for an unknown type or shape."""
    return _decoder.decode(text)
