import asyncio
import json
from pathlib import Path

import pytest

from otp import errors
from otp.file_gateway import OUTBOX, FileGateway
from otp.gateway import DeliveryState, DeliveryStatus, Outgoing, SmsGateway

MESSAGE = Outgoing(reference="n-1", recipient="+84912345678", text="UBND P.Hoa Mai: MÃ 4821 7390 5562\nhai dòng")


@pytest.fixture
def gateway(tmp_path: Path) -> FileGateway:
    return FileGateway(directory=tmp_path, utc=lambda: 1_795_000_000.25)


def lines(directory: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (directory / OUTBOX).read_text().splitlines()]


async def test_a_message_is_one_line_and_delivered(gateway: FileGateway, tmp_path: Path) -> None:
    as_gateway: SmsGateway = gateway
    sent = await as_gateway.send(MESSAGE)
    [line] = lines(tmp_path)
    assert line == {
        "id": sent.provider_id,
        "reference": "n-1",
        "recipient": "+84912345678",
        "text": MESSAGE.text,
        "template": None,
        "at": "2026-11-18T11:06:40.250+00:00",
    }
    assert await gateway.status(sent.provider_id) == DeliveryStatus(DeliveryState.DELIVERED)
    assert (tmp_path / OUTBOX).stat().st_mode & 0o777 == 0o600


async def test_one_reference_is_one_message_even_from_many_at_once(gateway: FileGateway, tmp_path: Path) -> None:
    sent = await asyncio.gather(*(gateway.send(MESSAGE) for _ in range(8)))
    assert len(set(sent)) == 1
    assert len(lines(tmp_path)) == 1


async def test_another_text_under_the_same_reference_is_refused(gateway: FileGateway) -> None:
    await gateway.send(MESSAGE)
    with pytest.raises(errors.ReferenceReused):
        await gateway.send(Outgoing("n-1", MESSAGE.recipient, "another"))


async def test_a_message_is_found_by_its_reference_by_a_later_process(gateway: FileGateway, tmp_path: Path) -> None:
    assert await gateway.find(MESSAGE, since_utc_ms=None) is None
    sent = await gateway.send(MESSAGE)
    await gateway.close()
    later = FileGateway(directory=tmp_path, utc=lambda: 0.0)
    assert await later.find(MESSAGE, since_utc_ms=None) == sent


async def test_a_line_torn_by_a_power_cut_spoils_neither_itself_nor_the_next(
    gateway: FileGateway, tmp_path: Path
) -> None:
    await gateway.send(Outgoing("n-0", "+84900000000", "whole"))
    with (tmp_path / OUTBOX).open("a") as file:
        file.write('{"id": "file-n-1", "reference": "n-')
    assert await gateway.find(MESSAGE, since_utc_ms=None) is None
    await gateway.send(MESSAGE)
    whole = (tmp_path / OUTBOX).read_text().splitlines()
    assert json.loads(whole[2])["reference"] == "n-1"
    assert await gateway.find(MESSAGE, since_utc_ms=None) is not None


async def test_a_place_that_cannot_be_written_is_retryable_and_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no directory")
    gateway = FileGateway(directory=tmp_path / "taken", utc=lambda: 0.0)
    with pytest.raises(errors.GatewayUnreachable, match="outbox"):
        await gateway.send(MESSAGE)


def test_it_says_that_it_is_insecure(gateway: FileGateway) -> None:
    assert gateway.capabilities.is_insecure
    assert gateway.capabilities.is_idempotent
