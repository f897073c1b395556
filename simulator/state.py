"""What the simulator shows of itself, as JSON: the shapes of `/state`, `/stream` and the answers to every act."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from simulator.cabinet import Cabinet
from simulator.doors import LockFault, Position, SensorFault
from simulator.line_faults import LineFault, LineFaultKind
from simulator.plugs import Plug


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DoorState(Shape):
    """One door: where it stands, how often it was pulsed, what its switch tells, what is inside, what is broken."""

    number: int
    row: int
    column: int
    size: Literal["S", "M", "L"]
    height_cm: int
    near_keypad: bool
    board: str
    position: Position
    is_energised: bool
    pulses: int
    sensor_reads: Literal["closed", "open"]
    content: list[str]
    sensor_fault: SensorFault | None
    lock_fault: LockFault | None
    swapped_with: int | None


class BoardState(Shape):
    """One board: power, relays, inputs, its linkage registers, and how often it was asked."""

    name: str
    bus: str
    unit_id: int
    profile: str
    has_power: bool
    coils: list[bool]
    inputs: list[bool]
    linkage: list[int]
    stuck_on: list[int]
    requests: int
    replies: int


class LineState(Shape):
    """One line: where masters find it, what waits to go wrong, what it has carried."""

    name: str
    address: str
    is_plugged: bool
    faults: list[LineFaultKind]
    requests: int
    replies: int
    bad_frames: int
    silences_broken: int


class Message(BaseModel):
    """One SMS as the file gateway wrote it."""

    model_config = ConfigDict(extra="ignore")

    recipient: str
    text: str
    id: str = ""
    time: str = Field(default="", validation_alias=AliasChoices("time", "at"))
    reference: str = ""


class Fault(Shape):
    """What is broken now: at which door (its number), board or line, and what of it."""

    place: Literal["door", "board", "line"]
    name: str
    kind: str
    coil: int | None = None
    other: int | None = Field(default=None, description="for `swapped`: the door it has changed wires with")
    left: int | None = Field(
        default=None, description="at a line: how many requests it still meets; null: until mended"
    )


class State(Shape):
    """The whole stage at one moment; `at` is monotonic seconds."""

    cabinet: str
    is_training: bool
    kiosk_url: str | None
    at: float
    doors: list[DoorState]
    boards: list[BoardState]
    lines: list[LineState]
    faults: list[Fault]
    phone: list[Message]


class DoorFaultIn(Shape):
    """What to break at a door; `none` mends it all."""

    kind: Literal[
        "none", "stuck_closed", "stuck_open", "broken_wire", "bouncing", "jammed", "weak", "worn", "swapped"
    ] = Field(examples=["stuck_open"])
    other: int | None = Field(default=None, description="for `swapped`: the door it changes lock wires with")


class BoardFaultIn(Shape):
    """What to break at a board; `none` mends it all."""

    kind: Literal["none", "dead", "stuck_coil", "stray_coil", "linkage"] = Field(examples=["dead"])
    coil: Annotated[int, Field(ge=0, le=31)] = 0
    mode: Annotated[int, Field(ge=0, le=3)] = Field(default=1, description="for `linkage`: 1 linkage, 2 toggle, 3 edge")


class LineFaultIn(Shape):
    """What to do to a line: a fault for coming requests, `unplug`, `replug`, or `none` to mend it all."""

    kind: Literal[
        "none",
        "unplug",
        "replug",
        "unheard",
        "lost",
        "late",
        "cut",
        "split",
        "stray",
        "stray_after",
        "garbled",
        "foreign",
        "exception",
        "echo",
    ] = Field(examples=["late"])
    times: Annotated[int, Field(ge=1, le=100_000)] | None = Field(default=1, description="null: until mended")
    unit_id: Annotated[int, Field(ge=0, le=255)] | None = None
    function: Annotated[int, Field(ge=1, le=127)] | None = None
    delay_ms: Annotated[int, Field(ge=0, le=60_000)] = 400
    code: Annotated[int, Field(ge=1, le=255)] = 4

    def as_fault(self) -> LineFault:
        return LineFault(
            kind=LineFaultKind(self.kind),
            times=self.times,
            unit_id=self.unit_id,
            function=self.function,
            delay_ms=self.delay_ms,
            code=self.code,
        )


class MendIn(Shape):
    """One fault to mend, named as `faults` of the state names it."""

    place: Literal["door", "board", "line"]
    name: Annotated[str, Field(max_length=60)] = Field(examples=["A"])
    kind: Annotated[str, Field(max_length=20)] = Field(examples=["late"])


class PutIn(Shape):
    """What goes into the compartment."""

    label: Annotated[str, Field(max_length=60)] = Field(default="HS", examples=["261008-0975"])


def state_of(
    cabinet: Cabinet,
    *,
    name: str,
    is_training: bool,
    kiosk_url: str | None,
    plugs: Collection[Plug],
    phone: list[Message],
) -> State:
    """The state at the cabinet's present moment."""
    return State(
        cabinet=name,
        is_training=is_training,
        kiosk_url=kiosk_url,
        at=round(cabinet.at, 3),
        doors=_doors(cabinet),
        boards=_boards(cabinet),
        lines=[_line(plug) for plug in plugs],
        faults=[*_at_doors(cabinet), *_at_boards(cabinet), *_at_lines(plugs)],
        phone=phone,
    )


