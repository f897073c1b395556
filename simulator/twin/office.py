"""The office behind the counter: it announces results, cancels, corrects a number, and people call it."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from simulator.twin import people
from simulator.twin.people import DAY_S, Citizen

if TYPE_CHECKING:
    from simulator.twin.world import World

PROCEDURE = "1.004873"


class Office:
    """What the clerks' own system knows. `desk` are the envelopes that wait to be loaded."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rng = world.rng
        self._calls: dict[str, None] = {}
        self._at_counter: dict[str, None] = {}
        self._count = 0
        self.desk: set[str] = set()
        self.cancelled: set[str] = set()
        self.came_to_counter: set[str] = set()

    # --- results

    async def announce_some(self, per_day: float) -> None:
        """The results of one working day, one after another; some are for the same person."""
        citizen: Citizen | None = None
        for _ in range(poisson(self._rng, per_day)):
            await asyncio.sleep(self._rng.expovariate(1 / 60.0))
            if citizen is None or self._rng.random() > 0.08:
                citizen = self._newcomer()
            self._announce(citizen)

    def _newcomer(self) -> Citizen:
        world = self._world
        number = len(world.citizens) + 1
        citizen = Citizen(key=f"k-{number}", phone=f"+849{number:08d}")
        citizen.on_file = citizen.phone
        if self._rng.random() < 0.01:
            citizen.on_file = f"+8470{number:07d}"
            world.happened["phone number taken down wrongly"] += 1
        world.citizens[citizen.key] = world.phones[citizen.phone] = citizen
        world.spawn(people.live(world, citizen))
        return citizen

    def _announce(self, citizen: Citizen) -> None:
        rng, world = self._rng, self._world
        self._count += 1
        key = f"res-{self._count}"
        citizen.results.append(key)
        today = world.today()
        world.centre.wish(
            "AnnounceResult",
            {
                "result_id": key,
                "dossier_code": f"H29.190.5-{today:%y%m%d}-{self._count % 10000:04d}",
                "procedure_code": PROCEDURE,
                "items": [{"item_id": f"i-{key}", "label": "Giấy khai sinh"}],
                "recipient": {"key": citizen.key, "name": "Nguyễn Văn An", "phone": "0" + citizen.on_file[3:]},
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
            world.later(DAY_S * 3 * rng.random(), lambda: self._cancel(key))
        elif fate < 0.05:
            world.later(DAY_S * 2 * rng.random(), lambda: self._change_phone(citizen, key))
        elif fate < 0.08:
            world.later(DAY_S * 2 * rng.random(), lambda: self._amend(key, {"fee": "paid"}))

    def _cancel(self, key: str) -> None:
        self._world.centre.wish("CancelResult", {"result_id": key, "reason": "returned at the counter"})
        self._world.happened["cancelled"] += 1
        self.cancelled.add(key)
        if key in self.desk:
            self.desk.discard(key)
            self._world.taken(key, "office")

    def _amend(self, key: str, changed: dict[str, Any]) -> None:
        self._world.centre.wish("AmendResult", {"result_id": key, "changed": changed})
        self._world.happened["amended"] += 1

    def _change_phone(self, citizen: Citizen, key: str) -> None:
        """A new phone; the message on the old one is out of its owner's hands."""
        citizen.phone = citizen.on_file = f"+8486{len(self._world.phones):07d}"
        citizen.has_code.clear()
        self._world.phones[citizen.phone] = citizen
        self._amend(key, {"phone": "0" + citizen.phone[3:]})

    # --- calls

    def call(self, citizen: Citizen) -> None:
        """Somebody who has no message calls: a wrong number is put right, else the next clerk has a new code sent."""
        world = self._world
        inside = self._keep(citizen)
        if citizen.on_file != citizen.phone:
            citizen.on_file = citizen.phone
            for key in citizen.results:
                if key not in world.where:
                    self._amend(key, {"phone": "0" + citizen.phone[3:]})
        elif inside:
            self._calls[citizen.key] = None
        for key in citizen.results:
            if key in world.where or key in inside:
                continue
            if key not in self.desk:
                world.taken(key, "office")
            elif self._is_missed(key):
                self._hand_out(key)

    def _keep(self, citizen: Citizen) -> list[str]:
        """What is inside, which stays for another week: its owner had no message."""
        world = self._world
        inside = [key for key in citizen.results if world.is_inside(key)]
        for key in inside:
            self._amend(key, {"deadline": (world.today() + timedelta(days=7)).isoformat()})
        return inside

    def _is_missed(self, key: str) -> bool:
        """Whether its time to be loaded is over, so that its owner was told to come to the counter."""
        cabinet = self._world.state()
        result = None if cabinet is None else cabinet.results.get(key)
        return result is not None and result.is_missed and not result.hand_over

    def _hand_out(self, key: str) -> None:
        """Handed over at the counter; the centre says so."""
        self.desk.discard(key)
        self._world.taken(key, "office")
        self._world.happened["handed out at the counter"] += 1
        self._world.centre.wish("CancelResult", {"result_id": key, "reason": "handed out at the counter"})

    def take_calls(self) -> list[str]:
        """Who has called since."""
        calls, self._calls = list(self._calls), {}
        return calls

    def come_to_counter(self, citizen: Citizen) -> None:
        """Somebody comes to the counter instead and wants to have what lies in the cabinet."""
        self._at_counter[citizen.key] = None
        self.came_to_counter.add(citizen.key)
        self._world.happened["came to the counter instead"] += 1

    def take_visitors(self) -> list[str]:
        """Who stands at the counter."""
        visitors, self._at_counter = list(self._at_counter), {}
        return visitors


def poisson(rng: Random, mean: float) -> int:
    """Knuth's way; fine for some dozens."""
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count
