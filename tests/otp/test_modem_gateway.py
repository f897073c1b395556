import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from smspdudecoder.fields import SMSSubmit  # type: ignore[import-untyped]  # no types

from otp import errors
from otp.gateway import DeliveryState, Outgoing, SmsGateway
from otp.modem_gateway import ModemGateway, ModemPort
from simulator.modem import Modem, plugged

SHORT = "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. Giu kin ma."
MESSAGE = Outgoing(reference="n-1", recipient="+84912345678", text=SHORT, valid_seconds=3600)
LONG = Outgoing(reference="n-2", recipient="+84912345678", text=SHORT * 7, valid_seconds=3600)
Open = Callable[..., ModemGateway]


def text_of(taken: list[str]) -> str:
    return "".join(SMSSubmit.decode(StringIO(octets))["user_data"]["data"] for octets in taken)


@pytest.fixture
def modem() -> Modem:
    return Modem()


@pytest.fixture
async def port(modem: Modem) -> AsyncIterator[str]:
    with plugged(modem) as path:
        yield path


@pytest.fixture
async def open_gateway(port: str) -> AsyncIterator[Open]:
    opened: list[ModemGateway] = []

    def make(**fields: Any) -> ModemGateway:
        known: dict[str, Any] = {"port": port, "handed_over_within_s": 0.3}
        place = ModemPort(**(known | fields))
        opened.append(ModemGateway(place, draw=lambda size: bytes(range(size))))
        return opened[-1]

    yield make
    for gateway in opened:
        await gateway.close()


async def test_a_message_is_handed_over_and_its_report_comes_back(modem: Modem, open_gateway: Open) -> None:
    gateway: SmsGateway = open_gateway()
    sent = await gateway.send(MESSAGE)
    assert text_of(modem.taken) == SHORT
    assert "84912345678" not in sent.provider_id
    assert (await gateway.status(sent.provider_id)).state is DeliveryState.DELIVERED


async def test_a_long_message_goes_in_parts_and_is_delivered_when_all_are(modem: Modem, open_gateway: Open) -> None:
    gateway = open_gateway()
    sent = await gateway.send(LONG)
    assert len(modem.taken) == 3
    assert text_of(modem.taken) == LONG.text
    assert (await gateway.status(sent.provider_id)).state is DeliveryState.DELIVERED


async def test_without_reports_a_message_stays_waiting(modem: Modem, open_gateway: Open) -> None:
    modem.reports = False
    gateway = open_gateway()
    sent = await gateway.send(MESSAGE)
    assert (await gateway.status(sent.provider_id)).state is DeliveryState.WAITING
    assert (await gateway.status("of another run")).state is DeliveryState.WAITING


@pytest.mark.parametrize(("status", "cause"), [(0x41, errors.NumberRefused), (0x46, errors.HandsetUnreachable)])
async def test_a_report_of_failure_is_told_by_its_cause(
    modem: Modem, open_gateway: Open, status: int, cause: type[errors.SmsError]
) -> None:
    modem.status = status
    gateway = open_gateway()
    sent = await gateway.send(MESSAGE)
    for _ in range(2):
        told = await gateway.status(sent.provider_id)
    assert isinstance(told.failure, cause)
    modem.status = 0
    again = await gateway.send(MESSAGE)
    assert len(modem.taken) == 2
    assert (await gateway.status(again.provider_id)).state is DeliveryState.DELIVERED


async def test_after_a_refused_part_only_the_rest_is_sent_again(modem: Modem, open_gateway: Open) -> None:
    gateway = open_gateway()
    await gateway.send(MESSAGE)
    modem.taken.clear()
    modem.status = 0
    first = modem.feed

    def refuse_second(received: bytes) -> tuple[bytes, bool]:
        if len(modem.taken) == 1 and not modem.faults:
            modem.faults.append(("refuse", "+CMS ERROR: 42"))
        return first(received)

    modem.feed = refuse_second  # type: ignore[method-assign]  # the simulated modem is the wire
    with pytest.raises(errors.GatewayBusy):
        await gateway.send(LONG)
    modem.feed = first  # type: ignore[method-assign]  # as above
    modem.faults.clear()
    sent = await gateway.send(LONG)
    assert text_of(modem.taken) == LONG.text
    assert await gateway.find(LONG, since_utc_ms=None) == sent


