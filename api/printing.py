"""The receipt printer: whether it has paper, and receipts on it when somebody asks for one.

Paper is asked for every 20 s and again before each sheet, so that the screen offers a receipt only while there is
paper. Nobody at a door waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import structlog

from hw import errors
from locker import refusals as why
from locker.config import Config

if TYPE_CHECKING:
    from hw.printer import Paper, Printer, Sheet

ASK_EVERY_S = 20.0
State = Literal["none", "ready", "low", "out", "offline"]
log = structlog.get_logger()


class Printing:
    """Owns the printer, if there is one, and what is known of its paper."""

    def __init__(self, printer: Printer | None, *, on_change: Callable[[], None]) -> None:
        self._printer = printer
        self._on_change = on_change
        self._state: State = "none" if printer is None else "offline"

    @property
    def state(self) -> State:
        """`none`: no printer is configured."""
        return self._state

    async def run(self, *, ask_every_s: float = ASK_EVERY_S) -> None:
        """Ask for paper until cancelled."""
        assert self._printer is not None
        while True:
            try:
                self._know(await self._printer.paper())
            except errors.PrinterOffline as fault:
                self._is_gone(fault)
            await asyncio.sleep(ask_every_s)

    async def print(self, sheet: Sheet) -> None:
        """Put one sheet on paper. Raises PaperOut, PrinterOffline."""
        if self._printer is None:
            raise why.PrinterOffline("this cabinet has no printer")
        try:
            self._know(await self._printer.print(sheet))
        except errors.PaperOut as fault:
            self._is_gone(fault)
            raise why.PaperOut("the printer has no paper") from fault
        except errors.PrinterOffline as fault:
            self._is_gone(fault)
            raise why.PrinterOffline("the printer does not answer") from fault

    def _know(self, paper: Paper) -> None:
        self._become("ready" if paper == "enough" else "low" if paper == "low" else "out")

    def _is_gone(self, fault: errors.PrinterOffline) -> None:
        if self._become("out" if isinstance(fault, errors.PaperOut) else "offline"):
            log.warning("no receipts on paper", reason=str(fault))

    def _become(self, state: State) -> bool:
        is_new, self._state = state != self._state, state
        if is_new:
            self._on_change()
        return is_new


def printing_of(config: Config, *, on_change: Callable[[], None]) -> Printing:
    """The printer of the configuration; nothing is imported or opened without one."""
    section = config.printer
    if section is None:
        return Printing(None, on_change=on_change)
    from hw.printer import Printer, PrinterPort  # noqa: PLC0415  brings an imaging library

    place = PrinterPort(device=section.device, baud=section.baud, width_dots=section.width_dots, font=section.font)
    return Printing(Printer(place), on_change=on_change)
