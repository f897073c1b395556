"""A Twilio that speaks HTTP on loopback: takes messages, lists them, and fails as a test scripts it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web
from hypothesis import settings

from otp.twilio_calls import TwilioCalls, Voices
from otp.twilio_gateway import TwilioAccount, TwilioGateway
from tests.otp.esms_wire import esms, open_esms  # noqa: F401  fixtures

# A busy machine is no bug of a property.
settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")

ACCOUNT = "AC" + "0" * 32
CALLS = f"/2010-04-01/Accounts/{ACCOUNT}/Calls"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"


class FakeTwilio:
    """`next_answer` is (status, body, headers), `silent` (taken, never answered) or `cut` (taken, line cut)."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.calls: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str], str | None]] = []
        self.next_answer: tuple[int, str, dict[str, str]] | str | None = None
        self.created_at = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
        self.is_erasing_refused = False
        self.released = asyncio.Event()

    def fail(self, status: int, code: int | None = None, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"code": code, "message": "no", "status": status}) if code is not None else "<html>no</html>"
        self.next_answer = (status, body, headers or {})

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.requests.append(("POST", form, request.headers.get("Authorization")))
        answer, self.next_answer = self.next_answer, None
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], text=answer[1], headers=answer[2])
        message = {
            "sid": f"SM{len(self.messages):032x}",
            "status": "queued",
            "error_code": None,
            "to": form["To"],
            "body": form["Body"],
            "date_created": format_datetime(self.created_at),
        }
        self.messages.insert(0, message)
        if answer == "silent":
            await self.released.wait()
        if answer == "cut":
            assert request.transport is not None
            request.transport.close()
        return web.json_response(message, status=201)

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        answer, self.next_answer = self.next_answer, None
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], text=answer[1], headers=answer[2])
        sid = request.match_info["sid"]
        for message in self.messages:
            if message["sid"] == sid:
                return web.json_response(message)
        return web.json_response({"code": 20404, "message": "not found", "status": 404}, status=404)

    async def update(self, request: web.Request) -> web.StreamResponse:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.requests.append(("POST", form, request.headers.get("Authorization")))
        if self.is_erasing_refused:
            return web.json_response({"code": 20503, "message": "later", "status": 503}, status=503)
        for message in self.messages:
            if message["sid"] == request.match_info["sid"]:
                message["body"] = form["Body"]
        return await self.fetch(request)

    async def list(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.requests.append(("GET", query, request.headers.get("Authorization")))
        answer, self.next_answer = self.next_answer, None
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], text=answer[1], headers=answer[2])
        found = [message for message in self.messages if message["to"] == query["To"]]
        return web.json_response({"messages": found, "page": 0, "page_size": 50, "next_page_uri": None})

    async def call(self, request: web.Request) -> web.StreamResponse:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.requests.append(("POST", form, request.headers.get("Authorization")))
        answer, self.next_answer = self.next_answer, None
        if isinstance(answer, tuple):
            return web.Response(status=answer[0], text=answer[1], headers=answer[2])
        made = {
            "sid": f"CA{len(self.calls):032x}",
            "status": "queued",
            "to": form["To"],
            "from": form["From"],
            "date_created": format_datetime(self.created_at),
        }
        self.calls.insert(0, made)
        if answer == "cut":
            assert request.transport is not None
            request.transport.close()
        return web.json_response(made, status=201)

    async def fetch_call(self, request: web.Request) -> web.StreamResponse:
        sid = request.match_info["sid"]
        return web.json_response(next(call for call in self.calls if call["sid"] == sid))

    async def list_calls(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        self.requests.append(("GET", query, request.headers.get("Authorization")))
        found = [call for call in self.calls if (call["to"], call["from"]) == (query["To"], query["From"])]
        return web.json_response({"calls": found, "page": 0, "page_size": 50, "next_page_uri": None})


@pytest.fixture
async def twilio_wire() -> AsyncIterator[tuple[FakeTwilio, str]]:
    """The fake and its address."""
    fake = FakeTwilio()
    app = web.Application()
    app.router.add_post(f"{MESSAGES}.json", fake.create)
    app.router.add_get(f"{MESSAGES}.json", fake.list)
    app.router.add_get(MESSAGES + "/{sid}.json", fake.fetch)
    app.router.add_post(MESSAGES + "/{sid}.json", fake.update)
    app.router.add_post(f"{CALLS}.json", fake.call)
    app.router.add_get(f"{CALLS}.json", fake.list_calls)
    app.router.add_get(CALLS + "/{sid}.json", fake.fetch_call)
    runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield fake, f"http://{host}:{port}"
    finally:
        fake.released.set()
        await runner.cleanup()


@pytest.fixture
def fake_twilio(twilio_wire: tuple[FakeTwilio, str]) -> FakeTwilio:
    return twilio_wire[0]


@pytest.fixture
async def gateway_with(
    twilio_wire: tuple[FakeTwilio, str],
) -> AsyncIterator[Callable[..., TwilioGateway]]:
    """Gateways to the fake, closed at the end; name other account fields as needed."""
    opened: list[TwilioGateway] = []

    def open_gateway(**fields: Any) -> TwilioGateway:
        known = {"account_sid": ACCOUNT, "auth_token": "token", "sender": "UBND HoaMai", "base_url": twilio_wire[1]}
        opened.append(TwilioGateway(TwilioAccount(**(known | fields))))
        return opened[-1]

    yield open_gateway
    for gateway in opened:
        await gateway.close()


@pytest.fixture
def twilio_gateway(gateway_with: Callable[..., TwilioGateway]) -> TwilioGateway:
    return gateway_with()


@pytest.fixture
async def twilio_calls(twilio_wire: tuple[FakeTwilio, str]) -> AsyncIterator[TwilioCalls]:
    """Calls through the fake."""
    account = TwilioAccount(account_sid=ACCOUNT, auth_token="token", sender="UBND HoaMai", base_url=twilio_wire[1])
    calls = TwilioCalls(account, Voices(caller="+842838291234"))
    yield calls
    await calls.close()
