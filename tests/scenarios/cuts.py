"""The short story once for every commit in it, with a cut at that commit, all on one journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulator.players import CODE, until
from tests.scenarios.cut import Cut, Side
from tests.scenarios.errand import Errand, missing
from tests.scenarios.office import Office, phone, result

MOST = 44


@dataclass(frozen=True)
class Told:
    """What came of it: the errands in order, the journal's facts, the pulses of the whole time."""

    errands: Sequence[Errand]
    facts: Sequence[dict[str, Any]]
    pulses: int
    messages: Sequence[dict[str, Any]]

    def last_before_each_cut(self) -> Counter[str]:
        """The last fact of every run but the last one."""
        starts = [place for place, fact in enumerate(self.facts) if fact["type"] == "RunStarted"]
        return Counter(self.facts[place - 1]["type"] for place in starts if place)


async def tell(office: Office, cut: Cut, side: Side, *, stride: int) -> Told:
    """Announce, lose the centre, then cut the story at every `stride`-th commit until none is left to cut.

    The centre is away meanwhile, so that every commit is one of the story; at the end it must agree.
    """
    most = -(-MOST // stride)
    await _open(office, cut, most)
    errands: list[Errand] = []
    while not errands or errands[-1].cuts:
        number = len(errands) + 1
        assert number <= most, "the story does not come through"
        errand = Errand(office=office, number=number, cut=cut)
        cut.order(side, 1 + (number - 1) * stride)
        await errand.run()
        errands.append(errand)
    cut.cancel()
    await office.stop("controller")
    await office.start("centre")
    await office.restart()
    await office.clerk.sign_in()
    await _agree(office, errands)
    pulses = await office.pulses()
    messages = (await office.steel.http.get("/phone")).json()
    await office.stop("controller")
    return Told(errands=errands, facts=office.facts(), pulses=pulses, messages=messages)


async def _open(office: Office, cut: Cut, most: int) -> None:
    await office.start("simulator")
    await office.start("centre")
    for number in range(1, most + 1):
        await office.centre.announce(result(number))
    await office.start("controller", environment=cut.environment)
    await office.meet()
    await office.centre.until_stage(f"r-{most}", "queued")
    await office.stop("centre")


async def _agree(office: Office, errands: Sequence[Errand]) -> None:
    async def agree() -> bool:
        known = (await office.centre.http.get("/v1/results")).json()
        stages = {one["result"]: one["stage"] for one in known}
        return all(stages[f"r-{errand.number}"] == "collected" for errand in errands)

    await until("the centre knows every hand-over", agree)


def check(told: Told) -> None:
    """What must hold whatever was cut."""
    for errand in told.errands:
        assert missing(errand.acknowledged, told.facts) == [], f"acknowledged and lost in story {errand.number}"
    grants = [fact for fact in told.facts if fact["type"] == "GrantIssued"]
    assert told.pulses <= len(grants), "more pulses than grants"
    collected = Counter(result for fact in told.facts if fact["type"] == "Collected" for result in fact["results"])
    assert collected == {f"r-{errand.number}": 1 for errand in told.errands}
    codes = Counter(one["recipient"] for one in told.messages if CODE.search(one["text"]))
    assert codes == {phone(errand.number): 1 for errand in told.errands}, "a message was lost or sent twice"
    for errand in told.errands:
        assert errand.cuts == (0 if errand is told.errands[-1] else 1)
