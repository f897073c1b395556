"""What happens first in every run: the run is on record, grants of earlier runs are dead, codes of another device key
are void, a restored copy starts a recount.

Coils are switched off board by board when their bus is watched, and each board's unfinished hand-overs are settled
at its first good read (`locker.doors`). Ready does not wait for boards.
"""

from __future__ import annotations

from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import device_key, recounts
from locker.rules.doors import merged


async def begin(journal: Journal[Cabinet], *, release: str, key: str = "") -> None:
    """Record the start of this run, and the recount if a backup was put in place of the journal.

    `key` is the public key of this run; empty for one that signs nothing.
    """
    restored_from = journal.restored_from

    def decide(cabinet: Cabinet, _known: None, _moment: ev.Moment) -> ev.Decision:
        started = merged(
            device_key.begin(cabinet, key=key), ev.Decision(events=(ev.RunStarted(release=release, key=key),))
        )
        if restored_from is None:
            return started
        epoch = journal.highest_epoch + 1
        return merged(recounts.start(cabinet, epoch=epoch, cause="restored", forked_at=restored_from), started)

    await journal.record(decide, must_land=True)
