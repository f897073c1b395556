"""SMS through Twilio.

Twilio has no idempotency key: after an unknown outcome the message is looked for among the last ones to that number,
by its text, before it is sent again. Numeric senders are overwritten in Vietnam and delivery reports only say that the
carrier took the message: `DELIVERED` is never proof that somebody read it.
"""

import asyncio
import importlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from otp import errors
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent
from otp.twilio_errors import meaning_of

if TYPE_CHECKING:
    from otp.twilio_transport import Transport

LONGEST_VALIDITY_S: Final = 36_000
SHORTEST_VALIDITY_S: Final = 6
LOOKED_THROUGH: Final = 50
NO_SUCH_MESSAGE: Final = 20404
CLOCK_SLACK_MS: Final = 300_000

_STATES: Final = {
    "delivered": DeliveryState.DELIVERED,
    "read": DeliveryState.DELIVERED,
    "failed": DeliveryState.FAILED,
    "undelivered": DeliveryState.FAILED,
    "canceled": DeliveryState.FAILED,
}


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """Credentials of one account. `sender` is a registered name, a number, or a messaging service (`MG...`)."""

    account_sid: str
    auth_token: str = field(repr=False)
    sender: str
    base_url: str | None = None
    timeout_s: float = 15.0


class TwilioGateway:
    """Owns one HTTP session, opened at the first use; `close` it in the same loop."""

    name = "twilio"
    capabilities = Capabilities(
        is_idempotent=False, has_delivery_reports=True, needs_templates=False, max_length=1600, is_insecure=False
    )

    def __init__(self, account: TwilioAccount) -> None:
        """Nothing is imported from twilio and no connection is made before the first message."""
        self._account = account
        self._transport: Transport | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def send(self, message: Outgoing) -> Sent:
        """POST Messages.json. Raises Retryable, Final, OutcomeUnknown."""
        sender = self._account.sender
        origin = {"messaging_service_sid": sender} if sender.startswith("MG") else {"from_": sender}
        validity = message.valid_seconds or LONGEST_VALIDITY_S
        try:
            created = await (await self._messages()).create_async(
                to=message.recipient,
                body=message.text,
                validity_period=min(max(validity, SHORTEST_VALIDITY_S), LONGEST_VALIDITY_S),
                smart_encoded=False,
                **origin,
            )
        except errors.SmsError:
            raise
        except Exception as error:  # any surprise after the request left must not lead to a second message
            raise errors.OutcomeUnknown("Twilio's answer cannot be read; look the message up first") from error
        if not created.sid:
            raise errors.OutcomeUnknown("Twilio's answer names no message; look the message up first")
        return Sent(created.sid)

    async def status(self, provider_id: str) -> DeliveryStatus:
        """GET one message. Raises Retryable, Final."""
        try:
            found = await (await self._messages())(provider_id).fetch_async()
        except errors.SmsError:
            raise
        except Exception as error:
            raise errors.GatewayBusy("Twilio's answer cannot be read; ask again later") from error
        state = _STATES.get(str(found.status), DeliveryState.WAITING)
        if state is not DeliveryState.FAILED:
            return DeliveryStatus(state)
        code = found.error_code
        failure = meaning_of(code) or errors.HandsetUnreachable(
            f"the message was not delivered (Twilio {code}); try once more", code=code, tries=1
        )
        return DeliveryStatus(state, failure)

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:
        """The newest of the last 50 messages to this number with this text, made since (less 5 min for clocks).

        Raises Retryable, Final; None only when Twilio answered and has no such message.
        """
        try:
            recent = await (await self._messages()).list_async(to=message.recipient, limit=LOOKED_THROUGH)
        except errors.SmsError:
            raise
        except Exception as error:
            raise errors.GatewayBusy("Twilio's answer cannot be read; ask again later") from error
        for found in recent:
            # A trial account puts its own words in front of the text.
            has_text = found.body is not None and found.body.endswith(message.text)
            made_ms = found.date_created.timestamp() * 1000 if found.date_created is not None else None
            is_older = since_utc_ms is not None and made_ms is not None and made_ms < since_utc_ms - CLOCK_SLACK_MS
            if has_text and found.sid and not is_older:
                return Sent(found.sid)
        return None

    async def erase(self, provider_id: str) -> None:
        """Replace the body by nothing; the record with its outcome stays. Raises Retryable, Final."""
        try:
            await (await self._messages())(provider_id).update_async(body="")
        except errors.GatewayMisconfigured as error:
            if error.code != NO_SUCH_MESSAGE:
                raise
        except errors.OutcomeUnknown as error:
            raise errors.GatewayBusy("Twilio did not say whether the text is deleted; ask again later") from error
        except errors.SmsError:
            raise
        except Exception as error:
            raise errors.GatewayBusy("Twilio's answer cannot be read; ask again later") from error

    async def close(self) -> None:
        """Close the session; harmless when it was never opened."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    async def _messages(self) -> Any:
        if self._transport is None:
            # Some 150 ms on a desk and a second on a Pi: in a thread, or the doors would stand still meanwhile.
            module = await asyncio.to_thread(importlib.import_module, "otp.twilio_transport")
            if self._transport is None:
                self._transport = module.Transport(base_url=self._account.base_url, timeout_s=self._account.timeout_s)
        return self._transport.messages(self._account.account_sid, self._account.auth_token)
