"""A short run of `make fuzz-bus`, and that its judge would see what it looks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from simulator.bus_office import office_in
from simulator.fuzz_bus import play
from simulator.twin.steel import Pulse
from tests.hw.virtual import in_virtual_time


@pytest.mark.parametrize("seed", range(1, 13))
def test_whatever_the_wire_says_no_lock_is_energised_unasked_and_nothing_ends(tmp_path: Path, seed: int) -> None:
    with structlog.testing.capture_logs():
        told = play(seed, tmp_path)
    assert told.finds == ()
    assert told.pulses


def test_a_pulse_without_a_grant_is_a_find(tmp_path: Path) -> None:
    async def story() -> None:
        async with office_in(tmp_path) as office:
            await office.is_served()
            office.heard(Pulse(1, is_timed=True))
            assert len(office.finds) == 1

    with structlog.testing.capture_logs():
        in_virtual_time(story)
