"""A cabinet and its centre with a line between them that does whatever a seed says; see `schedules`."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards import schedules

SHARES = 50
EACH = 400


@pytest.fixture(scope="module")
def hub() -> Iterator[schedules.Hub]:
    hub = schedules.Hub()
    yield hub
    hub.close()


@pytest.fixture(scope="module")
def memory() -> Iterator[Path]:
    """A directory in memory where there is one: what a disk loses is another proof's matter."""
    shared = Path("/dev/shm")
    directory = Path(tempfile.mkdtemp(dir=shared if os.access(shared, os.W_OK) else None))
    yield directory
    shutil.rmtree(directory)


def play(seeds: range, memory: Path, hub: schedules.Hub) -> Counter[str]:
    """Every second seed's cabinet comes back on other copies of its journal. What the line and the killers did."""
    met: Counter[str] = Counter()
    for seed in seeds:
        tale = schedules.play(seed, memory, hub, parts=seed % 2 == 1)
        assert not tale.wrong, (seed, tale)
        met += tale.faults
        met.update(tale.returns)
    return met


def test_no_fact_or_wish_is_lost_doubled_or_misordered_on_a_bad_line(memory: Path, hub: schedules.Hub) -> None:
    met = play(range(8), memory, hub)
    assert {"drop", "cut", "twice", "late copy", "hub", "same"} <= set(met)
    assert met["restored"] + met["old card"] + met["nothing"] > 0


@pytest.mark.proof
@pytest.mark.parametrize("share", range(SHARES))
def test_twenty_thousand_schedules_lose_double_and_misorder_nothing(
    share: int, memory: Path, hub: schedules.Hub
) -> None:
    play(range(1000 + share * EACH, 1000 + (share + 1) * EACH), memory, hub)
