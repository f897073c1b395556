"""The panel worker on a real journal and the header of a Pi."""

import asyncio
from typing import Any

import pytest

from hw.panel import Input, Output, Panel
from locker import events as ev
from locker.panel import PanelWatch
from locker.rules.panel import Battery
from simulator.gpio import Header

MINUTE = 60_000
CASE, KEY, MAINS, BUTTON, LIGHT, DOOR, BUZZER, SUPPLY = range(8)


class Bench:
    def __init__(self, hall: Any) -> None:
        self.hall = hall
        self.header = Header()
        self.header.wires = {CASE: False, KEY: True, MAINS: False, BUTTON: False}
        self.keys = 0
        self.stops = 0
        self.present = False
        self.panel = Panel(
            {
                "case": Input(CASE, is_active_high=True, is_unwired_active=True),
                "key": Input(KEY, is_active_high=False, is_unwired_active=False),
                "mains_lost": Input(MAINS, is_active_high=True, is_unwired_active=False),
                "button": Input(BUTTON, is_active_high=True, is_unwired_active=False),
            },
            {
                "cabinet_light": Output(LIGHT),
                "door_light_1": Output(DOOR),
                "buzzer": Output(BUZZER),
                "lock_supply": Output(SUPPLY),
            },
            load=lambda: self.header,
        )
        self.watch = PanelWatch(
            journal=hall.journal,
            panel=self.panel,
            battery=Battery(full_ms=30 * MINUTE, reserve_ms=15 * MINUTE, stop_ms=4 * MINUTE),
            lights={1: "door_light_1"},
            clock=hall.clock.moment,
            is_staff_present=lambda: self.present,
            on_key=self._turned,
            on_stop=self._stopped,
            pause_s=0.01,
        )

    async def _turned(self) -> None:
        self.keys += 1

    def _stopped(self) -> None:
        self.stops += 1

    async def look(self, times: int = 3) -> None:
        for _ in range(times):
            await self.watch.look()


@pytest.fixture
def bench(hall: Any) -> Bench:
    bench = Bench(hall)
    bench.panel.open()
    return bench


async def test_pins_become_facts_once_and_after_a_restart_not_again(hall: Any, bench: Bench) -> None:
    await bench.look()
    assert hall.cabinet.panel.opened == ()
    bench.header.wires[CASE] = True
    await bench.look(5)
    assert [one.kind for one in hall.cabinet.incidents.values()] == ["case_opened"]
    await hall.restart()
    again = Bench(hall)
    again.header.wires[CASE] = True
    again.panel.open()
    await again.look(5)
    assert len(hall.cabinet.incidents) == 1


async def test_the_key_proves_presence_when_it_is_turned_not_when_it_was_left_turned(bench: Bench) -> None:
    bench.header.wires[KEY] = False
    await bench.look(4)
    assert bench.keys == 0
    bench.header.wires[KEY] = True
    await bench.look()
    bench.header.wires[KEY] = False
    await bench.look(6)
    assert bench.keys == 1


async def test_a_short_press_does_nothing_and_a_long_one_stops_once(hall: Any, bench: Bench) -> None:
    bench.header.wires[BUTTON] = True
    await bench.look()
    hall.hand.pass_by(300)
    await bench.look()
    bench.header.wires[BUTTON] = False
    await bench.look()
    assert bench.stops == 0
    bench.header.wires[BUTTON] = True
    await bench.look()
    hall.hand.pass_by(600)
    await bench.look(4)
    assert bench.stops == 1


async def test_mains_lost_runs_to_the_orderly_stop(hall: Any, bench: Bench) -> None:
    bench.header.wires[MAINS] = True
    await bench.look()
    assert hall.cabinet.panel.is_on_battery
    hall.hand.pass_by(16 * MINUTE)
    await bench.look(1)
    assert hall.cabinet.panel.is_on_reserve
    hall.hand.pass_by(10 * MINUTE)
    await bench.look(2)
    assert bench.stops == 1


async def test_light_supply_and_the_end(hall: Any, bench: Bench) -> None:
    await bench.look()
    assert bench.header.levels == {LIGHT: False, DOOR: False, BUZZER: False, SUPPLY: True}
    await hall.record(ev.DoorOpened(compartment=1, grant="g", hand_over="h"))
    await bench.look()
    assert bench.header.levels == {LIGHT: True, DOOR: True, BUZZER: False, SUPPLY: True}
    await hall.record(ev.CoilStrayed(board="A1", coil=0, cleared=False))
    await bench.look(2)
    assert not bench.header.levels[SUPPLY]
    assert hall.cabinet.panel.is_supply_cut


async def test_a_panel_that_goes_away_is_opened_again_and_is_dark_at_the_end(bench: Bench) -> None:
    bench.header.is_gone = True
    worker = asyncio.create_task(bench.watch.run())
    async with asyncio.timeout(5):
        while SUPPLY not in bench.header.levels or not bench.header.levels[SUPPLY]:
            bench.header.is_gone = False
            await asyncio.sleep(0.01)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert not any(bench.header.history[-1].values())
