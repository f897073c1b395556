"""A small fold, a clock that never goes wrong, and an open journal."""

import itertools
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from locker.events import Decision, DoorClosed, Moment, Recorded
from locker.journal import Journal
from locker.replay import Fold


class Tally(msgspec.Struct, frozen=True):
    """A state that remembers how many doors closed, and which was the last."""

    seq: int = 0
    epoch: int = 1
    closed: int = 0
    last: int = 0


def tally(state: Tally, recorded: Recorded) -> Tally:
    event = recorded.event
    if isinstance(event, DoorClosed):
        return Tally(recorded.seq, recorded.epoch, state.closed + 1, event.compartment)
    return msgspec.structs.replace(state, seq=recorded.seq, epoch=recorded.epoch)


def ticking() -> Callable[[], Moment]:
    ticks = itertools.count()

    def now() -> Moment:
        tick = next(ticks)
        return Moment(utc_ms=1_790_000_000_000 + tick, uptime_ms=tick, run_id="r-1")

    return now


@pytest.fixture
def closing() -> Callable[..., Callable[[Any, Any, Moment], Decision]]:
    """Makes a decision that records the closing of the doors given."""

    def close(*compartments: int, hand_over: str = "h") -> Callable[[Any, Any, Moment], Decision]:
        return lambda _cabinet, _known, _moment: Decision(tuple(DoorClosed(n, hand_over) for n in compartments))

    return close


@pytest.fixture
def tally_fold() -> Fold[Tally]:
    return Fold(
        initial=Tally(),
        apply=tally,
        version=1,
        encode=msgspec.json.encode,
        decode=partial(msgspec.json.decode, type=Tally),
    )


@pytest.fixture
def settings(tally_fold: Fold[Tally]) -> dict[str, Any]:
    """What `Journal.open` and `Journal.open_inline` need beside the path."""
    return {"cabinet_id": "hoa-mai-01", "fold": tally_fold, "clock": ticking(), "release": "0.1.0"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite3"


@pytest.fixture
async def journal(path: Path, settings: dict[str, Any]) -> AsyncIterator[Journal[Tally]]:
    journal = await Journal[Tally].open(path, **settings)
    yield journal
    await journal.close()
