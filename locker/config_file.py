"""Reads the one TOML configuration: parsed whole, checked whole, every problem named at once."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from locker import config_check, wiring_check
from locker.config import Config, Section, Wiring

S = TypeVar("S", bound=Section)


class ConfigError(Exception):
    """The configuration cannot be used; `problems` lists every reason, one sentence each."""

    def __init__(self, path: Path, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        listed = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{path} has {len(self.problems)} problem(s):\n{listed}")


def load(path: Path) -> Config:
    """Read and check the configuration at `path`.

    Raises ConfigError with every problem: syntax, unknown keys, values out of range, contradictions in the wiring.
    """
    config = _parse(path, Config)
    problems = [*wiring_check.problems(config), *config_check.problems(config)]
    if problems:
        raise ConfigError(path, problems)
    return _anchored(config, path.resolve().parent)


def load_wiring(path: Path) -> Wiring:
    """Read only the furniture from `path`; other tables are ignored. Raises ConfigError."""
    wiring = _parse(path, Wiring, only=set(Wiring.model_fields))
    if problems := list(wiring_check.problems(wiring)):
        raise ConfigError(path, problems)
    return wiring


def _parse(path: Path, kind: type[S], only: set[str] | None = None) -> S:
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(path, [f"cannot be read: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(path, [f"is not valid TOML: {error}"]) from error
    if only is not None:
        tree = {key: value for key, value in tree.items() if key in only}
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(path, [_sentence(one["loc"], one["msg"]) for one in error.errors()]) from error


def _sentence(location: Sequence[int | str], message: str) -> str:
    where = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".")
    if message == "Extra inputs are not permitted":
        message = "unknown key; remove it or correct its spelling"
    return f"{where or 'file'}: {message.removeprefix('Value error, ')}"


def _anchored(config: Config, folder: Path) -> Config:
    """Relative paths are relative to the file; $CREDENTIALS_DIRECTORY and other variables are filled in."""

    def anchor(section: Section) -> Section:
        update: dict[str, object] = {}
        for field in type(section).model_fields:
            value = getattr(section, field)
            if isinstance(value, Path):
                update[field] = folder / Path(os.path.expandvars(value)).expanduser()
            elif isinstance(value, Section):
                update[field] = anchor(value)
        return section.model_copy(update=update)

    anchored = anchor(config)
    assert isinstance(anchored, Config)
    return anchored
