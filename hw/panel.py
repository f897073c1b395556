"""The pins of the Pi's header: what is wired to the case, the key switch, the supply, lights, buzzer and contactor.

Through the interface of RPi.GPIO, which `rpi-lgpio` offers as well under the same name (Pi 5, new kernels); neither
imports off a Pi, so the module is loaded when a panel is opened. Pins are BCM numbers. Every input is pulled to the
side on which a broken wire is noticed (case, doors) or harmless (key, supply); every output is off while nobody drives
it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from hw.errors import PanelOffline

SETTLED_READS: Final = 3


class Gpio(Protocol):
    """The part of RPi.GPIO that is used (RPi.GPIO 0.7.1, rpi-lgpio 0.6)."""

    BCM: int
    IN: int
    OUT: int
    PUD_UP: int
    PUD_DOWN: int

    def setmode(self, mode: int) -> None: ...
    def setwarnings(self, on: bool) -> None: ...
    def setup(self, channel: int, direction: int, **how: Any) -> None: ...
    def input(self, channel: int) -> int: ...
    def output(self, channel: int, value: bool) -> None: ...
    def cleanup(self, channel: list[int]) -> None: ...


def load_gpio() -> Gpio:
    """The module that is installed for this board. Raises PanelOffline."""
    try:
        module: Gpio = importlib.import_module("RPi.GPIO")
    except (ImportError, RuntimeError, OSError) as error:
        raise PanelOffline(
            "the GPIO library does not load; on a Pi install the extra gpio (up to Pi 4) or gpio-pi5, elsewhere "
            "remove [panel]"
        ) from error
    return module


@dataclass(frozen=True, slots=True)
class Input:
    """One wired input; `is_active_high`: it reads true on a high level."""

    pin: int
    is_active_high: bool
    is_unwired_active: bool


@dataclass(frozen=True, slots=True)
class Output:
    """One wired output; `is_active_high`: a high level switches it on."""

    pin: int
    is_active_high: bool = True


class Panel:
    """Owns its pins from `open` to `close`."""

    def __init__(
        self,
        inputs: Mapping[str, Input],
        outputs: Mapping[str, Output],
        *,
        load: Callable[[], Gpio] = load_gpio,
    ) -> None:
        self._inputs = dict(inputs)
        self._outputs = dict(outputs)
        self._load = load
        self._gpio: Gpio | None = None
        self._driven: dict[str, bool] = {}
        self._settled: dict[str, bool] = {}
        self._reads: dict[str, int] = {}

    @property
    def inputs(self) -> frozenset[str]:
        return frozenset(self._inputs)

    @property
    def outputs(self) -> frozenset[str]:
        return frozenset(self._outputs)

    def open(self) -> None:
        """Claim the pins, outputs off. Raises PanelOffline."""
        gpio = self._load()
        try:
            gpio.setwarnings(False)
            gpio.setmode(gpio.BCM)
            for one in self._inputs.values():
                is_pulled_up = one.is_active_high == one.is_unwired_active
                gpio.setup(one.pin, gpio.IN, pull_up_down=gpio.PUD_UP if is_pulled_up else gpio.PUD_DOWN)
            for wired in self._outputs.values():
                gpio.setup(wired.pin, gpio.OUT, initial=not wired.is_active_high)
        except (RuntimeError, ValueError, OSError) as error:
            raise PanelOffline(f"the panel's pins cannot be claimed ({error}); stop what else uses them") from error
        self._gpio = gpio
        self._driven = dict.fromkeys(self._outputs, False)
        self._settled, self._reads = {}, {}

    def read(self) -> Mapping[str, bool]:
        """Every input that has settled: three equal reads in a row. Call it every 50 ms. Raises PanelOffline."""
        for name, one in self._inputs.items():
            is_on = bool(self._ask(_read, one.pin)) == one.is_active_high
            count = self._reads.get(name, 0)
            # Counts up for reads that are on and down for those that are off; a change of side begins anew.
            count = max(count, 0) + 1 if is_on else min(count, 0) - 1
            self._reads[name] = max(-SETTLED_READS, min(SETTLED_READS, count))
            if abs(count) >= SETTLED_READS:
                self._settled[name] = is_on
        return dict(self._settled)

    def drive(self, name: str, *, on: bool) -> None:
        """Switch an output that is wired; nothing when it is so already. Raises PanelOffline."""
        wired = self._outputs.get(name)
        if wired is None or self._driven.get(name) == on:
            return
        self._ask(_write, wired.pin, on == wired.is_active_high)
        self._driven[name] = on

    def close(self) -> None:
        """Outputs off and every pin let go; harmless when it was never opened."""
        gpio, self._gpio = self._gpio, None
        if gpio is None:
            return
        for wired in self._outputs.values():
            gpio.output(wired.pin, not wired.is_active_high)
        gpio.cleanup([wired.pin for wired in self._inputs.values()] + [wired.pin for wired in self._outputs.values()])

    def _ask(self, act: Callable[..., Any], *how: Any) -> Any:
        if self._gpio is None:
            raise PanelOffline("the panel is not open")
        try:
            return act(self._gpio, *how)
        except (RuntimeError, OSError) as error:
            raise PanelOffline(f"the panel's pins do not answer ({error}); check the GPIO library") from error


def _read(gpio: Gpio, pin: int) -> int:
    return gpio.input(pin)


def _write(gpio: Gpio, pin: int, level: bool) -> None:
    gpio.output(pin, level)
