"""Voice calls through the real Twilio client, against Twilio's HTTP on the wire."""

import xml.etree.ElementTree as ET
from datetime import timedelta
from typing import Any

import pytest

from otp import errors, spoken
from otp.gateway import DeliveryState, Outgoing, SmsGateway
from otp.twilio_calls import TwilioCalls

MESSAGE = Outgoing(
    reference="n-1", recipient="+84912345678", text="x", spoken=spoken.code("4821 7390 5562", "Hoa <&> Mai", "vi")
)


def test_a_code_is_spoken_digit_by_digit_three_times() -> None:
    said = spoken.code("4821 7390 5562", "UBND Phường Hoa Mai", "vi")
    assert said[0].startswith("Đây là tủ hồ sơ của UBND Phường Hoa Mai")
    assert said[1:4] == ("bốn, tám, hai, một.", "bảy, ba, chín, không.", "năm, năm, sáu, hai.")
    assert sum(sentence == said[1] for sentence in said) == 3
    assert spoken.code("10", "x", "en")[1] == "one, zero."


async def test_a_call_speaks_the_code_and_rings_from_our_number(fake_twilio: Any, twilio_calls: TwilioCalls) -> None:
    gateway: SmsGateway = twilio_calls
    sent = await gateway.send(MESSAGE)
    assert sent.provider_id == fake_twilio.calls[0]["sid"]
    [(_, form, _authorization)] = fake_twilio.requests
    assert (form["To"], form["From"], form["Timeout"], form["TimeLimit"]) == (
        "+84912345678",
        "+842838291234",
        "40",
        "180",
    )
    said = ET.fromstring(form["Twiml"])
    assert [one.text for one in said.iter("Say")] == list(MESSAGE.spoken)
    assert {(one.get("language"), one.get("voice")) for one in said.iter("Say")} == {
        ("vi-VN", "Google.vi-VN-Standard-A")
    }
    assert len(form["Twiml"]) < twilio_calls.capabilities.max_length


@pytest.mark.parametrize(
    ("told", "state", "failure"),
    [
        ("ringing", DeliveryState.WAITING, None),
        ("in-progress", DeliveryState.WAITING, None),
        ("completed", DeliveryState.DELIVERED, None),
        ("no-answer", DeliveryState.FAILED, errors.HandsetUnreachable),
        ("busy", DeliveryState.FAILED, errors.HandsetUnreachable),
        ("failed", DeliveryState.FAILED, errors.NumberRefused),
    ],
)
async def test_what_became_of_a_call(
    fake_twilio: Any,
    twilio_calls: TwilioCalls,
    told: str,
    state: DeliveryState,
    failure: type[errors.SmsError] | None,
) -> None:
    sent = await twilio_calls.send(MESSAGE)
    fake_twilio.calls[0]["status"] = told
    status = await twilio_calls.status(sent.provider_id)
    assert status.state is state
    assert (None if status.failure is None else type(status.failure)) is failure


async def test_a_call_of_unknown_outcome_is_looked_up(fake_twilio: Any, twilio_calls: TwilioCalls) -> None:
    fake_twilio.next_answer = "cut"
    with pytest.raises(errors.OutcomeUnknown):
        await twilio_calls.send(MESSAGE)
    since = int(fake_twilio.created_at.timestamp() * 1000)
    found = await twilio_calls.find(MESSAGE, since_utc_ms=since)
    assert found is not None
    assert found.provider_id == fake_twilio.calls[0]["sid"]
    later = since + int(timedelta(minutes=5).total_seconds() * 1000)
    assert await twilio_calls.find(MESSAGE, since_utc_ms=later) is None
    assert await twilio_calls.find(MESSAGE, since_utc_ms=None) is None


@pytest.mark.parametrize(("code", "kind"), [(21215, errors.GatewayMisconfigured), (21214, errors.NumberRefused)])
async def test_why_a_call_is_refused(
    fake_twilio: Any, twilio_calls: TwilioCalls, code: int, kind: type[errors.SmsError]
) -> None:
    fake_twilio.fail(400, code)
    with pytest.raises(kind):
        await twilio_calls.send(MESSAGE)


async def test_what_has_no_spoken_words_is_never_called_out(fake_twilio: Any, twilio_calls: TwilioCalls) -> None:
    with pytest.raises(errors.TextRefused):
        await twilio_calls.send(Outgoing(reference="n", recipient="+84912345678", text="x"))
    assert fake_twilio.requests == []
