"""One cabinet's days: who comes when, what breaks, and what it came to. One seed, one story."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from locker.config import CabinetSection, Config, ResultsSection, StorageSection, load_wiring
from locker.events import Recorded
from locker.model import Cabinet, HandOver
from simulator.doors import LockFault, SensorFault
from simulator.line_faults import LineFault, LineFaultKind
from simulator.twin import clerks, people
from simulator.twin.controller import Controller, Parts, head_hash, start
from simulator.twin.judge import Judge
from simulator.twin.loop import JumpingLoop
from simulator.twin.outside import Centre, Gateway
from simulator.twin.people import DAY_S, HOUR_S, Citizen
from simulator.twin.steel import Pulse, Steel

WIRING = Path(__file__).parents[1] / "cabinet-24.toml"
MIDNIGHT = datetime(2026, 10, 4, 17, tzinfo=UTC)
"""Virtual second 0: a Monday begins in Vietnam."""
PROCEDURE = "1.004873"
OPENS_H, ROUNDS_H, LOOK_H = 7.0, (8.0, 14.0), 23.5

A_DAY: Mapping[str, float] = {
    "power_cut": 0.4,
    "stuck_open": 0.03,
    "stuck_closed": 0.03,
    "broken_wire": 0.02,
    "bouncing": 0.03,
    "jammed": 0.03,
    "weak": 0.03,
    "worn": 0.05,
    "swapped": 0.004,
    "forced": 0.01,
    "board_dead": 0.05,
    "unplugged": 0.05,
    "line_noise": 2.0,
    "gateway_down": 0.1,
    "centre_down": 0.03,
    "vandal": 0.1,
}
"""How often each thing happens, times a day."""
LOST_MESSAGES = 0.02
MIXES = {"none": 0.0, "usual": 1.0, "harsh": 8.0}


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    violations: tuple[str, ...]
    felt: Counter[str]
    happened: Counter[str]
    facts: Counter[str]
    head: str
    messages: int
    days: int


@dataclass
class World:
    """Everything outside the controller, and the controller while it has power."""

    rng: random.Random
    mix: float
    per_day: float
    folder: Path
    desk: set[str] = field(default_factory=set)
    citizens: dict[str, Citizen] = field(default_factory=dict)
    phones: dict[str, Citizen] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    """Result to who has taken it out for good: a citizen's key, or office."""
    happened: Counter[str] = field(default_factory=Counter)
    controller: Controller | None = None
    _requests: dict[str, None] = field(default_factory=dict)
    _tasks: dict[asyncio.Task[None], None] = field(default_factory=dict)
    _is_clerk_there: bool = False
    _broke: BaseException | None = None
    _results: int = 0
    _hops: int = -1

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.keypad = asyncio.Lock()
        self.config = _config(self.folder)
        self.steel = Steel(self.config, heard=self._heard)
        self.judge = Judge(
            now=self.loop.time,
            state=self.state,
            is_attended=lambda: self._is_clerk_there or self.keypad.locked(),
            steel=self.steel,
        )
        self.centre = Centre(self.config.cabinet.id, self.rng, utc=lambda: self._utc().strftime("%Y-%m-%dT%H:%M:%SZ"))
        lost = LOST_MESSAGES * min(self.mix, 3.0)
        self.gateways = [Gateway(name, self.rng, self._deliver, lost) for name in ("first", "second")]
        self.parts = Parts(
            config=self.config,
            steel=self.steel,
            centre=self.centre,
            gateways=self.gateways,
            rng=self.rng,
            utc_ms=lambda: int(self._utc().timestamp() * 1000),
            device_key=self.rng.randbytes(32),
            committed=self._committed,
            broke=self._note_break,
        )

    # --- what others ask

    def state(self) -> Cabinet | None:
        """The state as screens show it; None without power."""
        return None if self.controller is None else self.controller.journal.cabinet

    def is_inside(self, result: str) -> bool:
        """Whether it lies in the cabinet, whatever is on record."""
        return any(result in door.content for door in self.steel.model.doors.values())

    def is_done(self, citizen: Citizen) -> bool:
        """Whether nothing is left that this person could get here."""
        return all(key in self.where for key in citizen.results)

    def is_overdue(self, one: HandOver) -> bool:
        """Whether a deadline of it is past."""
        cabinet = self.state()
        today = (self._utc() + timedelta(hours=7)).date().isoformat()
        return cabinet is not None and any(
            cabinet.results[key].deadline < today for key in one.results if key in cabinet.results
        )

    def taken(self, result: str, who: str) -> None:
        """It has left the cabinet for good."""
        self.where[result] = who

    def ask_for_new_code(self, citizen: Citizen) -> None:
        """Somebody calls the office."""
        if any(self.is_inside(key) for key in citizen.results):
            self._requests[citizen.key] = None
        for key in citizen.results:
            if key not in self.where and not self.is_inside(key) and key not in self.desk:
                self.taken(key, "office")

    def take_requests(self) -> list[str]:
        """Who has called since."""
        requests, self._requests = list(self._requests), {}
        return requests

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Somebody does it in a while."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            act()

        self.spawn(wait())

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Let somebody live beside the others; an error of theirs is one of the twin."""
        task = self.loop.create_task(coroutine)
        self._tasks[task] = None
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._note_break(error)

    def _note_break(self, error: BaseException) -> None:
        self._broke = self._broke or error

    def _utc(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.loop.time())

    # --- what the product does to the world

    def _heard(self, pulse: Pulse) -> None:
        self.judge.pulse(pulse)
        self._count_down()

    def _committed(self, recorded: Sequence[Recorded]) -> None:
        self.judge.committed(recorded)
        self._count_down()

    def _deliver(self, phone: str, text: str) -> None:
        if (citizen := self.phones.get(phone)) is not None:
            citizen.read(text)

    # --- power

    async def power_on(self) -> None:
        """Start the controller on what lies in the journal."""
        self.controller = await start(self.parts, came_back=self.judge.came_back)
        self.judge.began(self.controller.journal.cabinet)

    async def power_off(self) -> None:
        """Cut it off."""
        controller, self.controller = self.controller, None
        if controller is not None:
            self.judge.power_cut(controller.journal.cabinet, head_hash(controller.journal))
            await controller.cut()

    def _count_down(self) -> None:
        """A planned power cut comes some commits or pulses after it was planned, then some turns of the loop later."""
        if self._hops > 0:
            self._hops -= 1
        elif self._hops == 0:
            self._hops = -1
            self._cut_in(self.rng.randrange(12))

    def _cut_in(self, turns: int) -> None:
        if turns:
            self.loop.call_soon(self._cut_in, turns - 1)
        else:
            self.spawn(self._outage())

    async def _outage(self) -> None:
        if self.controller is None:
            return
        self.happened["power_cut"] += 1
        await self.power_off()
        await asyncio.sleep(self.rng.choice((5.0, 60.0, 900.0)))
        await self.power_on()

    # --- days

    async def live(self, days: int) -> None:
        """So many days, then a quiet night in which everything settles. Raises what broke."""
        await self.power_on()
        for day in range(days):
            await self._day(day, is_last=day == days - 1)
        await self._come_to_rest()

    async def _day(self, day: int, *, is_last: bool) -> None:
        midnight = day * DAY_S
        plan: list[tuple[float, Callable[[], Coroutine[Any, Any, None]]]] = []
        if day % 7 < 6:
            plan += [(midnight + OPENS_H * HOUR_S, self._announce_some)]
            plan += [(midnight + hour * HOUR_S, self._clerk_comes) for hour in ROUNDS_H]
        for kind, rate in A_DAY.items():
            for _ in range(_poisson(self.rng, rate * self.mix)):
                plan.append((midnight + DAY_S * 0.97 * self.rng.random(), partial(self._happen, kind)))
        plan.append((midnight + LOOK_H * HOUR_S, self._look))
        for at, act in sorted(plan, key=lambda one: one[0]):
            await self._sleep_until(at)
            if act == self._look:
                await act()
            else:
                self.spawn(act())
        if not is_last:
            await self._sleep_until(midnight + DAY_S)

    async def _sleep_until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, at - self.loop.time()))
        if self._broke is not None:
            raise self._broke

    async def _look(self) -> None:
        cabinet = self.state()
        if cabinet is not None and not self.keypad.locked() and not self._is_clerk_there and not cabinet.grants:
            self.judge.look(cabinet)
            self.happened["nights compared"] += 1

    async def _come_to_rest(self) -> None:
        """Mend everything, let the line to the centre catch up, and compare."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)
        self._hops = -1
        if self.controller is None:
            await self.power_on()
        self.mend_wires()
        for name in self.steel.model.boards:
            self.steel.tamper(name, lambda board, at: board.set_power(has_power=True, at=at))
        self.steel.plug_in()
        self.centre.is_down = False
        for number in self.steel.model.doors:
            people.push(self, number)
        await asyncio.sleep(2 * HOUR_S)
        if self._broke is not None:
            raise self._broke
        assert self.controller is not None
        journal = self.controller.journal
        self.judge.look(journal.cabinet)
        sent = journal.read_inline(
            lambda connection: [row[0] for row in connection.execute("SELECT lower(hex(hash)) FROM event ORDER BY seq")]
        )
        kept = [fact["hash"] for fact in self.centre.facts]
        self.judge.compare_lines(sent, kept)
        if len(kept) < len(sent):
            self.judge.broken("I12", f"{len(sent) - len(kept)} facts have not reached the centre in two quiet hours")

    # --- the office

    async def _announce_some(self) -> None:
        citizen: Citizen | None = None
        for _ in range(_poisson(self.rng, self.per_day)):
            await asyncio.sleep(self.rng.expovariate(1 / 60.0))
            if citizen is None or self.rng.random() > 0.08:
                citizen = self._newcomer()
            self._announce(citizen)

    def _newcomer(self) -> Citizen:
        number = len(self.citizens) + 1
        citizen = Citizen(key=f"k-{number}", phone=f"+849{number:08d}")
        self.citizens[citizen.key] = self.phones[citizen.phone] = citizen
        self.spawn(people.live(self, citizen))
        return citizen

    def _announce(self, citizen: Citizen) -> None:
        rng = self.rng
        self._results += 1
        key = f"res-{self._results}"
        citizen.results.append(key)
        today = (self._utc() + timedelta(hours=7)).date()
        self.centre.wish(
            "AnnounceResult",
            {
                "result_id": key,
                "dossier_code": f"H29.190.5-{today:%y%m%d}-{self._results % 10000:04d}",
                "procedure_code": PROCEDURE,
                "items": [{"item_id": f"i-{key}", "label": "Giấy khai sinh"}],
                "recipient": {"key": citizen.key, "name": "Nguyễn Văn An", "phone": "0" + citizen.phone[3:]},
                "size": rng.choices(("S", "M", "L"), (80, 15, 5))[0],
                "reach": "low" if rng.random() < 0.1 else "any",
                "state": 9,
                "consent": True,
                "fee": "unpaid" if rng.random() < 0.03 else "none",
                "deadline": (today + timedelta(days=rng.randrange(5, 12))).isoformat(),
            },
        )
        self.desk.add(key)
        fate = rng.random()
        if fate < 0.02:
            self.later(DAY_S * 3 * rng.random(), lambda: self._cancel(key))
        elif fate < 0.05:
            self.later(DAY_S * 2 * rng.random(), lambda: self._change_phone(citizen, key))
        elif fate < 0.08:
            self.later(DAY_S * 2 * rng.random(), lambda: self._amend(key, {"fee": "paid"}))

    def _cancel(self, key: str) -> None:
        self.centre.wish("CancelResult", {"result_id": key, "reason": "returned at the counter"})
        self.happened["cancelled"] += 1
        if key in self.desk:
            self.desk.discard(key)
            self.taken(key, "office")

    def _amend(self, key: str, changed: dict[str, Any]) -> None:
        self.centre.wish("AmendResult", {"result_id": key, "changed": changed})
        self.happened["amended"] += 1

    def _change_phone(self, citizen: Citizen, key: str) -> None:
        citizen.phone = f"+848{len(self.phones):08d}"
        self.phones[citizen.phone] = citizen
        self._amend(key, {"phone": "0" + citizen.phone[3:]})

    async def _clerk_comes(self) -> None:
        if self._is_clerk_there:
            return
        self._is_clerk_there = True
        try:
            await clerks.come(self)
        finally:
            self._is_clerk_there = False

    # --- mending

    def technician_comes_by(self, number: int) -> None:
        """A clerk who goes to look has a broken switch seen to, most of the time."""
        if self.rng.random() < 0.7:
            self.mend_door(number)

    def mend_door(self, number: int) -> None:
        """Lock and switch are as new."""
        door = self.steel.model.doors[number]
        if door.sensor_fault is not None or door.lock_fault is not None:
            self.judge.tampered_at[number] = self.loop.time()
            self._set_door(number, None, None)

    def _set_door(self, number: int, sensor: SensorFault | None, lock: LockFault | None) -> None:
        def act(door: Any, _at: float) -> None:
            door.sensor_fault, door.lock_fault = sensor, lock

        self.steel.touch(number, act)

    def mend_wires(self) -> None:
        """Every lock hangs on its own wire again."""
        while pairs := list(self.steel.model.swapped_with().items()):
            self.steel.swap(*pairs[0])

    # --- what happens

    async def _happen(self, kind: str) -> None:
        if kind == "power_cut":
            self._hops = self.rng.randrange(6)
            return
        self.happened[kind] += 1
        numbers = list(self.steel.model.doors)
        number = self.rng.choice(numbers)
        if kind in set(SensorFault) or kind in set(LockFault):
            await self._break_door(number, kind)
        elif kind == "swapped":
            self.steel.swap(number, self.rng.choice([other for other in numbers if other != number]))
            self.later(3 * DAY_S, self.mend_wires)
        elif kind == "forced":
            await self._force(number)
        elif kind == "vandal":
            await people.vandalise(self, self.rng.randrange(5, 60))
        elif kind == "line_noise":
            fault = self.rng.choice([one for one in LineFaultKind if one is not LineFaultKind.ECHO])
            self.steel.faults.waiting.append(LineFault(kind=fault, times=self.rng.randrange(1, 4)))
        else:
            await self._break_what_serves(kind)

    async def _break_door(self, number: int, kind: str) -> None:
        sensor = SensorFault(kind) if kind in set(SensorFault) else None
        self.judge.tampered_at[number] = self.loop.time()
        self._set_door(number, sensor, None if sensor is not None else LockFault(kind))
        await asyncio.sleep(4 * DAY_S)
        self.mend_door(number)

    async def _force(self, number: int) -> None:
        """Somebody opens a door with a crowbar and shuts it again; nothing is taken."""
        self.steel.touch(number, lambda door, at: door.force(at))
        await asyncio.sleep(60.0 * self.rng.random())
        people.push(self, number)

    async def _break_what_serves(self, kind: str) -> None:
        rng = self.rng
        if kind == "board_dead":
            name = rng.choice(list(self.steel.model.boards))
            self.steel.tamper(name, lambda board, at: board.set_power(has_power=False, at=at))
            await asyncio.sleep(HOUR_S * (0.2 + 3.0 * rng.random()))
            self.steel.tamper(name, lambda board, at: board.set_power(has_power=True, at=at))
        elif kind == "unplugged":
            self.steel.unplug()
            await asyncio.sleep(HOUR_S * (0.1 + rng.random()))
            self.steel.plug_in()
        elif kind == "gateway_down":
            gateway = rng.choice(self.gateways)
            gateway.is_down = True
            await asyncio.sleep(HOUR_S * (1.0 + 8.0 * rng.random()))
            gateway.is_down = False
        elif kind == "centre_down":
            self.centre.is_down = True
            await asyncio.sleep(DAY_S * (0.2 + 3.0 * rng.random()))
            self.centre.is_down = False


