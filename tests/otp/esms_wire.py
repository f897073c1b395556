"""eSMS as its developer documentation shows it: takes messages, guards references, fails as a test scripts it."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from otp.esms_gateway import SEND, STATUS, EsmsAccount, EsmsGateway


class FakeEsms:
    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.seen: set[str] = set()
        self.next_answer: tuple[int, str] | None = None
        self.outcome: dict[str, Any] = {"SendStatus": 2, "SendSuccess": 0, "SendFailed": 0}

    async def send(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        self.requests.append(asked)
        answer, self.next_answer = self.next_answer, None
        if answer is not None and answer[1] == "cut":
            assert request.transport is not None
            self.seen.add(asked["RequestId"])
            request.transport.close()
            return web.Response()
        if answer is not None:
            return web.Response(status=answer[0], text=answer[1])
        if asked["RequestId"] in self.seen:
            return web.json_response({"CodeResult": "124", "ErrorMessage": "Request exist 1", "SendStatus": "5"})
        self.seen.add(asked["RequestId"])
        return web.json_response({"CodeResult": "100", "CountRegenerate": 0, "SMSID": "d533459ee42b2b95"})

    async def status(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(dict(request.query))
        answer, self.next_answer = self.next_answer, None
        if answer is not None:
            return web.Response(status=answer[0], text=answer[1])
        return web.json_response({"CodeResponse": "100", "SMSID": request.query["RefId"], **self.outcome})


@pytest.fixture
def esms() -> FakeEsms:
    return FakeEsms()


@pytest.fixture
async def open_esms(esms: FakeEsms) -> AsyncIterator[Callable[..., EsmsGateway]]:
    app = web.Application()
    app.router.add_post(SEND, esms.send)
    app.router.add_get(STATUS, esms.status)
    runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    opened: list[EsmsGateway] = []

    def make(**fields: Any) -> EsmsGateway:
        known: dict[str, Any] = {
            "api_key": "key",
            "secret_key": "secret",
            "brandname": "UBND-HOAMAI",
            "base_url": f"http://{host}:{port}",
        }
        opened.append(EsmsGateway(EsmsAccount(**(known | fields))))
        return opened[-1]

    yield make
    for gateway in opened:
        await gateway.close()
    await runner.cleanup()
