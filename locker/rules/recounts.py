"""How a copy of the journal that may lack facts starts over.

A restored copy, or one the centre is ahead of, takes a new epoch. No code it knows may open anything again, so all are
void and erased in the same commit; their owners get new ones once the missing facts are merged (I5).
"""

from __future__ import annotations

from typing import Literal

from locker import events as ev
from locker.model import Cabinet


def start(cabinet: Cabinet, *, epoch: int, cause: Literal["restored", "centre_ahead"], forked_at: int) -> ev.Decision:
    """Begin a recount under a new `epoch`; facts behind `forked_at` may be missing here."""
    started = ev.RecountStarted(epoch=epoch, cause=cause, forked_at=forked_at)
    return ev.Decision(events=(started,), rows=tuple(ev.EraseCode(code=code) for code in cabinet.codes))
