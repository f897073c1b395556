"""What the cabinet is: frozen plain data that follow from folding the events, and nothing else.

Only live things are kept; `locker.fold` says what each fact changes, `locker.rules` what is due, allowed or wise.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from locker import events as ev
from otp import throttle

SELECTOR_REST_MS = 24 * 3600 * 1000
ASKED_REST_MS = 24 * 3600 * 1000


TRAINS_A_VISIT = 3


Stage = Literal["loading", "loaded", "collected", "offered", "opened", "dropped", "withdrawn", "deposited"]


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

    `out_of_service`: why a person took it out of use for new things. `is_alarmed`: its door opened unasked and has not
    closed since. `closed_uptime_ms`: when an opening that was asked for ended, 0 otherwise. `content` is what its
    content sensor has shown since the last grant or opening, empty if nothing.
    """

    number: int
    hand_over: str = ""
    quarantine: str = ""
    is_suspect: bool = False
    is_open: bool = False
    is_left_open: bool = False
    is_alarmed: bool = False
    is_unproved: bool = False
    out_of_service: str = ""
    content: Literal["", "empty", "something"] = ""
    is_content_suspect: bool = False
    opened_uptime_ms: int = 0
    closed_uptime_ms: int = 0

    @property
    def inside(self) -> Literal["", "empty", "something"]:
        """What a content sensor that is believed shows."""
        return "" if self.is_content_suspect or self.is_suspect or self.is_open else self.content

    @property
    def is_free(self) -> bool:
        """Ready for something new. A suspect sensor could not tell when that is inside, so it blocks its own door."""
        return not (
            self.hand_over
            or self.quarantine
            or self.is_open
            or self.is_unproved
            or self.is_suspect
            or self.out_of_service
        )


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result the centre announced and that has not left our hands.

    `announced_utc_ms` is 0 when the clock was not believed then. `is_missed`: it was not loaded by its deadline.
    `extended`: how often its person was given more time.
    """

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
    announced_utc_ms: int = 0
    is_missed: bool = False
    slip_failures: int = 0
    delegate: str = ""
    extended: int = 0
    phones: int = 1


class HandOver(msgspec.Struct, frozen=True, omit_defaults=True):
    """One passing of items through one compartment.

    `open_for` is the purpose under which its door stands open, `opened_for` the one under which it last did.
    `uncertain` names why record and evidence disagree.
    `last_purpose` and `last_actor` are those of its latest grant; `left_purpose` is that of the one which left it
    uncertain, once a clerk's look was granted since. `dead_purpose` is what a grant that died after it may have been
    pulsed was for, until its door is seen. `trains` counts pulse trains that opened nothing.
    `is_announced`: a notice has named it. `is_reopened`: the loader opened it again after it was loaded.
    `is_out_of_reach`: its person cannot reach it, and a clerk moves it lower.
    `reminded`: the latest reminder that named it, from 1. `loaded_utc_ms`: 0 when the clock was not believed then.
    `is_counter_wanted`: its person wants it at the counter instead. `is_owed`: its person came in vain; `made_good`:
    how often it was kept longer for that.
    `is_emptied`: the opening in which a clerk takes an intake out has ended.
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
    left_purpose: ev.Purpose | Literal[""] = ""
    last_actor: str = ""
    is_announced: bool = False
    is_reopened: bool = False
    is_out_of_reach: bool = False
    is_counter_wanted: bool = False
    is_owed: bool = False
    made_good: int = 0
    reminded: int = 0
    direction: Literal["pickup", "intake"] = "pickup"
    is_emptied: bool = False


