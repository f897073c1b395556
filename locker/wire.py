"""The messages between a cabinet and its centre: all that both sides share.

Facts go up (`EventsIn`), wishes come down (`WishesOut`, pulled or pushed), a `Problem` answers what cannot be
taken.

Fields this release does not know:
- `Envelope` keeps them, because its hash covers them.
- `Changes` refuses them: a change that is not understood must be refused, not confirmed.
- Every other message ignores them, so that a newer peer may add.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, model_validator

GENESIS = "0" * 64
MAX_BATCH = 250  # facts; fewer round trips: 2,000 of them pass a line of 64 kbit/s and 300 ms in 21 s, not in 27
MAX_WISHES = 100
MAX_BODY_BYTES = 256 * 1024
MAX_WAIT_S = 25
MAX_INT = 2**53 - 1  # beyond it JSON readers that use doubles disagree (RFC 8785, RFC 7493)
MAX_DEPTH = 16
PARKED = "Parked"  # the tombstone: same cab_seq, prev_hash and hash as the fact it stands for
OUTSIDE_HASH = frozenset({"hash", "attached"})
SLIP_DIGITS = 39  # 128 bits in decimal: what a scanner types whatever the keyboard's language
PROBLEMS = "urn:dossier-locker:problem:"

_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_ASCII_KEY = re.compile(r"[\x20-\x7e]{1,64}")


def canonical(obj: object) -> bytes:
    """UTF-8 bytes of the canonical JSON of `obj`: RFC 8785, no floats, ASCII keys. ValueError, TypeError: not JSON."""
    return _encode(obj).encode()


def event_hash(envelope: Mapping[str, Any]) -> str:
    """SHA-256, 64 lower-case hex digits, over every field of an envelope except `hash` and `attached`."""
    covered = {name: value for name, value in envelope.items() if name not in OUTSIDE_HASH}
    return hashlib.sha256(canonical(covered)).hexdigest()


def slip_hash(token: str) -> str:
    """What stands for a slip token (39 digits) on the wire and at the centre: SHA-256, 64 lower-case hex digits."""
    return hashlib.sha256(b"slip:" + token.encode()).hexdigest()


def problem_type(name: str) -> str:
    """Stable `type` of a problem, such as `urn:dossier-locker:problem:gap`."""
    return PROBLEMS + name


def hashable(value: Any, depth: int = 0) -> Any:
    """`value` itself if any two peers hash it alike; ValueError: a float, an integer over 2**53, a non-ASCII key."""
    if depth > MAX_DEPTH:
        raise ValueError(f"is nested deeper than {MAX_DEPTH} levels; flatten it")
    if isinstance(value, str):
        value.encode()  # a lone surrogate is a UnicodeEncodeError, which is a ValueError
    elif isinstance(value, float):
        raise ValueError("holds a float; send an integer in a smaller unit, or a string")  # noqa: TRY004  pydantic
    elif isinstance(value, int) and abs(value) > MAX_INT:
        raise ValueError(f"holds an integer beyond {MAX_INT}; send it as a string")
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not _ASCII_KEY.fullmatch(key):
                raise ValueError("holds a key that is not 1 to 64 printable ASCII characters; rename it")
            hashable(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            hashable(inner, depth + 1)
    return value


def _storable(value: Any) -> Any:
    try:
        canonical(value)
    except RecursionError:
        raise ValueError("is nested too deeply; flatten it") from None
    return value


CabinetId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", examples=["hoa-mai-01"])]
OpaqueId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Seq = Annotated[int, Field(strict=True, ge=1, le=MAX_INT)]
Through = Annotated[int, Field(strict=True, ge=0, le=MAX_INT)]  # a cursor: 0 is before the first
UtcTime = Annotated[
    str,
    Field(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$", examples=["2026-10-08T14:05:09.120Z"]),
]
Clock = Literal["synced", "holdover", "unset"]
Size = Literal["S", "M", "L"]
Reach = Literal["low", "any"]
Fee = Literal["none", "paid", "unpaid"]
Language = Literal["vi", "en"]
State = Annotated[
    int, Field(strict=True, ge=1, le=10, description="national dossier state; 9 = finished, 10 = returned")
]
Phone = Annotated[str, Field(max_length=32, examples=["0901234567"])]


class Message(BaseModel):
    """What crosses the wire: frozen; unknown fields are ignored unless the class says otherwise."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Envelope(Message):
    """One fact and its place in the chain. `cab_seq` is contiguous per cabinet and continues across epochs."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "cabinet": "hoa-mai-01",
                    "epoch": 1,
                    "cab_seq": 1,
                    "type": "RunStarted",
                    "time": "2026-10-08T14:05:09.120Z",
                    "clock": "synced",
                    "run_id": "r-7f3a",
                    "mono_ms": 5120,
                    "body": {"release": "0.1.0"},
                    "prev_hash": GENESIS,
                    "hash": "4d7f433534bb65257c1d511eaf58643054dc66dfc17841f65301b82c098eeb80",
                    "attached": None,
                }
            ]
        },
    )

    cabinet: CabinetId
    epoch: Seq
    cab_seq: Seq
    type: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$", examples=["Collected"])]
    time: UtcTime
    clock: Clock
    run_id: OpaqueId
    mono_ms: Through
    body: Annotated[dict[str, Any], AfterValidator(hashable)]
    prev_hash: Hash
    hash: Hash
    attached: Annotated[dict[str, Any] | None, AfterValidator(_storable)] = Field(
        default=None, description="personal data; outside the hash, erasable on both sides"
    )

    @model_validator(mode="after")
    def _extra_is_hashable(self) -> Self:
        hashable(self.model_extra)
        return self

    def covered(self) -> dict[str, Any]:
        """The fields the hash covers, as a new plain dict."""
        return {**{name: getattr(self, name) for name in _COVERED}, **(self.model_extra or {})}

    def is_sound(self) -> bool:
        """True if `hash` is the hash of the rest; a tombstone carries the hash of the fact it stands for."""
        return self.type == PARKED or event_hash(self.covered()) == self.hash


_COVERED = tuple(name for name in Envelope.model_fields if name not in OUTSIDE_HASH)


class EventsIn(Message):
    """`POST /v1/cabinets/{id}/events`: facts in `cab_seq` order, at most 256 KiB in all.

    `epoch` is the sender's present one. A copy that went on without knowing that it had parted from the line recorded
    facts under an old epoch; after its recount it sends them under the new one, so that they find a place. Absent: each
    fact's own epoch.
    """

    epoch: Seq | None = None
    events: Annotated[list[Envelope], Field(min_length=1, max_length=MAX_BATCH)]


class Acked(Message):
    """The centre has committed every fact of the cabinet's current epoch line up to here."""

    acked_through: Through


