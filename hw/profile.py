"""Board profiles: what a board type can do, as data in `profiles/*.toml`, each with its source."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any

from hw.errors import UnknownProfile
from hw.frames import LONGEST_PULSE_UNITS, MOST_COILS, PULSE_UNIT_MS

PULSE_KIND = "waveshare-flash"


@dataclass(frozen=True, slots=True)
class Profile:
    """One board type. Only boards that end a pulse by their own timer have a profile (I13)."""

    name: str
    title: str
    source: str
    coils: int
    inputs: int
    longest_pulse_ms: int
    version_register: int
    least_version: int
    linkage_register: int
    linkage_count: int


def profile_names() -> tuple[str, ...]:
    """Names of the profiles that ship with the controller."""
    files = resources.files("hw").joinpath("profiles").iterdir()
    return tuple(sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml")))


def load_profile(name: str) -> Profile:
    """The profile called `name`; raises UnknownProfile with the names there are."""
    if name not in profile_names():
        raise UnknownProfile(f"board profile {name} is not known; use one of {', '.join(profile_names())}")
    text = resources.files("hw").joinpath("profiles", f"{name}.toml").read_text(encoding="utf-8")
    try:
        return _parse(tomllib.loads(text))
    except (KeyError, ValueError) as error:
        raise UnknownProfile(f"board profile {name} cannot be used ({error!r}); reinstall the controller") from error


def _parse(tree: dict[str, Any]) -> Profile:
    pulse = tree["pulse"]
    if pulse["kind"] != PULSE_KIND or pulse["unit_ms"] != PULSE_UNIT_MS:
        raise ValueError(f"pulse kind {pulse['kind']}")
    if pulse["longest_ms"] > LONGEST_PULSE_UNITS * PULSE_UNIT_MS or tree["coils"] > MOST_COILS:
        raise ValueError("beyond what the driver sends")
    return Profile(
        name=tree["name"],
        title=tree["title"],
        source=tree["source"],
        coils=tree["coils"],
        inputs=tree["inputs"],
        longest_pulse_ms=pulse["longest_ms"],
        version_register=tree["version"]["register"],
        least_version=tree["version"]["least"],
        linkage_register=tree["linkage"]["register"],
        linkage_count=tree["linkage"]["count"],
    )