class Intake(msgspec.Struct, frozen=True, omit_defaults=True):
    """The paperwork of one intake, from the offer until the office has answered; its hand-over has the same id.

    `sent_utc_ms` and `sent_seq` are of its door's closing; `is_sent_timed` when a clock was believed then.
    `deposited_seq` is the fact its receipt stands on. `ended_uptime_ms`: when its person was done, in this run.
    """

    hand_over: str
    visit: str
    kind: ev.IntakeKind
    bag: str
    person: str = ""
    dossier: str = ""
    promised: str = ""
    evidence: ev.Evidence = "none"
    sent_utc_ms: int = 0
    sent_seq: int = 0
    is_sent_timed: bool = False
    deposited_seq: int = 0
    ended_uptime_ms: int = 0
    is_confirmed: bool = False
    is_missed: bool = False
    is_collected: bool = False
    count: int = 0
    is_phone_checked: bool = False
    has_phone: bool = True
    is_phone_on_record: bool = False
    promised_again: str = ""

    @property
    def answer_by(self) -> str:
        """The day by which the office answers now, YYYY-MM-DD; empty when none was promised."""
        return self.promised_again or self.promised


class PhoneCheck(msgspec.Struct, frozen=True):
    """A code went to a phone: when, of this run (0: in an earlier one), and by a clock that was believed (0: none)."""

    person: str
    asked_uptime_ms: int
    is_known: bool
    asked_utc_ms: int = 0


class Bundle(msgspec.Struct, frozen=True, omit_defaults=True):
    """The live pickups of one recipient. `announced` are the results its notices have named.

    `asked_uptime_ms`: when its phone number was typed for a new code, of this run (0: in an earlier one).
    `is_code_wanted`: such a code is still to be made.
    """

    bundle: str
    recipient: str
    selector: str = ""
    announced: tuple[str, ...] = ()
    was_revoked: bool = False
    asked_uptime_ms: tuple[int, ...] = ()
    is_code_wanted: bool = False
    paper_failures: int = 0


class Code(msgspec.Struct, frozen=True):
    code: str
    bundle: str
    holder: ev.Holder
    delegate: str = ""


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
    has_left: bool = False
    """Its visitor said goodbye before the door was seen open."""


