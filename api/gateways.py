"""The ways messages take, made from the configuration; what is not configured is not imported."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from api.secret_files import secret_of
from otp.file_gateway import FileGateway

if TYPE_CHECKING:
    from locker.config import Config
    from otp.gateway import SmsGateway
    from otp.twilio_gateway import TwilioAccount


def gateways_of(config: Config) -> list[SmsGateway]:
    """The gateways in the order they are tried. Raises CannotStartError when a secret cannot be read."""
    make = {
        "file": _file_gateway,
        "esms": _esms_gateway,
        "modem": _modem_gateway,
        "twilio": _twilio_gateway,
        "twilio-calls": _twilio_calls,
    }
    return [make[name](config) for name in dict.fromkeys(config.notices.gateways)]


def _file_gateway(config: Config) -> SmsGateway:
    return FileGateway(directory=config.notices.outbox or config.storage.directory / "outbox", utc=time.time)


def _esms_gateway(config: Config) -> SmsGateway:
    from otp.esms_gateway import EsmsAccount, EsmsGateway  # noqa: PLC0415  only what is configured

    esms = config.notices.esms
    assert esms is not None
    return EsmsGateway(
        EsmsAccount(
            api_key=secret_of(esms.api_key_file) or "",
            secret_key=secret_of(esms.secret_key_file) or "",
            brandname=esms.brandname,
            is_sandbox=esms.is_sandbox,
            base_url=esms.base_url,
        )
    )


def _modem_gateway(config: Config) -> SmsGateway:
    from otp.modem_gateway import ModemGateway, ModemPort  # noqa: PLC0415  only what is configured

    modem = config.notices.modem
    assert modem is not None
    return ModemGateway(ModemPort(port=modem.port, baud=modem.baud, pin_file=modem.pin_file), draw=os.urandom)


def _twilio_gateway(config: Config) -> SmsGateway:
    from otp.twilio_gateway import TwilioGateway  # noqa: PLC0415  slow to import

    return TwilioGateway(_twilio_account(config))


def _twilio_calls(config: Config) -> SmsGateway:
    from otp.twilio_calls import TwilioCalls, Voices  # noqa: PLC0415  slow to import

    section = config.notices.twilio
    assert section is not None
    voices = Voices(caller=section.caller or "", vietnamese=section.voice_vi, english=section.voice_en)
    return TwilioCalls(_twilio_account(config), voices)


def _twilio_account(config: Config) -> TwilioAccount:
    from otp.twilio_gateway import TwilioAccount  # noqa: PLC0415  slow to import

    section = config.notices.twilio
    assert section is not None
    return TwilioAccount(
        account_sid=section.account_sid,
        auth_token=secret_of(section.auth_token_file) or "",
        sender=section.sender,
        base_url=section.base_url,
    )
