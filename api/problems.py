"""What an error is to the caller: one table from every typed cause to a problem of RFC 9457.

Our own errors carry sentences written for their reader and free of personal data, so they become `detail`. Of an
unknown error nothing is told but an id that stands in the log as well.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from hw import errors as hardware
from locker import refusals as why
from locker.wire import problem_type
from otp.codes import HINTS, Mistake
from otp.errors import OtpError

BLANK = "about:blank"
MEDIA_TYPE = "application/problem+json"
DOOR_FAULTS = (why.BoardOffline, why.DoorDidNotOpen, why.Starting, why.ReadOnly, why.SafeMode)
log = structlog.get_logger()


class NotSignedIn(why.NotAllowed):
    """Nobody is known by this cookie or signature; sign in."""


class TooLarge(why.Refusal):
    """The body is larger than this listener takes."""

    slug = "too-large"


class TooSlow(why.Refusal):
    """The body did not arrive in time."""

    slug = "too-slow"


@dataclass(frozen=True, slots=True)
class Row:
    """How one cause is told: the status, a title, and the members it adds."""

    status: int
    title: str
    members: Callable[[Any], Mapping[str, Any]] = lambda _error: {}


def _hint(error: why.CodeMalformed) -> Mapping[str, Any]:
    return {"looks_like": error.looks_like, "hint": dict(HINTS[Mistake(error.looks_like)])}


def _wait(error: why.TooManyAttempts | why.DoorDidNotOpen) -> Mapping[str, Any]:
    return {} if error.retry_after_s is None else {"retry_after": error.retry_after_s}


TABLE: Mapping[type[Exception], Row] = {
    why.CodeRefused: Row(403, "The code is not accepted"),
    why.CodeMalformed: Row(422, "This is not a pickup code", _hint),
    why.PhoneMalformed: Row(422, "This is not a phone number that takes messages"),
    why.SecondCheckNeeded: Row(403, "The last four digits of the phone are needed as well"),
    why.PaperCheckNeeded: Row(403, "The last four digits of the ID paper are needed as well"),
    why.PaperRefused: Row(403, "Not the digits of the ID paper", lambda error: {"tries_left": error.tries_left}),
    why.SlipRefused: Row(403, "Nothing waits for this slip"),
    why.StatusUnknown: Row(404, "Nothing is told for these digits"),
    why.StayRefused: Row(409, "It cannot be kept longer now", lambda error: {"reason": error.reason}),
    why.TooManyAttempts: Row(429, "Wait before the next try", _wait),
    why.NoFreeCompartment: Row(409, "No free compartment fits"),
    why.NoReachableCompartment: Row(409, "No free compartment within reach"),
    why.IntakeFull: Row(409, "No more papers are taken in now", lambda error: {"reason": error.reason}),
    why.BagInUse: Row(409, "This bag is on record already"),
    why.OtherBag: Row(409, "Another bag than the one on record"),
    why.PhoneRefused: Row(422, "This phone cannot be used", lambda error: {"reason": error.reason}),
    why.UnknownIntake: Row(404, "No such intake"),
    why.CompartmentBusy: Row(409, "This compartment is being opened"),
    why.DoorStandsOpen: Row(409, "A door stands open"),
    why.WrongStage: Row(409, "Not now"),
    why.SeveralMatch: Row(409, "Several results fit", lambda error: {"candidates": list(error.candidates)}),
    why.NotLoadable: Row(409, "This result may not be loaded", lambda error: {"reason": error.reason}),
    why.OutOfUse: Row(409, "The cabinet is out of use", lambda error: {"stage": error.stage}),
    why.StillInUse: Row(409, "The cabinet is still in use", lambda error: {"reasons": list(error.reasons)}),
    why.UnknownText: Row(404, "No such message"),
    why.TextUnusable: Row(
        422, "This text cannot be used", lambda error: {"reason": error.reason, "names": list(error.names)}
    ),
    why.ContradictsEarlier: Row(422, "The same id came before with other content"),
    why.OutOfOrder: Row(409, "Not the next wish", lambda error: {"expected": error.expected}),
    why.UnknownHandOver: Row(404, "No such hand-over"),
    why.UnknownResult: Row(404, "No such result"),
    why.TicketsFull: Row(409, "Too many people wait for a call"),
    why.UnknownDelegate: Row(404, "Nobody is named to collect this result"),
    why.UnknownCompartment: Row(404, "No such compartment"),
    why.UnknownMember: Row(404, "No such member of staff"),
    why.UserTaken: Row(409, "User name taken"),
    why.OwnPasswordNeeded: Row(403, "Choose a password of your own first"),
    why.WeakPassword: Row(422, "This password cannot be used", lambda error: {"reason": error.reason}),
    why.UnknownDeputy: Row(404, "No such deputy"),
    why.UnknownApproval: Row(404, "No such request waits"),
    why.PresenceNeeded: Row(403, "Presence at the cabinet is needed"),
    why.SecondPersonNeeded: Row(403, "A second person is needed"),
    why.NotAllowed: Row(403, "Not allowed"),
    why.ClockNotSet: Row(403, "The clock of the cabinet is not set; use a recovery code"),
    NotSignedIn: Row(401, "Sign in first"),
    why.NotServed: Row(409, "This compartment waits for a clerk's look"),
    TooLarge: Row(413, "The body is too large"),
    TooSlow: Row(408, "The body came too slowly"),
    why.PrinterOffline: Row(503, "The printer does not answer"),
    why.PaperOut: Row(503, "The printer has no paper"),
    why.DoorDidNotOpen: Row(503, "The door did not open", _wait),
    why.BoardOffline: Row(503, "The board does not answer"),
    why.BusOffline: Row(503, "The line to the boards is down"),
    why.NoticesOffline: Row(503, "No message can be sent now"),
    why.SafeMode: Row(503, "The cabinet is in safe mode"),
    why.Starting: Row(503, "The cabinet is starting"),
    why.ReadOnly: Row(503, "Nothing new can be recorded"),
    why.StorageFault: Row(503, "The journal cannot do this"),
    why.RetryableStorageFault: Row(503, "The journal cannot do this now"),
    why.FinalStorageFault: Row(503, "The journal cannot do this"),
    why.JournalInUse: Row(503, "The journal is in use"),
    why.JournalClosed: Row(503, "The cabinet is stopping"),
    why.JournalBroken: Row(503, "The disk failed"),
    why.JournalCorrupt: Row(503, "The journal is damaged"),
    why.JournalTooNew: Row(503, "The journal is newer than this release"),
    why.JournalUnreachable: Row(503, "The journal cannot be opened"),
    why.WrongCabinet: Row(503, "The journal belongs to another cabinet"),
    why.SqliteTooOld: Row(503, "SQLite is too old"),
    why.CursorRefused: Row(503, "The journal cannot do this"),
    why.BackupFailed: Row(503, "The backup was not made"),
    why.BackupRefused: Row(503, "This backup cannot be used"),
    hardware.Fault: Row(503, "The hardware does not do this"),
    OtpError: Row(503, "Codes or messages cannot be made"),
}
_SLUGS: Mapping[type[Exception], str] = {hardware.Fault: "hardware-fault", OtpError: "codes-unavailable"}
_FIELDS = {
    "application/problem+json": {
        "schema": {
            "type": "object",
            "required": ["type", "title", "status"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference"},
                "title": {"type": "string"},
                "status": {"type": "integer"},
                "detail": {"type": "string"},
            },
        }
    }
}


def kind_of(error: Exception) -> type[Exception] | None:
    """The nearest class of this error that has a row."""
    return next((cls for cls in type(error).__mro__ if cls in TABLE), None)


def slug_of(kind: type[Exception]) -> str:
    """The stable end of the problem's `type`."""
    return _SLUGS.get(kind) or str(getattr(kind, "slug", "fault"))


