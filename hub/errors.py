"""Why the centre does not take a request, typed by cause. Nothing is stored when one of these is raised."""


class HubError(Exception):
    """Anything the centre refuses or cannot do now."""


class RefusalError(HubError):
    """Final: the same request will be refused again."""


class RetryError(HubError):
    """The same request may succeed later."""


class GapError(RefusalError):
    """A sequence number is not the next one; `expected` is."""

    def __init__(self, detail: str, *, expected: int, epoch: int | None = None) -> None:
        super().__init__(detail)
        self.expected = expected
        self.epoch = epoch


class EpochError(RefusalError):
    """The sender's copy has parted from the line the centre knows: stop, alarm, recount."""

    def __init__(self, detail: str, *, epoch: int) -> None:
        super().__init__(detail)
        self.epoch = epoch


class InvalidError(RefusalError):
    """A field does not hold what it must; `pointer` is its RFC 6901 place in the body."""

    def __init__(self, detail: str, *, pointer: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


class HashMismatchError(InvalidError):
    """An envelope's hash is not the hash of its fields."""


class ContradictsEarlierError(RefusalError):
    """Same id, other content."""


class TooLargeError(RefusalError):
    pass


class UnknownCabinetError(RefusalError):
    pass


class UnknownResultError(RefusalError):
    pass


class WrongStageError(RefusalError):
    pass


class NoIdentityError(RefusalError):
    """No key or a wrong one."""


class NotAllowedError(RefusalError):
    """A known caller where it may not be."""


class StatusUnknownError(RefusalError):
    """Unknown dossiers, wrong digits and dossiers asked about too often, all alike."""


class TooOftenError(RetryError):
    """One address asked too much; `retry_after_s` seconds until its next question."""

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class StoreUnreachableError(RetryError):
    """The database did not answer or refused; nothing was committed, or the commit's fate is unknown."""


class StoreTooNewError(HubError):
    """The database was written by a newer release."""
