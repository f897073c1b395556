"""Which facts of a batch are new, and do they continue what the centre has?

The centre keeps one integer per cabinet, `acked_through`, on one line of facts. A fact continues the line if its
number is the next and its `prev_hash` is the line's last hash. A fact that is already on the line is taken silently,
the same number with another hash contradicts it.

A new epoch may start at any number up to the next one, provided the fact before it is known in some epoch: a restored
copy forks off there, and what it leaves behind is kept, yet no longer on the line. Facts of an epoch that another has
overtaken are refused: their sender is an old copy and must recount.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hub.errors import ContradictsEarlierError, EpochError, GapError, HashMismatchError, InvalidError
from locker.wire import GENESIS, Envelope

Place = tuple[int, int]  # epoch, cab_seq


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where the centre stands with one cabinet. `first_seqs` is the first number of each epoch."""

    epoch: int
    acked_through: int
    head_hash: str
    first_seqs: Mapping[int, int]


def extend(
    line: Line, stored: Mapping[Place, str], events: Sequence[Envelope], *, cabinet: str
) -> tuple[Line, list[Envelope]]:
    """The line after `events`, and those of them that are new; or the error of the first that does not fit.

    `stored` holds the hashes of known facts from the number before the batch's lowest to its highest, of every epoch.
    """
    known = dict(stored)
    fresh: list[Envelope] = []
    for at, event in enumerate(events):
        _check(event, at, cabinet)
        place = (event.epoch, event.cab_seq)
        if _is_overtaken(line, place):
            raise EpochError(
                f"epoch {event.epoch} is over at number {event.cab_seq}; stop and recount", epoch=line.epoch
            )
        if place in known:
            if known[place] != event.hash:
                raise ContradictsEarlierError(f"fact {event.cab_seq} was acked with another hash; stop and recount")
            continue
        line = _append(line, known, event)
        known[place] = event.hash
        fresh.append(event)
    return line, fresh


def _check(event: Envelope, at: int, cabinet: str) -> None:
    if event.cabinet != cabinet:
        raise InvalidError(
            "is not the cabinet of the path; send each cabinet's facts apart", pointer=f"/events/{at}/cabinet"
        )
    if not event.is_sound():
        raise HashMismatchError("is not the hash of the envelope; compute it again", pointer=f"/events/{at}/hash")


def _is_overtaken(line: Line, place: Place) -> bool:
    epoch, cab_seq = place
    return any(later > epoch and first <= cab_seq for later, first in line.first_seqs.items())


def _append(line: Line, known: Mapping[Place, str], event: Envelope) -> Line:
    expected = line.acked_through + 1
    if event.epoch < line.epoch:
        raise EpochError(f"epoch {line.epoch} has begun; stop and recount", epoch=line.epoch)
    if event.cab_seq > expected:
        raise GapError(f"send number {expected} next", expected=expected, epoch=line.epoch)
    starts_epoch = event.epoch > line.epoch
    if not starts_epoch and event.cab_seq < expected:
        raise ContradictsEarlierError(f"number {event.cab_seq} was acked in another epoch; stop and recount")
    before = (
        {text for (_, cab_seq), text in known.items() if cab_seq == event.cab_seq - 1}
        if starts_epoch
        else {line.head_hash}
    )
    if event.prev_hash not in (before or {GENESIS}):
        raise EpochError(
            f"number {event.cab_seq} does not follow the fact before it; stop and recount", epoch=line.epoch
        )
    first_seqs = {**line.first_seqs, event.epoch: event.cab_seq} if starts_epoch else line.first_seqs
    return replace(line, epoch=event.epoch, acked_through=event.cab_seq, head_hash=event.hash, first_seqs=first_seqs)