def play(*, days: int, seed: int, folder: Path, mix: str = "usual", per_day: float = 27.0) -> Outcome:
    """One story on virtual time. Raises what broke in the product or in the twin."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(_play(days, seed, folder, MIXES[mix], per_day))


async def _play(days: int, seed: int, folder: Path, mix: float, per_day: float) -> Outcome:
    rng = random.Random(seed)
    world = World(rng=rng, mix=mix, per_day=per_day, folder=folder)
    await world.live(days)
    assert world.controller is not None
    head = head_hash(world.controller.journal)
    await world.power_off()
    return Outcome(
        violations=tuple(world.judge.violations),
        felt=world.judge.felt,
        happened=world.happened,
        facts=world.judge.facts,
        head=head,
        messages=sum(gateway.count for gateway in world.gateways),
        days=days,
    )


def _config(folder: Path) -> Config:
    wiring = load_wiring(WIRING)
    return Config(
        lock=wiring.lock,
        bus=wiring.bus,
        board=wiring.board,
        compartment=wiring.compartment,
        cabinet=CabinetSection(id="twin-01"),
        storage=StorageSection(directory=folder, reserve_mib=0),
        results=ResultsSection(procedures=(PROCEDURE,)),
    )


def _poisson(rng: random.Random, mean: float) -> int:
    """Knuth's way; fine for some dozens."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
