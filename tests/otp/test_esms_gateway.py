"""eSMS as its developer documentation shows it, on a real HTTP wire."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from otp import errors
from otp.esms_gateway import REFUSALS, SEND, STATUS, EsmsAccount, EsmsGateway
from otp.gateway import DeliveryState, Outgoing, SmsGateway

MESSAGE = Outgoing(reference="n-1", recipient="+84912345678", text="UBND P.Hoa Mai: MA MO TU 4821 7390 5562")


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
async def open_gateway(esms: FakeEsms) -> AsyncIterator[Callable[..., EsmsGateway]]:
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


async def test_a_message_is_posted_as_documented(esms: FakeEsms, open_gateway: Callable[..., EsmsGateway]) -> None:
    gateway: SmsGateway = open_gateway()
    sent = await gateway.send(MESSAGE)
    assert sent.provider_id == "d533459ee42b2b95"
    assert esms.requests == [
        {
            "ApiKey": "key",
            "SecretKey": "secret",
            "Brandname": "UBND-HOAMAI",
            "SmsType": "2",
            "Phone": "0912345678",
            "Content": MESSAGE.text,
            "IsUnicode": "0",
            "Sandbox": "0",
            "RequestId": "n-1",
        }
    ]


async def test_accents_and_the_sandbox_are_said(esms: FakeEsms, open_gateway: Callable[..., EsmsGateway]) -> None:
    await open_gateway(is_sandbox=True).send(Outgoing("n-2", "+84912345678", "Mã mở tủ"))
    assert (esms.requests[0]["IsUnicode"], esms.requests[0]["Sandbox"]) == ("1", "1")


async def test_a_repeat_after_an_unknown_outcome_goes_out_once(
    esms: FakeEsms, open_gateway: Callable[..., EsmsGateway]
) -> None:
    gateway = open_gateway()
    esms.next_answer = (200, "cut")
    with pytest.raises(errors.OutcomeUnknown):
        await gateway.send(MESSAGE)
    assert await gateway.find(MESSAGE, since_utc_ms=None) is None
    sent = await gateway.send(MESSAGE)
    assert len(esms.seen) == 1
    assert (await gateway.status(sent.provider_id)).state is DeliveryState.WAITING


@pytest.mark.parametrize("code", sorted(REFUSALS))
async def test_each_refusal_is_final_so_that_the_guard_never_swallows_a_repeat(
    esms: FakeEsms, open_gateway: Callable[..., EsmsGateway], code: str
) -> None:
    esms.next_answer = (200, f'{{"CodeResult": "{code}", "ErrorMessage": "no"}}')
    with pytest.raises(errors.Final) as caught:
        await open_gateway().send(MESSAGE)
    assert type(caught.value) is REFUSALS[code][0]
    assert caught.value.code == int(code)


async def test_a_code_nobody_knows_is_final_too(esms: FakeEsms, open_gateway: Callable[..., EsmsGateway]) -> None:
    esms.next_answer = (200, '{"CodeResult": "888"}')
    with pytest.raises(errors.GatewayMisconfigured):
        await open_gateway().send(MESSAGE)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ((429, ""), errors.GatewayBusy),
        ((503, ""), errors.GatewayBusy),
        ((500, "<html>"), errors.OutcomeUnknown),
        ((200, "<html>"), errors.OutcomeUnknown),
        ((200, '{"error": "Invalid request"}'), errors.OutcomeUnknown),
        ((200, "[]"), errors.OutcomeUnknown),
    ],
)
async def test_what_is_no_answer_is_never_taken_for_one(
    esms: FakeEsms, open_gateway: Callable[..., EsmsGateway], answer: tuple[int, str], cause: type[errors.SmsError]
) -> None:
    esms.next_answer = answer
    with pytest.raises(cause):
        await open_gateway().send(MESSAGE)
    esms.next_answer = answer
    with pytest.raises(errors.GatewayBusy):
        await open_gateway().status("d533459ee42b2b95")


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ({"SendStatus": 2}, DeliveryState.WAITING),
        ({"SendStatus": 5, "SendSuccess": 1, "SendFailed": 0}, DeliveryState.DELIVERED),
        ({"SendStatus": "5", "SendSuccess": "1"}, DeliveryState.DELIVERED),
        ({"SendStatus": 5, "SendSuccess": 0, "SendFailed": 1}, DeliveryState.FAILED),
    ],
)
async def test_the_outcome_is_read_from_the_counts(
    esms: FakeEsms, open_gateway: Callable[..., EsmsGateway], outcome: dict[str, Any], state: DeliveryState
) -> None:
    esms.outcome = outcome
    told = await open_gateway().status("d533459ee42b2b95")
    assert told.state is state
    assert (told.failure is not None) == (state is DeliveryState.FAILED)


async def test_a_foreign_number_and_a_dead_line_send_nothing(
    esms: FakeEsms, open_gateway: Callable[..., EsmsGateway]
) -> None:
    with pytest.raises(errors.NumberRefused):
        await open_gateway().send(Outgoing("n-3", "+33612345678", "x"))
    with pytest.raises(errors.GatewayUnreachable):
        await open_gateway(base_url="http://127.0.0.1:9").send(MESSAGE)
    assert not esms.requests


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(EsmsAccount(api_key="key", secret_key="secret", brandname="B")).replace(
        "secret_key", ""
    )
