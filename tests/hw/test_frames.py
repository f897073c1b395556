from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw import frames
from hw.errors import ForbiddenAddress


def test_a_pulse_is_the_frame_of_the_data_sheet() -> None:
    assert frames.rtu_frame(frames.pulse(1, 0, units=7)).hex(" ") == "01 05 02 00 00 07 8d b0"
    assert frames.rtu_frame(frames.pulse(1, 3, units=7)).hex(" ") == "01 05 02 03 00 07 7d b0"


def test_all_off_is_the_frame_of_the_data_sheet() -> None:
    assert frames.all_off(1).payload.hex(" ") == "05 00 ff 00 00"
    assert frames.all_off(0).unit_id == 0


def test_a_pulse_over_tcp_carries_the_same_value() -> None:
    frame = frames.tcp_frame(frames.pulse(1, 0, units=7), 0x1234)
    assert frame.hex(" ") == "12 34 00 00 00 06 01 05 02 00 00 07"


@pytest.mark.parametrize(
    ("unit_id", "payload"),
    [
        (1, "05 00 ff ff 00"),  # all on
        (1, "05 00 ff 55 00"),  # all toggle
        (1, "05 01 ff 00 01"),  # all toggle, other address
        (1, "05 01 00 55 00"),
        (1, "05 00 03 ff 00"),  # one on, without a timer
        (1, "05 00 03 55 00"),  # toggle
        (1, "05 02 03 ff 00"),  # what write_coil makes of a pulse: 1.8 hours
        (1, "05 02 03 00 00"),
        (1, "05 02 03 00 1f"),  # longer than any lock bears
        (1, "05 02 ff 00 05"),
        (1, "05 04 03 00 05"),  # inverse pulse ends energised
        (1, "0f 00 00 00 08 01 ff"),
        (1, "06 40 00 00 02"),  # bus address
        (1, "10 10 00 00 01 02 00 01"),  # linkage mode
        (0, "05 02 03 00 05"),  # a pulse on every board
        (0, "01 00 00 00 08"),
        (1, "05 00 ff 00"),
    ],
)
def test_a_frame_that_could_energise_at_will_is_unreachable(unit_id: int, payload: str) -> None:
    with pytest.raises(ForbiddenAddress):
        frames.refuse_forbidden(unit_id, bytes.fromhex(payload))


@given(st.integers(0, 255), st.binary(min_size=1, max_size=12))
def test_every_write_that_passes_is_one_bounded_pulse_or_all_off(unit_id: int, payload: bytes) -> None:
    try:
        frames.refuse_forbidden(unit_id, payload)
    except ForbiddenAddress:
        return
    if payload[0] in (1, 2, 3):
        assert unit_id != 0
        return
    address, value = int.from_bytes(payload[1:3], "big"), int.from_bytes(payload[3:], "big")
    is_pulse = unit_id != 0 and 0x0200 <= address < 0x0220 and 1 <= value <= 30
    assert payload[0] == 5
    assert is_pulse or (address, value) == (0x00FF, 0)


@pytest.mark.parametrize(("coil", "units"), [(-1, 5), (32, 5), (0xFF, 5), (0, 0), (0, 31), (0, 0xFF00)])
def test_a_pulse_outside_coils_and_times_cannot_be_built(coil: int, units: int) -> None:
    with pytest.raises(ForbiddenAddress):
        frames.pulse(1, coil, units=units)


@given(st.binary(max_size=12), st.integers(0, 255), st.integers(0, 255))
def test_a_reply_is_found_behind_any_bytes_before_it(noise: bytes, bits: int, unit_id: int) -> None:
    request = frames.read_inputs(unit_id or 1, 8)
    reply = frames.rtu_frame(frames.Request(unit_id or 1, bytes([2, 1, bits]), 0))
    found = frames.find_rtu_reply(noise + reply, request)
    assert found.payload is not None
    assert found.payload[:2] == b"\x02\x01"


@given(st.binary(max_size=30))
def test_the_search_never_takes_bytes_without_a_correct_crc(noise: bytes) -> None:
    found = frames.find_rtu_reply(noise, frames.read_inputs(1, 8))
    if found.payload is not None:
        frame = bytes([1]) + found.payload
        assert frames.is_whole_frame(noise[len(found.before) : len(found.before) + len(frame) + 2])


def test_a_stream_that_is_not_modbus_tcp_is_told() -> None:
    with pytest.raises(ValueError, match="not Modbus TCP"):
        frames.split_tcp(b"HTTP/1.1 400 Bad Request\r\n")
