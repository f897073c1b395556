"""The header of a Pi as RPi.GPIO shows it: a test or a demonstration pulls at its pins.

Like the library it refuses a pin that was not set up, and like the chip an input that nobody drives follows its pull.
"""

from __future__ import annotations

from typing import Any


class Header:
    """Stands for the module RPi.GPIO. `wires` are the levels that switches put on inputs; `levels` those of outputs."""

    BCM = 11
    IN = 1
    OUT = 0
    PUD_UP = 22
    PUD_DOWN = 21

    def __init__(self) -> None:
        self.wires: dict[int, bool] = {}
        self.levels: dict[int, bool] = {}
        self.history: list[dict[int, bool]] = []
        """The outputs' levels after each change, oldest first."""
        self.pulls: dict[int, int] = {}
        self.is_gone = False
        self._mode: int | None = None

    def setmode(self, mode: int) -> None:
        self._mode = mode

    def setwarnings(self, on: bool) -> None:
        """Nothing here warns."""

    def setup(self, channel: int, direction: int, **how: Any) -> None:
        if self._mode is None:
            raise RuntimeError("Please set pin numbering mode using GPIO.setmode(GPIO.BOARD) or GPIO.setmode(GPIO.BCM)")
        if self.is_gone:
            raise RuntimeError("can not open gpiochip")
        if direction == self.OUT:
            self.levels[channel] = bool(how["initial"])
        else:
            self.pulls[channel] = how["pull_up_down"]

    def input(self, channel: int) -> int:
        if self.is_gone or channel not in self.pulls:
            raise RuntimeError("You must setup() the GPIO channel first")
        return int(self.wires.get(channel, self.pulls[channel] == self.PUD_UP))

    def output(self, channel: int, value: bool) -> None:
        if self.is_gone or channel not in self.levels:
            raise RuntimeError("The GPIO channel has not been set up as an OUTPUT")
        self.levels[channel] = bool(value)
        self.history.append(dict(self.levels))

    def cleanup(self, channel: list[int]) -> None:
        for one in channel:
            self.levels.pop(one, None)
            self.pulls.pop(one, None)
