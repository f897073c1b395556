"""One cabinet's days: who comes when, what breaks, and what it came to. One seed, one story."""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from api import balancing
from locker import keeping, views
from locker.config import AlertsSection, CabinetSection, Config, ResultsSection, StorageSection, office_hours_of
from locker.events import Recorded
from locker.model import Cabinet, HandOver
from locker.rules import in_vain
from simulator.twin import clerks, depositors, mishaps, people
from simulator.twin.controller import Controller, Parts, head_hash, start
from simulator.twin.figures import WOKEN, Evening, Outcome
from simulator.twin.furniture import side_by_side
from simulator.twin.judge import Judge
from simulator.twin.loop import JumpingLoop
from simulator.twin.office import PROCEDURE, Office, poisson
from simulator.twin.outside import Centre, Gateway
from simulator.twin.people import DAY_S, HOUR_S, Citizen, Reader
from simulator.twin.steel import Pulse, Steel

MIDNIGHT = datetime(2026, 10, 4, 17, tzinfo=UTC)
"""Virtual second 0: a Monday begins in Vietnam."""
MIDNIGHT_MS = int(MIDNIGHT.timestamp() * 1000)
NIGHT_BEGINS_H, NIGHT_ENDS_H = 20, 7
ANNOUNCED_H, ROUNDS_H, LOOK_H = 7.0, (8.0, 14.0), 23.5
BOOT_S = 40.0
"""From power to a screen that serves."""
DEPOSITS = 0.2
"""Bags left for each result announced."""
DUTY, LEADER = "+84912000111", "+84912000222"
LOST_MESSAGES = 0.02
SENT_WITHIN_MS = 60_000
"""A fact of the last minute may be on its way; a quiet night has some, such as what is erased."""
MIXES = {"none": 0.0, "usual": 1.0, "harsh": 8.0}


