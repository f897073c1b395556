"""Every request of the Twilio driver against Twilio's own OpenAPI description: a mock made from it alone.

The description comes with the npm package @twilio/cli-core; `.ci/setup dev` puts it beside the packages. openapi-core
judges each request by it, and what is answered are the description's own examples.
"""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.validation.request.exceptions import RequestValidationError
from werkzeug.datastructures import Headers, ImmutableMultiDict

from otp.gateway import Outgoing
from otp.twilio_gateway import TwilioAccount, TwilioGateway

DESCRIPTION = Path(sys.prefix) / "twilio_api_v2010.json"
ACCOUNT = "AC" + "0" * 32
HOST = "https://api.twilio.com"
PATHS = (
    "/2010-04-01/Accounts/{AccountSid}/Messages.json",
    "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json",
)


class Asked:
    """One request as openapi-core wants it."""

    def __init__(self, request: web.Request, body: bytes) -> None:
        self.host_url = HOST
        self.path = request.path
        self.method = request.method.lower()
        self.body = body
        self.content_type = request.headers.get("Content-Type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.query), header=Headers(dict(request.headers)), cookie=ImmutableMultiDict()
        )


class Described:
    """The mock: refuses what the description does not describe, answers with its examples."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.paths = {path: description["paths"][path] for path in PATHS}
        part = {**description, "servers": [{"url": HOST}], "paths": self.paths}
        self.judge = OpenAPI.from_dict(part, config=Config(spec_validator_cls=None))
        self.judged: list[tuple[str, str]] = []
        self.refused: list[str] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request, await request.read())
        try:
            self.judge.validate_request(asked)
        except OpenAPIError as error:
            self.refused.append(repr(error.__cause__ or error))
            return web.json_response({"code": 20001, "message": "not as described"}, status=400)
        path = PATHS[0] if request.path.endswith("/Messages.json") else PATHS[1]
        self.judged.append((asked.method, path))
        status, told = next(iter(self.paths[path][asked.method]["responses"].items()))
        examples = [one["value"] for one in told["content"]["application/json"]["examples"].values()]
        # Its first page of a list leads to a second one by an address that its own schema refuses.
        last = next(one for one in examples if one.get("next_page_uri") is None)
        return web.json_response(last, status=int(status))


@pytest.fixture(scope="module")
def described() -> Described:
    assert DESCRIPTION.exists(), "Twilio's description is not there; run: .ci/setup dev (it needs npm)"
    return Described(json.loads(DESCRIPTION.read_bytes()))


@pytest.fixture
async def gateway(described: Described) -> AsyncIterator[TwilioGateway]:
    described.judged.clear()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", described.answer)
    runner = web.AppRunner(app, shutdown_timeout=1.0, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    account = TwilioAccount(ACCOUNT, "token", "UBND HoaMai", base_url=f"http://{host}:{port}")
    async with TwilioGateway(account) as gateway:
        yield gateway
    await runner.cleanup()


@pytest.mark.parametrize("valid_seconds", [None, 1, 3600, 10**6])
async def test_each_request_is_as_twilio_describes_it(
    described: Described, gateway: TwilioGateway, valid_seconds: int | None
) -> None:
    message = Outgoing("n-1", "+84912345678", "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. 100% & +", valid_seconds)
    sent = await gateway.send(message)
    assert described.refused == []
    assert sent.provider_id.startswith("SM")
    await gateway.status(sent.provider_id)
    await gateway.find(message, since_utc_ms=1_790_000_000_000)
    await gateway.erase(sent.provider_id)
    assert described.judged == [("post", PATHS[0]), ("get", PATHS[1]), ("get", PATHS[0]), ("post", PATHS[1])]


def test_the_judge_refuses_what_is_not_described(described: Described) -> None:
    class Wrong:
        host_url, method, content_type = HOST, "post", "application/x-www-form-urlencoded"
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        body = b"Body=x&ValidityPeriod=an+hour"
        parameters = RequestParameters(query=ImmutableMultiDict(), header=Headers(), cookie=ImmutableMultiDict())

    with pytest.raises(RequestValidationError):
        described.judge.validate_request(Wrong())
