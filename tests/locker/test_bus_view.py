"""What `dossier-locker bus` tells: frames decoded, figures, and the locks it knows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from api import bus_view
from hw import frames, tape
from hw.frames import Request
from simulator.twin.loop import JumpingLoop
from tests.locker.steel import Desk

LOOP = JumpingLoop


@pytest.mark.parametrize(
    ("request_", "answer", "sentence"),
    [
        (frames.read_inputs(2, 8), bytes((2, 1, 0b11111101)), "read inputs 0 to 7: 10111111"),
        (frames.pulse(2, 3, units=5), bytes((5, 2, 3, 0, 5)), "PULSE coil 3 for 500 ms: done"),
        (frames.all_off(2), bytes((5, 0, 255, 0, 0)), "all coils off: done"),
        (frames.read_registers(2, 0x8000, 1), bytes((3, 2, 1, 0x2C)), "read registers 32768 to 32768: 012c"),
        (frames.read_coils(2, 8), None, "read coils 0 to 7: NO ANSWER"),
        (frames.read_coils(2, 8), bytes((0x81, 2)), "read coils 0 to 7: REFUSED, exception 02"),
    ],
)
def test_a_frame_is_told_in_words(request_: Request, answer: bytes | None, sentence: str) -> None:
    assert tape.told(tape.Exchanged(1, 0.0, request_, answer, 0.0032)) == f"unit   2 {sentence} (3.2 ms)"


async def test_the_running_service_shows_its_frames_figures_and_locks(desk: Desk) -> None:
    await desk.until_served(1)
    number = await desk.load(await desk.announce(1))
    running: Any = SimpleNamespace(journal=desk.journal, doors=desk.doors)
    commands = bus_view.commands(running)
    page = bus_view.page(await commands["bus"]())
    assert "bus A: exchanges " in page
    assert "board A2: online" in page
    assert f"lock {number:3}: 1 openings, 0 misses" in page
    shown = (await commands["bus-frames"]())["lines"]["A"]
    assert any("read inputs 0 to 7: " in one["text"] for one in shown)
    assert [one["number"] for one in shown] == sorted(one["number"] for one in shown)
