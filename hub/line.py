"""Which facts of a batch are new, and do they continue what the centre has?

The centre keeps one integer per cabinet, `acked_through`, on one line of facts. A fact continues the line if its
number is the next and its `prev_hash` is the line's last hash. A fact that is already on the line is taken silently,
the same number with another hash contradicts it.

A new epoch may start at any number up to the next one, provided it follows the line's fact before it: a restored copy
forks off there, and what it leaves behind is kept, yet no longer on the line. Facts of an epoch that another has
overtaken are refused: their sender is an old copy and must recount. Once it has, it sends what it recorded before under
its new epoch, so a fact's place is the epoch it is sent under, never below the one it was recorded in.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hub.errors import ContradictsEarlierError, EpochError, GapError, HashMismatchError, InvalidError
from locker.wire import GENESIS, Envelope

Place = tuple[int, int]  # epoch of the line, cab_seq


@dataclass(frozen=True, kw_only=True)
class Line:
    """Where the centre stands with one cabinet."""

    epoch: int
    acked_through: int
    head_hash: str


@dataclass(frozen=True)
class Placed:
    """A new fact and the epoch of the line it stands on."""

    epoch: int
    event: Envelope


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Facts of one cabinet, sent under `epoch`; None: each under its own."""

    cabinet: str
    events: Sequence[Envelope]
    epoch: int | None = None


def extend(line: Line, stored: Mapping[Place, str], batch: Batch) -> tuple[Line, list[Placed]]:
    """The line after `batch`, and its new facts; or the error of the first fact that does not fit.

    `stored` holds the hashes of known facts from the number before the batch's lowest to its highest, of every epoch.
    """
    known = dict(stored)
    fresh: list[Placed] = []
    for at, event in enumerate(batch.events):
        _check(event, at, batch)
        if _present_hash(line, known, event.cab_seq) == event.hash:
            continue
        epoch = batch.epoch or event.epoch
        line = _append(line, known, event, epoch)
        known[epoch, event.cab_seq] = event.hash
        fresh.append(Placed(epoch, event))
    return line, fresh


def first_numbers(line: Line, fresh: Sequence[Placed]) -> dict[int, int]:
    """The first number of each epoch that `fresh` begins after `line`."""
    first: dict[int, int] = {}
    for placed in fresh:
        if placed.epoch > line.epoch:
            first.setdefault(placed.epoch, placed.event.cab_seq)
    return first


def _check(event: Envelope, at: int, batch: Batch) -> None:
    if event.cabinet != batch.cabinet:
        raise InvalidError(
            "is not the cabinet of the path; send each cabinet's facts apart", pointer=f"/events/{at}/cabinet"
        )
    if batch.epoch is not None and event.epoch > batch.epoch:
        raise InvalidError("is above the epoch it is sent under; send your present one", pointer=f"/events/{at}/epoch")
    if not event.is_sound():
        raise HashMismatchError("is not the hash of the envelope; compute it again", pointer=f"/events/{at}/hash")


def _present_hash(line: Line, known: Mapping[Place, str], cab_seq: int) -> str | None:
    """Each epoch took over from its first number on, so the highest one that has a number is the present one there."""
    if cab_seq > line.acked_through:
        return None
    return max(((epoch, text) for (epoch, number), text in known.items() if number == cab_seq), default=(0, None))[1]


def _append(line: Line, known: Mapping[Place, str], event: Envelope, epoch: int) -> Line:
    expected = line.acked_through + 1
    if epoch < line.epoch:
        raise EpochError(f"epoch {line.epoch} has begun; stop and recount", epoch=line.epoch)
    if event.cab_seq > expected:
        raise GapError(f"send number {expected} next", expected=expected, epoch=line.epoch)
    if epoch == line.epoch and event.cab_seq < expected:
        raise ContradictsEarlierError(f"fact {event.cab_seq} was acked with another hash; stop and recount")
    before = GENESIS if event.cab_seq == 1 else _present_hash(line, known, event.cab_seq - 1)
    if event.prev_hash != before:
        raise EpochError(
            f"number {event.cab_seq} does not follow the fact before it; stop and recount", epoch=line.epoch
        )
    return Line(epoch=epoch, acked_through=event.cab_seq, head_hash=event.hash)
