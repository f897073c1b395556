"""The notices worker with eSMS on an HTTP wire and a modem on a pty: order, fall-back, restarts."""

import os
from collections.abc import AsyncIterator, Callable
from io import StringIO
from typing import Any

import pytest
from smspdudecoder.fields import SMSSubmit  # type: ignore[import-untyped]  # no types

from locker.config import CabinetSection
from locker.notices import Notices
from otp import sealing
from otp.esms_gateway import EsmsGateway
from otp.gateway import SmsGateway
from otp.modem_gateway import ModemGateway, ModemPort
from otp.texts import read_texts
from simulator.modem import Modem, plugged
from tests.otp.esms_wire import FakeEsms


class Office:
    """One worker, eSMS first and the modem next."""

    def __init__(self, hall: Any, gateways: tuple[SmsGateway, ...]) -> None:
        self.hall = hall
        self.gateways = gateways
        self.start()

    def start(self) -> None:
        self.notices = Notices(
            journal=self.hall.journal,
            gateways=self.gateways,
            texts=read_texts(),
            device_key=b"k" * 32,
            cabinet=CabinetSection(id="hoa-mai-01"),
            clock=self.hall.clock.moment,
            draw=os.urandom,
            cost=sealing.Argon2Cost(memory_kib=8),
            pause_s=0.01,
        )

    async def wait(self, ms: int = 0) -> None:
        self.hall.hand.pass_by(ms)
        while True:
            seq = self.hall.cabinet.seq
            await self.notices.turn()
            if self.hall.cabinet.seq == seq:
                return


@pytest.fixture
def modem() -> Modem:
    return Modem()


@pytest.fixture
async def office(
    hall: Any,
    modem: Modem,
    open_esms: Callable[..., EsmsGateway],
) -> AsyncIterator[Office]:
    with plugged(modem) as port:
        by_modem = ModemGateway(ModemPort(port, handed_over_within_s=0.3), draw=os.urandom)
        yield Office(hall, (open_esms(), by_modem))
        await by_modem.close()


def texts(modem: Modem) -> list[str]:
    return [SMSSubmit.decode(StringIO(octets))["user_data"]["data"] for octets in modem.taken]


async def test_what_esms_refuses_goes_by_the_modem_with_the_same_code(
    hall: Any,
    office: Office,
    modem: Modem,
    esms: FakeEsms,
) -> None:
    esms.next_answer = (200, '{"CodeResult": "146"}')
    await hall.load(await hall.announce(1))
    await office.wait()
    [asked] = esms.requests
    assert texts(modem) == [asked["Content"]]
    await office.wait(2_000)
    assert not hall.cabinet.notices
    assert not hall.cabinet.incidents


async def test_a_restart_after_a_lost_answer_sends_nothing_twice(
    hall: Any,
    office: Office,
    modem: Modem,
    esms: FakeEsms,
) -> None:
    esms.next_answer = (200, "cut")
    await hall.load(await hall.announce(1))
    await office.wait()
    assert hall.notice.stage == "attempted"
    await hall.restart()
    office.start()
    await office.wait(1_000)
    assert hall.notice.stage == "sent"
    assert len({one["RequestId"] for one in esms.requests}) == len(esms.seen) == 1
    assert not modem.taken
