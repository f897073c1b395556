"""Why the cabinet says no, typed by cause. What the journal's storage can meet stands here.

`RetryableStorageFault`: the same call may succeed later. `FinalStorageFault`: it never will in this process.
"""


class StorageFault(Exception):
    """The journal cannot do what was asked; nothing of the call was stored unless the class says otherwise."""


class RetryableStorageFault(StorageFault):
    """The same call may succeed later."""


class FinalStorageFault(StorageFault):
    """Repeating the call in this process is of no use."""


class JournalInUse(RetryableStorageFault):
    """Another process holds the journal."""


class ReadOnly(RetryableStorageFault):
    """The disk is full: screens still read, nothing new is recorded."""


class JournalClosed(FinalStorageFault):
    """The journal was closed, or never opened."""


class JournalBroken(FinalStorageFault):
    """The disk failed a write or a read. Whether the last commit landed is unknown: the process must end."""


class JournalCorrupt(FinalStorageFault):
    """The file is damaged or was changed by another hand: do not serve, restore the newest backup."""


class JournalTooNew(FinalStorageFault):
    """A newer release wrote this journal and this one cannot read it."""


class JournalUnreachable(FinalStorageFault):
    """The file cannot be opened or made: no directory, no permission, no such copy."""


class WrongCabinet(FinalStorageFault):
    """The journal belongs to another cabinet than the configuration names."""


class SqliteTooOld(FinalStorageFault):
    """The SQLite in use lacks the fix for the WAL-reset bug (before 3.51.3)."""


class CursorRefused(FinalStorageFault):
    """A cursor may not go back, nor beyond the head of the journal."""
