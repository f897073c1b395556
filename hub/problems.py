"""One table from errors to RFC 9457 problems."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from hub import errors
from locker.wire import Flaw, Problem, problem_type

MEDIA_TYPE = "application/problem+json"

TABLE: Mapping[type[errors.HubError], tuple[int, str, str]] = {
    errors.GapError: (409, "gap", "Not the next in sequence"),
    errors.EpochError: (409, "epoch", "This copy has parted from the known line; recount"),
    errors.InvalidError: (422, "invalid-request", "The request does not fit"),
    errors.HashMismatchError: (422, "hash-mismatch", "A hash does not fit its envelope"),
    errors.ContradictsEarlierError: (422, "contradicts-earlier", "Same id, other content"),
    errors.TooLargeError: (413, "too-large", "The body is too large"),
    errors.UnknownCabinetError: (404, "unknown-cabinet", "No such cabinet"),
    errors.UnknownResultError: (404, "unknown-result", "No such result"),
    errors.WrongStageError: (409, "wrong-stage", "Not possible at this stage"),
    errors.NoIdentityError: (401, "not-allowed", "No or wrong key"),
    errors.NotAllowedError: (403, "not-allowed", "Not for this caller"),
    errors.StatusUnknownError: (404, "status-unknown", "Nothing is told for these digits"),
    errors.TooOftenError: (429, "too-often", "Wait before the next question"),
    errors.StoreUnreachableError: (503, "store-unreachable", "The database does not answer"),
}

Answer = Callable[[Request, Exception], Awaitable[Response]]


def write(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """The problem as `application/problem+json` with its own status."""
    return Response(
        problem.model_dump_json(exclude_none=True),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def of(error: errors.HubError) -> Problem:
    """The problem of a typed error, by the row of its class."""
    status, name, title = TABLE[type(error)]
    flaws = [Flaw(pointer=error.pointer, detail=str(error))] if isinstance(error, errors.InvalidError) else None
    return Problem(
        type=problem_type(name),
        title=title,
        status=status,
        detail=str(error),
        expected=getattr(error, "expected", None),
        epoch=getattr(error, "epoch", None),
        errors=flaws,
    )


def pointer(place: Sequence[int | str]) -> str:
    """RFC 6901 pointer to a place in the body; other places keep their name in front, as in `query/after`."""
    where, *steps = place
    escaped = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    text = escaped if where == "body" else f"{where}{escaped}"
    return text.encode(errors="replace").decode()


def of_validation(flaws: Sequence[Mapping[str, Any]]) -> Problem:
    """The problem of a request that does not parse; says where and why, never what was sent."""
    named = [
        Flaw(pointer="" if flaw["type"] == "json_invalid" else pointer(flaw["loc"]), detail=flaw["msg"])
        for flaw in flaws
    ]
    title = TABLE[errors.InvalidError][2]
    return Problem(
        type=problem_type("invalid-request"),
        title=title,
        status=422,
        detail="Correct the fields named in `errors` and send it again.",
        errors=named[:20],
    )


def install(app: FastAPI) -> None:
    """Every error of `app` leaves as a problem."""
    log = structlog.get_logger()

    async def typed(_: Request, error: Exception) -> Response:
        assert isinstance(error, errors.HubError)
        problem = of(error)
        headers: dict[str, str] = {}
        if problem.status == HTTPStatus.UNAUTHORIZED:
            headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, errors.RetryError):
            headers["Retry-After"] = str(getattr(error, "retry_after_s", 5))
        return write(problem, headers)

    async def malformed(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return write(of_validation(error.errors()))

    async def routed(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == HTTPStatus.BAD_REQUEST:  # the framework's word for a body that is no JSON at all
            return write(of_validation([{"type": "json_invalid", "loc": ("body",), "msg": "is not JSON"}]))
        status = HTTPStatus(error.status_code)
        return write(Problem(title=status.phrase, status=status.value), error.headers)

    async def unexpected(_: Request, error: Exception) -> Response:
        error_id = uuid4().hex
        log.error("unexpected error", error_id=error_id, kind=type(error).__name__)
        return write(
            Problem(
                title="Unexpected error",
                status=500,
                detail=f"Look for {error_id} in the centre's log.",
                instance=f"urn:uuid:{error_id}",
            )
        )

    app.add_exception_handler(errors.HubError, typed)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, routed)
    app.add_exception_handler(Exception, unexpected)
