"""The line to the centre: one request at a time asked of it, and what its answers mean.

Every failure is either a `CentreFault` (ask again later) or a `CentreRefusedError` (final, with the centre's problem).
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import httpx
from pydantic import ValidationError

from locker import wire

LONGEST_WAIT_S = 300.0
KEY_WAIT_S = 60.0
WORTH_GZIP = 1400
"""Bytes of one packet: what fits into it gains nothing."""


class CentreFault(Exception):
    """The centre did not take it now; try again, not before `wait_s` seconds."""

    def __init__(self, message: str, *, wait_s: float = 0.0) -> None:
        self.wait_s = wait_s
        super().__init__(message)


class CentreRefusedError(Exception):
    """The centre answered with a final problem."""

    def __init__(self, problem: wire.Problem) -> None:
        self.problem = problem
        super().__init__(problem.title)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the centre is, and how the cabinet shows who it is."""

    url: str
    cabinet: str
    key: str
    poll_s: int = 25


class Client(Protocol):
    """What is used of `httpx.AsyncClient`."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        headers: Mapping[str, str],
        timeout: float,  # noqa: ASYNC109  as httpx has it
    ) -> httpx.Response: ...


class CentreLine:
    """Asks the centre over an HTTP client that somebody else owns; knows whether it answered last."""

    def __init__(self, *, address: Address, client: Client, utc_ms: Callable[[], int]) -> None:
        self.address = address
        self.is_online = False
        self.last_contact: int | None = None
        self._takes_gzip = False
        self._client = client
        self._utc_ms = utc_ms

    async def ask(self, method: str, path: str, *, content: bytes | None = None, timeout_s: float = 30.0) -> bytes:
        """One request; the body of a good answer. Raises CentreFault, CentreRefusedError."""
        headers = {"authorization": f"Bearer {self.address.key}", "content-type": "application/json"}
        if content is not None and self._takes_gzip and len(content) >= WORTH_GZIP:
            content = gzip.compress(content, mtime=0)
            headers["content-encoding"] = "gzip"
        try:
            answer = await self._client.request(
                method,
                f"{self.address.url.rstrip('/')}/v1/cabinets/{self.address.cabinet}/{path}",
                content=content,
                headers=headers,
                timeout=timeout_s,
            )
        except httpx.HTTPError as error:
            raise CentreFault(f"{type(error).__name__}; check the line and [centre] url") from error
        self._takes_gzip = "gzip" in answer.headers.get("accept-encoding", "")
        if answer.is_success:
            self.is_online = True
            self.last_contact = self._utc_ms()
            return answer.content
        after = answer.headers.get("retry-after", "")
        wait_s = min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0
        if answer.status_code in (401, 403):
            raise CentreFault("the centre does not know this cabinet's key; register it there", wait_s=60.0)
        if answer.status_code in (408, 425, 429) or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise CentreFault(f"the centre answered {answer.status_code}", wait_s=wait_s)
        try:
            problem = wire.Problem.model_validate_json(answer.content)
        except ValidationError as error:
            raise CentreFault(f"the centre answered {answer.status_code} without a problem", wait_s=wait_s) from error
        raise CentreRefusedError(problem)

    async def stand(self, *, after: int, limit: int = 1) -> wire.EventsOut:
        """Where the centre stands, with up to `limit` of its facts behind `after`. Raises CentreFault."""
        try:
            return wire.EventsOut.model_validate_json(await self.ask("GET", f"events?after={after}&limit={limit}"))
        except (ValidationError, CentreRefusedError) as error:
            raise CentreFault(f"the centre does not say where it stands ({type(error).__name__})") from error

    async def wishes(self, *, after: int, wait_s: int, timeout_s: float = 30.0) -> wire.WishesOut:
        """Wishes behind `after`; without any the centre holds the line for `wait_s` seconds. Raises CentreFault."""
        path = f"wishes?after={after}&wait={wait_s}"
        try:
            return wire.WishesOut.model_validate_json(await self.ask("GET", path, timeout_s=timeout_s))
        except ValidationError as error:
            raise CentreFault("the centre's wishes cannot be read; update this release") from error
        except CentreRefusedError as refused:
            raise CentreFault(f"the centre refuses to give wishes ({refused})", wait_s=KEY_WAIT_S) from refused

    async def give(self, body: bytes) -> int:
        """Facts in order, as `body_of` writes them; through which number the centre has committed.

        Raises CentreFault, CentreRefusedError.
        """
        answer = await self.ask("POST", "events", content=body)
        try:
            return wire.Acked.model_validate_json(answer).acked_through
        except ValidationError as error:
            raise CentreFault("the centre's acknowledgement cannot be read") from error


def body_of(facts: Sequence[wire.Envelope], *, epoch: int) -> bytes:
    """The body of a request that gives these facts."""
    return wire.EventsIn(events=list(facts), epoch=epoch).model_dump_json(exclude_none=True).encode()
