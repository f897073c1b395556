"""Every make of board on real lines: the product proves them, mbpoll reads what they are, a script breaks them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest

from api import boards
from hw.profile import load_profile, profile_names
from locker import wiring_check
from locker.config import Wiring
from simulator import script
from simulator.doors import Position, SensorFault
from simulator.line_faults import LineFaultKind
from simulator.phone import Phone
from simulator.plugs import CannotServe
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn

Run = Callable[..., Awaitable[tuple[int, str]]]
MODBUS = [name for name in profile_names() if name != "kerong-kr-cu16"]


def every_make(folder: Path) -> Wiring:
    """All Modbus profiles on bus M with unit ids from 1, a KR-CU16 on bus K; one compartment on each board."""
    names = [*MODBUS, "kerong-kr-cu16"]
    blind = [name for name in names if not load_profile(name).inputs]
    entries = [
        {
            "name": name,
            "bus": "K" if name == "kerong-kr-cu16" else "M",
            "unit_id": 1 if name == "kerong-kr-cu16" else number,
            "profile": name,
            "accept_host_timed_pulse": name == "plain-coils-8",
        }
        for number, name in enumerate(names, start=1)
    ]
    return Wiring.model_validate(
        {
            "lock": [{"model": "solenoid", "pulse_ms": 1000}],
            "bus": [
                {"name": "M", "port": str(folder / "M")},
                {"name": "K", "port": str(folder / "K"), "framing": "kerong", "baud": 19200},
            ],
            "board": entries,
            "compartment": [
                {
                    "number": number,
                    "board": name,
                    "coil": load_profile(name).coils - 1,
                    "input": 1 + blind.index(name) if name in blind else 0,
                    "input_board": "waveshare-io-8ch" if name in blind else None,
                    "lock": "solenoid",
                    "row": 1,
                    "column": number,
                    "height_cm": 100,
                }
                for number, name in enumerate(names, start=1)
            ],
        }
    )


@pytest.fixture
async def makes(tmp_path: Path) -> Stage:
    return Stage(name="makes", wiring=every_make(tmp_path), phone=Phone(None), clock=time.monotonic)


async def test_the_product_proves_every_make_and_opens_a_door_on_each_of_two_lines(
    makes: Stage, tmp_path: Path
) -> None:
    wiring = makes.cabinet.wiring
    assert list(wiring_check.problems(wiring)) == []
    async with makes.served({bus.name: str(tmp_path / bus.name) for bus in wiring.bus}):
        assert set((await boards.check(wiring)).values()) == {""}
        assembly = boards.assemble_boards(wiring)
        owners = [asyncio.ensure_future(bus.run()) for bus in assembly.buses]
        for bus in assembly.buses:
            await bus.wait_online()
        for entry in wiring.compartment:
            if entry.board in ("kerong-kr-cu16", "eletechsup-r4d5e32"):
                board, eye = assembly.boards[entry.board], assembly.boards[entry.eye]
                await board.identify()
                assert entry.input is not None
                await board.unlock(entry.coil, pulse_ms=1000, door_input=entry.input, eye=eye)
                async with asyncio.timeout(10):
                    while makes.cabinet.doors[entry.number].position is not Position.AJAR:
                        await makes.wait_for_change(1)
                assert not (await eye.read_inputs())[entry.input]
        for owner in owners:
            owner.cancel()
        await asyncio.gather(*owners, return_exceptions=True)


async def test_mbpoll_reads_the_relays_of_every_modbus_board(makes: Stage, tmp_path: Path, run: Run) -> None:
    async with makes.served({name: str(tmp_path / name) for name in "MK"}):
        for number, name in enumerate(MODBUS, start=1):
            profile = load_profile(name)
            makes.cabinet.tamper(name, lambda board, at: board.energise(1, at), time.monotonic())
            kind = ("-t", "4", "-r", "2") if profile.coil_readback == "registers" else ("-t", "0", "-r", "1")
            words = ("mbpoll", "-m", "rtu", "-b", "9600", "-P", "none", "-a", number, "-1", "-q", "-o", "10", *kind)
            code, output = await run(*words, "-c", profile.coils, tmp_path / "M")
            values = output.split()[-2 * profile.coils :][1::2]
            assert (code, values) == (0, ["0", "1", *["0"] * (profile.coils - 2)]), name


KINDS = {
    place: [kind for kind in get_args(shape.model_fields["kind"].annotation) if kind not in ("none", "replug")]
    for place, shape in (("door", DoorFaultIn), ("board", BoardFaultIn), ("line", LineFaultIn))
}
EVERY_FAULT = [(place, kind) for place, kinds in KINDS.items() for kind in kinds]


@pytest.mark.parametrize(("place", "kind"), EVERY_FAULT)
async def test_every_fault_can_be_set_by_a_script_and_mended_by_it(
    makes: Stage, tmp_path: Path, place: str, kind: str
) -> None:
    where = {"door": "door = 1", "line": 'line = "M"', "board": 'board = "waveshare-relay-d"'}[place]
    other = ", other = 2" if kind == "swapped" else ""
    path = tmp_path / "script.toml"
    path.write_text(
        f'step = [{{ at_s = 0.0, {where}, kind = "{kind}"{other} }}, {{ at_s = 0.0, {where}, kind = "none" }}]'
    )
    broken, mended = script.read(path, makes)
    async with makes.served({name: str(tmp_path / name) for name in "MK"}):
        good = shown(makes)
        await script.play((broken,), makes)
        assert shown(makes) != good
        await script.play((mended,), makes)
        assert shown(makes) == good


def shown(stage: Stage) -> tuple[object, ...]:
    """What anybody sees of the faults."""
    state = stage.state()
    return (
        [(door.sensor_fault, door.lock_fault, door.swapped_with) for door in state.doors],
        [(board.has_power, board.coils, board.linkage, board.stuck_on) for board in state.boards],
        [(line.is_plugged, line.faults) for line in state.lines],
    )


async def test_a_script_breaks_doors_boards_and_lines_at_its_times(makes: Stage, tmp_path: Path) -> None:
    path = tmp_path / "script.toml"
    path.write_text(
        """
        step = [
            { at_s = 0.05, board = "waveshare-relay-d", kind = "dead" },
            { at_s = 0.0, door = 1, kind = "stuck_open" },
            { at_s = 0.05, line = "M", kind = "late", times = 3, delay_ms = 120 },
        ]
        """
    )
    steps = script.read(path, makes)
    assert [step.at_s for step in steps] == [0.0, 0.05, 0.05]
    async with makes.served({name: str(tmp_path / name) for name in "MK"}):
        await script.play(steps, makes)
        assert makes.cabinet.doors[1].sensor_fault is SensorFault.STUCK_OPEN
        assert not makes.cabinet.boards["waveshare-relay-d"].has_power
        assert [fault.kind for fault in makes.plugs["M"].line.faults.waiting] == [LineFaultKind.LATE]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("step = [{ door = 1, kind = 'jammed' }]", "at_s is missing"),
        ("step = [{ at_s = 1, kind = 'jammed' }]", "exactly one of door, board, line"),
        ("step = [{ at_s = 1, door = 99, kind = 'jammed' }]", "has no 99"),
        ("step = [{ at_s = 1, door = 1, kind = 'gremlins' }]", "kind"),
        ("step = [{ at_s = 1, door = 1, kind = 'swapped' }]", "correct other"),
        ("step = [{ at_s = 1, board = 'waveshare-relay-d', kind = 'stuck_coil', coil = 9 }]", "no coil 9"),
        ("not toml", "is no script"),
    ],
)
def test_a_script_with_a_mistake_is_refused_with_a_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    stage = Stage(name="makes", wiring=every_make(tmp_path), phone=Phone(None), clock=time.monotonic)
    path = tmp_path / "script.toml"
    path.write_text(text)
    with pytest.raises(CannotServe, match=sentence):
        script.read(path, stage)
