"""Board profiles: what a board type can do, as data in `profiles/*.toml`, each with its source and golden frames.

A golden frame is a request byte for byte as a source prints it; tests compare what the driver sends with it.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, get_args

from hw.errors import UnknownProfile
from hw.frames import (
    DELAY_UNIT_MS,
    LONGEST_DELAY_UNITS,
    LONGEST_PULSE_UNITS,
    MOST_COILS,
    PULSE_UNIT_MS,
    PulseKind,
)

LONGEST_PULSE_MS = 3000
STEPS: dict[PulseKind, int] = {
    "waveshare-flash": PULSE_UNIT_MS,
    "eletechsup-delay": DELAY_UNIT_MS,
    "host-timed": PULSE_UNIT_MS,
    "kerong-unlock": 1,
}
LONGEST: dict[PulseKind, int] = {
    "waveshare-flash": LONGEST_PULSE_UNITS * PULSE_UNIT_MS,
    "eletechsup-delay": LONGEST_DELAY_UNITS * DELAY_UNIT_MS,
    "host-timed": LONGEST_PULSE_MS,
    "kerong-unlock": LONGEST_PULSE_MS,
}

CoilReadback = Literal["coils", "registers", "none"]
Framing = Literal["rtu", "tcp", "kerong"]


@dataclass(frozen=True, slots=True)
class Golden:
    """A frame as its source prints it. `does` names the act: pulse, all_off, read_coils, read_inputs; `coil` which one
    it is for, in `all_off` on a board that is switched off singly too.
    """

    does: Literal["pulse", "all_off", "read_coils", "read_inputs"]
    frame: bytes
    coil: int = 0
    pulse_ms: int = 0


@dataclass(frozen=True, slots=True)
class Profile:
    """One board type. Times in milliseconds.

    `pulse_step_ms`: a pulse is a whole number of these. `coil_readback`: what tells whether a coil is on. `inputs` are
    those on the board; a lock on a board without any has its door input on another one. `version_register` is None
    and `linkage_count` 0 where the board has no such registers. `is_switched_off_singly`: it has no command for all.
    `unproved` says what no source prints and is taken over from its kin; empty when all of it is on record.
    """

    name: str
    title: str
    source: str
    framings: tuple[Framing, ...]
    coils: int
    inputs: int
    pulse: PulseKind
    longest_pulse_ms: int
    coil_readback: CoilReadback
    golden: tuple[Golden, ...]
    version_register: int | None = None
    least_version: int = 0
    linkage_register: int = 0
    linkage_count: int = 0
    is_switched_off_singly: bool = False
    unproved: str = ""

    @property
    def pulse_step_ms(self) -> int:
        return STEPS[self.pulse]

    @property
    def is_timed(self) -> bool:
        """Whether the board ends a pulse by itself (I13)."""
        return self.pulse != "host-timed"


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


def unfit(name: str, profile: Profile, framing: Framing, *, accepts_host_timed: bool) -> str:
    """Why a board of this profile may not serve on such a line; empty when it may (I13)."""
    if framing not in profile.framings:
        return (
            f"board {name}: a {profile.name} speaks {' or '.join(profile.framings)}, its bus {framing}; "
            "correct the bus's framing or the profile"
        )
    if not profile.is_timed and not accepts_host_timed:
        return (
            f"board {name}: a {profile.name} does not end a pulse by itself, so a crash could leave a lock energised; "
            "take a board that does, or set accept_host_timed_pulse = true and fit a supply contactor"
        )
    return ""


def _parse(tree: dict[str, Any]) -> Profile:
    pulse, readback = tree["pulse"], tree["coil_readback"]
    kind: PulseKind = pulse["kind"]
    if kind not in get_args(PulseKind) or readback not in get_args(CoilReadback):
        raise ValueError(f"pulse kind {kind} or coil_readback {readback}")
    if not tree["framings"] or not set(tree["framings"]) <= set(get_args(Framing)):
        raise ValueError(f"framings {tree['framings']}")
    if pulse["longest_ms"] > LONGEST[kind] or tree["coils"] > MOST_COILS:
        raise ValueError("beyond what the driver sends")
    version, linkage = tree.get("version", {}), tree.get("linkage", {})
    return Profile(
        name=tree["name"],
        title=tree["title"],
        source=tree["source"],
        framings=tuple(tree["framings"]),
        coils=tree["coils"],
        inputs=tree["inputs"],
        pulse=kind,
        longest_pulse_ms=pulse["longest_ms"],
        coil_readback=readback,
        golden=tuple(_golden(entry) for entry in tree["golden"]),
        version_register=version.get("register"),
        least_version=version.get("least", 0),
        linkage_register=linkage.get("register", 0),
        linkage_count=linkage.get("count", 0),
        is_switched_off_singly=pulse.get("off", "all") == "singly",
        unproved=tree.get("unproved", ""),
    )


def _golden(entry: dict[str, Any]) -> Golden:
    frame = bytes.fromhex(entry["frame"])
    return Golden(does=entry["does"], frame=frame, coil=entry.get("coil", 0), pulse_ms=entry.get("pulse_ms", 0))