class EventsOut(Message):
    """`GET /v1/cabinets/{id}/events`: acked facts for a recount, and where the centre stands."""

    events: list[Envelope]
    epoch: Through = Field(description="latest epoch the centre has seen; 0 = nothing yet")
    acked_through: Through
    head_hash: Hash = Field(description="hash of the fact at `acked_through`; 64 zeros when there is none")


class Item(Message):
    item_id: OpaqueId
    label: Annotated[str, Field(min_length=1, max_length=200, examples=["Giấy khai sinh (bản chính)"])]


class Recipient(Message):
    """Whom a result is for. `key` names applicant + phone, never the phone alone; equal keys make one bundle."""

    key: OpaqueId
    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Nguyễn Thị Hoa"])]
    phone: Phone | None = None
    more_phones: Annotated[list[Phone], Field(max_length=4)] = Field(
        default=[], description="of an organisation: others who hear of everything, and may ask for a new code"
    )
    language: Language = "vi"
    id_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None


class AnnounceResult(Message):
    """A result is on its way to the cabinet. Loadable: state 9, consent, no unpaid fee, not by post."""

    result_id: OpaqueId
    dossier_code: Annotated[str, Field(min_length=1, max_length=64, examples=["H29.190.5-261008-0042"])]
    procedure_code: Annotated[str, Field(min_length=1, max_length=64, examples=["1.004873"])]
    items: Annotated[list[Item], Field(min_length=1, max_length=20)]
    recipient: Recipient
    size: Size = "S"
    reach: Reach = "any"
    state: State
    consent: StrictBool
    fee: Fee
    by_post: StrictBool = False
    deadline: date
    second_check: StrictBool = False
    slip_hash: Hash | None = Field(
        default=None, description="`slip_hash` of the token on the appointment slip; the token itself never travels"
    )


