"""What the texts promise is there: files, links, keys of the configuration, commands, incidents, problems."""

import re
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from api import problems
from api.command_line import main as command_line
from docs import states
from hub import problems as hub_problems
from hub.__main__ import main as hub_command_line
from locker.config import Config

README_LINES = 350
HARD_TO_KEEP = 150_000
LINK = re.compile(r"!?\[[^\]]*\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)")
FOLDERS = ("api", "locker", "hw", "otp", "hub", "simulator", "systemd", "bench", "docs", "tests", "requirements")
FILE = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[A-Za-z0-9_./-]+)(?::([A-Za-z_.]+))?`")
TABLE = re.compile(r"^## `\[+([a-z._]+)\]+`$")
ROW = re.compile(r"^\| `([a-z_0-9]+)` \| (.+?) \|")
COMMAND = re.compile(r"(?:dossier-locker|python -m api) (?!dossier)([a-z]+(?:-[a-z]+)*)\b([^`\n]*)")


@pytest.fixture(scope="module")
def texts(tree: Path) -> dict[Path, str]:
    found = [*tree.glob("README*.md"), *tree.glob("docs/*.md")]
    return {path: path.read_text(encoding="utf-8") for path in sorted(found)}


def anchors(text: str) -> set[str]:
    """Anchors of the headings, as the forges make them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere(texts: dict[Path, str]) -> None:
    lost = []
    for path, text in texts.items():
        for name, anchor in LINK.findall(text):
            target = (path.parent / name).resolve() if name else path
            if not target.exists():
                lost.append(f"{path.name}: {name}")
            elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
                lost.append(f"{path.name}: {name}#{anchor}")
    assert lost == []


def test_every_file_and_function_that_is_named_exists(tree: Path, texts: dict[Path, str]) -> None:
    lost = []
    for path, text in texts.items():
        for name, function in FILE.findall(text):
            target = tree / name
            if not target.exists():
                lost.append(f"{path.name}: {name}")
            elif function and not re.search(
                rf"^\s*(?:async def|def|class) {function.rsplit('.', 1)[-1]}\b", target.read_text(), re.MULTILINE
            ):
                lost.append(f"{path.name}: {name}:{function}")
    assert lost == []


def test_no_text_holds_both_sides_of_a_merge(texts: dict[Path, str]) -> None:
    assert [path.name for path, text in texts.items() if re.search(r"^(<{7}|>{7}) ", text, re.MULTILINE)] == []


def test_no_picture_is_heavy(tree: Path) -> None:
    heavy = [path.name for path in (tree / "docs/pictures").iterdir() if path.stat().st_size > HARD_TO_KEEP]
    assert heavy == []


def test_the_readme_can_be_read_in_one_go(tree: Path) -> None:
    for name in ("README.md", "README.vi.md"):
        assert len((tree / name).read_text(encoding="utf-8").splitlines()) <= README_LINES


def sections(model: type[BaseModel], name: str = "") -> dict[str, type[BaseModel]]:
    """Every table of the configuration by its name, such as `notices.twilio`."""
    found: dict[str, type[BaseModel]] = {name: model} if name else {}
    for key, field in model.model_fields.items():
        kinds = [field.annotation, *get_args(field.annotation)]
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                found |= sections(kind, f"{name}.{key}" if name else key)
    return found


def shown(value: Any, *, is_required: bool) -> str:
    """A default as the text writes it."""
    if is_required or value is PydanticUndefined:
        return "required"
    if value is None:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in value) + "]`"
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def test_the_configuration_names_every_key_with_its_default(tree: Path) -> None:
    expected = {
        (table, key): shown(field.default, is_required=field.is_required())
        for table, model in sections(Config).items()
        for key, field in model.model_fields.items()
    }
    written = {}
    table = ""
    for line in (tree / "docs/configuration.md").read_text(encoding="utf-8").splitlines():
        if heading := TABLE.match(line):
            table = heading[1]
        elif row := ROW.match(line):
            written[table, row[1]] = row[2]
    assert written == expected


def test_every_command_that_is_named_exists(texts: dict[Path, str]) -> None:
    assert isinstance(command_line, click.Group)
    unknown = []
    for path, text in texts.items():
        for name, rest in COMMAND.findall(text):
            command = command_line.commands.get(name)
            if command is None:
                unknown.append(f"{path.name}: {name}")
                continue
            known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)}
            given = set(re.findall(r"(?<= )--[a-z-]+", rest))
            unknown += [f"{path.name}: {name} {option}" for option in given - known]
    assert unknown == []


def test_every_command_is_told(tree: Path) -> None:
    assert isinstance(command_line, click.Group)
    assert isinstance(hub_command_line, click.Group)
    told = (tree / "docs/operations.md").read_text(encoding="utf-8")
    assert [name for name in command_line.commands if f"dossier-locker {name}" not in told] == []
    told = (tree / "docs/centre-protocol.md").read_text(encoding="utf-8")
    assert [name for name in hub_command_line.commands if name not in told] == []


def test_every_make_target_that_is_named_exists(tree: Path, texts: dict[Path, str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (tree / "Makefile").read_text(), re.MULTILINE))
    named = {name for text in texts.values() for name in re.findall(r"`make ([a-z-]+)", text)}
    assert named <= targets


def test_every_incident_says_what_to_do(tree: Path) -> None:
    model = "".join(file.read_text() for file in sorted((tree / "locker/fold").glob("*.py")))
    kinds = set(re.findall(r'open_incident\(\w+, "(\w+)"', model)) - {"disputed_"}
    kinds |= {"disputed_empty", "disputed_not_mine", "disputed_incomplete"}
    told = (tree / "docs/operations.md").read_text(encoding="utf-8")
    assert sorted(kind for kind in kinds if f"`{kind}`" not in told) == []


def test_every_problem_of_the_protocol_is_told(tree: Path) -> None:
    told = (tree / "docs/centre-protocol.md").read_text(encoding="utf-8")
    names = {row[1] for row in hub_problems.TABLE.values()}
    assert sorted(name for name in names if f"`{name}`" not in told) == []


def test_every_figure_is_told(tree: Path) -> None:
    figures = set(re.findall(r'"(locker_\w+)"', (tree / "api/meters.py").read_text()))
    told = (tree / "docs/operations.md").read_text(encoding="utf-8")
    assert sorted(name for name in figures if f"`{name}" not in told) == []


def test_every_problem_has_a_stable_name() -> None:
    assert all(problems.slug_of(kind) for kind in problems.TABLE)


def test_the_state_machines_are_those_of_the_code(tree: Path) -> None:
    assert (tree / "docs/states.md").read_text(encoding="utf-8") == states.text(), "run `python -m docs.states`"