def answer(error: Exception) -> JSONResponse | None:
    """The problem that tells a known error; None for one that has no row."""
    kind = kind_of(error)
    if kind is None:
        return None
    row = TABLE[kind]
    members = row.members(error)
    headers = {"Retry-After": str(members["retry_after"])} if "retry_after" in members else None
    return problem(
        row.status, problem_type(slug_of(kind)), row.title, str(error) or row.title, headers=headers, **members
    )


def problem(
    status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> JSONResponse:
    """One problem as a response."""
    body = {"type": kind, "title": title, "status": status, "detail": detail, **members}
    return JSONResponse(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def flaws(errors: Sequence[Any]) -> list[dict[str, str]]:
    """Where a request does not parse, as RFC 6901 pointers; what was sent is never repeated."""
    found = []
    for one in errors:
        place = one["loc"][1:] if one["loc"][:1] in (("body",), ("query",), ("path",)) else one["loc"]
        if one["type"] == "json_invalid":
            place = ()
        parts = [str(part).replace("~", "~0").replace("/", "~1") for part in place]
        found.append({"pointer": "".join(f"/{part}" for part in parts), "detail": str(one["msg"])})
    return found


def invalid(errors: Sequence[Any]) -> JSONResponse:
    """422 `invalid-request` with a pointer for each flaw."""
    return problem(
        422,
        problem_type("invalid-request"),
        "The request does not parse",
        "correct the fields named in `errors` and send it again",
        errors=flaws(errors),
    )


def unknown(error: Exception, *, new_id: Callable[[], str]) -> JSONResponse:
    """500 `about:blank`; the log has the same id and where it happened, but not what the error says."""
    error_id = new_id()
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}" for frame in frames[-6:]]
    log.error("request failed", error_id=error_id, error=type(error).__name__, where=where)
    return problem(
        500, BLANK, "Something went wrong here", f"look for {error_id} in the log of the cabinet", error_id=error_id
    )


def tell(app: FastAPI) -> None:
    """Make the app answer every expected error as a problem; unknown ones are answered by `api.guard`."""

    async def on_known(_request: Request, error: Exception) -> JSONResponse:
        told = answer(error)
        if told is None:
            raise error
        return told

    async def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError | ValidationError)
        return invalid(error.errors())

    async def on_http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        title = HTTPStatus(error.status_code).phrase
        return problem(error.status_code, BLANK, title, title, headers=error.headers)

    for kind in TABLE:
        app.add_exception_handler(kind, on_known)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)


def documented(*kinds: type[Exception]) -> dict[int | str, dict[str, Any]]:
    """The problem responses of a route for OpenAPI, one entry a status."""
    by_status: dict[int | str, list[str]] = {422: ["invalid-request"]}
    for kind in kinds:
        by_status.setdefault(TABLE[kind].status, []).append(slug_of(kind))
    return {
        status: {"description": "problem: " + ", ".join(dict.fromkeys(slugs)), "content": _FIELDS}
        for status, slugs in sorted(by_status.items(), key=str)
    }
