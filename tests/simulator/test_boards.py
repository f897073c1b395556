"""The relay board model against the vendor's frames (reference CRCs) and the Modbus Application Protocol."""

import pytest

from simulator.boards import BOARD_TYPES, Board, crc16, framed, request_length


def relay_d(unit_id: int = 1) -> Board:
    return Board(unit_id, BOARD_TYPES["waveshare-relay-d"])


def hexed(text: str) -> bytes:
    return framed(bytes.fromhex(text))


GOLDEN = [
    ("pulse of relay 1 for 700 ms", "01 05 02 00 00 07 8D B0", "01 05 02 00 00 07 8D B0"),
    ("relay 1 on", "01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A"),
    ("relay 1 off", "01 05 00 00 00 00 CD CA", "01 05 00 00 00 00 CD CA"),
    ("read relays", "01 01 00 00 00 08 3D CC", "01 01 01 00 51 88"),
    ("read inputs", "01 02 00 00 00 08 79 CC", "01 02 01 00 A1 88"),
    ("pulse of relay 4", "01 05 02 03 00 07 7D B0", "01 05 02 03 00 07 7D B0"),
]


@pytest.mark.parametrize(("request_hex", "reply_hex"), [row[1:] for row in GOLDEN], ids=[row[0] for row in GOLDEN])
def test_vendor_frames_are_answered_byte_for_byte(request_hex: str, reply_hex: str) -> None:
    assert relay_d().receive(bytes.fromhex(request_hex), 0.0) == bytes.fromhex(reply_hex)


ANSWERS = [
    ("version 3.00", "01 03 80 00 00 01", "01 03 02 01 2C"),
    ("unit id", "01 03 40 00 00 01", "01 03 02 00 01"),
    ("linkage registers", "01 03 10 00 00 08", "01 03 10" + " 00 00" * 8),
    ("linkage of input 1 written", "01 06 10 00 00 01", "01 06 10 00 00 01"),
    ("two linkage registers written", "01 10 10 02 00 02 04 00 01 00 02", "01 10 10 02 00 02"),
    ("speed 115200", "01 06 20 00 00 05", "01 06 20 00 00 05"),
    ("all on", "01 05 00 FF FF 00", "01 05 00 FF FF 00"),
    ("write many", "01 0F 00 00 00 08 01 05", "01 0F 00 00 00 08"),
    ("function 04 is unknown", "01 04 00 00 00 01", "01 84 01"),
    ("function 16h is unknown", "01 16 00 00 00 00 00 00", "01 96 01"),
    ("ninth coil", "01 05 00 08 FF 00", "01 85 02"),
    ("pulse of the ninth coil", "01 05 02 08 00 05", "01 85 02"),
    ("nine inputs", "01 02 00 00 00 09", "01 82 02"),
    ("no coils", "01 01 00 00 00 00", "01 81 03"),
    ("too many coils", "01 01 00 00 07 D1", "01 81 03"),
    ("a value that is neither on, off nor toggle", "01 05 00 00 12 34", "01 85 03"),
    ("an unknown register", "01 03 30 00 00 01", "01 83 02"),
    ("a register range with a hole", "01 03 10 07 00 02", "01 83 02"),
    ("linkage mode 4", "01 06 10 00 00 04", "01 86 03"),
    ("unit id 0", "01 06 40 00 00 00", "01 86 03"),
    ("the version is not writable", "01 06 80 00 00 01", "01 86 02"),
    ("write many with a false byte count", "01 0F 00 00 00 08 02 05 00", "01 8F 03"),
    ("write many beyond the board", "01 0F 00 04 00 08 01 05", "01 8F 02"),
    ("two registers with a false byte count", "01 10 10 00 00 02 02 00 01", "01 90 03"),
]


