"""Pushes to a cabinet's side of the wire: signed, in order, resent from where the cabinet says."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from hub import server
from hub.cabinets import Cabinet
from hub.push import Answer, PushError, advance
from locker import wire

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class Inbox:
    """A cabinet that takes pushes. `script` holds answers to give before it behaves."""

    through: int = 0
    script: list[Response] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: Request) -> Response:
        body = await request.body()
        Webhook(SECRET).verify(body, dict(request.headers))
        self.ids.append(request.headers["webhook-id"])
        if self.script:
            return self.script.pop(0)
        batch = wire.WishesOut.model_validate_json(body)
        if batch.wishes[0].wish_seq != self.through + 1:
            gap = wire.Problem(type=wire.problem_type("gap"), title="gap", status=409, expected=self.through + 1)
            return Response(gap.model_dump_json(), 409, media_type="application/problem+json")
        async with self.news:
            self.through = batch.wishes[-1].wish_seq
            self.news.notify_all()
        return Response(wire.Received(received_through=self.through).model_dump_json(), media_type="application/json")

    async def has(self, through: int) -> None:
        async with asyncio.timeout(20), self.news:
            await self.news.wait_for(lambda: self.through >= through)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
async def cabinet_url(inbox: Inbox) -> AsyncIterator[str]:
    app = FastAPI()
    app.post("/v1/wishes")(inbox.take)
    running = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    with server.bind("127.0.0.1", 0) as bound:
        task = asyncio.create_task(running.serve([bound]))
        yield server.address_of(bound)
        running.should_exit = True
        await task


@pytest.fixture
async def pushing(database: str, serve: Any, call: Any, cabinet_url: str) -> AsyncIterator[Any]:
    known = Cabinet(id="hoa-mai-01", key="key-of-the-first-cabinet", url=cabinet_url, push_secret=SECRET)
    running = serve(database, known)
    centre = await asyncio.to_thread(running.__enter__)
    try:
        async with call(centre) as called:
            yield called
    finally:
        await asyncio.to_thread(running.__exit__, None, None, None)


async def test_a_wish_is_pushed_at_once_under_a_signature(pushing: Any, inbox: Inbox) -> None:
    await pushing.announce()
    await inbox.has(1)
    await pushing.announce()
    await inbox.has(2)
    assert inbox.ids == ["hoa-mai-01-1-1", "hoa-mai-01-2-2"]


async def test_a_gap_is_filled_from_where_the_cabinet_says(pushing: Any, inbox: Inbox) -> None:
    for _ in range(3):
        await pushing.announce()
    await inbox.has(3)
    inbox.through = 1
    await pushing.announce()
    await inbox.has(4)
    assert inbox.ids[-2:] == ["hoa-mai-01-4-4", "hoa-mai-01-2-4"]


async def test_a_push_that_fails_is_repeated_under_the_same_id(pushing: Any, inbox: Inbox) -> None:
    inbox.script = [Response(status_code=503), Response("nonsense", 200), Response(status_code=429)]
    await pushing.announce()
    await inbox.has(1)
    assert inbox.ids == ["hoa-mai-01-1-1"] * 4


def test_a_cabinet_that_goes_in_circles_is_left_to_its_pull_for_a_while() -> None:
    assert advance(Answer(3, was_gap=False), Answer(1, was_gap=True)) == Answer(1, was_gap=True)
    assert advance(Answer(3, was_gap=True), Answer(4, was_gap=False)) == Answer(4, was_gap=False)
    for at, answer in (
        (Answer(3, was_gap=False), Answer(3, was_gap=True)),
        (Answer(1, was_gap=True), Answer(3, was_gap=True)),
    ):
        with pytest.raises(PushError):
            advance(at, answer)