@dataclass
class World:
    """Everything outside the controller, and the controller while it has power."""

    rng: random.Random
    mix: float
    per_day: float
    cabinets: int
    folder: Path
    citizens: dict[str, Citizen] = field(default_factory=dict)
    phones: dict[str, Reader] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    """Result to who has taken it out for good: a citizen's key, or office."""
    in_hand: dict[str, str] = field(default_factory=dict)
    """Intake to the bag a clerk has taken out and not reported yet."""
    happened: Counter[str] = field(default_factory=Counter)
    only: frozenset[str] = frozenset(mishaps.A_DAY)
    """The kinds of fault that happen; the others leave this story out."""
    under_way: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    """What is wrong with switches and locks."""
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Kind of fact and kind of fault that was under way when it was recorded."""
    diary: list[tuple[float, str]] = field(default_factory=list)
    lit_at: float = float("-inf")
    """When power came back the last time."""
    controller: Controller | None = None
    next_stock_check: int = 14
    _tasks: dict[asyncio.Task[None], None] = field(default_factory=dict)
    _is_clerk_there: bool = False
    _broke: BaseException | None = None
    _bags: int = 0
    _hops: int = -1
    _evenings: list[Evening] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.keypad = asyncio.Lock()
        self.config = _config(self.folder, self.cabinets)
        self.hours = office_hours_of(self.config)
        self.office = Office(self)
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
            utc_ms=self._utc_ms,
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

    def owed(self, citizen: Citizen) -> list[str]:
        """What lies in the cabinet for this person, and is not called back."""
        return [key for key in citizen.results if self.is_inside(key) and key not in self.office.cancelled]

    def today(self) -> date:
        """The date in the office."""
        return self._here().date()

    def _here(self) -> datetime:
        return self._utc() + timedelta(hours=7)

    def is_overdue(self, one: HandOver) -> bool:
        """Whether it is to be taken back for its deadline."""
        cabinet = self.state()
        return cabinet is not None and in_vain.is_overdue(cabinet, one, today=self.today().isoformat())

    def taken(self, result: str, who: str) -> None:
        """It has left the cabinet for good."""
        self.where[result] = who

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
        faults = mishaps.under_way(self)
        self.met.update((type(one.event).__name__, fault) for one in recorded for fault in faults)
        self._count_down()

    def _deliver(self, phone: str, text: str) -> None:
        if phone in (DUTY, LEADER):
            self.judge.felt["messages to staff"] += 1
            if not NIGHT_ENDS_H <= self._here().hour < NIGHT_BEGINS_H:
                self.judge.tell(WOKEN, text)
        elif (reader := self.phones.get(phone)) is not None:
            reader.read(text, phone)

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
            self.spawn(self.outage(self.rng.choice((5.0, 60.0))))

    async def outage(self, seconds: float) -> None:
        """No power for so long, then a start."""
        if self.controller is None:
            return
        self.happened["power_cut" if seconds < mishaps.OUTAGE_S else "outage"] += 1
        await self.power_off()
        await asyncio.sleep(seconds + BOOT_S)
        self.lit_at = self.loop.time()
        await self.power_on()

    def plan_power_cut(self) -> None:
        """It comes within the next commits or pulses, so that it falls between two steps of somebody's act."""
        self._hops = self.rng.randrange(6)

    async def restore(self, *, after_s: float | None = None) -> None:
        """A copy of now is put in place of the journal some hours or days later, as if the card had died."""
        if self.controller is None or self.judge.is_recounting:
            return
        backups = self.config.storage.backups
        copy = await keeping.backup(self.controller.journal, backups, keep=2, utc_ms=self._utc_ms())
        await asyncio.sleep(HOUR_S * (2.0 + 40.0 * self.rng.random()) if after_s is None else after_s)
        if self.controller is None or self.centre.is_down:
            return
        self.happened["restore"] += 1
        await self.power_off()
        self.judge.restored()
        keeping.restore(copy, self.config.storage.directory, utc_ms=self._utc_ms())
        await asyncio.sleep(BOOT_S)
        await self.power_on()

    def _utc_ms(self) -> int:
        return MIDNIGHT_MS + int(self.loop.time() * 1000)

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
        if self.hours.is_working_day(self.today()):
            plan += [(midnight + ANNOUNCED_H * HOUR_S, lambda: self.office.announce_some(self.per_day))]
            plan += [(midnight + hour * HOUR_S, self._clerk_comes) for hour in ROUNDS_H]
        for kind in mishaps.A_DAY:
            for _ in range(poisson(self.rng, mishaps.a_day(kind, self.cabinets) * self.mix)):
                at = midnight + DAY_S * 0.97 * self.rng.random()
                if kind in self.only:
                    plan.append((at, partial(mishaps.happen, self, kind)))
        for _ in range(poisson(self.rng, self.per_day * DEPOSITS)):
            plan.append((midnight + DAY_S * (0.25 + 0.7 * self.rng.random()), self._somebody_leaves_papers))
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

    async def _somebody_leaves_papers(self) -> None:
        self._bags += 1
        await depositors.come(self, f"096{self._bags:07d}")

    async def sum_up(self) -> None:
        """The leader's sum of the day must be what is on record."""
        if self.controller is None:
            return
        running = self.controller.running
        since, _end = running.day_utc_ms(running.clock())
        found = await running.journal.read(lambda connection: views.balance(connection, since))
        told = balancing.balance(running, running.journal.cabinet, found)
        if not told["holds"]:
            self.judge.broken("I2", f"the leader's sum gives {found.inside}, on record are {told['now']}")

    async def _look(self) -> None:
        cabinet = self.state()
        if cabinet is None:
            return
        self.judge.keep_promises(cabinet, self.today().isoformat())
        if not self.keypad.locked() and not self._is_clerk_there and not cabinet.grants:
            self.judge.look(cabinet)
            await self.sum_up()
            self.happened["nights compared"] += 1
        held = Counter(one.direction for one in cabinet.hand_overs.values() if one.stage != "collected")
        day = int(self.loop.time() // DAY_S)
        self._evenings.append(
            Evening(day, Counter(self.judge.felt), Counter(self.happened), held["pickup"], held["intake"])
        )

    async def _come_to_rest(self) -> None:
        """Let whoever is at the cabinet end, mend everything, let the line to the centre catch up, and compare."""
        async with self.keypad:
            pass
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)
        self._hops = -1
        if self.controller is None:
            await self.power_on()
        mishaps.mend_wires(self)
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
        query = "SELECT lower(hex(hash)), utc_ms FROM event ORDER BY seq"
        facts: list[tuple[Any, ...]] = journal.read_inline(lambda connection: connection.execute(query).fetchall())
        sent = [hashed for hashed, _utc_ms in facts]
        kept = [fact.hash for fact in self.centre.facts]
        self.judge.compare_lines(sent, kept)
        self.judge.look_for_names(self._bodies(), self._secrets())
        due = sum(utc_ms <= self._utc_ms() - SENT_WITHIN_MS for _hashed, utc_ms in facts)
        if len(kept) < due:
            self.judge.broken("I12", f"{due - len(kept)} facts have not reached the centre in two quiet hours")

    def _bodies(self) -> list[str]:
        """Everything that events say, as it lies on the disk."""
        assert self.controller is not None
        return self.controller.journal.read_inline(
            lambda connection: [str(row[0]) for row in connection.execute("SELECT body FROM event")]
        )

    def _secrets(self) -> set[str]:
        """What no event may hold: phone numbers and codes."""
        phones = {phone[3:] for phone in self.phones}
        return phones | {one.typed.replace(" ", "") for one in self.citizens.values() if one.typed}

    async def _clerk_comes(self) -> None:
        if self._is_clerk_there:
            return
        self._is_clerk_there = True
        try:
            await clerks.come(self)
        finally:
            self._is_clerk_there = False

    def outcome(self, days: int) -> Outcome:
        """What it came to."""
        assert self.controller is not None
        return Outcome(
            violations=tuple(self.judge.violations),
            stories=tuple(self.judge.stories),
            felt=self.judge.felt,
            happened=self.happened,
            facts=self.judge.facts,
            head=head_hash(self.controller.journal),
            messages=sum(gateway.count for gateway in self.gateways),
            days=days,
            evenings=tuple(self._evenings),
            compartments=len(self.config.compartment),
            met=self.met,
            diary=tuple(self.diary),
        )