def _doors(cabinet: Cabinet) -> list[DoorState]:
    swapped = cabinet.swapped_with()
    return [
        DoorState(
            number=entry.number,
            row=entry.row,
            column=entry.column,
            size=entry.size,
            height_cm=entry.height_cm,
            near_keypad=entry.near_keypad,
            board=entry.board,
            position=door.position,
            is_energised=door.is_energised,
            pulses=door.pulses,
            sensor_reads="closed" if door.reads(cabinet.at) != entry.inverted else "open",
            content=list(door.content),
            sensor_fault=door.sensor_fault,
            lock_fault=door.lock_fault,
            swapped_with=swapped.get(entry.number),
        )
        for entry in cabinet.wiring.compartment
        for door in (cabinet.doors[entry.number],)
    ]


def _boards(cabinet: Cabinet) -> list[BoardState]:
    return [
        BoardState(
            name=entry.name,
            bus=entry.bus,
            unit_id=board.unit_id,
            profile=entry.profile,
            has_power=board.has_power,
            coils=list(board.coils),
            inputs=list(board.inputs),
            linkage=list(board.linkage),
            stuck_on=sorted(board.stuck_on),
            requests=cabinet.counters[entry.name].requests,
            replies=cabinet.counters[entry.name].replies,
        )
        for entry in cabinet.wiring.board
        for board in (cabinet.boards[entry.name],)
    ]


def _line(plug: Plug) -> LineState:
    traffic = plug.line.traffic
    return LineState(
        name=plug.line.name,
        address=plug.address,
        is_plugged=plug.is_plugged,
        faults=[fault.kind for fault in plug.line.faults.waiting],
        requests=traffic.requests,
        replies=traffic.replies,
        bad_frames=traffic.bad_frames,
        silences_broken=traffic.silences_broken,
    )


def _at_doors(cabinet: Cabinet) -> Iterator[Fault]:
    swapped = cabinet.swapped_with()
    for number, door in cabinet.doors.items():
        for kind in (door.sensor_fault, door.lock_fault):
            if kind is not None:
                yield Fault(place="door", name=str(number), kind=kind)
        if number in swapped:
            yield Fault(place="door", name=str(number), kind="swapped", other=swapped[number])


def _at_boards(cabinet: Cabinet) -> Iterator[Fault]:
    for name, board in cabinet.boards.items():
        if not board.has_power:
            yield Fault(place="board", name=name, kind="dead")
        for coil in sorted(board.stuck_on):
            yield Fault(place="board", name=name, kind="stuck_coil", coil=coil)
        for coil in board.strays():
            yield Fault(place="board", name=name, kind="stray_coil", coil=coil)
        for coil, mode in enumerate(board.linkage):
            if mode:
                yield Fault(place="board", name=name, kind="linkage", coil=coil)


def _at_lines(plugs: Collection[Plug]) -> Iterator[Fault]:
    for plug in plugs:
        name = plug.line.name
        if not plug.is_plugged:
            yield Fault(place="line", name=name, kind="unplug")
        for fault in plug.line.faults.waiting:
            yield Fault(place="line", name=name, kind=fault.kind, left=fault.times)
