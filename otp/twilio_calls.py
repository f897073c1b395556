"""Voice calls through Twilio, for a code that no message brought.

The text to be spoken travels in the request as TwiML (twilio.com/docs/voice/twiml/say), so no address of ours has to be
reachable. There is no idempotency key: after an unknown outcome the call is looked for among the last ones to that
number. `DELIVERED` says that somebody or something answered; an answering machine hears the code as well.
"""

import asyncio
import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape, quoteattr

from otp import errors
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent
from otp.twilio_gateway import TwilioAccount

if TYPE_CHECKING:
    from otp.twilio_transport import Transport

RINGS_S: Final = 40
LONGEST_CALL_S: Final = 180
LOOKED_THROUGH: Final = 20
CLOCK_SLACK_MS: Final = 60_000

_WAITING: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})
_NOT_TAKEN: Final = frozenset({"busy", "no-answer", "canceled"})


@dataclass(frozen=True, slots=True)
class Voices:
    """Twilio's name of a voice for each language; `caller` is the number that is shown, E.164."""

    caller: str
    vietnamese: str = "Google.vi-VN-Standard-A"
    english: str = "Google.en-GB-Standard-A"

    def say(self, sentence: str, language: str) -> str:
        """One `<Say>` and a pause."""
        is_english = language == "en"
        voice = self.english if is_english else self.vietnamese
        tongue = "en-GB" if is_english else "vi-VN"
        return f"<Say voice={quoteattr(voice)} language={quoteattr(tongue)}>{escape(sentence)}</Say><Pause/>"


class TwilioCalls:
    """Owns one HTTP session, opened at the first call; `close` it in the same loop."""

    name = "twilio-calls"
    capabilities = Capabilities(
        is_idempotent=False,
        has_delivery_reports=True,
        needs_templates=False,
        max_length=4000,
        is_insecure=False,
        is_call=True,
    )

    def __init__(self, account: TwilioAccount, voices: Voices) -> None:
        """Nothing is imported from twilio and no connection is made before the first call."""
        self._account = account
        self._voices = voices
        self._transport: Transport | None = None

    async def send(self, message: Outgoing) -> Sent:
        """POST Calls.json. Raises Retryable, Final (also for a message without spoken words), OutcomeUnknown."""
        if not message.spoken:
            raise errors.TextRefused("there is nothing to say in a call; send it as a message")
        said = "".join(self._voices.say(sentence, message.language) for sentence in message.spoken)
        try:
            made = await (await self._calls()).create_async(
                to=message.recipient,
                from_=self._voices.caller,
                twiml=f"<Response><Pause/>{said}</Response>",
                timeout=RINGS_S,
                time_limit=LONGEST_CALL_S,
            )
        except errors.SmsError:
            raise
        except Exception as error:  # any surprise after the request left must not lead to a second call
            raise errors.OutcomeUnknown("Twilio's answer cannot be read; look the call up first") from error
        if not made.sid:
            raise errors.OutcomeUnknown("Twilio's answer names no call; look it up first")
        return Sent(made.sid)

    async def status(self, provider_id: str) -> DeliveryStatus:
        """GET one call. Raises Retryable, Final."""
        try:
            found = await (await self._calls())(provider_id).fetch_async()
        except errors.SmsError:
            raise
        except Exception as error:
            raise errors.GatewayBusy("Twilio's answer cannot be read; ask again later") from error
        state = str(found.status)
        if state == "completed":
            return DeliveryStatus(DeliveryState.DELIVERED)
        if state in _NOT_TAKEN:
            failure = errors.HandsetUnreachable(f"nobody took the call ({state}); call once more", tries=1)
            return DeliveryStatus(DeliveryState.FAILED, failure)
        if state not in _WAITING:
            refused = errors.NumberRefused(f"the call did not go through ({state}); ask the recipient for the number")
            return DeliveryStatus(DeliveryState.FAILED, refused)
        return DeliveryStatus(DeliveryState.WAITING)

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:
        """The newest of the last 20 calls from our number to this one, made since (less a minute for clocks).

        Without a trusted time no call can be told from an older one: None, and it is called again.
        Raises Retryable, Final.
        """
        try:
            recent = await (await self._calls()).list_async(
                to=message.recipient, from_=self._voices.caller, limit=LOOKED_THROUGH
            )
        except errors.SmsError:
            raise
        except Exception as error:
            raise errors.GatewayBusy("Twilio's answer cannot be read; ask again later") from error
        for found in recent:
            made_ms = found.date_created.timestamp() * 1000 if found.date_created is not None else None
            if since_utc_ms is not None and made_ms is not None and made_ms >= since_utc_ms - CLOCK_SLACK_MS:
                return Sent(found.sid)
        return None

    async def erase(self, provider_id: str) -> None:
        """Nothing to do: the record of a call holds no word of what was said."""

    async def close(self) -> None:
        """Close the session; harmless when it was never opened."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.close()

    async def _calls(self) -> Any:
        if self._transport is None:
            # Some 150 ms on a desk and a second on a Pi: in a thread, or the doors would stand still meanwhile.
            module = await asyncio.to_thread(importlib.import_module, "otp.twilio_transport")
            if self._transport is None:
                self._transport = module.Transport(base_url=self._account.base_url, timeout_s=self._account.timeout_s)
        return self._transport.calls(self._account.account_sid, self._account.auth_token)
