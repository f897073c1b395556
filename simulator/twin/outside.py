"""What is outside the cabinet, in memory: the centre as an HTTP client reaches it, and two ways to send a message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from locker import wire
from otp.errors import GatewayUnreachable, HandsetUnreachable, OutcomeUnknown
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent

ANSWER_S = 3.0
"""A slow line: facts of one moment travel in one batch."""
LOST_ANSWERS = 0.01


class CentreContradicted(Exception):
    """A cabinet sent other facts under numbers the centre had acknowledged, or left a gap in silence."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact on the line: `at` is its place in the request that brought it."""

    hash: str
    request: bytes
    at: int

    def read(self) -> dict[str, Any]:
        """The envelope again."""
        found: dict[str, Any] = json.loads(self.request)["events"][self.at]
        return found


@dataclass
class Centre:
    """One cabinet's line of facts and wishes, as a `locker.centre.Client`. `is_down`: nobody answers."""

    cabinet: str
    rng: Random
    utc: Callable[[], str]
    is_down: bool = False
    facts: list[Fact] = field(default_factory=list)
    epoch: int = 0
    wishes: list[wire.Wish] = field(default_factory=list)
    _more: asyncio.Event = field(default_factory=asyncio.Event)

    def wish(self, kind: str, body: Mapping[str, Any]) -> None:
        """Ask something of the cabinet."""
        number = len(self.wishes) + 1
        self.wishes.append(
            wire.Wish(
                wish_seq=number,
                wish_id=f"w-{number}",
                kind=kind,
                seen_through=len(self.facts),
                issued_at=self.utc(),
                body=dict(body),
            )
        )
        self._more.set()
        self._more = asyncio.Event()

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None,
        headers: Mapping[str, str],  # noqa: ARG002  the shape of Client
        timeout: float,  # noqa: ASYNC109, ARG002  the shape of Client
    ) -> httpx.Response:
        """The centre's half of `docs/centre-protocol.md` as far as one cabinet needs it. Raises httpx.HTTPError."""
        await asyncio.sleep(ANSWER_S)
        self._require_up()
        asked = urlsplit(url)
        query = {name: int(values[0]) for name, values in parse_qs(asked.query).items()}
        if method == "POST":
            status, answer = self._take(content or b"")
        elif asked.path.endswith("/wishes"):
            status, answer = 200, await self._give(query["after"], query["wait"])
        else:
            told = [fact.read() for fact in self.facts[query["after"] : query["after"] + query["limit"]]]
            status, answer = 200, {"events": told, **self._stand()}
        if self.rng.random() < LOST_ANSWERS:
            raise httpx.ReadTimeout("the answer was lost")
        return httpx.Response(status, content=json.dumps(answer).encode())

    def _require_up(self) -> None:
        if self.is_down:
            raise httpx.ConnectError("no route")

    def _stand(self) -> dict[str, Any]:
        return {"epoch": self.epoch, "acked_through": len(self.facts), "head_hash": self._hash(len(self.facts))}

    def _hash(self, number: int) -> str:
        return self.facts[number - 1].hash if number else wire.GENESIS

    def _take(self, content: bytes) -> tuple[int, dict[str, Any]]:
        body = json.loads(content)
        for at, fact in enumerate(body["events"]):
            number = fact["cab_seq"]
            if number > len(self.facts) + 1:
                problem = {"type": wire.problem_type("gap"), "title": "gap", "status": 409}
                return 409, {**problem, "expected": len(self.facts) + 1}
            if number <= len(self.facts) and self._hash(number) == fact["hash"]:
                continue
            if number <= len(self.facts) and body["epoch"] <= self.epoch:
                raise CentreContradicted(f"fact {number} came a second time with another hash")
            if fact["prev_hash"] != self._hash(number - 1) or wire.event_hash(fact) != fact["hash"]:
                raise CentreContradicted(f"fact {number} does not continue the chain")
            del self.facts[number - 1 :]
            self.facts.append(Fact(fact["hash"], content, at))
            self.epoch = body["epoch"]
        return 200, {"acked_through": len(self.facts)}

    async def _give(self, after: int, wait_s: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(wait_s):
                while len(self.wishes) <= after:
                    await self._more.wait()
        except TimeoutError:
            pass
        self._require_up()
        found = [wish.model_dump() for wish in self.wishes[after : after + wire.MAX_WISHES]]
        return {"wishes": found, "head": len(self.wishes)}


@dataclass
class Gateway:
    """A provider of messages; `deliver(number, text)` is what reaches a phone. It may lose one in `lost`."""

    name: str
    rng: Random
    deliver: Callable[[str, str], None]
    lost: float
    is_down: bool = False
    count: int = 0
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            is_idempotent=False, has_delivery_reports=True, needs_templates=False, max_length=1600
        )
    )
    _taken: dict[str, str] = field(default_factory=dict)
    _failed: set[str] = field(default_factory=set)

    async def send(self, message: Outgoing) -> Sent:
        await asyncio.sleep(1.0 + 2.0 * self.rng.random())
        if self.is_down:
            if self.rng.random() < 0.1:
                raise OutcomeUnknown("no answer came")
            raise GatewayUnreachable("no connection")
        self.count += 1
        provider_id = f"{self.name}-{self.count}"
        self._taken[message.reference] = provider_id
        fate = self.rng.random()
        if fate < self.lost / 2:
            self._failed.add(provider_id)
        elif fate >= self.lost:
            self.deliver(message.recipient, message.text)
        if self.rng.random() < 0.01:
            raise OutcomeUnknown("the answer was lost")
        return Sent(provider_id)

    async def status(self, provider_id: str) -> DeliveryStatus:
        """What was lost without a trace counts as delivered, as it does with real providers."""
        if provider_id in self._failed:
            self._failed.discard(provider_id)
            return DeliveryStatus(DeliveryState.FAILED, HandsetUnreachable("the phone is off", tries=3))
        return DeliveryStatus(DeliveryState.DELIVERED)

    async def erase(self, provider_id: str) -> None:
        """Nobody in a story reads a provider's archive."""

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:  # noqa: ARG002  by reference
        if self.is_down:
            raise GatewayUnreachable("no connection")
        found = self._taken.get(message.reference)
        return None if found is None else Sent(found)

    async def close(self) -> None:
        """Nothing is kept open."""