def play(
    *,
    days: int,
    seed: int,
    folder: Path,
    mix: str = "usual",
    per_day: float = 27.0,
    cabinets: int = 1,
    only: Collection[str] = mishaps.A_DAY,
) -> Outcome:
    """One story in virtual time; `cabinets` of 24 stand side by side. Raises what broke, product or twin.

    `only` these kinds of fault happen, at the same moments as if all did.
    """

    async def tell() -> Outcome:
        world = World(
            rng=random.Random(seed),
            mix=MIXES[mix],
            per_day=per_day,
            cabinets=cabinets,
            folder=folder,
            only=frozenset(only),
        )
        await world.live(days)
        outcome = world.outcome(days)
        await world.power_off()
        return outcome

    with _few_collections(), asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(tell())


@contextmanager
def _few_collections() -> Iterator[None]:
    """Nearly all that a story makes goes by itself; looking for circles as often as usual is a tenth of its time."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _config(folder: Path, cabinets: int) -> Config:
    wiring = side_by_side(cabinets)
    return Config(
        lock=wiring.lock,
        bus=wiring.bus,
        board=wiring.board,
        compartment=wiring.compartment,
        cabinet=CabinetSection(id="twin-01"),
        storage=StorageSection(directory=folder, reserve_mib=0),
        results=ResultsSection(procedures=(PROCEDURE,)),
        alerts=AlertsSection(duty=(DUTY,), leader=(LEADER,)),
    )