@pytest.mark.parametrize(("request_hex", "reply_hex"), [row[1:] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_each_request_gets_its_answer(request_hex: str, reply_hex: str) -> None:
    assert relay_d().receive(hexed(request_hex), 0.0) == hexed(reply_hex)


SILENCE = [
    ("a foreign unit id", hexed("02 05 00 00 FF 00")),
    ("a bad CRC", bytes.fromhex("01 05 00 00 FF 00 8C 3B")),
    ("half a frame", hexed("01 05 00 00")),
    ("nothing", b""),
]


@pytest.mark.parametrize("frame", [row[1] for row in SILENCE], ids=[row[0] for row in SILENCE])
def test_what_is_not_meant_for_the_board_is_met_with_silence_and_does_nothing(frame: bytes) -> None:
    board = relay_d()
    assert board.receive(frame, 0.0) is None
    assert not any(board.coils)


def test_a_broadcast_write_is_executed_in_silence() -> None:
    board = relay_d()
    assert board.receive(hexed("00 05 00 02 FF 00"), 0.0) is None
    assert board.coils[2]


def test_the_boards_own_timer_ends_a_pulse_at_its_time() -> None:
    board = relay_d()
    board.receive(hexed("01 05 02 03 00 05"), 10.0)
    assert board.coils[3]
    assert board.next_change() == pytest.approx(10.5)
    board.advance(10.49)
    assert board.coils[3]
    board.advance(12.0)
    assert [(move.coil, move.is_on, round(move.at, 3)) for move in board.take_moves()] == [
        (3, True, 10.0),
        (3, False, 10.5),
    ]


def test_on_sent_to_a_pulse_address_is_almost_two_hours_of_current() -> None:
    board = relay_d()
    board.receive(hexed("01 05 02 00 FF 00"), 0.0)
    board.advance(6527.0)
    assert board.coils[0]
    board.advance(6528.0)
    assert not board.coils[0]


def test_an_inverse_pulse_ends_energised() -> None:
    board = relay_d()
    board.receive(hexed("01 05 04 00 00 02"), 0.0)
    assert not board.coils[0]
    board.advance(0.3)
    assert board.coils[0]


@pytest.mark.parametrize(("command", "later"), [("01 05 00 00 00 00", False), ("01 05 00 00 FF 00", True)])
def test_a_plain_command_ends_a_running_timer(command: str, later: bool) -> None:
    board = relay_d()
    board.receive(hexed("01 05 02 00 00 05"), 0.0)
    board.receive(hexed(command), 0.1)
    board.advance(5.0)
    assert board.coils[0] is later


def test_a_second_pulse_restarts_the_timer() -> None:
    board = relay_d()
    board.receive(hexed("01 05 02 00 00 05"), 0.0)
    board.receive(hexed("01 05 02 00 00 05"), 0.4)
    assert board.next_change() == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("command", "coils"),
    [
        ("01 05 00 FF FF 00", [True] * 8),
        ("01 05 00 FF 55 00", [False] + [True] * 7),
        ("01 05 01 FF 55 00", [False] + [True] * 7),
        ("01 05 00 FF 00 00", [False] * 8),
        ("01 05 00 00 55 00", [False] * 8),
        ("01 0F 00 00 00 03 01 06", [False, True, True] + [False] * 5),
    ],
)
def test_commands_to_many_relays(command: str, coils: list[bool]) -> None:
    board = relay_d()
    board.receive(hexed("01 05 00 00 FF 00"), 0.0)
    board.receive(hexed(command), 0.0)
    assert board.coils == coils


def levels(mode: int) -> list[bool]:
    board = relay_d()
    board.receive(hexed(f"01 06 10 00 00 {mode:02X}"), 0.0)
    seen = []
    for moment, level in enumerate((True, False, True, False)):
        board.set_input(0, level, float(moment))
        seen.append(board.coils[0])
    return seen


@pytest.mark.parametrize(
    ("mode", "relay"),
    [
        (0, [False, False, False, False]),
        (1, [True, False, True, False]),
        (2, [True, True, False, False]),
        (3, [True, False, True, False]),
    ],
)
def test_in_a_linkage_mode_the_input_drives_the_relay(mode: int, relay: list[bool]) -> None:
    assert levels(mode) == relay


def test_a_linked_relay_takes_no_command() -> None:
    board = relay_d()
    board.set_input(0, True, 0.0)
    board.receive(hexed("01 06 10 00 00 01"), 0.0)
    assert board.coils[0]
    board.receive(hexed("01 05 00 00 00 00"), 0.0)
    assert board.coils[0]


def test_a_new_unit_id_counts_from_the_next_request() -> None:
    board = relay_d()
    assert board.receive(hexed("01 06 40 00 00 09"), 0.0) == hexed("01 06 40 00 00 09")
    assert board.receive(hexed("01 01 00 00 00 08"), 0.0) is None
    assert board.receive(hexed("09 01 00 00 00 08"), 0.0) == hexed("09 01 01 00")


def test_without_power_relays_drop_and_nobody_answers() -> None:
    board = relay_d()
    board.receive(hexed("01 05 02 00 00 50"), 0.0)
    board.set_power(has_power=False, at=1.0)
    assert board.receive(hexed("01 01 00 00 00 08"), 1.0) is None
    board.set_power(has_power=True, at=2.0)
    assert board.receive(hexed("01 01 00 00 00 08"), 2.0) == hexed("01 01 01 00")


def test_a_stuck_coil_stays_on_whatever_is_written() -> None:
    board = relay_d()
    board.set_stuck(2, is_stuck=True, at=0.0)
    board.receive(hexed("01 05 00 FF 00 00"), 0.0)
    assert board.receive(hexed("01 01 00 00 00 08"), 0.0) == hexed("01 01 01 04")
    board.energise(5, 1.0)
    board.link(6, 1, 1.0)
    board.mend(2.0)
    assert not any(board.coils)
    assert not any(board.linkage)


@pytest.mark.parametrize(
    ("request_hex", "reply_hex"),
    [
        ("01 05 02 00 00 05", "01 85 03"),
        ("01 05 00 00 FF 00", "01 05 00 00 FF 00"),
        ("01 05 00 FF FF 00", "01 85 02"),
        ("01 03 80 00 00 01", "01 83 01"),
    ],
)
def test_a_plain_board_refuses_the_vendors_extras(request_hex: str, reply_hex: str) -> None:
    assert Board(1, BOARD_TYPES["plain-coils-8"]).receive(hexed(request_hex), 0.0) == hexed(reply_hex)


def test_the_length_of_a_request_is_known_from_its_start() -> None:
    assert request_length(b"\x01") is None
    assert request_length(b"\x01\x05") == 8
    assert request_length(bytes.fromhex("01 0F 00 00 00 08")) is None
    assert request_length(bytes.fromhex("01 0F 00 00 00 08 01")) == 10
    assert request_length(b"\x01\x2b") == 0


def test_the_checksum_is_the_published_one() -> None:
    assert crc16(b"123456789") == bytes.fromhex("37 4B")
