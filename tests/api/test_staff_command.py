"""The first members of staff, as the technician adds them to the configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from api.command_line import main
from otp import sealing
from tests.api.test_check_command import CONFIG


@pytest.mark.parametrize(("own", "is_initial"), [((), True), (("--own",), False)])
def test_a_password_that_is_not_the_members_own_is_marked_as_a_first_one(
    tmp_path: Path, own: tuple[str, ...], *, is_initial: bool
) -> None:
    sealing.create_device_key(tmp_path / "key")
    file = tmp_path / "cabinet.toml"
    file.write_text(f'{CONFIG}\n[secrets]\ndevice_key_file = "key"\n')
    asked = ["staff", "minh", "--name", 'Lê "Ba" Minh', "--role", "leader", *own, "--config", str(file)]
    made = CliRunner().invoke(main, asked, input="mây trắng ngang trời\n" * 2)
    assert made.exit_code == 0, made.output
    block = made.output[made.output.index("[[staff]]") :].split("\n\n")[0]
    (entry,) = tomllib.loads(block)["staff"]
    assert (entry["user"], entry["name"], entry["role"]) == ("minh", 'Lê "Ba" Minh', "leader")
    assert entry["password_is_initial"] is is_initial
    file.write_text(f"{file.read_text()}\n{block}\n")
    assert "configuration is good" in CliRunner().invoke(main, ["check", "--no-boards", "--config", str(file)]).output


def test_a_password_that_many_use_makes_nobody(tmp_path: Path) -> None:
    sealing.create_device_key(tmp_path / "key")
    file = tmp_path / "cabinet.toml"
    file.write_text(f'{CONFIG}\n[secrets]\ndevice_key_file = "key"\n')
    asked = ["staff", "minh", "--name", "Minh", "--config", str(file)]
    made = CliRunner().invoke(main, asked, input="123456789012\n" * 2)
    assert made.exit_code == 1
    assert "[[staff]]" not in made.output
