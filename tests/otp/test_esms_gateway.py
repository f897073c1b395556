"""eSMS as its developer documentation shows it, on a real HTTP wire."""

from collections.abc import Callable
from typing import Any

import pytest

from otp import errors
from otp.esms_gateway import REFUSALS, EsmsAccount, EsmsGateway
from otp.gateway import DeliveryState, Outgoing, SmsGateway
from tests.otp.esms_wire import FakeEsms

MESSAGE = Outgoing(reference="n-1", recipient="+84912345678", text="UBND P.Hoa Mai: MA MO TU 4821 7390 5562")


async def test_a_message_is_posted_as_documented(esms: FakeEsms, open_esms: Callable[..., EsmsGateway]) -> None:
    gateway: SmsGateway = open_esms()
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


async def test_accents_and_the_sandbox_are_said(esms: FakeEsms, open_esms: Callable[..., EsmsGateway]) -> None:
    await open_esms(is_sandbox=True).send(Outgoing("n-2", "+84912345678", "Mã mở tủ"))
    assert (esms.requests[0]["IsUnicode"], esms.requests[0]["Sandbox"]) == ("1", "1")


async def test_a_repeat_after_an_unknown_outcome_goes_out_once(
    esms: FakeEsms, open_esms: Callable[..., EsmsGateway]
) -> None:
    gateway = open_esms()
    esms.next_answer = (200, "cut")
    with pytest.raises(errors.OutcomeUnknown):
        await gateway.send(MESSAGE)
    assert await gateway.find(MESSAGE, since_utc_ms=None) is None
    sent = await gateway.send(MESSAGE)
    assert len(esms.seen) == 1
    assert (await gateway.status(sent.provider_id)).state is DeliveryState.WAITING


@pytest.mark.parametrize("code", sorted(REFUSALS))
async def test_each_refusal_is_final_so_that_the_guard_never_swallows_a_repeat(
    esms: FakeEsms, open_esms: Callable[..., EsmsGateway], code: str
) -> None:
    esms.next_answer = (200, f'{{"CodeResult": "{code}", "ErrorMessage": "no"}}')
    with pytest.raises(errors.Final) as caught:
        await open_esms().send(MESSAGE)
    assert type(caught.value) is REFUSALS[code][0]
    assert caught.value.code == int(code)


async def test_a_code_nobody_knows_is_final_too(esms: FakeEsms, open_esms: Callable[..., EsmsGateway]) -> None:
    esms.next_answer = (200, '{"CodeResult": "888"}')
    with pytest.raises(errors.GatewayMisconfigured):
        await open_esms().send(MESSAGE)


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
    esms: FakeEsms, open_esms: Callable[..., EsmsGateway], answer: tuple[int, str], cause: type[errors.SmsError]
) -> None:
    esms.next_answer = answer
    with pytest.raises(cause):
        await open_esms().send(MESSAGE)
    esms.next_answer = answer
    with pytest.raises(errors.GatewayBusy):
        await open_esms().status("d533459ee42b2b95")


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
    esms: FakeEsms, open_esms: Callable[..., EsmsGateway], outcome: dict[str, Any], state: DeliveryState
) -> None:
    esms.outcome = outcome
    told = await open_esms().status("d533459ee42b2b95")
    assert told.state is state
    assert (told.failure is not None) == (state is DeliveryState.FAILED)


async def test_a_foreign_number_and_a_dead_line_send_nothing(
    esms: FakeEsms, open_esms: Callable[..., EsmsGateway]
) -> None:
    with pytest.raises(errors.NumberRefused):
        await open_esms().send(Outgoing("n-3", "+33612345678", "x"))
    with pytest.raises(errors.GatewayUnreachable):
        await open_esms(base_url="http://127.0.0.1:9").send(MESSAGE)
    assert not esms.requests


def test_keys_are_not_shown() -> None:
    assert "secret" not in repr(EsmsAccount(api_key="key", secret_key="secret", brandname="B")).replace(
        "secret_key", ""
    )
