"""Pushes wishes to the cabinets the centre can reach: Standard Webhooks 1.0, HMAC-SHA256, same inbox as the pull."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog
from pydantic import ValidationError
from standardwebhooks import Webhook

from hub import wishes
from hub.bell import Bell
from hub.chance import Chance
from hub.errors import HubError
from hub.store import Store
from locker.wire import Problem, Received, WishesOut

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 300.0
LOOK_AGAIN_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Target:
    """A cabinet that can be reached at `url`; `secret` is its `whsec_...`."""

    cabinet: str
    url: str
    secret: str


@dataclass(frozen=True)
class Answer:
    """Where to go on from, in the cabinet's own word."""

    cursor: int
    was_gap: bool


class PushError(Exception):
    """A push was not taken; it is tried again, not before `wait_s` seconds (Retry-After) have gone."""

    def __init__(self, detail: str, *, wait_s: float = 0.0) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


def sign(target: Target, batch: WishesOut, body: str, at: datetime) -> dict[str, str]:
    """Headers of a push. `webhook-id` stays the same over repeats of the same wishes."""
    message_id = f"{target.cabinet}-{batch.wishes[0].wish_seq}-{batch.wishes[-1].wish_seq}"
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(target.secret).sign(message_id, at, body),
    }


async def push(target: Target, batch: WishesOut, *, client: httpx.AsyncClient, now: Callable[[], datetime]) -> Answer:
    """Send a batch once. PushError."""
    body = batch.model_dump_json(exclude_unset=True)
    try:
        answer = await client.post(
            f"{target.url.rstrip('/')}/v1/wishes", content=body, headers=sign(target, batch, body, now())
        )
    except httpx.HTTPError as error:
        raise PushError(f"the cabinet cannot be reached ({type(error).__name__}); its pull will fetch them") from error
    try:
        if answer.status_code == httpx.codes.OK:
            return Answer(cursor=Received.model_validate_json(answer.content).received_through, was_gap=False)
        if answer.status_code == httpx.codes.CONFLICT:
            problem = Problem.model_validate_json(answer.content)
            if problem.name == "gap" and problem.expected is not None and problem.expected >= 1:
                return Answer(cursor=problem.expected - 1, was_gap=True)
    except ValidationError as error:
        raise PushError("the cabinet's answer cannot be read; compare its release with the centre's") from error
    after = answer.headers.get("retry-after", "")
    wait_s = min(float(after), LONGEST_WAIT_S) if after.isdecimal() else 0.0
    raise PushError(f"the cabinet answered {answer.status_code}", wait_s=wait_s)


def advance(at: Answer, answer: Answer) -> Answer:
    """The place to go on from; PushError if the cabinet goes in circles."""
    if answer.was_gap and (at.was_gap or answer.cursor == at.cursor):
        raise PushError("the cabinet asks for what it was just sent; look at its inbox")
    return answer


async def run(target: Target, *, store: Store, bell: Bell, client: httpx.AsyncClient, chance: Chance) -> None:
    """Keep one cabinet's inbox full until cancelled; retries with full jitter, 1 to 300 s."""
    log = structlog.get_logger().bind(cabinet=target.cabinet)
    at = Answer(cursor=0, was_gap=False)
    failures = 0
    with bell.listen(target.cabinet) as rope:
        while not bell.is_closed:
            try:
                batch = await store.call(wishes.after, target.cabinet, at.cursor)
                if not batch.wishes:
                    await rope.wait(LOOK_AGAIN_S)
                    continue
                at = advance(at, await push(target, batch, client=client, now=chance.now))
                failures = 0
            except (PushError, HubError) as error:
                (log.debug if failures else log.warning)("push failed", detail=str(error), failures=failures)
                longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(failures, 10))
                failures += 1
                at = Answer(cursor=at.cursor, was_gap=False)
                await asyncio.sleep(max(chance.spread(longest), getattr(error, "wait_s", 0.0)))


async def run_all(targets: list[Target], *, store: Store, bell: Bell, chance: Chance) -> None:
    """Push to every target until cancelled."""
    async with httpx.AsyncClient(timeout=15.0) as client, asyncio.TaskGroup() as group:
        for target in targets:
            group.create_task(run(target, store=store, bell=bell, client=client, chance=chance))