class Right(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of its bundle a visit may open: everything (the owner's code), what the slip of these results is for, or
    what this delegate was named for: these results, and no door behind which others lie as well.
    """

    slip: tuple[str, ...] = ()
    delegate: str = ""
    results: tuple[str, ...] = ()

    def covers(self, one: HandOver) -> bool:
        """Whether this hand-over is among it."""
        if self.delegate:
            return set(one.results) <= set(self.results)
        return not self.slip or not set(self.slip).isdisjoint(one.results)


class Visit(msgspec.Struct, frozen=True, omit_defaults=True):
    """The visit a code was accepted in; it may open the other doors of its bundle and re-open just closed ones.

    `later` are the hand-overs the person left inside for another day. `practice` is the empty compartment somebody
    tries since `begun_uptime_ms`, and then there is no bundle.
    """

    visit: str
    bundle: str
    recipient: str
    touched_uptime_ms: int
    later: tuple[str, ...] = ()
    right: Right = Right()
    practice: int = 0
    begun_uptime_ms: int = 0
    is_rated: bool = False


class Rateable(msgspec.Struct, frozen=True):
    """A visit that has just ended and was not rated."""

    visit: str
    is_intake: bool
    ended_uptime_ms: int


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    notice: str
    template: ev.Template
    person: str
    bundle: str
    code: str = ""
    results: tuple[str, ...] = ()
    intake: str = ""
    queued_utc_ms: int = 0
    attempts: int = 0
    gateway: str = ""
    stage: Literal["queued", "attempted", "sent", "failed"] = "queued"
    provider_id: str = ""
    touched_uptime_ms: int = 0
    incident: int = 0
    count: int = 0
    phone: int = 0
    is_call: bool = False


class Round(msgspec.Struct, frozen=True):
    """A loading round that is still open; it closes by the loader's word or by time since the last close."""

    actor: str
    touched_uptime_ms: int


class OnCounter(msgspec.Struct, frozen=True, omit_defaults=True):
    """A result that lies at the counter for its person.

    `since_utc_ms`: when it was taken out of the cabinet; 0 when no clock was believed then.
    """

    result: str
    person: str
    dossier: str
    flags: tuple[str, ...] = ()
    by_post: bool = False
    since_utc_ms: int = 0


class Move(msgspec.Struct, frozen=True, omit_defaults=True):
    """A hand-over on its way from one compartment to another; both carry its id until a clerk says where it is.

    `is_taken`: the first door was opened for it. `is_moved`: it is on record in `target`. `last_door` was granted last.
    `is_stalled`: it was not ended in time. `target` is 0 once a clerk has found that compartment empty.
    """

    hand_over: str
    source: int
    target: int
    is_low: bool
    actor: str
    touched_uptime_ms: int
    last_door: int = 0
    is_taken: bool = False
    is_moved: bool = False
    is_stalled: bool = False
    was_out_of_reach: bool = False


class Incident(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something a person must look at; its id is the number of the fact that opened it.

    `owner` has taken it, to be done by `due_utc_ms` (0: no date yet). `glass` is the broken glass it is about,
    `raised_by` and `role` who broke it. `person` is to be called.
    """

    incident: int
    kind: str
    compartment: int = 0
    hand_over: str = ""
    opened_utc_ms: int = 0
    owner: str = ""
    due_utc_ms: int = 0
    glass: str = ""
    raised_by: str = ""
    role: str = ""
    person: str = ""


class StockCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """A stock check under way: which compartments are left, and which of those looked into differ from the record."""

    check: str
    left: tuple[int, ...]
    actor: str
    second: str = ""
    started_utc_ms: int = 0
    looked: int = 0
    differing: tuple[int, ...] = ()


class CheckedStock(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last finished stock check."""

    utc_ms: int
    actor: str
    looked: int
    differing: tuple[int, ...] = ()
    unseen: tuple[int, ...] = ()


class Approval(msgspec.Struct, frozen=True, omit_defaults=True):
    """A clerk's wish to open one door exceptionally; good once, in its run, for ten minutes, if `given_by` a leader."""

    approval: str
    number: int
    compartment: int
    hand_over: str
    purpose: ev.Purpose
    actor: str
    asked_uptime_ms: int
    given_by: str = ""
    results: tuple[str, ...] = ()


class Alerts(msgspec.Struct, frozen=True, omit_defaults=True):
    """What staff were told: when each kind of incident last, how often in the night that began on `night`, the day of
    the latest digest, and the open incidents among it. `low` ratings, the first at `low_utc_ms`, nobody was told of.
    """

    last_utc_ms: dict[str, int] = {}
    night: str = ""
    sent: int = 0
    digest: str = ""
    told: tuple[int, ...] = ()
    low: int = 0
    low_utc_ms: int = 0


class Room(msgspec.Struct, frozen=True):
    """How many compartments of each size were free when the centre was told last, in which run and when in it."""

    small: int
    medium: int
    large: int
    told_uptime_ms: int
    run_id: str


class Panel(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the panel's pins told: parts that stand open, and where power comes from.

    `spent_ms` of the battery's time were used when mains was lost or came back, at `since_uptime_ms` of this run.
    `stuck` names a board of which a coil could not be switched off.
    """

    opened: tuple[ev.Part, ...] = ()
    is_on_battery: bool = False
    is_on_reserve: bool = False
    is_stopping: bool = False
    spent_ms: int = 0
    since_uptime_ms: int = 0
    since_utc_ms: int = 0
    stuck: str = ""
    is_supply_cut: bool = False


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether the cabinet serves at all. `address`: where it was moved to, empty while it stands where it was set up.

    `is_checked`: since it was taken out of use for the move, its stock was checked to the last door.
    """

    stage: Literal["open", "moving", "retired"] = "open"
    since_utc_ms: int = 0
    actor: str = ""
    address: str = ""
    is_checked: bool = False


class SelfCheck(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest look at itself; `ended_utc_ms` is 0 while it still waits for what becomes of its canary."""

    day: str
    started_utc_ms: int
    canary: str = ""
    outcome: Literal["", "delivered", "failed"] = ""
    good: tuple[ev.CheckLine, ...] = ()
    bad: tuple[ev.CheckLine, ...] = ()
    ended_utc_ms: int = 0


class OwnText(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message text of this unit's own: as last written, and as the provider last registered one (empty: never)."""

    pattern: str
    registered: str = ""
    provider_template: str = ""


class StaffMember(msgspec.Struct, frozen=True, omit_defaults=True):
    """`record` names how they sign in where the cabinet itself enrolled them; else the configuration says so."""

    failures: int = 0
    totp_step: int = -1
    recovery_used: tuple[int, ...] = ()
    record: str = ""
    is_locked: bool = False


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
    """The whole live state of one cabinet after event `seq`; `utc_ms` is the wall time of that event.

    `bucket` bears wrong codes, `asked_bucket` wrong questions about dossiers, `wrong_asks` those about each of them.
    `tried`: by board the compartments found good since it went out of service.
    """

    seq: int = 0
    epoch: int = 1
    run_id: str = ""
    utc_ms: int = 0
    clock: ev.Clock = "unset"
    wish_seq: int = 0
    compartments: dict[int, Compartment] = {}
    results: dict[str, Result] = {}
    hand_overs: dict[str, HandOver] = {}
    intakes: dict[str, Intake] = {}
    bags: int = 0
    phone_checks: dict[str, PhoneCheck] = {}
    bundles: dict[str, Bundle] = {}
    codes: dict[str, Code] = {}
    grants: dict[str, Grant] = {}
    notices: dict[str, Notice] = {}
    incidents: dict[int, Incident] = {}
    approvals: dict[str, Approval] = {}
    deputies: dict[str, str] = {}
    office_days: dict[str, tuple[str, ...]] = {}
    stock_check: StockCheck | None = None
    checked_stock: CheckedStock | None = None
    boards_out: dict[str, str] = {}
    tried: dict[str, tuple[int, ...]] = {}
    staff: dict[str, StaffMember] = {}
    resting: dict[str, int] = {}
    bucket: throttle.Bucket = throttle.Bucket()
    tries: dict[str, throttle.Tries] = {}
    asked_bucket: throttle.Bucket = throttle.Bucket()
    wrong_asks: dict[str, int] = {}
    rateable: Rateable | None = None
    visit: Visit | None = None
    round: Round | None = None
    moves: dict[str, Move] = {}
    counter: dict[str, OnCounter] = {}
    recount: Recount | None = None
    alerts: Alerts = Alerts()
    panel: Panel = Panel()
    standing: Standing = Standing()
    self_check: SelfCheck | None = None
    room: Room | None = None
    texts: dict[str, OwnText] = {}
    sealed_year: int = 0
    public_key: str = ""

    def compartment(self, number: int) -> Compartment:
        """The compartment, as new if no fact has touched it yet."""
        found = self.compartments.get(number)
        if found is not None:
            return found
        return Compartment(number=number, is_unproved=self.recount is not None and number not in self.recount.looked)

    def bundle_of(self, recipient: str) -> Bundle | None:
        return next((bundle for bundle in self.bundles.values() if bundle.recipient == recipient), None)

    def hand_overs_of(self, recipient: str) -> tuple[HandOver, ...]:
        """The pickups of one recipient."""
        return tuple(
            one for one in self.hand_overs.values() if one.recipient == recipient and one.direction == "pickup"
        )

    def intakes_of(self, visit: str) -> tuple[Intake, ...]:
        return tuple(one for one in self.intakes.values() if one.visit == visit)

    def grant_on(self, compartment: int) -> Grant | None:
        return next((grant for grant in self.grants.values() if grant.compartment == compartment), None)

    def right_of(self, code: str) -> Right:
        """What of its bundle this code opens."""
        known = self.codes.get(code)
        if known is None or not known.delegate:
            return Right()
        results = tuple(sorted(key for key, one in self.results.items() if one.delegate == known.delegate))
        return Right(delegate=known.delegate, results=results)

    def is_moving(self, hand_over: str) -> bool:
        """Whether a clerk is carrying it to another compartment right now."""
        move = self.moves.get(hand_over)
        return move is not None and not move.is_stalled

    def codes_of(self, bundle: str) -> tuple[Code, ...]:
        return tuple(code for code in self.codes.values() if code.bundle == bundle)


"""A clerk found the door empty; the centre knows who took it."""
