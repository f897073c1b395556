"""What a way to send SMS must be able to do, whoever the provider is."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from otp.errors import SmsError


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message. `reference` is ours and the same for every attempt; `recipient` is E.164; `text` may carry a code.

    `valid_seconds`: after this the provider shall not deliver it any more (None: the provider's longest).
    `provider_template` is the id the text is registered under. `spoken`: the sentences of a call, in `language`.
    """

    reference: str
    recipient: str = field(repr=False)
    text: str = field(repr=False)
    valid_seconds: int | None = None
    provider_template: str | None = None
    spoken: tuple[str, ...] = field(default=(), repr=False)
    language: str = "vi"


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message; not yet that anybody got it."""

    provider_id: str


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """Where a message is; `failure` (raisable, Retryable or Final) stands exactly when the state is FAILED."""

    state: DeliveryState
    failure: SmsError | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a gateway can do. `is_insecure`: it stores codes in clear and needs the configuration's consent.

    `is_idempotent`: sending one reference twice sends one message. `max_length`: signs per message. `is_call`: it rings
    and speaks, so it carries only what a person asked for just now.
    """

    is_idempotent: bool
    has_delivery_reports: bool
    needs_templates: bool
    max_length: int
    is_insecure: bool = False
    is_call: bool = False


class SmsGateway(Protocol):
    """Raises from `otp.errors`: Retryable, Final, or OutcomeUnknown when a request left without an answer."""

    name: str
    capabilities: Capabilities

    async def send(self, message: Outgoing) -> Sent:
        """Hand a message to the provider."""

    async def status(self, provider_id: str) -> DeliveryStatus:
        """Ask how far a message has come."""

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:
        """Look up whether a message of unknown outcome was taken after all; None: it was not, send it again.

        `since_utc_ms` is when the first attempt began (None when the clock is not trusted). Ask half a minute after
        the attempt at the earliest: a request that was on its way may show up late.
        """

    async def erase(self, provider_id: str) -> None:
        """Delete the text at the provider, once the outcome is known; again does no harm. Raises Retryable, Final.

        Nothing happens where none is kept, or where the provider offers no way.
        """

    async def close(self) -> None:
        """Let connections and files go."""
