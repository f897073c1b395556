"""What can go wrong in codes and messages, by cause. A gateway's error tells by its type whether to try again."""


class OtpError(Exception):
    """Any expected error of this package."""


class DeviceKeyUnusableError(OtpError):
    """The device key cannot be read; without it no code can be checked."""


class SealBrokenError(OtpError):
    """A sealed text was changed, or sealed with another key or for another purpose."""


class StaffRecordBrokenError(OtpError):
    """A stored password hash or TOTP secret cannot be read."""


class WeakPasswordError(OtpError):
    """The password is too short to be taken."""


class TextError(OtpError):
    """A message text cannot be made."""


class UnknownTextError(TextError):
    """No text of that name and language."""


class MissingVariableError(TextError):
    """The text needs a value that was not given."""


class UnknownVariableError(TextError):
    """A value was given that the text has no place for."""


class SmsError(OtpError):
    """A message did not go out. `alarm` is True when a person must look; `code` is the provider's own number."""

    alarm = False

    def __init__(self, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Retryable(SmsError):
    """The same message may be sent again, not before `retry_after_ms` (None: the caller's own back-off) and at most
    `tries` times (None: no limit of its own).
    """

    def __init__(
        self, message: str, *, code: int | None = None, retry_after_ms: int | None = None, tries: int | None = None
    ) -> None:
        super().__init__(message, code=code)
        self.retry_after_ms = retry_after_ms
        self.tries = tries


class GatewayBusy(Retryable):
    """The gateway asked to wait, or is out of order for now; it has not taken the message."""


class GatewayUnreachable(Retryable):
    """No connection; nothing left the cabinet."""


class LimitReached(Retryable):
    """The account's hourly or daily limit; sending stops until the window ends."""

    alarm = True


class HandsetUnreachable(Retryable):
    """The phone is off or out of reach."""


class Final(SmsError):
    """The same message will never go out this way."""


class NumberRefused(Final):
    """This number cannot get a message: invalid, a landline, unknown, or unreachable for good."""


class RecipientOptedOut(Final):
    """The recipient refused messages of this sender."""


class TextRefused(Final):
    """The provider or a carrier filters this text or sender."""

    alarm = True


class GatewayMisconfigured(Final):
    """Account, sender or permission is wrong: every message will fail until the configuration is mended."""

    alarm = True


class ReferenceReused(Final):
    """Another message went out under the same reference."""

    alarm = True


class OutcomeUnknown(SmsError):
    """The request left and no answer came: look the message up with `find` before sending it again."""
