"""What Twilio's error codes mean for a message (twilio.com/docs/api/errors). A code not listed goes by HTTP status."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from otp import errors

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Meaning:
    """The error's class, what the reader does next, and for a retryable one how long to wait and how often to try."""

    kind: type[errors.Retryable | errors.Final]
    advice: str
    retry_after_ms: int | None = None
    tries: int | None = None


MEANINGS: Final[Mapping[int, Meaning]] = {
    20003: Meaning(
        errors.GatewayMisconfigured, "Twilio does not accept the account or token; correct [notices.twilio]"
    ),
    20404: Meaning(errors.GatewayMisconfigured, "Twilio does not know this account or message; check account_sid"),
    20429: Meaning(errors.GatewayBusy, "too many requests at once; wait"),
    20503: Meaning(errors.GatewayBusy, "Twilio is out of service for now; wait"),
    21210: Meaning(errors.GatewayMisconfigured, "the caller's number is not ours; correct caller in [notices.twilio]"),
    21211: Meaning(errors.NumberRefused, "this is not a phone number; ask the recipient for the right one"),
    21214: Meaning(errors.NumberRefused, "this number cannot be called; ask the recipient for another one"),
    21215: Meaning(errors.GatewayMisconfigured, "calls to Vietnam are not enabled; enable them in Twilio's console"),
    21216: Meaning(errors.NumberRefused, "Twilio does not call this number; ask the recipient for another one"),
    21219: Meaning(errors.GatewayMisconfigured, "a trial account calls verified numbers only; upgrade it"),
    21408: Meaning(errors.GatewayMisconfigured, "sending to Vietnam is not enabled; enable it in Twilio's console"),
    21606: Meaning(errors.GatewayMisconfigured, "the sender cannot send SMS; correct sender in [notices.twilio]"),
    21608: Meaning(errors.GatewayMisconfigured, "a trial account sends to verified numbers only; upgrade it"),
    21610: Meaning(errors.RecipientOptedOut, "the recipient refused these messages; call instead"),
    21612: Meaning(errors.GatewayMisconfigured, "no route from this sender to this number; register the sender"),
    21614: Meaning(errors.NumberRefused, "this is not a mobile number; call instead"),
    30002: Meaning(errors.GatewayMisconfigured, "the Twilio account is suspended; settle it in Twilio's console"),
    30003: Meaning(errors.HandsetUnreachable, "the phone is off or out of reach; try later", 10 * 60_000, 2),
    30005: Meaning(errors.NumberRefused, "this number does not exist any more; ask the recipient"),
    30006: Meaning(errors.NumberRefused, "a landline, or a carrier that cannot be reached; call instead"),
    30007: Meaning(errors.TextRefused, "the text or sender was filtered; check its registration with the carrier"),
    30008: Meaning(errors.HandsetUnreachable, "the carrier gave no reason; try once more", 10 * 60_000, 1),
    60728: Meaning(errors.LimitReached, "the account's hourly limit is reached; raise it or wait", HOUR_MS),
    63017: Meaning(errors.GatewayBusy, "the account sends too fast; wait"),
    63038: Meaning(errors.LimitReached, "the account's daily limit is reached; raise it or wait", 24 * HOUR_MS),
}

HTTP_TOO_MANY: Final = 429
HTTP_UNAVAILABLE: Final = 503
HTTP_SERVER_ERRORS: Final = 500
HTTP_UNAUTHORISED: Final = frozenset({401, 403})


def meaning_of(code: int | None) -> errors.SmsError | None:
    """The error of a delivery that failed with a Twilio code; None for a code not in the table."""
    meaning = MEANINGS.get(code) if code is not None else None
    return _raised(meaning, code, None) if meaning is not None else None


def translate(
    status: int, code: int | None, *, retry_after_ms: int | None, may_have_been_sent: bool
) -> errors.SmsError:
    """The error of an HTTP answer that is not a success.

    429 and 503 say that nothing was processed. Any other 5xx to a request that sends leaves the outcome unknown.
    """
    meaning = MEANINGS.get(code) if code is not None else None
    if meaning is not None:
        return _raised(meaning, code, retry_after_ms)
    if status in {HTTP_TOO_MANY, HTTP_UNAVAILABLE}:
        return errors.GatewayBusy(f"Twilio answered {status}; wait", code=code, retry_after_ms=retry_after_ms)
    if status >= HTTP_SERVER_ERRORS:
        if may_have_been_sent:
            return errors.OutcomeUnknown(
                f"Twilio answered {status}; look the message up before sending again", code=code
            )
        return errors.GatewayBusy(f"Twilio answered {status}; wait", code=code, retry_after_ms=retry_after_ms)
    if status in HTTP_UNAUTHORISED:
        return _raised(MEANINGS[20003], code, None)
    return errors.GatewayMisconfigured(f"Twilio refused the request ({status}); look up its error code", code=code)


def _raised(meaning: Meaning, code: int | None, retry_after_ms: int | None) -> errors.SmsError:
    message = f"{meaning.advice} (Twilio {code})"
    if issubclass(meaning.kind, errors.Retryable):
        wait = retry_after_ms if retry_after_ms is not None else meaning.retry_after_ms
        return meaning.kind(message, code=code, retry_after_ms=wait, tries=meaning.tries)
    return meaning.kind(message, code=code)
