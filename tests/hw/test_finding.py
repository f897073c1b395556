"""Boards that nobody has described are found by asking: which unit id, which framing, what they can be."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from hw.finding import find_at
from simulator.boards import BOARD_TYPES, Board
from simulator.line import Line
from simulator.other_boards import board_of
from simulator.plugs import TcpPlug
from tests.hw.virtual import answering


@asynccontextmanager
async def listening(framing: str, boards: list[Board]) -> AsyncIterator[int]:
    """Simulated boards behind one TCP port of loopback."""
    answer = answering(boards)
    plug = TcpPlug(Line("T", lambda frame: answer(frame, time.monotonic())), framing=framing)
    await plug.plug_in()
    try:
        yield plug.port
    finally:
        plug.unplug()


relay_b = partial(board_of, kind=BOARD_TYPES["waveshare-poe-eth-relay-b"])


@pytest.mark.parametrize("framing", ["tcp", "rtu"])
async def test_boards_at_a_named_place_are_found_with_their_framing(framing: str) -> None:
    async with listening(framing, [relay_b(1), relay_b(3)]) as port:
        (found,) = await find_at([("127.0.0.1", port)], unit_ids=range(1, 4))
    assert (found.host, found.port, found.framing, found.why_none) == ("127.0.0.1", port, framing, "")
    assert [(board.unit_id, board.version) for board in found.boards] == [(1, 300), (3, 300)]
    assert all("waveshare-poe-eth-relay-b" in board.profiles for board in found.boards)


async def test_over_modbus_tcp_the_board_with_a_network_socket_is_the_first_guess() -> None:
    async with listening("tcp", [relay_b(1)]) as port:
        (found,) = await find_at([("127.0.0.1", port)], unit_ids=(1,))
    assert found.boards[0].profiles[0] == "waveshare-poe-eth-relay-b"


async def test_among_profiles_that_answer_alike_one_that_is_on_record_in_full_is_the_first_guess() -> None:
    async with listening("tcp", [board_of(1, BOARD_TYPES["eletechsup-r421a08"])]) as port:
        (found,) = await find_at([("127.0.0.1", port)], unit_ids=(1,))
    assert found.boards[0].profiles[-1] == "eletechsup-n438b08"
    assert "eletechsup-r421a08" in found.boards[0].profiles


async def test_several_boards_of_other_makes_behind_a_gateway_are_told_apart() -> None:
    """Most questions are met with silence there, so the connection is made anew in between."""
    kin = [board_of(2, BOARD_TYPES["eletechsup-r4d5e32"]), board_of(3, BOARD_TYPES["waveshare-relay-32ch"])]
    async with listening("tcp", kin) as port:
        (found,) = await find_at([("127.0.0.1", port)], unit_ids=range(1, 4))
    assert [(board.unit_id, board.profiles) for board in found.boards] == [
        (2, ("eletechsup-r4d5e32",)),
        (3, ("waveshare-relay-32ch",)),
    ]


async def test_a_place_where_nothing_listens_is_named_and_costs_the_others_nothing() -> None:
    async with listening("tcp", [relay_b(1)]) as port, listening("tcp", []) as silent:
        places = [("127.0.0.1", 1), ("127.0.0.1", port), ("127.0.0.1", silent)]
        refused, there, mute = await find_at(places, unit_ids=(1,))
    assert "127.0.0.1:1 cannot be reached" in refused.why_none
    assert [board.unit_id for board in there.boards] == [1]
    assert "no unit id answers" in mute.why_none


async def test_finding_sends_reads_alone() -> None:
    seen: list[int] = []
    answer = answering([relay_b(1)])

    def exchange(frame: bytes) -> bytes | None:
        seen.append(frame[1])
        return answer(frame, time.monotonic())

    plug = TcpPlug(Line("T", exchange), framing="tcp")
    await plug.plug_in()
    await find_at([("127.0.0.1", plug.port)], unit_ids=(1, 2))
    plug.unplug()
    assert set(seen) <= {1, 2, 3}
