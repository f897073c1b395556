"""What `check` warns of beside the boards."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from api.command_line import main
from locker.clock import has_battery_clock

CONFIG = """
[cabinet]
id = "hoa-mai-01"
[storage]
directory = "journal"
[notices]
accept_codes_in_clear = true
[panel]
case_pin = 17
[[lock]]
model = "solenoid-12v"
[[bus]]
name = "A"
host = "127.0.0.1"
[[board]]
name = "A1"
bus = "A"
unit_id = 1
[[compartment]]
number = 1
board = "A1"
coil = 0
input = 0
lock = "solenoid-12v"
row = 1
column = 1
height_cm = 100
"""


@pytest.mark.parametrize(("clocks", "has_one"), [((), False), (("rtc0",), True)])
def test_a_battery_clock_is_one_the_kernel_knows(tmp_path: Path, clocks: tuple[str, ...], *, has_one: bool) -> None:
    for clock in clocks:
        (tmp_path / clock).mkdir()
    assert has_battery_clock(tmp_path) is has_one
    assert not has_battery_clock(tmp_path / "none")


def test_a_profile_that_no_source_prints_in_full_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "cabinet.toml"
    inputs = '[[board]]\nname = "A2"\nbus = "A"\nunit_id = 2\n[[compartment]]'
    text = CONFIG.replace("unit_id = 1", 'unit_id = 1\nprofile = "eletechsup-n438b08"').replace(
        "[panel]\ncase_pin = 17\n", ""
    )
    text = text.replace("[[compartment]]", inputs).replace("input = 0", 'input = 0\ninput_board = "A2"')
    file.write_text(text.replace('model = "solenoid-12v"', 'model = "solenoid-12v"\npulse_ms = 1000'))
    answer = CliRunner().invoke(main, ["check", "--no-boards", "--config", str(file)])
    assert answer.exit_code == 0, answer.output
    assert "board A1: warning: eletechsup-n438b08: its manual prints no frames" in answer.output
    assert "board A2: warning" not in answer.output


@pytest.mark.parametrize("accepts_slips", [True, False])
def test_codes_that_go_by_sms_alone_are_a_risk_that_is_named(tmp_path: Path, *, accepts_slips: bool) -> None:
    file = tmp_path / "cabinet.toml"
    file.write_text(f"{CONFIG}\n[kiosk]\naccepts_slips = {str(accepts_slips).lower()}\n")
    answer = CliRunner().invoke(main, ["check", "--no-boards", "--config", str(file)])
    assert answer.exit_code == 0, answer.output
    assert ("they go by SMS alone" in answer.output) is not accepts_slips


def test_a_panel_without_its_library_is_a_warning_that_says_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "cabinet.toml"
    file.write_text(CONFIG)
    answer = CliRunner().invoke(main, ["check", "--no-boards", "--config", str(file)])
    assert answer.exit_code == 0
    assert "configuration is good" in answer.output
    assert "panel: warning: the GPIO library does not load" in answer.output
    assert ("no battery clock" in answer.output) is not has_battery_clock()