class CancelResult(Message):
    """Take the result back. One that was taken before is a conflict for a clerk."""

    result_id: OpaqueId
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class Changes(Message):
    """New values of what the centre owns; an absent field stays as it is, `phone: null` takes the phone away."""

    model_config = ConfigDict(extra="forbid")

    phone: Phone | None = None
    more_phones: Annotated[list[Phone], Field(max_length=4)] = []
    language: Language = "vi"
    deadline: date | None = None
    consent: StrictBool = False
    fee: Fee = "none"
    state: State = 9
    reach: Reach = "any"
    by_post: StrictBool = False

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("changes nothing; name at least one field")
        if "deadline" in self.model_fields_set and self.deadline is None:
            raise ValueError("takes the deadline away; send a date")
        return self


class AmendResult(Message):
    result_id: OpaqueId
    changed: Changes


class Delegate(Message):
    """Who may collect for the owner; a phone that takes messages is needed."""

    name: Annotated[str, Field(min_length=1, max_length=200, examples=["Trần Văn Bình"])]
    phone: Phone
    language: Language = "vi"


class NameDelegate(Message):
    """This one collects the result with a code of their own; one named before may not any more. The owner is told."""

    result_id: OpaqueId
    delegate: Delegate


class RevokeDelegate(Message):
    """Nobody but the owner collects this result from now on."""

    result_id: OpaqueId


WishBody = AnnounceResult | CancelResult | AmendResult | NameDelegate | RevokeDelegate
WISH_BODIES: Mapping[str, type[WishBody]] = {
    "AnnounceResult": AnnounceResult,
    "CancelResult": CancelResult,
    "AmendResult": AmendResult,
    "NameDelegate": NameDelegate,
    "RevokeDelegate": RevokeDelegate,
}


class UnknownWishError(ValueError):
    """A wish of a kind this release does not know: answer it with `WishRefused`, reason `unknown-kind`."""


class Wish(Message):
    """One wish; `wish_seq` is contiguous per cabinet, `seen_through` the last fact the centre knew."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "wish_seq": 7,
                    "wish_id": "w-2b61",
                    "kind": "CancelResult",
                    "seen_through": 48213,
                    "issued_at": "2026-10-08T14:05:09.120Z",
                    "body": {"result_id": "res-91f2", "reason": "returned at the counter"},
                }
            ]
        }
    )

    wish_seq: Seq
    wish_id: OpaqueId
    kind: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$", examples=list(WISH_BODIES))]
    seen_through: Through
    issued_at: UtcTime
    body: dict[str, Any]

    def read_body(self) -> WishBody:
        """The body as its typed message; UnknownWishError, pydantic.ValidationError (does not fit its kind)."""
        shape = WISH_BODIES.get(self.kind)
        if shape is None:
            raise UnknownWishError(f"wish kind {self.kind} is not known to this release; update the cabinet")
        return shape.model_validate(self.body)


class WishesOut(Message):
    """Wishes in order after the asked cursor. Also the body of a push, `POST {cabinet}/v1/wishes`."""

    wishes: Annotated[list[Wish], Field(max_length=MAX_WISHES)]
    head: Through = Field(description="the latest wish_seq of this cabinet")


class Received(Message):
    """A cabinet's answer to a push: every wish up to here is in its inbox, on disk."""

    received_through: Through


class Flaw(Message):
    """Where a request does not parse: an RFC 6901 pointer into its body, and why."""

    pointer: str
    detail: str


class Problem(Message):
    """RFC 9457, `application/problem+json`. The last part of `type` is stable: gap, epoch, ..."""

    type: Annotated[str, Field(examples=[PROBLEMS + "gap"])] = "about:blank"
    title: str
    status: int
    detail: str | None = None
    instance: str | None = None
    expected: int | None = Field(default=None, description="of `gap`: the sequence number to send next")
    epoch: int | None = Field(default=None, description="of `gap` and `epoch`: the latest epoch the centre has seen")
    errors: list[Flaw] | None = Field(default=None, description="of `invalid-request`")

    @property
    def name(self) -> str:
        """Last part of `type`: `gap`, `epoch`, `contradicts-earlier`, ..."""
        return self.type.rsplit(":", 1)[-1].rsplit("/", 1)[-1]