@pytest.mark.parametrize("fault", ["silent", "cut"])
async def test_no_answer_after_the_octets_is_an_unknown_outcome(modem: Modem, open_gateway: Open, fault: Any) -> None:
    modem.faults.append((fault, ""))
    gateway = open_gateway()
    with pytest.raises(errors.OutcomeUnknown):
        await gateway.send(MESSAGE)
    assert await gateway.find(MESSAGE, since_utc_ms=None) is None


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        ("+CMS ERROR: 28", errors.NumberRefused),
        ("+CMS ERROR: 10", errors.GatewayMisconfigured),
        ("+CMS ERROR: 331", errors.GatewayBusy),
        ("+CMS ERROR: 332", errors.OutcomeUnknown),
        ("+CMS ERROR: 27", errors.HandsetUnreachable),
        ("+CMS ERROR: 500", errors.GatewayBusy),
        ("ERROR", errors.GatewayBusy),
    ],
)
async def test_a_refusal_is_told_by_its_number(
    modem: Modem, open_gateway: Open, answer: str, cause: type[errors.SmsError]
) -> None:
    modem.faults.append(("refuse", answer))
    gateway = open_gateway()
    with pytest.raises(cause):
        await gateway.send(MESSAGE)
    assert not modem.taken
    await gateway.send(MESSAGE)
    assert text_of(modem.taken) == SHORT


async def test_no_modem_no_network_and_no_centre_send_nothing(modem: Modem, open_gateway: Open) -> None:
    with pytest.raises(errors.GatewayUnreachable):
        await open_gateway(port="/dev/there-is-no-such-port").send(MESSAGE)
    gateway = open_gateway()
    modem.registration = 2
    with pytest.raises(errors.GatewayUnreachable):
        await gateway.send(MESSAGE)
    modem.registration = 3
    with pytest.raises(errors.LimitReached):
        await gateway.send(MESSAGE)
    modem.registration, modem.centre = 5, ""
    with pytest.raises(errors.GatewayMisconfigured):
        await gateway.send(MESSAGE)
    assert not modem.taken


async def test_a_pin_is_given_once_and_a_wrong_one_never_again(
    modem: Modem, open_gateway: Open, tmp_path: Path
) -> None:
    pin_file = tmp_path / "pin"
    pin_file.write_text("1234\n")
    modem.sim, modem.pin = "SIM PIN", "9876"
    gateway = open_gateway(pin_file=pin_file)
    for _ in range(3):
        with pytest.raises(errors.GatewayMisconfigured):
            await gateway.send(MESSAGE)
    assert modem.commands.count('AT+CPIN="1234"') == 1
    modem.pin = "1234"
    await open_gateway(pin_file=pin_file).send(MESSAGE)
    assert text_of(modem.taken) == SHORT


async def test_what_people_answered_is_deleted_unread(modem: Modem, open_gateway: Open) -> None:
    await open_gateway().send(MESSAGE)
    assert "AT+CMGD=1,4" in modem.commands
    assert not any(command.startswith(("AT+CMGR", "AT+CMGL")) for command in modem.commands)


@pytest.fixture
def gammu(port: str, tmp_path: Path) -> Path:
    config = tmp_path / "gammu.conf"
    config.write_text(f"[gammu]\ndevice = {port}\nconnection = at115200\n")
    return config


async def test_gammu_sends_through_the_simulated_modem(modem: Modem, gammu: Path) -> None:
    text = "Mã mở tủ của bạn là 4821 7390 5562, giữ kín mã, không đưa mã cho ai, kể cả cán bộ. Hỏi: 02838291234"
    done = await asyncio.to_thread(
        subprocess.run,
        ["gammu", "-c", str(gammu), "sendsms", "TEXT", "+84912345678", "-unicode", "-len", "200", "-text", text],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(modem.taken) == 2
    assert text_of(modem.taken) == text
