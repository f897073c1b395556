"""What a newcomer meets before anything is installed: one sentence that says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OLD = 'case "$*" in --version) echo "Python 3.9.2" ;; *) exit 1 ;; esac'
WITHOUT_VENV = """case "$*" in
*ensurepip*) exit 1 ;;
*python3.%d-venv*) echo python3.11-venv ;;
esac"""


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def clone(tree: Path, tmp_path: Path) -> Path:
    """A clone with nothing installed, and bin/ with the few programs of a bare machine."""
    place = tmp_path / "clone"
    (place / ".ci").mkdir(parents=True)
    shutil.copy(tree / ".ci/setup", place / ".ci/setup")
    (place / "requirements").mkdir()
    for name in ("run", "dev"):
        (place / f"requirements/{name}.lock").write_text(f"# {name}\n")
    (place / "bin").mkdir()
    for program in ("sh", "cat", "cmp", "cp", "rm", "ls", "tr", "mktemp", "tail"):
        found = shutil.which(program)
        assert found
        (place / "bin" / program).symlink_to(found)
    script(place / "bin/id", "echo 1000")
    return place


def setup(clone: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [".ci/setup", *arguments],
        cwd=clone,
        env={"PATH": str(clone / "bin"), "HOME": str(clone), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def said_once(answer: subprocess.CompletedProcess[str]) -> str:
    assert answer.returncode == 1
    assert answer.stdout == ""
    (sentence,) = answer.stderr.splitlines()
    return sentence


def test_an_old_python_is_named_with_what_is_needed(clone: Path) -> None:
    script(clone / "bin/python3", OLD)
    sentence = said_once(setup(clone, "run"))
    assert "Python 3.11, 3.12 or 3.13 is needed and this machine has Python 3.9.2" in sentence


def test_a_machine_without_python_is_told_the_same(clone: Path) -> None:
    assert "this machine has no python3" in said_once(setup(clone, "run"))


def test_a_suitable_python_beside_an_old_one_is_found(clone: Path) -> None:
    script(clone / "bin/python3", OLD)
    script(clone / "bin/python3.12", "exit 0")
    assert setup(clone, "python").stdout.strip() == str(clone / "bin/python3.12")


def test_a_missing_venv_module_names_debians_package(clone: Path) -> None:
    script(clone / "bin/python3", WITHOUT_VENV)
    sentence = said_once(setup(clone, "run"))
    assert sentence.endswith("run: sudo apt-get install python3.11-venv")


def test_an_installed_lock_is_not_installed_again(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text(f"{clone}\n")
    script(clone / ".venv/bin/python", 'case "$*" in *pip*) exit 1 ;; esac')
    shutil.copy(clone / "requirements/run.lock", clone / ".venv/run.lock")
    answer = setup(clone, "run")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_a_changed_lock_is_installed(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text(f"{clone}\n")
    (clone / ".venv/run.lock").write_text("# older\n")
    script(clone / ".venv/bin/python", 'case "$*" in *pip*) echo "$@" >installed ;; esac')
    assert setup(clone, "run").returncode == 0
    assert "--require-hashes -r requirements/run.lock" in (clone / "installed").read_text()
    assert (clone / ".venv/run.lock").read_text() == "# run\n"


def test_packages_that_do_not_install_leave_no_stamp(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text(f"{clone}\n")
    script(clone / ".venv/bin/python", 'case "$*" in *pip*) exit 1 ;; esac')
    answer = setup(clone, "run")
    assert answer.returncode == 1
    assert "check the network" in answer.stderr.splitlines()[-1]
    assert not (clone / ".venv/run.lock").exists()


def test_a_moved_clone_gets_a_new_venv(clone: Path) -> None:
    without_pip = f'case $2 in venv) set -- -m venv --without-pip .venv ;; esac\nexec {sys.executable} "$@"'
    script(clone / "bin/python3", without_pip)  # pip's own installation takes seconds and is not what is asked
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text("/somewhere/else\n")
    setup(clone, "run")
    assert (clone / ".venv/made-for").read_text() == f"{clone}\n"
    assert os.access(clone / ".venv/bin/python", os.X_OK)


@pytest.mark.parametrize(("environ", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_missing_debian_packages_are_named_and_stop_only_ci(clone: Path, environ: dict[str, str], status: int) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text(f"{clone}\n")
    script(clone / ".venv/bin/python", "exit 0")
    answer = setup(clone, "dev", **environ)
    assert answer.returncode == status
    (sentence,) = [line for line in answer.stderr.splitlines() if "Debian packages" in line]
    assert "socat mbpoll" in sentence


def test_root_gets_debians_packages_installed(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/made-for").write_text(f"{clone}\n")
    script(clone / ".venv/bin/python", "exit 0")
    script(clone / "bin/id", "echo 0")
    script(clone / "bin/apt-get", 'echo "$@" >>asked; [ "$1" = update ] || : >bin/socat')
    answer = setup(clone, "dev")
    assert answer.returncode == 0
    asked = (clone / "asked").read_text().splitlines()
    assert asked[0] == "update"
    assert asked[1].startswith("install -y --no-install-recommends ")
    assert "socat" in asked[1].split()
